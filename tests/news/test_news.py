"""News: who sees what and when, in both languages, as pages and as a feed."""

from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.clock import now
from portal.news import operations, reading
from portal.news.models import DRAFT, PUBLISHED, SCHEDULED, WITHDRAWN, NewsEntry
from portal.news.operations import NotNow, Outdated, Words
from portal.organisers.models import AuditEntry
from tests.browser import Browser, Client
from tests.databases import engine_of
from tests.office import add_organiser

A = "{http://www.w3.org/2005/Atom}"
DAY = timedelta(days=1)
BOTH = {"de": ("Neue Fassung", "Erster Absatz.\n\n## Mehr\n\nZweiter."), "en": ("New revision", "First paragraph.")}
GERMAN = {"de": ("Nur deutsch", "Ein Absatz mit <script>x</script>.")}


def written(session: Session, words: dict[str, Words] | None = None) -> NewsEntry:
    """A draft by an editor of its own."""
    return operations.start(session, words or BOTH, add_organiser(session, "editor").id, now())


def published(session: Session, words: dict[str, Words] | None = None, ago: timedelta = DAY) -> NewsEntry:
    """An entry that has been public for so long; a negative time is still to come."""
    entry, moment = written(session, words), now()
    earlier = min(moment, moment - ago) - DAY
    return operations.publish(session, entry.id, 1, moment - ago, entry.changed_by_id, earlier)


def test_the_state_follows_from_the_time_alone(session: Session) -> None:
    moment = now()
    entry = written(session)
    assert entry.state(moment) == DRAFT
    operations.publish(session, entry.id, 1, moment + DAY, entry.changed_by_id, moment)
    assert entry.state(moment) == SCHEDULED
    assert entry.state(moment + DAY) == PUBLISHED
    assert reading.find(session, entry.id, moment) is None
    assert reading.find(session, entry.id, moment + DAY) is entry
    with pytest.raises(NotNow):
        operations.delete(session, entry.id, 2, entry.changed_by_id, moment)
    operations.withdraw(session, entry.id, 2, entry.changed_by_id, moment)
    assert (entry.state(moment), entry.published_at) == (DRAFT, None)
    operations.publish(session, entry.id, 3, None, entry.changed_by_id, moment)
    assert entry.state(moment) == PUBLISHED
    operations.withdraw(session, entry.id, 4, entry.changed_by_id, moment)
    assert entry.state(moment) == WITHDRAWN
    assert reading.everything(session, moment) == []
    with pytest.raises(NotNow):
        operations.withdraw(session, entry.id, 5, entry.changed_by_id, moment)
    operations.delete(session, entry.id, 5, entry.changed_by_id, moment)
    assert session.get(NewsEntry, entry.id) is None


def test_who_is_late_overwrites_nothing(session: Session) -> None:
    entry = written(session)
    operations.save(session, entry.id, 1, GERMAN, entry.changed_by_id, now())
    assert [text.language for text in entry.texts] == ["de"]
    with pytest.raises(Outdated):
        operations.save(session, entry.id, 1, BOTH, entry.changed_by_id, now())
    with pytest.raises(Outdated):
        operations.publish(session, entry.id, 1, None, entry.changed_by_id, now())
    assert operations.save(session, entry.id, 2, GERMAN, entry.changed_by_id, now()).version == 2, "nothing is new"


def test_who_had_to_wait_looks_again(app: Flask, session: Session) -> None:
    """Its page has been read before the other one let go of the entry, as two requests at once do on PostgreSQL."""
    entry = written(session)
    number, by = entry.id, entry.changed_by_id
    session.commit()
    with Session(engine_of(app), expire_on_commit=False) as other:
        read_before = other.get_one(NewsEntry, number)
        other.commit()
        operations.publish(session, number, 1, None, by, now())
        session.commit()
        with pytest.raises(Outdated):
            operations.delete(other, read_before.id, 1, by, now())


def test_the_database_refuses_what_cannot_be(session: Session) -> None:
    entry = written(session)
    entry.withdrawn_at = now()
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()
    entry = written(session)
    entry.texts[0].title = ""
    with pytest.raises(IntegrityError):
        session.flush()


def test_what_is_not_public_is_nowhere(session: Session, browser: Browser, client: Client) -> None:
    entries = [written(session), published(session, ago=-DAY), published(session)]
    operations.withdraw(session, entries[2].id, 2, entries[2].changed_by_id, now())
    assert "Noch steht hier nichts" in browser.open("/aktuelles").text()
    for entry in entries:
        assert client.get(f"/aktuelles/{entry.id}").status_code == 404
    assert "<entry>" not in client.get("/feed/aktuelles.atom").text
    assert "Neue Fassung" not in client.get("/").text
    assert "/aktuelles/" not in client.get("/sitemap.xml").text


