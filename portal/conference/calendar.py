"""Conferences as calendar files (RFC 5545): the same address, UID and bytes until the programme changes."""

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import url_for

from portal.conference.programme import Conference, Session
from portal.config import Settings
from portal.mail.compose import sender_of

if TYPE_CHECKING:
    from icalendar import Event

CONTENT_TYPE = "text/calendar; charset=utf-8; method=PUBLISH"
PRODUCT = "-//Dortmund-Essener Erklaerung//Portal//DE"


def whole(settings: Settings, conference: Conference, language: str) -> bytes:
    """The days of the conference, and each part of its programme."""
    parts = [_part(settings, conference, one, language) for one in conference.sessions]
    return _written([_days(settings, conference, language), *parts], conference, language)


def days(settings: Settings, conference: Conference, language: str) -> bytes:
    """One entry: the days of the conference. For who has a place."""
    return _written([_days(settings, conference, language)], conference, language)


def part(settings: Settings, conference: Conference, session: Session, language: str) -> bytes:
    """One part of the programme."""
    return _written([_part(settings, conference, session, language)], conference, language)


def _written(events: "list[Event]", conference: Conference, language: str) -> bytes:
    from icalendar import Calendar  # noqa: PLC0415 - only loaded where somebody wants a calendar file, as below

    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODUCT)
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", conference.title.of(language))
    for event in events:
        calendar.add_component(event)
    calendar.add_missing_timezones(
        first_date=conference.first_day - timedelta(days=366), last_date=conference.last_day + timedelta(days=366)
    )
    content: bytes = calendar.to_ical()
    return content


def _days(settings: Settings, conference: Conference, language: str) -> "Event":
    event = _event(settings, conference, language, conference.key, cancelled=conference.cancelled)
    event.add("summary", conference.title.of(language))
    event.add("dtstart", conference.first_day)
    event.add("dtend", conference.last_day + timedelta(days=1))
    event.add("transp", "TRANSPARENT")
    event.add("location", place(conference, None, language))
    event.add("description", "\n\n".join(conference.summary.paragraphs(language)))
    event.add("url", settings.base_url + url_for("conference.programme", key=conference.key, language=language))
    return event


def _part(settings: Settings, conference: Conference, session: Session, language: str) -> "Event":
    cancelled = conference.cancelled or session.cancelled
    event = _event(settings, conference, language, f"{session.id}.{conference.key}", cancelled=cancelled)
    event.add("summary", session.title.of(language))
    event.add("dtstart", session.start)
    event.add("dtend", session.end)
    event.add("location", place(conference, session.room, language))
    if session.abstract:
        event.add("description", "\n\n".join(session.abstract.paragraphs(language)))
    page = url_for("conference.session", key=conference.key, name=session.id, language=language)
    event.add("url", settings.base_url + page)
    return event


def _event(settings: Settings, conference: Conference, language: str, name: str, *, cancelled: bool) -> "Event":
    from icalendar import Event, vCalAddress, vText  # noqa: PLC0415

    event = Event()
    event.add("uid", f"{name}@{urlsplit(settings.base_url).hostname}")
    event.add("dtstamp", conference.updated_at)
    event.add("last-modified", conference.updated_at)
    event.add("sequence", conference.sequence)
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    organiser = vCalAddress(f"mailto:{sender_of(settings).addr_spec}")
    organiser.params["CN"] = vText(conference.organisers[0].of(language))
    event.add("organizer", organiser)
    return event


def place(conference: Conference, room: str | None, language: str) -> str:
    """Where it is, on one line."""
    venue, name = conference.venue, conference.venue.name.of(language)
    city = None if venue.city in name else venue.city
    parts = [conference.rooms[room].of(language) if room else None, name, venue.street, city]
    return ", ".join(part for part in parts if part)
