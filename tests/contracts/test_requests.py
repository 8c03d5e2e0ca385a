"""What holds for every route, found by walking the URL map, so that a new one cannot be forgotten."""

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from portal.database import Base
from tests.browser import Client
from tests.contracts.routes import routes
from tests.databases import engine_of

WITHOUT_TOKEN = {"optin.confirm", "optin.decline"}
"""Forms that a mail program posts, or that say by their address alone what is meant (RFC 8058)."""


def dump(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in Base.metadata.sorted_tables
        }


def test_every_post_needs_a_token(app: Flask, client: Client) -> None:
    for route in routes(app, "POST"):
        if route.endpoint in WITHOUT_TOKEN:
            continue
        answer = client.post(route.address, data={"name": "Ada"})
        assert answer.status_code == 400, f"{route.endpoint} takes a form without its token"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_changes_no_row(app: Flask, client: Client, method: str) -> None:
    before = dump(engine_of(app))
    for route in routes(app, "GET"):
        answer = client.open(route.address, method=method)
        assert answer.status_code < 500, route.address
    assert dump(engine_of(app)) == before


def test_public_pages_set_no_cookie_and_load_nothing_from_afar(app: Flask, client: Client) -> None:
    for route in routes(app, "GET"):
        answer = client.get(route.address)
        if "public" in answer.headers.get("Cache-Control", ""):
            assert "Set-Cookie" not in answer.headers, route.address
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, route.address
        assert "unsafe" not in policy, route.address
        assert "http" not in policy, route.address
