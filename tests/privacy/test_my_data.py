"""`/meine-daten`: see, correct, hide, download, withdraw, erase."""

import csv
import io
import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from portal.clock import now
from portal.config import Settings
from portal.database import Base
from portal.declaration.models import Revision
from portal.mail.models import OutboxMail
from portal.newsletter.models import Delivery
from portal.privacy import holds, operations
from portal.signatures.models import Signature
from portal.signatures.operations import Tally, tally
from tests.browser import Browser
from tests.databases import engine_of
from tests.newsletter.subscribing import add_campaign
from tests.revisions import publish_revision
from tests.signatures.conftest import Sign, mails, people


@pytest.fixture
def link(session: Session, settings: Settings, book: AddressBook, sign: Sign, confirm: Any) -> str:
    """Ada has signed, and this is the link to her data."""
    sign("Ada Beispiel", occupation="Sozialarbeiterin", place="Essen", show_name=True, show_place=True)
    confirm()
    return f"/meine-daten/{operations.link_token(settings, book.identify('ada@example.org').key)}"


@pytest.mark.parametrize("email", ["ada@example.org", "unknown@example.org"])
def test_asking_says_the_same_whoever_asks(browser: Browser, session: Session, link: str, email: str) -> None:
    """No membership leak: known and unknown addresses see one page and get one mail."""
    before = len(mails(session))
    browser.open("/meine-daten")
    page = browser.submit(email=email)
    assert "Schauen Sie in Ihr Postfach" in page.text("h1")
    assert email not in page.text()
    assert mails(session)[before:] == ["privacy/mail/link"]


def test_an_address_gets_only_so_many_links_a_day(browser: Browser, session: Session, settings: Settings) -> None:
    for _ in range(settings.mails_per_address_and_day + 2):
        browser.open("/meine-daten")
        browser.submit(email="ada@example.org")
    assert len(mails(session)) == settings.mails_per_address_and_day


def test_everything_that_is_kept_is_shown(browser: Browser, link: str) -> None:
    page = browser.open(link)
    for text in ("Ada Beispiel", "ada@example.org", "Sozialarbeiterin", "Unterschriften", "Bestätigungen"):
        assert text in page.text()
    assert page.attribute("meta[name=robots]", "content") == "noindex"
    assert page.response.headers["Cache-Control"] == "no-store"


def test_correcting_takes_effect_in_the_list_at_once(browser: Browser, link: str) -> None:
    browser.open("/unterzeichnende")
    browser.open(link)
    browser.follow("Angaben ändern, zeigen oder verbergen")
    page = browser.submit(name="Ada Neu", show_place=False)
    assert "Ada Neu" in page.text()
    assert page.text("main .notice--success") == "Ihre Änderung ist gespeichert."
    assert not browser.open(link).has(".notice--success")
    assert browser.open("/unterzeichnende").texts(".signatories li") == ["Ada Neu"]


def test_a_mistake_in_correcting_keeps_what_was_typed(browser: Browser, link: str) -> None:
    browser.open(link)
    browser.follow("Angaben ändern, zeigen oder verbergen")
    page = browser.submit(name="", place="Dortmund")
    assert page.status == 422
    assert page.title.startswith("Fehler: ")
    assert page.fields()["place"] == "Dortmund"


def test_withdrawing_takes_two_clicks_and_effect_at_once(browser: Browser, session: Session, link: str) -> None:
    """Law L8: the link in the mail is the first click, the button the second."""
    assert "Ada Beispiel" in browser.open("/unterzeichnende").text()
    browser.open(link)
    page = browser.submit("form[action$=zurueckziehen]")
    assert "zurückgezogen" in page.text("h1")
    assert "Ada Beispiel" not in browser.open("/unterzeichnende").text()
    assert tally(session) == Tally(0, 0)
    assert "Ada Beispiel" not in browser.client.get(f"{link}/daten.json").text


def test_the_downloads_hold_the_same_and_are_inert(browser: Browser, session: Session, link: str) -> None:
    """Edge case 11."""
    signature = session.scalars(select(Signature)).one()
    signature.name, signature.organisation = "=cmd|' /C calc'!A0", "@Müller-Özdemir"
    session.commit()
    document = json.loads(browser.client.get(f"{link}/daten.json").text)
    assert document["signatures"][0]["name"] == "=cmd|' /C calc'!A0"
    rows = list(csv.DictReader(io.StringIO(browser.client.get(f"{link}/daten.csv").text.removeprefix("\ufeff"))))
    values = {row["field"]: row["value"] for row in rows if row["table"] == "signatures"}
    assert values["name"] == "'=cmd|' /C calc'!A0"
    assert values["organisation"] == "'@Müller-Özdemir"
    assert {row["table"] for row in rows} == set(document)


