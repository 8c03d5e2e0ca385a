"""How the pages look and read, whatever the screen: narrow, large text, forced colours, dark, for a screen reader."""

from collections.abc import Iterator
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.journeys.site import Site
from tests.journeys.visitor import ELSEWHERE, Visitor, visiting

TWICE_AS_LARGE = "() => { document.documentElement.style.fontSize = '200%'; }"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WITH_EDGES = ".button, input:visible:not([type=hidden], [type=checkbox], .trap *), select"


def everything(visitor: Visitor) -> Iterator[str]:
    """Bring the visitor to every page, empty, with errors and full, in the order of one journey; what each is."""
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
        yield name
    visitor.submits()
    yield "ask for my data, with an error"
    visitor.opens("/erklaerung", "/declaration")
    visitor.clicks(".thesis .thesis-aside a")
    yield "thesis"
    visitor.opens("/unterzeichnen", "/sign")
    yield "form"
    visitor.submits()
    yield "form with errors"
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
    yield "check page"
    visitor.sends()
    yield "mailbox page"
    visitor.opens_the_link_in_the_mail("/bestaetigen/", "/confirm/")
    yield "confirm page"
    confirm = visitor.page.url
    visitor.clicks('a[href$="/ablehnen"], a[href$="/decline"]')
    yield "that was not me"
    visitor.goes_to(confirm)
    visitor.submits()
    yield "confirmed"
    visitor.opens("/unterzeichnende", "/signatories")
    yield "list"
    my_data = visitor.opens_my_data_by_the_link_in_the_mail()
    yield "my data"
    visitor.corrects(name="")
    yield "correct, with an error"
    visitor.goes_to(my_data)
    visitor.withdraws()
    yield "withdrawn"
    visitor.goes_to(confirm)
    yield "confirm page of what is withdrawn"
    visitor.goes_to(my_data)
    yield "my data, withdrawn"


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
                    wide.append((sight, width, large))
    assert wide == []


def findings(visitor: Visitor) -> list[tuple[str, str, list[str]]]:
    """What axe-core finds on the page that is open, in light and in dark: the scheme, the rule, and where."""
    found: list[tuple[str, str, list[str]]] = []
    for scheme in SCHEMES:
        visitor.page.emulate_media(color_scheme=scheme)
        found += [
            (scheme, violation["help"], [str(node["target"]) for node in violation["nodes"]])
            for violation in Axe().run(visitor.page).response["violations"]
        ]
    return found


def test_axe_finds_nothing(one_site: Site, chrome: Browser, language: str) -> None:
    """WCAG 2.2 AA, as far as a program can tell."""
    with visiting(chrome, one_site, language) as visitor:
        found = {sight: findings(visitor) for sight in everything(visitor)}
    assert {name: what for name, what in found.items() if what} == {}


def test_axe_finds_nothing_where_a_suspicious_visitor_comes_by(one_site: Site, chrome: Browser, language: str) -> None:
    with visiting(chrome, one_site, language, extra_http_headers=ELSEWHERE) as visitor:
        visitor.opens("/unterzeichnen", "/sign")
        visitor.fills_in(name="Eva Eilig", email=f"eva{one_site.number()}@example.org", consent=True)
        visitor.submits()
        expect(visitor.main.locator("altcha-widget [data-state=verified]")).to_be_visible()
        assert findings(visitor) == []


def test_forced_colours_leave_buttons_and_fields_their_edges(one_site: Site, chrome: Browser) -> None:
    """Edge case 31."""
    with visiting(chrome, one_site, "de", forced_colors="active", color_scheme="dark") as visitor:
        for sight in everything(visitor):
            for thing in visitor.main.locator(WITH_EDGES).all():
                edge = thing.evaluate(
                    "thing => { const s = getComputedStyle(thing);"
                    " return [s.borderTopStyle, parseFloat(s.borderTopWidth), s.borderTopColor, s.backgroundColor]; }"
                )
                style, width, colour, background = edge
                assert style != "none", sight
                assert width > 0, sight
                assert colour != background, sight
