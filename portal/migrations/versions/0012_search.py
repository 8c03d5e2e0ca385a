"""search"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SOURCES = (
    ("comments", "comment", "id"),
    ("news_entries", "news", "id"),
    ("news_texts", "news", "entry_id"),
    ("records", "literature", "id"),
    ("record_abstracts", "literature", "record_id"),
)
"""Tables whose rows can be found: what is changed or deleted leaves the index in the same transaction."""

UP = {
    "sqlite": [
        "CREATE VIRTUAL TABLE search_words USING fts5(title, text, tokenize = 'unicode61 remove_diacritics 0')",
        "CREATE TRIGGER search_entries_words AFTER DELETE ON search_entries BEGIN DELETE FROM search_words"
        " WHERE rowid = OLD.id; END",
        *(
            f"CREATE TRIGGER {table}_search_{verb.lower()} AFTER {verb} ON {table} BEGIN DELETE FROM search_entries"
            f" WHERE kind = '{kind}' AND key = CAST(OLD.{column} AS TEXT); END"
            for table, kind, column in SOURCES
            for verb in ("UPDATE", "DELETE")
        ),
    ],
    "postgresql": [
        "CREATE TABLE search_words (entry_id integer CONSTRAINT pk_search_words PRIMARY KEY"
        " CONSTRAINT fk_search_words_entry_id REFERENCES search_entries (id) ON DELETE CASCADE, words tsvector NOT NULL)",
        "CREATE INDEX ix_search_words_words ON search_words USING gin (words)",
        "CREATE OR REPLACE FUNCTION search_forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " PERFORM pg_advisory_xact_lock_shared(1936023922);"
        " DELETE FROM search_entries WHERE kind = TG_ARGV[0] AND key = to_jsonb(OLD) ->> TG_ARGV[1];"
        " RETURN NULL; END $$",
        *(
            f"CREATE TRIGGER {table}_search_forget AFTER UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION search_forget('{kind}', '{column}')"
            for table, kind, column in SOURCES
        ),
    ],
}
DOWN = {
    "sqlite": [
        *(f"DROP TRIGGER {table}_search_{verb}" for table, _, _ in SOURCES for verb in ("update", "delete")),
        "DROP TRIGGER search_entries_words",
        "DROP TABLE search_words",
    ],
    "postgresql": [
        *(f"DROP TRIGGER {table}_search_forget ON {table}" for table, _, _ in SOURCES),
        "DROP FUNCTION search_forget()",
        "DROP TABLE search_words",
    ],
}


def upgrade() -> None:
    op.create_table(
        "search_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.String(length=64), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("anchor", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_entries")),
        sa.UniqueConstraint("kind", "key", "language", name=op.f("uq_search_entries_kind_key_language")),
        info={"personal": "comments"},
    )
    _execute(UP)


def downgrade() -> None:
    _execute(DOWN)
    op.drop_table("search_entries")


def _execute(statements: dict[str, list[str]]) -> None:
    for statement in statements[op.get_bind().dialect.name]:
        op.execute(sa.DDL(statement))
