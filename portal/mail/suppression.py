"""Addresses that no campaign may reach. Only their keyed hashes are known here.

What somebody asks for, a link to confirm for example, goes to them all the same: who subscribes anew has to be able to.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.mail.models import BLOCKED, BOUNCED, Bounce, Suppression

_INSERTIONS = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


def suppress(session: Session, address_key: str, reason: str, now: datetime, detail: str | None = None) -> None:
    """Reach this address no more, for one of SUPPRESSION_REASONS. `detail` is the code that led to it.

    What is suppressed stays so, for its first reason; only that mail came back gives way to anything that a person
    has said.
    """
    row = insertion(session, Suppression).values(address_key=address_key, reason=reason, detail=detail, created_at=now)
    weightier = (Suppression.reason == BOUNCED) & (row.excluded.reason != BOUNCED)
    session.execute(
        row.on_conflict_do_update(
            index_elements=["address_key"],
            set_={name: row.excluded[name] for name in ("reason", "detail", "created_at")},
            where=weightier,
        )
    )


def is_suppressed(session: Session, address_key: str) -> bool:
    """Whether no campaign may reach this address."""
    return bool(session.scalar(select(exists().where(Suppression.address_key == address_key))))


def lift(session: Session, address_key: str, *reasons: str) -> bool:
    """Let campaigns reach this address again, and count what comes back anew. False if it was not suppressed.

    With `reasons`, only where it is suppressed for one of them: who confirms a subscription has shown that mail
    arrives, which answers BOUNCED, and not everything else.
    """
    wanted = [Suppression.address_key == address_key]
    if reasons:
        wanted.append(Suppression.reason.in_(reasons))
    if session.scalar(delete(Suppression).where(*wanted).returning(Suppression.id)) is None:
        return False
    session.execute(delete(Bounce).where(Bounce.address_key == address_key))
    return True


def purge(session: Session, now: datetime, settings: Settings) -> int:
    """Forget old suppressions that no person has asked for; how many. If they still hold, the next letter shows it."""
    old = Suppression.created_at < now - timedelta(days=365 * settings.block_years)
    ours = Suppression.reason.in_((BOUNCED, BLOCKED))
    return len(session.scalars(delete(Suppression).where(old, ours).returning(Suppression.id)).all())


def insertion(session: Session, model: type[Any]) -> Any:
    """An INSERT of the database at hand that can say what follows if the row is there already."""
    return _INSERTIONS[session.connection().dialect.name](model)
