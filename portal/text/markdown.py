"""Markdown to HTML that may stand in a page, through two gates that each hold alone (`gates.py`).

Raw HTML is not part of the Markdown that is understood here: `<Name der Einrichtung>` is text, and stays.
"""

import logging
import re
from dataclasses import replace
from functools import lru_cache
from html import escape
from typing import Any

from markdown import Markdown
from markdown.util import Registry
from markupsafe import Markup

from portal.text import subset
from portal.text.gates import Allowlist, first_gate, is_page_or_address, is_web_page, second_gate, words_of
from portal.text.normalise import multi_line, single_line

log = logging.getLogger(__name__)

# No raw HTML, no images, no headings by underlining: what is not understood stays text.
_NOT_UNDERSTOOD = {
    "preprocessors": ("html_block",),
    "inlinePatterns": ("html", "automail", "image_link", "image_reference", "short_image_ref"),
    "blockprocessors": ("setextheader",),
}

ORGANISERS = Allowlist(
    tags=frozenset({"p", "br", "hr", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "em", "strong", "a"})
    | {"code", "pre"},
    schemes=frozenset({"http", "https", "mailto"}),
    href=is_page_or_address,
    rel="noopener",
)
"""For the text of organisers: headings below those of the page, lists, quotations, emphasis and links."""

PAGES = replace(ORGANISERS, tags=ORGANISERS.tags | {"h2"})
"""For what organisers write that is a page of its own: its headings come right below the title."""

COMMENTERS = Allowlist(
    tags=frozenset({"p", "br", "ul", "ol", "li", "blockquote", "em", "strong", "code", "a"}),
    schemes=frozenset({"http", "https"}),
    href=is_web_page,
    rel="nofollow ugc noopener",
)
"""For the text of visitors: no headings, and links to web pages only."""

RENDERER_VERSION = "2"
"""Raise it with each change of what `commenters_html` makes of a text; `comments render` then renders the rows anew."""

MAX_COMMENT = 4000
"""How many characters a comment may have, in normal form."""

MOST_BRACKETS = 1000
"""How many `[` an organiser's text may have: from each of them the parser looks through the rest."""

_NOT_COPED_WITH = (RecursionError, ValueError, IndexError)


@lru_cache(maxsize=1024)
def organisers_html(source: str) -> Markup:
    """The safe HTML of an organiser's Markdown. What the parser cannot cope with comes back as escaped paragraphs."""
    return _organisers_html(source, ORGANISERS)


@lru_cache(maxsize=256)
def page_html(source: str) -> Markup:
    """The safe HTML of an organiser's Markdown that is a whole page, with headings from `##` on."""
    return _organisers_html(source, PAGES)


def _organisers_html(source: str, allowed: Allowlist) -> Markup:
    if source.count("[") > MOST_BRACKETS:
        return _given_up(source, allowed)
    try:
        return _through_both_gates(to_html(source), allowed)
    except _NOT_COPED_WITH:
        return _given_up(source, allowed)


def commenters_html(source: str) -> Markup:
    """The safe HTML of a comment, by the rules of `subset.py`.

    What is longer than a comment may be, is made of marks, or is too much for the parser comes back as escaped
    paragraphs. So does a text in which an accent stands on a mark of Markdown, as in `**a**` with two dots behind: with
    the mark gone, it would come to stand on a letter.
    """
    text = multi_line(source)
    if len(text) > MAX_COMMENT or subset.is_intricate(text):
        return _plain(text, COMMENTERS)
    try:
        html = _through_both_gates(subset.to_html(text), COMMENTERS)
    except _NOT_COPED_WITH:
        return _given_up(text, COMMENTERS)
    words = words_of(html)
    return html if words.isascii() or single_line(words) == words else _plain(text, COMMENTERS)


def to_html(source: str) -> str:
    """The HTML of an organiser's Markdown, not yet safe. The parser is new each time: a failed one stays broken."""
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


def plain_text(source: str) -> str:
    """The words of an organiser's Markdown without its marks, on one line."""
    return words_of(page_html(source))


def _through_both_gates(html: str, allowed: Allowlist) -> Markup:
    return Markup(second_gate(first_gate(html, allowed), allowed))  # noqa: S704 - both gates have passed it


def _given_up(source: str, allowed: Allowlist) -> Markup:
    log.warning("markdown_not_rendered", extra={"characters": len(source)})
    return _plain(source, allowed)


def _plain(source: str, allowed: Allowlist) -> Markup:
    paragraphs = (escape(text.strip(), quote=False) for text in re.split(r"\n\s*\n", source))
    html = "\n".join(f"<p>{text}</p>".replace("\n", "<br>\n") for text in paragraphs if text)
    return Markup(second_gate(html, allowed))  # noqa: S704 - escaped, and the gate has passed it
