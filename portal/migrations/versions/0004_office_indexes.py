"""indexes for the office"""

import sqlalchemy as sa
from alembic import op


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PARTIAL = (
    ("signatures", "ix_signatures_held", "id", "held_at IS NOT NULL"),
    ("signatures", "ix_signatures_withdrawn", "id", "status = 'withdrawn'"),
    ("signatures", "ix_signatures_confirmed_at", "confirmed_at", "confirmed_at IS NOT NULL"),
    ("outbox", "ix_outbox_failed", "id", "status = 'failed'"),
)


def upgrade() -> None:
    for table, name, column, where in PARTIAL:
        op.create_index(name, table, [column], sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    for table, name, _column, _where in reversed(PARTIAL):
        op.drop_index(name, table_name=table)
