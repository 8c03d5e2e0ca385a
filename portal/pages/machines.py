"""What machines ask for: whether we are up, whether we are ready, and which pages there are."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, Response, current_app, render_template, url_for
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from portal.clock import now
from portal.config import current_settings
from portal.content import current_content
from portal.database import db
from portal.language import LANGUAGES
from portal.web.caching import public_page
from portal.web.sitemap import Place

blueprint = Blueprint("machines", __name__)

PUBLIC_PAGES = (
    "pages.home",
    "declaration.current",
    "declaration.compare",
    "discussion.thread",
    "discussion.outcomes",
    "discussion.positions",
    "discussion.rules",
    "signatures.sign",
    "newsletter.subscribe",
    "newsletter_archive.listing",
    "news.listing",
    "pages.imprint",
    "privacy.policy",
    "pages.accessibility",
)
"""The pages that search engines may know. The list of signatories is not among them (law: names stay out of search)."""

PRIVATE_PATHS = (
    "/bestaetigen/",
    "/en/confirm/",
    "/meine-daten/",
    "/en/my-data/",
    "/abmelden/",
    "/en/unsubscribe/",
    "/newsletter/angebot/",
    "/en/newsletter/offer/",
    "/unterzeichnen/bekraeftigen/",
    "/en/sign/affirm/",
    "/diskussion/mein-kommentar/",
    "/en/discussion/my-comment/",
    "/diskussion/antworten-aus/",
    "/en/discussion/replies-off/",
    "/diskussion/gemeldet/",
    "/en/discussion/reported/",
    "/umfrage/einladung/",
    "/en/survey/invitation/",
)
"""Paths whose addresses carry a token."""


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process answers. It says nothing about the database: a restart would not mend that."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def readyz() -> tuple[dict[str, Any], int]:
    """200 if visitors may come, else 503 with what is missing: `database`, `schema` or `operator.<field>`."""
    missing = [*database_lacks(), *(f"operator.{gap}" for gap in current_content().operator.gaps)]
    return {"ready": not missing, "missing": missing}, 503 if missing else 200


def database_lacks() -> list[str]:
    """`database` if it does not answer, `schema` if migrations are missing, or nothing."""
    try:
        with db.engine.connect() as connection:
            return [] if _at_head(connection) else ["schema"]
    except SQLAlchemyError:
        return ["database"]


def _at_head(connection: Connection) -> bool:
    scripts = ScriptDirectory(current_app.extensions["migrate"].directory)
    return set(MigrationContext.configure(connection).get_current_heads()) == set(scripts.get_heads())


@blueprint.get("/robots.txt")
@public_page
def robots() -> Response:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in PRIVATE_PATHS)]
    sitemap = current_settings().base_url + url_for("machines.sitemap")
    return Response("\n".join([*lines, "", f"Sitemap: {sitemap}", ""]), mimetype="text/plain")


@blueprint.get("/sitemap.xml")
@public_page
def sitemap() -> Response:
    moment = now()
    there = [Place(endpoint) for endpoint in PUBLIC_PAGES if endpoint in current_app.view_functions]
    for places in current_app.extensions["places"]:
        there += places(db.session(), moment)
    return Response(render_template("pages/sitemap.xml", pages=_addressed(there)), mimetype="application/xml")


def _addressed(places: Iterable[Place]) -> Iterator[tuple[dict[str, str], date | None]]:
    """The addresses of each place by language, and the day of its last change."""
    base, ways = current_settings().base_url, current_app.url_map
    for place in places:
        spoken = LANGUAGES if ways.is_endpoint_expecting(place.endpoint, "language") else LANGUAGES[:1]
        addresses = {one: base + url_for(place.endpoint, **place.values, language=one) for one in spoken}
        yield addresses, place.changed
