"""What can be done with accounts. Each change is recorded here, and told to whom it concerns."""

import hmac
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from portal import tokens
from portal.addresses import Address
from portal.config import Settings
from portal.database import take_turns
from portal.mail import outbox
from portal.organisers import attempts, audit, passwords, second_factor, sessions
from portal.organisers.models import (
    INVITATION,
    RESET,
    LoginAttempts,
    Organiser,
    OrganiserLink,
    OrganiserRole,
    OrganiserSession,
    Passkey,
)
from portal.organisers.roles import OWNER

TOLD_AFTER = 20
"""So many failed logins in a row, from whatever networks, are told to the owner of the account."""
UNANSWERED = timedelta(days=30)
"""An invitation that nobody has accepted for so long is taken back, and name and address are removed."""


class AccountExists(Exception):
    """Somebody with this address has an account already."""


class LastOwner(Exception):
    """Without this owner nobody could manage the accounts any more."""


class LinkInvalid(Exception):
    """The link is garbled, too old, or has been used."""


class Locked(Exception):
    """There were too many failures; one has to wait."""


def organisers(session: Session) -> Sequence[Organiser]:
    """Everybody who has an account or had one, by name; those who are gone come last."""
    return session.scalars(select(Organiser).order_by(Organiser.active.desc(), Organiser.name, Organiser.id)).all()


def with_address(session: Session, address_key: str) -> Organiser | None:
    """Whose account an address is."""
    return session.scalar(select(Organiser).where(Organiser.address_key == address_key))


def invite(
    session: Session,
    settings: Settings,
    name: str,
    address: Address,
    roles: Collection[str],
    language: str,
    *,
    by: int | None,
    now: datetime,
    mail: bool = True,
) -> tuple[Organiser, str]:
    """Make an account, or open a closed one again. The account, and the token of the link that its owner comes in by.

    Raises AccountExists if the address has an active account whose owner has come in already.
    """
    take_turns(session, address.key)
    organiser = with_address(session, address.key)
    if organiser is not None and organiser.password_hash is not None:
        raise AccountExists
    if organiser is None:
        organiser = Organiser(address_key=address.key)
        session.add(organiser)
    organiser.name, organiser.email, organiser.language = name, address.email, language
    organiser.active, organiser.deactivated_at, organiser.invited_at = True, None, now
    session.flush()
    _set_roles(session, organiser, roles)
    audit.record(session, by, "organiser.invite", _subject(organiser), now, roles=" ".join(organiser.roles))
    link = _new_link(session, organiser, INVITATION, now + timedelta(days=settings.invitation_days))
    if mail:
        _post(session, organiser, "invitation", now, link_id=link.id, nonce=link.nonce.hex())
    return organiser, link_token(settings, link.id, link.nonce.hex())


def request_reset(session: Session, settings: Settings, address: Address, now: datetime) -> None:
    """Mail a link for a new password, if the address has an account and has not had too many mails today."""
    organiser = with_address(session, address.key)
    if not outbox.may_mail(session, settings, address, now) or organiser is None or not organiser.active:
        return
    if organiser.password_hash is None:  # not yet in: the invitation is what helps
        link = _new_link(session, organiser, INVITATION, now + timedelta(days=settings.invitation_days))
        _post(session, organiser, "invitation", now, link_id=link.id, nonce=link.nonce.hex())
        return
    link = _new_link(session, organiser, RESET, now + timedelta(minutes=settings.reset_minutes))
    audit.record(session, None, "password.forgotten", _subject(organiser), now)
    _post(session, organiser, "reset", now, link_id=link.id, nonce=link.nonce.hex(), minutes=settings.reset_minutes)


def new_link(session: Session, settings: Settings, organiser: Organiser, now: datetime) -> str:
    """The token of a link for the operator to hand over, where mail does not help."""
    purpose = INVITATION if organiser.password_hash is None else RESET
    link = _new_link(session, organiser, purpose, now + timedelta(days=settings.invitation_days))
    audit.record(session, None, "organiser.link", _subject(organiser), now)
    return link_token(settings, link.id, link.nonce.hex())


