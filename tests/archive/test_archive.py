"""The archive of a site with people and a discussion: what is in it, what is not, and that it is always the same."""

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from portal import create_app
from portal.clock import now
from portal.declaration.operations import current_revision
from portal.signatures import operations
from portal.signatures.models import CONFIRMED, Signature
from portal.signatures.operations import Entry
from portal.web.copies import NAMES_LEFT_OUT
from tests.archive.conftest import Archive
from tests.databases import SQLite, engine_of
from tests.discussion.seeded import seed

pytestmark = pytest.mark.one_database

NAMES = ("Ada Beispiel", "Bert Muster", "Frida Frei", "Selma Sichtbar")
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A site with a discussion, and with one who has signed and wants to be named."""
    folder = tmp_path_factory.mktemp("site")
    app = create_app(
        env="testing", instance=folder, database_url=SQLite(folder).fresh(folder), base_url="http://portal.test"
    )
    with Session(engine_of(app)) as session:
        _fill(session)
        session.commit()
    yield app
    engine_of(app).dispose()
    app.extensions["page_cache"].engine.dispose()


def _fill(session: Session) -> None:
    seed(session)
    revision = current_revision(session)
    assert revision is not None
    signature = Signature(
        revision=revision,
        status=CONFIRMED,
        address_key="key of selma",
        slot=1,
        email="selma@example.org",
        language="de",
        newsletter=False,
        requested_at=now(),
        confirmed_at=now(),
    )
    operations.write_entry(signature, Entry(name="Selma Sichtbar", place="Essen", show_name=True, show_place=True))
    session.add(signature)
    session.flush()
    operations.recount(session)


@pytest.fixture(scope="module")
def plain(app: Flask, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Its archive as it is by default."""
    app.test_client().get("/diskussion")  # a kept page with names must not find its way into it
    archive = Archive(app, tmp_path_factory.mktemp("plain") / "archive")
    archive.build("--variants", "8")
    return archive


