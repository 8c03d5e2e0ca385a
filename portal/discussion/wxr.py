"""Reading a WordPress export (WXR): the comments in it, as plain text.

The file comes from elsewhere and is not trusted. A document type ends the parsing, and with it go all entities: those
that name a file, those that name an address, and bombs. What is not asked for is not kept: addresses of mail and
network, and the sites of authors, are never read.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import unescape
from urllib.parse import urlsplit
from xml.parsers import expat

LARGEST_FILE = 16 * 1024 * 1024
MOST_COMMENTS = 20_000
LONGEST_VALUE = 70_000
"""Characters; WordPress keeps no comment of more than 65,535 bytes. What is longer is cut, and so too long to take."""
DEEPEST_XML = 50

_WORDPRESS = "http://wordpress.org/export/"
_ITEM_FIELDS = {"title", "link", "post_id", "status", "post_password"}
_COMMENT_FIELDS = {
    "comment_id",
    "comment_author",
    "comment_date_gmt",
    "comment_content",
    "comment_approved",
    "comment_type",
    "comment_parent",
}


class NotReadable(Exception):
    """This is no WordPress export that we could read. The message says why, for the organiser who chose the file."""


@dataclass(frozen=True)
class WordPressComment:
    """One comment of the export as it stands there, its HTML too."""

    id: int
    parent: int
    author: str
    at: datetime | None
    html: str
    approved: str
    """`1`, `0`, `spam` or `trash`."""
    kind: str
    """Empty or `comment`, or else `pingback`, `trackback` and what plug-ins invent."""


@dataclass(frozen=True)
class WordPressPage:
    """A page or post of the export, with its comments in the order of the file."""

    id: int
    title: str
    link: str
    status: str
    protected: bool
    comments: tuple[WordPressComment, ...]


@dataclass(frozen=True)
class Export:
    """What an export holds, as far as it is read."""

    site: str
    """Host and path of the blog, without a scheme: the same before and after it moved to https."""
    pages: tuple[WordPressPage, ...]


def read_export(content: bytes) -> Export:
    """The pages with comments of a WXR file. Raises NotReadable."""
    if len(content) > LARGEST_FILE:
        raise NotReadable(
            "Die Datei ist größer als 16 MB. Bitte exportieren Sie in WordPress nur die Seite oder den Beitrag mit den"
            " Kommentaren."
        )
    reader = _Reader()
    try:
        reader.parse(content)
    except expat.ExpatError as error:
        raise NotReadable(
            f"Die Datei ist kein vollständiges XML (Zeile {error.lineno}). Bitte exportieren Sie sie in WordPress noch"
            " einmal."
        ) from error
    except (UnicodeError, ValueError, LookupError) as error:
        raise NotReadable("Die Datei ist nicht lesbar. Bitte exportieren Sie sie in WordPress noch einmal.") from error
    if not reader.is_wordpress:
        raise NotReadable("Das ist kein Export aus WordPress. In WordPress heißt es: Werkzeuge, Daten exportieren.")
    site = _site(reader.site) or next((_site(page.link).partition("/")[0] for page in reader.pages), "")
    return Export(site, tuple(reader.pages))


@dataclass
class _Open:
    """An element that has begun: its name without namespace, and its text so far."""

    name: str
    text: list[str] = field(default_factory=list)
    length: int = 0


class _Reader:
    """Collects values on the way through the file; the tree is never built."""

    def __init__(self) -> None:
        self.site = ""
        self.is_wordpress = False
        self.pages: list[WordPressPage] = []
        self._open: list[_Open] = []
        self._item: dict[str, str] | None = None
        self._comment: dict[str, str] | None = None
        self._comments: list[WordPressComment] = []
        self._number = 0

    def parse(self, content: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.Parse(content, True)

    def _refuse(self, *_declaration: object) -> None:
        raise NotReadable("Die Datei erklärt eine Dokumentart (DOCTYPE). Ein Export aus WordPress tut das nicht.")

    def _start(self, tag: str, _attributes: object) -> None:
        if len(self._open) >= DEEPEST_XML:
            raise NotReadable("Die Datei ist tiefer verschachtelt als ein Export aus WordPress.")
        namespace, _, name = tag.rpartition(" ")
        if namespace.startswith(_WORDPRESS):
            self.is_wordpress = True
        if name == "item":
            self._item, self._comments = {}, []
        elif name == "comment" and self._item is not None:
            self._comment = {}
        self._open.append(_Open(name))

    def _characters(self, text: str) -> None:
        if self._open and self._open[-1].length < LONGEST_VALUE:
            self._open[-1].text.append(text)
            self._open[-1].length += len(text)

    def _end(self, _tag: str) -> None:
        element = self._open.pop()
        name, text = element.name, "".join(element.text)[:LONGEST_VALUE]
        if name == "comment" and self._comment is not None:
            self._end_comment(self._comment)
            self._comment = None
        elif name == "item" and self._item is not None:
            self._end_item(self._item)
            self._item = None
        elif self._comment is not None:
            # Deeper inside a comment there is only what plug-ins keep of it.
            if name in _COMMENT_FIELDS and self._open and self._open[-1].name == "comment":
                self._comment[name] = text
        elif self._item is not None and name in _ITEM_FIELDS:
            self._item.setdefault(name, text.strip())
        elif name in {"base_blog_url", "base_site_url"} and self._item is None:
            # The blog's own address, if it is named, counts for more than that of its network.
            self.site = text.strip() if name == "base_blog_url" else self.site or text.strip()

    def _end_comment(self, values: dict[str, str]) -> None:
        self._number += 1
        if self._number > MOST_COMMENTS:
            raise NotReadable("Die Datei enthält mehr als 20.000 Kommentare. Bitte exportieren Sie in Teilen.")
        number = _whole(values.get("comment_id", ""))
        if number:
            self._comments.append(
                WordPressComment(
                    number,
                    _whole(values.get("comment_parent", "")),
                    values.get("comment_author", ""),
                    _moment(values.get("comment_date_gmt", "")),
                    values.get("comment_content", ""),
                    values.get("comment_approved", "").strip().lower(),
                    values.get("comment_type", "").strip().lower(),
                )
            )

    def _end_item(self, values: dict[str, str]) -> None:
        if not self._comments:
            return
        self.pages.append(
            WordPressPage(
                _whole(values.get("post_id", "")),
                values.get("title", ""),
                values.get("link", ""),
                values.get("status", ""),
                bool(values.get("post_password", "")),
                tuple(self._comments),
            )
        )


def _whole(text: str) -> int:
    """The number that WordPress wrote; 0 for anything else."""
    text = text.strip()
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else 0


def _moment(text: str) -> datetime | None:
    """WordPress writes `2023-03-01 12:00:00` in UTC, and zeros where it does not know."""
    try:
        moment = datetime.strptime(text.strip(), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return moment if moment.year >= 1995 else None


def _site(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.netloc.rpartition('@')[2].lower()}{parts.path.rstrip('/')}"[:120]


_BLOCKS = {"p", "div", "blockquote", "ul", "ol", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "table", "tr", "section"}
_INLINE = {"a", "abbr", "acronym", "b", "big", "br", "cite", "code", "dd", "del", "dfn", "dl", "dt", "em", "font", "hr"}
_INLINE |= {
    "i",
    "img",
    "input",
    "ins",
    "kbd",
    "label",
    "li",
    "mark",
    "q",
    "s",
    "samp",
    "small",
    "span",
    "strike",
    "strong",
}
_INLINE |= {"sub", "sup", "tbody", "td", "th", "thead", "tt", "u", "var", "wbr"}
_SILENT = {"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "title", "textarea"}


# No pattern looks beyond the next angle bracket: whatever is typed, the time is in proportion to its length.
_TAG = re.compile(r"<!--[^<>]*-->|<(/?)([a-z][a-z0-9]*)\b([^<>]*)>", re.IGNORECASE)
_HREF = re.compile(r"""(?<![\w-])href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"']+))""", re.IGNORECASE)


