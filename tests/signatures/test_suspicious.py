"""What becomes of sign-ups that come too fast or too many from one network."""

import json
from typing import Any

import pytest
from altcha import Challenge, Payload, solve_challenge
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.declaration.models import Revision
from portal.signatures.models import Signature
from portal.web import proof_of_work
from tests.browser import Browser
from tests.conftest import MakeApp

pytestmark = pytest.mark.usefixtures("revision")

SOMEBODY: dict[str, Any] = {"name": "Ada Beispiel", "consent": True}


@pytest.fixture(autouse=True)
def _little_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_of_work, "ATTEMPTS", range(3, 9))


@pytest.fixture
def crowded(make_app: MakeApp, session: Session, revision: Revision) -> Browser:
    """A visitor from a network from which more people have signed up than one would expect."""
    app = make_app(rate_limit_suspicious="1 per hour", allowed_networks="")
    browser = Browser(app.test_client())
    browser.open("/unterzeichnen")
    browser.submit(**SOMEBODY, email="first@example.org")
    browser.submit(button="send")
    return browser


def solution_on(browser: Browser) -> str:
    """What the widget would send for the challenge on the page."""
    challenge = Challenge.from_dict(json.loads(browser.page.attribute("altcha-widget", "challenge") or ""))
    solution = solve_challenge(challenge)
    assert solution is not None
    return Payload(challenge, solution).to_base64()


def send(browser: Browser, altcha: str | None) -> None:
    """Send the check page as a browser would, with what the widget has added to it."""
    fields = browser.page.fields(button="send") | ({} if altcha is None else {"altcha": altcha})
    answer = browser.client.post("/unterzeichnen", data=fields)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/unterzeichnen/postfach")


def held(session: Session, email: str) -> str | None:
    """Why the sign-up from an address is held."""
    session.commit()
    return session.scalars(select(Signature.held_reason).where(Signature.email == email)).one()


def test_with_a_solution_it_is_not_held(crowded: Browser, session: Session) -> None:
    """Edge case 9."""
    crowded.open("/unterzeichnen")
    crowded.submit(**SOMEBODY, email="ada@example.org")
    send(crowded, solution_on(crowded))
    assert held(session, "ada@example.org") is None


@pytest.mark.parametrize("altcha", [None, "", "garbage"])
def test_without_a_solution_it_is_taken_and_held(crowded: Browser, session: Session, altcha: str | None) -> None:
    """Edge case 9: nobody is turned away for want of JavaScript."""
    crowded.open("/unterzeichnen")
    crowded.submit(**SOMEBODY, email="ada@example.org")
    send(crowded, altcha)
    assert held(session, "ada@example.org") == "suspicious"


def test_one_solution_is_good_for_one_address(crowded: Browser, session: Session) -> None:
    crowded.open("/unterzeichnen")
    crowded.submit(**SOMEBODY, email="ada@example.org")
    solution, fields = solution_on(crowded), crowded.page.fields(button="send")
    send(crowded, solution)
    crowded.client.post("/unterzeichnen", data=fields | {"email": "bo@example.org", "altcha": solution})
    assert held(session, "bo@example.org") == "suspicious"


def test_who_is_not_suspicious_meets_no_widget(make_app: MakeApp, session: Session, revision: Revision) -> None:
    browser = Browser(make_app(allowed_networks="127.0.0.0/8").test_client())
    browser.open("/unterzeichnen")
    page = browser.submit(**SOMEBODY, email="ada@example.org")
    assert not page.has("altcha-widget")
    assert not page.has("script")
