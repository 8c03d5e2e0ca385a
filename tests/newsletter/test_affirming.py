"""Who has signed an older revision puts the signature under the current one, once, by a mailed link."""

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.clock import now
from portal.config import Settings
from portal.newsletter import letters
from portal.newsletter.models import Delivery
from portal.newsletter.wording import AFFIRMATION_TEXTS
from portal.optin.models import OptIn, ProofEntry, Wording
from portal.signatures import affirming, operations
from portal.signatures.models import Signature
from portal.signatures.operations import Tally
from portal.subscribers.segments import AFFIRMATION, NEWSLETTER, NOBODY
from portal.web.caching import PublicVersion
from tests.browser import Browser
from tests.newsletter.subscribing import MANY, add_campaign, at_once, mails, my_data
from tests.revisions import publish_revision
from tests.signatures.conftest import Sign, book, confirm, revision, sign

__all__ = ["book", "confirm", "revision", "sign"]


@pytest.fixture
def link(session: Session, settings: Settings, sign: Sign, confirm: Any) -> str:
    """Ada has signed revision 1, revision 2 has appeared, and this is the link in the letter that asks her."""
    sign("Ada Beispiel", show_name=True)
    confirm()
    publish_revision(session, 2)
    session.commit()
    return affirming.link(settings, "de", 1).removeprefix(settings.base_url)


def signed(session: Session) -> int:
    """The revision that Ada's signature stands under."""
    session.commit()
    session.expire_all()
    return session.scalars(select(Signature)).one().revision.number


def events(session: Session) -> list[tuple[str, str | None]]:
    session.commit()
    return [(one.event, one.detail) for one in session.scalars(select(ProofEntry).order_by(ProofEntry.id))]


def test_looking_changes_nothing_and_shows_what_is_asked(browser: Browser, session: Session, link: str) -> None:
    """Edge case 1."""
    for _ in range(10):
        page = browser.open(link)
    assert signed(session) == 1
    assert "Wenn Sie nichts tun, bleibt alles, wie es ist" in page.text("main")
    assert "Ada Beispiel" in page.text("main")
    assert page.text("main ins")
    assert "(Fassung 2)" in page.text("main .preview-card:last-of-type")


def test_affirming_moves_the_signature_once_and_proves_it(browser: Browser, session: Session, link: str) -> None:
    tally, version = operations.tally(session), session.scalars(select(PublicVersion.number)).one()
    before = len(events(session))
    read = browser.open(link).text("main .preview-card:last-of-type p:last-child")
    assert "neuesten Fassung" in browser.submit().text("h1")
    assert signed(session) == 2
    assert events(session)[before:] == [("corrected", "revision"), ("consented", "sign")]
    latest = session.scalars(select(ProofEntry).order_by(ProofEntry.id.desc())).first()
    assert latest is not None
    assert session.get_one(Wording, latest.wording_sha256).text == read
    assert operations.tally(session) == tally == Tally(1, 1)
    assert operations.drift(session) is None
    assert session.scalars(select(PublicVersion.number)).one() > version
    assert mails(session) == ["confirm", "confirmed", "affirmed"]
    assert session.scalars(select(OptIn)).one().status == "confirmed"


def test_twenty_clicks_move_it_once(app: Flask, session: Session, link: str) -> None:
    """Edge case 2."""
    visitors = [Browser(app.test_client()) for _ in range(MANY)]
    for visitor in visitors:
        visitor.open(link)
    session.commit()
    pages = at_once(lambda number: visitors[number].submit())
    assert {page.status for page in pages} == {200}
    assert signed(session) == 2
    assert events(session).count(("corrected", "revision")) == 1
    assert mails(session).count("affirmed") == 1


def test_nobody_affirms_a_revision_that_appeared_after_the_page(browser: Browser, session: Session, link: str) -> None:
    browser.open(link)
    publish_revision(session, 3)
    page = browser.submit()
    assert page.status == 409
    assert signed(session) == 1
    assert "Fassung 3" in page.text(".notice--warning")
    browser.submit()
    assert signed(session) == 3
    given = session.scalars(select(Wording.text).join(ProofEntry, ProofEntry.wording_sha256 == Wording.sha256))
    assert any("(Fassung 3)" in text for text in given)
    assert not any("(Fassung 2)" in text for text in given)


