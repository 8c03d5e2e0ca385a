"""How the pages look and read, whatever the screen: narrow, large text, forced colours, dark, for a screen reader."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.journeys.site import Site, link_in
from tests.journeys.visitor import ELSEWHERE, Visitor, visiting

Finding = tuple[str, str, list[str]]
VIOLATIONS = {"resultTypes": ["violations"]}
RULES: dict[Literal["light", "dark"], dict[str, Any]] = {
    "light": VIOLATIONS,
    "dark": VIOLATIONS | {"runOnly": ["color-contrast"]},
}
THESIS = "arbeiten-ausserhalb-des-bueros"
"""A thesis of the revision that is shipped."""
WITH_EDGES = ".button, input:not([type=hidden], [type=checkbox], [type=radio], .trap *), select"
EDGELESS = """things => things.filter(thing => {
  const style = getComputedStyle(thing);
  return style.borderTopStyle === "none" || parseFloat(style.borderTopWidth) === 0
    || style.borderTopColor === style.backgroundColor;
}).map(thing => thing.outerHTML)"""


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
        ("moderation rules", "/moderation", "/moderation"),
        ("one's comment, with a broken link", "/diskussion/mein-kommentar/x", "/discussion/my-comment/x"),
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


def the_discussion(visitor: Visitor) -> Iterator[str]:
    """Bring the visitor to every page of the discussion, as it is; what each is."""
    for name, german, english in (
        ("discussion", "/diskussion", "/discussion"),
        ("discussion of one thesis", f"/diskussion?these={THESIS}", f"/discussion?these={THESIS}"),
        ("no such outcome", "/diskussion?ergebnis=partly&these=0", "/discussion?ergebnis=partly&these=0"),
        ("outcomes", "/diskussion/ergebnisse", "/discussion/outcomes"),
        ("positions", "/standpunkte", "/positions"),
        ("declaration with counts", "/erklaerung", "/declaration"),
    ):
        visitor.opens(german, english)
        yield name


def the_literature(visitor: Visitor) -> Iterator[str]:
    """Bring the visitor to every page of the literature, empty and with the shipped article; what each is."""
    visitor.site.command("literature", "load")
    for name, german, english in (
        ("literature", "/literatur", "/literature"),
        ("no such literature", "/literatur?suche=niemand", "/literature?suche=nobody"),
        ("empty reading list", "/merkzettel", "/reading-list"),
    ):
        visitor.opens(german, english)
        yield name
    visitor.opens("/literatur?jahr=2023", "/literature?jahr=2023")
    visitor.clicks(".record__title a")
    yield "record"
    visitor.clicks("a.remember")
    yield "record, on the reading list"
    visitor.clicks(".reading-list a")
    yield "reading list"
    visitor.goes_to(f"{visitor.page.url},99999")
    yield "reading list with a record that is not there"
    visitor.opens("/erklaerung", "/declaration")
    visitor.main.locator(".cite summary").click()
    yield "declaration, how to cite it"


def writing(visitor: Visitor) -> Iterator[str]:
    """Bring the visitor through the forms of the discussion, to the author's own pages; what each is."""
    visitor.opens("/standpunkte/mitteilen", "/positions/take")
    yield "take a position"
    visitor.submits()
    yield "take a position, with errors"
    visitor.opens("/diskussion/postfach/standpunkte", "/discussion/mailbox/positions")
    yield "mailbox page of positions"
    visitor.opens(f"/diskussion/schreiben?these={THESIS}", f"/discussion/write?these={THESIS}")
    yield "write"
    visitor.clicks("button[value=send]")
    yield "write, with errors"
    visitor.fills_in(
        text="Ein Beispiel.\n\n- mit Liste\n- und https://example.org/mit/einem/langen/pfad/der/umbrochen/werden/muss",
        name="Donaudampfschifffahrtsgesellschaftskapitänswitwe",
        email=f"wer{visitor.site.number()}@gmial.com",
        capacity="users",
        notify=True,
        consent=True,
    )
    visitor.clicks("button[value=preview]")
    yield "write, with a preview"
    visitor.clicks("button[value=send]")
    yield "mailbox page of comments"
    visitor.opens_the_link_in_the_mail("/bestaetigen/", "/confirm/")
    yield "confirm a comment"
    visitor.submits()
    yield "comment confirmed"
    visitor.opens_the_link_in_the_mail("/diskussion/mein-kommentar/", "/discussion/my-comment/")
    yield "one's comment"
    visitor.clicks("button[value=preview]")
    yield "one's comment, with a preview"
    visitor.clicks('a[href$="/loeschen"], a[href$="/delete"]')
    yield "delete"
    visitor.submits()
    yield "deleted"


def answering(visitor: Visitor) -> Iterator[str]:
    """Bring the visitor to one comment and what readers can do about it; what each page is."""
    visitor.opens("/diskussion?folge=meist-beantwortet", "/discussion?folge=meist-beantwortet")
    visitor.clicks(".comment__meta a[href*='#kommentar-']")
    yield "one comment"
    visitor.clicks("a[href*='antwort=']")
    yield "answer"
    visitor.opens("/diskussion", "/discussion")
    visitor.clicks("a[href$='/melden'], a[href$='/report']")
    yield "report"
    visitor.submits()
    yield "report, with errors"
    visitor.main.locator("[name=reason]").first.check()
    visitor.fills_in(explanation="Nur zum Ansehen.", good_faith=True)
    visitor.submits()
    yield "reported"


