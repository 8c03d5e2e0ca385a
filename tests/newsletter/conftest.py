"""What the newsletter's tests share: people who get it, and organisers who write it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import Select, false, select
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from portal.subscribers.audience import owner
from portal.subscribers.models import CONFIRMED, FORM, Subscription
from portal.subscribers.segments import AFFIRMATION, NEWSLETTER, Narrowing, Segment
from tests.smtp_sink import sink

__all__ = ["sink"]

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
PEOPLE_ARE_LISTED = (("de", "Deutsch"), ("en", "Englisch"))


def _people(narrowed: Mapping[str, str]) -> Select[int, str, str]:
    people = select(Subscription.id, Subscription.language, Subscription.address_key)
    people = people.where(Subscription.status == CONFIRMED)
    return people.where(Subscription.language == narrowed["language"]) if "language" in narrowed else people


def _reachable() -> Select[int, str, str, str | None]:
    return select(Subscription.id, Subscription.address_key, Subscription.email, Subscription.name).where(
        Subscription.status == CONFIRMED
    )


def _end(session: Session, number: int, _now: datetime) -> bool:
    row = session.get(Subscription, number)
    if row is not None:
        session.delete(row)
    return row is not None


SUBSCRIBERS = Segment(
    name="subscribers",
    kind=NEWSLETTER,
    label="Alle, die den Newsletter bestellt haben",
    why="Sie haben den Newsletter bestellt und das bestätigt.",
    narrowings=(Narrowing("language", "Sprache", lambda _session: PEOPLE_ARE_LISTED),),
    people=_people,
    reachable=_reachable,
    owner=owner,
    end=_end,
)
SIGNED_BEFORE = Segment(
    name="older-revision",
    kind=AFFIRMATION,
    label="Alle, die eine ältere Fassung unterzeichnet haben",
    why="Wer unterzeichnet, willigt ein, nach neuen Fassungen gefragt zu werden.",
    narrowings=(),
    people=lambda _narrowed: _people({}),
    reachable=lambda: _reachable().where(~false()),
    owner=owner,
    end=_end,
)


@pytest.fixture
def segments(app: Flask) -> Iterator[dict[str, Segment]]:
    """The segments of the application, resting on nothing but subscriptions."""
    kept = app.extensions["segments"]
    app.extensions["segments"] = {one.name: one for one in (SUBSCRIBERS, SIGNED_BEFORE)}
    yield app.extensions["segments"]
    app.extensions["segments"] = kept


def subscribed(app: Flask, session: Session, email: str, language: str = "de", name: str | None = None) -> Subscription:
    """Somebody who gets the newsletter."""
    book: AddressBook = app.extensions["addresses"]
    address = book.identify(email)
    row = Subscription(
        address_key=address.key,
        email=address.email,
        name=name,
        language=language,
        status=CONFIRMED,
        source=FORM,
        requested_at=NOON,
        confirmed_at=NOON,
    )
    session.add(row)
    session.flush()
    return row
