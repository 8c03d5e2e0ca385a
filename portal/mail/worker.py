"""The worker: takes mails out of the outbox to the SMTP server, and does the chores handed to it in between.

A mail is at least once with the server, under one Message-ID. It can be there twice only if the server's answer, or the
record of it, was lost on the way.
"""

import logging
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event, Thread

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal.clock import now
from portal.config import ConfigurationError, Settings
from portal.database import db
from portal.logs import described
from portal.mail import outbox
from portal.mail.compose import ComposeError, Composer
from portal.mail.models import OutboxMail
from portal.mail.presence import Presence, present
from portal.mail.transport import Postponed, Refused, Transport, Unreachable

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
"""How often an idle worker looks; there is no NOTIFY, because it would make every commit that posts a mail dearer."""
BATCH = 10
IDLE_SECONDS = 5.0
"""How long the connection to the SMTP server is kept without work."""
LONGEST_PAUSE = 60.0
CHORES = 0x63686F72
"""The class of the advisory locks of chores."""

Change = Callable[[Session], object]
Companion = Callable[[Flask, Event], None]
"""Something that runs beside the worker in a thread of its own, until the event is set."""


@dataclass(frozen=True)
class Chore:
    """Something to be done regularly, in a transaction of its own."""

    name: str
    interval: timedelta
    do: Callable[[Session, datetime], object]


class Pause:
    """How long to leave something alone that does not work: a second, then twice as long each time, up to a minute."""

    def __init__(self) -> None:
        self._seconds = 1.0
        self._until = 0.0

    def longer(self) -> float:
        seconds, self._seconds = self._seconds, min(self._seconds * 2, LONGEST_PAUSE)
        self._until = time.monotonic() + seconds
        return seconds

    def over(self) -> None:
        self._seconds = 1.0

    @property
    def lasts(self) -> bool:
        return time.monotonic() < self._until


