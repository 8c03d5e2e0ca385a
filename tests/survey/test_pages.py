"""Surveys in the browser: from the first page to the thanks, and what the public sees of the answers."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.addresses import Address
from portal.clock import now
from portal.survey import box, operations, reading
from portal.survey.models import Answer, FreeText, Invitation, OpenedSurvey, SealedAnswer
from tests.browser import Browser, Client
from tests.mail.probe import outbox
from tests.survey.asking import NOON, answered, asked, counted, opened

pytestmark = pytest.mark.one_database

START = "/umfrage/test/antworten"


@pytest.fixture
def survey(session: Session) -> OpenedSurvey:
    return opened(session)


def stored(session: Session) -> int:
    """Rows that hold anything of an answer."""
    return sum(
        session.scalar(select(func.count()).select_from(table)) or 0 for table in (SealedAnswer, Answer, FreeText)
    )


def answers_everything(browser: Browser) -> None:
    for page in (
        {"a.ort": "land"},
        {"a.bus": "ja", "a.alter": "41"},
        {"a.womit": ["rad", "auto"], "a.stimmt.laut": "ja", "a.gut": "3", "a.sonst": "<b>Ada</b>"},
    ):
        fields: dict[str, Any] = {**page}
        browser.submit(**fields)


def test_from_the_first_page_to_the_thanks(
    app: Flask, session: Session, survey: OpenedSurvey, browser: Browser
) -> None:
    page = browser.open("/umfrage/test")
    assert "Bis Sie auf „Absenden“ drücken, ist nichts bei uns gespeichert." in page.text()
    browser.follow("Umfrage beginnen")
    answers_everything(browser)
    assert browser.page.text("h1") == "Ihre Antworten"
    assert browser.page.texts("dd") == ["Land", "Ja", "41", "Rad Auto", "Laut – Ja", "3 von 3", "<b>Ada</b>"]
    assert stored(session) == 0, "nothing of it is kept before it is sent"
    browser.submit()
    assert browser.page.text("h1") == "Danke"
    answered(app, session, survey, 9, ort="stadt")
    assert counted(app, session) == 10
    content = [one for one in session.scalars(select(Answer.content)) if one["ort"] == "land"]
    assert content == [
        {"ort": "land", "bus": "ja", "alter": 41, "womit": ["rad", "auto"], "stimmt": {"laut": "ja"}, "gut": "3"}
    ]
    assert session.scalars(select(FreeText.text)).all() == ["<b>Ada</b>"]


def test_back_keeps_everything_and_conditions_are_the_servers(survey: OpenedSurvey, browser: Browser) -> None:
    browser.open(START)
    browser.submit(**{"a.ort": "land"})
    assert browser.page.text(".survey-progress p") == "Seite 2 von 4"
    browser.submit(button="Zurück", **{"a.bus": "nein", "a.alter": "viele"})
    assert browser.page.status == 200, "going back asks for nothing"
    assert browser.page.attribute("[name='a.ort'][checked]", "value") == "land"
    browser.submit(**{"a.ort": "stadt"})
    assert not browser.page.has("[name='a.bus'][type=radio]"), "nobody in town is asked about the bus"
    assert browser.page.attribute("#a\\.alter", "value") == "viele"
    browser.submit(**{"a.alter": "30"})
    browser.submit()
    assert "Fährt ein Bus?" not in browser.page.text()


def test_what_is_missing_or_wrong_is_said_and_kept(session: Session, survey: OpenedSurvey, browser: Browser) -> None:
    browser.open(START)
    browser.submit()
    assert browser.page.status == 422
    assert browser.page.title.startswith("Fehler: ")
    assert browser.page.texts(".error-summary a") == ["Bitte wählen Sie eine Antwort."]
    assert browser.page.attribute(".error-summary a", "href") == "#a.ort"
    assert browser.page.has("[id='a.ort']"), "the link leads to the first answer"
    browser.submit(**{"a.ort": "stadt"})
    browser.submit(**{"a.alter": "121"})
    assert browser.page.texts(".error-summary a") == ["Bitte geben Sie eine ganze Zahl von 0 bis 120 an."]
    browser.submit(**{"a.alter": "12"})
    browser.submit(**{"a.sonst": "x" * 51})
    assert browser.page.texts(".error-summary a") == ["Der Text ist ein Zeichen zu lang. Bitte kürzen Sie ihn."]
    assert browser.page.text("textarea") == "x" * 51


@pytest.mark.parametrize(
    "typed",
    [
        {"a.ort": "mond"},
        {"a.ort": "stadt", "a.alter": "9" * 5000},
        {"a.ort": "stadt", "a.alter": "²"},
        {"a.ort": "stadt", "a.alter": "1\x00"},
        {"a.ort": "stadt", "a.womit": ["rad", "=cmd"]},
        {"a.ort": "stadt", "a.stimmt.laut": "weiß nicht"},
        {"a.ort": "stadt", "a.gut": "4"},
        {"a.ort": "stadt", "a.sonst": "ü" * 20_000},
        {"a.ort": "stadt", "page": "99999999999999999999"},
        {"a.ort": "stadt", "page": "\ud800".encode("utf-8", "surrogatepass")},
        {"page": "check"},
    ],
)
def test_what_no_form_of_ours_sends_is_no_answer(
    session: Session, survey: OpenedSurvey, browser: Browser, client: Client, typed: dict[str, Any]
) -> None:
    fields = browser.open(START).fields()
    for step in ("next", "back", "check", "start", "send", "fly"):
        status = client.post(START, data={**fields, **typed, "step": step}).status_code
        assert status in {200, 303, 422}, step
        if status == 303:
            assert typed.get("a.alter") == "1\x00" or "page" in typed, typed
    assert stored(session) <= 1


def test_the_form_sent_twice_counts_once(
    session: Session, survey: OpenedSurvey, browser: Browser, client: Client
) -> None:
    browser.open(START)
    answers_everything(browser)
    fields = browser.page.fields()
    for _ in range(3):
        assert client.post(START, data=fields).headers["Location"] == "/umfrage/test/danke"
    assert stored(session) == 1


def test_without_the_token_everything_typed_is_still_there(
    survey: OpenedSurvey, browser: Browser, client: Client
) -> None:
    browser.open(START)
    answers_everything(browser)
    fields = browser.page.fields() | {"csrf_token": "stale"}
    answer = client.post(START, data=fields)
    assert answer.status_code == 422
    assert "zu lange offen" in answer.text
    assert 'name="a.ort" value="land"' in answer.text


def test_a_program_in_the_trap_is_not_counted(session: Session, survey: OpenedSurvey, browser: Browser) -> None:
    browser.open(START)
    answers_everything(browser)
    browser.submit(website="https://example.org")
    assert browser.page.status == 422
    assert stored(session) == 0


def invited(app: Flask, session: Session, **changes: Any) -> tuple[OpenedSurvey, str]:
    """A survey by invitation, and the link in the mail to Ada."""
    survey = opened(session, access="invitation", **changes)
    operations.invite(session, survey, [Address("ada@example.org", "key of ada")], "de", now(), by=None)
    session.commit()
    context = outbox(session)[0].context or {}
    with app.test_request_context("/"):
        return survey, str(app.jinja_env.globals["survey_invitation_url"](context["invitation"]))  # type: ignore[operator] # a function


def test_an_invitation_leads_through_and_counts_once(app: Flask, session: Session, browser: Browser) -> None:
    survey, link = invited(app, session)
    browser.open(START)
    assert browser.page.path == "/umfrage/test"
    assert "Antworten können alle, die eine Einladung bekommen haben" in browser.page.text()
    browser.open(link)
    assert browser.page.attribute("meta[name=robots]", "content") == "noindex, nofollow"
    browser.submit()
    answers_everything(browser)
    assert link.rpartition("/")[2] not in browser.page.path
    fields = browser.page.fields()
    browser.submit()
    assert browser.page.text("h1") == "Danke"
    again = browser.client.post(START, data=fields)
    assert again.status_code == 409
    assert browser.open(link).status == 410
    assert "schon geantwortet" in browser.page.text()
    assert box.waiting(session, survey) == 1
    assert browser.open(link[:-3]).status == 404
    assert "Vielleicht ist der Link nicht vollständig" in browser.page.text()


def test_reading_an_invitation_uses_nothing(app: Flask, session: Session, client: Client) -> None:
    _survey, link = invited(app, session)
    for _ in range(5):
        assert client.get(link).status_code == 200
        assert client.head(link).status_code == 200
    assert not session.scalars(select(Invitation)).one().used


def test_before_and_after_nothing_can_be_answered(session: Session, browser: Browser) -> None:
    survey = opened(session, "spaeter", opens="2098-01-01")
    assert "Die Umfrage beginnt am 1. Januar 2098." in browser.open("/umfrage/spaeter/antworten").text()
    operations.close_survey(session, survey, now() + timedelta(days=1), by=None)
    assert "Die Umfrage ist zu Ende." in browser.open("/umfrage/spaeter/antworten").text()


def test_an_invitation_to_what_has_not_begun_says_when(app: Flask, session: Session, browser: Browser) -> None:
    survey, link = invited(app, session, opens="2098-01-01")
    assert "Die Umfrage beginnt am 1. Januar 2098. Ihr Link gilt ab dann." in browser.open(link).text()
    assert not browser.page.has("button[value=start]")
    assert "Antworten können alle, die eine Einladung bekommen haben" in browser.open("/umfrage/test").text()
    assert (outbox(session)[0].context or {})["opens"] == "2098-01-01"
    assert survey.invited == 1


def test_what_was_opened_late_and_closed_early_says_when_it_ran(app: Flask, session: Session, browser: Browser) -> None:
    survey = opened(session, now=NOON - timedelta(days=2))
    answered(app, session, survey, 10, ort="stadt")
    operations.close_survey(session, survey, NOON, by=None)
    counted(app, session)
    for page in ("/umfrage/test", "/umfrage/test/ergebnisse"):
        assert "18. November 2026 bis 20. November 2026" in browser.open(page).text(), "not from 1 November on"
    assert "bis 20. November 2026" in browser.open("/umfrage").text()
    codebook = json.loads(browser.client.get("/daten/umfrage/test-codebook.json").text)
    assert (codebook["opens"], codebook["closes"]) == ("2026-11-18", "2026-11-20")


def test_results_show_from_ten_on_with_the_method_first(
    app: Flask, session: Session, survey: OpenedSurvey, browser: Browser
) -> None:
    address = "/umfrage/test/ergebnisse"
    answered(app, session, survey, 9, ort="stadt")
    counted(app, session)
    page = browser.open(address)
    assert "Zahlen gibt es ab zehn Antworten" in page.text()
    assert not page.has(".bars")
    answered(app, session, survey, 1, ort="stadt")
    counted(app, session)
    page = browser.open(address)
    assert page.has(".bars")
    assert page.text("main h2") == "Wie diese Zahlen entstanden sind"
    assert "n = 10" in page.text(".method")
    assert "können Wiederholungen nicht ausschließen" in page.text(".method")
    assert page.texts(".bars__value")[:3] == ["10 (100 %)", "0 (0 %)", "0 (0 %)"]
    assert page.has("#gruppe option[value=stadt]")
    assert "Nur „Stadt“ (n = 10)" in browser.open(f"{address}?gruppe=stadt").text()
    assert "Diese Gruppe gibt es nicht" in browser.open(f"{address}?gruppe=see").text()
    assert browser.open("/en/survey/test/results").text("h1") == "Results"


def test_results_wait_for_the_end(app: Flask, session: Session, browser: Browser, client: Client) -> None:
    survey = opened(session, results="after_closing")
    answered(app, session, survey, 12, ort="stadt")
    counted(app, session)
    assert "Noch keine Ergebnisse" in browser.open("/umfrage/test/ergebnisse").text()
    assert client.get("/daten/umfrage/test.csv").status_code == 404
    operations.close_survey(session, survey, now(), by=None)
    counted(app, session)
    assert browser.open("/umfrage/test/ergebnisse").has(".bars")
    assert client.get("/daten/umfrage/test.csv").status_code == 200


def test_the_files_say_what_the_page_says(app: Flask, session: Session, client: Client, browser: Browser) -> None:
    survey = opened(session, licence="CC BY 4.0")
    answered(app, session, survey, 20, ort="stadt", gut="1")
    answered(app, session, survey, 5, ort="land", gut="2", texts={"sonst": "Geheimnis"})
    answered(app, session, survey, 15, ort="see", gut="3")
    counted(app, session)
    table, codebook = client.get("/daten/umfrage/test.csv"), client.get("/daten/umfrage/test-codebook.json")
    lines = table.text.removeprefix("\ufeff").splitlines()
    assert lines[:4] == ["filter,question,part,answer,count,n", ",ort,,stadt,20,40", ",ort,,land,,40", ",ort,,see,,40"]
    assert "Geheimnis" not in table.text
    said = json.loads(codebook.text)
    assert said["licence"]["name"] == "CC BY 4.0"
    assert said["answers"] == 40
    assert said["questionnaire_sha256"] == survey.sha256
    sums = client.get("/daten/umfrage/test.sha256").text.splitlines()
    files = ((table, "test.csv"), (codebook, "test-codebook.json"))
    assert sums == [f"{hashlib.sha256(one.data).hexdigest()}  {name}" for one, name in files]
    page = browser.open("/umfrage/test/ergebnisse")
    assert all(line.split()[0] in page.text(".survey-sums") for line in sums)
    assert page.texts(".bars__value")[:3] == ["20 (50 %)", "verborgen", "verborgen"]


def test_the_overview_and_the_survey_of_2021(session: Session, survey: OpenedSurvey, browser: Browser) -> None:
    page = browser.open("/umfrage")
    assert page.texts(".survey-list h2") == ["Eine Testumfrage", "Homeoffice in der Sozialarbeit"]
    page = browser.follow("Homeoffice in der Sozialarbeit")
    assert "1.338" in page.text()
    assert "28. Februar 2022" in page.text()
    assert any("Ergebnistabellen liegen uns noch nicht vor" in gap for gap in page.texts(".gap"))
    assert "1,338" in browser.open("/en/survey/homeoffice-2021").text()
    assert browser.open("/umfrage/gibt-es-nicht").status == 404


def test_the_search_and_the_sitemap_know_what_is_public(app: Flask, session: Session, survey: OpenedSurvey) -> None:
    with app.test_request_context("/"):
        found = list(reading.SEARCHED.entries(session, now()))
        places = [(place.endpoint, *place.values.values()) for place in reading.places(session, now())]
        assert reading.SEARCHED.public(session, ["test", "beispiel"], now()) == {"test"}
    assert {(one.key, one.language) for one in found} == {
        (key, language) for key in ("test", "homeoffice-2021") for language in ("de", "en")
    }
    assert places == [("survey.overview",), ("survey.single", "test"), ("survey.single", "homeoffice-2021")]
    assert " · Sonst noch?" in " ".join(one.text for one in found)


def test_a_sample_says_so_everywhere(app: Flask, session: Session, browser: Browser) -> None:
    survey = opened(session, **asked(sample=True))
    answered(app, session, survey, 10, ort="stadt")
    counted(app, session)
    for address in ("/umfrage", "/umfrage/test", START, "/umfrage/test/ergebnisse", "/umfrage/test/danke"):
        assert "Beispieldaten" in browser.open(address).text(), address
    assert "· Beispieldaten" in browser.open("/umfrage").text()
    assert "Beispieldaten: Diese Umfrage" in browser.open("/umfrage/test").text()
