"""What is kept of organisers, for the register."""

from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.organisers import operations
from portal.organisers.models import AUDIT_KEPT_AT_LEAST, AuditEntry, Organiser
from portal.personal_data import PersonalData
from portal.privacy import holds


def _export(session: Session, address_key: str) -> list[dict[str, Any]]:
    organiser = operations.with_address(session, address_key)
    if organiser is None:
        return []
    return [
        {
            "id": organiser.id,
            "name": organiser.name,
            "email": organiser.email,
            "language": organiser.language,
            "roles": list(organiser.roles),
            "active": organiser.active,
            "invited_at": organiser.invited_at.isoformat(),
            "password_set_at": organiser.password_set_at and organiser.password_set_at.isoformat(),
            "one_time_codes": organiser.totp_secret is not None,
            "passkeys": [{"label": one.label, "added_at": one.added_at.isoformat()} for one in organiser.passkeys],
        }
    ]


def _erase(session: Session, address_key: str, now: datetime) -> None:
    """An open account stays: who reads a mailbox shall not be able to close the office by it."""
    organiser = operations.with_address(session, address_key)
    if organiser is not None and not organiser.active and not holds.is_held(session, organiser):
        operations.erase(session, organiser, now)


def _purge(session: Session, now: datetime, settings: Settings) -> int:
    gone = operations.gone_since(session, now - _kept(settings))
    free = [organiser for organiser in gone if not holds.is_held(session, organiser)]
    for organiser in free:
        operations.erase(session, organiser, now)
    return operations.purge(session, now, settings) + len(free)


ORGANISERS = PersonalData(
    table=Organiser,
    title=_l("Konten der Redaktion"),
    purpose=_l("Damit nur Berechtigte an die Daten dieses Portals kommen und nachvollziehbar bleibt, wer was tat."),
    legal_basis=_l(
        "Unsere Pflicht zur sicheren Verarbeitung, Art. 6 Abs. 1 Buchst. c und Art. 32 DSGVO; unser berechtigtes"
        " Interesse an einer geordneten Redaktion, Art. 6 Abs. 1 Buchst. f DSGVO"
    ),
    retention=_l(
        "Solange das Konto besteht. Ist es geschlossen, werden Name und Adresse auf Wunsch sofort entfernt, sonst wenn"
        " das Protokoll darüber abgelaufen ist; die Nummer des Kontos bleibt bei den Entscheidungen stehen. Ein"
        " bestehendes Konto schließt die Leitung der Redaktion."
    ),
    fields=_l(
        "Name, E-Mail-Adresse, Sprache, Rollen, Passwort und Wiederherstellungscodes als Prüfsumme, Schlüssel des"
        " zweiten Faktors, Anmeldungen ohne IP-Adresse, Fehlversuche als Prüfsumme"
    ),
    export=_export,
    erase=_erase,
    purge=_purge,
    card="organisers/_card.html",
)


def _export_log(session: Session, address_key: str) -> list[dict[str, Any]]:
    organiser = operations.with_address(session, address_key)
    if organiser is None:
        return []
    mine = select(AuditEntry).where(AuditEntry.by_id == organiser.id).order_by(AuditEntry.id)
    return [
        {"at": entry.at.isoformat(), "act": entry.act, "subject": entry.subject, "detail": entry.detail}
        for entry in session.scalars(mine)
    ]


def _keep_log(_session: Session, _address_key: str, _now: datetime) -> None:
    """The log names nobody: it refers to accounts by their number, and those lose their names."""


def _purge_log(session: Session, now: datetime, settings: Settings) -> int:
    old = delete(AuditEntry).where(AuditEntry.at < now - _kept(settings)).returning(AuditEntry.id)
    return len(session.scalars(old).all())


def _kept(settings: Settings) -> timedelta:
    return settings.audit_years * AUDIT_KEPT_AT_LEAST + timedelta(days=1)


AUDIT_LOG = PersonalData(
    table=AuditEntry,
    title=_l("Protokoll der Redaktion"),
    purpose=_l(
        "Damit sich nachvollziehen lässt, wer in der Redaktion wann was geändert, freigegeben oder ausgegeben hat."
    ),
    legal_basis=_l("Unsere Rechenschaftspflicht, Art. 6 Abs. 1 Buchst. c, Art. 5 Abs. 2 und Art. 32 DSGVO"),
    retention=_l(
        "Für die Frist, die der Betreiber eingestellt hat, mindestens ein Jahr. So lange kann niemand einen Eintrag"
        " ändern oder löschen. Namen und Adressen stehen nicht darin, nur die Nummern der Konten."
    ),
    fields=_l("Nummer des Kontos, Zeitpunkt, Art und Gegenstand der Handlung"),
    export=_export_log,
    erase=_keep_log,
    purge=_purge_log,
    card="organisers/_log_card.html",
)
