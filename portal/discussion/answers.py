"""Answer officially, and settle what became of a comment: the only ways in which either changes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.declaration.models import Revision, Thesis
from portal.discussion import notices
from portal.discussion.models import PARTLY, TAKEN_UP, Comment, OfficialAnswer, Outcome
from portal.discussion.moderation import turn
from portal.organisers import audit
from portal.web.caching import public_changed

IN_THE_TEXT = (TAKEN_UP, PARTLY)
"""The outcomes that a revision can show."""


class Outdated(Exception):
    """The comment, or what was said to it, is no longer what the organiser saw. Nothing was changed."""


class NotLater(Exception):
    """A revision cannot take up a comment that was written on it or on a later one."""


@dataclass(frozen=True)
class Seen:
    """What an organiser had before her when she began to write."""

    text_number: int | None
    """The comment's published text."""
    at: datetime | None
    """When the answer, or the outcome, was last written; None if there was none."""


def to_answer(session: Session, comment_id: int) -> Comment | None:
    """The comment with this number, if it is public."""
    statement = select(Comment).where(Comment.id == comment_id, Comment.published_number.is_not(None))
    return session.scalar(
        statement.options(
            selectinload(Comment.texts),
            joinedload(Comment.revision).selectinload(Revision.theses).selectinload(Thesis.texts),
        )
    )


def answer_of(session: Session, comment: Comment) -> OfficialAnswer | None:
    """The official answer to a comment."""
    return session.get(OfficialAnswer, comment.id, populate_existing=True)


def outcome_of(session: Session, comment: Comment) -> Outcome | None:
    """What became of a comment."""
    return session.get(Outcome, comment.id, populate_existing=True)


def answer(session: Session, comment_id: int, seen: Seen, source: str, *, by: int, now: datetime) -> OfficialAnswer:
    """Answer a public comment, or write its answer anew. Of the first answer its author hears by mail, if she asked to.

    Raises Outdated.
    """
    comment = _public(session, comment_id)
    known = answer_of(session, comment) if comment else None
    if comment is None or seen != Seen(comment.published_number, known.at if known else None):
        raise Outdated
    given = known or OfficialAnswer(comment_id=comment.id)
    given.source, given.by_id, given.at = source, by, now
    session.add(given)
    session.flush()
    if known is None:
        notices.author_answered(session, comment, given, now)
    _changed(session, comment, "answer.change" if known else "answer.publish", by, now)
    return given


def withdraw_answer(session: Session, comment_id: int, seen: Seen, *, by: int, now: datetime) -> None:
    """Take the answer back. Raises Outdated."""
    comment = _public(session, comment_id)
    known = answer_of(session, comment) if comment else None
    if comment is None or known is None or seen != Seen(comment.published_number, known.at):
        raise Outdated
    session.delete(known)
    session.flush()
    _changed(session, comment, "answer.withdraw", by, now)


def settle(
    session: Session,
    comment_id: int,
    seen: Seen,
    outcome: str,
    reason: str,
    revision: Revision | None,
    *,
    by: int,
    now: datetime,
) -> Outcome:
    """Say what became of a public comment, why, and which revision shows it. Raises Outdated and NotLater.

    Of the first outcome its author hears by mail, if she asked to.
    """
    comment = _public(session, comment_id)
    known = outcome_of(session, comment) if comment else None
    if comment is None or seen != Seen(comment.published_number, known.at if known else None):
        raise Outdated
    shown_in = revision if outcome in IN_THE_TEXT else None
    if shown_in is not None and shown_in.number <= comment.revision.number:
        raise NotLater
    settled = known or Outcome(comment_id=comment.id)
    settled.outcome, settled.reason, settled.revision = outcome, reason, shown_in
    settled.by_id, settled.at = by, now
    session.add(settled)
    session.flush()
    if known is None:
        notices.outcome_published(session, comment, settled, now)
    _changed(session, comment, "outcome.change" if known else "outcome.publish", by, now, outcome=outcome)
    return settled


def withdraw_outcome(session: Session, comment_id: int, seen: Seen, *, by: int, now: datetime) -> None:
    """Take the outcome back: what becomes of the comment is open again. Raises Outdated."""
    comment = _public(session, comment_id)
    known = outcome_of(session, comment) if comment else None
    if comment is None or known is None or seen != Seen(comment.published_number, known.at):
        raise Outdated
    session.delete(known)
    session.flush()
    _changed(session, comment, "outcome.withdraw", by, now)


def _public(session: Session, comment_id: int) -> Comment | None:
    """The comment if it is public, to be changed by nobody else until the transaction ends."""
    comment = turn(session, comment_id)
    return comment if comment is not None and comment.published_number is not None else None


def _changed(session: Session, comment: Comment, act: str, by: int, now: datetime, **detail: str) -> None:
    public_changed(session)
    audit.record(session, by, act, f"comment {comment.id}", now, text=comment.published_number or 0, **detail)
