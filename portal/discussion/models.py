"""Comments, what moderators decided on them, and what readers and organisers say to them."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, on_creation
from portal.declaration.models import Revision
from portal.search.models import forgetting

UNCONFIRMED, WAITING, HELD, RETURNED, PUBLISHED, REJECTED, DELETED = STATES = (
    "unconfirmed",
    "waiting",
    "held",
    "returned",
    "published",
    "rejected",
    "deleted",
)
DEEPEST = 2
"""A reply to a reply is the deepest there is."""

_VISIBLE = text("published_number IS NOT NULL OR status = 'deleted'")
_QUEUED = text("status IN ('waiting', 'held')")


class Comment(Base):
    """One comment, on a revision as a whole or on one of its theses, or a reply to another comment.

    unconfirmed  the address has not been confirmed yet: nobody but its author has seen it
    waiting      its latest text waits for a moderator
    held         put aside, by a moderator or because something about it looks wrong; still waits
    returned     the author is asked to change something
    published    its latest text is public
    rejected     its latest text was refused, or what was public was taken down
    deleted      the author took it back; the row stays without name, address and text while it has replies

    The status speaks of the latest text. What the public reads is the text with `published_number`: an edit of a
    published comment waits while the approved text stays.
    """

    __tablename__ = "comments"
    __table_args__ = (
        # The thesis is one of that revision. SQL does not check the pair while the key is NULL.
        ForeignKeyConstraint(["revision_id", "thesis_key"], ["theses.revision_id", "theses.key"]),
        CheckConstraint(f"status IN {STATES}", name="status"),
        CheckConstraint(f"depth BETWEEN 0 AND {DEEPEST} AND (depth = 0) = (parent_id IS NULL)", name="depth"),
        CheckConstraint(
            "status <> 'published' OR (published_number IS NOT NULL AND published_number = latest_number)",
            name="published_what",
        ),
        CheckConstraint("published_number IS NULL OR published_number <= latest_number", name="published_older"),
        CheckConstraint("status NOT IN ('unconfirmed', 'deleted') OR published_number IS NULL", name="not_yet_public"),
        CheckConstraint("published_number IS NULL OR published_at IS NOT NULL", name="published_when"),
        CheckConstraint("status IN ('unconfirmed', 'deleted') OR confirmed_at IS NOT NULL", name="confirmed_first"),
        CheckConstraint("(status IN ('waiting', 'held')) = (waiting_since IS NOT NULL)", name="waiting_since_when"),
        CheckConstraint("(status = 'deleted') = (name IS NULL)", name="named"),
        CheckConstraint(
            "status <> 'deleted' OR (email IS NULL AND address_key IS NULL AND capacity IS NULL"
            " AND submission IS NULL AND imported_from IS NULL AND optin_id IS NULL)",
            name="deleted_is_empty",
        ),
        CheckConstraint(
            "withdrawn_at IS NULL OR (status = 'rejected' AND published_number IS NULL)", name="withdrawn_is_hidden"
        ),
        CheckConstraint(
            "status = 'deleted' OR imported_from IS NOT NULL OR (email IS NOT NULL AND address_key IS NOT NULL)",
            name="whose",
        ),
        Index("ix_comments_visible", "thesis_key", "id", sqlite_where=_VISIBLE, postgresql_where=_VISIBLE),
        Index("ix_comments_queued", "waiting_since", "id", sqlite_where=_QUEUED, postgresql_where=_QUEUED),
        # A number that was somebody's is never given to anybody else: permalinks and decisions refer to it.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    """The revision that it was written on; it never moves to another."""
    thesis_key: Mapped[str | None] = mapped_column(String(48))
    """The stable id of the thesis; None for a comment on the whole."""
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id"), index=True)
    depth: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(String(16), default=UNCONFIRMED)
    latest_number: Mapped[int] = mapped_column(default=1)
    published_number: Mapped[int | None]
    name: Mapped[str | None] = mapped_column(String(80))
    capacity: Mapped[str | None] = mapped_column(String(32))
    """In which capacity somebody speaks; one of `vocabulary.CAPACITIES`."""
    email: Mapped[str | None] = mapped_column(String(254))
    address_key: Mapped[str | None] = mapped_column(String(64), index=True)
    language: Mapped[str] = mapped_column(String(2))
    notify_replies: Mapped[bool] = mapped_column(default=False)
    submission: Mapped[str | None] = mapped_column(String(64), unique=True)
    """A hash of the form's own token: the same form posted twice is one comment."""
    imported_from: Mapped[str | None] = mapped_column(String(200), unique=True)
    """Where an imported comment stood before: imported twice, it is still one comment."""
    optin_id: Mapped[int | None] = mapped_column(ForeignKey("optins.id", ondelete="SET NULL"), index=True)
    """The request whose confirmation makes it wait for a moderator; several comments of one address may share one."""
    requested_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    """When its author took it back while a legal hold kept it: then it stays, rejected, out of everybody's sight."""
    waiting_since: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    """When it was published first."""
    version: Mapped[int] = mapped_column()
    """Goes up with each change of the row: who decides on a version that is no longer there is told so."""

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy reads it from the class

    revision: Mapped[Revision] = relationship()
    parent: Mapped["Comment | None"] = relationship(remote_side="Comment.id", back_populates="replies")
    replies: Mapped[list["Comment"]] = relationship(order_by="Comment.id", back_populates="parent")
    texts: Mapped[list["CommentText"]] = relationship(
        order_by="CommentText.number", cascade="all, delete-orphan", passive_deletes=True
    )

    def text(self, number: int | None) -> "CommentText | None":
        """The text with this number."""
        return next((one for one in self.texts if one.number == number), None)


