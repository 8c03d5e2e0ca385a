"""The mail that an author's Markdown becomes, with its merge fields still in it."""

import re

import pytest
from flask import Flask

from portal.language import LANGUAGES
from portal.newsletter import letters
from portal.newsletter.letters import Letter
from portal.newsletter.plain import COLUMNS
from portal.subscribers.segments import AFFIRMATION, NEWSLETTER

pytestmark = pytest.mark.one_database

LONG = "Wort " * 60


def write(app: Flask, body: str, *, kind: str = NEWSLETTER, language: str = "de", subject: str = "Betreff") -> Letter:
    with app.app_context():
        return letters.write(kind, language, subject, body)


def said(text: str) -> str:
    """The author's part of the text."""
    return text.partition("\n-- \n")[0]


def test_headings_lists_quotations_and_links_as_text(app: Flask) -> None:
    body = (
        "## Was *neu* ist\n\n"
        "- Eins mit [Link](https://example.org/a?b=1&c=2) und noch viel mehr Text, der über die Zeile hinausgeht"
        " und umbricht\n"
        "- Zwei\n    - tief\n\n"
        "1. a\n2. b\n\n> Zitat\n>\n> Zweiter Absatz\n\n---\n\nEnde mit **Nachdruck**."
    )
    assert said(write(app, body).text) == (
        "Was _neu_ ist\n=============\n\n"
        "- Eins mit Link [1] und noch viel mehr Text, der über die Zeile hinausgeht\n  und umbricht\n"
        "- Zwei\n  - tief\n\n"
        "1. a\n2. b\n\n> Zitat\n>\n> Zweiter Absatz\n\n* * *\n\nEnde mit *Nachdruck*.\n\n"
        "[1] https://example.org/a?b=1&c=2\n"
    )


def test_headings_stand_below_the_subject_and_keep_their_order(app: Flask) -> None:
    html = write(app, "# Eins\n\n## Auch eins\n\n### Zwei\n\n#### Drei").html
    assert re.findall(r"<(h[1-6])>", html) == ["h1", "h2", "h2", "h3", "h4"]


def test_a_link_alone_has_its_address_below_and_one_address_one_number(app: Flask) -> None:
    body = (
        "[Jetzt lesen](https://example.org/lang)\n\n"
        "Siehe [hier](https://example.org/x), [da](https://example.org/x), https://example.org/bar"
    )
    assert said(write(app, body).text) == (
        "Jetzt lesen:\nhttps://example.org/lang\n\n"
        "Siehe hier [1], da [1], https://example.org/bar\n\n[1] https://example.org/x\n"
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [NEWSLETTER, AFFIRMATION])
def test_no_line_of_text_is_longer_than_76_columns_and_no_address_is_broken(
    app: Flask, kind: str, language: str
) -> None:
    address = "https://example.org/" + "a" * 120
    letter = write(app, f"# {LONG}\n\n{LONG}\n\n- {LONG}\n\n> {LONG}\n\n{address}", kind=kind, language=language)
    lines = letter.text.splitlines()
    assert [line for line in lines if len(line) > COLUMNS and line != address] == []
    assert address in lines
    assert "-- " in lines


def test_the_footer_has_the_ways_out(app: Flask) -> None:
    letter = write(app, "Text")
    footer = letter.text.partition("\n-- \n")[2]
    assert "\n{{abmelden}}\n" in footer
    assert "\n{{meine_daten}}\n" in footer
    assert '<a href="{{abmelden}}">' in letter.html
    assert '<a href="{{meine_daten}}">' in letter.html


def test_fields_stay_in_text_in_targets_and_alone(app: Flask) -> None:
    letter = write(app, "{{anrede}},\n\n[Ende]({{abmelden}}) oder {{abmelden}}\n\n`{{anrede}}`")
    assert "<p>{{anrede}},</p>" in letter.html
    assert '<a href="{{abmelden}}" rel="noopener">Ende</a>' in letter.html
    assert '<a href="{{abmelden}}" rel="noopener">{{abmelden}}</a>' in letter.html
    assert "<code>{{anrede}}</code>" in letter.html
    assert "\n[1] {{abmelden}}\n" in letter.text


