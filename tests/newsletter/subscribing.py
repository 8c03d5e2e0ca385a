"""What the tests of subscribing share: people who fill in the form and follow the links of their mails."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.addresses import Address
from portal.clock import now
from portal.config import Settings
from portal.mail import suppression
from portal.mail.models import OutboxMail, Suppression
from portal.newsletter.models import Campaign, CampaignText
from portal.newsletter.personal import unsubscribe_link
from portal.optin import operations as optin
from portal.optin.models import OptIn
from portal.privacy.operations import link_token
from portal.subscribers.models import Subscription
from tests.browser import Browser
from tests.office import add_organiser

ADA = "ada@example.org"
MANY = 20


def order(browser: Browser, email: str = ADA, address: str = "/newsletter", **fields: Any) -> None:
    """Fill in the form of `/newsletter`, and see the page that speaks of the mailbox."""
    browser.open(address)
    page = browser.submit(email=email, **fields)
    assert page.status == 200
    assert page.path in {"/newsletter/postfach", "/en/newsletter/mailbox"}


def confirm(browser: Browser, session: Session, settings: Settings) -> None:
    """Confirm by the newest link."""
    browser.open(f"/bestaetigen/{newest_link(session, settings)}")
    browser.submit()


def newest_link(session: Session, settings: Settings, purpose: str = "newsletter") -> str:
    """The token of the request that was made last."""
    session.commit()
    newest = select(OptIn).where(OptIn.purpose == purpose).order_by(OptIn.requested_at.desc(), OptIn.id.desc())
    found = session.scalars(newest).first()
    assert found is not None
    link = optin.token(settings, found)
    session.commit()
    return link


def mails(session: Session) -> list[str]:
    """The templates of all mails that were posted, in order, without their folder."""
    session.commit()
    return [mail.template.rpartition("/")[2] for mail in session.scalars(select(OutboxMail).order_by(OutboxMail.id))]


def subscriptions(session: Session) -> list[tuple[str, str]]:
    """Addresses and states of all subscriptions."""
    session.commit()
    return sorted((one.email, one.status) for one in session.scalars(select(Subscription)))


def the_subscription(session: Session) -> Subscription:
    session.commit()
    return session.scalars(select(Subscription)).one()


def suppressed(session: Session) -> list[str]:
    """Why campaigns reach no more, of all addresses."""
    session.commit()
    return list(session.scalars(select(Suppression.reason)))


def suppress(session: Session, app: Flask, reason: str, email: str = ADA) -> None:
    suppression.suppress(session, address(app, email).key, reason, now())
    session.commit()


def address(app: Flask, email: str = ADA) -> Address:
    found: Address = app.extensions["addresses"].identify(email)
    return found


def my_data(app: Flask, settings: Settings, email: str = ADA) -> str:
    """The address of the page with one's data."""
    return f"/meine-daten/{link_token(settings, address(app, email).key)}"


def unsubscribe_path(settings: Settings, number: int, campaign: int = 0, segment: str = "subscribers") -> str:
    """Where the link in a letter leads to."""
    return unsubscribe_link(settings, "de", segment, number, campaign).removeprefix(settings.base_url)


def a_day_later(session: Session) -> None:
    """Let everything that was mailed have been mailed the day before."""
    day = timedelta(days=1, minutes=1)
    for mail in session.scalars(select(OutboxMail)):
        mail.created_at -= day
    for request in session.scalars(select(OptIn)):
        request.mailed_at -= day
    session.commit()


def add_campaign(session: Session, segment: str = "subscribers", kind: str = "newsletter") -> Campaign:
    """A campaign that is ready."""
    editor = add_organiser(session, "editor")
    campaign = Campaign(
        kind=kind,
        segment=segment,
        narrowed={},
        content_sha256="0" * 64,
        asked_by_id=editor.id,
        asked_at=now(),
        texts=[CampaignText(language="de", subject="Neues", body="Neues.")],
    )
    session.add(campaign)
    session.commit()
    return campaign


def unsubscribed(session: Session, campaign: Campaign) -> int:
    """How many unsubscribed by a link in it."""
    session.commit()
    session.refresh(campaign)
    return campaign.unsubscribed


def expire_requests(session: Session) -> None:
    """Let the time to confirm be over."""
    session.execute(update(OptIn).values(expires_at=OptIn.requested_at))
    session.commit()


def at_once(act: Callable[[int], Any], many: int = MANY) -> list[Any]:
    """What `act` returns for each of `many` numbers, all started at the same moment, each in a thread of its own."""
    start = Barrier(many)

    def wait_and_act(number: int) -> Any:
        start.wait()
        return act(number)

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(wait_and_act, range(many)))
