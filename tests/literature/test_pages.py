"""The literature's pages: the list, a record, the reading list, exports, and what machines read on them."""

import json
from itertools import product
from typing import Any

import extruct
import pytest
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy.orm import Session

from portal.bibliography.reading import read
from portal.declaration.models import Revision
from portal.literature import operations
from portal.literature.models import Record
from portal.literature.reading_list import MOST, ReadingList, way_back, with_list
from portal.literature.views import LISTS_IN
from tests.bibliography.references import KNOWN
from tests.browser import Browser, Client
from tests.conftest import MakeApp
from tests.literature.conftest import NOON, entry, published
from tests.revisions import publish_revision


def meta(html: str) -> dict[str, list[str]]:
    """The Highwire elements of a page, as a parser of HTML reads them."""
    found: dict[str, list[str]] = {}
    for one in LexborHTMLParser(html).css('meta[name^="citation_"]'):
        found.setdefault(str(one.attributes["name"]), []).append(str(one.attributes["content"]))
    return found


def json_ld(html: str) -> dict[str, Any]:
    """The one JSON-LD object of a page, as extruct reads it."""
    (found,) = extruct.extract(html, syntaxes=["json-ld"])["json-ld"]
    assert isinstance(found, dict)
    return found


@pytest.mark.one_database
def test_an_empty_list_says_so(browser: Browser) -> None:
    assert "noch keine Literatur" in browser.open("/literatur").text()
    assert browser.open("/en/literature").status == 200


@pytest.mark.one_database
def test_a_record_is_complete_in_both_languages(browser: Browser, article: Record) -> None:
    page = browser.open(f"/literatur/{article.id}")
    for words in ("Stefanie Büchner", "WSI-Mitteilungen", "76", "346–354", KNOWN.doi, "Datenarbeit", "eigenen Worten"):
        assert words in page.text(), words
    assert [one.attributes.get("lang") for one in page.tree.css(".abstract")] == [None, "en"]
    english = browser.open(f"/en/literature/{article.id}")
    assert [one.attributes.get("lang") for one in english.tree.css(".abstract")] == [None, "de"]
    assert english.attribute("h1", "lang") == "de"
    assert "Data work" in english.text()
    assert len(english.texts(".citations dd")) == 3


@pytest.mark.one_database
def test_machines_read_a_record_fully(client: Client, article: Record) -> None:
    html = client.get(f"/en/literature/{article.id}").text
    said = meta(html)
    assert said["citation_author"] == ["Büchner, Stefanie", "Gall, Korbinian"]
    assert said["citation_title"] == [KNOWN.title]
    assert said["citation_doi"] == [KNOWN.doi]
    assert said["citation_publication_date"] == ["2023"]
    assert (said["citation_firstpage"], said["citation_lastpage"]) == (["346"], ["354"])
    item = json_ld(html)
    assert (item["@type"], item["name"]) == ("ScholarlyArticle", KNOWN.title)
    assert item["isPartOf"]["isPartOf"]["isPartOf"]["name"] == "WSI-Mitteilungen"
    assert [one["familyName"] for one in item["author"]] == ["Büchner", "Gall"]
    assert item["@id"] == f"http://portal.test/en/literature/{article.id}"


@pytest.mark.one_database
def test_nothing_of_a_record_is_markup(client: Client, session: Session) -> None:
    hostile = "</script><script>alert(1)</script>\"'<b>"
    record = published(session, hostile, container_title=hostile, said=hostile, publisher=hostile)
    for address in (f"/literatur/{record.id}", "/literatur", f"/merkzettel?ids={record.id}"):
        html = client.get(address).text
        assert "<script>alert" not in html
    assert json_ld(client.get(f"/literatur/{record.id}").text)["name"] == hostile


@pytest.mark.one_database
def test_the_declaration_is_read_fully(client: Client, session: Session) -> None:
    revision = publish_revision(session)
    html = client.get("/erklaerung/1").text
    assert meta(html)["citation_title"] == ["Testfassung 1"]
    assert meta(html)["citation_publication_date"] == ["2026/01/02"]
    item = json_ld(html)
    assert (item["@type"], item["version"], item["inLanguage"]) == ("Report", "1", "de")
    assert item["identifier"] == {"@type": "PropertyValue", "propertyID": "sha256", "value": revision.sha256}
    assert [part["@id"] for part in item["hasPart"]] == ["http://portal.test/erklaerung/1/these/test"]
    thesis = json_ld(client.get("/en/declaration/1/thesis/test").text)
    assert thesis["isPartOf"]["identifier"]["value"] == revision.sha256
    assert thesis["@id"] == "http://portal.test/en/declaration/1/thesis/test"
    assert meta(client.get("/en/declaration/1/thesis/test").text)["citation_inbook_title"][0].startswith(
        "Test revision"
    )


