"""Reading the audit log: what was asked for, page by page and as a file, in the words that people use."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, joinedload

from portal.clock import BERLIN
from portal.organisers import audit
from portal.organisers.frame import Detail, Office
from portal.organisers.models import AuditEntry, Organiser

PAGE = 50
BATCH = 1000
HEADER = (
    *("id", "at", "by_id", "by", "act", "subject", "detail"),
    *("act_in_words", "subject_in_words", "detail_in_words"),
)


@dataclass(frozen=True)
class Wanted:
    """Which entries are looked for; what is empty is not asked for."""

    act: str = ""
    by: int = 0
    subject: tuple[str, ...] = ()
    """One of these: `comment` stands for all comments, `comment 17` for this one."""
    since: date | None = None
    until: date | None = None
    """The last day that is meant."""


@dataclass(frozen=True)
class Told:
    """One entry in words."""

    entry: AuditEntry
    act: str
    subject: str
    address: str | None
    """Of the page about the subject, if it has one."""
    details: tuple[tuple[str, str], ...]
    """What each is called, and what it says."""


def page(session: Session, wanted: Wanted, *, before: int | None = None) -> tuple[list[AuditEntry], int | None]:
    """The newest entries that are wanted, below the id `before`, and where the next page begins."""
    statement = _matching(select(AuditEntry), wanted).order_by(AuditEntry.id.desc()).limit(PAGE + 1)
    if before is not None:
        statement = statement.where(AuditEntry.id < before)
    found = list(session.scalars(statement.options(joinedload(AuditEntry.by))))
    return found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None


def told(session: Session, office: Office, entries: Sequence[AuditEntry]) -> list[Told]:
    """The entries in the words of the rooms that wrote them; what no room knows stays as it was written."""
    names = defaultdict(set)
    for entry in entries:
        kind, name = _parts(office, entry.subject)
        names[kind].add(name)
    pages = {
        kind: office.subjects[kind].pages(session, sorted(some))
        for kind, some in names.items()
        if kind in office.subjects
    }
    return [_in_words(office, entry, pages) for entry in entries]


def subject_in_words(office: Office, subject: str) -> str:
    """«Kommentar 17» for `comment 17`."""
    kind, name = _parts(office, subject)
    known = office.subjects.get(kind)
    return f"{known.word} {name}".strip() if known else subject


def subjects_called(office: Office, words: str) -> tuple[str, ...]:
    """What somebody may mean who asks for «Kommentar 17», «kommentar», «Kom» or `comment 17`."""
    asked = words.casefold()
    if not asked:
        return ()
    found = []
    for kind, subject in office.subjects.items():
        word = str(subject.word).casefold()
        if word.startswith(asked):
            found.append(kind)
        elif asked.startswith(f"{word} "):
            found.append(kind + words[len(word) :])
    return tuple(found) or (words,)


def known_acts(session: Session) -> Sequence[str]:
    """Every act that the log contains."""
    return session.scalars(select(AuditEntry.act).distinct().order_by(AuditEntry.act)).all()


def known_organisers(session: Session) -> Sequence[Organiser]:
    """Everybody who may have acted, those included who have gone."""
    return session.scalars(select(Organiser).order_by(Organiser.name, Organiser.id)).all()


def note_export(session: Session, wanted: Wanted, *, by: int, now: datetime) -> None:
    """Record that the log is exported, and which part of it."""
    asked = {f"only_{name}": value for name, value in asdict(wanted).items() if value}
    if wanted.subject:
        asked["only_subject"] = ", ".join(wanted.subject)
    audit.record(session, by, "audit.export", "audit log", now, **{name: str(value) for name, value in asked.items()})


def rows(session: Session, office: Office, wanted: Wanted) -> Iterator[list[tuple[Any, ...]]]:
    """All entries that are wanted, the oldest first, in batches, as the columns of `HEADER`.

    The transaction ends after each batch, so that nobody waits for a download.
    """
    last, after = session.scalar(select(func.max(AuditEntry.id))) or 0, 0
    while after < last:
        statement = _matching(select(AuditEntry), wanted).where(AuditEntry.id > after, AuditEntry.id <= last)
        batch = session.scalars(statement.order_by(AuditEntry.id).limit(BATCH).options(joinedload(AuditEntry.by))).all()
        found = [_row(_in_words(office, entry, {})) for entry in batch]
        session.rollback()
        if not found:
            return
        yield found
        after = found[-1][0]


def _in_words(office: Office, entry: AuditEntry, pages: Mapping[str, Mapping[str, str]]) -> Told:
    kind, name = _parts(office, entry.subject)
    details = office.subjects[kind].details if kind in office.subjects else {}
    return Told(
        entry,
        str(office.acts.get(entry.act, entry.act)),
        subject_in_words(office, entry.subject),
        pages.get(kind, {}).get(name),
        tuple(_detail(details.get(key, Detail(key)), value) for key, value in sorted(entry.detail.items())),
    )


def _detail(detail: Detail, value: Any) -> tuple[str, str]:
    return str(detail.word), str(detail.say(value))


def _parts(office: Office, subject: str) -> tuple[str, str]:
    """The kind of a subject and its name, which some have none of."""
    if subject in office.subjects:
        return subject, ""
    kind, _space, name = subject.partition(" ")
    return kind, name


def _row(told: Told) -> tuple[Any, ...]:
    entry = told.entry
    detail = json.dumps(entry.detail, ensure_ascii=False, sort_keys=True)
    name = entry.by.name if entry.by else None
    return (
        *(entry.id, entry.at.isoformat(), entry.by_id, name, entry.act, entry.subject, detail),
        *(told.act, told.subject, "; ".join(f"{word}: {value}" for word, value in told.details)),
    )


def _matching(statement: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.act:
        statement = statement.where(AuditEntry.act == wanted.act)
    if wanted.by:
        statement = statement.where(AuditEntry.by_id == wanted.by)
    if wanted.subject:
        named = [AuditEntry.subject.startswith(f"{one} ", autoescape=True) for one in wanted.subject]
        statement = statement.where(or_(AuditEntry.subject.in_(wanted.subject), *named))
    if wanted.since:
        statement = statement.where(AuditEntry.at >= datetime.combine(wanted.since, time(), BERLIN))
    if wanted.until:
        statement = statement.where(AuditEntry.at < datetime.combine(wanted.until + timedelta(days=1), time(), BERLIN))
    return statement
