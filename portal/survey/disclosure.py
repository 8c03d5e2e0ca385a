"""Which numbers of a table may be shown, so that no group of fewer than ten can be read off or worked out.

One table: small cells are hidden, and with them the smallest that is not small. Whoever knows all that is shown cannot
tell which of the hidden ones is which: exchange the names of a small one and its cover, and every public number is the
same. A table by a filter: a row is shown only as a whole, if none of its cells is small, and if what the rows that are
not shown have together is not small either. docs/decisions/0009-anonymous-answers.md says why this suffices, and why a
survey has one filter and not several.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Mapping
from typing import TypeVar

LEAST = 10
"""The smallest group that may be shown."""

C = TypeVar("C", bound=Hashable)
R = TypeVar("R", bound=Hashable)


def is_small(count: int) -> bool:
    """Whether a group is too small to be shown. That nobody is in it says nothing of anybody."""
    return 0 < count < LEAST


def hidden_cells(counts: Mapping[C, int]) -> frozenset[C]:
    """The cells of one table, whose sum is known, that must not be shown."""
    small = {cell for cell, count in counts.items() if is_small(count)}
    if not small:
        return frozenset()
    least = min((count for count in counts.values() if count >= LEAST), default=None)
    if least is None:
        return frozenset(counts)
    # All that are as small as the cover go with it: otherwise their order would say which one is not.
    return frozenset(small | {cell for cell, count in counts.items() if count == least})


def shown_rows(table: Mapping[R, Mapping[C, int]], hidden: Collection[R]) -> frozenset[R]:
    """The rows that may be shown where the sums of the columns are known. `hidden` are those that must not anyway.

    The cells that one table hides must have been added up into one column before.
    """
    pool = {row for row, cells in table.items() if row in hidden or any(map(is_small, cells.values()))}
    rest = sorted(set(table) - pool, key=lambda row: (sum(table[row].values()), str(row)))
    for row in rest:
        if not any(map(is_small, _sums(table, pool).values())):
            break
        pool.add(row)
    return frozenset(set(table) - pool)


def _sums(table: Mapping[R, Mapping[C, int]], rows: Collection[R]) -> Counter[C]:
    sums: Counter[C] = Counter()
    for row in rows:
        sums.update(table[row])
    return sums
