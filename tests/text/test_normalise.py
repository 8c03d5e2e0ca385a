"""Text in normal form: nothing invisible, nothing that spills over, everything else as it was written."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.text.normalise import MARKS_PER_BASE, multi_line, single_line


@pytest.mark.parametrize(
    "name", ["Müller-Özdemir", "O'Neill", "Søren ẞ", "Nguyễn Thị Ánh", "José María", "李小龙", "דוד"]
)
def test_names_survive_unchanged(name: str) -> None:
    assert single_line(name) == name


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Anna\u202egnalb\u202c", "Annagnalb"),
        ("\u2066Anna\u2069 \u200eB\u200f", "Anna B"),
        ("An\u200bna\ufeff\u2060\u200c\u200d\u00ad", "Anna"),
        ("A\x00n\x07na\x1b[31m\x7f\x9b", "Anna[31m"),
        ("  Anna\t\u00a0 B.\r\n\u2028C.\x0bD.  ", "Anna B. C. D."),
        ("Mu\u0308ller", "Müller"),
        ("A\u200b\u0308", "Ä"),
        ("A\ud800nna", "Anna"),
        ("\U000e0041\U000e0042Anna\U000e007f", "Anna"),
        ("\u3164\u115f\u2800", ""),
        ("An\ufe0fn\ufe00a\U000e0100\u180b", "Anna"),
        ("Anna\uffff\ufffe\ufdd0\ufffc", "Anna"),
        ("An\U0001bca0na\u061c\u2066", "Anna"),
        ("1\u200b\u20e3", "1\u20e3"),
    ],
)
def test_what_cannot_be_seen_is_removed(typed: str, kept: str) -> None:
    assert single_line(typed) == kept


@pytest.mark.parametrize("emoji", ["👩‍💻", "👩🏽‍⚕️", "🏳️‍🌈", "👨‍👩‍👧‍👦", "❤️‍🔥", "🐻‍❄️", "1️⃣", "#️⃣", "☀️", "🇩🇪"])
def test_emoji_stay_whole(emoji: str) -> None:
    assert single_line(f"Anna {emoji}") == f"Anna {emoji}"


def test_a_joiner_between_letters_goes() -> None:
    assert single_line("a\u200db 👩\u200d x") == "ab 👩 x"


def test_zalgo_is_cut_to_three_marks() -> None:
    marks = "".join(chr(0x0300 + offset) for offset in range(0x30))
    kept = single_line(f"X{marks}a")
    assert (kept[0], kept[-1]) == ("X", "a")
    assert len(kept) == 2 + MARKS_PER_BASE


@pytest.mark.parametrize("marks", ["\u0308\u20dd\u0336", "\u0488\u0489", "\u0e47", "\ufe0f"])
def test_zalgo_of_any_kind_is_cut(marks: str) -> None:
    """Edge case 17: also of enclosing marks, of those of other scripts, and of what cannot be seen at all."""
    for base in ("X", "☀", "น", "\u0308"):
        for normal in (single_line, multi_line):
            assert len(normal(base + marks * 40)) <= 1 + MARKS_PER_BASE


def test_lines_keep_their_markdown() -> None:
    typed = "\n\nEins  \r\n\r\n    Code\rZwei\u2028Drei\x85\n\n\n\n\n\tVier  "
    assert multi_line(typed) == "Eins\n\n    Code\nZwei\nDrei\n\n\n\tVier"


TRICKS = (
    "a1#☀👩💻n\u0308\u0301\ufe0f\ufe00\u20e3\u200b\u200c\u200d\u202e\u2066\u2800\ufeff\U0001f3fd\U000e0101\uffff \n\t\r"
)


@given(st.text() | st.text(st.sampled_from(TRICKS)))
def test_normal_form_is_stable_and_clean(text: str) -> None:
    for normal in (single_line, multi_line):
        once = normal(text)
        assert normal(once) == once
        assert unicodedata.is_normalized("NFC", once)
        assert all(character in "\t\n" or unicodedata.category(character) not in {"Cc", "Cs"} for character in once)
        run = 0
        assert not set(once) & set("\u200b\u200c\u202e\u2066\u2800\ufe00\ufeff\U000e0101\uffff")
        for character in once:
            run = run + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
            assert run <= MARKS_PER_BASE
    assert single_line(text) == " ".join(single_line(text).split())


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"])))
def test_visible_words_are_never_lost(text: str) -> None:
    fillers = "\u115f\u1160\u17b4\u17b5\u3164\uffa0"
    expected = "".join(character for character in text if character not in fillers)
    assert multi_line(text).split() == unicodedata.normalize("NFC", expected).split()
