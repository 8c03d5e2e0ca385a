"""The office's pages: write, release, hide and delete records, topics, and the import with its preview."""

import io
from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.literature.models import PUBLIC, Record, RecordImport, Topic
from portal.literature.operations import as_reference
from tests.bibliography.references import KNOWN
from tests.browser import Browser
from tests.literature.conftest import published
from tests.office import Office

BIBTEX = (
    "\n".join(
        f"@article{{k{one}, title={{Beispieltitel {one}}}, author={{Beispiel, Ada}}, year=2020, doi={{10.1000/{one}}}}}"
        for one in range(190)
    )
    + "\n".join(
        f"@misc{{d{one}, title={{Noch einmal {one}}}, doi={{https://doi.org/10.1000/{one}}}}}" for one in range(9)
    )
    + f"\n@article{{s, title={{Digitalisierung}}, doi={{{KNOWN.doi.upper()}}}}}"
)


@pytest.fixture
def editor(office: Office) -> Browser:
    return office("editor")


def total(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Record)) or 0


@pytest.mark.one_database
def test_a_record_is_written_released_hidden_and_deleted(editor: Browser, session: Session, browser: Browser) -> None:
    editor.open("/redaktion/literatur/neu")
    page = editor.submit(doi="keine", issued="gestern", url="javascript:x", authors="Muster, Eva")
    assert page.status == 422
    assert len(page.texts("[role=alert] li")) == 4
    assert page.text("textarea[name=authors]") == "Muster, Eva"
    page = editor.submit(
        title="Beispieltitel",
        authors="Muster, Eva\n|Ministerium für A, B und C",
        issued="2023-05-17",
        doi="https://doi.org/10.1000/182",
        url="https://example.org",
        abstract_de="Worum es geht.",
        open_access=True,
        open_access_url="https://example.org/pdf",
    )
    assert "Gespeichert" in page.text()
    record = session.scalars(select(Record)).one()
    assert as_reference(record).authors[1].literal == "Ministerium für A, B und C"
    assert page.text("textarea[name=authors]").endswith("|Ministerium für A, B und C")
    assert browser.open(f"/literatur/{record.id}").status == 404
    editor.submit('form[action$="/freigeben"]')
    assert browser.open(f"/literatur/{record.id}").status == 200
    editor.submit('form[action$="/verbergen"]')
    assert browser.open(f"/literatur/{record.id}").status == 404
    assert "gelöscht" in editor.submit('form[action$="/loeschen"]').text()
    assert total(session) == 0


@pytest.mark.one_database
def test_nobody_overwrites_unseen(office: Office, session: Session) -> None:
    record = published(session)
    first, second = office("editor"), office("editor")
    for one in (first, second):
        one.open(f"/redaktion/literatur/{record.id}")
    first.submit("#record-form", title="Vom einen")
    page = second.submit("#record-form", title="Von der anderen")
    assert page.status == 409
    assert page.attribute("input[name=title]", "value") == "Von der anderen"
    assert "Vom einen" in page.text()
    assert second.submit("#record-form").status == 200
    session.expire_all()
    assert session.get_one(Record, record.id).title == "Von der anderen"


@pytest.mark.one_database
def test_a_doi_that_is_taken_says_whose_it_is(editor: Browser, article: Record) -> None:
    editor.open("/redaktion/literatur/neu")
    page = editor.submit(title="Noch einmal", doi=KNOWN.doi.lower())
    assert page.status == 422
    assert f"Nr. {article.id}" in page.text("[role=alert]")


@pytest.mark.one_database
def test_topics(editor: Browser, session: Session, article: Record) -> None:
    editor.open("/redaktion/literatur/themen")
    assert editor.submit(name_de="jugendamt", name_en="x").status == 422
    editor.submit(name_de="Neues", name_en="New")
    topic = session.scalars(select(Topic).where(Topic.name_de == "Neues")).one()
    editor.open(f"/redaktion/literatur/themen/{topic.id}")
    editor.submit("#topic-form", name_de="Anderes", name_en="Other")
    assert "Anderes" in editor.page.text()
    editor.open(f"/redaktion/literatur/themen/{article.topics[0].id}")
    editor.submit('form[action$="/loeschen"]')
    session.expire_all()
    assert len(article.topics) == 4


