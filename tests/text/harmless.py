"""What safe HTML is, judged by a parser that has no part in making it."""

import re

from selectolax.lexbor import LexborHTMLParser

from portal.text.gates import Allowlist
from portal.text.markdown import COMMENTERS, ORGANISERS

_HOST = r"https?://(?:[\w-]+\.)+[\w-]+(?::\d+)?(?:[/?#][^\s\\]*)?"
_LEADS = {
    COMMENTERS: re.compile(_HOST, re.IGNORECASE),
    ORGANISERS: re.compile(rf"{_HOST}|mailto:[^\s]+|/(?![/\\]).*|/|#.*", re.IGNORECASE),
}
_ATTRIBUTES = {"a": {"href", "rel"}, "ol": {"start"}}


def assert_harmless(html: str, allowed: Allowlist) -> None:
    """Parsed by a third parser, the HTML has only the tags, attributes and addresses that are allowed."""
    page = LexborHTMLParser(f"<body><main>{html}</main></body>")
    nodes = page.css("*")
    assert [node.tag for node in nodes[:4]] == ["html", "head", "body", "main"], html
    for node in nodes[4:]:
        assert node.tag in allowed.tags, f"<{node.tag}> in {html!r}"
        assert set(node.attributes) <= _ATTRIBUTES.get(node.tag or "", set()), f"{node.attributes} in {html!r}"
        href = node.attributes.get("href")
        assert "href" not in node.attributes or _LEADS[allowed].fullmatch(href or ""), f"{href} in {html!r}"
        assert "rel" not in node.attributes or node.attributes["rel"] == allowed.rel, html
        assert re.fullmatch("[0-9]{1,4}", node.attributes.get("start") or "1"), html
    assert "<!" not in html
    assert "<?" not in html


def words_shown(html: str) -> str:
    """The words that a reader of the HTML sees, a line break being white space."""
    body = LexborHTMLParser(html).body
    assert body is not None
    return " ".join(body.text().split())
