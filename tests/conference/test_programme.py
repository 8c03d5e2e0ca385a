"""What stands in the file of a conference, and what is wrong with it."""

from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from portal.conference.programme import RESERVED, conferences
from portal.config import Settings, load_settings
from portal.content import ContentError
from tests.conference.conftest import KEY, described, words, write


def settings_for(folder: Path) -> Settings:
    return load_settings(
        env="testing", database_url="sqlite://", secret_key="x" * 40, address_secret="y" * 40, content=folder
    )


def test_what_is_shipped_says_what_is_known_and_invents_nothing() -> None:
    found = conferences(load_settings(env="testing", database_url="sqlite://", secret_key="x", address_secret="y"))
    known = found["2023"]
    assert (known.first_day, known.last_day) == (date(2023, 2, 8), date(2023, 2, 8))
    assert known.venue.name.de == "Gewerkschaftshaus Essen"
    assert (known.sessions, known.speakers, known.registration) == ((), {}, None)
    assert found["beispiel"].sample
    assert [one.key for one in found.values() if not one.sample] == ["2023"]


def changed_session(**changes: Any) -> dict[str, Any]:
    first = {**described()["sessions"][0], **changes}
    return {"sessions": [first]}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": {"de": "Nur Deutsch"}}, "title.en: Die Angabe fehlt."),
        ({"titel": words("x")}, "titel: Diese Angabe gibt es hier nicht"),
        ({"to": "2030-06-30"}, "to: liegt vor from"),
        (changed_session(day="2030-07-03"), "sessions.vortrag.day: 2030-07-03 liegt nicht zwischen"),
        (changed_session(room="keller"), "sessions.vortrag.room: 'keller' steht nicht unter rooms"),
        (changed_session(track="x"), "sessions.vortrag.track: 'x' steht nicht unter tracks"),
        (changed_session(speakers=["eva"]), "sessions.vortrag.speakers: 'eva' steht nicht unter speakers"),
        (changed_session(ends="09:00"), "ends: liegt nicht nach begins"),
        (changed_session(id="Große Runde"), "sessions.0.id: Eine Kennung besteht aus a–z, Ziffern und Strichen."),
        (changed_session(begins="früh"), "sessions.0.begins: Hier steht eine Uhrzeit"),
        (changed_session(id="anmeldung"), "'anmeldung' ist für eine Seite vergeben"),
        (
            changed_session(materials=[{"title": words("x"), "url": "javascript:1"}]),
            "sessions.0.materials.0.url: Ein Link beginnt mit https://",
        ),
        (
            {"registration": {"capacity": 0, "until": "2030-06-30"}},
            "registration.capacity: Die Zahl muss mindestens 1 sein.",
        ),
        ({"registration": {"capacity": 2, "until": "2030-07-01"}}, "registration.until: liegt nicht vor der Tagung"),
        ({"sessions": [described()["sessions"][0]] * 2}, "die id 'vortrag' kommt zweimal vor"),
    ],
)
def test_a_mistake_names_file_field_and_remedy(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    file = write(tmp_path, **changes)
    with pytest.raises(ContentError) as error:
        conferences(settings_for(tmp_path))
    assert str(file) in str(error.value)
    assert said in str(error.value)


def test_two_sessions_cannot_be_in_one_room_at_once(tmp_path: Path) -> None:
    long, short, later = ({**described()["sessions"][0], "id": name} for name in ("lang", "kurz", "spaet"))
    long["ends"], short["begins"], short["ends"] = "14:00", "10:30", "11:00"
    later["begins"], later["ends"] = "13:00", "15:00"
    write(tmp_path, sessions=[later, long, {**short, "room": "neben"}])
    with pytest.raises(ContentError, match=r"sessions\.spaet\.room: Dort läuft noch 'lang'"):
        conferences(settings_for(tmp_path))
    write(tmp_path / "2", sessions=[{**later, "cancelled": True}, long, {**short, "room": "neben"}])
    assert len(conferences(settings_for(tmp_path / "2"))[KEY].sessions) == 3


def test_a_time_without_quotation_marks_is_that_time(tmp_path: Path) -> None:
    file = write(tmp_path)
    file.write_text(file.read_text().replace("'10:00'", "10:00").replace("'11:30'", "11:30"))
    session = conferences(settings_for(tmp_path))[KEY].session("vortrag")
    assert session is not None
    assert (session.begins, session.ends) == (time(10), time(11, 30))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- 1", "Bitte nehmen Sie"),
        ("", "Bitte nehmen Sie"),
        ("a: [", "Zeile 1: Das ist kein lesbares YAML"),
        ("\x00", "kein lesbares YAML"),
        ("from: 2027-02-30", "Einen der Tage darin gibt es nicht"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str, words: str) -> None:
    write(tmp_path).write_text(text)
    with pytest.raises(ContentError, match=words):
        conferences(settings_for(tmp_path))


@pytest.mark.parametrize("name", [min(RESERVED), "Große Tagung"])
def test_a_folder_needs_a_name_for_addresses(tmp_path: Path, name: str) -> None:
    write(tmp_path, name)
    with pytest.raises(ContentError, match="Bitte"):
        conferences(settings_for(tmp_path))
