"""Addresses that no campaign may reach."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.mail import bounces, suppression
from portal.mail.models import BLOCKED, BOUNCED, COMPLAINED, HARD, OBJECTED, Bounce, Suppression

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


def reason(session: Session, key: str = "key") -> str | None:
    return session.scalar(select(Suppression.reason).where(Suppression.address_key == key))


def test_suppressed_until_lifted(session: Session) -> None:
    assert not suppression.is_suppressed(session, "key")
    suppression.suppress(session, "key", OBJECTED, NOON)
    assert suppression.is_suppressed(session, "key")
    assert not suppression.is_suppressed(session, "another")
    assert suppression.lift(session, "key")
    assert not suppression.is_suppressed(session, "key")
    assert not suppression.lift(session, "key")


def test_first_reason_stays(session: Session) -> None:
    suppression.suppress(session, "key", OBJECTED, NOON)
    suppression.suppress(session, "key", BOUNCED, NOON + timedelta(days=1), "5.1.1")
    suppression.suppress(session, "key", COMPLAINED, NOON + timedelta(days=2), "abuse")
    one = session.scalars(select(Suppression)).one()
    assert (one.reason, one.detail, one.created_at) == (OBJECTED, None, NOON)


@pytest.mark.parametrize("said", [OBJECTED, COMPLAINED, BLOCKED])
def test_what_a_person_says_weighs_more_than_that_mail_came_back(session: Session, said: str) -> None:
    """Otherwise whoever objects after a bounce would be reached again when the bounce is forgotten."""
    suppression.suppress(session, "key", BOUNCED, NOON, "5.1.1")
    suppression.suppress(session, "key", said, NOON + timedelta(days=1))
    one = session.scalars(select(Suppression)).one()
    assert (one.reason, one.detail, one.created_at) == (said, None, NOON + timedelta(days=1))


@pytest.mark.parametrize("kept", [OBJECTED, COMPLAINED, BLOCKED])
def test_subscribing_anew_lifts_only_what_came_back(session: Session, kept: str) -> None:
    suppression.suppress(session, "bounced", BOUNCED, NOON, "5.1.1")
    suppression.suppress(session, "key", kept, NOON)
    assert suppression.lift(session, "bounced", BOUNCED)
    assert not suppression.lift(session, "key", BOUNCED)
    assert reason(session) == kept


def test_lifting_counts_anew(session: Session) -> None:
    """What came back before does not suppress the address again with the next trifle."""
    for day in range(2):
        bounces.record(session, "key", HARD, "5.2.1", NOON + timedelta(days=day))
    bounces.record(session, "another", HARD, "5.2.1", NOON)
    assert reason(session) == BOUNCED
    assert suppression.lift(session, "key")
    assert session.scalars(select(Bounce.address_key)).all() == ["another"]
    bounces.record(session, "key", HARD, "5.2.1", NOON + timedelta(days=2))
    assert reason(session) is None


def test_only_what_nobody_asked_for_is_forgotten(session: Session, settings: Settings) -> None:
    for one in (OBJECTED, COMPLAINED, BLOCKED, BOUNCED):
        suppression.suppress(session, one, one, NOON)
    years = timedelta(days=365 * settings.block_years)
    assert suppression.purge(session, NOON + years, settings) == 0
    assert suppression.purge(session, NOON + years + timedelta(seconds=1), settings) == 2
    assert set(session.scalars(select(Suppression.reason))) == {OBJECTED, COMPLAINED}
