"""`comments render`."""

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.discussion import commands
from portal.discussion.models import CommentText
from portal.text.markdown import RENDERER_VERSION
from tests.discussion.conftest import Write
from tests.discussion.test_commenting import version


@pytest.fixture
def outdated(session: Session, published: Write, write: Write) -> None:
    """Five texts by an older renderer, one of them public and one of these with other HTML."""
    published("**fett**")
    for number in range(4):
        write(f"Kommentar {number}")
    session.execute(update(CommentText).values(renderer_version="0"))
    session.execute(update(CommentText).where(CommentText.source == "**fett**").values(html="<p>**fett**</p>"))
    session.commit()


@pytest.mark.usefixtures("outdated")
def test_everything_is_rendered_anew_in_batches(app: Flask, session: Session) -> None:
    before = version(session)
    session.commit()
    said = app.test_cli_runner().invoke(args=["comments", "render", "--batch", "2"]).output
    assert said == f"5 texts rendered by version {RENDERER_VERSION}; the HTML of 1 has changed\n"
    assert set(session.scalars(select(CommentText.renderer_version))) == {RENDERER_VERSION}
    assert session.scalars(select(CommentText.html).where(CommentText.source == "**fett**")).all() == [
        "<p><strong>fett</strong></p>"
    ]
    assert version(session) == before + 1
    session.commit()
    said = app.test_cli_runner().invoke(args=["comments", "render"]).output
    assert said == f"0 texts rendered by version {RENDERER_VERSION}; the HTML of 0 has changed\n"


@pytest.mark.usefixtures("outdated")
def test_interrupted_it_goes_on_where_it_was(app: Flask, session: Session) -> None:
    assert len(commands.render_batch(session, 3)) == 3
    session.commit()
    said = app.test_cli_runner().invoke(args=["comments", "render"]).output
    assert said.startswith("2 texts rendered")


@pytest.mark.usefixtures("outdated")
def test_what_nobody_sees_changes_nothing_public(session: Session) -> None:
    session.execute(
        update(CommentText).where(CommentText.source == "**fett**").values(renderer_version=RENDERER_VERSION)
    )
    session.execute(update(CommentText).where(CommentText.source != "**fett**").values(html="<p>anders</p>"))
    before = version(session)
    assert commands.render_batch(session, 10) == [True] * 4
    assert version(session) == before
