"""Who has registered for a conference, and what they were told of it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base

PENDING, WAITING, REGISTERED, WITHDRAWN = STATES = ("pending", "waiting", "registered", "withdrawn")

_NOT_WITHDRAWN = text("status <> 'withdrawn'")


class Registration(Base):
    """One mailbox that has a place at a conference, waits for one, or has asked and not confirmed.

    Who cancels is deleted, and the proof stays. Only a row under a legal hold stays too, as `withdrawn`, without a
    place and out of everybody's sight. A place has a number, and nobody else has the same: the database refuses it.
    """

    __tablename__ = "registrations"
    __table_args__ = (
        CheckConstraint(f"status IN {STATES}", name="status"),
        CheckConstraint("(confirmed_at IS NULL) = (status = 'pending')", name="confirmed_when"),
        CheckConstraint("(seat IS NOT NULL) = (status = 'registered')", name="registered_has_a_seat"),
        CheckConstraint("seat >= 1", name="seat"),
        CheckConstraint("status NOT IN ('waiting', 'registered') OR told_sequence IS NOT NULL", name="told"),
        CheckConstraint("NOT attended OR status = 'registered'", name="attended_with_a_seat"),
        UniqueConstraint("conference", "seat", name="uq_registrations_seat"),
        Index(
            "uq_registrations_mailbox",
            "conference",
            "address_key",
            unique=True,
            sqlite_where=_NOT_WITHDRAWN,
            postgresql_where=_NOT_WITHDRAWN,
        ),
        Index("ix_registrations_address_key", "address_key"),
        # Links in old mails name it: a number that was somebody's is never given to anybody else.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conference: Mapped[str] = mapped_column(String(48))
    """The key of the conference below `content/conferences`."""
    address_key: Mapped[str] = mapped_column(String(64))
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(120))
    organisation: Mapped[str | None] = mapped_column(String(160))
    needs: Mapped[str | None] = mapped_column(String(500))
    """What somebody needs to take part; it may tell of her health, and goes soon after the conference."""
    language: Mapped[str] = mapped_column(String(2))
    status: Mapped[str] = mapped_column(String(16), default=PENDING)
    seat: Mapped[int | None]
    attended: Mapped[bool] = mapped_column(default=False)
    requested_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    """Who has confirmed first waits first."""
    told_sequence: Mapped[int | None]
    """SEQUENCE of the programme that mails told of; None before the confirmation. One that says only that somebody has
    moved up does not tell of it."""


class ToldTimetable(Base):
    """When and where everything was when those who come or wait were told of it: one for each SEQUENCE.

    What has changed since is what differs from it.
    """

    __tablename__ = "told_timetables"
    __table_args__ = (
        CheckConstraint("sequence >= 0", name="sequence"),
        {"info": {"personal": False}},
    )

    conference: Mapped[str] = mapped_column(String(48), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[str] = mapped_column(Text)
    """JSON, as `changes.Timetable` reads it."""
