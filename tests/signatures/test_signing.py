"""Who may sign, how often, and when a signature counts."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from portal.clock import now
from portal.config import Settings
from portal.declaration.models import Revision
from portal.mail.models import OutboxMail
from portal.optin.models import OptIn, ProofEntry
from portal.optin.operations import Unknown
from portal.signatures import operations
from portal.signatures.models import Signature, SignatureTally
from portal.signatures.operations import PURPOSE, Entry, NameTaken, Tally, name_key
from tests.conftest import MakeApp
from tests.signatures.conftest import CONSENT, Sign, later, mails, newest_link, people

Confirm = Callable[..., OptIn]
WAITING = {"status": "pending", "confirmed_at": None}


def test_nobody_counts_before_confirming(session: Session, sign: Sign) -> None:
    """Edge case 7."""
    sign(show_name=True)
    assert people(session) == [("Ada Beispiel", "pending")]
    assert operations.tally(session) == Tally(0, 0)
    assert operations.page_of_listed(session) == ([], None)


def test_confirming_counts_once_and_thanks_once(
    session: Session, settings: Settings, sign: Sign, confirm: Confirm
) -> None:
    sign(show_name=True)
    link = newest_link(session, settings)
    confirm(link)
    confirm(link)
    assert operations.tally(session) == Tally(1, 1)
    assert mails(session) == ["signatures/mail/confirm", "signatures/mail/confirmed"]


def test_spellings_of_one_mailbox_are_one_person(session: Session, sign: Sign, confirm: Confirm) -> None:
    """Edge case 4, in sequence."""
    sign(email="A.b+x@gmail.com")
    sign(email="ab@googlemail.com")
    confirm()
    sign(email="AB@gmail.com")
    assert people(session) == [("Ada Beispiel", "confirmed")]


def test_a_duplicate_is_told_by_mail_to_the_owner(session: Session, sign: Sign, confirm: Confirm) -> None:
    """Edge case 5."""
    sign("Ada Beispiel")
    confirm()
    sign("ADA  BEISPIEL")
    assert mails(session)[-1] == "signatures/mail/already"
    assert operations.tally(session) == Tally(1, 0)


def test_a_second_person_of_a_mailbox_may_sign_and_a_third_may_not(
    session: Session, sign: Sign, confirm: Confirm
) -> None:
    """Edge case 6."""
    for name in ("Ada Beispiel", "Bo Muster"):
        sign(name)
        confirm()
    sign("Cem Dritter")
    assert people(session) == [("Ada Beispiel", "confirmed"), ("Bo Muster", "confirmed")]
    assert mails(session)[-1] == "signatures/mail/full"
    sign("Bo Muster", at=later(hours=25))
    assert mails(session)[-1] == "signatures/mail/already"


def test_signing_again_while_pending_mails_the_new_name_and_kills_the_old_link(
    session: Session, settings: Settings, sign: Sign, confirm: Confirm
) -> None:
    """Edge case 6."""
    sign("Falscher Name")
    old = newest_link(session, settings)
    sign("Richtiger Name")
    contexts = session.scalars(select(OutboxMail.context).order_by(OutboxMail.id)).all()
    assert [context and context["name"] for context in contexts] == ["Falscher Name", "Richtiger Name"]
    with pytest.raises(Unknown):
        confirm(old)
    session.rollback()
    confirm()
    assert people(session) == [("Richtiger Name", "confirmed")]


def test_an_address_gets_only_so_many_mails_a_day(session: Session, settings: Settings, sign: Sign) -> None:
    """Edge case 5."""
    for number in range(settings.mails_per_address_and_day + 3):
        sign(f"Name {'abcdefghij'[number]}")
    assert len(mails(session)) == settings.mails_per_address_and_day
    assert people(session) == [("Name e", "pending")], "a sign-up beyond the limit must not replace one that was mailed"
    sign("Am nächsten Tag", at=later(hours=25))
    assert people(session) == [("Am nächsten Tag", "pending")]


@pytest.mark.parametrize(
    ("there", "wrong"),
    [
        pytest.param({}, {"slot": 2}, id="one person of a mailbox twice"),
        pytest.param({}, {"name_key": "bo"}, id="two persons in one place"),
        pytest.param({}, {"name_key": "bo", "slot": 3}, id="a third place"),
        pytest.param(WAITING, {**WAITING, "name_key": "bo", "slot": 2}, id="two who have not confirmed"),
        pytest.param({}, {"address_key": "l", "confirmed_at": None}, id="confirmed at no time"),
        pytest.param({}, {"address_key": "l", "status": "whatever"}, id="an unknown status"),
        pytest.param({}, {"address_key": "l", "name": ""}, id="nobody"),
        pytest.param({}, {"address_key": "l", "held_at": now()}, id="held for no reason"),
    ],
)
def test_the_database_itself_refuses(
    session: Session, revision: Revision, there: dict[str, Any], wrong: dict[str, Any]
) -> None:
    """Edge case 4: whatever the code does, these rows cannot be."""
    row = {
        "revision_id": revision.id,
        "status": "confirmed",
        "address_key": "k",
        "slot": 1,
        "email": "ada@example.org",
        "language": "de",
        "name": "Ada",
        "name_key": "ada",
        "show_name": False,
        "show_occupation": False,
        "show_organisation": False,
        "show_place": False,
        "search_text": "",
        "newsletter": False,
        "requested_at": now(),
        "confirmed_at": now(),
    }
    session.add(Signature(**{**row, **there}))
    session.flush()
    session.add(Signature(**{**row, **wrong}))
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()


@pytest.mark.parametrize("wanted", [False, True])
def test_wanting_news_enrols_nobody_and_is_no_part_of_signing(
    session: Session, settings: Settings, revision: Revision, book: AddressBook, confirm: Confirm, wanted: bool
) -> None:
    """Edge case 7: the only thing that confirming confirms is the signature. A wish leads to a question of its own."""
    operations.request_signature(
        session,
        settings,
        revision,
        book.identify("ada@example.org"),
        Entry("Ada Beispiel"),
        newsletter=wanted,
        consents=[CONSENT],
        language="de",
        now=now(),
    )
    confirm()
    assert session.scalars(select(Signature.newsletter)).all() == [wanted]
    asked = {request.purpose: request.status for request in session.scalars(select(OptIn))}
    assert asked == {"signature": "confirmed"} | ({"newsletter": "pending"} if wanted else {})
    further = ["subscribers/mail/confirm"] if wanted else []
    assert mails(session) == ["signatures/mail/confirm", "signatures/mail/confirmed", *further]


@pytest.mark.parametrize(("days", "counts"), [(6, 1), (8, 0)])
def test_confirming_after_closing_counts_in_the_grace_period_only(
    make_app: MakeApp, session: Session, sign: Sign, days: int, counts: int
) -> None:
    """Edge case 12."""
    sign()
    closed: Settings = make_app(signing_closes_at=later(hours=1), signing_grace_days=7, optin_days=30).extensions[
        "settings"
    ]
    session.execute(update(OptIn).values(expires_at=later(days=30)))
    link = newest_link(session, closed)
    moment = later(days=days, hours=1)
    operations_confirm(session, closed, link, moment)
    assert operations.tally(session) == Tally(counts, 0)


def operations_confirm(session: Session, settings: Settings, link: str, moment: datetime) -> None:
    from portal.optin.operations import confirm as confirm_link

    confirm_link(session, settings, {PURPOSE.name: PURPOSE}, link, moment)
    session.commit()


def test_withdrawing_leaves_nothing_but_a_proof_without_name_and_address(
    session: Session, sign: Sign, confirm: Confirm
) -> None:
    """Law L8 and L10."""
    sign(show_name=True)
    confirm()
    operations.withdraw_signature(session, session.scalars(select(Signature)).one(), later())
    session.commit()
    assert operations.tally(session) == Tally(0, 0)
    assert people(session) == []
    proof = session.scalars(select(OptIn)).one()
    assert proof.email is None
    assert proof.withdrawn_at is not None
    events = list(session.scalars(select(ProofEntry.event).order_by(ProofEntry.id)))
    assert events == ["requested", "consented", "confirmed", "withdrawn"]
    assert mails(session)[-1] == "signatures/mail/withdrawn"


def test_one_may_sign_again_after_withdrawing(session: Session, sign: Sign, confirm: Confirm) -> None:
    sign()
    confirm()
    operations.withdraw_signature(session, session.scalars(select(Signature)).one(), later())
    sign()
    confirm()
    assert operations.tally(session) == Tally(1, 0)


def test_a_held_signature_counts_only_when_it_is_released(session: Session, sign: Sign, confirm: Confirm) -> None:
    """Edge case 9."""
    sign(show_name=True, held_reason="suspicious")
    confirm()
    assert operations.tally(session) == Tally(0, 0)
    assert operations.page_of_listed(session)[0] == []
    operations.release_signature(session, session.scalars(select(Signature)).one())
    session.commit()
    assert operations.tally(session) == Tally(1, 1)


def test_correcting_changes_list_counter_and_proof(session: Session, sign: Sign, confirm: Confirm) -> None:
    sign(show_name=True, place="Essen")
    confirm()
    signature = session.scalars(select(Signature)).one()
    operations.correct_signature(session, signature, Entry("Ada Neu", place="Essen"), [], later())
    session.commit()
    assert operations.tally(session) == Tally(1, 0)
    entry = session.scalars(select(ProofEntry).where(ProofEntry.event == "corrected")).one()
    assert entry.detail == "name, show_name"
    assert session.scalar(select(func.count()).where(ProofEntry.event == "revoked")) == 1


def test_nobody_takes_the_name_of_the_other_person_of_the_mailbox(
    session: Session, sign: Sign, confirm: Confirm
) -> None:
    for name in ("Ada Beispiel", "Bo Muster"):
        sign(name)
        confirm()
    bo = session.scalars(select(Signature).where(Signature.name == "Bo Muster")).one()
    with pytest.raises(NameTaken):
        operations.correct_signature(session, bo, Entry("ada beispiel"), [], later())


def test_the_proof_cannot_be_rewritten(session: Session, sign: Sign) -> None:
    """Law L3."""
    sign()
    with pytest.raises(Exception, match="append-only"):
        session.execute(update(ProofEntry).values(event="confirmed"))
    session.rollback()


def test_the_counter_is_mended_when_it_has_drifted(
    session: Session, sign: Sign, confirm: Confirm, caplog: pytest.LogCaptureFixture
) -> None:
    """Edge case 8."""
    sign()
    confirm()
    operations.reconcile(session)
    assert not caplog.records
    session.execute(update(SignatureTally).values(valid=7))
    operations.reconcile(session)
    assert operations.tally(session) == Tally(1, 0)
    assert [record.message for record in caplog.records] == ["counter_drift"]


@pytest.mark.parametrize("column", ["valid", "listed"])
def test_the_counter_is_never_negative(session: Session, column: str) -> None:
    """Edge case 8."""
    with pytest.raises(IntegrityError):
        session.execute(update(SignatureTally).values({column: -1}))
    session.rollback()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Müller-Özdemir", "MÜLLER ÖZDEMIR", True),
        ("O'Neill", "O’Neill", True),
        ("Søren ẞ", "søren ss", True),
        ("Ada Beispiel", "Ida Beispiel", False),
        ("李娜", "王芳", False),
    ],
)
def test_names_are_compared_as_people_read_them(one: str, other: str, same: bool) -> None:
    assert (name_key(one) == name_key(other)) is same


def test_the_list_can_only_be_searched_by_what_it_shows(session: Session, sign: Sign, confirm: Confirm) -> None:
    sign("Ada Beispiel", occupation="Streetworkerin", field="youth_work", place="Essen", state="NW", show_name=True)
    confirm()
    for hidden in ({"search": "streetworkerin"}, {"search": "essen"}, {"field": "youth_work"}, {"state": "NW"}):
        assert operations.page_of_listed(session, **hidden)[0] == [], hidden  # type: ignore[arg-type]
    assert [one.name for one in operations.page_of_listed(session, search="ada BEI")[0]] == ["Ada Beispiel"]


def test_a_percent_sign_is_no_wildcard(session: Session, sign: Sign, confirm: Confirm) -> None:
    sign("Ada Beispiel", show_name=True)
    confirm()
    assert operations.page_of_listed(session, search="%")[0] == []


def test_pages_of_the_list_follow_each_other_without_gap_or_double(
    session: Session, sign: Sign, confirm: Confirm
) -> None:
    for letter in "abcde":
        sign(f"Name {letter}", email=f"{letter}@example.org", show_name=True)
        confirm()
    seen, before = [], None
    while True:
        found, before = operations.page_of_listed(session, before=before, size=2)
        seen += [one.name for one in found]
        if before is None:
            break
    assert seen == [f"Name {letter}" for letter in "edcba"]
