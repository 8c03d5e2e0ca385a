"""The one double opt-in: expiry, reminders, declining, and its proof."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from portal.clock import now
from portal.config import Settings
from portal.mail.models import OutboxMail
from portal.optin import operations
from portal.optin.models import OptIn, ProofEntry
from portal.privacy.operations import link_token
from portal.signatures.models import Signature
from portal.signatures.operations import PURPOSE
from tests.conftest import MakeApp
from tests.signatures.conftest import Sign, later, mails, newest_link, people

PURPOSES = {PURPOSE.name: PURPOSE}


def test_what_is_not_confirmed_in_time_leaves_no_trace(
    session: Session, settings: Settings, sign: Sign, confirm: Callable[..., OptIn]
) -> None:
    """Law L10: signature, request, proof and mails are gone; what was confirmed stays."""
    sign("Ada Beispiel")
    confirm()
    sign("Bo Muster", email="bo@example.org")
    assert operations.expire(session, PURPOSES, later(days=settings.optin_days, minutes=-1)) == 0
    assert operations.expire(session, PURPOSES, later(days=settings.optin_days, minutes=1)) == 1
    session.commit()
    assert people(session) == [("Ada Beispiel", "confirmed")]
    assert session.scalars(select(OptIn.status)).all() == ["confirmed"]
    ada = session.scalars(select(OptIn.address_key)).one()
    assert set(session.scalars(select(OutboxMail.address_key))) == {ada}


def test_the_command_does_the_same(app: Flask, session: Session, sign: Sign) -> None:
    sign(at=later(days=-8))
    session.commit()
    result = app.test_cli_runner().invoke(args=["optin", "purge"])
    assert result.exit_code == 0
    assert people(session) == []


@pytest.mark.parametrize("wanted", [0, 1, 2])
def test_reminders_are_sent_as_often_as_the_operator_wants(
    make_app: MakeApp, session: Session, sign: Sign, wanted: int
) -> None:
    settings: Settings = make_app(optin_reminders=wanted).extensions["settings"]
    sign()
    for hours in (47, 49, 98, 147):
        operations.remind(session, settings, PURPOSES, later(hours=hours))
        session.commit()
    posted = session.scalars(select(OutboxMail).order_by(OutboxMail.id)).all()
    assert len(posted) == 1 + wanted
    assert [bool(mail.context and mail.context["reminder"]) for mail in posted] == [False] + [True] * wanted


def test_by_default_nobody_is_reminded(settings: Settings) -> None:
    assert settings.optin_reminders == 0


def test_declining_removes_the_request_and_the_link_says_so(
    session: Session, settings: Settings, sign: Sign, confirm: Callable[..., OptIn]
) -> None:
    sign()
    link = newest_link(session, settings)
    operations.decline(session, settings, PURPOSES, link, now())
    session.commit()
    assert people(session) == []
    assert confirm(link).status == "declined"
    assert people(session) == []
    operations.expire(session, PURPOSES, later(days=settings.optin_days, minutes=1))
    session.commit()
    assert session.scalars(select(OptIn.id)).all() == []


def test_what_is_confirmed_is_not_declined_any_more(
    session: Session, settings: Settings, sign: Sign, confirm: Callable[..., OptIn]
) -> None:
    sign()
    link = newest_link(session, settings)
    confirm(link)
    assert operations.decline(session, settings, PURPOSES, link, now()).status == "confirmed"
    assert people(session) == [("Ada Beispiel", "confirmed")]


def test_an_address_has_one_open_request_for_a_purpose(session: Session, sign: Sign) -> None:
    sign()
    first = session.scalars(select(OptIn)).one()
    columns = {column.key: getattr(first, column.key) for column in OptIn.__table__.columns if column.key != "id"}
    session.add(OptIn(**columns))
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()


def test_the_link_of_somebody_who_withdrew_shows_nobody_else(
    app: Flask, session: Session, settings: Settings, sign: Sign, confirm: Callable[..., OptIn]
) -> None:
    """A number that was hers is not given to another person, on either database."""
    from portal.signatures.operations import withdraw_signature

    sign("Ada Beispiel")
    link = newest_link(session, settings)
    confirm(link)
    withdraw_signature(session, session.scalars(select(Signature)).one(), now())
    session.commit()
    sign("Bo Muster", email="bo@example.org")
    confirm()
    page = app.test_client().get(f"/bestaetigen/{link}").text
    assert "zurückgezogen" in page
    assert "Bo Muster" not in page
    proofs = session.scalars(select(OptIn.subject)).all()
    assert len(set(proofs)) == len(proofs)


def test_the_proof_says_when_and_to_which_link(session: Session, settings: Settings, sign: Sign) -> None:
    """Law L3: the token itself is kept nowhere."""
    import hashlib

    sign()
    entry = session.scalars(select(ProofEntry).where(ProofEntry.event == "requested")).one()
    link = newest_link(session, settings)
    assert entry.token_sha256 == hashlib.sha256(link.encode()).hexdigest()
    assert abs(entry.at - now()) < timedelta(minutes=1)
    assert mails(session) == ["signatures/mail/confirm"]
    context = session.scalars(select(OutboxMail.context)).one()
    assert link not in str(context)


@pytest.mark.parametrize("encoding", ["multipart/form-data", "application/x-www-form-urlencoded"])
def test_a_link_takes_a_post_in_either_encoding_without_cookie_or_token(
    app: Flask, session: Session, settings: Settings, sign: Sign, encoding: str
) -> None:
    """Edge case 3: what a mail program sends for its reader, once or often."""
    sign()
    link = f"/bestaetigen/{newest_link(session, settings)}"
    session.commit()
    for _ in range(2):
        answer = app.test_client(use_cookies=False).post(link, data={"whatever": "One-Click"}, content_type=encoding)
        assert answer.status_code == 303
    assert people(session) == [("Ada Beispiel", "confirmed")]


def test_the_link_to_ones_data_is_good_for_years(
    app: Flask, session: Session, settings: Settings, book: AddressBook, sign: Sign, confirm: Callable[..., OptIn]
) -> None:
    """Edge case 3: withdrawing works with the link in a mail of two years ago."""
    sign(at=later(days=-730))
    confirm(at=later(days=-729))
    link = f"/meine-daten/{link_token(settings, book.identify('ada@example.org').key)}"
    assert "Ada Beispiel" in app.test_client().get(link).text
