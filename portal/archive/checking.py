"""Whether an archive is whole, and whether every link in it leads somewhere. It asks the files alone."""

from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from posixpath import dirname, normpath
from urllib.parse import unquote, urlsplit

from selectolax.lexbor import LexborHTMLParser

from portal.archive import references
from portal.archive.crawl import CSS
from portal.archive.manifest import MANIFEST, SUMS, File, Manifest, read, sha256
from portal.archive.naming import HTML


def findings(folder: Path) -> Iterator[str]:
    """What is wrong with the archive in this folder, a line each. Raises NoArchive if there is none."""
    manifest = read(folder)
    changed = list(_changed(folder, manifest))
    yield from changed
    if not changed:
        yield from _Links(folder, manifest).findings()


def _changed(folder: Path, manifest: Manifest) -> Iterator[str]:
    named = {file.path: file for file in manifest.files}
    # A link to a folder is no folder: a web server would serve what it leads to.
    there = {
        file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_symlink() or not file.is_dir()
    }
    for path in sorted(there - {*named, MANIFEST, SUMS}):
        yield f"{path}: is not in the manifest"
    for path, file in sorted(named.items()):
        if path not in there or ".." in PurePosixPath(path).parts:
            yield f"{path}: is missing"
        elif (folder / path).stat().st_size != file.size or sha256(folder / path) != file.sha256:
            yield f"{path}: has changed"
    if SUMS not in there or (folder / SUMS).read_text("utf-8") != manifest.sums(sha256(folder / MANIFEST)):
        yield f"{SUMS}: does not say what {MANIFEST} says"


class _Links:
    """The references of all pages and stylesheets."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._folder = folder
        self._paths = {file.path for file in manifest.files}
        self._texts = [file for file in manifest.files if file.media_type in {HTML, CSS}]
        self._anchors: dict[str, set[str]] = {}
        self._wanted: dict[tuple[str, str], str] = {}
        """Fragments that pages link to, by file, each with the first page that does."""

    def findings(self) -> Iterator[str]:
        for file in self._texts:
            look: Callable[[File], Iterator[str]] = self._page if file.media_type == HTML else self._stylesheet
            yield from look(file)
        for (path, fragment), page in self._wanted.items():
            if fragment not in self._anchors.get(path, {fragment}):
                yield f"{page}: {path}#{fragment} is not there"

    def _page(self, file: File) -> Iterator[str]:
        page = LexborHTMLParser((self._folder / file.path).read_text("utf-8"))
        self._anchors[file.path] = {str(node.attributes["id"]) for node in page.css("[id]")}
        for unwanted in page.css("form, script:not([type='application/ld+json'])"):
            yield f"{file.path}: has a <{unwanted.tag}>, which does nothing in an archive"
        for reference in references.in_page(page):
            for url in reference.urls:
                yield from self._reference(file.path, url, loaded=reference.loaded)

    def _stylesheet(self, file: File) -> Iterator[str]:
        for url in references.in_stylesheet((self._folder / file.path).read_text("utf-8")):
            yield from self._reference(file.path, url, loaded=True)

    def _reference(self, page: str, url: str, *, loaded: bool) -> Iterator[str]:
        split = urlsplit(url)
        if split.scheme or split.netloc:
            if loaded and split.scheme != "data":
                yield f"{page}: would load {url} from elsewhere"
            return
        path = normpath(f"{dirname(page) or '.'}/{unquote(split.path)}") if split.path else page
        if split.path.startswith("/") or split.query or path not in self._paths:
            yield f"{page}: {url} leads nowhere"
        elif split.fragment:
            self._wanted.setdefault((path, unquote(split.fragment)), page)
