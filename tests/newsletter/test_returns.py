"""What a returned letter changes: by the mail server's pipe, and for the delivery and the address that it was about."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.config import ROOT, Settings
from portal.mail import bounces, suppression
from portal.mail.models import BOUNCED as BOUNCED_MAIL
from portal.mail.models import COMPLAINED, COMPLAINT, HARD, SOFT, Bounce, Suppression
from portal.mail.returned import NotYet, Returned
from portal.newsletter import returns
from portal.newsletter.models import (
    BOUNCED,
    CLAIMED,
    DEFERRED,
    PENDING,
    SENDING,
    SENT,
    SKIPPED,
    UNCERTAIN,
    Delivery,
)
from portal.subscribers.models import Subscription
from portal.subscribers.segments import current_segments
from tests.conftest import MakeApp
from tests.databases import engine_of
from tests.mail.samples import sample
from tests.newsletter.sending import add_campaign, add_subscribers, with_probe
from tests.revisions import publish_revision

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
BOUNCE_ADDRESS = "bounces@portal.test"


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return with_probe(make_app(bounce_address=BOUNCE_ADDRESS))


def letters(session: Session, number: int = 1, status: str = SENT) -> list[tuple[int, int]]:
    """A campaign with so many letters in this state: campaign and recipient of each."""
    ids, campaign_id = add_subscribers(session, number), add_campaign(session)
    in_hand = status in {CLAIMED, SENDING}
    session.add_all(
        Delivery(
            campaign_id=campaign_id,
            recipient_id=one,
            language="de",
            status=status,
            reason="x" if status in {BOUNCED, SKIPPED} else None,
            attempts=1,
            worker="1" if in_hand else None,
            due_at=NOON if status == DEFERRED else None,
            ended_at=NOON if status in {SENT, BOUNCED, SKIPPED, UNCERTAIN} else None,
        )
        for one in ids
    )
    session.commit()
    return [(campaign_id, one) for one in ids]


def take(app: Flask, session: Session, kind: str, code: str, letter: tuple[int, int], now: datetime = NOON) -> None:
    with app.app_context():
        returns.take(session, Returned(kind, code, *letter), now)
    session.commit()


def delivery(session: Session, letter: tuple[int, int]) -> tuple[str, str | None]:
    row = session.get(Delivery, letter, populate_existing=True)
    assert row is not None
    return row.status, row.reason


def key_of(session: Session, letter: tuple[int, int]) -> str:
    row = session.get(Subscription, letter[1])
    assert row is not None
    return row.address_key


def reasons(session: Session) -> dict[str, str]:
    return {one.address_key: one.reason for one in session.scalars(select(Suppression))}


def days(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Bounce)) or 0


def pipe(app: Flask, mail: bytes) -> Result:
    """What the mail server's pipe does."""
    return app.test_cli_runner().invoke(args=["bounces", "take"], input=mail)


@pytest.mark.parametrize("before", [SENT, UNCERTAIN])
def test_returned_letter_is_bounced_and_its_address_suppressed(app: Flask, session: Session, before: str) -> None:
    (letter,) = letters(session, status=before)
    take(app, session, HARD, "5.1.1", letter)
    assert delivery(session, letter) == (BOUNCED, "5.1.1")
    assert reasons(session) == {key_of(session, letter): BOUNCED_MAIL}
    assert session.get(Subscription, letter[1]) is not None, "the subscription stays, and is not reached"


def test_mailbox_that_is_full_bounces_and_is_reached_again(app: Flask, session: Session) -> None:
    (letter,) = letters(session)
    take(app, session, SOFT, "5.2.2", letter)
    assert delivery(session, letter) == (BOUNCED, "5.2.2")
    assert reasons(session) == {}
    assert days(session) == 1


def test_complaint_says_so_in_the_delivery(app: Flask, session: Session) -> None:
    (letter,) = letters(session)
    take(app, session, COMPLAINT, "abuse", letter)
    assert delivery(session, letter) == (BOUNCED, "complaint")
    assert reasons(session) == {key_of(session, letter): COMPLAINED}


def test_complaint_counts_even_after_a_bounce(app: Flask, session: Session) -> None:
    (letter,) = letters(session)
    take(app, session, SOFT, "5.2.2", letter)
    take(app, session, COMPLAINT, "abuse", letter)
    assert delivery(session, letter) == (BOUNCED, "5.2.2")
    assert reasons(session) == {key_of(session, letter): COMPLAINED}


def test_letter_comes_back_once(app: Flask, session: Session) -> None:
    """The mail server may hand the same mail in again, also the day after: it does not count twice."""
    (letter,) = letters(session)
    for day in range(5):
        take(app, session, HARD, "5.2.1", letter, NOON + timedelta(days=day))
    assert days(session) == 1
    assert reasons(session) == {}


@pytest.mark.parametrize("status", [CLAIMED, SENDING])
def test_letter_in_a_workers_hand_is_looked_at_later(app: Flask, session: Session, status: str) -> None:
    """A server on the same machine can be faster than our own record of what it took."""
    (letter,) = letters(session, status=status)
    with pytest.raises(NotYet):
        take(app, session, HARD, "5.1.1", letter)
    assert days(session) == 0


@pytest.mark.parametrize("status", [PENDING, DEFERRED, SKIPPED])
def test_letter_that_is_to_be_sent_again_keeps_its_place(app: Flask, session: Session, status: str) -> None:
    """An earlier attempt came back; whether there is another one, suppression decides."""
    (letter,) = letters(session, status=status)
    take(app, session, HARD, "5.1.1", letter)
    assert delivery(session, letter)[0] == status
    assert reasons(session) == {key_of(session, letter): BOUNCED_MAIL}


