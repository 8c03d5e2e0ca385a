"""The index: what is public, by kind, key and language.

Its words are in a table that each database has in its own way, `search_words`: on PostgreSQL a text search vector, on
SQLite an FTS5 table of stems. It is no model, because the two have nothing in common but their rows' numbers.
"""

from typing import Any

from sqlalchemy import JSON, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base, on_creation

CHANGES = 1936023922
"""The advisory lock that a transaction shares which takes something from the index, and that filling it excludes.

Whoever fills the index would otherwise write down what she read before somebody else took it back.
"""

CONFIGURATIONS = {"de": "german", "en": "english"}
"""What PostgreSQL calls its stemmers, by language."""


class SearchEntry(Base):
    """One thing that can be found, in one language."""

    __tablename__ = "search_entries"
    # What is personal in it are comments: a row goes with the comment that it was made of.
    __table_args__ = (UniqueConstraint("kind", "key", "language"), {"info": {"personal": "comments"}})

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(2))
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    endpoint: Mapped[str] = mapped_column(String(64))
    values: Mapped[dict[str, Any]] = mapped_column(JSON)
    anchor: Mapped[str] = mapped_column(String(64))
    fingerprint: Mapped[str] = mapped_column(String(64))
    """SHA-256 of what it was made of: one that differs is written anew."""


_FORGET = """
CREATE OR REPLACE FUNCTION search_forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_advisory_xact_lock_shared(1936023922);
    DELETE FROM search_entries WHERE kind = TG_ARGV[0] AND key = to_jsonb(OLD) ->> TG_ARGV[1];
    RETURN NULL;
END $$
"""


def forgetting(table: str, kind: str, column: str = "id") -> dict[str, list[str]]:
    """The triggers, by dialect, that take a row's entry out of the index in the transaction that changes or deletes it.

    `column` has the entry's key. For `on_creation`, and for the migration.
    """
    return {
        "sqlite": [
            f"CREATE TRIGGER {table}_search_{verb.lower()} AFTER {verb} ON {table} BEGIN DELETE FROM search_entries"  # noqa: S608 - our own names
            f" WHERE kind = '{kind}' AND key = CAST(OLD.{column} AS TEXT); END"
            for verb in ("UPDATE", "DELETE")
        ],
        "postgresql": [
            _FORGET,
            f"CREATE TRIGGER {table}_search_forget AFTER UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION search_forget('{kind}', '{column}')",
        ],
    }


INDEX = {
    "sqlite": [
        "CREATE VIRTUAL TABLE search_words USING fts5(title, text, tokenize = 'unicode61 remove_diacritics 0')",
        "CREATE TRIGGER search_entries_words AFTER DELETE ON search_entries BEGIN DELETE FROM search_words"
        " WHERE rowid = OLD.id; END",
    ],
    "postgresql": [
        "CREATE TABLE search_words (entry_id integer CONSTRAINT pk_search_words PRIMARY KEY CONSTRAINT"
        " fk_search_words_entry_id REFERENCES search_entries (id) ON DELETE CASCADE, words tsvector NOT NULL)",
        "CREATE INDEX ix_search_words_words ON search_words USING gin (words)",
    ],
}
on_creation(SearchEntry.__table__, INDEX)
