"""Small bar charts: numbers that `templates/macros/charts.html` draws, and a table says again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from flask_babel import LazyString, format_date
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from portal.clock import BERLIN

WEEKS = 12


@dataclass(frozen=True)
class Bar:
    """One number and what it counts."""

    label: str | LazyString
    value: int


@dataclass(frozen=True)
class Week:
    """The days from a Monday on."""

    monday: date

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.monday, time(), BERLIN)

    @property
    def ends(self) -> datetime:
        """The moment at which the next one begins: a week in which the clocks change is an hour longer or shorter."""
        return datetime.combine(self.monday + timedelta(days=7), time(), BERLIN)


def latest_weeks(now: datetime, number: int = WEEKS) -> list[Week]:
    """The latest weeks, the present one last."""
    today = now.astimezone(BERLIN).date()
    monday = today - timedelta(days=today.weekday())
    return [Week(monday - timedelta(weeks=ago)) for ago in reversed(range(number))]


def per_week(
    session: Session,
    moment: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
    now: datetime,
    *where: ColumnElement[bool],
    number: int = WEEKS,
) -> list[Bar]:
    """How many rows have `moment` in each of the latest weeks; an index on `moment` makes it quick."""
    weeks = latest_weeks(now, number)
    counted = [
        select(func.count()).where(moment >= week.begins, moment < week.ends, *where).scalar_subquery()
        for week in weeks
    ]
    row: Sequence[int] = session.execute(select(*counted)).one()
    return [Bar(week_name(week), value) for week, value in zip(weeks, row, strict=True)]


def week_name(week: Week) -> str:
    """How a week is called beside its bar: by its Monday."""
    return str(_("ab %(day)s", day=format_date(week.monday, "d.M.")))
