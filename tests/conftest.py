"""What every test can ask for: a portal on a fresh database, a session, a client, and a browser that fills forms."""

import os
import re
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jinja2 import BytecodeCache, FileSystemBytecodeCache
from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.orm import Session
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from portal import create_app
from portal import database as database_module
from portal.config import Settings
from portal.organisers.models import Organiser
from tests.browser import Browser, Client
from tests.databases import Database, PostgreSQL, SQLite, engine_of, postgresql_database, postgresql_server
from tests.office import Office, add_organiser, let_in

COMPLETE = os.environ.get("PORTAL_TESTS_COMPLETE") == "1"
"""Whether nothing may be left out or skipped, as in CI."""

MakeApp = Callable[..., Flask]


def chromium() -> str | None:
    """The browser for the journeys, or None where none is installed; rather without windows: in half the time."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for path in map(shutil.which, names) if path), None)


def left_out() -> list[str]:
    """What this machine lacks, and what is therefore not tested here."""
    missing = []
    if not postgresql_server():
        missing.append("PostgreSQL (TEST_DATABASE_URL is not set)")
    if not chromium():
        missing.append("browser journeys (no Chromium found)")
    return missing


def pytest_sessionstart(session: pytest.Session) -> None:
    if COMPLETE and left_out():
        raise pytest.UsageError("PORTAL_TESTS_COMPLETE=1, but this would be left out: " + ", ".join(left_out()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if left_out():
        terminalreporter.write_line("Left out: " + ", ".join(left_out()), yellow=True)


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if COMPLETE and report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"Skipped in a run that must be complete: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report)
    return report


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with a database runs once on each that is at hand, unless it says that `one_database` will do."""
    if "database" in metafunc.fixturenames:
        both = postgresql_server() and not metafunc.definition.get_closest_marker("one_database")
        names = ["sqlite", "postgresql"] if both else ["sqlite"]
        metafunc.parametrize("database", names, indirect=True, scope="session")


class _TogetherByFileAndDatabase(LoadFileScheduling):  # type: ignore[misc] # xdist has no types
    """Hands out what one file tests on one database as a whole: the journeys of a file share a running site.

    Long journeys are made in each language by another process.
    """

    def _split_scope(self, nodeid: str) -> str:
        english = "tests/journeys/" in nodeid and re.search(r"[\[-]en[\]-]", nodeid) is not None
        return f"{super()._split_scope(nodeid)} {'postgresql' in nodeid} {english}"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    return _TogetherByFileAndDatabase(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Journeys come last: what a unit test can say is said first. Where processes share the work they come first.

    A long file that begins last would keep one process busy and the others waiting.
    """
    shared = hasattr(config, "workerinput")
    items.sort(key=lambda item: ("journeys" in item.path.parts) != shared)


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    """The suite sees none of the settings that the developer's shell has."""
    mine = {"DATABASE_URL", "SECRET_KEY", "PORT"}
    names = [name for name in os.environ if name in mine or name.startswith(("MAIL_", "PORTAL_"))]
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session", autouse=True)
def _addresses_are_compiled_once() -> Iterator[None]:
    """Werkzeug reads each address of an application and compiles two functions for it. That is nearly all the work of
    making one, and comes out alike for each of the thousands that the suite makes."""
    compile_rule = Rule.compile
    compiled: dict[tuple[Any, ...], Rule] = {}

    def once(rule: Rule) -> None:
        key = (rule.rule, rule.subdomain, rule.host, rule.merge_slashes, repr(rule.defaults))
        if key not in compiled:
            compile_rule(rule)
            compiled[key] = rule
        known = compiled[key]
        rule._parts, rule._trace, rule._converters = known._parts, known._trace, known._converters
        rule.arguments, rule._build, rule._build_unknown = known.arguments, known._build, known._build_unknown

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Rule, "compile", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def _statements_are_compiled_once() -> Iterator[None]:
    """SQLAlchemy writes each statement as SQL once for an engine, and each test has an engine of its own.

    That took a third of the suite's time. Within one kind of database, all engines are set up alike.
    """
    kept: dict[str, LRUCache[Any, Any]] = {name: LRUCache(2000) for name in ("sqlite", "postgresql")}

    def share(engine: Engine) -> None:
        engine._compiled_cache = kept[engine.dialect.name]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DefaultDialect, "__hash__", lambda dialect: hash(type(dialect)))
        patch.setattr(DefaultDialect, "__eq__", lambda dialect, other: type(dialect) is type(other))
        event.listen(Engine, "engine_connect", lambda connection: share(connection.engine))
        yield


@pytest.fixture(scope="session", autouse=True)
def _files_need_not_outlive_the_machine() -> Iterator[None]:
    """No commit of a test waits for the disk. What another process reads is the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database_module, "PRAGMAS", (*database_module.PRAGMAS, "synchronous=OFF"))
        yield


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The kind of database that the test runs on."""
    if request.param == "sqlite":
        yield SQLite(tmp_path_factory.mktemp("sqlite"))
        return
    server = postgresql_server()
    assert server is not None
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with postgresql_database(server, f"portal_tests_{os.getpid()}_{worker}") as url:
        database = PostgreSQL(server, url)
        yield database
        database.close()


@pytest.fixture
def database_url(database: Database, tmp_path: Path) -> str:
    """The URL of a database with the schema and nothing in it. The test runs on SQLite and on PostgreSQL."""
    return database.fresh(tmp_path)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> BytecodeCache:
    """The compiled templates, so that not each application of the suite compiles them for itself."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def make_app(database_url: str, tmp_path: Path, templates: BytecodeCache) -> Iterator[MakeApp]:
    """Makes the application on the test's database, with settings of the test's choice."""
    apps: list[Flask] = []

    def make(**overrides: Any) -> Flask:
        settings: dict[str, Any] = {
            "env": "testing",
            "instance": tmp_path / "instance",
            "database_url": database_url,
            "secret_key": "a secret key that is only good for tests",
            "address_secret": "an address secret only good for tests",
            "mail_server": "127.0.0.1",
            "mail_default_sender": "Erklärung <erklaerung@portal.test>",
            "base_url": "http://portal.test",
        }
        app = create_app(**settings | overrides)
        app.test_client_class = Client
        app.jinja_env.bytecode_cache = templates
        apps.append(app)
        return app

    yield make
    for app in apps:
        engine_of(app).dispose()
        app.extensions["page_cache"].engine.dispose()


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """The application, with every setting at its default and CSRF protection on."""
    return make_app()


@pytest.fixture
def settings(app: Flask) -> Settings:
    """The settings of `app`."""
    settings: Settings = app.extensions["settings"]
    return settings


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A session for arranging and looking, outside any app context.

    Each request of `client` or `browser` commits it first: the site sees what the test has arranged, and the test
    sees what the site has done.
    """
    with Session(engine_of(app)) as session:
        app.extensions["test_session"] = session
        yield session
        session.rollback()
    del app.extensions["test_session"]


@pytest.fixture
def client(app: Flask) -> Client:
    """Flask's test client."""
    client = app.test_client()
    assert isinstance(client, Client)
    return client


@pytest.fixture
def browser(client: Client) -> Browser:
    """A visitor who opens pages and submits the forms on them."""
    return Browser(client)


@pytest.fixture
def office(app: Flask, session: Session) -> Office:
    """Lets into the office: `office("moderator")` is a browser of a new organiser with that role.

    `organiser=` logs in somebody who is there already, `name=` gives a new one a name.
    """

    def enter(*roles: str, name: str = "", organiser: Organiser | None = None) -> Browser:
        return let_in(app, session, organiser or add_organiser(session, *roles, name=name))

    return enter