def subscribing(visitor: Visitor) -> Iterator[str]:
    """Bring the visitor to the newsletter, through its forms, and away again; what each page is."""
    visitor.opens("/abmelden/x", "/unsubscribe/x")
    yield "broken link to unsubscribe"
    visitor.opens("/unterzeichnen/bekraeftigen/x", "/sign/affirm/x")
    yield "broken link to affirm"
    visitor.opens("/newsletter", "/newsletter")
    yield "newsletter"
    visitor.submits()
    yield "newsletter, with an error"
    number = visitor.site.number()
    visitor.fills_in(email=f"nina{number}@gmial.com", name="Nina Donaudampfschifffahrtsgesellschaftskapitänswitwe")
    visitor.submits()
    yield "newsletter, with a mistyped address"
    visitor.fills_in(email=f"nina{number}@example.org")
    visitor.submits()
    yield "mailbox page of the newsletter"
    visitor.opens_the_link_in_the_mail("/bestaetigen/", "/confirm/")
    yield "confirm the newsletter"
    confirm = visitor.page.url
    visitor.submits()
    yield "newsletter confirmed"
    visitor.goes_to(confirm.replace("/bestaetigen/", "/newsletter/angebot/").replace("/confirm/", "/newsletter/offer/"))
    yield "offer to who has the newsletter"
    welcome = visitor.reads_mail()
    visitor.goes_to(link_in(welcome, "/meine-daten/" if visitor.language == "de" else "/en/my-data/"))
    yield "my data with the newsletter"
    visitor.clicks('a[href$="/newsletter"]')
    yield "change the newsletter"
    visitor.fills_in(name="www.example.org")
    visitor.submits()
    yield "change the newsletter, with an error"
    visitor.goes_to(link_in(welcome, "/abmelden/" if visitor.language == "de" else "/en/unsubscribe/"))
    yield "unsubscribe"
    visitor.submits()
    yield "unsubscribed"


def around(visitor: Visitor) -> Iterator[str]:
    """Bring the visitor to the pages around the declaration, to news, and to what the search finds; what each is."""
    for name, german, english in (
        ("home", "/", "/"),
        ("page of a section", "/worum-es-geht", "/background"),
        ("page below a section", "/worum-es-geht/kommunalverwaltung", "/background/administration"),
        ("contact", "/kontakt", "/contact"),
        ("search", "/suche", "/search"),
        ("nothing found", "/suche?q=quastenflosser", "/search?q=coelacanth"),
        ("found", "/suche?q=beispiel", "/search?q=example"),
        ("news", "/aktuelles", "/news"),
    ):
        visitor.opens(german, english)
        yield name
    visitor.clicks(".news h2 a")
    yield "one of the news"


def asked_and_answered(visitor: Visitor) -> Iterator[str]:
    """Bring the visitor through the example of a survey, with the demo's answers, and to its results."""
    for name, german, english in (
        ("surveys", "/umfrage", "/survey"),
        ("survey", "/umfrage/beispiel", "/survey/beispiel"),
        ("survey of 2021", "/umfrage/homeoffice-2021", "/survey/homeoffice-2021"),
        ("broken invitation", "/umfrage/einladung/x", "/survey/invitation/x"),
        ("results", "/umfrage/beispiel/ergebnisse", "/survey/beispiel/results"),
        (
            "results of a group",
            "/umfrage/beispiel/ergebnisse?gruppe=zuhause",
            "/survey/beispiel/results?gruppe=zuhause",
        ),
        ("survey's first page", "/umfrage/beispiel/antworten", "/survey/beispiel/answer"),
    ):
        visitor.opens(german, english)
        yield name
    visitor.clicks("[value=next]")
    yield "survey's first page, with an error"
    visitor.main.locator("[name='a.ort'][value=zuhause]").check()
    visitor.clicks("[value=next]")
    yield "survey's second page"
    visitor.clicks("[value=next]")
    yield "survey's third page"
    visitor.clicks("[value=next]")
    yield "survey's answers to look through"
    visitor.clicks("[value=send]")
    yield "survey's thanks"


def with_demo(visitor: Visitor) -> Iterator[str]:
    """The discussion once more, full: comments in every state, answers, outcomes, positions."""
    visitor.site.command("demo", "load", "--people", "1")
    visitor.site.command("search", "rebuild")
    tours = (the_discussion, answering, around, asked_and_answered)
    for name in chain.from_iterable(tour(visitor) for tour in tours):
        yield f"{name}, full"


