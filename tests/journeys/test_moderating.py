"""Fifty comments wait: moderated by keys, by Tab and Enter without a script, and by buttons without a script."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import create_engine, delete, func, select, text
from sqlalchemy.orm import Session

from portal.declaration.models import Revision
from portal.discussion.models import REFUSE_DELETE, Comment, CommentText, DecisionStatement, ModerationDecision
from tests.databases import SQLite
from tests.journeys.organiser import joins_the_office
from tests.journeys.site import Site, running_site
from tests.journeys.visitor import Visitor, visiting

MANY = 50
WAITED = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
ABOUT_OTHERS = 21
"""The comment that seems to name somebody: approving it asks for a tick."""
APPROVE = '[data-key="a"]'
TICK = "[name=no_third_parties]"
UNDO = '[data-key="u"]'
QUEUE = "/redaktion/kommentare"


@pytest.fixture(scope="module")
def busy_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running portal of these journeys' own."""
    folder = tmp_path_factory.mktemp("busy_site")
    with running_site(SQLite(folder).fresh(folder), folder) as site:
        yield site


@pytest.fixture
def queue(busy_site: Site) -> Iterator[Session]:
    """Fifty comments wait, and nothing else has been written."""
    engine = create_engine(busy_site.database_url)
    with Session(engine) as session:
        # What was decided in the journey before can be removed by nobody; so it takes the guard off for a moment.
        session.execute(text("DROP TRIGGER moderation_decisions_refuse_delete"))
        for table in (DecisionStatement, ModerationDecision, CommentText, Comment):
            session.execute(delete(table))
        session.execute(text(REFUSE_DELETE["sqlite"]))
        revision = session.scalars(select(Revision).order_by(Revision.number.desc())).first()
        assert revision is not None
        session.add_all(_waiting(revision, number) for number in range(MANY))
        session.commit()
        yield session
    engine.dispose()


def _waiting(revision: Revision, number: int) -> Comment:
    at = WAITED + timedelta(minutes=number)
    who = "Frau Muster sagt" if number == ABOUT_OTHERS else "Alle sagen"
    words = f"Beispiel {number}: {who}, dass die Zeit im Gespräch fehlt."
    return Comment(
        revision_id=revision.id,
        thesis_key=revision.theses[0].key,
        status="waiting",
        name=f"Person {number}",
        email=f"person{number}@example.org",
        address_key=f"key {number}",
        language="de",
        requested_at=at,
        confirmed_at=at,
        waiting_since=at,
        texts=[CommentText(number=1, source=words, html=f"<p>{words}</p>", renderer_version="test", written_at=at)],
    )


def outcome(session: Session) -> dict[str, int]:
    """How many comments there are in each status."""
    session.rollback()
    rows = session.execute(select(Comment.status, func.count()).group_by(Comment.status))
    return {status: number for status, number in rows}  # noqa: C416 - a row is not a pair to dict()


@pytest.fixture
def with_keys(busy_site: Site, chrome: Browser) -> Iterator[Visitor]:
    """A moderator whose browser runs scripts."""
    with visiting(chrome, busy_site, "de") as moderator:
        joins_the_office(moderator, "moderator")
        yield moderator


@pytest.fixture
def without_script(busy_site: Site, chrome: Browser) -> Iterator[Visitor]:
    """A moderator whose browser runs none."""
    with visiting(chrome, busy_site, "de", javascript=False) as moderator:
        joins_the_office(moderator, "moderator")
        yield moderator


def begins(moderator: Visitor) -> None:
    """Go to the queue and, by keyboard, to the comment that has waited longest."""
    moderator.goes_to(QUEUE)
    moderator.tabs_to(".moderation a.button")
    moderator.goes_on_with("Enter")
    moderator.sees("Beispiel 0:")


def switches_the_keys_on(moderator: Visitor) -> None:
    """They are off until somebody wants them."""
    moderator.main.locator("summary", has_text="Tasten").click()
    moderator.main.locator("[data-keys-switch]").check()
    moderator.main.locator("summary", has_text="Tasten").click()


def test_keys_do_nothing_before_they_are_switched_on(with_keys: Visitor, queue: Session) -> None:
    moderator = with_keys
    begins(moderator)
    moderator.presses("a")
    moderator.sees("Beispiel 0:")
    assert outcome(queue) == {"waiting": MANY}


def test_no_key_is_pressed_for_its_own_sake_beside_the_fields_of_a_form(with_keys: Visitor, queue: Session) -> None:
    """Who has chosen a reason and begins to type its words has not clicked into the field yet."""
    moderator = with_keys
    begins(moderator)
    switches_the_keys_on(moderator)
    moderator.main.get_by_text("Ablehnen, mit Begründung").click()
    moderator.main.get_by_label("Werbung oder Spam").check()
    moderator.page.keyboard.type("Das ist Werbung")
    moderator.sees("Beispiel 0:")
    assert outcome(queue) == {"waiting": MANY}


