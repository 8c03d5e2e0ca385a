"""Agree, disagree or unsure: one sheet for each address, and numbers only where enough have spoken."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from portal.clock import now
from portal.config import Settings
from portal.declaration.models import Revision
from portal.discussion import positions
from portal.discussion.models import AGREE, DISAGREE, UNSURE, Position, PositionSheet
from portal.discussion.positions import PURPOSE, SHOWN_FROM
from portal.optin import operations as optin
from portal.optin.models import OptIn
from portal.privacy.operations import link_token
from tests.browser import Browser
from tests.discussion.conftest import CONSENT, at_once, mails, newest_link, publish_theses
from tests.discussion.written import NOON

Take = Callable[..., None]


@pytest.fixture
def take(session: Session, settings: Settings, revision: Revision, book: AddressBook) -> Take:
    """Asks for positions to be counted; `thesis=stance`."""

    def ask(email: str = "ada@example.org", of: Revision | None = None, **stances: str) -> None:
        positions.request_positions(
            session,
            settings,
            of or revision,
            book.identify(email),
            stances,
            consents=[CONSENT],
            language="de",
            now=now(),
        )
        session.commit()

    return ask


@pytest.fixture
def confirm(session: Session, settings: Settings) -> Callable[..., None]:
    def follow(link: str | None = None) -> None:
        optin.confirm(session, settings, {PURPOSE.name: PURPOSE}, link or newest_link(session, settings), now())
        session.commit()

    return follow


def crowd(session: Session, revision: Revision, number: int, **stances: str) -> None:
    """So many people who have taken these positions."""
    keys = {thesis.key: thesis.id for thesis in revision.theses}
    taken = len(session.scalars(select(PositionSheet.id)).all())
    session.add_all(
        PositionSheet(
            revision_id=revision.id,
            status="confirmed",
            address_key=f"key {one}",
            email=f"person{one}@example.org",
            language="de",
            requested_at=NOON,
            confirmed_at=NOON,
            positions=[Position(thesis_id=keys[key], stance=stance) for key, stance in stances.items()],
        )
        for one in range(taken, taken + number)
    )
    session.commit()


def confirmed(session: Session) -> list[dict[str, str]]:
    """The confirmed sheets: thesis key → stance."""
    session.commit()
    sheets = session.scalars(
        select(PositionSheet).where(PositionSheet.status == "confirmed").order_by(PositionSheet.id)
    )
    return [{thesis.key: stance for thesis, stance in positions.stances_of(sheet)} for sheet in sheets]


def test_from_the_form_to_a_counted_position(
    browser: Browser, session: Session, settings: Settings, revision: Revision
) -> None:
    crowd(session, revision, SHOWN_FROM - 1, ort=AGREE)
    browser.open("/standpunkte")
    browser.follow("Stellung nehmen")
    fields: dict[str, Any] = {"these-ort": DISAGREE, "these-zeit": UNSURE, "email": "ada@example.org", "consent": True}
    page = browser.submit(**fields)
    assert page.path == "/diskussion/postfach/standpunkte"
    assert "erst dann zählen" in page.text(".lead").lower()
    assert mails(session) == ["confirm_positions"]
    assert not browser.open("/standpunkte").has("svg")
    page = browser.open(f"/bestaetigen/{newest_link(session, settings)}")
    assert page.status == 200, page.text()
    assert page.texts("dd") == ["Ich stimme nicht zu", "Ich bin unentschieden"]
    page = browser.submit()
    assert "zählen jetzt mit" in page.text(".lead")
    page = browser.open("/standpunkte")
    assert page.texts(".position table td") == ["9", "1", "0"]
    assert page.text(".chart__description").startswith("10 Menschen haben Stellung genommen")
    assert [notice for notice in page.texts(".position .notice") if notice == "Zahlen zeigen wir ab 10 Stimmen."]


@pytest.mark.parametrize("language", ["/standpunkte", "/en/positions"])
def test_below_ten_no_number_is_told_in_any_way(
    browser: Browser, session: Session, revision: Revision, language: str
) -> None:
    empty = browser.open(language).response.text
    crowd(session, revision, SHOWN_FROM - 1, ort=AGREE, technik=DISAGREE)
    browser.client.application.extensions["page_cache"].pages.clear()
    assert browser.open(language).response.text == empty


def test_ten_for_one_thesis_tell_nothing_of_the_others(browser: Browser, session: Session, revision: Revision) -> None:
    crowd(session, revision, SHOWN_FROM, ort=AGREE)
    alone = browser.open("/standpunkte").response.text
    for one, key in enumerate(("technik", "zeit")):
        sheet = session.scalars(select(PositionSheet)).all()[one]
        thesis = revision.thesis(key)
        assert thesis is not None
        sheet.positions.append(Position(thesis_id=thesis.id, stance=UNSURE))
    session.commit()
    browser.client.application.extensions["page_cache"].pages.clear()
    assert browser.open("/standpunkte").response.text == alone


def test_one_address_has_one_sheet_and_changes_it(session: Session, take: Take, confirm: Any) -> None:
    take("a.d.a+x@gmail.com", ort=AGREE, technik=AGREE)
    confirm()
    take("ada@gmail.com", ort=DISAGREE, zeit=UNSURE)
    assert confirmed(session) == [{"ort": AGREE, "technik": AGREE}], "nothing changes before it is confirmed"
    confirm()
    assert confirmed(session) == [{"ort": DISAGREE, "technik": AGREE, "zeit": UNSURE}]
    assert len(session.scalars(select(PositionSheet)).all()) == 1


def test_what_waits_is_replaced_and_its_link_is_dead(
    session: Session, settings: Settings, take: Take, confirm: Any
) -> None:
    take(ort=AGREE)
    old = newest_link(session, settings)
    take(ort=DISAGREE)
    with pytest.raises(optin.Unknown):
        confirm(old)
    session.rollback()
    confirm()
    assert confirmed(session) == [{"ort": DISAGREE}]


def test_the_same_within_minutes_is_not_mailed_twice(session: Session, take: Take) -> None:
    take(ort=AGREE)
    take(ort=AGREE)
    assert mails(session) == ["confirm_positions"]


def test_nobody_is_mailed_more_than_a_day_may_bring(session: Session, settings: Settings, take: Take) -> None:
    for number in range(settings.mails_per_address_and_day + 3):
        take(ort=[AGREE, DISAGREE][number % 2])
    assert len(mails(session)) == settings.mails_per_address_and_day


def test_another_revision_has_sheets_of_its_own(session: Session, take: Take, confirm: Any) -> None:
    take(ort=AGREE)
    confirm()
    second = publish_theses(session, 2)
    take(of=second, ort=DISAGREE)
    confirm()
    assert confirmed(session) == [{"ort": AGREE}, {"ort": DISAGREE}]


def test_what_nobody_confirms_is_removed(session: Session, settings: Settings, take: Take) -> None:
    take(ort=AGREE)
    optin.expire(session, {PURPOSE.name: PURPOSE}, now() + timedelta(days=settings.optin_days + 1))
    session.commit()
    assert session.scalars(select(PositionSheet)).all() == []
    assert session.scalars(select(Position)).all() == []


def test_that_was_not_me(browser: Browser, session: Session, settings: Settings, take: Take) -> None:
    take(ort=AGREE)
    browser.open(f"/bestaetigen/{newest_link(session, settings)}/ablehnen")
    browser.submit()
    session.commit()
    assert session.scalars(select(PositionSheet)).all() == []


def test_many_at_once_are_one_sheet(app: Flask, session: Session, settings: Settings, take: Take) -> None:
    """With real threads, on both databases."""
    take(ort=AGREE)
    link = newest_link(session, settings)
    session.commit()
    del app.extensions["test_session"]
    try:
        answers = at_once(lambda _number: app.test_client().post(f"/bestaetigen/{link}").status_code, 8)
    finally:
        app.extensions["test_session"] = session
    assert set(answers) == {303}
    assert confirmed(session) == [{"ort": AGREE}]


def test_they_are_taken_back_under_my_data(
    browser: Browser, session: Session, settings: Settings, revision: Revision, take: Take, confirm: Any
) -> None:
    crowd(session, revision, SHOWN_FROM - 1, ort=AGREE)
    take(ort=AGREE)
    confirm()
    assert browser.open("/standpunkte").has("svg")
    key = session.scalars(select(OptIn.address_key)).one()
    page = browser.open(f"/meine-daten/{link_token(settings, key)}")
    assert "Ort der Arbeit" in page.text() or "These 1" in page.text()
    browser.submit(form='form[action$="/loeschen"]')
    assert not browser.open("/standpunkte").has("svg"), "the numbers are true at once"
    assert len(confirmed(session)) == SHOWN_FROM - 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({}, "Bitte wählen Sie bei mindestens einer These aus"),
        ({"these-ort": "love"}, "Diese Auswahl kennen wir nicht."),
        ({"these-ort": AGREE, "email": "ada@"}, "keine vollständige E-Mail-Adresse"),
        ({"these-ort": AGREE, "consent": False}, "Bitte setzen Sie das Häkchen."),
        ({"these-ort": AGREE, "website": "x"}, "lassen Sie es leer"),
        ({"these-ort": AGREE, "csrf_token": ""}, "noch einmal ab"),
    ],
)
def test_mistakes_are_named_and_all_is_kept(
    browser: Browser, session: Session, revision: Revision, wrong: dict[str, Any], message: str
) -> None:
    browser.open("/standpunkte/mitteilen")
    page = browser.submit(**{"email": "ada@example.org", "consent": True, **wrong})
    assert page.status == 422
    assert page.title.startswith("Fehler: ")
    assert message in page.text("[role=alert]")
    assert page.fields()["email"] == wrong.get("email", "ada@example.org")
    if wrong.get("these-ort") == AGREE:
        assert page.fields()["these-ort"] == AGREE
    assert session.scalars(select(PositionSheet)).all() == []
