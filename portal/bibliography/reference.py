"""A reference: what is cited, in the terms of CSL (Citation Style Language 1.0.2), whatever format it came in.

Every text is one line without blanks at its ends. What is not known is empty.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

ARTICLE, BOOK, CHAPTER, DOCUMENT, PAPER, REPORT, THESIS, WEBPAGE = (
    "article-journal",
    "book",
    "chapter",
    "document",
    "paper-conference",
    "report",
    "thesis",
    "webpage",
)
TYPES = (ARTICLE, "article-magazine", "article-newspaper", BOOK, CHAPTER, PAPER, REPORT, THESIS, WEBPAGE, DOCUMENT)
"""The CSL types that are known here, the most usual first; `document` is everything else."""
PERIODICAL_TYPES = (ARTICLE, "article-magazine", "article-newspaper")
CONTAINED_TYPES = (CHAPTER, PAPER)
"""What stands in a book of its own title."""

_DOI = re.compile(r"10\.\d{4,9}/[!-~]{1,180}")
_DOI_PREFIX = re.compile(r"(?:https?://)?(?:dx\.)?doi\.org/|doi:\s*", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s<>\"]{3,1990}", re.IGNORECASE)
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls, marks that turn the reading direction, and halves of letters, which no file or database in UTF-8 takes."""
_EARLIEST, _LATEST = 1000, 2100


@dataclass(frozen=True)
class Name:
    """A person, by family and given name, or an institution (or a person of one name) by `literal`.

    Particles such as "von der" belong to the family name.
    """

    family: str = ""
    given: str = ""
    suffix: str = ""
    literal: str = ""

    @property
    def inverted(self) -> str:
        """As in an index: `Büchner, Stefanie`."""
        return self.literal or ", ".join(part for part in (self.family, self.given, self.suffix) if part)

    @property
    def natural(self) -> str:
        """As one says it: `Stefanie Büchner`."""
        return self.literal or " ".join(part for part in (self.given, self.family, self.suffix) if part)


def person(family: str, given: str, suffix: str = "") -> Name | None:
    """A name made of what a file says; where one half is missing it is a literal one, and None without any."""
    family, given, suffix = one_line(family), one_line(given), one_line(suffix)
    if family and given:
        return Name(family, given, suffix)
    whole = one_line(f"{given} {family} {suffix}")
    return Name(literal=whole) if whole else None


@dataclass(frozen=True)
class Reference:
    """Something that can be cited."""

    type: str
    """One of TYPES."""
    title: str
    authors: tuple[Name, ...] = ()
    editors: tuple[Name, ...] = ()
    container_title: str = ""
    """The journal, the book that a chapter is part of, the site of a page."""
    collection_title: str = ""
    """The series."""
    volume: str = ""
    issue: str = ""
    page: str = ""
    """`346-354`, with a plain hyphen."""
    number: str = ""
    """Of a report."""
    edition: str = ""
    version: str = ""
    genre: str = ""
    publisher: str = ""
    publisher_place: str = ""
    issued: tuple[int, ...] = ()
    """Year, month and day, as far as they are known."""
    doi: str = ""
    """Without a prefix, as printed: `10.5771/0342-300X-2023-5-346`."""
    url: str = ""
    isbn: str = ""
    issn: str = ""
    language: str = ""
    """A code such as `de` or `en`."""
    abstract: str = ""
    keywords: tuple[str, ...] = ()
    key: str = ""
    """What it is called in BibTeX; made up where it is empty."""

    @property
    def year(self) -> int | None:
        return self.issued[0] if self.issued else None

    @property
    def link(self) -> str:
        """Where it is read: its address, or that of its DOI."""
        return self.url or (f"https://doi.org/{self.doi}" if self.doi else "")


def one_line(text: object) -> str:
    """The visible text with every run of white space as one space; empty for what is no text or number."""
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        return ""
    return " ".join(_UNSEEN.sub("", str(text)).split())


def plain_doi(text: str) -> str:
    """The DOI in `text`, without `doi:` or `https://doi.org/`; empty if it holds none."""
    bare = _DOI_PREFIX.sub("", one_line(text), count=1).rstrip(".,;")
    return bare if _DOI.fullmatch(bare) else ""


def plain_address(text: str) -> str:
    """The web address in `text`, http or https; empty if it is none."""
    return text.strip() if _ADDRESS.fullmatch(text.strip()) else ""


def issued_on(*parts: int | None) -> tuple[int, ...]:
    """Year, month and day as far as they make sense, in this order."""
    limits = ((_EARLIEST, _LATEST), (1, 12), (1, 31))
    found: list[int] = []
    for part, (first, last) in zip(parts, limits, strict=False):
        if part is None or not first <= part <= last:
            break
        found.append(part)
    return tuple(found)


def issued_in(text: str) -> tuple[int, ...]:
    """The date in `2023`, `2023-05`, `2023/05/17` or a text with a year in it; empty if there is none."""
    text = one_line(text)
    if match := re.match(r"(\d{4})(?:[-/](\d{1,2}))?(?:[-/](\d{1,2}))?(?!\d)", text):
        return issued_on(*(int(part) if part else None for part in match.groups()))
    year = re.search(r"(?<!\d)(?:1[0-9]|20)\d{2}(?!\d)", text)
    return issued_on(int(year[0])) if year else ()


def plain_pages(text: str) -> str:
    """Pages with one plain hyphen between first and last."""
    return re.sub(r"\s*[-\u2010-\u2015]+\s*", "-", one_line(text))


def plain_keywords(text: str | Iterable[Any]) -> tuple[str, ...]:
    """Keywords out of `a, b; c`, or of a list; each once. None holds a comma or a semicolon."""
    several = [text] if isinstance(text, str) else list(text)
    parts = (one_line(part) for one in several for part in re.split("[,;\n]", one_line(one)))
    return tuple(dict.fromkeys(part for part in parts if part))


def with_keys(references: Iterable[Reference]) -> Iterator[Reference]:
    """The references, each with a key that none of the others has, made of name, year and title."""
    taken: set[str] = set()
    for reference in references:
        base = reference.key or _key(reference)
        key, number = base, 1
        while key.casefold() in taken:
            number += 1
            key = f"{base}-{number}"
        taken.add(key.casefold())
        yield replace(reference, key=key)


_TRANSLITERATED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "ł": "l"})


def _key(reference: Reference) -> str:
    names = reference.authors or reference.editors
    first = (names[0].family or names[0].literal) if names else reference.title
    year = str(reference.year or "o.J.")
    return _ascii(first)[:30] + _ascii(year) or "eintrag"


def _ascii(text: str) -> str:
    written = unicodedata.normalize("NFKD", text.lower().translate(_TRANSLITERATED))
    return "".join(one for one in written if one.isascii() and one.isalnum())
