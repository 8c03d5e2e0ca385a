"""organisers"""

import sqlalchemy as sa
from alembic import op


revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


TRIGGERS = {
    "sqlite": [
        "CREATE TRIGGER audit_log_refuse_update BEFORE UPDATE ON audit_log BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END",
        "CREATE TRIGGER audit_log_refuse_delete BEFORE DELETE ON audit_log WHEN OLD.at > datetime('now', '-365 days') BEGIN SELECT RAISE(ABORT, 'audit_log is append-only'); END",
    ],
    "postgresql": [
        "CREATE FUNCTION audit_log_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'restrict_violation', MESSAGE = 'audit_log is append-only'; END $$",
        "CREATE TRIGGER audit_log_refuse_update BEFORE UPDATE ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_log_refuse_change()",
        "CREATE TRIGGER audit_log_refuse_delete BEFORE DELETE ON audit_log FOR EACH ROW WHEN (OLD.at > now() - interval '365 days') EXECUTE FUNCTION audit_log_refuse_change()",
    ],
}


def upgrade() -> None:
    op.create_table(
        "login_attempts",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_login_attempts")),
        info={"personal": "organisers"},
    )
    with op.batch_alter_table("login_attempts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_attempts_last_at"), ["last_at"], unique=False)

    op.create_table(
        "organisers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("address_key", sa.String(length=64), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("password_set_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("totp_secret", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", sa.Integer(), nullable=True),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deactivated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("name <> ''", name=op.f("ck_organisers_named")),
        sa.CheckConstraint("(email IS NULL) = (address_key IS NULL)", name=op.f("ck_organisers_whose")),
        sa.CheckConstraint("(erased_at IS NOT NULL) = (email IS NULL)", name=op.f("ck_organisers_erased_when")),
        sa.CheckConstraint(
            "(password_hash IS NULL) = (password_set_at IS NULL)", name=op.f("ck_organisers_password_when")
        ),
        sa.CheckConstraint(
            "active OR (password_hash IS NULL AND totp_secret IS NULL)", name=op.f("ck_organisers_inactive_has_no_keys")
        ),
        sa.CheckConstraint("(deactivated_at IS NOT NULL) = (NOT active)", name=op.f("ck_organisers_deactivated_when")),
        sa.CheckConstraint("erased_at IS NULL OR NOT active", name=op.f("ck_organisers_erased_is_inactive")),
        sa.CheckConstraint("totp_secret IS NOT NULL OR totp_step IS NULL", name=op.f("ck_organisers_step_of_what")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisers")),
        sa.UniqueConstraint("address_key", name=op.f("uq_organisers_address_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("act", sa.String(length=48), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["organisers.id"], name=op.f("fk_audit_log_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("audit_log", schema=None) as batch_op:
        batch_op.create_index("ix_audit_log_act_id", ["act", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_log_at"), ["at"], unique=False)
        batch_op.create_index("ix_audit_log_by_id_id", ["by_id", "id"], unique=False)
        batch_op.create_index("ix_audit_log_subject_id", ["subject", "id"], unique=False)

    op.create_table(
        "organiser_links",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("nonce", sa.LargeBinary(length=16), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("purpose IN ('invitation', 'reset')", name=op.f("ck_organiser_links_purpose")),
        sa.ForeignKeyConstraint(
            ["organiser_id"], ["organisers.id"], name=op.f("fk_organiser_links_organiser_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organiser_links")),
        info={"personal": "organisers"},
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("organiser_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_organiser_links_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_organiser_links_organiser_id"), ["organiser_id"], unique=False)

    op.create_table(
        "organiser_roles",
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.CheckConstraint("role IN ('owner', 'moderator', 'editor', 'auditor')", name=op.f("ck_organiser_roles_role")),
        sa.ForeignKeyConstraint(
            ["organiser_id"], ["organisers.id"], name=op.f("fk_organiser_roles_organiser_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organiser_id", "role", name=op.f("pk_organiser_roles")),
        info={"personal": "organisers"},
    )
    with op.batch_alter_table("organiser_roles", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_organiser_roles_role"), ["role"], unique=False)

    op.create_table(
        "organiser_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fresh_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("challenge", sa.LargeBinary(length=64), nullable=True),
        sa.CheckConstraint("fresh_at >= began_at", name=op.f("ck_organiser_sessions_fresh_after_it_began")),
        sa.ForeignKeyConstraint(
            ["organiser_id"], ["organisers.id"], name=op.f("fk_organiser_sessions_organiser_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organiser_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_organiser_sessions_token_hash")),
        info={"personal": "organisers"},
    )
    with op.batch_alter_table("organiser_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_organiser_sessions_began_at"), ["began_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_organiser_sessions_organiser_id"), ["organiser_id"], unique=False)

    op.create_table(
        "passkeys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(length=1023), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organiser_id"], ["organisers.id"], name=op.f("fk_passkeys_organiser_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
        info={"personal": "organisers"},
    )
    with op.batch_alter_table("passkeys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_passkeys_organiser_id"), ["organiser_id"], unique=False)

    op.create_table(
        "recovery_codes",
        sa.Column("organiser_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["organiser_id"], ["organisers.id"], name=op.f("fk_recovery_codes_organiser_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organiser_id", "code_hash", name=op.f("pk_recovery_codes")),
        info={"personal": "organisers"},
    )
    for statement in TRIGGERS[op.get_bind().dialect.name]:
        op.execute(sa.text(statement))


def downgrade() -> None:
    op.drop_table("recovery_codes")
    with op.batch_alter_table("passkeys", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_passkeys_organiser_id"))

    op.drop_table("passkeys")
    with op.batch_alter_table("organiser_sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_organiser_sessions_organiser_id"))
        batch_op.drop_index(batch_op.f("ix_organiser_sessions_began_at"))

    op.drop_table("organiser_sessions")
    with op.batch_alter_table("organiser_roles", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_organiser_roles_role"))

    op.drop_table("organiser_roles")
    with op.batch_alter_table("organiser_links", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_organiser_links_organiser_id"))
        batch_op.drop_index(batch_op.f("ix_organiser_links_expires_at"))

    op.drop_table("organiser_links")
    with op.batch_alter_table("audit_log", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_log_subject_id")
        batch_op.drop_index("ix_audit_log_by_id_id")
        batch_op.drop_index(batch_op.f("ix_audit_log_at"))
        batch_op.drop_index("ix_audit_log_act_id")

    op.drop_table("audit_log")
    op.drop_table("organisers")
    with op.batch_alter_table("login_attempts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_login_attempts_last_at"))

    op.drop_table("login_attempts")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_log_refuse_change")
