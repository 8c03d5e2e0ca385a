"""`make run`, as a process of its own on a database of its own."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal.config import ROOT
from portal.development.catcher import HOST, free_port
from tests.databases import postgresql_database, postgresql_server

PATIENCE = 120.0


class Launcher:
    """The launcher, what it has printed, and the processes that it has started."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.port = int(environment["PORT"])
        self._log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "portal.development.run"], env=environment, cwd=ROOT, stdout=file, stderr=file
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def wait_for(self, words: str) -> None:
        end = time.monotonic() + PATIENCE
        while words not in self.log:
            assert time.monotonic() < end, self.log
            assert self.process.poll() is None, self.log
            time.sleep(0.05)

    def children(self) -> list[int]:
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def get(self, path: str) -> int:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture(params=["sqlite", "postgresql"] if postgresql_server() else ["sqlite"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without even a schema, as after a fresh clone."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'portal.db'}"
        return
    server = postgresql_server()
    assert server is not None
    with postgresql_database(server, f"portal_run_{os.getpid()}") as url:
        # As an operator writes it, without naming the driver.
        yield url.replace("postgresql+psycopg://", "postgresql://")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PORTAL_INSTANCE": str(tmp_path / "instance"), "PORT": str(free_port())}


Launch = Callable[..., Launcher]


@pytest.fixture
def launch(environment: dict[str, str], tmp_path: Path) -> Iterator[Launch]:
    """Starts the launcher; if it is still there at the end, it is killed with all that it has started."""
    launchers: list[Launcher] = []

    def start(**settings: str) -> Launcher:
        launchers.append(Launcher(environment | settings, tmp_path / "run.log"))
        return launchers[-1]

    yield start
    for launcher in launchers:
        if launcher.process.poll() is None:
            children = launcher.children()
            launcher.end(signal.SIGKILL)
            for pid in children:
                os.killpg(pid, signal.SIGKILL)


def test_it_starts_from_nothing_revives_its_children_and_ends_them(launch: Launch, empty_database: str) -> None:
    launcher = launch(DATABASE_URL=empty_database)
    launcher.wait_for(f"http://127.0.0.1:{launcher.port}/postfach")
    assert launcher.get("/") == 200
    assert launcher.get("/postfach") == 200
    web, worker = launcher.children()
    os.kill(worker, signal.SIGKILL)
    launcher.wait_for("startet in")
    end = time.monotonic() + PATIENCE
    while len(launcher.children()) < 2:
        assert time.monotonic() < end, launcher.log
        time.sleep(0.05)
    children = launcher.children()
    assert web in children
    assert worker not in children
    assert launcher.end(signal.SIGINT) == 0, launcher.log
    for pid in children:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_port_that_is_taken_is_said_in_one_line(launch: Launch, environment: dict[str, str], tmp_path: Path) -> None:
    with socket.create_server((HOST, int(environment["PORT"]))):
        launcher = launch()
        assert launcher.process.wait(PATIENCE) == 1
    assert f"Port {environment['PORT']} ist schon vergeben" in launcher.log
    assert "Traceback" not in launcher.log
    assert not (tmp_path / "instance" / "portal.db").exists()
