"""The companion of a worker that sends campaigns: one thread that keeps the ledger, and some that talk SMTP.

The keeper of the ledger has the only database connection. In short transactions it records what became of letters, and
marks the next ones after asking once more whether they may be sent. What it has marked goes to `Connections`, and
comes back as outcomes. If it is killed, `journal` tells its successor what was under way; if it loses its database, it
becomes its own successor.
"""

import logging
import time
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from datetime import datetime
from threading import Event
from typing import Any

from flask import Flask
from sqlalchemy import Select, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal.clock import now
from portal.config import Settings
from portal.database import db
from portal.logs import described
from portal.mail import bounces
from portal.mail.presence import CAMPAIGNS, Presence, present
from portal.mail.signing import make_signer
from portal.mail.worker import Pause
from portal.newsletter import campaigns, journal, ledger, letters, pace
from portal.newsletter.connections import Connections
from portal.newsletter.journal import Journal
from portal.newsletter.ledger import Addressed, Outcome, Steered
from portal.newsletter.models import BOUNCED, PAUSED, RUNNING, SENT, UNCERTAIN, Campaign, CampaignText
from portal.newsletter.personal import Writer
from portal.subscribers.segments import Segment

log = logging.getLogger(__name__)

FOLDER = "campaigns"
"""Where the journals are, below the instance folder."""
LOOK_SECONDS = 0.005
"""How often it is looked whether letters run out."""
TURN_SECONDS = 0.05
"""After so long the ledger records what has become of letters even where few have been concluded."""
IDLE_SECONDS = 0.5
UPKEEP_SECONDS = 1.0
"""How often it is looked for campaigns to begin or to finish, for letters to try again, and for dead workers."""
PACE_SECONDS = 5.0
MOST_MARKED = 64
"""How many letters are marked at once. Not many more than these are uncertain where a whole machine is lost."""
AHEAD_SECONDS = 0.05
"""The letters marked should last so long."""
MOST_CLAIMED = 500
CLAIMED_SECONDS = 10.0
"""The letters in line should last so long: what is in line here no other worker can send."""
IN_A_ROW = 20
"""So many refusals in a row that are no recipient's fault pause a campaign."""


class Sender:
    """Sends the campaigns of an application until it is told to stop, through the loss of database and SMTP server."""

    def __init__(self, app: Flask, stop: Event) -> None:
        self._app = app
        self._stop = stop
        with app.app_context():
            self._engine = db.engine

    def run(self) -> None:
        """Work until `stop` is set."""
        unavailable = Pause()
        lost = (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error)
        while not self._stop.is_set():
            try:
                with present(self._engine, self._stop, CAMPAIGNS) as presence:
                    if presence is not None:
                        unavailable.over()
                        Shift(self._app, presence, self._stop).work()
                break
            except lost as error:
                seconds = unavailable.longer()
                log.warning("database_unavailable", extra={"error": described(error), "seconds": seconds})
                self._stop.wait(seconds)


