"""Place and lift legal holds, and ask for them before anything is deleted."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from portal.database import Base
from portal.privacy.models import LegalHold


def is_held(session: Session, row: Any) -> bool:
    """Whether this very row must be kept."""
    held = exists().where(LegalHold.table_name == row.__tablename__, LegalHold.row_id == row.id)
    return bool(session.scalar(select(held)))


def place(session: Session, table: str, row_id: int, reason: str, now: datetime) -> None:
    """Keep a row. Raises LookupError if there is no such row."""
    _row(session, table, row_id)
    session.add(LegalHold(table_name=table, row_id=row_id, reason=reason, placed_at=now))


def lift(session: Session, table: str, row_id: int) -> None:
    """Let retention and erasure reach a row again. Raises LookupError if it was not held."""
    held = delete(LegalHold).where(LegalHold.table_name == table, LegalHold.row_id == row_id).returning(LegalHold.id)
    if session.scalar(held) is None:
        raise LookupError(f"{table} {row_id} is not held")


def _row(session: Session, table: str, row_id: int) -> None:
    known = Base.metadata.tables.get(table)
    if known is None or "id" not in known.c:
        raise LookupError(f"there is no table {table}")
    if session.scalar(select(known.c.id).where(known.c.id == row_id)) is None:
        raise LookupError(f"there is no row {row_id} in {table}")
