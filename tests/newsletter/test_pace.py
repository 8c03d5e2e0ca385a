"""Rates of all workers together."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.newsletter import pace
from tests.databases import engine_of
from tests.newsletter.test_mould import settings

START = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)


def limited(**changes: Any) -> Settings:
    return settings(**{"newsletter_per_second": 0, "newsletter_per_hour": 0} | changes)


def sent_between(session: Session, given: Settings, start: datetime, seconds: float, step: float) -> list[datetime]:
    """The moments at which somebody who always wants 64 letters gets them."""
    moments: list[datetime] = []
    moment = start
    while moment < start + timedelta(seconds=seconds):
        allowance = pace.allowed(session, given, 64, moment)
        pace.spend(session, given, allowance, allowance.letters)
        moments += [moment] * allowance.letters
        moment += timedelta(seconds=step)
    return moments


def busiest(moments: list[datetime], span: timedelta) -> int:
    """The most letters in any span of that length."""
    return max(sum(1 for one in moments if first <= one < first + span) for first in moments)


def test_without_limits_everything_may_go_out(session: Session) -> None:
    assert pace.allowed(session, limited(), 64, START).letters == 64


@pytest.mark.parametrize("rate", [10, 500])
@pytest.mark.parametrize("step", [0.01, 0.2])
def test_no_second_has_more_than_its_letters(session: Session, rate: int, step: float) -> None:
    moments = sent_between(session, limited(newsletter_per_second=rate), START, 2, step)
    assert busiest(moments, timedelta(seconds=1)) <= rate + rate * 0.1 + 1
    if step < 0.1:
        assert len(moments) >= 2 * rate * 0.95 - 1


def test_no_hour_has_more_than_its_letters(session: Session) -> None:
    moments = sent_between(session, limited(newsletter_per_hour=120), START, 4200, 10)
    assert busiest(moments, timedelta(hours=1)) <= 121
    assert len(moments) >= 139


def test_the_stricter_of_two_limits_counts(session: Session) -> None:
    both = limited(newsletter_per_second=10, newsletter_per_hour=360)
    assert len(sent_between(session, both, START, 100, 0.1)) <= 12


def test_a_pause_does_not_save_up_letters(session: Session) -> None:
    given = limited(newsletter_per_second=10)
    sent_between(session, given, START, 1, 0.05)
    assert pace.allowed(session, given, 64, START + timedelta(hours=1)).letters == 2


def test_it_says_how_long_to_wait(session: Session) -> None:
    given = limited(newsletter_per_hour=60)
    allowance = pace.allowed(session, given, 64, START)
    assert allowance.letters == 1
    pace.spend(session, given, allowance, 1)
    assert timedelta(seconds=59) < allowance.wait <= timedelta(seconds=60)
    assert pace.allowed(session, given, 64, START + allowance.wait).letters == 1
    assert pace.allowed(session, given, 64, START + allowance.wait - timedelta(seconds=1)).letters == 0


def test_one_waits_for_the_stricter_of_two_limits(session: Session) -> None:
    both = limited(newsletter_per_second=10, newsletter_per_hour=60)
    assert pace.allowed(session, both, 64, START).wait > timedelta(seconds=59)


def test_what_was_allowed_and_not_used_is_not_lost(session: Session) -> None:
    given = limited(newsletter_per_second=10)
    pace.spend(session, given, pace.allowed(session, given, 64, START), 0)
    assert pace.allowed(session, given, 64, START).letters == 2


def test_a_clock_that_was_put_back_holds_up_nobody_for_an_hour(session: Session) -> None:
    given = limited(newsletter_per_second=10)
    sent_between(session, given, START, 2, 0.05)
    earlier = START - timedelta(hours=1)
    assert len(sent_between(session, given, earlier, 2, 0.05)) >= 18


def test_no_two_workers_are_allowed_the_same_letter(app: Flask, session: Session, database_url: str) -> None:
    """Until the first has said how many go out, the second waits. SQLite has one writer at a time anyway."""
    given = limited(newsletter_per_second=10)
    pace.allowed(session, given, 1, START)
    if database_url.startswith("sqlite"):
        return
    with Session(engine_of(app)) as other:
        other.execute(text("SET LOCAL lock_timeout = '300ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            pace.allowed(other, given, 1, START)
