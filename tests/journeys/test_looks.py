"""How the pages look and read, whatever the screen: narrow, large text, forced colours, dark, for a screen reader."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.journeys.site import Site
from tests.journeys.visitor import ELSEWHERE, Visitor, visiting

TWICE_AS_LARGE = "() => { document.documentElement.style.fontSize = '200%'; }"


@dataclass(frozen=True)
class Sight:
    """A page, and what it is called here."""

    name: str
    visitor: Visitor


def everything(visitor: Visitor) -> Iterator[Sight]:
    """Every page that a visitor can come to, empty, with errors and full, in the order of one journey."""

    def at(name: str) -> Sight:
        return Sight(f"{name}, {visitor.language}", visitor)

    for name, german, english in (
        ("home", "/", "/"),
        ("declaration", "/erklaerung", "/declaration"),
        ("imprint", "/impressum", "/imprint"),
        ("privacy", "/datenschutz", "/privacy"),
        ("accessibility", "/barrierefreiheit", "/accessibility"),
        ("nothing there", "/gibt-es-nicht", "/no-such-page"),
        ("broken link to confirm", "/bestaetigen/x", "/confirm/x"),
        ("broken link to my data", "/meine-daten/x", "/my-data/x"),
        ("nobody found", "/unterzeichnende?suche=niemand", "/signatories?suche=nobody"),
        ("my data asked for", "/meine-daten/postfach", "/my-data/mailbox"),
        ("ask for my data", "/meine-daten", "/my-data"),
    ):
        visitor.opens(german, english)
        yield at(name)
    visitor.submits()
    yield at("ask for my data, with an error")
    visitor.opens("/erklaerung", "/declaration")
    visitor.clicks(".thesis .thesis-aside a")
    yield at("thesis")
    visitor.opens("/unterzeichnen", "/sign")
    yield at("form")
    visitor.submits()
    yield at("form with errors")
    number = visitor.site.number()
    visitor.fills_in(
        name=f"Greta Grundschleppnetzfischerin-Donaudampfschifffahrtsgesellschaft {number}",
        email=f"greta{number}@gmial.com",
        occupation="Sozialarbeiterin",
        field="youth_welfare_office",
        organisation="Rechtsschutzversicherungsgesellschaften e. V.",
        place="Essen",
        state="NW",
        show_name=True,
        show_occupation=True,
        show_organisation=True,
        show_place=True,
        newsletter=True,
        consent=True,
    )
    visitor.submits()
    if visitor.main.locator("altcha-widget").count():
        expect(visitor.main.locator("altcha-widget [data-state=verified]")).to_be_visible()
    yield at("check page")
    visitor.sends()
    yield at("mailbox page")
    visitor.opens_the_link_in_the_mail("/bestaetigen/", "/confirm/")
    yield at("confirm page")
    confirm = visitor.page.url
    visitor.clicks('a[href$="/ablehnen"], a[href$="/decline"]')
    yield at("that was not me")
    visitor.goes_to(confirm)
    visitor.submits()
    yield at("confirmed")
    visitor.opens("/unterzeichnende", "/signatories")
    yield at("list")
    my_data = visitor.opens_my_data_by_the_link_in_the_mail()
    yield at("my data")
    visitor.corrects(name="")
    yield at("correct, with an error")
    visitor.goes_to(my_data)
    visitor.withdraws()
    yield at("withdrawn")
    visitor.goes_to(confirm)
    yield at("confirm page of what is withdrawn")
    visitor.goes_to(my_data)
    yield at("my data, withdrawn")


def test_no_page_scrolls_sideways_on_a_small_screen_or_with_large_text(
    one_site: Site, chrome: Browser, language: str
) -> None:
    """Edge case 31: 320 px wide (WCAG 1.4.10), and text of 200 % (WCAG 1.4.4) on 640 and on 320 px."""
    wide = []
    with visiting(chrome, one_site, language, javascript=False) as visitor:
        for sight in everything(visitor):
            for width, large in ((320, False), (640, True), (320, True)):
                visitor.page.set_viewport_size({"width": width, "height": 640})
                visitor.page.evaluate(TWICE_AS_LARGE if large else "() => { document.documentElement.style = ''; }")
                if visitor.scrolls_sideways():
                    wide.append((sight.name, width, large))
    assert wide == []


@pytest.mark.parametrize("network", ["trusted", "suspicious"])
def test_axe_finds_nothing(one_site: Site, chrome: Browser, language: str, network: str) -> None:
    """WCAG 2.2 AA, as far as a program can tell: every page, in light and in dark."""
    found = []
    headers = ELSEWHERE if network == "suspicious" else {}
    with visiting(chrome, one_site, language, extra_http_headers=headers) as visitor:
        for sight in everything(visitor):
            if network == "suspicious" and not visitor.main.locator("altcha-widget").count():
                continue
            for scheme in ("light", "dark"):
                visitor.page.emulate_media(color_scheme=scheme)
                for violation in Axe().run(visitor.page).response["violations"]:
                    targets = [node["target"] for node in violation["nodes"]]
                    found.append((sight.name, scheme, violation["id"], violation["help"], targets))
    assert found == []


def test_forced_colours_leave_buttons_and_fields_their_edges(one_site: Site, chrome: Browser) -> None:
    """Edge case 31."""
    with visiting(chrome, one_site, "de", forced_colors="active", color_scheme="dark") as visitor:
        for sight in everything(visitor):
            for thing in visitor.main.locator("a.button, button, input:visible:not([type=hidden]), select").all():
                edge = thing.evaluate(
                    "thing => { const s = getComputedStyle(thing);"
                    " return [s.borderTopStyle, parseFloat(s.borderTopWidth), s.borderTopColor, s.backgroundColor]; }"
                )
                assert edge[0] != "none", sight.name
                assert edge[1] > 0, sight.name
                assert edge[2] != edge[3], sight.name
