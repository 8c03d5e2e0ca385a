"""What became of each delivery, by the dozen: claimed, marked, recorded, and put back where a worker died.

A row goes pending → claimed → sending → sent, each in a transaction of its own, and `worker` says whose hand it is in.
These are plain statements without mapped objects: they run for each letter of each campaign.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, Table, bindparam, or_, select, update
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.mail.models import Suppression
from portal.mail.outbox import pause_after
from portal.newsletter.journal import Letter, Testimony
from portal.newsletter.models import (
    BOUNCED,
    CLAIMED,
    DEFERRED,
    GONE,
    NOT_SENT,
    PENDING,
    RESEND,
    RUNNING,
    SENDING,
    SENT,
    SKIPPED,
    STOPPED,
    STOPPED_BEFORE,
    SUPPRESSED,
    UNCERTAIN,
    Campaign,
    Delivery,
)
from portal.subscribers.segments import Segment

AGAIN = "again"
"""The connection was gone before the text: nobody's fault, so it goes on at once."""
UNTOUCHED = "untouched"
"""It was marked and never begun."""
AT_ONCE = 3
"""The attempts after which even what is nobody's fault has to wait, and what is uncertain is not sent once more."""
AT_MOST = 1000
"""How many rows one statement names."""
WORKER_LOST = "worker lost"

_ROW: Table = Delivery.__table__  # type: ignore[assignment] # a mapped class has one
_ID = _ROW.c.recipient_id
_MINE = (_ROW.c.campaign_id == bindparam("campaign"), _ROW.c.worker == bindparam("me"))
_THESE = _ID.in_(bindparam("ids", expanding=True))

Bounced = Callable[[Session, str, str, datetime], object]
"""(session, address key, code, now) → what follows from a server's refusing a recipient."""


class Addressed(NamedTuple):
    """A letter that is marked as being sent, and the person that it goes to."""

    campaign_id: int
    recipient_id: int
    language: str
    attempts: int
    """This one included."""
    address_key: str
    email: str
    name: str | None


class Marked(NamedTuple):
    """What came of marking letters."""

    letters: list[Addressed]
    skipped: int
    """How many of those asked about may not be sent any more."""


class Outcome(NamedTuple):
    """What became of a letter."""

    letter: Addressed
    status: str
    """SENT, DEFERRED, BOUNCED, UNCERTAIN, AGAIN or UNTOUCHED."""
    reason: str | None = None
    of_the_recipient: bool = False
    """Whether the server refused the recipient, and for the recipient's sake."""
    for_everybody: bool = False
    """Whether it was refused for something that all letters of the campaign have."""


@dataclass(frozen=True)
class Steered:
    """A campaign as those who steer it want it at this moment."""

    id: int
    segment: str
    status: str
    uncertain: str


def campaigns(session: Session, known: Iterable[int] = ()) -> dict[int, Steered]:
    """The running campaigns, and those known; until the transaction ends nobody pauses, stops or resumes them."""
    wanted = select(Campaign.id, Campaign.segment, Campaign.status, Campaign.uncertain).where(
        or_(Campaign.status == RUNNING, Campaign.id.in_(list(known)))
    )
    rows = session.connection().execute(wanted.order_by(Campaign.id).with_for_update(read=True))
    return {row.id: Steered(*row) for row in rows}


_PENDING = (
    select(_ID)
    .where(
        NOT_SENT,
        _ROW.c.campaign_id == bindparam("campaign"),
        _ROW.c.status == PENDING,
        _ROW.c.recipient_id > bindparam("after"),
    )
    .order_by(_ID)
    .limit(bindparam("number"))
    .with_for_update(skip_locked=True)
)


def claim(session: Session, campaign_id: int, worker: str, number: int, after: int = 0) -> list[int]:
    """Put up to so many pending deliveries in line for `worker`; no worker waits for another. Returns recipients.

    Only those after recipient `after`: whoever begins where the last claim ended need not pass by all that were sent.
    """
    connection = session.connection()
    ids = list(connection.execute(_PENDING, {"campaign": campaign_id, "number": number, "after": after}).scalars())
    if ids:
        claimed = update(_ROW).where(_ROW.c.campaign_id == campaign_id, _THESE).values(status=CLAIMED, worker=worker)
        connection.execute(claimed, {"ids": ids})
    return ids


