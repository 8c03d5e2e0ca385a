"""Register, confirm, correct, wait, move up, hear of changes, cancel: the only ways in which a registration changes."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from portal.addresses import Address
from portal.conference import wording
from portal.conference.changes import Timetable, changes
from portal.conference.models import PENDING, REGISTERED, WAITING, WITHDRAWN, Registration, ToldTimetable
from portal.conference.programme import Conference, conferences
from portal.config import Settings
from portal.database import take_turns
from portal.mail import outbox
from portal.optin import operations as optin
from portal.optin.models import PENDING as OPEN
from portal.optin.models import OptIn
from portal.organisers import audit
from portal.privacy import holds
from portal.web.caching import public_changed

FORM = "conference/1"
"""The form and its version, as the proof names it."""


@dataclass(frozen=True)
class Entry:
    """What the form asks for."""

    name: str
    organisation: str | None
    needs: str | None


def request_registration(
    session: Session,
    settings: Settings,
    conference: Conference,
    address: Address,
    entry: Entry,
    language: str,
    now: datetime,
) -> None:
    """Take what the form says, and mail its link. To the caller it looks the same whoever asks.

    The owner of the mailbox learns by mail what became of it: a link to confirm, or that she is registered or waits
    already. Beyond the daily number of mails nothing happens, nor when the same is sent again within minutes. An open
    request of the same mailbox for another conference is given up: its link is replaced.
    """
    if not outbox.may_mail(session, settings, address, now):
        return
    known = registration_of(session, conference.key, address.key)
    if known and known.status != PENDING:
        _tell(session, "already", known, now)
        return
    open_request = optin.open_request(session, PURPOSE, address)
    wanted = {"email": address.email, "language": language, **asdict(entry)}
    same = known and all(getattr(known, name) == value for name, value in wanted.items())
    if same and open_request and optin.just_mailed(open_request, now):
        return
    row = known or Registration(conference=conference.key, address_key=address.key, status=PENDING, attended=False)
    for name, value in {**wanted, "requested_at": now}.items():
        setattr(row, name, value)
    session.add(row)
    session.flush()
    if open_request is not None and open_request.subject != row.id:
        _discard(session, open_request)
    consents = [wording.registration(language)]
    optin.request(session, settings, PURPOSE, row.id, address, language, FORM, consents, now, replaces=open_request)


def registration_of(session: Session, conference: str, address_key: str) -> Registration | None:
    """The registration of a mailbox for a conference, confirmed or not, as it is now."""
    mine = select(Registration).where(
        Registration.conference == conference, Registration.address_key == address_key, _is_not(WITHDRAWN)
    )
    return session.scalar(mine.execution_options(populate_existing=True))


def registrations_of(session: Session, address_key: str) -> list[Registration]:
    """All registrations of a mailbox."""
    mine = select(Registration).where(Registration.address_key == address_key, _is_not(WITHDRAWN))
    return list(session.scalars(mine.order_by(Registration.id).execution_options(populate_existing=True)))


def find(session: Session, number: int) -> Registration | None:
    """The registration with this number, if it has been confirmed and not been cancelled."""
    found = session.get(Registration, number, populate_existing=True)
    return found if found and found.status in {WAITING, REGISTERED} else None


def own_registration(session: Session, address_key: str, number: int) -> Registration | None:
    """The registration with this number, if it is this mailbox's and confirmed, to be changed: others wait."""
    take_turns(session, address_key)
    found = find(session, number)
    return found if found and found.address_key == address_key else None


def correct(session: Session, row: Registration, entry: Entry, now: datetime) -> None:
    """Change what somebody has said of herself. Her place, or her turn, stays hers."""
    changed = [name for name, value in asdict(entry).items() if value != getattr(row, name)]
    for name in changed:
        setattr(row, name, getattr(entry, name))
    confirmation = optin.confirmed_for(session, PURPOSE, row.id)
    if changed and confirmation is not None:
        optin.note(session, confirmation, "corrected", now, ", ".join(changed))
    session.flush()


