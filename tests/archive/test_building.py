"""How an archive is built: what is followed, what is rewritten, what is left out aloud, and what never breaks."""

import fcntl
from pathlib import Path

import pytest
from flask import Response, abort, redirect, request

from tests.archive.conftest import Archive, Routes

pytestmark = pytest.mark.one_database

PROBE = "probe/index.html"


def test_links_of_every_kind_lead_to_files(archive: Archive, routes: Routes) -> None:
    routes(
        probe='<a href="/ziel?seite=2#da">a</a><a href="http://portal.test/ziel">b</a><a href="ziel">c</a>'
        '<a href="https://example.org/x?y#z">d</a><a href="#inhalt">e</a><a href="mailto:a@b.test">f</a>'
        '<img src="/bild.png" srcset="/bild.png 1x, /gross.png 2x" alt=""><a href="/datei.csv">g</a>'
        '<a href="/alt">h</a><a rel="ugc" href="http://portal.test/nirgends">i</a>'
        '<svg><use href="/zeichen.svg#x"/></svg>',
        ziel='<p id="da">da</p>',
        alt=redirect("/ziel"),
        **{
            "bild.png": Response(b"1", mimetype="image/png"),
            "gross.png": Response(b"2", mimetype="image/png"),
            "datei.csv": Response(b"a,b", mimetype="text/csv"),
            "zeichen.svg": Response(b"<svg id='x'/>", mimetype="image/svg+xml"),
        },
    )
    archive.build()
    page = archive.page(PROBE)
    assert archive.links(PROBE) == [
        "../ziel/index-seite=2.html#da",
        "../ziel/index.html",
        "../ziel/index.html",
        "https://example.org/x?y#z",
        "#inhalt",
        "mailto:a@b.test",
        "../datei.csv",
        "../ziel/index.html",
        "http://portal.test/nirgends",
    ]
    image = page.css_first("img")
    assert image is not None
    assert image.attributes["srcset"] == "../bild.png 1x, ../gross.png 2x"
    assert page.css_first("use").attributes["href"] == "../zeichen.svg#x"  # type: ignore[union-attr] # it is there
    assert (archive.folder / "datei.csv").read_bytes() == b"a,b"


def test_what_stylesheets_load_comes_too(archive: Archive, routes: Routes) -> None:
    css = "@import 'b.css'; p { background: url( \"/bild.png?v=1\" ), url(data:image/png;base64,AA==) }"
    routes(
        probe='<link rel="stylesheet" href="/stil/a.css">',
        **{
            "stil__a.css": Response(css, mimetype="text/css"),
            "stil__b.css": Response("", mimetype="text/css"),
            "bild.png": Response(b"1", mimetype="image/png"),
        },
    )
    archive.build()
    expected = "@import 'b.css'; p { background: url( \"../bild-v=1.png\" ), url(data:image/png;base64,AA==) }"
    assert archive.text("stil/a.css") == expected


def test_scripts_go_data_stays_and_what_is_said_without_scripts_is_shown(archive: Archive, routes: Routes) -> None:
    routes(
        probe='<script src="/static/altcha/start.js"></script><script type="application/ld+json">{}</script>'
        '<link rel="preload" href="/static/fonts/sans.woff2" as="font"><noscript><p>ohne</p></noscript>'
        '<form method="post"><button>1</button></form><form method="post">2</form><form>3</form>'
    )
    archive.build()
    page = archive.page(PROBE)
    assert [node.attributes["type"] for node in page.css("script")] == ["application/ld+json"]
    assert page.css_first("main > p").text() == "ohne"  # type: ignore[union-attr] # it is there
    assert len(page.css(".archive-form")) == 2, "one note for what is sent, one for what is searched"
    assert not (archive.folder / "static/altcha").exists() or not page.css("[src]")


