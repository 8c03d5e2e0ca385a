"""What is written is read back: by our own readers, and by readers that know nothing of our writers.

Independent are pybtex for BibTeX and rispy for RIS (the writer of RIS is our own); of CSL-JSON, citeproc-py's reader.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
import rispy
from citeproc.source.json import CiteProcJSON
from hypothesis import given, settings
from hypothesis import strategies as st
from pybtex.database import parse_string
from pybtex.richtext import Text
from pytest_regressions.file_regression import FileRegressionFixture

from portal.bibliography import tex
from portal.bibliography.bibtex import from_bibtex, to_bibtex
from portal.bibliography.csl import csl_json, from_csl, to_csl
from portal.bibliography.found import Found
from portal.bibliography.reading import read
from portal.bibliography.reference import ARTICLE, CHAPTER, TYPES, WEBPAGE, Name, Reference, with_keys
from portal.bibliography.ris import from_ris, to_ris
from tests.bibliography.references import ALL, KNOWN, OF_BOOK, OF_CHAPTER, OF_THESIS

WORDS = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"), exclude_characters="\x00\ufeff"),
    min_size=1,
    max_size=30,
).map(lambda text: " ".join(text.split()))
"""One line with everything that can be seen."""
TITLES = WORDS.filter(bool)
NAMES = st.text("abcdezäöüßéèçñøłšžőáíÖÄÜÅŁŞČ", min_size=1, max_size=12)
PEOPLE = st.builds(Name, family=NAMES.map(str.capitalize), given=NAMES.map(str.capitalize))
REFERENCES = st.builds(
    Reference,
    type=st.just(ARTICLE),
    title=TITLES,
    authors=st.lists(PEOPLE, max_size=4).map(tuple),
    container_title=st.one_of(st.just(""), TITLES),
    abstract=st.one_of(st.just(""), TITLES),
    issued=st.sampled_from([(), (2023,), (2023, 5), (2023, 5, 17)]),
)


def only(found: list[Found]) -> Reference:
    """The one reference that was found, without its key."""
    assert len(found) == 1, found
    assert found[0].reference is not None, found
    return replace(found[0].reference, key="")


@pytest.mark.parametrize("reference", ALL, ids=lambda one: one.type)
def test_each_format_brings_everything_back(reference: Reference) -> None:
    assert only(from_bibtex(to_bibtex([reference]))) == reference
    assert only(read(to_ris([reference]).encode())) == reference
    assert only(from_csl(csl_json([reference]))) == reference


@settings(max_examples=30, deadline=None)
@given(REFERENCES)
def test_whatever_stands_in_it(reference: Reference) -> None:
    assert only(from_csl(csl_json([reference]))) == reference
    assert only(from_ris(to_ris([reference]).replace("\r\n", "\n"))) == reference
    found = only(from_bibtex(to_bibtex([reference])))
    title, container, abstract = (
        tex.decoded(tex.encoded(text)) for text in (reference.title, reference.container_title, reference.abstract)
    )
    assert found == replace(reference, title=title, container_title=container, abstract=abstract)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(max_codepoint=0x24F, exclude_categories=["Cc"], exclude_characters="$"), max_size=40))
def test_tex_both_ways(text: str) -> None:
    """Every letter of Latin script; a dollar is TeX's business."""
    plain = " ".join(text.split())
    assert tex.decoded(tex.encoded(plain)) == plain


def test_pybtex_reads_our_bibtex() -> None:
    entries = parse_string(to_bibtex([KNOWN, OF_CHAPTER, OF_BOOK]), "bibtex").entries
    article = entries["buechner2023"]
    assert article.type == "article"
    assert [str(Text.from_latex(" ".join(one.last_names))) for one in article.persons["author"]] == ["Büchner", "Gall"]
    assert str(Text.from_latex(article.fields["title"])) == KNOWN.title
    assert article.fields["pages"] == "346--354"
    assert article.fields["doi"] == KNOWN.doi
    assert entries["muster2021"].type == "incollection"
    assert [str(person) for person in entries["muster2021"].persons["editor"]] == ["Beispiel, Ada"]
    assert entries["vondermuster2020"].persons["author"][0].prelast_names == ["von", "der"]