@pytest.mark.parametrize(
    "literal", ["{{7*7}}", "{{unbekannt}}", "{{ anrede }}", "{{config}}", "{{bekraeftigen}}", "{% if x %}"]
)
def test_anything_else_in_braces_is_literal(app: Flask, literal: str) -> None:
    """Edge case 28."""
    letter = write(app, f"Da steht {literal} so.")
    values = dict.fromkeys(letters.fields(NEWSLETTER), "WERT")
    whole = letters.filled(letter, values)
    assert f"Da steht {literal} so." in whole.text
    assert f"Da steht {literal} so." in whole.html


def test_values_are_escaped_for_their_place_and_never_searched_again(app: Flask) -> None:
    """Edge case 28."""
    letter = write(app, "{{anrede}} [x]({{abmelden}})")
    values = {"anrede": "Jörg {{abmelden}} <script>", "abmelden": 'https://x/"><b>', "meine_daten": "https://m"}
    whole = letters.filled(letter, values)
    assert "Jörg {{abmelden}} &lt;script&gt;" in whole.html
    assert "<script" not in whole.html
    assert 'href="https://x/&quot;&gt;&lt;b&gt;"' in whole.html
    assert "Jörg {{abmelden}} <script>" in whole.text


@pytest.mark.parametrize(
    "body", ["[x](https://e.example/?n={{anrede}})", "[x](https://e.example/{{abmelden}})", "[x]({{anrede}})"]
)
def test_nothing_personal_gets_into_an_address(app: Flask, body: str) -> None:
    letter = letters.filled(
        write(app, body), {"anrede": "Jana", "abmelden": "https://u/geheim", "meine_daten": "https://m/auch"}
    )
    [target] = re.findall(r"<p><a[^>]*>", letter.html)
    assert "Jana" not in target
    assert "geheim" not in target


def test_a_field_in_the_subject_is_literal_also_in_the_html_part(app: Flask) -> None:
    letter = write(app, "Text", subject="Für {{anrede}} <b>")
    whole = letters.filled(letter, dict.fromkeys(letters.fields(NEWSLETTER), "WERT"))
    assert whole.subject == "Für {{anrede}} <b>"
    assert "Für &#123;{anrede}} &lt;b&gt;" in whole.html
    assert "Für WERT" not in whole.html


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "<img src=x onerror=y>",
        "![x](https://e.example/pixel.gif)",
    ],
)
def test_no_script_no_picture_no_pixel(app: Flask, hostile: str) -> None:
    html = write(app, hostile).html.partition("<body>")[2]
    assert not re.search(r"<(script|img|iframe)|href=\"javascript:", html)


def test_addresses_of_this_site_get_their_host(app: Flask) -> None:
    letter = write(app, "[x](/erklaerung#these-1) und [y](/unterzeichnen?a=1&b=2)")
    assert 'href="http://portal.test/erklaerung#these-1"' in letter.html
    assert 'href="http://portal.test/unterzeichnen?a=1&amp;b=2"' in letter.html
    assert "[2] http://portal.test/unterzeichnen?a=1&b=2" in letter.text


def test_additions_and_removals_are_told_without_colour(app: Flask) -> None:
    body = "Das {--war--} {++ist & bleibt++} so. {++ https://example.org/x ++} {++{ a }++}"
    letter = write(app, body, kind=AFFIRMATION)
    assert "Das [gestrichen: war] [neu: ist & bleibt] so. [neu: https://example.org/x] [neu: { a }]" in " ".join(
        letter.text.split()
    )
    assert "<del>war</del> <ins>ist &amp; bleibt</ins>" in letter.html
    assert "{++" not in letter.html
    assert "{++ist" in write(app, body).html, "a newsletter has no such marks"


@pytest.mark.parametrize("monster", ["* " * 500, "[" * 10_000, "{{" * 5_000, "{++" * 2_000, "> " * 2_000])
def test_monsters_come_out_as_text(app: Flask, monster: str) -> None:
    assert write(app, monster + "\n\nDanach", kind=AFFIRMATION).text.endswith("\n")


def test_light_and_dark_and_no_request_to_anywhere(app: Flask) -> None:
    html = write(app, "Text").html
    assert "@media (prefers-color-scheme: dark)" in html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert not re.search(r"\bsrc=|@import|url\(", html)
