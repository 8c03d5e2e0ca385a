"""The newsletters that have begun to go out, for everyone to read: as in the mail, without what is personal."""

from collections.abc import Sequence
from datetime import datetime

from flask import Blueprint, Flask, Response, abort, g, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup

from portal.config import current_settings
from portal.database import db
from portal.language import LANGUAGES, current_language, localized
from portal.newsletter import letters, reading
from portal.newsletter.reading import Published
from portal.web.atom import absolute, add, empty_feed, timestamp, written
from portal.web.caching import public_page

blueprint = Blueprint("newsletter_archive", __name__)

FEED = 20
"""So many entries are in the feed."""


@localized(blueprint, "/newsletter/archiv", "/newsletter/archive")
@public_page
def listing() -> str:
    """All of them."""
    return render_template("newsletter/archive.html", found=reading.published(db.session(), current_language()))


@localized(blueprint, "/newsletter/archiv/<int:number>", "/newsletter/archive/<int:number>")
@public_page
def single(number: int) -> str:
    """One of them."""
    found = reading.find(db.session(), number, current_language()) or abort(404)
    return render_template("newsletter/archived.html", found=found, html=_html(found))


@blueprint.get("/feed/newsletter.atom")
@public_page
def feed() -> Response:
    """The latest for feed readers (RFC 4287); in English with `?sprache=en`."""
    asked = request.args.get("sprache")
    g.language = asked if asked in LANGUAGES else "de"
    found = reading.published(db.session(), current_language(), FEED)
    return Response(_atom(found), content_type="application/atom+xml; charset=utf-8")


def _html(found: Published) -> Markup:
    """What it says. A greeting names nobody, and links that were personal lead to where everybody gets her own."""
    base = current_settings().base_url
    own_data = base + url_for("privacy.ask", language=found.language)
    links = {"abmelden": own_data, "meine_daten": own_data}
    return letters.public_html(found.body, letters.greeting(found.language, None), links, base)


def _atom(found: Sequence[Published]) -> bytes:
    feed = empty_feed()
    address = absolute("newsletter_archive.feed", sprache="en" if current_language() == "en" else None)
    latest = found[0].at if found else datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    add(feed, "id", address)
    add(feed, "title", _("Newsletter der Dortmund-Essener Erklärung"))
    add(feed, "updated", timestamp(latest))
    add(feed, "link", rel="self", type="application/atom+xml", href=address)
    add(feed, "link", rel="alternate", type="text/html", href=absolute("newsletter_archive.listing"))
    add(add(feed, "author"), "name", _("Dortmund-Essener Erklärung"))
    for one in found:
        entry = add(feed, "entry")
        page = absolute("newsletter_archive.single", number=one.number)
        add(entry, "id", page)
        add(entry, "title", one.subject)
        add(entry, "link", rel="alternate", type="text/html", href=page)
        add(entry, "published", timestamp(one.at))
        add(entry, "updated", timestamp(one.at))
        add(entry, "content", str(_html(one)), type="html")
    return written(feed)


def init_app(app: Flask) -> None:
    """Register the pages."""
    app.register_blueprint(blueprint)