def upload(browser: Browser, content: bytes) -> None:
    """Choose a file and look at it."""
    browser.open("/redaktion/literatur/import")
    fields: Mapping[str, Any] = browser.page.fields()
    files = {"file": (io.BytesIO(content), "literatur.bib")}
    browser._see(browser.client.post("/redaktion/literatur/import", data={**fields, **files}))


def test_two_hundred_records_with_duplicates(editor: Browser, session: Session, article: Record) -> None:
    upload(editor, BIBTEX.encode())
    assert editor.page.text(".lead") == ("190 neu, 1 schon da (gleiche DOI), 9 doppelt in der Datei (gleiche DOI).")
    values = editor.page.fields(button="Aufnehmen")
    assert len(values["taken"]) == 190
    editor.submit(button="Aufnehmen")
    assert "190 Einträge sind aufgenommen" in editor.page.text()
    assert total(session) == 191
    assert session.scalar(select(func.count()).where(Record.state == PUBLIC)) == 1
    editor.client.post("/redaktion/literatur/import", data=values)
    assert total(session) == 191, "posted twice, it is one import"
    assert session.scalar(select(func.count()).select_from(RecordImport)) == 1
    editor.submit('form[action$="/freigeben"]')
    assert "190 Einträge sind jetzt öffentlich" in editor.page.text()


@pytest.mark.one_database
def test_pasted_text_possible_duplicates_and_faulty_records(editor: Browser, session: Session) -> None:
    known = published(session, "Ein Titel", issued=(2020,))
    editor.open("/redaktion/literatur/import")
    page = editor.submit(
        pasted="TY  - JOUR\nAU  - Beispiel, A.\nTI  - Ein  TITEL!\nPY  - 2020\nER  - \n"
        "TY  - JOUR\nAU  - Ohne, Titel\nER  - \nTY  - JOUR\nTI  - <b>Neu</b>\nER  -"
    )
    assert page.texts(".tag") == ["vielleicht doppelt", "fehlerhaft", "neu"]
    assert page.has(f'a[href="/redaktion/literatur/{known.id}"]')
    assert "Der Titel fehlt" in page.text(".import-list__remark")
    assert "<b>Neu" not in page.response.text
    page = editor.submit(button="Aufnehmen", taken=["0", "1", "2", "99"], state="public")
    assert "2 Einträge sind aufgenommen" in page.text()
    assert session.scalar(select(func.count()).where(Record.state == PUBLIC)) == 3


@pytest.mark.one_database
def test_a_preview_that_was_tampered_with_is_refused(editor: Browser, session: Session) -> None:
    editor.open("/redaktion/literatur/import")
    editor.submit(pasted="@misc{a, title={Beispiel}}")
    token = str(editor.page.attribute("input[name=preview]", "value"))
    assert editor.submit(button="Aufnehmen", taken=False).status == 422
    for wrong in (token[:-2], "x", token.replace(token[5], "A", 1)):
        editor.open("/redaktion/literatur/import")
        editor.submit(pasted="@misc{a, title={Beispiel}}")
        page = editor.submit(button="Aufnehmen", preview=wrong)
        assert (page.status, "gilt nicht mehr" in page.text()) == (422, True)
    assert total(session) == 0


@pytest.mark.one_database
def test_what_is_no_file_of_references_says_so(editor: Browser) -> None:
    for content in (b"", b"Ein Brief", b"\x00\xff", b"@misc{a, title=" + b"{" * 1000):
        upload(editor, content)
        assert editor.page.status == 422
        assert editor.page.has(".error-summary")


@pytest.mark.one_database
def test_the_command_adds_what_is_shipped(app: Flask, session: Session) -> None:
    runner = app.test_cli_runner()
    assert "1 von 1" in runner.invoke(args=["literature", "load"]).output
    assert "0 von 1" in runner.invoke(args=["literature", "load"]).output
    session.rollback()
    assert total(session) == 1
