"""What others export is read record by record; what cannot be read says where it stands and what to do."""

import time
from contextlib import suppress

import pytest

from portal.bibliography.found import LARGEST_FILE, MOST_NAMES, NotReadable
from portal.bibliography.reading import read
from portal.bibliography.reference import Name, plain_address, plain_doi
from portal.bibliography.tex import DEEPEST

BIBTEX = r"""
@string{wsi = "WSI-Mitteilungen"}
@comment{Beispiele}
@article{a1, title={{\"U}ber {DIN}-Normen \& 100% mehr},
  author={von der Leyen, Ursula and {Institut f{\"u}r Arbeit} and M{\"u}ller, Jr, Hans and others},
  journal=wsi # " Beilage", month=mar, year=2020, pages={1--2}, url={\url{https://example.org/a\_b}}}
@article{a1, title={Noch einer}}
@book{b1, title={Erster}, title={Zweiter}}
@misc{offen, title={Ohne Ende, year=2000
@inbook{c1, crossref={B2}, title={Ein Kapitel}, pages="3"}
@collection{b2, title="Ein Band", editor={Ludwig van Beispiel}, date={1999-05}}
"""


def test_bibtex_as_people_have_it() -> None:
    found = {one.place: one for one in read(BIBTEX.encode())}
    first = found["Zeile 4, a1"]
    assert first.reference is not None
    assert first.reference.title == "Über DIN-Normen & 100% mehr"
    assert first.reference.authors == (
        Name("von der Leyen", "Ursula"),
        Name(literal="Institut für Arbeit"),
        Name("Müller", "Hans", "Jr"),
    )
    assert first.reference.container_title == "WSI-Mitteilungen Beilage"
    assert first.reference.issued == (2020, 3)
    assert (first.reference.page, first.reference.url) == ("1-2", "https://example.org/a_b")
    assert "and others" in first.remarks[0]
    assert "schon ein anderer" in found["Zeile 7, a1"].remarks[0]
    assert "zweimal" in found["Zeile 8, b1"].remarks[0]
    broken = found["Zeile 9, offen"]
    assert broken.reference is None
    assert "Klammer" in broken.remarks[0]
    chapter = found["Zeile 10, c1"].reference
    assert chapter is not None
    assert (chapter.container_title, chapter.editors, chapter.issued) == (
        "Ein Band",
        (Name("van Beispiel", "Ludwig"),),
        (1999, 5),
    )


def test_more_names_than_are_kept_are_said_to_be_left_out() -> None:
    many = " and ".join(f"Beispiel{number}, Ada" for number in range(MOST_NAMES + 1))
    (found,) = read(f"@misc{{a, title={{x}}, author={{{many}}}}}".encode())
    assert found.reference is not None
    assert len(found.reference.authors) == MOST_NAMES
    assert "weggelassen" in found.remarks[0]


@pytest.mark.parametrize("field", ["author", "title"])
def test_what_is_nested_too_deeply_is_one_entry_that_is_not_read(field: str) -> None:
    deep = "{" * (DEEPEST + 5) + "x" + "}" * (DEEPEST + 5)
    deeply, other = read(f"@misc{{a, {field}={{{deep}}}, year=2000}}\n@misc{{b, title={{y}}}}".encode())
    assert deeply.reference is None
    assert "zu viele Klammern" in deeply.remarks[0]
    assert other.reference is not None


@pytest.mark.parametrize(
    ("content", "title"),
    [
        ("\ufeff@misc{a, title={Ämter}}".encode(), "Ämter"),
        ("@misc{a, title={Ämter – „ja“}}".encode("cp1252"), "Ämter – „ja“"),
        ("TY  - BOOK\r\nTI  - Ämter\r\nER  - \r\n".encode("utf-16"), "Ämter"),
        (b"TY  - BOOK\rT1  - Zeilen\rER  -\r", "Zeilen"),
        (b'{"items": [{"title": "Aus Zotero", "type": "book"}]}', "Aus Zotero"),
        (b'{"title": ["Aus Crossref"], "type": "journal-article"}', "Aus Crossref"),
    ],
)
def test_files_of_all_kinds(content: bytes, title: str) -> None:
    (found,) = read(content)
    assert found.reference is not None
    assert found.reference.title == title


def test_ris_records_without_an_end_are_named_by_their_line() -> None:
    first, second = read(
        b"TY  - JOUR\nTI  - Ohne Ende\n\nTY  - JOUR\nTI  - Gut\nT2  - Zeitschrift\nED  - A, B\nER  - \n"
    )
    assert first.reference is None
    assert (first.place, "ER" in first.remarks[0]) == ("Zeile 1", True)
    assert second.place == "Zeile 4"
    assert second.reference is not None
    assert (second.reference.container_title, second.reference.editors) == ("Zeitschrift", (Name("A", "B"),))


