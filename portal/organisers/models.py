"""Organisers, what they log in with, and the log of what they did."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, on_creation
from portal.organisers.roles import ROLES

INVITATION, RESET = LINK_PURPOSES = ("invitation", "reset")


class Organiser(Base):
    """Somebody who works in the office.

    The row stays when the person goes, because decisions refer to it: name and address go, the number remains.
    """

    __tablename__ = "organisers"
    __table_args__ = (
        CheckConstraint("name <> ''", name="named"),
        CheckConstraint("(email IS NULL) = (address_key IS NULL)", name="whose"),
        CheckConstraint("(erased_at IS NOT NULL) = (email IS NULL)", name="erased_when"),
        CheckConstraint("erased_at IS NULL OR NOT active", name="erased_is_inactive"),
        CheckConstraint("(deactivated_at IS NOT NULL) = (NOT active)", name="deactivated_when"),
        CheckConstraint("active OR (password_hash IS NULL AND totp_secret IS NULL)", name="inactive_has_no_keys"),
        CheckConstraint("(password_hash IS NULL) = (password_set_at IS NULL)", name="password_when"),
        CheckConstraint("totp_secret IS NOT NULL OR totp_step IS NULL", name="step_of_what"),
        # A number that was somebody's is never given to anybody else: decisions refer to it.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    email: Mapped[str | None] = mapped_column(String(254))
    address_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    language: Mapped[str] = mapped_column(String(2))
    active: Mapped[bool] = mapped_column(default=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    """argon2id; None until the invitation has been accepted."""
    password_set_at: Mapped[datetime | None]
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted: who reads a backup can make no codes."""
    totp_step: Mapped[int | None]
    """The step of the last code that was used; neither it nor an earlier one is good again (RFC 6238, 5.2)."""
    invited_at: Mapped[datetime]
    deactivated_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]

    role_rows: Mapped[list["OrganiserRole"]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True, lazy="selectin"
    )
    passkeys: Mapped[list["Passkey"]] = relationship(
        order_by="Passkey.id", cascade="all, delete-orphan", passive_deletes=True
    )

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles, in the order of `ROLES`."""
        held = {row.role for row in self.role_rows}
        return tuple(role for role in ROLES if role in held)

    def has_role(self, *roles: str) -> bool:
        """Whether one of these roles is held."""
        return any(role in roles for role in self.roles)

    @property
    def has_second_factor(self) -> bool:
        """Whether the office may open after the password."""
        return self.totp_secret is not None or bool(self.passkeys)


class OrganiserRole(Base):
    """One role of one organiser."""

    __tablename__ = "organiser_roles"
    __table_args__ = (CheckConstraint(f"role IN {ROLES}", name="role"), {"info": {"personal": "organisers"}})

    organiser_id: Mapped[int] = mapped_column(ForeignKey("organisers.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16), primary_key=True, index=True)


class Passkey(Base):
    """A WebAuthn credential that serves as second factor."""

    __tablename__ = "passkeys"
    __table_args__ = ({"info": {"personal": "organisers"}},)

    id: Mapped[int] = mapped_column(primary_key=True)
    organiser_id: Mapped[int] = mapped_column(ForeignKey("organisers.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1023), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    label: Mapped[str] = mapped_column(String(60))
    added_at: Mapped[datetime]


class RecoveryCode(Base):
    """The hash of a code that replaces the second factor once; using it removes the row."""

    __tablename__ = "recovery_codes"
    __table_args__ = ({"info": {"personal": "organisers"}},)

    organiser_id: Mapped[int] = mapped_column(
        ForeignKey("organisers.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)


class OrganiserLink(Base):
    """A mailed or printed link that lets somebody set a password, once. Using it removes the row."""

    __tablename__ = "organiser_links"
    __table_args__ = (
        CheckConstraint(f"purpose IN {LINK_PURPOSES}", name="purpose"),
        {"info": {"personal": "organisers"}, "sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organiser_id: Mapped[int] = mapped_column(ForeignKey("organisers.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(String(16))
    nonce: Mapped[bytes] = mapped_column(LargeBinary(16))
    """Part of the link's signed token: the row alone makes no link."""
    expires_at: Mapped[datetime] = mapped_column(index=True)


class OrganiserSession(Base):
    """A browser that somebody has logged in with. Where the row is gone, its cookie is worth nothing."""

    __tablename__ = "organiser_sessions"
    __table_args__ = (
        CheckConstraint("fresh_at >= began_at", name="fresh_after_it_began"),
        {"info": {"personal": "organisers"}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organiser_id: Mapped[int] = mapped_column(ForeignKey("organisers.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    began_at: Mapped[datetime] = mapped_column(index=True)
    fresh_at: Mapped[datetime]
    """When password and second factor were last given."""
    complete: Mapped[bool] = mapped_column(default=False)
    """False after the password, True after the second factor too."""
    challenge: Mapped[bytes | None] = mapped_column(LargeBinary(64))
    """What a passkey is asked to sign next."""

    organiser: Mapped[Organiser] = relationship()


class LoginAttempts(Base):
    """How often somebody failed, under a keyed hash of what was tried and from which network; no address, no IP."""

    __tablename__ = "login_attempts"
    __table_args__ = ({"info": {"personal": "organisers"}},)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime] = mapped_column(index=True)
    locked_until: Mapped[datetime | None]


class AuditEntry(Base):
    """Who did what, when. Never changed; removed only after its time."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_by_id_id", "by_id", "id"),
        Index("ix_audit_log_act_id", "act", "id"),
        Index("ix_audit_log_subject_id", "subject", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("organisers.id"))
    """None where a command or a chore did it."""
    act: Mapped[str] = mapped_column(String(48))
    """For example `comment.approve`."""
    subject: Mapped[str] = mapped_column(String(80))
    """For example `comment 17`."""
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)

    by: Mapped[Organiser | None] = relationship()


AUDIT_KEPT_AT_LEAST = timedelta(days=365)
"""The database refuses to remove a younger entry, whoever asks: retention's door opens only behind it."""

APPEND_ONLY = {
    "sqlite": [
        "CREATE TRIGGER audit_log_refuse_update BEFORE UPDATE ON audit_log"
        " BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END",
        "CREATE TRIGGER audit_log_refuse_delete BEFORE DELETE ON audit_log"
        f" WHEN OLD.at > datetime('now', '-{AUDIT_KEPT_AT_LEAST.days} days')"
        " BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END",
    ],
    "postgresql": [
        "CREATE FUNCTION audit_log_refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'restrict_violation', MESSAGE = 'audit_log is append-only'; END $$",
        "CREATE TRIGGER audit_log_refuse_update BEFORE UPDATE ON audit_log"
        " FOR EACH ROW EXECUTE FUNCTION audit_log_refuse_change()",
        "CREATE TRIGGER audit_log_refuse_delete BEFORE DELETE ON audit_log FOR EACH ROW"
        f" WHEN (OLD.at > now() - interval '{AUDIT_KEPT_AT_LEAST.days} days')"
        " EXECUTE FUNCTION audit_log_refuse_change()",
    ],
}
on_creation(AuditEntry.__table__, APPEND_ONLY)
