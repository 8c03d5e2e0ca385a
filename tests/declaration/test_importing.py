"""An organiser's document, in whatever form it comes, becomes theses with lasting ids."""

from pathlib import Path
from typing import Any

import docx
import pytest
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from hypothesis import given
from hypothesis import strategies as st

from portal.content import ContentError
from portal.declaration.importing import Understood, escaped, read_document, understand, with_keys
from portal.declaration.source import ThesisSource, read_revision
from portal.text.markdown import plain_text
from portal.text.normalise import multi_line
from tests.declaration.conftest import REVISIONS

WRAPPED = """Testerklärung

Präambel

Wir prüfen das Einlesen von Texten, die Klient*innen und
_andere_ betreffen, und brechen die Zeilen dabei von Hand
um.

Feststellungen

1. Homeoffice soll überall dort möglich sein, wo die
   Leistung keine Anwesenheit braucht.
2. Geräte sollen funktionieren. Dazu gehören:
   - Telefone
   - Rechner
3. Der Vertrag, von dem hier die Rede ist, stammt von
1990. Damals galt anderes.

Schluss

Das war die Prüfung.
"""

UNWRAPPED = """Testerklärung
Hier steht eine Vorrede in einer langen Zeile. So schreibt eine Textverarbeitung, die beim Speichern nicht umbricht.
These 1: Erste Überschrift
Der Text der ersten These steht ebenfalls in einer Zeile. Er enthält außerdem eine Aufzählung mit Zahlen:
1. Unterpunkt eins
2. Unterpunkt zwei
These 2 – Zweite Überschrift
Der Text der zweiten These.
"""

MARKDOWN = """# Testerklärung

Vorrede mit **Fettem**.

## These 1: Erste Überschrift {#eigener-name}

Der Text.

### Darunter

- a
- b

## These 2: Zweite Überschrift

Noch ein Text.

## Ausblick

Das Ende.
"""


def understood(folder: Path, name: str, content: str, encoding: str = "utf-8") -> Understood:
    path = folder / name
    path.write_text(content, encoding=encoding)
    return understand(read_document(path))


def said(found: Understood) -> list[tuple[str, str]]:
    return [(thesis.heading, thesis.text) for thesis in found.theses]


def test_plain_text_with_wrapped_lines(tmp_path: Path) -> None:
    found = understood(tmp_path, "erklaerung.txt", WRAPPED)
    assert found.title == "Testerklärung"
    assert found.preamble == (
        "Wir prüfen das Einlesen von Texten, die Klient\\*innen und\n"
        "\\_andere\\_ betreffen, und brechen die Zeilen dabei von Hand\num.\n\nFeststellungen"
    )
    assert said(found) == [
        ("", "Homeoffice soll überall dort möglich sein, wo die\nLeistung keine Anwesenheit braucht."),
        ("", "Geräte sollen funktionieren. Dazu gehören:\n\n- Telefone\n- Rechner"),
        ("", "Der Vertrag, von dem hier die Rede ist, stammt von\n1990\\. Damals galt anderes."),
    ]
    assert found.closing == "Das war die Prüfung."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_plain_text_with_a_paragraph_per_line(tmp_path: Path, encoding: str) -> None:
    found = understood(tmp_path, "erklaerung.txt", UNWRAPPED, encoding)
    assert found.preamble.startswith("Hier steht eine Vorrede")
    assert said(found) == [
        (
            "Erste Überschrift",
            "Der Text der ersten These steht ebenfalls in einer Zeile. Er enthält außerdem eine Aufzählung mit Zahlen:"
            "\n\n1. Unterpunkt eins\n2. Unterpunkt zwei",
        ),
        ("Zweite Überschrift", "Der Text der zweiten These."),
    ]
    assert bool(found.warnings) is (encoding == "cp1252")


