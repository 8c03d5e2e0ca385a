"""What is kept of subscribers, for the register."""

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.personal_data import PersonalData
from portal.privacy import holds
from portal.subscribers import operations
from portal.subscribers.models import WITHDRAWN, Subscription


def _export(session: Session, address_key: str) -> list[dict[str, Any]]:
    found = operations.subscription_of(session, address_key)
    if found is None:
        return []
    return [
        {
            "status": found.status,
            "email": found.email,
            "name": found.name,
            "language": found.language,
            "source": found.source,
            "requested_at": found.requested_at.isoformat(),
            "confirmed_at": found.confirmed_at and found.confirmed_at.isoformat(),
        }
    ]


def _erase(session: Session, address_key: str, now: datetime) -> None:
    found = operations.subscription_of(session, address_key)
    if found is not None:
        operations.remove_subscription(session, found, now)


def _purge(session: Session, _now: datetime, _settings: Settings) -> int:
    withdrawn = session.scalars(select(Subscription).where(Subscription.status == WITHDRAWN)).all()
    lifted = [subscription for subscription in withdrawn if not holds.is_held(session, subscription)]
    for subscription in lifted:
        session.delete(subscription)
    return len(lifted)


SUBSCRIPTIONS = PersonalData(
    table=Subscription,
    title=_l("Newsletter"),
    purpose=_l("Damit Sie den Newsletter bekommen, in Ihrer Sprache und mit Ihrem Namen, wenn Sie ihn angeben."),
    legal_basis=_l("Ihre Einwilligung, Art. 6 Abs. 1 Buchst. a DSGVO"),
    retention=_l(
        "Bis Sie sich abmelden; dann löschen wir die Angaben sofort. Was nicht bestätigt wird, löschen wir nach der"
        " Frist, die in der Mail steht."
    ),
    fields=_l("E-Mail-Adresse, Sprache, freiwillig der Name, und wo und wann Sie den Newsletter bestellt haben"),
    export=_export,
    erase=_erase,
    purge=_purge,
    card="newsletter/_card_subscription.html",
)
