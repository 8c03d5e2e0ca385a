"""What machines ask for, and the door that stays shut until the operator is known."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.browser import Client, Page
from tests.conftest import MakeApp
from tests.databases import engine_of
from tests.revisions import publish_revision

SITEMAP = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}


def test_the_process_says_that_it_is_up(client: Client) -> None:
    assert client.get("/healthz").text == "ok\n"


def test_ready_when_nothing_is_missing(app_with_operator: Flask) -> None:
    response = app_with_operator.test_client().get("/readyz")
    assert response.get_json() == {"ready": True, "missing": []}
    assert response.status_code == 200


def test_not_ready_while_the_operator_has_gaps(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "operator.name" in response.get_json()["missing"]
    assert "schema" not in response.get_json()["missing"]


def test_not_ready_on_an_old_schema(app_with_operator: Flask) -> None:
    with engine_of(app_with_operator).begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    try:
        assert app_with_operator.test_client().get("/readyz").get_json()["missing"] == ["schema"]
    finally:
        with engine_of(app_with_operator).begin() as connection:
            connection.execute(
                text("UPDATE alembic_version SET version_num = :head"), {"head": _head(app_with_operator)}
            )


def _head(app: Flask) -> str:
    from alembic.script import ScriptDirectory

    (head,) = ScriptDirectory(app.extensions["migrate"].directory).get_heads()
    return head


def test_not_ready_without_a_database(make_app: MakeApp, full_content: Path, tmp_path: Path) -> None:
    app = make_app(content=full_content, database_url=f"sqlite:///{tmp_path}/gone/nowhere.db")
    assert app.test_client().get("/readyz").get_json()["missing"] == ["database"]


def test_robots_are_kept_from_addresses_with_a_token_and_shown_the_sitemap(client: Client) -> None:
    robots = client.get("/robots.txt").text
    assert "Disallow: /bestaetigen/\n" in robots
    assert "Sitemap: http://portal.test/sitemap.xml" in robots


def test_the_sitemap_names_public_pages_in_both_languages(client: Client) -> None:
    response = client.get("/sitemap.xml")
    assert response.mimetype == "application/xml"
    urls = ET.fromstring(response.text).findall("s:url", SITEMAP)  # noqa: S314 - our own answer
    addresses = [url.findtext("s:loc", namespaces=SITEMAP) for url in urls]
    assert "http://portal.test/" in addresses
    assert "http://portal.test/en/declaration" in addresses
    assert "http://portal.test/unterzeichnende" not in addresses
    assert all(len(url.findall("x:link", SITEMAP)) == 2 for url in urls)
    assert "http://portal.test/en/background/administration" in addresses
    assert len(addresses) == len(set(addresses))
    for address in addresses:
        assert client.get((address or "").removeprefix("http://portal.test")).status_code in {200, 503}


def test_the_sitemap_names_revisions_and_theses_with_the_day_of_their_publication(
    session: Session, client: Client
) -> None:
    revision = publish_revision(session)
    key, day = revision.theses[0].key, revision.published_at.date().isoformat()
    urls = ET.fromstring(client.get("/sitemap.xml").text).findall("s:url", SITEMAP)  # noqa: S314 - our own answer
    days = {url.findtext("s:loc", namespaces=SITEMAP): url.findtext("s:lastmod", namespaces=SITEMAP) for url in urls}
    assert days["http://portal.test/erklaerung/1"] == day
    assert days[f"http://portal.test/en/declaration/1/thesis/{key}"] == day
    assert days["http://portal.test/impressum"] is None


@pytest.mark.parametrize("path", ["/", "/en/", "/erklaerung", "/unterzeichnen", "/robots.txt", "/gibt-es-nicht"])
def test_in_production_nothing_opens_while_the_operator_has_gaps(
    make_app: MakeApp, production: dict[str, Any], path: str
) -> None:
    page = Page(make_app(**production).test_client().get(path))
    assert page.status == 503
    assert "eingerichtet" in page.text("h1") or path == "/en/"
    assert page.attribute("html", "lang") == ("en" if path == "/en/" else "de")
    assert page.has('main a[href$="/impressum"], main a[href$="/imprint"]')
    assert not page.has(".site-nav")
    assert "Retry-After" in page.response.headers


def test_in_production_imprint_and_machines_answer_all_the_same(make_app: MakeApp, production: dict[str, Any]) -> None:
    client = make_app(**production).test_client()
    for path in ("/impressum", "/en/imprint", "/static/css/portal.css", "/healthz"):
        with client.get(path) as response:
            assert response.status_code == 200
    assert client.get("/readyz").status_code == 503


def test_in_production_the_portal_opens_once_nothing_is_missing(
    make_app: MakeApp, production: dict[str, Any], full_content: Path
) -> None:
    client = make_app(**production, content=full_content).test_client()
    response = client.get("/")
    assert response.status_code == 200
    assert response.headers["Strict-Transport-Security"]
