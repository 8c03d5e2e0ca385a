"""The role walk: every route of the office, with every role and without any (issue 3, “Done when” 5).

A route below /redaktion is gated by `organisers_only`, or it is a door of the office and named here.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.routing import IntegerConverter, Rule

from portal.organisers.roles import AUDITOR, EDITOR, MODERATOR, OWNER, ROLES
from tests.browser import Browser, Client, form_token
from tests.contracts.test_requests import dump
from tests.office import Office, add_organiser, browser_of, give_password
from tests.revisions import publish_revision

pytestmark = pytest.mark.one_database

DOORS = {
    "accounts.login",
    "accounts.second_factor",
    "accounts.recovery",
    "accounts.passkey",
    "accounts.passkey_challenge",
    "accounts.logout",
    "accounts.forgotten",
    "accounts.asked",
    "accounts.link",
}
"""What answers whoever has not logged in, because it is how one does, or how one leaves."""

OWN = {
    "accounts.again",
    "own_account.account",
    "own_account.password",
    "own_account.recovery_codes",
    "own_account.remove_passkey",
    "own_account.set_up",
    "own_account.set_up_passkey",
    "own_account.passkey_challenge",
}
"""What everybody may do to the account that is theirs, auditors included."""

VALUES: Mapping[str, object] = {"token": "x", "name": "unterschriften-je-woche", "key": "1"}
NOBODY = 999_999
"""The number of nothing: what is allowed gets as far as not finding it."""


class Way(NamedTuple):
    """One method of one route of the office."""

    endpoint: str
    method: str
    address: str
    roles: tuple[str, ...] | None
    """Those of its gate; None where there is no gate."""


def ways(app: Flask) -> Iterator[Way]:
    """Everything that can be asked of the office."""
    adapter = app.url_map.bind("portal.test")
    for rule in app.url_map.iter_rules():
        if rule.rule == "/redaktion" or rule.rule.startswith("/redaktion/"):
            roles = getattr(app.view_functions[rule.endpoint], "organiser_roles", None)
            for method in sorted({"GET", "POST", "PUT", "PATCH", "DELETE"} & (rule.methods or set())):
                address = adapter.build(rule.endpoint, _arguments(rule), method=method)
                yield Way(rule.endpoint, method, address, roles)


def _arguments(rule: Rule) -> dict[str, object]:
    numbers = {name for name, converter in rule._converters.items() if isinstance(converter, IntegerConverter)}
    return {name: NOBODY if name in numbers else VALUES[name] for name in rule.arguments}


def ungated(app: Flask) -> set[str]:
    """The endpoints of the office that anybody could call."""
    return {way.endpoint for way in ways(app) if way.roles is None}


def may(way: Way, role: str) -> bool:
    """Whether somebody with this one role is let in."""
    if way.endpoint in OWN or role == OWNER:
        return True
    if role == AUDITOR:
        return way.method == "GET"
    return not way.roles or role in way.roles


def ask(client: Client, way: Way, token: str) -> int:
    """The status of the answer. What is streamed is read to its end."""
    data = {"csrf_token": token} if way.method != "GET" else None
    with client.open(way.address, method=way.method, data=data) as answer:
        assert answer.get_data() is not None
        return answer.status_code


def test_every_route_has_a_gate_or_is_a_door(app: Flask) -> None:
    assert ungated(app) == DOORS


def test_a_route_without_a_gate_is_noticed(app: Flask) -> None:
    app.add_url_rule("/redaktion/vergessen", "forgotten_gate", lambda: "Personen")
    assert ungated(app) - DOORS == {"forgotten_gate"}


def test_without_a_login_every_gate_is_shut(app: Flask, session: Session, client: Client) -> None:
    publish_revision(session)
    token = form_token(client.get("/redaktion/anmelden"))
    before = dump(session)
    for way in ways(app):
        if way.endpoint in DOORS:
            continue
        data = {"csrf_token": token} if way.method != "GET" else None
        answer = client.open(way.address, method=way.method, data=data)
        if way.method == "GET":
            assert answer.status_code == 302, way
            assert answer.headers["Location"].startswith("/redaktion/anmelden?next="), way
        else:
            assert answer.status_code == 401, way
        assert answer.headers["Cache-Control"] == "no-store", way
    assert dump(session) == before


@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_what_is_there_for_it_and_nothing_else(
    app: Flask, session: Session, office: Office, role: str
) -> None:
    publish_revision(session)
    browser = office(role)
    token = token_of(browser)
    for way in ways(app):
        if way.endpoint in DOORS:
            continue
        status = ask(browser.client, way, token)  # type: ignore[arg-type]
        if may(way, role):
            assert status not in {401, 403}, f"{role} is refused: {way}"
            assert status < 500, way
        else:
            assert status == 403, f"{role} is let in: {way}"
    assert logged_in(browser), "the walk has logged itself out half-way"


def test_half_a_login_opens_nothing(app: Flask, session: Session) -> None:
    """Before the second factor no page opens (issue 3)."""
    publish_revision(session)
    organiser = add_organiser(session, OWNER)
    session.commit()
    browser = browser_of(app)
    give_password(browser, organiser)
    token = form_token(browser.page.response)
    for way in ways(app):
        if way.endpoint not in DOORS | OWN:
            data = {"csrf_token": token} if way.method != "GET" else None
            answer = browser.client.open(way.address, method=way.method, data=data)
            assert answer.status_code == 303, way
            assert answer.headers["Location"].startswith("/redaktion/anmelden/code"), way


@pytest.mark.parametrize("role", [AUDITOR, EDITOR, MODERATOR])
def test_who_is_refused_changes_nothing(app: Flask, session: Session, office: Office, role: str) -> None:
    """An auditor above all: she may look at everything, and no form of hers does anything."""
    publish_revision(session)
    browser = office(role)
    token = token_of(browser)
    before = _lasting(dump(session))
    for way in ways(app):
        if way.endpoint not in DOORS | OWN and way.method != "GET" and not may(way, role):
            assert ask(browser.client, way, token) == 403, way  # type: ignore[arg-type]
    assert _lasting(dump(session)) == before


def test_the_navigation_shows_what_the_gates_let_through(app: Flask) -> None:
    """A section names the roles of its view; work may be for some of these only, but for nobody else."""
    office: Any = app.extensions["office"]
    gates = {item.endpoint: gate_of(app, item.endpoint) for item in (*office.sections, *office.work)}
    for section in office.sections:
        assert section.roles == gates[section.endpoint], section
    for work in office.work:
        gate = gates[work.endpoint]
        assert not gate or (work.roles and set(work.roles) <= set(gate)), work


def gate_of(app: Flask, endpoint: str) -> tuple[str, ...]:
    """The roles that a view's gate names; empty where every organiser may come in."""
    roles: tuple[str, ...] = getattr(app.view_functions[endpoint], "organiser_roles", ())
    return () if set(roles) == set(ROLES) else roles


def token_of(browser: Browser) -> str:
    """A token of the browser's session: the one of the button that logs out."""
    return browser.open("/redaktion").attribute(".office-logout [name=csrf_token]", "value") or ""


def logged_in(browser: Browser) -> bool:
    return browser.open("/redaktion").has(".office-logout")


def _lasting(tables: dict[str, Any]) -> dict[str, Any]:
    return {name: rows for name, rows in tables.items() if name != "organiser_sessions"}
