"""People whose data is kept: those who sign."""

from tests.signatures.conftest import book, confirm, revision, sign

__all__ = ["book", "confirm", "revision", "sign"]
