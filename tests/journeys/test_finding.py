"""Finding one's way: the menu and the search on a small screen, and news from the first word to the website."""

from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect

from portal.clock import BERLIN, now
from tests.journeys.organiser import joins_the_office
from tests.journeys.site import Site
from tests.journeys.visitor import visiting

SMALL = {"width": 360, "height": 640}


@pytest.mark.parametrize(("language", "javascript"), [("de", False), ("en", True)])
def test_one_finds_something_on_a_small_screen(
    one_site: Site, chrome: Browser, language: str, javascript: bool
) -> None:
    """By the menu and the footer, and by the header's search."""
    one_site.command("search", "rebuild")
    with visiting(chrome, one_site, language, javascript=javascript, viewport=SMALL) as visitor:
        visitor.opens("/", "/")
        header = visitor.page.locator("header")
        menu = header.locator(".site-nav")
        expect(menu).to_be_hidden()
        header.locator("summary").click()
        expect(menu).to_be_visible()
        menu.get_by_role("link").first.click()
        visitor.is_at("/worum-es-geht", "/background")
        visitor.page.locator("footer").get_by_role("link", name="Kontakt" if language == "de" else "Contact").click()
        visitor.is_at("/kontakt", "/contact")
        header.locator(".site-search-link").click()
        visitor.is_at("/suche", "/search")
        visitor.main.locator("[name=q]").fill("VERWALTUNGSAKTE" if language == "de" else "administrative acts")
        visitor.main.locator("[name=q]").press("Enter")
        expect(visitor.main.locator("mark").first).to_be_visible()
        visitor.main.locator(".found a", has_text="Kommunal" if language == "de" else "Municipal").first.click()
        visitor.is_at("/worum-es-geht/kommunalverwaltung", "/background/administration")
        assert not visitor.scrolls_sideways()


@pytest.mark.one_database
def test_an_editor_writes_news(one_site: Site, chrome: Browser) -> None:
    number = one_site.number()
    with visiting(chrome, one_site, "de", javascript=False) as editor, visiting(chrome, one_site, "en") as reader:
        joins_the_office(editor, "editor")
        editor.goes_to("/redaktion/aktuelles")
        editor.clicks("a.button")
        editor.fills_in(title_de=f"Treffen {number}", body_de="Wir **treffen** uns.\n\n## Wo\n\nIn den Jugendämtern.")
        editor.clicks("button[value=preview]")
        expect(editor.main.locator(".preview-card h2")).to_have_text("Wo")
        editor.clicks("#news button:not([value])")
        editor.sees("Gespeichert.", "Entwurf")
        tomorrow = (now() + timedelta(days=1)).astimezone(BERLIN)
        editor.main.locator("#news [name=when][value=later]").check()
        editor.main.locator("#news [name=day]").fill(f"{tomorrow:%Y-%m-%d}")
        editor.main.locator("#news [name=time]").fill(f"{tomorrow:%H:%M}")
        editor.clicks("#news button[value=publish]")
        editor.sees("geplant", "von selbst öffentlich")
        reader.opens("/aktuelles", "/news")
        reader.does_not_see(f"Treffen {number}")
        editor.main.locator("#news [name=when][value=now]").check()
        editor.clicks("#news button[value=publish]")
        editor.sees("jetzt öffentlich")
        reader.opens("/aktuelles", "/news")
        reader.sees(f"Treffen {number}", "in German")
        one_site.command("search", "rebuild")
        reader.page.locator("header [name=q]").fill("Jugendamt Treffen")
        reader.page.locator("header [name=q]").press("Enter")
        reader.page.wait_for_url("**/en/search**")
        reader.sees(f"Treffen {number}")
