"""The office's pages about surveys, and the commands: opening, inviting, reading, exporting, importing."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import click
import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.clock import now
from portal.config import ROOT
from portal.mail.suppression import suppress
from portal.organisers import audit
from portal.organisers.models import AuditEntry
from portal.privacy.operations import erase, export
from portal.survey import operations
from portal.survey.models import Answer, FreeText, Invitation, OpenedSurvey
from portal.survey.operations import NotOpen
from tests.browser import Browser
from tests.conftest import MakeApp
from tests.databases import engine_of
from tests.mail.probe import outbox
from tests.office import Office
from tests.survey.asking import LATER, NOON, answered, counted, opened

pytestmark = pytest.mark.one_database

PAGE = "/redaktion/umfragen/test"
TABLES = "question,answer,count\nbeispiel,gut,700\nbeispiel,schlecht,500\n"
CODEBOOK = (
    "kind;id;question;de;en;n\nquestion;beispiel;;Beispieldaten: wie?;Sample data: how?;1200\n"
    "answer;gut;beispiel;gut;well;\nanswer;schlecht;beispiel;schlecht;badly;\n"
)
SEVERAL = CODEBOOK.replace("question;beispiel", "multiple;beispiel")


@pytest.fixture
def app(make_app: MakeApp, tmp_path: Path) -> Flask:
    """The portal with files that a test may change."""
    shutil.copytree(ROOT / "content", tmp_path / "content")
    return make_app(content=tmp_path / "content")


@pytest.fixture
def editor(office: Office) -> Browser:
    return office("editor")


def acts(session: Session) -> list[str]:
    return [one for one in session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)) if one.startswith("survey.")]


@pytest.mark.parametrize("first", [True, False], ids=["draft", "opened"])
def test_the_questionnaire_can_be_seen_before_and_after_it_is_fixed(editor: Browser, first: bool) -> None:
    editor.open("/redaktion/umfragen/beispiel")
    if not first:
        editor.submit("form[action$='/oeffnen']")
    page = editor.follow("Fragebogen ansehen")
    assert page.texts("h2") == ["Seite 1: Arbeitsort", "Seite 2: Ausstattung", "Seite 3: Zum Schluss"]
    assert "„Wo arbeiten Sie meistens?“ so geantwortet haben: zu Hause, unterwegs" in page.text()
    assert page.has("[name='a.tage']")
    page = editor.follow("English")
    assert page.text("h2") == "Page 1: Place of work"
    assert not page.has("main form"), "nothing can be sent"
    assert editor.open("/redaktion/umfragen/homeoffice-2021/fragebogen").status == 404


def test_the_last_answers_are_said_to_be_counted_until_they_are(
    app: Flask, session: Session, editor: Browser, browser: Browser
) -> None:
    survey = opened(session, closes="2098-12-31", results="after_closing")
    answered(app, session, survey, 12, ort="stadt")
    counted(app, session)
    assert "zehn andere bleiben darin" in editor.open(PAGE).text()
    editor.submit("form[action$='/schliessen']")
    assert "Die letzten Antworten werden gerade gezählt." in editor.page.text()
    page = browser.open("/umfrage/test/ergebnisse")
    assert "wird gerade gezählt" in page.text(".method")
    assert "werden gerade gezählt" in page.text(".page > .notice")
    counted(app, session, now())
    assert "werden gerade gezählt" not in editor.open(PAGE).text()
    assert "zehn andere bleiben darin" not in editor.page.text()
    page = browser.open("/umfrage/test/ergebnisse")
    assert "n = 12" in page.text(".method")
    assert "2098" not in page.text(".method"), "it has ended earlier than the file says"
    assert "2098" not in browser.open("/umfrage").text()
    assert "2098" not in editor.open(PAGE).text()


def test_who_closes_it_once_more_changes_nothing(app: Flask, session: Session) -> None:
    survey = opened(session)
    number = survey.id
    session.commit()
    with Session(engine_of(app), expire_on_commit=False) as other:
        read_before = other.get_one(OpenedSurvey, number)
        other.commit()
        operations.close_survey(session, survey, LATER, by=None)
        session.commit()
        operations.close_survey(other, read_before, LATER + timedelta(days=1), by=None)
        other.commit()
    session.refresh(survey)
    assert survey.closed_at == LATER
    assert acts(session).count("survey.close") == 1


def test_too_few_answers_are_said_to_be_too_few(app: Flask, session: Session, browser: Browser) -> None:
    survey = opened(session)
    answered(app, session, survey, 3, ort="stadt")
    operations.close_survey(session, survey, LATER, by=None)
    counted(app, session, LATER)
    page = browser.open("/umfrage/test/ergebnisse")
    assert "weniger als zehn" in page.text(".method")
    assert "So viele sind nicht gekommen." in page.text()


def test_an_editor_opens_and_closes_and_the_log_knows(session: Session, editor: Browser) -> None:
    page = editor.open("/redaktion/umfragen")
    assert page.texts("tbody td:nth-of-type(2)") == ["Entwurf", "anderswo durchgeführt"]
    page = editor.open("/redaktion/umfragen/beispiel")
    assert "Geantwortet werden kann sofort." in page.text("main"), "its first day has passed"
    editor.submit("form[action$='/oeffnen']")
    assert editor.page.text(".notice--success") == "Die Umfrage ist geöffnet. Ihr Fragebogen steht jetzt fest."
    editor.submit("form[action$='/schliessen']")
    assert editor.page.text(".notice--success") == "Die Umfrage ist geschlossen."
    assert acts(session) == ["survey.open", "survey.close"]
    assert editor.client.post("/redaktion/umfragen/beispiel/oeffnen").status_code == 400


def test_a_changed_file_of_an_open_survey_changes_nothing(app: Flask, session: Session, editor: Browser) -> None:
    with app.app_context():
        run = app.test_cli_runner()
        assert run.invoke(args=["survey", "open", "beispiel", "--yes"]).exit_code == 0
    file = app.extensions["settings"].content / "surveys" / "beispiel" / "survey.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("im Büro", "auf dem Mond"), encoding="utf-8")
    assert "auf dem Mond" not in editor.open("/umfrage/beispiel/antworten").text()
    assert "Das wirkt nicht" in editor.open("/redaktion/umfragen/beispiel").text()
    said = app.test_cli_runner().invoke(args=["survey", "check"])
    assert said.exit_code == 1
    assert "ihr Fragebogen steht fest. Die Änderung wirkt nicht." in said.output
    assert app.test_cli_runner().invoke(args=["survey", "open", "beispiel", "--yes"]).exit_code == 1


def test_a_broken_file_is_explained_where_it_is_opened(app: Flask, editor: Browser) -> None:
    file = app.extensions["settings"].content / "surveys" / "beispiel" / "survey.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("points: 5", "points: 50"), encoding="utf-8")
    assert "Fehler in der Datei" in editor.open("/redaktion/umfragen").text()
    assert (
        "Frage „zufrieden“, points: Die Zahl darf höchstens 11 sein."
        in editor.open("/redaktion/umfragen/beispiel").text()
    )
    said = app.test_cli_runner().invoke(args=["content", "check"])
    assert said.exit_code == 1
    assert "points" in said.output


def test_what_is_over_is_not_opened(app: Flask, session: Session, editor: Browser) -> None:
    """It would be closed at once, and its questionnaire fixed for good."""
    file = app.extensions["settings"].content / "surveys" / "beispiel" / "survey.yaml"
    told = file.read_text(encoding="utf-8").replace("opens: 2026-01-01", "opens: 2026-01-01\ncloses: 2026-01-31")
    editor.open("/redaktion/umfragen/beispiel")
    file.write_text(told, encoding="utf-8")
    editor.submit("form[action$='/oeffnen']")
    assert editor.page.status == 409
    assert "Der letzte Tag dieser Umfrage ist schon vorbei" in editor.page.text()
    assert not editor.page.has("form[action$='/oeffnen']")
    said = app.test_cli_runner().invoke(args=["survey", "open", "beispiel", "--yes"])
    assert said.exit_code == 1
    assert "Der letzte Tag (closes) ist schon vorbei." in said.output
    assert operations.find(session, "beispiel") is None


def test_each_address_is_invited_once_and_reminded_once(app: Flask, session: Session, editor: Browser) -> None:
    survey = opened(session, access="invitation")
    blocked = app.extensions["addresses"].identify("gesperrt@example.org")
    suppress(session, blocked.key, "objected", now())
    editor.open(PAGE)
    editor.submit("form[action$='/einladen']", addresses="ada@example.org\nkein Klammeraffe")
    assert editor.page.status == 422
    assert "„kein“ ist keine E-Mail-Adresse. Hier stehen nur Adressen, keine Namen." in editor.page.text()
    editor.submit(
        "form[action$='/einladen']", addresses="ada@example.org, bob@example.org\nADA@example.org;gesperrt@example.org"
    )
    assert "Neu eingeladen: 2. Schon eingeladen: 1. Gesperrt und deshalb ausgelassen: 1." in editor.page.text()
    used = session.scalars(select(Invitation).where(Invitation.email == "ada@example.org")).one()
    used.used = True
    editor.open(PAGE)
    editor.submit("form[action$='/erinnern']")
    assert "Erinnerungen auf dem Weg: 1." in editor.page.text()
    assert not editor.page.has("form[action$='/erinnern']")
    mails = [(mail.recipient, (mail.context or {})["reminder"]) for mail in outbox(session)]
    assert mails == [("ada@example.org", False), ("bob@example.org", False), ("bob@example.org", True)]
    operations.close_survey(session, survey, LATER, by=None)
    assert session.scalars(select(Invitation)).all() == []


def test_who_is_invited_can_see_and_erase_it(app: Flask, session: Session) -> None:
    opened(session, access="invitation")
    survey = operations.find(session, "test")
    assert survey is not None
    ada = app.extensions["addresses"].identify("ada@example.org")
    operations.invite(session, survey, [ada], "de", NOON, by=None)
    register = app.extensions["personal_data"]
    assert export(session, register, ada.key)["survey_invitations"][0]["used"] is False
    erase(session, register, ada.key, NOON)
    assert session.scalars(select(Invitation)).all() == []


def test_free_texts_are_read_with_care_and_exported_when_released(
    app: Flask, session: Session, editor: Browser
) -> None:
    survey = opened(session)
    for text in ("Erster", "=Zweiter", "<i>Dritter</i>"):
        answered(app, session, survey, 4, ort="stadt", texts={"sonst": text})
    counted(app, session)
    page = editor.open(f"{PAGE}/texte")
    assert "Ein Text kann Menschen nennen" in page.text()
    assert len(page.texts(".survey-texts .plain")) == 12
    by_text = {one.text: one.id for one in session.scalars(select(FreeText))}
    editor.submit(f"form[action$='{by_text['=Zweiter']}']", button="Freigeben")
    editor.submit(f"form[action$='{by_text['Erster']}']", button="Löschen")
    file = editor.client.post(
        f"{PAGE}/texte-export", data={"csrf_token": editor.page.fields("form[action$='-export']")["csrf_token"]}
    )
    assert file.text.removeprefix("\ufeff").splitlines() == ["question,text", "sonst,'=Zweiter"]
    assert acts(session)[1:] == ["survey.release_text", "survey.delete_text", "survey.export_texts"]
    operations.close_survey(session, survey, NOON, by=None)
    assert operations.forget_texts(session, LATER.replace(year=2028)) == 11


def test_raw_answers_leave_the_office_from_ten_on_and_the_log_says_so(
    app: Flask, session: Session, editor: Browser
) -> None:
    survey = opened(session)
    answered(app, session, survey, 10, ort="stadt", womit=["rad"], stimmt={"laut": "ja"}, alter=30)
    assert not editor.open(PAGE).has("form[action$='/export']")
    counted(app, session)
    token = editor.open(PAGE).fields("form[action$='/export']")["csrf_token"]
    lines = editor.client.post(f"{PAGE}/export", data={"csrf_token": token}).text.removeprefix("\ufeff").splitlines()
    assert lines[0] == "ort,bus,alter,womit.rad,womit.auto,stimmt.laut,stimmt.eng,gut"
    assert set(lines[1:]) == {"stadt,,30,1,0,ja,,"}
    assert len(lines) == 11
    assert acts(session)[-1] == "survey.export"


def test_tables_from_elsewhere_are_checked_shown_and_taken_over(
    app: Flask, session: Session, browser: Browser, tmp_path: Path
) -> None:
    tables, codebook = tmp_path / "t.csv", tmp_path / "c.csv"
    tables.write_text(TABLES, encoding="utf-8")
    codebook.write_text(CODEBOOK, encoding="utf-8-sig")
    words = ["survey", "import", "homeoffice-2021", str(tables), str(codebook)]
    run = app.test_cli_runner()
    said = run.invoke(args=words, input="n\n")
    assert "Beispieldaten: wie? (n = 1200)" in said.output
    assert "1 Tabelle veröffentlichen?" in said.output
    assert "Nichts übernommen." in said.output
    assert "noch nicht vor" in browser.open("/umfrage/homeoffice-2021").text()
    assert run.invoke(args=[*words, "--yes"]).exit_code == 0
    app.extensions["page_cache"].pages.clear()  # a minute later
    page = browser.open("/umfrage/homeoffice-2021")
    assert page.texts(".bars__value") == ["700 (58 %)", "500 (42 %)"]
    assert ",beispiel,,gut,700,1200" in browser.client.get("/daten/umfrage/homeoffice-2021.csv").text
    assert "well" in browser.client.get("/daten/umfrage/homeoffice-2021-codebook.json").text


def test_several_answers_may_be_more_than_those_who_gave_them(app: Flask, browser: Browser, tmp_path: Path) -> None:
    tables, codebook = tmp_path / "t.csv", tmp_path / "c.csv"
    tables.write_text(TABLES.replace("700", "1200"), encoding="utf-8")
    codebook.write_text(SEVERAL, encoding="utf-8")
    words = ["survey", "import", "homeoffice-2021", str(tables), str(codebook), "--yes"]
    said = app.test_cli_runner().invoke(args=words)
    assert said.exit_code == 0, said.output
    assert "(n = 1200, mehrere Antworten möglich)" in said.output
    page = browser.open("/umfrage/homeoffice-2021")
    assert page.texts(".bars__value") == ["1.200 (100 %)", "500 (42 %)"]
    assert "mehrere Antworten möglich" in page.text(".survey-result .hint")
    file = json.loads(browser.client.get("/daten/umfrage/homeoffice-2021-codebook.json").text)
    assert file["questions"][0]["type"] == "multiple"


def test_nobody_waits_for_the_database_while_a_command_asks(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    run, asked = app.test_cli_runner(), []

    def somebody_else_writes(question: str, **_details: object) -> bool:
        asked.append(question)
        with Session(engine_of(app)) as other:
            survey = operations.find(other, "beispiel")
            audit.record(other, None, "survey.open", "survey beispiel", NOON, sha256=survey.sha256 if survey else "")
            other.commit()
        return True

    monkeypatch.setattr(click, "confirm", somebody_else_writes)
    assert "Geöffnet." in run.invoke(args=["survey", "open", "beispiel"]).output
    assert run.invoke(args=["survey", "open", "beispiel"]).output == "Error: Diese Umfrage ist schon geöffnet.\n"
    assert len(asked) == 1, "it is no use to ask"
    assert "Geschlossen." in run.invoke(args=["survey", "close", "beispiel"]).output
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("beispiel", "ist noch nicht geöffnet. Erst öffnen: survey open beispiel"),
        ("homeoffice-2021", "wurde anderswo durchgeführt"),
        ("gibt-es-nicht", "Die Datei fehlt."),
    ],
)
def test_what_cannot_be_closed_says_why(app: Flask, key: str, says: str) -> None:
    said = app.test_cli_runner().invoke(args=["survey", "close", key])
    assert said.exit_code == 1
    assert says in said.output


@pytest.mark.parametrize(
    ("tables", "codebook", "complaint"),
    [
        (TABLES.replace("700", "7"), CODEBOOK, "Gruppen unter zehn veröffentlichen wir nicht"),
        (TABLES.replace("700", "58 %"), CODEBOOK, "Zeile 2: count ist eine ganze Zahl"),
        (TABLES.replace("700", "9000"), CODEBOOK, "ergeben die Antworten zusammen 9500, n ist 1200"),
        (TABLES.replace("700", "695"), CODEBOOK, "ergeben die Antworten zusammen 1195, n ist 1200"),
        (TABLES.replace("700", "1201"), SEVERAL, "zählt „gut“ mehr als n (1200)"),
        (TABLES.replace("700", "1195"), SEVERAL, "haben nur 5 die Antwort „gut“ nicht gegeben"),
        (TABLES.replace("gut", "sehr-gut"), CODEBOOK, "Das Codebuch kennt keine Antwort „sehr-gut“"),
        (TABLES.replace("beispiel,gut,700\n", ""), CODEBOOK, "fehlt die Zahl der Antwort „gut“"),
        (
            "question,answer,count\n",
            "kind,id,question,de,en,n\nmultiple,a,,Was?,What?,7\n",
            "n ist 7: Gruppen unter zehn",
        ),
        (TABLES, CODEBOOK.replace(";1200", ";"), "n sagt, wie viele geantwortet haben"),
        (TABLES, CODEBOOK.replace(";well", ";"), "Es fehlt der Wortlaut in de oder en."),
        (TABLES.replace("question,answer", "frage,antwort"), CODEBOOK, "Zeile 1: Die Spalten heißen"),
        (TABLES + "beispiel,gut,700,9\n", CODEBOOK, "Ein Text mit Komma oder Semikolon braucht Anführungszeichen"),
        ("", CODEBOOK, "Zeile 1: Die Spalten heißen"),
    ],
)
def test_what_is_wrong_with_tables_is_said_and_nothing_taken_over(
    app: Flask, tmp_path: Path, tables: str, codebook: str, complaint: str
) -> None:
    (tmp_path / "t.csv").write_text(tables, encoding="utf-8")
    (tmp_path / "c.csv").write_text(codebook, encoding="utf-8")
    words = ["survey", "import", "homeoffice-2021", str(tmp_path / "t.csv"), str(tmp_path / "c.csv"), "--yes"]
    said = app.test_cli_runner().invoke(args=words)
    assert said.exit_code == 1
    assert complaint in said.output
    assert len(said.output.splitlines()) == 1, "what follows from it is not said as well"
    assert not (app.extensions["settings"].content / "surveys" / "homeoffice-2021" / "tables.csv").exists()


def test_the_demo_fills_and_empties_the_example(app: Flask, session: Session) -> None:
    from portal.development import demo_survey

    settings = app.extensions["settings"]
    assert demo_survey.load(session, settings, NOON) == 240
    assert demo_survey.load(session, settings, NOON) == 0, "it is there already"
    demo_survey.clear(session)
    assert session.scalars(select(Answer)).all() == []
    assert operations.find(session, "beispiel") is None


def test_nobody_is_invited_to_what_is_over(app: Flask, session: Session) -> None:
    """Not in the hour either in which who has begun may still send."""
    survey = opened(session, access="invitation", closes="2026-11-20")
    ada = app.extensions["addresses"].identify("ada@example.org")
    over = operations.ends_at(survey.questionnaire)
    assert over is not None
    with pytest.raises(NotOpen):
        operations.invite(session, survey, [ada], "de", over, by=None)
    assert operations.invite(session, survey, [ada], "de", over - timedelta(seconds=1), by=None).new == 1


def test_nobody_is_invited_while_somebody_closes_it(app: Flask, session: Session) -> None:
    """Whoever invites has read that it is open; the invitations would stay for ever with the addresses in them."""
    opened(session, access="invitation")
    ada = app.extensions["addresses"].identify("ada@example.org")
    with Session(engine_of(app), expire_on_commit=False) as other:
        read_before = operations.find(other, "test")
        assert read_before is not None
        other.commit()
        closing = operations.find(session, "test")
        assert closing is not None
        operations.close_survey(session, closing, NOON, by=None)
        session.commit()
        with pytest.raises(NotOpen):
            operations.invite(other, read_before, [ada], "de", NOON, by=None)
