"""The formats in which a revision is published, over HTTP."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy.orm import Session

from portal.declaration import publication, typesetting
from portal.declaration.operations import publish
from portal.declaration.source import RevisionSource, read_revision
from portal.declaration.typesetting import CannotBeSet
from tests.browser import Browser
from tests.declaration.conftest import NOW, REVISIONS
from tests.declaration.tagged import assert_accessible, bookmarks, elements, tags

pytestmark = pytest.mark.one_database

FILES = [
    "/erklaerung/{}.pdf",
    "/erklaerung/{}.md",
    "/erklaerung/{}.txt",
    "/erklaerung/{}/vorschau.png",
    "/erklaerung/{}/these/wege/vorschau.png",
    "/en/declaration/{}.pdf",
    "/en/declaration/{}.md",
    "/en/declaration/{}.txt",
    "/en/declaration/{}/preview.png",
    "/en/declaration/{}/thesis/wege/preview.png",
]
HOSTILE = '#import "x" #{panic()} $x^2$ \\ @ref <label> // /* ~ "c" 😀 中文 مرحبا {{7*7}}'


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The values that the last PDF was set from."""
    seen: dict[str, Any] = {}
    inner: Callable[..., bytes] = typesetting.pdf

    def pdf(template: str, values: dict[str, Any]) -> bytes:
        seen.clear()
        seen.update(values)
        return inner(template, values)

    monkeypatch.setattr(typesetting, "pdf", pdf)
    return seen


def hostile(session: Session, **changes: Any) -> None:
    """Publish one revision of which every word is hostile, or `changes`."""
    source = read_revision(REVISIONS, 1)
    words = {
        "title": HOSTILE,
        "note": HOSTILE,
        "origin": HOSTILE,
        "preamble": f"x {HOSTILE}",
        "closing": f"x {HOSTILE}",
    }
    theses = tuple(replace(one, heading=HOSTILE, text=f"x {HOSTILE}") for one in source.first.theses)
    texts = {"de": replace(source.texts["de"], **words | {"theses": theses} | changes)}
    publish(session, RevisionSource(1, texts), NOW)