def move_up(session: Session, conference: Conference, now: datetime) -> list[Registration]:
    """Give the free places to those who wait, the longest waiting first; who they are. The caller has the turn.

    Nobody moves up once the conference has begun, or is cancelled. What has changed since they were told of the
    programme they have still to hear: the mail that they get now does not say it.
    """
    if conference.registration is None or not conference.takes_confirmations(now):
        return []
    taken = set(session.scalars(select(Registration.seat).where(_of(conference.key), Registration.seat.is_not(None))))
    free = max(0, conference.registration.capacity - len(taken))
    first = select(Registration).where(_of(conference.key), Registration.status == WAITING)
    first = first.order_by(Registration.confirmed_at, Registration.id).limit(free)
    moved = list(session.scalars(first.execution_options(populate_existing=True)))
    seats = (number for number in count(1) if number not in taken)
    for row in moved:
        row.status, row.seat = REGISTERED, next(seats)
    session.flush()
    return moved


def fill_places(session: Session, settings: Settings, now: datetime) -> None:
    """Let people move up where places have been added in the file."""
    for conference in conferences(settings).values():
        somebody = select(Registration.id).where(_of(conference.key), Registration.status == WAITING).limit(1)
        if conference.takes_confirmations(now) and session.scalar(somebody):
            _take_turn(session, conference.key)
            _congratulate(session, move_up(session, conference, now), now)


def cancel(session: Session, settings: Settings, number: int, now: datetime, *, by: int | None = None) -> bool:
    """Give a place back, or stop waiting. False if there is none any more. Who waits longest moves up at once.

    `by` is the organiser who cancels for somebody; None is the person herself.
    """
    found = session.get(Registration, number)
    if found is None:
        return False
    take_turns(session, found.address_key)
    _take_turn(session, found.conference)
    row = find(session, number)
    if row is None:
        return False
    _tell(session, "cancelled", row, now, by_organisers=by is not None)
    if by is not None:
        audit.record(session, by, "registration.cancel", f"registration {row.id}", now, conference=row.conference)
    remove_registration(session, settings, row, now)
    return True


def remove_registration(session: Session, settings: Settings, row: Registration, now: datetime) -> None:
    """Delete a registration, and let somebody move up; one under a legal hold stays, without a place.

    Of its opt-in the proof stays.
    """
    conference = row.conference
    _take_turn(session, conference)
    if session.get(Registration, row.id, populate_existing=True) is None:
        return
    counted = row.status in {WAITING, REGISTERED}
    optin.withdraw(session, PURPOSE, row.id, now)
    if holds.is_held(session, row):
        row.status, row.seat, row.attended = WITHDRAWN, None, False
        row.confirmed_at = row.confirmed_at or now
    else:
        session.delete(row)
    session.flush()
    known = conferences(settings).get(conference)
    if counted and known is not None:
        _congratulate(session, move_up(session, known, now), now)


def not_told(session: Session, conference: Conference, now: datetime) -> list[Registration]:
    """Who comes or waits, and has had no mail since the programme has got its latest SEQUENCE.

    Of a conference that is over nobody hears any more.
    """
    if conference.is_over(now):
        return []
    rows = select(Registration).where(
        _of(conference.key),
        Registration.status.in_((WAITING, REGISTERED)),
        Registration.told_sequence < conference.sequence,
    )
    return list(session.scalars(rows.order_by(Registration.id).execution_options(populate_existing=True)))


def news_for(session: Session, conference: Conference, told: int, language: str) -> list[dict[str, Any]]:
    """What has changed for somebody whose latest mail told of SEQUENCE `told`: as `changes` says it.

    Nothing, if what was told then is not known.
    """
    before = _told_timetable(session, conference.key, told)
    return changes(before, Timetable.of(conference), language) if before else []


def forgotten_changes(session: Session, conference: Conference, language: str, now: datetime) -> list[dict[str, Any]]:
    """What has changed although SEQUENCE is the one that somebody who comes or waits was told of.

    Calendars do not take such a change over, and nobody can be told of it before SEQUENCE is raised.
    """
    somebody = select(Registration.id).where(
        _of(conference.key),
        Registration.status.in_((WAITING, REGISTERED)),
        Registration.told_sequence == conference.sequence,
    )
    if conference.is_over(now) or session.scalar(somebody.limit(1)) is None:
        return []
    return news_for(session, conference, conference.sequence, language)


def note_timetable(session: Session, conference: Conference) -> None:
    """Remember what is told at this SEQUENCE. The caller has the turn; what was told first stays."""
    if _told_timetable(session, conference.key, conference.sequence) is None:
        content = Timetable.of(conference).model_dump_json()
        session.add(ToldTimetable(conference=conference.key, sequence=conference.sequence, content=content))


def _told_timetable(session: Session, key: str, sequence: int) -> Timetable | None:
    found = session.get(ToldTimetable, (key, sequence))
    return Timetable.model_validate_json(found.content) if found else None


