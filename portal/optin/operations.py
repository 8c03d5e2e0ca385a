"""Ask, mail again, confirm, decline, withdraw: the only ways in which an opt-in changes."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal import tokens
from portal.addresses import Address
from portal.config import Settings
from portal.database import in_one_go, insert_row, take_turns
from portal.mail import outbox
from portal.optin.models import CONFIRMED, DECLINED, PENDING, OptIn, ProofEntry, Wording

RESEND_AFTER = timedelta(minutes=5)
REMIND_AFTER = timedelta(days=2)


@dataclass(frozen=True)
class Consent:
    """One thing that somebody ticked, and the exact words beside the box."""

    name: str
    wording: str


@dataclass(frozen=True)
class Purpose:
    """What an opt-in is for, and what happens to its subject. Each slice that asks for one describes it here."""

    name: str
    template: str
    """Mail that carries the link; its context is `mail_context` and the link's parts."""
    page: str
    """Template of the confirmation page: extends `optin/confirm.html` and says what is asked; gets `subject`."""
    subject: Callable[[Session, OptIn], Any]
    """The row that is asked about, or None when it is gone."""
    mail_context: Callable[[Session, OptIn], dict[str, Any]]
    refused: Callable[[Settings, datetime], bool]
    """Whether the time in which this can be confirmed is over."""
    confirm: Callable[[Session, Settings, OptIn, datetime], None]
    """Makes the subject valid and posts the mail that follows."""
    discard: Callable[[Session, OptIn], None]
    """Removes the subject of an opt-in that was declined or not confirmed in time."""


class Unknown(Exception):
    """The link is genuine, but its request is gone or was replaced by a newer one."""


Purposes = Mapping[str, Purpose]


_PROVE = insert(ProofEntry).inline()
_REMEMBER = {
    "postgresql": postgresql.insert(Wording).on_conflict_do_nothing(),
    "sqlite": sqlite.insert(Wording).on_conflict_do_nothing(),
}


def request(
    session: Session,
    settings: Settings,
    purpose: Purpose,
    subject: int,
    address: Address,
    language: str,
    form: str,
    consents: Iterable[Consent],
    now: datetime,
    *,
    replaces: OptIn | None = None,
    joins: OptIn | None = None,
    wait: timedelta = timedelta(),
    context: dict[str, Any] | None = None,
) -> OptIn:
    """Ask the owner of `address` to confirm, in a mail that goes out after `wait`.

    `form` names the form and its version, for the proof. An address has one open request for a purpose: a new one
    `replaces` it, and the link of the old one dies; or it `joins` it, and the links that were mailed are good for both.
    What joins and would have to wait needs no mail of its own. `context` is what the purpose's `mail_context` would
    say, from callers who know it already.
    """
    values: dict[str, Any] = {
        "purpose": purpose.name,
        "subject": subject,
        "address_key": address.key,
        "email": address.email,
        "language": language,
        "status": PENDING,
        "reminders": 0,
        "requested_at": now,
        "expires_at": now + timedelta(days=settings.optin_days),
    }
    if joins is None:
        values["nonce"] = secrets.token_bytes(9)
    if mailed := joins is None or not wait:
        values["mailed_at"] = now + wait
    if optin := replaces or joins:
        for name, value in values.items():
            setattr(optin, name, value)
        session.flush()
    else:
        optin = insert_row(session, OptIn, **values)
    link = hashlib.sha256(token(settings, optin).encode()).hexdigest()
    consents = list(consents)
    entries: list[dict[str, Any]] = [
        {"event": "requested", "detail": form, "wording_sha256": None, "token_sha256": link},
        *(
            {"event": "consented", "detail": one.name, "wording_sha256": _digest(one), "token_sha256": None}
            for one in consents
        ),
    ]
    if context is None:
        context = purpose.mail_context(session, optin)
    with in_one_go(session):
        _remember_wordings(session, language, consents)
        session.connection().execute(_PROVE, [{"optin_id": optin.id, "at": now, **entry} for entry in entries])
        if mailed:
            _post(session, purpose, optin, context, [one.wording for one in consents], now, wait=wait)
    return optin


def open_request(session: Session, purpose: Purpose, address: Address) -> OptIn | None:
    """The one pending opt-in of this address for this purpose, locked."""
    return session.scalar(
        select(OptIn)
        .where(OptIn.purpose == purpose.name, OptIn.address_key == address.key, OptIn.status == PENDING)
        .with_for_update()
    )


