"""Steering a campaign: begin, pause, resume, stop, finish; how far it is, and what is kept of it.

Its letters are `ledger`'s. A campaign's row is locked before anything of it changes: whoever comes second sees what the
first has done.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import case, delete, func, insert, literal, null, or_, select, update
from sqlalchemy.orm import Session

from portal import database
from portal.mail.models import Suppression
from portal.newsletter.models import (
    BOUNCED,
    CLAIMED,
    DEFERRED,
    DELIVERY_STATES,
    FINISHED,
    NO_LANGUAGE,
    NOT_SENT,
    OPEN,
    PAUSED,
    PENDING,
    RESEND,
    RUNNING,
    SCHEDULED,
    SENDING,
    SENT,
    SKIPPED,
    STOPPED,
    STOPPED_BEFORE,
    SUPPRESSED,
    UNCERTAIN,
    UNCERTAIN_RULES,
    Campaign,
    Delivery,
)
from portal.organisers import audit
from portal.subscribers.segments import Segment
from portal.web.caching import public_changed

KEPT = timedelta(days=90)
"""How long after its end it is remembered whom a campaign reached; then only how many."""
PACE_MINUTES = 5
"""What is left is estimated by the pace of so many minutes."""
NOBODY = "nobody to send it to"
REFUSED = "the server refuses it for everybody"
"""What `Campaign.note` can say."""


class NotNow(Exception):
    """The campaign is not in a state in which this can be done; the message is the state that it is in."""


@dataclass(frozen=True)
class Progress:
    """How far a campaign is, at one moment."""

    status: str
    total: int
    tallies: Mapping[str, int]
    """How many deliveries there are in each of DELIVERY_STATES."""
    a_minute: float
    """How many came to an end per minute of late."""
    ends_at: datetime | None
    """When the last one will, if it goes on like this; None where nobody can know."""

    @property
    def done(self) -> int:
        """How many deliveries have come to an end, whichever."""
        return self.total - sum(self.tallies[state] for state in OPEN)


def locked(session: Session, campaign_id: int) -> Campaign:
    """The campaign as it is now, and nobody else changes it until the transaction ends. Raises NoResultFound."""
    found = select(Campaign).where(Campaign.id == campaign_id).with_for_update()
    return session.scalars(found, execution_options={"populate_existing": True}).one()


def begin_due(session: Session, segments: Mapping[str, Segment], now: datetime) -> list[Campaign]:
    """Begin the campaigns whose time has come, each exactly once, whoever else is about to. Returns those begun."""
    due = select(Campaign).where(Campaign.status == SCHEDULED, Campaign.starts_at <= now).order_by(Campaign.starts_at)
    campaigns = session.scalars(due.with_for_update(skip_locked=True)).all()
    for campaign in campaigns:
        begin(session, campaign, segments[campaign.segment], now)
    return list(campaigns)


def begin(session: Session, campaign: Campaign, segment: Segment, now: datetime) -> None:
    """Freeze the audience of a scheduled campaign, and let its letters go out.

    Who is suppressed, or speaks a language that it has no text in, is skipped from the beginning. A campaign with
    nobody to send it to is finished at once, and says so.
    """
    if campaign.status != SCHEDULED:
        raise NotNow(campaign.status)
    people = segment.people(campaign.narrowed).subquery()
    id_, language, address_key = people.c[0], people.c[1], people.c[2]
    unspoken = language.not_in([text.language for text in campaign.texts])
    unwanted = Suppression.id.is_not(None)
    skipped = or_(unspoken, unwanted)
    audience = select(
        literal(campaign.id),
        id_,
        language,
        case((skipped, SKIPPED), else_=PENDING),
        case((unwanted, SUPPRESSED), (unspoken, NO_LANGUAGE), else_=null()),
        literal(0),
        case((skipped, literal(now, Delivery.ended_at.type)), else_=null()),
    ).outerjoin_from(people, Suppression, Suppression.address_key == address_key)
    # In the order of the indexes: filling them at random takes half as long again.
    audience = audience.order_by(id_)
    columns = ["campaign_id", "recipient_id", "language", "status", "reason", "attempts", "ended_at"]
    session.flush()
    frozen = insert(Delivery).from_select(columns, audience, include_defaults=False)
    campaign.total = session.connection().execute(frozen, execution_options={"preserve_rowcount": True}).rowcount
    database.survey(session, Delivery)
    campaign.frozen_at = now
    if campaign.total:
        campaign.status = RUNNING
    else:
        _end(campaign, FINISHED, now, NOBODY)
    public_changed(session)
    session.flush()


def pause(session: Session, campaign_id: int, by: int | None, now: datetime, note: str | None = None) -> None:
    """Begin no more letters; those that stand in line go back. `note` says why, where no organiser did it."""
    campaign = locked(session, campaign_id)
    if campaign.status != RUNNING:
        raise NotNow(campaign.status)
    campaign.status, campaign.note = PAUSED, note
    _release(session, campaign_id)
    _log(session, by, "pause", campaign, now)


def pause_refused(session: Session, campaign_id: int, now: datetime) -> None:
    """Pause a campaign that the server refuses for everybody, also if it has just come to its end by that.

    Who has paused or stopped it meanwhile has said enough.
    """
    campaign = locked(session, campaign_id)
    if campaign.status == FINISHED:
        campaign.status, campaign.ended_at = RUNNING, None
        session.flush()
    if campaign.status == RUNNING:
        pause(session, campaign_id, None, now, REFUSED)


def resume(session: Session, campaign_id: int, by: int | None, now: datetime) -> None:
    """Go on with a paused campaign."""
    campaign = locked(session, campaign_id)
    if campaign.status != PAUSED:
        raise NotNow(campaign.status)
    campaign.status, campaign.note = RUNNING, None
    _log(session, by, "resume", campaign, now)


def stop(session: Session, campaign_id: int, by: int | None, now: datetime) -> None:
    """End a campaign at once and for good: who has not got it is skipped. What is on the wire arrives.

    A campaign that has not begun never will.
    """
    campaign = locked(session, campaign_id)
    if campaign.status not in {SCHEDULED, RUNNING, PAUSED}:
        raise NotNow(campaign.status)
    _end(campaign, STOPPED, now)
    _skip_rest(session, campaign_id, now)
    _log(session, by, "stop", campaign, now)


def finish_if_done(session: Session, campaign_id: int, now: datetime) -> bool:
    """End a running campaign of which nothing is open any more; whether it was so."""
    still_open = select(Delivery.recipient_id).where(
        NOT_SENT, Delivery.campaign_id == campaign_id, Delivery.status.in_(OPEN)
    )
    if session.execute(still_open.limit(1)).first() is not None:
        return False
    campaign = locked(session, campaign_id)
    if campaign.status != RUNNING or session.execute(still_open.limit(1)).first() is not None:
        return False
    _end(campaign, FINISHED, now)
    session.flush()
    return True


def reached_anybody(session: Session, campaign_id: int) -> bool:
    """Whether a server has taken a letter of the campaign."""
    sent = (Delivery.campaign_id == campaign_id, Delivery.status == SENT)
    return session.execute(select(Delivery.recipient_id).where(*sent).limit(1)).first() is not None


def decide_uncertain(session: Session, campaign_id: int, rule: str, by: int | None, now: datetime) -> int:
    """Have letters of which nobody knows whether they arrived held, or sent once more; the number sent once more.

    Sent again they carry the same Message-ID. A finished campaign runs again for them.
    """
    if rule not in UNCERTAIN_RULES:
        raise ValueError(rule)
    campaign = locked(session, campaign_id)
    if campaign.status not in {RUNNING, PAUSED, FINISHED} or campaign.figures is not None:
        raise NotNow(campaign.status)
    campaign.uncertain = rule
    again = 0
    if rule == RESEND:
        uncertain = (NOT_SENT, Delivery.campaign_id == campaign_id, Delivery.status == UNCERTAIN)
        back = update(Delivery).where(*uncertain).values(status=PENDING, reason=None, attempts=0, ended_at=None)
        session.flush()
        again = session.connection().execute(back).rowcount
        if again and campaign.status == FINISHED:
            campaign.status, campaign.ended_at = RUNNING, None
    audit.record(session, by, "campaign.uncertain", f"campaign {campaign_id}", now, rule=rule, letters=again)
    session.flush()
    return again


def tallies(session: Session, campaign: Campaign) -> dict[str, int]:
    """How many deliveries there are in each of DELIVERY_STATES; the kept figures where the deliveries are gone.

    Only what was not sent is counted: that is little at the end, and indexed at any time.
    """
    if campaign.figures is not None:
        return {state: int(campaign.figures["states"].get(state, 0)) for state in DELIVERY_STATES}
    counted = select(Delivery.status, func.count()).where(NOT_SENT, Delivery.campaign_id == campaign.id)
    found = {row[0]: row[1] for row in session.execute(counted.group_by(Delivery.status))}
    found[SENT] = (campaign.total or 0) - sum(found.values())
    return {state: found.get(state, 0) for state in DELIVERY_STATES}


def reasons(session: Session, campaign: Campaign) -> dict[str, dict[str, int]]:
    """Why people did not get it: state → reason → number, for `bounced`, `skipped`, `deferred` and `uncertain`."""
    if campaign.figures is not None:
        kept: dict[str, dict[str, int]] = campaign.figures["reasons"]
        return kept
    states = (BOUNCED, SKIPPED, DEFERRED, UNCERTAIN)
    counted = (
        select(Delivery.status, func.coalesce(Delivery.reason, ""), func.count())
        .where(NOT_SENT, Delivery.campaign_id == campaign.id, Delivery.status.in_(states))
        .group_by(Delivery.status, Delivery.reason)
        .order_by(Delivery.status, func.count().desc())
    )
    found: dict[str, dict[str, int]] = {}
    for state, reason, number in session.execute(counted):
        found.setdefault(state, {})[reason] = number
    return found


def progress(session: Session, campaign: Campaign, now: datetime) -> Progress:
    """How far it is. The estimate goes by the pace of the last minutes and by nothing that was hoped for."""
    counted = tallies(session, campaign)
    a_minute = _a_minute(campaign, now)
    rest = sum(counted[state] for state in OPEN)
    known = campaign.status == RUNNING and a_minute > 0
    ends_at = now + timedelta(minutes=rest / a_minute) if known else campaign.ended_at
    return Progress(campaign.status, campaign.total or 0, counted, a_minute, ends_at)


def note_pace(session: Session, campaign_id: int, concluded: int, now: datetime) -> None:
    """Remember that so many deliveries have come to an end just now. Several workers add up."""
    campaign = locked(session, campaign_id)
    minute = int(now.timestamp()) // 60
    kept = {key: number for key, number in (campaign.pace or {}).items() if minute - int(key) <= PACE_MINUTES}
    campaign.pace = kept | {str(minute): kept.get(str(minute), 0) + concluded}
    session.flush()


def retain(session: Session, now: datetime) -> int:
    """Remove the deliveries of campaigns that ended long ago and keep their figures; the number of deliveries."""
    old = select(Campaign).where(
        Campaign.ended_at < now - KEPT, Campaign.figures.is_(None), Campaign.total.is_not(None)
    )
    removed = 0
    for campaign in session.scalars(old.with_for_update()).all():
        campaign.figures = {"states": tallies(session, campaign), "reasons": reasons(session, campaign)}
        session.flush()
        gone = delete(Delivery).where(Delivery.campaign_id == campaign.id)
        removed += session.connection().execute(gone).rowcount
    session.flush()
    return removed


def _a_minute(campaign: Campaign, now: datetime) -> float:
    """The pace since the oldest of the last minutes began, or since the campaign did."""
    latest = int(now.timestamp()) // 60
    recent = {int(key): number for key, number in (campaign.pace or {}).items() if latest - int(key) <= PACE_MINUTES}
    if not recent or campaign.frozen_at is None:
        return 0.0
    since = max(datetime.fromtimestamp(min(recent) * 60, UTC), campaign.frozen_at)
    return sum(recent.values()) / max((now - since).total_seconds(), 1.0) * 60


def _end(campaign: Campaign, status: str, now: datetime, note: str | None = None) -> None:
    campaign.status, campaign.ended_at, campaign.note = status, now, note


def _release(session: Session, campaign_id: int) -> None:
    claimed = (NOT_SENT, Delivery.campaign_id == campaign_id, Delivery.status == CLAIMED)
    back = update(Delivery).where(*claimed).values(status=PENDING, worker=None)
    session.execute(back, execution_options={"synchronize_session": False})


def _skip_rest(session: Session, campaign_id: int, now: datetime) -> None:
    waiting = Delivery.status.in_([state for state in OPEN if state != SENDING])
    values = {"status": SKIPPED, "reason": STOPPED_BEFORE, "worker": None, "due_at": None, "ended_at": now}
    skip = update(Delivery).where(NOT_SENT, Delivery.campaign_id == campaign_id, waiting).values(**values)
    session.execute(skip, execution_options={"synchronize_session": False})


def _log(session: Session, by: int | None, verb: str, campaign: Campaign, now: datetime) -> None:
    detail = {"note": campaign.note} if campaign.note else {}
    audit.record(session, by, f"campaign.{verb}", f"campaign {campaign.id}", now, **detail)
    session.flush()
