"""Numbers in addresses: those that a row can have."""

from typing import Any

from flask import Flask
from werkzeug.routing import IntegerConverter

LARGEST = 2**31 - 1
"""The largest number that a column of either database takes; an address with a larger one leads nowhere."""


class RowNumber(IntegerConverter):
    """What `<int:…>` in an address stands for."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"max": LARGEST, **options})


def init_app(app: Flask) -> None:
    """Must come before any address is registered."""
    app.url_map.converters["int"] = RowNumber