def test_what_becomes_public_is_there_at_once_and_leaves_at_once(
    session: Session, browser: Browser, client: Client
) -> None:
    assert not browser.open("/").has(".news")
    entry = published(session)
    assert browser.open("/").texts(".news h3") == ["Neue Fassung"]
    page = browser.open("/aktuelles")
    assert page.texts(".news h2") == ["Neue Fassung"]
    assert "Erster Absatz." in page.text()
    assert "Zweiter." not in page.text()
    page = browser.open(f"/aktuelles/{entry.id}")
    assert (page.text("h1"), page.texts("main h2")) == ("Neue Fassung", ["Mehr"])
    assert page.attribute(".language a", "href") == f"/en/news/{entry.id}"
    assert f"http://portal.test/en/news/{entry.id}" in client.get("/sitemap.xml").text
    operations.withdraw(session, entry.id, entry.version, entry.changed_by_id, now())
    assert browser.open(f"/aktuelles/{entry.id}").status == 404
    assert not browser.open("/").has(".news")


def test_an_entry_in_one_language_is_shown_in_both_and_says_so(session: Session, browser: Browser) -> None:
    entry = published(session, GERMAN)
    page = browser.open("/en/news")
    assert "in German" in page.text(".news__about")
    assert page.attribute(".news h2", "lang") == "de"
    page = browser.open(f"/en/news/{entry.id}")
    assert "only available in German" in page.text(".notice")
    assert page.attribute("article", "lang") == "de"
    assert "<script>x" not in page.response.text
    assert "<script>x</script>" in page.text()


def test_the_list_has_pages_and_the_home_page_three(session: Session, browser: Browser) -> None:
    for number in range(reading.PAGE + 1):
        published(session, {"de": (f"Meldung {number}", "Text")}, timedelta(hours=number))
    page = browser.open("/aktuelles")
    assert page.texts(".news h2") == [f"Meldung {number}" for number in range(reading.PAGE)]
    assert "Seite 1 von 2" in page.text(".pagination")
    assert browser.follow("Ältere").texts(".news h2") == [f"Meldung {reading.PAGE}"]
    assert browser.open("/").texts(".news h3") == ["Meldung 0", "Meldung 1", "Meldung 2"]
    for wrong in ("0", "3", "x", "99999999999999999999", "-1"):
        assert browser.open(f"/aktuelles?seite={wrong}").status == 404


def test_the_feed_says_the_same_in_both_languages(session: Session, client: Client) -> None:
    one, both = published(session, GERMAN, 2 * DAY), published(session)
    for language, titles in (("de", ["Neue Fassung", "Nur deutsch"]), ("en", ["New revision", "Nur deutsch"])):
        answer = client.get(f"/feed/aktuelles.atom?sprache={language}")
        assert answer.mimetype == "application/atom+xml"
        entries = ET.fromstring(answer.text).findall(f"{A}entry")  # noqa: S314 - our own answer
        assert [entry.findtext(f"{A}title") for entry in entries] == titles
        ids = [entry.findtext(f"{A}id") for entry in entries]
        assert ids == [f"http://portal.test/aktuelles/{entry.id}" for entry in (both, one)]
    assert client.get("/feed/aktuelles.atom").headers["Cache-Control"] == "public, no-cache"


def test_each_entry_has_an_address_of_its_own(session: Session, browser: Browser) -> None:
    one, other = published(session, GERMAN), published(session)
    assert browser.open(f"/aktuelles/{one.id}").text("h1") == "Nur deutsch"
    assert browser.open(f"/aktuelles/{other.id}").text("h1") == "Neue Fassung"


def test_what_is_public_says_at_once_what_was_changed_and_the_log_knows(session: Session, browser: Browser) -> None:
    entry = published(session)
    assert browser.open(f"/aktuelles/{entry.id}").text("h1") == "Neue Fassung"
    operations.save(session, entry.id, 2, GERMAN, entry.changed_by_id, now())
    assert browser.open(f"/aktuelles/{entry.id}").text("h1") == "Nur deutsch"
    acts = select(AuditEntry.act).where(AuditEntry.subject == f"news {entry.id}").order_by(AuditEntry.id)
    assert session.scalars(acts).all() == ["news.start", "news.schedule", "news.change"]
    draft = written(session)
    operations.save(session, draft.id, 1, GERMAN, draft.changed_by_id, now())
    of_draft = select(AuditEntry.act).where(AuditEntry.subject == f"news {draft.id}")
    assert session.scalars(of_draft).all() == ["news.start"], "nobody else could read it"


def test_what_is_public_is_not_published_again(session: Session) -> None:
    """Its day would change, and with it its place in every feed reader."""
    entry = published(session)
    with pytest.raises(NotNow):
        operations.publish(session, entry.id, 2, None, entry.changed_by_id, now())
