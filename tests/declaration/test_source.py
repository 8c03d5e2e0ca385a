"""The files of a revision: what they say, and what is said when they cannot be read."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.config import ROOT
from portal.content import ContentError
from portal.declaration.source import (
    RevisionSource,
    TextSource,
    ThesisSource,
    as_markdown,
    numbers,
    parse,
    read_revision,
)
from portal.text.normalise import multi_line, single_line
from tests.declaration.conftest import REVISIONS

GOOD = """---
title: "Testerklärung"
date: 2024-01-15
label: original
note: "Erste Testfassung."
---

Vorrede.

## 1. Kurze Wege {#wege}

Der Weg ist kurz.

### Zwischenüberschrift

## 2. {#pausen}

Pausen sind gut.

## Schluss

Ende.
"""


def test_a_file_is_understood() -> None:
    text = parse(GOOD, "de", "de.md")
    assert text == TextSource(
        language="de",
        title="Testerklärung",
        dated=date(2024, 1, 15),
        label="original",
        note="Erste Testfassung.",
        origin="",
        preamble="Vorrede.",
        theses=(
            ThesisSource("wege", "Kurze Wege", "Der Weg ist kurz.\n\n### Zwischenüberschrift"),
            ThesisSource("pausen", "", "Pausen sind gut."),
        ),
        closing="Ende.",
    )


@pytest.mark.parametrize(
    "variant",
    [
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\r"),
        GOOD.replace("kurz.", "kurz.   "),
        GOOD.replace("## 1.", "##  1)").replace("{#wege}", "{#wege}  "),
        GOOD.replace("Schluss", "Closing"),
        GOOD.replace("Vorrede.", "Vor\u200brede.\u202e"),
    ],
)
def test_how_an_editor_saves_it_does_not_matter(variant: str) -> None:
    assert parse(variant, "de", "de.md") == parse(GOOD, "de", "de.md")


@pytest.mark.parametrize(
    ("old", "new", "line", "remedy"),
    [
        ("---\ntitle", "title", "Zeile 1", "drei Strichen"),
        ('Testfassung."\n---', 'Testfassung."', "", "zweite Zeile aus drei Strichen"),
        ('title: "Testerklärung"', "title: Erklärung: Test", "Zeile 2", "Anführungszeichen"),
        ('title: "Testerklärung"', "", "title braucht", "höchstens 200"),
        ('title: "Testerklärung"', "titel: Test", "Zeile 2", "Möglich sind: title"),
        ("2024-01-15", "15.1.2024", "Zeile 3", "2023-02-08"),
        ("2024-01-15", "2024-02-30", "", "Diesen Tag gibt es nicht"),
        ("label: original", "label: neu", "Zeile 4", "summary"),
        ('"Erste Testfassung."', '""', "Zeile 5", "was sich geändert hat"),
        ("Vorrede.", "# Titel", "Zeile 8", "###"),
        ("### Zwischen", "## Zwischen", "Zeile 14", "Zwischenüberschriften beginnen mit ###"),
        ("## 2.", "## 3.", "Zeile 16", "These 2 stehen, nicht 3"),
        (" {#pausen}", "", "Zeile 16", "{#name}"),
        ("{#pausen}", "{#Pausen & mehr}", "Zeile 16", "a–z"),
        ("{#pausen}", "{#p" + "a" * 48 + "}", "Zeile 16", "höchstens 48"),
        ("{#pausen}", "{#wege}", "Zeile 16", "Zeile 10"),
        ("## 2. ", "## 2. " + "x" * 201 + " ", "Zeile 16", "200 Zeichen"),
        ("Pausen sind gut.", "", "Zeile 16", "hat keinen Text"),
        ("Ende.", "## 3. Nachtrag {#nachtrag}\n\nText", "Zeile 22", "Nach dem Schluss (Zeile 20)"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_remedy(old: str, new: str, line: str, remedy: str) -> None:
    assert old in GOOD
    with pytest.raises(ContentError) as error:
        parse(GOOD.replace(old, new, 1), "de", "content/declaration/1/de.md")
    message = str(error.value)
    assert message.startswith("content/declaration/1/de.md")
    assert line in message
    assert remedy in message


def test_without_a_thesis_there_is_no_declaration() -> None:
    with pytest.raises(ContentError, match="Es fehlt die erste These"):
        parse(GOOD[: GOOD.index("## 1.")], "de", "de.md")


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "de.md").write_bytes(GOOD.encode("cp1252"))
    with pytest.raises(ContentError, match=r"de\.md, Zeile 2: .* UTF-8"):
        read_revision(tmp_path, 1)


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "0").mkdir()
    (tmp_path / "entwurf").mkdir()
    assert numbers(tmp_path) == [7]
    with pytest.raises(ContentError, match=r"Es fehlt mindestens die Datei de\.md"):
        read_revision(tmp_path, 7)


LINE = st.text(max_size=40).map(single_line)
TEXT = st.text(max_size=80).map(lambda text: multi_line(text.replace("#", "")))
SOME_LINE = LINE.filter(bool)
HEADING = LINE.filter(lambda line: "{#" not in line)


@given(
    st.builds(
        TextSource,
        language=st.sampled_from(["de", "en"]),
        title=SOME_LINE,
        dated=st.dates(min_value=date(1000, 1, 1)),
        label=st.sampled_from(["summary", "original", "revised"]),
        note=SOME_LINE,
        origin=LINE,
        preamble=TEXT,
        theses=st.lists(st.tuples(HEADING, TEXT.filter(bool)), min_size=1, max_size=3).map(
            lambda theses: tuple(ThesisSource(f"key-{place}", *thesis) for place, thesis in enumerate(theses))
        ),
        closing=TEXT,
    )
)
def test_the_canonical_form_says_the_same_again(text: TextSource) -> None:
    assert parse(as_markdown(text), text.language, "x") == text


def test_the_hash_is_that_of_the_joined_canonical_files() -> None:
    revision = read_revision(REVISIONS, 1)
    assert revision.sha256 == "267174296dc86be6606a0c923c0230661676057bdc1078b0ed8733e230b0ffd7"


def test_each_word_in_each_language_counts_for_the_hash() -> None:
    revision = read_revision(REVISIONS, 1)
    english = revision.texts["en"]
    changed = replace(english, theses=(replace(english.theses[0], text="Other words."), *english.theses[1:]))
    assert RevisionSource(1, {**revision.texts, "en": changed}).sha256 != revision.sha256


def test_the_shipped_declaration_is_a_labelled_summary_in_both_languages() -> None:
    root = ROOT / "content" / "declaration"
    assert numbers(root) == [1]
    revision = read_revision(root, 1)
    assert set(revision.texts) == {"de", "en"}
    for language, text in revision.texts.items():
        assert text.label == "summary"
        assert len(text.theses) == 1
        assert (root / "1" / f"{language}.md").read_text(encoding="utf-8") == as_markdown(text)
    assert "Lücke" in revision.texts["de"].closing
    assert "gap" in revision.texts["en"].closing
