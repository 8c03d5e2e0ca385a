"""What changed between two texts, word by word."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Literal, NamedTuple

# A word keeps what stands inside it: Referent:innen, Dortmund-Essener, 0342-300X, z.B.
_TOKEN = re.compile(r"\s+|\w+(?:[:*_./'’-]\w+)*|[^\w\s]")

Kind = Literal["equal", "removed", "added"]


class Passage(NamedTuple):
    """A run of words, with the white space and punctuation between them, that both texts share or only one has."""

    kind: Kind
    words: str


@lru_cache(maxsize=1024)
def difference(old: str, new: str) -> tuple[Passage, ...]:
    """The passages that lead from `old` to `new`.

    The equal and removed passages, joined, are exactly `old`; the equal and added ones exactly `new`. Where something
    was replaced, what was removed comes first. Two neighbouring passages are never of the same kind.
    """
    return tuple(_passages(_TOKEN.findall(old), _TOKEN.findall(new)))


def similarity(one: str, other: str) -> float:
    """How much two texts have in common, from 0.0 (nothing) to 1.0 (the same words in the same order)."""
    old, new = _words(one), _words(other)
    return 1.0 if old == new else SequenceMatcher(None, old, new).ratio()


def _words(text: str) -> list[str]:
    return [token for token in _TOKEN.findall(text.casefold()) if not token.isspace()]


def _passages(old: Sequence[str], new: Sequence[str]) -> Iterator[Passage]:
    """Matches on words, never on the space between them, so that a rewritten sentence is not cut to ribbons.

    In long texts the most frequent words begin no match either (difflib's autojunk): without that, a text that repeats
    itself takes minutes.
    """
    equal, removed, added = "", "", ""
    for kind, i, j, k, m in SequenceMatcher(str.isspace, old, new).get_opcodes():
        before, after = "".join(old[i:j]), "".join(new[k:m])
        changing = removed != added
        if kind != "equal" or (changing and before.isspace()):
            removed, added = removed + before, added + after
        elif changing:
            yield from _passage(equal, removed, added)
            equal, removed, added = before, "", ""
        else:
            equal, removed, added = equal + removed + before, "", ""
    if removed == added:
        equal, removed, added = equal + removed, "", ""
    yield from _passage(equal, removed, added)


def _passage(equal: str, removed: str, added: str) -> Iterator[Passage]:
    if equal:
        yield Passage("equal", equal)
    if removed:
        yield Passage("removed", removed)
    if added:
        yield Passage("added", added)
