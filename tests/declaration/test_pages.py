"""The declaration's pages over HTTP, in both languages."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from portal.declaration.operations import publish
from portal.declaration.source import RevisionSource, read_revision
from tests.browser import Browser
from tests.databases import engine_of
from tests.declaration.conftest import NOW, REVISIONS

one_database = pytest.mark.one_database
PAGES = [
    "/erklaerung",
    "/erklaerung/1",
    "/erklaerung/2/these/licht",
    "/erklaerung/vergleich",
    "/erklaerung/vergleich?von=1&bis=2",
    "/en/declaration",
    "/en/declaration/1",
    "/en/declaration/2/thesis/licht",
    "/en/declaration/compare?von=1&bis=2",
]


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """The SELECT statements that the application sends."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        sent.extend([statement] if statement.startswith("SELECT") else [])

    event.listen(engine_of(app), "before_cursor_execute", note)
    yield sent
    event.remove(engine_of(app), "before_cursor_execute", note)


@one_database
def test_the_current_revision_is_read(published: Session, browser: Browser) -> None:
    page = browser.open("/erklaerung")
    assert page.status == 200
    assert page.title.startswith("Testerklärung (nur für Tests)")
    assert page.text("h1") == "Testerklärung (nur für Tests)"
    assert "Fassung 3 vom 1. Februar 2025" in page.text(".revision-line")
    assert "überarbeitete Fassung" in page.text(".revision-line")
    assert "Die These über Pausen ist entfallen" in page.text(".revision-note")
    assert "Dieser Text ist erfunden" in page.text(".preamble")
    assert page.attribute(".preamble a", "href") == "/impressum"
    assert page.texts("section.thesis h2 .thesis-number") == ["1", "2", "3"]
    assert page.text("#these-1 h2").startswith("1 Gutes Werkzeug")
    assert page.has("#these-1 .thesis-text strong")
    assert page.attribute("#these-2 .permalink", "href") == "/erklaerung/3#these-2"
    assert page.text(".closing") == "Ende des Testtextes."
    assert page.attribute(".sign-here a", "href") == "/unterzeichnen"
    assert read_revision(REVISIONS, 3).sha256 in page.text(".fingerprint")
    assert not page.has(".notice")


@one_database
def test_an_older_revision_says_so(published: Session, browser: Browser) -> None:
    page = browser.open("/erklaerung/1")
    assert "Das ist eine ältere Fassung" in page.text(".notice")
    assert page.has('.notice a[href="/erklaerung"]')
    assert page.has('.notice a[href="/erklaerung/vergleich?von=1&bis=3"]')
    assert "Fassung 1" in page.title


@one_database
def test_a_thesis_without_a_heading_has_a_name(published: Session, browser: Browser) -> None:
    assert browser.open("/erklaerung/1").text("#these-2 h2").startswith("2 These 2")
    assert browser.open("/erklaerung/1/these/pausen").text("h1") == "2 These 2"


@one_database
def test_the_english_page_is_english(published: Session, browser: Browser) -> None:
    page = browser.open("/en/declaration/2")
    assert page.text("h1") == "Test declaration (for tests only)"
    assert page.text("#these-2 .thesis-text") == "The test bench must be well lit."
    assert not page.has("h1[lang], .thesis [lang], .preamble[lang]")
    assert page.attribute(".sign-here a", "href") == "/en/sign"


@one_database
def test_a_missing_language_is_said_and_marked(published: Session, browser: Browser) -> None:
    page = browser.open("/en/declaration/3")
    assert page.attribute("h1", "lang") == "de"
    assert page.attribute("#these-1 .thesis-text", "lang") == "de"
    assert page.attribute("#these-1 h2 [lang]", "lang") == "de"
    assert page.has(".notice")
    assert not page.has(".notice[lang]")
    assert browser.open("/en/declaration/3/thesis/wege").attribute(".thesis-text", "lang") == "de"
    assert browser.open("/en/declaration/compare?von=2&bis=3").attribute(".diff", "lang") == "de"


@one_database
def test_a_summary_is_labelled_as_one(session: Session, browser: Browser) -> None:
    source = read_revision(REVISIONS, 1)
    texts = {name: replace(text, label="summary") for name, text in source.texts.items()}
    publish(session, RevisionSource(1, texts), NOW)
    for address in ("/erklaerung", "/erklaerung/1/these/wege"):
        page = browser.open(address)
        assert "Zusammenfassung in eigenen Worten" in page.text(".notice")
        assert "noch nicht der Wortlaut" in page.text(".notice")


@one_database
def test_one_thesis_with_its_neighbours_and_other_wordings(published: Session, browser: Browser) -> None:
    page = browser.open("/erklaerung/2/these/licht")
    assert page.text("h1") == "2 Genug Licht"
    assert page.attribute(".revision-line a", "href") == "/erklaerung/2#these-2"
    assert page.attribute("a[rel=prev]", "href") == "/erklaerung/2/these/wege"
    assert page.attribute("a[rel=next]", "href") == "/erklaerung/2/these/pausen"
    assert page.has('a[href="/erklaerung/3/these/licht"]')
    assert page.has('a[href="/erklaerung/vergleich?von=2&bis=3#these-licht"]')
    assert not page.has('a[href="/erklaerung/1/these/licht"]')


