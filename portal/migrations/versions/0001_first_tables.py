"""first tables"""

import sqlalchemy as sa
from alembic import op


revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


TRIGGERS = {
    "sqlite": [
        "CREATE TRIGGER optin_proof_append_only BEFORE UPDATE ON optin_proof BEGIN SELECT RAISE(ABORT, 'optin_proof is append-only'); END",
        "CREATE TRIGGER revisions_refuse_update BEFORE UPDATE ON revisions BEGIN SELECT RAISE(ABORT, 'revisions: what has been published is never changed'); END",
        "CREATE TRIGGER revisions_refuse_delete BEFORE DELETE ON revisions BEGIN SELECT RAISE(ABORT, 'revisions: what has been published is never changed'); END",
        "CREATE TRIGGER revision_texts_refuse_update BEFORE UPDATE ON revision_texts BEGIN SELECT RAISE(ABORT, 'revision_texts: what has been published is never changed'); END",
        "CREATE TRIGGER revision_texts_refuse_delete BEFORE DELETE ON revision_texts BEGIN SELECT RAISE(ABORT, 'revision_texts: what has been published is never changed'); END",
        "CREATE TRIGGER theses_refuse_update BEFORE UPDATE ON theses BEGIN SELECT RAISE(ABORT, 'theses: what has been published is never changed'); END",
        "CREATE TRIGGER theses_refuse_delete BEFORE DELETE ON theses BEGIN SELECT RAISE(ABORT, 'theses: what has been published is never changed'); END",
        "CREATE TRIGGER thesis_texts_refuse_update BEFORE UPDATE ON thesis_texts BEGIN SELECT RAISE(ABORT, 'thesis_texts: what has been published is never changed'); END",
        "CREATE TRIGGER thesis_texts_refuse_delete BEFORE DELETE ON thesis_texts BEGIN SELECT RAISE(ABORT, 'thesis_texts: what has been published is never changed'); END",
    ],
    "postgresql": [
        "CREATE FUNCTION optin_proof_refuse_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'optin_proof is append-only'; END $$",
        "CREATE TRIGGER optin_proof_append_only BEFORE UPDATE ON optin_proof FOR EACH ROW EXECUTE FUNCTION optin_proof_refuse_update()",
        "CREATE OR REPLACE FUNCTION declaration_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'restrict_violation', MESSAGE = TG_TABLE_NAME || ': what has been published is never changed'; END $$",
        "CREATE TRIGGER revisions_refuse_change BEFORE UPDATE OR DELETE ON revisions FOR EACH ROW EXECUTE FUNCTION declaration_refuse_change()",
        "CREATE TRIGGER revision_texts_refuse_change BEFORE UPDATE OR DELETE ON revision_texts FOR EACH ROW EXECUTE FUNCTION declaration_refuse_change()",
        "CREATE TRIGGER theses_refuse_change BEFORE UPDATE OR DELETE ON theses FOR EACH ROW EXECUTE FUNCTION declaration_refuse_change()",
        "CREATE TRIGGER thesis_texts_refuse_change BEFORE UPDATE OR DELETE ON thesis_texts FOR EACH ROW EXECUTE FUNCTION declaration_refuse_change()",
    ],
}


