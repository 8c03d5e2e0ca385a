"""Subscribe, confirm, change, unsubscribe, object: the only ways in which a subscription changes."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from portal.addresses import Address
from portal.config import Settings
from portal.database import take_turns
from portal.mail import outbox, suppression
from portal.mail.models import BLOCKED, BOUNCED, COMPLAINED, OBJECTED, Suppression
from portal.optin import operations as optin
from portal.optin.models import PENDING as OPEN
from portal.optin.models import OptIn
from portal.privacy import holds
from portal.subscribers import wording
from portal.subscribers.models import CONFIRMED, FORM, OFFER, PENDING, SIGNING, WITHDRAWN, Subscription

FORMS = {FORM: "newsletter/1", SIGNING: "sign/1", OFFER: "offer/1"}
"""The forms and their versions, as the proof names them."""
LIFTED = (OBJECTED, BOUNCED)
"""What no longer stands against a mailbox whose owner subscribes and confirms: she has changed her mind, and the mail
with the link has arrived. A complaint and a block stay until an organiser lifts them."""


class Barred(Exception):
    """Somebody has called our mail spam, or an organiser has blocked the address: no newsletter goes there."""


def request_subscription(
    session: Session,
    settings: Settings,
    address: Address,
    *,
    name: str | None,
    language: str,
    now: datetime,
) -> None:
    """Take what the form of the newsletter says, and mail its link. To the caller it looks the same whoever asks.

    The owner of the mailbox learns by mail what became of it: a link to confirm, that she has the newsletter already,
    or that it cannot go to this address. Beyond the daily number of mails nothing happens, nor when the same is sent
    again within minutes: the link that was mailed stays good.
    """
    if not outbox.may_mail(session, settings, address, now):
        return
    against = _against(session, address.key)
    if against in {COMPLAINED, BLOCKED}:
        _tell(session, "subscribers/mail/barred", address, language, {}, now)
        return
    known = subscription_of(session, address.key)
    if known and known.status == CONFIRMED and against is None:
        _tell(session, "subscribers/mail/already", address, known.language, {"subscription": known.id}, now)
        return
    open_request = optin.open_request(session, PURPOSE, address)
    same = known and (known.email, known.name, known.language) == (address.email, name, language)
    if same and open_request and optin.just_mailed(open_request, now):
        return
    _ask(session, settings, known, open_request, address, name, language, FORM, now, timedelta())


def request_after_signing(
    session: Session, settings: Settings, address: Address, *, name: str, language: str, now: datetime
) -> None:
    """Ask somebody who has ticked the newsletter while signing, and has confirmed the signature, whether she wants it.

    Nothing happens where she has it already, or has been asked. Where the address has got its mails for today, this one
    follows when the day is over.
    """
    wait = outbox.pause_before(session, settings, address, now)
    if _against(session, address.key) in {COMPLAINED, BLOCKED}:
        return
    known = subscription_of(session, address.key)
    open_request = optin.open_request(session, PURPOSE, address)
    asked = open_request is not None and open_request.state(now) == OPEN
    if asked or (known and known.status == CONFIRMED):
        return
    _ask(session, settings, known, open_request, address, name, language, SIGNING, now, wait)


def subscribe_by(session: Session, settings: Settings, shown: OptIn, language: str, now: datetime) -> None:
    """Subscribe at once whoever has come by the link of a confirmed opt-in, which proves the mailbox. Raises Barred.

    Who has the newsletter already keeps it as it is; what was asked for and not confirmed is replaced.
    """
    take_turns(session, shown.address_key)
    address = Address(shown.email or "", shown.address_key)
    against = _against(session, address.key)
    if against in {COMPLAINED, BLOCKED}:
        raise Barred
    known = subscription_of(session, address.key)
    if known and known.status == CONFIRMED and against is None:
        return
    open_request = optin.open_request(session, PURPOSE, address)
    if open_request is not None:
        optin.minimise(session, open_request, now)
    subscription = _written(session, known, address, known.name if known else None, language, OFFER, now)
    form, consent = FORMS[OFFER], wording.newsletter(language)
    optin.confirm_by(session, settings, PURPOSE, subscription.id, shown, language, form, [consent], now)


def subscription_of(session: Session, address_key: str) -> Subscription | None:
    """The subscription of a mailbox, confirmed or not, as it is now."""
    mine = select(Subscription).where(Subscription.address_key == address_key, _is_not(WITHDRAWN))
    return session.scalar(mine.execution_options(populate_existing=True))


def own_subscription(session: Session, address_key: str) -> Subscription | None:
    """The confirmed subscription of a mailbox, to be changed: others who would change it wait."""
    take_turns(session, address_key)
    found = subscription_of(session, address_key)
    return found if found and found.status == CONFIRMED else None


def change_subscription(
    session: Session, subscription: Subscription, name: str | None, language: str, now: datetime
) -> None:
    """Let the newsletter greet otherwise, or speak another language."""
    wanted = {"name": name, "language": language}
    changed = [field for field, value in wanted.items() if getattr(subscription, field) != value]
    if not changed:
        return
    for field in changed:
        setattr(subscription, field, wanted[field])
    confirmation = optin.confirmed_for(session, PURPOSE, subscription.id)
    if confirmation is not None:
        optin.note(session, confirmation, "corrected", now, ", ".join(changed))
    session.flush()


def unsubscribe(session: Session, number: int, now: datetime) -> bool:
    """End the subscription with this number, at once. False if there is none any more.

    No mail follows: who has just said that she wants no more mails is not sent one. The page that she sees says it.
    """
    key = session.scalar(select(Subscription.address_key).where(Subscription.id == number))
    if key is None:
        return False
    take_turns(session, key)
    found = session.get(Subscription, number, populate_existing=True)
    if found is None or found.status == WITHDRAWN:
        return False
    remove_subscription(session, found, now)
    return True


def remove_subscription(session: Session, subscription: Subscription, now: datetime) -> None:
    """Delete a subscription; one under a legal hold stays, out of sight. Of its opt-in the proof stays."""
    optin.withdraw(session, PURPOSE, subscription.id, now)
    if holds.is_held(session, subscription):
        subscription.status = WITHDRAWN
        subscription.confirmed_at = subscription.confirmed_at or now
    else:
        session.delete(subscription)
    session.flush()


def object_to_campaigns(session: Session, address_key: str, now: datetime) -> bool:
    """Let no campaign of any kind reach a mailbox any more, until its owner subscribes anew. False if it was so.

    A subscription ends with it: it would promise what the objection forbids.
    """
    take_turns(session, address_key)
    subscription = subscription_of(session, address_key)
    if subscription is not None:
        remove_subscription(session, subscription, now)
    heard = _against(session, address_key) not in {None, BOUNCED}
    suppression.suppress(session, address_key, OBJECTED, now)
    return subscription is not None or not heard


def _ask(
    session: Session,
    settings: Settings,
    known: Subscription | None,
    open_request: OptIn | None,
    address: Address,
    name: str | None,
    language: str,
    source: str,
    now: datetime,
    wait: timedelta,
) -> None:
    subscription = _written(session, known, address, name, language, source, now)
    consents = [wording.newsletter(language)]
    optin.request(
        session,
        settings,
        PURPOSE,
        subscription.id,
        address,
        language,
        FORMS[source],
        consents,
        now,
        replaces=open_request,
        wait=wait,
    )


def _written(
    session: Session,
    known: Subscription | None,
    address: Address,
    name: str | None,
    language: str,
    source: str,
    now: datetime,
) -> Subscription:
    """The row that is asked about. One that is confirmed stays as it is until its owner has confirmed."""
    if known is not None and known.status == CONFIRMED:
        return known
    row = known or Subscription(address_key=address.key, status=PENDING)
    row.email, row.name, row.language, row.source, row.requested_at = address.email, name, language, source, now
    session.add(row)
    session.flush()
    return row


def _against(session: Session, address_key: str) -> str | None:
    """Why no campaign may reach a mailbox; None if one may."""
    return session.scalar(select(Suppression.reason).where(Suppression.address_key == address_key))


def _is_not(status: str) -> Any:
    # Written out, not bound: only so does SQLite see that the partial index holds all that is asked for.
    return Subscription.status != literal(status, literal_execute=True)


def _tell(
    session: Session, template: str, address: Address, language: str, context: dict[str, Any], now: datetime
) -> None:
    outbox.post(session, outbox.Mail(template, address, language, context), now)


def _subject(session: Session, request: OptIn) -> Subscription | None:
    return session.get(Subscription, request.subject)


def _mail_context(session: Session, request: OptIn) -> dict[str, Any]:
    return {"name": session.get_one(Subscription, request.subject).name}


def _confirm(session: Session, _settings: Settings, request: OptIn, now: datetime) -> None:
    """Let the newsletter go to the mailbox; if it was barred meanwhile, the request goes as if its link had expired."""
    subscription = session.get_one(Subscription, request.subject)
    if _against(session, request.address_key) in {COMPLAINED, BLOCKED}:
        request.status, request.confirmed_at = OPEN, None
        _discard(session, request)
        optin.minimise(session, request, now)
        return
    if subscription.status == PENDING:
        subscription.status, subscription.confirmed_at = CONFIRMED, now
    suppression.lift(session, request.address_key, *LIFTED)
    context = {"subscription": subscription.id}
    address = Address(subscription.email, subscription.address_key)
    outbox.post(
        session, outbox.Mail("subscribers/mail/welcome", address, subscription.language, context, request.id), now
    )


def _discard(session: Session, request: OptIn) -> None:
    subscription = session.get(Subscription, request.subject)
    if subscription is not None and subscription.status == PENDING:
        session.delete(subscription)
        session.flush()


PURPOSE = optin.Purpose(
    name="newsletter",
    template="subscribers/mail/confirm",
    page="newsletter/confirm.html",
    subject=_subject,
    mail_context=_mail_context,
    refused=lambda _settings, _now: False,
    confirm=_confirm,
    discard=_discard,
)
