"""The database: one base for all tables, the same behaviour on SQLite and on PostgreSQL."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import cache
from select import POLLIN, poll
from typing import Any, TypeVar

import click
from flask import Flask, has_request_context, request
from flask.cli import AppGroup
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    DDL,
    Connection,
    DateTime,
    Dialect,
    Executable,
    FromClause,
    MetaData,
    TypeDecorator,
    bindparam,
    event,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError, ProgrammingError
from sqlalchemy.orm import DeclarativeBase, Session, make_transient_to_detached, registry

BUSY_SECONDS = 20
"""How long a SQLite writer waits for another one before it gives up."""

PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "recursive_triggers=ON")
"""How SQLite is to behave. Without `recursive_triggers`, REPLACE would get past the triggers that refuse to delete."""


class UTCDateTime(TypeDecorator[datetime]):
    """A moment, aware and in UTC on the Python side, whatever the database keeps."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The base of every table. Constraints get names, so that migrations can find them on both databases."""

    registry = registry(
        type_annotation_map={datetime: UTCDateTime},
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_N_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
    )


M = TypeVar("M", bound=Base)


class HintingCompiler(SQLiteCompiler):
    """Writes into SQLite's statements what `with_hint` says, such as `INDEXED BY …`: SQLAlchemy itself leaves it out.

    SQLite has no statistics unless somebody asks for them, and reads a whole table rather than a partial index.
    """

    def get_from_hint_text(self, table: Any, text: str | None) -> str | None:
        return text


db = SQLAlchemy(model_class=Base)


def init_app(app: Flask) -> None:
    """Connect the application with its database and teach the engine the house's manners."""
    sqlite = app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite")
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = (
        {"connect_args": {"timeout": BUSY_SECONDS}}
        if sqlite
        else {"pool_size": 16, "max_overflow": 16, "pool_use_lifo": True, "connect_args": {"connect_timeout": 10}}
    )
    # A refused row would otherwise be quoted in the message of the exception.
    app.config["SQLALCHEMY_ENGINE_OPTIONS"]["hide_parameters"] = True
    db.init_app(app)
    with app.app_context():
        event.listen(db.engine, "connect", _on_connect)
        event.listen(db.engine, "begin", _on_begin)
        if sqlite:
            db.engine.dialect.statement_compiler = HintingCompiler
        else:
            event.listen(db.engine, "checkout", _on_checkout)


def _on_connect(connection: Any, _record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # transactions begin in _on_begin, not by the driver's guess
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _on_checkout(connection: Any, _record: Any, _proxy: Any) -> None:
    """Take a fresh connection where the server has closed this one, say by a restart.

    It then has sent something that nobody asked for. Looking costs no journey to the server, as a ping would.
    """
    unasked = poll()
    unasked.register(connection, POLLIN)
    if unasked.poll(0):
        raise DisconnectionError


def _on_begin(connection: Connection) -> None:
    """Start the transaction that the request may have: GET and HEAD cannot change a row, others write at once.

    A SQLite transaction that reads first and writes later can fail for another writer's sake; one that takes the
    write lock at its beginning only waits.
    """
    reading = has_request_context() and request.method in {"GET", "HEAD", "OPTIONS"}
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA query_only={int(reading)}")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
    else:
        driver: Any = connection.connection.dbapi_connection
        if driver is not None and driver.read_only is not reading:
            driver.read_only = reading


_TURN = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("key"), 0)))


class DatabaseCommands(AppGroup):
    """Commands that need the database. Where there is none, or it lacks a table, they say so and what to do."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (OperationalError, ProgrammingError) as error:
            reason = str(error.orig).partition("\n")[0]
            raise click.ClickException(
                f"Die Datenbank antwortet nicht so, wie sie sollte: {reason}. Fehlt sie, oder ist sie noch leer oder"
                " veraltet? `flask --app wsgi doctor` sagt es, `flask --app wsgi db upgrade` richtet sie ein."
            ) from error


def take_turns(session: Session, key: str) -> None:
    """Wait until no other transaction holds `key`, and hold it until this one ends.

    SQLite has one writer at a time anyway.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(_TURN, {"key": key})


@contextmanager
def in_one_go(session: Session) -> Iterator[None]:
    """Send the statements within together, and wait once for PostgreSQL to have done them. They return nothing."""
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        yield
        return
    driver: Any = connection.connection.dbapi_connection
    dbapi_error = connection.dialect.loaded_dbapi.Error
    try:
        with driver.pipeline():
            yield
    except dbapi_error as error:
        refused = DBAPIError.instance("", None, error, dbapi_error, hide_parameters=True, dialect=connection.dialect)
        raise refused from error


def on_creation(table: FromClause, statements: Mapping[str, Sequence[str]]) -> None:
    """Execute statements, by dialect, when a table of the models is made: triggers stand beside what they guard."""
    for dialect, several in statements.items():
        for statement in several:
            ddl: DDL = DDL(statement)  # type: ignore[no-untyped-call] # SQLAlchemy has no type for it
            event.listen(table, "after_create", ddl.execute_if(dialect=dialect))


def survey(session: Session, model: type[Base]) -> None:
    """Let PostgreSQL look at a table of which much has changed in this transaction.

    Before it has, it plans as if the table were what it was: it sorts a million rows to find the first ones. It would
    look by itself a minute later. SQLite plans without looking.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"ANALYZE {model.__tablename__}"))


def empty_write_ahead_log(session: Session) -> None:
    """Write SQLite's log of recent changes into the database and cut it to nothing: it still holds what was erased.

    Who reads or writes for longer than a second puts it off to the next time. Needs a session that has not begun yet.
    """
    _on_its_own(session, "PRAGMA wal_checkpoint(TRUNCATE)", patience=1)


def rewrite_file(session: Session) -> None:
    """Write SQLite's file anew. Where it had moved rows within a page, `secure_delete` leaves rests of erased ones.

    Writers wait meanwhile, about two seconds for 100 MB. Needs a session that has not begun yet.
    """
    _on_its_own(session, "VACUUM", patience=BUSY_SECONDS)


def _on_its_own(session: Session, statement: str, *, patience: int) -> None:
    """Execute on SQLite what cannot be part of a transaction. `patience` is in seconds."""
    engine = session.get_bind().engine
    if engine.dialect.name == "sqlite":
        with closing(sqlite3.connect(engine.url.database or "", timeout=patience)) as connection:
            connection.execute(statement)


def insert_row(session: Session, model: type[M], **values: Any) -> M:
    """Insert a row at once, as `session.add` and a flush do, at half the price: where visitors come in crowds."""
    session.flush()
    number = session.connection().execute(_insertion(model), values).scalar_one()
    row = model(id=number, **values)
    make_transient_to_detached(row)
    session.add(row)
    return row


@cache
def _insertion(model: type[Base]) -> Executable:
    return insert(model).returning(model.__table__.c.id)
