"""Real worker processes, killed and stopped at any moment. `python -m bench.kills` is the long form."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from tests.newsletter.killing import Tally, kill_at_random
from tests.newsletter.sending import (
    WorkerProcess,
    add_campaign,
    add_subscribers,
    deliveries,
    doubles,
    environment,
    states,
    status,
    wait_until_over,
)
from tests.smtp_sink import PATIENCE, Sink

CONNECTIONS = 4
StartWorker = Callable[..., WorkerProcess]


@pytest.fixture
def start(database_url: str, sink: Sink, tmp_path: Path) -> Iterator[StartWorker]:
    """Starts worker processes on the test's database; those still alive at the end are killed."""
    workers: list[WorkerProcess] = []

    def one(instance: str = "instance", **settings: str) -> WorkerProcess:
        given = environment(
            database_url, sink.port, tmp_path / instance, PORTAL_NEWSLETTER_CONNECTIONS=str(CONNECTIONS), **settings
        )
        workers.append(WorkerProcess(given, tmp_path / f"worker{len(workers)}.log"))
        return workers[-1]

    yield one
    for worker in workers:
        if worker.process.poll() is None:
            worker.end(signal.SIGKILL)


def test_workers_killed_at_random_moments_double_nothing_and_lose_nothing(
    session: Session, sink: Sink, start: StartWorker, database_url: str
) -> None:
    """Edge case 23, in short: one worker on SQLite, three on PostgreSQL."""
    add_subscribers(session, 800)
    number = add_campaign(session)
    sink.seconds = 0.01
    workers = 1 if database_url.startswith("sqlite") else 3
    tally: Tally = kill_at_random(
        session,
        number,
        start,
        lambda: len(sink.taken),
        lambda: sink.message_ids,
        kills=4,
        workers=workers,
        letters=800,
        seed=23,
    )
    assert tally.doubled == 0
    assert tally.silently_lost == 0
    assert tally.uncertain <= tally.kills * CONNECTIONS
    assert tally.sent + tally.uncertain == 800


def test_a_worker_killed_in_a_conversation_leaves_one_uncertain_letter_for_each_connection(
    session: Session, sink: Sink, start: StartWorker
) -> None:
    """Edge case 23: what was only marked goes on, and what had ended is known from the journal."""
    add_subscribers(session, 60)
    number = add_campaign(session)
    sink.seconds = 60
    worker = start()
    sink.wait_for(CONNECTIONS)
    worker.end(signal.SIGKILL)
    sink.seconds = 0
    assert states(session, number)["sending"] >= CONNECTIONS
    start()
    wait_until_over(session, number)
    assert states(session, number) == {"sent": 60 - CONNECTIONS, "uncertain": CONNECTIONS}
    assert {row.reason for row in deliveries(session, number) if row.status == "uncertain"} == {"worker lost"}
    assert doubles(sink.message_ids) == {}


@pytest.mark.parametrize("what", ["no journal", "another boot"])
def test_where_no_journal_is_to_be_believed_all_that_was_marked_is_uncertain(
    session: Session, sink: Sink, start: StartWorker, tmp_path: Path, what: str
) -> None:
    """Edge case 23: rather nothing than twice, on another machine and after a power cut."""
    add_subscribers(session, 30)
    number = add_campaign(session)
    sink.seconds = 60
    worker = start()
    sink.wait_for(CONNECTIONS)
    worker.end(signal.SIGKILL)
    sink.seconds = 0
    marked = states(session, number)["sending"]
    (journal,) = (tmp_path / "instance" / "campaigns").glob("*.journal")
    if what == "another boot":
        journal.write_bytes(b"\n".join([b"another;", *journal.read_bytes().split(b"\n")[1:]]))
        start()
    else:
        start("another machine")
    wait_until_over(session, number)
    assert states(session, number) == {"sent": 30 - marked, "uncertain": marked}
    assert doubles(sink.message_ids) == {}


def test_a_stopped_worker_is_not_taken_for_dead(
    session: Session, sink: Sink, start: StartWorker, database_url: str
) -> None:
    """Edge case 24: SIGSTOP in the middle of letters, for as long as it likes; no Message-ID twice."""
    add_subscribers(session, 1200)
    number = add_campaign(session)
    sink.seconds = 0.02
    stopped = start()
    sink.wait_for(20)
    stopped.process.send_signal(signal.SIGSTOP)
    other = start()
    if database_url.startswith("sqlite"):
        end = time.monotonic() + PATIENCE
        while other.log.count("worker_waits_for_its_turn") < 2:
            assert time.monotonic() < end, other.log
            time.sleep(0.05)
        assert len(sink.taken) < 1200
    else:
        sink.wait_for(300)
        assert status(session, number) == "running"
    time.sleep(2.5)
    sink.seconds = 0
    stopped.process.send_signal(signal.SIGCONT)
    wait_until_over(session, number)
    found = states(session, number)
    assert doubles(sink.message_ids) == {}
    assert found == {"sent": 1200}


def test_sigterm_lets_the_letters_in_hand_be_finished(
    session: Session, sink: Sink, start: StartWorker, tmp_path: Path
) -> None:
    add_subscribers(session, 100)
    number = add_campaign(session)
    sink.seconds = 0.3
    worker = start()
    sink.wait_for(CONNECTIONS + 1)
    assert worker.end(signal.SIGTERM) == 0, worker.log
    assert states(session, number) == {"sent": len(sink.taken), "pending": 100 - len(sink.taken)}
    assert list((tmp_path / "instance" / "campaigns").iterdir()) == []


def test_transactional_mail_does_not_wait_behind_a_campaign(session: Session, sink: Sink, start: StartWorker) -> None:
    from portal.addresses import Address
    from portal.clock import now
    from portal.mail.outbox import Mail, post

    add_subscribers(session, 2000)
    add_campaign(session)
    sink.seconds = 0.02
    start()
    sink.wait_for(20)
    post(session, Mail("privacy/mail/link", Address("ada@example.org", "key of ada"), "de", {}), now())
    session.commit()
    end = time.monotonic() + PATIENCE
    while not any(taken.recipients == ("ada@example.org",) for taken in list(sink.taken)):
        assert time.monotonic() < end, "the mail"
        time.sleep(0.02)
    assert len(sink.taken) < 1500
