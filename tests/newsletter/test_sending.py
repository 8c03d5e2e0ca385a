"""What becomes of each letter when people, the SMTP server or organisers do this or that meanwhile."""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal.clock import now
from portal.config import Settings
from portal.mail.models import HARD, OBJECTED, SOFT, Bounce, Suppression
from portal.mail.presence import CAMPAIGNS, present
from portal.mail.transport import Refused
from portal.mail.worker import accompanied
from portal.newsletter import campaigns, connections, journal, ledger, pace, sender
from portal.newsletter.journal import Journal
from portal.newsletter.ledger import Addressed
from portal.newsletter.models import RESEND, Campaign, Delivery, Issue, IssueText
from portal.newsletter.personal import Writer
from portal.subscribers.models import Subscription
from tests.conftest import MakeApp
from tests.databases import engine_of
from tests.newsletter.sending import (
    PROBE,
    SEGMENT,
    add_campaign,
    add_subscribers,
    deliveries,
    sending,
    states,
    status,
    wait_for,
    wait_until_over,
    with_probe,
)
from tests.smtp_sink import PATIENCE, Fault, Sink

Prepare = Callable[..., Flask]


@pytest.fixture
def prepare(make_app: MakeApp, sink: Sink) -> Prepare:
    """Makes an application that sends to the sink on one connection, as fast as it can."""

    def make(**settings: Any) -> Flask:
        fast = {"mail_port": sink.port, "mail_timeout": 0.5, "newsletter_per_second": 0, "newsletter_connections": 1}
        return with_probe(make_app(**fast | settings))

    return make


@pytest.fixture
def app(prepare: Prepare) -> Flask:
    """The application, with one connection: so the sink's faults meet the letters in order."""
    return prepare()


