"""Which codes suppress an address, and when. Edge case 24: 550 5.1.1 does, 5.2.2 and 5.7.x do not. Edge case 27: at
most one score per person and day."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.mail import bounces, suppression
from portal.mail.models import BOUNCED, COMPLAINED, COMPLAINT, HARD, SOFT, Bounce, Suppression
from tests.databases import engine_of

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def on_days(session: Session, kind: str, code: str, days: Iterable[int]) -> None:
    for day in days:
        bounces.record(session, "key", kind, code, NOON + day * DAY)


def rows(session: Session) -> list[tuple[date, str, str]]:
    found = session.execute(select(Bounce.day, Bounce.kind, Bounce.code).order_by(Bounce.day))
    return [(row[0], row[1], row[2]) for row in found]


@pytest.mark.parametrize("code", ["5.1.1", "550 5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"])
def test_no_such_mailbox_or_domain_suppresses_at_once(session: Session, code: str) -> None:
    bounces.refused(session, "key", code, NOON)
    one = session.scalars(select(Suppression)).one()
    assert (one.address_key, one.reason, one.detail, one.created_at) == ("key", BOUNCED, code, NOON)


@pytest.mark.parametrize(
    "code", ["5.2.2", "552 5.2.2", "5.7.1", "550 5.7.26", "5.2.1", "5.4.4", "5.0.0", "550", "4.4.7"]
)
def test_other_codes_do_not_suppress_on_one_day(session: Session, code: str) -> None:
    for hour in range(10):
        bounces.refused(session, "key", code, NOON + timedelta(hours=hour))
    assert not suppression.is_suppressed(session, "key")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("5.1.1", HARD),
        ("5.1.4", HARD),
        ("5.1.7", SOFT),
        ("5.1.8", SOFT),
        ("5.2.1", HARD),
        ("5.2.2", SOFT),
        ("5.2.3", SOFT),
        ("5.4.1", HARD),
        ("5.4.4", HARD),
        ("5.4.6", SOFT),
        ("5.5.0", HARD),
        ("5.6.1", SOFT),
        ("5.7.1", SOFT),
        ("5.0.0", HARD),
        ("4.2.2", SOFT),
        ("451 4.3.0", SOFT),
        ("554", HARD),
        ("452", SOFT),
    ],
)
def test_code_is_hard_if_it_is_permanent_and_about_the_address(code: str, kind: str) -> None:
    assert bounces.kind_of(code) == kind


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("User unknown", "5.1.1"),
        ("<ada@example.org>: Recipient address rejected: User unknown in virtual mailbox table", "5.1.1"),
        ("No such user here", "5.1.1"),
        ("mailbox not found", "5.1.1"),
        ("Invalid recipient", "5.1.1"),
        ("Empfänger unbekannt", "5.1.1"),
        ("sorry, no mailbox here by that name", "5.1.1"),
        ("Requested action not taken: mailbox unavailable", None),
        ("mailbox is full", "5.2.2"),
        ("Quota exceeded", "5.2.2"),
        ("user unknown; blocked by policy", "5.7.1"),
        ("Message rejected as spam", "5.7.1"),
        ("Relaying denied", None),
    ],
)
def test_words_mean_a_code_only_where_they_can_mean_no_other(words: str, meant: str | None) -> None:
    assert bounces.status_meant(words) == meant


@pytest.mark.parametrize("address", ["5.1.1.10", "10.5.1.1"])
def test_address_with_numbers_is_no_code(address: str) -> None:
    assert bounces.status(f"host mx[{address}] said: 550 5.2.2 full") == "5.2.2"


def test_two_hard_days_suppress(session: Session) -> None:
    on_days(session, HARD, "5.2.1", [0])
    assert not suppression.is_suppressed(session, "key")
    on_days(session, HARD, "5.2.1", [7])
    assert suppression.is_suppressed(session, "key")


def test_six_soft_days_suppress(session: Session) -> None:
    """A mailbox that has been full at six letters in a month is read by nobody."""
    on_days(session, SOFT, "5.2.2", range(0, 25, 5))
    assert not suppression.is_suppressed(session, "key")
    on_days(session, SOFT, "5.2.2", [25])
    assert suppression.is_suppressed(session, "key")


def test_hard_and_soft_days_add_up(session: Session) -> None:
    on_days(session, HARD, "5.4.4", [0])
    on_days(session, SOFT, "4.4.7", [1, 2])
    assert not suppression.is_suppressed(session, "key")
    on_days(session, SOFT, "4.4.7", [3])
    assert suppression.is_suppressed(session, "key")


def test_what_happened_a_month_ago_does_not_count(session: Session) -> None:
    on_days(session, HARD, "5.2.1", [0, 30, 60])
    assert not suppression.is_suppressed(session, "key")
    on_days(session, HARD, "5.2.1", [89])
    assert suppression.is_suppressed(session, "key")


def test_days_of_others_do_not_count(session: Session) -> None:
    on_days(session, HARD, "5.2.1", [0])
    bounces.record(session, "another", HARD, "5.2.1", NOON + DAY)
    assert not suppression.is_suppressed(session, "key")
    assert not suppression.is_suppressed(session, "another")


def test_complaint_suppresses_at_once(session: Session) -> None:
    bounces.record(session, "key", COMPLAINT, "abuse", NOON)
    one = session.scalars(select(Suppression)).one()
    assert (one.reason, one.detail) == (COMPLAINED, "abuse")


def test_at_most_one_score_per_person_and_day(session: Session) -> None:
    """Edge case 27: a hundred letters that come back on one day count as one."""
    for minute in range(100):
        bounces.record(session, "key", HARD, "5.2.1", NOON + timedelta(minutes=minute))
    assert rows(session) == [(NOON.date(), HARD, "5.2.1")]
    assert not suppression.is_suppressed(session, "key")


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_gravest_of_the_day_stays(session: Session, order: tuple[int, ...]) -> None:
    happened = [(SOFT, "4.2.2"), (HARD, "5.2.1"), (COMPLAINT, "abuse")]
    for one in order:
        bounces.record(session, "key", *happened[one], NOON)
    assert rows(session) == [(NOON.date(), COMPLAINT, "abuse")]


def test_to_say_it_twice_changes_nothing(session: Session) -> None:
    bounces.record(session, "key", HARD, "5.1.1", NOON)
    before = rows(session), session.scalar(select(Suppression.created_at))
    bounces.record(session, "key", HARD, "5.1.1", NOON + timedelta(hours=1))
    assert (rows(session), session.scalar(select(Suppression.created_at))) == before


def test_the_day_is_that_of_utc(session: Session) -> None:
    bounces.record(session, "key", SOFT, "4.2.2", datetime(2026, 12, 1, 23, 59, tzinfo=UTC))
    bounces.record(session, "key", SOFT, "4.2.2", datetime(2026, 12, 2, 0, 1, tzinfo=UTC))
    assert [day for day, _, _ in rows(session)] == [date(2026, 12, 1), date(2026, 12, 2)]


def test_many_at_once_are_one(app: Flask) -> None:
    """Parallel pipes of the mail server."""
    engine, barrier = engine_of(app), Barrier(8)

    def take(_number: int) -> None:
        barrier.wait()
        with Session(engine) as session, session.begin():
            bounces.record(session, "key", HARD, "5.1.1", NOON)

    with ThreadPoolExecutor(8) as threads:
        assert len(list(threads.map(take, range(8)))) == 8
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(Bounce)) == 1
        assert session.scalar(select(func.count()).select_from(Suppression)) == 1


def test_old_days_are_forgotten(session: Session, settings: Settings) -> None:
    on_days(session, SOFT, "5.2.2", [0, 1])
    assert bounces.purge(session, NOON + 90 * DAY, settings) == 0
    assert bounces.purge(session, NOON + 91 * DAY, settings) == 1
    assert [day for day, _, _ in rows(session)] == [date(2026, 12, 2)]
