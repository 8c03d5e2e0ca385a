"""What a worker was doing when it was killed: a line before the text of each letter, and one after the server's answer.

The database learns what became of letters some dozens at a time; whoever kills the worker in between leaves letters of
which it knows only that they may be under way. The journal says which of them were. A line is one write to the kernel,
which keeps it whatever becomes of the process. It does not wait for the disk, so that after a power cut, which another
boot id tells, nothing in it is believed.
"""

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

LONG = 1_000_000
"""The octets after which a journal should be emptied when nothing is under way."""
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_END = ";"
_LINE = re.compile(r"(?:B|(E)) (\d{1,18}) (\d{1,18}) (\d{1,18})(?(1) ([ -~]+));", re.ASCII)

Letter: TypeAlias = tuple[int, int, int]
"""Campaign, recipient, and which attempt it is."""


class Alive(Exception):
    """The journal belongs to a process that lives."""


@dataclass(frozen=True)
class Testimony:
    """What a journal says of letters."""

    begun: frozenset[Letter]
    """Those whose text may have gone out, and whose end nobody noted."""
    ended: dict[Letter, str]
    """Those whose end was noted, and how they ended."""


class Journal:
    """The journal of a living worker. It is locked until the process ends, however it does."""

    def __init__(self, folder: Path, worker: str) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = _path(folder, worker)
        self._opening = f"{boot_id()}{_END}".encode()
        # It gets its name only when it is locked: nobody can take it for one that was left behind.
        unlocked = self._path.with_suffix(".new")
        self._file = os.open(unlocked, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.empty()
            unlocked.rename(self._path)
        except BaseException:
            unlocked.unlink(missing_ok=True)
            os.close(self._file)
            raise

    def begun(self, letter: Letter) -> None:
        """Note that the text of a letter is about to go out. Raises OSError where that cannot be noted."""
        self._write(f"\nB {letter[0]} {letter[1]} {letter[2]}{_END}")

    def ended(self, letter: Letter, outcome: str) -> None:
        """Note how it ended. Raises OSError where that cannot be noted."""
        self._write(f"\nE {letter[0]} {letter[1]} {letter[2]} {outcome}{_END}")

    @property
    def is_long(self) -> bool:
        return os.fstat(self._file).st_size > LONG

    def empty(self) -> None:
        """Forget everything: nothing is under way, and the database knows all that was."""
        os.ftruncate(self._file, 0)
        os.write(self._file, self._opening)

    def close(self, *, remove: bool) -> None:
        """Let go of it; `remove` says that nobody needs it any more."""
        if remove:
            self._path.unlink(missing_ok=True)
        os.close(self._file)

    def _write(self, line: str) -> None:
        content = line.encode("ascii")
        if os.write(self._file, content) != len(content):
            raise OSError("the journal took only part of a line")


@contextmanager
def testimony(folder: Path, worker: str) -> Iterator[Testimony | None]:
    """What the journal of a dead worker says, None where there is none to be believed; meanwhile nobody else reads it.

    Raises Alive if the worker's process lives: it has lost its database, and will come back.
    """
    path = _path(folder, worker)
    try:
        file = path.open("r+b")
    except FileNotFoundError:
        yield None
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Alive from None
        yield _read(file.read())


def remove(folder: Path, worker: str) -> None:
    """Remove the journal of a dead worker that has been heard."""
    _path(folder, worker).unlink(missing_ok=True)


def left_behind(folder: Path) -> list[str]:
    """The workers whose journals lie here, dead or alive."""
    return sorted(path.stem for path in folder.glob("*.journal"))


def boot_id() -> str:
    """What tells one start of this machine from the next; empty where the system does not say."""
    with suppress(OSError):
        return _BOOT.read_text().strip()
    return ""


def _path(folder: Path, worker: str) -> Path:
    return folder / f"{worker}.journal"


def _read(content: bytes) -> Testimony | None:
    """What it says; nothing that is garbled has been written by a journal, and none of it is believed."""
    opening, *lines = content.decode("ascii", "replace").split("\n")
    if not boot_id() or opening != f"{boot_id()}{_END}":
        return None
    begun: set[Letter] = set()
    ended: dict[Letter, str] = {}
    for line in lines:
        # A line without its end was never written whole, so what it announced has not been done.
        if not line.endswith(_END):
            continue
        said = _LINE.fullmatch(line)
        if not said:
            return None
        letter = (int(said[2]), int(said[3]), int(said[4]))
        if said[1]:
            begun.discard(letter)
            ended[letter] = said[5]
        else:
            begun.add(letter)
    return Testimony(frozenset(begun), ended)
