"""Setting plain values with Typst."""

import logging

import pytest

from portal.declaration import typesetting
from portal.declaration.typesetting import CannotBeSet

VALUES = {
    "language": "de",
    "text_language": "de",
    "project": "Projekt",
    "number": None,
    "title": "#panic() $x$ *a* _b_ \\ @ref <label> `#eval(1)` // /* 😀 مرحبا",
    "label": "",
    "line": "Zeile",
}


def test_nothing_is_read_as_markup() -> None:
    picture = typesetting.picture("preview", VALUES)
    assert picture.startswith(b"\x89PNG")
    assert picture[16:24] == (1200).to_bytes(4) + (630).to_bytes(4)


def test_the_same_values_are_set_once() -> None:
    assert typesetting.picture("preview", VALUES) is typesetting.picture("preview", dict(reversed(VALUES.items())))


def test_what_cannot_be_set_is_said_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(CannotBeSet, match="title"):
        typesetting.picture("preview", {"language": "de"})
    assert [record.message for record in caplog.records] == ["not_typeset"]
