"""RIS, as EndNote, Zotero and Citavi read it: a line for each value, with a tag of two letters before it.

RIS cannot say that a name is an institution's: one with a comma in it comes back as a person.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from flask_babel import gettext as _

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
    one_line,
    person,
    plain_address,
    plain_doi,
    plain_keywords,
    plain_pages,
    with_keys,
)

MEDIA_TYPE = "application/x-research-info-systems"

_WRITTEN = {
    ARTICLE: "JOUR",
    "article-magazine": "MGZN",
    "article-newspaper": "NEWS",
    BOOK: "BOOK",
    CHAPTER: "CHAP",
    PAPER: "CPAPER",
    REPORT: "RPRT",
    THESIS: "THES",
    WEBPAGE: "ELEC",
    DOCUMENT: "GEN",
}
_READ = {tag: type_ for type_, tag in _WRITTEN.items()}
_READ |= {"EJOUR": ARTICLE, "JFULL": ARTICLE, "ABST": ARTICLE, "INPR": ARTICLE, "EBOOK": BOOK, "EDBOOK": BOOK}
_READ |= {"ECHAP": CHAPTER, "CONF": PAPER, "BLOG": WEBPAGE, "ICOMM": WEBPAGE, "ENCYC": CHAPTER, "GOVDOC": REPORT}
_MOST_LINES = 2000
"""Of a record."""
_START = re.compile(r"^TY {1,2}- ?", re.MULTILINE)
_TAG = re.compile(r"^([A-Z][A-Z0-9]) {1,2}-(?: |$)", re.MULTILINE)


def to_ris(references: Iterable[Reference]) -> str:
    """The references as an RIS file, whose lines end in CR and LF."""
    return "".join(f"{tag}  - {value}\r\n" for one in with_keys(references) for tag, value in _lines(one))


def _lines(reference: Reference) -> Iterator[tuple[str, str]]:
    yield "TY", _WRITTEN[reference.type]
    first, _dash, last = reference.page.partition("-")
    contained = reference.type in CONTAINED_TYPES
    series = [("T3" if contained else "T2", reference.collection_title)]
    container = [("JO" if reference.type in PERIODICAL_TYPES else "T2", reference.container_title)]
    lines = [
        *(("AU", name.inverted) for name in reference.authors),
        *(("A2" if contained else "ED", name.inverted) for name in reference.editors),
        ("TI", reference.title),
        *(container if reference.container_title else []),
        *(series if reference.collection_title else []),
        ("VL", reference.volume),
        ("IS", reference.issue or reference.number),
        ("SP", first),
        ("EP", last),
        ("ET", reference.edition or reference.version),
        ("M3", reference.genre),
        ("PB", reference.publisher),
        ("CY", reference.publisher_place),
        ("PY", str(reference.year or "")),
        ("DA", "/".join(f"{part:02d}" for part in reference.issued) if len(reference.issued) > 1 else ""),
        ("DO", reference.doi),
        ("UR", reference.url),
        ("SN", reference.isbn or reference.issn),
        ("LA", reference.language),
        ("AB", reference.abstract),
        *(("KW", word) for word in reference.keywords),
        ("ID", reference.key),
    ]
    yield from ((tag, value) for tag, value in lines if value)
    yield "ER", ""


def from_ris(text: str) -> list[Found]:
    """The records of an RIS file, as they stand in it. Raises NotReadable."""
    starts = [match.start() for match in _START.finditer(text)]
    if len(starts) > MOST_RECORDS:
        raise NotReadable(
            _("Die Datei hat mehr als %(most)s Einträge. Bitte teilen Sie sie auf mehrere auf.", most=MOST_RECORDS)
        )
    ends = [*starts[1:], len(text)]
    line, found = text.count("\n", 0, starts[0]) + 1 if starts else 1, []
    for start, end in zip(starts, ends, strict=True):
        found.append(_found(text[start:end], line))
        line += text.count("\n", start, end)
    return found


def _found(record: str, line: int) -> Found:
    # Only whoever imports a file pays for it.
    import rispy  # noqa: PLC0415

    place = _("Zeile %(line)s", line=line)
    tags = _TAG.findall(record)
    if len(record) > LONGEST_RECORD or record.count("\n") > _MOST_LINES:
        return Found(place, None, (too_long(),))
    if "ER" not in tags:
        return Found(place, None, (_("Der Eintrag hat kein Ende: Es fehlt die Zeile „ER  -“."),))
    mapping = {**rispy.TAG_KEY_MAPPING, "ED": "editors"}
    lists = [*rispy.LIST_TYPE_TAGS, "ED"]
    canonical = _TAG.sub(r"\1  - ", record)
    values = rispy.loads(canonical, mapping=mapping, list_tags=lists, delimiter_tags_mapping={})
    return _reference(values[0], place)


def _reference(values: dict[str, Any], place: str) -> Found:
    def first(*names: str) -> str:
        several = (values.get(name) for name in names)
        return next((one_line(one[0] if isinstance(one, list) else one) for one in several if one), "")

    type_ = _READ.get(first("type_of_reference").upper(), DOCUMENT)
    contained = type_ in CONTAINED_TYPES
    container, series = _titles(first, type_)
    authors = _names(values, "authors", "first_authors")
    editors = _names(values, "editors", *(("secondary_authors",) if contained or type_ == BOOK else ()))
    number = first("number")
    serial = first("issn")
    is_isbn = len(re.sub("[^0-9Xx]", "", serial)) > 8
    remarks: tuple[str, ...] = ()
    if max(len(authors), len(editors)) > MOST_NAMES:
        remarks = (_("Es sind mehr als %(most)s Namen; die weiteren sind weggelassen.", most=MOST_NAMES),)
    first_page, last_page = first("start_page"), first("end_page")
    links = (plain_address(one_line(one)) for one in values.get("urls", []))
    key = first("id", "label")
    reference = Reference(
        type=type_,
        title=first("title", "primary_title"),
        authors=authors[:MOST_NAMES],
        editors=editors[:MOST_NAMES],
        container_title=container,
        collection_title=series,
        volume=first("volume"),
        issue=number if type_ in PERIODICAL_TYPES else "",
        page=plain_pages(f"{first_page}-{last_page}" if last_page else first_page),
        number="" if type_ in PERIODICAL_TYPES else number,
        edition=first("edition"),
        genre=first("type_of_work"),
        publisher=first("publisher"),
        publisher_place=first("place_published"),
        issued=issued_in(first("date")) or issued_in(first("year", "publication_year")),
        doi=plain_doi(first("doi")),
        url=next((link for link in links if link), ""),
        isbn=serial if is_isbn else "",
        issn="" if is_isbn else serial,
        language=first("language") if re.fullmatch("[A-Za-z]{2,3}(-[A-Za-z0-9]+)*", first("language")) else "",
        abstract=first("abstract", "notes_abstract"),
        keywords=plain_keywords(values.get("keywords", [])),
        key=key[:60],
    )
    return Found(f"{place}, {key[:60]}" if key else place, reference, remarks)


def _titles(first: Any, type_: str) -> tuple[str, str]:
    """The titles of the container and of the series."""
    journal = ("journal_name", "alternate_title3", "alternate_title2")
    if type_ in PERIODICAL_TYPES:
        return first(*journal, "secondary_title"), ""
    if type_ in {*CONTAINED_TYPES, WEBPAGE, DOCUMENT}:
        return first("secondary_title", *journal), first("tertiary_title")
    return first(*journal), first("secondary_title", "tertiary_title")


def _names(values: dict[str, Any], *fields: str) -> tuple[Name, ...]:
    found = []
    for one in (name for field in fields for name in values.get(field, [])):
        family, _comma, rest = one_line(one).partition(",")
        given, _comma, suffix = rest.partition(",")
        found.append(person(family, given, suffix))
    return tuple(name for name in found if name)
