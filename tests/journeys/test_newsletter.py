"""A newsletter from the empty page to the archive, by two organisers, with a real worker."""

import re
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from portal.config import load_settings
from portal.newsletter.models import FINISHED, PAUSED, RUNNING, SENT, SKIPPED, Campaign, Delivery
from portal.newsletter.personal import unsubscribe_link
from portal.subscribers.models import CONFIRMED, FORM, Subscription
from tests.databases import SQLite
from tests.journeys.organiser import joins_the_office
from tests.journeys.site import Site, running_site, text_of, wait_until
from tests.journeys.visitor import Visitor, visiting

PEOPLE = 60
BODY = "{{anrede}},\n\n## Was neu ist\n\n- Eins\n- Zwei\n\n[Zur Erklärung](/erklaerung)\n"
CONFIRMED_AT = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def slow_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running portal of this journey's own, which sends so slowly that one can watch and step in."""
    folder = tmp_path_factory.mktemp("slow_site")
    slowly = {"PORTAL_NEWSLETTER_PER_SECOND": "4", "PORTAL_NEWSLETTER_CONNECTIONS": "1"}
    with running_site(SQLite(folder).fresh(folder), folder, **slowly) as site:
        yield site


@pytest.fixture
def tables(slow_site: Site) -> Iterator[Session]:
    """The database, with people who have confirmed that they want the newsletter."""
    engine = create_engine(slow_site.database_url)
    with Session(engine) as session:
        session.add_all(_subscription(number) for number in range(PEOPLE))
        session.commit()
        yield session
    engine.dispose()


@pytest.mark.one_database
def test_a_newsletter_is_written_released_watched_and_archived(
    slow_site: Site, tables: Session, chrome: Browser
) -> None:
    with visiting(chrome, slow_site, "de", javascript=True) as author:
        joins_the_office(author, "editor")
        _discards_another(author)
        _writes(author)
        _checks_and_asks(author, slow_site)
        with visiting(chrome, slow_site, "de", javascript=True) as second:
            joins_the_office(second, "editor")
            _releases(second)
            number = int(re.findall(r"\d+", second.page.url)[-1])
            campaign = tables.get_one(Campaign, number)
            _watches_pauses_and_resumes(second, slow_site, tables, campaign)
            last = _unsubscribes_the_last_by_one_click(slow_site, tables, campaign)
            _reads_the_report(second, tables, campaign, last)
    with visiting(chrome, slow_site, "de", javascript=False) as reader:
        reader.opens("/newsletter/archiv", "/newsletter/archive")
        reader.follows(f"/newsletter/archiv/{number}", f"/newsletter/archive/{number}")
        reader.sees("Wie es weitergeht", "Guten Tag,", "Was neu ist")
        reader.does_not_see("Person")


def _writes(author: Visitor) -> None:
    """The preview follows while one types, and nothing has to be pressed."""
    author.goes_to("/redaktion/newsletter")
    author.clicks("form[action$='/newsletter'] button")
    author.main.locator("[name=subject_de]").fill("Wie es weitergeht")
    expect(author.page.frame_locator("iframe.letter__frame--hell").locator("h1")).to_have_text("Wie es weitergeht")
    author.main.locator("[name=body_de]").fill(BODY)
    expect(author.main.locator("[data-state]")).to_contain_text("Gespeichert um")
    light = author.page.frame_locator("iframe.letter__frame--hell")
    expect(light.locator("h2")).to_have_text("Was neu ist")
    author.main.locator("[name=body_de]").fill(BODY.replace("Was neu ist", "Was jetzt kommt"))
    expect(light.locator("h2")).to_have_text("Was jetzt kommt")
    author.main.locator("[name=body_de]").fill(BODY)
    expect(light.locator("h2")).to_have_text("Was neu ist")


def _discards_another(author: Visitor) -> None:
    """What has saved itself is what its author has seen."""
    author.goes_to("/redaktion/newsletter")
    author.clicks("form[action$='/newsletter'] button")
    author.main.locator("[name=subject_de]").fill("Nur ein Versuch")
    expect(author.main.locator("[data-state]")).to_contain_text("Gespeichert um")
    author.main.locator(".composer__discard summary").click()
    author.clicks("form[action$='/verwerfen'] button")
    author.sees("ist verworfen")


