"""The pages that stand in files: nested, in both languages, and checked when the portal starts."""

import json
import shutil
from pathlib import Path

import pytest

from portal.config import ROOT
from portal.content import ContentError
from portal.pages.source import every, read_all
from tests.browser import Browser
from tests.conftest import MakeApp

pytestmark = pytest.mark.one_database

FRONT_MATTER = 'title: "Ein Titel"\ndescription: "Ein Satz."\naddress: seite'


def write(root: Path, name: str, front_matter: str = FRONT_MATTER, body: str = "Ein Text.") -> None:
    """The page `name` with the same words in both languages."""
    for language in ("de", "en"):
        path = root / name / f"{language}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\n{front_matter}\n---\n\n{body}\n", encoding="utf-8")


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A folder `content/` without any pages."""
    folder = tmp_path / "content"
    shutil.copytree(ROOT / "content", folder, ignore=shutil.ignore_patterns("pages"))
    return folder


@pytest.mark.parametrize(
    ("german", "english"),
    [(text.texts["de"].address, text.texts["en"].address) for text in every(read_all(ROOT / "content" / "pages"))],
)
def test_every_page_is_there_in_both_languages_and_leads_to_the_other(
    browser: Browser, german: str, english: str
) -> None:
    for here, there in ((german, english), (english, german)):
        page = browser.open(here)
        assert page.status == 200
        assert len(page.texts("h1")) == 1
        assert page.attribute(".language a", "href") == there
        assert page.response.headers["Cache-Control"] == "public, no-cache"


def test_breadcrumbs_lead_back_up_for_people_and_for_machines(browser: Browser) -> None:
    page = browser.open("/worum-es-geht/kommunalverwaltung")
    assert page.texts(".breadcrumbs li") == ["Start", "Worum es geht", "Kommunalverwaltung"]
    assert page.texts(".breadcrumbs [aria-current=page]") == ["Kommunalverwaltung"]
    assert page.attribute(".breadcrumbs", "aria-label") == "Sie sind hier"
    data = json.loads(page.text('script[type="application/ld+json"]'))
    assert data["@type"] == "BreadcrumbList"
    assert [(one["position"], one["name"], one["item"]) for one in data["itemListElement"]] == [
        (1, "Start", "http://portal.test/"),
        (2, "Worum es geht", "http://portal.test/worum-es-geht"),
        (3, "Kommunalverwaltung", "http://portal.test/worum-es-geht/kommunalverwaltung"),
    ]


def test_a_section_lists_what_is_below_it(browser: Browser) -> None:
    page = browser.open("/en/background")
    assert page.text("h1") in page.texts("header a")
    assert page.texts(".below a") == ["Municipal administration"]
    assert browser.follow("Municipal administration").path == "/en/background/administration"


def test_contact_shows_what_is_known_and_marks_what_is_not(browser: Browser) -> None:
    page = browser.open("/kontakt")
    assert "fehlt noch: E-Mail-Adresse" in page.texts(".gap")


def test_a_page_nobody_thought_of_gets_its_address(make_app: MakeApp, content: Path) -> None:
    write(content / "pages", "section", FRONT_MATTER + "\norder: 2")
    write(content / "pages", "section/deep/deeper")
    write(content / "pages", "section/deep", FRONT_MATTER.replace("seite", "tief"), "## Zwischentitel\n\n<b>Text</b>")
    browser = Browser(make_app(content=content).test_client())
    assert browser.open("/seite/tief/seite").status == 200
    page = browser.open("/en/seite/tief")
    assert page.texts("main h2") == ["Zwischentitel", "More on this"]
    assert "<b>Text</b>" in page.text()
    assert browser.open("/seite/anders").status == 404


@pytest.mark.parametrize(
    ("front_matter", "body", "says"),
    [
        ('title: "T"\ndescription: "D."\naddress: "Groß Schreiben"', "Text", "address: Eine Kennung besteht"),
        ('description: "D."\naddress: x', "Text", "title: Die Angabe fehlt."),
        (FRONT_MATTER + "\nparent: x", "Text", "parent: Diese Angabe gibt es hier nicht."),
        (FRONT_MATTER, "# Titel\n\nText", "Zwischenüberschriften beginnen mit ##"),
        (FRONT_MATTER, "", "Der Text fehlt."),
        ("title: [", "Text", "de.md, Zeile 2: Das ist kein lesbares YAML."),
        (FRONT_MATTER.replace("seite", "erklaerung"), "Text", "Bitte eine andere wählen."),
    ],
)
def test_what_cannot_be_used_is_said_with_file_field_and_remedy(
    make_app: MakeApp, content: Path, front_matter: str, body: str, says: str
) -> None:
    write(content / "pages", "wrong", front_matter, body)
    with pytest.raises(ContentError) as caught:
        make_app(content=content)
    assert says in str(caught.value)
    assert str(content / "pages" / "wrong") in str(caught.value)


def test_a_language_must_not_be_forgotten(make_app: MakeApp, content: Path) -> None:
    write(content / "pages", "half")
    (content / "pages" / "half" / "en.md").unlink()
    with pytest.raises(ContentError, match=r"half/en\.md: Die Datei fehlt"):
        make_app(content=content)


@pytest.mark.parametrize(
    ("second", "front_matter", "says"),
    [
        ("other", FRONT_MATTER, "ist schon die Adresse von"),
        ("home", FRONT_MATTER.replace("seite", "heim"), "Bitte den Ordner anders nennen."),
        ("Not_Small", FRONT_MATTER.replace("seite", "gross"), "Bitte umbenennen."),
        ("a/b/c/d/e", FRONT_MATTER, "liegt tiefer als"),
    ],
)
def test_names_and_addresses_are_given_once(
    make_app: MakeApp, content: Path, second: str, front_matter: str, says: str
) -> None:
    write(content / "pages", "first")
    for depth in range(1, len(second.split("/"))):
        write(content / "pages", "/".join(second.split("/")[:depth]), FRONT_MATTER.replace("seite", f"x{depth}"))
    write(content / "pages", second, front_matter)
    with pytest.raises(ContentError, match=says):
        make_app(content=content)


def test_the_command_finds_links_that_lead_nowhere(make_app: MakeApp, content: Path) -> None:
    write(content / "pages", "linking", FRONT_MATTER, "[gut](/erklaerung#these-1) [auch](/en) [nichts](/gibt-es-nicht)")
    ran = make_app(content=content).test_cli_runner().invoke(args=["content", "check"])
    assert ran.exit_code == 1, ran.output
    assert "linking/de.md: Der Link /gibt-es-nicht führt ins Leere." in ran.output
    assert ran.output.count("linking/de.md") == 1
    write(content / "pages", "linking", FRONT_MATTER, "[gut](/feed/diskussion.atom)")
    read_all.cache_clear()
    ran = make_app(content=content).test_cli_runner().invoke(args=["content", "check"])
    assert (ran.exit_code, ran.output) == (0, "Alles unter content/ ist in Ordnung.\n")


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ("/en/declaration", "führt in eine andere Sprache. Bitte durch /erklaerung ersetzen."),
        ("/en/seite", "Bitte durch /seite ersetzen."),
        ("/seite#abschnitt", "Bitte #abschnitt weglassen."),
        ("#abschnitt", "Der Link #abschnitt führt an eine Stelle, die es nicht gibt"),
        ("seite", "Der Link „Wort“ hat kein Ziel"),
        ("/?a=1&b=2", ""),
        ("/static/icon.svg", ""),
        ("https://example.org/en", ""),
    ],
)
def test_the_command_finds_links_to_another_language_and_to_no_place(
    make_app: MakeApp, content: Path, link: str, says: str
) -> None:
    write(content / "pages", "linking", FRONT_MATTER, f"[Wort]({link})")
    ran = make_app(content=content).test_cli_runner().invoke(args=["content", "check"])
    german = [line for line in ran.output.splitlines() if "linking/de.md" in line]
    assert len(german) == bool(says), ran.output
    assert says in ran.output
