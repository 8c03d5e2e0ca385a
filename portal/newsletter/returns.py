"""What a returned letter changes: its delivery, and what is known about its recipient's address."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.mail import bounces
from portal.mail.models import COMPLAINT
from portal.mail.returned import NotYet, Returned
from portal.newsletter.models import BOUNCED, CLAIMED, SENDING, SENT, UNCERTAIN, Campaign, Delivery
from portal.subscribers.segments import current_segments


def take(session: Session, returned: Returned, now: datetime) -> None:
    """Write down that a letter came back, once for each letter. Raises NotYet while a worker still has it in hand.

    Its address is only known as long as its person's row is there, in whatever state: who has left the segment since is
    still known, who has unsubscribed is not.
    """
    delivery = session.get(Delivery, (returned.campaign_id, returned.recipient_id), with_for_update=True)
    if delivery is not None:
        if delivery.status in {CLAIMED, SENDING}:
            raise NotYet
        if delivery.status == BOUNCED and returned.kind != COMPLAINT:
            return
        if delivery.status in {SENT, UNCERTAIN}:
            delivery.status = BOUNCED
            delivery.reason = COMPLAINT if returned.kind == COMPLAINT else returned.code[:40]
            delivery.ended_at = delivery.ended_at or now
            session.flush()
    address_key = _address_key(session, returned)
    if address_key is not None:
        bounces.record(session, address_key, returned.kind, returned.code, now)


def _address_key(session: Session, returned: Returned) -> str | None:
    name = session.scalar(select(Campaign.segment).where(Campaign.id == returned.campaign_id))
    segment = current_segments().get(name or "")
    if segment is None:
        return None
    rows = segment.owner()
    recipient_id, address_key = rows.selected_columns
    key: str | None = session.scalar(rows.with_only_columns(address_key).where(recipient_id == returned.recipient_id))
    return key
