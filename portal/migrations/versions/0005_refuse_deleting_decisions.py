"""refuse deleting decisions"""

import sqlalchemy as sa
from alembic import op


revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UP = {
    "sqlite": [
        "CREATE TRIGGER moderation_decisions_refuse_delete BEFORE DELETE ON moderation_decisions"
        " BEGIN SELECT RAISE(ABORT, 'moderation_decisions is append-only'); END",
    ],
    "postgresql": [
        "ALTER FUNCTION moderation_decisions_refuse_update() RENAME TO moderation_decisions_refuse_change",
        "CREATE TRIGGER moderation_decisions_refuse_delete BEFORE DELETE ON moderation_decisions"
        " FOR EACH ROW EXECUTE FUNCTION moderation_decisions_refuse_change()",
    ],
}
DOWN = {
    "sqlite": ["DROP TRIGGER moderation_decisions_refuse_delete"],
    "postgresql": [
        "DROP TRIGGER moderation_decisions_refuse_delete ON moderation_decisions",
        "ALTER FUNCTION moderation_decisions_refuse_change() RENAME TO moderation_decisions_refuse_update",
    ],
}


def upgrade() -> None:
    for statement in UP[op.get_bind().dialect.name]:
        op.execute(sa.text(statement))


def downgrade() -> None:
    for statement in DOWN[op.get_bind().dialect.name]:
        op.execute(sa.text(statement))