@pytest.mark.parametrize("address", FILES)
def test_a_file_is_kept_and_the_same_for_everyone(published: Session, client: FlaskClient, address: str) -> None:
    first = client.get(address.format(2))
    assert first.status_code == 200
    assert first.headers["Cache-Control"] == "public, no-cache"
    assert "Set-Cookie" not in first.headers
    again = client.get(address.format(2), headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    for unknown in ("0", "4", "-1", "9" * 30, "x"):
        assert client.get(address.format(unknown)).status_code == 404


def test_only_its_own_theses_have_a_picture(published: Session, client: FlaskClient) -> None:
    assert client.get("/erklaerung/1/these/licht/vorschau.png").status_code == 404


@pytest.mark.parametrize(
    ("address", "language", "title"),
    [
        ("/erklaerung/2.pdf", "de", "Testerklärung (nur für Tests)"),
        ("/en/declaration/2.pdf", "en", "Test declaration (for tests only)"),
    ],
)
def test_the_pdf_is_accessible(
    published: Session, client: FlaskClient, address: str, language: str, title: str
) -> None:
    response = client.get(address)
    assert response.content_type == "application/pdf"
    pdf = assert_accessible(response.data, language, title)
    found = tags(pdf)
    assert {"Document", "H1", "H2", "P", "Figure", "Link"} <= set(found)
    assert found.count("H1") == 1
    assert {"L", "LI", "LBody"} <= set(found)
    assert bookmarks(pdf)[0] == title
    figure = next(one for one in elements(pdf.Root.StructTreeRoot) if one.S == "/Figure")
    assert str(figure.Alt).endswith(f"http://portal.test{address.removesuffix('.pdf')}")


def test_the_pdf_carries_revision_address_and_checksum(
    published: Session, client: FlaskClient, printed: dict[str, Any]
) -> None:
    client.get("/erklaerung/2.pdf")
    assert printed["sha256"] == read_revision(REVISIONS, 2).sha256
    assert printed["address"] == "http://portal.test/erklaerung/2"
    assert printed["line"] == "Fassung 2 vom 3. Juni 2024 · überarbeitete Fassung"
    assert [one["number"] for one in printed["theses"]] == [1, 2, 3, 4]


def test_a_text_in_the_other_language_is_marked_and_said(
    published: Session, client: FlaskClient, printed: dict[str, Any]
) -> None:
    pdf = assert_accessible(client.get("/en/declaration/3.pdf").data, "en", "Testerklärung (nur für Tests)")
    assert "de" in {str(one.get("/Lang", "")) for one in elements(pdf.Root.StructTreeRoot)}
    assert printed["text_language"] == "de"
    assert printed["notices"] == [("This revision is available in German only.", "")]
    assert client.get("/en/declaration/3.txt").headers["Content-Language"] == "de"


def test_a_summary_says_so_everywhere(session: Session, client: FlaskClient, printed: dict[str, Any]) -> None:
    hostile(session, label="summary")
    client.get("/erklaerung/1.pdf")
    assert printed["notices"][0][0] == "Zusammenfassung in eigenen Worten."
    assert "*** Zusammenfassung in eigenen Worten. Das ist noch nicht" in client.get("/erklaerung/1.txt").text
    assert "label: summary" in client.get("/erklaerung/1.md").text


def test_hostile_words_are_words(session: Session, client: FlaskClient, printed: dict[str, Any]) -> None:
    hostile(session)
    content = client.get("/erklaerung/1.pdf").data
    shown = HOSTILE.replace("😀", "[U+1F600]").replace("中文", "[U+4E2D][U+6587]")
    assert bookmarks(assert_accessible(content, "de", shown))[0] == shown
    assert printed["preamble"] == [{"tag": "p", "children": [f"x {HOSTILE}"]}]
    text = client.get("/erklaerung/1.txt").text
    assert " ".join(text.split()).count(f"x {HOSTILE}") == 2 + len(printed["theses"])
    assert client.get("/erklaerung/1.md").text.count(HOSTILE) > 5
    assert client.get("/erklaerung/1/vorschau.png").status_code == 200


@pytest.mark.parametrize(
    "words",
    [
        "> " * 40 + "tief",
        "- a\n" + "".join(f"{'    ' * depth}- b\n" for depth in range(1, 20)),
        "9" * 5000 + ". eins",
        "https://example.org/" + "x" * 3000,
        "##### fünf\n\n### drei\n\n###### sechs",
        "*" * 600,
        "&#x202e; \u200b \ufeff",
        "&#7; \\\\u0007 `\\u0007`",
    ],
    ids=["quotations", "lists", "number", "address", "headings", "stars", "invisible", "control"],
)
def test_unusual_words_are_set_too(session: Session, client: FlaskClient, words: str) -> None:
    hostile(session, preamble=words, title="Titel")
    assert_accessible(client.get("/erklaerung/1.pdf").data, "de", "Titel")
    assert client.get("/erklaerung/1.txt").status_code == 200


def test_the_markdown_is_what_the_checksum_is_made_of(published: Session, client: FlaskClient) -> None:
    files = [client.get(address).data for address in ("/erklaerung/2.md", "/en/declaration/2.md")]
    assert hashlib.sha256(b"".join(files)).hexdigest() == read_revision(REVISIONS, 2).sha256
    only = client.get("/en/declaration/3.md")
    assert only.headers["Content-Language"] == "de"
    assert hashlib.sha256(only.data).hexdigest() == read_revision(REVISIONS, 3).sha256


def test_the_text_is_plain_and_narrow(session: Session, client: FlaskClient) -> None:
    words = "Vor. [Licht](#these-2) [Wir](/impressum)\n\n- eins " + "und " * 30 + "\n- zwei\n\n> " + "Zitat " * 30
    hostile(session, preamble=words, title="Titel")
    lines = client.get("/erklaerung/1.txt").text.split("\n")
    assert lines[:2] == ["Titel", "====="]
    assert "  und und" in "\n".join(lines)
    assert [line for line in lines if line.startswith("> Zitat")][1:]
    assert all(len(line) <= publication.COLUMNS for line in lines)
    text = " ".join(" ".join(lines).split())
    assert "Licht (http://portal.test/erklaerung/1#these-2) Wir (http://portal.test/impressum)" in text


def test_a_picture_has_the_size_that_the_page_names(published: Session, browser: Browser) -> None:
    for address, title in (
        ("/erklaerung/2", "Testerklärung (nur für Tests)"),
        ("/erklaerung/2/these/licht", "Genug Licht"),
    ):
        page = browser.open(address)
        given = {
            node.attributes["property"]: node.attributes["content"] for node in page.tree.css("head meta[property^=og]")
        }
        assert given["og:title"] == title
        assert given["og:url"] == f"http://portal.test{address}"
        assert given["og:image:alt"]
        picture = str(given["og:image"]).removeprefix("http://portal.test")
        response = browser.client.get(picture)
        assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        size = Image.open(BytesIO(response.data)).size
        assert size == (int(str(given["og:image:width"])), int(str(given["og:image:height"])))


def test_the_page_links_the_formats(published: Session, browser: Browser) -> None:
    links = {node.attributes["href"] for node in browser.open("/en/declaration/3").tree.css(".formats[aria-label] a")}
    paper = "/en/declaration/3/signature-sheet.pdf"
    assert links == {"/en/declaration/3.pdf", "/en/declaration/3.md", "/en/declaration/3.txt", paper}
    assert not browser.open("/erklaerung/2").has(".formats a[href*=unterschriftenliste]")


def test_a_file_that_cannot_be_set_gets_a_page(
    published: Session, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_template: str, _values: dict[str, Any]) -> bytes:
        raise CannotBeSet("no")

    monkeypatch.setattr(typesetting, "pdf", fails)
    page = browser.open("/erklaerung/2.pdf")
    assert page.status == 500
    assert page.text("h1") == "Diese Datei lässt sich gerade nicht herstellen"
