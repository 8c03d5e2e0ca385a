"""The public pages, calendar files, and what search engines read."""

import json
import shutil
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import extruct
import pytest
from flask import Flask
from icalendar import Calendar
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.clock import now
from portal.conference import reading
from portal.mail.compose import Composer
from portal.mail.models import OutboxMail
from portal.search.models import SearchEntry
from portal.search.operations import refresh
from tests.browser import Browser, Client
from tests.conference.conftest import KEY, Register, described, words, write
from tests.conftest import MakeApp
from tests.letters import letters

pytestmark = pytest.mark.one_database


def test_the_conference_of_2023_shows_facts_and_a_gap(browser: Browser) -> None:
    page = browser.open("/fachtagung/2023")
    assert "Mittwoch, 8. Februar 2023" in page.text()
    assert "Gewerkschaftshaus Essen" in page.text()
    assert "Programm, Referent:innen und Folien" in page.text(".gap")
    assert not page.has(".programme")
    assert browser.open("/en/conference/2023").text("h1").startswith("Digitalisation")
    assert browser.open("/fachtagung/2023/anmeldung").status == 410


def test_the_programme_leads_to_each_part(browser: Browser) -> None:
    page = browser.open("/fachtagung")
    assert "Tagung" in page.texts("h2")
    page = browser.follow("Tagung")
    assert "Noch 2 Plätze sind frei." in page.text()
    assert "entfällt" in page.text(".is-cancelled")
    page = browser.follow("Vortrag; mit Komma, und ä")
    assert "Saal, Haus, Ort" in page.text()
    assert "Ada Beispiel" in page.text()
    assert "10:00–11:30" in page.text()
    assert browser.open("/fachtagung/tagung/entfaellt").has(".notice--warning")
    for unknown in ("gibt-es-nicht", "beispiel", "tagung/x", "x.ics", "tagung/x.ics", "%00", "tagung%2F.."):
        assert browser.open(f"/fachtagung/{unknown}").status == 404


def test_english_pages_speak_of_registering_and_not_of_an_account(browser: Browser) -> None:
    assert "Register for the conference: " in browser.open("/en/conference").text()
    for path in ("/en/conference/tagung", "/en/conference/tagung/registration"):
        assert browser.open(path).texts("main .button") == ["Register for the conference"]


