"""What an operator sees and does on the command line."""

from flask import Flask
from sqlalchemy.orm import Session

from portal.mail.worker import run
from tests.mail.probe import outbox, posted
from tests.smtp_sink import Sink


def test_status_counts_and_names_nobody(app: Flask, session: Session, sink: Sink) -> None:
    posted(session)
    posted(session, "bert@example.org")
    sink.faults.append("550 5.1.1")
    run(app, until_idle=True)
    result = app.test_cli_runner().invoke(args=["outbox", "status"])
    assert result.exit_code == 0
    counts = dict(line.split() for line in result.output.splitlines()[:5])
    assert counts == {"pending": "0", "sending": "0", "sent": "1", "uncertain": "0", "failed": "1"}
    assert "550 5.1.1" in result.output
    assert "example.org" not in result.output


def test_retry_sends_a_failed_mail_again(app: Flask, session: Session, sink: Sink) -> None:
    mail = posted(session)
    sink.faults.append("550 5.1.1")
    run(app, until_idle=True)
    assert app.test_cli_runner().invoke(args=["outbox", "retry", str(mail.id + 1)]).exit_code == 0
    assert outbox(session)[0].status == "failed"
    assert "1" in app.test_cli_runner().invoke(args=["outbox", "retry", str(mail.id)]).output
    run(app, until_idle=True)
    assert outbox(session)[0].status == "sent"
    assert len(sink.taken) == 1