def test_the_download_names_letters_also_after_their_reason_is_gone(
    app: Flask, session: Session, settings: Settings, book: AddressBook, link: str
) -> None:
    """Who has put the signature under the new revision is asked no more, and has been asked all the same."""
    publish_revision(session, 2)
    campaign = add_campaign(session, "older-revision", "affirmation")
    signature = session.scalars(select(Signature)).one()
    session.add(
        Delivery(campaign_id=campaign.id, recipient_id=signature.id, language="de", status="sent", ended_at=now())
    )
    segment = app.extensions["segments"]["older-revision"]
    assert session.execute(segment.reachable()).all()
    signature.revision_id = session.scalars(select(Revision.id).where(Revision.number == 2)).one()
    session.flush()
    assert not session.execute(segment.reachable()).all()
    with app.app_context():
        told = operations.export(session, app.extensions["personal_data"], book.identify("ada@example.org").key)
    assert [one["campaign"] for one in told["deliveries"]] == [campaign.id]


def everything(engine: Engine) -> str:
    """Every value of every row."""
    with engine.connect() as connection:
        return repr([tuple(row) for table in Base.metadata.sorted_tables for row in connection.execute(select(table))])


def test_erasing_leaves_no_trace_of_name_and_address(
    app: Flask, browser: Browser, session: Session, sign: Sign, link: str
) -> None:
    """Edge case 10: no column, no queued mail, no cached page."""
    browser.open("/unterzeichnende")
    browser.open("/meine-daten")
    browser.submit(email="Ada@Example.org")
    browser.open(link)
    page = browser.submit("form[action$=loeschen]")
    session.commit()
    left = everything(engine_of(app))
    for trace in ("Ada Beispiel", "ada beispiel", "ada@", "example.org", "Sozialarbeiterin", "127.0.0.1"):
        assert trace not in left
    assert session.scalars(select(OutboxMail.id)).all() == []
    assert "Ada Beispiel" not in browser.open("/unterzeichnende").text()
    assert "Ada" not in page.text()
    assert tally(session) == Tally(0, 0)


def test_a_legal_hold_on_one_record_does_not_stop_another(
    app: Flask, session: Session, browser: Browser, sign: Sign, confirm: Any, link: str
) -> None:
    """Edge case 10."""
    sign("Bo Muster", show_name=True)
    confirm()
    ada = session.scalars(select(Signature).where(Signature.name == "Ada Beispiel")).one()
    holds.place(session, "signatures", ada.id, "claim 1", now())
    session.commit()
    browser.open(link)
    browser.submit("form[action$=loeschen]")
    assert people(session) == [("Ada Beispiel", "withdrawn")]
    assert tally(session) == Tally(0, 0)
    assert browser.open("/unterzeichnende").texts(".signatories li") == []
    holds.lift(session, "signatures", ada.id)
    operations.retain(session, app.extensions["personal_data"], app.extensions["settings"], now())
    assert people(session) == []


def test_an_unsalted_hash_of_the_address_is_kept_nowhere(app: Flask, session: Session, link: str) -> None:
    """Edge case 10: the key of an address cannot be made without the installation's secret."""
    import hashlib

    left = everything(engine_of(app))
    for kind in ("md5", "sha1", "sha256", "sha512"):
        assert hashlib.new(kind, b"ada@example.org").hexdigest() not in left


def test_the_proof_goes_when_its_time_is_over(
    app: Flask, session: Session, settings: Settings, browser: Browser, link: str
) -> None:
    """Law L10."""
    from datetime import timedelta

    from portal.optin.models import OptIn

    browser.open(link)
    browser.submit("form[action$=loeschen]")
    session.commit()
    register = app.extensions["personal_data"]
    operations.retain(session, register, settings, now() + timedelta(days=365 * settings.proof_years - 1))
    assert session.scalars(select(OptIn.email)).all() == [None]
    operations.retain(session, register, settings, now() + timedelta(days=365 * settings.proof_years + 1))
    assert session.scalars(select(OptIn)).all() == []


def test_nobody_reaches_the_signature_of_another(
    browser: Browser, session: Session, settings: Settings, book: AddressBook, sign: Sign, confirm: Any, link: str
) -> None:
    sign("Bo Muster", email="bo@example.org")
    confirm()
    bo = session.scalars(select(Signature.id).where(Signature.name == "Bo Muster")).one()
    assert browser.client.get(f"{link}/unterschrift/{bo}").status_code == 404
    browser.open(link)
    token = browser.page.attribute("input[name=csrf_token]", "value")
    answer = browser.client.post(f"{link}/unterschrift/{bo}/zurueckziehen", data={"csrf_token": token})
    assert answer.status_code == 404
    assert ("Bo Muster", "confirmed") in people(session)


def test_the_privacy_page_names_every_table(browser: Browser, app: Flask) -> None:
    """Law L2."""
    page = browser.open("/datenschutz")
    for entry in app.extensions["personal_data"]:
        with app.test_request_context("/"):
            assert str(entry.purpose) in page.text()
            assert str(entry.retention) in page.text()
