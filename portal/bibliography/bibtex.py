"""BibTeX, in the fields of classic BibTeX with those of biblatex that have become usual (date, doi, url, language)."""

import calendar
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _

from portal.bibliography import tex
from portal.bibliography.found import LONGEST_RECORD, MOST_NAMES, MOST_RECORDS, Found, NotReadable, too_long
from portal.bibliography.reference import (
    ARTICLE,
    BOOK,
    CHAPTER,
    CONTAINED_TYPES,
    DOCUMENT,
    PAPER,
    PERIODICAL_TYPES,
    REPORT,
    THESIS,
    WEBPAGE,
    Name,
    Reference,
    issued_in,
    issued_on,
    one_line,
    person,
    plain_address,
    plain_doi,
    plain_keywords,
    plain_pages,
    with_keys,
)

if TYPE_CHECKING:
    from bibtexparser.library import Library
    from bibtexparser.model import Entry

MEDIA_TYPE = "application/x-bibtex"

_WRITTEN = {BOOK: "book", CHAPTER: "incollection", PAPER: "inproceedings", REPORT: "techreport", THESIS: "thesis"}
_WRITTEN |= {WEBPAGE: "online", DOCUMENT: "misc"} | dict.fromkeys(PERIODICAL_TYPES, "article")
_READ = {
    "article": ARTICLE,
    "periodical": ARTICLE,
    "book": BOOK,
    "mvbook": BOOK,
    "collection": BOOK,
    "proceedings": BOOK,
    "booklet": BOOK,
    "inbook": CHAPTER,
    "incollection": CHAPTER,
    "inreference": CHAPTER,
    "inproceedings": PAPER,
    "conference": PAPER,
    "techreport": REPORT,
    "report": REPORT,
    "manual": REPORT,
    "phdthesis": THESIS,
    "mastersthesis": THESIS,
    "thesis": THESIS,
    "online": WEBPAGE,
    "electronic": WEBPAGE,
    "www": WEBPAGE,
    "webpage": WEBPAGE,
}
LONGEST_INHERITED = 2000
"""Characters that an entry may have from another: a file of 4 MB could else make two thousand long ones of one."""
_SUBTYPES = {"article-magazine": "magazine", "article-newspaper": "newspaper"}
_PUBLISHERS = {REPORT: "institution", THESIS: "school"}
_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if number}
_LANGUAGES = {"german": "de", "ngerman": "de", "deutsch": "de", "english": "en", "british": "en", "american": "en"}
_KEY = re.compile(r"[^A-Za-z0-9:._/+-]")
_ENTRY = re.compile(r"@\s*[A-Za-z]+\s*[{(]")
_PART = re.compile(r'"((?:[^"\\]|\\.)*)"|\{((?:[^{}\\]|\\.|\{[^{}]*\})*)\}|([\w:.-]+)')
"""What `#` joins: a text in quotation marks or in braces, or the name of a string."""


def to_bibtex(references: Iterable[Reference]) -> str:
    """The references as a BibTeX file, each under a key of its own."""
    return "\n".join(map(_written, with_keys(references)))


def _written(reference: Reference) -> str:
    fields = {name: value for name, value in _fields(reference).items() if value}
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items())
    return f"@{_WRITTEN[reference.type]}{{{_KEY.sub('-', reference.key)},\n{lines}}}\n"


def _fields(reference: Reference) -> dict[str, str]:
    container = "journal" if reference.type in PERIODICAL_TYPES else "booktitle"
    container = "organization" if reference.type == WEBPAGE else container
    year, month, day = (*(str(part) for part in reference.issued), "", "", "")[:3]
    plain = {
        "title": reference.title,
        container: reference.container_title,
        "series": reference.collection_title,
        "volume": reference.volume,
        "number": reference.issue or reference.number,
        "edition": reference.edition,
        "version": reference.version,
        "type": reference.genre,
        _PUBLISHERS.get(reference.type, "publisher"): reference.publisher,
        "address": reference.publisher_place,
        "language": reference.language,
        "abstract": reference.abstract,
        "keywords": ", ".join(reference.keywords),
    }
    return {
        "author": _names(reference.authors),
        "editor": _names(reference.editors),
        **{name: tex.encoded(value) for name, value in plain.items()},
        "entrysubtype": _SUBTYPES.get(reference.type, ""),
        "pages": tex.encoded(reference.page).replace("-", "--"),
        "year": year,
        "month": month,
        "day": day,
        # Read as they stand, by BibTeX and by everything else: escapes would become part of the address.
        "doi": _without_braces(reference.doi),
        "url": _without_braces(reference.url),
        "isbn": tex.encoded(reference.isbn),
        "issn": tex.encoded(reference.issn),
    }


def _without_braces(address: str) -> str:
    return address.replace("{", "%7B").replace("}", "%7D").replace("\\", "%5C")


def _names(names: Iterable[Name]) -> str:
    return " and ".join(map(_name, names))


