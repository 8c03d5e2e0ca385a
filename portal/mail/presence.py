"""That a worker is alive, as a lock which goes when its process goes and not a moment before.

A lease in time calls a worker dead that was merely stopped, swapped out or held up by a slow server, and its mails
would go out twice. A lock that the system takes back with the process needs no clock.
"""

import fcntl
import logging
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import IO

from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.orm import Session

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trade:
    """What a worker works at; workers of one trade can bury each other."""

    name: str
    """How the lock file beside a SQLite database ends."""
    locks: int
    """The class of the advisory locks of its workers, one for each: nothing else in this database uses it."""


MAIL = Trade("worker", 0x6D61696C)
CAMPAIGNS = Trade("campaigns", 0x63616D70)

ALIVE = (("idle", "30"), ("interval", "10"), ("count", "3"))
"""Seconds and tries after which the server gives up the connection, and the lock, of a worker whose machine is gone."""
TURN_SECONDS = 0.5
_ANY_LOCK = text(
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2"
    " AND classid = :workers AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)


class Presence(ABC):
    """A worker that holds its lock, and the one connection through which it marks mails.

    On PostgreSQL the lock lives in that connection: where the lock is lost, no mail can be begun.
    """

    def __init__(self, connection: Connection, trade: Trade) -> None:
        self.worker = str(secrets.randbelow(2**31))
        self._connection = connection
        self._trade = trade

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at the end; what it has read stays readable."""
        with Session(self._connection, expire_on_commit=False) as session, session.begin():
            yield session

    @abstractmethod
    def is_dead(self, session: Session, worker: str) -> bool:
        """Whether another worker's process has gone; it stays so until the end of the transaction."""


class _OnPostgreSQL(Presence):
    """One of many workers, by a session-level advisory lock."""

    def __init__(self, connection: Connection, trade: Trade) -> None:
        super().__init__(connection, trade)
        with self.transaction() as session:
            session.execute(select(*(func.set_config(f"tcp_keepalives_{name}", value, False) for name, value in ALIVE)))
            while not session.scalar(select(func.pg_try_advisory_lock(trade.locks, int(self.worker)))):
                self.worker = str(secrets.randbelow(2**31))

    def is_dead(self, session: Session, worker: str) -> bool:
        return bool(session.scalar(select(func.pg_try_advisory_xact_lock(self._trade.locks, int(worker)))))


class _OnSQLite(Presence):
    """The only worker, by an exclusive lock on a file beside the database."""

    def is_dead(self, session: Session, worker: str) -> bool:
        return True


@contextmanager
def present(engine: Engine, stop: Event, trade: Trade = MAIL) -> Iterator[Presence | None]:
    """Be a worker, on SQLite as soon as no other one of the trade is; None if `stop` is set before that."""
    if engine.dialect.name == "sqlite":
        with lock_file(engine, trade).open("w") as file:
            if not _taken(file, stop):
                yield None
                return
            with _dedicated(engine) as connection:
                yield _OnSQLite(connection, trade)
    else:
        with _dedicated(engine) as connection:
            yield _OnPostgreSQL(connection, trade)


def anybody_works(engine: Engine, trade: Trade = MAIL) -> bool:
    """Whether any worker of this trade and database is alive at this moment."""
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            return bool(connection.scalar(_ANY_LOCK, {"workers": trade.locks}))
    try:
        with lock_file(engine, trade).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def lock_file(engine: Engine, trade: Trade = MAIL) -> Path:
    """The file that the worker of a SQLite database holds a lock on."""
    return Path(f"{engine.url.database}-{trade.name}")


def _taken(file: IO[str], stop: Event) -> bool:
    """Wait for the lock, saying so once. Not by a blocking call: that would be deaf to `stop`."""
    told = False
    while not stop.is_set():
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not told:
                log.warning("worker_waits_for_its_turn")
                told = True
            stop.wait(TURN_SECONDS)
        else:
            return True
    return False


@contextmanager
def _dedicated(engine: Engine) -> Iterator[Connection]:
    """A connection that is closed at the end, and its locks with it, instead of going back to the pool."""
    with engine.connect() as connection:
        connection.detach()
        yield connection