def wait_until(seen: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not seen():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def _more_attempts(sink: Sink, than: int) -> bool:
    return sink.attempts > than


def due_now(session: Session) -> None:
    """As if the pause after a fault were over."""
    session.rollback()
    session.execute(update(Delivery).where(Delivery.due_at.is_not(None)).values(due_at=now() - timedelta(seconds=1)))
    session.commit()


def test_a_campaign_reaches_everybody_once_and_finishes(prepare: Prepare, session: Session, sink: Sink) -> None:
    add_subscribers(session, 300)
    number = add_campaign(session)
    with sending(prepare(newsletter_connections=4)):
        wait_until_over(session, number)
    assert status(session, number) == "finished"
    assert states(session, number) == {"sent": 300}
    assert len(set(sink.message_ids)) == len(sink.taken) == 300
    assert {taken.recipients for taken in sink.taken} == {(f"p{one}@example.org",) for one in range(1, 301)}
    assert {row.worker for row in deliveries(session, number)} == {None}
    assert sink.connections <= 4 + 4


def test_commands_are_given_together_where_the_server_likes_it(app: Flask, session: Session, sink: Sink) -> None:
    """Also a refusal is understood then, and the letters after it are not held up."""
    sink.pipelining = True
    add_subscribers(session, 4)
    sink.faults.extend(["550 5.1.1", "451 at RCPT", "421 before DATA"])
    number = add_campaign(session)
    with sending(app):
        wait_for(session, number, {"bounced": 1, "deferred": 1, "sent": 2})
    assert [row.reason for row in deliveries(session, number)][:2] == ["550 5.1.1", "451 4.7.1"]


@pytest.mark.parametrize("fault", ["drop after the dot", "hang after the dot", "RST in the body"])
def test_a_letter_lost_after_the_final_dot_is_uncertain_and_held(
    app: Flask, session: Session, sink: Sink, fault: Fault
) -> None:
    """Edge case 24."""
    add_subscribers(session, 3)
    sink.faults.append(fault)
    number = add_campaign(session)
    with sending(app):
        wait_until_over(session, number)
    assert [(row.status, row.reason) for row in deliveries(session, number)] == [
        ("uncertain", "connection lost"),
        ("sent", None),
        ("sent", None),
    ]
    assert len(set(sink.message_ids)) == len(sink.taken)


def test_an_uncertain_letter_is_sent_again_under_its_id_where_the_campaign_says_so(
    app: Flask, session: Session, sink: Sink
) -> None:
    """Edge case 24."""
    add_subscribers(session, 1)
    sink.faults.append("drop after the dot")
    number = add_campaign(session, uncertain=RESEND)
    with sending(app):
        wait_until_over(session, number)
    assert states(session, number) == {"sent": 1}
    assert len(sink.taken) == 2
    assert len(set(sink.message_ids)) == 1


def test_a_letter_that_is_uncertain_again_and_again_is_held_in_the_end(
    app: Flask, session: Session, sink: Sink
) -> None:
    add_subscribers(session, 1)
    sink.faults.extend(["drop after the dot"] * 10)
    number = add_campaign(session, uncertain=RESEND)
    with sending(app):
        wait_until_over(session, number)
    assert states(session, number) == {"uncertain": 1}
    assert len(sink.taken) == 3


def test_what_is_uncertain_can_be_decided_later(app: Flask, session: Session, sink: Sink) -> None:
    add_subscribers(session, 2)
    sink.faults.append("drop after the dot")
    number = add_campaign(session)
    with sending(app):
        wait_until_over(session, number)
        assert campaigns.decide_uncertain(session, number, RESEND, None, now()) == 1
        session.commit()
        wait_until_over(session, number)
    assert states(session, number) == {"sent": 2}
    assert Counter(Counter(sink.message_ids).values()) == {1: 1, 2: 1}


@pytest.mark.parametrize("fault", ["421 before DATA", "RST before DATA", "hang before DATA"])
def test_a_connection_lost_before_the_text_costs_nothing(
    app: Flask, session: Session, sink: Sink, fault: Fault
) -> None:
    """Edge case 24: the letter waits for its turn again, and a new connection is opened."""
    add_subscribers(session, 3)
    sink.faults.append(fault)
    number = add_campaign(session)
    with sending(app):
        wait_until_over(session, number)
    assert states(session, number) == {"sent": 3}
    assert len(sink.taken) == 3
    assert sink.connections == 2


def test_a_recipient_at_whom_the_connection_always_ends_does_not_hold_up_the_others(
    app: Flask, session: Session, sink: Sink
) -> None:
    add_subscribers(session, 3)
    sink.unlucky = "p1@example.org"
    number = add_campaign(session)
    with sending(app):
        wait_for(session, number, {"deferred": 1, "sent": 2})


@pytest.mark.parametrize("fault", ["451 at RCPT", "451 after the dot"])
def test_a_letter_that_the_server_does_not_take_yet_is_tried_again_later(
    app: Flask, session: Session, sink: Sink, fault: Fault
) -> None:
    """Edge case 24."""
    add_subscribers(session, 2)
    sink.faults.append(fault)
    number = add_campaign(session)
    with sending(app):
        wait_for(session, number, {"deferred": 1, "sent": 1})
        (first, _) = deliveries(session, number)
        assert first.reason in {"451 4.7.1", "451 4.3.0"}
        assert first.due_at is not None
        assert 20 < (first.due_at - now()).total_seconds() <= 30
        assert status(session, number) == "running"
        due_now(session)
        wait_until_over(session, number)
    assert states(session, number) == {"sent": 2}


def test_a_letter_that_is_never_taken_is_given_up_after_some_days(
    prepare: Prepare, session: Session, sink: Sink
) -> None:
    add_subscribers(session, 1)
    sink.faults.extend(["451 at RCPT"] * 10)
    number = add_campaign(session)
    with sending(prepare(mail_retry_first=86_400, mail_retry_longest=86_400, mail_retry_days=2)):
        for attempt in (1, 2):
            wait_for(session, number, {"deferred": 1})
            assert deliveries(session, number)[0].attempts == attempt
            due_now(session)
            wait_until(partial(_more_attempts, sink, attempt), "another attempt")
        wait_until_over(session, number)
    (row,) = deliveries(session, number)
    assert (row.status, row.reason, row.attempts) == ("bounced", "451 4.7.1", 3)


def test_a_550_for_the_recipient_is_a_bounce_and_handed_on_with_its_code(
    app: Flask, session: Session, sink: Sink
) -> None:
    """Edge case 24."""
    add_subscribers(session, 2)
    sink.faults.append("550 5.1.1")
    number = add_campaign(session)
    with sending(app):
        wait_until_over(session, number)
    assert [(row.status, row.reason) for row in deliveries(session, number)] == [
        ("bounced", "550 5.1.1"),
        ("sent", None),
    ]
    assert [(row.address_key, row.kind, row.code) for row in session.scalars(select(Bounce))] == [
        ("key of p1", HARD, "550 5.1.1")
    ]


@pytest.mark.parametrize("fault", ["550 5.2.2", "550 5.7.1", "554 after the dot"])
def test_a_full_mailbox_or_a_policy_suppresses_nobody(app: Flask, session: Session, sink: Sink, fault: Fault) -> None:
    """Edge case 24."""
    add_subscribers(session, 2)
    sink.faults.append(fault)
    number = add_campaign(session)
    with sending(app):
        wait_until_over(session, number)
    assert states(session, number) == {"bounced": 1, "sent": 1}
    counted = [SOFT] if fault == "550 5.2.2" else []
    assert session.scalars(select(Bounce.kind)).all() == counted
    assert session.scalars(select(Suppression)).all() == []


@pytest.mark.parametrize("fault", ["554 after the dot", "550 5.7.1"])
def test_a_campaign_that_is_refused_for_everybody_is_paused_and_nobody_is_burnt(
    app: Flask, session: Session, sink: Sink, fault: Fault
) -> None:
    people = sender.IN_A_ROW + 4 * sender.MOST_MARKED
    add_subscribers(session, people)
    sink.faults.extend([fault] * people)
    number = add_campaign(session)
    with sending(app):
        wait_until_over(session, number)
        wait_for(session, number, {"pending": people})
        # Those that were marked when it was noticed, and those marked in the transaction that recorded it.
        assert sender.IN_A_ROW <= sink.attempts <= sender.IN_A_ROW + 2 * sender.MOST_MARKED
        row = session.get_one(Campaign, number)
        assert (row.status, row.note) == ("paused", campaigns.REFUSED)
        session.rollback()
        sink.faults.clear()
        campaigns.resume(session, number, None, now())
        session.commit()
        wait_until_over(session, number)
    assert states(session, number) == {"sent": people}


def test_a_small_campaign_that_nobody_gets_is_paused_instead_of_finished(
    app: Flask, session: Session, sink: Sink
) -> None:
    add_subscribers(session, 5)
    sink.faults.extend(["550 5.7.1"] * 5)
    number = add_campaign(session)
    with sending(app):
        wait_until(lambda: status(session, number) == "paused", "the pause")
        assert states(session, number) == {"pending": 5}
        row = session.get_one(Campaign, number)
        assert (row.note, row.ended_at) == (campaigns.REFUSED, None)
        session.rollback()
        campaigns.resume(session, number, None, now())
        session.commit()
        wait_until_over(session, number)
    assert states(session, number) == {"sent": 5}


def test_who_is_refused_alone_is_a_bounce_also_at_the_end(app: Flask, session: Session, sink: Sink) -> None:
    add_subscribers(session, 3)
    number = add_campaign(session)
    with sending(app):
        sink.wait_for(1)
        sink.faults.extend(["550 5.7.1"] * 2)
        wait_until_over(session, number)
    assert status(session, number) == "finished"
    assert states(session, number)["sent"] >= 1


def test_letters_that_are_in_line_no_more_take_nobodys_place(prepare: Prepare, session: Session) -> None:
    """A pause took them out. At a letter a minute, to wait for each of them would take hours."""
    app = prepare(newsletter_per_hour=60)
    ids = add_subscribers(session, 60)
    number = add_campaign(session)
    with present(engine_of(app), threading.Event(), CAMPAIGNS) as presence:
        assert presence is not None
        shift = sender.Shift(app, presence, threading.Event())
        shift._upkeep()
        with presence.transaction() as own:
            shift._line.extend((number, one) for one in ledger.claim(own, number, presence.worker, 60))
        campaigns.pause(session, number, None, now())
        campaigns.resume(session, number, None, now())
        session.commit()
        with presence.transaction() as own:
            assert ledger.claim(own, number, presence.worker, 1) == ids[:1]
            shift._line.rotate(-1)
            (letter,) = shift._mark(own, 60, now())
        assert letter.recipient_id == ids[0]
        assert not shift._concluded.total()


def test_no_more_is_claimed_than_the_rates_let_out(prepare: Prepare, session: Session) -> None:
    """The first letters go out at once, and their pace says nothing about the rest."""
    app = prepare(newsletter_per_hour=3600, newsletter_connections=1)
    with present(engine_of(app), threading.Event(), CAMPAIGNS) as presence:
        assert presence is not None
        shift = sender.Shift(app, presence, threading.Event())
        shift._rate = 500.0
        assert shift._most_claimed == 10


def test_many_who_are_not_there_do_not_pause_a_campaign(app: Flask, session: Session, sink: Sink) -> None:
    add_subscribers(session, 40)
    sink.faults.extend(["550 5.1.1"] * 30)
    sink.faults.append("554 after the dot")
    number = add_campaign(session)
    with sending(app):
        wait_until_over(session, number)
    assert states(session, number) == {"bounced": 31, "sent": 9}


def test_letters_that_arrive_between_those_refused_keep_a_campaign_going(
    app: Flask, session: Session, sink: Sink
) -> None:
    """Only what is refused in a row is refused for everybody."""
    people = 2 * sender.IN_A_ROW + 10
    add_subscribers(session, people)
    number = add_campaign(session)

    def refuse_the_next_but_every_tenth() -> None:
        if sink.attempts % 10:
            sink.faults.append("554 after the dot")

    sink.at_rcpt = refuse_the_next_but_every_tenth
    with sending(app):
        wait_until_over(session, number)
    assert status(session, number) == "finished"
    assert states(session, number) == {"sent": people // 10, "bounced": people - people // 10}


def test_a_campaign_that_somebody_has_paused_is_not_paused_for_its_refusals(
    app: Flask, session: Session, sink: Sink
) -> None:
    """It stays as its organiser has left it, and nobody is burnt all the same."""
    add_subscribers(session, sender.IN_A_ROW)
    sink.faults.extend(["554 after the dot"] * sender.IN_A_ROW)
    number = add_campaign(session)

    def pause_at_the_last() -> None:
        if sink.attempts == sender.IN_A_ROW:
            with Session(engine_of(app)) as other:
                campaigns.pause(other, number, None, now())
                other.commit()

    sink.at_rcpt = pause_at_the_last
    with sending(app):
        wait_until_over(session, number)
        wait_for(session, number, {"pending": sender.IN_A_ROW})
    assert session.get_one(Campaign, number).note is None


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("code", "at_rcpt", "of_the_recipient", "for_everybody"),
    [
        ("550 5.1.1", True, True, False),
        ("550 5.2.1", True, True, False),
        ("550 5.1.7", True, False, True),
        ("550 5.1.8", True, False, True),
        ("550 5.7.1", True, False, True),
        ("550 5.4.1", True, True, False),
        ("550 5.5.0", True, True, False),
        ("550 5.0.0", True, True, False),
        ("554 5.0.0", False, False, True),
        ("550", True, True, False),
        ("554", False, False, True),
        ("550 5.1.1", False, False, False),
        ("554 5.6.0", False, False, True),
    ],
)
def test_a_refusal_is_for_the_recipient_or_for_what_all_letters_have(
    code: str, at_rcpt: bool, of_the_recipient: bool, for_everybody: bool
) -> None:
    """Only a recipient who was refused by name counts as a bounce of hers."""
    letter = Addressed(1, 2, "de", 1, "key", "p2@example.org", None)
    found = connections._refused(letter, Refused(code, at_rcpt=at_rcpt))
    assert (found.of_the_recipient, found.for_everybody) == (of_the_recipient, for_everybody)


def test_an_smtp_server_that_is_down_loses_nothing(app: Flask, session: Session, sink: Sink) -> None:
    """Edge case 30: everything goes on by itself, and no attempt was made meanwhile."""
    add_subscribers(session, 20)
    number = add_campaign(session)
    sink.stop()
    with sending(app):
        wait_until(lambda: status(session, number) == "running", "the campaign")
        time.sleep(0.3)
        assert set(states(session, number)) <= {"pending", "claimed"}
        sink.start()
        wait_until_over(session, number)
    assert {row.attempts for row in deliveries(session, number)} == {1}
    assert len(sink.taken) == 20


def test_a_server_that_goes_away_midway_gets_nothing_twice(app: Flask, session: Session, sink: Sink) -> None:
    """Edge case 30. What it had not been told yet comes back from the queue and is asked about again."""
    add_subscribers(session, 200)
    number = add_campaign(session)
    sink.seconds = 0.01
    with sending(app):
        sink.wait_for(20)
        sink.stop()
        wait_until(lambda: states(session, number).get("sending", 0) == 0, "nothing under way")
        sink.start()
        wait_until_over(session, number)
    found = states(session, number)
    assert found["sent"] + found.get("uncertain", 0) == 200
    assert found.get("uncertain", 0) <= 1
    assert len(set(sink.message_ids)) == len(sink.taken)


def test_who_unsubscribes_after_the_campaign_began_gets_nothing_more(app: Flask, session: Session, sink: Sink) -> None:
    """Edge case 25: also where the letter was in line already."""
    ids = add_subscribers(session, 100)
    number = add_campaign(session)
    sink.seconds = 0.02
    with sending(app):
        sink.wait_for(3)
        wait_until(lambda: deliveries(session, number)[50].status == "claimed", "a claim")
        SEGMENT.end(session, ids[50], now())
        session.commit()
        sink.seconds = 0
        wait_until_over(session, number)
    row = deliveries(session, number)[50]
    assert (row.status, row.reason) == ("skipped", "gone")
    assert states(session, number) == {"sent": 99, "skipped": 1}
    assert "p51@example.org" not in {taken.recipients[0] for taken in sink.taken}


def test_who_is_suppressed_after_the_campaign_began_gets_nothing_more(app: Flask, session: Session, sink: Sink) -> None:
    """Edge case 25."""
    add_subscribers(session, 100)
    number = add_campaign(session)
    sink.seconds = 0.02
    with sending(app):
        sink.wait_for(3)
        session.add(Suppression(address_key="key of p90", reason=OBJECTED, created_at=now()))
        session.commit()
        sink.seconds = 0
        wait_until_over(session, number)
    row = deliveries(session, number)[89]
    assert (row.status, row.reason) == ("skipped", "suppressed")
    assert "p90@example.org" not in {taken.recipients[0] for taken in sink.taken}


def test_a_letter_that_waited_for_a_connection_is_asked_about_once_more(
    app: Flask, session: Session, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Edge case 25: between the question and the text lies a moment and not the time that a server hangs."""
    monkeypatch.setattr(connections, "STALE_SECONDS", -1.0)
    add_subscribers(session, 1)
    number = add_campaign(session)
    with sending(app):
        wait_until(lambda: status(session, number) == "running", "the campaign")
        time.sleep(0.5)
        assert sink.attempts == 0
        monkeypatch.setattr(connections, "STALE_SECONDS", 2.0)
        wait_until_over(session, number)
    (row,) = deliveries(session, number)
    assert (row.status, row.attempts) == ("sent", 1)


def test_everybody_gets_the_text_as_it_was_frozen(app: Flask, session: Session, sink: Sink) -> None:
    """Edge case 26: the issue is edited while its campaign goes out."""
    add_subscribers(session, 100)
    number = add_campaign(session, texts={"de": ("Betreff", "{{anrede}},\n\nso war es gemeint.\n")})
    campaign = session.get_one(Campaign, number)
    issue = Issue(kind="newsletter", changed_by_id=campaign.asked_by_id, changed_at=now(), created_at=now())
    issue.texts = [IssueText(language="de", subject="Betreff", body="so war es gemeint.")]
    session.add(issue)
    session.flush()
    campaign.issue_id = issue.id
    session.commit()
    sink.seconds = 0.01
    with sending(app):
        sink.wait_for(3)
        issue.texts[0].body = "ganz anders"
        session.commit()
        sink.seconds = 0
        wait_until_over(session, number)
    assert len(sink.taken) == 100
    assert all("so war es gemeint." in taken.text for taken in sink.taken)


def test_pausing_holds_the_rest_and_resuming_sends_it(app: Flask, session: Session, sink: Sink) -> None:
    add_subscribers(session, 200)
    number = add_campaign(session)
    sink.seconds = 0.01
    with sending(app):
        sink.wait_for(5)
        campaigns.pause(session, number, None, now())
        session.commit()
        wait_until(lambda: set(states(session, number)) == {"pending", "sent"}, "nothing in hand")
        seen = len(sink.taken)
        time.sleep(0.3)
        assert len(sink.taken) == seen < 150
        campaigns.resume(session, number, None, now())
        session.commit()
        sink.seconds = 0
        wait_until_over(session, number)
    assert states(session, number) == {"sent": 200}
    assert len(set(sink.message_ids)) == len(sink.taken) == 200


def test_stopping_is_at_once_and_for_good(app: Flask, session: Session, sink: Sink) -> None:
    add_subscribers(session, 200)
    number = add_campaign(session)
    sink.seconds = 0.02
    with sending(app):
        sink.wait_for(5)
        campaigns.stop(session, number, None, now())
        session.commit()
        wait_until(lambda: "sending" not in states(session, number), "nothing under way")
        found = states(session, number)
        assert set(found) == {"sent", "skipped"}
        assert found["sent"] == len(sink.taken) < 100
    assert {row.reason for row in deliveries(session, number) if row.status == "skipped"} == {"stopped"}


def test_a_letter_under_way_when_its_campaign_was_stopped_is_not_tried_again(
    app: Flask, session: Session, sink: Sink
) -> None:
    add_subscribers(session, 1)
    sink.faults.append("451 at RCPT")
    number = add_campaign(session)

    def stop() -> None:
        with Session(engine_of(app)) as other:
            campaigns.stop(other, number, None, now())
            other.commit()

    sink.at_rcpt = stop
    with sending(app):
        wait_for(session, number, {"skipped": 1})
    assert deliveries(session, number)[0].reason == "stopped"


def test_a_rate_is_kept_and_survives_a_restart(prepare: Prepare, session: Session, sink: Sink) -> None:
    add_subscribers(session, 500)
    number = add_campaign(session)
    app = prepare(newsletter_per_second=40)
    started = time.monotonic()
    for seen in (15, 30):
        with sending(app):
            sink.wait_for(seen)
    assert len(sink.taken) <= 40 * (time.monotonic() - started) + 6
    assert states(session, number).keys() == {"sent", "pending"}


def test_while_a_rate_allows_nothing_nobody_asks_again_and_again(
    prepare: Prepare, session: Session, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    truly = pace.allowed

    def allowed(*arguments: Any) -> pace.Allowance:
        found = truly(*arguments)
        asked.append(found.letters)
        return found

    monkeypatch.setattr(pace, "allowed", allowed)
    add_subscribers(session, 3)
    add_campaign(session)
    with sending(prepare(newsletter_per_hour=60)):
        sink.wait_for(1)
        time.sleep(0.5)
    assert asked[0] == 1
    assert len(asked) <= 3


def test_letters_that_wait_for_a_connection_when_the_worker_leaves_are_put_back(
    app: Flask, session: Session, sink: Sink
) -> None:
    add_subscribers(session, 500)
    number = add_campaign(session)
    with sending(app):
        sink.wait_for(100)
        sink.seconds = 0.2
    arrived = len(sink.taken)
    assert states(session, number) == {"sent": arrived, "pending": 500 - arrived}


def test_several_campaigns_go_out_side_by_side(app: Flask, session: Session, sink: Sink) -> None:
    add_subscribers(session, 60)
    numbers = [add_campaign(session), add_campaign(session, texts={"de": ("Noch etwas", "{{anrede}}!")})]
    with sending(app):
        for number in numbers:
            wait_until_over(session, number)
    assert len(set(sink.message_ids)) == len(sink.taken) == 120
    first = [str(taken.message["Subject"]) for taken in sink.taken[:60]]
    assert set(first) == {"Wie es weitergeht", "Noch etwas"}


def test_a_letter_that_cannot_be_written_leaves_the_others_alone(app: Flask, session: Session, sink: Sink) -> None:
    """Edge case 28: an address that no header can hold reaches no wire."""
    ids = add_subscribers(session, 3)
    evil = "x@example.org>\r\nBcc: <all@example.org"
    session.execute(update(Subscription).where(Subscription.id == ids[1]).values(email=evil))
    session.commit()
    number = add_campaign(session)
    with sending(app):
        wait_until_over(session, number)
    assert [(row.status, row.reason) for row in deliveries(session, number)] == [
        ("sent", None),
        ("bounced", "the address cannot be written to"),
        ("sent", None),
    ]
    assert {taken.recipients for taken in sink.taken} == {("p1@example.org",), ("p3@example.org",)}
    assert b"all@example.org" not in b"".join(taken.content for taken in sink.taken)


def test_a_fault_of_ours_in_every_letter_pauses_the_campaign(
    app: Flask, session: Session, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_writer: Writer, _letter: Addressed) -> tuple[str, str, bytes]:
        raise KeyError("anrede")

    people = sender.IN_A_ROW + 10
    add_subscribers(session, people)
    number = add_campaign(session)
    with monkeypatch.context() as patch:
        patch.setattr(Writer, "write", fail)
        with sending(app):
            wait_until_over(session, number)
            wait_for(session, number, {"pending": people})
    assert status(session, number) == "paused"
    assert sink.attempts == 0


def test_a_journal_that_cannot_be_written_sends_nothing(
    app: Flask, session: Session, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Edge case 30: the disk is full."""

    def full(_journal: Journal, _letter: object) -> None:
        raise OSError(28, "No space left on device")

    add_subscribers(session, 2)
    number = add_campaign(session)
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "begun", full)
        with sending(app):
            wait_until(lambda: sink.attempts >= 2, "attempts")
    assert sink.taken == []
    due_now(session)
    with sending(app):
        wait_until_over(session, number)
    assert len(sink.taken) == 2


def test_what_ended_and_cannot_be_noted_reaches_the_database_all_the_same(
    app: Flask, session: Session, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Edge case 30: the disk has become full while the server was thinking."""

    def full(_journal: Journal, _letter: object, _outcome: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Journal, "ended", full)
    add_subscribers(session, 3)
    number = add_campaign(session)
    with sending(app):
        wait_until_over(session, number)
    assert states(session, number) == {"sent": 3}
    assert len(sink.taken) == 3


def test_a_long_journal_is_emptied_while_nothing_is_under_way(
    prepare: Prepare, session: Session, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended, truly = Journal.begun, Journal.ended, Journal.empty
    under_way: set[journal.Letter] = set()
    sizes, emptied = [0], []

    def note_begun(mine: Journal, letter: journal.Letter) -> None:
        under_way.add(letter)
        begun(mine, letter)

    def note_ended(mine: Journal, letter: journal.Letter, outcome: str) -> None:
        ended(mine, letter, outcome)
        under_way.remove(letter)
        sizes.append(os.fstat(mine._file).st_size)

    def empty(mine: Journal) -> None:
        emptied.append(len(under_way))
        truly(mine)

    monkeypatch.setattr(journal, "LONG", 1000)
    monkeypatch.setattr(Journal, "begun", note_begun)
    monkeypatch.setattr(Journal, "ended", note_ended)
    monkeypatch.setattr(Journal, "empty", empty)
    add_subscribers(session, 300)
    number = add_campaign(session)
    sink.seconds = 0.005
    with sending(prepare(newsletter_connections=4)):
        wait_until_over(session, number)
    assert states(session, number) == {"sent": 300}
    assert len(emptied) > 1, "it was long, and was emptied"
    assert not any(emptied)
    assert max(sizes) < 1000 + 2 * sender.MOST_MARKED * len("\nB 1 300 1;\nE 1 300 1 sent;")


def begun_by(session: Session, worker: str) -> int:
    """A campaign to two people, one letter of which is in the hand of `worker`; its number."""
    first, _second = add_subscribers(session, 2)
    number = add_campaign(session)
    campaigns.begin_due(session, {PROBE: SEGMENT}, now())
    mine = update(Delivery).where(Delivery.recipient_id == first)
    session.execute(mine.values(status="sending", worker=worker, attempts=1))
    session.commit()
    return number


def test_a_worker_that_has_lost_only_its_database_keeps_what_it_has_in_hand(
    app: Flask, session: Session, settings: Settings
) -> None:
    """Its process lives, and with it the lock of its journal: it will come back and say what became of its letters."""
    number = begun_by(session, "7")
    living = Journal(settings.instance / sender.FOLDER, "7")
    with sending(app):
        wait_until(lambda: deliveries(session, number)[1].status == "sent", "the other letter")
        assert deliveries(session, number)[0].worker == "7"
        living.close(remove=False)
        wait_until_over(session, number)
    assert [(row.status, row.attempts) for row in deliveries(session, number)] == [("sent", 1)] * 2
    assert journal.left_behind(settings.instance / sender.FOLDER) == []


def test_a_journal_that_was_left_behind_is_heard_even_where_nothing_is_in_hand(
    app: Flask, session: Session, settings: Settings
) -> None:
    """Somebody on another machine has called uncertain what this one knows to be sent."""
    number = begun_by(session, "7")
    first = deliveries(session, number)[0].recipient_id
    mine = update(Delivery).where(Delivery.recipient_id == first)
    session.execute(mine.values(status="uncertain", reason="worker lost", worker=None))
    session.commit()
    left = Journal(settings.instance / sender.FOLDER, "7")
    left.begun((number, first, 1))
    left.ended((number, first, 1), "sent")
    left.close(remove=False)
    with sending(app):
        wait_until_over(session, number)
    assert states(session, number) == {"sent": 2}
    assert journal.left_behind(settings.instance / sender.FOLDER) == []


def test_a_worker_whose_presence_is_seen_keeps_what_it_has_in_hand(
    app: Flask, session: Session, settings: Settings, database_url: str
) -> None:
    """Also where its journal is not locked, for a moment or on a file system that knows no locks."""
    if database_url.startswith("sqlite"):
        return  # there it would be the only one
    with present(engine_of(app), threading.Event(), CAMPAIGNS) as other:
        assert other is not None
        number = begun_by(session, other.worker)
        Journal(settings.instance / sender.FOLDER, other.worker).close(remove=False)
        with sending(app):
            wait_until(lambda: deliveries(session, number)[1].status == "sent", "the other letter")
            assert deliveries(session, number)[0].worker == other.worker
    with sending(app):
        wait_until_over(session, number)
    assert states(session, number) == {"sent": 2}


def test_each_claim_begins_where_the_last_one_ended_and_none_is_made_for_nothing(
    app: Flask, session: Session, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million letters that were sent are not passed by again and again."""
    claims: list[tuple[int, list[int]]] = []
    truly = ledger.claim

    def claim(mine: Session, campaign_id: int, worker: str, number: int, after: int = 0) -> list[int]:
        found = truly(mine, campaign_id, worker, number, after)
        claims.append((after, found))
        return found

    monkeypatch.setattr(ledger, "claim", claim)
    add_subscribers(session, 30)
    number = add_campaign(session)
    with sending(app):
        sink.wait_for(29)
        sink.seconds = 1.5
        wait_until_over(session, number)
    full = [found for _after, found in claims if found]
    begun = [after for after, found in claims if found]
    assert begun == [0, *(found[-1] for found in full[:-1])]
    assert len(claims) - len(full) < 10


def test_connections_are_closed_when_no_campaign_is_left(app: Flask, session: Session, sink: Sink) -> None:
    add_subscribers(session, 1)
    number = add_campaign(session)

    def connected() -> bool:
        return any(thread.name.startswith("newsletter-") for thread in threading.enumerate())

    with sending(app):
        wait_until_over(session, number)
        wait_until(lambda: not connected(), "the leave of the server")


def test_a_database_that_comes_back_finds_every_letter_accounted_for(
    app: Flask, session: Session, sink: Sink, database_url: str
) -> None:
    """Edge case 30: the connection is cut midway; what had gone out is known from the journal."""
    add_subscribers(session, 300)
    number = add_campaign(session)
    sink.seconds = 0.005
    with sending(app):
        sink.wait_for(20)
        cut(database_url)
        wait_until_over(session, number)
    assert states(session, number) == {"sent": 300}
    assert len(set(sink.message_ids)) == len(sink.taken) == 300


def cut(database_url: str) -> None:
    """Take away every connection to the database but this one; on SQLite keep everybody from writing for a while."""
    if database_url.startswith("sqlite"):
        return
    engine = create_engine(database_url)
    with engine.begin() as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        connection.execute(text(f"{others} AND datname = current_database() AND state = 'idle'"))
    engine.dispose()


def test_what_the_database_has_missed_is_known_from_the_journal(
    app: Flask, session: Session, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Edge case 30: the letter went out, the record of it failed; it is neither uncertain nor sent twice."""
    missed: list[ledger.Outcome] = []
    truly = ledger.record

    def record(mine: Session, steered: Any, worker: str, outcomes: list[ledger.Outcome], *rest: Any) -> None:
        if outcomes and not missed:
            missed.extend(outcomes)
            raise OperationalError("UPDATE", {}, Exception("the database has gone away"))
        truly(mine, steered, worker, outcomes, *rest)

    monkeypatch.setattr(ledger, "record", record)
    add_subscribers(session, 3)
    number = add_campaign(session)
    with sending(app):
        wait_until_over(session, number)
    assert missed
    assert states(session, number) == {"sent": 3}
    assert len(set(sink.message_ids)) == len(sink.taken) == 3


def test_a_companion_that_fails_is_started_again(app: Flask) -> None:
    from threading import Event

    stop, calls = Event(), []

    def companion(_app: Flask, ended: Event) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("once")
        ended.wait(PATIENCE)

    with accompanied(app, [companion], stop):
        wait_until(lambda: len(calls) == 2, "a second start")
    assert stop.is_set()


def test_the_worker_is_accompanied_by_the_sender(app: Flask) -> None:
    assert sender.run in app.extensions["companions"]