def wake(session: Session, campaign_id: int, number: int, now: datetime) -> int:
    """Make up to so many deferred deliveries pending whose time has come."""
    due = (
        select(_ID)
        .where(NOT_SENT, _ROW.c.campaign_id == campaign_id, _ROW.c.status == DEFERRED, _ROW.c.due_at <= now)
        .limit(number)
        .with_for_update(skip_locked=True)
    )
    ids = list(session.connection().execute(due).scalars())
    if ids:
        back = update(_ROW).where(_ROW.c.campaign_id == campaign_id, _THESE).values(status=PENDING, due_at=None)
        session.connection().execute(back, {"ids": ids})
    return len(ids)


def to_whom(segment: Segment) -> Select[Any]:
    """The statement that asks whom of `ids` a letter may still go to, with `barred` where the address is suppressed."""
    reachable = segment.reachable()
    who, key, email, name = reachable.selected_columns
    return (
        reachable.outerjoin(Suppression, Suppression.address_key == key)
        .with_only_columns(
            who.label("id"),
            key.label("address_key"),
            email.label("email"),
            name.label("name"),
            Suppression.id.label("barred"),
        )
        .where(who.in_(bindparam("ids", expanding=True)))
    )


_MARK = (
    update(_ROW)
    .where(*_MINE, _THESE, _ROW.c.status == CLAIMED)
    .values(status=SENDING, attempts=_ROW.c.attempts + 1)
    .returning(_ID, _ROW.c.language, _ROW.c.attempts)
)


def mark(
    session: Session, campaign_id: int, asked: Select[Any], worker: str, ids: Sequence[int], now: datetime
) -> Marked:
    """Say that these letters are about to be sent; `asked` is `to_whom` of the campaign's segment.

    Only those that are still this worker's, whose people may still be mailed; the others of them are skipped.
    """
    connection = session.connection()
    people = {row.id: row for row in connection.execute(asked, {"ids": list(ids)})}
    gone = [one for one in ids if one not in people]
    barred = [row.id for row in people.values() if row.barred is not None]
    skipped = _skip(session, campaign_id, worker, gone, GONE, now)
    skipped += _skip(session, campaign_id, worker, barred, SUPPRESSED, now)
    meant = [row.id for row in people.values() if row.barred is None]
    if not meant:
        return Marked([], skipped)
    marked = connection.execute(_MARK, {"campaign": campaign_id, "me": worker, "ids": meant})
    letters = [
        Addressed(campaign_id, row[0], row[1], row[2], *people[row[0]][1:4])
        for row in sorted(marked, key=lambda row: int(row[0]))
    ]
    return Marked(letters, skipped)


def _skip(session: Session, campaign_id: int, worker: str, ids: list[int], reason: str, now: datetime) -> int:
    if not ids:
        return 0
    mine = update(_ROW).where(*_MINE, _THESE, _ROW.c.status == CLAIMED)
    values = {"status": SKIPPED, "reason": reason, "worker": None, "ended_at": now}
    found = session.connection().execute(mine.values(**values), {"campaign": campaign_id, "me": worker, "ids": ids})
    return found.rowcount


def record(
    session: Session,
    steered: Mapping[int, Steered],
    worker: str,
    outcomes: Sequence[Outcome],
    settings: Settings,
    bounced: Bounced,
    now: datetime,
) -> None:
    """Write down what became of letters that `worker` had marked."""
    groups: dict[tuple[int, tuple[tuple[str, Any], ...]], list[int]] = defaultdict(list)
    for outcome in outcomes:
        letter = outcome.letter
        values = _values(steered[letter.campaign_id], outcome.status, outcome.reason, letter.attempts, settings, now)
        groups[letter.campaign_id, tuple(values.items())].append(letter.recipient_id)
        if outcome.of_the_recipient and outcome.reason:
            bounced(session, letter.address_key, outcome.reason, now)
    for (campaign_id, values_), ids in groups.items():
        mine = update(_ROW).where(*_MINE, _THESE, _ROW.c.status == SENDING).values(worker=None, **dict(values_))
        session.connection().execute(mine, {"campaign": campaign_id, "me": worker, "ids": ids})


def put_back(session: Session, campaign: Steered, ids: Sequence[int], now: datetime) -> None:
    """Make letters pending that were refused through no fault of theirs."""
    refused = (_ROW.c.campaign_id == campaign.id, _THESE, _ROW.c.status == BOUNCED)
    back = update(_ROW).where(*refused)
    back = back.values(**_waiting(campaign, {"status": PENDING, "reason": None, "ended_at": None}, now))
    session.connection().execute(back, {"ids": list(ids)})


