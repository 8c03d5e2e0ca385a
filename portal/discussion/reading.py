"""What the public reads of the discussion. Nothing here ever loads a text that is not published."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, Literal, NamedTuple

from markupsafe import Markup
from sqlalchemy import Row, Select, and_, case, exists, func, literal_column, select, tuple_
from sqlalchemy.orm import Session, aliased

from portal.declaration import operations as declaration
from portal.declaration.models import Revision, Thesis
from portal.discussion.models import (
    APPROVE,
    DEEPEST,
    DELETED,
    REJECT,
    RETURN,
    Closure,
    Comment,
    CommentText,
    ModerationDecision,
    OfficialAnswer,
    Outcome,
)
from portal.web.copies import public_name

PAGE = 20
"""Threads on one page, and outcomes."""
FEED = 50
"""Entries of a feed."""
WHOLE = "0"
"""What stands in an address for the declaration as a whole: no thesis's key begins with a digit."""
RECENT_DECISIONS = 500
"""Over how many of the latest decisions the median is taken."""

NEWEST, OLDEST, ANSWERED = ORDERS = ("neueste", "aelteste", "meist-beantwortet")

Standing = Literal["exact", "older", "orphaned"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile("([0-9]{1,16})-([0-9]{1,9})")


class Unreadable(Exception):
    """An address that no page of ours links to."""


@dataclass(frozen=True)
class Topic:
    """What a comment is about: a thesis, or the declaration as a whole."""

    key: str | None
    """The thesis's stable id, None for the whole."""
    thesis: Thesis | None
    """As the latest revision that has it words it."""
    current: bool
    """Whether the current revision has it."""
    count: int = 0
    closed: bool = False

    @property
    def value(self) -> str:
        """How the topic is written in an address."""
        return self.key or WHOLE


@dataclass(frozen=True)
class Place:
    """Where exactly a comment was written, and what has become of that place."""

    revision: Revision
    thesis: Thesis | None
    standing: Standing
    current: Revision


@dataclass(frozen=True)
class Answer:
    """What the organisers say to a comment."""

    source: str
    at: datetime


@dataclass(frozen=True)
class Result:
    """What became of a comment in the declaration."""

    outcome: str
    reason: str
    revision: Revision | None
    """The revision that takes it up."""


@dataclass(frozen=True)
class PublicComment:
    """One comment as everybody reads it; or the placeholder of one that is gone and was answered."""

    id: int
    parent_id: int | None
    depth: int
    gone: Literal["", "deleted", "removed"]
    """Who took it away, its author or the office; empty while it stands."""
    name: str
    capacity: str | None
    language: str
    html: Markup
    written_at: datetime
    published_at: datetime | None
    changed_at: datetime | None
    """When the text was written that stands there now, if that was after it was first published."""
    thesis_key: str | None
    place: Place
    open: bool
    """Whether somebody may reply to it."""
    answer: Answer | None
    result: Result | None
    replies: "tuple[PublicComment, ...]" = ()

    @property
    def settled(self) -> bool:
        """Whether nothing is left to say about it: it has an outcome, or it is gone."""
        return bool(self.gone) or self.result is not None


@dataclass(frozen=True)
class Threads:
    """One page of threads, and where the next page begins."""

    threads: Sequence[PublicComment]
    following: str | None


class Library:
    """All revisions, to look up where a comment stands. Made once for each page."""

    def __init__(self, revisions: Sequence[Revision]) -> None:
        self.revisions = {revision.id: revision for revision in revisions}
        self.current = revisions[-1]

    def place(self, revision_id: int, key: str | None) -> Place:
        """Where a comment on this revision, and on the thesis with this key, stands today."""
        revision = self.revisions[revision_id]
        thesis = revision.thesis(key) if key else None
        return Place(revision, thesis, standing(revision, key, self.current), self.current)

    def latest(self, key: str) -> Thesis | None:
        """The thesis as the latest revision that has it words it."""
        found = (revision.thesis(key) for revision in reversed(self.revisions.values()))
        return next((thesis for thesis in found if thesis), None)


def library(session: Session) -> Library | None:
    """The revisions, or None while none is published."""
    revisions = declaration.revisions(session)
    return Library(revisions) if revisions else None


def standing(written_on: Revision, key: str | None, current: Revision) -> Standing:
    """How what a comment was written on stands today.

    exact     it says the same, in every language, word for word
    older     it has been reworded since
    orphaned  the current revision no longer has the thesis
    """
    if written_on.id == current.id:
        return "exact"
    if key is None:
        return "older"
    then, today = written_on.thesis(key), current.thesis(key)
    if today is None:
        return "orphaned"
    return "exact" if then is not None and _words_shared(then, today) else "older"


def _words_shared(one: Thesis, other: Thesis) -> bool:
    """Whether two wordings say the same in every language that both have: a translation that was added changes none."""
    said, says = ({text.language: (text.heading, text.text) for text in thesis.texts} for thesis in (one, other))
    return all(said[language] == says[language] for language in said.keys() & says.keys())


def closures(session: Session) -> frozenset[str]:
    """The keys of the theses whose discussion is closed; an empty one closes everything."""
    return frozenset(session.scalars(select(Closure.thesis_key)))


def is_closed(closed: frozenset[str], key: str | None) -> bool:
    """Whether nobody may write on this any more."""
    return "" in closed or (key is not None and key in closed)


def comment_counts(session: Session) -> dict[str | None, int]:
    """Public comments and replies of each thesis, by its key; None stands for the whole."""
    counted = _public(Comment.thesis_key, func.count()).group_by(Comment.thesis_key)
    return dict(session.execute(counted).all())


def topics(library: Library, counts: Mapping[str | None, int], closed: frozenset[str]) -> list[Topic]:
    """The whole, the current theses in their order, and former theses that have comments."""
    current = [thesis.key for thesis in library.current.theses]
    former = sorted(key for key in counts if key is not None and key not in current)
    return [
        Topic(
            key,
            library.latest(key) if key else None,
            key is None or key in current,
            counts.get(key, 0),
            is_closed(closed, key),
        )
        for key in (None, *current, *former)
    ]


def page_of_threads(
    session: Session,
    library: Library,
    *,
    topic: Topic | None = None,
    outcome: str = "",
    order: str = NEWEST,
    after: str = "",
    size: int = PAGE,
) -> Threads:
    """Up to `size` threads with all their replies. Raises Unreadable if `after` is not the end of a page of ours.

    A thread is there while anything in it is public. `outcome` leaves those in which a comment has this outcome.
    """
    members = _public(Comment.id, Comment.depth, _ROOT, topic=topic).subquery()
    roots = select(members.c.root_id, func.sum(case((members.c.depth > 0, 1), else_=0)).label("replies")).group_by(
        members.c.root_id
    )
    if outcome:
        decided = select(Outcome.comment_id).where(Outcome.outcome == outcome)
        roots = roots.having(func.max(case((members.c.id.in_(decided), 1), else_=0)) == 1)
    thread = roots.subquery()
    by: Any = thread.c.replies if order == ANSWERED else Comment.requested_at
    statement = select(Comment.id, by.label("by")).join(thread, thread.c.root_id == Comment.id).limit(size + 1)
    if order == OLDEST:
        statement = statement.order_by(by, Comment.id)
    else:
        statement = statement.order_by(by.desc(), Comment.id.desc())
    if after:
        value, number = _cursor(after)
        end = tuple_(by, Comment.id)
        edge = (value if order == ANSWERED else _EPOCH + timedelta(microseconds=value), number)
        statement = statement.where(end > edge if order == OLDEST else end < edge)
    found = session.execute(statement).all()
    shown = found[:size]
    following = _cursor_after(shown[-1]) if len(found) > size else None
    return Threads(_threads(session, library, [row.id for row in shown]), following)


def thread_of(session: Session, library: Library, number: int) -> PublicComment | None:
    """The thread in which comment `number` can be read, or its placeholder; None if it cannot."""
    root = number
    for _ in range(DEEPEST):
        root = session.scalar(select(Comment.parent_id).where(Comment.id == root)) or root
    found = _threads(session, library, [root])
    return found[0] if found and any(comment.id == number for comment in walk(found[0])) else None


def walk(comment: PublicComment) -> Iterator[PublicComment]:
    """The comment and everything below it, in reading order."""
    yield comment
    for reply in comment.replies:
        yield from walk(reply)


def public_comment(session: Session, library: Library, number: int) -> PublicComment | None:
    """Comment `number` alone, if its text is public."""
    thread = thread_of(session, library, number)
    found = next((one for one in walk(thread) if one.id == number), None) if thread else None
    return found if found and not found.gone else None


def latest(session: Session, library: Library, *, topic: Topic | None = None) -> list[PublicComment]:
    """The comments that were published last, the newest first."""
    statement = _published(topic).order_by(Comment.published_at.desc(), Comment.id.desc()).limit(FEED)
    return _read(session, library, session.execute(statement).all())


@dataclass(frozen=True)
class Results:
    """One page of comments that have an outcome, and where the next page begins."""

    comments: Sequence[PublicComment]
    following: str | None


def page_of_results(
    session: Session, library: Library, *, outcome: str = "", after: str = "", size: int = PAGE
) -> Results:
    """Comments with their outcome, the latest first. Raises Unreadable if `after` is not the end of a page of ours."""
    statement = (
        _published()
        .join(Outcome, Outcome.comment_id == Comment.id)
        .add_columns(Outcome.at.label("by"))
        .order_by(Outcome.at.desc(), Comment.id.desc())
        .limit(size + 1)
    )
    if outcome:
        statement = statement.where(Outcome.outcome == outcome)
    if after:
        value, number = _cursor(after)
        statement = statement.where(tuple_(Outcome.at, Comment.id) < (_EPOCH + timedelta(microseconds=value), number))
    found = session.execute(statement).all()
    shown = found[:size]
    following = _cursor_after(shown[-1]) if len(found) > size else None
    return Results(_read(session, library, shown), following)


def result_counts(session: Session) -> dict[str, int]:
    """How many public comments have which outcome."""
    counted = _public(Outcome.outcome, func.count()).join(Outcome, Outcome.comment_id == Comment.id)
    counted = counted.group_by(Outcome.outcome)
    return dict(session.execute(counted).all())


@dataclass(frozen=True)
class Counters:
    """What became of the comments that moderators decided on: the latest decision on each."""

    received: int
    published: int
    returned: int
    rejected: Mapping[str, int]
    """By reason."""
    median_hours: float | None
    """From the author's confirmation to the first decision."""

    @property
    def rejected_altogether(self) -> int:
        return sum(self.rejected.values())


def counters(session: Session) -> Counters:
    """The public counters, from the append-only decisions: they stay true when comments are deleted."""
    standing_decisions = _decisions(ModerationDecision.comment_id, func.max(ModerationDecision.id).label("id"))
    last = standing_decisions.group_by(ModerationDecision.comment_id).subquery()
    counted = (
        select(ModerationDecision.act, ModerationDecision.reason, func.count())
        .join(last, last.c.id == ModerationDecision.id)
        .group_by(ModerationDecision.act, ModerationDecision.reason)
    )
    acts: dict[str, int] = {}
    rejected: dict[str, int] = {}
    for act, reason, number in session.execute(counted):
        acts[act] = acts.get(act, 0) + number
        if act == REJECT and reason:
            rejected[reason] = number
    return Counters(
        received=sum(acts.values()),
        published=acts.get(APPROVE, 0),
        returned=acts.get(RETURN, 0),
        rejected=rejected,
        median_hours=_median_hours(session),
    )


def _decisions(*columns: Any) -> Select[Any]:
    """Decisions that stand: not put aside by themselves, and not undone."""
    undoing = aliased(ModerationDecision)
    return select(*columns).where(
        ModerationDecision.act.in_((APPROVE, RETURN, REJECT)),
        ~exists().where(undoing.undoes_id == ModerationDecision.id),
    )


def _median_hours(session: Session) -> float | None:
    first = _decisions(ModerationDecision.comment_id, func.min(ModerationDecision.at).label("at"))
    first = first.group_by(ModerationDecision.comment_id)
    first = first.order_by(func.max(ModerationDecision.id).desc()).limit(RECENT_DECISIONS)
    decided = first.subquery()
    waits = select(Comment.confirmed_at, decided.c.at).join(decided, decided.c.comment_id == Comment.id)
    known = waits.where(Comment.confirmed_at.is_not(None), Comment.imported_from.is_(None))
    hours = [(at - since).total_seconds() / 3600 for since, at in session.execute(known)]
    return median(hours) if hours else None


_ABOVE = aliased(Comment)
_ROOT = case(
    (Comment.depth == literal_column("0"), Comment.id),
    (Comment.depth == literal_column("1"), Comment.parent_id),
    else_=_ABOVE.parent_id,
).label("root_id")
"""The comment that a public comment's thread begins with."""


def _public(*columns: Any, topic: Topic | None = None) -> Any:
    """These columns of the public comments, on a topic or on everything.

    The hint keeps SQLite, which has no statistics, from reading all that waits as well: PostgreSQL knows better.
    """
    statement = (
        select(*columns)
        .select_from(Comment)
        .outerjoin(_ABOVE, and_(_ABOVE.id == Comment.parent_id, Comment.depth == literal_column("2")))
        .where(Comment.published_number.is_not(None))
        .with_hint(Comment, "INDEXED BY ix_comments_visible", "sqlite")
    )
    if topic is None:
        return statement
    return statement.where(Comment.thesis_key == topic.key if topic.key else Comment.thesis_key.is_(None))


def _published(topic: Topic | None = None) -> Any:
    """What the public may know of comments and of their published texts, and nothing else."""
    published = and_(CommentText.comment_id == Comment.id, CommentText.number == Comment.published_number)
    return _public(
        Comment.id,
        Comment.parent_id,
        Comment.depth,
        Comment.revision_id,
        Comment.thesis_key,
        Comment.name,
        Comment.capacity,
        Comment.language,
        Comment.requested_at,
        Comment.published_at,
        CommentText.html,
        CommentText.written_at,
        topic=topic,
    ).join(CommentText, published)


def _threads(session: Session, library: Library, roots: Sequence[int]) -> list[PublicComment]:
    """The threads that begin with these comments, in this order."""
    statement = _published().where(_ROOT.in_(roots)).order_by(Comment.id)
    comments = {one.id: one for one in _read(session, library, session.execute(statement).all())}
    for _ in range(DEEPEST):
        unknown = {one.parent_id for one in comments.values() if one.parent_id} - set(comments)
        comments |= {one.id: one for one in _placeholders(session, library, unknown)}
    below: dict[int | None, list[PublicComment]] = {}
    for comment in sorted(comments.values(), key=lambda one: one.id):
        below.setdefault(comment.parent_id, []).append(comment)
    return [_with_replies(comments[root], below) for root in roots if root in comments]


def _with_replies(comment: PublicComment, below: Mapping[int | None, list[PublicComment]]) -> PublicComment:
    replies = tuple(_with_replies(reply, below) for reply in below.get(comment.id, ()))
    return PublicComment(**{**vars(comment), "replies": replies})


def _read(session: Session, library: Library, rows: Sequence[Row[Any]]) -> list[PublicComment]:
    """The comments of these rows, with answer and outcome."""
    numbers = [row.id for row in rows]
    answers = {
        number: Answer(source, at)
        for number, source, at in session.execute(
            select(OfficialAnswer.comment_id, OfficialAnswer.source, OfficialAnswer.at).where(
                OfficialAnswer.comment_id.in_(numbers)
            )
        )
    }
    results = {
        number: Result(outcome, reason, library.revisions.get(revision_id) if revision_id else None)
        for number, outcome, reason, revision_id in session.execute(
            select(Outcome.comment_id, Outcome.outcome, Outcome.reason, Outcome.revision_id).where(
                Outcome.comment_id.in_(numbers)
            )
        )
    }
    closed = closures(session)
    return [
        PublicComment(
            id=row.id,
            parent_id=row.parent_id,
            depth=row.depth,
            gone="",
            name=public_name(row.name),
            capacity=row.capacity,
            language=row.language,
            html=Markup(row.html),  # noqa: S704 - both gates of portal.text have passed it when it was stored
            written_at=row.requested_at,
            published_at=row.published_at,
            changed_at=row.written_at if row.written_at > row.published_at else None,
            thesis_key=row.thesis_key,
            place=library.place(row.revision_id, row.thesis_key),
            open=row.depth < DEEPEST and not is_closed(closed, row.thesis_key),
            answer=answers.get(row.id),
            result=results.get(row.id),
        )
        for row in rows
    ]


def _placeholders(session: Session, library: Library, numbers: Iterable[int]) -> list[PublicComment]:
    """What stands where something public replies to what is no longer public."""
    statement = select(
        Comment.id,
        Comment.parent_id,
        Comment.depth,
        Comment.status,
        Comment.withdrawn_at,
        Comment.language,
        Comment.requested_at,
        Comment.published_at,
        Comment.revision_id,
        Comment.thesis_key,
    ).where(Comment.id.in_(numbers))
    return [
        PublicComment(
            id=row.id,
            parent_id=row.parent_id,
            depth=row.depth,
            gone="deleted" if row.status == DELETED or row.withdrawn_at else "removed",
            name="",
            capacity=None,
            language=row.language,
            html=Markup(),
            written_at=row.requested_at,
            published_at=row.published_at,
            changed_at=None,
            thesis_key=row.thesis_key,
            place=library.place(row.revision_id, row.thesis_key),
            open=False,
            answer=None,
            result=None,
        )
        for row in session.execute(statement)
    ]


class _Cursor(NamedTuple):
    value: int
    number: int


def _cursor(text: str) -> _Cursor:
    match = _CURSOR.fullmatch(text)
    if match is None:
        raise Unreadable(text)
    return _Cursor(int(match[1]), int(match[2]))


def _cursor_after(row: Row[Any]) -> str:
    by = row.by if isinstance(row.by, int) else (row.by - _EPOCH) // timedelta(microseconds=1)
    return f"{by}-{row.id}"