class Shift:
    """A worker's time between coming and going: from its presence in the database to the loss of it."""

    def __init__(self, app: Flask, presence: Presence, stop: Event) -> None:
        self._app = app
        self._presence = presence
        self._stop = stop
        self._settings: Settings = app.extensions["settings"]
        self._segments: Mapping[str, Segment] = app.extensions["segments"]
        self._signer = make_signer(self._settings)
        self._folder = self._settings.instance / FOLDER
        self._journal = Journal(self._folder, presence.worker)
        self._connections: Connections | None = None
        self._steered: dict[int, Steered] = {}
        self._writers: dict[tuple[int, str], Writer] = {}
        self._asked: dict[str, Select[Any]] = {name: ledger.to_whom(one) for name, one in self._segments.items()}
        self._line: deque[tuple[int, int]] = deque()
        """Campaign and recipient of what is claimed and not marked."""
        self._reached: Counter[int] = Counter()
        """Up to which recipient each campaign has been claimed since it was last looked at from its beginning."""
        self._marked: Counter[int] = Counter()
        """How many letters of each campaign are marked, and the database does not know what became of them."""
        self._refused: dict[int, list[int]] = defaultdict(list)
        """Recipients of each campaign whose letters were refused in a row through no fault of theirs."""
        self._concluded: Counter[int] = Counter()
        self._rate = 0.0
        """Letters concluded per second, of late."""
        self._recorded_at = self._noted_at = time.monotonic()
        self._upkeep_at = self._mark_at = 0.0
        self._exhausted: set[int] = set()
        """Campaigns that had nothing more to claim at the last upkeep."""

    def work(self) -> None:
        """Send until it is told to stop."""
        log.info("newsletter_started", extra={"worker": self._presence.worker})
        in_order = False
        try:
            for left in journal.left_behind(self._folder):
                if left != self._presence.worker:
                    self._bury(left)
            while not self._stop.is_set():
                if time.monotonic() >= self._upkeep_at:
                    self._upkeep()
                self._turn()
                self._stop.wait(LOOK_SECONDS if self._busy else IDLE_SECONDS)
            self._leave()
            in_order = True
        finally:
            if self._connections is not None:
                self._connections.end()
            self._journal.close(remove=in_order)
        log.info("newsletter_stopped", extra={"worker": self._presence.worker})

    @property
    def _busy(self) -> bool:
        return bool(self._line) or self._under_way > 0

    @property
    def _under_way(self) -> int:
        return self._marked.total()

    def _turn(self) -> None:
        """Record what became of letters, mark the next ones and claim more, in one transaction."""
        wanted = self._wanted()
        due = time.monotonic() - self._recorded_at > TURN_SECONDS
        outcomes = self._connections.take() if self._connections and (wanted or due) else []
        running = [one for one in self._steered.values() if one.status == RUNNING and one.id not in self._exhausted]
        claiming = bool(running) and len(self._line) < self._most_claimed / 2
        if not (outcomes or wanted or claiming):
            return
        moment = now()
        with self._presence.transaction() as session:
            self._steered = ledger.campaigns(session, self._marked)
            ledger.record(
                session, self._steered, self._presence.worker, outcomes, self._settings, bounces.refused, moment
            )
            marked = self._mark(session, wanted, moment) if wanted else []
            if claiming:
                self._claim(session)
        self._account(outcomes)
        self._marked.update(letter.campaign_id for letter in marked)
        if marked:
            self._connected().give(marked)
        self._look_at_refusals(outcomes, moment)

    def _wanted(self) -> int:
        """How many more letters to mark: when half of the last ones are concluded, as many as are sent in a moment; and
        one at least for each connection.

        A long journal can be emptied when nothing is under way: then none.
        """
        if not self._line or time.monotonic() < self._mark_at or self._journal.is_long:
            return 0
        connections = self._connected()
        chunk = min(max(int(self._rate * AHEAD_SECONDS), connections.ready), MOST_MARKED)
        under_way = self._under_way - connections.concluded
        wanted = chunk if under_way <= chunk / 2 else connections.ready - under_way
        return min(max(wanted, 0), len(self._line))

    def _mark(self, session: Session, wanted: int, moment: datetime) -> list[Addressed]:
        allowance = pace.allowed(session, self._settings, wanted, moment)
        marked: list[Addressed] = []
        # Whoever is skipped, or is in this line no more, takes nobody's place.
        while self._line and len(marked) < allowance.letters:
            marked += self._mark_next(session, allowance.letters - len(marked), moment)
        pace.spend(session, self._settings, allowance, len(marked))
        if allowance.letters < wanted:
            self._mark_at = time.monotonic() + allowance.wait.total_seconds()
        for campaign_id, language in {(letter.campaign_id, letter.language) for letter in marked}:
            self._prepare(session, campaign_id, language)
        return marked

    def _mark_next(self, session: Session, number: int, moment: datetime) -> list[Addressed]:
        """Mark the next so many in line, those of them to whom a letter may still go."""
        chosen: dict[int, list[int]] = defaultdict(list)
        for _ in range(min(number, len(self._line))):
            campaign_id, recipient_id = self._line.popleft()
            chosen[campaign_id].append(recipient_id)
        marked: list[Addressed] = []
        for campaign_id, ids in chosen.items():
            campaign = self._steered.get(campaign_id)
            # Who pauses or stops a campaign takes its letters out of every line.
            if campaign is not None and campaign.status == RUNNING:
                asked = self._asked[campaign.segment]
                found = ledger.mark(session, campaign_id, asked, self._presence.worker, ids, moment)
                marked += found.letters
                self._concluded[campaign_id] += found.skipped
        return marked

    def _claim(self, session: Session) -> None:
        """Take more letters in line, as many of each running campaign."""
        running = [one.id for one in self._steered.values() if one.status == RUNNING and one.id not in self._exhausted]
        for campaign_id in running:
            number = max(self._most_claimed // len(running), 1)
            after = self._reached[campaign_id]
            ids = ledger.claim(session, campaign_id, self._presence.worker, number, after)
            self._line.extend((campaign_id, one) for one in ids)
            if len(ids) == number:
                self._reached[campaign_id] = ids[-1]
            elif after:
                self._reached[campaign_id] = 0
            else:
                self._exhausted.add(campaign_id)

    @property
    def _most_claimed(self) -> int:
        least = 2 * self._settings.newsletter_connections
        rate = min(self._rate, pace.most_a_second(self._settings))
        return min(max(int(rate * CLAIMED_SECONDS), least), MOST_CLAIMED)

    def _prepare(self, session: Session, campaign_id: int, language: str) -> None:
        if (campaign_id, language) in self._writers:
            return
        found = select(Campaign.kind, Campaign.segment, CampaignText.subject, CampaignText.body).join_from(
            Campaign, CampaignText, CampaignText.campaign_id == Campaign.id
        )
        row = session.execute(found.where(Campaign.id == campaign_id, CampaignText.language == language)).one()
        with self._app.app_context():
            letter = letters.write(row.kind, language, row.subject, row.body)
        self._writers[campaign_id, language] = Writer(
            self._app, campaign_id, row.kind, row.segment, language, letter, self._signer
        )

    def _write(self, letter: Addressed) -> tuple[str, str, bytes]:
        return self._writers[letter.campaign_id, letter.language].write(letter)

    def _connected(self) -> Connections:
        if self._connections is None:
            number = self._settings.newsletter_connections
            self._connections = Connections(self._app, number, self._journal, self._write)
        return self._connections

    def _account(self, outcomes: list[Outcome]) -> None:
        """Know what the database knows now."""
        moment = time.monotonic()
        seconds, self._recorded_at = moment - self._recorded_at, moment
        if seconds > 0:
            weight = min(seconds / AHEAD_SECONDS, 1.0)
            self._rate += (len(outcomes) / seconds - self._rate) * weight
        for outcome in outcomes:
            campaign_id = outcome.letter.campaign_id
            self._marked[campaign_id] -= 1
            if outcome.status in {SENT, BOUNCED, UNCERTAIN}:
                self._concluded[campaign_id] += 1
        self._marked = +self._marked
        if not self._marked and self._journal.is_long:
            self._journal.empty()

    def _look_at_refusals(self, outcomes: list[Outcome], moment: datetime) -> None:
        """Pause a campaign whose letters are refused for what they all have, and take these refusals back."""
        for outcome in outcomes:
            campaign_id = outcome.letter.campaign_id
            if outcome.status == SENT:
                self._refused.pop(campaign_id, None)
            elif outcome.for_everybody:
                self._refused[campaign_id].append(outcome.letter.recipient_id)
        for campaign_id in {outcome.letter.campaign_id for outcome in outcomes if outcome.for_everybody}:
            refused = self._refused[campaign_id]
            # What was under way when it was paused comes in later, and one by one.
            paused = self._steered[campaign_id].status == PAUSED
            if refused and (paused or len(set(refused)) >= IN_A_ROW):
                with self._presence.transaction() as session:
                    self._take_refusals_back(session, campaign_id, moment)

    def _take_refusals_back(self, session: Session, campaign_id: int, moment: datetime) -> None:
        ids = self._refused.pop(campaign_id)
        log.warning("campaign_refused", extra={"campaign": campaign_id, "letters": len(ids)})
        campaigns.pause_refused(session, campaign_id, moment)
        ledger.put_back(session, ledger.campaigns(session, {campaign_id})[campaign_id], ids, moment)

    def _upkeep(self) -> None:
        self._upkeep_at = time.monotonic() + UPKEEP_SECONDS
        moment = now()
        with self._presence.transaction() as session:
            for campaign in campaigns.begin_due(session, self._segments, moment):
                log.info("campaign_begun", extra={"campaign": campaign.id, "letters": campaign.total})
        with self._presence.transaction() as session:
            self._steered = ledger.campaigns(session, self._marked)
            running = [one.id for one in self._steered.values() if one.status == RUNNING]
            for campaign_id in running:
                ledger.wake(session, campaign_id, MOST_CLAIMED, moment)
            dead = [
                worker
                for worker in ledger.others(session, self._presence.worker)
                if self._presence.is_dead(session, worker)
            ]
        for worker in dead:
            self._bury(worker)
        self._note_pace(moment)
        in_hand = {campaign_id for campaign_id, _ in self._line} | set(self._marked)
        for campaign_id in set(running) - in_hand:
            with self._presence.transaction() as session:
                if campaigns.finish_if_done(session, campaign_id, moment):
                    log.info("campaign_finished", extra={"campaign": campaign_id})
                    if self._refused[campaign_id] and not campaigns.reached_anybody(session, campaign_id):
                        self._take_refusals_back(session, campaign_id, moment)
        self._exhausted.clear()
        self._forget(set(running) | in_hand)

    def _note_pace(self, moment: datetime) -> None:
        if time.monotonic() - self._noted_at < PACE_SECONDS:
            return
        self._noted_at = time.monotonic()
        for campaign_id, number in (+self._concluded).items():
            with self._presence.transaction() as session:
                campaigns.note_pace(session, campaign_id, number, moment)
        self._concluded.clear()

    def _forget(self, wanted: set[int]) -> None:
        """Let go of what belongs to campaigns that are over, and of the connections when there is no campaign."""
        for campaign_id, language in [key for key in self._writers if key[0] not in wanted]:
            del self._writers[campaign_id, language]
        for campaign_id in [key for key in self._refused if key not in wanted]:
            del self._refused[campaign_id]
        if self._connections is not None and not wanted:
            self._connections.end()
            self._connections = None
            self._rate = 0.0

    def _bury(self, worker: str) -> None:
        """Put back what a dead worker had in hand; not if its process lives and only its database is lost to it."""
        try:
            with journal.testimony(self._folder, worker) as testimony:
                with self._presence.transaction() as session:
                    if not self._presence.is_dead(session, worker):
                        return
                    ledger.bury(session, worker, testimony, self._settings, now())
                log.warning("worker_lost", extra={"worker": worker})
                journal.remove(self._folder, worker)
        except journal.Alive:
            pass

    def _leave(self) -> None:
        """Finish what is under way, and put the rest back."""
        outcomes = self._connections.end() if self._connections else []
        self._connections = None
        with self._presence.transaction() as session:
            steered = ledger.campaigns(session, self._marked)
            ledger.record(session, steered, self._presence.worker, outcomes, self._settings, bounces.refused, now())
            ledger.release(session, self._presence.worker)


def run(app: Flask, stop: Event) -> None:
    """Send campaigns for `app` until `stop` is set."""
    Sender(app, stop).run()
