"""What counts as a change of a programme, and what is said of it."""

from typing import Any

import pytest

from portal.conference.changes import KINDS, Timetable, changes
from portal.conference.programme import Conference
from tests.conference.conftest import KEY, described, words

TALK, WALK = described()["sessions"]
TALK_IN_THE_MORNING = {"begins": "2030-07-01T10:00:00+02:00", "ends": "2030-07-01T11:30:00+02:00", "room": "Saal"}


def timetable(**changed: Any) -> Timetable:
    """What is remembered of the conference."""
    of = Timetable.of(Conference.model_validate({**described(**changed), "key": KEY}))
    return Timetable.model_validate_json(of.model_dump_json())


def test_nothing_is_said_of_what_calendars_do_not_show() -> None:
    renamed = [{**TALK, "title": words("Anders"), "speakers": [], "abstract": words("Neu")}, WALK]
    after = timetable(sessions=renamed, title=words("Anders"), summary=words("Kurz."), sequence=9)
    assert changes(timetable(), after, "de") == []


SAID: list[tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]] = [
    (
        {},
        {"to": "2030-07-03"},
        [
            {
                "kind": "days",
                "before": {"first": "2030-07-01", "last": "2030-07-02"},
                "now": {"first": "2030-07-01", "last": "2030-07-03"},
            }
        ],
    ),
    (
        {},
        {"venue": {"name": words("Halle"), "city": "Ort"}},
        [{"kind": "venue", "before": "Haus, Ort", "now": "Halle, Ort"}],
    ),
    (
        {},
        {"sessions": [{**TALK, "room": None}, WALK]},
        [
            {
                "kind": "moved",
                "title": "Vortrag; mit Komma, und ä",
                "before": TALK_IN_THE_MORNING,
                "now": TALK_IN_THE_MORNING | {"room": None},
            }
        ],
    ),
    ({}, {"rooms": {"saal": words("Saal 2"), "neben": words("x")}}, [{"kind": "moved"}]),
    ({}, {"sessions": [{**TALK, "ends": "11:45"}, WALK]}, [{"kind": "moved"}]),
    ({}, {"sessions": [{**TALK, "cancelled": True}, WALK]}, [{"kind": "cancelled"}]),
    ({}, {"sessions": [{**TALK, "cancelled": True, "ends": "12:00"}, WALK]}, [{"kind": "cancelled"}]),
    (
        {"sessions": [TALK, {**WALK, "room": "neben"}]},
        {"sessions": [TALK, {**WALK, "room": "neben", "cancelled": False}]},
        [{"kind": "reinstated"}],
    ),
    ({}, {"sessions": [TALK, {**WALK, "begins": "11:00"}]}, []),
    ({}, {"sessions": [WALK]}, [{"kind": "gone", "title": "Vortrag; mit Komma, und ä"}]),
    ({}, {"sessions": [TALK]}, []),
    ({"sessions": [WALK]}, {}, [{"kind": "new"}]),
    ({"sessions": [TALK]}, {}, []),
    ({}, {"cancelled": True, "to": "2030-07-03"}, []),
]


@pytest.mark.parametrize(("before", "after", "said"), SAID)
def test_each_change_is_said_once(before: dict[str, Any], after: dict[str, Any], said: list[dict[str, Any]]) -> None:
    found = changes(timetable(**before), timetable(**after), "de")
    assert [one["kind"] for one in found] == [one["kind"] for one in said]
    assert all(one.items() <= told.items() for one, told in zip(said, found, strict=True))


def test_every_kind_has_been_seen() -> None:
    assert {one["kind"] for _before, _after, said in SAID for one in said} == set(KINDS)


def test_changes_are_said_in_the_language_of_the_reader_and_in_their_order() -> None:
    early = {**TALK, "id": "frueh", "begins": "08:00", "ends": "09:00", "title": words("Kaffee")}
    late = {**TALK, "begins": "12:00", "ends": "13:00"}
    found = changes(timetable(), timetable(sessions=[late, early, WALK]), "en")
    assert [(one["kind"], one["title"]) for one in found] == [
        ("new", "Kaffee (en)"),
        ("moved", "Vortrag; mit Komma, und ä (en)"),
    ]
