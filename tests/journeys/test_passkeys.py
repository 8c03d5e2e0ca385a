"""A passkey is made and used in a browser, as somebody does who has a security key."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.databases import SQLite
from tests.journeys.organiser import PASSWORD, joins_the_office
from tests.journeys.site import Site, running_site
from tests.journeys.visitor import Visitor, visiting

KEY = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
"""A security key that always says yes, as Chromium's `WebAuthn.addVirtualAuthenticator` wants it described."""


@pytest.fixture(scope="module")
def named_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose address is a name: browsers make no passkeys for an IP address."""
    folder = tmp_path_factory.mktemp("named_site")
    with running_site(SQLite(folder).fresh(folder), folder, host="localhost") as site:
        yield site


@pytest.fixture
def with_key(named_site: Site, chrome: Browser) -> Iterator[Visitor]:
    """An organiser to whose computer a security key is connected."""
    with visiting(chrome, named_site, "de") as organiser:
        computer = organiser.page.context.new_cdp_session(organiser.page)
        computer.send("WebAuthn.enable")
        computer.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
        yield organiser


@pytest.mark.one_database
def test_somebody_adds_a_passkey_and_comes_in_with_it(with_key: Visitor) -> None:
    organiser = with_key
    joins_the_office(organiser, "moderator")
    organiser.goes_to("/redaktion/konto")
    email = organiser.main.get_by_text("@example.org").inner_text().split()[0]
    organiser.clicks('a[href="/redaktion/konto/zweiter-faktor"]')
    organiser.main.locator("#passkey-form [name=label]").fill("Testschlüssel")
    organiser.clicks("#passkey-form button")
    organiser.sees("Ihr zweiter Faktor ist eingerichtet.", "Passkey „Testschlüssel“")
    with organiser.page.expect_navigation():
        organiser.page.locator(".office-logout button").click()

    organiser.goes_to("/redaktion/anmelden?next=/redaktion/konto")
    organiser.fills_in(email=email, password=PASSWORD)
    organiser.submits()
    expect(organiser.page.locator(".office-logout")).to_have_count(0)
    organiser.clicks("#passkey-form button")
    organiser.is_at("/redaktion/konto", "/redaktion/konto")
    organiser.sees("Testschlüssel")