def test_who_has_unsubscribed_is_not_looked_at_any_more(app: Flask, session: Session) -> None:
    (letter,) = letters(session)
    session.delete(session.get_one(Subscription, letter[1]))
    session.commit()
    take(app, session, HARD, "5.1.1", letter)
    assert delivery(session, letter) == (BOUNCED, "5.1.1")
    assert (days(session), reasons(session)) == (0, {})


def test_complaint_long_after_still_counts(app: Flask, session: Session) -> None:
    """The deliveries of a campaign are removed after a while; its person is still known."""
    (letter,) = letters(session)
    session.delete(session.get_one(Delivery, letter))
    session.commit()
    take(app, session, COMPLAINT, "abuse", letter)
    assert reasons(session) == {key_of(session, letter): COMPLAINED}


def test_complaint_of_who_has_left_the_segment_still_counts(app: Flask, session: Session) -> None:
    """The newsletter of a subscriber whose signature does not count any more still goes out."""
    (recipient_id,) = add_subscribers(session, 1)
    letter = add_campaign(session, segment="signatories"), recipient_id
    session.add(Delivery(campaign_id=letter[0], recipient_id=recipient_id, language="de", status=SENT, attempts=1))
    session.commit()
    with app.app_context():
        assert session.execute(current_segments()["signatories"].reachable()).all() == []
    take(app, session, COMPLAINT, "abuse", letter)
    assert reasons(session) == {key_of(session, letter): COMPLAINED}


def test_nobody_knows_the_campaign(app: Flask, session: Session) -> None:
    take(app, session, HARD, "5.1.1", (4711, 1))
    assert (days(session), reasons(session)) == (0, {})


def test_pipe_takes_a_bounce(app: Flask, session: Session, settings: Settings) -> None:
    (letter,) = letters(session)
    result = pipe(app, sample(settings, "postfix-unknown-user", *letter))
    assert (result.exit_code, result.output) == (0, "Vermerkt: hard 5.1.1\n")
    assert delivery(session, letter) == (BOUNCED, "5.1.1")
    assert suppression.is_suppressed(session, key_of(session, letter))


@pytest.mark.parametrize("name", ["spam", "forged-token", "vacation-by-sieve", "gmail-delay"])
def test_pipe_takes_what_is_no_bounce_and_changes_nothing(
    app: Flask, session: Session, settings: Settings, name: str
) -> None:
    (letter,) = letters(session)
    assert pipe(app, sample(settings, name, *letter)).exit_code == 0
    assert delivery(session, letter) == (SENT, None)
    assert (days(session), reasons(session)) == (0, {})


def test_pipe_reads_to_the_end_of_a_large_mail(app: Flask, session: Session, settings: Settings) -> None:
    (letter,) = letters(session)
    assert pipe(app, sample(settings, "postfix-unknown-user", *letter) + b"x" * 5_000_000).exit_code == 0
    assert delivery(session, letter) == (BOUNCED, "5.1.1")


def test_pipe_has_the_mail_kept_while_the_letter_is_in_hand(app: Flask, session: Session, settings: Settings) -> None:
    (letter,) = letters(session, status=SENDING)
    assert pipe(app, sample(settings, "postfix-unknown-user", *letter)).exit_code == os.EX_TEMPFAIL


@pytest.mark.one_database
def test_pipe_has_the_mail_kept_while_the_database_is_away(app: Flask, settings: Settings, tmp_path: Path) -> None:
    """As the mail server calls it: 75 and nothing else makes it try again."""
    environment = {
        "PATH": os.environ["PATH"],
        "PORTAL_ENV": "testing",
        "PORTAL_INSTANCE": str(tmp_path / "instance"),
        "PORTAL_BOUNCE_ADDRESS": BOUNCE_ADDRESS,
        "SECRET_KEY": settings.secret_key.get_secret_value(),
        "DATABASE_URL": "sqlite:////nowhere/at/all.db",
    }
    called = [sys.executable, "-m", "flask", "--app", "wsgi", "bounces", "take"]
    mail = sample(settings, "postfix-unknown-user")
    done = subprocess.run(called, input=mail, env=environment, cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert done.returncode == os.EX_TEMPFAIL, done.stderr.decode()
    assert b"portal.test" not in done.stderr, "nothing of the mail is logged"


def test_refusal_in_the_conversation_counts_too(session: Session) -> None:
    """Edge case 24."""
    bounces.refused(session, "nobody", "550 5.1.1", NOON)
    bounces.refused(session, "full", "552 5.2.2", NOON)
    bounces.refused(session, "policy", "550 5.7.1", NOON)
    assert reasons(session) == {"nobody": BOUNCED_MAIL}
    assert days(session) == 3


def test_pages_stay_fast_while_many_bounces_come_in(app: Flask, session: Session) -> None:
    """Edge case 27, in small: each bounce is a transaction of its own, and no page waits for more than one."""
    publish_revision(session)
    found = letters(session, 300)
    engine, done = engine_of(app), Event()

    def come_in() -> None:
        with app.app_context():
            for letter in found:
                with Session(engine) as own, own.begin():
                    returns.take(own, Returned(HARD, "5.1.1", *letter), NOON)
        done.set()

    thread, slowest, client = Thread(target=come_in), 0.0, app.test_client()
    client.get("/")
    session.commit()
    thread.start()
    while not done.is_set():
        began = time.monotonic()
        assert client.get("/").status_code == 200
        slowest = max(slowest, time.monotonic() - began)
    thread.join()
    assert slowest < 2, f"a page took {slowest:.1f} s"
    assert days(session) == len(reasons(session)) == 300
