"""Sign, confirm, correct, withdraw, hold, release: the only ways in which a signature changes."""

import logging
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, bindparam, func, insert, select, update
from sqlalchemy.orm import Session, joinedload

from portal.addresses import Address
from portal.config import Settings
from portal.database import take_turns
from portal.declaration.models import Revision
from portal.mail import outbox
from portal.optin import operations as optin
from portal.optin.models import OptIn
from portal.privacy import holds
from portal.signatures.models import CONFIRMED, PENDING, PERSONS_PER_MAILBOX, WITHDRAWN, Signature, SignatureTally
from portal.subscribers import operations as subscriptions
from portal.web.caching import public_changed

log = logging.getLogger(__name__)

FORM = "sign/1"
"""The form and its version, as the proof names it."""


@dataclass(frozen=True)
class Entry:
    """What a person says of herself, and what of it may be public."""

    name: str
    occupation: str | None = None
    field: str | None = None
    organisation: str | None = None
    place: str | None = None
    state: str | None = None
    show_name: bool = False
    show_occupation: bool = False
    show_organisation: bool = False
    show_place: bool = False


SHOWABLE = ("name", "occupation", "organisation", "place")


def shown_fields(entry: "Entry | Signature") -> list[str]:
    """The names of the fields that are filled in and may be public. The work field goes with the occupation, the state
    with the place."""
    return [name for name in SHOWABLE if getattr(entry, f"show_{name}") and getattr(entry, name)]


