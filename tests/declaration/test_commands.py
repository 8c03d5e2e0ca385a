"""`flask declaration import|publish|check`, as organisers and scripts use them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from portal.declaration import operations
from portal.declaration.source import read_revision
from tests.declaration.conftest import REVISIONS

Run = Callable[..., tuple[int, str]]

DOCUMENT = """Testerklärung (nur für Tests)

Dieser Text ist erfunden.

1. Wege zum Prüfstand sollen kurz und sicher sein. Das nützt wirklich allen Prüfer:innen.
2. Wer prüft, braucht gutes Werkzeug.
3. Am Prüfstand soll es leise sein, denn Lärm macht krank.
"""


def document(folder: Path, content: str = DOCUMENT) -> Path:
    path = folder / "erklaerung.txt"
    path.write_text(content, encoding="utf-8")
    return path


def numbers(session: Session) -> list[int]:
    found = [one.number for one in operations.revisions(session)]
    session.rollback()
    return found


def test_import_shows_what_it_understood_and_asks(run: Run, content: Path, tmp_path: Path) -> None:
    code, output = run("import", document(tmp_path), answer="n\n")
    assert code == 0
    for words in (
        "Fassung 3, Deutsch",
        "Titel:     Testerklärung (nur für Tests)",
        "Präambel:  Dieser Text ist erfunden.",
        "bleibender Name: wege (wie in der vorigen Fassung)",
        "bleibender Name: werkzeug (wie in der vorigen Fassung)",
        "bleibender Name: pruefstand-soll-leise-sein (neu)",
        "Entfallen: licht",
        "Entfallen: pausen",
        "Nichts geschrieben.",
    ):
        assert words in output
    assert not (content / "declaration" / "3").exists()


def test_import_writes_after_a_yes(run: Run, content: Path, tmp_path: Path) -> None:
    code, output = run("import", document(tmp_path), "--label", "revised", "--date", "3.2.2025", answer="j\ny\n")
    assert code == 0
    assert "Es fehlt noch: Englisch (en.md)." in output
    said = read_revision(content / "declaration", 3).texts["de"]
    assert said.keys == ("wege", "werkzeug", "pruefstand-soll-leise-sein")
    assert (said.label, said.dated.isoformat()) == ("revised", "2025-02-03")


def test_a_translation_joins_the_revision_that_waits_for_it(run: Run, content: Path, tmp_path: Path) -> None:
    run("import", document(tmp_path), "--write", "--date", "2025-02-03")
    english = document(tmp_path, "Test declaration\n\n1. Short ways.\n2. Good tools.\n3. Silence.\n")
    code, output = run("import", english, "--language", "en", "--write")
    assert (code, "publish 3" in output) == (0, True)
    revision = read_revision(content / "declaration", 3)
    assert revision.texts["en"].keys == revision.texts["de"].keys
    assert revision.texts["en"].dated == revision.texts["de"].dated
    assert run("publish", "3", "--yes")[0] == 1
    assert run("publish", "--all", "--yes")[0] == 0


def test_a_translation_with_another_number_of_theses_is_pointed_out(run: Run, tmp_path: Path) -> None:
    run("import", document(tmp_path), "--write")
    _code, output = run("import", document(tmp_path, "Test\n\n1. Short ways.\n"), "--language", "en", "--write")
    assert "de.md hat 3 Thesen, dieses Dokument 1" in output
    code, output = run("check")
    assert code == 1
    assert "verschiedene Thesen" in output


def test_a_published_revision_is_not_written_over(run: Run, content: Path, tmp_path: Path) -> None:
    run("publish", "--all", "--yes")
    before = (content / "declaration" / "1" / "de.md").read_bytes()
    code, output = run("import", document(tmp_path), "--number", "1", "--write")
    assert code == 1
    assert "schon veröffentlicht" in output
    assert "als Fassung 3" in output
    assert (content / "declaration" / "1" / "de.md").read_bytes() == before


def test_import_needs_a_title(run: Run, content: Path, tmp_path: Path) -> None:
    shutil.rmtree(content / "declaration")
    untitled = document(tmp_path, "1. Nur eine These.\n")
    code, output = run("import", untitled, "--write")
    assert (code, "--title" in output) == (1, True)
    assert run("import", untitled, "--write", "--title", "Titel")[0] == 0
    assert read_revision(content / "declaration", 1).texts["de"].title == "Titel"


def test_publish_shows_and_asks(run: Run, session: Session) -> None:
    code, output = run("publish", answer="n\n")
    assert code == 1
    for words in ("Fassung 1 vom 15.01.2024", read_revision(REVISIONS, 1).sha256, "1. Kurze Wege [wege]"):
        assert words in output
    assert numbers(session) == []
    assert run("publish", answer="y\n")[0] == 0
    assert numbers(session) == [1]


def test_publish_all_is_idempotent(run: Run, session: Session) -> None:
    assert run("publish", "--all", "--yes")[0] == 0
    assert numbers(session) == [1, 2]
    assert run("publish", "--all", "--yes") == (0, "Es gibt nichts zu veröffentlichen.\n")
    assert run("publish", "2", "--yes") == (0, "Fassung 2 ist schon veröffentlicht.\n")
    assert numbers(session) == [1, 2]


def test_publish_says_what_is_wrong(run: Run, content: Path, session: Session) -> None:
    code, output = run("publish", "2", "--yes")
    assert (code, "Davor fehlt Fassung 1" in output) == (1, True)
    code, output = run("publish", "9", "--yes")
    assert (code, "declaration/9" in output) == (1, True)
    run("publish", "--all", "--yes")
    path = content / "declaration" / "2" / "de.md"
    path.write_text(path.read_text(encoding="utf-8").replace("hell", "dunkel"), encoding="utf-8")
    code, output = run("publish", "2", "--yes")
    assert (code, "kann nicht mehr geändert werden" in output) == (1, True)
    assert numbers(session) == [1, 2]


def test_a_missing_translation_is_published_only_on_purpose(run: Run, content: Path, session: Session) -> None:
    (content / "declaration" / "2" / "en.md").unlink()
    code, output = run("publish", "--all", "--yes")
    assert (code, "--incomplete" in output) == (1, True)
    assert numbers(session) == [1]
    assert run("publish", "2", "--yes", "--incomplete")[0] == 0
    assert numbers(session) == [1, 2]


def test_check_is_content_or_says_what_to_do(run: Run, content: Path) -> None:
    run("publish", "--all", "--yes")
    assert run("check") == (0, "Alles in Ordnung: 2 Fassungen geprüft.\n")
    one, two = (content / "declaration" / number / "de.md" for number in ("1", "2"))
    one.write_text(one.read_text(encoding="utf-8").replace("erfunden", "erdacht"), encoding="utf-8")
    two.write_text("kaputt", encoding="utf-8")
    code, output = run("check")
    assert code == 1
    lines = output.splitlines()
    assert any(line.startswith("Fassung 1") and "zurücksetzen" in line for line in lines)
    assert any("2/de.md, Zeile 1" in line for line in lines)


def test_nobody_waits_while_the_question_is_open(
    run: Run, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def confirm(question: str, **_options: object) -> bool:
        asked.append(question)
        session.execute(text("UPDATE public_version SET number = number + 1"))
        session.commit()
        return False

    monkeypatch.setattr(click, "confirm", confirm)
    run("publish")
    run("import", document(tmp_path))
    assert len(asked) == 2