class CommentText(Base):
    """One version of a comment's words, as they were typed, and as safe HTML."""

    __tablename__ = "comment_texts"
    __table_args__ = (UniqueConstraint("comment_id", "number"), {"info": {"personal": "comments"}})

    id: Mapped[int] = mapped_column(primary_key=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    number: Mapped[int]
    source: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    renderer_version: Mapped[str] = mapped_column(String(16))
    written_at: Mapped[datetime]


APPROVE, RETURN, REJECT, HOLD, UNDO = ACTS = ("approve", "return", "reject", "hold", "undo")


class ModerationDecision(Base):
    """One decision on one text of a comment. Append-only, and without a word that could name anybody.

    It outlives the comment, so that the public counters stay true.
    """

    __tablename__ = "moderation_decisions"
    __table_args__ = (
        CheckConstraint(f"act IN {ACTS}", name="act"),
        CheckConstraint("act <> 'reject' OR reason IS NOT NULL", name="rejected_why"),
        CheckConstraint("(act = 'undo') = (undoes_id IS NOT NULL)", name="undoes_what"),
        CheckConstraint("by_id IS NOT NULL OR automated", name="decided_by_whom"),
        {"info": {"personal": "comments"}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    comment_id: Mapped[int] = mapped_column(index=True)
    text_number: Mapped[int]
    act: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(32))
    """A code of `vocabulary.REASONS`."""
    by_id: Mapped[int | None] = mapped_column(ForeignKey("organisers.id"))
    automated: Mapped[bool] = mapped_column(default=False)
    status_before: Mapped[str] = mapped_column(String(16))
    published_before: Mapped[int | None]
    """What an undo restores."""
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("moderation_decisions.id"), unique=True)
    at: Mapped[datetime]

    statement: Mapped["DecisionStatement | None"] = relationship(
        back_populates="decision", cascade="all, delete-orphan", passive_deletes=True
    )


class DecisionStatement(Base):
    """What a decision says to the author (DSA Art. 17), and the mail that says it. Goes with the comment."""

    __tablename__ = "decision_statements"
    __table_args__ = ({"info": {"personal": "comments"}},)

    decision_id: Mapped[int] = mapped_column(
        ForeignKey("moderation_decisions.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    text: Mapped[str] = mapped_column(Text)
    """The changes asked for, or the facts that a rejection rests on. Plain text."""
    mail_id: Mapped[int | None] = mapped_column(ForeignKey("outbox.id", ondelete="SET NULL"))
    reply_mail_id: Mapped[int | None] = mapped_column(ForeignKey("outbox.id", ondelete="SET NULL"))
    """The mail that tells the author of the parent of this reply: an undo takes it back too."""

    decision: Mapped[ModerationDecision] = relationship(back_populates="statement")


class Appeal(Base):
    """An author's objection to a rejection. Somebody else than the first moderator decides on it."""

    __tablename__ = "appeals"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'upheld', 'reversed')", name="status"),
        CheckConstraint(
            "(status = 'open') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by_id IS NULL)",
            name="decided_when",
        ),
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> first_by_id", name="second_pair_of_eyes"),
        {"info": {"personal": "comments"}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"), index=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("moderation_decisions.id"), unique=True)
    first_by_id: Mapped[int | None] = mapped_column(ForeignKey("organisers.id"))
    """Who made the decision objected to."""
    text: Mapped[str] = mapped_column(Text)
    filed_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(16), default="open")
    """`upheld`: the rejection stands; `reversed`: the comment is published after all."""
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("organisers.id"))
    decided_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(Text)

    comment: Mapped[Comment] = relationship()


class Report(Base):
    """A reader's notice that a comment should not stand there (DSA Art. 16). Name and address are optional."""

    __tablename__ = "reports"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'acted', 'dismissed')", name="status"),
        CheckConstraint(
            "(status = 'open') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by_id IS NULL)",
            name="decided_when",
        ),
        CheckConstraint("(email IS NULL) = (address_key IS NULL)", name="whose"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    comment_id: Mapped[int] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"), index=True)
    text_number: Mapped[int]
    reason: Mapped[str] = mapped_column(String(32))
    """A code of `vocabulary.REASONS`."""
    explanation: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(String(80))
    email: Mapped[str | None] = mapped_column(String(254))
    address_key: Mapped[str | None] = mapped_column(String(64), index=True)
    language: Mapped[str] = mapped_column(String(2))
    submission: Mapped[str | None] = mapped_column(String(64), index=True, unique=True)
    """A hash of the form's own token and of what was typed: the same form posted twice is one report."""
    reported_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(16), default="open")
    """`acted`: the comment was taken down or changed; `dismissed`: it stays."""
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("organisers.id"))
    decided_at: Mapped[datetime | None]
    answer: Mapped[str | None] = mapped_column(Text)

    comment: Mapped[Comment] = relationship()


