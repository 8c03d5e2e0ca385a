"""The public archive: what the mail said, without anything of anybody."""

from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from portal.clock import now
from portal.newsletter import campaigns
from portal.newsletter.models import CampaignText, Delivery
from portal.newsletter.searchable import NEWSLETTERS, places
from portal.subscribers.segments import Segment
from tests.browser import Browser, Client
from tests.newsletter.conftest import NOON, subscribed
from tests.newsletter.writing import GERMAN, asked, begun
from tests.office import add_organiser

A = "{http://www.w3.org/2005/Atom}"
TEXT = (
    "{{anrede}},\n\n## Neues\n\n[Ende]({{abmelden}}), [Daten]({{meine_daten}}), [hier](/erklaerung) <script>x</script>"
)


@pytest.fixture(autouse=True)
def _segments(segments: dict[str, Segment]) -> None:
    """There are segments."""


def test_an_empty_archive_says_so(browser: Browser) -> None:
    assert "noch kein Newsletter" in browser.open("/newsletter/archiv").text()
    assert browser.open("/en/newsletter/archive").status == 200
    assert browser.open("/newsletter/archiv/1").status == 404


def test_what_has_begun_is_public_and_what_waits_is_not(
    app: Flask, session: Session, browser: Browser, client: Client
) -> None:
    subscribed(app, session, "ada@example.org", name="Ada Muster")
    assert not browser.open("/newsletter/archiv").has("main li")
    waiting = asked(session, add_organiser(session, "editor"), {"de": ("Noch nicht", "Text")})
    campaign = begun(app, session)
    page = browser.open("/newsletter/archiv")
    assert page.texts("main li a") == ["Wie es weitergeht"], "the kept page is written anew"
    assert browser.open("/en/newsletter/archive").texts("main li a") == ["How it goes on"]
    assert browser.open(f"/newsletter/archiv/{campaign.id}").text("h1") == "Wie es weitergeht"
    assert browser.open(f"/en/newsletter/archive/{campaign.id}").text("h1") == "How it goes on"
    assert browser.open(f"/newsletter/archiv/{waiting.id}").status == 404
    assert client.get(f"/newsletter/archiv/{campaign.id}").headers["Cache-Control"] == "public, no-cache"


def test_nothing_personal_is_in_it(app: Flask, session: Session, browser: Browser) -> None:
    subscribed(app, session, "ada@example.org", name="Ada Muster")
    campaign = begun(app, session, {"de": ("Betreff", TEXT)})
    page = browser.open(f"/newsletter/archiv/{campaign.id}")
    html = page.response.text
    assert "Guten Tag,</p>" in html
    assert "Ada" not in html
    assert "{{" not in html
    assert "<script>x" not in html
    english = browser.open(f"/en/newsletter/archive/{campaign.id}")
    assert english.attribute("article", "lang") == "de"


def test_who_reads_it_there_learns_how_to_unsubscribe_without_the_mail(
    app: Flask, session: Session, browser: Browser
) -> None:
    subscribed(app, session, "ada@example.org")
    campaign = begun(app, session, {"de": ("Betreff", TEXT), "en": ("Subject", "[End]({{abmelden}})")})
    page = browser.open(f"/newsletter/archiv/{campaign.id}")
    assert page.texts('article a[href="http://portal.test/meine-daten"]') == ["Ende", "Daten"]
    assert "Ohne die Mail geht es über Meine Daten" in page.text("main > .hint")
    page = browser.open(f"/en/newsletter/archive/{campaign.id}")
    assert page.attribute("article a", "href") == "http://portal.test/en/my-data"
    assert page.attribute("main > .hint a", "href") == "/en/my-data"


def test_what_went_to_two_audiences_is_there_once(app: Flask, session: Session, browser: Browser) -> None:
    subscribed(app, session, "ada@example.org")
    first, second = begun(app, session), begun(app, session, at=NOON + timedelta(days=1))
    assert first.content_sha256 == second.content_sha256
    assert len(browser.open("/newsletter/archiv").texts("main li")) == 1


def test_a_campaign_to_nobody_was_never_public(app: Flask, session: Session, browser: Browser) -> None:
    campaign = begun(app, session)
    assert campaign.total == 0
    assert browser.open(f"/newsletter/archiv/{campaign.id}").status == 404


def test_what_was_stopped_before_anybody_had_it_is_not_public(app: Flask, session: Session, browser: Browser) -> None:
    """Also when only its figures are kept."""
    subscribed(app, session, "ada@example.org")
    nobody, somebody = begun(app, session), begun(app, session, {"de": GERMAN})
    session.execute(update(Delivery).where(Delivery.campaign_id == somebody.id).values(status="sent", ended_at=NOON))
    for campaign in (nobody, somebody):
        campaigns.stop(session, campaign.id, None, NOON)
    for _ in ("deliveries", "figures"):
        assert browser.open(f"/newsletter/archiv/{nobody.id}").status == 404
        assert browser.open(f"/newsletter/archiv/{somebody.id}").status == 200
        campaigns.retain(session, NOON + campaigns.KEPT + timedelta(days=1))


def test_the_feed_is_per_language(app: Flask, session: Session, client: Client) -> None:
    subscribed(app, session, "ada@example.org")
    campaign = begun(app, session)
    session.add(CampaignText(campaign_id=begun(app, session, {"de": GERMAN}).id, language="en", subject="x", body="y"))
    for query, address in (
        ("", f"/newsletter/archiv/{campaign.id}"),
        ("?sprache=en", f"/en/newsletter/archive/{campaign.id}"),
    ):
        answer = client.get(f"/feed/newsletter.atom{query}")
        assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
        root = ET.fromstring(answer.data)  # noqa: S314 - our own document
        ids = [entry.findtext(f"{A}id") for entry in root.findall(f"{A}entry")]
        assert f"http://portal.test{address}" in ids
        assert len(ids) == len(set(ids))
        assert root.findtext(f"{A}updated", "").endswith("Z")
        for entry in root.findall(f"{A}entry"):
            assert entry.findtext(f"{A}title")
            assert entry.findtext(f"{A}content")


def test_the_search_and_the_sitemap_know_what_is_public_and_nothing_personal(app: Flask, session: Session) -> None:
    subscribed(app, session, "ada@example.org", name="Ada Muster")
    waiting = asked(session, add_organiser(session, "editor"), {"de": ("Noch nicht", "Text")})
    campaign = begun(app, session, {"de": ("Betreff", TEXT)})
    with app.app_context():
        (entry,) = NEWSLETTERS.entries(session, now())
        assert NEWSLETTERS.public(session, [str(campaign.id), str(waiting.id)], now()) == {str(campaign.id)}
        assert [place.values for place in places(session, now())] == [{"number": campaign.id}]
    assert (entry.key, entry.language, entry.title) == (str(campaign.id), "de", "Betreff")
    assert entry.text == "Guten Tag, · Neues · Ende, Daten, hier <script>x</script>"
