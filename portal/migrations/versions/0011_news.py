"""news"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "news_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_by_id", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_news_entries_version")),
        sa.CheckConstraint(
            "withdrawn_at IS NULL OR published_at IS NOT NULL", name=op.f("ck_news_entries_withdrawn_after")
        ),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["organisers.id"], name=op.f("fk_news_entries_changed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_news_entries")),
        info={"personal": False},
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("news_entries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_news_entries_published_at"), ["published_at"], unique=False)

    op.create_table(
        "news_texts",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.CheckConstraint("language IN ('de', 'en')", name=op.f("ck_news_texts_language")),
        sa.CheckConstraint("title <> '' AND body <> ''", name=op.f("ck_news_texts_says_something")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["news_entries.id"], name=op.f("fk_news_texts_entry_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("entry_id", "language", name=op.f("pk_news_texts")),
        info={"personal": False},
    )


def downgrade() -> None:
    op.drop_table("news_texts")
    op.drop_table("news_entries")