def the_conference(visitor: Visitor) -> Iterator[str]:
    """Bring the visitor to every page of conferences, and through a registration; what each is."""
    for name, german, english in (
        ("conferences", "/fachtagung", "/conference"),
        ("conference of 2023", "/fachtagung/2023", "/conference/2023"),
        ("registration closed", "/fachtagung/2023/anmeldung", "/conference/2023/registration"),
        ("sample conference", "/fachtagung/beispiel", "/conference/beispiel"),
        ("part of the programme", "/fachtagung/beispiel/vortrag", "/conference/beispiel/vortrag"),
        ("broken link to cancel", "/fachtagung/abmelden/x", "/conference/cancel/x"),
        ("register", "/fachtagung/beispiel/anmeldung", "/conference/beispiel/registration"),
    ):
        visitor.opens(german, english)
        yield name
    visitor.submits()
    yield "register, with errors"
    number = visitor.site.number()
    name = f"Greta Grundschleppnetzfischerin-Donaudampfschifffahrtsgesellschaft {number}"
    visitor.fills_in(name=name, email=f"tagung{number}@example.org", needs="Beispiel", consent=True)
    visitor.submits()
    yield "mailbox page of the conference"
    visitor.opens_the_link_in_the_mail("/bestaetigen/", "/confirm/")
    yield "confirm a registration"
    visitor.submits()
    yield "registered"
    visitor.opens_the_link_in_the_mail("/fachtagung/abmelden/", "/conference/cancel/")
    yield "cancel a registration"
    visitor.submits()
    yield "registration cancelled"


@dataclass
class Looks:
    """What is wrong with the pages of one language: their names, and what."""

    wide: list[tuple[str, int]] = field(default_factory=list)
    axe: list[tuple[str, list[Finding]]] = field(default_factory=list)
    edges: list[tuple[str, list[str]]] = field(default_factory=list)


@pytest.fixture(scope="module", params=["de", "en"])
def looks(one_site: Site, chrome: Browser, request: pytest.FixtureRequest) -> Looks:
    """One walk through everything, looking at each page in every way."""
    looks = Looks()
    for tour in (everything, the_discussion, the_literature, writing, subscribing, with_demo, the_conference):
        with visiting(chrome, one_site, request.param) as visitor:
            for name in tour(visitor):
                looks.wide += [(name, width) for width in too_wide(visitor)]
                looks.axe += [(name, found) for found in [findings(visitor)] if found]
                looks.edges += [(name, lost) for lost in [lost_edges(visitor)] if lost]
    one_site.command("demo", "clear")
    return looks


def too_wide(visitor: Visitor) -> list[int]:
    """The window widths, in CSS pixels, on which the page has to be scrolled sideways; on the wide one all is large."""
    wide = []
    for width, size in ((320, "100%"), (640, "200%"), (320, "200%")):
        visitor.page.set_viewport_size({"width": width, "height": 640})
        visitor.page.evaluate("size => { document.documentElement.style.fontSize = size; }", size)
        if visitor.scrolls_sideways():
            wide.append(width)
    visitor.page.evaluate("document.documentElement.removeAttribute('style')")
    visitor.page.set_viewport_size({"width": 1280, "height": 900})
    return wide


def findings(visitor: Visitor) -> list[Finding]:
    """What axe-core finds on the page that is open, and in dark what it finds of its colours: the rule, and where."""
    found: list[Finding] = []
    for scheme, rules in RULES.items():
        visitor.page.emulate_media(color_scheme=scheme)
        found += [
            (scheme, violation["help"], [str(node["target"]) for node in violation["nodes"]])
            for violation in Axe().run(visitor.page, options=rules).response["violations"]
        ]
    visitor.page.emulate_media(color_scheme="light")
    return found


def lost_edges(visitor: Visitor) -> list[str]:
    """The buttons and fields that nothing sets off from the page where the visitor's system chooses the colours."""
    visitor.page.emulate_media(forced_colors="active")
    lost = visitor.main.locator(WITH_EDGES).evaluate_all(EDGELESS)
    visitor.page.emulate_media(forced_colors="none")
    return [str(one) for one in lost]


def test_no_page_scrolls_sideways_on_a_small_screen_or_with_large_text(looks: Looks) -> None:
    """Edge case 31: 320 px wide (WCAG 1.4.10), and text of 200 % (WCAG 1.4.4) on 640 and on 320 px."""
    assert looks.wide == []


def test_axe_finds_nothing(looks: Looks) -> None:
    """WCAG 2.2 AA, as far as a program can tell, in light and in dark."""
    assert looks.axe == []


def test_forced_colours_leave_buttons_and_fields_their_edges(looks: Looks) -> None:
    """Edge case 31."""
    assert looks.edges == []


def test_axe_finds_nothing_where_a_suspicious_visitor_comes_by(one_site: Site, chrome: Browser, language: str) -> None:
    with visiting(chrome, one_site, language, extra_http_headers=ELSEWHERE) as visitor:
        visitor.opens("/unterzeichnen", "/sign")
        visitor.fills_in(name="Eva Eilig", email=f"eva{one_site.number()}@example.org", consent=True)
        visitor.submits()
        expect(visitor.main.locator("altcha-widget [data-state=verified]")).to_be_visible()
        assert findings(visitor) == []
