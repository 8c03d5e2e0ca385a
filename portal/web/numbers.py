"""What addresses and forms may say: numbers that a row can have, and text that a database takes."""

from collections.abc import Mapping
from typing import Any

from flask import Flask
from werkzeug.routing import IntegerConverter, UnicodeConverter, ValidationError

LARGEST = 2**31 - 1
"""The largest number that a column of either database takes; an address with a larger one leads nowhere."""


class RowNumber(IntegerConverter):
    """What `<int:…>` in an address stands for."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max": LARGEST, **options})


class Name(UnicodeConverter):
    """What `<name:…>` in an address stands for: what files and rows are called, and so without NUL. Anything else, such
    as the token of a damaged link, is for its page to explain."""

    def to_python(self, value: str) -> str:
        if "\x00" in value:
            raise ValidationError
        return value


def number_in(given: Mapping[str, str], name: str) -> int | None:
    """The number that `name` has in a query string or form; None if it is missing, or none that a row can have."""
    try:
        number = int(given.get(name, ""))
    except ValueError:
        return None
    return number if 0 < number <= LARGEST else None


def init_app(app: Flask) -> None:
    """Must come before any address is registered."""
    app.url_map.converters.update({"int": RowNumber, "name": Name})
