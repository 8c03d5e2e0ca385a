"""Agree, disagree or unsure on the theses of the current revision: one sheet for each address, changed at will."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.addresses import Address
from portal.config import Settings
from portal.declaration.models import Revision, Thesis
from portal.discussion.models import STANCES, Position, PositionSheet
from portal.discussion.vocabulary import STANCE_NAMES
from portal.mail import outbox
from portal.optin import operations as optin
from portal.optin.models import OptIn
from portal.web.caching import public_changed
from portal.web.charts import Bar

FORM = "position/1"
"""The form and its version, as the proof names it."""
SHOWN_FROM = 10
"""As many have to have said what they think of a thesis before any number of it is shown."""

PENDING, CONFIRMED = "pending", "confirmed"


@dataclass(frozen=True)
class Tally:
    """What people think of one thesis; `numbers` is None while too few have said so."""

    thesis: Thesis
    numbers: Mapping[str, int] | None
    """How many took each stance."""

    @property
    def total(self) -> int:
        return sum(self.numbers.values()) if self.numbers else 0

    @property
    def bars(self) -> list[Bar]:
        """The numbers, as a chart draws them."""
        return [Bar(STANCE_NAMES[stance], number) for stance, number in (self.numbers or {}).items()]


def tallies(session: Session, revision: Revision) -> list[Tally]:
    """What people think of each thesis of this revision, in its order. Nothing tells of fewer than SHOWN_FROM."""
    counted = (
        select(Position.thesis_id, Position.stance, func.count())
        .join(PositionSheet, PositionSheet.id == Position.sheet_id)
        .where(PositionSheet.revision_id == revision.id, PositionSheet.status == CONFIRMED)
        .group_by(Position.thesis_id, Position.stance)
    )
    found: dict[int, dict[str, int]] = {}
    for thesis_id, stance, number in session.execute(counted):
        found.setdefault(thesis_id, dict.fromkeys(STANCES, 0))[stance] = number
    return [Tally(thesis, _enough(found.get(thesis.id, {}))) for thesis in revision.theses]


def _enough(numbers: dict[str, int]) -> dict[str, int] | None:
    return numbers if sum(numbers.values()) >= SHOWN_FROM else None


def request_positions(
    session: Session,
    settings: Settings,
    revision: Revision,
    address: Address,
    stances: Mapping[str, str],
    *,
    consents: Sequence[optin.Consent],
    language: str,
    now: datetime,
) -> None:
    """Take what somebody thinks, by thesis key, and mail the link that makes it count.

    To the caller it looks the same whoever asks. A sheet that still waits is replaced by this one, and its link dies:
    what is confirmed is what the latest mail names. Beyond the daily number of mails nothing happens, nor when the
    same is sent again within minutes.
    """
    if not outbox.may_mail(session, settings, address, now):
        return
    waiting = _pending(session, address.key)
    open_request = optin.open_request(session, PURPOSE, address)
    if open_request and optin.just_mailed(open_request, now) and _same(waiting, revision, stances):
        return
    session.execute(delete(PositionSheet).where(PositionSheet.id.in_([sheet.id for sheet in waiting])))
    sheet = PositionSheet(
        revision_id=revision.id,
        status=PENDING,
        address_key=address.key,
        email=address.email,
        language=language,
        requested_at=now,
        positions=[
            Position(thesis_id=thesis.id, stance=stances[thesis.key])
            for thesis in revision.theses
            if thesis.key in stances
        ],
    )
    session.add(sheet)
    session.flush()
    optin.request(session, settings, PURPOSE, sheet.id, address, language, FORM, consents, now, replaces=open_request)


def _pending(session: Session, address_key: str) -> Sequence[PositionSheet]:
    waiting = select(PositionSheet).where(PositionSheet.address_key == address_key, PositionSheet.status == PENDING)
    return session.scalars(waiting.options(selectinload(PositionSheet.positions))).all()


def _same(waiting: Sequence[PositionSheet], revision: Revision, stances: Mapping[str, str]) -> bool:
    keys = {thesis.id: thesis.key for thesis in revision.theses}
    return any(
        sheet.revision_id == revision.id
        and {keys.get(position.thesis_id): position.stance for position in sheet.positions} == stances
        for sheet in waiting
    )


def stances_of(sheet: PositionSheet) -> list[tuple[Thesis, str]]:
    """Theses and stances of a sheet, in the order of the declaration."""
    taken = {position.thesis_id: position.stance for position in sheet.positions}
    return [(thesis, taken[thesis.id]) for thesis in sheet.revision.theses if thesis.id in taken]


def _confirm(session: Session, _settings: Settings, request: OptIn, now: datetime) -> None:
    """Let the sheet count: thesis by thesis it takes the place of what the same address said before."""
    sheet = session.get_one(PositionSheet, request.subject)
    earlier = session.scalar(
        select(PositionSheet)
        .where(
            PositionSheet.status == CONFIRMED,
            PositionSheet.address_key == sheet.address_key,
            PositionSheet.revision_id == sheet.revision_id,
        )
        .with_for_update()
    )
    if earlier is None:
        sheet.status, sheet.confirmed_at = CONFIRMED, now
    else:
        said = {position.thesis_id: position for position in earlier.positions}
        for new in sheet.positions:
            if new.thesis_id in said:
                said[new.thesis_id].stance = new.stance
            else:
                earlier.positions.append(Position(thesis_id=new.thesis_id, stance=new.stance))
        earlier.email, earlier.language, earlier.confirmed_at = sheet.email, sheet.language, now
        session.delete(sheet)
        request.subject = earlier.id
    session.flush()
    public_changed(session)


def _discard(session: Session, request: OptIn) -> None:
    sheet = session.get(PositionSheet, request.subject)
    if sheet is not None and sheet.status == PENDING:
        session.delete(sheet)
        session.flush()


def _subject(session: Session, request: OptIn) -> PositionSheet | None:
    whole = (
        joinedload(PositionSheet.revision).selectinload(Revision.theses).selectinload(Thesis.texts),
        selectinload(PositionSheet.positions),
    )
    return session.get(PositionSheet, request.subject, options=whole)


def _mail_context(session: Session, request: OptIn) -> dict[str, Any]:
    sheet = _subject(session, request)
    if sheet is None:
        raise LookupError(f"sheet {request.subject} is gone")
    return {
        "revision": sheet.revision.number,
        "positions": [
            {
                "thesis": thesis.position,
                "headings": {text.language: text.heading for text in thesis.texts},
                "stance": stance,
            }
            for thesis, stance in stances_of(sheet)
        ],
    }


def _never_refused(_settings: Settings, _now: datetime) -> bool:
    return False


PURPOSE = optin.Purpose(
    name="position",
    template="discussion/mail/confirm_positions",
    page="discussion/confirm_positions.html",
    subject=_subject,
    mail_context=_mail_context,
    refused=_never_refused,
    confirm=_confirm,
    discard=_discard,
)
