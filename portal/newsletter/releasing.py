"""From an issue to a campaign: asking for the release of a content, taking that back, releasing it."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.newsletter import campaigns, issues
from portal.newsletter.campaigns import NotNow
from portal.newsletter.issues import Outdated
from portal.newsletter.models import HOLD, READY, SCHEDULED, STOPPED, Campaign, CampaignText
from portal.organisers import audit
from portal.organisers.models import AuditEntry


class NotTried(Exception):
    """Whoever asks has not sent herself a test mail of this content in each of its languages."""


class AskedAlready(Exception):
    """Just this is waiting for its release, or was sent; the message is the number of the campaign."""


class OwnRequest(Exception):
    """Somebody else has to look at it."""


def ask(
    session: Session, number: int, sha256: str, segment: str, narrowed: Mapping[str, str], by: int, now: datetime
) -> Campaign:
    """Ask for the release of the content with this hash, to these people. Its text is frozen from now on.

    Raises Outdated if the issue says something else by now, NotTried or AskedAlready.
    """
    issue = issues.find(session, number, changing=True)
    if issue is None:
        raise Outdated
    found = issues.content(session, issue)
    if found.sha256 != sha256:
        raise Outdated
    if not found.texts or set(found.texts) - set(issues.tried(session, issue, found, by)):
        raise NotTried
    same = (Campaign.issue_id == number, Campaign.content_sha256 == sha256, Campaign.segment == segment)
    for campaign in session.scalars(select(Campaign).where(*same, Campaign.status != STOPPED)):
        if campaign.narrowed == dict(narrowed):
            raise AskedAlready(campaign.id)
    campaign = Campaign(
        issue_id=number,
        kind=issue.kind,
        segment=segment,
        narrowed=dict(narrowed),
        uncertain=HOLD,
        content_sha256=sha256,
        status=READY,
        asked_by_id=by,
        asked_at=now,
        texts=[CampaignText(language=one, subject=draft[0], body=draft[1]) for one, draft in found.texts.items()],
    )
    session.add(campaign)
    session.flush()
    audit.record(session, by, "campaign.ask", f"campaign {campaign.id}", now, segment=segment)
    return campaign


def take_back(session: Session, campaign_id: int, by: int, now: datetime) -> bool:
    """Withdraw a request for release, without a trace but for the log. False if it is released, or gone, by now."""
    campaign = session.scalar(
        select(Campaign).where(Campaign.id == campaign_id, Campaign.status == READY).with_for_update()
    )
    if campaign is None:
        return False
    session.execute(delete(CampaignText).where(CampaignText.campaign_id == campaign_id))
    session.execute(delete(Campaign).where(Campaign.id == campaign_id))
    audit.record(session, by, "campaign.take_back", f"campaign {campaign_id}", now)
    return True


def taken_back(session: Session, campaign_id: int) -> bool:
    """Whether its release was asked for, and somebody has withdrawn that."""
    subject = AuditEntry.subject == f"campaign {campaign_id}"
    logged = select(AuditEntry.id).where(AuditEntry.act == "campaign.take_back", subject)
    return session.scalar(logged.limit(1)) is not None


def release(
    session: Session,
    campaign_id: int,
    sha256: str,
    starts_at: datetime | None,
    by: int,
    now: datetime,
    *,
    four_eyes: bool,
) -> Campaign:
    """Release the content with this hash: it begins at `starts_at`, or now.

    Raises NotNow if it does not wait for that any more, Outdated if another content was looked at, OwnRequest.
    """
    campaign = campaigns.locked(session, campaign_id)
    if campaign.status != READY:
        raise NotNow(campaign.status)
    if campaign.content_sha256 != sha256:
        raise Outdated
    if four_eyes and campaign.asked_by_id == by:
        raise OwnRequest
    campaign.status, campaign.released_by_id, campaign.released_at = SCHEDULED, by, now
    campaign.starts_at = starts_at or now
    audit.record(
        session, by, "campaign.release", f"campaign {campaign_id}", now, content=sha256[:12], segment=campaign.segment
    )
    session.flush()
    return campaign
