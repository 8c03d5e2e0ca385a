"""surveys: what was opened, who is invited, and, apart from it, what was answered"""

import sqlalchemy as sa
from alembic import op

import portal.database

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "surveys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=48), nullable=False),
        sa.Column("frozen", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("opened_at", portal.database.UTCDateTime(timezone=True), nullable=False),
        sa.Column("closed_at", portal.database.UTCDateTime(timezone=True), nullable=True),
        sa.Column("invited", sa.Integer(), nullable=False),
        sa.CheckConstraint("closed_at IS NULL OR closed_at >= opened_at", name=op.f("ck_surveys_closes_after_opening")),
        sa.CheckConstraint("invited >= 0", name=op.f("ck_surveys_invited")),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_surveys_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_surveys")),
        sa.UniqueConstraint("key", name=op.f("uq_surveys_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "survey_invitations",
        sa.Column("id", sa.String(length=32), nullable=False),
        _survey("survey_invitations"),
        sa.Column("address_key", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("used", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("reminded", sa.Boolean(create_constraint=False), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_invitations")),
        sa.UniqueConstraint(
            "survey_id", "address_key", name=op.f("uq_survey_invitations_survey_id_address_key")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_survey_invitations_address_key"), "survey_invitations", ["address_key"])
    op.create_table(
        "survey_box",
        sa.Column("id", sa.String(length=32), nullable=False),
        _survey("survey_box"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_box")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "survey_answers",
        sa.Column("id", sa.String(length=32), nullable=False),
        _survey("survey_answers"),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_answers")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "survey_texts",
        sa.Column("id", sa.String(length=32), nullable=False),
        _survey("survey_texts"),
        sa.Column("question", sa.String(length=48), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("released", sa.Boolean(create_constraint=False), nullable=False),
        sa.CheckConstraint("length(text) > 0", name=op.f("ck_survey_texts_text")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_texts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "survey_forms",
        sa.Column("key", sa.String(length=64), nullable=False),
        _survey("survey_forms"),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_survey_forms")),
        sqlite_with_rowid=False,
    )
    for table in ("survey_box", "survey_answers", "survey_texts"):
        op.create_index(op.f(f"ix_{table}_survey_id"), table, ["survey_id"])


def _survey(table: str) -> sa.Column[int]:
    key = sa.ForeignKey("surveys.id", name=op.f(f"fk_{table}_survey_id"), ondelete="CASCADE")
    return sa.Column("survey_id", sa.Integer(), key, nullable=False)


def downgrade() -> None:
    for table in ("survey_forms", "survey_texts", "survey_answers", "survey_box", "survey_invitations", "surveys"):
        op.drop_table(table)
