"""Finding. The same function on both databases; what is not public is never in what it returns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from portal.language import LANGUAGES
from portal.search.models import CONFIGURATIONS, SearchEntry
from portal.search.sources import Source
from portal.search.words import PREFIX_FROM, Part, asked_for, marked, snippet, stem

PAGE = 10
MOST = 300
"""So many of each language are looked at. Who finds more is asked to be more exact."""

_POSTGRESQL = text("""
    SELECT e.id, e.kind, e.key
    FROM to_tsquery(CAST(:configuration AS regconfig), :query) AS q, search_words AS w
    JOIN search_entries AS e ON e.id = w.entry_id
    WHERE w.words @@ q AND e.language = :language AND (e.language = :hers OR NOT EXISTS (
        SELECT 1 FROM search_entries AS o WHERE o.kind = e.kind AND o.key = e.key AND o.language = :hers))
    ORDER BY ts_rank(w.words, q, 1) DESC, e.id DESC LIMIT :most
""")
_SQLITE = text("""
    SELECT e.id, e.kind, e.key FROM search_words JOIN search_entries AS e ON e.id = search_words.rowid
    WHERE search_words MATCH :query AND e.language = :language AND (e.language = :hers OR NOT EXISTS (
        SELECT 1 FROM search_entries AS o WHERE o.kind = e.kind AND o.key = e.key AND o.language = :hers))
    ORDER BY bm25(search_words, 5.0, 1.0), e.id DESC LIMIT :most
""")


@dataclass(frozen=True)
class Hit:
    """One thing that was found."""

    kind: str
    language: str
    title: Sequence[Part]
    snippet: Sequence[Part]
    endpoint: str
    values: Mapping[str, Any]
    anchor: str


@dataclass(frozen=True)
class Found:
    """One page of what was found."""

    hits: Sequence[Hit] = ()
    kinds: Mapping[str, int] = field(default_factory=dict)
    """How many there are of each kind, whichever is shown."""
    total: int = 0
    """How many there are of the kind that is shown, or of all."""
    page: int = 1
    more: bool = False
    """Whether there may be more than were looked at."""

    @property
    def pages(self) -> int:
        return -(-self.total // PAGE)


def find(
    session: Session,
    question: str,
    language: str,
    sources: Sequence[Source],
    now: datetime,
    *,
    kind: str = "",
    page: int = 1,
) -> Found:
    """What is public at that moment and has all words of the question; first what there is in the reader's language.

    What exists in several languages comes once, in hers if it can.
    """
    # One more than is shown tells whether there are more.
    ranked = [_ranked(session, question, spoken, language) for spoken in _hers_first(language)]
    candidates = [row for rows in ranked for row in rows[:MOST]]
    known = {source.kind: source for source in sources}
    public = {
        name: source.public(session, {key for _number, of, key in candidates if of == name}, now)
        for name, source in known.items()
        if any(of == name for _number, of, _key in candidates)
    }
    there = [(number, of) for number, of, key in candidates if key in public.get(of, ())]
    kinds = {name: sum(of == name for _number, of in there) for name in known}
    shown = [number for number, of in there if not kind or of == kind]
    return Found(
        hits=_hits(session, shown[(page - 1) * PAGE : page * PAGE], question),
        kinds={name: count for name, count in kinds.items() if count},
        total=len(shown),
        page=page,
        more=any(len(rows) > MOST for rows in ranked),
    )


def _hers_first(language: str) -> list[str]:
    return [language, *(one for one in LANGUAGES if one != language)]


def _ranked(session: Session, question: str, language: str, hers: str) -> list[tuple[int, str, str]]:
    """Number, kind and key of the entries in a language, the best first; not what there is in the reader's own."""
    if not (asked := asked_for(question, language)):
        return []
    values = {"language": language, "hers": hers, "most": MOST + 1}
    if session.get_bind().dialect.name == "postgresql":
        matching = _POSTGRESQL
        values["configuration"] = CONFIGURATIONS[language]
        values["query"] = " & ".join(f"{word}:*" if len(word) >= PREFIX_FROM else word for word in asked)
    else:
        matching = _SQLITE
        values["query"] = " ".join(f'"{stem(one, language)}"{"*" if len(one) >= PREFIX_FROM else ""}' for one in asked)
    return [(number, kind, key) for number, kind, key in session.execute(matching, values)]


def _hits(session: Session, numbers: Sequence[int], question: str) -> list[Hit]:
    entries = {entry.id: entry for entry in session.scalars(select(SearchEntry).where(SearchEntry.id.in_(numbers)))}
    return [_hit(entries[number], question) for number in numbers if number in entries]


def _hit(entry: SearchEntry, question: str) -> Hit:
    asked = asked_for(question, entry.language)
    return Hit(
        entry.kind,
        entry.language,
        marked(entry.title, asked, entry.language),
        snippet(entry.text, asked, entry.language),
        entry.endpoint,
        entry.values,
        entry.anchor,
    )
