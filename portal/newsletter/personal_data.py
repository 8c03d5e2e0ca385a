"""What is kept of the letters of campaigns, for the register."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.newsletter import campaigns
from portal.newsletter.models import Campaign, CampaignText, Delivery
from portal.personal_data import PersonalData
from portal.subscribers.segments import Segment


def _letters_to(session: Session, segments: Mapping[str, Segment], address_key: str) -> list[dict[str, Any]]:
    """The letters to rows of this address, also to those that have left the segment since."""
    found: list[dict[str, Any]] = []
    for name, segment in segments.items():
        rows = segment.owner()
        recipient_id, key = rows.selected_columns
        ids = session.scalars(rows.with_only_columns(recipient_id).where(key == address_key)).all()
        letters = (
            select(Delivery, Campaign.kind, CampaignText.subject)
            .join(Campaign, Campaign.id == Delivery.campaign_id)
            .outerjoin(
                CampaignText,
                (CampaignText.campaign_id == Delivery.campaign_id) & (CampaignText.language == Delivery.language),
            )
            .where(Campaign.segment == name, Delivery.recipient_id.in_(ids))
            .order_by(Delivery.campaign_id)
        )
        found += [
            {
                "campaign": letter.campaign_id,
                "kind": kind,
                "subject": subject,
                "status": letter.status,
                "reason": letter.reason,
                "ended_at": letter.ended_at and letter.ended_at.isoformat(),
            }
            for letter, kind, subject in session.execute(letters)
        ]
    return found


def _erase(_session: Session, _address_key: str, _now: datetime) -> None:
    """Nothing: a delivery names a number only, and what has not gone out to her never will. When its person is gone,
    the number leads to the proof of her consent, which the office must be able to find, and which has no address."""


def _purge(session: Session, now: datetime, _settings: Settings) -> int:
    return campaigns.retain(session, now)


def deliveries(segments: Mapping[str, Segment]) -> PersonalData:
    """The entry for an application with these segments: only they know whose a delivery is."""
    return PersonalData(
        table=Delivery,
        title=_l("Versand der Newsletter"),
        purpose=_l(
            "Damit jede Person einen Newsletter genau einmal bekommt und wir wissen, wen er warum nicht erreicht hat."
            " Ob Sie ihn öffnen oder einem Link darin folgen, erfassen wir nicht."
        ),
        legal_basis=_l(
            "Ihre Einwilligung (Art. 6 Abs. 1 Buchst. a DSGVO) und unsere Pflicht, sie nachzuweisen (Art. 7 Abs. 1"
            " DSGVO)"
        ),
        retention=_l(
            "Bis 90 Tage nach dem Ende des Versands; danach bleibt nur, wie viele ihn bekommen haben. Wenn Sie sich"
            " abmelden oder Ihre Unterschrift zurückziehen, führt die Nummer so lange nur noch zum Nachweis Ihrer"
            " Einwilligung, in dem weder Name noch Adresse stehen."
        ),
        fields=_l(
            "Eine Nummer ohne Namen und Adresse, die Sprache, ob und wann der Newsletter verschickt wurde, und der Code"
            " des Mailservers, wenn er ihn nicht angenommen hat"
        ),
        export=lambda session, address_key: _letters_to(session, segments, address_key),
        erase=_erase,
        purge=_purge,
        card="newsletter/_card.html",
    )
