"""With the database in hand, nobody links an answer to an invitation: not by order, time or id (issue 5).

The attacker of these tests is the operator's backup: every table, and what the database itself notes of each row. She
knows in which order people have answered.
"""

import json
import secrets
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine, inspect, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal.addresses import Address
from portal.database import Base
from portal.survey import box, operations
from portal.survey.box import Sheet
from portal.survey.models import Answer, FreeText, Invitation, OpenedSurvey, SealedAnswer
from portal.survey.operations import AlreadyAnswered, NoSuchInvitation, NotOpen
from tests.databases import engine_of
from tests.survey.asking import LATER, NOON, answered, asked, counted, opened

PEOPLE = 45
LAST = 43
"""So many of them answer: a batch of twelve, one of twenty-one; ten stay in the box."""
COUNTED = 33


@pytest.fixture
def survey(session: Session) -> OpenedSurvey:
    """A survey to which forty-five people are invited."""
    survey = opened(session, access="invitation")
    people = [Address(f"person{number}@example.org", f"key {number}") for number in range(PEOPLE)]
    operations.invite(session, survey, people, "de", NOON, by=None)
    session.commit()
    return survey


def sheet(number: int) -> Sheet:
    """An answer that only this person gives: the test recognises it, the attacker has nothing to go by."""
    return Sheet({"ort": "stadt", "alter": number}, {"sonst": f"Text {number}"})


def answer(app: Flask, session: Session, survey: OpenedSurvey, invitation: str, number: int) -> None:
    settings = app.extensions["settings"]
    operations.answer_by_invitation(session, settings, survey, invitation, sheet(number), NOON)
    session.commit()


@pytest.fixture
def order(app: Flask, session: Session, survey: OpenedSurvey) -> list[str]:
    """The invitations in the order in which they were used; the n-th has said that she is n years old."""
    order = list(session.scalars(select(Invitation.id).order_by(Invitation.email)))[:LAST]
    secrets.SystemRandom().shuffle(order)
    for number, invitation in enumerate(order):
        answer(app, session, survey, invitation, number)
        if number in {11, LAST - 1}:
            counted(app, session)
    return order


def noted(session: Session, table: str) -> list[dict[str, Any]]:
    """The rows of a table as they lie there, with all that the database notes of them."""
    postgresql = session.get_bind().dialect.name == "postgresql"
    hints = "xmin::text AS xmin, xmax::text AS xmax, ctid::text AS ctid, " if postgresql else ""
    rows = session.execute(text(f"SELECT {hints}* FROM {table}")).mappings().all()
    return [dict(row) for row in rows]


@pytest.mark.usefixtures("order")
def test_no_value_stands_on_both_sides(session: Session) -> None:
    """Nothing joins the two, neither a number of ours nor a transaction's."""
    there = {(name, str(value)) for row in noted(session, "survey_invitations") for name, value in row.items()}
    shared = {"survey_id", "xmax", "ctid"}  # of all rows alike; whether it was deleted; where in its own table it lies
    for table in ("survey_answers", "survey_texts"):
        for row in noted(session, table):
            for name, value in row.items():
                assert name in shared or isinstance(value, bool) or (name, str(value)) not in there, (table, name)
            assert row.get("xmin") not in {other.get("xmin", "none") for other in noted(session, "survey_invitations")}


@pytest.mark.usefixtures("order")
def test_no_column_says_when(session: Session) -> None:
    """An answer has a day and no moment; an invitation and a text have neither."""
    tables = Base.metadata.tables
    kinds = {
        name: {str(column.type) for column in tables[name].columns} for name in tables if name.startswith("survey_")
    }
    assert not any("DATETIME" in kind for several in kinds.values() for kind in several)
    for name in ("survey_invitations", "survey_texts", "survey_box"):
        assert not any("DATE" in kind for kind in kinds[name]), name
    days = session.scalars(select(Answer.day)).all()
    assert len(days) == COUNTED
    assert set(days) == {NOON.date()}


@pytest.mark.usefixtures("order")
def test_answers_lie_in_the_order_of_random_numbers(session: Session) -> None:
    """Where a row lies says what its number says, and that was thrown: nothing is left of the order of arrival."""
    for table in ("survey_answers", "survey_texts"):
        rows = noted(session, table)
        assert len(rows) == COUNTED
        transactions = {row.get("xmin") for row in rows}
        for transaction in transactions:
            together = [row["id"] for row in rows if row.get("xmin") == transaction]
            assert len(together) >= 10
            if session.get_bind().dialect.name == "postgresql":
                assert together == sorted(together)
    if session.get_bind().dialect.name == "sqlite":
        for table in ("survey_answers", "survey_texts", "survey_invitations", "survey_box", "survey_forms"):
            with pytest.raises(Exception, match="no such column"):
                session.execute(text(f"SELECT rowid FROM {table}"))
            session.rollback()
    contents = {row["id"]: row["content"] for row in noted(session, "survey_answers")}
    ages = [_age(contents[number]) for number in sorted(contents)]
    assert ages != sorted(ages)
    assert ages[:12] != sorted(ages[:12])


