"""What there is to moderate, in the order in which it waits. Nothing here changes anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from portal.declaration.models import Revision, Thesis
from portal.discussion.models import (
    DELETED,
    HELD,
    UNCONFIRMED,
    UNDO,
    WAITING,
    Appeal,
    BlockedAddress,
    Closure,
    Comment,
    ModerationDecision,
    Report,
)

QUEUED = (WAITING, HELD)


@dataclass(frozen=True)
class Place:
    """Where a page of a list ends, and the next one begins."""

    since: datetime
    id: int


def queue(
    session: Session, status: str = WAITING, *, after: Place | None = None, size: int = 25
) -> tuple[list[Comment], Place | None]:
    """What waits (or is held), the oldest first: up to `size` comments, and where the next page begins."""
    statement = _in_line(status).options(selectinload(Comment.texts)).limit(size + 1)
    if after is not None:
        statement = statement.where(_line() > (after.since, after.id))
    found = list(session.scalars(statement))
    last = found[size - 1] if len(found) > size else None
    return found[:size], Place(last.waiting_since, last.id) if last and last.waiting_since else None


def settled(
    session: Session, status: str, *, before: int | None = None, size: int = 25
) -> tuple[list[Comment], int | None]:
    """The comments of another status, the newest first."""
    statement = select(Comment).where(Comment.status == status, Comment.withdrawn_at.is_(None))
    statement = statement.order_by(Comment.id.desc()).limit(size + 1)
    if before is not None:
        statement = statement.where(Comment.id < before)
    found = list(session.scalars(statement.options(selectinload(Comment.texts))))
    return found[:size], found[size - 1].id if len(found) > size else None


def place_of(comment: Comment) -> Place | None:
    """Where a comment stands in line, if it does."""
    return Place(comment.waiting_since, comment.id) if comment.waiting_since else None


def next_after(session: Session, status: str, place: Place) -> Comment | None:
    """The comment that waits behind this place."""
    return session.scalar(_in_line(status).where(_line() > (place.since, place.id)).limit(1))


def next_in_line(session: Session, comment: Comment) -> Comment | None:
    """The comment that waits behind this one."""
    place = place_of(comment)
    return next_after(session, comment.status, place) if place else None


def previous_in_line(session: Session, comment: Comment) -> Comment | None:
    """The comment that waits before this one."""
    here = place_of(comment)
    if here is None:
        return None
    before = select(Comment).where(Comment.status == comment.status, _line() < (here.since, here.id))
    return session.scalar(before.order_by(Comment.waiting_since.desc(), Comment.id.desc()).limit(1))


def first_in_line(session: Session, status: str = WAITING) -> Comment | None:
    """The comment that has waited longest."""
    return session.scalar(_in_line(status).limit(1))


def counts(session: Session) -> dict[str, int]:
    """How many comments there are in each status that moderators see."""
    rows = session.execute(select(Comment.status, func.count()).where(*_seen()).group_by(Comment.status))
    return {status: number for status, number in rows}  # noqa: C416 - a row is not a pair to dict()


def to_moderate(session: Session, comment_id: int) -> Comment | None:
    """The comment with this number, unless only its author may see it or it is gone."""
    statement = select(Comment).where(Comment.id == comment_id, *_seen())
    return session.scalar(
        statement.options(
            selectinload(Comment.texts),
            joinedload(Comment.revision).selectinload(Revision.theses).selectinload(Thesis.texts),
            joinedload(Comment.parent).selectinload(Comment.texts),
        )
    )


def still_there(session: Session, numbers: Sequence[int]) -> Sequence[int]:
    """Those of the comments that moderators can look at."""
    return session.scalars(select(Comment.id).where(Comment.id.in_(numbers), *_seen())).all()


def history(session: Session, comment: Comment) -> Sequence[ModerationDecision]:
    """Every decision on this comment, the undone and the undoing too, in their order."""
    statement = select(ModerationDecision).where(ModerationDecision.comment_id == comment.id)
    statement = statement.options(joinedload(ModerationDecision.statement)).order_by(ModerationDecision.id)
    return session.scalars(statement).all()


@dataclass(frozen=True)
class Tally:
    """How often one thing was decided."""

    act: str
    reason: str | None
    number: int


def earlier_decisions(session: Session, comment: Comment) -> list[Tally]:
    """What was decided on the other comments from this address, as far as they are still there."""
    if comment.address_key is None:
        return []
    statement = (
        select(ModerationDecision.act, ModerationDecision.reason, func.count())
        .join(Comment, Comment.id == ModerationDecision.comment_id)
        .where(Comment.address_key == comment.address_key, Comment.id != comment.id, *standing())
        .group_by(ModerationDecision.act, ModerationDecision.reason)
        .order_by(ModerationDecision.act, ModerationDecision.reason)
    )
    return [Tally(*row) for row in session.execute(statement)]


def appeals(session: Session, *, decided: bool, size: int = 50) -> Sequence[Appeal]:
    """The open appeals, the oldest first; or the latest of the decided ones."""
    statement = select(Appeal).join(Appeal.comment).where(*_seen()).limit(size)
    statement = statement.options(joinedload(Appeal.comment).selectinload(Comment.texts))
    if decided:
        statement = statement.where(Appeal.status != "open").order_by(Appeal.decided_at.desc(), Appeal.id.desc())
    else:
        statement = statement.where(Appeal.status == "open").order_by(Appeal.id)
    return session.scalars(statement).all()


def appeals_still_there(session: Session, numbers: Sequence[int]) -> Sequence[int]:
    """Those of the appeals that moderators can look at."""
    there = select(Appeal.id).join(Appeal.comment).where(Appeal.id.in_(numbers), *_seen())
    return session.scalars(there).all()


def open_appeals(session: Session) -> int:
    """How many appeals wait."""
    waiting = select(func.count(Appeal.id)).join(Appeal.comment).where(Appeal.status == "open", *_seen())
    return session.scalar(waiting) or 0


@dataclass(frozen=True)
class Reported:
    """A comment with open reports."""

    comment: Comment
    number: int
    first_at: datetime


def reported(session: Session, *, after: int = 0, size: int = 25) -> tuple[list[Reported], int | None]:
    """The comments that are reported, the one that was reported first at the top; and where the next page begins."""
    first = func.min(Report.id)
    statement = (
        select(Report.comment_id, func.count(), func.min(Report.reported_at), first)
        .join(Report.comment)
        .where(Report.status == "open", *_seen())
        .group_by(Report.comment_id)
        .having(first > after)
        .order_by(first)
        .limit(size + 1)
    )
    rows = session.execute(statement).all()
    about = select(Comment).where(Comment.id.in_([row[0] for row in rows])).options(selectinload(Comment.texts))
    comments = {comment.id: comment for comment in session.scalars(about)}
    found = [Reported(comments[comment_id], number, since) for comment_id, number, since, _first in rows[:size]]
    return found, rows[size - 1][3] if len(rows) > size else None


def reports_on(session: Session, comment: Comment) -> Sequence[Report]:
    """All reports on a comment, in their order."""
    return session.scalars(select(Report).where(Report.comment_id == comment.id).order_by(Report.id)).all()


def comments_of_reports(session: Session, numbers: Sequence[int]) -> dict[int, int]:
    """The comments that these reports are about, by the reports' numbers, as far as both are still there."""
    about = select(Report.id, Report.comment_id).join(Report.comment).where(Report.id.in_(numbers), *_seen())
    return {number: comment for number, comment in session.execute(about)}  # noqa: C416 - a row is not a pair to dict()


