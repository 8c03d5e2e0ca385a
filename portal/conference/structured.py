"""A conference as search engines read it: schema.org Event, for a JSON-LD block."""

from typing import Any

from flask import url_for

from portal.conference.programme import Conference, Session
from portal.config import Settings

STATUS = {False: "https://schema.org/EventScheduled", True: "https://schema.org/EventCancelled"}


def event(settings: Settings, conference: Conference, language: str) -> dict[str, Any]:
    """The conference with the parts of its programme."""
    return {
        "@context": "https://schema.org",
        **_event(settings, conference, None, language),
        "description": " ".join(conference.summary.paragraphs(language)),
        "organizer": [{"@type": "Organization", "name": one.of(language)} for one in conference.organisers],
        "subEvent": [_event(settings, conference, one, language) for one in conference.sessions],
    }


def _event(settings: Settings, conference: Conference, session: Session | None, language: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "@type": "Event",
        "name": (session or conference).title.of(language),
        "url": settings.base_url + page(conference, session.id if session else None, language),
        "inLanguage": "de",
        "eventStatus": STATUS[conference.cancelled or bool(session and session.cancelled)],
        "eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode",
        "startDate": (session.start if session else conference.first_day).isoformat(),
        "endDate": (session.end if session else conference.last_day).isoformat(),
        "location": _location(conference, session, language),
    }
    if session and session.speakers:
        people = [conference.speakers[name].name for name in session.speakers]
        found["performer"] = [{"@type": "Person", "name": name} for name in people]
    return found


def page(conference: Conference, session: str | None, language: str) -> str:
    """The path of the page of a conference, or of one part of its programme."""
    if session is None:
        return url_for("conference.programme", key=conference.key, language=language)
    return url_for("conference.session", key=conference.key, name=session, language=language)


def _location(conference: Conference, session: Session | None, language: str) -> dict[str, Any]:
    venue = conference.venue
    address = {"@type": "PostalAddress", "addressLocality": venue.city, "addressCountry": "DE"}
    if venue.street:
        address["streetAddress"] = venue.street
    whole = {"@type": "Place", "name": venue.name.of(language), "address": address}
    if session is None or session.room is None:
        return whole
    return {"@type": "Place", "name": conference.rooms[session.room].of(language), "containedInPlace": whole} | {
        "address": address
    }
