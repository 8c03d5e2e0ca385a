"""Files of questionnaires: what is wrong with one is said by file, question and remedy."""

from pathlib import Path
from typing import Any

import pytest

from portal.config import ROOT
from portal.content import ContentError
from portal.survey import questionnaire
from portal.survey.questionnaire import External, Questionnaire
from tests.survey.asking import asked, words


def complaint(data: Any) -> str:
    with pytest.raises(ContentError) as caught:
        questionnaire.parse(data, "x/survey.yaml")
    return str(caught.value)


def question(data: dict[str, Any], page: int, place: int) -> dict[str, Any]:
    found: dict[str, Any] = data["pages"][page]["questions"][place]
    return found


def test_the_shipped_files_are_in_order() -> None:
    root = ROOT / "content" / "surveys"
    found = {key: questionnaire.read(root, key) for key in questionnaire.keys(root)}
    assert isinstance(found["beispiel"], Questionnaire)
    assert found["beispiel"].sample
    assert {one.type for one in found["beispiel"].questions} == {
        *("single", "multiple", "scale", "matrix", "number", "text")
    }
    assert isinstance(found["homeoffice-2021"], External)
    assert found["homeoffice-2021"].respondents == 1338


def test_what_was_frozen_is_read_as_it_was() -> None:
    about = questionnaire.parse(asked(), "x")
    assert isinstance(about, Questionnaire)
    assert questionnaire.thawed(about.canonical) == about
    assert len(about.sha256) == 64


def test_a_missing_translation_is_named() -> None:
    data = asked()
    del question(data, 1, 1)["title"]["en"]
    assert complaint(data) == "x/survey.yaml: Seite 2, Frage „alter“, title.en: Die Angabe fehlt."


def test_a_condition_looks_back_to_an_earlier_page() -> None:
    data = asked()
    question(data, 1, 1)["show_if"] = {"question": "bus", "is": ["ja"]}
    assert "Frage „alter“, show_if: Eine Frage „bus“ gibt es auf den Seiten davor nicht." in complaint(data)
    question(data, 1, 1)["show_if"] = {"question": "ort", "is": ["mond"]}
    assert "„ort“ hat keine Antwort mond" in complaint(data)


@pytest.mark.parametrize(
    ("changes", "words_of_it"),
    [
        ({"closes": "2020-01-01"}, "closes liegt vor opens"),
        ({"filter_by": "alter"}, "filter_by nennt „alter“"),
        ({"acces": "open"}, "acces: Diese Angabe gibt es hier nicht."),
        ({"access": "jeder"}, "access: Möglich ist: 'open' oder 'invitation'."),
        ({"kind": "poll"}, "kind ist survey oder external"),
        ({"minutes": "viele"}, "minutes: Hier steht eine ganze Zahl."),
        ({"pages": []}, "pages: Mindestens 1 Einträge."),
    ],
)
def test_what_is_wrong_at_the_top(changes: dict[str, Any], words_of_it: str) -> None:
    assert words_of_it in complaint(asked(**changes))


def test_what_only_follows_from_a_mistake_is_not_said() -> None:
    data = asked()
    data["pages"] = [{**data["pages"][0], "questions": [{"id": "ort", "type": "radio"}]}]
    assert complaint(data).count("\n") == 0
    assert "type ist single, multiple, scale" in complaint(data)


def test_what_is_wrong_with_questions() -> None:
    data = asked()
    question(data, 0, 0)["id"] = "alter"
    assert "Die Kennung „alter“ kommt 2-mal vor." in complaint(data)
    data = asked()
    question(data, 2, 0)["options"][1]["id"] = "rad"
    assert "Frage „womit“: In options die Kennung „rad“ kommt 2-mal vor." in complaint(data)
    data = asked()
    question(data, 1, 1)["classes"] = [5, 40]
    assert "classes beginnt mit dem Wert von min" in complaint(data)
    data = asked()
    for number in range(5):
        data["pages"][2]["questions"].append({
            "id": f"text-{number}", "type": "text", "title": words("Text"), "max_length": 5000,
        })  # fmt: skip
    assert "Alle Freitexte zusammen dürfen 20000 Zeichen haben" in complaint(data)


@pytest.mark.parametrize(
    ("content", "words_of_it"),
    [
        (b"kind: [", "Zeile 1: Das ist kein lesbares YAML."),
        (b"title: \xff", "Die Datei ist nicht in UTF-8."),
        (b"- x", "Hier stehen Angaben wie: kind: survey."),
        (b"", "Hier stehen Angaben"),
    ],
)
def test_what_is_no_file_of_ours(tmp_path: Path, content: bytes, words_of_it: str) -> None:
    (tmp_path / "eins").mkdir()
    (tmp_path / "eins" / "survey.yaml").write_bytes(content)
    with pytest.raises(ContentError, match=words_of_it):
        questionnaire.read(tmp_path, "eins")


def test_a_key_that_stands_for_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "einladung").mkdir()
    (tmp_path / "einladung" / "survey.yaml").write_text("kind: survey")
    with pytest.raises(ContentError, match="geht nicht als Kennung"):
        questionnaire.read(tmp_path, "einladung")