def just_mailed(optin: OptIn, now: datetime) -> bool:
    """Whether the latest mail went out so short a time ago that it is too early for another."""
    return now < optin.mailed_at + RESEND_AFTER


def resend(session: Session, settings: Settings, purpose: Purpose, address: Address, now: datetime) -> None:
    """Mail the same link once more, at the earliest five minutes after the last time. Says nothing either way."""
    optin = open_request(session, purpose, address)
    if optin is None or optin.state(now) != PENDING or just_mailed(optin, now):
        return
    if not outbox.may_mail(session, settings, address, now):
        return
    optin.mailed_at = now
    note(session, optin, "resent", now)
    _post(session, purpose, optin, purpose.mail_context(session, optin), _agreed(session, optin), now)


def remind(session: Session, settings: Settings, purposes: Purposes, now: datetime) -> None:
    """Mail the link again to those who have not confirmed after two days, if the operator wants reminders."""
    waiting = select(OptIn).where(
        OptIn.status == PENDING,
        OptIn.expires_at > now,
        OptIn.mailed_at < now - REMIND_AFTER,
        OptIn.reminders < settings.optin_reminders,
    )
    for optin in session.scalars(waiting.with_for_update(skip_locked=True)):
        optin.reminders += 1
        optin.mailed_at = now
        note(session, optin, "reminded", now)
        purpose = purposes[optin.purpose]
        _post(
            session, purpose, optin, purpose.mail_context(session, optin), _agreed(session, optin), now, reminder=True
        )


def token(settings: Settings, optin: OptIn) -> str:
    """What the mailed link carries for this request."""
    return token_for(settings, optin.id, optin.nonce.hex())


def token_for(settings: Settings, optin_id: int, nonce: str) -> str:
    """The token of a request by its parts, as they stand in the queued mail."""
    return tokens.issue(settings, "optin", [optin_id, nonce])


def find(session: Session, settings: Settings, link: str, *, lock: bool = False) -> OptIn:
    """The opt-in that a mailed link leads to. Raises tokens.TokenInvalid or Unknown.

    With `lock`, nobody else changes anything of the same address until the transaction ends.
    """
    optin_id, nonce = tokens.read(settings, "optin", link)
    statement = select(OptIn).where(OptIn.id == optin_id)
    if lock and (key := session.scalar(select(OptIn.address_key).where(OptIn.id == optin_id))):
        take_turns(session, key)
    optin = session.scalar(statement.with_for_update() if lock else statement)
    if optin is None or not hmac.compare_digest(optin.nonce.hex(), nonce):
        raise Unknown
    return optin


def confirm(session: Session, settings: Settings, purposes: Purposes, link: str, now: datetime) -> OptIn:
    """Confirm what the link asks for, once. A link that is used again, or too late, changes nothing."""
    optin = find(session, settings, link, lock=True)
    purpose = purposes[optin.purpose]
    if optin.state(now) != PENDING or purpose.refused(settings, now):
        return optin
    optin.status = CONFIRMED
    optin.confirmed_at = now
    note(session, optin, "confirmed", now)
    purpose.confirm(session, settings, optin, now)
    return optin


def confirm_by(
    session: Session,
    settings: Settings,
    purpose: Purpose,
    subject: int,
    shown: OptIn,
    language: str,
    form: str,
    consents: Iterable[Consent],
    now: datetime,
) -> OptIn:
    """Confirm at once what somebody asks for who has just come by the link of `shown`, which is confirmed.

    That link went to the same mailbox: there is nothing left to prove, and no mail asks for it.
    """
    optin = insert_row(
        session,
        OptIn,
        purpose=purpose.name,
        subject=subject,
        address_key=shown.address_key,
        email=shown.email,
        language=language,
        status=CONFIRMED,
        nonce=secrets.token_bytes(9),
        reminders=0,
        requested_at=now,
        mailed_at=shown.mailed_at,
        expires_at=now,
        confirmed_at=now,
    )
    note(session, optin, "requested", now, form)
    note_consents(session, optin, consents, [], now)
    note(session, optin, "confirmed", now, f"optin {shown.id}")
    purpose.confirm(session, settings, optin, now)
    return optin


