"""The one place that looks at the clock; operations are told the time."""

from datetime import UTC, datetime


def now() -> datetime:
    """The time in UTC, aware."""
    return datetime.now(UTC)
