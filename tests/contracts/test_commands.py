"""What every command of the portal does where the database is not what it should be."""

from pathlib import Path

import pytest
from flask import Flask

from portal.database import DatabaseCommands
from tests.conftest import MakeApp
from tests.databases import Database

WITHOUT_DATABASE = {"content", "doctor", "worker"}
"""They look at files, say what is wrong with the database, or wait for it."""
FROM_PACKAGES = {"db"}
ONE_OF_EACH = {
    "archive": "build {folder}/archive",
    "comments": "render",
    "declaration": "check",
    "demo": "load",
    "literature": "load",
    "newsletter": "status",
    "optin": "purge",
    "organisers": "list",
    "outbox": "status",
    "privacy": "retention",
    "search": "rebuild",
    "signatures": "recount",
    "survey": "check",
}
THEIR_OWN_WAY = {"bounces"}
"""It answers to a mail server, and with the exit code that such a one understands."""


def test_commands_are_known(app: Flask) -> None:
    assert set(app.cli.commands) == WITHOUT_DATABASE | FROM_PACKAGES | THEIR_OWN_WAY | ONE_OF_EACH.keys()


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_a_database_without_tables_is_said_with_the_remedy(
    make_app: MakeApp, database: Database, tmp_path: Path, name: str
) -> None:
    with database.empty(tmp_path) as url:
        app = make_app(database_url=url)
        assert isinstance(app.cli.commands[name], DatabaseCommands)
        words = [name, *ONE_OF_EACH[name].format(folder=tmp_path).split()]
        said = app.test_cli_runner().invoke(args=words)
    assert said.exit_code == 1, said.output
    assert isinstance(said.exception, SystemExit)
    if name != "archive":  # it says which pages did not answer
        assert "flask --app wsgi db upgrade" in said.output
