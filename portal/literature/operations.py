"""Writing records down: by an editor, from the files that are shipped, and by import (see `importing`)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.bibliography.reference import Name, Reference, person
from portal.database import take_turns
from portal.literature.models import (
    AUTHOR,
    DRAFT,
    EDITOR,
    PORTAL,
    PUBLIC,
    Abstract,
    Record,
    RecordName,
    RecordTopic,
    Topic,
)
from portal.literature.seed import Seed
from portal.organisers import audit
from portal.organisers.models import AuditEntry
from portal.text.normalise import multi_line, single_line
from portal.web.caching import public_changed

LINES = (
    "title",
    "container_title",
    "collection_title",
    "volume",
    "issue",
    "page",
    "number",
    "edition",
    "genre",
    "publisher",
    "publisher_place",
    "doi",
    "url",
    "isbn",
    "issn",
    "language",
)
"""The fields of a reference that are columns of the same name."""

LITERATURE = "literature"
"""Whose turn is taken by whoever writes a DOI or the name of a topic: none of them is there twice."""


class Outdated(Exception):
    """Somebody else has changed the record meanwhile."""


class DoiTaken(Exception):
    """Another record has this DOI: its number is in `number`."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class NotAllowed(Exception):
    """What is public is hidden before it is deleted: whoever has its address shall not find nothing by mistake."""


