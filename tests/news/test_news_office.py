"""The office's pages about news."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.clock import BERLIN, now
from portal.news import operations
from portal.news.models import NewsEntry
from portal.organisers.models import AuditEntry
from tests.browser import Browser
from tests.news.test_news import BOTH, written
from tests.office import Office

pytestmark = pytest.mark.one_database

START = "/redaktion/aktuelles/neu"
PUBLISH = "Veröffentlichen"


def typed(browser: Browser, button: str = "Speichern", **fields: str) -> Browser:
    """Fill in the editor and press a button."""
    browser.submit("#news", button, **fields)
    return browser


def test_from_the_first_word_to_the_website_and_back(session: Session, office: Office) -> None:
    browser = office("editor")
    browser.open("/redaktion/aktuelles")
    browser.follow("Neuer Eintrag")
    page = typed(browser, "Ansehen, ohne zu speichern", title_de="Neues", body_de="Ein **Satz**.").page
    assert page.text(".preview-card strong") == "Neues"
    assert page.texts(".preview-card strong")[1] == "Satz"
    assert session.scalars(select(NewsEntry)).all() == [], "looking saves nothing"
    page = typed(browser).page
    assert "Gespeichert." in page.text(".notice")
    entry = session.scalars(select(NewsEntry)).one()
    later = (now() + timedelta(days=2)).astimezone(BERLIN)
    page = browser.submit("#news", PUBLISH, when="later", day=f"{later:%Y-%m-%d}", time=f"{later:%H:%M}")
    assert "zur gewählten Zeit" in page.text(".notice")
    chosen = {"when": "later", "day": f"{later:%Y-%m-%d}", "time": f"{later:%H:%M}"}
    assert page.fields("#news").items() >= chosen.items(), "who only mends a word does not publish at once"
    assert browser.open(f"/aktuelles/{entry.id}").status == 404
    browser.open(f"/redaktion/aktuelles/{entry.id}")
    page = browser.submit("#withdraw")
    assert "Entwurf" in page.text(".tag")
    assert "Der Eintrag ist wieder ein Entwurf." in page.text(".notice")
    assert "jetzt öffentlich" in browser.submit("#news", PUBLISH, when="now").text(".notice")
    assert browser.open(f"/aktuelles/{entry.id}").text("h1") == "Neues"
    browser.open(f"/redaktion/aktuelles/{entry.id}")
    assert not browser.page.has("#delete")
    browser.submit("#withdraw")
    assert "gelöscht" in browser.submit("#delete").text(".notice")
    acts = session.scalars(select(AuditEntry.act).where(AuditEntry.act.startswith("news.")).order_by(AuditEntry.id))
    assert acts.all() == [
        "news.start", "news.schedule", "news.withdraw", "news.publish", "news.withdraw", "news.delete",
    ]  # fmt: skip
    browser = office("owner")
    assert "Eintrag in Aktuelles veröffentlicht" in browser.open("/redaktion/protokoll").text()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "in mindestens einer Sprache"),
        ({"title_de": "Nur Titel"}, "schreiben Sie einen Text"),
        ({"title_de": "T", "body_de": "B", "body_en": "Only a text"}, "geben Sie eine Überschrift ein"),
        ({"title_de": "x" * 201, "body_de": "B"}, "höchstens 200 Zeichen"),
        ({"title_de": "T", "body_de": "ä" * 9001}, "höchstens 9000 Zeichen"),
    ],
)
def test_what_is_missing_or_too_much_is_said_and_kept(office: Office, fields: dict[str, str], says: str) -> None:
    browser = office("editor")
    browser.open(START)
    page = typed(browser, **fields).page
    assert page.status == 422
    assert says in page.text("[role=alert]")
    kept = page.fields("#news")
    assert all(kept[name] == value for name, value in fields.items())


def test_who_is_late_learns_of_it_and_keeps_what_was_typed(session: Session, office: Office) -> None:
    entry = written(session)
    browser = office("editor")
    browser.open(f"/redaktion/aktuelles/{entry.id}")
    operations.save(session, entry.id, 1, {"de": ("Schneller", "Text")}, entry.changed_by_id, now())
    page = typed(browser, title_de="Langsamer").page
    assert page.status == 409
    assert page.fields("#news")["title_de"] == "Langsamer"
    assert "Schneller" in page.text(".composer__stored")
    session.refresh(entry)
    assert entry.text("de").title == "Schneller"
    assert typed(browser).page.status == 200, "once seen, it can be overwritten"
    browser.open(f"/redaktion/aktuelles/{entry.id}")
    operations.save(session, entry.id, 3, BOTH, entry.changed_by_id, now())
    assert browser.submit("#news", PUBLISH, when="now").status == 409


def test_what_somebody_else_deletes_is_not_lost_to_who_is_writing(session: Session, office: Office) -> None:
    entry = written(session)
    browser = office("editor")
    browser.open(f"/redaktion/aktuelles/{entry.id}")
    operations.delete(session, entry.id, 1, entry.changed_by_id, now())
    page = typed(browser, title_de="Mühsam", body_de="Lange geschrieben.").page
    assert page.status == 409
    assert "hat inzwischen jemand gelöscht" in page.text("[role=alert]")
    assert page.fields("#news")["body_de"] == "Lange geschrieben."
    assert "Gespeichert." in typed(browser).page.text(".notice")
    assert session.scalars(select(NewsEntry)).one().text("de").title == "Mühsam"


def test_what_stands_in_the_fields_is_published(session: Session, office: Office) -> None:
    entry = written(session)
    browser = office("editor")
    browser.open(f"/redaktion/aktuelles/{entry.id}")
    page = typed(browser, PUBLISH, title_de="Noch besser", title_en="").page
    assert page.status == 422, "English has a text without a title"
    assert page.fields("#news")["title_de"] == "Noch besser"
    assert browser.open(f"/aktuelles/{entry.id}").status == 404
    browser.open(f"/redaktion/aktuelles/{entry.id}")
    assert "jetzt öffentlich" in typed(browser, PUBLISH, title_de="Noch besser").page.text(".notice")
    assert browser.open(f"/aktuelles/{entry.id}").text("h1") == "Noch besser"


def test_who_publishes_late_learns_of_it_and_keeps_what_was_typed(session: Session, office: Office) -> None:
    entry = written(session)
    browser = office("editor")
    browser.open(f"/redaktion/aktuelles/{entry.id}")
    operations.publish(session, entry.id, 1, None, entry.changed_by_id, now())
    page = typed(browser, PUBLISH, title_de="Langsamer").page
    assert page.status == 409
    assert page.fields("#news")["title_de"] == "Langsamer"
    assert "öffentlich" in page.text(".tag")
    session.refresh(entry)
    assert entry.text("de").title == BOTH["de"][0]


def test_what_is_stored_stands_beside_other_words_until_they_are_saved(session: Session, office: Office) -> None:
    entry = written(session)
    browser = office("editor")
    assert not browser.open(f"/redaktion/aktuelles/{entry.id}").has(".composer__stored")
    page = typed(browser, "Ansehen, ohne zu speichern", title_de="Anders").page
    assert page.texts(".composer__stored strong") == [BOTH["de"][0]], "only German says something else"
    assert not typed(browser).page.has(".composer__stored")


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("/gibt-es-nicht", "Antwort 404"),
        ("http://portal.test/gibt-es-nicht", "Antwort 404"),
        ("/redaktion/aktuelles", "gehört zur Redaktion"),
        ("/aktuelles#these-99", "gibt es diese Stelle nicht"),
        ("#oben", "die es hier nicht gibt"),
        ("aktuelles", "„Link“ hat kein Ziel"),
        ("/aktuelles", ""),
        ("https://example.org/gibt-es-nicht", ""),
        ("mailto:niemand@example.org", ""),
    ],
)
def test_the_look_at_an_entry_names_dead_links(session: Session, office: Office, target: str, says: str) -> None:
    browser = office("editor")
    browser.open(START)
    page = typed(browser, "Ansehen, ohne zu speichern", title_de="T", body_de=f"Ein [Link]({target}).").page
    assert page.has(".composer__mail .notice--warning") == bool(says)
    assert says in page.text(".composer__mail")
    assert "Gespeichert." in typed(browser).page.text(".notice"), "it does not stand in the way"


def test_a_page_that_is_asked_too_often_is_not_called_dead(session: Session, office: Office) -> None:
    browser = office("editor")
    browser.open(START)
    body = " ".join(f"[Suche](/suche?q=wort{number})" for number in range(200))
    assert not typed(browser, "Ansehen, ohne zu speichern", title_de="T", body_de=body).page.has(".notice--warning")


@pytest.mark.parametrize(
    ("day", "time", "says"),
    [
        ("", "", "Tag und Uhrzeit"),
        ("2020-01-01", "10:00", "schon vorbei"),
        ("9999-12-31", "23:59", ""),
        ("heute", "=1+1", "Tag und Uhrzeit"),
    ],
)
def test_a_time_has_to_be_one(session: Session, office: Office, day: str, time: str, says: str) -> None:
    entry = written(session)
    browser = office("editor")
    browser.open(f"/redaktion/aktuelles/{entry.id}")
    page = browser.submit("#news", PUBLISH, when="later", day=day, time=time)
    assert page.status == (422 if says else 200)
    assert says in page.text("[role=alert]")
