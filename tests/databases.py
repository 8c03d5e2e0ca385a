"""The databases of the suite: one SQLite file per test, one PostgreSQL database per process that runs tests."""

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Connection, Engine, create_engine, insert, make_url, text

from portal import create_app
from portal.database import Base, db

SINGLE_ROWS = {
    "public_version": {"id": 1, "number": 0},
    "signature_tally": {"id": 1, "valid": 0, "listed": 0},
    "sending_pace": {"id": 1},
}
"""The rows that a migration puts into a new database, and that no code ever adds."""

LOCK_SECONDS = 15
"""How long emptying a table waits for a connection that a test has left open, before it says so."""


def postgresql_server() -> str | None:
    """The URL of the PostgreSQL server for tests, or None where none is at hand."""
    url = os.environ.get("TEST_DATABASE_URL", "")
    for scheme in ("postgres://", "postgresql://"):
        url = url.replace(scheme, "postgresql+psycopg://", 1) if url.startswith(scheme) else url
    return url or None


def engine_of(app: Flask) -> Engine:
    """The engine of an application, for code that has no request."""
    with app.app_context():
        return db.engine


def build_schema(url: str) -> None:
    """Make all tables, and the rows that are there from the beginning, as an operator does: by the migrations."""
    app = create_app(env="testing", database_url=url, secret_key="migrations", address_secret="migrations")
    with app.app_context():
        upgrade()
    engine_of(app).dispose()
    app.extensions["page_cache"].engine.dispose()


def insert_single_rows(engine: Engine) -> None:
    """Put SINGLE_ROWS into their tables."""
    with engine.begin() as connection:
        for name, values in SINGLE_ROWS.items():
            connection.execute(insert(Base.metadata.tables[name]).values(values))


class Database(Protocol):
    """Where tests keep their rows."""

    def fresh(self, folder: Path, /) -> str:
        """The URL of a database with the schema and nothing in it; `folder` is the test's own."""

    def lasting(self, folder: Path, /) -> AbstractContextManager[str]:
        """The URL of one more such database, which no test empties."""

    def empty(self, folder: Path, /) -> AbstractContextManager[str]:
        """The URL of a database without any tables."""


class SQLite:
    """A prepared file, copied for each test."""

    def __init__(self, folder: Path) -> None:
        self._prepared = folder / "prepared.db"
        build_schema(f"sqlite:///{self._prepared}")

    def fresh(self, folder: Path) -> str:
        path = folder / "portal.db"
        shutil.copyfile(self._prepared, path)
        return f"sqlite:///{path}"

    @contextmanager
    def lasting(self, folder: Path) -> Iterator[str]:
        yield self.fresh(folder)

    @contextmanager
    def empty(self, folder: Path) -> Iterator[str]:
        yield f"sqlite:///{folder / 'empty.db'}"


class PostgreSQL:
    """A database of this process's own, emptied before each test."""

    def __init__(self, server: str, url: str) -> None:
        self._server = server
        self._url = url
        self._engine = create_engine(
            url, pool_pre_ping=True, connect_args={"options": f"-c lock_timeout={LOCK_SECONDS}s"}
        )
        build_schema(url)

    def fresh(self, _folder: Path) -> str:
        with self._engine.begin() as connection:
            if used := self._used(connection):
                connection.execute(text(f"TRUNCATE {', '.join(used)} RESTART IDENTITY CASCADE"))
        insert_single_rows(self._engine)
        return self._url

    def _used(self, connection: Connection) -> list[str]:
        """The tables that a test has left anything in, be it a number that was given and taken back.

        To empty a table takes a hundred times as long as to see that it is empty.
        """
        tables = [table.name for table in Base.metadata.sorted_tables]
        filled = " UNION ALL ".join(f"(SELECT '{name}' FROM \"{name}\" LIMIT 1)" for name in tables)
        numbered = "SELECT replace(sequencename, '_id_seq', '') FROM pg_sequences WHERE last_value IS NOT NULL"
        found = {row[0] for row in connection.execute(text(f"{filled} UNION ALL {numbered}"))}
        return [f'"{name}"' for name in tables if name in found]

    @contextmanager
    def empty(self, _folder: Path) -> Iterator[str]:
        with postgresql_database(self._server, f"{self._engine.url.database}_empty") as url:
            yield url

    @contextmanager
    def lasting(self, _folder: Path) -> Iterator[str]:
        with postgresql_database(self._server, f"{self._engine.url.database}_lasting") as url:
            build_schema(url)
            yield url

    def close(self) -> None:
        self._engine.dispose()


@contextmanager
def postgresql_database(server: str, name: str) -> Iterator[str]:
    """The URL of a new database called `name` on the server; it is dropped at the end, whoever is still connected."""
    url = make_url(server)
    engine = create_engine(url.set(database=url.database or "postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(text(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'"))
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        engine.dispose()
