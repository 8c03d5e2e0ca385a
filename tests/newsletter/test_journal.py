"""What a journal says after its writer was killed, and whom it is believed."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from portal.config import ROOT
from portal.newsletter import journal
from portal.newsletter.journal import Alive, Journal, left_behind


@pytest.fixture
def writer(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "campaigns", "7")


def heard(folder: Path, worker: str = "7") -> journal.Testimony | None:
    with journal.testimony(folder / "campaigns", worker) as said:
        return said


def test_it_tells_what_was_begun_and_what_has_ended(writer: Journal, tmp_path: Path) -> None:
    writer.begun((1, 2, 1))
    writer.begun((1, 3, 1))
    writer.ended((1, 3, 1), "sent")
    writer.begun((1, 4, 2))
    writer.ended((1, 4, 2), "bounced 550 5.1.1")
    writer.close(remove=False)
    said = heard(tmp_path)
    assert said is not None
    assert said.begun == {(1, 2, 1)}
    assert said.ended == {(1, 3, 1): "sent", (1, 4, 2): "bounced 550 5.1.1"}


def test_a_second_attempt_is_not_taken_for_the_first(writer: Journal, tmp_path: Path) -> None:
    writer.begun((1, 2, 1))
    writer.ended((1, 2, 1), "deferred 451")
    writer.begun((1, 2, 2))
    writer.close(remove=False)
    said = heard(tmp_path)
    assert said is not None
    assert said.begun == {(1, 2, 2)}


def test_what_was_written_in_part_is_not_believed(writer: Journal, tmp_path: Path) -> None:
    """Edge case 30: the disk was full in the middle of a line."""
    writer.begun((1, 2, 1))
    writer.close(remove=False)
    (path,) = (tmp_path / "campaigns").iterdir()
    with path.open("ab") as file:
        file.write(b"\nE 1 2 1 sen")
    said = heard(tmp_path)
    assert said is not None
    assert (set(said.begun), said.ended) == ({(1, 2, 1)}, {})
    with path.open("ab") as file:
        file.write(b"\nE 1 2 1 sent;")
    said = heard(tmp_path)
    assert said is not None
    assert said.ended == {(1, 2, 1): "sent"}


@pytest.mark.parametrize(
    "garbled",
    [
        b"E 1 2 1;",
        b"B 1 2;",
        b"B 1 2 1 sent;",
        b"X 1 2 1;",
        b"B a 2 1;",
        b"B 1 2 " + b"9" * 5000 + b";",
        b"E 1 2 1 s\xff;",
        b";",
    ],
)
def test_of_a_garbled_journal_nothing_is_believed(writer: Journal, tmp_path: Path, garbled: bytes) -> None:
    writer.begun((1, 2, 1))
    writer.close(remove=False)
    (path,) = (tmp_path / "campaigns").iterdir()
    with path.open("ab") as file:
        file.write(b"\n" + garbled)
    assert heard(tmp_path) is None


def test_what_could_not_be_opened_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: int, _content: bytes) -> int:
        raise OSError("no space left")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="no space"):
        Journal(tmp_path / "campaigns", "7")
    assert list((tmp_path / "campaigns").iterdir()) == []


def test_of_another_boot_nothing_is_believed(writer: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer.begun((1, 2, 1))
    writer.close(remove=False)
    for boot in ("another", ""):
        monkeypatch.setattr(journal, "boot_id", lambda said=boot: said)
        assert heard(tmp_path) is None


def test_where_one_boot_cannot_be_told_from_another_nothing_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "boot_id", lambda: "")
    writer = Journal(tmp_path / "campaigns", "7")
    writer.begun((1, 2, 1))
    writer.close(remove=False)
    assert heard(tmp_path) is None


def test_it_gets_its_name_when_it_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise somebody could take it for one that was left behind."""
    lock, seen = fcntl.flock, []

    def flock(file: int, how: int) -> None:
        seen.append(left_behind(tmp_path / "campaigns"))
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    writer = Journal(tmp_path / "campaigns", "7")
    seen.append(left_behind(tmp_path / "campaigns"))
    writer.close(remove=True)
    assert seen == [[], ["7"]]


def test_without_a_journal_nothing_is_said(tmp_path: Path) -> None:
    assert heard(tmp_path) is None


def test_a_journal_whose_writer_lives_is_left_alone(writer: Journal, tmp_path: Path) -> None:
    with pytest.raises(Alive):
        heard(tmp_path)
    writer.close(remove=False)
    assert heard(tmp_path) is not None


def test_it_is_unlocked_when_its_process_is_killed_and_keeps_every_line(tmp_path: Path) -> None:
    """Edge case 23."""
    program = (
        "import os, signal, sys; from pathlib import Path; from portal.newsletter.journal import Journal\n"
        "journal = Journal(Path(sys.argv[1]), '7')\n"
        "journal.begun((1, 2, 1)); journal.ended((1, 2, 1), 'sent'); journal.begun((1, 3, 1))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path / "campaigns"], cwd=ROOT, check=False)
    said = heard(tmp_path)
    assert said is not None
    assert (set(said.begun), said.ended) == ({(1, 3, 1)}, {(1, 2, 1): "sent"})
    assert left_behind(tmp_path / "campaigns") == ["7"]
    journal.remove(tmp_path / "campaigns", "7")
    assert left_behind(tmp_path / "campaigns") == []


def test_it_can_be_emptied_and_is_written_on_after(
    writer: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "LONG", 200)
    for number in range(20):
        writer.begun((1, number, 1))
    before = writer.is_long
    writer.empty()
    assert (before, writer.is_long) == (True, False)
    writer.begun((1, 99, 1))
    writer.close(remove=False)
    said = heard(tmp_path)
    assert said is not None
    assert said.begun == {(1, 99, 1)}


def test_a_line_that_is_not_taken_whole_is_an_error(writer: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "write", lambda _file, content: len(content) - 1)
    with pytest.raises(OSError, match="part"):
        writer.begun((1, 2, 1))


def test_only_its_owner_can_read_it(writer: Journal, tmp_path: Path) -> None:
    (path,) = (tmp_path / "campaigns").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
