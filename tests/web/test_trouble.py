"""What visitors see while the database is in trouble, and that it passes by itself (edge case 30)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import Session

from portal import database as portal_database
from tests.browser import Browser, Page
from tests.conftest import MakeApp
from tests.databases import engine_of
from tests.revisions import publish_revision

pytestmark = pytest.mark.usefixtures("declaration")
ENOUGH = 200

REFUSE_FOR_LACK_OF_ROOM = (
    "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'No space left on device'; END $$",
    "CREATE TRIGGER disk_full BEFORE INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION disk_full()",
)


@pytest.fixture
def app(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application, whose writers wait a tenth of a second for each other on SQLite."""
    monkeypatch.setattr(portal_database, "BUSY_SECONDS", 0.1)
    return make_app()


@pytest.fixture
def declaration(session: Session) -> None:
    """There is something to sign."""
    publish_revision(session)
    session.commit()


def sign_up(browser: Browser, number: int = 0) -> Page:
    browser.open("/unterzeichnen")
    browser.submit(name="Ada Beispiel", email=f"ada{number}@example.org", consent=True)
    return browser.submit(button="send")


def rows(app: Flask) -> set[int | None]:
    """The numbers of signatures, requests and mails: one number if nothing is half written."""
    with engine_of(app).connect() as connection:
        return {
            connection.scalar(text(f"SELECT count(*) FROM {table}")) for table in ("signatures", "optins", "outbox")
        }


def says_what_to_do(page: Page) -> bool:
    return page.status == 503 and "nicht erreichbar" in page.text("h1") and bool(page.response.headers["Retry-After"])


@contextmanager
def full_disk(app: Flask) -> Iterator[None]:
    """SQLite may grow by one page more; PostgreSQL refuses the last write of a sign-up as it does on a full disk."""
    engine = engine_of(app)
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            for statement in REFUSE_FOR_LACK_OF_ROOM:
                connection.execute(text(statement))
        yield
        with engine.begin() as connection:
            connection.execute(text("DROP FUNCTION disk_full() CASCADE"))
        return

    def allow_one_page(connection: Any, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")

    engine.dispose()
    event.listen(engine, "connect", allow_one_page)
    yield
    event.remove(engine, "connect", allow_one_page)
    engine.dispose()


def test_a_full_disk_is_said_and_leaves_nothing_half_written(app: Flask, browser: Browser) -> None:
    with full_disk(app):
        page = next(page for number in range(ENOUGH) if (page := sign_up(browser, number)).status != 200)
        assert says_what_to_do(page)
        assert len(rows(app)) == 1
        assert browser.open("/erklaerung").status == 200, "reading goes on"
    assert sign_up(browser, ENOUGH).status == 200
    assert len(rows(app)) == 1


def test_a_locked_database_is_said_and_passes(app: Flask, browser: Browser, session: Session) -> None:
    engine = engine_of(app)
    browser.open("/unterzeichnen")
    browser.submit(name="Ada Beispiel", email="ada@example.org", consent=True)
    other = create_engine(engine.url)
    with other.connect() as connection:
        if engine.dialect.name == "postgresql":
            session.execute(text(f'ALTER DATABASE "{engine.url.database}" SET lock_timeout = 200'))
            session.commit()
            engine.dispose()
            connection.execute(text("LOCK TABLE signatures"))
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        assert says_what_to_do(browser.submit(button="send"))
        assert browser.open("/erklaerung").status == 200, "reading goes on"
        connection.rollback()
    other.dispose()
    if engine.dialect.name == "postgresql":
        session.execute(text(f'ALTER DATABASE "{engine.url.database}" RESET lock_timeout'))
        session.commit()
    assert sign_up(browser).status == 200
    assert rows(app) == {1}


def test_a_restarted_database_is_found_again(app: Flask, browser: Browser) -> None:
    assert sign_up(browser).status == 200
    engine = engine_of(app)
    if engine.dialect.name == "postgresql":
        other = create_engine(engine.url)
        with other.connect() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        other.dispose()
    else:
        engine.dispose()
    for address in ("/", "/erklaerung", "/unterzeichnende"):
        assert browser.open(address).status == 200
    assert sign_up(browser, 1).status == 200
    assert rows(app) == {2}


def test_no_database_at_all_is_said(make_app: MakeApp, database_url: str, tmp_path: Any) -> None:
    gone = "sqlite:////nowhere/at/all.db" if database_url.startswith("sqlite") else "postgresql://localhost:1/none"
    browser = Browser(make_app(database_url=gone).test_client())
    assert says_what_to_do(browser.open("/erklaerung"))
    assert browser.open("/healthz").status == 200
