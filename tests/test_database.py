"""What the database itself makes sure of, on SQLite and on PostgreSQL."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.clock import now
from portal.discussion.models import APPROVE, WAITING, ModerationDecision
from portal.mail.worker import Chore
from portal.organisers import audit
from tests.databases import engine_of

one_database = pytest.mark.one_database


@pytest.fixture
def connection(app: Flask, session: Session) -> Connection:
    """A connection like those of the portal, to a database with one entry in the log and one decision."""
    audit.record(session, None, "login", "organiser 1", now())
    session.flush()
    decision = {"comment_id": 1, "text_number": 1, "act": APPROVE, "automated": True, "status_before": WAITING}
    session.execute(insert(ModerationDecision).values(at=now(), **decision))
    session.commit()
    return session.connection()


@pytest.mark.parametrize("log", ["audit_log", "moderation_decisions"])
def test_what_was_logged_stays_as_it_is(connection: Connection, log: str) -> None:
    for change in (f"DELETE FROM {log}", f"UPDATE {log} SET act = 'approve'"):
        with pytest.raises(DBAPIError, match="append-only"), connection.begin_nested():
            connection.execute(text(change))
    assert connection.scalar(text(f"SELECT count(*) FROM {log}")) == 1


@one_database
@pytest.mark.parametrize("log", ["audit_log", "moderation_decisions"])
def test_replacing_is_no_way_around(connection: Connection, log: str) -> None:
    """SQLite's REPLACE deletes rows without asking the triggers, unless it is told to ask."""
    with pytest.raises(DBAPIError, match="append-only"), connection.begin_nested():
        connection.execute(text(f"INSERT OR REPLACE INTO {log} SELECT * FROM {log}"))
    assert connection.scalar(text(f"SELECT count(*) FROM {log}")) == 1


def on_disk(folder: Path) -> bytes:
    """All that the files of the database hold."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("portal.db*")))


@pytest.fixture
def chore(app: Flask) -> Callable[[str], None]:
    """Does one of the worker's chores, as the worker does it."""
    chores: dict[str, Chore] = {chore.name: chore for chore in app.extensions["chores"]}

    def do(name: str) -> None:
        with Session(engine_of(app)) as session, session.begin():
            chores[name].do(session, now())

    return do


@one_database
def test_what_is_erased_is_gone_from_the_disk(session: Session, tmp_path: Path, chore: Callable[[str], None]) -> None:
    """Edge case 10: rows, the space that they took, and the log of recent changes."""
    session.execute(text("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, words TEXT)"))
    session.execute(text("CREATE INDEX by_name ON people (name)"))
    session.commit()
    people = [{"id": number, "name": f"Ada {number:04}", "words": "Trace " * number} for number in range(1200)]
    for some in (people[::2], people[1::2]):
        chore("write-ahead log")
        session.execute(text("INSERT INTO people VALUES (:id, :name, :words)"), some)
        session.commit()
    session.execute(text("DELETE FROM people WHERE id % 3 = 0"))
    session.execute(text("UPDATE people SET name = 'B', words = '' WHERE id % 3 = 1"))
    session.execute(text("UPDATE people SET name = 'C', words = 'short' WHERE id % 3 = 2"))
    session.commit()
    assert b"Ada 0601" in on_disk(tmp_path), "in the log, or else this test looks in the wrong place"
    chore("rests in the file")
    chore("write-ahead log")
    left = on_disk(tmp_path)
    assert b"short" in left
    assert (b"Ada " in left, b"Trace " in left) == (False, False)


@one_database
def test_a_reader_who_takes_long_puts_it_off_and_stops_nothing(
    session: Session, tmp_path: Path, chore: Callable[[str], None]
) -> None:
    with closing(sqlite3.connect(tmp_path / "portal.db", isolation_level=None)) as reader:
        reader.execute("BEGIN").execute("SELECT count(*) FROM audit_log")
        audit.record(session, None, "login", "organiser 1", now())
        session.commit()
        chore("write-ahead log")
        assert (tmp_path / "portal.db-wal").stat().st_size > 0
        audit.record(session, None, "login", "organiser 2", now())
        session.commit()
    chore("write-ahead log")
    assert (tmp_path / "portal.db-wal").stat().st_size == 0
