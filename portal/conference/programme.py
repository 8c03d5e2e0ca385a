"""Conferences as organisers write them: `content/conferences/<key>/conference.yaml`, one file with both languages.

`docs/handbuch.md`, chapter 11, shows what stands in it. What is wrong with one is said in German, by file, field and
remedy.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from portal.clock import BERLIN
from portal.config import Settings
from portal.content import ContentError, read_data, unusable
from portal.text.bilingual import Name, Words
from portal.text.normalise import single_line

FILE = "conference.yaml"
KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
KEY_LENGTH = 48
RESERVED = frozenset({"anmeldung", "registration", "abmelden", "cancel", "postfach", "mailbox"})
"""What stands in addresses where the key of a conference or the id of a session would stand."""

Identifier = Annotated[str, Field(pattern=rf"^{KEY.pattern}$", max_length=KEY_LENGTH)]
Line = Annotated[
    str,
    Field(min_length=1, max_length=200),
    BeforeValidator(lambda value: single_line(value) if isinstance(value, str) else value),
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Venue(_Part):
    """Where it takes place."""

    name: Name
    street: Line | None = None
    city: Line


class Speaker(_Part):
    """Somebody who speaks, as she wants to be announced."""

    name: Line
    about: Words | None = None


class Material(_Part):
    """Something to read, on a page of its own."""

    title: Name
    url: Annotated[str, Field(pattern=r"^https://[^\s]+$", max_length=500)]


class Session(_Part):
    """One part of the programme."""

    id: Identifier
    title: Name
    day: date
    begins: time
    ends: time
    room: str | None = None
    track: str | None = None
    speakers: tuple[str, ...] = ()
    abstract: Words | None = None
    materials: tuple[Material, ...] = ()
    cancelled: bool = False

    @field_validator("begins", "ends", mode="before")
    @classmethod
    def _clock(cls, value: Any) -> Any:
        # YAML reads 10:30 without quotation marks as a number to the base of 60.
        return time(*divmod(value, 60)) if isinstance(value, int) and 0 <= value < 24 * 60 else value

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.ends <= self.begins:
            raise ValueError("ends: liegt nicht nach begins. Bitte berichtigen Sie eine der beiden Uhrzeiten.")
        return self

    @property
    def start(self) -> datetime:
        return datetime.combine(self.day, self.begins, BERLIN)

    @property
    def end(self) -> datetime:
        return datetime.combine(self.day, self.ends, BERLIN)


class Registration(_Part):
    """That people can register, how many, and until the end of which day."""

    capacity: Annotated[int, Field(ge=1, le=100_000)]
    until: date

    @property
    def ends(self) -> datetime:
        return datetime.combine(self.until + timedelta(days=1), time(), BERLIN)


class Conference(_Part):
    """One conference."""

    key: Identifier
    title: Name
    first_day: Annotated[date, Field(alias="from")]
    last_day: Annotated[date, Field(alias="to")]
    venue: Venue
    summary: Words
    participants: Words | None = None
    organisers: Annotated[tuple[Name, ...], Field(min_length=1)]
    updated: date
    """The day of the latest change to this file: DTSTAMP of its calendar entries."""
    sequence: Annotated[int, Field(ge=0, le=10_000)]
    """Raised with each change of time, place or cancellation: SEQUENCE of its calendar entries."""
    cancelled: bool = False
    sample: bool = False
    """Whether it is a demonstration, shown only while demo data is loaded."""
    registration: Registration | None = None
    rooms: Mapping[Identifier, Name] = Field(default_factory=dict)
    tracks: Mapping[Identifier, Name] = Field(default_factory=dict)
    speakers: Mapping[Identifier, Speaker] = Field(default_factory=dict)
    sessions: tuple[Session, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        wrong = [*self._wrong_days(), *self._wrong_references(), *self._wrong_names(), *self._overlaps()]
        if wrong:
            raise ValueError("\n  ".join(wrong))
        return self

    def _wrong_days(self) -> list[str]:
        if self.last_day < self.first_day:
            return ["to: liegt vor from. Bitte berichtigen Sie einen der beiden Tage."]
        wrong = [
            f"sessions.{one.id}.day: {one.day} liegt nicht zwischen from und to. Bitte berichtigen Sie den Tag."
            for one in self.sessions
            if not self.first_day <= one.day <= self.last_day
        ]
        if self.registration and self.registration.until >= self.first_day:
            wrong.append("registration.until: liegt nicht vor der Tagung. Bitte nennen Sie einen Tag davor.")
        return wrong

    def _wrong_references(self) -> list[str]:
        asked = [
            reference
            for one in self.sessions
            for reference in (
                (one, "room", "rooms", one.room, one.room in self.rooms),
                (one, "track", "tracks", one.track, one.track in self.tracks),
                *((one, "speakers", "speakers", name, name in self.speakers) for name in one.speakers),
            )
        ]
        return [
            f"sessions.{one.id}.{field}: {name!r} steht nicht unter {where}. Bitte ergänzen Sie es dort oder"
            " berichtigen Sie den Namen."
            for one, field, where, name, known in asked
            if name is not None and not known
        ]

    def _wrong_names(self) -> list[str]:
        names = [one.id for one in self.sessions]
        twice = {name for name in names if names.count(name) > 1}
        wrong = [f"sessions: die id {name!r} kommt zweimal vor. Bitte ändern Sie eine." for name in sorted(twice)]
        taken = sorted(RESERVED & {self.key, *names})
        return wrong + [
            f"{name!r} ist für eine Seite vergeben. Bitte wählen Sie einen anderen Namen." for name in taken
        ]

    def _overlaps(self) -> list[str]:
        held = sorted((one for one in self.sessions if one.room and not one.cancelled), key=_by_room)
        return [
            f"sessions.{after.id}.room: Dort läuft noch {before.id!r}. Bitte ändern Sie Raum oder Uhrzeit."
            for _room, several in groupby(held, key=lambda one: one.room)
            for before, after in _neighbours(list(several))
            if after.start < before.end
        ]

    def session(self, name: str) -> Session | None:
        """The part of the programme with this id."""
        return next((one for one in self.sessions if one.id == name), None)

    @property
    def days(self) -> list[tuple[date, list[Session]]]:
        """The programme by day, each in the order of its times."""
        ordered = sorted(self.sessions, key=lambda one: (one.start, one.end, one.room or ""))
        return [(day, list(several)) for day, several in groupby(ordered, key=lambda one: one.day)]

    @property
    def begins_at(self) -> datetime:
        return datetime.combine(self.first_day, time(), BERLIN)

    @property
    def ends_at(self) -> datetime:
        return datetime.combine(self.last_day + timedelta(days=1), time(), BERLIN)

    @property
    def updated_at(self) -> datetime:
        return datetime.combine(self.updated, time(), UTC)

    def is_over(self, now: datetime) -> bool:
        """Whether its last day has passed."""
        return now >= self.ends_at

    def takes_registrations(self, now: datetime) -> bool:
        """Whether somebody can ask for a place at that moment."""
        return not self.cancelled and self.registration is not None and now < self.registration.ends

    def takes_confirmations(self, now: datetime) -> bool:
        """Whether who has asked in time can still confirm: until the first day begins."""
        return not self.cancelled and self.registration is not None and now < self.begins_at


def _by_room(one: Session) -> tuple[str, datetime]:
    return one.room or "", one.start


def _neighbours(several: Sequence[Session]) -> list[tuple[Session, Session]]:
    """Each with the one of those before it that ends last."""
    return [
        (max(several[:number], key=lambda one: one.end), later) for number, later in enumerate(several) if number > 0
    ]


def conferences(settings: Settings) -> Mapping[str, Conference]:
    """All conferences by key, the latest first. Raises ContentError."""
    return _load(settings.content / "conferences")


@cache
def _load(folder: Path) -> Mapping[str, Conference]:
    if not folder.is_dir():
        return {}
    found = [_read(one / FILE) for one in sorted(folder.iterdir()) if one.is_dir()]
    return {one.key: one for one in sorted(found, key=lambda one: one.first_day, reverse=True)}


def _read(path: Path) -> Conference:
    key = path.parent.name
    if len(key) > KEY_LENGTH or not KEY.fullmatch(key):
        raise ContentError(f"{path.parent}: Ein Ordnername darf nur a–z, 0–9 und Bindestriche haben. Bitte umbenennen.")
    data = read_data(path)
    if not isinstance(data, dict):
        raise ContentError(f"{path}: Hier fehlen die Felder der Tagung. Bitte nehmen Sie content/conferences/beispiel.")
    try:
        return Conference.model_validate({**data, "key": key})
    except ValidationError as error:
        raise unusable(path, error) from error
