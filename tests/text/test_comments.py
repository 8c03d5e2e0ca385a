"""What visitors write becomes what they mean, and nothing else, whatever they write."""

import re
import sys
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_regressions.file_regression import FileRegressionFixture
from selectolax.lexbor import LexborHTMLParser

from portal.text import subset
from portal.text.gates import first_gate, second_gate, words_of
from portal.text.markdown import COMMENTERS, MAX_COMMENT, RENDERER_VERSION, commenters_html
from portal.text.normalise import multi_line, single_line
from tests.conftest import COMPLETE
from tests.text.harmless import assert_harmless, words_shown
from tests.text.hostile import BOMBS, VECTORS

SAMPLE = """Guten Tag,
zu These 3 haben wir im Team drei Punkte:
- **Ausstattung**: siehe [unsere Stellungnahme](https://www.example.org/a_(b)?c=1&d=2)
- *Zeit*
    1. für Gespräche
    2. für Dokumentation
- `Fachverfahren`, nicht <Name der Software>

> Arbeit außerhalb der Dienststelle
> soll möglich werden
Dem stimme ich zu.

1990. war das anders, am 24. 12. 2026 auch.
+ dafür: AT&T, &amp;, 3 < 4
---
Mehr auf https://example.org/wiki/Soziale_Arbeit_(Beruf). [Hier](javascript:alert(1)) nicht, ![dort](/x.png) auch nicht.

# Kein Titel
    eingerückt"""

FRAGMENTS = [
    *(
        "*",
        "**",
        "_",
        "__",
        "`",
        "``",
        "- ",
        "* ",
        "1. ",
        "2. ",
        "> ",
        "    ",
        "\n",
        "\n\n",
        " ",
        "\\",
        "[",
        "](",
        ")",
        "(",
    ),
    *(
        "https://example.org/",
        "https://",
        "@",
        "javascript:",
        "&",
        "&amp;",
        "&#x202e;",
        "<",
        ">",
        "</",
        "<!--",
        "-->",
        '"',
    ),
    *(
        "'",
        "=",
        "Wort",
        "ein Satz",
        "ä",
        "\u0308",
        "\u202e",
        "\u200b",
        "👩\u200d💻",
        "\xa0",
        "\t",
        "\x00",
        "\ud800",
        "\x02",
    ),
    *(
        "<a href=",
        "<p>",
        "</p>",
        "<svg>",
        "<style>",
        "<![CDATA[",
        "]]>",
        "wzxhzdk:0",
        "klzzwxh:0001",
        "[x](https://a.b)",
    ),
]
ANYTHING = st.lists(st.sampled_from(FRAGMENTS) | st.sampled_from(VECTORS) | st.text(max_size=5), max_size=40).map(
    "".join
)
THOROUGHLY = settings(max_examples=300, deadline=None, derandomize=COMPLETE)

WORK = 2_000_000
"""Lines of Python that a comment may take: an ordinary one of full length takes a fourth of it."""


def html_of(source: str, selector: str) -> list[str]:
    """The text of what matches in the rendered source."""
    return [node.text() for node in LexborHTMLParser(commenters_html(source)).css(selector)]


def without_links(html: str) -> str:
    return re.sub("</?a[^>]*>", "", html)


# What people write


def test_the_rules_are_those_of_this_version(file_regression: FileRegressionFixture) -> None:
    """Stored comments say by which version they were rendered: rules that change need another RENDERER_VERSION."""
    file_regression.check(commenters_html(SAMPLE) + "\n", basename=f"rules-{RENDERER_VERSION}", extension=".html")
    assert len(RENDERER_VERSION) <= 16


def test_marks_become_elements() -> None:
    source = (
        "**fett** *betont* _auch_ `code` [Wort](https://example.org)\n\n- eins\n- zwei\n\n1. drei\n\n> Zitat\n\na\nb"
    )
    page = LexborHTMLParser(commenters_html(source))
    for selector in ("strong", "em", "code", "ul > li", "ol > li", "blockquote > p", "p > br", "a"):
        assert page.css_first(selector) is not None, selector
    assert [link.attributes for link in page.css("a")] == [
        {"href": "https://example.org", "rel": "nofollow ugc noopener"}
    ]


