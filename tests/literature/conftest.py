"""What the literature's tests share: the shipped article, and records that say that they are examples."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from portal.bibliography.reference import ARTICLE, Name, Reference
from portal.config import ROOT
from portal.literature import operations
from portal.literature.models import PORTAL, PUBLIC, Record
from portal.literature.operations import Entry
from portal.literature.seed import read_seeds
from portal.web.caching import public_changed

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def article(session: Session) -> Record:
    """The article that is shipped."""
    operations.load(session, read_seeds(ROOT / "content" / "literature"), NOON)
    session.commit()
    return session.query(Record).one()


def entry(title: str = "Beispieltitel", *topics: int, free: str = "", said: str = "", **fields: Any) -> Entry:
    """What an editor might type."""
    reference = Reference(**{"type": ARTICLE, "title": title, "authors": (Name("Beispiel", "Ada"),), **fields})
    return Entry(reference, {"de": (said, PORTAL)} if said else {}, bool(free), free, topics)


def published(session: Session, title: str = "Beispieltitel", *topics: int, **fields: Any) -> Record:
    """A record that everyone may read."""
    record = operations.new(session, entry(title, *topics, **fields), None, NOON)
    record.state = PUBLIC
    public_changed(session)
    session.flush()
    return record