def test_calendars_are_what_rfc_5545_asks_for(client: Client) -> None:
    answer = client.get("/fachtagung/tagung.ics")
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8; method=PUBLISH"
    lines = answer.data.split(b"\r\n")
    assert b"\n" not in b"".join(lines)
    assert max(map(len, lines)) <= 75
    calendar = Calendar.from_ical(answer.data)
    assert calendar["METHOD"] == "PUBLISH"
    assert [str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")] == ["Europe/Berlin"]
    events: list[Any] = calendar.walk("VEVENT")
    whole, talk, off = events
    assert [str(one["UID"]) for one in (whole, talk, off)] == [
        "tagung@portal.test",
        "vortrag.tagung@portal.test",
        "entfaellt.tagung@portal.test",
    ]
    assert [one["STATUS"] for one in (whole, talk, off)] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert {one["SEQUENCE"] for one in (whole, talk, off)} == {3}
    assert {one["DTSTAMP"].dt for one in (whole, talk, off)} == {datetime(2026, 11, 22, tzinfo=UTC)}
    assert talk["DTSTART"].dt == datetime(2030, 7, 1, 10, tzinfo=ZoneInfo("Europe/Berlin"))
    assert talk["DTSTART"].dt.utcoffset().total_seconds() == 7200
    assert str(talk["SUMMARY"]) == "Vortrag; mit Komma, und ä"
    assert (whole["DTEND"].dt - whole["DTSTART"].dt).days == 2
    single = Calendar.from_ical(client.get("/fachtagung/tagung/vortrag.ics").data)
    assert [one["UID"] for one in single.walk("VEVENT")] == [talk["UID"]]
    english = Calendar.from_ical(client.get("/en/conference/tagung/vortrag.ics").data).walk("VEVENT")[0]
    assert english["UID"] == talk["UID"], "the same entry in either language"
    assert client.get("/fachtagung/tagung.ics").data == answer.data


def test_a_cancelled_conference_cancels_everything(make_app: MakeApp, content: Path) -> None:
    write(content, cancelled=True, sequence=4)
    browser = Browser(make_app(content=content).test_client())
    calendar = Calendar.from_ical(browser.client.get("/fachtagung/tagung.ics").data)
    assert {one["STATUS"] for one in calendar.walk("VEVENT")} == {"CANCELLED"}
    assert {one["SEQUENCE"] for one in calendar.walk("VEVENT")} == {4}
    page = browser.open("/fachtagung/tagung")
    assert "Diese Fachtagung ist abgesagt." in page.text()
    assert not page.has("#anmeldung"), "a heading with nothing below it"
    assert browser.open("/fachtagung/tagung/anmeldung").status == 410


def test_names_of_several_lines_are_one_line(make_app: MakeApp, content: Path) -> None:
    said = words("Erste\n\nzweite\rATTENDEE:mailto:x@example.org")
    talk = {**described()["sessions"][0], "title": said}
    venue = {"name": said, "city": "Ort\nhier"}
    write(content, title=said, organisers=[said], venue=venue, rooms={"saal": said}, sessions=[talk])
    answer = make_app(content=content).test_client().get("/fachtagung/tagung.ics")
    calendar = Calendar.from_ical(answer.data)
    name = "Erste zweite ATTENDEE:mailto:x@example.org"
    assert calendar["X-WR-CALNAME"] == name
    assert {str(one["SUMMARY"]) for one in calendar.walk("VEVENT")} == {name}
    assert {str(one["LOCATION"]) for one in calendar.walk("VEVENT")} == {
        f"{name}, Ort hier",
        f"{name}, {name}, Ort hier",
    }


def test_search_engines_read_an_event(client: Client) -> None:
    page = client.get("/fachtagung/tagung").text
    event = extruct.extract(page, syntaxes=["json-ld"])["json-ld"][0]
    assert event["@type"] == "Event"
    assert event["eventStatus"] == "https://schema.org/EventScheduled"
    assert event["location"]["address"]["addressLocality"] == "Ort"
    assert event["organizer"][0]["name"] == "Verein"
    assert [one["eventStatus"].rpartition("/")[2] for one in event["subEvent"]] == ["EventScheduled", "EventCancelled"]
    assert event["subEvent"][0]["startDate"] == "2030-07-01T10:00:00+02:00"


def test_what_stands_in_the_file_cannot_leave_the_script(make_app: MakeApp, content: Path) -> None:
    write(content, title={"de": "</script><b>x", "en": "x"})
    page = make_app(content=content).test_client().get("/fachtagung/tagung").text
    assert "</script><b>" not in page
    assert json.loads(page.partition('ld+json">')[2].partition("</script>")[0])["name"] == "</script><b>x"


def test_a_place_comes_with_a_calendar_file(app: Flask, session: Session, register: Register) -> None:
    register("ada@example.org")
    letter = letters(app, session)[-1]
    files = list(letter.iter_attachments())
    assert [one.get_filename() for one in files] == ["tagung.ics"]
    assert isinstance(files[0], EmailMessage)
    assert files[0].get_content_type() == "text/calendar"
    assert files[0].get_param("method") == "PUBLISH"
    content = files[0].get_payload(decode=True)
    assert isinstance(content, bytes)
    assert b"\r\n" in content
    assert [str(one["UID"]) for one in Calendar.from_ical(content).walk("VEVENT")] == ["tagung@portal.test"]
    row = session.get(OutboxMail, 2)
    assert row is not None
    assert Composer(app).compose(row).content == Composer(app).compose(row).content


def test_search_and_sitemap_know_what_is_public(app: Flask, session: Session) -> None:
    with app.test_request_context("/"):
        entries = list(reading.SOURCE.entries(session, now()))
        keys = {one.key for one in entries}
        assert any("Gewerkschaftshaus Essen" in one.text for one in entries), "one looks for the place, too"
        venue = next(one.text for one in entries if (one.key, one.language) == ("2023", "de"))
        assert " · Gewerkschaftshaus Essen · " in venue, "what stands apart on the page does so here"
        assert keys == {"2023", KEY, "tagung/1", "tagung/2"}
        assert reading.SOURCE.public(session, {"tagung/1", "beispiel"}, now()) == {"tagung/1"}
        assert {one.values.get("key") for one in reading.places(session, now())} == {None, "2023", KEY}


def test_no_page_says_who_comes(browser: Browser, register: Register) -> None:
    register("ada@example.org", name="Ada Geheim", needs="Rampe")
    for address in ("/fachtagung", "/fachtagung/tagung", "/fachtagung/tagung.ics", "/fachtagung/tagung/anmeldung"):
        text = browser.open(address).response.text
        assert "Geheim" not in text
        assert "Rampe" not in text


def test_long_names_of_sessions_are_all_found(make_app: MakeApp, content: Path, session: Session) -> None:
    """What the index calls them has a limit, and two must not become one there."""
    other, key, first = content.parent / "lang", "k" * 48, described()["sessions"][0]
    shutil.copytree(content, other)
    sessions = [{**first, "id": "v" * 47 + end, "room": room} for end, room in (("a", "saal"), ("b", "neben"))]
    write(other, key, sessions=sessions)
    app = make_app(content=other)
    with app.app_context():
        assert refresh(session, [reading.SOURCE], now(), 100)
        names = session.scalars(select(SearchEntry.key).where(SearchEntry.key.startswith(key))).all()
        assert len(names) == 6
        assert max(map(len, names)) <= 64
        assert reading.SOURCE.public(session, names, now()) == set(names)