def open_reports(session: Session) -> int:
    """How many reports wait."""
    waiting = select(func.count(Report.id)).join(Report.comment).where(Report.status == "open", *_seen())
    return session.scalar(waiting) or 0


def blocked_addresses(session: Session) -> Sequence[BlockedAddress]:
    """All blocked addresses, the latest first."""
    return session.scalars(select(BlockedAddress).order_by(BlockedAddress.at.desc(), BlockedAddress.address_key)).all()


def closures(session: Session) -> dict[str, Closure]:
    """What is closed, by thesis key; `EVERYTHING` stands for everything."""
    return {closure.thesis_key: closure for closure in session.scalars(select(Closure))}


def _seen() -> tuple[ColumnElement[bool], ...]:
    """Comments that are confirmed and that their author has not taken back."""
    return (Comment.status.not_in((UNCONFIRMED, DELETED)), Comment.withdrawn_at.is_(None))


def _line() -> ColumnElement[bool]:
    return tuple_(Comment.waiting_since, Comment.id)  # type: ignore[return-value]  # the stub knows no tuple of columns


def _in_line(status: str) -> Select[Comment]:
    waiting = select(Comment).where(Comment.status == status, Comment.waiting_since.is_not(None))
    return waiting.order_by(Comment.waiting_since, Comment.id)


def standing() -> tuple[ColumnElement[bool], ...]:
    """Decisions that were not undone."""
    undoing = aliased(ModerationDecision)
    undone = select(undoing.id).where(undoing.undoes_id == ModerationDecision.id).exists()
    return (ModerationDecision.act != UNDO, ~undone)
