"""What the register says of the discussion: see, take with you, erase, and what outlives its time."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from portal.clock import now
from portal.config import Settings
from portal.declaration.models import Revision
from portal.discussion import comments, moderation, positions
from portal.discussion.models import (
    Appeal,
    BlockedAddress,
    Comment,
    CommentText,
    DecisionStatement,
    ModerationDecision,
    PositionSheet,
    Report,
)
from portal.mail.models import OutboxMail
from portal.optin import operations as optin
from portal.optin.models import OptIn
from portal.organisers.models import Organiser
from portal.personal_data import Register
from portal.privacy import holds, operations
from tests.browser import Browser
from tests.discussion.conftest import Confirm, Decide, Write, later, newest_link, states
from tests.discussion.test_commenting import texts, version
from tests.discussion.test_deleting import everything, number_of


@pytest.fixture
def register(app: Flask) -> Register:
    found: Register = app.extensions["personal_data"]
    return found


@pytest.fixture
def ada(book: AddressBook) -> str:
    """The key of Ada's address."""
    return book.identify("ada@example.org").key


def report(session: Session, comment: Comment, email: str | None, book: AddressBook, **values: Any) -> Report:
    """A report of a comment, open unless the values say otherwise."""
    address = book.identify(email) if email else None
    row = Report(
        comment_id=comment.id,
        text_number=1,
        reason="insult",
        explanation="Das geht zu weit.",
        name="Rita Reporterin" if email else None,
        email=address.email if address else None,
        address_key=address.key if address else None,
        language="de",
        reported_at=now(),
        **{"status": "open", **values},
    )
    session.add(row)
    session.commit()
    return row


def take_position(
    session: Session, settings: Settings, book: AddressBook, revision: Revision, *, confirmed: bool = True
) -> None:
    """Ada agrees with the first thesis."""
    positions.request_positions(
        session,
        settings,
        revision,
        book.identify("ada@example.org"),
        {"ort": "agree"},
        consents=[optin.Consent("positions", "Ich stimme zu (Test).")],
        language="de",
        now=now(),
    )
    session.commit()
    if confirmed:
        optin.confirm(
            session, settings, {positions.PURPOSE.name: positions.PURPOSE}, newest_link(session, settings), now()
        )
        session.commit()


def test_everything_that_is_kept_is_handed_out(
    session: Session,
    settings: Settings,
    register: Register,
    revision: Revision,
    book: AddressBook,
    ada: str,
    moderator: Organiser,
    write: Write,
    confirm: Confirm,
    decide: Decide,
) -> None:
    """Law L9: the author reads every text, decision and objection; a reporter the own report, and nobody else's."""
    take_position(session, settings, book, revision)
    comment = write("Mein Text.", thesis="ort", capacity="research")
    confirm()
    decide(comment)
    report(session, comment, "rita@example.org", book)
    decide(comment, "reject", statement="Der zweite Satz.")
    moderation.file_appeal(session, settings, comment, "Ich sehe es anders.", now())
    session.add(BlockedAddress(address_key=ada, reason="Test", by_id=moderator.id, at=now()))
    session.commit()
    found = operations.export(session, register, ada)
    json.dumps(found)
    assert found["comments"][0] | {"id": 0} == found["comments"][0] | {
        "id": 0,
        "name": "Ada Beispiel",
        "email": "ada@example.org",
        "capacity": "research",
        "thesis": "ort",
        "status": "rejected",
    }
    assert found["comments"][0]["texts"][0]["text"] == "Mein Text."
    assert [one["decision"] for one in found["comments"][0]["decisions"]] == ["approve", "reject"]
    assert found["comments"][0]["decisions"][1]["statement"] == "Der zweite Satz."
    assert found["comments"][0]["appeals"][0]["text"] == "Ich sehe es anders."
    assert found["position_sheets"][0]["positions"] == [{"thesis": "ort", "number": 1, "stance": "agree"}]
    assert found["blocked_addresses"][0]["reason"] == "Test"
    assert "reports" not in found, "who has reported is never revealed"
    assert "rita" not in repr(found).casefold()
    rita = operations.export(session, register, book.identify("rita@example.org").key)
    assert [one["explanation"] for one in rita["reports"]] == ["Das geht zu weit."]
    assert "Mein Text." not in repr(rita)