def tell_of_change(session: Session, conference: Conference, notes: Mapping[str, str], by: int, now: datetime) -> int:
    """Mail to all who are `not_told` how the conference stands now and what is new to them; how many these are.

    Each hears once of each SEQUENCE, however often this is called. `notes` are the organisers' words by language of
    the reader.
    """
    _take_turn(session, conference.key)
    told = not_told(session, conference, now)
    for row in told:
        news = news_for(session, conference, row.told_sequence or 0, row.language)
        row.told_sequence = conference.sequence
        _tell(session, "changed", row, now, cancelled=conference.cancelled, news=news, note=notes[row.language])
    if told:
        note_timetable(session, conference)
        subject = f"conference {conference.key}"
        audit.record(session, by, "registration.tell", subject, now, rows=len(told), sequence=conference.sequence)
    session.flush()
    return len(told)


def note_attendance(
    session: Session, conference: str, present: Collection[int], before: Collection[int], by: int, now: datetime
) -> int:
    """Tick those of the registered who are there now and were not `before`, untick those of whom it is the other way
    round, and leave all others as they are: several people may have the list open. How many were changed."""
    _take_turn(session, conference)
    registered = select(Registration).where(_of(conference), Registration.status == REGISTERED)
    rows = session.scalars(registered.execution_options(populate_existing=True)).all()
    there = {row.id: row.id in present if (row.id in present) != (row.id in before) else row.attended for row in rows}
    changed = [row for row in rows if row.attended != there[row.id]]
    for row in changed:
        row.attended = there[row.id]
    if changed:
        audit.record(session, by, "registration.attendance", f"conference {conference}", now, changed=len(changed))
    session.flush()
    return len(changed)


def _congratulate(session: Session, moved: list[Registration], now: datetime) -> None:
    for row in moved:
        _tell(session, "registered", row, now, moved_up=True)


def _tell(session: Session, mail: str, row: Registration, now: datetime, **more: Any) -> None:
    context = {"conference": row.conference, "name": row.name, "number": row.id, "status": row.status, **more}
    # Not as a mail of the opt-in: one that says that a registration is cancelled outlives it.
    address = Address(row.email, row.address_key)
    outbox.post(session, outbox.Mail(f"conference/mail/{mail}", address, row.language, context), now)


def _take_turn(session: Session, conference: str) -> None:
    """Let nobody else change anything of a conference until the transaction ends.

    The public version comes first: who erases everything of somebody holds it already, and two who waited for each
    other would wait for ever.
    """
    public_changed(session)
    take_turns(session, f"conference {conference}")


def _of(conference: str) -> Any:
    return Registration.conference == conference


def _is_not(status: str) -> Any:
    # Written out, not bound: only so does SQLite see that the partial index holds all that is asked for.
    return Registration.status != literal(status, literal_execute=True)


def _subject(session: Session, request: OptIn) -> Registration | None:
    return session.get(Registration, request.subject)


def _mail_context(session: Session, request: OptIn) -> dict[str, Any]:
    row = session.get_one(Registration, request.subject)
    return {"name": row.name, "conference": row.conference}


def _confirm(session: Session, settings: Settings, request: OptIn, now: datetime) -> None:
    """Give the last place once, or let her wait. After the conference has begun the request goes, as if expired."""
    row = session.get_one(Registration, request.subject)
    _take_turn(session, row.conference)
    conference = conferences(settings).get(row.conference)
    if conference is None or not conference.takes_confirmations(now):
        request.status, request.confirmed_at = OPEN, None
        _discard(session, request)
        optin.minimise(session, request, now)
        return
    row.status, row.confirmed_at, row.told_sequence = WAITING, now, conference.sequence
    note_timetable(session, conference)
    session.flush()
    moved = move_up(session, conference, now)
    if row in moved:
        _tell(session, "registered", row, now, moved_up=False)
    else:
        _tell(session, "waiting", row, now)
    _congratulate(session, [one for one in moved if one is not row], now)


def _discard(session: Session, request: OptIn) -> None:
    row = session.get(Registration, request.subject)
    if row is not None and row.status == PENDING:
        session.delete(row)
        session.flush()


PURPOSE = optin.Purpose(
    name="conference",
    template="conference/mail/confirm",
    page="conference/confirm.html",
    subject=_subject,
    mail_context=_mail_context,
    refused=lambda _settings, _now: False,
    confirm=_confirm,
    discard=_discard,
)
