"""Issues, campaigns and deliveries."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, on_creation
from portal.language import LANGUAGES
from portal.subscribers.segments import KINDS

READY, SCHEDULED, RUNNING, PAUSED, STOPPED, FINISHED = CAMPAIGN_STATES = (
    "ready",
    "scheduled",
    "running",
    "paused",
    "stopped",
    "finished",
)
HOLD, RESEND = UNCERTAIN_RULES = ("hold", "resend")

PENDING, CLAIMED, SENDING, SENT, DEFERRED, BOUNCED, SKIPPED, UNCERTAIN = DELIVERY_STATES = (
    "pending",
    "claimed",
    "sending",
    "sent",
    "deferred",
    "bounced",
    "skipped",
    "uncertain",
)
OPEN = (PENDING, CLAIMED, SENDING, DEFERRED)
"""A campaign with such deliveries is not finished."""
GONE, SUPPRESSED, NO_LANGUAGE, STOPPED_BEFORE = SKIP_REASONS = ("gone", "suppressed", "no language", "stopped")
"""Why somebody was skipped: has unsubscribed or been erased, is not to be mailed, no text in the language, or the
campaign was stopped before."""

NOT_SENT = text("deliveries.status <> 'sent'")
"""Said beside any other condition on what was not sent, so that both databases see that the partial index will do."""
_NOT_SENT = text("status <> 'sent'")
_IN_HAND = text("worker IS NOT NULL")


class Issue(Base):
    """A newsletter's text while it is being written, in the languages that it has."""

    __tablename__ = "issues"
    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint("version > 0", name="version"),
        # Who still has a discarded one open must not save into the next.
        {"info": {"personal": False}, "sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    version: Mapped[int] = mapped_column(default=1)
    """Goes up with each change: who saves an older one learns of it."""
    changed_by_id: Mapped[int] = mapped_column(ForeignKey("organisers.id"))
    changed_at: Mapped[datetime]
    created_at: Mapped[datetime]

    texts: Mapped[list["IssueText"]] = relationship(
        order_by="IssueText.language", cascade="all, delete-orphan", passive_deletes=True
    )
    trials: Mapped[list["Trial"]] = relationship(cascade="all, delete-orphan", passive_deletes=True)

    def text(self, language: str) -> "IssueText | None":
        """What it says in this language, if it does."""
        return next((text for text in self.texts if text.language == language), None)


class IssueText(Base):
    """An issue in one language. The body is Markdown with merge fields."""

    __tablename__ = "issue_texts"
    __table_args__ = (CheckConstraint(f"language IN {LANGUAGES}", name="language"), {"info": {"personal": False}})

    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(2), primary_key=True)
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)


class Trial(Base):
    """A test mail that an organiser sent to herself, of exactly the content with this hash."""

    __tablename__ = "trials"
    __table_args__ = ({"info": {"personal": False}},)

    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id", ondelete="CASCADE"), primary_key=True)
    content_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    language: Mapped[str] = mapped_column(String(2), primary_key=True)
    organiser_id: Mapped[int] = mapped_column(ForeignKey("organisers.id"), primary_key=True)
    at: Mapped[datetime]


class Campaign(Base):
    """An issue on its way to an audience.

    ready      waits for somebody else to release exactly this content
    scheduled  is released, and begins at `starts_at`; until then it can be taken back
    running    its text and its audience are frozen, and its letters go out
    paused     nothing is begun until somebody resumes it
    stopped    nothing will be begun any more; who had not got it yet is skipped
    finished   every delivery has come to an end
    """

    __tablename__ = "campaigns"
    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint(f"status IN {CAMPAIGN_STATES}", name="status"),
        CheckConstraint(f"uncertain IN {UNCERTAIN_RULES}", name="uncertain"),
        CheckConstraint("length(content_sha256) = 64", name="content_sha256"),
        CheckConstraint("(released_at IS NULL) = (status = 'ready')", name="released_when"),
        CheckConstraint("(released_by_id IS NULL) = (released_at IS NULL)", name="released_by_whom"),
        CheckConstraint("(starts_at IS NULL) = (released_at IS NULL)", name="starts_when"),
        CheckConstraint("frozen_at IS NOT NULL OR status IN ('ready', 'scheduled', 'stopped')", name="frozen_when"),
        CheckConstraint("(ended_at IS NOT NULL) = (status IN ('stopped', 'finished'))", name="ended_when"),
        Index("ix_campaigns_status", "status", "starts_at"),
        # Links and Message-IDs name it for years.
        {"info": {"personal": False}, "sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    issue_id: Mapped[int | None] = mapped_column(ForeignKey("issues.id", ondelete="SET NULL"), index=True)
    """The issue that it was made from; it can be edited further, and this campaign does not change with it."""
    kind: Mapped[str] = mapped_column(String(16))
    segment: Mapped[str] = mapped_column(String(32))
    narrowed: Mapped[dict[str, str]] = mapped_column(JSON)
    """The answers by which the segment was made smaller."""
    uncertain: Mapped[str] = mapped_column(String(8), default=HOLD)
    """What becomes of letters of which nobody knows whether they arrived: held, or sent once more."""
    content_sha256: Mapped[str] = mapped_column(String(64))
    """Of subjects, texts and kind, as whoever releases it has seen them."""
    status: Mapped[str] = mapped_column(String(16), default=READY)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("organisers.id"))
    asked_at: Mapped[datetime]
    released_by_id: Mapped[int | None] = mapped_column(ForeignKey("organisers.id"))
    released_at: Mapped[datetime | None]
    starts_at: Mapped[datetime | None]
    frozen_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    note: Mapped[str | None] = mapped_column(String(120))
    """Why it was paused or ended, where no organiser did it."""
    total: Mapped[int | None]
    """How many deliveries the audience was frozen to."""
    unsubscribed: Mapped[int] = mapped_column(default=0)
    """How many unsubscribed by a link in it. Nobody is named."""
    pace: Mapped[dict[str, int] | None] = mapped_column(JSON(none_as_null=True))
    """How many deliveries came to an end in each of the last minutes (minutes since 1970)."""
    figures: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """How many deliveries ended in which way, kept when the deliveries themselves are removed."""

    texts: Mapped[list["CampaignText"]] = relationship(order_by="CampaignText.language")


