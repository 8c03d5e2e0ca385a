"""Mails as their readers would see them, for a frame in a page of the office."""

from flask import abort, current_app, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from portal.config import Settings
from portal.language import LANGUAGES
from portal.newsletter import letters
from portal.newsletter.issues import Content
from portal.newsletter.letters import Letter
from portal.newsletter.personal import MY_DATA, unsubscribe_link
from portal.organisers.models import Organiser
from portal.subscribers.segments import NOBODY, current_segments

LIGHT, DARK, TEXT = LOOKS = ("hell", "dunkel", "text")
NAMES = tuple(f"{language}-{look}" for language in LANGUAGES for look in LOOKS)
"""How the frames are called in an address."""

FRAMED = {
    # A mail in a frame may show itself and nothing else: no script, no request, no form. The page around it may see
    # how far one has scrolled.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self';"
        " sandbox allow-same-origin"
    ),
    "X-Frame-Options": "SAMEORIGIN",
}


def own_letters(found: Content, me: Organiser, settings: Settings) -> dict[str, Letter]:
    """The mail in each of its languages, as this organiser would get it."""
    return {
        language: letters.filled(
            letters.write(found.kind, language, *draft), own_values(found.kind, language, me, settings)
        )
        for language, draft in found.texts.items()
    }


def own_values(kind: str, language: str, me: Organiser, settings: Settings) -> dict[str, str]:
    """What her merge fields would be."""
    segments = [segment.name for segment in current_segments().values() if segment.kind == kind]
    links = current_app.extensions.get("letter_links", {})
    values = {
        "anrede": letters.greeting(language, me.name),
        "abmelden": unsubscribe_link(settings, language, segments[0] if segments else "", NOBODY, NOBODY),
        "meine_daten": settings.base_url + MY_DATA[language],
        "bekraeftigen": settings.base_url + url_for("declaration.current", language=language),
    }
    for segment in segments:
        if segment in links:
            values |= links[segment](NOBODY, language)
    return {name: values[name] for name in letters.fields(kind)}


def frame(found: Content, name: str, me: Organiser, settings: Settings) -> Response:
    """One of NAMES as an answer of its own; 404 for another, or a language that is not there."""
    language, _dash, look = name.partition("-")
    if name not in NAMES or language not in found.texts:
        abort(404)
    draft = found.texts[language]
    letter = letters.filled(letters.write(found.kind, language, *draft), own_values(found.kind, language, me, settings))
    if look == TEXT:
        return Response(letter.text, content_type="text/plain; charset=utf-8", headers=FRAMED)
    return Response(_in_colours(letter.html, look), content_type="text/html; charset=utf-8", headers=FRAMED)


def _in_colours(html: str, look: str) -> Markup:
    """The mail as in a program that is set to light or dark, whatever this browser is set to."""
    html = html.replace("(prefers-color-scheme: dark)", "all" if look == DARK else "not all")
    scheme = "dark" if look == DARK else "light"
    return Markup(html.replace('content="light dark"', f'content="{scheme}"'))  # noqa: S704 - a letter is safe HTML