@pytest.mark.parametrize("status", [404, 410])
def test_a_link_that_leads_nowhere_fails_the_build_and_is_named(archive: Archive, routes: Routes, status: int) -> None:
    routes(probe='<a href="/weg">weg</a>', weg=Response("", status))
    said = archive.build(succeeds=False)
    assert f"- /weg: {status}" in said
    assert "linked on /probe" in said
    assert not archive.folder.exists()
    assert [path.name for path in archive.folder.parent.glob(".archive.*")] == [".archive.lock"]
    said = archive.build("--allow-missing")
    assert "Missing: /weg" in said
    assert archive.links(PROBE) == ["../nicht-im-archiv/index.html"]
    before = archive.sums
    archive.build(succeeds=False)
    assert archive.sums == before, "the archive that was there still stands"


def test_a_page_that_fails_is_never_put_up_with(archive: Archive, routes: Routes) -> None:
    routes(probe='<a href="/kaputt">kaputt</a>', kaputt=Response("", 500))
    assert "- /kaputt: 500" in archive.build("--allow-missing", succeeds=False)
    assert not archive.folder.exists()


def test_a_fragment_that_is_not_there_fails_the_build(archive: Archive, routes: Routes) -> None:
    routes(probe='<a href="/ziel#da">a</a><a href="/ziel#weg">b</a>', ziel='<p id="da">da</p>')
    said = archive.build(succeeds=False)
    assert "probe/index.html: ziel/index.html#weg is not there" in said
    assert "#da" not in said


def test_what_is_loaded_from_elsewhere_fails_the_build(archive: Archive, routes: Routes) -> None:
    routes(probe='<img src="https://example.org/a.png" alt="">')
    assert "would load https://example.org/a.png" in archive.build(succeeds=False)


def test_queries_without_end_are_bounded_and_that_is_said(archive: Archive, routes: Routes) -> None:
    def endless() -> str:
        number = int(request.args.get("n", 0))
        return f'<!DOCTYPE html><html lang="de"><body><main><a href="?n={number + 1}">mehr</a></main></body></html>'

    routes(probe='<a href="/endlos">a</a>')
    archive.app.add_url_rule("/endlos", "endless", endless)
    said = archive.build("--variants", "3")
    assert "Left out: 1 addresses (too many addresses that differ in their query)." in said
    assert len(list((archive.folder / "endlos").iterdir())) == 4
    assert archive.links("endlos/index-n=3.html") == ["../nicht-im-archiv/index.html"]


def test_links_marked_nofollow_are_not_followed(archive: Archive, routes: Routes) -> None:
    routes(
        probe='<a rel="nofollow" href="/liste?mit=1#eintrag-1">merken</a><a href="/liste">Liste</a>'
        '<a rel="nofollow" href="/doch">a</a><a href="/doch">b</a>',
        liste="<p>leer</p>",
        doch="<p>doch</p>",
    )
    assert "(marked rel=nofollow)" in archive.build()
    assert [file.name for file in (archive.folder / "liste").iterdir()] == ["index.html"]
    assert archive.links(PROBE) == ["../liste/index.html"] * 2 + ["../doch/index.html"] * 2


def test_forms_about_one_thing_are_left_out_and_a_form_of_its_own_is_kept(archive: Archive, routes: Routes) -> None:
    form = '<form method="post"></form>'
    routes(probe='<a href="/melden/1">1</a><a href="/melden/2">2</a><a href="/bestellen">3</a>', bestellen=form)
    page = f'<!DOCTYPE html><html lang="de"><body><main>{form}</main></body></html>'
    asked: list[int] = []

    def report_it(number: int) -> str:
        asked.append(number)
        return page

    archive.app.add_url_rule("/melden/<int:number>", "report_it", report_it)
    assert "Left out: 2 addresses (a form about one thing)." in archive.build()
    assert asked == [1], "one tells what the others are"
    assert archive.links(PROBE) == ["../nicht-im-archiv/index.html"] * 2 + ["../bestellen/index.html"]


