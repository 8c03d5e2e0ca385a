"""Numbers that somebody has typed into an address: a row can have them, or they are not there."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from portal.web.numbers import LARGEST, number_in
from tests.browser import Client
from tests.contracts.routes import VALUES, routes
from tests.office import Office
from tests.revisions import publish_revision
from tests.survey.asking import opened

NO_ROW = ["", "x", "0", "-1", "1.5", "1e3", str(LARGEST + 1), str(-LARGEST - 2), "9" * 50, "9" * 5000]


@pytest.mark.parametrize("typed", NO_ROW)
def test_what_no_row_can_have_is_not_there(typed: str) -> None:
    assert number_in(MultiDict({"vor": typed}), "vor") is None
    assert number_in(MultiDict(), "vor") is None


@pytest.mark.parametrize("number", [1, 17, LARGEST])
def test_the_number_of_a_row_is_read(number: int) -> None:
    assert number_in(MultiDict({"vor": str(number)}), "vor") == number


@pytest.mark.parametrize("typed", NO_ROW)
def test_lists_begin_at_the_beginning(client: Client, session: Session, typed: str) -> None:
    publish_revision(session)
    assert client.get("/unterzeichnende", query_string={"vor": typed}).status_code == 200


PAGES = [
    "protokoll?vor={}",
    "protokoll?wer={}",
    "kommentare?zustand=veroeffentlicht&vor={}",
    "kommentare?entschieden={}",
    "kommentare?seit=2026-11-22T12:00:00&nach={}",
    "meldungen?nach={}",
    "unterzeichnende?vor={}",
    "unterzeichnende?fassung={}",
]


def test_the_office_shows_a_page_whatever_number_is_asked_for(session: Session, office: Office) -> None:
    """A number beyond the columns of PostgreSQL would be an error there."""
    publish_revision(session)
    owner = office("owner", "moderator")
    for page in PAGES:
        for typed in NO_ROW[:-1]:
            address = f"/redaktion/{page.format(typed)}"
            assert owner.client.get(address).status_code == 200, address


@pytest.mark.parametrize("typed", NO_ROW)
def test_a_decision_that_cannot_be_is_not_found(session: Session, office: Office, typed: str) -> None:
    publish_revision(session)
    moderator = office("moderator")
    moderator.open("/redaktion/kommentare/import")
    fields = {"csrf_token": moderator.page.fields()["csrf_token"], "decision": typed}
    assert moderator.client.post("/redaktion/kommentare/rueckgaengig", data=fields).status_code == 404


def test_no_address_with_a_nul_in_it_is_an_error(app: Flask, session: Session, office: Office) -> None:
    """Edge case 11: no file may be called so, nor may a row on PostgreSQL."""
    revision = publish_revision(session)
    opened(session)
    owner = office("owner", "moderator", "editor")
    odd = dict.fromkeys(("key", "name", "survey", "token"), "x\x00y")
    for route in routes(app, "GET", {**VALUES, **odd, "number": revision.number}):
        if "%00" in route.address:
            assert owner.client.get(route.address).status_code < 500, route
    assert owner.client.get("/umfrage/x%00y").status_code == 404
