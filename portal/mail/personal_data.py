"""What the outbox keeps of people, and what is known of addresses that mail comes back from."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.mail import bounces, suppression
from portal.mail.models import BOUNCED, Bounce, OutboxMail, Suppression
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


def _export_suppressions(session: Session, address_key: str) -> list[dict[str, Any]]:
    rows = session.scalars(select(Suppression).where(Suppression.address_key == address_key))
    return [{"reason": one.reason, "detail": one.detail, "since": one.created_at.isoformat()} for one in rows]


def _erase_suppressions(session: Session, address_key: str, _now: datetime) -> None:
    """Only what nobody has asked for: whoever objected has a right to its being remembered (GDPR Art. 21(3))."""
    suppression.lift(session, address_key, BOUNCED)


SUPPRESSIONS = PersonalData(
    table=Suppression,
    title=_l("Adressen, an die kein Newsletter mehr geht"),
    purpose=_l(
        "Damit niemand Newsletter bekommt, der widersprochen oder sie als Spam gemeldet hat, und damit keine mehr an"
        " Postfächer gehen, die es nicht gibt. Mails, die Sie selbst anfordern, bekommen Sie trotzdem."
    ),
    legal_basis=_l(
        "Ihr Widerspruch (Art. 21 Abs. 3 DSGVO) und unser berechtigtes Interesse, nur zu schreiben, wem es recht ist"
        " (Art. 6 Abs. 1 Buchst. f DSGVO)"
    ),
    retention=_l(
        "Einen Widerspruch merken wir uns, bis Sie ihn zurücknehmen. Dass Mails zurückkamen oder die Redaktion eine"
        " Adresse gesperrt hat, löschen wir nach einigen Jahren, spätestens wenn es nicht mehr zutrifft."
    ),
    fields=_l(
        "Eine Kennung, aus der sich die Adresse nicht zurückrechnen lässt, der Grund, der Code des Mailservers und seit"
        " wann"
    ),
    export=_export_suppressions,
    erase=_erase_suppressions,
    purge=suppression.purge,
    card="mail/_card_suppression.html",
)


def _export_bounces(session: Session, address_key: str) -> list[dict[str, Any]]:
    rows = session.scalars(select(Bounce).where(Bounce.address_key == address_key).order_by(Bounce.day))
    return [{"day": one.day.isoformat(), "kind": one.kind, "code": one.code} for one in rows]


def _erase_bounces(session: Session, address_key: str, _now: datetime) -> None:
    session.execute(delete(Bounce).where(Bounce.address_key == address_key))


BOUNCES = PersonalData(
    table=Bounce,
    title=_l("Mails, die von Ihrer Adresse zurückkamen"),
    purpose=_l("Damit wir merken, wenn ein Postfach nicht mehr erreichbar ist, und dann keine Newsletter mehr senden."),
    legal_basis=_l(
        "Unser berechtigtes Interesse, nicht an unerreichbare Postfächer zu schreiben (Art. 6 Abs. 1 Buchst. f DSGVO)"
    ),
    retention=_l("90 Tage. Die zurückgekommene Mail selbst löschen wir sofort."),
    fields=_l(
        "Eine Kennung, aus der sich die Adresse nicht zurückrechnen lässt, der Tag und der Code, mit dem der Mailserver"
        " die Mail zurückgeschickt hat"
    ),
    export=_export_bounces,
    erase=_erase_bounces,
    purge=bounces.purge,
    card="mail/_card_bounce.html",
)

RETURNED = (SUPPRESSIONS, BOUNCES)