def decline(session: Session, settings: Settings, purposes: Purposes, link: str, now: datetime) -> OptIn:
    """«That was not me»: the request and what it asked for are removed. Confirmed ones stay: those are withdrawn."""
    optin = find(session, settings, link, lock=True)
    if optin.status == PENDING:
        optin.status = DECLINED
        optin.email = None
        note(session, optin, "declined", now)
        purposes[optin.purpose].discard(session, optin)
    return optin


def expire(session: Session, purposes: Purposes, now: datetime) -> int:
    """Remove what was not confirmed in time, and what was declined, without a trace. The number removed."""
    overdue = session.scalars(
        select(OptIn).where(OptIn.status != CONFIRMED, OptIn.expires_at < now).with_for_update(skip_locked=True)
    ).all()
    for optin in overdue:
        if optin.status == PENDING:
            purposes[optin.purpose].discard(session, optin)
    session.execute(delete(OptIn).where(OptIn.id.in_([optin.id for optin in overdue])))
    return len(overdue)


def withdraw(session: Session, purpose: Purpose, subject: int, now: datetime) -> None:
    """The subject is gone or no longer wanted: keep of its opt-in only the proof, without the address."""
    about = select(OptIn).where(OptIn.purpose == purpose.name, OptIn.subject == subject)
    for optin in session.scalars(about.with_for_update()).all():
        minimise(session, optin, now)


def minimise(session: Session, optin: OptIn, now: datetime) -> None:
    """Keep of a confirmed opt-in the proof without the address, and nothing of any other. Mails in the queue go too."""
    outbox.cancel(session, optin.id)
    if optin.status != CONFIRMED:
        session.delete(optin)
    elif optin.withdrawn_at is None:
        optin.withdrawn_at = now
        optin.email = None
        note(session, optin, "withdrawn", now)


def confirmed_for(session: Session, purpose: Purpose, subject: int) -> OptIn | None:
    """The opt-in by which the subject became valid."""
    return session.scalar(
        select(OptIn).where(
            OptIn.purpose == purpose.name,
            OptIn.subject == subject,
            OptIn.status == CONFIRMED,
            OptIn.withdrawn_at.is_(None),
        )
    )


def note(session: Session, optin: OptIn, event: str, now: datetime, detail: str | None = None) -> None:
    """Add one entry to the proof."""
    session.add(ProofEntry(optin_id=optin.id, at=now, event=event, detail=detail))


def note_consents(
    session: Session, optin: OptIn, given: Iterable[Consent], revoked: Iterable[str], now: datetime
) -> None:
    """Add to the proof what was agreed to, or taken back, later than in the form."""
    given = list(given)
    _remember_wordings(session, optin.language, given)
    session.add_all(
        ProofEntry(optin_id=optin.id, at=now, event="consented", detail=one.name, wording_sha256=_digest(one))
        for one in given
    )
    session.add_all(ProofEntry(optin_id=optin.id, at=now, event="revoked", detail=name) for name in revoked)


def _post(
    session: Session,
    purpose: Purpose,
    optin: OptIn,
    context: dict[str, Any],
    wordings: list[str],
    now: datetime,
    *,
    reminder: bool = False,
    wait: timedelta = timedelta(),
) -> None:
    context = {
        **context,
        "optin_id": optin.id,
        "nonce": optin.nonce.hex(),
        "consents": wordings,
        "expires_at": optin.expires_at.isoformat(),
        "reminder": reminder,
    }
    address = Address(email=optin.email or "", key=optin.address_key)
    outbox.queue(session, outbox.Mail(purpose.template, address, optin.language, context, optin.id), now, wait=wait)


def _agreed(session: Session, optin: OptIn) -> list[str]:
    """The wordings that were agreed to in the latest request."""
    latest = (ProofEntry.optin_id == optin.id) & (ProofEntry.at == optin.requested_at)
    joined = select(Wording.text).join(ProofEntry, ProofEntry.wording_sha256 == Wording.sha256)
    return list(session.scalars(joined.where(latest).order_by(ProofEntry.id)))


def _digest(consent: Consent) -> str:
    return hashlib.sha256(consent.wording.encode()).hexdigest()


def _remember_wordings(session: Session, language: str, consents: list[Consent]) -> None:
    connection = session.connection()
    rows = [{"sha256": _digest(one), "language": language, "text": one.wording} for one in consents]
    if rows:
        connection.execute(_REMEMBER[connection.dialect.name], rows)
