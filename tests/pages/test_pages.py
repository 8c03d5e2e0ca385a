"""Home, imprint, accessibility: the facts, the gaps, the feedback that becomes a mail."""

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.content import Operator
from portal.mail.models import OutboxMail
from tests.browser import Browser, Client, Page
from tests.databases import engine_of
from tests.pages.conftest import OPERATOR

pytestmark = pytest.mark.one_database


def mails(app: Flask) -> list[OutboxMail]:
    with Session(engine_of(app)) as session:
        return list(session.scalars(select(OutboxMail)))


def test_home_says_what_this_is_and_leads_to_reading_and_signing(browser: Browser) -> None:
    page = browser.open("/")
    assert "Dortmund-Essener Erklärung" in page.title
    assert [link.attributes["href"] for link in page.tree.css("main .actions a")] == ["/erklaerung", "/unterzeichnen"]
    for fact in (
        "1.338",
        "28.\xa0Februar 2022",
        "8.\xa0Februar 2023",
        "Gewerkschaftshaus Essen",
        "§\xa042 SGB\xa0VIII",
    ):
        assert fact in page.response.text.replace("&nbsp;", "\xa0")


def test_home_links_to_no_page_that_does_not_exist(browser: Browser) -> None:
    for link in browser.open("/").tree.css("main a"):
        assert browser.open(link.attributes["href"] or "").status in {200, 503}


def test_home_says_how_many_have_signed_in_plain_words(app: Flask, browser: Browser) -> None:
    assert browser.open("/").text("main .count") == "Noch hat niemand unterzeichnet."
    for number, words in ((1, "ein Mensch"), (1234, "1.234 Menschen")):
        app.jinja_env.globals["signature_count"] = lambda number=number: number
        app.extensions["page_cache"].pages.clear()
        assert words in browser.open("/").text("main .count")


def test_the_imprint_marks_each_gap(browser: Browser) -> None:
    page = browser.open("/impressum")
    assert page.has(".notice--warning")
    assert len(page.texts("main .gap")) == 8
    assert page.has("footer .gap")


def test_the_imprint_of_an_operator_who_has_filled_in_everything(app_with_operator: Flask) -> None:
    page = Browser(app_with_operator.test_client()).open("/impressum")
    assert not page.has(".gap")
    assert not page.has(".notice--warning")
    for field in ("name", "represented_by", "street", "city", "phone", "responsible_for_content"):
        assert OPERATOR[field] in page.text()
    assert page.attribute('main a[href^="mailto:"]', "href") == "mailto:probe@portal.test"
    assert "Verein" in page.text()
    assert OPERATOR["name"] in page.text("footer")


@pytest.mark.parametrize("kind", ["association", "union", "university", "public_body", "company"])
def test_the_imprint_has_a_word_for_each_kind_of_operator(app: Flask, browser: Browser, kind: str) -> None:
    app.jinja_env.globals["operator"] = Operator.model_validate({**OPERATOR, "operator_type": kind})
    assert not browser.open("/impressum").has("main .gap")


def test_without_an_address_the_feedback_form_is_a_marked_gap(app: Flask, browser: Browser) -> None:
    page = browser.open("/barrierefreiheit/rueckmeldung")
    assert page.has("main .gap")
    assert not page.has("main form")
    assert mails(app) == []


def test_feedback_becomes_one_mail_to_the_operator(app_with_operator: Flask) -> None:
    browser = Browser(app_with_operator.test_client())
    browser.open("/barrierefreiheit")
    browser.follow("Eine Barriere melden")
    page = browser.submit(message="Der Kontrast\nreicht nicht.", email="kim@example.org")
    assert (page.status, page.path) == (200, "/barrierefreiheit/rueckmeldung/danke")
    (mail,) = mails(app_with_operator)
    assert mail.recipient == "probe@portal.test"
    assert mail.context == {"message": "Der Kontrast\nreicht nicht.", "email": "kim@example.org"}


def test_feedback_needs_no_address_of_the_visitor(app_with_operator: Flask) -> None:
    browser = Browser(app_with_operator.test_client())
    browser.open("/en/accessibility/feedback")
    page = browser.submit(message="The font is too small.")
    assert page.path == "/en/accessibility/feedback/thanks"
    (mail,) = mails(app_with_operator)
    assert mail.language == "de"


def test_feedback_with_mistakes_keeps_what_was_typed(app_with_operator: Flask) -> None:
    browser = Browser(app_with_operator.test_client())
    browser.open("/barrierefreiheit/rueckmeldung")
    page = browser.submit(message="", email="keine Adresse")
    assert page.title.startswith("Fehler: ")
    assert page.texts(".error-summary a") == [text.removeprefix("Fehler: ") for text in page.texts(".error-message")]
    assert page.attribute("#email", "value") == "keine Adresse"
    assert mails(app_with_operator) == []


def test_feedback_without_a_token_is_not_accepted(app_with_operator: Flask) -> None:
    client = app_with_operator.test_client()
    assert isinstance(client, Client)
    page = Page(client.post("/barrierefreiheit/rueckmeldung", data={"message": "Hallo"}))
    assert page.text("#message") == "Hallo"
    assert page.has(".error-summary")
    assert mails(app_with_operator) == []
