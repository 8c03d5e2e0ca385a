"""What organisers do with signatures: find one, see how it came about, hold it, release it, remove it.

Each change takes the fingerprint of what the organiser has seen: two who act at once do not undo each other.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, selectinload

from portal.addresses import Address
from portal.database import take_turns
from portal.mail import outbox
from portal.mail.models import OutboxMail
from portal.optin.models import PENDING as OPEN
from portal.optin.models import OptIn, Wording
from portal.organisers import audit
from portal.organisers.models import AuditEntry
from portal.signatures import operations
from portal.signatures.models import CONFIRMED, PENDING, WITHDRAWN, Signature
from portal.signatures.operations import PURPOSE, Entry, name_key
from portal.signatures.vocabulary import SUSPICIOUS

PAGE = 50
BATCH = 1000
"""How many rows an export reads at a time: SQLite's writers wait no longer than that takes."""
WORDS = 6
SOON = timedelta(days=2)

COUNTED, UNCONFIRMED, HELD, KEPT = STANDINGS = ("counted", "unconfirmed", "held", "kept")
"""How a signature stands: it counts, its address is not confirmed, it is held, or it is withdrawn and under a legal
hold."""


class Gone(Exception):
    """There is no such signature, or none any more."""


class Outdated(Exception):
    """The signature is no longer what the organiser has seen."""


@dataclass(frozen=True)
class Wanted:
    """What an organiser looks for; what is empty is not asked for."""

    text: str = ""
    """Words of name, organisation or place, in any order; a whole number also finds the signature with it."""
    address_key: str = ""
    standing: str = ""
    revision: int = 0


@dataclass(frozen=True)
class Request:
    """One request for confirmation, with everything that proves the consent."""

    optin: OptIn
    wordings: dict[str, Wording]
    mails: Sequence[OutboxMail]


def standing(signature: Signature) -> str:
    """One of `STANDINGS`."""
    if signature.status == WITHDRAWN:
        return KEPT
    if signature.held_at is not None:
        return HELD
    return COUNTED if signature.status == CONFIRMED else UNCONFIRMED


def page_of_signatures(
    session: Session, wanted: Wanted, *, before: int | None = None, size: int = PAGE
) -> tuple[list[Signature], int | None]:
    """The newest signatures that are wanted, below the id `before`, and where the next page begins."""
    statement = _matching(select(Signature), wanted).order_by(Signature.id.desc()).limit(size + 1)
    if before is not None:
        statement = statement.where(Signature.id < before)
    found = list(session.scalars(statement.options(joinedload(Signature.revision))))
    return found[:size], found[size - 1].id if len(found) > size else None


def all_signatures(session: Session, wanted: Wanted) -> Iterator[list[Signature]]:
    """Every signature that is wanted and was there at the beginning, in batches.

    The transaction ends after each batch: no writer waits until the last one has been read, or downloaded.
    """
    last = session.scalar(select(func.max(Signature.id))) or 0
    session.rollback()
    after = 0
    while after < last:
        statement = _matching(select(Signature), wanted).where(Signature.id > after, Signature.id <= last)
        statement = statement.order_by(Signature.id).limit(BATCH).options(joinedload(Signature.revision))
        batch = list(session.scalars(statement))
        session.expunge_all()
        session.rollback()
        if not batch:
            return
        yield batch
        after = batch[-1].id


def _matching(statement: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.standing:
        statement = statement.where(*_STANDS[wanted.standing])
    if wanted.revision:
        statement = statement.where(Signature.revision.has(number=wanted.revision))
    if wanted.address_key:
        statement = statement.where(Signature.address_key == wanted.address_key)
        if wanted.standing != KEPT:
            statement = statement.where(_is_not(WITHDRAWN))
    for word in wanted.text.split()[:WORDS]:
        statement = statement.where(or_(*_says(word)))
    return statement


def _is(status: str) -> ColumnElement[bool]:
    # Written out, not bound: only so does SQLite see that a partial index holds all that is asked for.
    return Signature.status == literal(status, literal_execute=True)


def _is_not(status: str) -> ColumnElement[bool]:
    return Signature.status != literal(status, literal_execute=True)


_STANDS: dict[str, tuple[ColumnElement[bool], ...]] = {
    COUNTED: (_is(CONFIRMED), Signature.held_at.is_(None)),
    UNCONFIRMED: (_is(PENDING), Signature.held_at.is_(None)),
    HELD: (Signature.held_at.is_not(None), _is_not(WITHDRAWN)),
    KEPT: (_is(WITHDRAWN),),
}


def _says(word: str) -> Iterator[ColumnElement[bool]]:
    yield Signature.name_key.contains(name_key(word), autoescape=True)
    yield _contains(Signature.organisation, word)
    yield _contains(Signature.place, word)
    if word.isdecimal() and len(word) < 10:
        yield Signature.id == int(word)


def _contains(column: InstrumentedAttribute[str | None], word: str) -> ColumnElement[bool]:
    """Whether the column contains the word in any case.

    SQLite knows the case of ASCII letters only, so that any other letter matches any letter.
    """
    pattern = "".join(f"\\{char}" if char in "%_\\" else char if char.isascii() else "_" for char in word)
    return column.ilike(f"%{pattern}%", escape="\\")


def signature(session: Session, number: int) -> Signature:
    """The signature with this number, to be looked at. Raises Gone."""
    found = session.get(Signature, number, options=[joinedload(Signature.revision)])
    if found is None:
        raise Gone
    return found


def proof_of(session: Session, number: int) -> list[Request]:
    """How the signature with this number came about: each request, what was agreed to, and the mails sent for it.

    The proof outlives the signature, without name and address.
    """
    asked = select(OptIn).where(OptIn.purpose == PURPOSE.name, OptIn.subject == number).order_by(OptIn.id)
    optins = session.scalars(asked.options(selectinload(OptIn.proof))).all()
    digests = {entry.wording_sha256 for optin in optins for entry in optin.proof if entry.wording_sha256}
    wordings = {one.sha256: one for one in session.scalars(select(Wording).where(Wording.sha256.in_(digests)))}
    return [
        Request(
            optin,
            wordings,
            session.scalars(select(OutboxMail).where(OutboxMail.optin_id == optin.id).order_by(OutboxMail.id)).all(),
        )
        for optin in optins
    ]


def acts_on(session: Session, number: int) -> Sequence[AuditEntry]:
    """What the office has done with the signature, the latest first."""
    about = select(AuditEntry).where(AuditEntry.subject == subject(number))
    return session.scalars(about.options(joinedload(AuditEntry.by)).order_by(AuditEntry.id.desc())).all()


def subject(number: int) -> str:
    """How the audit log names a signature."""
    return f"signature {number}"


def fingerprint(seen: Signature) -> str:
    """A short hash of all that an organiser sees of a signature; it changes with each change."""
    entry = {name: getattr(seen, name) for name in Entry.__dataclass_fields__}
    moments = [moment and moment.isoformat() for moment in (seen.requested_at, seen.confirmed_at, seen.held_at)]
    known = [entry, seen.status, seen.email, seen.revision_id, seen.held_reason, moments]
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:16]


