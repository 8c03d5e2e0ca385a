"""`demo load|clear`: a discussion in which every state can be looked at, and of which nothing public is left."""

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

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
from portal.mail.models import OutboxMail
from portal.optin.models import OptIn
from portal.organisers.models import Organiser
from portal.signatures.models import Signature
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
    assert not any(organiser.active for organiser in session.scalars(select(Organiser)))
    number = session.scalar(select(func.count()).select_from(Comment))
    assert said == f"3 demo people have signed, and {number} demo comments are written.\n"
    assert run(app, session, "clear") == f"3 demo people and {number} demo comments are gone.\n"
    with engine_of(app).connect() as connection:
        for table in (Comment, ModerationDecision, Report, PositionSheet, OptIn, Signature):
            assert connection.scalar(select(func.count()).select_from(table)) == 0, table.__tablename__
    assert run(app, session, "load", "--people", "1").startswith("1 demo people have signed")