def _values(
    campaign: Steered, status: str, reason: str | None, attempts: int, settings: Settings, now: datetime
) -> dict[str, Any]:
    """What the row says after an attempt, apart from its worker."""
    if status == UNTOUCHED:
        return _waiting(campaign, {"status": PENDING, "attempts": attempts - 1}, now)
    if status == AGAIN and attempts < AT_ONCE:
        return _waiting(campaign, {"status": PENDING, "reason": reason}, now)
    if status == UNCERTAIN and campaign.uncertain == RESEND and attempts < AT_ONCE:
        return _waiting(campaign, {"status": PENDING, "reason": reason}, now)
    if status in {AGAIN, DEFERRED}:
        if _given_up(settings, attempts):
            return {"status": BOUNCED, "reason": reason, "ended_at": now}
        due_at = now + pause_after(settings, attempts - 1)
        return _waiting(campaign, {"status": DEFERRED, "reason": reason, "due_at": due_at}, now)
    return {"status": status, "reason": reason, "ended_at": now}


def _waiting(campaign: Steered, values: dict[str, Any], now: datetime) -> dict[str, Any]:
    """What is to be tried again waits, unless its campaign was stopped meanwhile."""
    if campaign.status == STOPPED:
        return {"status": SKIPPED, "reason": STOPPED_BEFORE, "ended_at": now}
    return values


def _given_up(settings: Settings, attempts: int) -> bool:
    """Whether the pauses after so many attempts make up the days after which a mail is not tried again."""
    waited = sum((pause_after(settings, number) for number in range(attempts - 1)), timedelta())
    return waited >= timedelta(days=settings.mail_retry_days)


def release(session: Session, worker: str) -> None:
    """Let go of what `worker` has in line and has not marked."""
    claimed = update(_ROW).where(_ROW.c.worker == worker, _ROW.c.status == CLAIMED)
    session.connection().execute(claimed.values(status=PENDING, worker=None))


def others(session: Session, worker: str) -> list[str]:
    """The other workers that have deliveries in hand, dead or alive."""
    held = select(_ROW.c.worker).where(_ROW.c.worker.is_not(None), _ROW.c.worker != worker).distinct()
    return [name for name in session.connection().execute(held).scalars() if name]


def bury(session: Session, dead: str, testimony: Testimony | None, settings: Settings, now: datetime) -> None:
    """Put back what a dead worker had in hand, by what its journal says; without a journal nobody knows.

    What a server has taken is sent, also where somebody who could not read the journal has called it uncertain.
    """
    release(session, dead)
    _confirm(session, testimony, now)
    held = select(_ROW.c.campaign_id, _ID, _ROW.c.language, _ROW.c.attempts).where(
        _ROW.c.worker == dead, _ROW.c.status == SENDING
    )
    letters = [Addressed(*row, "", "", None) for row in session.connection().execute(held)]
    outcomes = [_outcome(letter, testimony) for letter in letters]
    steered = campaigns(session, {letter.campaign_id for letter in letters})
    record(session, steered, dead, outcomes, settings, lambda *_: None, now)


def _outcome(letter: Addressed, testimony: Testimony | None) -> Outcome:
    name: Letter = (letter.campaign_id, letter.recipient_id, letter.attempts)
    if testimony is None or name in testimony.begun:
        return Outcome(letter, UNCERTAIN, WORKER_LOST)
    if name in testimony.ended:
        status, _, reason = testimony.ended[name].partition(" ")
        return Outcome(letter, status, reason or None)
    return Outcome(letter, UNTOUCHED)


def _confirm(session: Session, testimony: Testimony | None, now: datetime) -> None:
    sent: dict[int, list[int]] = defaultdict(list)
    for (campaign_id, recipient_id, _attempt), outcome in (testimony.ended if testimony else {}).items():
        if outcome == SENT:
            sent[campaign_id].append(recipient_id)
    for campaign_id, ids in sent.items():
        doubted = (NOT_SENT, _ROW.c.campaign_id == campaign_id, _THESE, _ROW.c.status == UNCERTAIN)
        values = {"status": SENT, "reason": None, "ended_at": now}
        for first in range(0, len(ids), AT_MOST):
            these = {"ids": ids[first : first + AT_MOST]}
            session.connection().execute(update(_ROW).where(*doubted).values(**values), these)
