"""Taking over records from a reference manager: first what would happen with each, then the rows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.bibliography.found import Found
from portal.bibliography.reference import Name, Reference
from portal.database import take_turns
from portal.language import LANGUAGES
from portal.literature.models import PUBLIC, PUBLISHER, Record, RecordImport, RecordName
from portal.literature.operations import LITERATURE, Entry, new, normal, searchable
from portal.organisers import audit
from portal.web.caching import public_changed

NEW, SAME_DOI, TWICE, LIKE, FAULTY = "new", "same-doi", "twice", "like", "faulty"
KINDS: dict[str, LazyString] = {
    NEW: _l("neu"),
    LIKE: _l("vielleicht doppelt"),
    SAME_DOI: _l("schon da (gleiche DOI)"),
    TWICE: _l("doppelt in der Datei (gleiche DOI)"),
    FAULTY: _l("fehlerhaft"),
}
TAKEABLE = (NEW, LIKE)
"""Only these can be taken over; of two with one DOI there is only one."""

LONGEST: Mapping[str, int] = {
    "title": 1000,
    "container_title": 500,
    "collection_title": 500,
    "volume": 60,
    "issue": 60,
    "page": 60,
    "number": 60,
    "edition": 60,
    "genre": 120,
    "publisher": 300,
    "publisher_place": 120,
    "doi": 200,
    "url": 2000,
    "isbn": 60,
    "issn": 60,
    "language": 20,
    "abstract": 20_000,
}
"""Characters of a field, by its name in a reference."""
LONGEST_NAME = 200


@dataclass(frozen=True)
class Candidate:
    """One record of a file, and what would become of it."""

    place: str
    kind: str
    """One of KINDS."""
    reference: Reference | None
    remarks: tuple[str, ...]
    known: int | None = None
    """The number of the record that is the same, or may be."""

    @property
    def takeable(self) -> bool:
        return self.kind in TAKEABLE

    def as_json(self) -> dict[str, Any]:
        """The candidate as JSON values, for the page that asks whether to go on."""
        reference = asdict(self.reference) if self.reference else None
        said = {name: value for name, value in (reference or {}).items() if value}
        return {"place": self.place, "kind": self.kind, "reference": said, "remarks": self.remarks, "known": self.known}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Candidate":
        """What `as_json` gave."""
        return cls(**{**values, "reference": _reference(values["reference"]), "remarks": tuple(values["remarks"])})


def _reference(values: Mapping[str, Any]) -> Reference | None:
    if not values:
        return None
    names = {role: tuple(Name(**one) for one in values.get(role, ())) for role in ("authors", "editors")}
    lists = {name: tuple(values.get(name, ())) for name in ("issued", "keywords")}
    return Reference(**{"title": "", **values, **names, **lists})


def look_at(session: Session, found: Iterable[Found]) -> list[Candidate]:
    """What would become of each record of a file."""
    several = [replace(one, reference=normal(one.reference)) if one.reference else one for one in found]
    references = [one.reference for one in several if one.reference]
    by_doi = _numbers_by_doi(session, {one.doi.lower() for one in references if one.doi})
    by_likeness = _numbers_by_likeness(session, {one.year for one in references})
    seen: dict[str, int | None] = dict(by_doi)
    candidates = []
    for one in several:
        candidate = _look(one, by_doi, by_likeness, seen)
        if candidate.reference and candidate.reference.doi:
            seen.setdefault(candidate.reference.doi.lower(), None)
        candidates.append(candidate)
    return candidates


def _look(
    found: Found,
    by_doi: Mapping[str, int],
    by_likeness: Mapping[tuple[str, int | None, str], int],
    seen: Mapping[str, int | None],
) -> Candidate:
    reference = found.reference
    wrong = objections(reference) if reference else []
    if reference is None or wrong:
        return Candidate(found.place, FAULTY, reference, (*wrong, *found.remarks))
    doi = reference.doi.lower()
    if doi in by_doi:
        return Candidate(found.place, SAME_DOI, reference, found.remarks, by_doi[doi])
    if doi and doi in seen:
        return Candidate(found.place, TWICE, reference, found.remarks)
    like = by_likeness.get(_likeness(reference))
    return Candidate(found.place, LIKE if like else NEW, reference, found.remarks, like)


def objections(reference: Reference) -> list[str]:
    """What forbids taking a reference over, each with its remedy."""
    found = [] if reference.title else [str(_("Der Titel fehlt. Bitte ergänzen Sie ihn in Ihrem Programm."))]
    lengths = [(name, len(getattr(reference, name)), most) for name, most in LONGEST.items()]
    found += [
        _("Das Feld „%(name)s“ hat mehr als %(most)s Zeichen. Bitte kürzen Sie es.", name=name, most=most)
        for name, length, most in lengths
        if length > most
    ]
    names = [*reference.authors, *reference.editors]
    if any(len(part) > LONGEST_NAME for one in names for part in vars(one).values()):
        found.append(_("Ein Name hat mehr als 200 Zeichen. Bitte prüfen Sie, ob die Namen richtig getrennt sind."))
    if any(len(one.suffix) > 60 for one in names):
        found.append(_("Der Zusatz eines Namens hat mehr als 60 Zeichen. Bitte prüfen Sie die Namen."))
    return found


def write(
    session: Session, candidates: Iterable[Candidate], sha256: str, by: int, now: datetime, *, release: bool
) -> RecordImport:
    """Write the candidates down, as drafts or at once for everyone, and the import that they came with.

    `sha256` is that of the preview: the same one again writes nothing and returns the first import. What has got the
    same DOI in the meantime is left out.
    """
    take_turns(session, LITERATURE)
    known = session.scalar(select(RecordImport).where(RecordImport.sha256 == sha256))
    if known is not None:
        return known
    wanted = [(one, one.reference) for one in candidates if one.takeable and one.reference]
    taken = set(_numbers_by_doi(session, {reference.doi.lower() for _one, reference in wanted if reference.doi}))
    made = RecordImport(sha256=sha256, number=0, at=now)
    session.add(made)
    session.flush()
    for _one, reference in wanted:
        if reference.doi and reference.doi.lower() in taken:
            continue
        taken.add(reference.doi.lower())
        record = new(session, _entry(reference), by, now)
        record.import_id = made.id
        if release:
            record.state = PUBLIC
        made.number += 1
    audit.record(session, by, "records.import", f"import {made.id}", now, records=made.number, released=int(release))
    if release and made.number:
        public_changed(session)
    session.flush()
    return made


def _entry(reference: Reference) -> Entry:
    """The reference with its abstract as one in the words of its publisher."""
    language = reference.language[:2].lower()
    language = language if language in LANGUAGES else LANGUAGES[0]
    return Entry(reference, {language: (reference.abstract, PUBLISHER)} if reference.abstract else {})


def _numbers_by_doi(session: Session, dois: Collection[str]) -> dict[str, int]:
    rows = session.execute(select(Record.doi_key, Record.id).where(Record.doi_key.in_(dois)))
    return {doi: number for doi, number in rows if doi}


def _numbers_by_likeness(session: Session, years: Collection[int | None]) -> dict[tuple[str, int | None, str], int]:
    """The records of these years by title, year and first author, in one spelling."""
    of_these = Record.year.in_([year for year in years if year]) | Record.year.is_(None)
    first = (
        select(func.coalesce(func.nullif(RecordName.literal, ""), RecordName.family))
        .where(RecordName.record_id == Record.id)
        .order_by(RecordName.role, RecordName.position)
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(select(Record.title, Record.year, first, Record.id).where(of_these))
    return {(_bare(title), year, _bare(name or "")): number for title, year, name, number in rows}


def _likeness(reference: Reference) -> tuple[str, int | None, str]:
    names: Sequence[Name] = (*reference.authors, *reference.editors)
    return _bare(reference.title), reference.year, _bare(names[0].family or names[0].literal if names else "")


def _bare(text: str) -> str:
    return "".join(letter for letter in searchable(text) if letter.isalnum())
