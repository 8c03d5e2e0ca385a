"""Journeys run against the portal as it is in production, in a real browser, with and without JavaScript."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.conftest import chromium
from tests.databases import Database, SQLite
from tests.journeys.site import Site, running_site
from tests.journeys.visitor import Visitor, visiting

collect_ignore_glob = [] if chromium() else ["test_*.py"]

expect.set_options(timeout=20_000)
"""Milliseconds until what is expected must be there: on a busy machine everything takes longer, and nothing fails."""

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running portal, on SQLite and on PostgreSQL, shared by the journeys: each brings its own people."""
    folder = tmp_path_factory.mktemp("site")
    with database.lasting(folder) as url, running_site(url, folder) as site:
        yield site


@pytest.fixture(scope="session")
def one_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running portal on SQLite alone, for journeys that the database has nothing to do with."""
    folder = tmp_path_factory.mktemp("one_site")
    with running_site(SQLite(folder).fresh(folder), folder) as site:
        yield site


@pytest.fixture(scope="package")
def chrome() -> Iterator[Browser]:
    """The browser. Not for the whole session: its event loop would be in the way of other tests'."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(params=[True, False], ids=["script", "noscript"])
def javascript(request: pytest.FixtureRequest) -> bool:
    """Whether the browser runs scripts: each journey is made both ways."""
    return bool(request.param)


@pytest.fixture(params=["de", "en"])
def language(request: pytest.FixtureRequest) -> str:
    """The language of the visitor: each journey is made in both."""
    return str(request.param)


@pytest.fixture
def visitor(site: Site, chrome: Browser, javascript: bool, language: str) -> Iterator[Visitor]:
    """A visitor; each journey is made in both languages, with and without JavaScript, on each database."""
    with visiting(chrome, site, language, javascript=javascript) as visitor:
        yield visitor
