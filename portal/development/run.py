"""What `make run` starts: the portal on this machine, complete, with nothing to set up first.

It migrates the database, publishes the shipped declaration, catches mails where no SMTP server is named, and keeps the
web server and the worker running, each in a process of its own, until it is told to end.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event

import flask_migrate

from portal import create_app
from portal.config import ROOT, ConfigurationError, Settings, load_settings
from portal.content import ContentError
from portal.development.catcher import HOST, Catcher
from portal.development.mailbox import open_maildir

FLASK = [sys.executable, "-m", "flask", "--app", "wsgi"]
ADD_OWNER = ".venv/bin/flask --app wsgi organisers add --name … --email … --role owner"
READY_SECONDS = 60
END_SECONDS = 15
LOOK_SECONDS = 0.2
LONGEST_PAUSE = 30.0
GOOD_RUN_SECONDS = 60


class CannotStart(Exception):
    """The portal cannot run here and now. The message says why and what to do."""


class Child:
    """A process that is started again when it ends, after a pause that grows from a second to half a minute."""

    def __init__(self, name: str, command: list[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self._pause = 1.0
        self._due = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def tend(self) -> None:
        """Start the process if it is not running and its time has come."""
        if self._process is not None and (status := self._process.poll()) is not None:
            self._process = None
            self._pause = (
                1.0 if time.monotonic() - self._due > GOOD_RUN_SECONDS else min(self._pause * 2, LONGEST_PAUSE)
            )
            self._due = time.monotonic() + self._pause
            say(f"{self.name} hat sich beendet (Status {status}) und startet in {self._pause:.0f} s neu.")
        if self._process is None and time.monotonic() >= self._due:
            self._due = time.monotonic()
            # A session of its own, so that Ctrl-C reaches the children through us, in order, and not at once.
            self._process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def end(self) -> None:
        """Ask the process to end; after a while, insist."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def main() -> int:
    """Run until SIGINT or SIGTERM; the exit status."""
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        run(stop)
    except (CannotStart, ConfigurationError, ContentError) as error:
        say(str(error))
        return 1
    return 0


def run(stop: Event) -> None:
    """Run the portal until `stop` is set. Raises CannotStart."""
    os.environ["PORTAL_ENV"] = "development"
    settings = load_settings()
    require_port(settings.port)
    prepare()
    with smtp_server(settings) as mail:
        environment = {**os.environ, **mail}
        children = [
            Child("Der Webserver", web_server(settings.port), environment),
            Child("Der Mailversand", [*FLASK, "worker"], environment),
        ]
        try:
            attend(children, settings, stop, caught=bool(mail))
        finally:
            for child in children:
                child.end()


def require_port(port: int) -> None:
    """Raises CannotStart if somebody else listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CannotStart(
                f"Port {port} ist schon vergeben ({error.strerror}). Vielleicht läuft das Portal bereits?\n"
                f"Mit einem anderen Port: PORT={port + 1 if port < 65535 else port - 1} make run"
            ) from error


def prepare() -> None:
    """Bring the database up to date, and publish what is shipped and has not been published."""
    say("Datenbank wird vorbereitet …")
    app = create_app()
    with app.app_context():
        flask_migrate.upgrade()
    done = subprocess.run([*FLASK, "declaration", "publish", "--all", "--yes"], cwd=ROOT, check=False)
    if done.returncode:
        say("Die Erklärung ist nicht veröffentlicht. Was zu tun ist, steht darüber; das Portal startet trotzdem.")
    if subprocess.run([*FLASK, "literature", "load"], cwd=ROOT, check=False).returncode:
        say("Die Literatur ist nicht aufgenommen. Was zu tun ist, steht darüber; das Portal startet trotzdem.")


@contextmanager
def smtp_server(settings: Settings) -> Iterator[dict[str, str]]:
    """What the children need to know of our own SMTP catcher; nothing where MAIL_SERVER names a real one."""
    if settings.mail_server:
        yield {}
        return
    catcher = Catcher(open_maildir(settings))
    catcher.start()
    try:
        yield {"MAIL_SERVER": HOST, "MAIL_PORT": str(catcher.port), "PORTAL_POSTFACH": "1"}
    finally:
        catcher.stop()


def web_server(port: int) -> list[str]:
    """The command of the web server, the same as in production; two processes, so that nothing relies on one."""
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", HOST, "--port", str(port)),
        *("--workers", "2", "--blocking-threads", "4", "--no-ws", "--log-level", "warning", "wsgi:app"),
    ]


def attend(children: list[Child], settings: Settings, stop: Event, *, caught: bool) -> None:
    """Keep the children running until `stop`, and say when the site can be opened."""
    url = f"http://{HOST}:{settings.port}"
    ready, give_up = False, time.monotonic() + READY_SECONDS
    while not stop.is_set():
        for child in children:
            child.tend()
        if not ready and answers(settings.port):
            ready = True
            say(f"\nDas Portal läuft: {url}/")
            if caught:
                say(f"Die Mails:        {url}/postfach")
            say(f"Die Redaktion:    {url}/redaktion (Konto: {ADD_OWNER})")
            say("Beenden mit Strg-C.\n")
        if not ready and time.monotonic() > give_up:
            raise CannotStart(f"Das Portal antwortet nach {READY_SECONDS} s noch nicht. Warum, steht darüber.")
        stop.wait(LOOK_SECONDS)


def answers(port: int) -> bool:
    """Whether the site says that it is well."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def say(words: str) -> None:
    """Print for the person at the terminal."""
    print(words, flush=True)


if __name__ == "__main__":
    sys.exit(main())
