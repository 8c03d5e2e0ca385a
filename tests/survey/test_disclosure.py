"""What is shown lets nobody work out a group of fewer than ten, however the numbers are combined."""

from collections.abc import Iterator
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from portal.survey.disclosure import LEAST, hidden_cells, is_small, shown_rows

Cells = tuple[int, ...]


def published(counts: Cells) -> tuple[int, tuple[int | None, ...]]:
    """All that the public sees of one table: its sum, and each cell or that it is hidden."""
    hidden = hidden_cells(dict(enumerate(counts)))
    return sum(counts), tuple(None if cell in hidden else count for cell, count in enumerate(counts))


def tables_with_sum(total: int, cells: int) -> Iterator[Cells]:
    if cells == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in tables_with_sum(total - first, cells - 1):
            yield (first, *rest)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 12), min_size=2, max_size=3).filter(lambda counts: sum(counts) >= LEAST))
def test_who_knows_the_rule_cannot_tell_a_small_cell(counts: list[int]) -> None:
    """The attacker tries every table there could be and keeps those that would be published just so."""
    seen = published(tuple(counts))
    possible = [table for table in tables_with_sum(sum(counts), len(counts)) if published(table) == seen]
    for cell, count in enumerate(counts):
        if is_small(count):
            assert len({table[cell] for table in possible}) > 1, (counts, seen)


def test_a_table_without_small_cells_is_shown_whole() -> None:
    assert hidden_cells({"a": 10, "b": 0, "c": 55}) == frozenset()


def test_a_small_cell_takes_the_next_with_it_and_all_that_are_as_large() -> None:
    assert hidden_cells({"a": 3, "b": 12, "c": 12, "d": 40, "e": 0}) == {"a", "b", "c"}
    assert hidden_cells({"a": 3, "b": 8}) == {"a", "b"}, "nothing covers them"


Rows = dict[str, dict[str, int]]
ROWS = st.fixed_dictionaries(
    {row: st.fixed_dictionaries({"x": st.integers(0, 25), "y": st.integers(0, 25)}) for row in ("a", "b", "c")}
).filter(lambda table: not any(is_small(sum(cells[column] for cells in table.values())) for column in ("x", "y")))
"""Tables whose columns are not small: a small one has been added to another, or nothing is shown at all."""


@settings(deadline=None, max_examples=100)
@given(ROWS)
def test_rows_and_what_they_leave_over_are_not_small(table: Rows) -> None:
    """Each filtered page alone, and everything that can be subtracted from the page of all."""
    shown = shown_rows(table, ())
    for column in ("x", "y"):
        for row in shown:
            assert not is_small(table[row][column])
        left = sum(cells[column] for row, cells in table.items() if row not in shown)
        assert not is_small(left)


@settings(deadline=None, max_examples=60)
@given(ROWS)
def test_who_combines_all_pages_cannot_tell_a_small_cell_of_a_group(table: Rows) -> None:
    """The attacker knows the size of each group, the sums of the columns and the rows that are shown."""
    shown = shown_rows(table, ())
    hidden = sorted(set(table) - shown)
    sums = {column: sum(table[row][column] for row in hidden) for column in ("x", "y")}
    sizes = [sum(table[row].values()) for row in hidden]
    possible = [
        xs
        for xs in product(*(range(size + 1) for size in sizes))
        if sum(xs) == sums["x"] and sum(sizes) - sum(xs) == sums["y"]
    ]
    for place, row in enumerate(hidden):
        if sizes[place] < LEAST:
            continue  # such a group is none that can be chosen, and its size is hidden
        if is_small(table[row]["x"]) or is_small(table[row]["y"]):
            assert len({xs[place] for xs in possible}) > 1, (table, shown)


def test_a_single_row_that_is_hidden_takes_another_with_it() -> None:
    table = {"a": {"x": 3, "y": 30}, "b": {"x": 20, "y": 20}, "c": {"x": 30, "y": 30}}
    assert shown_rows(table, ()) == {"c"}
    assert shown_rows({"a": {"x": 3, "y": 30}, "b": {"x": 20, "y": 20}}, ()) == frozenset()
