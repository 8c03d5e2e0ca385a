"""What pages and stylesheets refer to, and how a reference is written anew."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

Change = Callable[[str], str]
"""What becomes of one reference; the same string leaves it as it is."""

_ATTRIBUTES = ("href", "src", "srcset", "poster", "data")
_ANYTHING = ", ".join(f"[{name}]" for name in _ATTRIBUTES)
_FOLLOWED = {"a", "area"}
"""Elements whose reference a reader follows; what others refer to, the browser loads by itself."""
_LOADING_LINKS = {"stylesheet", "icon", "apple-touch-icon", "manifest", "preload", "modulepreload", "prefetch"}
_CSS = re.compile(
    r"""(?P<before>url\(\s*(?P<quote>["']?)|@import\s+(?P<mark>["']))(?P<url>.*?)(?P<after>(?P=quote)\s*\)|(?P=mark))"""
)


@dataclass(frozen=True)
class Reference:
    """One attribute of one element that refers to something."""

    node: LexborNode
    attribute: str

    @property
    def relations(self) -> set[str]:
        """The words of `rel`."""
        return set((self.node.attributes.get("rel") or "").lower().split())

    @property
    def loaded(self) -> bool:
        """Whether the browser loads it without being asked."""
        if self.node.tag == "link":
            return bool(self.relations & _LOADING_LINKS)
        return self.node.tag not in _FOLLOWED

    @property
    def urls(self) -> list[str]:
        """What it refers to, as written; several in `srcset`."""
        value = (self.node.attributes.get(self.attribute) or "").strip()
        if self.attribute != "srcset":
            return [value]
        return [part.split()[0] for part in value.split(",") if part.strip()]

    def write(self, change: Change) -> None:
        """Refer to something else."""
        value = (self.node.attributes.get(self.attribute) or "").strip()
        if self.attribute == "srcset":
            parts = [part.split() for part in value.split(",") if part.strip()]
            value = ", ".join(" ".join([change(part[0]), *part[1:]]) for part in parts)
        else:
            value = change(value)
        self.node.attrs[self.attribute] = value


def in_page(page: LexborHTMLParser) -> Iterator[Reference]:
    """Every reference of a page, in the order of the page."""
    for node in page.css(_ANYTHING):
        for attribute in _ATTRIBUTES:
            if attribute in node.attributes and (attribute != "data" or node.tag == "object"):
                yield Reference(node, attribute)


def in_stylesheet(text: str) -> list[str]:
    """What a stylesheet loads."""
    return [found["url"] for found in _CSS.finditer(text)]


def with_changed_references(stylesheet: str, change: Change) -> str:
    """The stylesheet, loading something else."""
    return _CSS.sub(lambda found: found["before"] + change(found["url"]) + found["after"], stylesheet)
