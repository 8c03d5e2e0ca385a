"""Files for people to keep: JSON, and CSV that a spreadsheet opens without running anything in it."""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flask import Response, stream_with_context

CSV = "text/csv; charset=utf-8"

_BEGINS = re.compile(r"""\A(["\s]*+)(?=[=+@＝＋＠－-])""")
"""A cell that begins with a formula, whatever a spreadsheet leaves out before it."""
_GOES_ON = re.compile(r"""([;\t\r\n]["\s]*+)([=+@＝＋＠]|[－-](?!\s))?""")
"""What a spreadsheet can take for the end of a cell, and the formula behind it if there is one. A German one expects
semicolons, and reads our commas and quotation marks as text. A dash and a space are an item of a list."""


def inert(value: Any) -> str:
    """The value as text in which no spreadsheet finds a formula; everything else stays as it is."""
    text = "" if value is None else str(value)
    inside = _GOES_ON.sub(lambda found: f"{found[1]}'{found[2]}" if found[2] else found[1], text)
    return _BEGINS.sub(r"\1'", inside)


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A CSV file (RFC 4180, UTF-8 with a byte order mark, which spreadsheets ask for)."""
    text = _lines([header]) + _lines([inert(value) for value in row] for row in rows)
    return _file(name, "\ufeff" + text, CSV)


def csv_stream(name: str, header: Sequence[str], batches: Iterable[Iterable[Sequence[Any]]]) -> Response:
    """A CSV file as `csv_file` makes it, sent while its rows are being read."""

    def lines() -> Iterator[str]:
        yield "\ufeff" + _lines([header])
        for batch in batches:
            yield _lines([inert(value) for value in row] for row in batch)

    return _download(name, Response(stream_with_context(lines()), content_type=CSV))


def json_file(name: str, content: Any) -> Response:
    """A JSON file for people: indented, umlauts as they are."""
    return _file(name, json.dumps(content, ensure_ascii=False, indent=2), "application/json")


def _file(name: str, text: str, content_type: str) -> Response:
    return _download(name, Response(text, content_type=content_type))


def _download(name: str, response: Response) -> Response:
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _lines(rows: Iterable[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
