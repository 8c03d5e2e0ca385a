"""Files for people to keep: JSON, and CSV that a spreadsheet opens without running anything in it."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from flask import Response


def inert(value: Any) -> str:
    """The value as text that no spreadsheet takes for a formula; everything else stays as it is."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A CSV file (RFC 4180, UTF-8 with a byte order mark, which spreadsheets ask for)."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(header)
    writer.writerows([inert(value) for value in row] for row in rows)
    return _file(name, "\ufeff" + buffer.getvalue(), "text/csv; charset=utf-8")


def json_file(name: str, content: Any) -> Response:
    """A JSON file for people: indented, umlauts as they are."""
    return _file(name, json.dumps(content, ensure_ascii=False, indent=2), "application/json")


def _file(name: str, text: str, content_type: str) -> Response:
    response = Response(text, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
