"""From an issue's Markdown to the mail that goes out, with its merge fields still in it.

A merge field is written `{{name}}`. Everything else in double braces is text, and stays. What an author writes goes
through the gates of `portal.text`; the fields are put aside before and back afterwards, so that no gate has to let
braces through, and a field that stands for an address can be the target of a link.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape, unescape
from urllib.parse import quote

from flask import current_app, g, render_template
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from portal.config import Settings
from portal.mail.compose import SIGNATURE_FOLLOWS
from portal.newsletter.plain import as_text
from portal.personal_data import Text
from portal.subscribers.segments import AFFIRMATION, KINDS, NEWSLETTER
from portal.text.markdown import organisers_html

DIFFERENCES = "unterschiede"
"""Stands for what changed between the two latest revisions, the same for everybody: put into the text for good when its
release is asked for (`issues.frozen`), and never here."""


@dataclass(frozen=True)
class Field:
    """Something that differs from one reader to the next."""

    name: str
    words: Text
    """What it becomes."""
    is_link: bool = False
    """Whether its value is an address, and it may be the target of a link."""
    kinds: tuple[str, ...] = KINDS


FIELDS = (
    Field("anrede", _l("„Guten Tag“ mit dem Namen, soweit bekannt")),
    Field("abmelden", _l("Link zum Abmelden; er steht auch so am Ende jeder Mail"), is_link=True),
    Field("meine_daten", _l("Link zu „Meine Daten“; er steht auch so am Ende jeder Mail"), is_link=True),
    Field("bekraeftigen", _l("Link, um die neue Fassung zu bekräftigen"), is_link=True, kinds=(AFFIRMATION,)),
)

GREETINGS = {"de": "Guten Tag", "en": "Hello"}

ROOM = {False: 30, True: 200}
"""The columns that the value of a field may take in the text: a name fits into the line, an address gets its own."""

_HEADINGS = {"h3": "h2", "h4": "h3", "h5": "h4", "h6": "h5"}
_HEADING = re.compile(r"^#{1,6}(?=[^#])", re.MULTILINE)
_TAG = re.compile(r"(<[^<>]*>)")
_HREF = re.compile(r'(?<= href=")[^"]*')
_WORDS_AND_LINKS = r"((?:[^<>]|<a [^<>]*>[^<>]*</a>)*?)"
_ADDED = re.compile(rf"\{{\+\+ ?{_WORDS_AND_LINKS} ?\+\+\}}")
_REMOVED = re.compile(rf"\{{-- ?{_WORDS_AND_LINKS} ?--\}}")


@dataclass(frozen=True)
class Letter:
    """A mail in one language. In `text` and `html`, but not in the subject, known fields stand as `{{name}}`."""

    subject: str
    text: str
    html: str


def fields(kind: str) -> dict[str, Field]:
    """The merge fields of campaigns of this kind by their names."""
    return {field.name: field for field in FIELDS if kind in field.kinds}


def greeting(language: str, name: str | None) -> str:
    """The value of `anrede`."""
    return f"{GREETINGS[language]} {name}" if name else GREETINGS[language]


def write(kind: str, language: str, subject: str, body: str) -> Letter:
    """The whole mail, with its frame; within an app context. It asks the database nothing.

    In `html` a link field may stand in an `href` or in the text. Each value has to be escaped for where it is put.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined] # a proxy has it
    settings: Settings = app.extensions["settings"]
    with app.app_context(), app.test_request_context(base_url=settings.base_url):
        g.language = language
        aside = _Aside(kind, body)
        html = _html(kind, aside.put(body), aside, settings.base_url)
        said = {"kind": kind, "subject": _literal(subject)}
        text = aside.back(as_text(html, aside.width))
        whole = Markup(aside.back(html))  # noqa: S704 - both gates have passed it
        return Letter(
            subject=subject,
            text=_tidy(render_template("newsletter/mail/issue.txt", **said, content=text)),
            html=render_template("newsletter/mail/issue.html", **said, content=whole),
        )


