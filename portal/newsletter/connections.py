"""The SMTP connections of campaigns: threads that talk to the server, keep the journal, and know no database."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from typing import TypeAlias

from flask import Flask

from portal.logs import described
from portal.mail.bounces import for_its_recipient
from portal.mail.compose import ComposeError
from portal.mail.transport import NotBegun, Postponed, Refused, Transport, Unreachable
from portal.mail.worker import Pause
from portal.newsletter.journal import Journal
from portal.newsletter.ledger import AGAIN, UNTOUCHED, Addressed, Outcome
from portal.newsletter.models import BOUNCED, DEFERRED, SENT, UNCERTAIN

log = logging.getLogger(__name__)

STALE_SECONDS = 2.0
"""A letter that has waited longer since it was asked whether it may be sent is asked again."""

Write: TypeAlias = Callable[[Addressed], tuple[str, str, bytes]]
"""A letter → envelope sender, recipient and message."""


class Connections:
    """Some connections to the SMTP server, each in a thread of its own, that share a queue of letters."""

    def __init__(self, app: Flask, number: int, journal: Journal, write: Write) -> None:
        self._app = app
        self._journal = journal
        self._write = write
        self._letters: SimpleQueue[tuple[Addressed, float] | None] = SimpleQueue()
        self._outcomes: deque[Outcome] = deque()
        self._ended = Event()
        self._lock = Lock()
        self._threads = [Thread(target=self._run, name=f"newsletter-{count}") for count in range(number)]
        self.ready = 0
        """How many are connected at this moment."""
        for thread in self._threads:
            thread.start()

    def give(self, letters: Iterable[Addressed]) -> None:
        """Have letters sent that have been marked just now."""
        marked = time.monotonic()
        for letter in letters:
            self._letters.put((letter, marked))

    @property
    def concluded(self) -> int:
        """How many letters have come to an end since the last time."""
        return len(self._outcomes)

    def take(self) -> list[Outcome]:
        """What has become of letters since the last time. Where nobody is connected, those that wait come back."""
        if not self.ready:
            self._withdraw()
        return [self._outcomes.popleft() for _ in range(len(self._outcomes))]

    def end(self) -> list[Outcome]:
        """Let the letters under way be finished and take leave of the server; what became of all that were left."""
        self._ended.set()
        for _ in self._threads:
            self._letters.put(None)
        for thread in self._threads:
            thread.join()
        self._withdraw()
        return list(self._outcomes)

    def _withdraw(self) -> None:
        try:
            while True:
                waiting = self._letters.get_nowait()
                if waiting is not None:
                    self._outcomes.append(Outcome(waiting[0], UNTOUCHED))
        except Empty:
            pass

    def _run(self) -> None:
        transport, pause = Transport(self._app), Pause()
        while not self._ended.is_set():
            try:
                transport.open()
            except Unreachable as error:
                seconds = pause.longer()
                log.warning("smtp_unreachable", extra={"error": str(error), "seconds": seconds})
                self._ended.wait(seconds)
                continue
            self._count(+1)
            self._talk(transport, pause)
            self._count(-1)
            if not self._ended.is_set():
                self._ended.wait(pause.longer())
        transport.close()

    def _talk(self, transport: Transport, pause: Pause) -> None:
        """Send letters until the connection is lost or nothing more is to be sent."""
        while transport.is_open and not self._ended.is_set():
            waiting = self._letters.get()
            if waiting is None:
                return
            letter, marked = waiting
            if time.monotonic() - marked > STALE_SECONDS or self._ended.is_set():
                outcome = Outcome(letter, UNTOUCHED)
            else:
                outcome = self._send(transport, letter)
                self._note(outcome)
            self._outcomes.append(outcome)
            if outcome.status == SENT:
                pause.over()

    def _send(self, transport: Transport, letter: Addressed) -> Outcome:
        name = (letter.campaign_id, letter.recipient_id, letter.attempts)
        try:
            sender, recipient, content = self._write(letter)
            transport.hand_over(sender, recipient, content, lambda: self._journal.begun(name))
        except ComposeError:
            return Outcome(letter, BOUNCED, "the address cannot be written to")
        except NotBegun as error:
            log.warning("journal_not_written", extra={"error": described(error.__cause__ or error)})
            return Outcome(letter, AGAIN, "journal not written")
        except Refused as refusal:
            return _refused(letter, refusal)
        except Postponed as error:
            status = UNCERTAIN if error.uncertain else AGAIN if error.lost else DEFERRED
            return Outcome(letter, status, str(error)[:40])
        except Exception as error:  # noqa: BLE001 - whatever it is, the other letters go on
            log.warning("letter_failed", extra={"error": described(error), "campaign": letter.campaign_id})
            return Outcome(letter, BOUNCED, type(error).__name__[:40], for_everybody=True)
        return Outcome(letter, SENT)

    def _note(self, outcome: Outcome) -> None:
        if outcome.status == AGAIN:
            return
        letter = outcome.letter
        words = f"{outcome.status} {outcome.reason}" if outcome.reason else outcome.status
        try:
            self._journal.ended((letter.campaign_id, letter.recipient_id, letter.attempts), words)
        except OSError as error:
            # The database learns it all the same; without its line, a kill before that makes the letter uncertain.
            log.warning("journal_not_written", extra={"error": described(error)})

    def _count(self, change: int) -> None:
        with self._lock:
            self.ready += change


def _refused(letter: Addressed, refusal: Refused) -> Outcome:
    """Refused for its recipient's sake, or for what all letters have: the sender, the content, where it comes from."""
    code = str(refusal)
    own = for_its_recipient(code, at_rcpt=refusal.at_rcpt)
    return Outcome(letter, BOUNCED, code, of_the_recipient=own and refusal.at_rcpt, for_everybody=not own)
