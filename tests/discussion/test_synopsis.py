"""The synopsis: thesis by thesis, only what is public, as a page, a Word document and a table."""

import csv
import io
import zipfile

import docx
import pytest
from docx.document import Document
from docx.oxml.ns import qn
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.discussion import synopsis as synopsis_module
from portal.discussion import word
from portal.discussion.models import Comment
from portal.discussion.synopsis import Synopsis, synopsis
from portal.organisers.models import AuditEntry
from tests.browser import Browser
from tests.discussion.seeded import SECRET, answer, seed, settle
from tests.discussion.written import NOON, organiser, written
from tests.office import Office
from tests.revisions import publish_revision

PATH = "/redaktion/synopse"


@pytest.fixture
def public(session: Session) -> list[Comment]:
    """The comments that everybody can read, of a discussion in which everything occurs."""
    return seed(session)


def made(session: Session) -> Synopsis:
    found = synopsis(session, NOON)
    assert found is not None
    return found


def document(app: Flask, session: Session) -> Document:
    found = made(session)
    with app.test_request_context():
        return docx.Document(io.BytesIO(word.word_document(found)))


def words_of(document: Document) -> str:
    """Everything that can be read in the document."""
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def test_theses_come_in_the_order_of_the_revision_then_what_is_gone_then_the_whole(
    session: Session, public: list[Comment]
) -> None:
    parts = made(session).parts
    assert [part.topic.key for part in parts] == ["technik", "ort", "neu", "alt", None]
    assert [[comment.id for comment in part.comments if not comment.gone] for part in parts] == [
        [public[6].id],
        [public[0].id, public[1].id, public[2].id, public[3].id],
        [],
        [public[4].id],
        [public[5].id],
    ]
    assert [part.open for part in parts] == [1, 3, 0, 0, 1]


def test_earlier_words_are_shown_where_comments_speak_of_them(session: Session, public: list[Comment]) -> None:
    assert public
    technik, ort, _neu, alt, whole = made(session).parts
    assert [(one.revision.number, one.text) for one in ort.wordings] == [
        (2, "Überall, wo eine Leistung es zulässt, soll man außerhalb arbeiten können."),
        (1, "Wo es geht, soll man **außerhalb des Büros** arbeiten können."),
    ]
    assert [one.revision.number for one in technik.wordings] == [2]
    assert [one.revision.number for one in alt.wordings] == [1]
    assert whole.wordings == ()


def test_many_threads_all_come(session: Session) -> None:
    """More than are read at once."""
    revision = publish_revision(session)
    for number in range(7):
        written(session, revision, text=f"Nummer {number}.")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synopsis_module, "THREADS_AT_ONCE", 3)
        (test, _whole) = made(session).parts
    assert [comment.html for comment in test.comments] == [f"<p>Nummer {number}.</p>" for number in range(7)]


def test_nothing_that_is_not_public_is_in_any_form_of_it(
    app: Flask, session: Session, public: list[Comment], office: Office
) -> None:
    """Edge case 21."""
    editor = office("editor")
    shown = editor.open(PATH).response.text
    table = download(editor, "csv").text
    content = download(editor, "word").data
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        raw = b"".join(archive.read(name) for name in archive.namelist()).decode("utf-8", "replace")
    for text in (shown, table, raw, words_of(document(app, session))):
        assert SECRET not in text
        assert "joerg@example.org" not in text
    for comment in public:
        assert (comment.name or "") in table.replace("'=", "=")


def test_the_document_has_real_headings_and_header_rows(app: Flask, session: Session, public: list[Comment]) -> None:
    assert public
    written_document = document(app, session)
    headings = [one.text for one in written_document.paragraphs if one.style and one.style.name == "Heading 1"]
    assert headings == [
        "Überblick",
        "These 1: Technik, die hilft",
        "These 2: Arbeiten außerhalb des Büros",
        "These 3: Zeit für Menschen",
        "Entfallene These (zuletzt These 3 in Fassung 1): Was entfällt",
        "Zur Erklärung als Ganzes",
    ]
    assert len(written_document.tables) == 5
    for table in written_document.tables:
        assert table.rows[0]._tr.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None
        assert table._tbl.tblPr.find(qn("w:tblCaption")) is not None


