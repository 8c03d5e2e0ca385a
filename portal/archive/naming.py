"""What the file is called that an address of the site is kept in."""

import hashlib
import mimetypes
import re
from posixpath import splitext
from urllib.parse import parse_qsl, unquote

HTML = "text/html"
LONGEST = 80
"""Characters of a folder's or file's name without its suffix. With the depth of our addresses, Windows takes it."""

_SUFFIX = re.compile(r"\.[a-z0-9]{1,11}")
_UNSAFE = re.compile(r"[^a-z0-9._=~-]+")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?|.*\.|\.+")
"""What Windows keeps for itself, or would take for another name."""


def file_name(address: str, media_type: str) -> str:
    """The path below the archive, with forward slashes: `/diskussion?seite=2` is `diskussion/index-seite=2.html`.

    It depends on the address alone, is in lower case for file systems that do not tell `A` from `a`, and fits every
    file system. Where that changes letters of the address, a part of its hash keeps names apart.
    """
    path, _, query = address.partition("?")
    folders = [unquote(part) for part in path.split("/") if part]
    if media_type == HTML:
        stem, suffix = "index", ".html"
    else:
        name = folders.pop() if folders else "index"
        stem, suffix = splitext(name.lower())
        if not _SUFFIX.fullmatch(suffix):
            stem, suffix = name, mimetypes.guess_extension(media_type) or ""
    asked = "".join(f"-{name}={value}" for name, value in parse_qsl(query, keep_blank_values=True))
    return "/".join([*(_safe(folder) for folder in folders), _safe(stem + asked) + suffix])


def told_apart(path: str, address: str) -> str:
    """Another name for the file of an address whose own name is taken already."""
    stem, suffix = splitext(path)
    return f"{stem}-{_mark(address)}{suffix}"


def _safe(name: str) -> str:
    safe = _UNSAFE.sub("-", name.lower())
    if safe == name and len(safe) <= LONGEST and not _RESERVED.fullmatch(safe):
        return safe
    return f"{safe[: LONGEST - 9].strip('.-') or 'x'}-{_mark(name)}"


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
