"""Building an archive: read the site, rewrite its pages, list the files, look at every link, and only then swap."""

import fcntl
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask, current_app, url_for

from portal.archive import checking, manifest
from portal.archive.crawl import Crawl, Harvest
from portal.archive.manifest import Manifest, describe
from portal.archive.pages import NOWHERE, STYLE, Editor, Words
from portal.database import db
from portal.declaration.operations import revisions
from portal.language import LANGUAGES
from portal.pages.machines import PUBLIC_PAGES

Progress = Callable[[str], None]


class Refused(Exception):
    """The folder is not one that an archive may be written to."""


class Unfinished(Exception):
    """The archive cannot be handed on; `findings` says why, a line each. What was there before still stands."""

    def __init__(self, findings: Sequence[str]) -> None:
        super().__init__(f"{len(findings)} findings")
        self.findings = findings


@dataclass(frozen=True)
class Wishes:
    """How the archive is to be."""

    base_url: str
    """Where it will live."""
    names: bool = False
    """Whether the names of those who signed or commented are in it."""
    living: bool = False
    """Whether the portal goes on beside it."""
    variants: int = 1000
    """How many addresses that differ in their query are read of each page."""
    allow_missing: bool = False
    """Whether a link to a page that is not there is only told."""


def build(app: Flask, target: Path, wishes: Wishes, at: datetime, progress: Progress) -> Manifest:
    """Write the archive of the whole public site to `target` and say what is in it.

    Not to be called within an app context: requests would share its session. Raises Refused, or Unfinished.
    """
    with _workshop(target) as folder:
        made = _written(app, folder, wishes, at, progress)
        if found := list(checking.findings(folder)):
            raise Unfinished(found)
    return made


def _written(app: Flask, folder: Path, wishes: Wishes, at: datetime, progress: Progress) -> Manifest:
    base: str = app.extensions["settings"].base_url
    crawl = Crawl(app, base, folder, names=wishes.names, variants=wishes.variants)
    words = Words(app, base, at, names=wishes.names)
    if not wishes.living:
        for language in LANGUAGES:
            crawl.add(NOWHERE[language], words.nowhere(language))

    def tell(read: int, waiting: int) -> None:
        if read % 250 == 0:
            progress(f"{read} addresses read, {waiting} waiting …")

    harvest = crawl.run([*_first(app, at), STYLE], tell)
    _refuse_what_failed(harvest, allow_missing=wishes.allow_missing)
    progress(f"{len(harvest.kept)} files read. Rewriting the pages …")
    editor = Editor(crawl, folder, words, base, wishes.base_url, living=wishes.living)
    for kept in harvest.kept.values():
        editor.edit(kept)
    files = sorted(harvest.kept.values(), key=lambda kept: kept.path)
    made = Manifest(
        built=at,
        portal=base,
        base_url=wishes.base_url,
        names=wishes.names,
        revisions=_revisions(app),
        left_out=dict(sorted(Counter(harvest.left_out.values()).items())),
        missing=_lines(harvest.missing),
        files=tuple(
            describe(folder, one.path, one.media_type, "" if one.address in NOWHERE.values() else base + one.address)
            for one in files
        ),
    )
    made.write(folder)
    progress("Checking every file and every link …")
    return made


def _first(app: Flask, at: datetime) -> Iterator[str]:
    """Where reading begins: all that slices name, in every language that it has, and what machines ask for."""
    with app.test_request_context():
        named: list[tuple[str, Mapping[str, Any]]] = [(one, {}) for one in PUBLIC_PAGES if one in app.view_functions]
        for places in app.extensions["places"]:
            named += [(place.endpoint, place.values) for place in places(db.session(), at)]
        for endpoint, values in named:
            localized = current_app.url_map.is_endpoint_expecting(endpoint, "language")
            for language in LANGUAGES if localized else ("de",):
                yield url_for(endpoint, **(dict(values) | {"language": language} if localized else values))
        yield from (url_for("machines.robots"), url_for("machines.sitemap"))


def _refuse_what_failed(harvest: Harvest, *, allow_missing: bool) -> None:
    found = [*_lines(harvest.failed), *(() if allow_missing else _lines(harvest.missing))]
    if found:
        raise Unfinished(found)


def _lines(addresses: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{address}: {said}" for address, said in sorted(addresses.items()))


def _revisions(app: Flask) -> tuple[Mapping[str, Any], ...]:
    with app.app_context():
        return tuple({"number": one.number, "sha256": one.sha256} for one in revisions(db.session()))


@contextmanager
def _workshop(target: Path) -> Iterator[Path]:
    """An empty folder beside `target` that takes its place at the end, unless something goes wrong within.

    One build at a time works there. What a killed one left behind is put right by the next.
    """
    target = target.absolute()
    new, old = (target.with_name(f".{target.name}.{which}") for which in ("new", "old"))
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(f".{target.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refused(f"Another build of {target} is at work.") from error
        _put_back(old, target)
        _refuse_what_is_no_archive(target)
        for left in (new, old):
            shutil.rmtree(left, ignore_errors=True)
        new.mkdir()
        try:
            yield new
            if target.exists():
                target.rename(old)
            new.rename(target)
        finally:
            _put_back(old, target)
            shutil.rmtree(new, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)


def _put_back(old: Path, target: Path) -> None:
    """The former archive, where it was moved away and no other one came into its place."""
    if old.exists() and not target.exists():
        old.rename(target)


def _refuse_what_is_no_archive(target: Path) -> None:
    if not target.exists():
        return
    if target.is_symlink() or not target.is_dir():
        raise Refused(f"{target} is no folder. Name one that does not exist yet, or an archive.")
    if any(target.iterdir()):
        try:
            manifest.read(target)
        except manifest.NoArchive as error:
            raise Refused(f"{target} holds something else than an archive. Name a folder of its own.") from error
