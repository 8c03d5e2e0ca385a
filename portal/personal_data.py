"""The register of personal data: what a table keeps of people, why, on what basis, for how long.

Each module that keeps personal data declares it here in its own words. The privacy page, `/meine-daten`, exports,
erasure and retention are drawn from the register; a table that is missing in it fails a test.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from flask import current_app
from flask_babel import LazyString
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.database import Base

Text: TypeAlias = str | LazyString


@dataclass(frozen=True)
class PersonalData:
    """One entry of the register (GDPR Art. 30), for one table."""

    table: type[Base]
    title: Text
    purpose: Text
    legal_basis: Text
    retention: Text
    fields: Text
    """The kinds of data, in words."""
    export: Callable[[Session, str], list[dict[str, Any]]]
    """(session, address key) → what is kept about the owner of the address, as JSON values."""
    erase: Callable[[Session, str, datetime], None]
    """(session, address key, now) → removes it, and leaves rows under a legal hold."""
    purge: Callable[[Session, datetime, Settings], int]
    """(session, now, settings) → removes what has outlived its retention; the number of rows."""
    card: str
    """Template that shows one exported `record` on `/meine-daten`, and what its owner can do about it."""


class Register:
    """All entries, in the order in which the privacy page shows them."""

    def __init__(self, entries: Sequence[PersonalData]) -> None:
        self.entries = tuple(entries)

    def __iter__(self) -> Iterator[PersonalData]:
        return iter(self.entries)

    @property
    def tables(self) -> set[str]:
        return {entry.table.__tablename__ for entry in self.entries}


def current_register() -> Register:
    """The register of the running application."""
    register: Register = current_app.extensions["personal_data"]
    return register
