"""Journeys through the literature: the reading list from record to record and back, and an import in the office."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.organiser import joins_the_office
from tests.journeys.site import Site
from tests.journeys.visitor import Visitor, visiting

TITLE = "Digitalisierung in der Sozialverwaltung"
STORED = "() => localStorage.getItem('merkzettel')"


@pytest.fixture(scope="module")
def library(one_site: Site) -> Site:
    """The site with the shipped article."""
    one_site.command("literature", "load")
    return one_site


def article_on(reader: Visitor) -> str:
    """The number of the shipped article; other journeys may have brought records before it."""
    reader.goes_to("/literatur?jahr=2023")
    address = reader.main.locator(f".record__title a:has-text('{TITLE}')").get_attribute("href") or ""
    return urlsplit(address).path.rsplit("/", 1)[-1]


@pytest.fixture
def reader(library: Site, chrome: Browser, javascript: bool, language: str) -> Iterator[Visitor]:
    """Somebody who reads, in both languages, with and without JavaScript."""
    with visiting(chrome, library, language, javascript=javascript) as visitor:
        yield visitor


def test_the_article_goes_on_the_list_is_opened_taken_along_and_left(reader: Visitor, javascript: bool) -> None:
    reader.opens("/literatur?jahr=2023", "/literature?jahr=2023")
    assert not javascript or reader.page.evaluate(STORED) is None, "nothing is kept before something is on the list"
    reader.clicks(f".record__title a:has-text('{TITLE}')")
    reader.clicks("a.remember")
    reader.clicks(".reading-list a")
    reader.is_at("/merkzettel", "/reading-list")
    reader.sees(TITLE, "Büchner, S., & Gall, K. (2023)")
    with reader.page.expect_download() as download:
        reader.main.locator('a[href*=".ris"]').click()
    assert "DO  - 10.5771/0342-300X-2023-5-346" in download.value.path().read_text(encoding="utf-8")
    reader.clicks(".record__title a")
    reader.sees("WSI-Mitteilungen")
    reader.clicks(".way-back a")
    reader.is_at("/merkzettel", "/reading-list")
    reader.clicks(".way-back a")
    reader.sees(TITLE)
    expect(reader.main.locator(".reading-list")).to_be_visible()


def test_the_list_can_be_printed(library: Site, chrome: Browser) -> None:
    with visiting(chrome, library, "de", javascript=False) as reader:
        reader.goes_to(f"/merkzettel?ids={article_on(reader)}")
        reader.page.emulate_media(media="print")
        expect(reader.main.locator(".record__citation")).to_be_visible()
        for hidden in (".way-back", ".exports", ".about-list", ".record__more"):
            expect(reader.main.locator(hidden).first).to_be_hidden()


def test_the_browser_remembers_only_what_was_added_and_forgets_it(library: Site, chrome: Browser) -> None:
    with visiting(chrome, library, "de") as reader:
        article = article_on(reader)
        reader.goes_to(f"/merkzettel?ids={article}")
        assert reader.page.evaluate(STORED) is None, "somebody else's list is shown, not kept"
        reader.goes_to("/literatur?jahr=2023")
        expect(reader.main.locator(".reading-list")).to_be_hidden()
        reader.clicks("a.remember")
        assert reader.page.evaluate(STORED) == article
        reader.goes_to(f"/literatur/{article}")
        expect(reader.main.locator(".reading-list")).to_be_visible()
        expect(reader.main.locator(".remember--there")).to_be_visible()
        reader.clicks(".reading-list a")
        reader.clicks("a[data-list='']")
        assert reader.page.evaluate(STORED) is None


def test_two_hundred_records_with_duplicates_come_in(library: Site, chrome: Browser) -> None:
    """Twice: what came in the first time is a duplicate the second time. None of it has a script."""
    batch = library.number()
    records = [
        f"@article{{k{one}, title={{Beispieldaten: {batch}.{one}}}, author={{Beispiel, Ada}}, year=2020,"
        f" doi={{10.1000/{batch}.{one % 195}}}}}"
        for one in range(199)
    ]
    known = "@article{s, title={Digitalisierung}, doi={https://doi.org/10.5771/0342-300x-2023-5-346}}"
    file = {"name": "l.bib", "mimeType": "text/plain", "buffer": "\n".join([*records, known]).encode()}
    with visiting(chrome, library, "de", javascript=False) as editor:
        joins_the_office(editor, "editor")
        editor.goes_to("/redaktion/literatur/import")
        editor.main.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type] # a TypedDict there
        editor.submits()
        editor.sees("195 neu, 1 schon da (gleiche DOI), 4 doppelt in der Datei (gleiche DOI).")
        editor.clicks("button[value=write]")
        editor.sees("195 Einträge sind aufgenommen")
        editor.goes_to("/redaktion/literatur/import")
        editor.main.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type] # as above
        editor.submits()
        editor.sees("200 schon da (gleiche DOI).")
