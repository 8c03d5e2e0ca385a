"""Passkeys as second factor."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.organisers import second_factor
from portal.organisers.models import Organiser, Passkey
from portal.organisers.roles import OWNER
from tests.browser import Browser
from tests.letters import letters
from tests.office import add_organiser, browser_of, give_password, log_in
from tests.organisers.authenticator import Authenticator

pytestmark = pytest.mark.one_database


def challenge(browser: Browser, form: str = "#passkey-form") -> dict[str, Any]:
    """What the page's script asks the portal for."""
    address = browser.page.attribute(form, "data-challenge")
    token = browser.page.fields(form)["csrf_token"]
    assert address is not None
    answer = browser.client.post(address, headers={"X-CSRFToken": str(token)})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json or {}
    return found


def with_passkey(app: Flask, session: Session, passkey: Authenticator) -> Organiser:
    """Somebody whose only second factor is this passkey."""
    ada = add_organiser(session, OWNER, totp_secret=None)
    browser = browser_of(app)
    give_password(browser, ada)
    options = challenge(browser)
    page = browser.submit("#passkey-form", credential=passkey.make(options), label="Dienstlaptop")
    assert len(page.texts(".recovery-codes code")) == second_factor.RECOVERY_CODES
    return ada


def test_a_passkey_opens_the_office(app: Flask, session: Session) -> None:
    passkey = Authenticator()
    ada = with_passkey(app, session, passkey)
    browser = browser_of(app)
    give_password(browser, ada)
    assert not browser.page.has("#code-form"), "she has no app"
    options = challenge(browser)
    assert [one["id"] for one in options["allowCredentials"]]
    page = browser.submit("#passkey-form", credential=passkey.sign(options))
    assert page.path == "/redaktion/konto"
    assert "Dienstlaptop" in page.text()
    assert session.scalars(select(Passkey.sign_count)).one() == 1


def test_an_answer_is_good_once(app: Flask, session: Session) -> None:
    passkey = Authenticator()
    ada = with_passkey(app, session, passkey)
    browser = browser_of(app)
    give_password(browser, ada)
    answer = passkey.sign(challenge(browser))
    give_password(browser, ada)  # another session, which has asked for no challenge
    page = browser.submit("#passkey-form", credential=answer)
    assert page.status == 422
    challenge(browser)
    assert browser.submit("#passkey-form", credential=answer).status == 422


def test_a_challenge_is_good_once(app: Flask, session: Session) -> None:
    passkey = Authenticator()
    ada = with_passkey(app, session, passkey)
    browser = browser_of(app)
    give_password(browser, ada)
    answer = passkey.sign(challenge(browser))
    assert browser.submit("#passkey-form", credential="{}").status == 422
    assert browser.submit("#passkey-form", credential=answer).status == 422, "the first answer has used it up"


@pytest.mark.parametrize("answer", ["", "{}", "null", "[]", "x", '{"id": "AA", "rawId": "AA", "type": "public-key"}'])
def test_nonsense_is_refused(app: Flask, session: Session, answer: str) -> None:
    ada = with_passkey(app, session, Authenticator())
    browser = browser_of(app)
    give_password(browser, ada)
    challenge(browser)
    assert browser.submit("#passkey-form", credential=answer).status == 422


@pytest.mark.parametrize("passkey", [Authenticator(), Authenticator(origin="https://evil.example")])
def test_another_passkey_or_another_site_is_refused(app: Flask, session: Session, passkey: Authenticator) -> None:
    mine = Authenticator()
    ada = with_passkey(app, session, mine)
    if passkey.origin != mine.origin:
        passkey.id, passkey._key = mine.id, mine._key
    browser = browser_of(app)
    give_password(browser, ada)
    assert browser.submit("#passkey-form", credential=passkey.sign(challenge(browser))).status == 422
    assert browser.open("/redaktion/konto").path == "/redaktion/anmelden/code"


def test_a_passkey_for_another_site_is_not_taken(app: Flask, session: Session) -> None:
    ada = add_organiser(session, OWNER, totp_secret=None)
    browser = browser_of(app)
    give_password(browser, ada)
    credential = Authenticator(host="evil.example").make(challenge(browser))
    assert browser.submit("#passkey-form", credential=credential).status == 422
    assert session.scalars(select(Passkey)).all() == []


def test_a_second_passkey_and_removing_it(app: Flask, session: Session) -> None:
    ada = add_organiser(session, OWNER)
    browser = log_in(app, session, ada)
    for label in ("Laptop", "Schlüssel"):
        browser.open("/redaktion/konto/zweiter-faktor")
        browser.submit("#passkey-form", credential=Authenticator().make(challenge(browser)), label=label)
        browser.open("/redaktion/konto")
    assert letters(app, session)[-1]["Subject"] == "Ihr zweiter Faktor wurde geändert"
    removing = [str(form.attributes["action"]) for form in browser.page.tree.css("form[action*=entfernen]")]
    assert len(removing) == 2
    page = browser.submit(f'form[action="{removing[0]}"]')
    assert "entfernt" in page.text()
    assert "Laptop" not in page.text("ul")
    stranger = log_in(app, session, add_organiser(session, OWNER))
    token = stranger.page.fields("#details")["csrf_token"]
    stranger.client.post(removing[1], data={"csrf_token": token})
    assert len(session.scalars(select(Passkey)).all()) == 1, "nobody removes a passkey of somebody else"


def test_the_only_second_factor_stays(app: Flask, session: Session) -> None:
    passkey = Authenticator()
    ada = with_passkey(app, session, passkey)
    browser = browser_of(app)
    give_password(browser, ada)
    browser.submit("#passkey-form", credential=passkey.sign(challenge(browser)))
    page = browser.submit("form[action*=entfernen]")
    assert "einziger zweiter Faktor" in page.text()


def test_the_challenge_is_for_nobody_from_outside(app: Flask, session: Session, browser: Browser) -> None:
    browser.open("/redaktion/anmelden")
    token = str(browser.page.fields()["csrf_token"])
    for address in ("/redaktion/anmelden/passkey/aufgabe", "/redaktion/konto/zweiter-faktor/passkey/aufgabe"):
        assert browser.client.post(address, headers={"X-CSRFToken": token}).status_code == 401


def test_browsers_want_a_host_name(settings: Settings) -> None:
    assert second_factor.passkeys_possible(settings)
    for origin in ("http://127.0.0.1:8000", "http://[::1]:8000"):
        assert not second_factor.passkeys_possible(settings.model_copy(update={"base_url": origin}))
