"""The archive of a site, opened from a disk as somebody would who found it in a library years later."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.databases import SQLite
from tests.journeys.site import Process, Site, free_port, running_site, wait_until

SEEN = """() => ({
  links: [...document.links].map(link => link.href).filter(href => href.startsWith("file:")),
  ids: [...document.querySelectorAll("[id]")].map(thing => thing.id),
  note: document.querySelector("body > .archive-note").checkVisibility(),
})"""
SAME: list[tuple[str, Literal["light", "dark"]]] = [
    ("/", "light"),
    ("/erklaerung", "dark"),
    ("/diskussion", "light"),
    ("/en/discussion?folge=aelteste", "dark"),
]
"""Pages without a form, which look in the archive as they do on the portal."""


@dataclass(frozen=True)
class Shelf:
    """A site with people and a discussion, and the folder with its archive."""

    site: Site
    folder: Path

    def file(self, address: str) -> str:
        """The address on the disk of what has this address on the site."""
        manifest = json.loads((self.folder / "manifest.json").read_text("utf-8"))
        path: str = next(one["path"] for one in manifest["files"] if one["source"] == self.site.url + address)
        return (self.folder / path).as_uri()


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """An archive with names, so that its pages can be laid beside the living ones."""
    folder = tmp_path_factory.mktemp("shelf")
    with running_site(SQLite(folder).fresh(folder), folder) as site:
        site.command("demo", "load", "--people", "30")
        said = site.command("archive", "build", str(folder / "archive"), "--with-names", "--variants", "4")
        assert "too many addresses that differ in their query" in said
        yield Shelf(site, folder / "archive")


@contextmanager
def looking(chrome: Browser, at: str, **options: Any) -> Iterator[Page]:
    """A page that must load nothing from elsewhere than `at`, and complain about nothing."""
    complaints: list[str] = []

    def watch(request: Request) -> None:
        if not request.url.startswith(at):
            complaints.append(f"request to {request.url}")

    def fail(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # which is said of what a left page no longer needs
            complaints.append(f"not loaded on {page.url}: {request.url}")

    context = chrome.new_context(viewport={"width": 1280, "height": 900}, **options)
    page = context.new_page()
    page.on("console", lambda message: complaints.append(f"console on {page.url}: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(f"script on {page.url}: {error}"))
    page.on("requestfailed", fail)
    page.on("request", watch)
    try:
        yield page
        assert complaints == [], "\n".join(complaints)
    finally:
        context.close()


def test_every_page_opens_from_disk_and_every_link_leads_to_one(chrome: Browser, shelf: Shelf) -> None:
    anchors: dict[str, list[str]] = {}
    wanted: set[tuple[str, str, str]] = set()
    with looking(chrome, shelf.folder.as_uri()) as page:
        for file in sorted(shelf.folder.rglob("*.html")):
            page.goto(file.as_uri(), wait_until="domcontentloaded")
            seen = page.evaluate(SEEN)
            assert seen["note"], file
            anchors[str(file)] = seen["ids"]
            links = [urlsplit(link) for link in seen["links"]]
            wanted |= {(unquote(link.path), unquote(link.fragment), str(file)) for link in links}
    for path, fragment, here in wanted:
        assert Path(path).is_file(), f"{path} on {here}"
        assert not fragment or fragment in anchors[path], f"{path}#{fragment} on {here}"
    assert (shelf.folder / "index.html").is_file()


def test_pages_look_as_they_do_on_the_portal(chrome: Browser, shelf: Shelf) -> None:
    with looking(chrome, shelf.site.url) as living, looking(chrome, shelf.folder.as_uri()) as archived:
        for address, scheme in SAME:
            for page, place in ((living, shelf.site.url + address), (archived, shelf.file(address))):
                page.emulate_media(color_scheme=scheme)
                page.goto(place)
                page.reload()  # fonts that came too late for the first look are there now
                page.evaluate("document.fonts.ready")
                for font in ("Portal Serif", "Portal Sans"):
                    assert page.evaluate("font => document.fonts.check(font)", f'1em "{font}"')
            archived.evaluate("document.querySelector('.archive-note').hidden = true")
            living.evaluate("document.querySelector('.site-search')?.remove()")
            assert living.screenshot(full_page=True) == archived.screenshot(full_page=True), address


def test_a_narrow_page_and_a_printed_one_say_that_they_are_a_copy(chrome: Browser, shelf: Shelf) -> None:
    with looking(chrome, shelf.folder.as_uri(), java_script_enabled=False) as page:
        page.set_viewport_size({"width": 320, "height": 640})
        for address in ("/", "/unterzeichnen", "/en/positions/take"):
            page.goto(shelf.file(address))
            assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        page.get_by_role("link", name="Deutsch").click()
        expect(page.locator("html")).to_have_attribute("lang", "de")
        page.emulate_media(media="print")
        expect(page.locator(".archive-note")).to_contain_text(f"{shelf.site.url}/standpunkte/mitteilen")
        expect(page.locator(".archive-note")).to_be_visible()


def test_any_web_server_serves_it(chrome: Browser, shelf: Shelf) -> None:
    port = free_port()
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(shelf.folder), str(port)]
    server = Process(command, {"PATH": os.environ["PATH"]}, shelf.folder.with_name("http.log"))
    server.start()
    try:
        wait_until(lambda: _listens(port), "the web server")
        with looking(chrome, f"http://127.0.0.1:{port}/") as page:
            page.goto(f"http://127.0.0.1:{port}/")
            page.locator(".site-nav").get_by_role("link", name="Diskussion").click()
            page.get_by_role("link", name="älteste zuerst").click()
            expect(page).to_have_url(f"http://127.0.0.1:{port}/diskussion/index-folge=aelteste.html")
            assert page.evaluate("document.fonts.check('1em \"Portal Serif\"')")
    finally:
        server.stop()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