def test_the_document_says_of_each_comment_who_where_and_what_became_of_it(
    app: Flask, session: Session, public: list[Comment]
) -> None:
    assert public
    table = document(app, session).tables[2]
    first, reply, deep, english = ([cell.text for cell in row.cells] for row in table.rows[1:])
    assert first[0] == str(public[0].id)
    assert (
        first[1] == "Ada Beispiel\nFachkraft in der Sozialen Arbeit\n13. Oktober 2026\nzu Fassung 1, seither geändert"
    )
    assert first[2].startswith("Bei uns ist das seit zwei Jahren so")
    assert first[3].split("\n") == [
        "Antwort der Redaktion:",
        "Danke! Den Satz zu Erreichbarkeit nehmen wir auf.",
        "Die Liste auch.",
        "Ergebnis: teilweise übernommen (Fassung 2)",
        "Die feste Zeit steht jetzt darin, die Liste nicht.",
    ]
    assert reply[2] == f"Antwort auf Nr. {public[0].id}\nDas sehen wir auch so."
    assert deep[2] == f"Antwort auf Nr. {public[1].id}\nUnd wer zahlt das?\nWir jedenfalls nicht."
    assert english[1].endswith("zu Fassung 2")


def test_each_text_has_its_language_and_the_document_a_title(
    app: Flask, session: Session, public: list[Comment]
) -> None:
    assert public
    found = document(app, session)
    spoken = {
        run.text: run._r.find(f"{qn('w:rPr')}/{qn('w:lang')}").get(qn("w:val"))
        for table in found.tables[1:]
        for row in table.rows
        for paragraph in row.cells[2].paragraphs
        for run in paragraph.runs
        if run._r.find(f"{qn('w:rPr')}/{qn('w:lang')}") is not None
    }
    assert spoken["Same here, everywhere."] == "en-GB"
    assert spoken["Das sehen wir auch so."] == "de-DE"
    assert {lang.get(qn("w:val")) for lang in found.styles.element.iter(qn("w:lang"))} == {"de-DE"}
    assert found.core_properties.title == "Synopse der Kommentare zu Fassung 2"
    assert found.core_properties.author == "Redaktion der Dortmund-Essener Erklärung"
    assert made(session).revision.sha256 in words_of(found)


MARKED = """Das ist **sehr** wichtig, *wirklich*, siehe [Bericht](https://example.org/bericht) und `nichts`.

- eins
- zwei

1. zuerst
2. dann

> So stand es da.

Und https://example.org/liste dazu."""
READ = [
    "Das ist sehr wichtig, wirklich, siehe Bericht (https://example.org/bericht) und nichts.",
    *("•\teins", "•\tzwei", "1.\tzuerst", "2.\tdann", "So stand es da."),
    "Und https://example.org/liste dazu.",
]


def test_nobody_reads_a_mark_of_markdown_in_the_document(app: Flask, session: Session) -> None:
    """Nor in the organisers' answer; what they typed as plain text stays as it is."""
    comment = written(session, publish_revision(session), text=MARKED)
    answer(session, comment, organiser(session, "editor"), MARKED)
    settle(session, comment, organiser(session, "editor", name="Bea Beispiel"), "noted", "Mit *Stern* getippt.")
    _number, _who, words, said = document(app, session).tables[1].rows[1].cells
    assert [paragraph.text for paragraph in words.paragraphs] == READ
    assert [paragraph.text for paragraph in said.paragraphs] == [
        *("Antwort der Redaktion:", *READ),
        *("Ergebnis: zur Kenntnis genommen", "Mit *Stern* getippt."),
    ]
    first = words.paragraphs[0]
    assert [run.text for run in first.runs if run.bold] == ["sehr"]
    assert [run.text for run in first.runs if run.italic] == ["wirklich"]
    assert [run.text for run in first.runs if run.font.name == word.CODE_FONT] == ["nichts"]
    assert [paragraph.text for paragraph in words.paragraphs if paragraph.style.name == "Quote"] == ["So stand es da."]
    indents = [paragraph.paragraph_format.left_indent for paragraph in words.paragraphs]
    assert [bool(indent) for indent in indents] == [False, True, True, True, True, True, False]


def test_nobody_reads_a_mark_of_markdown_in_the_table(session: Session, office: Office) -> None:
    comment = written(session, publish_revision(session), text=MARKED)
    answer(session, comment, organiser(session, "editor"), "Siehe **[dort](/erklaerung)**.")
    [row] = csv.DictReader(io.StringIO(download(office("editor"), "csv").text.removeprefix("\ufeff")))
    assert "".join(row["Kommentar"].split("\n")) == "".join(
        "> " * (line == "So stand es da.") + line.replace("\t", " ") for line in READ
    )
    assert row["Antwort der Redaktion"] == "Siehe dort (http://portal.test/erklaerung)."