@pytest.mark.parametrize(
    "words",
    [
        "a<b und c>d",
        "<Name der Einrichtung>",
        "README.md und datei.py",
        "www.example.org und redaktion@example.org",
        "<redaktion@example.org>",
        "AT&T, &lt; und &#x202e;",
        "3 * 4 * 5 = 60",
        "snake_case_name",
        "5 < 6 > 4",
        "<b>fett</b>",
        "# Titel",
        "Titel --- Untertitel",
        "* * *",
        "***",
        "- - -",
        "+ dafür",
        "1990. war gut",
        "24. 12. 2026 war Heiligabend",
        "2. Das stimmt nicht",
        "[x][1] und [1]: https",
        "![Bild](bild.png)",
        "[Seite](/impressum) [oben](#inhalt) [Mail](mailto:a@example.org)",
        "[Bank](https://bank.example@evil.example)",
        "10 % [Anmerkung] (Quelle)",
        r"C:\Ordner",
        "`a``",
    ],
)
def test_what_is_not_meant_as_a_mark_is_shown_as_typed(words: str) -> None:
    """Edge cases 15 and 16."""
    html = commenters_html(words)
    assert words_shown(html) == words
    assert set(re.findall("<([a-z]+)", html)) == {"p"}


def test_code_stays_as_it_is() -> None:
    """Edge case 16: a web address in backticks is text."""
    assert html_of("`https://example.org`, `a*b*c`, `&lt;`, ``x``", "code") == [
        "https://example.org",
        "a*b*c",
        "&lt;",
        "x",
    ]
    assert html_of("`https://example.org`", "a") == []
    assert html_of("```\neins\nzwei\n```", "code") == ["eins\nzwei"]
    assert html_of("    vier Leerzeichen\n\n\tein Tabulator", "code, pre") == []


@pytest.mark.parametrize(
    ("source", "addresses"),
    [
        ("Siehe https://example.org/a_b?c=1&d=2.", ["https://example.org/a_b?c=1&d=2"]),
        ("(https://example.org/_a_/*b*/c)", ["https://example.org/_a_/*b*/c"]),
        ("**https://example.org** <https://example.org/a>", ["https://example.org", "https://example.org/a"]),
        ("https://example.org/wiki/Arbeit_(Beruf).", ["https://example.org/wiki/Arbeit_(Beruf)"]),
        ("[x](https://example.org/Arbeit_(Beruf)?a&b)", ["https://example.org/Arbeit_(Beruf)?a&b"]),
        ("HTTPS://EXAMPLE.ORG", ["HTTPS://EXAMPLE.ORG"]),
        ("https://social.example/@redaktion", ["https://social.example/@redaktion"]),
        ("https://bank.de@evil.example https://localhost ftp://example.org example.org", []),
        ("[https://example.org](https://example.com)", ["https://example.com"]),
    ],
)
def test_web_addresses_become_links(source: str, addresses: list[str]) -> None:
    """Edge case 15: only where they lead to the host that they seem to lead to."""
    links = LexborHTMLParser(commenters_html(source)).css("a")
    assert [link.attributes["href"] for link in links] == addresses
    assert {link.attributes["rel"] for link in links} <= {"nofollow ugc noopener"}


def test_an_answer_right_below_a_quotation_is_not_quoted() -> None:
    assert html_of("> eins\n> zwei\ndrei\n> vier\nfünf", "blockquote") == ["\neins\nzwei\n", "\nvier\n"]
    assert html_of("> eins\n> zwei\ndrei\n> vier\nfünf", "div > p, body > p") == ["drei", "fünf"]


def test_a_list_needs_no_blank_line_before_it() -> None:
    assert html_of("Punkte:\n- eins\n- zwei\n1. drei\n2. vier", "p, ul > li, ol > li") == [
        *("Punkte:", "eins", "zwei", "drei", "vier")
    ]
    assert html_of("> Punkte:\n> * eins", "blockquote > ul > li") == ["eins"]
    assert html_of("1. eins\n\n2. zwei", "ol > li > p") == ["eins", "zwei"]


@given(st.lists(st.text(st.sampled_from("abc ÄÖü<>&\"';:,?!€%/|{}^~"), min_size=1), min_size=1).map("\n".join))
def test_text_without_marks_is_shown_whole(source: str) -> None:
    quoting = re.sub(r"(?m)^ {0,3}(> ?)+", "", source)
    assert words_shown(commenters_html(quoting)) == " ".join(quoting.split())


def test_words_alone() -> None:
    html = commenters_html("**Eins**\nzwei <drei>\n\n- vier &amp; [fünf](https://example.org)\n- sechs")
    assert words_of(html) == "Eins zwei <drei> · vier &amp; fünf · sechs"


# What hostile people write


@given(ANYTHING)
@THOROUGHLY
def test_anything_becomes_harmless_html_in_its_last_form(source: str) -> None:
    """No exception; only what is allowed; nothing invisible comes back; cleaning it again changes nothing."""
    html = commenters_html(source)
    assert_harmless(html, COMMENTERS)
    assert single_line(words_shown(html)) == words_shown(html)
    assert second_gate(html, COMMENTERS) == html
    again = first_gate(html, COMMENTERS)
    # Plain paragraphs have their addresses as text; bleach would make links of them.
    assert again == html if "<a " in html else without_links(again) == html
    assert commenters_html(multi_line(source)) == html