def _age(content: Any) -> int:
    return int((json.loads(content) if isinstance(content, str) else content)["alter"])


@pytest.mark.usefixtures("order")
def test_a_text_does_not_lead_to_the_rest_of_its_answer(session: Session) -> None:
    answers, texts = set(session.scalars(select(Answer.id))), set(session.scalars(select(FreeText.id)))
    assert len(texts) == COUNTED
    assert not answers & texts
    assert set(FreeText.__table__.columns.keys()) == {"id", "survey_id", "question", "text", "released"}


def test_numbers_are_thrown_anew_each_time(app: Flask, session: Session) -> None:
    """The same answers, twice: no number is a function of what was answered."""
    first, second = opened(session, "eins"), opened(session, "zwei")
    for survey in (first, second):
        answered(app, session, survey, 10, ort="stadt")
    counted(app, session)
    numbers = [set(session.scalars(select(Answer.id).where(Answer.survey_id == one.id))) for one in (first, second)]
    assert len(numbers[0] | numbers[1]) == 20


def test_what_is_in_the_box_cannot_be_read(app: Flask, session: Session, survey: OpenedSurvey, tmp_path: Path) -> None:
    """Its transaction is that of the mark: so it must say nothing, and neither must its length."""
    invitations = list(session.scalars(select(Invitation.id)))[:2]
    settings = app.extensions["settings"]
    short, long = Sheet({"ort": "see"}, {}), Sheet({"ort": "see"}, {"sonst": "Geheimnis von Ada " * 20})
    for invitation, one in zip(invitations, (short, long), strict=True):
        operations.answer_by_invitation(session, settings, survey, invitation, one, NOON)
    session.commit()
    sealed = session.scalars(select(SealedAnswer.sealed)).all()
    assert len({len(one) for one in sealed}) == 1
    assert not any(b"Geheimnis" in one or b"see" in one for one in sealed)
    engine = engine_of(app)
    if engine.dialect.name == "sqlite":
        folder = Path(str(engine.url.database)).parent
        assert not any(b"Geheimnis" in file.read_bytes() for file in folder.glob("*") if file.is_file())


def test_nothing_is_taken_out_one_by_one(app: Flask, session: Session, survey: OpenedSurvey) -> None:
    for number, invitation in enumerate(list(session.scalars(select(Invitation.id)))[:9]):
        answer(app, session, survey, invitation, number)
        assert counted(app, session) == 0
    assert session.scalars(select(Answer.id)).all() == []


@pytest.mark.parametrize("size", [1, 5000])
def test_nobody_is_told_by_how_much_she_has_written(app: Flask, session: Session, size: int) -> None:
    """The sealed answer lies beside the mark of its invitation: a long one would lead to the one long text."""
    pages = asked()["pages"]
    pages[2]["questions"][-1]["max_length"] = size
    survey, settings = opened(session, pages=pages), app.extensions["settings"]
    everything = {
        "ort": "stadt",
        "bus": "nein",
        "alter": 120,
        "womit": ["rad", "auto"],
        "stimmt": {"laut": "nein", "eng": "nein"},
        "gut": "3",
    }
    for one in (Sheet({"ort": "see"}, {}), Sheet(everything, {"sonst": "\U0001f600" * size}), Sheet(everything, {})):
        box.drop(session, settings, survey, one)
    assert len({len(one) for one in session.scalars(select(SealedAnswer.sealed))}) == 1


def test_ten_stay_in_the_box_so_that_the_last_are_ten_too(app: Flask, session: Session) -> None:
    """Two backups, or two looks at results that are shown at once, tell nobody what the last ones have said."""
    survey = opened(session, access="invitation", results="after_closing")
    people = [Address(f"person{number}@example.org", f"key {number}") for number in range(21)]
    operations.invite(session, survey, people, "de", NOON, by=None)
    for number, invitation in enumerate(list(session.scalars(select(Invitation.id)))):
        answer(app, session, survey, invitation, number)
        assert counted(app, session) == (10 if number == 19 else 0)
    ages = {_age(row["content"]) for row in noted(session, "survey_answers")}
    assert len(ages) == 10
    operations.close_survey(session, survey, LATER, by=None)
    session.commit()
    assert counted(app, session, LATER) == 11


