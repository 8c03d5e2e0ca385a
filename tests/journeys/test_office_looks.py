"""The office on a narrow and on a wide screen: what is in the way on one and must not be missing on the other."""

import re
from collections import deque
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.organiser import joins_the_office
from tests.journeys.site import Site
from tests.journeys.test_looks import findings
from tests.journeys.visitor import Visitor, visiting

MENU, LIST = ".office-menu > summary", ".office-nav"
HREFS = "links => links.map(link => link.getAttribute('href'))"
FILE = re.compile(r"\.[a-z]+([?#]|$)|/export")


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


def everywhere(owner: Visitor) -> Iterator[str]:
    """Every kind of page that links of the office lead to, the page being open; its address. Numbers make no kind."""
    waiting, known = deque(["/redaktion", "/redaktion/konto/passwort", "/redaktion/konto/zweiter-faktor"]), set[str]()
    while waiting:
        address = waiting.popleft()
        owner.goes_to(address)
        yield address
        for link in owner.page.locator("a[href^='/redaktion']").evaluate_all(HREFS):
            kind = re.sub(r"\d+|=[^&]*|#.*", "", link)
            if kind not in known and not FILE.search(link):
                known.add(kind)
                waiting.append(link)


@pytest.mark.one_database
def test_no_page_of_the_office_is_too_wide_and_axe_finds_nothing(one_site: Site, chrome: Browser) -> None:
    one_site.command("demo", "load", "--people", "2")
    one_site.command("literature", "load")
    with visiting(chrome, one_site, "de", viewport={"width": 360, "height": 740}) as owner:
        joins_the_office(owner, "owner")
        wrong: list[tuple[str, object]] = []
        seen = 0
        for address in everywhere(owner):
            seen += 1
            wrong += [(address, "too wide")] if owner.scrolls_sideways() else []
            wrong += [(address, finding) for finding in findings(owner)]
    one_site.command("demo", "clear")
    assert wrong == []
    assert seen > 50
