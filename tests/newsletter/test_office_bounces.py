"""The office's pages about what came back."""

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from portal.clock import now
from portal.mail import bounces, suppression
from portal.mail.models import BLOCKED, BOUNCED, COMPLAINED, COMPLAINT, HARD, OBJECTED, SOFT, Bounce, Suppression
from portal.newsletter import office_bounces
from portal.organisers.models import AuditEntry
from tests.office import Office

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
PAGE = "/redaktion/ruecklaeufer"


@pytest.fixture
def key(app: Flask) -> str:
    """The key of ada@example.org."""
    book: AddressBook = app.extensions["addresses"]
    return book.identify("ada@example.org").key


def keys(number: int) -> list[str]:
    return [f"{one:010x}" + "0" * 54 for one in range(number)]


def test_nothing_came_back(office: Office) -> None:
    browser = office("editor")
    assert "Keine Adresse ist gesperrt." in browser.open(PAGE).text()
    assert "kam nichts zurück" in browser.open(f"{PAGE}?liste=zurueck").text()


def test_lists_say_why_in_words(session: Session, office: Office) -> None:
    one, two, three, four = keys(4)
    suppression.suppress(session, one, OBJECTED, NOON)
    suppression.suppress(session, two, BLOCKED, NOON)
    bounces.record(session, three, COMPLAINT, "abuse", NOON)
    bounces.record(session, four, HARD, "550 5.1.1", NOON)
    bounces.record(session, one, SOFT, "5.2.2", NOON)
    browser = office("editor")
    text = browser.open(PAGE).text()
    assert "das Postfach gibt es nicht (550 5.1.1)" in text
    assert "gemeldet vom Mailanbieter (abuse)" in text
    for words in ("gesperrt (4)", "Mails kommen zurück (1)", "als Spam gemeldet (1)", "widersprochen (1)"):
        assert words in text
    assert "zurückgekommen (3)" in text
    assert "das Postfach ist voll (5.2.2)" in browser.open(f"{PAGE}?liste=zurueck").text()
    only = browser.open(f"{PAGE}?grund=objected").text()
    assert one[:10] in only
    assert four[:10] not in only


def test_address_is_found_by_its_hash_and_never_shown(session: Session, office: Office, key: str) -> None:
    bounces.record(session, key, HARD, "5.1.1", NOON)
    bounces.record(session, keys(1)[0], HARD, "5.1.2", NOON)
    browser = office("editor")
    browser.open(PAGE)
    browser.submit("main form[role=search]", email="Ada@Example.org")
    assert browser.page.path == PAGE
    assert browser.page.response.request.full_path == f"{PAGE}?kennung={key[:10]}"
    assert "Die gesuchte Adresse ist gesperrt" in browser.page.text()
    assert "das Postfach gibt es nicht (5.1.1)" in browser.page.text()
    assert "5.1.2" not in browser.page.text()
    assert "ada@" not in browser.page.response.text.lower()
    browser.open(PAGE)
    browser.submit("main form[role=search]", email="bob@example.org")
    assert "Diese Adresse ist nicht gesperrt." in browser.page.text()


def test_what_is_no_address_is_kept_in_the_field(office: Office) -> None:
    browser = office("editor")
    browser.open(PAGE)
    browser.submit("main form[role=search]", email="ada")
    assert browser.page.status == 422
    assert "Das ist keine vollständige E-Mail-Adresse" in browser.page.text()
    assert browser.page.attribute("main [name=email]", "value") == "ada"


@pytest.mark.parametrize("nonsense", ["kennung=%25", "kennung=ada@example.org", "vor=x", "vor=99999999999", "grund=x"])
def test_nonsense_in_the_address_does_no_harm(session: Session, office: Office, key: str, nonsense: str) -> None:
    bounces.record(session, key, HARD, "5.1.1", NOON)
    browser = office("editor")
    browser.open(f"{PAGE}?{nonsense}")
    assert browser.page.status == 200
    if nonsense == "grund=x":
        assert key[:10] in browser.page.text(), "what is no reason is not looked for"
    if nonsense.startswith("kennung"):
        assert "ada@" not in browser.page.response.text
        assert key[:10] not in browser.page.text(), "a pattern is not looked for"


