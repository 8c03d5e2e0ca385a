"""Citations, compared with ones that were made by hand after each style's rules."""

import json
import re

import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from portal.bibliography.citing import STYLES, citation, plain_citation
from portal.bibliography.metadata import highwire, json_ld
from portal.bibliography.reference import DOCUMENT, Name, Reference
from tests.bibliography.references import ALL, KNOWN, OF_BOOK, OF_CHAPTER, OF_DOCUMENT, OF_PAGE, OF_REPORT, OF_THESIS

TITLE = KNOWN.title
KZFSS = "kolner-zeitschrift-fur-soziologie-und-sozialpsychologie"


@pytest.mark.parametrize(
    ("reference", "style", "language", "words"),
    [
        (
            KNOWN,
            "apa",
            "de",
            f"Büchner, S., & Gall, K. (2023). {TITLE}. WSI-Mitteilungen, 76(5), 346–354."
            " https://doi.org/10.5771/0342-300X-2023-5-346",
        ),
        (OF_BOOK, "apa", "de", "von der Muster, E. (2020). Ein Beispielbuch (2. Aufl.). Beispielverlag."),
        (OF_BOOK, "apa", "en", "von der Muster, E. (2020). Ein Beispielbuch (2nd edn). Beispielverlag."),
        (
            OF_CHAPTER,
            "apa",
            "de",
            "Muster, E. (2021). Ein Kapitel. In A. Beispiel (Hrsg.), Ein Sammelband (S. 10–20). Beispielverlag.",
        ),
        (
            OF_CHAPTER,
            "apa",
            "en",
            "Muster, E. (2021). Ein Kapitel. In A. Beispiel (ed.), Ein Sammelband (pp. 10–20). Beispielverlag.",
        ),
        (
            OF_REPORT,
            "apa",
            "de",
            "Institut Beispiel. (2022). Ein Bericht (Nr. 3). Beispielstelle. https://example.org/bericht_1?a=1&b=2",
        ),
        (
            OF_PAGE,
            "apa",
            "en",
            "Stadt Beispiel. (2023, February 8). Eine Seite. Beispielportal. https://example.org/seite",
        ),
        (
            OF_THESIS,
            "apa",
            "de",
            "Beispiel, A., Jr. (2019). Eine Arbeit über 100 % & mehr [Dissertation]. Beispieluniversität.",
        ),
        (OF_DOCUMENT, "apa", "de", "Ohne alles. (o. J.)."),
        (KNOWN, KZFSS, "de", f"Büchner, Stefanie, und Korbinian Gall. 2023. {TITLE}. WSI-Mitteilungen 76: 346–354."),
        (OF_DOCUMENT, KZFSS, "en", "Anon. n.d. Ohne alles."),
        (
            KNOWN,
            "din-1505-2",
            "de",
            f"Büchner, Stefanie ; Gall, Korbinian: {TITLE}. In: WSI-Mitteilungen Bd. 76 (2023), Nr. 5, S. 346–354",
        ),
    ],
)
def test_as_made_by_hand(reference: Reference, style: str, language: str, words: str) -> None:
    assert plain_citation(reference, style, language) == words


def test_nothing_in_a_reference_is_markup() -> None:
    hostile = "<script>alert('1')</script> & \"q\" <i>k</i> \ue000script\ue001"
    reference = Reference(
        DOCUMENT, hostile, (Name("<b>", "&amp;"), Name(literal="<img src=x>")), url="https://x.example/<i>"
    )
    for style in STYLES:
        for language in ("de", "en"):
            html = citation(reference, style, language)
            assert set(re.findall("<[^>]*>", html)) <= {"<i>", "</i>", "<b>", "</b>"}
            assert "&lt;script&gt;" in html
            assert "style=" not in html


@pytest.mark.parametrize("style", STYLES)
def test_every_kind_in_every_style(style: str) -> None:
    for reference in ALL:
        for language in ("de", "en"):
            words = plain_citation(reference, style, language)
            assert reference.title in words
            assert words.count(reference.title) == 1
            assert ".." not in words.replace("...", "")


def test_highwire_says_what_the_reference_says() -> None:
    found = highwire(KNOWN, "http://portal.test/literatur/1")
    assert [content for name, content in found if name == "citation_author"] == ["Büchner, Stefanie", "Gall, Korbinian"]
    said = dict(found)
    assert said["citation_journal_title"] == "WSI-Mitteilungen"
    assert (said["citation_firstpage"], said["citation_lastpage"]) == ("346", "354")
    assert "citation_isbn" not in said


def test_schema_org_nests_issue_volume_and_periodical() -> None:
    issue = json_ld(KNOWN, "http://portal.test/literatur/1")["isPartOf"]
    assert (issue["@type"], issue["issueNumber"]) == ("PublicationIssue", "5")
    assert issue["isPartOf"]["volumeNumber"] == "76"
    assert issue["isPartOf"]["isPartOf"] == {"@type": "Periodical", "name": "WSI-Mitteilungen"}


def test_what_pages_say_to_machines_reads_as_it_did(file_regression: FileRegressionFixture) -> None:
    """Highwire and schema.org of every kind."""
    address = "http://portal.test/literatur/1"
    said = [
        {"highwire": list(map(": ".join, highwire(one, address))), "schema.org": json_ld(one, address)} for one in ALL
    ]
    file_regression.check(json.dumps(said, ensure_ascii=False, indent=1), extension=".json")
