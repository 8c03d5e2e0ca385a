"""Requests to confirm: those of people who sign."""

from tests.signatures.conftest import book, confirm, revision, sign

__all__ = ["book", "confirm", "revision", "sign"]
