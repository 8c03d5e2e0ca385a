"""What the public reads of the news: what is published at that moment and not withdrawn, the latest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, selectinload

from portal.news.models import NewsEntry, NewsText

PAGE = 10
LATEST = 3
"""So many stand on the home page."""
FEED = 20


@dataclass(frozen=True)
class NewsPage:
    """One page of the list."""

    entries: Sequence[NewsEntry]
    number: int
    pages: int


def page_of_news(session: Session, number: int, now: datetime) -> NewsPage | None:
    """The `number`th page, from 1; None if there is no such page. The first is there even without news."""
    count = session.scalar(select(func.count()).select_from(_public(now).subquery())) or 0
    pages = max(1, -(-count // PAGE))
    if not 1 <= number <= pages:
        return None
    return NewsPage(session.scalars(_latest(now).limit(PAGE).offset((number - 1) * PAGE)).all(), number, pages)


def latest(session: Session, now: datetime, limit: int = LATEST) -> Sequence[NewsEntry]:
    """The latest news."""
    return session.scalars(_latest(now).limit(limit)).all()


def everything(session: Session, now: datetime) -> Sequence[NewsEntry]:
    """All that is public."""
    return session.scalars(_latest(now)).all()


def numbers(session: Session, now: datetime) -> Sequence[tuple[int, datetime]]:
    """The number of each entry that is public, the latest first, and when its words were last changed."""
    rows = session.execute(_ordered(now).with_only_columns(NewsEntry.id, NewsEntry.changed_at))
    return [(number, changed_at) for number, changed_at in rows]


def find(session: Session, number: int, now: datetime) -> NewsEntry | None:
    """The entry, if it is public."""
    return session.scalar(_public(now).where(NewsEntry.id == number))


def first_paragraph(text: NewsText) -> tuple[str, bool]:
    """The first paragraph of its Markdown, and whether there is more."""
    first, _, rest = text.body.strip().partition("\n\n")
    return first, bool(rest.strip())


def _public(now: datetime) -> Select[NewsEntry]:
    return select(NewsEntry).where(NewsEntry.published_at <= now, NewsEntry.withdrawn_at.is_(None))


def _ordered(now: datetime) -> Select[NewsEntry]:
    return _public(now).order_by(NewsEntry.published_at.desc(), NewsEntry.id.desc())


def _latest(now: datetime) -> Select[NewsEntry]:
    return _ordered(now).options(selectinload(NewsEntry.texts))