def test_stars_without_end_are_plain_text_and_poison_nothing() -> None:
    """Edge case 13."""
    assert html_of("* " * 500, "p") == [("* " * 500).strip()]
    assert commenters_html("**x**") == "<p><strong>x</strong></p>"


def test_a_parser_that_gives_up_leaves_escaped_paragraphs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Edge case 13."""

    def give_up(_source: str) -> str:
        raise RecursionError

    with monkeypatch.context() as patch:
        patch.setattr("portal.text.subset.to_html", give_up)
        html = commenters_html("<b>eins</b>\nzwei & \xa0drei\n\nvier")
    assert html == "<p>&lt;b&gt;eins&lt;/b&gt;<br>\nzwei &amp; &nbsp;drei</p>\n<p>vier</p>"
    assert commenters_html("**x**") == "<p><strong>x</strong></p>"


@pytest.mark.parametrize("bomb", BOMBS)
def test_no_mass_takes_more_work_than_a_comment_is_worth(bomb: str) -> None:
    """Edge case 14: counted in lines of Python, so that no clock decides."""
    assert_harmless(within_reason(commenters_html, BOMBS[bomb][:MAX_COMMENT]), COMMENTERS)
    assert_harmless(within_reason(commenters_html, BOMBS[bomb]), COMMENTERS)


@pytest.mark.parametrize("bomb", BOMBS)
def test_the_parser_alone_stays_in_proportion(bomb: str) -> None:
    """Edge case 14: when nobody counts the marks beforehand, still nothing is read over and over, or nests too deep."""
    html = within_reason(subset.to_html, BOMBS[bomb][:MAX_COMMENT])
    assert depth(html, {"ul", "ol", "blockquote"}) <= subset.LEVELS


def test_more_marks_than_anybody_needs_are_shown_as_typed() -> None:
    """Edge case 14: elements take the time, so there is an end to them."""
    most = "*a* " * (subset.MARKS // 2)
    assert len(html_of(most, "em")) == subset.MARKS // 2
    for mark in ("*", "_", "`", "[", "\\", "<", ">", "&", "a\n", "a\n\n", "- ", "1. "):
        assert not subset.is_intricate(mark * subset.MARKS), mark
        assert subset.is_intricate(mark * (subset.MARKS + 1)), mark
    assert html_of(most + "`", "em") == []
    assert html_of(most + "`", "p") == [most + "`"]


def test_what_is_longer_than_a_comment_is_shown_as_typed() -> None:
    assert html_of("**x** " + "a" * MAX_COMMENT, "strong") == []
    assert html_of("**x** " + "a" * (MAX_COMMENT - 6), "strong") == ["x"]


@pytest.mark.parametrize(
    "source",
    [
        "[..>](https://example.org)\u0338",
        "**a**\u0308",
        "a*\u0308c*",
        "a`\u0308b`",
        "`a `\u0308",
        "\u1100**\u1161**",
        "a\u0316\u0317\u0318**\u0316b**",
    ],
)
def test_an_accent_on_a_mark_never_comes_to_stand_on_a_letter(source: str) -> None:
    """Edge case 17: words that were checked in one form are not shown in another. The text is shown as typed."""
    html = commenters_html(source)
    assert words_shown(html) == source
    assert set(re.findall("<([a-z]+)", html)) == {"p"}
    assert html_of("**Müller** und *q\u0308*", "strong, em") == ["Müller", "q\u0308"]


def test_a_text_is_in_normal_form_before_it_is_measured_and_read() -> None:
    """Edge case 17."""
    assert commenters_html("Re\u202edaktion\u200b *\u200ba*") == "<p>Redaktion <em>a</em></p>"
    assert html_of("a\u200b" * MAX_COMMENT, "p") == ["a" * MAX_COMMENT]
    assert html_of("👩\u200d💻 **👨\u200d👩\u200d👧**", "strong") == ["👨\u200d👩\u200d👧"]
    assert len(html_of("Z" + "\u0308\u0316\u0320" * 500, "p")[0]) == 4


def within_reason(render: Any, source: str) -> str:
    """What is rendered, if that takes no more than `WORK` lines of Python."""
    lines = 0

    def count(_frame: FrameType, _event: str, _argument: Any) -> Any:
        nonlocal lines
        lines += 1
        assert lines < WORK, "this takes too much work"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        return str(render(source))
    finally:
        sys.settrace(before)


def depth(html: str, tags: set[str]) -> int:
    """How deep elements of these tags are in each other."""
    deepest = level = 0
    for closing, tag in re.findall("<(/?)([a-z]+)", html):
        if tag in tags:
            level += -1 if closing else 1
            deepest = max(deepest, level)
    return deepest
