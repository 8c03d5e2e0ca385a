"""Killing workers at random while a campaign goes out, and counting what became of it."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.newsletter.models import FINISHED, Campaign, Delivery
from tests.newsletter.sending import WorkerProcess, doubles

LONG = 600.0
"""Seconds after which a campaign should have come to its end."""


@dataclass(frozen=True)
class Tally:
    """What became of a campaign whose workers were killed."""

    letters: int
    kills: int
    seconds: float
    arrived: int
    """Different letters that the server had, as it noted before it answered."""
    doubled: int
    sent: int
    uncertain: int
    uncertain_and_arrived: int
    silently_lost: int
    """Letters that the ledger calls sent and the server never had, and rows that are missing."""


def kill_at_random(
    session: Session,
    campaign_id: int,
    start: Callable[[], WorkerProcess],
    number_arrived: Callable[[], int],
    arrived: Callable[[], Sequence[str]],
    *,
    kills: int,
    workers: int,
    letters: int,
    seed: int,
) -> Tally:
    """Keep so many workers at it, kill one of them now and then, and start another, until the campaign is finished."""
    chance = random.Random(seed)
    started = time.monotonic()
    alive = [start() for _ in range(workers)]
    killed = 0
    for number in range(kills):
        # The kills lie all over the campaign: each waits for its share of the letters.
        share = letters * number // (kills + 1) + chance.randrange(max(letters // (kills + 1) // 2, 1)) + 1
        while number_arrived() < share and not _over(session, campaign_id):
            time.sleep(0.005)
        # To kill one that has not begun to work proves nothing.
        _wait(lambda: all("newsletter_started" in one.log for one in alive) or _over(session, campaign_id))
        time.sleep(chance.uniform(0.3, 0.6))
        victim = alive.pop(chance.randrange(len(alive)))
        killed += not _over(session, campaign_id)
        victim.end(signal.SIGKILL)
        alive.append(start())
    _wait(lambda: _over(session, campaign_id))
    seconds = time.monotonic() - started
    for worker in alive:
        worker.end()
    return count(session, campaign_id, list(arrived()), letters=letters, kills=killed, seconds=seconds)


def count(session: Session, campaign_id: int, ids: Sequence[str], *, letters: int, kills: int, seconds: float) -> Tally:
    """Compare the ledger with what the server noted."""
    session.rollback()
    rows = session.execute(
        select(Delivery.recipient_id, Delivery.status).where(Delivery.campaign_id == campaign_id)
    ).all()
    session.rollback()
    had = {int(name.split("-")[2]) for name in set(ids)}
    states = Counter(row.status for row in rows)
    lost = [row for row in rows if row.status == "sent" and row.recipient_id not in had]
    uncertain = {row.recipient_id for row in rows if row.status == "uncertain"}
    return Tally(
        letters=letters,
        kills=kills,
        seconds=seconds,
        arrived=len(had),
        doubled=len(doubles(ids)),
        sent=states["sent"],
        uncertain=states["uncertain"],
        uncertain_and_arrived=len(uncertain & had),
        silently_lost=len(lost) + letters - states["sent"] - states["uncertain"],
    )


def _over(session: Session, campaign_id: int) -> bool:
    session.rollback()
    over = session.scalar(select(func.count()).where(Campaign.id == campaign_id, Campaign.status == FINISHED))
    session.rollback()
    return bool(over)


def _wait(seen: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG
    while not seen():
        assert time.monotonic() < end, "the campaign has not come to its end"
        time.sleep(0.01)