class BlockedAddress(Base):
    """An address whose comments are no longer taken; only its keyed hash is kept."""

    __tablename__ = "blocked_addresses"

    address_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    reason: Mapped[str] = mapped_column(String(160))
    by_id: Mapped[int] = mapped_column(ForeignKey("organisers.id"))
    at: Mapped[datetime]


class Closure(Base):
    """The discussion of one thesis, or of everything, is closed while this row is there."""

    __tablename__ = "closures"
    __table_args__ = ({"info": {"personal": False}},)

    thesis_key: Mapped[str] = mapped_column(String(48), primary_key=True)
    """The stable id of the thesis; empty for the whole discussion."""
    by_id: Mapped[int] = mapped_column(ForeignKey("organisers.id"))
    at: Mapped[datetime]


class OfficialAnswer(Base):
    """What the organisers answer to a comment, for everybody to read. Their badge comes from here and nowhere else."""

    __tablename__ = "official_answers"
    __table_args__ = ({"info": {"personal": False}},)

    comment_id: Mapped[int] = mapped_column(
        ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    source: Mapped[str] = mapped_column(Text)
    """Markdown, by the rules for organisers' text."""
    by_id: Mapped[int] = mapped_column(ForeignKey("organisers.id"))
    at: Mapped[datetime]


TAKEN_UP, PARTLY, NOT_TAKEN_UP, NOTED = OUTCOMES = ("taken_up", "partly", "not_taken_up", "noted")


class Outcome(Base):
    """What became of a comment in the declaration, why, and in which revision one can see it."""

    __tablename__ = "outcomes"
    __table_args__ = (
        CheckConstraint(f"outcome IN {OUTCOMES}", name="outcome"),
        CheckConstraint("revision_id IS NULL OR outcome IN ('taken_up', 'partly')", name="taken_up_where"),
        {"info": {"personal": False}},
    )

    comment_id: Mapped[int] = mapped_column(
        ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    """Plain text."""
    revision_id: Mapped[int | None] = mapped_column(ForeignKey("revisions.id"))
    """The revision that takes it up."""
    by_id: Mapped[int] = mapped_column(ForeignKey("organisers.id"))
    at: Mapped[datetime]

    revision: Mapped[Revision | None] = relationship()


AGREE, DISAGREE, UNSURE = STANCES = ("agree", "disagree", "unsure")


class PositionSheet(Base):
    """What one person thinks of the theses of one revision. One confirmed sheet for each address and revision.

    What is confirmed later goes into the confirmed sheet, thesis by thesis; the sheet that asked for it is removed.
    """

    __tablename__ = "position_sheets"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'confirmed')", name="status"),
        CheckConstraint("(confirmed_at IS NOT NULL) = (status = 'confirmed')", name="confirmed_when"),
        Index("uq_position_sheets_address", "status", "address_key", "revision_id", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revisions.id"))
    status: Mapped[str] = mapped_column(String(16), default="pending")
    address_key: Mapped[str] = mapped_column(String(64), index=True)
    email: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(2))
    requested_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]

    revision: Mapped[Revision] = relationship()
    positions: Mapped[list["Position"]] = relationship(cascade="all, delete-orphan", passive_deletes=True)