@pytest.mark.parametrize(("kind", "field"), [(ARTICLE, "journal"), (CHAPTER, "booktitle"), (WEBPAGE, "organization")])
def test_bibtex_has_what_something_stands_in_under_the_name_that_its_kind_has(kind: str, field: str) -> None:
    people = (Name("Muster", "Ada"), Name("Muster", "Ben", "Jr"), Name("Band, Sand", "Cem"))
    written = to_bibtex([Reference(kind, "x", people, container_title="Ein Ort")])
    assert f"  {field} = {{Ein Ort}}," in written
    assert "  author = {Muster, Ada and Muster, Jr, Ben and {Band, Sand}, Cem}," in written


@settings(max_examples=20, deadline=None)
@given(st.lists(PEOPLE, min_size=1, max_size=4), st.text(st.sampled_from("äöüßéèçñÅŁøœ–„“ &%#_abc"), min_size=1))
def test_pybtex_reads_names_and_accents(people: list[Name], title: str) -> None:
    reference = Reference(ARTICLE, " ".join(title.split()) or "x", tuple(people))
    (entry,) = parse_string(to_bibtex([reference]), "bibtex").entries.values()
    assert str(Text.from_latex(entry.fields["title"])) == reference.title
    said = [str(Text.from_latex(" ".join(one.last_names))) for one in entry.persons["author"]]
    assert said == [one.family for one in people]


def test_rispy_reads_our_ris() -> None:
    article, book = rispy.loads(to_ris([KNOWN, OF_THESIS]).replace("\r\n", "\n"))
    assert article["type_of_reference"] == "JOUR"
    assert article["authors"] == ["Büchner, Stefanie", "Gall, Korbinian"]
    assert (article["title"], article["journal_name"]) == (KNOWN.title, "WSI-Mitteilungen")
    assert (article["volume"], article["number"], article["start_page"], article["end_page"]) == (
        "76",
        "5",
        "346",
        "354",
    )
    assert (article["doi"], article["year"]) == (KNOWN.doi, "2023")
    assert book["keywords"] == ["Jugendamt", "Software"]


def test_every_line_of_ris_is_a_tag_and_ends_in_crlf() -> None:
    text = to_ris(ALL)
    assert text.count("\n") == text.count("\r\n")
    for line in text.split("\r\n")[:-1]:
        assert line[2:6] == "  - ", line


def test_citeproc_reads_our_csl_json() -> None:
    items = CiteProcJSON(json.loads(csl_json(ALL)))
    assert len(items) == len(ALL)
    assert str(items["buechner2023"].author[0].family) == "Büchner"


def test_csl_items_have_only_what_csl_knows() -> None:
    """The names of the variables of CSL 1.0.2 that we write."""
    known = "id type title author editor issued keyword container-title collection-title volume issue page number"
    known += " edition version genre publisher publisher-place DOI URL ISBN ISSN language abstract"
    assert {name for item in to_csl(ALL) for name in item} <= set(known.split())
    assert all(item["type"] in TYPES for item in to_csl(ALL))


def test_each_has_a_key_of_its_own() -> None:
    keys = [one.key for one in with_keys([KNOWN, KNOWN, replace(KNOWN, key="Buechner2023"), Reference(ARTICLE, "漢")])]
    assert keys == ["buechner2023", "buechner2023-2", "Buechner2023-3", "oj"]


@pytest.mark.parametrize(("write", "ending"), [(to_bibtex, ".bib"), (to_ris, ".ris"), (csl_json, ".json")])
def test_exports_read_as_they_did(
    write: Callable[[Iterable[Reference]], str], ending: str, file_regression: FileRegressionFixture
) -> None:
    """Every kind with all that it can have: what round trips take back in either way."""
    file_regression.check(write(ALL).replace("\r\n", "\n"), extension=ending)
