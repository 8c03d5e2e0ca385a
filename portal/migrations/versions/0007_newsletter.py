"""newsletter"""

import sqlalchemy as sa
from alembic import op


revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TRIGGERS = {
    "sqlite": [
        "CREATE TRIGGER campaigns_frozen_for_good BEFORE DELETE ON campaigns WHEN OLD.frozen_at IS NOT NULL"
        " BEGIN SELECT RAISE(ABORT, 'campaigns: what has been frozen is never deleted'); END",
    ],
    "postgresql": [
        "CREATE FUNCTION campaigns_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'campaigns: what has been frozen is never deleted'; END $$",
        "CREATE TRIGGER campaigns_frozen_for_good BEFORE DELETE ON campaigns"
        " FOR EACH ROW WHEN (OLD.frozen_at IS NOT NULL) EXECUTE FUNCTION campaigns_refuse_delete()",
    ],
}


def upgrade() -> None:
    op.create_table(
        "bounces",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address_key", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.CheckConstraint("kind IN ('hard', 'soft', 'complaint')", name=op.f("ck_bounces_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounces")),
        sa.UniqueConstraint("address_key", "day", name=op.f("uq_bounces_address_key_day")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("bounces", schema=None) as batch_op:
        batch_op.create_index("ix_bounces_day", ["day"], unique=False)

    op.create_table(
        "sending_pace",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("by_second", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by_hour", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_sending_pace_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sending_pace")),
        info={"personal": False},
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address_key", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(confirmed_at IS NULL) = (status = 'pending')", name=op.f("ck_subscriptions_confirmed_when")
        ),
        sa.CheckConstraint("source IN ('newsletter', 'sign', 'offer')", name=op.f("ck_subscriptions_source")),
        sa.CheckConstraint("status IN ('pending', 'confirmed', 'withdrawn')", name=op.f("ck_subscriptions_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_subscriptions_language",
            ["language", "id"],
            unique=False,
            sqlite_where=sa.text("status = 'confirmed'"),
            postgresql_where=sa.text("status = 'confirmed'"),
        )
        batch_op.create_index(
            "uq_subscriptions_mailbox",
            ["address_key"],
            unique=True,
            sqlite_where=sa.text("status <> 'withdrawn'"),
            postgresql_where=sa.text("status <> 'withdrawn'"),
        )

    op.create_table(
        "suppressions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address_key", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("detail", sa.String(length=40), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "reason IN ('objected', 'bounced', 'complained', 'blocked')", name=op.f("ck_suppressions_reason")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suppressions")),
        sa.UniqueConstraint("address_key", name=op.f("uq_suppressions_address_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "issues",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_by_id", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('newsletter', 'affirmation')", name=op.f("ck_issues_kind")),
        sa.CheckConstraint("version > 0", name=op.f("ck_issues_version")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["organisers.id"], name=op.f("fk_issues_changed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issues")),
        info={"personal": False},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "campaigns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("segment", sa.String(length=32), nullable=False),
        sa.Column("narrowed", sa.JSON(), nullable=False),
        sa.Column("uncertain", sa.String(length=8), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_by_id", sa.Integer(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=120), nullable=True),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("unsubscribed", sa.Integer(), nullable=False),
        sa.Column("pace", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("figures", sa.JSON(none_as_null=True), nullable=True),
        sa.CheckConstraint(
            "(ended_at IS NOT NULL) = (status IN ('stopped', 'finished'))", name=op.f("ck_campaigns_ended_when")
        ),
        sa.CheckConstraint("(released_at IS NULL) = (status = 'ready')", name=op.f("ck_campaigns_released_when")),
        sa.CheckConstraint(
            "frozen_at IS NOT NULL OR status IN ('ready', 'scheduled', 'stopped')",
            name=op.f("ck_campaigns_frozen_when"),
        ),
        sa.CheckConstraint("kind IN ('newsletter', 'affirmation')", name=op.f("ck_campaigns_kind")),
        sa.CheckConstraint(
            "status IN ('ready', 'scheduled', 'running', 'paused', 'stopped', 'finished')",
            name=op.f("ck_campaigns_status"),
        ),
        sa.CheckConstraint("uncertain IN ('hold', 'resend')", name=op.f("ck_campaigns_uncertain")),
        sa.CheckConstraint(
            "(released_by_id IS NULL) = (released_at IS NULL)", name=op.f("ck_campaigns_released_by_whom")
        ),
        sa.CheckConstraint("(starts_at IS NULL) = (released_at IS NULL)", name=op.f("ck_campaigns_starts_when")),
        sa.CheckConstraint("length(content_sha256) = 64", name=op.f("ck_campaigns_content_sha256")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["organisers.id"], name=op.f("fk_campaigns_asked_by_id")),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_campaigns_issue_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["released_by_id"], ["organisers.id"], name=op.f("fk_campaigns_released_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        info={"personal": False},
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_campaigns_issue_id"), ["issue_id"], unique=False)
        batch_op.create_index("ix_campaigns_status", ["status", "starts_at"], unique=False)

    op.create_table(
        "issue_texts",
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.CheckConstraint("language IN ('de', 'en')", name=op.f("ck_issue_texts_language")),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_issue_texts_issue_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("issue_id", "language", name=op.f("pk_issue_texts")),
        info={"personal": False},
    )
    op.create_table(
        "trials",
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["issue_id"], ["issues.id"], name=op.f("fk_trials_issue_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["organiser_id"], ["organisers.id"], name=op.f("fk_trials_organiser_id")),
        sa.PrimaryKeyConstraint("issue_id", "content_sha256", "language", "organiser_id", name=op.f("pk_trials")),
        info={"personal": False},
    )
    op.create_table(
        "campaign_texts",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.CheckConstraint("language IN ('de', 'en')", name=op.f("ck_campaign_texts_language")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_texts_campaign_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "language", name=op.f("pk_campaign_texts")),
        info={"personal": False},
    )
    op.create_table(
        "deliveries",
        sa.Column("campaign_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recipient_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=16), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(due_at IS NOT NULL) = (status = 'deferred')", name=op.f("ck_deliveries_due_when")),
        sa.CheckConstraint(
            "(worker IS NOT NULL) = (status IN ('claimed', 'sending'))", name=op.f("ck_deliveries_in_whose_hand")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'claimed', 'sending', 'sent', 'deferred', 'bounced', 'skipped', 'uncertain')",
            name=op.f("ck_deliveries_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('bounced', 'skipped') OR reason IS NOT NULL", name=op.f("ck_deliveries_why")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "recipient_id", name=op.f("pk_deliveries")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.create_index(
            "ix_deliveries_in_hand",
            ["worker"],
            unique=False,
            sqlite_where=sa.text("worker IS NOT NULL"),
            postgresql_where=sa.text("worker IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_deliveries_not_sent",
            ["campaign_id", "status", "recipient_id"],
            unique=False,
            sqlite_where=sa.text("status <> 'sent'"),
            postgresql_where=sa.text("status <> 'sent'"),
        )
    for statement in TRIGGERS[op.get_bind().dialect.name]:
        op.execute(sa.text(statement))
    op.execute("INSERT INTO sending_pace (id) VALUES (1)")


def downgrade() -> None:
    with op.batch_alter_table("deliveries", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_deliveries_not_sent",
            sqlite_where=sa.text("status <> 'sent'"),
            postgresql_where=sa.text("status <> 'sent'"),
        )
        batch_op.drop_index(
            "ix_deliveries_in_hand",
            sqlite_where=sa.text("worker IS NOT NULL"),
            postgresql_where=sa.text("worker IS NOT NULL"),
        )

    op.drop_table("deliveries")
    op.drop_table("campaign_texts")
    op.drop_table("trials")
    op.drop_table("issue_texts")
    with op.batch_alter_table("campaigns", schema=None) as batch_op:
        batch_op.drop_index("ix_campaigns_status")
        batch_op.drop_index(batch_op.f("ix_campaigns_issue_id"))

    op.drop_table("campaigns")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION campaigns_refuse_delete()")
    op.drop_table("issues")
    op.drop_table("suppressions")
    with op.batch_alter_table("subscriptions", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_subscriptions_mailbox",
            sqlite_where=sa.text("status <> 'withdrawn'"),
            postgresql_where=sa.text("status <> 'withdrawn'"),
        )
        batch_op.drop_index(
            "ix_subscriptions_language",
            sqlite_where=sa.text("status = 'confirmed'"),
            postgresql_where=sa.text("status = 'confirmed'"),
        )

    op.drop_table("subscriptions")
    op.drop_table("sending_pace")
    with op.batch_alter_table("bounces", schema=None) as batch_op:
        batch_op.drop_index("ix_bounces_day")

    op.drop_table("bounces")
