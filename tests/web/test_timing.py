"""Answers to an address take the same time whether it is known or not (edge case 5)."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from sqlalchemy.orm import Session

from portal.web import timing
from portal.web.timing import STEP_SECONDS, evenly
from tests.browser import Browser
from tests.revisions import publish_revision


class Watch:
    """A clock that goes on only by what is done, and by sleeping."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    found = Watch()
    monkeypatch.setattr(timing, "time", SimpleNamespace(monotonic=lambda: found.now, sleep=found.sleep))
    return found


@pytest.mark.parametrize(("steps_of_work", "steps"), [(0.1, 1), (0.5, 1), (0.99, 1), (1.01, 2), (7.3, 8)])
def test_whatever_is_done_takes_whole_steps(watch: Watch, steps_of_work: float, steps: int) -> None:
    before = watch.now
    with evenly():
        watch.now += steps_of_work * STEP_SECONDS
    assert watch.now - before == pytest.approx(steps * STEP_SECONDS)


def test_what_fails_is_not_held_up(watch: Watch) -> None:
    with pytest.raises(ZeroDivisionError), evenly():
        raise ZeroDivisionError
    assert watch.slept == []


def sign(browser: Browser, email: str) -> None:
    browser.open("/unterzeichnen")
    browser.submit(name="Ada Beispiel", email=email, consent=True)
    browser.submit(button="send")


def ask_for_mail_again(browser: Browser, email: str) -> None:
    browser.open("/unterzeichnen/postfach")
    browser.submit(email=email)


def ask_for_link(browser: Browser, email: str) -> None:
    browser.open("/meine-daten")
    browser.submit(email=email)


@pytest.mark.parametrize("act", [sign, ask_for_mail_again, ask_for_link])
def test_each_form_that_takes_an_address_answers_evenly(
    browser: Browser, session: Session, watch: Watch, act: Callable[[Browser, str], None]
) -> None:
    """Once for an address that nobody knows, and once when it is known."""
    publish_revision(session)
    session.commit()
    if act is not sign:
        sign(browser, "known@example.org")
        watch.slept.clear()
    for email in ("known@example.org", "new@example.org", "known@example.org"):
        act(browser, email)
    assert len(watch.slept) == 3
