"""Organisers for tests, and browsers that they have logged in with."""

import time
from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any

import pyotp
from flask import Flask
from sqlalchemy.orm import Session

from portal import content
from portal.addresses import AddressBook, make_address_book
from portal.clock import now
from portal.config import ROOT, Settings, load_settings
from portal.organisers import audit, gate, passwords, second_factor, sessions
from portal.organisers.models import Organiser, OrganiserRole
from tests.browser import Browser, Client

PASSWORD = "vier zufällige Wörter reichen"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
"""The secret of every test organiser's one-time codes."""

Office = Callable[..., Browser]

_numbers = count(1)


@cache
def settings_of_tests() -> Settings:
    """Those of `make_app`, as far as accounts depend on them."""
    return load_settings(
        env="testing",
        database_url="sqlite://",
        secret_key="a secret key that is only good for tests",
        address_secret="an address secret only good for tests",
    )


@cache
def _book() -> AddressBook:
    return make_address_book(content.load(ROOT / "content").address_rules, settings_of_tests())


@cache
def _password_hash() -> str:
    return passwords.hashed(settings_of_tests(), PASSWORD)


def new_organiser(*roles: str, name: str = "", email: str = "", **fields: Any) -> Organiser:
    """Somebody who can log in with PASSWORD and codes of SECRET, in no session yet."""
    number = next(_numbers)
    address = _book().identify(email or f"redaktion{number}@example.org")
    return Organiser(
        **{
            "name": name or f"Testperson {number}",
            "email": address.email,
            "address_key": address.key,
            "language": "de",
            "active": True,
            "password_hash": _password_hash(),
            "password_set_at": now(),
            "totp_secret": second_factor.encrypted(settings_of_tests(), SECRET),
            "invited_at": now(),
            "role_rows": [OrganiserRole(role=role) for role in roles],
            **fields,
        }
    )


def add_organiser(session: Session, *roles: str, name: str = "", email: str = "", **fields: Any) -> Organiser:
    """Somebody with these roles, a password and a second factor."""
    organiser = new_organiser(*roles, name=name, email=email, **fields)
    session.add(organiser)
    session.flush()
    return organiser


def code(at: float | None = None) -> str:
    """The one-time code of the present moment, or of another one."""
    return pyotp.TOTP(SECRET).at(int(time.time() if at is None else at))


def browser_of(app: Flask) -> Browser:
    """A new browser, with a cookie jar of its own."""
    client = app.test_client()
    assert isinstance(client, Client)
    return Browser(client)


def give_password(browser: Browser, organiser: Organiser, password: str = PASSWORD) -> None:
    """The first of the two steps of logging in."""
    browser.open("/redaktion/anmelden?next=/redaktion/konto")
    browser.submit(email=organiser.email, password=password)


def let_in(app: Flask, session: Session, organiser: Organiser) -> Browser:
    """A browser that the organiser has just logged in with. What `log_in` does by four pages happens here at once."""
    browser = browser_of(app)
    audit.record(session, organiser.id, "login", f"organiser {organiser.id}", now(), second_factor="code")
    token = sessions.begin(session, organiser, now(), complete=True)
    session.commit()
    with browser.client.session_transaction() as cookie:
        cookie[gate.COOKIE] = [token, int(now().timestamp())]
    return browser


def log_in(app: Flask, session: Session, organiser: Organiser) -> Browser:
    """The same as its owner would do it, by password and one-time code; again and again if need be."""
    organiser.totp_step = None
    session.commit()
    browser = browser_of(app)
    give_password(browser, organiser)
    browser.submit("#code-form", code=code())
    assert browser.page.has(".office-logout"), browser.page.text()
    return browser