def _name(name: Name) -> str:
    if name.literal:
        return f"{{{tex.encoded(name.literal)}}}"
    parts = [name.family, name.suffix, name.given] if name.suffix else [name.family, name.given]
    return ", ".join(_protected(part) for part in parts)


def _protected(part: str) -> str:
    """A part of a name. Where a comma or an "and" in it would end the name, it stands in braces."""
    written = tex.encoded(part)
    return f"{{{written}}}" if "," in part or re.search(r"\band\b", part, re.IGNORECASE) else written


def from_bibtex(text: str) -> list[Found]:
    """The records of a BibTeX file, as they stand in it. Raises NotReadable."""
    if len(_ENTRY.findall(text)) > MOST_RECORDS or text.count("@") > 4 * MOST_RECORDS:
        raise NotReadable(
            _("Die Datei hat mehr als %(most)s Einträge. Bitte teilen Sie sie auf mehrere auf.", most=MOST_RECORDS)
        )
    if tex.depth(text) > 2 * tex.DEEPEST:
        raise NotReadable(
            _("In der Datei fehlen schließende Klammern, oder es sind zu viele ineinander. Bitte exportieren Sie neu.")
        )
    library = _library(text)
    strings = {key.lower(): string.value for key, string in library.strings_dict.items()}
    parents = {entry.key.casefold(): _raw(entry, strings) for entry in library.entries}
    found = [(entry.start_line or 0, _found(entry, strings, parents)) for entry in library.entries]
    found += [(block.start_line or 0, _failed(block, strings, parents)) for block in library.failed_blocks]
    return [one for _line, one in sorted(found, key=lambda pair: pair[0])]


def _library(text: str) -> "Library":
    # Only whoever imports a file pays for it.
    from bibtexparser.entrypoint import parse_string  # noqa: PLC0415
    from bibtexparser.middlewares import NormalizeFieldKeys, RemoveEnclosingMiddleware  # noqa: PLC0415

    # It would fill the log with what the page says to whoever imports.
    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)
    try:
        return parse_string(text, parse_stack=[NormalizeFieldKeys(), RemoveEnclosingMiddleware()])
    except RecursionError as error:
        raise NotReadable(_("Die Datei ist zu verschachtelt. Bitte exportieren Sie sie neu.")) from error


def _raw(entry: "Entry", strings: Mapping[str, str]) -> dict[str, str]:
    return {field.key: _joined(field, strings) for field in entry.fields}


def _joined(field: Any, strings: Mapping[str, str]) -> str:
    """The value of a field, with what `@string` has named put in and `#` joined."""
    value = str(field.value)
    if field.enclosing != "no-enclosing":
        return value
    joined = ""
    for part in _PART.finditer(value):
        joined += strings.get(part[3].lower(), part[3]) if part[3] else part[1] or part[2] or ""
        if len(joined) > LONGEST_RECORD:
            # A name of three letters can stand for a megabyte, and be joined a million times. It is refused anyway.
            break
    return joined


def _failed(block: Any, strings: Mapping[str, str], parents: Mapping[str, Mapping[str, str]]) -> Found:
    """What bibtexparser could not take as it stands: a key or a field that comes twice can still be read."""
    entry = block.ignore_error_block
    kind = type(block).__name__
    if kind == "DuplicateBlockKeyBlock" and hasattr(entry, "fields"):
        remark = _("Diesen Schlüssel hat in der Datei schon ein anderer Eintrag.")
        return _found(entry, strings, parents, remark)
    if kind == "DuplicateFieldKeyBlock" and hasattr(entry, "fields"):
        remark = _("Ein Feld steht zweimal darin; das letzte gilt. Bitte prüfen Sie den Eintrag.")
        return _found(entry, strings, parents, remark)
    return Found(
        _place(block.start_line, _ENTRY.sub("", one_line(block.raw)[:40]).partition(",")[0]),
        None,
        (_("Der Eintrag ist nicht lesbar: Meist fehlt eine schließende Klammer oder ein Komma."),),
    )


def _place(line: int | None, key: str) -> str:
    number = (line or 0) + 1
    words = _("Zeile %(line)s, %(key)s", line=number, key=key[:60]) if key else _("Zeile %(line)s", line=number)
    return str(words)


def _found(
    entry: "Entry", strings: Mapping[str, str], parents: Mapping[str, Mapping[str, str]], *remarks: str
) -> Found:
    fields = _raw(entry, strings)
    place = _place(entry.start_line, entry.key)
    parent = parents.get(fields.get("crossref", "").casefold(), {})
    inherited = _inherited(parent) if parent else {}
    if sum(map(len, fields.values())) > LONGEST_RECORD or sum(map(len, inherited.values())) > LONGEST_INHERITED:
        return Found(place, None, (too_long(),))
    fields = inherited | fields
    try:
        reference, more = _reference(entry.entry_type.lower(), entry.key, fields)
    except ValueError:
        wrong = _(
            "Der Eintrag ist nicht lesbar: zu viele Klammern oder Befehle ineinander. Bitte vereinfachen Sie ihn."
        )
        return Found(place, None, (wrong,))
    return Found(place, reference, (*remarks, *more))


