"""registrations for conferences"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_NOT_WITHDRAWN = sa.text("status <> 'withdrawn'")


def upgrade() -> None:
    op.create_table(
        "registrations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("conference", sa.String(length=48), nullable=False),
        sa.Column("address_key", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("organisation", sa.String(length=160), nullable=True),
        sa.Column("needs", sa.String(length=500), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=True),
        sa.Column("attended", sa.Boolean(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_sequence", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(confirmed_at IS NULL) = (status = 'pending')", name=op.f("ck_registrations_confirmed_when")
        ),
        sa.CheckConstraint(
            "(seat IS NOT NULL) = (status = 'registered')", name=op.f("ck_registrations_registered_has_a_seat")
        ),
        sa.CheckConstraint(
            "NOT attended OR status = 'registered'", name=op.f("ck_registrations_attended_with_a_seat")
        ),
        sa.CheckConstraint("seat >= 1", name=op.f("ck_registrations_seat")),
        sa.CheckConstraint(
            "status IN ('pending', 'waiting', 'registered', 'withdrawn')", name=op.f("ck_registrations_status")
        ),
        sa.CheckConstraint(
            "status NOT IN ('waiting', 'registered') OR told_sequence IS NOT NULL", name=op.f("ck_registrations_told")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registrations")),
        sa.UniqueConstraint("conference", "seat", name=op.f("uq_registrations_seat")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("registrations", schema=None) as batch_op:
        batch_op.create_index("ix_registrations_address_key", ["address_key"], unique=False)
        batch_op.create_index(
            "uq_registrations_mailbox",
            ["conference", "address_key"],
            unique=True,
            sqlite_where=_NOT_WITHDRAWN,
            postgresql_where=_NOT_WITHDRAWN,
        )


def downgrade() -> None:
    op.drop_table("registrations")