class Position(Base):
    """Agree, disagree or unsure, on one thesis."""

    __tablename__ = "positions"
    __table_args__ = (
        CheckConstraint(f"stance IN {STANCES}", name="stance"),
        {"info": {"personal": "position_sheets"}},
    )

    sheet_id: Mapped[int] = mapped_column(
        ForeignKey("position_sheets.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    thesis_id: Mapped[int] = mapped_column(ForeignKey("theses.id"), primary_key=True, autoincrement=False, index=True)
    stance: Mapped[str] = mapped_column(String(16))


REFUSE_DELETE = {
    "sqlite": "CREATE TRIGGER moderation_decisions_refuse_delete BEFORE DELETE ON moderation_decisions"
    " BEGIN SELECT RAISE(ABORT, 'moderation_decisions is append-only'); END",
    "postgresql": "CREATE TRIGGER moderation_decisions_refuse_delete BEFORE DELETE ON moderation_decisions"
    " FOR EACH ROW EXECUTE FUNCTION moderation_decisions_refuse_change()",
}
APPEND_ONLY = {
    "sqlite": [
        "CREATE TRIGGER moderation_decisions_append_only BEFORE UPDATE ON moderation_decisions"
        " BEGIN SELECT RAISE(ABORT, 'moderation_decisions is append-only'); END",
        REFUSE_DELETE["sqlite"],
    ],
    "postgresql": [
        "CREATE FUNCTION moderation_decisions_refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'moderation_decisions is append-only'; END $$",
        "CREATE TRIGGER moderation_decisions_append_only BEFORE UPDATE ON moderation_decisions"
        " FOR EACH ROW EXECUTE FUNCTION moderation_decisions_refuse_change()",
        REFUSE_DELETE["postgresql"],
    ],
}
on_creation(ModerationDecision.__table__, APPEND_ONLY)
on_creation(Comment.__table__, forgetting("comments", "comment"))
on_creation(OfficialAnswer.__table__, forgetting("official_answers", "comment", "comment_id"))
on_creation(Outcome.__table__, forgetting("outcomes", "comment", "comment_id"))
