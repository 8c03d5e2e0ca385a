"""What editors do with news: write, publish now or at a time, withdraw, delete."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.news.models import DRAFT, PUBLISHED, SCHEDULED, WITHDRAWN, NewsEntry, NewsText
from portal.organisers import audit
from portal.web.caching import public_changed

Words = tuple[str, str]
"""Title and body in one language."""


class Outdated(Exception):
    """Somebody else has changed or deleted the entry meanwhile."""


class NotNow(Exception):
    """The entry is not in a state in which that can be done. The message is its state."""


def start(session: Session, words: Mapping[str, Words], by: int, now: datetime) -> NewsEntry:
    """A new draft. `words`: by language, at least one."""
    entry = NewsEntry(changed_by_id=by, changed_at=now, created_at=now)
    _write(entry, words)
    session.add(entry)
    session.flush()
    audit.record(session, by, "news.start", f"news {entry.id}", now)
    return entry


def save(session: Session, number: int, version: int, words: Mapping[str, Words], by: int, now: datetime) -> NewsEntry:
    """Write the words down; what is public says at once what it says now. Raises Outdated."""
    entry = _seen(session, number, version)
    if dict(words) == {text.language: (text.title, text.body) for text in entry.texts}:
        return entry
    _write(entry, words)
    entry.version += 1
    entry.changed_by_id, entry.changed_at = by, now
    if entry.state(now) == PUBLISHED:
        audit.record(session, by, "news.change", f"news {number}", now)
        public_changed(session)
    session.flush()
    return entry


def publish(session: Session, number: int, version: int, at: datetime | None, by: int, now: datetime) -> NewsEntry:
    """Make it public, at once or, with `at`, from then on. Raises Outdated, and NotNow if it is public."""
    entry = _seen(session, number, version)
    if entry.state(now) == PUBLISHED:
        raise NotNow(PUBLISHED)
    entry.published_at, entry.withdrawn_at = at or now, None
    entry.version += 1
    act = "news.schedule" if at and at > now else "news.publish"
    audit.record(session, by, act, f"news {number}", now)
    public_changed(session)
    session.flush()
    return entry


def withdraw(session: Session, number: int, version: int, by: int, now: datetime) -> NewsEntry:
    """Take back what is public; what is only scheduled becomes a draft again. Raises Outdated and NotNow."""
    entry = _seen(session, number, version)
    state = entry.state(now)
    if state == SCHEDULED:
        entry.published_at = None
    elif state == PUBLISHED:
        entry.withdrawn_at = now
    else:
        raise NotNow(state)
    entry.version += 1
    audit.record(session, by, "news.withdraw", f"news {number}", now)
    public_changed(session)
    session.flush()
    return entry


def delete(session: Session, number: int, version: int, by: int, now: datetime) -> None:
    """Remove it for good. Raises Outdated, and NotNow while it is public or scheduled."""
    entry = _seen(session, number, version)
    if (state := entry.state(now)) not in {DRAFT, WITHDRAWN}:
        raise NotNow(state)
    session.delete(entry)
    audit.record(session, by, "news.delete", f"news {number}", now)
    session.flush()


def _seen(session: Session, number: int, version: int) -> NewsEntry:
    found = select(NewsEntry).where(NewsEntry.id == number).with_for_update()
    entry = session.scalar(found.execution_options(populate_existing=True))
    if entry is None or entry.version != version:
        raise Outdated
    return entry


def _write(entry: NewsEntry, words: Mapping[str, Words]) -> None:
    known = {text.language: text for text in entry.texts}
    entry.texts = [known.get(language) or NewsText(language=language) for language in sorted(words)]
    for text in entry.texts:
        text.title, text.body = words[text.language]