class _Writer:
    """Writes down what a comment says, without any tag."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._silent = ""
        self._href = ""
        self._label = 0

    def text(self, html: str) -> None:
        if not self._silent:
            self.parts.append(unescape(html))

    def start(self, name: str, attributes: str, typed: str) -> None:
        if self._silent:
            return
        if name in _SILENT:
            self._silent = name
        elif name in _BLOCKS:
            self.parts.append("\n\n")
        elif name == "br":
            self.parts.append("\n")
        elif name == "li":
            self.parts.append("\n- ")
        elif name == "a":
            self._href, self._label = _href(attributes), len(self.parts)
        elif name not in _INLINE:
            # «<Name der Einrichtung>» is no tag of HTML: it was typed, and stays.
            self.text(typed)

    def end(self, name: str) -> None:
        if self._silent:
            self._silent = "" if name == self._silent else self._silent
        elif name in _BLOCKS:
            self.parts.append("\n\n")
        elif name == "a":
            label = "".join(self.parts[self._label :]).strip()
            if self._href and self._href != label:
                self.parts.append(f" ({self._href})")
            self._href = ""


def _href(attributes: str) -> str:
    """Where a link leads; empty for what is no web address, and so leads nowhere."""
    found = _HREF.search(attributes)
    href = unescape(next((one for one in found.groups() if one), "")).strip() if found else ""
    return href if href.lower().startswith(("https://", "http://")) else ""


def plain(html: str) -> str:
    """What a comment says, as text: paragraphs, lines and list items stay, and links name where they lead."""
    writer, position = _Writer(), 0
    for tag in _TAG.finditer(html):
        writer.text(html[position : tag.start()])
        position = tag.end()
        if tag[2] and tag[1]:
            writer.end(tag[2].lower())
        elif tag[2]:
            writer.start(tag[2].lower(), tag[3], tag[0])
    writer.text(html[position:])
    text = re.sub(r"[^\S\n]+", " ", "".join(writer.parts))
    lines = (line.strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
