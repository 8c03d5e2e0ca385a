"""What the public and the office look up of conferences: which are shown, how full they are, who comes."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from portal.conference.calendar import place
from portal.conference.models import REGISTERED, WAITING, Registration
from portal.conference.programme import Conference, conferences
from portal.config import current_settings
from portal.language import LANGUAGES
from portal.search.sources import Entry, Source
from portal.text.normalise import parted
from portal.web.sitemap import Place


@dataclass(frozen=True)
class Standing:
    """How full a conference is."""

    registered: int
    waiting: int
    free: int
    """Places that nobody has, and nobody waits for."""


def shown(session: Session) -> list[Conference]:
    """The conferences that the public sees, the latest first. A sample is shown while somebody is registered for it,
    and that is while demo data is loaded."""
    return [one for one in conferences(current_settings()).values() if _is_shown(session, one)]


def find(session: Session, key: str) -> Conference | None:
    """A conference that the public sees."""
    found = conferences(current_settings()).get(key)
    return found if found and _is_shown(session, found) else None


def standing(session: Session, conference: Conference) -> Standing:
    """How full it is at this moment."""
    counted = select(Registration.status, func.count()).where(Registration.conference == conference.key)
    numbers = {row[0]: row[1] for row in session.execute(counted.group_by(Registration.status))}
    registered, waiting = numbers.get(REGISTERED, 0), numbers.get(WAITING, 0)
    capacity = conference.registration.capacity if conference.registration else 0
    return Standing(registered, waiting, max(0, capacity - registered - waiting))


def registered(session: Session, key: str) -> Sequence[Registration]:
    """Who has a place, by name."""
    rows = select(Registration).where(Registration.conference == key, Registration.status == REGISTERED)
    return session.scalars(rows.order_by(func.lower(Registration.name), Registration.id)).all()


def waiting(session: Session, key: str) -> Sequence[Registration]:
    """Who waits, the next first."""
    rows = select(Registration).where(Registration.conference == key, Registration.status == WAITING)
    return session.scalars(rows.order_by(Registration.confirmed_at, Registration.id)).all()


def _is_shown(session: Session, conference: Conference) -> bool:
    somebody = select(exists().where(Registration.conference == conference.key))
    return not conference.sample or bool(session.scalar(somebody))


def places(session: Session, _now: datetime) -> Iterator[Place]:
    """The public pages, for sitemap and archive; samples are not for search engines."""
    yield Place("conference.overview")
    for one in shown(session):
        if not one.sample:
            yield Place("conference.programme", {"key": one.key}, one.updated)
            for part in one.sessions:
                yield Place("conference.session", {"key": one.key, "name": part.id}, one.updated)


def _entries(session: Session, _now: datetime) -> Iterator[Entry]:
    for one in shown(session):
        for language in LANGUAGES:
            around = (*one.organisers, *([one.participants] if one.participants else []))
            summary = " ".join(one.summary.paragraphs(language))
            words = [summary, place(one, None, language), *(it.of(language) for it in around)]
            values = {"key": one.key, "language": language}
            yield Entry(one.key, language, one.title.of(language), parted(words), "conference.programme", values)
            for number, part in enumerate(one.sessions, 1):
                speakers = ", ".join(one.speakers[name].name for name in part.speakers)
                words = [speakers, " ".join(part.abstract.paragraphs(language) if part.abstract else ())]
                named, title = {**values, "name": part.id}, part.title.of(language)
                # By its number: a name as long as both together has no place in the index.
                key = f"{one.key}/{number}"
                yield Entry(key, language, title, parted(words), "conference.session", named)


def _public(session: Session, keys: Collection[str], _now: datetime) -> set[str]:
    there = {one.key for one in shown(session)}
    return {key for key in keys if key.partition("/")[0] in there}


SOURCE = Source("conference", _l("Fachtagungen"), _entries, _public)
