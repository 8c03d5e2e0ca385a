"""What the pages around the declaration can bring about."""

from datetime import datetime

from sqlalchemy.orm import Session

from portal.addresses import Address
from portal.mail.outbox import Mail, post


def send_feedback(session: Session, operator: Address, message: str, email: str, now: datetime) -> None:
    """Queue a visitor's message about accessibility for the operator. It is kept nowhere else.

    `email` is where the visitor wants the answer, or empty.
    """
    post(session, Mail("pages/mail/feedback", operator, "de", {"message": message, "email": email}), now)
