"""Taking a comment back: what goes, what stays, and what the public sees change."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.clock import now
from portal.config import Settings
from portal.database import Base
from portal.discussion import comments, moderation
from portal.discussion.models import (
    Appeal,
    Comment,
    DecisionStatement,
    ModerationDecision,
    OfficialAnswer,
    Outcome,
    Report,
)
from portal.mail.models import OutboxMail
from portal.optin.models import OptIn
from portal.optin.operations import expire
from portal.organisers.models import Organiser
from portal.privacy import holds, operations
from tests.databases import engine_of
from tests.discussion.conftest import Confirm, Decide, Write, later, mails, states
from tests.discussion.test_commenting import version

Delete = Callable[[Comment], None]


@pytest.fixture
def delete(session: Session) -> Delete:
    def take_back(comment: Comment) -> None:
        comments.delete_comment(session, session.get_one(Comment, comment.id), now())
        session.commit()

    return take_back


def everything(app: Flask, session: Session) -> str:
    """Every value of every row."""
    session.commit()
    with engine_of(app).connect() as connection:
        return repr([tuple(row) for table in Base.metadata.sorted_tables for row in connection.execute(select(table))])


def number_of(session: Session, *tables: type[Base]) -> list[int]:
    """How many rows these tables have."""
    session.commit()
    return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def test_a_comment_without_replies_goes_as_a_whole(
    app: Flask, session: Session, published: Write, delete: Delete
) -> None:
    comment = published("Ein einmaliger Satz.", name="Ada Einmalig", capacity="research")
    before = version(session)
    delete(comment)
    assert states(session) == []
    assert version(session) > before
    left = everything(app, session)
    for trace in ("Einmalig", "einmaliger", "ada@", "research"):
        assert trace not in left
    assert session.scalars(select(ModerationDecision.act)).all() == ["approve"], "the public counters stay true"
    proof = session.scalars(select(OptIn)).one()
    assert proof.email is None
    assert proof.withdrawn_at is not None


def test_edge_20_a_parent_leaves_a_placeholder_without_a_trace(
    app: Flask, session: Session, published: Write, moderator: Organiser, delete: Delete, decide: Decide
) -> None:
    """Name, address and hash are gone from every row; the reply stays."""
    parent = published(
        "Ein einmaliger Satz.", name="Ada Einmalig", capacity="research", notify_replies=True, thesis="ort"
    )
    key = parent.address_key
    assert key is not None
    reply = published("Antwort.", to=parent, name="Bo Muster", email="bo@example.org")
    comments.edit_comment(session, parent, "Ein einmaliger Satz, ergänzt.", now())
    session.commit()
    decide(parent, "return", statement="Bitte ohne einmaligen Namen.")
    session.add(
        Report(
            comment_id=parent.id, text_number=1, reason="insult", explanation="Grund", language="de", reported_at=now()
        )
    )
    session.add(OfficialAnswer(comment_id=parent.id, source="Antwort der Redaktion", by_id=moderator.id, at=now()))
    session.add(Outcome(comment_id=parent.id, outcome="noted", reason="Grund", by_id=moderator.id, at=now()))
    session.commit()
    before = version(session)
    delete(parent)
    assert states(session) == [(None, "deleted"), ("Bo Muster", "published")]
    assert version(session) > before
    left = everything(app, session)
    for trace in ("Einmalig", "einmalig", "ada@", "research"):
        assert trace not in left
    assert number_of(session, Report, OfficialAnswer, Outcome) == [0, 0, 0]
    placeholder = session.get_one(Comment, parent.id)
    assert placeholder.texts == []
    for table in (Comment, Appeal, Report, DecisionStatement):
        assert key not in repr(session.execute(select(table.__table__)).all())
    assert session.get_one(Comment, reply.id).parent_id == parent.id


def test_edge_20_the_placeholder_goes_with_the_last_reply(session: Session, published: Write, delete: Delete) -> None:
    root = published("Wurzel.")
    reply = published("Antwort.", to=root, name="Bo", email="bo@example.org")
    deepest = published("Antwort darauf.", to=reply, name="Cem", email="cem@example.org")
    other = published("Andere Antwort.", to=root, name="Dea", email="dea@example.org")
    delete(root)
    delete(reply)
    assert states(session) == [(None, "deleted"), (None, "deleted"), ("Cem", "published"), ("Dea", "published")]
    delete(other)
    assert states(session) == [(None, "deleted"), (None, "deleted"), ("Cem", "published")]
    delete(deepest)
    assert states(session) == [], "up to the root"


def test_edge_20_a_reply_that_expires_takes_the_placeholder_along(
    session: Session, settings: Settings, published: Write, write: Write, delete: Delete
) -> None:
    parent = published()
    write("Nie bestätigt.", to=parent, email="bo@example.org")
    delete(parent)
    assert [state for _, state in states(session)] == ["deleted", "unconfirmed"]
    expire(session, {comments.PURPOSE.name: comments.PURPOSE}, later(days=settings.optin_days, minutes=1))
    assert states(session) == []


def test_open_mails_about_a_comment_go_with_it(
    session: Session, published: Write, write: Write, decide: Decide, confirm: Confirm, delete: Delete
) -> None:
    """What was sent cannot be fetched back; what waits is not sent any more, to the parent's author neither."""
    parent = published(notify_replies=True)
    reply = write("Antwort.", to=parent, name="Bo", email="bo@example.org")
    confirm()
    decide(reply)
    assert mails(session) == ["confirm", "received", "approved", "confirm", "received", "approved", "reply"]
    delete(reply)
    assert mails(session) == ["confirm", "received", "approved"]


