"""Surveys as they were opened, who is invited, and what was answered: these two never meet.

No row that holds an answer says whose it is or when it came, and no number in it rises: the reasons, and what a copy of
the database tells all the same, stand in docs/decisions/0009-anonymous-answers.md.
"""

from datetime import date, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import JSON, Boolean, CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy import Text as LongText
from sqlalchemy.orm import Mapped, mapped_column

from portal.clock import BERLIN
from portal.database import Base
from portal.survey.questionnaire import Questionnaire, thawed

UNORDERED = {"sqlite_with_rowid": False}
"""A table that SQLite keeps in the order of its random keys: without it, a hidden number would count the rows."""


class OpenedSurvey(Base):
    """A survey with the questionnaire that its respondents see. Its text never changes."""

    __tablename__ = "surveys"
    __table_args__ = (
        CheckConstraint("length(sha256) = 64", name="sha256"),
        CheckConstraint("closed_at IS NULL OR closed_at >= opened_at", name="closes_after_opening"),
        CheckConstraint("invited >= 0", name="invited"),
        {"info": {"personal": False}, "sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(48), unique=True)
    frozen: Mapped[str] = mapped_column(LongText)
    """The questionnaire in its canonical form, see `Questionnaire.canonical`."""
    sha256: Mapped[str] = mapped_column(String(64))
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    """When it was closed, by its last day or by an editor; nothing is answered afterwards."""
    invited: Mapped[int] = mapped_column(default=0)
    """How many were invited: it stays when the invitations are erased."""

    @cached_property
    def questionnaire(self) -> Questionnaire:
        return thawed(self.frozen)

    @property
    def first_day(self) -> date:
        """The first day on which it can be answered: an editor may have opened it after the day that the file names."""
        return max(self.questionnaire.opens, self.opened_at.astimezone(BERLIN).date())

    @property
    def last_day(self) -> date | None:
        """The last day on which it can be answered, or could; None while it has no end. An editor may have closed it
        before the day that the file names."""
        closed = self.closed_at.astimezone(BERLIN).date() if self.closed_at else None
        return min((day for day in (self.questionnaire.closes, closed) if day), default=None)


class Invitation(Base):
    """One address that may answer once. It says whether it has been used, and neither when nor for what."""

    __tablename__ = "survey_invitations"
    __table_args__ = (UniqueConstraint("survey_id", "address_key"), UNORDERED)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    """Random. The link carries it signed: who has the table can make no link."""
    survey_id: Mapped[int] = mapped_column(ForeignKey("surveys.id", ondelete="CASCADE"))
    address_key: Mapped[str] = mapped_column(String(64), index=True)
    email: Mapped[str] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(2))
    used: Mapped[bool] = mapped_column(Boolean(create_constraint=False), default=False)
    reminded: Mapped[bool] = mapped_column(Boolean(create_constraint=False), default=False)


class SealedAnswer(Base):
    """An answer in the box: encrypted, all of the same few sizes, until enough are there to be mixed."""

    __tablename__ = "survey_box"
    __table_args__ = (UNORDERED | {"info": {"personal": "survey_invitations"}},)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("surveys.id", ondelete="CASCADE"), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)


class Answer(Base):
    """What one respondent has chosen: question → value. Its day is that of its mixing, with nine more at least."""

    __tablename__ = "survey_answers"
    __table_args__ = (UNORDERED | {"info": {"personal": False}},)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("surveys.id", ondelete="CASCADE"), index=True)
    day: Mapped[date]
    content: Mapped[dict[str, Any]] = mapped_column(JSON)


class FreeText(Base):
    """What one respondent has written under one question. Nothing leads to the rest of the answer."""

    __tablename__ = "survey_texts"
    __table_args__ = (CheckConstraint("length(text) > 0", name="text"), UNORDERED)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("surveys.id", ondelete="CASCADE"), index=True)
    question: Mapped[str] = mapped_column(String(48))
    text: Mapped[str] = mapped_column(LongText)
    released: Mapped[bool] = mapped_column(Boolean(create_constraint=False), default=False)
    """Whether an editor has read it and lets it into exports."""


class UsedForm(Base):
    """A form of an open survey that has been sent: sent twice, it counts once. Only a keyed hash of its own stamp."""

    __tablename__ = "survey_forms"
    __table_args__ = (UNORDERED | {"info": {"personal": False}},)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("surveys.id", ondelete="CASCADE"))
    day: Mapped[date]
