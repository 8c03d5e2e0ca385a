"""The office on a narrow and on a wide screen: what is in the way on one and must not be missing on the other."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.organiser import joins_the_office
from tests.journeys.site import Site
from tests.journeys.test_looks import findings
from tests.journeys.visitor import Visitor, visiting

MENU, LIST = ".office-menu > summary", ".office-nav"


@pytest.fixture(params=[True, False], ids=["script", "noscript"])
def owner(one_site: Site, chrome: Browser, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    """An owner with a telephone."""
    with visiting(chrome, one_site, "de", javascript=request.param, viewport={"width": 360, "height": 740}) as owner:
        joins_the_office(owner, "owner")
        yield owner


@pytest.mark.one_database
def test_on_a_telephone_the_list_of_pages_is_behind_a_menu(owner: Visitor) -> None:
    owner.goes_to("/redaktion/protokoll")
    expect(owner.page.locator(LIST)).to_be_hidden()
    expect(owner.page.locator(MENU)).to_contain_text("Protokoll")
    owner.tabs_to(MENU)
    owner.presses("Enter")
    expect(owner.page.locator(LIST)).to_be_visible()
    assert not owner.scrolls_sideways()
    owner.tabs_to(f"{LIST} a[href$='/mails']")
    owner.goes_on_with("Enter")
    expect(owner.page.locator(LIST)).to_be_hidden()
    owner.page.set_viewport_size({"width": 1280, "height": 900})
    expect(owner.page.locator(LIST)).to_be_visible()
    expect(owner.page.locator(MENU)).to_be_hidden()


@pytest.mark.one_database
def test_a_wide_table_is_scrolled_with_the_keyboard_and_shows_that_there_is_more(owner: Visitor) -> None:
    owner.goes_to("/redaktion/protokoll")
    table = owner.tabs_to(".table-scroll")
    assert table.evaluate("table => table.scrollWidth > table.clientWidth"), "this one is too wide"
    assert table.evaluate("table => getComputedStyle(table).backgroundAttachment") == "local, local, scroll, scroll"
    owner.presses("ArrowRight")
    expect(table).not_to_have_js_property("scrollLeft", 0)
    assert not owner.scrolls_sideways()


@pytest.mark.one_database
def test_no_page_of_the_office_is_too_wide_and_axe_finds_nothing(one_site: Site, chrome: Browser) -> None:
    with visiting(chrome, one_site, "de", viewport={"width": 360, "height": 740}) as owner:
        joins_the_office(owner, "owner")
        owner.goes_to("/redaktion")
        links = owner.page.locator(f"{LIST} a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
        assert len(links) > 10
        wrong: list[tuple[str, object]] = []
        for address in (*links, "/redaktion/konto/passwort", "/redaktion/konto/zweiter-faktor"):
            owner.goes_to(address)
            wrong += [(address, "too wide")] if owner.scrolls_sideways() else []
            wrong += [(address, finding) for finding in findings(owner)]
        assert wrong == []
