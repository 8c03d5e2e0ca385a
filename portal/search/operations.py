"""Keeping the index true.

What is changed or taken back leaves it at once, by the triggers of `models.forgetting`. What is new comes in by
`refresh`, which the worker calls; it compares everything with what the sources say now, and so also mends what no
trigger has seen, such as a page in a file.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy import delete, insert, select, text
from sqlalchemy.orm import Session

from portal.search.models import CHANGES, CONFIGURATIONS, SearchEntry
from portal.search.sources import Entry, Source
from portal.search.words import stem, words_in
from portal.web.caching import PublicVersion

LOOK_AGAIN = timedelta(minutes=5)
"""After this time everything is compared even if nothing public was changed: some things become public by the clock."""

REST = 10
"""So many times as long as comparing has taken, it is left alone: on SQLite nobody can write meanwhile, and where many
sign at once, the public version goes up all the time. What is taken back does not wait for it."""

STEP = 500
"""So many new entries are written in one transaction: on SQLite everybody else who writes waits for it."""

_Place = tuple[str, str, str]


class Keeper:
    """Refreshes the index when there is a reason to: something public was changed, or enough time has gone by."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._version: int | None = None
        self._due: datetime | None = None
        self._rested: datetime | None = None

    def __call__(self, session: Session, now: datetime) -> None:
        """In a transaction of the worker's."""
        if self._rested is not None and now < self._rested:
            return
        version = session.scalar(select(PublicVersion.number))
        if self._due is not None and version == self._version and now < self._due:
            return
        began = monotonic()
        if refresh(session, self._sources, now, STEP):
            self._version, self._due = version, now + LOOK_AGAIN
        self._rested = now + REST * timedelta(seconds=monotonic() - began)


def refresh(session: Session, sources: Sequence[Source], now: datetime, most: int) -> bool:
    """Bring the index to what the sources say is public at that moment, with at most so many new entries.

    Whether it is complete now; if not, it wants to be called again.
    """
    postgresql = session.get_bind().dialect.name == "postgresql"
    if postgresql:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CHANGES})
    rows = session.execute(
        select(SearchEntry.kind, SearchEntry.key, SearchEntry.language, SearchEntry.id, SearchEntry.fingerprint)
    )
    known = {(kind, key, language): (number, fingerprint) for kind, key, language, number, fingerprint in rows}
    seen, missing = set[_Place](), 0
    for source in sources:
        for entry in source.entries(session, now):
            place, fingerprint = (source.kind, entry.key, entry.language), _fingerprint(entry)
            seen.add(place)
            number, before = known.get(place, (None, None))
            if before == fingerprint:
                continue
            _remove(session, number)
            missing += 1
            if missing <= most:
                _add(session, source.kind, entry, fingerprint, postgresql=postgresql)
    for place in known.keys() - seen:
        _remove(session, known[place][0])
    if not postgresql:
        # FTS5 keeps the words of what was deleted until it merges them away.
        session.execute(text("INSERT INTO search_words (search_words) VALUES ('optimize')"))
    return missing <= most


def clear(session: Session) -> None:
    """Throw the index away."""
    session.execute(delete(SearchEntry))


def _fingerprint(entry: Entry) -> str:
    said = [entry.title, entry.text, entry.endpoint, dict(entry.values), entry.anchor]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _remove(session: Session, number: int | None) -> None:
    if number is not None:
        session.execute(delete(SearchEntry).where(SearchEntry.id == number))


def _add(session: Session, kind: str, entry: Entry, fingerprint: str, *, postgresql: bool) -> None:
    number = session.execute(
        insert(SearchEntry).returning(SearchEntry.id),
        {
            "kind": kind,
            "key": entry.key,
            "language": entry.language,
            "title": entry.title,
            "text": entry.text,
            "endpoint": entry.endpoint,
            "values": dict(entry.values),
            "anchor": entry.anchor,
            "fingerprint": fingerprint,
        },
    ).scalar_one()
    title, words = (words_in(one, entry.language) for one in (entry.title, entry.text))
    if postgresql:
        session.execute(
            text(
                "INSERT INTO search_words (entry_id, words) VALUES (:number,"
                " setweight(to_tsvector(CAST(:language AS regconfig), :title), 'A')"
                " || setweight(to_tsvector(CAST(:language AS regconfig), :words), 'B'))"
            ),
            {
                "number": number,
                "language": CONFIGURATIONS[entry.language],
                "title": " ".join(title),
                "words": " ".join(words),
            },
        )
        return
    session.execute(
        text("INSERT INTO search_words (rowid, title, text) VALUES (:number, :title, :words)"),
        {
            "number": number,
            "title": " ".join(stem(word, entry.language) for word in title),
            "words": " ".join(stem(word, entry.language) for word in words),
        },
    )
