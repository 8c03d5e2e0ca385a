"""What every page has in common: language, addresses, nothing from elsewhere, nothing inline, no cookie."""

import gzip
import re
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import pytest
from selectolax.lexbor import LexborHTMLParser

from portal.config import ROOT
from portal.web.static import FOR_EVER, version
from tests.browser import Browser, Client, Page

pytestmark = pytest.mark.one_database

PAIRS = {
    "/": "/en/",
    "/impressum": "/en/imprint",
    "/worum-es-geht/kommunalverwaltung": "/en/background/administration",
    "/kontakt": "/en/contact",
    "/barrierefreiheit": "/en/accessibility",
    "/barrierefreiheit/rueckmeldung": "/en/accessibility/feedback",
    "/barrierefreiheit/rueckmeldung/danke": "/en/accessibility/feedback/thanks",
}
ALL = [*PAIRS, *PAIRS.values()]
CSS = ROOT / "static" / "css" / "portal.css"
PAGE_BYTES = 150_000
CSS_BYTES = 14_000


def loaded(tree: LexborHTMLParser) -> Iterator[str]:
    """The addresses that a browser fetches by itself when it shows the page."""
    for element in tree.css("script[src], img[src], iframe[src], source[src], link[href], object[data]"):
        if element.tag != "link" or not {"canonical", "alternate"} & set((element.attributes["rel"] or "").split()):
            attributes = element.attributes
            yield attributes.get("src") or attributes.get("href") or attributes.get("data") or ""


@pytest.mark.parametrize("path", ALL)
def test_a_page_says_its_language_and_has_one_heading_and_one_main(browser: Browser, path: str) -> None:
    page = browser.open(path)
    assert page.status == 200
    assert page.attribute("html", "lang") == ("en" if path.startswith("/en/") else "de")
    assert len(page.texts("h1")) == 1
    assert page.attribute("main", "id") == "inhalt"
    assert page.attribute("a.skip-link", "href") == "#inhalt"
    assert page.title
    assert page.attribute("meta[name=description]", "content")


@pytest.mark.parametrize("path", ALL)
def test_a_page_loads_nothing_from_elsewhere_and_has_nothing_inline(browser: Browser, path: str) -> None:
    page = browser.open(path)
    for address in loaded(page.tree):
        assert not urlsplit(urljoin("/", address)).netloc, f"{path} loads {address}"
    assert not page.tree.css('style, [style], script:not([type="application/ld+json"]), iframe')
    attributes = {name for element in page.tree.css("*") for name in element.attributes}
    assert not {name for name in attributes if name.startswith("on")}


@pytest.mark.parametrize("path", ALL)
def test_a_public_page_sets_no_cookie_and_forbids_what_it_does_not_need(client: Client, path: str) -> None:
    response = client.get(path)
    assert "Set-Cookie" not in response.headers
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(("german", "english"), PAIRS.items())
def test_the_language_switch_leads_to_the_same_page(browser: Browser, german: str, english: str) -> None:
    page = browser.open(german)
    assert page.attribute(".language a", "href") == english
    assert page.attribute(".language a", "hreflang") == "en"
    assert page.attribute("link[rel=canonical]", "href") == f"http://portal.test{german}"
    assert page.attribute("link[hreflang=en]", "href") == f"http://portal.test{english}"
    assert browser.open(english).attribute(".language a", "href") == german


def test_the_language_switch_keeps_the_query_and_takes_no_orders_from_it(browser: Browser) -> None:
    page = browser.open("/?von=1&_scheme=javascript&_external=1&endpoint=x")
    assert page.attribute(".language a", "href") == "/en/?von=1&_scheme=javascript&_external=1&endpoint=x"
    assert page.attribute("link[rel=canonical]", "href") == "http://portal.test/"


def test_the_menu_knows_where_one_is(browser: Browser) -> None:
    assert browser.open("/impressum").texts("[aria-current=page]") == ["Impressum"]


def test_every_link_of_the_frame_leads_somewhere(browser: Browser) -> None:
    page = browser.open("/")
    for link in page.tree.css("header a, footer a"):
        assert browser.open(link.attributes["href"] or "").status in {200, 503}


def keeping(client: Client, address: str) -> str:
    with client.get(address) as response:
        return response.headers["Cache-Control"]


def weight(page: Page) -> tuple[int, int]:
    """The bytes of a page on the wire, fonts in use included, and those of its stylesheet alone."""
    css = gzip.compress(CSS.read_bytes())
    serif, sans, italic = (ROOT / "static" / "fonts" / f"{name}.woff2" for name in ("serif", "sans", "serif-italic"))
    fonts = sum(path.stat().st_size for path in (serif, sans, italic))
    return len(gzip.compress(page.response.data)) + len(css) + fonts, len(css)


@pytest.mark.parametrize("path", ALL)
def test_a_page_stays_within_its_budget(browser: Browser, path: str) -> None:
    whole, css = weight(browser.open(path))
    assert css <= CSS_BYTES
    assert whole <= PAGE_BYTES


def test_the_stylesheet_names_fonts_that_exist_with_their_version(client: Client) -> None:
    named = re.findall(r'url\("\.\./(fonts/[\w-]+\.woff2)\?v=(\w*)"\)', CSS.read_text(encoding="utf-8"))
    assert named
    for path, given in named:
        assert given == version((ROOT / "static" / path).read_bytes()), (
            f"write the new version of {path} into portal.css"
        )
        assert keeping(client, f"/static/{path}?v={given}") == FOR_EVER


def test_preloaded_fonts_are_the_ones_that_the_stylesheet_names(browser: Browser) -> None:
    css = CSS.read_text(encoding="utf-8")
    preloaded = [link.attributes["href"] or "" for link in browser.open("/").tree.css("link[rel=preload]")]
    assert len(preloaded) == 2
    for address in preloaded:
        assert f'url("../{address.removeprefix("/static/")}")' in css


def test_static_files_are_kept_for_ever_only_under_their_present_version(client: Client, browser: Browser) -> None:
    address = browser.open("/").attribute("link[rel=stylesheet]", "href") or ""
    assert "?v=" in address
    assert keeping(client, address) == FOR_EVER
    assert keeping(client, address + "0") == "public, no-cache"
    assert keeping(client, "/static/css/portal.css") == "public, no-cache"
    assert keeping(client, "/static/css/nix.css?v=1") == "no-store"
    with client.get("/static/../portal/config.py") as response:
        assert response.status_code == 404
