"""What the worker does when the SMTP server, a template or the database misbehaves."""

import logging
import re
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal.clock import now
from portal.mail import outbox as doors
from portal.mail import worker as worker_module
from portal.mail.worker import Chore, run
from tests.conftest import MakeApp
from tests.databases import engine_of
from tests.mail.conftest import wait_until_sent
from tests.mail.probe import header, offer_templates, outbox, posted
from tests.smtp_sink import PATIENCE, Fault, Sink

Work = Callable[[], None]


@pytest.fixture
def work(app: Flask) -> Work:
    """Does everything that is due now."""
    return lambda: run(app, until_idle=True)


def due_now(session: Session) -> None:
    """As if the pause after a fault were over."""
    doors.retry(session, now())
    session.commit()


def test_a_posted_mail_arrives_and_the_outbox_forgets_the_address(session: Session, sink: Sink, work: Work) -> None:
    mail = posted(session)
    work()
    (taken,) = sink.taken
    assert taken.recipients == ("anna@example.org",)
    assert taken.sender == "erklaerung@portal.test"
    assert taken.message_id == header(mail)
    assert "Guten Tag Anna Muster" in taken.text
    (row,) = outbox(session)
    assert (row.status, row.attempts) == ("sent", 1)
    assert (row.recipient, row.context, row.worker) == (None, None, None)
    assert row.template_version is not None
    assert re.fullmatch("[0-9a-f]{12}", row.template_version)


def test_one_connection_carries_many_mails(session: Session, sink: Sink, work: Work) -> None:
    for number in range(25):
        posted(session, f"p{number}@example.org")
    work()
    assert len(sink.taken) == 25
    assert sink.connections == 1


def test_a_message_lost_after_the_final_dot_is_uncertain_and_sent_again_under_its_id(
    session: Session, sink: Sink, work: Work
) -> None:
    """Edge case 24."""
    mail = posted(session)
    sink.faults.append("drop after the dot")
    work()
    (row,) = outbox(session)
    assert (row.status, row.error, row.attempts) == ("uncertain", "connection lost", 1)
    assert 25 < (row.next_attempt_at - now()).total_seconds() <= 30
    work()
    assert len(sink.taken) == 1
    due_now(session)
    work()
    assert sink.message_ids == [header(mail)] * 2
    assert sink.taken[0].content == sink.taken[1].content
    (row,) = outbox(session)
    assert (row.status, row.attempts) == ("sent", 2)


@pytest.mark.parametrize("fault", ["hang after the dot", "RST in the body", "garbage after the dot"])
def test_no_answer_to_the_body_is_uncertain(session: Session, sink: Sink, work: Work, fault: Fault) -> None:
    """Edge case 24."""
    mail = posted(session)
    sink.faults.append(fault)
    work()
    (row,) = outbox(session)
    assert (row.status, row.error) == ("uncertain", "connection lost")
    due_now(session)
    work()
    assert set(sink.message_ids) == {header(mail)}
    assert outbox(session)[0].status == "sent"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("421 before DATA", "421 4.3.2"),
        ("451 at RCPT", "451 4.7.1"),
        ("451 after the dot", "451 4.3.0"),
        ("hang before DATA", "connection lost"),
        ("RST before DATA", "connection lost"),
    ],
)
def test_a_mail_that_the_server_did_not_take_is_pending_and_sent_later(
    session: Session, sink: Sink, work: Work, fault: Fault, error: str
) -> None:
    """Edge case 24."""
    posted(session)
    sink.faults.append(fault)
    work()
    (row,) = outbox(session)
    assert (row.status, row.error, row.attempts) == ("pending", error, 1)
    assert 25 < (row.next_attempt_at - now()).total_seconds() <= 30
    assert sink.taken == []
    due_now(session)
    work()
    assert len(sink.taken) == 1
    assert outbox(session)[0].status == "sent"


@pytest.mark.parametrize("fault", ["hang before DATA", "hang after the dot"])
def test_a_server_that_hangs_is_given_up_after_the_time_limit(
    session: Session, sink: Sink, work: Work, fault: Fault
) -> None:
    """Edge case 24."""
    posted(session)
    sink.faults.append(fault)
    started = time.monotonic()
    work()
    assert time.monotonic() - started < PATIENCE / 2