def link_token(settings: Settings, link_id: int, nonce: str) -> str:
    """The token of a one-time link."""
    return tokens.issue(settings, "organisers.link", [link_id, nonce])


def find_link(
    session: Session, settings: Settings, token: str, now: datetime, *, lock: bool = False
) -> tuple[OrganiserLink, Organiser]:
    """The link and whose it is. Raises LinkInvalid."""
    try:
        number, nonce = tokens.read(settings, "organisers.link", token)
    except (tokens.TokenInvalid, ValueError, TypeError) as error:
        raise LinkInvalid from error
    statement = select(OrganiserLink).where(OrganiserLink.id == number, OrganiserLink.expires_at > now)
    link = session.scalar(statement.with_for_update() if lock else statement)
    if link is None or not hmac.compare_digest(link.nonce.hex(), str(nonce)):
        raise LinkInvalid
    organiser = session.get(Organiser, link.organiser_id)
    if organiser is None or not organiser.active:
        raise LinkInvalid
    return link, organiser


def follow_link(session: Session, settings: Settings, token: str, password: str, now: datetime) -> Organiser:
    """Set the password by a one-time link, which is used up by it, and every other one with it. Raises LinkInvalid."""
    link, organiser = find_link(session, settings, token, now, lock=True)
    act = "organiser.accept" if link.purpose == INVITATION and organiser.password_hash is None else "password.reset"
    if organiser.password_hash is not None:
        _post(session, organiser, "password_changed", now)
    _keep_password(session, settings, organiser, password, now)
    audit.record(session, organiser.id, act, _subject(organiser), now)
    return organiser


def attempt_login(session: Session, settings: Settings, address_key: str, network: str, now: datetime) -> str | None:
    """Count a try to log in, before it is looked at. The hash that the password has to fit. Raises Locked.

    It is compared after this transaction and before the next, so that nobody has to wait for it.
    """
    if attempts.count(session, attempts.key(settings, "password", address_key, network), now) is None:
        raise Locked
    organiser = with_address(session, address_key)
    return organiser.password_hash if organiser else None


def finish_login(
    session: Session, settings: Settings, address_key: str, network: str, kept: str | None, now: datetime, *, fits: bool
) -> Organiser | None:
    """Who has given her password; the second factor is still to come. A failure is recorded, and many are told."""
    organiser = with_address(session, address_key)
    if organiser is None or not organiser.active:
        return None
    if not fits or organiser.password_hash != kept:
        _record_failure(session, settings, organiser, now)
        return None
    for key in (("password", address_key, network), ("account", organiser.id)):
        attempts.forgive(session, attempts.key(settings, *key))
    return organiser


def attempt_second_factor(session: Session, settings: Settings, organiser: Organiser, now: datetime) -> None:
    """Count a try at the second factor, before it is looked at. Raises Locked.

    Only who knows the password comes here, so no stranger can lock anybody out by it.
    """
    if attempts.count(session, _code_key(settings, organiser), now) is None:
        raise Locked


def refuse_second_factor(session: Session, settings: Settings, organiser: Organiser, now: datetime) -> None:
    """Record a wrong code, and tell the owner of the account when there are many: somebody knows the password."""
    audit.record(session, None, "login.wrong_code", _subject(organiser), now)
    count = session.get_one(LoginAttempts, _code_key(settings, organiser)).failures
    if count == attempts.FREE:
        _post(session, organiser, "wrong_codes", now)


def complete_login(session: Session, settings: Settings, row: OrganiserSession, how: str, now: datetime) -> str:
    """Let somebody in after the second factor. The secret for a new cookie: the one from before is void."""
    organiser = row.organiser
    attempts.forgive(session, _code_key(settings, organiser))
    sessions.end(session, row)
    audit.record(session, organiser.id, "login", _subject(organiser), now, second_factor=how)
    return sessions.begin(session, organiser, now, complete=True)


def log_out(session: Session, row: OrganiserSession, now: datetime) -> None:
    """End the session of one browser."""
    audit.record(session, row.organiser_id, "logout", f"organiser {row.organiser_id}", now)
    sessions.end(session, row)