def test_the_texts_of_the_last_few_join_the_others(app: Flask, session: Session) -> None:
    """Else what one person has written under several questions would have a transaction of its own."""
    survey = opened(session)
    answered(app, session, survey, 10, ort="stadt", texts={"sonst": "früh"})
    counted(app, session)
    first = session.scalars(select(FreeText).where(FreeText.survey_id == survey.id)).first()
    assert first is not None
    operations.release_text(session, first, NOON, by=None)
    answered(app, session, survey, 1, ort="see", texts={"sonst": "spät"})
    operations.close_survey(session, survey, LATER, by=None)
    session.commit()
    before = {row["id"] for row in noted(session, "survey_texts")}
    assert counted(app, session, LATER) == 1
    rows = noted(session, "survey_texts")
    assert len(rows) == 11
    assert not before & {row["id"] for row in rows}
    assert len({row.get("xmin") for row in rows}) == 1
    assert sum(bool(row["released"]) for row in rows) == 1


def test_nobody_closes_it_while_somebody_answers(
    app: Flask, session: Session, survey: OpenedSurvey, database_url: str
) -> None:
    """Who came in after the box was emptied for the last time would be told from all others."""
    mine = session.scalars(select(Invitation.id).limit(1)).one()
    operations.answer_by_invitation(session, app.extensions["settings"], survey, mine, sheet(1), NOON)
    impatient = {"timeout": 0.2} if database_url.startswith("sqlite") else {"options": "-c lock_timeout=200ms"}
    engine = create_engine(database_url, connect_args=impatient)
    with pytest.raises(OperationalError, match="lock"), engine.begin() as other:
        other.execute(update(OpenedSurvey).values(closed_at=LATER))
    engine.dispose()


def test_the_last_few_join_the_group_of_the_last_day(app: Flask, session: Session, survey: OpenedSurvey) -> None:
    """Nobody could tell three late answers by their day, or by the transaction that wrote them."""
    for number, invitation in enumerate(list(session.scalars(select(Invitation.id)))[:15]):
        answer(app, session, survey, invitation, number)
        counted(app, session)
    operations.close_survey(session, survey, LATER, by=None)
    session.commit()
    assert counted(app, session, LATER) == 5
    rows = noted(session, "survey_answers")
    assert len(rows) == 15
    assert len({str(row["day"]) for row in rows}) == 1
    assert len({row.get("xmin") for row in rows}) == 1


def test_after_the_end_nobody_was_ever_invited(app: Flask, session: Session, survey: OpenedSurvey) -> None:
    operations.close_survey(session, survey, LATER, by=None)
    assert session.scalars(select(Invitation)).all() == []
    assert survey.invited == PEOPLE


def test_an_invitation_counts_once_and_only_for_its_survey(app: Flask, session: Session, survey: OpenedSurvey) -> None:
    settings = app.extensions["settings"]
    mine = session.scalars(select(Invitation.id).limit(1)).one()
    answer(app, session, survey, mine, 1)
    with pytest.raises(AlreadyAnswered):
        operations.answer_by_invitation(session, settings, survey, mine, sheet(1), NOON)
    with pytest.raises(NoSuchInvitation):
        operations.answer_by_invitation(session, settings, survey, "x", sheet(1), NOON)
    other = opened(session, "andere", access="invitation")
    with pytest.raises(NoSuchInvitation):
        operations.answer_by_invitation(session, settings, other, mine, sheet(1), NOON)
    with pytest.raises(NotOpen):
        operations.answer_openly(session, settings, survey, "form", sheet(1), NOON)
    assert box.waiting(session, survey) == 1


def test_a_mark_and_its_answer_are_written_together_or_not_at_all(
    app: Flask, session: Session, survey: OpenedSurvey
) -> None:
    mine = session.scalars(select(Invitation.id).limit(1)).one()
    operations.answer_by_invitation(session, app.extensions["settings"], survey, mine, sheet(1), NOON)
    session.rollback()  # killed before the commit
    assert not session.get_one(Invitation, mine).used
    assert box.waiting(session, survey) == 0


def test_a_form_that_is_sent_twice_counts_once_and_is_forgotten(app: Flask, session: Session) -> None:
    survey, settings = opened(session), app.extensions["settings"]
    operations.answer_openly(session, settings, survey, "the form", sheet(1), NOON)
    with pytest.raises(AlreadyAnswered):
        operations.answer_openly(session, settings, survey, "the form", sheet(1), NOON)
    assert box.waiting(session, survey) == 1
    assert "the form" not in str(noted(session, "survey_forms"))
    counted(app, session, LATER)
    assert noted(session, "survey_forms") == []


def test_another_secret_leaves_the_box_shut_and_nothing_lost(app: Flask, make_app: Any, session: Session) -> None:
    survey = opened(session)
    answered(app, session, survey, 10, ort="stadt")
    session.commit()
    other = make_app(secret_key="another secret key only good for tests")
    assert operations.tend(session, other.extensions["settings"], NOON) == 0
    session.commit()
    assert box.waiting(session, survey) == 10
    assert counted(app, session) == 10


def test_tables_of_answers_have_no_key_to_tables_of_people(session: Session) -> None:
    inspector = inspect(session.get_bind())
    for table in ("survey_answers", "survey_texts", "survey_box"):
        assert {key["referred_table"] for key in inspector.get_foreign_keys(table)} == {"surveys"}