def test_fifty_comments_by_keys(with_keys: Visitor, queue: Session) -> None:
    """Nine of ten are approved with one key each; every tenth is returned, with words; one is taken back."""
    moderator = with_keys
    begins(moderator)
    switches_the_keys_on(moderator)
    for number in range(MANY):
        moderator.sees(f"Beispiel {number}:")
        if number % 10 == 9:
            moderator.presses("r")
            expect(moderator.focused).to_have_attribute("name", "changes")
            moderator.page.keyboard.type("Bitte kürzen, ja? Auch u und a und r sind nur Buchstaben.")
            moderator.presses("Tab")
            moderator.goes_on_with("Enter")
        elif number == 12:
            moderator.goes_on_with("a")
            moderator.sees("freigegeben. Rückgängig machen (10 s)")
            moderator.goes_on_with("u")
            moderator.sees("Beispiel 12:", "Es ist keine Mail hinausgegangen")
            moderator.goes_on_with("a")
        elif number == ABOUT_OTHERS:
            moderator.presses("a")
            expect(moderator.focused).to_have_attribute("name", "no_third_parties")
            moderator.presses("Space")
            moderator.goes_on_with("a")
        else:
            moderator.goes_on_with("a")
    moderator.sees("Kein Kommentar wartet")
    assert outcome(queue) == {"published": 45, "returned": 5}


def test_fifty_comments_by_tab_and_enter_without_a_script(without_script: Visitor, queue: Session) -> None:
    """The focus comes back to where one goes on: few presses of Tab lead from one decision to the next."""
    moderator = without_script
    begins(moderator)
    for number in range(MANY):
        moderator.sees(f"Beispiel {number}:")
        if number:
            expect(moderator.focused).to_contain_text("freigegeben")
        if number == ABOUT_OTHERS:
            moderator.tabs_to(TICK)
            moderator.presses("Space")
        moderator.tabs_to(APPROVE)
        moderator.goes_on_with("Enter")
    moderator.sees("Kein Kommentar wartet")
    assert outcome(queue) == {"published": MANY}


def test_fifty_comments_by_buttons_without_a_script(without_script: Visitor, queue: Session) -> None:
    """Approved, put aside, returned and rejected, and one of them taken back, by pointing alone."""
    moderator = without_script
    moderator.goes_to(QUEUE)
    moderator.clicks(".moderation a.button")
    for number in range(MANY):
        moderator.sees(f"Beispiel {number}:")
        if number % 10 == 9:
            moderator.clicks('form:has([value="hold"]) button')
        elif number % 10 == 7:
            moderator.main.get_by_text("Zurückgeben und um eine Änderung bitten").click()
            moderator.main.locator("#changes").fill("Bitte kürzen.")
            moderator.clicks('form:has([value="return"]) button')
        elif number % 10 == 5:
            moderator.main.get_by_text("Ablehnen, mit Begründung").click()
            moderator.main.get_by_label("Kein Bezug zur Erklärung").check()
            moderator.main.locator("#facts").fill("Der Text handelt von etwas anderem.")
            moderator.clicks('form:has([value="reject"]) button')
        elif number == ABOUT_OTHERS:
            moderator.main.locator(TICK).check()
            moderator.clicks(APPROVE)
        elif number == 12:
            moderator.clicks(APPROVE)
            moderator.clicks(UNDO)
            moderator.clicks(APPROVE)
        else:
            moderator.clicks(APPROVE)
    moderator.sees("Kein Kommentar wartet")
    assert outcome(queue) == {"published": 35, "held": 5, "returned": 5, "rejected": 5}


def test_keys_stay_quiet_where_one_types_and_can_be_switched_off(with_keys: Visitor, queue: Session) -> None:
    """WCAG 2.1.4."""
    moderator = with_keys
    begins(moderator)
    switches_the_keys_on(moderator)
    moderator.presses("r")
    moderator.page.keyboard.type("aujkr?")
    expect(moderator.page.locator("#changes")).to_have_value("aujkr?")
    moderator.sees("Beispiel 0:")
    moderator.goes_to(QUEUE)
    moderator.presses("j")
    moderator.presses("j")
    moderator.presses("k")
    expect(moderator.focused).to_contain_text("Kommentar")
    moderator.goes_on_with("Enter")
    moderator.sees("Beispiel 0:")
    moderator.goes_on_with("j")
    moderator.sees("Beispiel 1:")
    moderator.goes_on_with("k")
    moderator.presses("?")
    switch = moderator.page.locator("[data-keys-switch]")
    switch.uncheck()
    moderator.presses("a")
    moderator.page.reload()
    moderator.presses("a")
    moderator.presses("j")
    moderator.sees("Beispiel 0:")
    assert moderator.page.locator("[aria-keyshortcuts]").count() == 0
    assert outcome(queue) == {"waiting": MANY}


def test_a_key_with_ctrl_is_the_browsers(with_keys: Visitor, queue: Session) -> None:
    moderator = with_keys
    begins(moderator)
    switches_the_keys_on(moderator)
    moderator.presses("Control+a")
    moderator.sees("Beispiel 0:")
    assert outcome(queue) == {"waiting": MANY}
