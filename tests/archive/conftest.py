"""A site to archive, and what its archive says."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from selectolax.lexbor import LexborHTMLParser

from portal.web.sitemap import Place

DATE = "2026-11-22T12:00:00"
Routes = Callable[..., None]


class Archive:
    """The archive of an application in one folder, as the commands make and check it."""

    def __init__(self, app: Flask, folder: Path) -> None:
        self.app = app
        self.folder = folder

    def run(self, *words: str, succeeds: bool = True) -> str:
        """What `archive …` says."""
        result = self.app.test_cli_runner().invoke(args=["archive", *words])
        assert (result.exit_code == 0) is succeeds, result.output
        assert succeeds or result.exit_code == 1
        return result.output

    def build(self, *words: str, succeeds: bool = True) -> str:
        """What the command says while it builds the archive of one fixed moment."""
        return self.run("build", str(self.folder), "--date", DATE, *words, succeeds=succeeds)

    def check(self, *, succeeds: bool = True) -> str:
        """What the command says of the archive that is there."""
        return self.run("check", str(self.folder), succeeds=succeeds)

    def text(self, path: str) -> str:
        """What a file says."""
        return (self.folder / path).read_text("utf-8")

    def page(self, path: str) -> LexborHTMLParser:
        """A page, read as HTML."""
        return LexborHTMLParser(self.text(path))

    def pages(self) -> Iterator[tuple[str, LexborHTMLParser]]:
        """Every page with its path."""
        for file in sorted(self.folder.rglob("*.html")):
            path = file.relative_to(self.folder).as_posix()
            yield path, self.page(path)

    def links(self, path: str, selector: str = "main a") -> list[str]:
        """Where links of a page lead."""
        return [node.attributes["href"] or "" for node in self.page(path).css(selector)]

    @property
    def sums(self) -> str:
        return self.text("SHA256SUMS")


@pytest.fixture
def archive(app: Flask, tmp_path: Path) -> Archive:
    """The archive of an empty site."""
    return Archive(app, tmp_path / "archive")


@pytest.fixture
def routes(app: Flask) -> Routes:
    """Gives the site further pages: `routes(probe="<p>…", file=(b"…", "text/csv"))` at `/probe` and `/file`.

    `/probe` is where reading begins. Text becomes a whole page.
    """

    def add(**answers: Any) -> None:
        for name, answer in answers.items():
            address = "/" + re.sub("__", "/", name)
            said = answer if not isinstance(answer, str) else _page(answer)
            app.add_url_rule(address, name, lambda said=said, **_values: said)  # binds it now
        app.extensions["places"] = (lambda _session, _now: [Place("probe")],)

    return add


def _page(main: str) -> str:
    return (
        f'<!DOCTYPE html><html lang="de"><head><meta charset="utf-8"><title>Probe</title></head><body>'
        f'<a class="skip-link" href="#inhalt">Zum Inhalt</a><main id="inhalt">{main}</main></body></html>'
    )
