"""Real worker processes, killed, stopped and continued at any moment."""

import random
import signal
import time
from collections import Counter

from sqlalchemy.orm import Session

from portal.mail.worker import BATCH
from tests.mail.conftest import StartWorker, WorkerProcess, wait_until_sent
from tests.mail.probe import header, outbox, posted
from tests.smtp_sink import PATIENCE, Sink

MAILS = 60
KILLS = 4


def wait_for_log(worker: WorkerProcess, words: str) -> None:
    end = time.monotonic() + PATIENCE
    while words not in worker.log:
        assert time.monotonic() < end, worker.log
        time.sleep(0.02)


def many(session: Session) -> set[str]:
    return {header(posted(session, f"p{number}@example.org")) for number in range(MAILS)}


def test_a_worker_killed_at_random_moments_loses_nothing(
    session: Session, sink: Sink, start_worker: StartWorker
) -> None:
    """Edge case 23: every mail arrives; twice only under one Message-ID, and at most one for each kill."""
    posted_ids = many(session)
    sink.seconds = 0.01
    chance = random.Random(23)
    for _ in range(KILLS):
        seen = len(sink.taken)
        worker = start_worker()
        sink.wait_for(min(seen + 1, MAILS))
        time.sleep(chance.uniform(0, 0.1))
        worker.end(signal.SIGKILL)
    worker = start_worker()
    wait_until_sent(session)
    assert worker.end() == 0, worker.log
    assert set(sink.message_ids) == posted_ids
    assert len(sink.taken) - MAILS <= KILLS
    assert {mail.worker for mail in outbox(session)} == {None}


def test_a_worker_killed_in_a_conversation_leaves_one_uncertain_mail_and_the_next_one_sends_it_again(
    session: Session, sink: Sink, start_worker: StartWorker
) -> None:
    """Edge case 23."""
    mails = [posted(session, f"p{number}@example.org") for number in range(5)]
    sink.seconds = 60
    worker = start_worker()
    sink.wait_for(1)
    worker.end(signal.SIGKILL)
    sink.seconds = 0
    assert Counter(mail.status for mail in outbox(session)) == {"sending": 1, "pending": 4}
    start_worker()
    wait_until_sent(session)
    assert Counter(sink.message_ids) == {header(mails[0]): 2} | {header(mail): 1 for mail in mails[1:]}
    assert [mail.attempts for mail in outbox(session)] == [2, 1, 1, 1, 1]


def test_a_stopped_worker_is_not_taken_for_dead(
    session: Session, sink: Sink, start_worker: StartWorker, database_url: str
) -> None:
    """Edge case 24: SIGSTOP in the middle of a conversation, for as long as it likes; no Message-ID twice."""
    posted_ids = many(session)
    sink.seconds = 3
    stopped = start_worker()
    sink.wait_for(1)
    stopped.send(signal.SIGSTOP)
    sink.seconds = 0
    other = start_worker()
    if database_url.startswith("sqlite"):
        wait_for_log(other, "worker_waits_for_its_turn")
    else:
        sink.wait_for(MAILS - BATCH + 1)
    time.sleep(1)
    assert len(sink.taken) <= MAILS - BATCH + 1
    stopped.send(signal.SIGCONT)
    wait_until_sent(session)
    assert Counter(sink.message_ids) == dict.fromkeys(posted_ids, 1)


def test_workers_share_the_work_or_wait_for_their_turn(
    session: Session, sink: Sink, start_worker: StartWorker, database_url: str
) -> None:
    """Edge case 23: on PostgreSQL several work at once, on SQLite exactly one, and the next takes over."""
    first = start_worker()
    wait_for_log(first, "worker_started")
    others = [start_worker(), start_worker()]
    sqlite = database_url.startswith("sqlite")
    for other in others:
        wait_for_log(other, "worker_waits_for_its_turn" if sqlite else "worker_started")
    sink.seconds = 0.02
    posted_ids = many(session)
    wait_until_sent(session)
    assert Counter(sink.message_ids) == dict.fromkeys(posted_ids, 1)
    assert (sink.connections == 1) if sqlite else (sink.connections > 1)
    first.end(signal.SIGKILL)
    posted(session)
    wait_until_sent(session)


def test_sigterm_lets_the_mail_in_hand_be_finished(session: Session, sink: Sink, start_worker: StartWorker) -> None:
    many(session)
    sink.seconds = 0.3
    worker = start_worker()
    sink.wait_for(2)
    assert worker.end(signal.SIGTERM) == 0, worker.log
    assert len(sink.taken) < BATCH / 2
    mails = outbox(session)
    assert Counter(mail.status for mail in mails) == {"sent": len(sink.taken), "pending": MAILS - len(sink.taken)}
    assert {mail.worker for mail in mails} == {None}
