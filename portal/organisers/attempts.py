"""Failed logins: who fails again and again has to wait longer and longer, and cannot make others wait.

An attempt is counted before it is looked at, so that many at once are still many. What is counted is a pair, the
address tried and the network it was tried from: a stranger locks nobody out but his own network.
"""

import hashlib
import hmac
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.database import take_turns
from portal.organisers.models import LoginAttempts

FREE = 5
"""So many failures cost no time; each further one doubles the wait."""
LONGEST_WAIT = timedelta(hours=1)
FORGOTTEN = timedelta(days=1)
"""Failures are forgotten when so much time has passed since the last one."""


def key(settings: Settings, *parts: str | int) -> str:
    """What is counted, as a hash under the installation's secret."""
    secret = settings.secret_key.get_secret_value().encode()
    return hmac.new(secret, "\0".join(("attempts", *map(str, parts))).encode(), hashlib.sha256).hexdigest()


def count(session: Session, key: str, now: datetime) -> LoginAttempts | None:
    """Count one more attempt. None if one has to wait: then it is neither counted nor to be looked at."""
    row = _row(session, key, now)
    if row.locked_until is not None and row.locked_until > now:
        return None
    _add(row, now)
    if row.failures >= FREE:
        row.locked_until = now + min(timedelta(minutes=2 ** min(row.failures - FREE, 10)), LONGEST_WAIT)
    session.flush()
    return row


def tally(session: Session, key: str, now: datetime) -> int:
    """Count one more failure that nobody has to wait for; how many there are now."""
    row = _row(session, key, now)
    _add(row, now)
    session.flush()
    return row.failures


def forgive(session: Session, key: str) -> None:
    """Forget the failures, because the last attempt was none."""
    session.execute(delete(LoginAttempts).where(LoginAttempts.key == key))


def purge(session: Session, now: datetime) -> int:
    """Remove counts that no longer matter."""
    old = delete(LoginAttempts).where(LoginAttempts.last_at < now - FORGOTTEN).returning(LoginAttempts.key)
    return len(session.scalars(old).all())


def _row(session: Session, key: str, now: datetime) -> LoginAttempts:
    take_turns(session, key)
    row = session.get(LoginAttempts, key, populate_existing=True)
    if row is None:
        row = LoginAttempts(key=key, failures=0, last_at=now)
        session.add(row)
    return row


def _add(row: LoginAttempts, now: datetime) -> None:
    if now - row.last_at >= FORGOTTEN:
        row.failures = 0
    row.failures += 1
    row.last_at = now