@dataclass(frozen=True)
class Entry:
    """What is said of a record. The reference's own abstract is not looked at."""

    reference: Reference
    abstracts: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Language → text, and whose words it is in."""
    open_access: bool = False
    open_access_url: str = ""
    topics: tuple[int, ...] = ()
    """Numbers of topics."""


def find(session: Session, number: int, *, changing: bool = False) -> Record | None:
    """The record, whatever its state; while it is `changing`, it is as it is now, and nobody else changes it."""
    found = select(Record).where(Record.id == number)
    locked = found.with_for_update(of=Record).execution_options(populate_existing=True)
    return session.scalar(locked if changing else found)


def add(session: Session, entry: Entry, by: int, now: datetime) -> Record:
    """A new record, as a draft. Raises DoiTaken."""
    take_turns(session, LITERATURE)
    record = new(session, entry, by, now)
    audit.record(session, by, "record.add", f"record {record.id}", now)
    return record


def new(session: Session, entry: Entry, by: int | None, now: datetime) -> Record:
    """A new draft, without a word in the log. Raises DoiTaken."""
    record = Record(state=DRAFT, version=1, created_at=now, changed_at=now, changed_by_id=by)
    _write(session, record, entry)
    session.add(record)
    _flush(session, record)
    return record


def change(session: Session, number: int, version: int, entry: Entry, by: int, now: datetime) -> Record:
    """Write down what is said of a record now. Raises Outdated if it is not what `version` was, and DoiTaken."""
    take_turns(session, LITERATURE)
    record = _seen(session, number, version)
    _write(session, record, entry)
    record.version += 1
    record.changed_at, record.changed_by_id = now, by
    _flush(session, record)
    audit.record(session, by, "record.change", f"record {number}", now)
    if record.state == PUBLIC:
        public_changed(session)
    return record


def release(session: Session, number: int, version: int, by: int, now: datetime) -> Record:
    """Let everyone read a record. Raises Outdated."""
    return _set_state(session, number, version, PUBLIC, "record.release", by, now)


def hide(session: Session, number: int, version: int, by: int, now: datetime) -> Record:
    """Make a record a draft again. Raises Outdated."""
    return _set_state(session, number, version, DRAFT, "record.hide", by, now)


def erase(session: Session, number: int, version: int, by: int, now: datetime) -> None:
    """Delete a draft for good. Raises Outdated, and NotAllowed for what is public."""
    record = _seen(session, number, version)
    if record.state == PUBLIC:
        raise NotAllowed
    detail = {"seed": record.seed} if record.seed else {}
    session.delete(record)
    audit.record(session, by, "record.delete", f"record {number}", now, **detail)
    session.flush()


def release_import(session: Session, number: int, by: int, now: datetime) -> int:
    """Let everyone read what came with an import and is still a draft; how many those are."""
    drafts = update(Record).where(Record.import_id == number, Record.state == DRAFT)
    public = drafts.values(state=PUBLIC, version=Record.version + 1, changed_at=now, changed_by_id=by).returning(
        Record.id
    )
    released = len(session.scalars(public, execution_options={"synchronize_session": False}).all())
    if released:
        audit.record(session, by, "records.release", f"import {number}", now, records=released)
        public_changed(session)
    session.expire_all()
    return released


def load(session: Session, seeds: Iterable[Seed], now: datetime) -> list[str]:
    """Add the shipped records that have never been added, as public ones; their names.

    What the office has changed, hidden or deleted since stays as it is.
    """
    take_turns(session, LITERATURE)
    known = set(session.scalars(select(Record.seed).where(Record.seed.is_not(None))))
    deleted = select(AuditEntry.detail).where(AuditEntry.act == "record.delete")
    known |= {detail.get("seed") for detail in session.scalars(deleted)}
    added = []
    for seed in seeds:
        taken = seed.reference.doi and _with_doi(session, seed.reference.doi)
        if seed.name in known or taken:
            continue
        topics = tuple(_topic_named(session, *names).id for names in seed.topics)
        abstracts = {language: (text, PORTAL) for language, text in seed.abstracts.items()}
        record = new(session, Entry(seed.reference, abstracts, topics=topics), None, now)
        record.seed, record.state = seed.name, PUBLIC
        added.append(seed.name)
    if added:
        session.flush()
        public_changed(session)
    return added


def add_topic(session: Session, name_de: str, name_en: str, by: int, now: datetime) -> Topic | None:
    """A new topic; None if there is one of that name in either language."""
    take_turns(session, LITERATURE)
    if _same_topic(session, name_de, name_en, 0):
        return None
    topic = Topic(name_de=name_de, name_en=name_en)
    session.add(topic)
    session.flush()
    audit.record(session, by, "topic.add", f"topic {topic.id}", now)
    return topic


def rename_topic(session: Session, number: int, name_de: str, name_en: str, by: int, now: datetime) -> bool:
    """Give a topic other names; False if it is gone, or another one has such a name."""
    take_turns(session, LITERATURE)
    topic = session.get(Topic, number)
    if topic is None or _same_topic(session, name_de, name_en, number):
        return False
    topic.name_de, topic.name_en = name_de, name_en
    session.flush()
    audit.record(session, by, "topic.rename", f"topic {number}", now)
    public_changed(session)
    return True


def delete_topic(session: Session, number: int, by: int, now: datetime) -> None:
    """Delete a topic. The records stay."""
    session.execute(delete(RecordTopic).where(RecordTopic.topic_id == number))
    session.execute(delete(Topic).where(Topic.id == number))
    audit.record(session, by, "topic.delete", f"topic {number}", now)
    public_changed(session)
    session.expire_all()


def as_reference(record: Record, language: str = "") -> Reference:
    """The record as a reference; with a language, with the abstract in it."""
    abstract = record.abstract(language)
    return Reference(
        type=record.type,
        authors=tuple(_name(one) for one in record.names_of(AUTHOR)),
        editors=tuple(_name(one) for one in record.names_of(EDITOR)),
        issued=tuple(part for part in (record.year, record.month, record.day) if part is not None),
        keywords=tuple(word for word in record.keywords.split(", ") if word),
        abstract=single_line(abstract.text) if abstract else "",
        **{name: getattr(record, name) for name in LINES},
    )


def searchable(text: str) -> str:
    """A text as it is compared: one line, in lower case."""
    return single_line(text).casefold()


def _name(name: RecordName) -> Name:
    return Name(name.family, name.given, name.suffix, name.literal)


def _set_state(session: Session, number: int, version: int, state: str, act: str, by: int, now: datetime) -> Record:
    record = _seen(session, number, version)
    if record.state != state:
        record.state = state
        record.version += 1
        record.changed_at, record.changed_by_id = now, by
        audit.record(session, by, act, f"record {number}", now)
        public_changed(session)
    session.flush()
    return record


def _seen(session: Session, number: int, version: int) -> Record:
    record = find(session, number, changing=True)
    if record is None or record.version != version:
        raise Outdated
    return record


def _write(session: Session, record: Record, entry: Entry) -> None:
    reference = normal(entry.reference)
    record.type = reference.type
    for name in LINES:
        setattr(record, name, getattr(reference, name))
    record.doi_key = reference.doi.lower() or None
    record.year, record.month, record.day = (*reference.issued, None, None, None)[:3]
    record.keywords = ", ".join(reference.keywords)
    record.open_access = entry.open_access
    record.open_access_url = entry.open_access_url if entry.open_access else ""
    record.names = [
        _kept_name(record, role, position, name)
        for role, names in ((AUTHOR, reference.authors), (EDITOR, reference.editors))
        for position, name in enumerate(names, 1)
    ]
    record.abstracts = [
        _kept_abstract(record, language, text, wording)
        for language, (given, wording) in sorted(entry.abstracts.items())
        if (text := multi_line(given))
    ]
    record.topics = list(session.scalars(select(Topic).where(Topic.id.in_(entry.topics)))) if entry.topics else []
    names = [name.inverted for name in (*reference.authors, *reference.editors)]
    record.words = searchable(" ".join([reference.title, *names, reference.container_title, record.keywords]))
    record.first_name = searchable(names[0] if names else reference.title)


def normal(reference: Reference) -> Reference:
    """The reference with what is invisible removed, and without names of which nothing is left then."""
    lines = {name: single_line(getattr(reference, name)) for name in LINES}
    names = {
        role: tuple(
            name
            for one in getattr(reference, role)
            if (name := person(*map(single_line, (one.family or one.literal, one.given, one.suffix))))
        )
        for role in ("authors", "editors")
    }
    keywords = tuple(word for one in reference.keywords if (word := single_line(one)))
    return replace(reference, **lines, **names, keywords=keywords)  # type: ignore[arg-type] # texts and names


def _kept_name(record: Record, role: str, position: int, name: Name) -> RecordName:
    """The row at this place, if there is one: two rows of one place would be refused for a moment."""
    known = next((one for one in record.names if (one.role, one.position) == (role, position)), None)
    row = known or RecordName(role=role, position=position)
    row.family, row.given, row.suffix, row.literal = name.family, name.given, name.suffix, name.literal
    return row


def _kept_abstract(record: Record, language: str, text: str, wording: str) -> Abstract:
    row = record.abstract(language) or Abstract(language=language)
    row.text, row.wording = text, wording
    return row


def _flush(session: Session, record: Record) -> None:
    """Raises DoiTaken. The transaction is then of no more use."""
    try:
        session.flush()
    except IntegrityError as error:
        doi = record.doi
        session.rollback()
        taken = _with_doi(session, doi) if doi else None
        if taken is None:
            raise
        raise DoiTaken(taken) from error


def _with_doi(session: Session, doi: str) -> int | None:
    return session.scalar(select(Record.id).where(Record.doi_key == doi.lower()))


def _same_topic(session: Session, name_de: str, name_en: str, but: int) -> bool:
    """Whether another topic is called so, in whatever case. Compared here: SQLite knows the case of ASCII alone."""
    others = session.execute(select(Topic.name_de, Topic.name_en).where(Topic.id != but))
    wanted = (searchable(name_de), searchable(name_en))
    return any(mine == searchable(its) for other in others for mine, its in zip(wanted, other, strict=True))


def _topic_named(session: Session, name_de: str, name_en: str) -> Topic:
    topic = session.scalar(select(Topic).where((Topic.name_de == name_de) | (Topic.name_en == name_en)).limit(1))
    if topic is None:
        topic = Topic(name_de=name_de, name_en=name_en)
        session.add(topic)
        session.flush()
    return topic