FROZEN_FOR_GOOD = {
    "sqlite": [
        "CREATE TRIGGER campaigns_frozen_for_good BEFORE DELETE ON campaigns WHEN OLD.frozen_at IS NOT NULL"
        " BEGIN SELECT RAISE(ABORT, 'campaigns: what has been frozen is never deleted'); END",
    ],
    "postgresql": [
        "CREATE FUNCTION campaigns_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'campaigns: what has been frozen is never deleted'; END $$",
        "CREATE TRIGGER campaigns_frozen_for_good BEFORE DELETE ON campaigns"
        " FOR EACH ROW WHEN (OLD.frozen_at IS NOT NULL) EXECUTE FUNCTION campaigns_refuse_delete()",
    ],
}
"""A campaign that has deliveries cannot be deleted, whoever tries."""
on_creation(Campaign.__table__, FROZEN_FOR_GOOD)


class CampaignText(Base):
    """What a campaign says in one language, frozen when it was made: what is edited later never reaches anybody."""

    __tablename__ = "campaign_texts"
    __table_args__ = (CheckConstraint(f"language IN {LANGUAGES}", name="language"), {"info": {"personal": False}})

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaigns.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[str] = mapped_column(String(2), primary_key=True)
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    """Markdown with merge fields."""


class Delivery(Base):
    """What became of one recipient of a campaign. It keeps neither name nor address: these stay where they are.

    pending    nobody has begun it
    claimed    stands in line with `worker`, which has not begun it
    sending    `worker` may be at it; its journal knows more
    sent       the server has taken it
    deferred   the server did not take it yet; it is tried again at `due_at`
    bounced    the server will never take it, or it came back; `reason` is the code
    skipped    it was never sent, because of `reason`
    uncertain  it may have arrived, and nobody knows
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint(f"status IN {DELIVERY_STATES}", name="status"),
        CheckConstraint("(worker IS NOT NULL) = (status IN ('claimed', 'sending'))", name="in_whose_hand"),
        CheckConstraint("(due_at IS NOT NULL) = (status = 'deferred')", name="due_when"),
        CheckConstraint("status NOT IN ('bounced', 'skipped') OR reason IS NOT NULL", name="why"),
        Index(
            "ix_deliveries_not_sent",
            "campaign_id",
            "status",
            "recipient_id",
            sqlite_where=_NOT_SENT,
            postgresql_where=_NOT_SENT,
        ),
        Index("ix_deliveries_in_hand", "worker", sqlite_where=_IN_HAND, postgresql_where=_IN_HAND),
        {"sqlite_with_rowid": False},
    )

    campaign_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Its campaign. No foreign key: PostgreSQL would look a million times whether the campaign is there, which takes as
    long as all else of freezing. That it stays is said once, by FROZEN_FOR_GOOD."""
    recipient_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """The id of the person in the campaign's segment."""
    language: Mapped[str] = mapped_column(String(2))
    status: Mapped[str] = mapped_column(String(16), default=PENDING)
    reason: Mapped[str | None] = mapped_column(String(40))
    """An SMTP code, one of SKIP_REASONS, or what was lost; never an address."""
    attempts: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None] = mapped_column(String(16))
    due_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class SendingPace(Base):
    """When the next letters may go out: one row, shared by all workers, so that a rate survives a restart.

    Each moment is the theoretical arrival time of the generic cell rate algorithm (ITU-T I.371).
    """

    __tablename__ = "sending_pace"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"), {"info": {"personal": False}})

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    by_second: Mapped[datetime | None]
    by_hour: Mapped[datetime | None]
