"""Organisers' Markdown becomes the HTML that they mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from portal.text.markdown import MOST_BRACKETS, ORGANISERS, organisers_html, plain_text
from tests.text.harmless import assert_harmless


@given(st.text(max_size=200))
def test_any_text_becomes_harmless_html(source: str) -> None:
    assert_harmless(organisers_html(source), ORGANISERS)


def test_what_organisers_need_is_there() -> None:
    html = organisers_html(
        "### Zwischenüberschrift\n\n**fett** und *betont*, [Impressum](/impressum), [Mail](mailto:a@example.org)\n\n"
        "- eins\n- zwei\n\n3. drittens\n\n> Zitat\n\nSiehe https://www.example.org/a_b?c=1&d=2."
    )
    page = LexborHTMLParser(html)
    for tag in ("h3", "strong", "em", "ul > li", "ol[start='3'] > li", "blockquote > p"):
        assert page.css_first(tag) is not None, tag
    links = [link.attributes for link in page.css("a")]
    assert [link["href"] for link in links] == [
        "/impressum",
        "mailto:a@example.org",
        "https://www.example.org/a_b?c=1&d=2",
    ]
    assert {link["rel"] for link in links} == {"noopener"}


@pytest.mark.parametrize(
    "words",
    ["a<b und c>d", "<Name der Einrichtung>", "README.md und datei.py", "AT&T", "&lt;", "3 * 4 = 12", "<b>fett</b>"],
)
def test_text_that_looks_like_code_survives(words: str) -> None:
    html = organisers_html(words)
    assert "<a" not in html
    shown = LexborHTMLParser(html).css_first("p")
    assert shown is not None
    assert shown.text() == words.replace("&lt;", "<")


def test_an_address_in_backticks_stays_text() -> None:
    assert "<a" not in organisers_html("`https://www.example.org`")


@pytest.mark.parametrize("source", ["* " * 500, "> " * 500, "- " * 500 + "x"])
def test_what_the_parser_cannot_cope_with_is_plain_and_poisons_nothing(source: str) -> None:
    assert_harmless(organisers_html(source), ORGANISERS)
    assert organisers_html("**x**") == "<p><strong>x</strong></p>"


def test_a_parser_that_gives_up_leaves_escaped_paragraphs(monkeypatch: pytest.MonkeyPatch) -> None:
    def give_up(_source: str) -> str:
        raise RecursionError

    monkeypatch.setattr("portal.text.markdown.to_html", give_up)
    assert organisers_html("<b>eins</b>\n\nzwei given up") == "<p>&lt;b&gt;eins&lt;/b&gt;</p>\n<p>zwei given up</p>"


def test_a_text_of_nothing_but_brackets_is_not_even_tried() -> None:
    """Each of them would cost the parser a look through the rest of the text."""
    assert organisers_html("[" * MOST_BRACKETS + "a](https://a.example)") == f"<p>{'[' * (MOST_BRACKETS - 1)}" + (
        '<a href="https://a.example" rel="noopener">a</a></p>'
    )
    assert organisers_html("[" * (MOST_BRACKETS + 1) + "a](https://a.example)").startswith("<p>[[[[")


def test_plain_text_is_the_words_alone() -> None:
    assert plain_text("### Eins\n\n**zwei** <drei> & [vier](/x)") == "Eins · zwei <drei> & vier"


def test_plain_text_ends_where_only_the_layout_did() -> None:
    source = "## Wo?\n\n- hier\n\n- *dort*\n    - und **da**\n- Ende."
    assert plain_text(source) == "Wo? · hier · dort · und da · Ende."