def name_key(name: str) -> str:
    """The name without case, accents, spaces and punctuation: `Müller-Özdemir` and `MULLER ÖZDEMIR` are one person."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return re.sub(r"[\W_]", "", "".join(char for char in plain if not unicodedata.combining(char))) or name.casefold()


class ToSign(NamedTuple):
    """The revision that people sign."""

    id: int
    number: int
    label: str


_TO_SIGN = select(Revision.id, Revision.number, Revision.label).order_by(Revision.number.desc()).limit(1)


def to_sign(session: Session) -> ToSign | None:
    """The latest published revision, or None while nothing has been published."""
    row = session.connection().execute(_TO_SIGN).one_or_none()
    return ToSign(*row) if row else None


_ENTRY = [getattr(Signature, name) for name in Entry.__dataclass_fields__]
_KNOWN = (
    select(Signature.id, Signature.status, Signature.slot, Signature.name_key, *_ENTRY)
    .where(Signature.address_key == bindparam("address_key"), Signature.status != WITHDRAWN)
    .order_by(Signature.slot)
)
_SIGN = insert(Signature).returning(Signature.id)


def request_signature(
    session: Session,
    settings: Settings,
    revision: Revision | ToSign,
    address: Address,
    entry: Entry,
    *,
    newsletter: bool,
    consents: Sequence[optin.Consent],
    language: str,
    now: datetime,
    held_reason: str | None = None,
) -> None:
    """Take a sign-up and mail its link. To the caller it looks the same whoever signs, and however often.

    The owner of the mailbox learns by mail what became of it: a link to confirm, that the person has signed already,
    or that the mailbox has signed for as many persons as it may. Beyond the daily number of mails nothing happens, nor
    when the same is sent again within minutes: the link that was mailed stays good.
    """
    if not outbox.may_mail(session, settings, address, now):
        return
    known = session.connection().execute(_KNOWN, {"address_key": address.key}).all()
    settled = [one for one in known if one.status != PENDING]
    if any(one.name_key == name_key(entry.name) for one in settled):
        _tell(session, "signatures/mail/already", address, language, entry, now)
        return
    if len(settled) >= PERSONS_PER_MAILBOX:
        _tell(session, "signatures/mail/full", address, language, entry, now)
        return
    signature = next((one for one in known if one.status == PENDING), None)
    open_request = optin.open_request(session, PURPOSE, address) if signature else None
    if signature and open_request and _entry(signature) == entry and optin.just_mailed(open_request, now):
        return
    values = {
        "revision_id": revision.id,
        "email": address.email,
        "language": language,
        "newsletter": newsletter,
        "requested_at": now,
        "held_at": now if held_reason else None,
        "held_reason": held_reason,
        **written(entry),
    }
    if signature is None:
        free = {*range(1, PERSONS_PER_MAILBOX + 1)} - {one.slot for one in settled}
        person = {"address_key": address.key, "slot": min(free), "status": PENDING}
        number = session.connection().execute(_SIGN, {**values, **person}).scalar_one()
    else:
        number = signature.id
        session.execute(update(Signature).where(Signature.id == number).values(values))
    optin.request(
        session,
        settings,
        PURPOSE,
        number,
        address,
        language,
        FORM,
        consents,
        now,
        replaces=open_request,
        context=_in_mail(entry, revision.number, newsletter),
    )


def confirm_signature(
    session: Session, settings: Settings, signature: Signature, request: OptIn, now: datetime
) -> None:
    """Make a pending signature count, and thank its person by mail.

    Who has ticked that she would like the newsletter is asked about it in a mail of its own; that is all.
    """
    with _counted(session, signature):
        signature.status = CONFIRMED
        signature.confirmed_at = now
    context = {"name": signature.name, "revision": signature.revision.number}
    outbox.post(
        session,
        outbox.Mail("signatures/mail/confirmed", _address(signature), signature.language, context, request.id),
        now,
    )
    if signature.newsletter:
        subscriptions.request_after_signing(
            session, settings, _address(signature), name=signature.name, language=signature.language, now=now
        )


def discard_signature(session: Session, signature: Signature) -> None:
    """Remove a signature that was never confirmed."""
    if signature.status == PENDING:
        session.delete(signature)
        session.flush()


class NameTaken(Exception):
    """The other person of the mailbox bears this name already."""


def correct_signature(
    session: Session, signature: Signature, entry: Entry, consents: Sequence[optin.Consent], now: datetime
) -> None:
    """Change what a signature says or shows, at once and everywhere. Raises NameTaken.

    `consents` holds the consent to what shall be public from now on, or nothing where nothing shall.
    """
    before = _entry(signature)
    if before == entry:
        return
    key = name_key(entry.name)
    if any(one.name_key == key and one is not signature for one in signatures_of(session, signature.address_key)):
        raise NameTaken
    shown_before = shown_fields(signature)
    with _counted(session, signature):
        write_entry(signature, entry)
    confirmation = optin.confirmed_for(session, PURPOSE, signature.id)
    if confirmation is not None:
        changed = [name for name, value in asdict(entry).items() if value != getattr(before, name)]
        optin.note(session, confirmation, "corrected", now, ", ".join(changed))
        optin.note_consents(session, confirmation, consents, ["public"] if shown_before and not consents else [], now)


def withdraw_signature(session: Session, signature: Signature, now: datetime) -> None:
    """Take a signature back: it is gone from list and counter at once, and its person gets a receipt."""
    receipt = outbox.Mail("signatures/mail/withdrawn", _address(signature), signature.language, {})
    remove_signature(session, signature, now)
    outbox.post(session, receipt, now)


def remove_signature(session: Session, signature: Signature, now: datetime) -> None:
    """Delete a signature; one under a legal hold stays, out of sight."""
    optin.withdraw(session, PURPOSE, signature.id, now)
    with _counted(session, signature):
        if holds.is_held(session, signature):
            signature.status = WITHDRAWN
            signature.confirmed_at = signature.confirmed_at or now
        else:
            session.delete(signature)


def hold_signature(session: Session, signature: Signature, reason: str, now: datetime) -> None:
    """Let a signature not count, for a reason, until it is released."""
    with _counted(session, signature):
        signature.held_at, signature.held_reason = now, reason


def release_signature(session: Session, signature: Signature) -> None:
    """Let a held signature count."""
    with _counted(session, signature):
        signature.held_at = signature.held_reason = None


@dataclass(frozen=True)
class Tally:
    """The public numbers: people who signed, and how many of them are listed."""

    valid: int
    listed: int

    @property
    def unlisted(self) -> int:
        return self.valid - self.listed


def tally(session: Session) -> Tally:
    """The numbers as the public sees them."""
    row = session.execute(select(SignatureTally.valid, SignatureTally.listed)).one()
    return Tally(*row)


def drift(session: Session) -> Tally | None:
    """What the tally should say, counted from the rows, or None if it says so."""
    valid = (Signature.status == CONFIRMED) & Signature.held_at.is_(None)
    counted = Tally(
        session.scalar(select(func.count()).where(valid)) or 0,
        session.scalar(select(func.count()).where(valid, Signature.listed)) or 0,
    )
    return None if counted == tally(session) else counted


def recount(session: Session) -> Tally | None:
    """Mend the tally if it has drifted. Returns what it wrongly said, or None if it was true."""
    session.execute(select(SignatureTally).with_for_update())
    shown, counted = tally(session), drift(session)
    if counted is None:
        return None
    session.execute(update(SignatureTally).values(valid=counted.valid, listed=counted.listed))
    public_changed(session)
    return shown


def reconcile(session: Session) -> None:
    """Recount, and raise the alarm in the log if the public counter had drifted."""
    wrong = recount(session)
    if wrong is not None:
        log.error("counter_drift", extra={"shown_valid": wrong.valid, "shown_listed": wrong.listed})


def page_of_listed(
    session: Session, *, search: str = "", field: str = "", state: str = "", before: int | None = None, size: int = 50
) -> tuple[list[Signature], int | None]:
    """The public list, newest first: up to `size` signatures below the id `before`, and where the next page begins."""
    statement = (
        select(Signature)
        .where(Signature.status == CONFIRMED, Signature.held_at.is_(None), Signature.listed)
        .order_by(Signature.id.desc())
        .limit(size + 1)
    )
    # A filter only finds what it would find in the list itself: hidden facts cannot be searched for.
    if field:
        statement = statement.where(Signature.field == field, Signature.show_occupation)
    if state:
        statement = statement.where(Signature.state == state, Signature.show_place)
    for word in search_words(search):
        statement = statement.where(Signature.search_text.contains(word, autoescape=True))
    if before is not None:
        statement = statement.where(Signature.id < before)
    found = list(session.scalars(statement))
    return found[:size], found[size - 1].id if len(found) > size else None


def search_words(text: str) -> list[str]:
    """The words of a search, written as `search_text` is."""
    return _searchable(text).split()[:8]


def own_signature(session: Session, address_key: str, number: int) -> Signature | None:
    """The signature with this number, if it is from this mailbox, to be changed: others who would change it wait."""
    take_turns(session, address_key)
    return next((one for one in signatures_of(session, address_key) if one.id == number), None)


def signatures_of(session: Session, address_key: str) -> Sequence[Signature]:
    """All signatures from one mailbox that have not been withdrawn."""
    statement = select(Signature).where(Signature.address_key == address_key, Signature.status != WITHDRAWN)
    return session.scalars(statement.options(joinedload(Signature.revision)).order_by(Signature.slot)).all()


def signing_refused(settings: Settings, now: datetime) -> bool:
    """Whether new signatures are no longer taken."""
    return settings.signing_closes_at is not None and now > settings.signing_closes_at


def confirming_refused(settings: Settings, now: datetime) -> bool:
    """Whether the time to confirm is over too: the grace period after closing."""
    grace = timedelta(days=settings.signing_grace_days)
    return settings.signing_closes_at is not None and now > settings.signing_closes_at + grace


@contextmanager
def _counted(session: Session, signature: Signature) -> Iterator[None]:
    """Keep the tally and the public pages true across one change of a signature."""
    before = _contribution(signature)
    yield
    session.flush()
    after = _contribution(signature) if signature in session else (0, 0)
    valid, listed = after[0] - before[0], after[1] - before[1]
    if valid or listed:
        session.execute(
            update(SignatureTally).values(valid=SignatureTally.valid + valid, listed=SignatureTally.listed + listed)
        )
    if before[1] or after[1] or valid:
        public_changed(session)


def _contribution(signature: Signature) -> tuple[int, int]:
    return (int(signature.valid), int(signature.valid and signature.listed))


def written(entry: Entry) -> dict[str, Any]:
    """The columns of an entry, with what its row is compared and searched by."""
    return {
        **vars(entry),
        "name_key": name_key(entry.name),
        "search_text": _searchable(" ".join(getattr(entry, name) for name in shown_fields(entry))),
    }


def write_entry(signature: Signature, entry: Entry) -> None:
    """Put an entry into a row."""
    for name, value in written(entry).items():
        setattr(signature, name, value)


def _entry(signature: Signature | Row[Any]) -> Entry:
    return Entry(**{name: getattr(signature, name) for name in Entry.__dataclass_fields__})


def _searchable(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in plain if not unicodedata.combining(char))


def _address(signature: Signature) -> Address:
    return Address(signature.email, signature.address_key)


def _tell(session: Session, template: str, address: Address, language: str, entry: Entry, now: datetime) -> None:
    outbox.post(session, outbox.Mail(template, address, language, {"name": entry.name}), now)


def _subject(session: Session, request: OptIn) -> Signature | None:
    return session.get(Signature, request.subject, options=[joinedload(Signature.revision)])


def _confirm(session: Session, settings: Settings, request: OptIn, now: datetime) -> None:
    confirm_signature(session, settings, session.get_one(Signature, request.subject), request, now)


def _discard(session: Session, request: OptIn) -> None:
    signature = session.get(Signature, request.subject)
    if signature is not None:
        discard_signature(session, signature)


def _mail_context(session: Session, request: OptIn) -> dict[str, Any]:
    signature = session.get_one(Signature, request.subject)
    return _in_mail(_entry(signature), signature.revision.number, signature.newsletter)


def _in_mail(entry: Entry, revision: int, newsletter: bool) -> dict[str, Any]:
    return {"name": entry.name, "revision": revision, "shown": shown_fields(entry), "newsletter": newsletter}


PURPOSE = optin.Purpose(
    name="signature",
    template="signatures/mail/confirm",
    page="signatures/confirm.html",
    subject=_subject,
    mail_context=_mail_context,
    refused=confirming_refused,
    confirm=_confirm,
    discard=_discard,
)
