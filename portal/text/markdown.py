"""Markdown to HTML that may stand in a page, through two gates that each hold alone.

Markdown → bleach, with its LinkifyFilter, in one Cleaner → nh3 with the same allowlist. bleach is no longer maintained
upstream; nh3 is. A hole in one gate is therefore not a hole in the page. Raw HTML is not part of the Markdown that is
understood here: `<Name der Einrichtung>` is text, and stays.
"""

import logging
import re
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import nh3
from bleach.linkifier import LinkifyFilter
from bleach.sanitizer import Cleaner
from markdown import Markdown
from markdown.util import Registry
from markupsafe import Markup, escape

_Attributes = MutableMapping[tuple[str | None, str], str]

log = logging.getLogger(__name__)

_URL = re.compile(r"""(?<![\w"'=/@:.-])https?://[^\s<>"'`]*[^\s<>"'`.,;:!?()\[\]{}»«“”’]""", re.IGNORECASE)
_ADDRESS = re.compile(r"(?!)")  # Addresses in running text are left alone.
_WHITE_OR_CONTROL = re.compile(r"[\s\x00-\x20\x7f-\xa0]")

# No raw HTML, no images, no headings by underlining: what is not understood stays text.
_NOT_UNDERSTOOD = {
    "preprocessors": ("html_block",),
    "inlinePatterns": ("html", "automail", "image_link", "image_reference", "short_image_ref"),
    "blockprocessors": ("setextheader",),
}


@dataclass(frozen=True)
class Allowlist:
    """What may be in the HTML of one kind of author. Both gates are built from it."""

    tags: frozenset[str]
    schemes: frozenset[str]
    href: Callable[[str], bool]
    """Whether a link may lead there. The gates check the scheme besides."""
    rel: str
    """The `rel` of every link."""


def _organisers_href(value: str) -> bool:
    """A web page, a mail address, or a page of this site; never another host without its scheme."""
    if _WHITE_OR_CONTROL.search(value) or "\\" in value:
        return False
    if value.lower().startswith(("https://", "http://")):
        return "@" not in value.split("/", 3)[2]
    return value.lower().startswith("mailto:") or (value.startswith(("/", "#")) and not value.startswith("//"))


ORGANISERS = Allowlist(
    tags=frozenset({"p", "br", "hr", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "em", "strong", "a"})
    | {"code", "pre"},
    schemes=frozenset({"http", "https", "mailto"}),
    href=_organisers_href,
    rel="noopener",
)
"""For the text of organisers: headings below those of the page, lists, quotations, emphasis and links."""


@lru_cache(maxsize=1024)
def organisers_html(source: str) -> Markup:
    """The safe HTML of an organiser's Markdown. What the parser cannot cope with comes back as escaped paragraphs."""
    try:
        html = to_html(source)
        return Markup(second_gate(first_gate(html, ORGANISERS), ORGANISERS))  # noqa: S704 - both gates have passed it
    except (RecursionError, ValueError, IndexError):
        log.warning("markdown_not_rendered", extra={"characters": len(source)})
        return _plain(source)


def to_html(source: str) -> str:
    """The HTML of Markdown, not yet safe. The parser is new each time: one that has failed would stay broken."""
    markdown = Markdown(extensions=["sane_lists"], output_format="html")
    registries: dict[str, Registry[Any]] = {
        "preprocessors": markdown.preprocessors,
        "inlinePatterns": markdown.inlinePatterns,
        "blockprocessors": markdown.parser.blockprocessors,
    }
    for registry, names in _NOT_UNDERSTOOD.items():
        for name in names:
            registries[registry].deregister(name)
    return markdown.convert(source)


def first_gate(html: str, allowed: Allowlist) -> str:
    """What bleach leaves of the HTML, with web addresses in the text made links, except in code."""

    def attribute(tag: str, name: str, value: str) -> bool:
        return _permitted(allowed, tag, name, value)

    def with_rel(attributes: _Attributes, new: bool = False, /) -> _Attributes | None:
        href = attributes.get((None, "href"))
        if new and not (href and allowed.href(href)):
            return None
        return {**attributes, (None, "rel"): allowed.rel} if href else attributes

    linkify = partial(
        LinkifyFilter,
        callbacks=[with_rel],  # type: ignore[list-item]  # the stub forgets that None means no link
        skip_tags={"pre", "code"},
        url_re=_URL,
        email_re=_ADDRESS,
    )
    cleaner = Cleaner(allowed.tags, attribute, protocols=allowed.schemes, strip=True, filters=[linkify])
    return str(cleaner.clean(html))


def second_gate(html: str, allowed: Allowlist) -> str:
    """What nh3 leaves of the HTML."""

    def attribute(tag: str, name: str, value: str) -> str | None:
        return value if name == "rel" or _permitted(allowed, tag, name, value) else None

    return nh3.clean(
        html,
        tags=set(allowed.tags),
        attributes={"a": {"href"}, "ol": {"start"}, "*": set()},
        attribute_filter=attribute,
        url_schemes=set(allowed.schemes),
        link_rel=allowed.rel,
    )


def _permitted(allowed: Allowlist, tag: str, name: str, value: str) -> bool:
    """Links where they may lead, and the number that a list begins with."""
    return ((tag, name) == ("a", "href") and allowed.href(value)) or (
        (tag, name) == ("ol", "start") and re.fullmatch("[0-9]{1,4}", value) is not None
    )


def plain_text(source: str) -> str:
    """The words of an organiser's Markdown without its marks, on one line: for titles and previews."""
    text = nh3.clean(organisers_html(source), tags=set())
    return " ".join(Markup(text).unescape().split())  # noqa: S704 - unescaped here, and a plain str from here on


def _plain(source: str) -> Markup:
    paragraphs = (paragraph.strip() for paragraph in re.split(r"\n\s*\n", source))
    return Markup("\n").join(Markup("<p>{}</p>").format(escape(text)) for text in paragraphs if text)