@pytest.fixture(scope="module")
def copy(app: Flask, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Its archive for a place of its own, beside a portal that goes on, with names."""
    archive = Archive(app, tmp_path_factory.mktemp("copy") / "archive")
    archive.build("--with-names", "--living", "--base-url", "https://archiv.example/erklaerung/")
    return archive


def test_everything_that_is_public_is_in_it_and_every_build_is_the_same(plain: Archive) -> None:
    for path in (
        "index.html",
        "en/index.html",
        "erklaerung/1/index.html",
        "erklaerung/vergleich/index-von=1-bis=2.html",
        "en/declaration/2/thesis/ort/index.html",
        "diskussion/index-folge=aelteste.html",
        "diskussion/1/index.html",
        "unterzeichnen/index.html",
        "feed/diskussion.atom",
        "static/css/portal.css",
        "static/fonts/serif.woff2",
        "robots.txt",
        "sitemap.xml",
    ):
        assert (plain.folder / path).is_file(), path
    before = plain.sums
    plain.build("--variants", "8")
    assert plain.sums == before
    assert "leads somewhere" in plain.check()
    done = subprocess.run(
        ["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=plain.folder, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_nobody_is_named_unless_that_is_asked_for(plain: Archive, copy: Archive, app: Flask) -> None:
    for file in plain.folder.rglob("*.*"):
        for name in NAMES:
            assert name.encode() not in file.read_bytes(), file
    assert "Das sehen wir auch so." in plain.text("diskussion/1/index.html")
    assert "Ohne Namen" in plain.text("diskussion/1/index.html")
    assert "ein Mensch" in plain.text("index.html"), "they are counted"
    assert "wird hier nicht genannt" in plain.text("index.html")
    assert "Ada Beispiel" in app.test_client().get("/diskussion").text, "kept pages have not lost their names"
    assert "Ada Beispiel" in copy.text("diskussion/1/index.html")
    assert "Selma Sichtbar" in copy.text("unterzeichnende/index.html")
    assert "wird hier nicht genannt" not in copy.text("index.html")


def test_no_visitor_can_ask_for_a_copy_without_names(app: Flask) -> None:
    for header in (NAMES_LEFT_OUT, f"X-{NAMES_LEFT_OUT}"):
        assert "Selma Sichtbar" in app.test_client().get("/unterzeichnende", headers={header: "1"}).text


def test_every_page_says_what_it_is_and_nothing_on_it_needs_a_server(copy: Archive) -> None:
    for path, page in copy.pages():
        note = page.css_first("body > .skip-link + .archive-note")
        assert note is not None, path
        german = page.css_first("html[lang=de]") is not None
        assert ("22. November 2026" if german else "22 November 2026") in note.text(), path
        source = page.css_first(".archive-note a[rel=original]")
        assert source is not None
        assert (source.attributes["href"] or "").startswith("http://portal.test/")
        assert not page.css("form, script:not([type='application/ld+json']), noscript, link[rel=preload], [action]"), (
            path
        )
        assert page.css_first("meta[http-equiv=Content-Security-Policy]") is not None, path
        assert page.css_first('link[rel=stylesheet][href$="static/css/archive.css"]') is not None, path
        assert "csrf_token" not in copy.text(path)
    assert "font-display: optional" not in copy.text("static/css/portal.css")


def test_what_cannot_be_done_in_an_archive_leads_to_a_page_that_says_so(plain: Archive, copy: Archive) -> None:
    note = plain.page("unterzeichnen/index.html").css_first("main .archive-form")
    assert note is not None
    assert "Dies ist ein Archiv vom 22. November 2026" in note.text()
    assert plain.links("unterzeichnen/index.html", ".archive-form a") == ["http://portal.test/unterzeichnen"]
    assert "../../nicht-im-archiv/index.html" in plain.links("diskussion/1/index.html"), "to report a comment"
    assert "nicht-im-archiv/index.html" in plain.links("index.html", ".site-map a"), "my data"
    assert "not-in-the-archive/index.html" in plain.links("en/index.html", ".site-map a")
    assert not (plain.folder / "meine-daten").exists()
    assert "http://portal.test/diskussion/1/melden" in copy.links("diskussion/1/index.html")
    assert not (copy.folder / "nicht-im-archiv").exists()


def test_the_manifest_lists_every_file_with_its_source(plain: Archive, copy: Archive) -> None:
    manifest = json.loads(copy.text("manifest.json"))
    assert datetime.fromisoformat(manifest["built"]) == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert (manifest["portal"], manifest["base_url"]) == ("http://portal.test", "https://archiv.example/erklaerung")
    assert (manifest["names"], json.loads(plain.text("manifest.json"))["names"]) == (True, False)
    assert [one["number"] for one in manifest["revisions"]] == [1, 2]
    assert all(len(one["sha256"]) == 64 for one in manifest["revisions"])
    files = {file["path"]: file for file in manifest["files"]}
    assert list(files) == sorted(files)
    page = files["erklaerung/vergleich/index-von=1-bis=2.html"]
    content = (copy.folder / page["path"]).read_bytes()
    assert page["source"] == "http://portal.test/erklaerung/vergleich?von=1&bis=2"
    assert (page["media_type"], page["size"]) == ("text/html", len(content))
    assert page["sha256"] == sha256(content).hexdigest()
    made = {file["path"]: file for file in json.loads(plain.text("manifest.json"))["files"]}
    assert made["nicht-im-archiv/index.html"]["source"] == ""


def test_feeds_and_the_sitemap_know_where_the_archive_lives_and_ids_stay(plain: Archive, copy: Archive) -> None:
    at_home, moved = (ET.fromstring(one.text("feed/diskussion.atom")) for one in (plain, copy))  # noqa: S314 - our own
    assert [node.text for node in at_home.iter(f"{ATOM}id")] == [node.text for node in moved.iter(f"{ATOM}id")]
    links = [node.attrib["href"] for node in moved.iter(f"{ATOM}link")]
    assert "https://archiv.example/erklaerung/feed/diskussion.atom" in links
    assert "https://archiv.example/erklaerung/diskussion/1/index.html" in links
    assert "https://archiv.example/erklaerung/en/declaration/index.html" in copy.text("sitemap.xml")
    assert "http://portal.test" not in copy.text("sitemap.xml")
    assert "http://portal.test/en/declaration" in plain.text("sitemap.xml")
    canonical = copy.page("erklaerung/index.html").css_first("link[rel=canonical]")
    assert canonical is not None
    assert canonical.attributes["href"] == "http://portal.test/erklaerung"
