"""The public pages of the news: the list, an entry, and the Atom feed."""

from collections.abc import Sequence
from datetime import datetime

from flask import Blueprint, Flask, Response, abort, g, render_template, request
from flask_babel import gettext as _

from portal.clock import now
from portal.database import db
from portal.language import LANGUAGES, current_language, localized
from portal.news import reading
from portal.news.models import NewsEntry
from portal.text.markdown import page_html
from portal.web.atom import XML_LANG, absolute, add, empty_feed, timestamp, written
from portal.web.caching import public_page
from portal.web.numbers import number_in

blueprint = Blueprint("news", __name__)


@localized(blueprint, "/aktuelles", "/news")
@public_page
def listing() -> str:
    """The latest first, page by page."""
    number = number_in(request.args, "seite") if "seite" in request.args else 1
    found = (number and reading.page_of_news(db.session(), number, now())) or abort(404)
    return render_template("news/list.html", found=found)


@localized(blueprint, "/aktuelles/<int:number>", "/news/<int:number>")
@public_page
def single(number: int) -> str:
    """One entry."""
    found = reading.find(db.session(), number, now()) or abort(404)
    return render_template("news/entry.html", entry=found, text=found.text(current_language()))


@blueprint.get("/feed/aktuelles.atom")
@public_page
def feed() -> Response:
    """The latest for feed readers (RFC 4287); in English with `?sprache=en`."""
    asked = request.args.get("sprache")
    g.language = asked if asked in LANGUAGES else "de"
    found = reading.latest(db.session(), now(), reading.FEED)
    return Response(_atom(found), content_type="application/atom+xml; charset=utf-8")


def _atom(entries: Sequence[NewsEntry]) -> bytes:
    feed, language = empty_feed(), current_language()
    address = absolute("news.feed", sprache="en" if language == "en" else None)
    moments = [_updated(entry) for entry in entries]
    add(feed, "id", address)
    add(feed, "title", _("Aktuelles zur Dortmund-Essener Erklärung"))
    add(feed, "updated", timestamp(max(moments, default=datetime.fromisoformat("2026-01-01T00:00:00+00:00"))))
    add(feed, "link", rel="self", type="application/atom+xml", href=address)
    add(feed, "link", rel="alternate", type="text/html", href=absolute("news.listing"))
    add(add(feed, "author"), "name", _("Dortmund-Essener Erklärung"))
    for entry in entries:
        text, element = entry.text(language), add(feed, "entry")
        add(element, "id", absolute("news.single", number=entry.id, language="de"))
        add(element, "title", text.title)
        add(element, "link", rel="alternate", type="text/html", href=absolute("news.single", number=entry.id))
        add(element, "published", timestamp(_published(entry)))
        add(element, "updated", timestamp(_updated(entry)))
        content = add(element, "content", str(page_html(text.body)), type="html")
        content.set(XML_LANG, text.language)
    return written(feed)


def _published(entry: NewsEntry) -> datetime:
    return entry.published_at or entry.created_at


def _updated(entry: NewsEntry) -> datetime:
    return max(_published(entry), entry.changed_at)


def init_app(app: Flask) -> None:
    """Register the pages, and what the home page shows."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(
        latest_news=lambda: reading.latest(db.session(), now()), first_paragraph=reading.first_paragraph
    )
