"""Templates and a worker process for the tests of the mails."""

import logging
import sys
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask
from flask.cli import ScriptInfo
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import create_app
from portal.addresses import Address
from portal.clock import now
from portal.mail.commands import worker
from portal.mail.models import OutboxMail
from portal.mail.outbox import Mail, post

DOMAIN = "portal.test"
"""The domain of the sender, and of every Message-ID."""


def offer_templates(app: Flask) -> Flask:
    """Let `app` find `probe/greeting`, and `probe/broken`, which cannot be rendered."""
    app.register_blueprint(Blueprint("probe", __name__, template_folder=str(Path(__file__).parent / "templates")))
    return app


def posted(session: Session, email: str = "anna@example.org", **changes: Any) -> OutboxMail:
    """A mail that has been posted and committed, as it was then; no transaction is left open."""
    name = changes.pop("name", "Anna Muster")
    values: dict[str, Any] = {
        "template": "probe/greeting",
        "to": Address(email=email, key=f"key of {email}"),
        "language": "de",
        "context": {"name": name, "link": "http://portal.test/bestaetigen/abc"},
    }
    mail = post(session, Mail(**values | changes), now())
    session.expunge(mail)
    session.commit()
    return mail


def outbox(session: Session) -> list[OutboxMail]:
    """The outbox as it is now, oldest first, without keeping a transaction open."""
    session.expire_all()
    mails = list(session.scalars(select(OutboxMail).order_by(OutboxMail.id)))
    for mail in mails:
        session.refresh(mail)
        session.expunge(mail)
    session.commit()
    return mails


def header(mail: OutboxMail) -> str:
    """The Message-ID of a row as it stands in its mail."""
    return f"<{mail.message_id}@{DOMAIN}>"


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(worker.main(args=[], obj=ScriptInfo(create_app=lambda: offer_templates(create_app()))))
