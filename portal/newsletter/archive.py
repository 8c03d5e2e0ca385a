"""The newsletters that have begun to go out, for everyone to read: as in the mail, without what is personal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, Response, abort, g, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.config import current_settings
from portal.database import db
from portal.language import LANGUAGES, current_language, localized
from portal.newsletter import letters
from portal.newsletter.models import Campaign, CampaignText
from portal.subscribers.segments import NEWSLETTER
from portal.web.atom import absolute, add, empty_feed, timestamp, written
from portal.web.caching import public_page

blueprint = Blueprint("newsletter_archive", __name__)

FEED = 20
"""So many entries are in the feed."""


@dataclass(frozen=True)
class Published:
    """A newsletter in one language."""

    number: int
    at: datetime
    """When it began to go out."""
    language: str
    subject: str
    body: str
    """Markdown with merge fields, as it was frozen."""

    @property
    def html(self) -> Markup:
        """What it says. A greeting names nobody, and links that were personal lead to the pages that all have."""
        base = current_settings().base_url
        addresses = {
            "abmelden": base + url_for("newsletter.subscribe", language=self.language),
            "meine_daten": base + url_for("privacy.ask", language=self.language),
        }
        return letters.public_html(self.body, letters.greeting(self.language, None), addresses, base)


def published(session: Session, language: str, limit: int | None = None) -> list[Published]:
    """The newsletters in this language, the latest first. What went to several audiences is there once."""
    rows = _begun().where(CampaignText.language == language).order_by(Campaign.frozen_at.desc(), Campaign.id.desc())
    return [Published(*row) for row in session.execute(rows.limit(limit))]


def find(session: Session, number: int, language: str) -> Published | None:
    """One newsletter in this language, or in the one that it has."""
    rows = [Published(*row) for row in session.execute(_begun().where(Campaign.id == number))]
    return next((row for row in rows if row.language == language), rows[0] if rows else None)


@localized(blueprint, "/newsletter/archiv", "/newsletter/archive")
@public_page
def listing() -> str:
    """All of them."""
    return render_template("newsletter/archive.html", found=published(db.session(), current_language()))


@localized(blueprint, "/newsletter/archiv/<int:number>", "/newsletter/archive/<int:number>")
@public_page
def single(number: int) -> str:
    """One of them."""
    found = find(db.session(), number, current_language()) or abort(404)
    return render_template("newsletter/archived.html", found=found)


@blueprint.get("/feed/newsletter.atom")
@public_page
def feed() -> Response:
    """The latest for feed readers (RFC 4287); in English with `?sprache=en`."""
    asked = request.args.get("sprache")
    g.language = asked if asked in LANGUAGES else "de"
    found = published(db.session(), current_language(), FEED)
    return Response(_atom(found), content_type="application/atom+xml; charset=utf-8")


def _begun() -> Any:
    """The first campaign of each content that reached anybody, with its texts."""
    first = (
        select(func.min(Campaign.id))
        .where(Campaign.kind == NEWSLETTER, Campaign.frozen_at.is_not(None), Campaign.total > 0)
        .group_by(Campaign.content_sha256)
    )
    wanted = select(
        Campaign.id, Campaign.frozen_at, CampaignText.language, CampaignText.subject, CampaignText.body
    ).join(CampaignText, CampaignText.campaign_id == Campaign.id)
    return wanted.where(Campaign.id.in_(first)).order_by(CampaignText.language)


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
        add(entry, "content", str(one.html), type="html")
    return written(feed)


def init_app(app: Flask) -> None:
    """Register the pages."""
    app.register_blueprint(blueprint)
