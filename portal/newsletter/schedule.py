"""Times of day as people in Berlin read them off the clock."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")


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