def change_details(session: Session, organiser: Organiser, name: str, language: str, now: datetime) -> None:
    """Change name and language."""
    if (organiser.name, organiser.language) != (name, language):
        organiser.name, organiser.language = name, language
        audit.record(session, organiser.id, "organiser.details", _subject(organiser), now)


def change_password(session: Session, settings: Settings, row: OrganiserSession, password: str, now: datetime) -> None:
    """Set a new password. Every other browser is logged out."""
    organiser = row.organiser
    _keep_password(session, settings, organiser, password, now, but=row)
    row.fresh_at = now
    audit.record(session, organiser.id, "password.change", _subject(organiser), now)
    _post(session, organiser, "password_changed", now)


def set_up_totp(
    session: Session, settings: Settings, organiser: Organiser, secret: str, step: int, now: datetime
) -> None:
    """Take one-time codes as second factor, or a new secret for them."""
    _second_factor_changed(session, organiser, "second_factor.totp", now, tell=organiser.has_second_factor)
    second_factor.set_totp(session, settings, organiser, secret, step)


def set_up_passkey(
    session: Session, settings: Settings, row: OrganiserSession, credential: str, label: str, now: datetime
) -> None:
    """Take a passkey as second factor. Raises second_factor.Refused."""
    had_one = row.organiser.has_second_factor
    second_factor.add_passkey(session, settings, row, credential, label, now)
    _second_factor_changed(session, row.organiser, "second_factor.passkey", now, tell=had_one)


def remove_passkey(session: Session, organiser: Organiser, number: int, now: datetime) -> bool:
    """Remove one passkey. False if it is the only second factor, or not there."""
    passkey = session.get(Passkey, number)
    if passkey is None or passkey.organiser_id != organiser.id:
        return False
    if organiser.totp_secret is None and len(organiser.passkeys) == 1:
        return False
    organiser.passkeys.remove(passkey)
    _second_factor_changed(session, organiser, "second_factor.passkey_removed", now, tell=True)
    session.flush()
    return True


def renew_recovery_codes(session: Session, settings: Settings, organiser: Organiser, now: datetime) -> list[str]:
    """New recovery codes; the old ones are void."""
    audit.record(session, organiser.id, "second_factor.recovery_codes", _subject(organiser), now)
    return second_factor.new_recovery_codes(session, settings, organiser)


def change_roles(
    session: Session, organiser: Organiser, roles: Collection[str], *, by: int | None, now: datetime
) -> None:
    """Give other roles. Raises LastOwner."""
    before = " ".join(organiser.roles)
    if OWNER not in roles:
        _keep_an_owner(session, organiser)
    _set_roles(session, organiser, roles)
    after = " ".join(organiser.roles)
    if before != after:
        audit.record(session, by, "organiser.roles", _subject(organiser), now, before=before, after=after)


def deactivate(session: Session, organiser: Organiser, *, by: int | None, now: datetime) -> None:
    """Close an account at once: every browser is logged out, and nothing of it opens the office. Raises LastOwner."""
    _keep_an_owner(session, organiser)
    _close(session, organiser, now)
    audit.record(session, by, "organiser.deactivate", _subject(organiser), now)


def reset_second_factor(session: Session, organiser: Organiser, *, by: int | None, now: datetime) -> None:
    """Take somebody's second factors away who has lost them. The next login leads to setting one up."""
    second_factor.remove_all(session, organiser)
    sessions.end_all(session, organiser)
    audit.record(session, by, "second_factor.reset", _subject(organiser), now)
    _post(session, organiser, "second_factor_reset", now)


def erase(session: Session, organiser: Organiser, now: datetime) -> None:
    """Remove name and address from an account that is closed. The number stays, because decisions refer to it."""
    organiser.name = f"Konto {organiser.id}"
    organiser.email = organiser.address_key = None
    organiser.erased_at = now
    session.flush()


def purge(session: Session, now: datetime, settings: Settings) -> int:
    """Remove what has outlived its purpose: links, sessions, counts, and the names of those who went long ago."""
    expired = delete(OrganiserLink).where(OrganiserLink.expires_at < now).returning(OrganiserLink.id)
    removed = (
        len(session.scalars(expired).all()) + sessions.purge(session, now, settings) + attempts.purge(session, now)
    )
    for organiser in session.scalars(
        select(Organiser).where(
            Organiser.password_hash.is_(None), Organiser.active, Organiser.invited_at < now - UNANSWERED
        )
    ).all():
        _close(session, organiser, now)
        erase(session, organiser, now)
        removed += 1
    return removed


