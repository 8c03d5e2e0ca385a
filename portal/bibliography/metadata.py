"""What pages about a reference say to machines: Highwire elements, as Zotero reads them, and schema.org."""

from collections.abc import Iterator
from typing import Any

from portal.bibliography.reference import (
    BOOK,
    CHAPTER,
    DOCUMENT,
    PAPER,
    PERIODICAL_TYPES,
    REPORT,
    THESIS,
    WEBPAGE,
    Name,
    Reference,
)

_SCHEMA_TYPES = {
    "article-journal": "ScholarlyArticle",
    "article-magazine": "Article",
    "article-newspaper": "NewsArticle",
    BOOK: "Book",
    CHAPTER: "Chapter",
    PAPER: "ScholarlyArticle",
    REPORT: "Report",
    THESIS: "Thesis",
    WEBPAGE: "WebPage",
    DOCUMENT: "CreativeWork",
}
_CONTAINERS = {CHAPTER: "citation_inbook_title", PAPER: "citation_conference_title"}
_CONTAINERS |= dict.fromkeys(PERIODICAL_TYPES, "citation_journal_title")
_PUBLISHERS = {THESIS: "citation_dissertation_institution", REPORT: "citation_technical_report_institution"}


def highwire(reference: Reference, address: str) -> list[tuple[str, str]]:
    """Name and content of the `citation_…` elements of the page at `address`, in order."""
    return [(name, content) for name, content in _highwire(reference, address) if content]


def _highwire(reference: Reference, address: str) -> Iterator[tuple[str, str]]:
    first, _dash, last = reference.page.partition("-")
    yield "citation_title", reference.title
    yield from (("citation_author", name.inverted) for name in reference.authors)
    yield from (("citation_editor", name.inverted) for name in reference.editors)
    yield "citation_publication_date", _date(reference, "/")
    yield _CONTAINERS.get(reference.type, "citation_container_title"), reference.container_title
    yield "citation_series_title", reference.collection_title
    yield "citation_volume", reference.volume
    yield "citation_issue", reference.issue
    yield "citation_firstpage", first
    yield "citation_lastpage", last
    yield "citation_technical_report_number", reference.number if reference.type == REPORT else ""
    yield _PUBLISHERS.get(reference.type, "citation_publisher"), reference.publisher
    yield "citation_doi", reference.doi
    yield "citation_isbn", reference.isbn
    yield "citation_issn", reference.issn
    yield "citation_language", reference.language
    yield "citation_keywords", "; ".join(reference.keywords)
    yield "citation_abstract", reference.abstract
    yield "citation_abstract_html_url", address
    yield "citation_public_url", reference.url


def json_ld(reference: Reference, address: str, **more: Any) -> dict[str, Any]:
    """The reference in the terms of schema.org, for the page at `address`; `more` are further properties."""
    item = {
        "@context": "https://schema.org",
        "@type": _SCHEMA_TYPES[reference.type],
        "@id": address,
        "url": reference.url or address,
        "name": reference.title,
        "headline": reference.title if reference.type in PERIODICAL_TYPES else "",
        "author": [_agent(name) for name in reference.authors],
        "editor": [_agent(name) for name in reference.editors],
        "datePublished": _date(reference, "-"),
        "publisher": _organization(reference.publisher) if reference.type not in PERIODICAL_TYPES else {},
        "pagination": reference.page,
        "pageStart": reference.page.partition("-")[0],
        "pageEnd": reference.page.partition("-")[2],
        "isPartOf": _container(reference),
        "bookEdition": reference.edition if reference.type == BOOK else "",
        "isbn": reference.isbn if reference.type == BOOK else "",
        "reportNumber": reference.number if reference.type == REPORT else "",
        "version": reference.version,
        "genre": reference.genre,
        "inLanguage": reference.language,
        "abstract": reference.abstract,
        "keywords": list(reference.keywords),
        "identifier": _doi(reference),
        "sameAs": f"https://doi.org/{reference.doi}" if reference.doi else "",
        **more,
    }
    return _without_gaps(item)


def _without_gaps(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if value not in ("", [], {}, None)}


def _agent(name: Name) -> dict[str, str]:
    if name.literal:
        return _organization(name.literal)
    person = {"@type": "Person", "name": name.natural, "familyName": name.family, "givenName": name.given}
    return {**person, "honorificSuffix": name.suffix} if name.suffix else person


def _organization(name: str) -> dict[str, str]:
    return {"@type": "Organization", "name": name} if name else {}


def _doi(reference: Reference) -> dict[str, str]:
    return {"@type": "PropertyValue", "propertyID": "DOI", "value": reference.doi} if reference.doi else {}


def _container(reference: Reference) -> dict[str, Any]:
    """What it is part of: issue, volume and periodical, one within the other, or a book, or a series."""
    if reference.type in PERIODICAL_TYPES:
        periodical = {"@type": "Periodical", "name": reference.container_title, "issn": reference.issn}
        publisher = _organization(reference.publisher)
        inner = _within({}, {**periodical, "publisher": publisher}) if reference.container_title else {}
        inner = _within(inner, {"@type": "PublicationVolume", "volumeNumber": reference.volume})
        return _within(inner, {"@type": "PublicationIssue", "issueNumber": reference.issue})
    if reference.container_title:
        kind = (
            "WebSite" if reference.type == WEBPAGE else "Book" if reference.type in {CHAPTER, PAPER} else "CreativeWork"
        )
        book = {"@type": kind, "name": reference.container_title, "isbn": reference.isbn}
        return _without_gaps(book)
    return {"@type": "CreativeWorkSeries", "name": reference.collection_title} if reference.collection_title else {}


def _within(outer: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    """The item as part of `outer`; `outer` itself where nothing is known of the item but its kind."""
    known = _without_gaps(item)
    if len(known) == 1:
        return outer
    return {**known, "isPartOf": outer} if outer else known


def _date(reference: Reference, separator: str) -> str:
    return separator.join(f"{part:02d}" for part in reference.issued)
