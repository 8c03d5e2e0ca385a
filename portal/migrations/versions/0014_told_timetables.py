"""what people were told of a conference's programme"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "told_timetables",
        sa.Column("conference", sa.String(length=48), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.CheckConstraint("sequence >= 0", name=op.f("ck_told_timetables_sequence")),
        sa.PrimaryKeyConstraint("conference", "sequence", name=op.f("pk_told_timetables")),
    )


def downgrade() -> None:
    op.drop_table("told_timetables")
