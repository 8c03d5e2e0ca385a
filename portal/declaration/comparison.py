"""Two revisions beside each other: which theses stayed, moved, came or went, and what changed in their words."""

from dataclasses import dataclass
from typing import Literal

from portal.declaration.models import Revision, Thesis
from portal.text.difference import Passage, difference

State = Literal["unchanged", "changed", "added", "removed"]


@dataclass(frozen=True)
class ThesisComparison:
    """One thesis in both revisions; a number is None in the revision that does not have it."""

    key: str
    old_number: int | None
    new_number: int | None
    heading: tuple[Passage, ...]
    text: tuple[Passage, ...]

    @property
    def state(self) -> State:
        if self.old_number is None:
            return "added"
        if self.new_number is None:
            return "removed"
        return "changed" if _changed(self.heading) or _changed(self.text) else "unchanged"

    @property
    def moved(self) -> bool:
        """Whether it has another number than before."""
        return None not in (self.old_number, self.new_number) and self.old_number != self.new_number


@dataclass(frozen=True)
class Comparison:
    """Everything that two revisions say, in one language, as passages."""

    old: Revision
    new: Revision
    language: str
    title: tuple[Passage, ...]
    preamble: tuple[Passage, ...]
    theses: tuple[ThesisComparison, ...]
    """In the order of the new revision; a dropped thesis follows the one it used to follow."""
    closing: tuple[Passage, ...]

    @property
    def changed_parts(self) -> dict[str, bool]:
        """Whether title, preamble and closing changed."""
        parts = {"title": self.title, "preamble": self.preamble, "closing": self.closing}
        return {name: _changed(passages) for name, passages in parts.items()}


def compare_revisions(old: Revision, new: Revision, language: str) -> Comparison:
    """What leads from `old` to `new` in this language, or in the one that both have."""
    both = {text.language for text in old.texts} & {text.language for text in new.texts}
    spoken = language if language in both else min(both, default=language)
    before, after = old.text(spoken), new.text(spoken)
    return Comparison(
        old=old,
        new=new,
        language=spoken,
        title=difference(before.title, after.title),
        preamble=difference(before.preamble, after.preamble),
        theses=tuple(_thesis(key, old.thesis(key), new.thesis(key), spoken) for key in _order(old, new)),
        closing=difference(before.closing, after.closing),
    )


def _order(old: Revision, new: Revision) -> list[str]:
    keys = [thesis.key for thesis in new.theses]
    place = 0
    for thesis in old.theses:
        if thesis.key in keys:
            place = keys.index(thesis.key) + 1
        else:
            keys.insert(place, thesis.key)
            place += 1
    return keys


def _thesis(key: str, old: Thesis | None, new: Thesis | None, language: str) -> ThesisComparison:
    before, after = (thesis.text(language) if thesis else None for thesis in (old, new))
    return ThesisComparison(
        key=key,
        old_number=old.position if old else None,
        new_number=new.position if new else None,
        heading=difference(before.heading if before else "", after.heading if after else ""),
        text=difference(before.text if before else "", after.text if after else ""),
    )


def _changed(passages: tuple[Passage, ...]) -> bool:
    return any(passage.kind != "equal" for passage in passages)
