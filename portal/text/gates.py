"""Two gates that HTML has to pass before it stands in a page; each holds alone.

bleach, with its LinkifyFilter, in one Cleaner; then nh3 with the same allowlist. bleach is no longer maintained
upstream; nh3 is. A hole in one gate is therefore not a hole in the page.
"""

import re
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from functools import partial
from html import unescape
from typing import Any

import nh3
from bleach.linkifier import LinkifyFilter
from bleach.sanitizer import Cleaner

from portal.text.normalise import parted

_Attributes = MutableMapping[tuple[str | None, str], str]

URL = re.compile(
    r"""(?<![\w"'=/@:.-])https?://(?:\([^\s<>"'`()]*\)|[^\s<>"'`()])*"""
    r"""(?:\([^\s<>"'`()]*\)|[^\s<>"'`.,;:!?()\[\]{}»«“”’*_])""",
    re.IGNORECASE,
)
"""A web address in running text, without the punctuation and the marks behind it."""
_ADDRESS = re.compile(r"(?!)")  # Addresses in running text are left alone.
_WHITE_OR_CONTROL = re.compile(r"[\s\x00-\x20\x7f-\xa0\\]")
_WEB_PAGE = re.compile(r"https?://(?:[\w-]+\.)+[\w-]+(?::[0-9]{1,5})?(?:[/?#].*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Allowlist:
    """What may be in the HTML of one kind of author. Both gates are built from it."""

    tags: frozenset[str]
    schemes: frozenset[str]
    href: Callable[[str], bool]
    """Whether a link may lead there. The gates check the scheme besides."""
    rel: str
    """The `rel` of every link."""


def is_web_page(href: str) -> bool:
    """Whether a link leads to the host that it seems to: http or https, a name with a dot, nobody's password."""
    return not _WHITE_OR_CONTROL.search(href) and _WEB_PAGE.fullmatch(href) is not None


def is_page_or_address(href: str) -> bool:
    """A web page, a mail address, or a page of this site; never another host without its scheme."""
    if _WHITE_OR_CONTROL.search(href):
        return False
    if href.startswith(("/", "#")):
        return not href.startswith("//")
    return href.lower().startswith("mailto:") or is_web_page(href)


def first_gate(html: str, allowed: Allowlist) -> str:
    """What bleach leaves of the HTML, with web addresses in the text made links, except in code."""

    def attribute(tag: str, name: str, value: str) -> bool:
        # bleach hands on the value as it was written, with its character references.
        return _permitted(allowed, tag, name, unescape(value))

    def with_rel(attributes: _Attributes, new: bool = False, /) -> _Attributes | None:
        href = attributes.get((None, "href"))
        if new and not (href and allowed.href(href)):
            return None
        return {**attributes, (None, "rel"): allowed.rel} if href else attributes

    linkify = partial(
        _Links,
        callbacks=[with_rel],  # type: ignore[list-item]  # the stub forgets that None means no link
        skip_tags={"pre", "code"},
        url_re=URL,
        email_re=_ADDRESS,
    )
    cleaner = Cleaner(allowed.tags, attribute, protocols=allowed.schemes, strip=True, filters=[linkify])
    return str(cleaner.clean(html))


def second_gate(html: str, allowed: Allowlist) -> str:
    """What nh3 leaves of the HTML. Half a surrogate pair, which it cannot read, becomes a question mark."""

    def attribute(tag: str, name: str, value: str) -> str | None:
        return value if name == "rel" or _permitted(allowed, tag, name, value) else None

    return nh3.clean(
        html.encode(errors="replace").decode(),
        tags=set(allowed.tags),
        attributes={"a": {"href"}, "ol": {"start"}, "*": set()},
        attribute_filter=attribute,
        url_schemes=set(allowed.schemes),
        link_rel=allowed.rel,
    )


_BORDERS = re.compile("</?(?:h[1-6]|li)[^>]*>")
"""Where headings and items begin and end: without them, their words would run together."""


def words_of(html: str) -> str:
    """The words between the tags, on one line, with headings and items parted."""
    return parted(unescape(nh3.clean(piece, tags=set())) for piece in _BORDERS.split(html))


_ANCHOR = re.compile(r"<a\b([^<>]*)>(.*?)</a>", re.DOTALL)
_TARGET = re.compile(r' href="([^"]*)"')


def links_of(html: str) -> Iterator[tuple[str, str]]:
    """The links of HTML that has passed the gates: target and words. Without target, if the gates let none through."""
    for tag, inside in _ANCHOR.findall(html):
        target = _TARGET.search(tag)
        yield unescape(target[1]) if target else "", words_of(inside)


class _Links(LinkifyFilter):
    """Takes `&` for what it is. The Cleaner has read the references; read twice, `&amp;lt;` would become `&lt;`."""

    def extract_entities(self, token: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield token


def _permitted(allowed: Allowlist, tag: str, name: str, value: str) -> bool:
    """Links where they may lead, and the number that a list begins with."""
    return ((tag, name) == ("a", "href") and allowed.href(value)) or (
        (tag, name) == ("ol", "start") and re.fullmatch("[0-9]{1,4}", value) is not None
    )