@pytest.mark.parametrize("path", ["/redaktion/", "/meine-daten/x", "/en/my-data", "/bestaetigen/x", "/healthz"])
def test_private_addresses_are_never_asked_for(archive: Archive, routes: Routes, path: str) -> None:
    asked: list[str] = []
    routes(probe=f'<a href="{path}">a</a><a href="/dahin">b</a>', dahin=redirect(path))
    archive.app.before_request(lambda: asked.append(request.path))
    archive.build()
    assert path not in asked
    assert archive.links(PROBE) == ["../nicht-im-archiv/index.html"] * 2


def test_what_only_members_may_read_is_left_out(archive: Archive, routes: Routes) -> None:
    routes(probe='<a href="/geheim">a</a>')
    archive.app.add_url_rule("/geheim", "secret", lambda: abort(403))
    archive.build()
    assert archive.links(PROBE) == ["../nicht-im-archiv/index.html"]


def test_a_folder_with_something_else_in_it_is_refused(archive: Archive) -> None:
    archive.folder.mkdir()
    (archive.folder / "Brief.txt").write_text("wichtig")
    assert "holds something else than an archive" in archive.build(succeeds=False)
    assert [file.name for file in archive.folder.iterdir()] == ["Brief.txt"]
    (archive.folder / "Brief.txt").unlink()
    (archive.folder / "manifest.json").write_text('{"format": "something else"}')
    archive.build(succeeds=False)
    (archive.folder / "manifest.json").unlink()
    archive.build()


def test_a_killed_build_leaves_the_old_archive_whole(archive: Archive) -> None:
    broken = False
    archive.app.before_request(lambda: ("", 503) if broken else None)
    archive.build()
    before = archive.sums
    new, old = (archive.folder.with_name(f".archive.{which}") for which in ("new", "old"))
    new.mkdir()
    (new / "half.html").write_text("")
    archive.folder.rename(old)  # killed between the two steps of the swap
    broken = True
    archive.build(succeeds=False)
    assert archive.sums == before
    assert not old.exists()
    assert not new.exists()


def test_two_builds_do_not_meet(archive: Archive) -> None:
    with archive.folder.with_name(".archive.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "Another build" in archive.build(succeeds=False)
    archive.build()


def _change_one_letter(folder: Path) -> None:
    page = folder / "index.html"
    page.write_text(page.read_text("utf-8").replace("Erklärung", "Erklärunk", 1), "utf-8")


@pytest.mark.parametrize(
    ("harm", "finding"),
    [
        (lambda folder: (folder / "index.html").write_text("x"), "index.html: has changed"),
        (_change_one_letter, "index.html: has changed"),
        (lambda folder: (folder / "index.html").unlink(), "index.html: is missing"),
        (lambda folder: (folder / "neu.html").write_text("x"), "neu.html: is not in the manifest"),
        (lambda folder: (folder / "fort").symlink_to("/"), "fort: is not in the manifest"),
        (lambda folder: (folder / "SHA256SUMS").write_text(""), "SHA256SUMS: does not say"),
        (lambda folder: (folder / "manifest.json").write_text("{}"), "holds no archive"),
        (lambda folder: (folder / "manifest.json").write_text("[]"), "holds no archive"),
    ],
)
def test_the_check_finds_what_has_been_changed(archive: Archive, harm: object, finding: str) -> None:
    archive.build()
    assert callable(harm)
    harm(archive.folder)
    assert finding in archive.check(succeeds=False)


def test_the_folder_may_lie_where_no_folder_is_yet(archive: Archive, tmp_path: Path) -> None:
    archive.folder = tmp_path / "tief" / "drin"
    archive.build()
    assert (archive.folder / "index.html").is_file()


def test_the_former_archive_comes_back_if_the_new_one_cannot_take_its_place(
    archive: Archive, routes: Routes, monkeypatch: pytest.MonkeyPatch
) -> None:
    routes(probe="<p>Alt</p>")
    archive.build()
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.name.endswith(".new"):
            raise OSError("no space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    assert "no space left" in archive.build(succeeds=False)
    assert "Alt" in archive.text("probe/index.html")
    assert [one.name for one in archive.folder.parent.glob(".archive.*")] == [".archive.lock"]