@pytest.mark.parametrize("query", ["", "liste=zurueck"])
def test_lists_go_on_from_page_to_page(session: Session, office: Office, query: str) -> None:
    known = keys(120)
    session.add_all(Suppression(address_key=one, reason=BOUNCED, detail="5.1.1", created_at=NOON) for one in known)
    session.add_all(Bounce(address_key=one, day=date(2026, 12, 1), kind=HARD, code="5.1.1") for one in known)
    browser = office("editor")
    browser.open(f"{PAGE}?{query}")
    found: list[str] = []
    for size in (50, 50, 20):
        rows = browser.page.texts("table code")
        assert len(rows) == size
        found += rows
        if size == 50:
            browser.follow("Ältere")
    assert found == [one[:10] for one in reversed(known)]
    assert "Ältere" not in browser.page.text()


def test_lifting_asks_why_and_is_written_down(session: Session, office: Office, key: str) -> None:
    bounces.record(session, key, HARD, "5.1.1", NOON)
    browser = office("editor")
    browser.open(PAGE)
    browser.follow("Aufheben …")
    browser.submit("main form")
    assert browser.page.status == 422
    assert "Bitte wählen Sie einen Grund." in browser.page.text()
    assert suppression.is_suppressed(session, key)
    browser.submit("main form", why="works")
    assert "Die Sperre ist aufgehoben." in browser.page.text()
    assert not suppression.is_suppressed(session, key)
    entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "suppression.lift")).one()
    assert (entry.subject, entry.detail) == (f"suppression {key[:10]}", {"was": BOUNCED, "why": "works"})


@pytest.mark.parametrize("reason", [OBJECTED, COMPLAINED])
def test_against_ones_own_word_only_ones_own_word_counts(
    session: Session, office: Office, key: str, reason: str
) -> None:
    suppression.suppress(session, key, reason, NOON)
    browser = office("editor")
    browser.open(PAGE)
    browser.follow("Aufheben …")
    assert "wollte keine Newsletter mehr" in browser.page.text()
    assert not browser.page.has("[name=why][value=works]")
    token = browser.page.attribute("main [name=csrf_token]", "value")
    answer = browser.client.post(browser.page.path, data={"csrf_token": token, "why": "works"})
    assert answer.status_code == 422
    assert suppression.is_suppressed(session, key)
    browser.submit("main form", why="asked")
    assert not suppression.is_suppressed(session, key)


def test_a_stale_page_lifts_nobody_elses_suppression(session: Session, office: Office, key: str) -> None:
    """A number is given once: what was lifted meanwhile is gone, and whoever objects then is somebody else."""
    suppression.suppress(session, key, BOUNCED, NOON)
    browser = office("editor")
    browser.open(PAGE)
    browser.follow("Aufheben …")
    suppression.lift(session, key)
    (stranger,) = keys(1)
    suppression.suppress(session, stranger, OBJECTED, NOON)
    assert browser.submit("main form", why="asked").status == 404
    assert suppression.is_suppressed(session, stranger)


def test_a_stale_page_does_not_lift_what_was_said_meanwhile(session: Session, office: Office, key: str) -> None:
    suppression.suppress(session, key, BOUNCED, NOON)
    browser = office("editor")
    browser.open(PAGE)
    browser.follow("Aufheben …")
    suppression.suppress(session, key, OBJECTED, NOON)
    browser.submit("main form", why="asked")
    assert browser.page.status == 409
    assert "während Sie diese Seite offen hatten" in browser.page.text()
    assert "wollte keine Newsletter mehr" in browser.page.text()
    assert suppression.is_suppressed(session, key)
    browser.submit("main form", why="asked")
    assert not suppression.is_suppressed(session, key)


def test_auditor_reads_and_changes_nothing(session: Session, office: Office, key: str) -> None:
    bounces.record(session, key, HARD, "5.1.1", NOON)
    browser = office("auditor")
    text = browser.open(PAGE).text()
    assert "das Postfach gibt es nicht" in text
    assert "Aufheben" not in text
    assert not browser.page.has("main form")


def test_start_page_tells_what_came_back_this_week(session: Session, office: Office) -> None:
    one, two, three = keys(3)
    suppression.suppress(session, one, BOUNCED, now() - timedelta(days=1), "5.1.1")
    suppression.suppress(session, two, BOUNCED, now() - timedelta(days=8), "5.1.1")
    suppression.suppress(session, three, OBJECTED, now())
    assert office_bounces._lately(session, now()) == 1
    browser = office("editor")
    assert "weil Mails zurückkamen" in browser.open("/redaktion").text()
