"""From the home page to the list, and back out of it."""

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.site import Site
from tests.journeys.visitor import ELSEWHERE, Visitor, visiting

START_OF_TITLE = {"de": "Fehler: ", "en": "Error: "}


def test_someone_signs_corrects_and_withdraws(visitor: Visitor) -> None:
    """Edge case 31: with and without JavaScript, and without a cookie before the form."""
    before = visitor.counter()
    visitor.opens("/", "/")
    visitor.follows("/erklaerung", "/declaration")
    visitor.clicks(".thesis .thesis-aside a")
    visitor.opens("/erklaerung", "/declaration")
    visitor.follows("/unterzeichnen", "/sign")

    name = f"Ada Müller-Özdemir {visitor.site.number()}"
    visitor.fills_in(
        name=name,
        email=f"ada{visitor.site.number()}@example.org",
        occupation="Sozialarbeiterin",
        field="youth_welfare_office",
        organisation="Beispiel e. V.",
        place="Essen",
        state="NW",
        show_name=True,
        show_occupation=True,
        show_place=True,
        consent=True,
    )
    visitor.submits()
    promised = visitor.promised_entry()
    assert name in promised
    assert "Essen" in promised
    assert "Beispiel e. V." not in promised
    visitor.sends()
    assert visitor.counter() == before
    assert visitor.listed_entry() == ""

    visitor.confirms_by_the_link_in_the_mail()
    assert visitor.promised_entry() == promised
    assert visitor.listed_entry() == promised
    assert visitor.counter() == before + 1

    my_data = visitor.opens_my_data_by_the_link_in_the_mail()
    visitor.sees(name, "Beispiel e. V.")
    visitor.corrects(place="Gelsenkirchen", show_organisation=True)
    assert visitor.page.url == f"{my_data}?gespeichert=1"
    corrected = visitor.listed_entry()
    assert "Essen" not in corrected
    assert "Gelsenkirchen" in corrected
    assert "Beispiel e. V." in corrected
    visitor.goes_to(my_data)
    [signature] = visitor.downloads()["signatures"]
    assert (signature["name"], signature["place"]) == (name, "Gelsenkirchen")

    visitor.withdraws()
    assert visitor.listed_entry() == ""
    assert visitor.counter() == before
    visitor.goes_to(my_data)
    visitor.does_not_see(name)
    left = visitor.downloads()
    assert "signatures" not in left
    assert name not in str(left)
    visitor.reads_mail()


@pytest.mark.one_database
def test_that_was_not_me(visitor: Visitor) -> None:
    before = visitor.counter()
    number = visitor.site.number()
    visitor.signs(f"Bo Muster {number}", f"bo{number}@example.org", show_name=True)
    visitor.says_that_was_not_me()
    assert visitor.main.locator("form").count() == 0
    assert visitor.listed_entry() == ""
    assert visitor.counter() == before
    visitor.opens("/meine-daten", "/my-data")
    visitor.fills_in(email=visitor.email)
    visitor.submits()
    visitor.opens_my_data_by_the_link_in_the_mail()
    visitor.does_not_see(visitor.name)


@pytest.mark.one_database
def test_a_form_with_errors_keeps_everything_and_shows_where_they_are(visitor: Visitor) -> None:
    visitor.opens("/unterzeichnen", "/sign")
    typed = {"email": "cem@", "occupation": "Berater", "place": "Ümläuten am Øresund", "state": "BE", "field": "other"}
    visitor.fills_in(name="", show_place=True, newsletter=True, **typed)
    visitor.submits()
    assert visitor.page.title().startswith(START_OF_TITLE[visitor.language])
    summary = visitor.main.locator(".error-summary")
    expect(summary).to_be_focused()
    wrong = ["name", "email", "consent"]
    assert [link.get_attribute("href") for link in summary.locator("a").all()] == [f"#{name}" for name in wrong]
    for name, said in zip(wrong, summary.locator("a").all_inner_texts(), strict=True):
        expect(visitor.field(name)).to_have_attribute("aria-invalid", "true")
        expect(visitor.main.locator(f"#{name}-error")).to_contain_text(said)
    for name, value in typed.items():
        expect(visitor.field(name)).to_have_value(value)
    for name in ("show_place", "newsletter"):
        expect(visitor.field(name)).to_be_checked()
    summary.locator("a").first.click()
    expect(visitor.field("name")).to_be_focused()
    visitor.fills_in(name="Cem Beispiel", email="cem@example.org", consent=True)
    visitor.submits()
    assert "Ümläuten am Øresund" in visitor.promised_entry()


@pytest.mark.one_database
def test_the_keyboard_is_enough(visitor: Visitor) -> None:
    """Edge case 31."""
    number = visitor.site.number()
    visitor.name, visitor.email = f"Dora Taste {number}", f"dora{number}@example.org"
    visitor.opens("/unterzeichnen", "/sign")
    visitor.tabs_to(".skip-link")
    visitor.presses("Enter")
    expect(visitor.main).to_be_focused()
    for name, value in (("name", visitor.name), ("email", visitor.email)):
        visitor.tabs_to(f"[name={name}]")
        visitor.page.keyboard.type(value)
    for name in ("show_name", "consent"):
        visitor.tabs_to(f"[name={name}]")
        visitor.presses("Space")
        expect(visitor.field(name)).to_be_checked()
    visitor.tabs_to("main form button")
    visitor.goes_on_with("Enter")
    visitor.tabs_to("[name=step][value=send]")
    promised = visitor.promised_entry()
    assert visitor.name in promised
    visitor.goes_on_with("Enter")
    visitor.opens_the_link_in_the_mail("/bestaetigen/", "/confirm/")
    visitor.tabs_to("main form button")
    visitor.goes_on_with("Space")
    assert visitor.listed_entry() == promised


@pytest.mark.one_database
def test_a_suspicious_visitor_is_not_kept_waiting(site: Site, chrome: Browser, javascript: bool, language: str) -> None:
    """Edge case 9: a browser with JavaScript proves by work that it is one; without it an organiser looks first."""
    number = site.number()
    with visiting(chrome, site, language, javascript=javascript, extra_http_headers=ELSEWHERE) as visitor:
        visitor.opens("/unterzeichnen", "/sign")
        visitor.fills_in(name=f"Eva Eilig {number}", email=f"eva{number}@example.org", show_name=True, consent=True)
        visitor.submits()
        promised, widget = visitor.promised_entry(), visitor.main.locator("altcha-widget")
        if javascript:
            expect(widget.locator("[data-state=verified]")).to_be_visible()
        else:
            assert widget.evaluate("widget => widget.getBoundingClientRect().height") == 0
            assert widget.inner_text() == ""
        visitor.sends()
        visitor.confirms_by_the_link_in_the_mail()
        assert visitor.listed_entry() == (promised if javascript else "")


@pytest.mark.one_database
def test_a_suspicious_visitor_may_send_before_the_work_is_done(site: Site, chrome: Browser, language: str) -> None:
    """Edge case 9."""
    number = site.number()
    with visiting(chrome, site, language, extra_http_headers=ELSEWHERE) as visitor:
        visitor.page.route("**/pbkdf2.js", lambda route: route.abort())
        visitor.signs(f"Flo Flink {number}", f"flo{number}@example.org")
        visitor.confirms_by_the_link_in_the_mail()
        visitor.complaints = [one for one in visitor.complaints if "pbkdf2.js" not in one]
