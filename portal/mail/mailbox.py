"""Fetches what has come back from its mailbox, by IMAP (RFC 3501), over TLS that is verified.

A mail leaves the mailbox only after what follows from it is written down. Whatever dies in between, it is read again,
and to read a mail twice changes nothing: it counts for the day on which it came.
"""

import imaplib
import logging
import re
import ssl
import time
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event
from types import TracebackType
from typing import Any, NamedTuple, Self

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.clock import now
from portal.config import Settings
from portal.database import db
from portal.mail import returned
from portal.mail.returned import LARGEST, Aside, NotYet, Returned
from portal.mail.worker import CHORES, Pause

log = logging.getLogger(__name__)

FETCH_SECONDS = 60.0
"""How often the worker looks."""
AT_ONCE = 25
"""So many mails are asked for in one go."""
WINDOW = 5000
"""So many are searched in one go: the answer has a line for all of them."""
WAITING = "UNDELETED UNFLAGGED"
"""What nobody has looked at; that a human has read it does not matter."""
TAKEN, IDLE, UNCLEAR, LATER = OUTCOMES = ("taken", "idle", "unclear", "later")

_UID = re.compile(rb"\bUID (\d+)")
_DATE = re.compile(rb'INTERNALDATE "[^"]+"')


class MailboxError(Exception):
    """The mailbox cannot be used; the message says at which step."""


class Waiting(NamedTuple):
    """A mail in the mailbox."""

    uid: str
    arrived_at: datetime
    content: bytes
    """The first LARGEST bytes."""