def gone_since(session: Session, before: datetime) -> Sequence[Organiser]:
    """Those whose account was closed before a moment and who still have a name."""
    closed = select(Organiser).where(Organiser.deactivated_at < before, Organiser.erased_at.is_(None))
    return session.scalars(closed).all()


def _close(session: Session, organiser: Organiser, now: datetime) -> None:
    organiser.active, organiser.deactivated_at = False, now
    organiser.password_hash = organiser.password_set_at = None
    second_factor.remove_all(session, organiser)
    sessions.end_all(session, organiser)
    session.execute(delete(OrganiserLink).where(OrganiserLink.organiser_id == organiser.id))


def _keep_an_owner(session: Session, leaving: Organiser) -> None:
    """Raise LastOwner if nobody else could manage the accounts. Until the transaction ends no other owner leaves."""
    take_turns(session, "organisers.owners")
    role = OrganiserRole
    mine = exists().where(role.organiser_id == leaving.id, role.role == OWNER)
    others = (
        select(func.count())
        .select_from(Organiser)
        .join(role, role.organiser_id == Organiser.id)
        .where(role.role == OWNER, Organiser.active, Organiser.password_hash.is_not(None), Organiser.id != leaving.id)
    )
    if session.scalar(select(mine)) and not session.scalar(others):
        raise LastOwner


def _set_roles(session: Session, organiser: Organiser, roles: Collection[str]) -> None:
    kept = [row for row in organiser.role_rows if row.role in roles]
    missing = set(roles) - {row.role for row in kept}
    organiser.role_rows = [*kept, *(OrganiserRole(role=role) for role in sorted(missing))]
    session.flush()


def _new_link(session: Session, organiser: Organiser, purpose: str, expires_at: datetime) -> OrganiserLink:
    session.execute(delete(OrganiserLink).where(OrganiserLink.organiser_id == organiser.id))
    link = OrganiserLink(
        organiser_id=organiser.id, purpose=purpose, nonce=secrets.token_bytes(16), expires_at=expires_at
    )
    session.add(link)
    session.flush()
    return link


def _keep_password(
    session: Session,
    settings: Settings,
    organiser: Organiser,
    password: str,
    now: datetime,
    *,
    but: OrganiserSession | None = None,
) -> None:
    organiser.password_hash = passwords.hashed(settings, password)
    organiser.password_set_at = now
    session.execute(delete(OrganiserLink).where(OrganiserLink.organiser_id == organiser.id))
    sessions.end_all(session, organiser, but=but)
    session.flush()


def _record_failure(session: Session, settings: Settings, organiser: Organiser, now: datetime) -> None:
    audit.record(session, None, "login.failed", _subject(organiser), now)
    key = attempts.key(settings, "account", organiser.id)
    if attempts.tally(session, key, now) == TOLD_AFTER:
        _post(session, organiser, "many_failures", now, count=TOLD_AFTER)


def _second_factor_changed(session: Session, organiser: Organiser, act: str, now: datetime, *, tell: bool) -> None:
    audit.record(session, organiser.id, act, _subject(organiser), now)
    if tell:  # who sets up the first one has just come in by a mailed link
        _post(session, organiser, "second_factor_changed", now)


def _code_key(settings: Settings, organiser: Organiser) -> str:
    return attempts.key(settings, "code", organiser.id)


def _subject(organiser: Organiser) -> str:
    return f"organiser {organiser.id}"


def _post(session: Session, organiser: Organiser, template: str, now: datetime, **context: str | int) -> None:
    if organiser.email is None or organiser.address_key is None:
        return
    address = Address(email=organiser.email, key=organiser.address_key)
    mail = outbox.Mail(
        f"organisers/mail/{template}",
        address,
        organiser.language,
        {"name": organiser.name, "at": now.isoformat(), **context},
    )
    outbox.post(session, mail, now)