@pytest.mark.parametrize("made_up", ["", "zwei", "2²", "9" * 30, "3"])
def test_a_form_that_names_no_such_revision_is_asked_again(
    browser: Browser, session: Session, link: str, made_up: str
) -> None:
    """Edge case 11."""
    token = browser.open(link).fields()["csrf_token"]
    assert browser.client.post(link, data={"csrf_token": token, "revision": made_up}).status_code == 409
    assert signed(session) == 1


def test_it_needs_the_token_of_a_form(browser: Browser, session: Session, link: str) -> None:
    assert browser.client.post(link, data={"revision": "2"}).status_code == 422
    assert signed(session) == 1


def test_what_is_withdrawn_cannot_be_affirmed(browser: Browser, session: Session, link: str) -> None:
    browser.open(link)
    operations.withdraw_signature(session, session.get_one(Signature, 1), now())
    session.commit()
    page = browser.submit()
    assert page.status == 410
    assert page.has('main a[href="/unterzeichnen"]')
    assert browser.open(link).status == 410
    assert session.scalars(select(Signature)).all() == []


def test_a_held_signature_stays_held(browser: Browser, session: Session, link: str) -> None:
    operations.hold_signature(session, session.get_one(Signature, 1), "doubt", now())
    browser.open(link)
    browser.submit()
    assert signed(session) == 2
    assert operations.tally(session) == Tally(0, 0)
    assert operations.drift(session) is None


def test_the_link_of_a_test_mail_says_so(browser: Browser, session: Session, settings: Settings, link: str) -> None:
    page = browser.open(affirming.link(settings, "de", NOBODY).removeprefix(settings.base_url))
    assert page.status == 200
    assert page.text("h1") == "Das ist der Link einer Testmail"
    assert "steht hier die Seite zum Bekräftigen" in page.text("main")
    assert not page.has("main form")


def test_the_letter_names_all_that_its_link_to_unsubscribe_ends(app: Flask) -> None:
    words = "Nicht mehr fragen und keinen Newsletter mehr"
    with app.app_context():
        asking = letters.write(AFFIRMATION, "de", *AFFIRMATION_TEXTS["de"])
        telling = letters.write(NEWSLETTER, "de", "Neues", "Neues")
    assert f'<a href="{{{{abmelden}}}}">{words}</a>' in asking.html
    assert f"{words}:\n{{{{abmelden}}}}\n" in asking.text
    assert "Mit einem Klick abmelden" not in asking.html + asking.text
    assert words not in telling.html + telling.text
    assert "Mit einem Klick abmelden" in telling.html


def test_the_ready_text_holds_for_those_who_are_only_counted(app: Flask) -> None:
    for _subject, body in AFFIRMATION_TEXTS.values():
        assert "{{bekraeftigen}}" in body
        assert not re.search(r"\b(Name|name)\b", body), "not everybody's name is shown"


def test_the_letter_that_asks_is_no_newsletter_on_the_page_with_ones_data(
    app: Flask, browser: Browser, session: Session, settings: Settings, link: str
) -> None:
    campaign = add_campaign(session, "older-revision", "affirmation")
    session.add(Delivery(campaign_id=campaign.id, recipient_id=1, language="de", status="sent", ended_at=now()))
    session.commit()
    owner = session.get_one(Signature, 1).email
    told = browser.open(my_data(app, settings, owner)).text("main")
    assert f"Frage nach einer neuen Fassung, Nummer {campaign.id}" in told
    assert f"Newsletter Nummer {campaign.id}" not in told


def test_a_damaged_link_is_refused_with_a_way_on(browser: Browser, link: str) -> None:
    assert browser.open(link[:-3]).status == 400
    assert browser.page.has("main a.button")


def test_the_letters_of_its_segment_carry_the_link(app: Flask, browser: Browser, session: Session, link: str) -> None:
    written = app.extensions["letter_links"]["older-revision"](1, "en")["bekraeftigen"]
    page = browser.open(written.removeprefix("http://portal.test"))
    assert page.status == 200
    assert "/en/sign/affirm/" in written
