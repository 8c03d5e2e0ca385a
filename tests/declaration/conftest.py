"""Three revisions that say of themselves that they are test texts; the third has no English text."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy.orm import Session

from portal.config import ROOT
from portal.declaration.operations import publish
from portal.declaration.source import read_revision
from tests.conftest import MakeApp

REVISIONS = Path(__file__).parent / "content"
NOW = datetime(2025, 2, 3, 10, 30, tzinfo=UTC)


@pytest.fixture
def published(session: Session) -> Session:
    """The session of a portal on which the three revisions are published."""
    for number in (1, 2, 3):
        publish(session, read_revision(REVISIONS, number), NOW)
    session.commit()
    return session


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A content folder of the test's own, with the first two revisions in it."""
    folder = tmp_path / "content"
    shutil.copytree(ROOT / "content", folder, ignore=shutil.ignore_patterns("declaration"))
    for number in ("1", "2"):
        shutil.copytree(REVISIONS / number, folder / "declaration" / number)
    return folder


@pytest.fixture
def office(make_app: MakeApp, content: Path) -> Flask:
    """The application on that content folder."""
    return make_app(content=content)


@pytest.fixture
def run(office: Flask) -> Callable[..., tuple[int, str]]:
    """Runs `flask declaration …` and returns (exit code, everything that it printed)."""
    runner: FlaskCliRunner = office.test_cli_runner()

    def invoke(*words: str | Path, answer: str | None = None) -> tuple[int, str]:
        result = runner.invoke(args=["declaration", *map(str, words)], input=answer)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    return invoke
