"""Runs the migrations on the application's database, inside one transaction each."""

from typing import Literal

from alembic import context
from flask import current_app

from portal.database import Base, UTCDateTime

engine = current_app.extensions["migrate"].db.engine


def no_empty_migration(_context: object, _revision: object, directives: list) -> None:  # type: ignore[type-arg]
    """Write no file where models and database agree already."""
    if getattr(context.config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []


def plain_type(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Migrations know SQLAlchemy's types only, so that they stay true when ours change."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UTCDateTime) else False


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether it is the models'. The words of the search are in tables that each database makes in its own way."""
    return kind != "table" or not (name or "").startswith("search_words")


with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        process_revision_directives=no_empty_migration,
        transaction_per_migration=True,
        compare_type=True,
        include_name=is_ours,
        render_item=plain_type,
        # SQLite cannot change a table in place.
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
