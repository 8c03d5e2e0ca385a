"""What one click on «abmelden» does, whatever the letter was."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import update
from sqlalchemy.orm import Session

from portal import tokens
from portal.config import Settings
from portal.newsletter.models import Campaign
from portal.subscribers.segments import Segment


class Click(NamedTuple):
    """Who clicks, and in a letter of which campaign: 0 where the mail belonged to none."""

    segment: str
    recipient_id: int
    campaign_id: int


def click_of(settings: Settings, token: str) -> Click:
    """What a link says. Raises tokens.TokenInvalid."""
    return Click(*tokens.read(settings, "unsubscribe", token))


def end(session: Session, segments: Mapping[str, Segment], click: Click, now: datetime) -> None:
    """Let the person get no more of the kind, and count it for the campaign, once.

    Nothing happens where it has been done, or person, campaign or segment are gone: the link stays good.
    """
    segment = segments.get(click.segment)
    if segment is not None and segment.end(session, click.recipient_id, now):
        one_more = update(Campaign).where(Campaign.id == click.campaign_id)
        session.execute(one_more.values(unsubscribed=Campaign.unsubscribed + 1))
