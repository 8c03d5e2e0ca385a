"""What can be done with the outbox. Each change of a mail's status has one door, and it is here."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, delete, func, insert, select, update
from sqlalchemy.orm import Session

from portal.addresses import Address
from portal.config import Settings
from portal.database import insert_row, take_turns
from portal.mail.models import FAILED, PENDING, SENDING, SENT, STATUSES, UNCERTAIN, WAITING, OutboxMail

KEPT = timedelta(days=30)
"""How long a mail that belongs to no opt-in is remembered, and a failed one could still be sent."""


@dataclass(frozen=True)
class Mail:
    """A mail to be sent: `context` is what `templates/<template>.txt` and `.html` are filled with, as JSON values."""

    template: str
    to: Address
    language: str
    context: dict[str, Any]
    optin_id: int | None = None


def post(session: Session, mail: Mail, now: datetime, *, wait: timedelta = timedelta()) -> OutboxMail:
    """Queue a mail. Nothing is sent before the caller commits and `wait` is over, and nothing is lost after."""
    return insert_row(session, OutboxMail, **_columns(mail, now, wait))


_QUEUE = insert(OutboxMail).inline()


def queue(session: Session, mail: Mail, now: datetime, *, wait: timedelta = timedelta()) -> None:
    """Queue a mail, as `post` does, for callers who do not ask for its row."""
    session.connection().execute(_QUEUE, _columns(mail, now, wait))


def _columns(mail: Mail, now: datetime, wait: timedelta) -> dict[str, Any]:
    return {
        "message_id": secrets.token_hex(12),
        "template": mail.template,
        "language": mail.language,
        "recipient": mail.to.email,
        "context": mail.context,
        "address_key": mail.to.key,
        "optin_id": mail.optin_id,
        "status": PENDING,
        "attempts": 0,
        "next_attempt_at": now + wait,
        "created_at": now,
    }


_POSTED_SINCE = (
    select(func.count())
    .select_from(OutboxMail)
    .where(OutboxMail.address_key == bindparam("address_key"), OutboxMail.created_at >= bindparam("since"))
)


def posted_since(session: Session, address_key: str, since: datetime) -> int:
    """How many mails were posted to an address since then, whatever became of them."""
    return session.connection().execute(_POSTED_SINCE, {"address_key": address_key, "since": since}).scalar_one()


def may_mail(session: Session, settings: Settings, address: Address, now: datetime) -> bool:
    """Whether this address may get one more mail today that anybody could have asked for.

    Until the transaction ends nobody else asks for the same address: parallel sign-ups take turns.
    """
    take_turns(session, address.key)
    return posted_since(session, address.key, now - timedelta(days=1)) < settings.mails_per_address_and_day


def pause_before(session: Session, settings: Settings, address: Address, now: datetime) -> timedelta:
    """How long the next mail to this address has to wait, so that it gets only so many a day: mostly not at all.

    For what must not be lost where `may_mail` would say no; parallel callers take turns in the same way.
    """
    take_turns(session, address.key)
    day = timedelta(days=1)
    recent = select(OutboxMail.created_at).where(
        OutboxMail.address_key == address.key, OutboxMail.created_at > now - day
    )
    newest_first = recent.order_by(OutboxMail.created_at.desc())
    blocking = session.scalar(newest_first.offset(settings.mails_per_address_and_day - 1).limit(1))
    return blocking + day - now if blocking else timedelta()


def forget(session: Session, address_key: str) -> None:
    """Erase the mails queued for an address, also claimed ones, and what is left of those sent to it."""
    session.execute(delete(OutboxMail).where(OutboxMail.address_key == address_key))


def cancel(session: Session, optin_id: int) -> None:
    """Erase the mails of an opt-in that have not been sent; those that were belong to its proof."""
    session.execute(delete(OutboxMail).where(OutboxMail.optin_id == optin_id, OutboxMail.status != SENT))


def take_back(session: Session, mail_id: int) -> bool:
    """Erase a mail that has not been begun. False if it is too late: it has gone out, or may have."""
    untouched = (OutboxMail.id == mail_id, OutboxMail.status == PENDING, OutboxMail.attempts == 0)
    return session.scalar(delete(OutboxMail).where(*untouched).returning(OutboxMail.id)) is not None


def claim(session: Session, worker: str, limit: int, now: datetime) -> Sequence[OutboxMail]:
    """Put up to `limit` mails that are due in line for `worker`, the longest due first; no worker waits for another.

    They keep their status: a claim has sent nothing.
    """
    due = (
        select(OutboxMail)
        .where(OutboxMail.status.in_(WAITING), OutboxMail.worker.is_(None), OutboxMail.next_attempt_at <= now)
        .order_by(OutboxMail.next_attempt_at, OutboxMail.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    mails = session.scalars(due).all()
    for mail in mails:
        mail.worker = worker
    session.flush()
    return mails


def begin(session: Session, mail: OutboxMail, worker: str) -> bool:
    """Say that the body is about to be sent. False if the mail was erased, or is no longer this worker's."""
    mine = (*_is(mail), OutboxMail.worker == worker, OutboxMail.status.in_(WAITING))
    return bool(_change(session, mine, status=SENDING, attempts=OutboxMail.attempts + 1))