class Mailbox:
    """A conversation with the server. Raises MailboxError."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._imap: imaplib.IMAP4_SSL | None = None
        self._number = 0

    def __enter__(self) -> Self:
        settings = self._settings
        try:
            self._imap = imaplib.IMAP4_SSL(
                settings.bounce_imap_host,
                settings.bounce_imap_port,
                ssl_context=ssl.create_default_context(),
                timeout=settings.mail_timeout,
            )
        except (OSError, imaplib.IMAP4.error) as error:
            raise MailboxError(f"connecting: {type(error).__name__}") from error
        try:
            self._ask("logging in", "login", settings.bounce_imap_username, _secret(settings))
            folder = settings.bounce_imap_folder.replace("\\", "\\\\").replace('"', '\\"')
            self._number = int(self._ask("opening the folder", "select", f'"{folder}"')[0])
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None) -> None:
        self._leave()

    def waiting(self) -> list[str]:
        """The unique identifiers of what nobody has looked at."""
        found: list[str] = []
        for first in range(1, self._number + 1, WINDOW):
            range_ = f"{first}:{min(first + WINDOW - 1, self._number)}"
            answer = self._ask("searching", "uid", "SEARCH", range_, *WAITING.split())
            found += [uid.decode() for uid in (answer[0] or b"").split()]
        return found

    def fetch(self, uids: Sequence[str]) -> Iterator[Waiting]:
        """These mails, as far as they are still there."""
        items = f"(UID INTERNALDATE BODY.PEEK[]<0.{LARGEST}>)"
        answer: list[Any] = self._ask("fetching", "uid", "FETCH", ",".join(uids), items)
        for place, item in enumerate(answer):
            if not isinstance(item, tuple):
                continue
            # Servers name the items in any order; what stands behind the text follows as an item of its own.
            behind = answer[place + 1] if place + 1 < len(answer) and isinstance(answer[place + 1], bytes) else b""
            said = item[0] + b" " + behind
            uid = _UID.search(said)
            if uid:
                yield Waiting(uid[1].decode(), _moment(said), item[1])

    def remove(self, uid: str) -> None:
        """Take a mail out of the mailbox, which is for nothing else."""
        self._ask("removing", "uid", "STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
        self._ask("removing", "expunge")

    def flag(self, uid: str) -> None:
        """Leave a mail for a human, marked as important."""
        self._ask("flagging", "uid", "STORE", uid, "+FLAGS.SILENT", r"(\Flagged)")

    def _ask(self, step: str, verb: str, *arguments: str) -> list[Any]:
        try:
            status, answer = getattr(self._imap, verb)(*arguments)
        except (OSError, imaplib.IMAP4.error) as error:
            raise MailboxError(f"{step}: {type(error).__name__}") from error
        if status != "OK":
            raise MailboxError(f"{step}: {status}")
        return list(answer)

    def _leave(self) -> None:
        if self._imap is not None:
            try:
                self._imap.logout()
            except (OSError, imaplib.IMAP4.error):
                self._imap.shutdown()
            self._imap = None


def fetch(app: Flask, stop: Event | None = None) -> Counter[str]:
    """Read all that waits in the mailbox, and say how many mails had which of OUTCOMES. Raises MailboxError.

    What is taken or idle is removed, what is unclear stays for a human. While another worker is at it, nothing is done.
    """
    settings: Settings = app.extensions["settings"]
    outcomes: Counter[str] = Counter()
    with app.app_context(), _alone() as alone:
        if not alone:
            return outcomes
        with Mailbox(settings) as mailbox:
            waiting = mailbox.waiting()
            for first in range(0, len(waiting), AT_ONCE):
                for mail in mailbox.fetch(waiting[first : first + AT_ONCE]):
                    if stop is not None and stop.is_set():
                        return outcomes
                    # One at a time: whatever the next one does, this one is not read again.
                    outcome = _handle(settings, mail)
                    if outcome == UNCLEAR:
                        mailbox.flag(mail.uid)
                    elif outcome in {TAKEN, IDLE}:
                        mailbox.remove(mail.uid)
                    outcomes[outcome] += 1
    return outcomes


def run(app: Flask, stop: Event) -> None:
    """Fetch again and again beside the worker, until `stop` is set; where there is no mailbox, just wait for that."""
    settings: Settings = app.extensions["settings"]
    if not settings.bounce_imap_host:
        stop.wait()
    pause = Pause()
    while not stop.is_set():
        try:
            outcomes = fetch(app, stop)
        except MailboxError as error:
            seconds = pause.longer()
            log.warning("bounces_unreachable", extra={"error": str(error), "seconds": seconds})
            stop.wait(seconds)
            continue
        pause.over()
        if outcomes.total() > outcomes[LATER]:
            log.info("bounces_fetched", extra=dict(outcomes))
        stop.wait(FETCH_SECONDS)


def _handle(settings: Settings, mail: Waiting) -> str:
    """Write down what follows from one mail, in a transaction of its own: no page waits for the next mail."""
    found = returned.read(settings, mail.content)
    if not isinstance(found, Returned):
        return IDLE if found is Aside.IDLE else UNCLEAR
    try:
        with Session(db.engine) as session, session.begin():
            returned.take(session, found, min(mail.arrived_at, now()))
    except NotYet:
        return LATER
    return TAKEN


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether no other worker is at the mailbox, which stays so meanwhile; on SQLite there is none.

    The lock belongs to a connection, not to a transaction: an open one would keep PostgreSQL from cleaning up behind
    everybody else for as long as the mailbox takes.
    """
    if db.engine.dialect.name == "sqlite":
        yield True
        return
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        # It is closed at the end, and the lock goes with it, instead of going back to the pool.
        connection.detach()
        yield bool(connection.scalar(_ONE_AT_A_TIME))


_ONE_AT_A_TIME = select(func.pg_try_advisory_lock(CHORES, zlib.crc32(b"bounces") - 2**31))


def _moment(said: bytes) -> datetime:
    """When the server got the mail, by its INTERNALDATE; now, if it does not say, or what is no date."""
    date = _DATE.search(said)
    try:
        local = imaplib.Internaldate2tuple(date[0]) if date else None
        return datetime.fromtimestamp(time.mktime(local), UTC) if local else now()
    except (ValueError, OverflowError, OSError):
        return now()


def _secret(settings: Settings) -> str:
    return settings.bounce_imap_password.get_secret_value()