def _checks_and_asks(author: Visitor, site: Site) -> None:
    author.clicks(".composer__save [name=step]")
    author.sees(f"Die Mail ginge jetzt an {PEOPLE} Menschen.")
    assert author.main.locator("[value=ask]").count() == 0
    author.clicks("[value=try]")
    mail = wait_until(
        lambda: next((one for one in site.mailbox.mails if one["Subject"] == "[Test] Wie es weitergeht"), None),
        "the test mail",
    )
    assert "Was neu ist\n===========" in text_of(mail).replace("\r\n", "\n")
    author.clicks("[value=ask]")
    author.sees("wartet auf Freigabe", "Freigeben muss jemand anderes")


def _releases(second: Visitor) -> None:
    second.goes_to("/redaktion")
    second.sees("Newsletter wartet auf Freigabe")
    second.clicks(".work__item[href*='newsletter']")
    second.clicks("table a")
    second.clicks("a.button")
    expect(second.page.frame_locator("iframe.letter__frame--hell").locator("h1")).to_have_text("Wie es weitergeht")
    second.main.locator("[name=count]").fill(str(PEOPLE))
    second.clicks("#release button")


def _watches_pauses_and_resumes(second: Visitor, site: Site, tables: Session, campaign: Campaign) -> None:
    expect(second.main.locator("[data-status=running]")).to_be_visible(timeout=30_000)
    bar = second.main.locator("progress")
    expect(bar).not_to_have_attribute("value", "0", timeout=30_000)
    second.clicks("form[action$='/anhalten'] button")
    _is(tables, campaign, PAUSED)
    second.sees("angehalten")
    assert _number(tables, campaign, SENT) < PEOPLE, "it was paused before its end"
    second.clicks("form[action$='/fortsetzen'] button")
    _is(tables, campaign, RUNNING)


def _unsubscribes_the_last_by_one_click(site: Site, tables: Session, campaign: Campaign) -> int:
    """What the mail program of somebody does who has got the mail; and whoever comes last does it before it comes."""
    got = site.mailbox.wait_for("person0@example.org")
    last = tables.scalar(select(func.max(Delivery.recipient_id)).where(Delivery.campaign_id == campaign.id)) or 0
    tables.commit()
    link = str(got["List-Unsubscribe"]).strip("<>")
    assert got["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    _clicks_once(link)
    _clicks_once(_link_of(site, last, campaign.id))
    return last


def _reads_the_report(second: Visitor, tables: Session, campaign: Campaign, last: int) -> None:
    expect(second.main.locator("[data-status=finished]")).to_be_visible(timeout=60_000)
    _is(tables, campaign, FINISHED)
    assert _number(tables, campaign, SENT) == PEOPLE - 1
    skipped = tables.get_one(Delivery, (campaign.id, last))
    assert (skipped.status, skipped.reason) == (SKIPPED, "gone")
    second.sees(f"{PEOPLE} von {PEOPLE} erledigt (100 %)", "hat sich inzwischen abgemeldet oder wurde gelöscht")
    assert second.main.locator(".summary-list--counts").inner_text().split("danach abgemeldet")[1].strip() == "2"


def _clicks_once(link: str) -> None:
    request = urllib.request.Request(link, data=b"List-Unsubscribe=One-Click", method="POST")
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200


def _link_of(site: Site, recipient: int, campaign: int) -> str:
    """The link that this recipient's letter will have: it is a function of who and which campaign."""
    instance = Path(site.environment["PORTAL_INSTANCE"])
    settings = load_settings(env="development", instance=instance, base_url=site.url, database_url=site.database_url)
    return unsubscribe_link(settings, "de", "subscribers", recipient, campaign)


def _is(tables: Session, campaign: Campaign, status: str) -> None:
    def now() -> bool:
        tables.rollback()
        tables.refresh(campaign)
        return campaign.status == status

    wait_until(now, f"the campaign is {status}")
    tables.rollback()


def _number(tables: Session, campaign: Campaign, status: str) -> int:
    wanted = select(func.count()).where(Delivery.campaign_id == campaign.id, Delivery.status == status)
    found = tables.scalar(wanted) or 0
    tables.rollback()
    return found


def _subscription(number: int) -> Subscription:
    return Subscription(
        address_key=f"key {number}",
        email=f"person{number}@example.org",
        name=f"Person {number}",
        language="de",
        status=CONFIRMED,
        source=FORM,
        requested_at=CONFIRMED_AT,
        confirmed_at=CONFIRMED_AT,
    )
