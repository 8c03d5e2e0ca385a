"""What the outbox keeps of people."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.mail.models import OutboxMail
from portal.mail.outbox import forget, purge
from portal.personal_data import PersonalData


def _export(session: Session, address_key: str) -> list[dict[str, Any]]:
    mails = session.scalars(select(OutboxMail).where(OutboxMail.address_key == address_key).order_by(OutboxMail.id))
    return [
        {
            "kind": mail.template,
            "template_version": mail.template_version,
            "language": mail.language,
            "status": mail.status,
            "posted_at": mail.created_at.isoformat(),
            "sent_at": mail.sent_at and mail.sent_at.isoformat(),
            "recipient": mail.recipient,
            "content": mail.context,
        }
        for mail in mails
    ]


def _erase(session: Session, address_key: str, _now: datetime) -> None:
    forget(session, address_key)


PERSONAL_DATA = PersonalData(
    table=OutboxMail,
    title=_l("Mails, die wir Ihnen schicken"),
    purpose=_l(
        "Damit Sie die Mails bekommen, die Sie angefordert haben, zum Beispiel den Link zum Bestätigen, und damit"
        " wir nachweisen können, wann wir sie geschickt haben."
    ),
    legal_basis=_l(
        "Ihre Einwilligung (Art. 6 Abs. 1 Buchst. a DSGVO) und unsere Pflicht, sie nachzuweisen (Art. 7 Abs. 1 DSGVO)"
    ),
    retention=_l(
        "Adresse und Inhalt löschen wir, sobald die Mail verschickt ist, und nach 30 Tagen, wenn sie sich nicht"
        " zustellen lässt. Dass sie verschickt wurde, bleibt als Teil des Nachweises so lange gespeichert wie die"
        " Bestätigung, zu der sie gehört, sonst 30 Tage."
    ),
    fields=_l(
        "E-Mail-Adresse und Inhalt bis zum Versand; danach nur die Art der Mail, ihre Sprache, die Zeiten und eine"
        " Kennung, aus der sich die Adresse nicht zurückrechnen lässt"
    ),
    export=_export,
    erase=_erase,
    purge=purge,
    card="mail/_card.html",
)
