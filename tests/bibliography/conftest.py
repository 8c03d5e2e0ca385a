"""Messages need a language."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask_babel import Babel


@pytest.fixture(autouse=True)
def _german() -> Iterator[None]:
    """What is said of faulty records is said in German."""
    app = Flask("bibliography")
    Babel(app, default_locale="de")
    with app.app_context():
        yield
