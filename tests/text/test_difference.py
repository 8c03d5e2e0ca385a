"""The word-level difference: complete, and such that one can read it."""

import time
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from portal.text.difference import difference, similarity

WORDS = st.text(st.sampled_from("ab .,:\n"), max_size=60) | st.text(max_size=40)


def joined(old: str, new: str, *kinds: str) -> str:
    return "".join(passage.words for passage in difference(old, new) if passage.kind in kinds)


@given(WORDS, WORDS)
def test_nothing_is_lost_and_nothing_invented(old: str, new: str) -> None:
    assert joined(old, new, "equal", "removed") == old
    assert joined(old, new, "equal", "added") == new
    kinds = [passage.kind for passage in difference(old, new)]
    assert all(one != following for one, following in pairwise(kinds))
    assert all(passage.words for passage in difference(old, new))


@given(WORDS)
def test_equal_texts_have_no_difference(text: str) -> None:
    assert all(passage.kind == "equal" for passage in difference(text, text))


def test_a_rewritten_sentence_is_one_change() -> None:
    assert difference("Das ist ein alter Satz, der gut ist.", "Das ist ein ganz neuer Text, der gut ist.") == (
        ("equal", "Das ist ein "),
        ("removed", "alter Satz"),
        ("added", "ganz neuer Text"),
        ("equal", ", der gut ist."),
    )


def test_a_word_with_a_colon_inside_is_one_word() -> None:
    assert difference("Die Referenten sprechen.", "Die Referent:innen sprechen.") == (
        ("equal", "Die "),
        ("removed", "Referenten"),
        ("added", "Referent:innen"),
        ("equal", " sprechen."),
    )


def test_white_space_counts() -> None:
    assert difference("a\n\nb", "a b") != difference("a b", "a b")


def test_similarity_looks_at_words_only() -> None:
    assert similarity("Ein  Satz\nüber Licht", "ein Satz über Licht") == 1.0
    assert similarity("Ein Satz über Licht", "Ganz andere Worte hier") == 0.0


def test_a_long_declaration_is_compared_quickly() -> None:
    old = " ".join(f"Wort{number % 400}, und" for number in range(1000))
    new = old.replace("Wort7,", "Satz7,")
    started = time.perf_counter()
    assert joined(old, new, "equal", "added") == new
    assert time.perf_counter() - started < 20
