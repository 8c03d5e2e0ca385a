"""The files that hold the site's own pages: `content/pages/<section>/…/<language>.md`, a folder for each page.

A folder within another is a page below it. Its name is the page's in the code and in `content/`: it has no language and
never changes. A file begins with its front matter and goes on in Markdown:

    ---
    title: "Kommunalverwaltung"
    description: "Was eine Öffnungszeit im Netz von einem Verwaltungsakt unterscheidet."
    address: kommunalverwaltung
    order: 1
    ---

    Der Text. Überschriften beginnen mit ##.

`address` is the last part of the page's address in that language; what stands before it are the addresses of the pages
above. `order` is its place among its neighbours.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from portal.content import ContentError, Written, read_page
from portal.language import LANGUAGES

FOLDER = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
DEEPEST = 4
LONGEST_NAME = 60


def _heading_free(title: str) -> str:
    if title != title.strip() or "\n" in title:
        raise ValueError("Das ist eine einzige Zeile, ohne Leerzeichen am Anfang und am Ende.")
    return title


Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_heading_free)]


class FrontMatter(Written):
    """What stands above a page's text."""

    title: Line
    description: Line
    """For search engines, and below the link that leads here. A sentence."""
    address: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
    order: Annotated[int, Field(ge=0, le=999)] = 0


@dataclass(frozen=True)
class PageText:
    """A page in one language."""

    language: str
    title: str
    description: str
    address: str
    """The whole of it, from the first slash on."""
    body: str
    """Markdown."""


@dataclass(frozen=True)
class ContentPage:
    """A page with all its languages and what is below it."""

    name: str
    """Its folders, joined by a dash: `background-administration`."""
    order: int
    texts: Mapping[str, PageText]
    below: tuple["ContentPage", ...]
    path: Path

    def walk(self) -> Iterator["ContentPage"]:
        """The page and everything below it."""
        yield self
        for page in self.below:
            yield from page.walk()


@cache
def read_all(root: Path) -> tuple[ContentPage, ...]:
    """The pages of the first level, in their order. Raises ContentError."""
    pages = _pages(root, "", {language: "" if language == "de" else f"/{language}" for language in LANGUAGES})
    seen: dict[str, Path] = {}
    for page in every(pages):
        for text in page.texts.values():
            if text.address in seen:
                raise ContentError(
                    f"{page.path / text.language}.md: address: {text.address} ist schon die Adresse von"
                    f" {seen[text.address]}. Bitte eine andere wählen."
                )
            seen[text.address] = page.path
    return pages


def every(pages: tuple[ContentPage, ...]) -> Iterator[ContentPage]:
    """These pages and all below them."""
    for page in pages:
        yield from page.walk()


def _pages(folder: Path, above: str, addresses: Mapping[str, str], depth: int = 1) -> tuple[ContentPage, ...]:
    folders = sorted(one for one in folder.iterdir() if one.is_dir()) if folder.is_dir() else []
    if folders and depth > DEEPEST:
        raise ContentError(
            f"{folders[0]} liegt tiefer als {DEEPEST} Ordner. Bitte die Seite weiter nach oben verschieben."
        )
    pages = [_page(one, above, addresses, depth) for one in folders]
    return tuple(sorted(pages, key=lambda page: page.order))


def _page(folder: Path, above: str, addresses: Mapping[str, str], depth: int) -> ContentPage:
    if not FOLDER.fullmatch(folder.name):
        raise ContentError(f"{folder}: Ein Ordnername darf nur a–z, 0–9 und einzelne Striche haben. Bitte umbenennen.")
    read = {language: read_page(folder / f"{language}.md", FrontMatter) for language in LANGUAGES}
    if len({front.order for front, _ in read.values()}) > 1:
        raise ContentError(
            f"{folder}: order: In {' und '.join(f'{one}.md' for one in LANGUAGES)} muss dasselbe stehen."
        )
    texts = {
        language: PageText(
            language,
            front.title,
            front.description,
            f"{addresses[language]}/{front.address}",
            _body(folder, language, body),
        )
        for language, (front, body) in read.items()
    }
    name = f"{above}{folder.name}"
    if len(name) > LONGEST_NAME:
        raise ContentError(f"{folder}: Der Name ist mit denen darüber länger als {LONGEST_NAME} Zeichen. Bitte kürzen.")
    below = _pages(folder, f"{name}-", {language: text.address for language, text in texts.items()}, depth + 1)
    return ContentPage(name, read[LANGUAGES[0]][0].order, texts, below, folder)


def _body(folder: Path, language: str, body: str) -> str:
    """The text, which has no title of its own and is not empty."""
    if re.search(r"^#\s", body, re.MULTILINE):
        raise ContentError(
            f"{folder / language}.md: Der Titel steht oben unter title. Zwischenüberschriften beginnen mit ##."
        )
    if not body:
        raise ContentError(
            f"{folder / language}.md: Der Text fehlt. Er folgt auf die zweite Zeile aus drei Strichen (---)."
        )
    return body