def test_other_comments_of_the_same_request_keep_its_proof(
    session: Session, write: Write, confirm: Confirm, delete: Delete
) -> None:
    first, second = write("Erstens."), write("Zweitens.")
    confirm()
    delete(second)
    request = session.scalars(select(OptIn)).one()
    assert (request.email, request.withdrawn_at, request.subject) == ("ada@example.org", None, first.id)
    delete(first)
    session.refresh(request)
    assert request.email is None
    assert request.withdrawn_at is not None


def test_taking_back_what_is_not_confirmed_leaves_the_others_to_confirm(
    session: Session, write: Write, confirm: Confirm, delete: Delete
) -> None:
    """Somebody else wrote with the same address: its owner takes that one out and confirms the rest."""
    own, false = write("Von mir."), write("Nicht von mir.", name="Jemand")
    delete(false)
    confirm()
    assert states(session) == [("Ada Beispiel", "waiting")]
    delete(own)
    assert states(session) == []


def test_what_was_never_public_changes_nothing_public(
    session: Session, write: Write, confirm: Confirm, delete: Delete
) -> None:
    before = version(session)
    for confirmed in (False, True):
        comment = write()
        if confirmed:
            confirm()
        delete(comment)
    assert version(session) == before


@pytest.mark.parametrize("table", ["comments", "reports"])
def test_a_legal_hold_keeps_the_comment_out_of_sight(
    app: Flask, session: Session, settings: Settings, published: Write, delete: Delete, table: str
) -> None:
    """Edge case 10: on the comment itself, or on a report that would go with it; another comment goes all the same."""
    comment, other = published("Streitig."), published("Ein anderer.")
    report = Report(
        comment_id=comment.id, text_number=1, reason="insult", explanation="Grund", language="de", reported_at=now()
    )
    session.add(report)
    session.flush()
    held = comment if table == "comments" else report
    holds.place(session, table, held.id, "claim 1", now())
    token = comments.status_token(settings, comment)
    key = str(comment.address_key)
    before = version(session)
    operations.erase(session, app.extensions["personal_data"], key, now())
    session.commit()
    assert states(session) == [("Ada Beispiel", "rejected")]
    assert (comment.published_number, comment.withdrawn_at is not None) == (None, True)
    assert version(session) > before
    assert comments.own_comment(session, settings, token) is None
    assert "comments" not in operations.export(session, app.extensions["personal_data"], key)
    assert comments.refusal(session, comment.revision, None, comment.id) == "parent_deleted"
    operations.retain(session, app.extensions["personal_data"], settings, now())
    assert states(session) == [("Ada Beispiel", "rejected")]
    holds.lift(session, table, held.id)
    operations.retain(session, app.extensions["personal_data"], settings, now())
    assert states(session) == []
    assert other.id not in session.scalars(select(Comment.id)).all()


def test_nobody_learns_of_what_was_never_public_and_is_held(session: Session, write: Write, confirm: Confirm) -> None:
    comment = write()
    confirm()
    holds.place(session, "comments", comment.id, "claim 1", now())
    comments.delete_comment(session, comment, now())
    session.commit()
    assert comment.withdrawn_at is not None
    assert comments.refusal(session, comment.revision, None, comment.id) == "parent_not_public"


def test_an_open_appeal_goes_with_the_comment(
    session: Session, settings: Settings, write: Write, confirm: Confirm, decide: Decide, delete: Delete
) -> None:
    comment = write()
    confirm()
    decide(comment, "reject")
    assert moderation.file_appeal(session, settings, comment, "Ich widerspreche.", now()) is not None
    session.commit()
    delete(comment)
    assert number_of(session, Comment, Appeal, DecisionStatement, ModerationDecision) == [0, 0, 0, 1]


def test_nothing_is_left_of_the_mails_of_an_unconfirmed_comment(session: Session, write: Write, delete: Delete) -> None:
    delete(write())
    assert number_of(session, OutboxMail, OptIn, Comment) == [0, 0, 0]


def test_a_comment_that_is_gone_is_deleted_without_complaint(
    session: Session, published: Write, delete: Delete
) -> None:
    parent = published()
    reply = published("Antwort.", to=parent, email="bo@example.org")
    delete(parent)
    gone: list[Any] = [session.get_one(Comment, parent.id), session.get_one(Comment, reply.id)]
    comments.delete_comments(session, gone, now())
    comments.delete_comments(session, [], now())
    assert states(session) == []