def test_the_page_shows_it_in_words(
    browser: Browser,
    session: Session,
    settings: Settings,
    revision: Revision,
    book: AddressBook,
    ada: str,
    moderator: Organiser,
    published: Write,
    decide: Decide,
) -> None:
    take_position(session, settings, book, revision)
    comment = published("Mein <Text>.", capacity="research")
    decide(comment, "reject")
    moderation.file_appeal(session, settings, comment, "Ich sehe es anders.", now())
    report(session, published("Von Bo.", email="bo@example.org"), "ada@example.org", book)
    session.add(BlockedAddress(address_key=ada, reason="Wiederholte Werbung", by_id=moderator.id, at=now()))
    session.commit()
    page = browser.open(f"/meine-daten/{operations.link_token(settings, ada)}")
    assert page.status == 200
    for words in (
        "abgelehnt: Beleidigung oder Drohung",
        "Mein <Text>.",
        "Forschung und Lehre",
        "Ich sehe es anders.",
        "Das geht zu weit.",
        "Rita Reporterin",
        "Wiederholte Werbung",
        "Standpunkte zu den Thesen",
        "Kommentar: bestätigt",
    ):
        assert words in page.text(), words
    browser.follow("Kommentar ansehen, ändern oder löschen")
    assert browser.page.text("h1") == "Mein Kommentar"


def test_erasing_leaves_no_trace_of_name_address_and_words(
    app: Flask,
    session: Session,
    settings: Settings,
    register: Register,
    revision: Revision,
    book: AddressBook,
    ada: str,
    published: Write,
    write: Write,
) -> None:
    """Edge case 10 and 20: no column, no queued mail; the open report of somebody erased stays, as an anonymous one."""
    take_position(session, settings, book, revision)
    parent = published("Ein einmaliger Satz.", name="Ada Einmalig", notify_replies=True)
    bo = published("Antwort.", to=parent, name="Bo Muster", email="bo@example.org")
    write("Noch ein einmaliger.", name="Ada Einmalig")
    open_report = report(session, bo, "ada@example.org", book, submission="einmaliger Hash")
    report(session, bo, "ada@example.org", book, status="dismissed", decided_by_id=1, decided_at=now())
    before = version(session)
    operations.erase(session, register, ada, now())
    left = everything(app, session)
    for trace in ("Einmalig", "einmalig", "ada@", "Rita"):
        assert trace not in left
    assert version(session) > before
    assert states(session) == [(None, "deleted"), ("Bo Muster", "published")]
    assert session.scalars(select(Report.id)).all() == [open_report.id]
    assert number_of(session, PositionSheet) == [0]
    assert session.scalars(select(OutboxMail.id).where(OutboxMail.address_key == ada)).all() == []
    assert set(session.scalars(select(OptIn.status).where(OptIn.address_key == ada))) == {"confirmed"}


def test_a_block_outlasts_erasure_and_ends_with_its_time(
    session: Session, settings: Settings, register: Register, ada: str, moderator: Organiser
) -> None:
    """Law L10: only the keyed hash is kept, and not for ever."""
    session.add(BlockedAddress(address_key=ada, reason="Test", by_id=moderator.id, at=now()))
    operations.erase(session, register, ada, now())
    operations.retain(session, register, settings, later(days=365 * settings.block_years - 1))
    assert number_of(session, BlockedAddress) == [1]
    operations.retain(session, register, settings, later(days=365 * settings.block_years + 1))
    assert number_of(session, BlockedAddress) == [0]


def test_erasing_one_address_leaves_a_held_report_and_position(
    session: Session,
    settings: Settings,
    register: Register,
    revision: Revision,
    book: AddressBook,
    ada: str,
    published: Write,
) -> None:
    """Edge case 10: a legal hold on one record does not stop another."""
    bo = published("Von Bo.", email="bo@example.org")
    held, other = report(session, bo, "ada@example.org", book), report(session, bo, "ada@example.org", book)
    take_position(session, settings, book, revision)
    sheet = session.scalars(select(PositionSheet)).one()
    holds.place(session, "reports", held.id, "claim 1", now())
    holds.place(session, "position_sheets", sheet.id, "claim 2", now())
    operations.erase(session, register, ada, now())
    session.commit()
    assert (held.email, other.email) == ("ada@example.org", None)
    assert number_of(session, PositionSheet) == [1]


# Retention


def after_objecting(settings: Settings, **span: float) -> datetime:
    """When nobody can object any more to what was decided just now."""
    return now() + timedelta(days=settings.appeal_days, minutes=1, **span)


@pytest.mark.parametrize("act", ["return", "reject"])
def test_what_came_to_nothing_goes_when_nobody_can_object_any_more(
    app: Flask,
    session: Session,
    settings: Settings,
    register: Register,
    write: Write,
    confirm: Confirm,
    decide: Decide,
    act: str,
) -> None:
    """The decision stays as a number, for the public counters."""
    comment = write("Ein einmaliger Satz.")
    confirm()
    decide(comment, act)
    operations.retain(session, register, settings, now() + timedelta(days=settings.appeal_days - 1))
    assert len(states(session)) == 1
    operations.retain(session, register, settings, after_objecting(settings))
    assert states(session) == []
    assert "einmaliger" not in everything(app, session)
    assert number_of(session, CommentText, DecisionStatement, ModerationDecision) == [0, 0, 1]