def test_pages_are_landscape_and_numbered(app: Flask, session: Session, public: list[Comment]) -> None:
    assert public
    section = document(app, session).sections[0]
    width, height = section.page_width, section.page_height
    assert width is not None
    assert height is not None
    assert (round(width.mm), round(height.mm)) == (297, 210)
    fields = [one.get(qn("w:instr")) for one in section.footer._element.iter(qn("w:fldSimple"))]
    assert fields == ["PAGE", "NUMPAGES"]


@pytest.mark.parametrize("bad", ["\ufffe", "\uffff", "a\x00b", "\x1f", "\ud800"])
def test_a_character_that_xml_has_no_place_for_does_not_cost_the_document(
    app: Flask, session: Session, bad: str
) -> None:
    assert word._clean(f"vor{bad}nach") in {"vornach", "vorabnach"}
    if bad in {"\ufffe", "\uffff"}:  # What the forms let through, and both databases keep.
        written(session, publish_revision(session), text=f"vor{bad}nach", name=f"A{bad}B")
        assert "vornach" in words_of(document(app, session))


def download(browser: Browser, form: str) -> TestResponse:
    page = browser.open(PATH)
    fields = page.fields(f"#{form}")
    action = page.attribute(f"#{form}", "action")
    return browser.client.post(str(action), data=fields)


def test_the_table_is_inert_and_complete(session: Session, public: list[Comment], office: Office) -> None:
    """Edge case 11."""
    response = download(office("editor"), "csv")
    rows = list(csv.DictReader(io.StringIO(response.text.removeprefix("\ufeff"))))
    assert len(rows) == len(public)
    assert [row["Name"] for row in rows if "HYPERLINK" in row["Name"]] == ["'=HYPERLINK(1)"]
    assert [row["Kommentar"] for row in rows if "gelungen" in row["Kommentar"]] == ["'+ Insgesamt gelungen."]
    ada = next(row for row in rows if row["Name"] == "Ada Beispiel")
    assert ada["These"] == "ort"
    assert ada["Bezug"] == "zu Fassung 1, seither geändert"
    assert ada["Ergebnis"] == "teilweise übernommen"
    assert ada["Übernommen in Fassung"] == "2"
    assert ada["Adresse"] == f"http://portal.test/diskussion/{public[0].id}"


def test_the_page_shows_what_is_open(session: Session, public: list[Comment], office: Office) -> None:
    assert public
    editor = office("editor")
    page = editor.open(PATH)
    assert page.texts("main h2") == [
        "These 1: Technik, die hilft",
        "These 2: Arbeiten außerhalb des Büros",
        "These 3: Zeit für Menschen",
        "Entfallene These (zuletzt These 3 in Fassung 1): Was entfällt",
        "Zur Erklärung als Ganzes",
    ]
    assert len(page.tree.css(".synopsis__said")) == 7
    assert not page.has("main script")
    page = editor.follow("5 ohne Ergebnis")
    assert len(page.tree.css(".synopsis__said")) == 5
    assert "Schade" not in page.text()


def test_an_empty_office_says_so(session: Session, office: Office) -> None:
    editor = office("editor")
    assert "noch keine Fassung" in editor.open(PATH).text()
    publish_revision(session)
    assert editor.open(PATH).texts(".synopsis__part p") != []


def test_downloads_are_in_the_log_and_auditors_take_none(
    session: Session, public: list[Comment], office: Office
) -> None:
    assert public
    for form in ("word", "csv"):
        response = download(office("moderator"), form)
        assert response.status_code == 200
        assert response.headers["Content-Disposition"].startswith("attachment; filename=")
    session.commit()
    entries = session.scalars(select(AuditEntry).where(AuditEntry.act == "synopsis.export")).all()
    assert [entry.detail for entry in entries] == [
        {"format": "docx", "comments": 7},
        {"format": "csv", "comments": 7},
    ]
    page = office("auditor").open(PATH)
    assert page.status == 200
    assert not page.has("#word")
    assert "Herunterladen und schreiben kann, wer die Rolle Textredaktion oder Moderation hat" in page.text(".notice")
    assert "Herunterladen und schreiben kann" not in office("editor").open(PATH).text()
