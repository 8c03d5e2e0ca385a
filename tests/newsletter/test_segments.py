"""Whom campaigns can go to: only people who have confirmed, each once, and only while that is so."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, literal, select, text
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from portal.clock import now
from portal.config import Settings
from portal.declaration.models import Revision
from portal.newsletter import audiences
from portal.newsletter.models import Delivery
from portal.signatures import operations
from portal.signatures.models import Signature
from portal.subscribers.segments import Segment
from tests.newsletter.conftest import subscribed
from tests.newsletter.subscribing import add_campaign
from tests.revisions import publish_revision
from tests.signatures.conftest import Sign, book, confirm, revision, sign

__all__ = ["book", "confirm", "revision", "sign"]

Signed = Callable[..., int]


@pytest.fixture
def signed(session: Session, sign: Sign, confirm: Any, book: AddressBook) -> Signed:
    """Signs and confirms; the number of the signature."""

    def act(name: str, email: str, **details: Any) -> int:
        sign(name, email, **details)
        confirm()
        mine = select(Signature.id).where(Signature.address_key == book.identify(email).key, Signature.name == name)
        return session.scalars(mine).one()

    return act


@pytest.fixture
def offered(app: Flask) -> Callable[[str], Segment]:
    """A segment of the application."""

    def find(name: str) -> Segment:
        found: Segment = app.extensions["segments"][name]
        return found

    return find


def people(session: Session, segment: Segment, **narrowed: str) -> list[tuple[int, str]]:
    return sorted((row[0], row[1]) for row in session.execute(segment.people(narrowed)))


def reachable(session: Session, segment: Segment) -> list[tuple[int, str, str | None]]:
    return sorted((row[0], row[2], row[3]) for row in session.execute(segment.reachable()))


def test_subscribers_are_those_who_have_confirmed(app: Flask, session: Session, offered: Any) -> None:
    ada = subscribed(app, session, "ada@example.org", "de", "Ada")
    bo = subscribed(app, session, "bo@example.org", "en")
    pending = subscribed(app, session, "cem@example.org")
    pending.status, pending.confirmed_at = "pending", None
    session.flush()
    segment = offered("subscribers")
    assert people(session, segment) == [(ada.id, "de"), (bo.id, "en")]
    assert people(session, segment, language="en") == [(bo.id, "en")]
    assert reachable(session, segment) == [(ada.id, "ada@example.org", "Ada"), (bo.id, "bo@example.org", None)]
    assert segment.end(session, ada.id, now()) is True
    assert segment.end(session, ada.id, now()) is False
    assert people(session, segment) == [(bo.id, "en")]


def test_signatories_are_subscribers_with_a_valid_signature_each_mailbox_once(
    app: Flask, session: Session, signed: Signed, sign: Sign, offered: Any
) -> None:
    signed("Ada Beispiel", "ada@example.org", field="school", state="NW")
    signed("Bo Beispiel", "ada@example.org", field="health", state="BE")
    signed("Nur Unterschrift", "cem@example.org", field="school", state="NW")
    held = signed("Zurückgestellt", "held@example.org", field="school")
    sign("Unbestätigt", "open@example.org", field="school")
    ada = subscribed(app, session, "ada@example.org", "en", "Ada").id
    for email in ("held@example.org", "open@example.org", "nur-newsletter@example.org"):
        subscribed(app, session, email)
    operations.hold_signature(session, session.get_one(Signature, held), "doubt", now())
    segment = offered("signatories")
    assert people(session, segment) == [(ada, "en")]
    assert people(session, segment, field="health", state="BE") == [(ada, "en")]
    assert people(session, segment, field="health", state="NW") == [], "no one of the mailbox is both"
    assert people(session, segment, revision="1") == [(ada, "en")]
    assert people(session, segment, revision="2") == []
    assert reachable(session, segment) == [(ada, "ada@example.org", "Ada")]
    assert segment.end(session, ada, now()) is True
    assert people(session, segment) == []
    assert session.scalars(select(Signature.status).where(Signature.name == "Ada Beispiel")).one() == "confirmed"


def test_older_revision_is_each_valid_signature_under_one(
    session: Session, signed: Signed, sign: Sign, offered: Any, revision: Revision
) -> None:
    ada = signed("Ada Beispiel", "ada@example.org")
    bo = signed("Bo Beispiel", "ada@example.org")
    held = signed("Zurückgestellt", "held@example.org")
    sign("Unbestätigt", "open@example.org")
    operations.hold_signature(session, session.get_one(Signature, held), "doubt", now())
    segment = offered("older-revision")
    assert people(session, segment) == [], "nobody is asked about the revision that she has signed"
    newer = publish_revision(session, 2)
    assert people(session, segment) == [(ada, "de"), (bo, "de")]
    assert reachable(session, segment) == [
        (ada, "ada@example.org", "Ada Beispiel"),
        (bo, "ada@example.org", "Bo Beispiel"),
    ]
    session.get_one(Signature, ada).revision_id = newer.id
    session.flush()
    assert [row[0] for row in reachable(session, segment)] == [bo], "who has affirmed is not asked any more"


def test_each_segment_can_be_frozen_in_one_statement(app: Flask, session: Session, settings: Settings) -> None:
    """Its people stand inside INSERT … SELECT, and are asked for by number."""
    publish_revision(session)
    campaign = add_campaign(session)
    everything = {"language": "de", "revision": "1", "field": "school", "state": "NW"}
    for segment in app.extensions["segments"].values():
        rows = segment.people(everything).subquery()
        statement = select(literal(campaign.id), rows.c[0], rows.c[1]).select_from(rows)
        frozen = insert(Delivery).from_select(
            ["campaign_id", "recipient_id", "language", "status", "attempts"],
            statement.add_columns(literal("pending"), literal(0)),
            include_defaults=False,
        )
        session.execute(frozen)
        asked = segment.reachable()
        session.execute(asked.where(asked.selected_columns[0].in_([1, 2])))


def test_the_choices_that_narrow_a_segment_have_words(app: Flask, session: Session) -> None:
    publish_revision(session)
    with app.test_request_context("/"):
        for segment in app.extensions["segments"].values():
            assert str(segment.label)
            assert str(segment.why).startswith("Alle in dieser Auswahl "), "it is an organiser who reads it"
            for one in segment.narrowings:
                choices = [(value, str(label)) for value, label in one.choices(session)]
                assert choices, one.name
                assert all(value and label for value, label in choices), one.name


def test_a_segment_is_narrowed_only_by_what_it_offers(session: Session, offered: Any) -> None:
    given = {"language": "fr", "state": "NW"}
    assert audiences.narrowings(session, offered("subscribers"), given) == {}
    assert audiences.narrowings(session, offered("subscribers"), given | {"language": "en"}) == {"language": "en"}


@pytest.mark.one_database  # a small table is read whole by PostgreSQL, and rightly so
def test_reaching_a_few_reads_a_few_rows(app: Flask, session: Session) -> None:
    """The plan goes by number, whatever the size of the table."""
    for segment in app.extensions["segments"].values():
        asked = segment.reachable()
        asked = asked.where(asked.selected_columns[0].in_([1, 2]))
        sql = asked.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        plan = [row[3] for row in session.execute(text(f"EXPLAIN QUERY PLAN {sql}"))]
        outer = next(step for step in plan if "subscriptions" in step or "signatures" in step)
        assert "INTEGER PRIMARY KEY" in outer, plan
        assert not any(step.startswith(("SCAN subscriptions", "SCAN signatures")) for step in plan)