def test_what_waits_is_kept_however_long_it_waits(
    session: Session, settings: Settings, register: Register, write: Write, confirm: Confirm
) -> None:
    write()
    confirm()
    operations.retain(session, register, settings, now() + timedelta(days=3000))
    assert [state for _, state in states(session)] == ["waiting"]


def test_what_somebody_objects_to_is_kept_until_it_is_decided(
    session: Session,
    settings: Settings,
    register: Register,
    second_moderator: Organiser,
    write: Write,
    confirm: Confirm,
    decide: Decide,
) -> None:
    comment = write()
    confirm()
    decide(comment, "reject")
    appeal = moderation.file_appeal(session, settings, comment, "Ich widerspreche.", now())
    assert appeal is not None
    late = after_objecting(settings)
    operations.retain(session, register, settings, late)
    assert number_of(session, Comment, Appeal, DecisionStatement) == [1, 1, 1]
    session.refresh(comment)
    moderation.decide_appeal(
        session, settings, appeal.id, comment.version, "upheld", "Es bleibt dabei.", by=second_moderator.id, now=late
    )
    operations.retain(session, register, settings, late + timedelta(days=1))
    assert number_of(session, Comment, Appeal, DecisionStatement) == [1, 1, 1]
    operations.retain(session, register, settings, late + timedelta(days=settings.appeal_days, minutes=1))
    assert number_of(session, Comment, Appeal, DecisionStatement) == [0, 0, 0]


def test_of_a_public_comment_only_what_was_refused_or_replaced_goes(
    session: Session, settings: Settings, register: Register, published: Write, decide: Decide
) -> None:
    comment = published("Erster Text.")
    comments.edit_comment(session, comment, "Zu scharf.", now())
    session.commit()
    decide(comment, "reject")
    before = version(session)
    operations.retain(session, register, settings, after_objecting(settings))
    session.commit()
    assert (comment.status, comment.published_number, comment.latest_number) == ("published", 1, 1)
    assert texts(session, comment) == {1: "Erster Text."}
    assert version(session) == before
    comments.edit_comment(session, comment, "Neuer Text.", later(days=1))
    session.commit()
    decide(comment, now=later(days=2))
    operations.retain(session, register, settings, after_objecting(settings))
    assert texts(session, comment) == {1: "Erster Text.", 2: "Neuer Text."}
    operations.retain(session, register, settings, after_objecting(settings, hours=49))
    assert texts(session, comment) == {2: "Neuer Text."}


def test_an_old_rejected_comment_with_replies_leaves_its_place(
    session: Session, settings: Settings, register: Register, published: Write, decide: Decide
) -> None:
    parent = published()
    published("Antwort.", to=parent, name="Bo", email="bo@example.org")
    decide(parent, "reject")
    operations.retain(session, register, settings, after_objecting(settings))
    assert states(session) == [(None, "deleted"), ("Bo", "published")]


def test_decided_reports_go_and_open_ones_stay(
    session: Session, settings: Settings, register: Register, book: AddressBook, moderator: Organiser, published: Write
) -> None:
    comment = published()
    waiting = report(session, comment, "rita@example.org", book)
    report(session, comment, "rita@example.org", book, status="dismissed", decided_by_id=moderator.id, decided_at=now())
    operations.retain(session, register, settings, after_objecting(settings))
    assert session.scalars(select(Report.id)).all() == [waiting.id]


def test_retention_leaves_what_is_held(
    session: Session, settings: Settings, register: Register, write: Write, confirm: Confirm, decide: Decide
) -> None:
    comment = write()
    confirm()
    decide(comment, "reject")
    holds.place(session, "comments", comment.id, "claim 1", now())
    operations.retain(session, register, settings, after_objecting(settings))
    assert states(session) == [("Ada Beispiel", "rejected")]
    assert session.scalars(select(Comment.withdrawn_at)).all() == [None], "its author still sees it"
    assert number_of(session, CommentText, DecisionStatement) == [1, 1]


def test_reporters_hear_when_the_comment_is_taken_back(session: Session, book: AddressBook, published: Write) -> None:
    """Law L11: a report is never left without an answer."""
    comment = published()
    report(session, comment, "rita@example.org", book)
    report(session, comment, None, book)
    comments.delete_comment(session, comment, now())
    session.commit()
    told = session.execute(select(OutboxMail.template, OutboxMail.recipient).order_by(OutboxMail.id)).all()
    assert [tuple(row) for row in told if row.template.endswith("report_gone")] == [
        ("discussion/mail/report_gone", "rita@example.org")
    ]
    assert number_of(session, Report) == [0]
