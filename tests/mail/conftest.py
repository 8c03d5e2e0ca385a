"""A portal whose mails go to the sink, and workers as processes of their own."""

import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from flask import Flask
from sqlalchemy.orm import Session

import portal.optin.models  # noqa: F401 - the outbox refers to it
from portal.config import ROOT
from tests.conftest import MakeApp
from tests.mail.probe import offer_templates, outbox
from tests.smtp_sink import PATIENCE, Sink, sink

__all__ = ["sink"]


@pytest.fixture
def app(make_app: MakeApp, sink: Sink) -> Flask:
    """The application, with the templates of these tests, and the sink for an SMTP server."""
    return offer_templates(make_app(mail_port=sink.port, mail_timeout=0.5))


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Signs certificates; nobody trusts it unless told."""
    return trustme.CA()


@pytest.fixture
def tls_sink(authority: trustme.CA) -> Iterator[Sink]:
    """A running SMTP server that offers STARTTLS as `localhost`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    sink = Sink(context)
    sink.start()
    yield sink
    sink.stop()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has this machine trust the authority."""
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


class WorkerProcess:
    """A worker that can be stopped, continued, and killed."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.mail.probe"], env=environment, cwd=ROOT, stdout=file, stderr=file
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE)


StartWorker = Callable[[], WorkerProcess]


@pytest.fixture
def start_worker(database_url: str, sink: Sink, tmp_path: Path) -> Iterator[StartWorker]:
    """Starts worker processes on the test's database; those still alive at the end are killed."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONWARNINGS": "error",
        "PORTAL_ENV": "testing",
        "PORTAL_INSTANCE": str(tmp_path / "instance"),
        "PORTAL_BASE_URL": "http://portal.test",
        "PORTAL_MAIL_TIMEOUT": "5",
        "PORTAL_MAIL_RETRY_FIRST": "1",
        "DATABASE_URL": database_url,
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_PORT": str(sink.port),
        "MAIL_DEFAULT_SENDER": "Erklärung <erklaerung@portal.test>",
    }
    workers: list[WorkerProcess] = []

    def start() -> WorkerProcess:
        workers.append(WorkerProcess(environment, tmp_path / f"worker{len(workers)}.log"))
        return workers[-1]

    yield start
    for worker in workers:
        if worker.process.poll() is None:
            worker.send(signal.SIGKILL)
        worker.process.wait(PATIENCE)


def wait_until_sent(session: Session, *statuses: str) -> None:
    """Come back when every mail of the outbox has one of `statuses`, `sent` if none is given."""
    end = time.monotonic() + PATIENCE
    while {mail.status for mail in outbox(session)} - {*(statuses or ("sent",))}:
        assert time.monotonic() < end, [(mail.status, mail.error) for mail in outbox(session)]
        time.sleep(0.05)