def test_markdown(tmp_path: Path) -> None:
    found = understood(tmp_path, "erklaerung.md", MARKDOWN)
    assert (found.title, found.preamble, found.closing) == ("Testerklärung", "Vorrede mit **Fettem**.", "Das Ende.")
    assert said(found) == [
        ("Erste Überschrift", "Der Text.\n\n### Darunter\n\n- a\n- b"),
        ("Zweite Überschrift", "Noch ein Text."),
    ]
    assert [thesis.key for thesis in with_keys(found.theses)] == ["eigener-name", "zweite-ueberschrift"]


WAYS_TO_NUMBER = ["1. ", "1) ", "These 1: ", "These 1. ", "THESE 1 – ", "Feststellung 1: ", "Thesis 1: "]


@pytest.mark.parametrize(
    ("name", "start"),
    [(name, start) for name in ("a.md", "a.txt") for start in WAYS_TO_NUMBER]
    + [("a.md", start) for start in ("**1.** ", "**These 1:** ", "## 1. ", "### These 1: ")],
)
def test_ways_to_number(tmp_path: Path, name: str, start: str) -> None:
    lines = "\n\n".join(f"{start.replace('1', str(number))}Satz Nummer {number}." for number in (1, 2, 3))
    found = understood(tmp_path, name, f"Titel\n\nVorrede.\n\n{lines}\n")
    assert said(found) == [("", f"Satz Nummer {number}.") for number in (1, 2, 3)]


def test_a_document_without_theses_says_how_they_look(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="nummerierten Thesen"):
        understood(tmp_path, "erklaerung.txt", "Titel\n\nNur Text.\n")


@pytest.mark.parametrize(
    ("name", "words"), [("a.pdf", "als .docx"), ("a.docx", "kein lesbares Word"), ("a.doc", "als .docx")]
)
def test_other_files_are_refused_with_a_remedy(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / name).write_bytes(b"%PDF-1.7 is not a declaration")
    with pytest.raises(ContentError, match=words):
        read_document(tmp_path / name)


def test_a_file_in_the_portals_own_format_is_recognised() -> None:
    with pytest.raises(ContentError, match="schon das Format des Portals"):
        read_document(REVISIONS / "1" / "de.md")


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters="<"), max_size=60))
def test_plain_text_is_shown_as_it_was_typed(typed: str) -> None:
    line = " ".join(multi_line(typed).split())
    assert plain_text(escaped(line)) == line


# ---- Word


def numbering(document: Any, *, form: str = "decimal", text: str = "%1.", start: int = 1) -> str:
    """Add an automatic numbering to the document, as Word does; the number of it."""
    root = document.part.numbering_part.element
    number = str(900 + len(root))
    abstract = OxmlElement("w:abstractNum")
    abstract.set(qn("w:abstractNumId"), number)
    level = OxmlElement("w:lvl")
    level.set(qn("w:ilvl"), "0")
    for tag, value in (("w:start", str(start)), ("w:numFmt", form), ("w:lvlText", text)):
        child = OxmlElement(tag)
        child.set(qn("w:val"), value)
        level.append(child)
    abstract.append(level)
    root.insert(0, abstract)
    instance = OxmlElement("w:num")
    instance.set(qn("w:numId"), number)
    reference = OxmlElement("w:abstractNumId")
    reference.set(qn("w:val"), number)
    instance.append(reference)
    root.append(instance)
    return number


def number_paragraph(paragraph: Any, number: str) -> None:
    properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
    properties.get_or_add_numId().val = int(number)
    properties.get_or_add_ilvl().val = 0


def saved(document: Any, folder: Path) -> Path:
    path = folder / "erklaerung.docx"
    document.save(str(path))
    return path


