"""Revisions of the declaration as they were published. What has been published is never changed or deleted."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import CheckConstraint, ForeignKey, String, Table, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, on_creation

SUMMARY, ORIGINAL, REVISED = LABELS = ("summary", "original", "revised")
"""A summary in our own words, the wording as it was agreed, or a wording revised after discussion."""


T = TypeVar("T", "RevisionText", "ThesisText")


class Revision(Base):
    """One published revision, in all its languages."""

    __tablename__ = "revisions"
    __table_args__ = (
        CheckConstraint("number > 0", name="number"),
        CheckConstraint(f"label IN {LABELS}", name="label"),
        CheckConstraint("length(sha256) = 64", name="sha256"),
        {"info": {"personal": False}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    label: Mapped[str] = mapped_column(String(16))
    dated: Mapped[date]
    """The day that the revision itself names."""
    published_at: Mapped[datetime]
    sha256: Mapped[str] = mapped_column(String(64))
    """Of the canonical text in UTF-8, all languages together; see `portal.declaration.source`."""

    texts: Mapped[list["RevisionText"]] = relationship(order_by="RevisionText.language")
    theses: Mapped[list["Thesis"]] = relationship(order_by="Thesis.position", back_populates="revision")

    def text(self, language: str) -> "RevisionText":
        """The text in this language, or in the one that there is."""
        return _in(language, self.texts)

    def thesis(self, key: str) -> "Thesis | None":
        """The thesis with this stable id."""
        return next((thesis for thesis in self.theses if thesis.key == key), None)


class RevisionText(Base):
    """What a revision says in one language besides its theses. Markdown, as its authors wrote it."""

    __tablename__ = "revision_texts"
    __table_args__ = (UniqueConstraint("revision_id", "language"), {"info": {"personal": False}})

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    language: Mapped[str] = mapped_column(String(2))
    title: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(Text)
    """What changed since the revision before, or what this first one is. Plain text."""
    origin: Mapped[str] = mapped_column(Text)
    """Where the text comes from. Plain text, empty if nothing is said."""
    preamble: Mapped[str] = mapped_column(Text)
    closing: Mapped[str] = mapped_column(Text)


class Thesis(Base):
    """One thesis of a revision. Its key is the same in every revision that contains this thesis."""

    __tablename__ = "theses"
    __table_args__ = (
        UniqueConstraint("revision_id", "key"),
        UniqueConstraint("revision_id", "position"),
        CheckConstraint("position > 0", name="position"),
        {"info": {"personal": False}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    key: Mapped[str] = mapped_column(String(48))
    position: Mapped[int]
    """The thesis's number in its revision, from 1."""

    revision: Mapped[Revision] = relationship(back_populates="theses")
    texts: Mapped[list["ThesisText"]] = relationship(order_by="ThesisText.language")

    def text(self, language: str) -> "ThesisText":
        """The text in this language, or in the one that there is."""
        return _in(language, self.texts)


class ThesisText(Base):
    """One thesis in one language. The heading may be empty; the text is Markdown."""

    __tablename__ = "thesis_texts"
    __table_args__ = (UniqueConstraint("thesis_id", "language"), {"info": {"personal": False}})

    id: Mapped[int] = mapped_column(primary_key=True)
    thesis_id: Mapped[int] = mapped_column(ForeignKey("theses.id"))
    language: Mapped[str] = mapped_column(String(2))
    heading: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)


def _in(language: str, texts: Sequence[T]) -> T:
    return next((text for text in texts if text.language == language), texts[0])


def _refuse_changes(table: str) -> dict[str, list[str]]:
    refusal = f"{table}: what has been published is never changed"
    return {
        "sqlite": [
            f"CREATE TRIGGER {table}_refuse_{verb.lower()} BEFORE {verb} ON {table}"
            f" BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
            for verb in ("UPDATE", "DELETE")
        ],
        "postgresql": [
            "CREATE OR REPLACE FUNCTION declaration_refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'restrict_violation',"
            " MESSAGE = TG_TABLE_NAME || ': what has been published is never changed'; END $$",
            f"CREATE TRIGGER {table}_refuse_change BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION declaration_refuse_change()",
        ],
    }


IMMUTABLE_TABLES: tuple[Table, ...] = tuple(
    Base.metadata.tables[model.__tablename__] for model in (Revision, RevisionText, Thesis, ThesisText)
)
IMMUTABLE: dict[str, list[str]] = {
    dialect: [statement for table in IMMUTABLE_TABLES for statement in _refuse_changes(table.name)[dialect]]
    for dialect in ("sqlite", "postgresql")
}
"""The statements that a migration executes after it has made the four tables, by dialect."""

for table in IMMUTABLE_TABLES:
    on_creation(table, _refuse_changes(table.name))
