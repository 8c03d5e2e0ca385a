"""what organisers say to comments can be found"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLES = ("official_answers", "outcomes")
"""What is changed or deleted in them takes the entry of their comment out of the index, in the same transaction."""

UP = {
    "sqlite": [
        f"CREATE TRIGGER {table}_search_{verb.lower()} AFTER {verb} ON {table} BEGIN DELETE FROM search_entries"  # noqa: S608 - our own names
        " WHERE kind = 'comment' AND key = CAST(OLD.comment_id AS TEXT); END"
        for table in TABLES
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        f"CREATE TRIGGER {table}_search_forget AFTER UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION search_forget('comment', 'comment_id')"
        for table in TABLES
    ],
}
DOWN = {
    "sqlite": [f"DROP TRIGGER {table}_search_{verb}" for table in TABLES for verb in ("update", "delete")],
    "postgresql": [f"DROP TRIGGER {table}_search_forget ON {table}" for table in TABLES],
}


def upgrade() -> None:
    _execute(UP)


def downgrade() -> None:
    _execute(DOWN)


def _execute(statements: dict[str, list[str]]) -> None:
    for statement in statements[op.get_bind().dialect.name]:
        op.execute(sa.DDL(statement))