def test_word_with_automatic_numbering(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Testerklärung", 0)
    document.add_paragraph("Vorrede über Klient*innen.")
    number, bullet = numbering(document, text="These %1:"), numbering(document, form="bullet", text="•")
    for words in ("Der Weg ist kurz.", "Pausen sind gut:", "Werkzeug hilft."):
        number_paragraph(document.add_paragraph(words), number)
        if words.endswith(":"):
            number_paragraph(document.add_paragraph("am Vormittag"), bullet)
            number_paragraph(document.add_paragraph("am Nachmittag"), bullet)
    document.add_heading("Schluss", 1)
    document.add_paragraph("Das war die Prüfung.")
    found = understand(read_document(saved(document, tmp_path)))
    assert (found.title, found.preamble) == ("Testerklärung", "Vorrede über Klient\\*innen.")
    assert said(found) == [
        ("", "Der Weg ist kurz."),
        ("", "Pausen sind gut:\n\n- am Vormittag\n- am Nachmittag"),
        ("", "Werkzeug hilft."),
    ]
    assert found.closing == "Das war die Prüfung."
    assert found.warnings == ()


def test_word_with_a_numbered_list_style(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Testerklärung", style="Title")
    for words in ("Der Weg ist kurz.", "Pausen sind gut."):
        document.add_paragraph(words, style="List Number")
    document.add_paragraph("Essen, im Januar")
    found = understand(read_document(saved(document, tmp_path)))
    assert said(found) == [("", "Der Weg ist kurz."), ("", "Pausen sind gut.")]
    assert found.closing == "Essen, im Januar"


def test_word_with_typed_numbers_and_headings(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Testerklärung", 0)
    for number in (1, 2):
        document.add_heading(f"These {number}: Überschrift {number}", 2)
        document.add_paragraph(f"Text {number}.")
        document.add_paragraph("1. Unterpunkt")
    found = understand(read_document(saved(document, tmp_path)))
    assert said(found) == [(f"Überschrift {number}", f"Text {number}.\n\n1. Unterpunkt") for number in (1, 2)]


def test_word_with_tracked_changes_reads_as_if_accepted(tmp_path: Path) -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("1. Der Weg ist ")
    for tag, text_tag, words in (("w:del", "w:delText", "lang"), ("w:ins", "w:t", "kurz")):
        change, run, text = OxmlElement(tag), OxmlElement("w:r"), OxmlElement(text_tag)
        text.text = words
        run.append(text)
        change.append(run)
        paragraph._p.append(change)
    document.add_table(1, 1).cell(0, 0).text = "Tabelle"
    found = understand(read_document(saved(document, tmp_path)))
    assert said(found) == [("", "Der Weg ist kurz")]
    assert [warning.split()[0] for warning in found.warnings] == ["Tabellen", "Das"]


# ---- Ids


PREVIOUS = read_revision(REVISIONS, 2).texts["de"].theses


def unnamed(*words: str) -> list[ThesisSource]:
    return [ThesisSource("", "", text) for text in words]


def test_a_thesis_keeps_its_id_where_its_words_are_recognised() -> None:
    theses = unnamed(
        PREVIOUS[3].text,
        "Etwas völlig Neues über Fenster.",
        "Wege zum Prüfstand sollen sehr kurz und sicher sein. Das nützt allen Prüfer:innen.",
    )
    assert [one.key for one in with_keys(theses, previous=PREVIOUS)] == [
        "werkzeug",
        "etwas-voellig-neues-ueber",
        "wege",
    ]


def test_one_id_goes_to_one_thesis_only() -> None:
    keys = [one.key for one in with_keys(unnamed(PREVIOUS[1].text, PREVIOUS[1].text), previous=PREVIOUS)]
    assert keys.count("licht") == 1
    assert len(set(keys)) == 2


def test_a_new_id_was_never_used_before() -> None:
    assert [one.key for one in with_keys(unnamed("Wege wege."), taken={"wege-wege"})] == ["wege-wege-2"]
    assert [one.key for one in with_keys(unnamed("1 2 3", "ßß"))] == ["these-1", "ssss"]


def test_a_translation_has_the_ids_of_the_original() -> None:
    theses = unnamed("One.", "Two.", "Three.", "Four.")
    assert [one.key for one in with_keys(theses, translated=PREVIOUS)] == [one.key for one in PREVIOUS]