@one_database
def test_the_comparison_shows_each_change(published: Session, browser: Browser) -> None:
    page = browser.open("/erklaerung/vergleich?von=1&bis=2")
    assert page.text("#these-wege .diff del") == ""
    assert "und sicher" in page.text("#these-wege div.diff ins")
    assert page.text("#these-licht .change") == "neue These"
    assert page.text("#these-pausen .change") == "bisher These 2, jetzt These 3, sonst unverändert"
    assert not page.has("#these-pausen div.diff")
    assert [name.split()[0] for name in page.texts("section.thesis h2 .thesis-number")] == ["1", "2", "3", "4"]
    back = browser.open("/erklaerung/vergleich?von=2&bis=1")
    assert "und sicher" in back.text("#these-wege div.diff del")
    assert back.text("#these-licht .change") == "gestrichene These"
    assert page.texts("select[name=von] option[selected]") == ["Fassung 1 vom 15. Januar 2024"]


@one_database
def test_the_comparison_keeps_line_ends(published: Session, browser: Browser) -> None:
    third = browser.open("/erklaerung/vergleich?von=2&bis=3").response.text
    assert "Pausen gehören zur Arbeit:\n\n- eine am Vormittag,\n- eine am Nachmittag." in third


@one_database
def test_the_form_begins_with_the_last_two(published: Session, browser: Browser) -> None:
    page = browser.open("/erklaerung/vergleich")
    assert page.texts("option[selected]") == ["Fassung 2 vom 3. Juni 2024", "Fassung 3 vom 1. Februar 2025"]
    assert not page.has(".notice")
    assert not page.has("main del, main ins")


@pytest.mark.parametrize("path", ["/erklaerung/vergleich", "/en/declaration/compare"])
@pytest.mark.parametrize(
    "query",
    [
        "von=1",
        "von=1&bis=",
        "von=1&bis=1",
        "von=1&bis=9",
        "von=0&bis=1",
        "von=-1&bis=1",
        "von=1&bis=2147483648",
        "von=1&bis=99999999999999999999999999",
        "von=1&bis=" + "9" * 5000,
        "von=eins&bis=zwei",
        "von=1.0&bis=2",
        "von=%00&bis=%FF",
        "von=%D9%A1&bis=2",
        "von=<script>&bis=2",
        "von[]=1&von=&bis=2",
    ],
)
def test_a_wrong_question_gets_an_answer_on_the_page(
    published: Session, browser: Browser, path: str, query: str
) -> None:
    page = browser.open(f"{path}?{query}")
    assert page.status == 200
    assert page.text("[role=alert]")
    assert page.has("form.compare-form")
    assert not page.has("main script")


@pytest.mark.parametrize(
    "path",
    [
        "/erklaerung/0",
        "/erklaerung/4",
        "/erklaerung/-1",
        "/erklaerung/eins",
        "/erklaerung/2147483647",
        "/erklaerung/2147483648",
        "/erklaerung/" + "9" * 30,
        "/erklaerung/" + "9" * 5000,
        "/erklaerung/1/these/licht",
        "/erklaerung/9/these/wege",
        "/erklaerung/1/these/%00",
        "/en/declaration/4",
        "/en/declaration/1/thesis/x",
    ],
)
def test_what_does_not_exist_is_not_found(published: Session, browser: Browser, path: str) -> None:
    assert browser.open(path).status == 404


def test_before_the_first_revision_the_pages_say_so(session: Session, browser: Browser) -> None:
    assert "noch kein Text" in browser.open("/erklaerung").text(".notice")
    assert "keine zwei Fassungen" in browser.open("/erklaerung/vergleich").text("main")
    assert browser.open("/erklaerung/1").status == 404
    assert browser.open("/en/declaration").status == 200


@one_database
@pytest.mark.parametrize("path", PAGES)
def test_pages_are_the_same_for_everyone(published: Session, browser: Browser, path: str) -> None:
    response = browser.open(path).response
    assert response.status_code == 200
    assert "Set-Cookie" not in response.headers
    assert response.headers["Cache-Control"] == "public, no-cache"
    assert browser.client.post(path).status_code == 405


def test_kept_pages_go_with_a_new_revision(session: Session, browser: Browser) -> None:
    publish(session, read_revision(REVISIONS, 1), NOW)
    assert "Fassung 1" in browser.open("/erklaerung").text(".revision-line")
    publish(session, read_revision(REVISIONS, 2), NOW)
    assert "Fassung 2" in browser.open("/erklaerung").text(".revision-line")


@one_database
def test_hostile_text_of_an_organiser_is_harmless(session: Session, browser: Browser) -> None:
    source = read_revision(REVISIONS, 1)
    hostile = "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>"
    texts = {
        name: replace(
            text,
            title=hostile,
            note=hostile,
            origin=hostile,
            preamble=hostile,
            closing=hostile,
            theses=tuple(replace(thesis, heading=hostile, text=hostile) for thesis in text.theses),
        )
        for name, text in source.texts.items()
    }
    publish(session, RevisionSource(1, texts), NOW)
    publish(session, RevisionSource(2, source.texts), NOW)
    for path in ("/erklaerung/1", "/erklaerung/1/these/wege", "/erklaerung/vergleich?von=1&bis=2"):
        page = browser.open(path)
        assert page.status == 200
        assert not page.has("main script, main img, main [onerror], main a[href^=javascript]")
        assert "<script>alert(1)</script>" in page.text("main")


def test_the_number_of_queries_does_not_grow(published: Session, browser: Browser, statements: list[str]) -> None:
    for path in PAGES:
        statements.clear()
        browser.open(path)
        assert len(statements) <= 8, (path, statements)