def hold(session: Session, number: int, seen: str, reason: str, *, by: int, now: datetime) -> Signature:
    """Let a signature count no longer until it is released. Raises Gone or Outdated.

    Whoever was counted before is told by mail, with the reason and how to object.
    """
    found = _to_change(session, number, seen)
    if standing(found) not in {COUNTED, UNCONFIRMED}:
        raise Outdated
    told = found.valid
    operations.hold_signature(session, found, reason, now)
    audit.record(session, by, "signature.hold", subject(number), now, reason=reason)
    if told:
        _tell(session, "signatures/mail/held", found, now, reason=reason)
    return found


def release(session: Session, number: int, seen: str, *, by: int | None, now: datetime) -> Signature:
    """Let a held signature count. Raises Gone or Outdated. Whoever was told that it is held is told."""
    found = _to_change(session, number, seen)
    if standing(found) != HELD:
        raise Outdated
    told = found.status == CONFIRMED and found.held_reason != SUSPICIOUS
    operations.release_signature(session, found)
    audit.record(session, by, "signature.release", subject(number), now)
    if told:
        _tell(session, "signatures/mail/released", found, now)
    return found


def remove(
    session: Session, number: int, seen: str, reason: str, statement: str, *, by: int, now: datetime
) -> Signature:
    """Delete a signature for a reason. Raises Gone or Outdated.

    A person whose address is confirmed is told by mail: the reason, the facts in the organiser's words, and how to
    object. The audit log keeps the number and the reason alone. A row under a legal hold stays, out of sight.
    """
    found = _to_change(session, number, seen)
    if found.status == WITHDRAWN:
        raise Outdated
    told = found.status == CONFIRMED
    if told:
        _tell(session, "signatures/mail/removed", found, now, reason=reason, statement=statement)
    operations.remove_signature(session, found, now)
    audit.record(session, by, "signature.remove", subject(number), now, reason=reason, told=int(told))
    return found


def note_export(session: Session, wanted: Wanted, *, by: int, now: datetime) -> None:
    """Record that signatures are exported, and which kind of them; never what was searched for."""
    kinds = {key: value for key, value in asdict(wanted).items() if value and key in {"standing", "revision"}}
    audit.record(
        session,
        by,
        "signature.export",
        "signatures",
        now,
        **kinds,
        searched=int(bool(wanted.text or wanted.address_key)),
    )


def held_count(session: Session) -> int:
    """How many signatures wait for a look."""
    return session.scalar(select(func.count()).select_from(Signature).where(*_STANDS[HELD])) or 0


def expiring_count(session: Session, now: datetime) -> int:
    """How many people have not confirmed and have less than two days left."""
    soon = (OptIn.purpose == PURPOSE.name, OptIn.status == OPEN, OptIn.expires_at >= now, OptIn.expires_at < now + SOON)
    return session.scalar(select(func.count()).select_from(OptIn).where(*soon)) or 0


def _to_change(session: Session, number: int, seen: str) -> Signature:
    key = session.scalar(select(Signature.address_key).where(Signature.id == number))
    if key is None:
        raise Gone
    take_turns(session, key)
    row = select(Signature).where(Signature.id == number).with_for_update()
    found = session.scalar(row.execution_options(populate_existing=True))
    if found is None:
        raise Gone
    if fingerprint(found) != seen:
        raise Outdated
    return found


def _tell(session: Session, template: str, about: Signature, now: datetime, **context: str) -> None:
    mail = outbox.Mail(
        template,
        Address(about.email, about.address_key),
        about.language,
        {"name": about.name, "number": about.id, **context},
    )
    outbox.post(session, mail, now)
