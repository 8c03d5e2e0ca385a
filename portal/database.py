"""The database: one base for all tables, the same behaviour on SQLite and on PostgreSQL."""

import sqlite3
from datetime import UTC, datetime
from typing import Any

from flask import Flask, has_request_context, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, DateTime, Dialect, MetaData, TypeDecorator, event, func, select
from sqlalchemy.orm import DeclarativeBase, Session, registry

BUSY_SECONDS = 20
"""How long a SQLite writer waits for another one before it gives up."""


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


db = SQLAlchemy(model_class=Base)


def init_app(app: Flask) -> None:
    """Connect the application with its database and teach the engine the house's manners."""
    sqlite = app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite")
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = (
        {"connect_args": {"timeout": BUSY_SECONDS}}
        if sqlite
        else {"pool_size": 10, "max_overflow": 20, "pool_pre_ping": True, "connect_args": {"connect_timeout": 10}}
    )
    # A refused row would otherwise be quoted in the message of the exception.
    app.config["SQLALCHEMY_ENGINE_OPTIONS"]["hide_parameters"] = True
    db.init_app(app)
    with app.app_context():
        event.listen(db.engine, "connect", _on_connect)
        event.listen(db.engine, "begin", _on_begin)


def _on_connect(connection: Any, _record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # transactions begin in _on_begin, not by the driver's guess
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


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


def take_turns(session: Session, key: str) -> None:
    """Wait until no other transaction holds `key`, and hold it until this one ends.

    SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))
