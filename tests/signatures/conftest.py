"""What the tests of signing share: a published revision, and people who sign."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from portal.clock import now
from portal.config import Settings
from portal.declaration.models import Revision
from portal.mail.models import OutboxMail
from portal.optin import operations as optin
from portal.optin.models import OptIn
from portal.signatures import operations
from portal.signatures.models import Signature
from portal.signatures.operations import PURPOSE, Entry
from tests.revisions import publish_revision

CONSENT = optin.Consent("sign", "Ich unterzeichne (Test).")
Sign = Callable[..., None]


@pytest.fixture
def revision(session: Session) -> Revision:
    """The current revision."""
    found = publish_revision(session)
    session.commit()
    return found


@pytest.fixture
def book(app: Flask) -> AddressBook:
    addresses: AddressBook = app.extensions["addresses"]
    return addresses


@pytest.fixture
def sign(session: Session, settings: Settings, revision: Revision, book: AddressBook) -> Sign:
    """Signs up, in a transaction of its own."""

    def sign_up(
        name: str = "Ada Beispiel", email: str = "ada@example.org", at: datetime | None = None, **details: Any
    ) -> None:
        held = details.pop("held_reason", None)
        operations.request_signature(
            session,
            settings,
            revision,
            book.identify(email),
            Entry(name, **details),
            newsletter=False,
            consents=[CONSENT],
            language="de",
            now=at or now(),
            held_reason=held,
        )
        session.commit()

    return sign_up


@pytest.fixture
def confirm(session: Session, settings: Settings) -> Callable[..., OptIn]:
    """Confirms by a link, by default the newest one that is open."""

    def follow(link: str | None = None, at: datetime | None = None) -> OptIn:
        if link is None:
            link = newest_link(session, settings)
        request = optin.confirm(session, settings, {PURPOSE.name: PURPOSE}, link, at or now())
        session.commit()
        return request

    return follow


def newest_link(session: Session, settings: Settings) -> str:
    """The token of the request that was made last."""
    request = session.scalars(select(OptIn).order_by(OptIn.requested_at.desc(), OptIn.id.desc())).first()
    assert request is not None
    return optin.token(settings, request)


def mails(session: Session) -> list[str]:
    """The templates of all mails that were posted, in order."""
    session.commit()
    return [mail.template for mail in session.scalars(select(OutboxMail).order_by(OutboxMail.id))]


def people(session: Session) -> list[tuple[str, str]]:
    """Names and states of all signatures, in order of their names."""
    session.commit()
    return sorted((one.name, one.status) for one in session.scalars(select(Signature)))


def later(**span: float) -> datetime:
    """A moment in the future."""
    return now() + timedelta(**span)
