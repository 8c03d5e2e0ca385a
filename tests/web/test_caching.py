"""Pages that are kept take a bounded amount of memory, however many addresses somebody makes up."""

import pytest
from flask import Flask, Response
from sqlalchemy.orm import Session

from portal.web import caching
from portal.web.caching import public_page


@pytest.mark.one_database
def test_long_pages_make_room_for_each_other(app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    session.commit()
    monkeypatch.setattr(caching, "KEPT_BYTES", 2500)

    @public_page
    def long() -> Response:
        return Response("x" * 1000)

    app.add_url_rule("/lang", "long", long)
    client = app.test_client()
    for number in range(4):
        assert len(client.get(f"/lang?n={number}").data) == 1000
    kept = app.extensions["page_cache"].pages
    assert [query for _path, query in kept] == ["n=2", "n=3"]
    assert len(client.get("/lang?n=3").data) == 1000