ENDINGS = ("bib", "ris", "json")


@pytest.mark.one_database
def test_revisions_and_theses_are_exported(client: Client, session: Session) -> None:
    revision: Revision = publish_revision(session)
    for (path, title), ending in product(
        (
            ("/erklaerung/1", "Testfassung 1"),
            ("/en/declaration/1", "Test revision 1"),
            ("/erklaerung/1/these/test", "These 1: Testfassung"),
        ),
        ENDINGS,
    ):
        answer = client.get(f"{path}.{ending}")
        assert answer.headers["Cache-Control"] == "public, no-cache"
        (found,) = read(answer.data)
        assert found.reference is not None
        assert found.reference.title == title
        assert found.reference.url == f"http://portal.test{path}"
        assert found.reference.year == revision.dated.year
    for address in ("/erklaerung/2.bib", "/erklaerung/1/these/x.ris", "/erklaerung/1.xml"):
        assert client.get(address).status_code == 404


@pytest.mark.one_database
def test_records_lists_and_reading_lists_are_exported(client: Client, session: Session, article: Record) -> None:
    other = published(session, "Anderes", issued=(2020,))
    for ending in ENDINGS:
        (one,) = read(client.get(f"/literatur/{article.id}.{ending}").data)
        assert one.reference is not None
        assert (one.reference.title, one.reference.doi) == (KNOWN.title, KNOWN.doi)
        listed = read(client.get(f"/literatur.{ending}?jahr=2020").data)
        assert [one.reference.title for one in listed if one.reference] == ["Anderes"]
        marked = read(client.get(f"/en/reading-list.{ending}?ids={other.id},{article.id},999").data)
        assert [one.reference.title for one in marked if one.reference] == ["Anderes", KNOWN.title]


@pytest.mark.one_database
def test_a_bibliography_is_plain_text(client: Client, article: Record) -> None:
    answer = client.get(f"/merkzettel.txt?ids={article.id}&stil=din-1505-2")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith("Büchner, Stefanie ; Gall, Korbinian: Digitalisierung")
    assert client.get(f"/merkzettel.txt?ids={article.id}&stil=../../etc").text.startswith("Büchner, S., & Gall")


@pytest.mark.one_database
def test_the_list_is_narrowed_sorted_and_paged(browser: Browser, session: Session) -> None:
    for number in range(30):
        published(session, f"Titel {number:02}", issued=(2000 + number,))
    page = browser.open("/literatur?sort=titel")
    assert page.texts(".record__title")[:2] == ["Titel 00", "Titel 01"]
    browser.follow("Nächste Seite")
    assert browser.page.texts(".record__title")[0] == "Titel 25"
    assert browser.page.attribute("meta[name=robots]", "content") == "noindex, follow"
    assert browser.open("/literatur?jahr=2005").texts(".record__title") == ["Titel 05"]
    assert "weniger Angaben" in browser.open("/literatur?suche=gibtesnicht").text()
    assert len(browser.open("/literatur?seite=999").texts(".record__title")) == 5


BAD_QUESTIONS = (
    "jahr=" + "9" * 40,
    "thema=-1",
    "seite=0",
    "art=%00",
    "suche=%ff%00'",
    "sort=x",
    "merk=" + "9," * 900,
    "von=//x",
    "ids=%00",
)


@pytest.mark.one_database
def test_bad_questions_are_no_errors(client: Client, article: Record) -> None:
    for query in BAD_QUESTIONS:
        for path in ("/literatur", f"/literatur/{article.id}", "/merkzettel", "/literatur.bib", "/merkzettel.txt"):
            assert client.get(f"{path}?{query}").status_code == 200, query


@pytest.mark.one_database
def test_drafts_are_nowhere(client: Client, session: Session) -> None:
    draft = operations.new(session, entry("Geheimer Entwurf"), None, NOON)
    session.commit()
    for address in ("/literatur", "/literatur.json", f"/merkzettel?ids={draft.id}", f"/merkzettel.bib?ids={draft.id}"):
        assert "Geheimer" not in client.get(address).text
    for address in (f"/literatur/{draft.id}", f"/literatur/{draft.id}.bib"):
        assert client.get(address).status_code == 404


