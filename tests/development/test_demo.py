"""`demo load|clear`: a discussion in which every state can be looked at, and of which nothing public is left."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import Select, delete, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.clock import now
from portal.discussion.models import (
    STATES,
    Appeal,
    Comment,
    CommentText,
    ModerationDecision,
    OfficialAnswer,
    Outcome,
    PositionSheet,
    Report,
)
from portal.literature.models import Record, Topic
from portal.mail.models import OutboxMail
from portal.optin.models import OptIn
from portal.organisers.frame import Office
from portal.organisers.models import AuditEntry, Organiser
from portal.signatures.models import Signature
from portal.subscribers.models import Subscription
from tests.databases import engine_of
from tests.revisions import publish_revision


def run(app: Flask, session: Session, *arguments: str) -> str:
    """What a command says."""
    session.commit()
    result = app.test_cli_runner().invoke(args=["demo", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_demo_discussion_shows_every_state_and_leaves_nothing_public(app: Flask, session: Session) -> None:
    publish_revision(session)
    said = run(app, session, "load", "--people", "3")
    assert set(session.scalars(select(Comment.status))) == set(STATES)
    assert {report.status for report in session.scalars(select(Report))} == {"open", "acted", "dismissed"}
    assert {appeal.status for appeal in session.scalars(select(Appeal))} == {"open", "reversed"}
    assert session.scalar(select(func.max(Comment.depth))) == 2
    assert session.scalars(select(OfficialAnswer)).first() is not None
    assert session.scalars(select(Outcome)).first() is not None
    for text in session.scalars(select(CommentText.source)):
        assert "Beispiel" in text or "Example" in text
    assert session.scalars(select(OutboxMail.id)).all() == [], "nobody is mailed"
    assert session.scalars(select(Subscription.name)).all() == ["Demo-Person 3"]
    assert not any(organiser.active for organiser in session.scalars(select(Organiser)))
    number = session.scalar(select(func.count()).select_from(Comment))
    assert said == (
        f"3 demo people have signed. Also there: {number} demo comments, 12 news, 240 answers to a survey,"
        " a conference, and literature.\n"
    )
    gone = f"3 demo people, {number} demo comments and 12 news are gone, with survey, conference, literature.\n"
    assert run(app, session, "clear") == gone
    with engine_of(app).connect() as connection:
        for table in (Comment, ModerationDecision, Report, PositionSheet, OptIn, Signature, Subscription):
            assert connection.scalar(select(func.count()).select_from(table)) == 0, table.__tablename__
    assert run(app, session, "load", "--people", "1").startswith("1 demo people have signed")
    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(delete(ModerationDecision))


@pytest.mark.parametrize("since", [timedelta(), timedelta(seconds=20), timedelta(days=400)])
def test_what_the_demo_tells_happens_in_order_after_the_revision_was_published(
    app: Flask, session: Session, since: timedelta
) -> None:
    revision = publish_revision(session, at=now() - since)
    run(app, session, "load", "--people", "3")
    session.expire_all()
    begins, ends = revision.published_at, now()
    for comment in session.scalars(select(Comment).where(Comment.status != "deleted")):
        at = [comment.requested_at, comment.confirmed_at, *(text.written_at for text in comment.texts)]
        at += [decision.at for decision in session.scalars(decisions_on(comment))]
        at += [report.reported_at for report in session.scalars(select(Report).where(Report.comment_id == comment.id))]
        at += [appeal.filed_at for appeal in session.scalars(select(Appeal).where(Appeal.comment_id == comment.id))]
        known = [one for one in at if one is not None]
        assert min(known) == comment.requested_at
        assert begins <= comment.requested_at <= max(known) <= ends
        if comment.parent and comment.parent.published_at:
            assert comment.parent.published_at <= comment.requested_at, "nobody answers what is not public yet"
    assert_decided_while_active(session)
    for sheet in session.scalars(select(PositionSheet)):
        assert sheet.confirmed_at is not None
        assert begins <= sheet.requested_at <= sheet.confirmed_at <= ends
    for signature in session.scalars(select(Signature)):
        assert signature.confirmed_at is not None
        assert begins <= signature.requested_at <= signature.confirmed_at <= ends


def test_who_decides_in_a_second_demo_has_not_gone_before(app: Flask, session: Session) -> None:
    publish_revision(session, at=now())
    for _ in range(2):
        run(app, session, "load", "--people", "1")
    assert_decided_while_active(session)


def test_what_is_done_in_the_demo_stands_in_the_log_in_words(app: Flask, session: Session) -> None:
    publish_revision(session)
    run(app, session, "load", "--people", "3")
    office: Office = app.extensions["office"]
    entries = session.scalars(select(AuditEntry)).all()
    about = {entry.subject.partition(" ")[0] for entry in entries}
    assert about == {"comment", "appeal", "report", "news", "survey"}
    for entry in entries:
        assert entry.act in office.acts
        assert entry.detail.keys() <= office.subjects[entry.subject.partition(" ")[0]].details.keys()


def decisions_on(comment: Comment) -> Select[ModerationDecision]:
    return select(ModerationDecision).where(ModerationDecision.comment_id == comment.id)


def assert_decided_while_active(session: Session) -> None:
    session.expire_all()
    for organiser in session.scalars(select(Organiser)):
        decided = session.scalars(select(ModerationDecision.at).where(ModerationDecision.by_id == organiser.id)).all()
        assert organiser.deactivated_at is not None
        assert all(organiser.invited_at <= one <= organiser.deactivated_at for one in decided)


@pytest.mark.one_database
def test_demo_literature_says_what_it_is_and_goes_again(app: Flask, session: Session) -> None:
    publish_revision(session)
    run(app, session, "load", "--people", "1")
    run(app, session, "load", "--people", "1")
    titles = session.scalars(select(Record.title)).all()
    assert len(titles) == 30
    assert all(title.startswith("Beispieldaten: ") for title in titles)
    run(app, session, "clear")
    assert session.scalar(select(func.count()).select_from(Record)) == 0
    assert session.scalar(select(func.count()).select_from(Topic)) == 0
