"""Who is logged in: a row for each browser, which its cookie names by a secret that is kept as a hash only."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session, joinedload

from portal.config import Settings
from portal.organisers.models import Organiser, OrganiserSession

HALFWAY = timedelta(minutes=15)
"""How long somebody may take from the password to the second factor, or to setting one up."""


def begin(session: Session, organiser: Organiser, now: datetime, *, complete: bool) -> str:
    """Log a browser in. The secret for its cookie is a new one: none that was known before is ever good."""
    token = secrets.token_urlsafe(32)
    row = OrganiserSession(
        organiser_id=organiser.id, token_hash=_hash(token), began_at=now, fresh_at=now, complete=complete
    )
    session.add(row)
    session.flush()
    return token


def find(session: Session, settings: Settings, token: str, seen: datetime, now: datetime) -> OrganiserSession | None:
    """The session that a cookie names, if its organiser is active and it has neither idled nor lasted too long."""
    named = select(OrganiserSession).where(OrganiserSession.token_hash == _hash(token))
    row = session.scalar(named.options(joinedload(OrganiserSession.organiser)))
    if row is None or not row.organiser.active:
        return None
    lasted, idled = now - row.began_at, now - seen
    if not row.complete:
        return row if lasted < HALFWAY else None
    if lasted >= timedelta(hours=settings.office_session_hours) or idled >= timedelta(
        minutes=settings.office_idle_minutes
    ):
        return None
    return row


def is_fresh(row: OrganiserSession, settings: Settings, now: datetime) -> bool:
    """Whether the password was given only a few minutes ago."""
    return now - row.fresh_at < timedelta(minutes=settings.office_fresh_minutes)


def end(session: Session, row: OrganiserSession) -> None:
    """Log one browser out."""
    session.delete(row)
    session.flush()


def end_all(session: Session, organiser: Organiser, *, but: OrganiserSession | None = None) -> None:
    """Log an organiser out everywhere, but perhaps not here."""
    others = delete(OrganiserSession).where(OrganiserSession.organiser_id == organiser.id)
    session.execute(others if but is None else others.where(OrganiserSession.id != but.id))


def purge(session: Session, now: datetime, settings: Settings) -> int:
    """Remove the rows of browsers whose time is over."""
    over = or_(
        OrganiserSession.began_at < now - timedelta(hours=settings.office_session_hours),
        OrganiserSession.complete.is_(False) & (OrganiserSession.began_at < now - HALFWAY),
    )
    return len(session.scalars(delete(OrganiserSession).where(over).returning(OrganiserSession.id)).all())


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
