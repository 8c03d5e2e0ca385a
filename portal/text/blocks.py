"""Safe HTML read back into paragraphs and their words, for what is no web page: a Word document, a table."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser

BULLET = "•"

_STYLES = {"strong": "bold", "em": "italic", "code": "code", "pre": "code"}
_HEADINGS = frozenset({"h3", "h4", "h5", "h6"})
_ON_THEIR_OWN = frozenset({"p", "pre", "hr", "ul", "ol", "li", "blockquote"}) | _HEADINGS
_SPACES = re.compile("[ \t\n\r\f]+")


@dataclass(frozen=True)
class Words:
    """Words that look alike. Where a line ends in them, it ends for the reader."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False


@dataclass(frozen=True)
class Block:
    """A paragraph, a heading, or an entry of a list."""

    words: tuple[Words, ...]
    heading: bool = False
    marker: str = ""
    """What stands before the entry of a list: a bullet, or its number and a full stop. A second paragraph has none."""
    level: int = 0
    """How many lists it is in, one within the other."""
    quoted: int = 0
    """How many quotations it is in, one within the other."""

    @property
    def text(self) -> str:
        """The words without their looks."""
        return "".join(words.text for words in self.words)


def blocks_of(html: str, site: str = "") -> list[Block]:
    """What there is to read in HTML that has passed the gates.

    A link is its words and, in brackets, the address that it leads to; that of a page of this `site` is made whole.
    """
    reader = _Reader(site)
    reader.feed(html)
    reader.close()
    reader.end_block()
    return reader.blocks


def plain_lines(html: str, site: str = "") -> str:
    """The same as plain text: blank lines between paragraphs, and `>` before what is quoted, as in mails."""
    text, before = "", None
    for block in blocks_of(html, site):
        if before is not None:
            text += "\n" if block.level and before.level else "\n\n"
        indent = "> " * block.quoted + "  " * (block.level - bool(block.marker))
        words = f"{block.marker} {block.text}" if block.marker else block.text
        text += "\n".join(indent + line for line in words.split("\n"))
        before = block
    return text


class _Reader(HTMLParser):
    """Notes what is open, and makes a block of the words whenever one ends."""

    def __init__(self, site: str) -> None:
        super().__init__()
        self.blocks: list[Block] = []
        self._site = site
        self._words: list[Words] = []
        self._open: list[str] = []
        self._numbers: list[int | None] = []
        """The number of the next entry in each open list; None in one with bullets."""
        self._marker = ""
        self._link: tuple[str, int] = ("", 0)
        """The address of the open link, and how many words came before it."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _ON_THEIR_OWN:
            self.end_block()
        if tag == "br":
            self._add("\n")
        elif tag == "li":
            self._marker = self._next_marker()
        elif tag == "a":
            self._link = (dict(attrs).get("href") or "", len(self._words))
        elif tag in {"ul", "ol"}:
            self._numbers.append(int(dict(attrs).get("start") or 1) if tag == "ol" else None)
        if tag not in {"br", "hr"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _ON_THEIR_OWN:
            self.end_block()
        if tag == "a":
            self._say_where()
        elif tag == "li":
            self._marker = ""
        elif tag in {"ul", "ol"}:
            self._numbers.pop()
        self._open.remove(tag)

    def handle_data(self, data: str) -> None:
        self._add(data if "pre" in self._open else _SPACES.sub(" ", data))

    def end_block(self) -> None:
        """Make a block of the words since the last one, if there are any."""
        if any(words.text.strip() for words in self._words):
            last = self._words.pop()
            words = (*self._words, Words(last.text.rstrip(), last.bold, last.italic, last.code))
            heading = not _HEADINGS.isdisjoint(self._open)
            quoted = self._open.count("blockquote")
            self.blocks.append(Block(words, heading, self._marker, len(self._numbers), quoted))
            self._marker = ""
        self._words = []

    def _add(self, text: str) -> None:
        before = self._words[-1].text if self._words else "\n"
        if before.endswith((" ", "\n")) and "pre" not in self._open:
            text = text.lstrip(" ")
        if text:
            looks: Mapping[str, bool] = {_STYLES[tag]: True for tag in self._open if tag in _STYLES}
            self._words.append(Words(text, **looks))

    def _next_marker(self) -> str:
        number = self._numbers[-1]
        if number is None:
            return BULLET
        self._numbers[-1] = number + 1
        return f"{number}."

    def _say_where(self) -> None:
        href, since = self._link
        address = self._site + href if href.startswith(("/", "#")) else href.removeprefix("mailto:")
        if address != "".join(words.text for words in self._words[since:]):
            self._add(f" ({address})")
