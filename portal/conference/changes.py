"""What has changed at a conference: its days, its venue, and when and where each part of the programme is."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from portal.conference.calendar import place
from portal.conference.programme import Conference
from portal.language import LANGUAGES

DAYS, VENUE, NEW, MOVED, CANCELLED, REINSTATED, GONE = KINDS = (
    "days", "venue", "new", "moved", "cancelled", "reinstated", "gone",
)  # fmt: skip
"""What a change can be."""

Named = Mapping[str, str]
"""What something is called, by language."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Slot(_Part):
    """When and where a part of the programme is."""

    title: Named
    begins: datetime
    ends: datetime
    room: Named | None
    cancelled: bool


class Timetable(_Part):
    """When and where everything is, as it was told at one SEQUENCE (RFC 5546 raises it for just that)."""

    first_day: date
    last_day: date
    venue: Named
    cancelled: bool
    slots: Mapping[str, Slot]

    @classmethod
    def of(cls, conference: Conference) -> "Timetable":
        return cls(
            first_day=conference.first_day,
            last_day=conference.last_day,
            venue={language: place(conference, None, language) for language in LANGUAGES},
            cancelled=conference.cancelled,
            slots={
                one.id: Slot(
                    title=one.title.model_dump(),
                    begins=one.start,
                    ends=one.end,
                    room=conference.rooms[one.room].model_dump() if one.room else None,
                    cancelled=one.cancelled,
                )
                for one in conference.sessions
            },
        )


def changes(before: Timetable, after: Timetable, language: str) -> list[dict[str, Any]]:
    """What to say to somebody who knows `before`: `kind`, and what is needed to say it, as JSON can hold it.

    Of a conference that is cancelled nothing else matters.
    """
    return [] if after.cancelled else [*_as_a_whole(before, after, language), *_by_part(before, after, language)]


def _as_a_whole(before: Timetable, after: Timetable, language: str) -> Iterator[dict[str, Any]]:
    if (before.first_day, before.last_day) != (after.first_day, after.last_day):
        yield {"kind": DAYS, "before": _days(before), "now": _days(after)}
    if before.venue[language] != after.venue[language]:
        yield {"kind": VENUE, "before": before.venue[language], "now": after.venue[language]}


def _by_part(before: Timetable, after: Timetable, language: str) -> Iterator[dict[str, Any]]:
    for key, slot in sorted(after.slots.items(), key=lambda one: one[1].begins):
        known, said = before.slots.get(key), {"title": slot.title[language], "now": _when(slot, language)}
        if known is None:
            if not slot.cancelled:
                yield {"kind": NEW, **said}
        elif known.cancelled or slot.cancelled:
            if known.cancelled != slot.cancelled:
                yield {"kind": CANCELLED if slot.cancelled else REINSTATED, **said}
        elif (known.begins, known.ends, known.room) != (slot.begins, slot.ends, slot.room):
            yield {"kind": MOVED, **said, "before": _when(known, language)}
    for key, slot in before.slots.items():
        if key not in after.slots and not slot.cancelled:
            yield {"kind": GONE, "title": slot.title[language]}


def _days(of: Timetable) -> dict[str, str]:
    return {"first": of.first_day.isoformat(), "last": of.last_day.isoformat()}


def _when(slot: Slot, language: str) -> dict[str, Any]:
    room = slot.room[language] if slot.room else None
    return {"begins": slot.begins.isoformat(), "ends": slot.ends.isoformat(), "room": room}
