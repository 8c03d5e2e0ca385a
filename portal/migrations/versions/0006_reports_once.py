"""the same report posted twice is one"""

import sqlalchemy as sa
from alembic import op


revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reports", sa.Column("submission", sa.String(length=64), nullable=True))
    op.create_index("ix_reports_submission", "reports", ["submission"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_reports_submission", table_name="reports")
    op.drop_column("reports", "submission")
