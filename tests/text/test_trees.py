"""Safe HTML read back into trees."""

import pytest

from portal.text.markdown import organisers_html
from portal.text.trees import DEEPEST, tree_of


def test_elements_nest_and_links_are_whole() -> None:
    tree = tree_of('<p>Ein <a href="/impressum">Link</a> und <em>mehr</em>.</p>', "https://portal.example")
    assert tree == [
        {
            "tag": "p",
            "children": [
                "Ein ",
                {"tag": "a", "href": "https://portal.example/impressum", "children": ["Link"]},
                " und ",
                {"tag": "em", "children": ["mehr"]},
                ".",
            ],
        }
    ]


def test_spaces_between_blocks_and_at_the_beginning_of_lines_are_none() -> None:
    tree = tree_of("<p>\n oben<br>\nunten</p>\n<ul>\n<li>eins\n<ol>\n<li>zwei</li>\n</ol>\n</li>\n</ul>\n")
    assert tree == [
        {"tag": "p", "children": ["oben", {"tag": "br", "children": []}, "unten"]},
        {
            "tag": "ul",
            "children": [
                {
                    "tag": "li",
                    "children": ["eins ", {"tag": "ol", "start": 1, "children": [{"tag": "li", "children": ["zwei"]}]}],
                }
            ],
        },
    ]


def test_code_keeps_its_lines() -> None:
    tree = tree_of("<pre><code>a\n  b</code></pre>")
    assert tree == [{"tag": "pre", "children": [{"tag": "code", "children": ["a\n  b"]}]}]


@pytest.mark.parametrize(("written", "start"), [("5", 5), ("9" * 30, 1), ("9" * 5000, 1)])
def test_a_list_begins_where_a_number_says(written: str, start: int) -> None:
    assert tree_of(f'<ol start="{written}"><li>x</li></ol>')[0]["start"] == start  # type: ignore[index] # a list, not a text


def test_what_is_no_markup_stays() -> None:
    tree = tree_of(organisers_html("<Name der Einrichtung> & #import $x$"))
    assert tree == [{"tag": "p", "children": ["<Name der Einrichtung> & #import $x$"]}]


@pytest.mark.parametrize("within", ["<blockquote>{}</blockquote>", "<ul><li>{}</li></ul>"])
def test_what_is_too_deep_keeps_its_words(within: str) -> None:
    html = "Wort"
    for _ in range(100):
        html = within.format(html)
    written = str(tree_of(html))
    assert "Wort" in written
    assert written.count("blockquote") + written.count("ul") == DEEPEST
