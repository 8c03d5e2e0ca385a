"""The log of what was done in the office: who, what, when, and no more of anybody than a number."""

from datetime import datetime

from sqlalchemy.orm import Session

from portal.organisers.models import AuditEntry


def record(session: Session, by: int | None, act: str, subject: str, now: datetime, **detail: str | int) -> None:
    """Append one entry: `record(session, organiser.id, "comment.reject", "comment 17", now, reason="insult")`.

    `by` is None where a command or a chore acts. The detail names nobody: neither names nor addresses belong in it.
    """
    session.add(AuditEntry(at=now, by_id=by, act=act, subject=subject, detail=dict(detail)))
