"""What the public reads of the newsletters: those that have begun to go out, as they were frozen."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from portal.newsletter.models import SENT, STOPPED, Campaign, CampaignText, Delivery
from portal.subscribers.segments import NEWSLETTER


@dataclass(frozen=True)
class Published:
    """A newsletter in one language."""

    number: int
    at: datetime
    """When it began to go out."""
    language: str
    subject: str
    body: str
    """Markdown with merge fields."""


def published(session: Session, language: str, limit: int | None = None) -> list[Published]:
    """The newsletters in this language, the latest first. What went to several audiences is there once."""
    rows = _begun().where(CampaignText.language == language).order_by(Campaign.frozen_at.desc(), Campaign.id.desc())
    return [Published(*row) for row in session.execute(rows.limit(limit))]


def numbers(session: Session) -> set[int]:
    """The numbers of all newsletters, in whatever language."""
    return set(session.scalars(_begun().with_only_columns(Campaign.id)))


def find(session: Session, number: int, language: str) -> Published | None:
    """One newsletter in this language, or in the one that it has."""
    rows = [Published(*row) for row in session.execute(_begun().where(Campaign.id == number))]
    return next((row for row in rows if row.language == language), rows[0] if rows else None)


def _begun() -> Any:
    """The first campaign of each content that goes out, with its texts; none that was stopped before anybody had it."""
    somebody = exists().where(Delivery.campaign_id == Campaign.id, Delivery.status == SENT)
    kept = Campaign.figures["states"][SENT].as_integer() > 0
    first = (
        select(func.min(Campaign.id))
        .where(
            Campaign.kind == NEWSLETTER,
            Campaign.frozen_at.is_not(None),
            Campaign.total > 0,
            or_(Campaign.status != STOPPED, somebody, kept),
        )
        .group_by(Campaign.content_sha256)
    )
    wanted = select(
        Campaign.id, Campaign.frozen_at, CampaignText.language, CampaignText.subject, CampaignText.body
    ).join(CampaignText, CampaignText.campaign_id == Campaign.id)
    return wanted.where(Campaign.id.in_(first)).order_by(CampaignText.language)
