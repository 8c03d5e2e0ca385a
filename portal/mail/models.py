"""The outbox: every mail that the portal sends, from the transaction that caused it until long after."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base

PENDING, SENDING, SENT, UNCERTAIN, FAILED = STATUSES = ("pending", "sending", "sent", "uncertain", "failed")
WAITING = (PENDING, UNCERTAIN)

_WAITING = text(f"status IN {WAITING}")
_CLAIMED = text("worker IS NOT NULL")
_FAILED = text("status = 'failed'")


class OutboxMail(Base):
    """One mail to one address.

    pending    waits for `next_attempt_at`; nobody has got it
    sending    its body may be on its way at this moment
    uncertain  the connection or the worker was lost before the server's answer: it may have arrived, and is sent again
               under the same Message-ID
    sent       the server has taken it
    failed     it will not be tried again, unless an operator says so

    A waiting mail that names a `worker` is claimed by it: it stands in line and has not been begun.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint(f"status IN {STATUSES}", name="status"),
        CheckConstraint("(sent_at IS NOT NULL) = (status = 'sent')", name="sent_when"),
        CheckConstraint("status <> 'sent' OR (recipient IS NULL AND context IS NULL)", name="sent_is_minimised"),
        CheckConstraint("(recipient IS NULL) = (context IS NULL)", name="whole"),
        CheckConstraint("recipient IS NOT NULL OR status IN ('sent', 'failed')", name="waiting_has_a_recipient"),
        CheckConstraint("status <> 'sending' OR worker IS NOT NULL", name="sending_by_whom"),
        CheckConstraint("worker IS NULL OR status IN ('pending', 'sending', 'uncertain')", name="done_by_nobody"),
        Index("ix_outbox_waiting", "next_attempt_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index("ix_outbox_claimed", "worker", sqlite_where=_CLAIMED, postgresql_where=_CLAIMED),
        Index("ix_outbox_failed", "id", sqlite_where=_FAILED, postgresql_where=_FAILED),
        Index("ix_outbox_address_key_created_at", "address_key", "created_at"),
        # A worker can be at the server with a mail that is erased meanwhile: its number is nobody else's ever after.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(String(32), unique=True)
    """The left part of the Message-ID, the same at every attempt."""
    template: Mapped[str] = mapped_column(String(64))
    template_version: Mapped[str | None] = mapped_column(String(16))
    """A hash of the template's sources as they were when the mail was sent."""
    language: Mapped[str] = mapped_column(String(2))
    recipient: Mapped[str | None] = mapped_column(String(254))
    context: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    address_key: Mapped[str] = mapped_column(String(64))
    optin_id: Mapped[int | None] = mapped_column(ForeignKey("optins.id", ondelete="CASCADE"), index=True)
    status: Mapped[str] = mapped_column(String(16), default=PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    worker: Mapped[str | None] = mapped_column(String(16))
    error: Mapped[str | None] = mapped_column(String(120))
    """Why the latest attempt came to nothing: an SMTP code or the name of an error, never an address."""
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


OBJECTED, BOUNCED, COMPLAINED, BLOCKED = SUPPRESSION_REASONS = ("objected", "bounced", "complained", "blocked")
"""Somebody wants no more campaigns, mail to the address comes back, its reader called a mail spam, or an organiser
blocked it."""
HARD, SOFT, COMPLAINT = BOUNCE_KINDS = ("hard", "soft", "complaint")


class Suppression(Base):
    """An address that no campaign may reach. Only its keyed hash is kept. Mails that somebody asks for still go out."""

    __tablename__ = "suppressions"
    __table_args__ = (
        CheckConstraint(f"reason IN {SUPPRESSION_REASONS}", name="reason"),
        # Somebody may look at one that is lifted meanwhile: its number is nobody else's ever after.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    address_key: Mapped[str] = mapped_column(String(64), unique=True)
    reason: Mapped[str] = mapped_column(String(16))
    detail: Mapped[str | None] = mapped_column(String(40))
    """The SMTP code that led to it, never an address."""
    created_at: Mapped[datetime]


class Bounce(Base):
    """That mail to an address came back, or was called spam, on one day: at most one for each person and day."""

    __tablename__ = "bounces"
    __table_args__ = (
        UniqueConstraint("address_key", "day"),
        CheckConstraint(f"kind IN {BOUNCE_KINDS}", name="kind"),
        Index("ix_bounces_day", "day"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    address_key: Mapped[str] = mapped_column(String(64))
    day: Mapped[date]
    kind: Mapped[str] = mapped_column(String(16))
    """The gravest of the day."""
    code: Mapped[str] = mapped_column(String(40))
    """The SMTP or enhanced status code (RFC 3463), or the kind of complaint (RFC 5965)."""
