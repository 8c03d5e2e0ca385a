"""Records of the literature, their authors, abstracts and topics, and the imports that they came with."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.bibliography.reference import TYPES
from portal.database import Base, on_creation
from portal.language import LANGUAGES
from portal.search.models import forgetting

DRAFT, PUBLIC = STATES = ("draft", "public")
AUTHOR, EDITOR = ROLES = ("author", "editor")
PORTAL, PUBLISHER = WORDINGS = ("portal", "publisher")
"""Whose words an abstract is in: a summary in our own, or the abstract as published."""


class Record(Base):
    """Something to read. What is not known is empty."""

    __tablename__ = "records"
    __table_args__ = (
        CheckConstraint(f"type IN {TYPES}", name="type"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("title <> ''", name="title"),
        CheckConstraint(
            "(doi = '' AND doi_key IS NULL) OR (doi <> '' AND doi_key IS NOT NULL AND doi_key = lower(doi))", name="doi"
        ),
        CheckConstraint("month IS NULL OR (year IS NOT NULL AND month BETWEEN 1 AND 12)", name="month"),
        CheckConstraint("day IS NULL OR (month IS NOT NULL AND day BETWEEN 1 AND 31)", name="day"),
        CheckConstraint("open_access OR open_access_url = ''", name="open_access"),
        CheckConstraint("version > 0", name="version"),
        Index("ix_records_state_year", "state", "year"),
        # A number is in the addresses of reading lists: it is never given to another record.
        {"info": {"personal": False}, "sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(8), default=DRAFT)
    version: Mapped[int] = mapped_column(default=1)
    """Goes up with each change, so that nobody overwrites what somebody else has written."""
    type: Mapped[str] = mapped_column(String(24))
    title: Mapped[str] = mapped_column(Text)
    container_title: Mapped[str] = mapped_column(Text, default="")
    collection_title: Mapped[str] = mapped_column(Text, default="")
    volume: Mapped[str] = mapped_column(String(60), default="")
    issue: Mapped[str] = mapped_column(String(60), default="")
    page: Mapped[str] = mapped_column(String(60), default="")
    number: Mapped[str] = mapped_column(String(60), default="")
    edition: Mapped[str] = mapped_column(String(60), default="")
    genre: Mapped[str] = mapped_column(String(120), default="")
    publisher: Mapped[str] = mapped_column(String(300), default="")
    publisher_place: Mapped[str] = mapped_column(String(120), default="")
    year: Mapped[int | None]
    month: Mapped[int | None]
    day: Mapped[int | None]
    doi: Mapped[str] = mapped_column(String(200), default="")
    """As printed, without a prefix."""
    doi_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    """The same in lower case: DOIs do not tell cases apart."""
    url: Mapped[str] = mapped_column(Text, default="")
    isbn: Mapped[str] = mapped_column(String(60), default="")
    issn: Mapped[str] = mapped_column(String(60), default="")
    language: Mapped[str] = mapped_column(String(20), default="")
    keywords: Mapped[str] = mapped_column(Text, default="")
    """Joined by a comma and a space."""
    open_access: Mapped[bool] = mapped_column(default=False)
    open_access_url: Mapped[str] = mapped_column(Text, default="")
    words: Mapped[str] = mapped_column(Text, default="")
    """What the list is searched in: title, names and container, in lower case."""
    first_name: Mapped[str] = mapped_column(Text, default="")
    """By which the list is sorted: the first name as in an index, in lower case."""
    seed: Mapped[str | None] = mapped_column(String(60), unique=True)
    """The name of the file below `content/literature` that it came from."""
    import_id: Mapped[int | None] = mapped_column(ForeignKey("record_imports.id"), index=True)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("organisers.id"))

    names: Mapped[list["RecordName"]] = relationship(
        order_by="RecordName.role, RecordName.position", cascade="all, delete-orphan", lazy="selectin"
    )
    abstracts: Mapped[list["Abstract"]] = relationship(
        order_by="Abstract.language", cascade="all, delete-orphan", lazy="selectin"
    )
    topics: Mapped[list["Topic"]] = relationship(secondary="record_topics", order_by="Topic.name_de", lazy="selectin")

    def abstract(self, language: str) -> "Abstract | None":
        """The abstract in this language."""
        return next((one for one in self.abstracts if one.language == language), None)

    def names_of(self, role: str) -> list["RecordName"]:
        return [name for name in self.names if name.role == role]


class RecordName(Base):
    """An author or editor of a record: a person by family and given name, or an institution by `literal`.

    It is what stands in print on a published work, and is kept as long as the record.
    """

    __tablename__ = "record_names"
    __table_args__ = (
        UniqueConstraint("record_id", "role", "position"),
        CheckConstraint(f"role IN {ROLES}", name="role"),
        CheckConstraint("position > 0", name="position"),
        CheckConstraint(
            "(literal <> '' AND family = '' AND given = '' AND suffix = '')"
            " OR (literal = '' AND family <> '' AND given <> '')",
            name="name",
        ),
        {"info": {"personal": False}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("records.id", ondelete="CASCADE"))
    role: Mapped[str] = mapped_column(String(8))
    position: Mapped[int]
    family: Mapped[str] = mapped_column(String(200), default="")
    given: Mapped[str] = mapped_column(String(200), default="")
    suffix: Mapped[str] = mapped_column(String(60), default="")
    literal: Mapped[str] = mapped_column(String(300), default="")


class Abstract(Base):
    """What a record says, in one language."""

    __tablename__ = "record_abstracts"
    __table_args__ = (
        UniqueConstraint("record_id", "language"),
        CheckConstraint(f"language IN {LANGUAGES}", name="language"),
        CheckConstraint(f"wording IN {WORDINGS}", name="wording"),
        CheckConstraint("text <> ''", name="text"),
        {"info": {"personal": False}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("records.id", ondelete="CASCADE"))
    language: Mapped[str] = mapped_column(String(2))
    wording: Mapped[str] = mapped_column(String(12))
    text: Mapped[str] = mapped_column(Text)


class Topic(Base):
    """What records are about."""

    __tablename__ = "topics"
    __table_args__ = (
        CheckConstraint("name_de <> '' AND name_en <> ''", name="names"),
        {"info": {"personal": False}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name_de: Mapped[str] = mapped_column(String(80), unique=True)
    name_en: Mapped[str] = mapped_column(String(80), unique=True)

    def name(self, language: str) -> str:
        return self.name_en if language == "en" else self.name_de


class RecordTopic(Base):
    """That a record is about a topic."""

    __tablename__ = "record_topics"
    __table_args__ = ({"info": {"personal": False}},)

    record_id: Mapped[int] = mapped_column(ForeignKey("records.id", ondelete="CASCADE"), primary_key=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("topics.id", ondelete="CASCADE"), primary_key=True, index=True)


class RecordImport(Base):
    """One preview that somebody has said yes to: said twice, it is still one import."""

    __tablename__ = "record_imports"
    __table_args__ = (
        CheckConstraint("length(sha256) = 64", name="sha256"),
        CheckConstraint("number >= 0", name="number"),
        {"info": {"personal": False}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    """Of the signed preview."""
    number: Mapped[int]
    """So many records were written."""
    at: Mapped[datetime]


on_creation(Record.__table__, forgetting("records", "literature"))
on_creation(Abstract.__table__, forgetting("record_abstracts", "literature", "record_id"))