def sent(session: Session, mail: OutboxMail, template_version: str, now: datetime) -> None:
    """Record that the server has taken the mail, whoever may have claimed it since, and forget address and content."""
    _change(
        session,
        (*_is(mail), OutboxMail.status != SENT),
        status=SENT,
        sent_at=now,
        template_version=template_version,
        recipient=None,
        context=None,
        worker=None,
        error=None,
    )


def postpone(
    session: Session, mail: OutboxMail, worker: str, error: str, now: datetime, settings: Settings, *, uncertain: bool
) -> None:
    """Try again later: 30 s after the first attempt, twice as long after each further one, for some days, then never.

    `uncertain` says that the mail may have arrived all the same; that it once may have is never taken back.
    """
    if now - mail.created_at >= timedelta(days=settings.mail_retry_days):
        fail(session, mail, worker, error)
        return
    _change(
        session,
        (*_is(mail), OutboxMail.worker == worker),
        status=UNCERTAIN if uncertain or mail.status == UNCERTAIN else PENDING,
        next_attempt_at=now + pause_after(settings, mail.attempts),
        worker=None,
        error=error,
    )


def pause_after(settings: Settings, attempts: int) -> timedelta:
    """How long to leave a mail alone that was tried so many times before this one: twice as long each time."""
    # Capped before it is raised to a power, so that no number of attempts is too many.
    seconds = min(settings.mail_retry_first * 2 ** min(attempts, 20), settings.mail_retry_longest)
    return timedelta(seconds=seconds)


def fail(session: Session, mail: OutboxMail, worker: str, error: str) -> None:
    """Give the mail up. Its address and content stay for a while, so that an operator can have it tried again."""
    mine = (*_is(mail), OutboxMail.worker == worker)
    _change(session, mine, status=FAILED, worker=None, error=error)


def release(session: Session, worker: str) -> None:
    """Let go of the mails that `worker` has claimed and not begun, as if it had never claimed them."""
    _change(session, (OutboxMail.worker == worker, OutboxMail.status.in_(WAITING)), worker=None)


def others(session: Session, worker: str) -> Sequence[str]:
    """The other workers that hold mails, dead or alive."""
    held = select(OutboxMail.worker).where(OutboxMail.worker.is_not(None), OutboxMail.worker != worker).distinct()
    return [name for name in session.scalars(held) if name]


def bury(session: Session, dead: str, now: datetime) -> None:
    """Put back at once what a dead worker held: what it had begun may have arrived, the rest has not."""
    begun = (OutboxMail.worker == dead, OutboxMail.status == SENDING)
    _change(session, begun, status=UNCERTAIN, worker=None, next_attempt_at=now, error="worker lost")
    release(session, dead)


def retry(session: Session, now: datetime, ids: Sequence[int] = ()) -> int:
    """Have waiting and failed mails tried now, all or those named. Returns how many there were.

    A failed mail whose address has been erased meanwhile cannot be tried again.
    """
    waiting = [OutboxMail.status.in_((*WAITING, FAILED)), OutboxMail.worker.is_(None)]
    waiting.append(OutboxMail.recipient.is_not(None))
    if ids:
        waiting.append(OutboxMail.id.in_(ids))
    again = case((OutboxMail.status == FAILED, PENDING), else_=OutboxMail.status)
    return _change(session, waiting, status=again, next_attempt_at=now)


def counts(session: Session) -> dict[str, int]:
    """How many mails there are in each status."""
    rows = session.execute(select(OutboxMail.status, func.count()).group_by(OutboxMail.status))
    found = {status: number for status, number in rows}  # noqa: C416 - a row is not a pair to dict()
    return {status: found.get(status, 0) for status in STATUSES}


def oldest_due(session: Session, now: datetime) -> timedelta:
    """For how long the mail that is due longest has been due."""
    waiting = select(func.min(OutboxMail.next_attempt_at)).where(OutboxMail.status.in_(WAITING))
    due = session.scalar(waiting)
    return max(now - due, timedelta()) if due else timedelta()


def troubled(session: Session, limit: int) -> Sequence[OutboxMail]:
    """The latest mails that failed or that wait after an attempt that came to nothing."""
    tried = select(OutboxMail).where(OutboxMail.error.is_not(None), OutboxMail.status != SENT)
    return session.scalars(tried.order_by(OutboxMail.id.desc()).limit(limit)).all()


def purge(session: Session, now: datetime, _settings: Settings) -> int:
    """Erase what has outlived its purpose; the number of mails.

    Of a failed mail the address and the content go, and the whole row of any that belongs to no opt-in. The row of a
    mail that belongs to one is part of its proof, and goes with it.
    """
    old = OutboxMail.created_at < now - KEPT
    failed = (old, OutboxMail.status == FAILED, OutboxMail.recipient.is_not(None))
    emptied = _change(session, failed, recipient=None, context=None)
    alone = (old, OutboxMail.status.in_((SENT, FAILED)), OutboxMail.optin_id.is_(None))
    session.flush()
    removed = session.scalars(delete(OutboxMail).where(*alone).returning(OutboxMail.id)).all()
    return emptied + len(removed)


def _is(mail: OutboxMail) -> tuple[ColumnElement[bool], ...]:
    """That a row is this very mail, and not one that came after it was erased."""
    return OutboxMail.id == mail.id, OutboxMail.message_id == mail.message_id


def _change(session: Session, where: Iterable[ColumnElement[bool]], **values: Any) -> int:
    statement = update(OutboxMail).where(*where).values(**values).returning(OutboxMail.id)
    return len(session.scalars(statement, execution_options={"synchronize_session": False}).all())
