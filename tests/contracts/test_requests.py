"""What holds for every route, found by walking the URL map, so that a new one cannot be forgotten."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.database import Base
from portal.optin.models import OptIn
from portal.signatures import affirming
from tests.browser import Browser, Client, Page, form_token
from tests.conftest import MakeApp
from tests.contracts.routes import VALUES, routes
from tests.discussion.written import written
from tests.operator import filled_content
from tests.revisions import publish_revision
from tests.survey.asking import opened

WITHOUT_TOKEN = {"optin.confirm", "optin.decline", "discussion.replies_off", "newsletter.unsubscribe"}
"""Forms that a mail program posts, or that say by their address alone what is meant (RFC 8058)."""


@pytest.fixture
def app(make_app: MakeApp, tmp_path: Path) -> Flask:
    """A portal that is ready to go live, so that every page is there; for conference 1 people can register."""
    content = filled_content(tmp_path)
    sample = (content / "conferences" / "beispiel" / "conference.yaml").read_text(encoding="utf-8")
    (content / "conferences" / "1").mkdir()
    (content / "conferences" / "1" / "conference.yaml").write_text(sample.replace("sample: true", ""), encoding="utf-8")
    return make_app(content=content)


def dump(session: Session) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    return {
        table.name: sorted((tuple(row) for row in session.execute(select(table))), key=repr)
        for table in Base.metadata.sorted_tables
    }


def test_every_post_needs_a_token(app: Flask, session: Session, client: Client) -> None:
    """It is refused outright, or the form is shown again with one more thing to mend than with the token.

    A form of the office that may be large is not read, and so its token not looked at, before its sender is known.
    """
    written(session, publish_revision(session))
    opened(session)
    token = form_token(client.get("/meine-daten"))
    for route in routes(app, "POST"):
        if route.endpoint in WITHOUT_TOKEN:
            continue
        without = client.post(route.address, data={"name": "Ada"})
        if without.status_code not in {400, 401}:
            having = client.post(route.address, data={"name": "Ada", "csrf_token": token})
            assert without.status_code == 422, f"{route.endpoint} takes a form without its token"
            assert mistakes(without) == mistakes(having) + 1, f"{route.endpoint} does not look for a token"


def mistakes(answer: TestResponse) -> int:
    """How many things the error summary of a page lists."""
    return len(Page(answer).texts("[role=alert] li"))


@pytest.fixture
def tokens(app: Flask, session: Session, browser: Browser) -> list[str]:
    """The token of each mailed link, after somebody has signed up; and what is left of one that was cut off."""
    publish_revision(session)
    browser.open("/unterzeichnen")
    browser.submit(name="Ada Beispiel", email="ada@example.org", consent=True, show_name=True)
    browser.submit()
    optin = session.scalars(select(OptIn)).one()
    with app.test_request_context("/"):
        links: dict[str, Any] = app.jinja_env.globals
        mailed = [
            links["confirm_url"](optin.id, optin.nonce.hex()),
            links["decline_url"](optin.id, optin.nonce.hex()),
            links["my_data_url"](optin.address_key),
            links["unsubscribe_url"](1),
            affirming.link(app.extensions["settings"], "de", 1),
        ]
    found = [str(link).rpartition("/")[2] for link in mailed]
    return [*found, found[0][:-3], "x"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_changes_no_row(app: Flask, session: Session, client: Client, tokens: list[str], method: str) -> None:
    before = dump(session)
    assert before["signatures"]
    seen = set()
    for token in tokens:
        for route in routes(app, "GET", {**VALUES, "token": token}):
            answer = client.open(route.address, method=method)
            assert answer.status_code != 500, route.address
            if answer.status_code == 200:
                seen.add(route.endpoint)
    mailed = {"optin.confirm", "privacy.my_data", "newsletter.unsubscribe"}
    assert mailed <= seen, "the links of the mails did not lead to their pages"
    assert dump(session) == before


def test_public_pages_set_no_cookie_and_load_nothing_from_afar(app: Flask, client: Client) -> None:
    for route in routes(app, "GET"):
        answer = client.get(route.address)
        if "public" in answer.headers.get("Cache-Control", ""):
            assert "Set-Cookie" not in answer.headers, route.address
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, route.address
        assert "unsafe" not in policy, route.address
        assert "http" not in policy, route.address