class Worker:
    """One worker of an application. It goes on through the loss of its database and of the SMTP server."""

    def __init__(self, app: Flask, chores: Sequence[Chore] = (), stop: Event | None = None) -> None:
        self._app = app
        self._settings: Settings = app.extensions["settings"]
        with app.app_context():
            self._engine = db.engine
        self._composer = Composer(app)
        self._transport = Transport(app)
        self._chores = deque(chores)
        self._chore_due = dict.fromkeys((chore.name for chore in chores), 0.0)
        self._stop = stop or Event()
        self._smtp = Pause()
        self._unwritten: Change | None = None
        """What became of a mail, until the database knows it."""

    def run(self, *, until_idle: bool = False) -> None:
        """Work until `stop` is set, or, with `until_idle`, until no mail is due or the SMTP server is not there."""
        database = Pause()
        lost = (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error)
        while not self._stop.is_set():
            try:
                with present(self._engine, self._stop) as presence:
                    if presence is not None:
                        self._serve(presence, database, until_idle)
                break
            except lost as error:
                seconds = database.longer()
                log.warning("database_unavailable", extra={"error": described(error), "seconds": seconds})
                self._stop.wait(seconds)
        self._transport.close()

    def _serve(self, presence: Presence, database: Pause, until_idle: bool) -> None:
        log.info("worker_started", extra={"worker": presence.worker})
        last_work = time.monotonic()
        while not self._stop.is_set():
            self._write_outcome(presence)
            self._do_chores()
            mails = [] if self._smtp.lasts else self._claim(presence)
            database.over()
            if mails:
                self._deliver_all(presence, mails)
                last_work = time.monotonic()
            if until_idle and (not mails or self._smtp.lasts):
                break
            if not mails:
                if time.monotonic() - last_work > IDLE_SECONDS:
                    self._transport.close()
                self._stop.wait(POLL_SECONDS)
        log.info("worker_stopped", extra={"worker": presence.worker})

    def _claim(self, presence: Presence) -> Sequence[OutboxMail]:
        """The next mails, those among them that dead workers have left behind."""
        moment = now()
        with presence.transaction() as session:
            for worker in outbox.others(session, presence.worker):
                if presence.is_dead(session, worker):
                    outbox.bury(session, worker, moment)
                    log.warning("worker_lost", extra={"worker": worker})
            return outbox.claim(session, presence.worker, BATCH, moment)

    def _deliver_all(self, presence: Presence, mails: Sequence[OutboxMail]) -> None:
        try:
            for mail in mails:
                if self._stop.is_set():
                    break
                self._deliver(presence, mail)
            else:
                return
        except Unreachable as error:
            seconds = self._smtp.longer()
            log.warning("smtp_unreachable", extra={"error": str(error), "seconds": seconds})
        with presence.transaction() as session:
            outbox.release(session, presence.worker)

    def _deliver(self, presence: Presence, mail: OutboxMail) -> None:
        """Deliver one claimed mail and record what became of it. Raises Unreachable, with the mail untouched.

        Whether it is still to be sent is asked right before the conversation and not between its RCPT and its DATA:
        erasing a mail in the two answers between is no different from erasing it just after, and the SMTP server is
        never kept waiting for our database.
        """
        worker = presence.worker
        try:
            composed = self._composer.compose(mail)
        except ComposeError as error:
            reason = str(error)
            self._conclude(presence, mail, "mail_failed", reason, lambda s: outbox.fail(s, mail, worker, reason))
            return
        self._transport.open()
        self._smtp.over()
        with presence.transaction() as session:
            if not outbox.begin(session, mail, worker):
                log.info("mail_withdrawn", extra={"mail": mail.id})
                return
        try:
            self._transport.send(composed)
        except Refused as refusal:
            reason = str(refusal)
            self._conclude(presence, mail, "mail_failed", reason, lambda s: outbox.fail(s, mail, worker, reason))
        except Postponed as error:
            self._postpone(presence, mail, error)
        else:
            moment, version = now(), composed.template_version
            self._conclude(presence, mail, "mail_sent", None, lambda s: outbox.sent(s, mail, version, moment))

    def _postpone(self, presence: Presence, mail: OutboxMail, error: Postponed) -> None:
        reason, uncertain, moment, worker = str(error), error.uncertain, now(), presence.worker

        def change(session: Session) -> None:
            outbox.postpone(session, mail, worker, reason, moment, self._settings, uncertain=uncertain)

        self._conclude(presence, mail, "mail_uncertain" if uncertain else "mail_postponed", reason, change)

    def _conclude(self, presence: Presence, mail: OutboxMail, event: str, reason: str | None, change: Change) -> None:
        """Record an outcome. If the database is lost at this moment, the outcome waits for it to come back."""
        fields = {"mail": mail.id, "template": mail.template, "attempt": mail.attempts + 1, "error": reason}
        log.log(logging.WARNING if reason else logging.INFO, event, extra=fields)
        self._unwritten = change
        self._write_outcome(presence)

    def _write_outcome(self, presence: Presence) -> None:
        if self._unwritten is not None:
            with presence.transaction() as session:
                self._unwritten(session)
            self._unwritten = None

    def _do_chores(self) -> None:
        for chore in self._chores:
            if time.monotonic() < self._chore_due[chore.name] or self._stop.is_set():
                continue
            self._chore_due[chore.name] = time.monotonic() + chore.interval.total_seconds()
            try:
                with self._app.app_context(), Session(self._engine) as session, session.begin():
                    if self._is_mine(session, chore):
                        chore.do(session, now())
            except Exception as error:  # noqa: BLE001 - a chore must not keep the mails waiting
                log.warning("chore_failed", extra={"chore": chore.name, "error": described(error)})

    def _is_mine(self, session: Session, chore: Chore) -> bool:
        """Whether no other worker is at this chore; on SQLite there is none."""
        if self._engine.dialect.name == "sqlite":
            return True
        key = zlib.crc32(chore.name.encode()) - 2**31
        return bool(session.scalar(select(func.pg_try_advisory_xact_lock(CHORES, key))))


@contextmanager
def accompanied(app: Flask, companions: Sequence[Companion], stop: Event) -> Iterator[None]:
    """Have the companions run meanwhile; at the end `stop` is set, and they are waited for."""
    threads = [Thread(target=_keep_going, args=(app, companion, stop)) for companion in companions]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _keep_going(app: Flask, companion: Companion, stop: Event) -> None:
    pause = Pause()
    while not stop.is_set():
        try:
            companion(app, stop)
        except Exception as error:  # noqa: BLE001 - what goes wrong beside the worker is tried again, and said
            seconds = pause.longer()
            what = str(error) if isinstance(error, ConfigurationError) else described(error)
            log.error("companion_failed", extra={"error": what, "seconds": seconds})  # noqa: TRY400 - it names people
            stop.wait(seconds)


def run(app: Flask, chores: Sequence[Chore] = (), stop: Event | None = None, *, until_idle: bool = False) -> None:
    """Work for `app` until `stop` is set, or, with `until_idle`, until nothing is due."""
    Worker(app, chores, stop).run(until_idle=until_idle)
