"""Reading the audit log: what was asked for, page by page, and as a file."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload

from portal.organisers import audit
from portal.organisers.models import AuditEntry, Organiser
from portal.web.charts import ZONE

PAGE = 50
BATCH = 1000
HEADER = ("id", "at", "by_id", "by", "act", "subject", "detail")


@dataclass(frozen=True)
class Wanted:
    """Which entries are looked for; what is empty is not asked for."""

    act: str = ""
    by: int = 0
    subject: str = ""
    """The beginning of a subject: `comment` finds all comments, `comment 17` this one."""
    since: date | None = None
    until: date | None = None
    """The last day that is meant."""


def page(session: Session, wanted: Wanted, *, before: int | None = None) -> tuple[list[AuditEntry], int | None]:
    """The newest entries that are wanted, below the id `before`, and where the next page begins."""
    statement = _matching(select(AuditEntry), wanted).order_by(AuditEntry.id.desc()).limit(PAGE + 1)
    if before is not None:
        statement = statement.where(AuditEntry.id < before)
    found = list(session.scalars(statement.options(joinedload(AuditEntry.by))))
    return found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None


def known_acts(session: Session) -> Sequence[str]:
    """Every act that the log contains."""
    return session.scalars(select(AuditEntry.act).distinct().order_by(AuditEntry.act)).all()


def known_organisers(session: Session) -> Sequence[Organiser]:
    """Everybody who may have acted, those included who have gone."""
    return session.scalars(select(Organiser).order_by(Organiser.name, Organiser.id)).all()


def note_export(session: Session, wanted: Wanted, *, by: int, now: datetime) -> None:
    """Record that the log is exported, and which part of it."""
    asked = {f"only_{name}": str(value) for name, value in asdict(wanted).items() if value}
    audit.record(session, by, "audit.export", "audit log", now, **asked)


def rows(session: Session, wanted: Wanted) -> Iterator[list[tuple[Any, ...]]]:
    """All entries that are wanted, the oldest first, in batches, as the columns of `HEADER`.

    The transaction ends after each batch, so that nobody waits for a download.
    """
    last, after = session.scalar(select(func.max(AuditEntry.id))) or 0, 0
    while after < last:
        statement = _matching(select(AuditEntry), wanted).where(AuditEntry.id > after, AuditEntry.id <= last)
        batch = session.scalars(statement.order_by(AuditEntry.id).limit(BATCH).options(joinedload(AuditEntry.by))).all()
        found = [_row(entry) for entry in batch]
        session.rollback()
        if not found:
            return
        yield found
        after = found[-1][0]


def _row(entry: AuditEntry) -> tuple[Any, ...]:
    detail = json.dumps(entry.detail, ensure_ascii=False, sort_keys=True)
    name = entry.by.name if entry.by else None
    return (entry.id, entry.at.isoformat(), entry.by_id, name, entry.act, entry.subject, detail)


def _matching(statement: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.act:
        statement = statement.where(AuditEntry.act == wanted.act)
    if wanted.by:
        statement = statement.where(AuditEntry.by_id == wanted.by)
    if wanted.subject:
        statement = statement.where(AuditEntry.subject.startswith(wanted.subject, autoescape=True))
    if wanted.since:
        statement = statement.where(AuditEntry.at >= datetime.combine(wanted.since, time(), ZONE))
    if wanted.until:
        statement = statement.where(AuditEntry.at < datetime.combine(wanted.until + timedelta(days=1), time(), ZONE))
    return statement