def _inherited(parent: Mapping[str, str]) -> dict[str, str]:
    """What an entry has from the one that its `crossref` names: what is true of both, and its title as the book's."""
    own = {"title", "pages", "doi", "url", "abstract", "keywords", "keyword"}
    inherited = {name: value for name, value in parent.items() if name not in own}
    return {"booktitle": parent.get("title", ""), **inherited}


def _reference(kind: str, key: str, fields: Mapping[str, str]) -> tuple[Reference, tuple[str, ...]]:
    """Raises ValueError."""
    type_ = _READ.get(kind, DOCUMENT)
    subtypes = {name: found for found, name in _SUBTYPES.items()}
    type_ = subtypes.get(fields.get("entrysubtype", ""), type_) if type_ == ARTICLE else type_
    text = {name: "" if name in {"author", "editor"} else tex.decoded(value) for name, value in fields.items()}

    def first(*names: str) -> str:
        return next((text[name] for name in names if text.get(name)), "")

    authors, remarks = _read_names(fields.get("author", ""))
    editors, more = _read_names(fields.get("editor", ""))
    container = ("journal", "journaltitle") if type_ in PERIODICAL_TYPES else ("booktitle", "organization", "journal")
    number = first("number", "issue") if type_ in PERIODICAL_TYPES else ""
    title = first("title")
    subtitle = first("subtitle")
    return Reference(
        type=type_,
        title=f"{title.rstrip('.')}. {subtitle}" if title and subtitle else title,
        authors=authors,
        editors=editors,
        container_title=first(*container) if type_ not in {BOOK, REPORT, THESIS} or kind in _READ else "",
        collection_title=first("series"),
        volume=first("volume"),
        issue=number,
        page=plain_pages(first("pages")),
        number="" if number else first("number"),
        edition=first("edition"),
        version=first("version"),
        genre=first("type"),
        publisher=first("publisher", "institution", "school", *(("organization",) if type_ in CONTAINED_TYPES else ())),
        publisher_place=first("address", "location"),
        issued=_issued(text),
        doi=plain_doi(_address(fields.get("doi", ""))),
        url=plain_address(_address(fields.get("url", "") or fields.get("howpublished", ""))),
        isbn=first("isbn"),
        issn=first("issn"),
        language=_language(first("language", "langid")),
        abstract=first("abstract"),
        keywords=plain_keywords(first("keywords", "keyword")),
        key=key[:60],
    ), remarks + more


def _address(text: str) -> str:
    r"""An address out of a field: without `\url{}`, and without the backslash before `_`, `%`, `&` and `#`."""
    inside = re.sub(r"\\url\s*\{([^{}]*)\}", r"\1", text).strip().removeprefix("{").removesuffix("}")
    return re.sub(r"\\([_%&#~])", r"\1", inside).replace(r"{\_}", "_")


def _language(text: str) -> str:
    return _LANGUAGES.get(text.lower(), text if re.fullmatch("[A-Za-z]{2,3}(-[A-Za-z0-9]+)*", text) else "")


def _issued(text: Mapping[str, str]) -> tuple[int, ...]:
    if found := issued_in(text.get("date", "")):
        return found
    year = issued_in(text.get("year", ""))
    month = text.get("month", "").strip().lower()
    number = int(month) if month.isascii() and month.isdecimal() and len(month) < 3 else _MONTHS.get(month[:3])
    day = text.get("day", "").strip()
    return issued_on(*year[:1], number, int(day) if re.fullmatch("[0-9]{1,2}", day) else None)


def _read_names(text: str) -> tuple[tuple[Name, ...], tuple[str, ...]]:
    """The names of an author field, and what is to be said about them. Raises ValueError."""
    from bibtexparser.middlewares.names import split_multiple_persons_names  # noqa: PLC0415 - as in _library

    if tex.depth(text) > tex.DEEPEST:
        raise ValueError("too many braces")
    several = split_multiple_persons_names(" ".join(text.split()))
    people = [name for name in several if name.lower() not in {"others", ""}]
    remarks: tuple[str, ...] = ()
    if len(people) < len([name for name in several if name]):
        remarks = (_("Nach „and others“ fehlen Namen. Bitte ergänzen Sie sie nach dem Import."),)
    if len(people) > MOST_NAMES:
        remarks = (_("Es sind mehr als %(most)s Namen; die weiteren sind weggelassen.", most=MOST_NAMES),)
    return tuple(_read_each(people[:MOST_NAMES])), remarks


def _read_each(people: Iterable[str]) -> Iterator[Name]:
    from bibtexparser.middlewares.names import parse_single_name_into_parts  # noqa: PLC0415 - as in _library

    for one in people:
        parts = parse_single_name_into_parts(one, strict=False)
        words = (" ".join(part) for part in ((*parts.von, *parts.last), parts.first, parts.jr))
        found = person(*(tex.decoded(part) for part in words))
        if found:
            yield found
