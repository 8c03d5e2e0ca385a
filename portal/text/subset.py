"""The Markdown of comments: paragraphs, line breaks, emphasis, lists, quotations, code and links.

It does what people who never heard of Markdown expect: a line that ends, ends; a list needs no blank line before it,
and an answer none below what it quotes; "1990. war gut" and "24. 12. 2026" are no lists; what is indented is no code.
What is not understood is shown as it was typed, and so is every `&`: `&#x202e;` is eight characters and turns nothing
around.

Whatever is typed, the work stays in proportion to its length. Python-Markdown's own patterns for links and code look
through the rest of the text from each bracket and each backtick, and its quotations and lists nest without end; the
ones here do not. See `MARKS` and `LEVELS`.
"""

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.blockparser import BlockParser
from markdown.blockprocessors import (
    BlockProcessor,
    BlockQuoteProcessor,
    EmptyBlockProcessor,
    ListIndentProcessor,
    ParagraphProcessor,
)
from markdown.extensions.sane_lists import SaneOListProcessor, SaneUListProcessor
from markdown.inlinepatterns import ESCAPE_RE, EscapeInlineProcessor, InlineProcessor, SubstituteTagInlineProcessor
from markdown.treeprocessors import InlineProcessor as InlineTreeprocessor
from markdown.util import AtomicString, Registry

from portal.text.gates import URL, is_web_page

MARKS = 400
"""How many marks may stand in one text. Each can become an element, and elements are what takes time."""
LEVELS = 8
"""How deep quotations and lists may be in each other: four lists, or eight quotations."""

_MARK = re.compile(r"[*_`\[\\<>&]|\n+|(?:-|[0-9]\.)(?= )")
_CODE = r"(?<![\\`])(`+)(?!`)([^`]+)\1(?!`)"
_LINK = r"(?<!!)\[([^\[\]]{1,300})\]\((https?://[^\s()<>]+(?:\([^\s()<>]*\)[^\s()<>]*)*)\)"

_Made = tuple[Element | str | None, int | None, int | None]


def is_intricate(source: str) -> bool:
    """Whether there are more marks in the text than anybody needs."""
    return len(_MARK.findall(source)) > MARKS


def to_html(source: str) -> str:
    """The HTML of a comment's Markdown, not yet safe. The parser is new each time: one that has failed stays broken."""
    markdown = Markdown(output_format="html")
    markdown.preprocessors.deregister("html_block")
    parser = markdown.parser
    parser.blockprocessors = _in_order(
        EmptyBlockProcessor(parser),
        ListIndentProcessor(parser),
        _Numbers(parser),
        _Bullets(parser),
        _Quotation(parser),
        ParagraphProcessor(parser),
    )
    markdown.inlinePatterns = _in_order(
        _Pattern(_CODE, _code),
        EscapeInlineProcessor(ESCAPE_RE, markdown),
        _Pattern(_LINK, _link),
        _Pattern(URL.pattern, _address),
        markdown.inlinePatterns["em_strong"],
        SubstituteTagInlineProcessor(r"\n", "br"),
    )
    markdown.treeprocessors.register(InlineTreeprocessor(markdown), "inline", 20)
    return markdown.convert(source.replace("&", "&amp;"))


def _in_order(*processors: Any) -> Registry[Any]:
    registry: Registry[Any] = Registry()
    for priority, processor in enumerate(reversed(processors)):
        registry.register(processor, str(priority), priority)
    return registry


class _Pattern(InlineProcessor):
    """Makes something of each match, or nothing: then it stays text."""

    def __init__(self, pattern: str, make: Callable[[re.Match[str]], Element | str | None]) -> None:
        super().__init__(pattern)
        self._make = make

    def handleMatch(self, m: re.Match[str], data: str) -> _Made:  # type: ignore[override]  # noqa: N802 - as upstream
        made = self._make(m)
        return (None, None, None) if made is None else (made, m.start(), m.end())


def _code(found: re.Match[str]) -> Element:
    """Code between as many backticks as one likes, without any within."""
    code = Element("code")
    code.text = AtomicString(found[2].strip())
    return code


def _link(found: re.Match[str]) -> Element | None:
    """A link to a web page. What leads anywhere else stays text, for everybody to see."""
    if not is_web_page(unescape(found[2])):
        return None
    link = Element("a", href=found[2])
    link.text = found[1]
    return link


def _address(found: re.Match[str]) -> str:
    """A web address in the text keeps its underscores; the first gate makes it a link."""
    return found[0]


class _Bullets(SaneUListProcessor):
    """A list by `-` or `*`, also directly below a line of text. A row of nothing but marks is none."""

    _FIRST = re.compile(r"(?:^|\n) {0,3}[*-] +(?![*+ -]*(?:\n|$))")

    def __init__(self, parser: BlockParser) -> None:
        super().__init__(parser)
        self.CHILD_RE = re.compile(r"^ {0,3}(([*-])) +(.*)")

    def test(self, parent: Element, block: str) -> bool:
        return _is_shallow(self) and self._FIRST.search(block) is not None

    def run(self, parent: Element, blocks: list[str]) -> None:
        _parse_until(self, parent, blocks, self._FIRST)
        super().run(parent, blocks)


class _Numbers(SaneOListProcessor):
    """A list that begins with 1, also directly below a line of text; after a gap it goes on with any number."""

    _FIRST = re.compile(r"(?:^|\n) {0,3}1\. +(?=\S)")
    _NEXT = re.compile(r" {0,3}[0-9]{1,2}\. +(?=\S)")

    def __init__(self, parser: BlockParser) -> None:
        super().__init__(parser)
        self.CHILD_RE = re.compile(r"^ {0,3}(([0-9]{1,2}\.)) +(.*)")

    def test(self, parent: Element, block: str) -> bool:
        return _is_shallow(self) and (self._goes_on(parent, block) or self._FIRST.search(block) is not None)

    def run(self, parent: Element, blocks: list[str]) -> None:
        if not self._goes_on(parent, blocks[0]):
            _parse_until(self, parent, blocks, self._FIRST)
        super().run(parent, blocks)

    def _goes_on(self, parent: Element, block: str) -> bool:
        before = self.lastChild(parent)
        return before is not None and before.tag == "ol" and self._NEXT.match(block) is not None


class _Quotation(BlockQuoteProcessor):
    """A quotation ends with the last line that begins with `>`: an answer right below it is not what was quoted."""

    _QUOTED = re.compile(r"(?:^|\n) {0,3}>[^\n]*(?:\n {0,3}>[^\n]*)*")

    def test(self, parent: Element, block: str) -> bool:
        return _is_shallow(self) and super().test(parent, block)

    def run(self, parent: Element, blocks: list[str]) -> None:
        quoted = self._QUOTED.search(blocks[0])
        if quoted and quoted.end() < len(blocks[0]):
            blocks[:1] = [blocks[0][: quoted.end()], blocks[0][quoted.end() + 1 :]]
        super().run(parent, blocks)


def _is_shallow(processor: BlockProcessor) -> bool:
    """The parser keeps a state for each block that it is in."""
    return len(processor.parser.state) < LEVELS


def _parse_until(processor: BlockProcessor, parent: Element, blocks: list[str], first: re.Pattern[str]) -> None:
    """Parse what stands above the line that begins a list."""
    found = first.search(blocks[0])
    if found and found.start():
        processor.parser.parseBlocks(parent, [blocks[0][: found.start()]])
        blocks[0] = blocks[0][found.start() + 1 :]
