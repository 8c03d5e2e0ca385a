"""What is kept of signatories, for the register."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.personal_data import PersonalData
from portal.privacy import holds
from portal.signatures import operations, wording
from portal.signatures.models import WITHDRAWN, Signature

_FIELDS = (
    "id",
    "status",
    "email",
    "name",
    "occupation",
    "field",
    "organisation",
    "place",
    "state",
    "show_name",
    "show_occupation",
    "show_organisation",
    "show_place",
    "newsletter",
    "language",
)


def _export(session: Session, address_key: str) -> list[dict[str, Any]]:
    return [
        {
            **{name: getattr(signature, name) for name in _FIELDS},
            "public": wording.as_public(signature).lines if signature.valid else [],
            "held_reason": signature.held_reason,
            "revision": signature.revision.number,
            "requested_at": signature.requested_at.isoformat(),
            "confirmed_at": signature.confirmed_at and signature.confirmed_at.isoformat(),
        }
        for signature in operations.signatures_of(session, address_key)
    ]


def _erase(session: Session, address_key: str, now: datetime) -> None:
    for signature in operations.signatures_of(session, address_key):
        operations.remove_signature(session, signature, now)


def _purge(session: Session, now: datetime, settings: Settings) -> int:
    withdrawn = session.scalars(select(Signature).where(Signature.status == WITHDRAWN)).all()
    lifted = [signature for signature in withdrawn if not holds.is_held(session, signature)]
    for signature in lifted:
        session.delete(signature)
    return len(lifted)


SIGNATURES = PersonalData(
    table=Signature,
    title=_l("Unterschriften"),
    purpose=_l("Damit Ihre Unterschrift zählt und Sie, wenn Sie das wollen, öffentlich genannt werden."),
    legal_basis=_l("Ihre ausdrückliche Einwilligung, Art. 6 Abs. 1 Buchst. a und Art. 9 Abs. 2 Buchst. a DSGVO"),
    retention=_l(
        "Bis Sie Ihre Unterschrift zurückziehen; dann löschen wir die Angaben sofort. Unbestätigte Unterschriften"
        " löschen wir nach der Frist, die in der Mail steht."
    ),
    fields=_l(
        "Name, E-Mail-Adresse, freiwillig Beruf, Arbeitsfeld, Organisation, Ort und Bundesland, und was davon"
        " öffentlich sein soll"
    ),
    export=_export,
    erase=_erase,
    purge=_purge,
    card="signatures/_card.html",
)
