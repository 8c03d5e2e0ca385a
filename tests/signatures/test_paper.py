"""The sheet for signing on paper."""

from typing import Any

import pytest
from sqlalchemy.orm import Session

from portal.declaration import typesetting
from portal.signatures import wording
from tests.browser import Browser
from tests.conftest import MakeApp
from tests.declaration.tagged import assert_accessible
from tests.operator import filled_content
from tests.revisions import publish_revision

pytestmark = [pytest.mark.one_database, pytest.mark.usefixtures("revision")]
SHEET = "/erklaerung/1/unterschriftenliste.pdf"


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The values that the sheet was set from."""
    seen: dict[str, Any] = {}
    inner = typesetting.pdf

    def pdf(template: str, values: dict[str, Any]) -> bytes:
        seen.update(values)
        return inner(template, values)

    monkeypatch.setattr(typesetting, "pdf", pdf)
    return seen


@pytest.mark.parametrize(
    ("address", "language", "title"),
    [(SHEET, "de", "Unterzeichnen auf Papier"), ("/en/declaration/1/signature-sheet.pdf", "en", "Signing on paper")],
)
def test_it_is_one_accessible_page(browser: Browser, address: str, language: str, title: str) -> None:
    response = browser.client.get(address)
    assert response.headers["Cache-Control"] == "public, no-cache"
    assert len(assert_accessible(response.data, language, title).pages) == 1


def test_each_consent_has_a_box_and_the_words_of_the_form(browser: Browser, printed: dict[str, Any]) -> None:
    browser.client.get(SHEET)
    page = browser.open("/unterzeichnen")
    assert printed["consent"]["wording"] in page.text("main form")
    assert printed["newsletter"]["wording"] in page.text("main form")
    assert printed["shown"]["hint"] in page.text("main form")
    assert printed["shown"]["choices"] == [str(name) for name in wording.SHOWN.values()]
    assert "Art. 9" in printed["consent"]["wording"]
    assert page.attribute(f'main a[href="{SHEET}"]', "type") == "application/pdf"


def test_it_names_revision_address_and_what_is_missing(
    browser: Browser, printed: dict[str, Any], session: Session
) -> None:
    browser.client.get(SHEET)
    assert printed["line"].startswith("Fassung 1 vom 2. Januar 2026")
    assert printed["address"] == "http://portal.test/erklaerung/1"
    assert len(printed["sha256"]) == 64
    assert [line["words"] for line in printed["send"]["to"] if line["gap"]] == [
        "fehlt noch: Name des Betreibers",
        "fehlt noch: Straße",
        "fehlt noch: Ort",
    ]


def test_it_goes_to_the_operator(make_app: MakeApp, printed: dict[str, Any], tmp_path: Any) -> None:
    make_app(content=filled_content(tmp_path)).test_client().get(SHEET)
    assert [line["words"] for line in printed["send"]["to"]] == ["Portal e. V."] * 3
    assert not any(line["gap"] for line in printed["send"]["to"])


def test_only_the_latest_revision_can_be_signed(browser: Browser, session: Session) -> None:
    publish_revision(session, 2)
    older = browser.client.get(SHEET)
    assert (older.status_code, older.location) == (302, "/erklaerung/2/unterschriftenliste.pdf")
    assert browser.client.get("/erklaerung/3/unterschriftenliste.pdf").status_code == 404


def test_after_closing_there_is_no_sheet(make_app: MakeApp) -> None:
    client = make_app(signing_closes_at="2020-01-01T00:00:00+00:00").test_client()
    response = client.get(SHEET)
    assert (response.status_code, response.location) == (302, "/unterzeichnen")
    assert "unterschriftenliste" not in client.get("/erklaerung/1").text
