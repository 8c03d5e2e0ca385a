"""What an archive consists of: `manifest.json`, and the same hashes as `sha256sum` reads them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
FORMAT = "portal-archive"
VERSION = 1


class NoArchive(Exception):
    """A folder that holds no archive, or one that this version cannot read."""


@dataclass(frozen=True)
class File:
    """One file of an archive."""

    path: str
    media_type: str
    size: int
    """Bytes."""
    sha256: str
    """Hexadecimal digits."""
    source: str
    """The address that it was read from; empty for a page that was made for the archive."""


@dataclass(frozen=True)
class Manifest:
    """What an archive says of itself."""

    built: datetime
    portal: str
    """The address of the portal that it was built from."""
    base_url: str
    """The address where it is to live."""
    names: bool
    """Whether the names of those who signed or commented are in it."""
    revisions: tuple[Mapping[str, Any], ...]
    """Number and SHA-256 of each published revision of the declaration."""
    left_out: Mapping[str, int]
    """How many addresses were left out, by reason."""
    missing: tuple[str, ...]
    """Addresses that pages refer to and that are not there."""
    files: tuple[File, ...]

    def write(self, folder: Path) -> None:
        """Write both files into the folder of the archive."""
        content = {"format": FORMAT, "version": VERSION} | asdict(self) | {"built": self.built.isoformat()}
        text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
        (folder / MANIFEST).write_text(text, "utf-8", newline="\n")
        (folder / SUMS).write_text(self.sums(sha256(folder / MANIFEST)), "utf-8", newline="\n")

    def sums(self, own: str) -> str:
        """The lines of SHA256SUMS; `own` is the hash of the manifest itself."""
        lines = [(file.path, file.sha256) for file in self.files] + [(MANIFEST, own)]
        return "".join(f"{digest}  {path}\n" for path, digest in sorted(lines))


def read(folder: Path) -> Manifest:
    """The manifest of the archive in this folder. Raises NoArchive, saying why there is none."""
    try:
        content: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
        if content.pop("format") != FORMAT or content.pop("version") != VERSION:
            raise NoArchive(f"{folder / MANIFEST} is not of an archive of this version.")
        content["built"] = datetime.fromisoformat(content["built"])
        content["files"] = tuple(File(**file) for file in content["files"])
        content |= {name: tuple(content[name]) for name in ("revisions", "missing")}
        return Manifest(**content)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise NoArchive(f"{folder} holds no archive that can be read: {error}") from error


def describe(folder: Path, path: str, media_type: str, source: str) -> File:
    """What the manifest says of a file that is there."""
    file = folder / path
    return File(path, media_type, file.stat().st_size, sha256(file), source)


def sha256(file: Path) -> str:
    """The hash of a file's content."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
