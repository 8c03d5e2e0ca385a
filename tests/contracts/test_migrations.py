"""The migrations lead from an empty database to exactly what the models say, and back, on both databases."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import Engine, create_engine, inspect, select, text
from sqlalchemy.orm import Session

from portal.addresses import Address
from portal.clock import now
from portal.database import Base
from portal.mail import outbox
from portal.mail.models import OutboxMail
from tests.databases import Database, engine_of
from tests.revisions import publish_revision

TRIGGERS = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname, pg_get_triggerdef(pg_trigger.oid), prosrc FROM pg_trigger"
    " JOIN pg_proc ON pg_proc.oid = tgfoid WHERE NOT tgisinternal",
}
"""With all that they do."""
INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
    "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
}

NEVER_REUSED = {
    "sqlite": "SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'",
    "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
}
"""The tables whose numbers are given once, though the row goes. On PostgreSQL all are."""


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether it is the models'. The words of the search are in tables that each database makes in its own way."""
    return kind != "table" or not (name or "").startswith("search_words")


def read(engine: Engine, statements: dict[str, str]) -> set[Any]:
    """What a catalogue query says, without the migrations' own table."""
    with engine.connect() as connection:
        rows = connection.execute(text(statements[engine.dialect.name]))
        return {" ".join(" ".join(map(str, row)).split()) for row in rows if "alembic" not in row[0]}


def checks(engine: Engine) -> dict[str, list[str]]:
    """The names of the check constraints of each table."""
    inspector = inspect(engine)
    return {
        table: sorted(str(check["name"]) for check in inspector.get_check_constraints(table))
        for table in Base.metadata.tables
    }


def test_head_is_what_the_models_say(app: Flask, database: Database, tmp_path_factory: Any) -> None:
    migrated = engine_of(app)
    with migrated.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "render_as_batch": True, "include_name": is_ours}
        )
        assert compare_metadata(context, Base.metadata) == []
    with database.empty(tmp_path_factory.mktemp("models")) as url:
        engine = create_engine(url)
        Base.metadata.create_all(engine)
        assert read(engine, TRIGGERS) == read(migrated, TRIGGERS)
        assert {row.split()[0] for row in read(engine, INDEXES)} == {row.split()[0] for row in read(migrated, INDEXES)}
        assert checks(engine) == checks(migrated)
        assert read(engine, NEVER_REUSED) == read(migrated, NEVER_REUSED)
        engine.dispose()


def test_down_and_up_again_with_data(make_app: Any, database: Database, tmp_path_factory: Any) -> None:
    with database.lasting(tmp_path_factory.mktemp("migrations")) as url:
        app = make_app(database_url=url)
        with Session(engine_of(app)) as session:
            publish_revision(session)
            session.commit()
        with app.app_context():
            downgrade(revision="base")
            assert set(inspect(engine_of(app)).get_table_names()) <= {"alembic_version"}
            upgrade()
        with Session(engine_of(app)) as session:
            publish_revision(session)
            session.commit()
            assert session.scalar(text("SELECT number FROM public_version")) == 1


def test_mails_are_kept_when_their_table_is_rebuilt(make_app: Any, database: Database, tmp_path_factory: Any) -> None:
    with database.lasting(tmp_path_factory.mktemp("mails")) as url:
        app = make_app(database_url=url)
        engine = engine_of(app)
        with app.app_context(), Session(engine) as session:
            downgrade(revision="0007")
            first = post(session)
            upgrade()
            session.expire_all()
            assert session.get_one(OutboxMail, first).recipient == "ada@example.org"
            outbox.forget(session, "key of ada")
            assert post(session) > first, "its number is gone with it"
            downgrade(revision="0007")
            assert session.scalars(select(OutboxMail.recipient)).all() == ["ada@example.org"]
            session.commit()
            upgrade()


def post(session: Session) -> int:
    """A mail to ada@example.org, committed: its number."""
    mail = outbox.Mail("signatures/mail/confirm", Address("ada@example.org", "key of ada"), "de", {})
    number = outbox.post(session, mail, now()).id
    session.commit()
    return number
