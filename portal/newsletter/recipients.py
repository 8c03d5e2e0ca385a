"""The recipients of a campaign, page by page; and those who did not get it, for a file."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from portal.newsletter.models import NOT_SENT, SENT, Campaign, Delivery
from portal.organisers import audit
from portal.subscribers.segments import Segment

PAGE = 100
WINDOW = 20_000
BATCH = 1000
"""How many rows an export reads at a time: SQLite's writers wait no longer than that takes."""


def page(
    session: Session, campaign: Campaign, status: str = "", *, after: int = 0, size: int = PAGE, window: int = WINDOW
) -> tuple[Sequence[Delivery], int | None]:
    """The deliveries in this state, or all, above the recipient `after`, and where the next page begins.

    What was sent has no index, because it would slow down the sending. It is looked for in so many rows at a time: a
    page can have few of them, or none, and yet another can follow.
    """
    wanted = select(Delivery).where(Delivery.campaign_id == campaign.id, Delivery.recipient_id > after)
    end = None
    if status == SENT:
        numbers = wanted.with_only_columns(Delivery.recipient_id).order_by(Delivery.recipient_id)
        end = session.scalar(numbers.offset(window - 1).limit(1))
        wanted = wanted.where(Delivery.status == SENT)
        wanted = wanted if end is None else wanted.where(Delivery.recipient_id <= end)
    elif status:
        wanted = wanted.where(NOT_SENT, Delivery.status == literal(status, literal_execute=True))
        wanted = wanted.with_hint(Delivery, "INDEXED BY ix_deliveries_not_sent", "sqlite")
    wanted = wanted.order_by(Delivery.recipient_id)
    found = session.scalars(wanted.limit(size + 1)).all()
    return found[:size], found[size - 1].recipient_id if len(found) > size else end


def not_sent(session: Session, campaign: Campaign, segment: Segment | None) -> Iterator[list[Sequence[Any]]]:
    """(number, address, name, language, state, reason, attempts) of everyone whom it was not sent to, in batches.

    Address and name are those of today, empty for whoever may not be mailed any more. The transaction ends after each
    batch.
    """
    number = campaign.id
    after = -1
    while True:
        rows = (
            select(Delivery)
            .where(NOT_SENT, Delivery.campaign_id == number, Delivery.recipient_id > after)
            .order_by(Delivery.recipient_id)
            .limit(BATCH)
        )
        batch = list(session.scalars(rows))
        known = _known(session, segment, [one.recipient_id for one in batch])
        session.expunge_all()
        session.rollback()
        if not batch:
            return
        yield [
            (
                one.recipient_id,
                *known.get(one.recipient_id, ("", "")),
                one.language,
                one.status,
                one.reason,
                one.attempts,
            )
            for one in batch
        ]
        after = batch[-1].recipient_id


def note_export(session: Session, campaign: Campaign, by: int, now: Any) -> None:
    """Write down that the list of those who did not get it was taken out of the office."""
    wanted = select(func.count()).select_from(Delivery).where(NOT_SENT, Delivery.campaign_id == campaign.id)
    rows = session.scalar(wanted) or 0
    audit.record(session, by, "campaign.export", f"campaign {campaign.id}", now, rows=rows)


def _known(session: Session, segment: Segment | None, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    if segment is None or not ids:
        return {}
    people = segment.reachable().subquery()
    rows = session.execute(select(people.c[0], people.c[2], people.c[3]).where(people.c[0].in_(ids)))
    return {row[0]: (row[1], row[2] or "") for row in rows}
