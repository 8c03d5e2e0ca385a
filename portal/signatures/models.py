"""Signatures, and the tally that the public counter shows."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base
from portal.declaration.models import Revision

PENDING, CONFIRMED, WITHDRAWN = STATES = ("pending", "confirmed", "withdrawn")
PERSONS_PER_MAILBOX = 2

_LISTED = (
    "show_name OR (show_occupation AND occupation IS NOT NULL)"
    " OR (show_organisation AND organisation IS NOT NULL) OR (show_place AND place IS NOT NULL)"
)
_PUBLIC = text("status = 'confirmed' AND held_at IS NULL AND listed")


def _unique_where(name: str, condition: str, *columns: str) -> Index:
    return Index(name, *columns, unique=True, sqlite_where=text(condition), postgresql_where=text(condition))


def _public_index(name: str, *columns: str) -> Index:
    return Index(name, *columns, "id", sqlite_where=_PUBLIC, postgresql_where=_PUBLIC)


def _office_index(name: str, column: str, condition: str) -> Index:
    return Index(name, column, sqlite_where=text(condition), postgresql_where=text(condition))


class Signature(Base):
    """One person's signature under one revision.

    A mailbox holds at most two persons, and of these at most one who has not confirmed yet; constraints see to it.
    A withdrawn signature is deleted; only one under a legal hold stays, as `withdrawn`, out of everybody's sight.
    """

    __tablename__ = "signatures"
    __table_args__ = (
        _unique_where("uq_signatures_slot", "status <> 'withdrawn'", "address_key", "slot"),
        _unique_where("uq_signatures_person", "status <> 'withdrawn'", "address_key", "name_key"),
        _unique_where("uq_signatures_pending", "status = 'pending'", "address_key"),
        CheckConstraint(f"slot BETWEEN 1 AND {PERSONS_PER_MAILBOX}", name="slot"),
        CheckConstraint(f"status IN {STATES}", name="status"),
        CheckConstraint("(confirmed_at IS NULL) = (status = 'pending')", name="confirmed_when"),
        CheckConstraint("(held_at IS NULL) = (held_reason IS NULL)", name="held_why"),
        CheckConstraint("name <> ''", name="named"),
        _public_index("ix_signatures_public"),
        _public_index("ix_signatures_public_field", "field"),
        _public_index("ix_signatures_public_state", "state"),
        _office_index("ix_signatures_held", "id", "held_at IS NOT NULL"),
        _office_index("ix_signatures_withdrawn", "id", "status = 'withdrawn'"),
        _office_index("ix_signatures_confirmed_at", "confirmed_at", "confirmed_at IS NOT NULL"),
        # A number that was somebody's is never given to anybody else: links and proofs refer to it.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    status: Mapped[str] = mapped_column(String(16), default=PENDING)
    address_key: Mapped[str] = mapped_column(String(64))
    slot: Mapped[int]
    """Which of the persons of the mailbox this is."""
    email: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(2))
    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(Text)
    """The name without case, accents and punctuation: the same for the same person."""
    occupation: Mapped[str | None] = mapped_column(String(120))
    field: Mapped[str | None] = mapped_column(String(32))
    organisation: Mapped[str | None] = mapped_column(String(160))
    place: Mapped[str | None] = mapped_column(String(120))
    state: Mapped[str | None] = mapped_column(String(8))
    show_name: Mapped[bool]
    show_occupation: Mapped[bool]
    show_organisation: Mapped[bool]
    show_place: Mapped[bool]
    listed: Mapped[bool] = mapped_column(Computed(_LISTED, persisted=True))
    """Whether anything of it may stand in the public list."""
    search_text: Mapped[str] = mapped_column(Text)
    """What the public list can be searched by: only what is shown."""
    newsletter: Mapped[bool]
    """Wants to hear how it goes on. Nobody is enrolled by this alone."""
    held_at: Mapped[datetime | None]
    held_reason: Mapped[str | None] = mapped_column(String(64))
    requested_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]

    revision: Mapped[Revision] = relationship()

    @property
    def valid(self) -> bool:
        """Whether it counts."""
        return self.status == CONFIRMED and self.held_at is None


class SignatureTally(Base):
    """How many signatures are valid, and how many of these are listed: one row, changed with every signature.

    Counting a million rows for each page would take longer than the page; `recount` proves the row true.
    """

    __tablename__ = "signature_tally"
    __table_args__ = (
        CheckConstraint("id = 1", name="single_row"),
        CheckConstraint("valid >= 0 AND listed >= 0 AND listed <= valid", name="counts_people"),
        {"info": {"personal": False}},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    valid: Mapped[int]
    listed: Mapped[int]
