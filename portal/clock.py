"""The one place that looks at the clock, and what people in Berlin read off theirs. Operations are told the time."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")


def now() -> datetime:
    """The time in UTC, aware."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Moment:
    """A moment, and what is odd about the time of day that it was named by."""

    at: datetime
    """In UTC."""
    skipped: bool
    """The clock never shows that time: it is put forward over it, and the moment is as long after midnight as said."""
    twice: bool
    """The clock shows that time twice: the moment is the first."""


def in_berlin(wall: datetime) -> Moment:
    """The moment at which a clock in Berlin shows `wall`, a date and time without a zone."""
    first, second = wall.replace(tzinfo=BERLIN, fold=0), wall.replace(tzinfo=BERLIN, fold=1)
    at = first.astimezone(UTC)
    skipped = at.astimezone(BERLIN).replace(tzinfo=None) != wall
    return Moment(at, skipped, twice=not skipped and first.utcoffset() != second.utcoffset())


def in_berlin_at(day: str, time: str) -> Moment:
    """The moment that fields for a day and a time name: `2027-03-01` and `09:30`. Raises ValueError."""
    try:
        return in_berlin(datetime.strptime(f"{day} {time}", "%Y-%m-%d %H:%M"))  # noqa: DTZ007 - in_berlin adds it
    except OverflowError as error:
        raise ValueError(str(error)) from error
