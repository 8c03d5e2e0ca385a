"""What is kept of those who register for a conference, for the register."""

from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.conference import operations
from portal.conference.models import PENDING, WITHDRAWN, Registration
from portal.conference.programme import conferences
from portal.conference.wording import KEPT_DAYS, NEEDS_KEPT_DAYS
from portal.config import Settings
from portal.personal_data import PersonalData
from portal.privacy import holds

WITHOUT_A_FILE = timedelta(days=365)
"""So long after it was asked for a registration is kept for a conference whose file is gone."""


def _export(session: Session, address_key: str) -> list[dict[str, Any]]:
    return [
        {
            "number": one.id,
            "conference": one.conference,
            "status": one.status,
            "email": one.email,
            "name": one.name,
            "organisation": one.organisation,
            "needs": one.needs,
            "language": one.language,
            "attended": one.attended,
            "requested_at": one.requested_at.isoformat(),
            "confirmed_at": one.confirmed_at and one.confirmed_at.isoformat(),
        }
        for one in operations.registrations_of(session, address_key)
    ]


def _purge(session: Session, now: datetime, settings: Settings) -> int:
    known = conferences(settings)
    removed = 0
    for row in session.scalars(select(Registration).where(Registration.status != PENDING)).all():
        conference = known.get(row.conference)
        ended = conference.ends_at if conference else None
        kept_until = ended + timedelta(days=KEPT_DAYS) if ended else row.requested_at + WITHOUT_A_FILE
        needless = ended is not None and row.needs and now >= ended + timedelta(days=NEEDS_KEPT_DAYS)
        over = now >= kept_until or row.status == WITHDRAWN
        if not (needless or over):
            continue
        held = holds.is_held(session, row)
        if needless and not held:
            row.needs = None
        if over and not (held and row.status == WITHDRAWN):
            operations.remove_registration(session, settings, row, now)
            removed += 1
    return removed


def registrations(settings: Settings) -> PersonalData:
    """The entry for registrations. Erasing one lets somebody move up; the settings say where conferences are."""

    def erase(session: Session, address_key: str, now: datetime) -> None:
        for one in operations.registrations_of(session, address_key):
            operations.remove_registration(session, settings, one, now)

    return PersonalData(
        table=Registration,
        title=_l("Anmeldung zur Fachtagung"),
        purpose=_l(
            "Damit wir wissen, wer kommt, allen gute Bedingungen schaffen können und freie Plätze an die Warteliste"
            " geben."
        ),
        legal_basis=_l(
            "Ihre Einwilligung, Art. 6 Abs. 1 Buchst. a DSGVO; für Angaben zur Gesundheit Art. 9 Abs. 2 Buchst. a"
        ),
        retention=_l(
            "Bis Sie sich abmelden; sonst bis 30 Tage nach der Fachtagung. Was Sie zur Teilnahme brauchen, löschen wir"
            " schon 7 Tage danach. Was nicht bestätigt wird, löschen wir nach der Frist, die in der Mail steht."
        ),
        fields=_l(
            "Name, E-Mail-Adresse, Sprache, freiwillig die Organisation und was Sie zur Teilnahme brauchen, ob Sie"
            " einen Platz haben oder warten, und ob Sie da waren"
        ),
        export=_export,
        erase=erase,
        purge=_purge,
        card="conference/_card.html",
    )
