"""How words are compared, and how what was found is shown."""

import pytest

from portal.search.words import MOST_WORDS, asked_for, folded, marked, snippet, stem


@pytest.mark.parametrize(
    "word", ["Jugendamt", "jugendämter", "JUGENDÄMTERN", "Jugendaemter", "Jugenda\u0308mter", "Jugendamts"]
)
def test_one_stem_for_each_way_to_write_a_word(word: str) -> None:
    assert stem(folded(word, "de"), "de") == "jugendamt"


@pytest.mark.parametrize(
    ("one", "other"), [("Straße", "STRASSE"), ("Café", "cafe"), ("neue", "neuen"), ("Özdemir", "Oezdemir")]
)
def test_what_is_the_same_word_to_people(one: str, other: str) -> None:
    assert stem(folded(one, "de"), "de") == stem(folded(other, "de"), "de")


def test_vowels_that_are_no_umlaut_are_left_alone() -> None:
    assert [folded(word, "de") for word in ("Quelle", "Feuer", "neue")] == ["quelle", "feuer", "neue"]


def test_a_question_is_what_can_be_found_by() -> None:
    assert asked_for("Die „Jugend-Ämter“ & das Kind (2023)!", "de") == ["jugend", "ämter", "kind", "2023"]
    assert asked_for("die und der", "de") == []
    assert len(asked_for(" ".join(f"wort{number}" for number in range(1000)), "de")) == MOST_WORDS
    assert [len(word) for word in asked_for("x" * 5000, "de")] == [40]


def test_what_was_looked_for_is_marked_in_every_form() -> None:
    parts = marked("Jugendämter und das Jugendamt, nicht die Jugend.", ["jugendamt"], "de")
    assert [text for text, wanted in parts if wanted] == ["Jugendämter", "Jugendamt"]
    assert "".join(text for text, _ in parts) == "Jugendämter und das Jugendamt, nicht die Jugend."
    assert [text for text, wanted in marked("Jugendhilfe", ["jugend"], "de") if wanted] == ["Jugendhilfe"]
    assert [text for text, wanted in marked("Das Amt ist amtlich", ["amt"], "de") if wanted] == ["Amt"], (
        "short words find only themselves"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Das Jugendamt hilft.", "Das Jugendamt hilft."),
        ("Jugendamt " + "Füllwort " * 9, "Jugendamt Füllwort Füllwort Füllwort …"),
        ("Füllwort " * 9 + "Jugendamt", "… Füllwort Jugendamt"),
        ("Füllwort " * 9 + "Jugendamt" + " Füllwort" * 9, "… Füllwort Jugendamt Füllwort Füllwort …"),
        ("Füllwort " * 9 + "· Jugendamt im · Füllwort " + "· Füllwort " * 9, "… Jugendamt im · Füllwort · Füllwort …"),
    ],
)
def test_a_snippet_is_cut_between_words(text: str, shown: str) -> None:
    assert "".join(part for part, _ in snippet(text, ["jugendamt"], "de", 40)) == shown


def test_a_snippet_shows_the_place_and_not_the_beginning() -> None:
    text = "Füllwort " * 200 + "hier steht das Jugendamt im Satz " + "Füllwort " * 200
    parts = snippet(text, ["jugendamt"], "de")
    shown = "".join(part for part, _ in parts)
    assert ("Jugendamt", True) in parts
    assert shown.startswith("… ")
    assert shown.endswith(" …")
    assert len(shown) < 260
    assert "".join(part for part, _ in snippet("x" * 1000, ["y"], "de"))