@pytest.mark.parametrize("fault", ["421 before DATA", "hang before DATA", "RST before DATA"])
def test_a_connection_that_ends_between_mails_is_opened_again_at_once(
    session: Session, sink: Sink, work: Work, fault: Fault
) -> None:
    """Edge case 24."""
    for number in range(3):
        posted(session, f"p{number}@example.org")
    sink.faults.append("451 at RCPT")
    sink.faults.append(fault)
    work()
    assert [mail.status for mail in outbox(session)] == ["pending", "sent", "sent"]
    assert sink.connections == 2


@pytest.mark.parametrize(("fault", "error"), [("550 5.1.1", "550 5.1.1"), ("554 after the dot", "554 5.6.0")])
def test_a_refused_mail_fails_with_the_code_and_without_the_address(
    session: Session, sink: Sink, work: Work, fault: Fault, error: str
) -> None:
    """Edge case 24."""
    posted(session)
    posted(session, "bert@example.org")
    sink.faults.append(fault)
    work()
    refused, sent = outbox(session)
    assert (refused.status, refused.error) == ("failed", error)
    assert sent.status == "sent"
    work()
    assert sink.attempts == 2


def test_a_template_that_fails_takes_only_its_own_mail_with_it(session: Session, sink: Sink, work: Work) -> None:
    posted(session, template="probe/broken")
    posted(session, template="probe/missing")
    posted(session, "bert@example.org")
    work()
    broken, missing, sent = outbox(session)
    assert (broken.status, broken.error) == ("failed", "UndefinedError at broken.txt:3")
    assert missing.status == "failed"
    assert sent.status == "sent"
    assert sink.attempts == 1


def test_a_mail_erased_after_it_was_claimed_is_not_sent(session: Session, sink: Sink, work: Work) -> None:
    """Edge cases 10 and 25."""
    mails = [posted(session, f"p{number}@example.org") for number in range(3)]

    def erase_the_last() -> None:
        assert outbox(session)[2].worker is not None
        doors.forget(session, mails[2].address_key)
        session.commit()
        sink.at_rcpt = lambda: None

    sink.at_rcpt = erase_the_last
    work()
    assert [taken.recipients[0] for taken in sink.taken] == ["p0@example.org", "p1@example.org"]
    assert len(outbox(session)) == 2


def test_a_mail_erased_in_the_conversation_does_not_answer_for_the_next_one(
    app: Flask, session: Session, sink: Sink, work: Work
) -> None:
    """Its number could be given again: the mail of somebody else would count as sent, and never go."""
    posted(session, "ada@example.org")
    engine = engine_of(app)

    def erase_and_post_another() -> None:
        sink.at_rcpt = lambda: None
        with Session(engine) as own:
            doors.forget(own, "key of ada@example.org")
            posted(own, "bob@example.org")

    sink.at_rcpt = erase_and_post_another
    work()
    work()
    assert [one.recipients for one in sink.taken] == [("ada@example.org",), ("bob@example.org",)]
    assert [mail.status for mail in outbox(session)] == ["sent"]


def test_a_name_with_a_line_break_reaches_one_recipient(session: Session, sink: Sink, work: Work) -> None:
    """Edge case 28."""
    posted(session, name="Jörg\r\nBcc: x@example.org\r\n.\r\nRCPT TO:<y@example.org>")
    work()
    (taken,) = sink.taken
    assert taken.recipients == ("anna@example.org",)
    assert taken.message["Bcc"] is None
    assert sink.attempts == 1
    assert "RCPT TO:<y@example.org>" in taken.text


