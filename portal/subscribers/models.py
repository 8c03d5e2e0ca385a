"""Subscriptions to the newsletter."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base

PENDING, CONFIRMED, WITHDRAWN = STATES = ("pending", "confirmed", "withdrawn")
FORM, SIGNING, OFFER = SOURCES = ("newsletter", "sign", "offer")
"""Where somebody asked for it: on its own page, with a tick while signing, or after confirming something else."""

_CONFIRMED = text("status = 'confirmed'")
_NOT_WITHDRAWN = text("status <> 'withdrawn'")


class Subscription(Base):
    """One mailbox that gets the newsletter, or has asked for it.

    Who unsubscribes is deleted, and the proof stays. Only a row under a legal hold stays too, as `withdrawn`, out of
    everybody's sight.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (
        CheckConstraint(f"status IN {STATES}", name="status"),
        CheckConstraint(f"source IN {SOURCES}", name="source"),
        CheckConstraint("(confirmed_at IS NULL) = (status = 'pending')", name="confirmed_when"),
        Index(
            "uq_subscriptions_mailbox",
            "address_key",
            unique=True,
            sqlite_where=_NOT_WITHDRAWN,
            postgresql_where=_NOT_WITHDRAWN,
        ),
        Index("ix_subscriptions_language", "language", "id", sqlite_where=_CONFIRMED, postgresql_where=_CONFIRMED),
        # A number that was somebody's is never given to anybody else: links in old mails name it.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    address_key: Mapped[str] = mapped_column(String(64))
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str | None] = mapped_column(String(120))
    """How the newsletter greets; nobody has to say."""
    language: Mapped[str] = mapped_column(String(2))
    status: Mapped[str] = mapped_column(String(16), default=PENDING)
    source: Mapped[str] = mapped_column(String(16))
    requested_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