def upgrade() -> None:
    op.create_table(
        "legal_holds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("table_name", sa.String(length=64), nullable=False),
        sa.Column("row_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_holds")),
        sa.UniqueConstraint("table_name", "row_id", name=op.f("uq_legal_holds_table_name_row_id")),
        info={"personal": False},
    )
    op.create_table(
        "optins",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.Integer(), nullable=False),
        sa.Column("address_key", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("nonce", sa.LargeBinary(length=9), nullable=False),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(confirmed_at IS NOT NULL) = (status = 'confirmed')", name=op.f("ck_optins_confirmed_when")
        ),
        sa.CheckConstraint("status <> 'pending' OR email IS NOT NULL", name=op.f("ck_optins_pending_is_mailed")),
        sa.CheckConstraint("status IN ('pending', 'confirmed', 'declined')", name=op.f("ck_optins_status")),
        sa.CheckConstraint("withdrawn_at IS NULL OR status = 'confirmed'", name=op.f("ck_optins_withdrawn_after")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_optins")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("optins", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_optins_address_key"), ["address_key"], unique=False)
        batch_op.create_index("ix_optins_purpose_subject", ["purpose", "subject"], unique=False)
        batch_op.create_index("ix_optins_status_expires_at", ["status", "expires_at"], unique=False)
        batch_op.create_index(
            "uq_optins_open",
            ["purpose", "address_key"],
            unique=True,
            sqlite_where=sa.text("status = 'pending'"),
            postgresql_where=sa.text("status = 'pending'"),
        )

    op.create_table(
        "public_version",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_public_version_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_public_version")),
        info={"personal": False},
    )
    op.create_table(
        "revisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=16), nullable=False),
        sa.Column("dated", sa.Date(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.CheckConstraint("label IN ('summary', 'original', 'revised')", name=op.f("ck_revisions_label")),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_revisions_sha256")),
        sa.CheckConstraint("number > 0", name=op.f("ck_revisions_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisions")),
        sa.UniqueConstraint("number", name=op.f("uq_revisions_number")),
        info={"personal": False},
    )
    op.create_table(
        "signature_tally",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("valid", sa.Integer(), nullable=False),
        sa.Column("listed", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_signature_tally_single_row")),
        sa.CheckConstraint(
            "valid >= 0 AND listed >= 0 AND listed <= valid", name=op.f("ck_signature_tally_counts_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature_tally")),
        info={"personal": False},
    )
    op.create_table(
        "wordings",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_wordings")),
        info={"personal": False},
    )
    op.create_table(
        "optin_proof",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("optin_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.String(length=160), nullable=True),
        sa.Column("wording_sha256", sa.String(length=64), nullable=True),
        sa.Column("token_sha256", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "event <> 'consented' OR wording_sha256 IS NOT NULL", name=op.f("ck_optin_proof_consented_to_what")
        ),
        sa.CheckConstraint(
            "event IN ('requested', 'consented', 'revoked', 'resent', 'reminded', 'confirmed', 'declined', 'corrected', 'withdrawn')",
            name=op.f("ck_optin_proof_event"),
        ),
        sa.ForeignKeyConstraint(["optin_id"], ["optins.id"], name=op.f("fk_optin_proof_optin_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["wording_sha256"], ["wordings.sha256"], name=op.f("fk_optin_proof_wording_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_optin_proof")),
    )
    with op.batch_alter_table("optin_proof", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_optin_proof_optin_id"), ["optin_id"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(length=32), nullable=False),
        sa.Column("template", sa.String(length=64), nullable=False),
        sa.Column("template_version", sa.String(length=16), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=True),
        sa.Column("context", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("address_key", sa.String(length=64), nullable=False),
        sa.Column("optin_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("worker", sa.String(length=16), nullable=True),
        sa.Column("error", sa.String(length=120), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(sent_at IS NOT NULL) = (status = 'sent')", name=op.f("ck_outbox_sent_when")),
        sa.CheckConstraint(
            "recipient IS NOT NULL OR status IN ('sent', 'failed')", name=op.f("ck_outbox_waiting_has_a_recipient")
        ),
        sa.CheckConstraint("status <> 'sending' OR worker IS NOT NULL", name=op.f("ck_outbox_sending_by_whom")),
        sa.CheckConstraint(
            "status <> 'sent' OR (recipient IS NULL AND context IS NULL)", name=op.f("ck_outbox_sent_is_minimised")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'sending', 'sent', 'uncertain', 'failed')", name=op.f("ck_outbox_status")
        ),
        sa.CheckConstraint(
            "worker IS NULL OR status IN ('pending', 'sending', 'uncertain')", name=op.f("ck_outbox_done_by_nobody")
        ),
        sa.CheckConstraint("(recipient IS NULL) = (context IS NULL)", name=op.f("ck_outbox_whole")),
        sa.ForeignKeyConstraint(["optin_id"], ["optins.id"], name=op.f("fk_outbox_optin_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_address_key_created_at", ["address_key", "created_at"], unique=False)
        batch_op.create_index(
            "ix_outbox_claimed",
            ["worker"],
            unique=False,
            sqlite_where=sa.text("worker IS NOT NULL"),
            postgresql_where=sa.text("worker IS NOT NULL"),
        )
        batch_op.create_index(batch_op.f("ix_outbox_optin_id"), ["optin_id"], unique=False)
        batch_op.create_index(
            "ix_outbox_waiting",
            ["next_attempt_at"],
            unique=False,
            sqlite_where=sa.text("status IN ('pending', 'uncertain')"),
            postgresql_where=sa.text("status IN ('pending', 'uncertain')"),
        )

    op.create_table(
        "revision_texts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("preamble", sa.Text(), nullable=False),
        sa.Column("closing", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_revision_texts_revision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision_texts")),
        sa.UniqueConstraint("revision_id", "language", name=op.f("uq_revision_texts_revision_id_language")),
        info={"personal": False},
    )
    op.create_table(
        "signatures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("address_key", sa.String(length=64), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("occupation", sa.String(length=120), nullable=True),
        sa.Column("field", sa.String(length=32), nullable=True),
        sa.Column("organisation", sa.String(length=160), nullable=True),
        sa.Column("place", sa.String(length=120), nullable=True),
        sa.Column("state", sa.String(length=8), nullable=True),
        sa.Column("show_name", sa.Boolean(), nullable=False),
        sa.Column("show_occupation", sa.Boolean(), nullable=False),
        sa.Column("show_organisation", sa.Boolean(), nullable=False),
        sa.Column("show_place", sa.Boolean(), nullable=False),
        sa.Column(
            "listed",
            sa.Boolean(),
            sa.Computed(
                "show_name OR (show_occupation AND occupation IS NOT NULL) OR (show_organisation AND organisation IS NOT NULL) OR (show_place AND place IS NOT NULL)",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("newsletter", sa.Boolean(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_reason", sa.String(length=64), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(confirmed_at IS NULL) = (status = 'pending')", name=op.f("ck_signatures_confirmed_when")),
        sa.CheckConstraint("name <> ''", name=op.f("ck_signatures_named")),
        sa.CheckConstraint("status IN ('pending', 'confirmed', 'withdrawn')", name=op.f("ck_signatures_status")),
        sa.CheckConstraint("(held_at IS NULL) = (held_reason IS NULL)", name=op.f("ck_signatures_held_why")),
        sa.CheckConstraint("slot BETWEEN 1 AND 2", name=op.f("ck_signatures_slot")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_signatures_revision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signatures")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("signatures", schema=None) as batch_op:
        batch_op.create_index(
            "ix_signatures_public",
            ["id"],
            unique=False,
            sqlite_where=sa.text("status = 'confirmed' AND held_at IS NULL AND listed"),
            postgresql_where=sa.text("status = 'confirmed' AND held_at IS NULL AND listed"),
        )
        batch_op.create_index(
            "ix_signatures_public_field",
            ["field", "id"],
            unique=False,
            sqlite_where=sa.text("status = 'confirmed' AND held_at IS NULL AND listed"),
            postgresql_where=sa.text("status = 'confirmed' AND held_at IS NULL AND listed"),
        )
        batch_op.create_index(
            "ix_signatures_public_state",
            ["state", "id"],
            unique=False,
            sqlite_where=sa.text("status = 'confirmed' AND held_at IS NULL AND listed"),
            postgresql_where=sa.text("status = 'confirmed' AND held_at IS NULL AND listed"),
        )
        batch_op.create_index(
            "uq_signatures_pending",
            ["address_key"],
            unique=True,
            sqlite_where=sa.text("status = 'pending'"),
            postgresql_where=sa.text("status = 'pending'"),
        )
        batch_op.create_index(
            "uq_signatures_person",
            ["address_key", "name_key"],
            unique=True,
            sqlite_where=sa.text("status <> 'withdrawn'"),
            postgresql_where=sa.text("status <> 'withdrawn'"),
        )
        batch_op.create_index(
            "uq_signatures_slot",
            ["address_key", "slot"],
            unique=True,
            sqlite_where=sa.text("status <> 'withdrawn'"),
            postgresql_where=sa.text("status <> 'withdrawn'"),
        )

    op.create_table(
        "theses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=48), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint("position > 0", name=op.f("ck_theses_position")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_theses_revision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_theses")),
        sa.UniqueConstraint("revision_id", "key", name=op.f("uq_theses_revision_id_key")),
        sa.UniqueConstraint("revision_id", "position", name=op.f("uq_theses_revision_id_position")),
        info={"personal": False},
    )
    op.create_table(
        "thesis_texts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("thesis_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("heading", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["thesis_id"], ["theses.id"], name=op.f("fk_thesis_texts_thesis_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thesis_texts")),
        sa.UniqueConstraint("thesis_id", "language", name=op.f("uq_thesis_texts_thesis_id_language")),
        info={"personal": False},
    )
    op.execute("INSERT INTO public_version (id, number) VALUES (1, 0)")
    op.execute("INSERT INTO signature_tally (id, valid, listed) VALUES (1, 0, 0)")
    for statement in TRIGGERS[op.get_bind().dialect.name]:
        op.execute(sa.text(statement))


def downgrade() -> None:
    op.drop_table("thesis_texts")
    op.drop_table("theses")
    with op.batch_alter_table("signatures", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_signatures_slot",
            sqlite_where=sa.text("status <> 'withdrawn'"),
            postgresql_where=sa.text("status <> 'withdrawn'"),
        )
        batch_op.drop_index(
            "uq_signatures_person",
            sqlite_where=sa.text("status <> 'withdrawn'"),
            postgresql_where=sa.text("status <> 'withdrawn'"),
        )
        batch_op.drop_index(
            "uq_signatures_pending",
            sqlite_where=sa.text("status = 'pending'"),
            postgresql_where=sa.text("status = 'pending'"),
        )
        batch_op.drop_index(
            "ix_signatures_public_state",
            sqlite_where=sa.text("status = 'confirmed' AND held_at IS NULL AND listed"),
            postgresql_where=sa.text("status = 'confirmed' AND held_at IS NULL AND listed"),
        )
        batch_op.drop_index(
            "ix_signatures_public_field",
            sqlite_where=sa.text("status = 'confirmed' AND held_at IS NULL AND listed"),
            postgresql_where=sa.text("status = 'confirmed' AND held_at IS NULL AND listed"),
        )
        batch_op.drop_index(
            "ix_signatures_public",
            sqlite_where=sa.text("status = 'confirmed' AND held_at IS NULL AND listed"),
            postgresql_where=sa.text("status = 'confirmed' AND held_at IS NULL AND listed"),
        )

    op.drop_table("signatures")
    op.drop_table("revision_texts")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_outbox_waiting",
            sqlite_where=sa.text("status IN ('pending', 'uncertain')"),
            postgresql_where=sa.text("status IN ('pending', 'uncertain')"),
        )
        batch_op.drop_index(batch_op.f("ix_outbox_optin_id"))
        batch_op.drop_index(
            "ix_outbox_claimed",
            sqlite_where=sa.text("worker IS NOT NULL"),
            postgresql_where=sa.text("worker IS NOT NULL"),
        )
        batch_op.drop_index("ix_outbox_address_key_created_at")

    op.drop_table("outbox")
    with op.batch_alter_table("optin_proof", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_optin_proof_optin_id"))

    op.drop_table("optin_proof")
    op.drop_table("wordings")
    op.drop_table("signature_tally")
    op.drop_table("revisions")
    op.drop_table("public_version")
    with op.batch_alter_table("optins", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_optins_open", sqlite_where=sa.text("status = 'pending'"), postgresql_where=sa.text("status = 'pending'")
        )
        batch_op.drop_index("ix_optins_status_expires_at")
        batch_op.drop_index("ix_optins_purpose_subject")
        batch_op.drop_index(batch_op.f("ix_optins_address_key"))

    op.drop_table("optins")
    op.drop_table("legal_holds")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION declaration_refuse_change, optin_proof_refuse_update")
