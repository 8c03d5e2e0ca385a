"""One click ends it: on the page of the link, or in the reader's own mail program (RFC 8058)."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from portal import tokens
from portal.config import Settings
from portal.mail.models import BOUNCED, COMPLAINED, OBJECTED
from portal.newsletter.models import Campaign
from portal.signatures.models import Signature
from portal.subscribers.segments import NOBODY
from tests.browser import Browser, Client
from tests.letters import letters, part
from tests.newsletter.conftest import subscribed
from tests.newsletter.subscribing import (
    ADA,
    MANY,
    add_campaign,
    at_once,
    confirm,
    mails,
    newest_link,
    order,
    subscriptions,
    suppress,
    suppressed,
    unsubscribe_path,
    unsubscribed,
)
from tests.signatures.conftest import Sign, book, revision, sign
from tests.signatures.conftest import confirm as confirm_signature

__all__ = ["book", "confirm_signature", "revision", "sign"]

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def campaign(session: Session) -> Campaign:
    return add_campaign(session)


@pytest.fixture
def link(app: Flask, session: Session, settings: Settings, campaign: Campaign) -> str:
    """Ada has the newsletter, and this is the link in a letter of the campaign."""
    path = unsubscribe_path(settings, subscribed(app, session, ADA).id, campaign.id)
    session.commit()
    return path


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_one_click_as_a_mail_program_posts_it(
    app: Flask, session: Session, campaign: Campaign, link: str, content_type: str
) -> None:
    """Edge case 3: no cookie, no token, 200, no Location; once more, the same."""
    for _ in range(3):
        answer = app.test_client(use_cookies=False).post(link, data=ONE_CLICK, content_type=content_type)
        assert answer.status_code == 200
        assert "Location" not in answer.headers
        assert "Set-Cookie" not in answer.headers
    assert subscriptions(session) == []
    assert unsubscribed(session, campaign) == 1
    assert mails(session) == [], "nobody who wants no more mails is sent one"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_scanner_unsubscribes_nobody(
    client: Client, session: Session, campaign: Campaign, link: str, method: str
) -> None:
    """Edge case 1."""
    for _ in range(100):
        assert client.open(link, method=method).status_code == 200
    assert subscriptions(session) == [(ADA, "confirmed")]
    assert unsubscribed(session, campaign) == 0


def test_the_page_has_one_button_and_says_what_it_did(browser: Browser, session: Session, link: str) -> None:
    assert "abbestellen?" in browser.open(link).text("h1")
    page = browser.submit()
    assert (page.status, page.text("h1")) == (200, "Sie sind abgemeldet")
    assert "Eine Mail dazu schicken wir nicht" in page.text("main")
    browser.follow("Wieder bestellen")
    browser.submit(email=ADA)
    assert subscriptions(session) == [(ADA, "pending")]


def test_an_old_link_ends_what_it_was_made_for_and_nothing_new(
    app: Flask, browser: Browser, session: Session, settings: Settings, campaign: Campaign, link: str
) -> None:
    """The number of a row is never given again: a link of the past does not reach who subscribed later."""
    browser.client.post(link)
    order(browser)
    confirm(browser, session, settings)
    assert browser.client.post(link).status_code == 200
    assert subscriptions(session) == [(ADA, "confirmed")]
    assert unsubscribed(session, campaign) == 1


def test_the_link_outlives_campaign_and_segment(
    app: Flask, client: Client, session: Session, settings: Settings
) -> None:
    """Edge case 3: two years later there may be neither."""
    number = subscribed(app, session, ADA).id
    session.commit()
    assert client.post(unsubscribe_path(settings, number, 999, "no-such-segment"), data=ONE_CLICK).status_code == 200
    assert subscriptions(session) == [(ADA, "confirmed")]
    assert client.post(unsubscribe_path(settings, number, 999), data=ONE_CLICK).status_code == 200
    assert subscriptions(session) == []


@pytest.mark.parametrize("damage", ["cut off", "garbled", "of another purpose"])
@pytest.mark.parametrize("language", ["de", "en"])
def test_a_damaged_link_is_refused_with_a_way_on(
    browser: Browser, session: Session, settings: Settings, link: str, damage: str, language: str
) -> None:
    """Edge case 3."""
    path, _, token = link.rpartition("/")
    bad = {
        "cut off": token[:-4],
        "garbled": token[:8] + "xx" + token[10:],
        "of another purpose": tokens.issue(settings, "my-data", ["subscribers", 1, 1]),
    }[damage]
    path = path if language == "de" else "/en/unsubscribe"
    assert browser.client.post(f"{path}/{bad}", data=ONE_CLICK).status_code == 400
    page = browser.open(f"{path}/{bad}")
    assert page.status == 400
    assert page.has('main a[href$="/meine-daten"], main a[href$="/my-data"]')
    assert subscriptions(session) == [(ADA, "confirmed")]


def test_twenty_clicks_are_counted_once(app: Flask, session: Session, campaign: Campaign, link: str) -> None:
    session.commit()
    assert at_once(lambda _: app.test_client().post(link, data=ONE_CLICK).status_code) == [200] * MANY
    assert unsubscribed(session, campaign) == 1


def test_the_welcome_mail_has_the_link_in_text_and_header(
    app: Flask, browser: Browser, session: Session, settings: Settings
) -> None:
    order(browser)
    confirm(browser, session, settings)
    _ask, welcome = letters(app, session)
    link = welcome["List-Unsubscribe"].strip("<>")
    assert welcome["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in part(welcome, "plain").replace("=\n", "")
    assert browser.client.post(link.removeprefix(settings.base_url), data=ONE_CLICK).status_code == 200
    assert subscriptions(session) == []


@pytest.mark.parametrize("segment", ["subscribers", "older-revision"])
def test_the_link_of_a_test_mail_says_so_and_does_nothing(
    browser: Browser, session: Session, settings: Settings, campaign: Campaign, link: str, segment: str
) -> None:
    page = browser.open(unsubscribe_path(settings, NOBODY, campaign.id, segment))
    assert page.status == 200
    assert page.text("h1") == "Das ist der Link einer Testmail"
    assert "Er meldet niemanden ab." in page.text("main")
    assert not page.has("main form")
    answer = browser.client.post(unsubscribe_path(settings, NOBODY, campaign.id, segment), data=ONE_CLICK)
    assert answer.status_code == 200
    assert "Sie sind abgemeldet" not in answer.text
    assert unsubscribed(session, campaign) == 0
    assert (subscriptions(session), suppressed(session)) == ([(ADA, "confirmed")], [])


# Letters that ask for affirmation


@pytest.fixture
def asked(session: Session, settings: Settings, sign: Sign, confirm_signature: Any) -> tuple[Campaign, str]:
    """Ada has signed, and this is the link in a letter that asks her to affirm."""
    sign(email=ADA)
    confirm_signature(newest_link(session, settings, "signature"))
    campaign = add_campaign(session, "older-revision", "affirmation")
    return campaign, unsubscribe_path(settings, 1, campaign.id, "older-revision")


def test_who_wants_no_more_questions_keeps_the_signature(
    app: Flask, browser: Browser, session: Session, asked: tuple[Campaign, str]
) -> None:
    campaign, link = asked
    subscribed(app, session, ADA)
    session.commit()
    assert "Ihre Unterschrift bleibt" in browser.open(link).text("main")
    browser.submit()
    browser.client.post(link, data=ONE_CLICK)
    assert suppressed(session) == [OBJECTED]
    assert subscriptions(session) == [], "a subscription would promise what the objection forbids"
    signature = session.get_one(Signature, 1)
    assert (signature.valid, signature.name) == (True, "Ada Beispiel")
    assert unsubscribed(session, campaign) == 1


@pytest.mark.parametrize(("before", "after", "counted"), [(BOUNCED, OBJECTED, 1), (COMPLAINED, COMPLAINED, 0)])
def test_an_objection_weighs_more_than_what_came_back_and_less_than_a_complaint(
    app: Flask,
    client: Client,
    session: Session,
    asked: tuple[Campaign, str],
    before: str,
    after: str,
    counted: int,
) -> None:
    campaign, link = asked
    suppress(session, app, before)
    client.post(link, data=ONE_CLICK)
    assert suppressed(session) == [after]
    assert unsubscribed(session, campaign) == counted
