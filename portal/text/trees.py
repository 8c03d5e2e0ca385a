"""Safe HTML read back into a tree of plain values, for what sets it anew: a PDF, for example."""

import re
from html.parser import HTMLParser
from typing import Any

Node = dict[str, Any]
"""`{"tag": …, "href": …, "start": …, "children": [Node | str]}`; `href` and `start` only where the HTML has them."""

_EMPTY = frozenset({"br", "hr"})
_BLOCKS = frozenset({"", "p", "ul", "ol", "li", "blockquote", "pre", "hr", "h3", "h4", "h5", "h6"})
_LISTS = frozenset({"ul", "ol"})
DEEPEST = 8
"""So many lists and quotations may be in each other; what is deeper stands in the last of them."""
LONGEST_NUMBER = 9
"""So many digits may the first number of a list have; a longer one is no number to count on from."""
_SPACES = re.compile("[ \t\n\r\f]+")


def tree_of(html: str, site: str = "") -> list[Node | str]:
    """The elements and texts of HTML that has passed the gates; links to pages of this `site` are made whole."""
    reader = _Reader(site)
    reader.feed(html)
    reader.close()
    top: list[Node | str] = reader.root["children"]
    return top


class _Reader(HTMLParser):
    def __init__(self, site: str) -> None:
        super().__init__()
        self.root: Node = {"tag": "", "children": []}
        self._site = site
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._is_too_deep(tag):
            self._open.append(self._open[-1])
            return
        given = dict(attrs)
        node: Node = {"tag": tag, "children": []}
        if href := given.get("href"):
            node["href"] = self._site + href if href.startswith("/") else href
        if tag == "ol":
            start = given.get("start") or "1"
            node["start"] = int(start) if len(start) <= LONGEST_NUMBER else 1
        self._open[-1]["children"].append(node)
        if tag not in _EMPTY:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _EMPTY:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if not any(node["tag"] == "pre" for node in self._open):
            data = _SPACES.sub(" ", data)
            if self._at_the_beginning():
                data = data.lstrip(" ")
        if data:
            self._open[-1]["children"].append(data)

    def _is_too_deep(self, tag: str) -> bool:
        if tag == "li":
            return self._open[-1]["tag"] not in _LISTS
        within = _LISTS | {"blockquote"}
        return tag in within and sum(node["tag"] in within for node in self._open) >= DEEPEST

    def _at_the_beginning(self) -> bool:
        """Whether a line begins here, where a space is none."""
        parent = self._open[-1]
        if not parent["children"]:
            return parent["tag"] in _BLOCKS
        before = parent["children"][-1]
        return isinstance(before, dict) and before["tag"] in _BLOCKS | {"br"}
