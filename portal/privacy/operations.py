"""See, export and erase what is kept about the owner of an address, and remove what has outlived its time."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal import tokens
from portal.addresses import Address
from portal.config import Settings
from portal.database import take_turns
from portal.mail import outbox
from portal.personal_data import Register


def link_token(settings: Settings, address_key: str) -> str:
    """The token of the link to everything that is kept under an address. It is valid as long as the data is."""
    return tokens.issue(settings, "my-data", address_key)


def address_key_of(settings: Settings, token: str) -> str:
    """Whose data the link opens. Raises tokens.TokenInvalid."""
    return str(tokens.read(settings, "my-data", token))


def request_link(session: Session, settings: Settings, address: Address, language: str, now: datetime) -> None:
    """Mail the link to whoever reads this mailbox, whether or not anything is kept about it."""
    if outbox.may_mail(session, settings, address, now):
        mail = outbox.Mail("privacy/mail/link", address, language, {})
        outbox.post(session, mail, now)


def export(session: Session, register: Register, address_key: str) -> dict[str, list[dict[str, Any]]]:
    """All that is kept under an address: table name → records of JSON values. Tables without any are left out."""
    records = {entry.table.__tablename__: entry.export(session, address_key) for entry in register}
    return {table: found for table, found in records.items() if found}


def erase(session: Session, register: Register, address_key: str, now: datetime) -> None:
    """Remove all that is kept under an address, except single rows under a legal hold."""
    take_turns(session, address_key)
    for entry in register:
        entry.erase(session, address_key, now)


def retain(session: Session, register: Register, settings: Settings, now: datetime) -> dict[str, int]:
    """Remove what has outlived its retention: table name → number of rows."""
    return {entry.table.__tablename__: entry.purge(session, now, settings) for entry in register}