def test_csl_items_of_wrong_kinds_do_not_spoil_the_others() -> None:
    found = read(
        b'[1, {"title": {"x": 1}, "author": "A", "issued": [], "DOI": 7}, {"title": "Gut", "issued": "2020-05"}]'
    )
    assert found[0].reference is None
    assert found[1].reference is not None
    assert found[1].reference.title == ""
    assert found[2].reference is not None
    assert found[2].reference.issued == (2020, 5)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "weder BibTeX"),
        (b"Ein Brief", "weder BibTeX"),
        (b"@misc{a, title={\x00}}", "kein Text"),
        (b"[]", "kein Eintrag"),
        (b'[{"title": }]', "Zeile 1"),
        (b"[" * 50_000, "CSL-JSON"),
        (b'[{"title":' + b"9" * 5000 + b"}]", "CSL-JSON"),
        (b"[" + b"{}," * 2000 + b"{}]", "2000"),
        (b"@misc{a}\n" * 2001, "2000"),
        (b"TY  - BOOK\nER  - \n" * 2001, "2000"),
        (b"@misc{a, title=" + b"{" * 10_000, "Klammern"),
        (b"x" * (LARGEST_FILE + 1), "4 MB"),
    ],
)
def test_what_is_no_such_file_says_what_to_do(content: bytes, words: str) -> None:
    with pytest.raises(NotReadable, match=words):
        read(content)


@pytest.mark.parametrize(
    "content",
    [
        "@misc{a, title={" + "{" * 60 + "}" * 60 + "}}",
        "@misc{a, title={" + r"\begin{a}" * 6000 + "}}",
        "@misc{a, title={" + "x" * 100_000 + "}}",
        "@misc{a, title={" + "$" * 40_001 + "}}",
        "@misc{a, author={" + " and ".join(["A, B"] * 5000) + "}, title={x}}",
        '@misc{a, title="' * 1900,
        "@misc{a, title=" + "#" * 100_000 + "}",
        "TY  - BOOK\nAB  - x\n" + "y\n" * 500_000 + "ER  - ",
        "TY  - BOOK\n" + "AU  - A, B\n" * 100_000 + "ER  - ",
    ],
)
def test_hostile_records_cost_little(content: str) -> None:
    started = time.perf_counter()
    with suppress(NotReadable):
        read(content.encode())
    assert time.perf_counter() - started < 3


def test_two_hundred_records_are_read_at_once() -> None:
    content = "\n".join(
        f'@article{{k{one}, title={{Titel {one}}}, author={{M{{\\"u}}ller, A and Beispiel, B}}, year=2020}}'
        for one in range(200)
    )
    assert [one.reference is not None for one in read(content.encode())] == [True] * 200


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("https://doi.org/10.5771/0342-300X-2023-5-346", "10.5771/0342-300X-2023-5-346"),
        ("doi: 10.1000/182.", "10.1000/182"),
        ("http://dx.doi.org/10.1000/a(b)c", "10.1000/a(b)c"),
        ("10.1000", ""),
        ("10.1000/ä", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_dois(text: str, doi: str) -> None:
    assert plain_doi(text) == doi


def test_addresses_are_of_the_web() -> None:
    assert plain_address(" https://example.org/a ") == "https://example.org/a"
    assert plain_address("javascript:alert(1)") == plain_address("//example.org") == plain_address("https://a b") == ""


def test_what_one_entry_has_from_another_is_bounded() -> None:
    """Neither a name of one letter nor one book makes gigabytes of a small file."""
    macro = '@string{a = "' + "x" * 100_000 + '"}\n@misc{k, title = ' + "a # " * 2000 + "a}"
    (joined,) = read(macro.encode())
    assert joined.reference is None
    book = "@book{p, title={Band}, abstract={Vom Band}, note={" + "x" * 3000 + "}}\n"
    found = read((book + "@inbook{c, title={Kapitel}, crossref={p}}\n").encode())
    assert [one.reference is None for one in found] == [False, True]
    (_book, chapter) = read(b"@book{p, title={Band}, abstract={Vom Band}}\n@inbook{c, title={K}, crossref={p}}")
    assert chapter.reference is not None
    assert (chapter.reference.container_title, chapter.reference.abstract) == ("Band", "")


def test_letters_that_nobody_sees_are_left_out() -> None:
    """Half a letter, which JSON can say, can be neither shown nor written down."""
    json, bibtex = '[{"title": "x\\ud800y\\u202ez\\u0001"}]', "@book{b, title={x\u202eyz\u0001}}"
    for content in (json, bibtex):
        (found,) = read(content.encode())
        assert found.reference is not None
        assert found.reference.title == "xyz"
