"""What is kept of opt-ins, for the register."""

from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select
from sqlalchemy.orm import Session, selectinload

from portal.config import Settings
from portal.optin import operations
from portal.optin.models import DECLINED, OptIn, Wording
from portal.personal_data import PersonalData
from portal.privacy import holds

EVENTS = {
    "requested": _l("angefragt"),
    "consented": _l("zugestimmt"),
    "revoked": _l("Einwilligung zur Nennung widerrufen"),
    "resent": _l("Mail noch einmal geschickt"),
    "reminded": _l("erinnert"),
    "confirmed": _l("bestätigt"),
    "declined": _l("abgelehnt"),
    "corrected": _l("Angaben geändert"),
    "withdrawn": _l("zurückgezogen"),
}
"""What can happen to an opt-in, in words."""


def _export(session: Session, address_key: str) -> list[dict[str, Any]]:
    found = select(OptIn).where(OptIn.address_key == address_key).options(selectinload(OptIn.proof)).order_by(OptIn.id)
    return [
        {
            "purpose": optin.purpose,
            "status": "withdrawn" if optin.withdrawn_at else optin.status,
            "email": optin.email,
            "requested_at": optin.requested_at.isoformat(),
            "confirmed_at": optin.confirmed_at and optin.confirmed_at.isoformat(),
            "withdrawn_at": optin.withdrawn_at and optin.withdrawn_at.isoformat(),
            "proof": [
                {
                    "at": entry.at.isoformat(),
                    "event": entry.event,
                    "detail": entry.detail,
                    "wording": _wording(session, entry.wording_sha256),
                }
                for entry in optin.proof
            ],
        }
        for optin in session.scalars(found)
    ]


def _wording(session: Session, digest: str | None) -> str | None:
    return session.get_one(Wording, digest).text if digest else None


def _erase(session: Session, address_key: str, now: datetime) -> None:
    found = select(OptIn).where(OptIn.address_key == address_key).with_for_update()
    for optin in session.scalars(found).all():
        if not holds.is_held(session, optin):
            operations.minimise(session, optin, now)


def _purge(session: Session, now: datetime, settings: Settings) -> int:
    unwanted = select(OptIn).where(
        (OptIn.withdrawn_at < now - timedelta(days=365 * settings.proof_years))
        | ((OptIn.status == DECLINED) & (OptIn.expires_at < now))
    )
    gone = [optin.id for optin in session.scalars(unwanted) if not holds.is_held(session, optin)]
    session.execute(delete(OptIn).where(OptIn.id.in_(gone)))
    return len(gone)


OPTINS = PersonalData(
    table=OptIn,
    title=_l("Bestätigungen"),
    purpose=_l("Damit wir nachweisen können, dass Sie selbst zugestimmt haben, und wozu."),
    legal_basis=_l("Unsere Pflicht, Einwilligungen nachzuweisen, Art. 6 Abs. 1 Buchst. c und Art. 7 Abs. 1 DSGVO"),
    retention=_l(
        "Unbestätigt: bis die Frist zum Bestätigen abläuft. Bestätigt: solange die Einwilligung gilt. Nach einem"
        " Widerruf bleibt ein Nachweis ohne Adresse und Namen, bis mögliche Ansprüche verjährt sind."
    ),
    fields=_l(
        "E-Mail-Adresse, Sprache, Zeitpunkte von Anfrage und Bestätigung, Wortlaut der Einwilligung, Prüfsumme des"
        " Links; keine IP-Adresse"
    ),
    export=_export,
    erase=_erase,
    purge=_purge,
    card="optin/_card.html",
)
