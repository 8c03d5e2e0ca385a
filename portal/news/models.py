"""News: an entry, and what it says in each language that it has."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, on_creation
from portal.language import LANGUAGES
from portal.search.models import forgetting

DRAFT, SCHEDULED, PUBLISHED, WITHDRAWN = STATES = ("draft", "scheduled", "published", "withdrawn")


class NewsEntry(Base):
    """One entry. Its state follows from its moments and from the time: nobody has to publish what is scheduled.

    draft      has no moment: only the office sees it
    scheduled  will be public from `published_at` on
    published  has been public since then
    withdrawn  was public, and is no longer
    """

    __tablename__ = "news_entries"
    __table_args__ = (
        CheckConstraint("version > 0", name="version"),
        CheckConstraint("withdrawn_at IS NULL OR published_at IS NOT NULL", name="withdrawn_after"),
        # No link leads to another entry than the one that it was made for.
        {"info": {"personal": False}, "sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    """Goes up with each change: who saves an older one learns of it."""
    published_at: Mapped[datetime | None] = mapped_column(index=True)
    withdrawn_at: Mapped[datetime | None]
    changed_by_id: Mapped[int] = mapped_column(ForeignKey("organisers.id"))
    changed_at: Mapped[datetime]
    """When its words were last changed."""
    created_at: Mapped[datetime]

    texts: Mapped[list["NewsText"]] = relationship(
        order_by="NewsText.language", cascade="all, delete-orphan", passive_deletes=True
    )

    def state(self, now: datetime) -> str:
        """One of STATES."""
        if self.withdrawn_at is not None:
            return WITHDRAWN
        if self.published_at is None:
            return DRAFT
        return SCHEDULED if self.published_at > now else PUBLISHED

    def text(self, language: str) -> "NewsText":
        """What it says in this language, or in the one that it has."""
        return next((text for text in self.texts if text.language == language), self.texts[0])


class NewsText(Base):
    """An entry in one language. The body is Markdown."""

    __tablename__ = "news_texts"
    __table_args__ = (
        CheckConstraint(f"language IN {LANGUAGES}", name="language"),
        CheckConstraint("title <> '' AND body <> ''", name="says_something"),
        {"info": {"personal": False}},
    )

    entry_id: Mapped[int] = mapped_column(ForeignKey("news_entries.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(2), primary_key=True)
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)


on_creation(NewsEntry.__table__, forgetting("news_entries", "news"))
on_creation(NewsText.__table__, forgetting("news_texts", "news", "entry_id"))