def test_while_the_server_is_down_mails_wait_and_then_go_by_themselves(
    app: Flask, session: Session, sink: Sink, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Edge case 30."""
    monkeypatch.setattr(worker_module, "LONGEST_PAUSE", 1.0)
    sink.stop()
    for number in range(12):
        posted(session, f"p{number}@example.org")
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(app, (), stop))
    thread.start()
    try:
        time.sleep(2.5)
        rows = outbox(session)
        assert {(row.status, row.attempts, row.worker, row.error) for row in rows} == {("pending", 0, None, None)}
        assert "smtp_unreachable" in caplog.messages
        sink.start()
        wait_until_sent(session)
    finally:
        stop.set()
        thread.join(10)
    assert len(set(sink.message_ids)) == len(sink.message_ids) == 12


def test_a_certificate_that_nobody_vouches_for_is_refused_and_nothing_is_sent(
    make_app: MakeApp, session: Session, tls_sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    posted(session)
    run(offer_templates(make_app(mail_port=tls_sink.port, mail_use_tls=True)), until_idle=True)
    assert tls_sink.attempts == 0
    assert [record.__dict__["error"] for record in caplog.records if record.message == "smtp_unreachable"] == [
        "SSLCertVerificationError"
    ]
    assert outbox(session)[0].status == "pending"


def test_a_certificate_that_the_system_trusts_is_taken(
    make_app: MakeApp, session: Session, tls_sink: Sink, trusted: None
) -> None:
    posted(session)
    app = make_app(mail_server="localhost", mail_port=tls_sink.port, mail_use_tls=True)
    run(offer_templates(app), until_idle=True)
    assert len(tls_sink.taken) == 1


def test_a_certificate_for_another_name_is_refused(
    make_app: MakeApp, session: Session, tls_sink: Sink, trusted: None
) -> None:
    posted(session)
    run(offer_templates(make_app(mail_port=tls_sink.port, mail_use_tls=True)), until_idle=True)
    assert tls_sink.attempts == 0


def test_a_server_without_starttls_gets_nothing_if_tls_is_wanted(
    make_app: MakeApp, session: Session, sink: Sink
) -> None:
    posted(session)
    run(offer_templates(make_app(mail_port=sink.port, mail_use_tls=True)), until_idle=True)
    assert sink.attempts == 0
    assert outbox(session)[0].status == "pending"


def test_the_worker_outlives_interruptions_of_its_database(
    make_app: MakeApp, session: Session, sink: Sink, database_url: str
) -> None:
    """Edge case 30: the database restarts, or is locked by somebody else, in the middle of conversations."""
    named = f"{database_url}?application_name=portal" if database_url.startswith("postgresql") else database_url
    app = offer_templates(make_app(database_url=named, mail_port=sink.port))
    for number in range(30):
        posted(session, f"p{number}@example.org")
    sink.seconds = 0.02
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(app, (), stop))
    thread.start()
    try:
        for count in (3, 12, 20):
            sink.wait_for(count)
            interrupt(database_url)
        engine = create_engine(database_url)
        with Session(engine) as fresh:
            wait_until_sent(fresh)
        engine.dispose()
    finally:
        stop.set()
        thread.join(10)
    assert len(set(sink.message_ids)) == len(sink.message_ids) == 30


def interrupt(url: str) -> None:
    """End every connection of the portal, as a restart of PostgreSQL does, or lock SQLite for a second."""
    engine = create_engine(url)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("UPDATE public_version SET number = number"))
            time.sleep(1)
        else:
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'portal'")
            )
        connection.rollback()
    engine.dispose()


def test_an_outcome_that_the_database_missed_is_recorded_when_it_is_back(
    app: Flask, session: Session, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Edge cases 8 and 30: the mail went out, the record of it failed; it does not go out twice."""
    posted(session)
    truly, calls = doors.sent, []

    def sent(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == 1:
            raise OperationalError("UPDATE", {}, Exception("the database has gone away"))
        truly(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(doors, "sent", sent)
    run(app, until_idle=True)
    assert len(calls) == 2
    assert len(sink.taken) == 1
    assert outbox(session)[0].status == "sent"


def test_chores_are_done_in_turn_and_a_failing_one_stops_nothing(app: Flask, session: Session, sink: Sink) -> None:
    done: list[str] = []

    def fail(_session: Session, _now: datetime) -> None:
        done.append("fail")
        raise ValueError("anna@example.org")

    def post_one(session: Session, _now: datetime) -> None:
        done.append("post")
        posted(session)

    hour = timedelta(hours=1)
    run(app, [Chore("fail", hour, fail), Chore("post", hour, post_one)], until_idle=True)
    assert done == ["fail", "post"]
    assert len(sink.taken) == 1


def test_the_logs_name_nobody(
    app: Flask, session: Session, sink: Sink, caplog: pytest.LogCaptureFixture, work: Work
) -> None:
    caplog.set_level(logging.DEBUG)
    faults: list[Fault] = ["550 5.1.1", "451 at RCPT", "drop after the dot"]
    for fault in faults:
        sink.faults.append(fault)
        posted(session)
    posted(session)
    posted(session, template="probe/broken")

    def fail(_session: Session, _now: datetime) -> None:
        raise ValueError("anna@example.org")

    run(app, [Chore("fail", timedelta(hours=1), fail)], until_idle=True)
    events = {"mail_failed", "mail_postponed", "mail_uncertain", "mail_sent", "chore_failed"}
    assert events <= set(caplog.messages)
    said = " ".join(str(record.__dict__) + record.getMessage() for record in caplog.records)
    for secret in ("anna", "Anna", "Muster", "bestaetigen", "key of"):
        assert secret not in said
