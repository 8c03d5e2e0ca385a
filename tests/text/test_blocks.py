"""Safe HTML read back: nobody meets a mark of Markdown or a tag, and nothing that was said is missing."""

import pytest

from portal.text.blocks import Block, Words, blocks_of, plain_lines
from portal.text.markdown import commenters_html, organisers_html

SITE = "https://portal.test"


def of_comment(source: str) -> list[Block]:
    return blocks_of(commenters_html(source), SITE)


def test_emphasis_is_a_look_of_words() -> None:
    [block] = of_comment("Erst **fett**, *kursiv*, ***beides*** und `code  hier`.\nZweite Zeile.")
    assert block.text == "Erst fett, kursiv, beides und code hier.\nZweite Zeile."
    looks = {words.text: (words.bold, words.italic, words.code) for words in block.words}
    assert looks["fett"] == (True, False, False)
    assert looks["kursiv"] == (False, True, False)
    assert looks["beides"] == (True, True, False)
    assert looks["code hier"] == (False, False, True)
    assert looks["Erst "] == (False, False, False)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("[Bericht](https://example.org/a?b=1&c=2)", "Bericht (https://example.org/a?b=1&c=2)"),
        ("[**fetter** Link](https://example.org/)", "fetter Link (https://example.org/)"),
        ("Siehe https://example.org/a_b?", "Siehe https://example.org/a_b?"),
        ("[x](javascript:alert)", "[x](javascript:alert)"),
        ("[hier](/erklaerung)", "hier (https://portal.test/erklaerung)"),
        ("[Mail](mailto:a@example.org)", "Mail (a@example.org)"),
    ],
)
def test_a_link_says_where_it_leads(source: str, words: str) -> None:
    render = organisers_html if source.startswith(("[hier]", "[Mail]")) else commenters_html
    [block] = blocks_of(render(source), SITE)
    assert block.text == words


def test_lists_and_quotations_keep_their_shape() -> None:
    source = "Davor:\n- eins\n- zwei\n    - tief\n\n> zitiert\n> > und darin\n\nDanach.\n\n1. a\n2. b"
    assert [(one.text, one.marker, one.level, one.quoted) for one in of_comment(source)] == [
        ("Davor:", "", 0, 0),
        ("eins", "•", 1, 0),
        ("zwei", "•", 1, 0),
        ("tief", "•", 2, 0),
        ("zitiert", "", 0, 1),
        ("und darin", "", 0, 2),
        ("Danach.", "", 0, 0),
        ("a", "1.", 1, 0),
        ("b", "2.", 1, 0),
    ]


def test_what_organisers_may_write_besides() -> None:
    lists = "- x\n\n    noch zu x\n\n- y\n\n---\n\n3. drei\n4. vier"
    source = f"### Kopf\n\n{lists}\n\nText\n\n    code  mit\n      Abstand"
    found = blocks_of(organisers_html(source))
    assert found[0] == Block((Words("Kopf"),), heading=True)
    assert [(one.text, one.marker, one.level) for one in found[1:]] == [
        ("x", "•", 1),
        ("noch zu x", "", 1),
        ("y", "•", 1),
        ("drei", "3.", 1),
        ("vier", "4.", 1),
        ("Text", "", 0),
        ("code  mit\n  Abstand", "", 0),
    ]
    assert [words.code for words in found[-1].words] == [True]


def test_an_entry_without_words_leaves_its_bullet_to_nobody() -> None:
    assert [one.marker for one in blocks_of("<ul><li></li></ul><p>Danach.</p>")] == [""]


def test_what_looks_like_html_is_text() -> None:
    assert [one.text for one in of_comment("<Name> &amp; a<b")] == ["<Name> &amp; a<b"]
    assert blocks_of("") == []


def test_plain_lines_are_what_one_would_type_in_a_mail() -> None:
    source = "Erst **fett**.\nZeile zwei.\n\n- eins\n- zwei\n    - tief\n\n> zitiert\n> weiter\n\n1. a\n2. b"
    assert plain_lines(commenters_html(source)).split("\n") == [
        *("Erst fett.", "Zeile zwei.", ""),
        *("• eins", "• zwei", "  • tief", ""),
        *("> zitiert", "> weiter", ""),
        *("1. a", "2. b"),
    ]
