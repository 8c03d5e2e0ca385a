"""How fast letters may go out: so many a second and an hour, all workers and restarts together.

The generic cell rate algorithm (ITU-T I.371) needs one moment for each rate: when the next letter is due if none comes
early. It lies in the database, and whoever is allowed letters moves it on in the transaction that marks them.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Table, select, update
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.newsletter.models import SendingPace

EARLY = timedelta(milliseconds=100)
"""By how much a letter may be early: workers come by now and then, and not when the clock strikes."""
_ROW: Table = SendingPace.__table__  # type: ignore[assignment] # a mapped class has one


@dataclass(frozen=True)
class Allowance:
    """What may go out at this moment. The row stays locked until the transaction ends."""

    letters: int
    wait: timedelta
    """How long until there is more, where that is not enough."""
    due: dict[str, datetime]


def allowed(session: Session, settings: Settings, wanted: int, now: datetime) -> Allowance:
    """How many of the letters that are wanted may go out now."""
    rates = dict(_rates(settings))
    if not rates:
        return Allowance(wanted, timedelta(), {})
    row = session.connection().execute(select(_ROW).with_for_update()).mappings().one()
    # No rate lets anybody run ahead further than `last`: then the clock was put back since, or the rate was lower.
    last = {name: now + EARLY + gap for name, gap in rates.items()}
    due = {name: row[name] if row[name] and now <= row[name] <= last[name] else now for name in rates}
    room = {name: now + EARLY - due[name] for name in rates}
    letters = min([wanted, *(room[name] // gap + 1 for name, gap in rates.items())])
    wait = max(letters * gap - room[name] for name, gap in rates.items())
    return Allowance(letters, max(wait, timedelta()), due)


def spend(session: Session, settings: Settings, allowance: Allowance, letters: int) -> None:
    """Say that so many of those allowed go out."""
    if not allowance.due or not letters:
        return
    later = {name: allowance.due[name] + letters * gap for name, gap in _rates(settings)}
    session.connection().execute(update(_ROW).values(**later))


def most_a_second(settings: Settings) -> float:
    """How many letters a second the rates allow in the long run; infinity where there is none."""
    return min((timedelta(seconds=1) / gap for _, gap in _rates(settings)), default=math.inf)


def _rates(settings: Settings) -> Iterator[tuple[str, timedelta]]:
    """The limits that there are, as the time from one letter to the next."""
    if settings.newsletter_per_second:
        yield "by_second", timedelta(seconds=1) / settings.newsletter_per_second
    if settings.newsletter_per_hour:
        yield "by_hour", timedelta(hours=1) / settings.newsletter_per_hour
