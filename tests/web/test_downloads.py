"""CSV files that are opened in a spreadsheet, whichever character it takes for the border of a cell."""

import csv
import io
import re

import pytest

from portal.web.downloads import csv_file, inert

FORMULA = "=HYPERLINK(1)"
TYPED = [
    FORMULA, "+49", "-1", "@SUM(1)", "\t=1", "\r=1", " =1", "＝1", "＋1", "－1", "＠1", "Ada;=1", "Ada; =1;x",
    'Ada;"=A1&"', "Ada\n=1;", "Ada\t=1", ";;=1", "Ada;-1", "Ada\n-1",
]  # fmt: skip


@pytest.mark.parametrize("typed", TYPED)
def test_no_cell_is_a_formula(typed: str) -> None:
    """A German spreadsheet takes the semicolon, and then no quotation mark within a line keeps anything together."""
    text = csv_file("x.csv", ("number", "name", "place"), [(1, typed, "Essen"), (2, "Bea", typed)]).get_data(
        as_text=True
    )
    apart = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    cells = [cell for row in apart for cell in row] + re.split(r"[;\t\r\n]", text)
    assert not [cell for cell in cells if cell.lstrip('\ufeff \t\r\n"').startswith(tuple("=+-@＝＋－＠"))]


@pytest.mark.parametrize(
    "typed",
    [
        "Ada Beispiel",
        "a-b",
        "1+1=2",
        "ada+x@example.org",
        "Essen; Dortmund",
        "Zeile\nZeile",
        "Liste:\n\n- eins\n- zwei",
        "",
    ],
)
def test_everything_else_stays_as_it_is(typed: str) -> None:
    assert inert(typed) == typed
