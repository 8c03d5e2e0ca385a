"""The portal as it is in production: web server and worker, each in processes of its own, and an SMTP server."""

import asyncio
import email
import email.policy
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from typing import TypeVar

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from portal.config import ROOT

T = TypeVar("T")
PATIENCE = 60.0
"""Seconds that anything may take before a journey gives up on it."""


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(seen: Callable[[], T | None], what: str) -> T:
    """What `seen` returns as soon as it is true; fails after PATIENCE, saying what was waited for."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := seen():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what}: not within {PATIENCE:.0f} seconds")


class Mailbox:
    """An SMTP server that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.hesitation = 0.0
        """Seconds before taking a mail, and again between noting it and saying so: time to be killed in."""
        self.port = free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Called by aiosmtpd for each recipient."""
        await asyncio.sleep(self.hesitation)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Called by aiosmtpd for each message."""
        content = envelope.content
        raw = content.encode() if isinstance(content, str) else content or b""
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        self.mails.append(mail)
        await asyncio.sleep(self.hesitation)
        return "250 OK"

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    def to(self, address: str) -> list[EmailMessage]:
        """The mails to an address, oldest first."""
        return [mail for mail in self.mails if address in str(mail["To"])]

    def wait_for(self, address: str, number: int = 1) -> EmailMessage:
        """The `number`th mail to an address, as soon as it is there."""
        mails = wait_until(lambda: self.to(address)[number - 1 :], f"mail {number} to {address}")
        return mails[0]

    def wait_for_more_than(self, number: int) -> None:
        """Come back when more than `number` mails have been taken, whoever they are for."""
        wait_until(lambda: len(self.mails) > number, f"mail {number + 1}")


def text_of(mail: EmailMessage) -> str:
    """The plain text of a mail."""
    body = mail.get_body(("plain",))
    assert body is not None, "the mail has no text part"
    return str(body.get_content())


def link_in(mail: EmailMessage, part: str) -> str:
    """The link in the text of a mail whose address contains `part`."""
    links = [link for link in re.findall(r"https?://\S+", text_of(mail)) if part in link]
    assert links, f"no link with {part} in the mail {mail['Subject']}"
    return str(links[0])


class Process:
    """A command of the portal, started and ended by the test, in any way it wants."""

    def __init__(self, command: list[str], environment: Mapping[str, str], log: Path) -> None:
        self._command = command
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def log(self) -> str:
        """Everything it has said."""
        return self._log.read_text(errors="replace")

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Ask it to end, as the operating system does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it and its children in the middle of whatever they do."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            os.killpg(self._process.pid, how)
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None


class Site:
    """A running portal at `url`, whose mail arrives in `mailbox`."""

    def __init__(self, database_url: str, folder: Path, settings: Mapping[str, str], host: str) -> None:
        port = free_port()
        self.url = f"http://{host}:{port}"
        self.database_url = database_url
        self.mailbox = Mailbox()
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONWARNINGS": "default",
            "PORTAL_ENV": "development",
            "PORTAL_INSTANCE": str(folder / "instance"),
            "PORTAL_BASE_URL": self.url,
            "PORTAL_RATE_LIMIT_SUSPICIOUS": "1000 per hour",
            "PORTAL_RATE_LIMIT_REFUSED": "10000 per hour",
            "PORTAL_TRUSTED_PROXIES": "1",
            "DATABASE_URL": database_url,
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": str(self.mailbox.port),
            **settings,
        }
        programs = Path(sys.executable).parent
        self._flask = [str(programs / "flask"), "--app", "wsgi"]
        server = [str(programs / "granian"), "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
        server += ["--workers", "2", "--blocking-threads", "8", "--no-ws", "wsgi:app"]
        self.web = Process(server, self.environment, folder / "web.log")
        self._numbers = count(1)
        self.worker = Process([*self._flask, "worker"], self.environment, folder / "worker.log")

    def start(self) -> None:
        """Publish the shipped declaration, start everything, and come back when pages are served."""
        self.command("declaration", "publish", "--all", "--yes")
        self.mailbox.start()
        self.web.start()
        self.worker.start()
        self.wait_until_it_answers()

    def wait_until_it_answers(self) -> None:
        """Come back when pages are served."""
        try:
            wait_until(self._answers, f"the site at {self.url}")
        except AssertionError as error:
            error.add_note(self.web.log[-4000:])
            raise

    def stop(self) -> None:
        self.worker.stop()
        self.web.stop()
        self.mailbox.stop()

    def number(self) -> int:
        """A number that no other journey on this site has had, for people's names and addresses."""
        return next(self._numbers)

    def command(self, *words: str) -> str:
        """Run one of the portal's commands to its end; what it says."""
        done = subprocess.run(
            [*self._flask, *words], env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/", timeout=5) as answer:
                return int(answer.status) == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


@contextmanager
def running_site(database_url: str, folder: Path, *, host: str = "127.0.0.1", **settings: str) -> Iterator[Site]:
    """A site that is stopped at the end, whatever happens. `host` is what browsers call this machine."""
    site = Site(database_url, folder, settings, host)
    try:
        site.start()
        yield site
    finally:
        site.stop()
