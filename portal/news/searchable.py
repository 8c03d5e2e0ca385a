"""What the sitemap and the search know of the news."""

from collections.abc import Collection, Iterator
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from portal.news import reading
from portal.search.sources import Entry, Source
from portal.text.markdown import plain_text
from portal.web.sitemap import Place


def places(session: Session, now: datetime) -> Iterator[Place]:
    """The public entries."""
    for number, changed_at in reading.numbers(session, now):
        yield Place("news.single", {"number": number}, changed_at.date())


def _entries(session: Session, now: datetime) -> Iterator[Entry]:
    for entry in reading.everything(session, now):
        for text in entry.texts:
            words = plain_text(text.body)
            yield Entry(str(entry.id), text.language, text.title, words, "news.single", {"number": entry.id})


def _public(session: Session, keys: Collection[str], now: datetime) -> set[str]:
    return set(keys) & {str(number) for number, _changed_at in reading.numbers(session, now)}


NEWS = Source("news", _l("Aktuelles"), _entries, _public)
