"""The mails of the outbox, as their readers get them."""

import email
import email.policy
from email.message import EmailMessage

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.mail.compose import Composer
from portal.mail.models import OutboxMail


def letters(app: Flask, session: Session) -> list[EmailMessage]:
    """What lies in the outbox, oldest first, as it would go over the wire."""
    rows = session.scalars(select(OutboxMail).order_by(OutboxMail.id)).all()
    contents = [Composer(app).compose(row).content for row in rows]
    session.commit()
    return [email.message_from_bytes(content, policy=email.policy.default) for content in contents]


def part(letter: EmailMessage, kind: str) -> str:
    """The `plain` or the `html` part of a letter."""
    body = letter.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def readable(letter: EmailMessage) -> str:
    """Subject and text, for a file to look at."""
    return f"Subject: {letter['Subject']}\n\n{part(letter, 'plain')}"
