"""Opt-ins and the proof of each."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, on_creation

PENDING, CONFIRMED, DECLINED = STATES = ("pending", "confirmed", "declined")


class OptIn(Base):
    """One request that the owner of an address has to confirm before anything counts."""

    __tablename__ = "optins"
    __table_args__ = (
        CheckConstraint(f"status IN {STATES}", name="status"),
        CheckConstraint("(confirmed_at IS NOT NULL) = (status = 'confirmed')", name="confirmed_when"),
        CheckConstraint("withdrawn_at IS NULL OR status = 'confirmed'", name="withdrawn_after"),
        CheckConstraint("status <> 'pending' OR email IS NOT NULL", name="pending_is_mailed"),
        # The one open opt-in per purpose and address.
        Index(
            "uq_optins_open",
            "purpose",
            "address_key",
            unique=True,
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
        Index("ix_optins_purpose_subject", "purpose", "subject"),
        Index("ix_optins_status_expires_at", "status", "expires_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(String(32))
    subject: Mapped[int]
    """The id of the row that confirming makes valid, in the table of the purpose."""
    address_key: Mapped[str] = mapped_column(String(64), index=True)
    email: Mapped[str | None] = mapped_column(String(254))
    """Kept while mails may have to follow; gone when the subject is gone."""
    language: Mapped[str] = mapped_column(String(2))
    status: Mapped[str] = mapped_column(String(16), default=PENDING)
    nonce: Mapped[bytes] = mapped_column(LargeBinary(9))
    """Makes the link of this request; a new request gets a new one, and the old link is dead."""
    reminders: Mapped[int] = mapped_column(default=0)
    requested_at: Mapped[datetime]
    mailed_at: Mapped[datetime]
    """When the latest mail with the link was handed to the outbox."""
    expires_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]

    def state(self, now: datetime) -> str:
        """`pending`, `confirmed`, `declined`, or `expired` for one that was not confirmed in time."""
        return "expired" if self.status == PENDING and self.expires_at < now else self.status

    proof: Mapped[list["ProofEntry"]] = relationship(order_by="ProofEntry.id", passive_deletes=True)


class Wording(Base):
    """The exact words that somebody agreed to, once for each version of them."""

    __tablename__ = "wordings"
    __table_args__ = ({"info": {"personal": False}},)

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    language: Mapped[str] = mapped_column(String(2))
    text: Mapped[str] = mapped_column(Text)


class ProofEntry(Base):
    """One thing that happened to an opt-in. Append-only: entries are added, and go only with the whole opt-in.

    Together with the mails sent for it (outbox: template, version, time) they prove the consent (GDPR Art. 7(1)).
    No IP address is among them.
    """

    __tablename__ = "optin_proof"
    __table_args__ = (
        CheckConstraint(
            "event IN ('requested', 'consented', 'revoked', 'resent', 'reminded', 'confirmed',"
            " 'declined', 'corrected', 'withdrawn')",
            name="event",
        ),
        CheckConstraint("event <> 'consented' OR wording_sha256 IS NOT NULL", name="consented_to_what"),
        {"info": {"personal": "optins"}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    optin_id: Mapped[int] = mapped_column(ForeignKey("optins.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(16))
    detail: Mapped[str | None] = mapped_column(String(160))
    """Which consent, which form and version, or which fields; never their content."""
    wording_sha256: Mapped[str | None] = mapped_column(ForeignKey("wordings.sha256"))
    token_sha256: Mapped[str | None] = mapped_column(String(64))


APPEND_ONLY = {
    "sqlite": [
        "CREATE TRIGGER optin_proof_append_only BEFORE UPDATE ON optin_proof"
        " BEGIN SELECT RAISE(ABORT, 'optin_proof is append-only'); END"
    ],
    "postgresql": [
        "CREATE FUNCTION optin_proof_refuse_update() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'optin_proof is append-only'; END $$",
        "CREATE TRIGGER optin_proof_append_only BEFORE UPDATE ON optin_proof"
        " FOR EACH ROW EXECUTE FUNCTION optin_proof_refuse_update()",
    ],
}
on_creation(ProofEntry.__table__, APPEND_ONLY)