@pytest.mark.one_database
def test_a_list_travels_without_a_cookie_or_a_script(browser: Browser, session: Session, article: Record) -> None:
    other = published(session, "Anderes", issued=(2020,))
    browser.open("/literatur?jahr=2023")
    browser.open(str(browser.page.attribute("a.remember", "href")))
    assert "Ein Eintrag auf dem Merkzettel" in browser.page.text(".reading-list")
    assert browser.page.texts(".remember--there") == ["Auf dem Merkzettel"]
    browser.follow("alle zeigen")
    browser.open(str(browser.page.attribute("a.remember", "href")))
    browser.follow("2 Einträge auf dem Merkzettel")
    assert browser.page.texts(".record__title") == [article.title, "Anderes"]
    browser.open(str(browser.page.attribute('.record__more a[href*="ids"]', "href")))
    assert len(browser.page.texts(".record__title")) == 1
    browser.open(f"/merkzettel?ids={article.id},{other.id}&von=/literatur?jahr%3D2020")
    browser.follow(f"Nach oben: {other.title}")
    assert browser.page.texts(".record__title") == ["Anderes", article.title]
    browser.follow("Anderes")
    assert browser.page.text("h1") == "Anderes"
    browser.follow("Zurück zum Merkzettel")
    assert browser.page.texts(".record__title") == ["Anderes", article.title]
    browser.follow("Zurück")
    assert browser.page.texts(".record__title") == ["Anderes"], "the list of one year, where it began"
    assert "2 Einträge" in browser.page.text(".reading-list")
    assert "Set-Cookie" not in browser.page.response.headers


@pytest.mark.one_database
def test_somebodys_list_is_neither_kept_nor_found(client: Client, article: Record) -> None:
    answer = client.get(f"/literatur?merk={article.id}")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert 'content="noindex, follow"' in answer.text
    assert '<link rel="canonical"\n              href="http://portal.test/literatur">' in answer.text
    assert client.get("/literatur").headers["Cache-Control"] == "public, no-cache"


@pytest.mark.one_database
def test_unknown_numbers_say_so(browser: Browser, article: Record) -> None:
    assert "2 Einträge aus der Adresse" in browser.open(f"/merkzettel?ids={article.id},999,x").text()


@pytest.mark.parametrize(
    "way", ["//evil.example", "/\\evil.example", "https://evil.example", "literatur", "/a\nb", "/" + "x" * 2000]
)
def test_ways_back_stay_on_the_site(way: str) -> None:
    assert way_back(way) == ""


def test_the_list_goes_along_on_the_way_back() -> None:
    listed = ReadingList((1, 5))
    assert with_list("/literatur?jahr=2020&merk=9", listed, LISTS_IN) == "/literatur?jahr=2020&merk=1,5"
    assert with_list("/en/literature/7", listed, LISTS_IN) == "/en/literature/7?merk=1,5"
    assert with_list("/merkzettel?ids=9&von=/a", listed, LISTS_IN) == "/merkzettel?von=/a&ids=1,5"
    assert with_list("/aktuelles/3", listed, LISTS_IN) == "/aktuelles/3"


def test_a_list_is_bounded_and_keeps_its_order() -> None:
    assert ReadingList.of("5,1,5, 9,x,0").numbers == (5, 1, 9)
    assert len(ReadingList.of(",".join(map(str, range(1, 400))))) == MOST
    assert ReadingList((1, 2, 3)).earlier(3).numbers == (1, 3, 2)
    assert ReadingList((1, 2)).without(1).with_(7).numbers == (2, 7)
    assert json.dumps(str(ReadingList())) == '""'


@pytest.mark.one_database
def test_floods_of_exports_are_refused(make_app: MakeApp) -> None:
    """Thousands of records are a second's work, and each made-up address is new to the kept pages."""
    client = make_app(rate_limit_search="2 per minute", allowed_networks="").test_client()
    asked = [client.get(f"/literatur.bib?suche={number}").status_code for number in range(3)]
    assert asked == [200, 200, 429]
    assert client.get("/literatur.bib").status_code == 200, "the whole list is kept"
