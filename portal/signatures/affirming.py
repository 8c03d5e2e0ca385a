"""Who has signed an older revision, and says that she supports the current one too."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from portal import tokens
from portal.addresses import Address
from portal.config import Settings
from portal.database import take_turns
from portal.mail import outbox
from portal.optin import operations as optin
from portal.signatures import operations
from portal.signatures.models import CONFIRMED, Signature
from portal.signatures.operations import PURPOSE
from portal.subscribers.segments import NOBODY
from portal.web.caching import public_changed

PATHS = {"de": "/unterzeichnen/bekraeftigen/", "en": "/en/sign/affirm/"}


@dataclass(frozen=True)
class NewerRevision(Exception):
    """Another revision than the one that she has read is the current one by now."""

    number: int


def link(settings: Settings, language: str, number: int) -> str:
    """The address by which a signature's owner can affirm it, whatever revision is the current one then.

    Letters are written where there is neither a request nor a database.
    """
    return f"{settings.base_url}{PATHS[language]}{tokens.issue(settings, 'affirm', number)}"


def is_of_test_mail(settings: Settings, token: str) -> bool:
    """Whether a link stood in a test mail, and leads to no signature. Raises tokens.TokenInvalid."""
    return bool(tokens.read(settings, "affirm", token) == NOBODY)


def signature_of(session: Session, settings: Settings, token: str, *, lock: bool = False) -> Signature | None:
    """The confirmed signature that a link leads to; None if it has been withdrawn. Raises tokens.TokenInvalid.

    With `lock`, nobody else changes anything of the same address until the transaction ends.
    """
    number = tokens.read(settings, "affirm", token)
    if lock and (key := session.scalar(select(Signature.address_key).where(Signature.id == number))):
        take_turns(session, key)
    found = select(Signature).where(Signature.id == number, Signature.status == CONFIRMED)
    found = found.options(joinedload(Signature.revision)).execution_options(populate_existing=True)
    return session.scalar(found.with_for_update(of=Signature) if lock else found)


def affirm(session: Session, signature: Signature, read: int, consent: optin.Consent, now: datetime) -> None:
    """Put a signature under the current revision, which must be the one with the number `read`; once.

    Raises NewerRevision. The signature itself stays as it is, and counts as before.
    """
    current = operations.to_sign(session)
    if current is None or signature.revision_id == current.id:
        return
    if current.number != read:
        raise NewerRevision(current.number)
    signature.revision_id = current.id
    session.flush()
    confirmation = optin.confirmed_for(session, PURPOSE, signature.id)
    if confirmation is not None:
        optin.note(session, confirmation, "corrected", now, "revision")
        optin.note_consents(session, confirmation, [consent], [], now)
    public_changed(session)
    receipt = outbox.Mail(
        "signatures/mail/affirmed",
        Address(signature.email, signature.address_key),
        signature.language,
        {"revision": current.number},
        confirmation.id if confirmation else None,
    )
    outbox.post(session, receipt, now)
