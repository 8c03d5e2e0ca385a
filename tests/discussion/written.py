"""Comments, texts and organisers as rows, for tests that are not about how they came to be."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.declaration.models import Revision
from portal.discussion.models import (
    DELETED,
    HELD,
    PUBLISHED,
    UNCONFIRMED,
    WAITING,
    Comment,
    CommentText,
    DecisionStatement,
    ModerationDecision,
)
from portal.organisers.models import Organiser, OrganiserRole
from portal.text.markdown import RENDERER_VERSION, commenters_html

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
WORDS = "Bei uns fehlt ein ruhiger Raum.\n\nDas gilt auch für Hausbesuche."


def written(
    session: Session,
    revision: Revision,
    status: str = PUBLISHED,
    text: str = WORDS,
    *,
    name: str | None = "Jörg {{7*7}} <script>",
    thesis: str | None = "test",
    parent: Comment | None = None,
    at: datetime = NOON,
    **values: Any,
) -> Comment:
    """A comment in this status with one text; a published one shows it."""
    email = values.pop("email", "joerg@example.org")
    anonymous = status == DELETED or values.get("imported_from")
    comment = Comment(
        revision=revision,
        thesis_key=parent.thesis_key if parent else thesis,
        parent=parent,
        depth=parent.depth + 1 if parent else 0,
        status=status,
        published_number=1 if status == PUBLISHED else None,
        published_at=at if status == PUBLISHED else None,
        waiting_since=at if status in {WAITING, HELD} else None,
        confirmed_at=None if status == UNCONFIRMED else at,
        name=None if status == DELETED else name,
        email=None if anonymous else email,
        address_key=None if anonymous else f"key of {email}",
        requested_at=at,
        **{"language": "de", **values},
    )
    if status != DELETED:
        _add_text(comment, text, at)
    session.add(comment)
    session.flush()
    return comment


def edited(session: Session, comment: Comment, text: str, status: str = WAITING, at: datetime = NOON) -> None:
    """A later text, which makes the comment wait, or whatever `status` says."""
    with session.no_autoflush:
        comment.status, comment.waiting_since = status, at if status == WAITING else None
        _add_text(comment, text, at)
    session.flush()


def _add_text(comment: Comment, text: str, at: datetime) -> None:
    row = CommentText(
        number=len(comment.texts) + 1,
        source=text,
        html=str(commenters_html(text)),
        renderer_version=RENDERER_VERSION,
        written_at=at,
    )
    comment.texts.append(row)
    comment.latest_number = row.number


def decided(
    session: Session, comment: Comment, act: str, by: Organiser | None, at: datetime = NOON, **values: Any
) -> ModerationDecision:
    """A decision on the latest text, as a row; what it does to the comment is for the test to say."""
    said = values.pop("statement", "")
    decision = ModerationDecision(
        comment_id=comment.id,
        by_id=by.id if by else None,
        automated=by is None,
        at=at,
        **{"text_number": comment.latest_number, "status_before": WAITING, **values},
        act=act,
    )
    if said:
        decision.statement = DecisionStatement(text=said)
    session.add(decision)
    session.flush()
    return decision


def organiser(session: Session, *roles: str, name: str = "Mara Muster", **values: Any) -> Organiser:
    """Somebody who works in the office and cannot log in."""
    email = f"{name.split(maxsplit=1)[0].lower()}@example.org"
    row = Organiser(
        name=name, email=email, address_key=f"key of {email}", invited_at=NOON, **{"language": "de", **values}
    )
    row.role_rows = [OrganiserRole(role=role) for role in roles]
    session.add(row)
    session.flush()
    return row
