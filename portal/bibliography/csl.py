"""CSL-JSON, the format of citeproc and Zotero (citeproc-js data model, CSL 1.0.2)."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _

from portal.bibliography.found import MOST_NAMES, MOST_RECORDS, Found, NotReadable
from portal.bibliography.reference import (
    DOCUMENT,
    TYPES,
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

MEDIA_TYPE = "application/vnd.citationstyles.csl+json"

_TEXTS = {
    "title": "title",
    "container_title": "container-title",
    "collection_title": "collection-title",
    "volume": "volume",
    "issue": "issue",
    "page": "page",
    "number": "number",
    "edition": "edition",
    "version": "version",
    "genre": "genre",
    "publisher": "publisher",
    "publisher_place": "publisher-place",
    "doi": "DOI",
    "url": "URL",
    "isbn": "ISBN",
    "issn": "ISSN",
    "language": "language",
    "abstract": "abstract",
}
"""Fields of a reference that are one text, and their names in CSL."""
_READ = {
    "article": "article-journal",
    "post-weblog": "webpage",
    "post": "webpage",
    "entry-encyclopedia": "chapter",
    "entry-dictionary": "chapter",
    "entry": "chapter",
    "periodical": "article-journal",
}


def to_csl(references: Iterable[Reference]) -> list[dict[str, Any]]:
    """The references as CSL items: JSON values."""
    return [_written(one) for one in with_keys(references)]


def csl_json(references: Iterable[Reference]) -> str:
    """The references as a CSL-JSON file."""
    return json.dumps(to_csl(references), ensure_ascii=False, indent=2) + "\n"


def _written(reference: Reference) -> dict[str, Any]:
    item: dict[str, Any] = {"id": reference.key, "type": reference.type}
    item |= {name: getattr(reference, field) for field, name in _TEXTS.items() if getattr(reference, field)}
    names = {"author": reference.authors, "editor": reference.editors}
    item |= {role: [_name(name) for name in several] for role, several in names.items() if several}
    if reference.issued:
        item["issued"] = {"date-parts": [list(reference.issued)]}
    if reference.keywords:
        item["keyword"] = ", ".join(reference.keywords)
    return item


def _name(name: Name) -> dict[str, str]:
    return {part: value for part, value in vars(name).items() if value}


def from_csl(text: str) -> list[Found]:
    """The records of a CSL-JSON file: a list of items, or one item alone. Raises NotReadable."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = _("Zeile %(line)s", line=error.lineno) if isinstance(error, json.JSONDecodeError) else ""
        raise NotReadable(
            _("Das ist kein lesbares CSL-JSON. Bitte exportieren Sie die Datei neu.") + (f" ({where})" if where else "")
        ) from error
    if isinstance(content, dict):
        content = content["items"] if isinstance(content.get("items"), list) else [content]
    if not isinstance(content, list):
        raise NotReadable(_("Das ist kein CSL-JSON: Die Datei enthält keine Liste von Einträgen."))
    if len(content) > MOST_RECORDS:
        raise NotReadable(
            _("Die Datei hat mehr als %(most)s Einträge. Bitte teilen Sie sie auf mehrere auf.", most=MOST_RECORDS)
        )
    return [_found(item, number) for number, item in enumerate(content, 1)]


def _found(item: Any, number: int) -> Found:
    place = _("Eintrag %(number)s", number=number)
    if not isinstance(item, dict):
        return Found(place, None, (_("Das ist kein Eintrag: Er steht nicht in geschweiften Klammern."),))
    key = one_line(item.get("id"))[:60]
    place = f"{place}, {key}" if key else place
    texts = {field: one_line(_only(item.get(name))) for field, name in _TEXTS.items()}
    authors, editors = (_names(item.get(role)) for role in ("author", "editor"))
    remarks: tuple[str, ...] = ()
    if max(len(authors), len(editors)) > MOST_NAMES:
        remarks = (_("Es sind mehr als %(most)s Namen; die weiteren sind weggelassen.", most=MOST_NAMES),)
    type_ = one_line(item.get("type"))
    keywords = item.get("keyword")
    made = {"doi": plain_doi(texts["doi"]), "url": plain_address(texts["url"]), "page": plain_pages(texts["page"])}
    reference = Reference(
        type=_READ.get(type_, type_ if type_ in TYPES else DOCUMENT),
        authors=authors[:MOST_NAMES],
        editors=editors[:MOST_NAMES],
        issued=_issued(item.get("issued")),
        keywords=plain_keywords(keywords if isinstance(keywords, str | list) else ""),
        key=key,
        **texts | made,
    )
    return Found(place, reference, remarks)


def _only(value: Any) -> Any:
    """The value; of a list, as some services give it, the first."""
    return next(iter(value), "") if isinstance(value, list) else value


def _names(value: Any) -> tuple[Name, ...]:
    several = value if isinstance(value, list) else []
    return tuple(name for one in several if isinstance(one, dict) and (name := _read_name(one)))


def _read_name(value: Mapping[str, Any]) -> Name | None:
    if literal := one_line(value.get("literal")):
        return Name(literal=literal)
    particles = ("dropping-particle", "non-dropping-particle", "family")
    family = " ".join(part for particle in particles if (part := one_line(value.get(particle))))
    return person(family, one_line(value.get("given")), one_line(value.get("suffix")))


def _issued(value: Any) -> tuple[int, ...]:
    if not isinstance(value, Mapping):
        return issued_in(one_line(value))
    parts = _only(value.get("date-parts"))
    if isinstance(parts, list):
        numbers = [one_line(part) for part in parts[:3]]
        return issued_on(*(int(part) if part.isdecimal() and len(part) < 5 else None for part in numbers))
    return issued_in(one_line(value.get("raw") or value.get("literal")))