def public_html(body: str, greeting: str, addresses: Mapping[str, str], base_url: str) -> Markup:
    """The body of a newsletter for the archive: as in the mail, but a greeting without a name, and links that are the
    same for everybody in the place of personal ones."""
    aside = _Aside(NEWSLETTER, body)
    html = aside.back(_html(NEWSLETTER, aside.put(body), aside, base_url))
    return Markup(merged(html, {"anrede": greeting, **addresses}, html=True))  # noqa: S704 - both gates have passed it


def filled(letter: Letter, values: Mapping[str, str]) -> Letter:
    """The letter as somebody with these values gets it. Values are never searched for fields."""
    return Letter(letter.subject, merged(letter.text, values), merged(letter.html, values, html=True))


def merged(text: str, values: Mapping[str, str], *, html: bool = False) -> str:
    """The text with the values in the place of their fields."""
    pattern = re.compile(r"\{\{(" + "|".join(map(re.escape, values)) + r")\}\}")
    return pattern.sub(lambda found: escape(values[found[1]]) if html else values[found[1]], text) if values else text


class _Aside:
    """Where the fields of a text wait while it is rendered: a link as an address that leads nowhere, others as a word.

    Their names come from the text's own hash, so that no text can contain them.
    """

    def __init__(self, kind: str, body: str) -> None:
        nonce = hashlib.sha256(body.encode(errors="replace")).hexdigest()[:16]
        self._fields = {
            name: (f"https://f{number}{nonce}.invalid" if field.is_link else f"f{number}{nonce}", field)
            for number, (name, field) in enumerate(fields(kind).items())
        }

    def put(self, text: str) -> str:
        for name, (word, _field) in self._fields.items():
            text = text.replace("{{" + name + "}}", word)
        return text

    def back(self, text: str) -> str:
        for name, (word, _field) in self._fields.items():
            text = text.replace(word, "{{" + name + "}}")
        return text

    def target(self, href: str) -> str:
        """The address that a link may have: a link field alone, or one without any field, so that nothing personal
        gets into an address of ours or of others."""
        for name, (word, field) in self._fields.items():
            if word in href and not (field.is_link and href == word):
                href = href.replace(word, quote("{{" + name + "}}"))
        return href

    def width(self, word: str) -> int:
        wide = len(word)
        for standing, field in self._fields.values():
            if standing in word:
                wide += ROOM[field.is_link] - len(standing)
        return wide


def _html(kind: str, source: str, aside: _Aside, base_url: str) -> str:
    """Safe HTML: headings below the subject, links with their host, changes marked."""
    html = str(organisers_html(_HEADING.sub(lambda found: "#" * min(max(len(found[0]) + 1, 3), 6), source)))
    parts = _TAG.split(html)
    html = "".join(_heading(part) if place % 2 else part for place, part in enumerate(parts))
    html = _HREF.sub(lambda found: aside.target(_absolute(found[0], base_url)), html)
    if kind == AFFIRMATION:
        html = _REMOVED.sub(r"<del>\1</del>", _ADDED.sub(r"<ins>\1</ins>", html))
        html = html.replace("</del><ins>", "</del> <ins>")
    return html


def _literal(subject: str) -> Markup:
    """The subject for the HTML part, where nothing in it may be taken for a field."""
    return Markup(escape(subject).replace("{{", "&#123;{"))  # noqa: S704 - escaped


def _heading(tag: str) -> str:
    name = tag.strip("</>")
    return tag.replace(name, _HEADINGS[name]) if name in _HEADINGS else tag


def _absolute(href: str, base_url: str) -> str:
    return escape(base_url + unescape(href)) if href.startswith("/") else href


def _tidy(text: str) -> str:
    """At most one empty line in a row, no blanks at the ends of lines but in the mark above the sender's lines."""
    lines = "\n".join(line if line == SIGNATURE_FOLLOWS else line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n") + "\n"
