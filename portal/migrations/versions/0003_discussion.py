"""discussion"""

import sqlalchemy as sa
from alembic import op


revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TRIGGERS = {
    "sqlite": [
        "CREATE TRIGGER moderation_decisions_append_only BEFORE UPDATE ON moderation_decisions"
        " BEGIN SELECT RAISE(ABORT, 'moderation_decisions is append-only'); END",
    ],
    "postgresql": [
        "CREATE FUNCTION moderation_decisions_refuse_update() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'moderation_decisions is append-only'; END $$",
        "CREATE TRIGGER moderation_decisions_append_only BEFORE UPDATE ON moderation_decisions"
        " FOR EACH ROW EXECUTE FUNCTION moderation_decisions_refuse_update()",
    ],
}


def upgrade() -> None:
    op.create_table(
        "blocked_addresses",
        sa.Column("address_key", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=160), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["organisers.id"], name=op.f("fk_blocked_addresses_by_id")),
        sa.PrimaryKeyConstraint("address_key", name=op.f("pk_blocked_addresses")),
    )
    op.create_table(
        "closures",
        sa.Column("thesis_key", sa.String(length=48), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["organisers.id"], name=op.f("fk_closures_by_id")),
        sa.PrimaryKeyConstraint("thesis_key", name=op.f("pk_closures")),
        info={"personal": False},
    )
    op.create_table(
        "moderation_decisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("text_number", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("automated", sa.Boolean(), nullable=False),
        sa.Column("status_before", sa.String(length=16), nullable=False),
        sa.Column("published_before", sa.Integer(), nullable=True),
        sa.Column("undoes_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(act = 'undo') = (undoes_id IS NOT NULL)", name=op.f("ck_moderation_decisions_undoes_what")
        ),
        sa.CheckConstraint("act <> 'reject' OR reason IS NOT NULL", name=op.f("ck_moderation_decisions_rejected_why")),
        sa.CheckConstraint(
            "act IN ('approve', 'return', 'reject', 'hold', 'undo')", name=op.f("ck_moderation_decisions_act")
        ),
        sa.CheckConstraint("by_id IS NOT NULL OR automated", name=op.f("ck_moderation_decisions_decided_by_whom")),
        sa.ForeignKeyConstraint(["by_id"], ["organisers.id"], name=op.f("fk_moderation_decisions_by_id")),
        sa.ForeignKeyConstraint(
            ["undoes_id"], ["moderation_decisions.id"], name=op.f("fk_moderation_decisions_undoes_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moderation_decisions")),
        sa.UniqueConstraint("undoes_id", name=op.f("uq_moderation_decisions_undoes_id")),
        info={"personal": "comments"},
    )
    with op.batch_alter_table("moderation_decisions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_moderation_decisions_comment_id"), ["comment_id"], unique=False)

    op.create_table(
        "position_sheets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("address_key", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(confirmed_at IS NOT NULL) = (status = 'confirmed')", name=op.f("ck_position_sheets_confirmed_when")
        ),
        sa.CheckConstraint("status IN ('pending', 'confirmed')", name=op.f("ck_position_sheets_status")),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_position_sheets_revision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_position_sheets")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("position_sheets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_position_sheets_address_key"), ["address_key"], unique=False)
        batch_op.create_index("uq_position_sheets_address", ["status", "address_key", "revision_id"], unique=True)

    op.create_table(
        "comments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=False),
        sa.Column("thesis_key", sa.String(length=48), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("latest_number", sa.Integer(), nullable=False),
        sa.Column("published_number", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=True),
        sa.Column("capacity", sa.String(length=32), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("address_key", sa.String(length=64), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("notify_replies", sa.Boolean(), nullable=False),
        sa.Column("submission", sa.String(length=64), nullable=True),
        sa.Column("imported_from", sa.String(length=200), nullable=True),
        sa.Column("optin_id", sa.Integer(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(status = 'deleted') = (name IS NULL)", name=op.f("ck_comments_named")),
        sa.CheckConstraint(
            "(status IN ('waiting', 'held')) = (waiting_since IS NOT NULL)", name=op.f("ck_comments_waiting_since_when")
        ),
        sa.CheckConstraint(
            "status <> 'deleted' OR (email IS NULL AND address_key IS NULL AND capacity IS NULL AND submission IS NULL AND imported_from IS NULL AND optin_id IS NULL)",
            name=op.f("ck_comments_deleted_is_empty"),
        ),
        sa.CheckConstraint(
            "status <> 'published' OR (published_number IS NOT NULL AND published_number = latest_number)",
            name=op.f("ck_comments_published_what"),
        ),
        sa.CheckConstraint(
            "status = 'deleted' OR imported_from IS NOT NULL OR (email IS NOT NULL AND address_key IS NOT NULL)",
            name=op.f("ck_comments_whose"),
        ),
        sa.CheckConstraint(
            "status IN ('unconfirmed', 'deleted') OR confirmed_at IS NOT NULL", name=op.f("ck_comments_confirmed_first")
        ),
        sa.CheckConstraint(
            "status IN ('unconfirmed', 'waiting', 'held', 'returned', 'published', 'rejected', 'deleted')",
            name=op.f("ck_comments_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('unconfirmed', 'deleted') OR published_number IS NULL",
            name=op.f("ck_comments_not_yet_public"),
        ),
        sa.CheckConstraint(
            "withdrawn_at IS NULL OR (status = 'rejected' AND published_number IS NULL)",
            name=op.f("ck_comments_withdrawn_is_hidden"),
        ),
        sa.CheckConstraint(
            "depth BETWEEN 0 AND 2 AND (depth = 0) = (parent_id IS NULL)", name=op.f("ck_comments_depth")
        ),
        sa.CheckConstraint(
            "published_number IS NULL OR published_at IS NOT NULL", name=op.f("ck_comments_published_when")
        ),
        sa.CheckConstraint(
            "published_number IS NULL OR published_number <= latest_number", name=op.f("ck_comments_published_older")
        ),
        sa.ForeignKeyConstraint(["optin_id"], ["optins.id"], name=op.f("fk_comments_optin_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["parent_id"], ["comments.id"], name=op.f("fk_comments_parent_id")),
        sa.ForeignKeyConstraint(
            ["revision_id", "thesis_key"],
            ["theses.revision_id", "theses.key"],
            name=op.f("fk_comments_revision_id_thesis_key"),
        ),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_comments_revision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
        sa.UniqueConstraint("imported_from", name=op.f("uq_comments_imported_from")),
        sa.UniqueConstraint("submission", name=op.f("uq_comments_submission")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("comments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_comments_address_key"), ["address_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_comments_optin_id"), ["optin_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_comments_parent_id"), ["parent_id"], unique=False)
        batch_op.create_index(
            "ix_comments_queued",
            ["waiting_since", "id"],
            unique=False,
            sqlite_where=sa.text("status IN ('waiting', 'held')"),
            postgresql_where=sa.text("status IN ('waiting', 'held')"),
        )
        batch_op.create_index(
            "ix_comments_visible",
            ["thesis_key", "id"],
            unique=False,
            sqlite_where=sa.text("published_number IS NOT NULL OR status = 'deleted'"),
            postgresql_where=sa.text("published_number IS NOT NULL OR status = 'deleted'"),
        )

    op.create_table(
        "decision_statements",
        sa.Column("decision_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mail_id", sa.Integer(), nullable=True),
        sa.Column("reply_mail_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["moderation_decisions.id"],
            name=op.f("fk_decision_statements_decision_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["mail_id"], ["outbox.id"], name=op.f("fk_decision_statements_mail_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["reply_mail_id"], ["outbox.id"], name=op.f("fk_decision_statements_reply_mail_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_decision_statements")),
        info={"personal": "comments"},
    )
    op.create_table(
        "positions",
        sa.Column("sheet_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("thesis_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stance", sa.String(length=16), nullable=False),
        sa.CheckConstraint("stance IN ('agree', 'disagree', 'unsure')", name=op.f("ck_positions_stance")),
        sa.ForeignKeyConstraint(
            ["sheet_id"], ["position_sheets.id"], name=op.f("fk_positions_sheet_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["thesis_id"], ["theses.id"], name=op.f("fk_positions_thesis_id")),
        sa.PrimaryKeyConstraint("sheet_id", "thesis_id", name=op.f("pk_positions")),
        info={"personal": "position_sheets"},
    )
    with op.batch_alter_table("positions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_positions_thesis_id"), ["thesis_id"], unique=False)

    op.create_table(
        "appeals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("first_by_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(status = 'open') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by_id IS NULL)",
            name=op.f("ck_appeals_decided_when"),
        ),
        sa.CheckConstraint("status IN ('open', 'upheld', 'reversed')", name=op.f("ck_appeals_status")),
        sa.CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> first_by_id", name=op.f("ck_appeals_second_pair_of_eyes")
        ),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_appeals_comment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["decided_by_id"], ["organisers.id"], name=op.f("fk_appeals_decided_by_id")),
        sa.ForeignKeyConstraint(["decision_id"], ["moderation_decisions.id"], name=op.f("fk_appeals_decision_id")),
        sa.ForeignKeyConstraint(["first_by_id"], ["organisers.id"], name=op.f("fk_appeals_first_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeals")),
        sa.UniqueConstraint("decision_id", name=op.f("uq_appeals_decision_id")),
        info={"personal": "comments"},
    )
    with op.batch_alter_table("appeals", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_appeals_comment_id"), ["comment_id"], unique=False)

    op.create_table(
        "comment_texts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("renderer_version", sa.String(length=16), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_comment_texts_comment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment_texts")),
        sa.UniqueConstraint("comment_id", "number", name=op.f("uq_comment_texts_comment_id_number")),
        info={"personal": "comments"},
    )
    op.create_table(
        "official_answers",
        sa.Column("comment_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["organisers.id"], name=op.f("fk_official_answers_by_id")),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_official_answers_comment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_official_answers")),
        info={"personal": False},
    )
    op.create_table(
        "outcomes",
        sa.Column("comment_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("revision_id", sa.Integer(), nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('taken_up', 'partly', 'not_taken_up', 'noted')", name=op.f("ck_outcomes_outcome")
        ),
        sa.CheckConstraint(
            "revision_id IS NULL OR outcome IN ('taken_up', 'partly')", name=op.f("ck_outcomes_taken_up_where")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["organisers.id"], name=op.f("fk_outcomes_by_id")),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_outcomes_comment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name=op.f("fk_outcomes_revision_id")),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_outcomes")),
        info={"personal": False},
    )
    op.create_table(
        "reports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("comment_id", sa.Integer(), nullable=False),
        sa.Column("text_number", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("address_key", sa.String(length=64), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(status = 'open') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by_id IS NULL)",
            name=op.f("ck_reports_decided_when"),
        ),
        sa.CheckConstraint("status IN ('open', 'acted', 'dismissed')", name=op.f("ck_reports_status")),
        sa.CheckConstraint("(email IS NULL) = (address_key IS NULL)", name=op.f("ck_reports_whose")),
        sa.ForeignKeyConstraint(
            ["comment_id"], ["comments.id"], name=op.f("fk_reports_comment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["decided_by_id"], ["organisers.id"], name=op.f("fk_reports_decided_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("reports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reports_address_key"), ["address_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_reports_comment_id"), ["comment_id"], unique=False)
    for statement in TRIGGERS[op.get_bind().dialect.name]:
        op.execute(sa.text(statement))


def downgrade() -> None:
    with op.batch_alter_table("reports", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reports_comment_id"))
        batch_op.drop_index(batch_op.f("ix_reports_address_key"))

    op.drop_table("reports")
    op.drop_table("outcomes")
    op.drop_table("official_answers")
    op.drop_table("comment_texts")
    with op.batch_alter_table("appeals", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_appeals_comment_id"))

    op.drop_table("appeals")
    with op.batch_alter_table("positions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_positions_thesis_id"))

    op.drop_table("positions")
    op.drop_table("decision_statements")
    with op.batch_alter_table("comments", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_comments_visible",
            sqlite_where=sa.text("published_number IS NOT NULL OR status = 'deleted'"),
            postgresql_where=sa.text("published_number IS NOT NULL OR status = 'deleted'"),
        )
        batch_op.drop_index(
            "ix_comments_queued",
            sqlite_where=sa.text("status IN ('waiting', 'held')"),
            postgresql_where=sa.text("status IN ('waiting', 'held')"),
        )
        batch_op.drop_index(batch_op.f("ix_comments_parent_id"))
        batch_op.drop_index(batch_op.f("ix_comments_optin_id"))
        batch_op.drop_index(batch_op.f("ix_comments_address_key"))

    op.drop_table("comments")
    with op.batch_alter_table("position_sheets", schema=None) as batch_op:
        batch_op.drop_index("uq_position_sheets_address")
        batch_op.drop_index(batch_op.f("ix_position_sheets_address_key"))

    op.drop_table("position_sheets")
    with op.batch_alter_table("moderation_decisions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_moderation_decisions_comment_id"))

    op.drop_table("moderation_decisions")
    op.drop_table("closures")
    op.drop_table("blocked_addresses")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION moderation_decisions_refuse_update")
