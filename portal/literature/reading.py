"""What the public looks up: records that are public, found, filtered, counted, and those that go with one."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, exists, func, select, tuple_
from sqlalchemy.orm import Session

from portal.language import LANGUAGES
from portal.literature.models import PUBLIC, Record, RecordName, RecordTopic, Topic
from portal.literature.operations import as_reference, searchable
from portal.search.sources import Entry, Source
from portal.text.normalise import parted
from portal.web.sitemap import Place

ON_A_PAGE = 25
MOST_EXPORTED = 2000
RELATED = 5
_CANDIDATES = 300

NEWEST, OLDEST, BY_NAME, BY_TITLE = SORTINGS = ("neu", "alt", "name", "titel")


@dataclass(frozen=True)
class Question:
    """What somebody looks for. Empty and None ask for everything."""

    words: str = ""
    topic: int | None = None
    year: int | None = None
    type: str = ""
    open_access: bool = False
    sort: str = NEWEST
    page: int = 1

    @property
    def narrows(self) -> bool:
        """Whether it asks for less than everything."""
        return bool(self.words or self.topic or self.year or self.type or self.open_access)


@dataclass(frozen=True)
class Answer:
    """One page of what was found."""

    records: Sequence[Record]
    total: int
    pages: int


@dataclass(frozen=True)
class Facets:
    """By what can be narrowed further, and how many are left: each with the other restrictions in force."""

    topics: Sequence[tuple[Topic, int]]
    years: Sequence[tuple[int, int]]
    types: Mapping[str, int]
    open_access: int


@dataclass(frozen=True)
class Related:
    """A record that goes with another one, and why."""

    record: Record
    topics: tuple[Topic, ...]
    names: tuple[str, ...]


def search(session: Session, question: Question) -> Answer:
    """The page of records that the question asks for."""
    total = session.scalar(select(func.count()).select_from(Record).where(*_conditions(question))) or 0
    pages = max(1, -(-total // ON_A_PAGE))
    offset = (min(question.page, pages) - 1) * ON_A_PAGE
    return Answer(session.scalars(_sorted(question).limit(ON_A_PAGE).offset(offset)).all(), total, pages)


def everything(session: Session, question: Question) -> Sequence[Record]:
    """All that the question asks for, for an export; not more than MOST_EXPORTED."""
    return session.scalars(_sorted(question).limit(MOST_EXPORTED)).all()


def facets(session: Session, question: Question) -> Facets:
    """By what the question can be narrowed."""
    by_topic = (
        select(Topic, func.count(Record.id))
        .join(RecordTopic, RecordTopic.topic_id == Topic.id)
        .join(Record, Record.id == RecordTopic.record_id)
        .where(*_conditions(replace(question, topic=None)))
        .group_by(Topic.id)
        .order_by(Topic.name_de)
    )
    by_year = (
        select(Record.year, func.count())
        .where(*_conditions(replace(question, year=None)), Record.year.is_not(None))
        .group_by(Record.year)
        .order_by(Record.year.desc())
    )
    by_type = select(Record.type, func.count()).where(*_conditions(replace(question, type=""))).group_by(Record.type)
    open_ones = select(func.count()).select_from(Record).where(*_conditions(replace(question, open_access=True)))
    return Facets(
        [(topic, number) for topic, number in session.execute(by_topic)],
        [(year, number) for year, number in session.execute(by_year) if year is not None],
        {type_: number for type_, number in session.execute(by_type)},  # noqa: C416 - a row is not a pair to dict()
        session.scalar(open_ones) or 0,
    )


def find(session: Session, number: int) -> Record | None:
    """A record that is public."""
    return session.scalar(select(Record).where(Record.id == number, Record.state == PUBLIC))


def several(session: Session, numbers: Sequence[int]) -> list[Record]:
    """The public ones among these, in the same order."""
    rows = session.scalars(select(Record).where(Record.id.in_(numbers), Record.state == PUBLIC))
    found = {record.id: record for record in rows}
    return [found[number] for number in numbers if number in found]


def related(session: Session, record: Record) -> list[Related]:
    """The records that share authors or topics with this one: those that share most first, authors counting double."""
    topics = {topic.id for topic in record.topics}
    names = {_natural(one) for one in record.names}
    keys = [(one.family, one.given, one.literal) for one in record.names]
    shared_topic = exists().where(RecordTopic.record_id == Record.id, RecordTopic.topic_id.in_(topics))
    shared_name = Record.names.any(tuple_(RecordName.family, RecordName.given, RecordName.literal).in_(keys))
    wanted = select(Record).where(Record.state == PUBLIC, Record.id != record.id, shared_topic | shared_name)
    found = [
        Related(
            other,
            tuple(topic for topic in other.topics if topic.id in topics),
            tuple(dict.fromkeys(name for one in other.names if (name := _natural(one)) in names)),
        )
        for other in session.scalars(wanted.order_by(Record.year.desc(), Record.id.desc()).limit(_CANDIDATES))
    ]
    found.sort(key=lambda one: len(one.topics) + 2 * len(one.names), reverse=True)
    return found[:RELATED]


def _natural(name: RecordName) -> str:
    return name.literal or f"{name.given} {name.family}"


def _conditions(question: Question) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [Record.state == PUBLIC]
    found += [Record.words.contains(word, autoescape=True) for word in searchable(question.words).split()[:10]]
    if question.topic:
        of_topic = exists().where(RecordTopic.record_id == Record.id, RecordTopic.topic_id == question.topic)
        found.append(of_topic)
    if question.year:
        found.append(Record.year == question.year)
    if question.type:
        found.append(Record.type == question.type)
    if question.open_access:
        found.append(Record.open_access.is_(True))
    return found


_ORDERS: Mapping[str, Callable[[], tuple[Any, ...]]] = {
    NEWEST: lambda: (Record.year.desc().nulls_last(), Record.first_name, Record.id),
    OLDEST: lambda: (Record.year.asc().nulls_last(), Record.first_name, Record.id),
    BY_NAME: lambda: (Record.first_name, Record.year.desc().nulls_last(), Record.id),
    BY_TITLE: lambda: (func.lower(Record.title), Record.id),
}


def _sorted(question: Question) -> Select[Any]:
    return select(Record).where(*_conditions(question)).order_by(*_ORDERS[question.sort]())


def _entries(session: Session, _now: datetime) -> Iterable[Entry]:
    for record in session.scalars(select(Record).where(Record.state == PUBLIC).order_by(Record.id)):
        for language in LANGUAGES:
            reference = as_reference(record, language)
            names = "; ".join(name.inverted for name in (*reference.authors, *reference.editors))
            topics = ", ".join(topic.name(language) for topic in record.topics)
            parts = (names, reference.container_title, str(record.year or ""), reference.abstract, topics, record.doi)
            yield Entry(
                str(record.id), language, record.title, parted(parts), "literature.record", {"number": record.id}
            )


def _public(session: Session, keys: Collection[str], _now: datetime) -> set[str]:
    numbers = [int(key) for key in keys]
    return {
        str(number)
        for number in session.scalars(select(Record.id).where(Record.id.in_(numbers), Record.state == PUBLIC))
    }


SOURCE = Source("literature", _l("Literatur"), _entries, _public)


def places(session: Session, _now: datetime) -> Iterable[Place]:
    """The list, and each record."""
    rows = session.execute(select(Record.id, Record.changed_at).where(Record.state == PUBLIC).order_by(Record.id)).all()
    changed: date | None = max((at.date() for _number, at in rows), default=None)
    yield Place("literature.listing", {}, changed)
    for number, at in rows:
        yield Place("literature.record", {"number": number}, at.date())
