"""Publishing revisions, finding them, and checking that files and database still say the same."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from portal.content import ContentError
from portal.declaration.models import Revision, RevisionText, Thesis, ThesisText
from portal.declaration.source import RevisionSource, TextSource, ThesisSource
from portal.language import LANGUAGES
from portal.text.difference import similarity
from portal.web.caching import public_changed

SAME_THESIS = 0.5
"""From this similarity on, two texts under one id are taken for wordings of one thesis."""
LANGUAGE_OF_RECORD = "de"

_WHOLE = (
    selectinload(Revision.texts),
    selectinload(Revision.theses).selectinload(Thesis.texts),
)


def current_revision(session: Session) -> Revision | None:
    """The latest published revision, or None while nothing has been published."""
    return session.scalar(select(Revision).order_by(Revision.number.desc()).limit(1))


def revision(session: Session, number: int) -> Revision | None:
    """The published revision with this number."""
    return session.scalar(select(Revision).where(Revision.number == number))


def revisions(session: Session) -> Sequence[Revision]:
    """All published revisions with all their texts, the first one first."""
    return session.scalars(select(Revision).order_by(Revision.number).options(*_WHOLE)).all()


def latest_number(session: Session) -> int:
    """The number of the latest published revision; 0 while there is none."""
    return session.scalar(select(func.max(Revision.number))) or 0


def objections(session: Session, source: RevisionSource) -> list[str]:
    """What forbids publishing this revision, each with its remedy; empty if it may be, or is, published."""
    published = revisions(session)
    hashes = {one.number: one.sha256 for one in published}
    found = [*_disagreements(source), *_against_earlier(source, [as_source(one) for one in published], hashes)]
    if LANGUAGE_OF_RECORD not in source.texts:
        found.append(f"Fassung {source.number}: Es fehlt die deutsche Fassung, die Datei de.md.")
    return found


def publish(session: Session, source: RevisionSource, now: datetime) -> Revision:
    """Publish a revision, for good. Publishing the same words again changes nothing and returns what is there.

    Raises ContentError with the objections: the number is taken by other words or leaves a gap, the German text is
    missing, the languages do not agree, or an id is used for another thesis than before.
    """
    if found := objections(session, source):
        raise ContentError("\n".join(found))
    known = revision(session, source.number)
    if known is not None:
        return known
    new = _rows(source, now)
    session.add(new)
    session.flush()
    public_changed(session)
    return new


def check(session: Session, sources: Sequence[RevisionSource]) -> list[str]:
    """Everything that is wrong with the files, with the published revisions, or between the two; each with a remedy."""
    published = revisions(session)
    numbers = {source.number for source in sources}
    findings = [
        f"Fassung {one.number}: Sie ist veröffentlicht, aber ihr Ordner fehlt. Bitte content/declaration/{one.number} "
        "aus der Versionsverwaltung zurückholen."
        for one in published
        if one.number not in numbers
    ]
    findings += [
        f"Fassung {one.number}: Die Datenbank enthält andere Worte, als veröffentlicht wurden (Prüfsumme "
        f"{one.sha256[:12]}…). Bitte die Datenbank aus einer Sicherung wiederherstellen."
        for one in published
        if as_source(one).sha256 != one.sha256
    ]
    hashes = {one.number: one.sha256 for one in published}
    history = [as_source(one) for one in published]
    for source in sorted(sources, key=lambda source: source.number):
        findings += _missing_languages(source)
        findings += _disagreements(source)
        findings += _against_earlier(source, history, hashes)
        if source.number not in hashes:
            history.append(source)
    return findings


def as_source(published: Revision) -> RevisionSource:
    """The words of a published revision, as they stood in its files."""
    return RevisionSource(
        published.number,
        {
            text.language: TextSource(
                language=text.language,
                title=text.title,
                dated=published.dated,
                label=published.label,
                note=text.note,
                origin=text.origin,
                preamble=text.preamble,
                theses=tuple(
                    ThesisSource(thesis.key, said.heading, said.text)
                    for thesis in published.theses
                    for said in thesis.texts
                    if said.language == text.language
                ),
                closing=text.closing,
            )
            for text in sorted(published.texts, key=lambda text: LANGUAGES.index(text.language))
        },
    )


def reused_keys(source: RevisionSource, earlier: Sequence[RevisionSource]) -> Iterator[str]:
    """The ids in `source` under which another thesis stood before.

    An id may stay while its thesis is reworded, however much. It is reused if it comes back after it was dropped, or
    takes over the words of another thesis, and its own earlier words are not recognised.
    """
    if not earlier:
        return
    previous = _words(earlier[-1])
    ever: dict[str, str] = {}
    for one in earlier:
        ever |= _words(one)
    for key, words in _words(source).items():
        if key not in ever or similarity(ever[key], words) >= SAME_THESIS:
            continue
        others = (text for other, text in previous.items() if other != key)
        if key not in previous or any(similarity(text, words) >= SAME_THESIS for text in others):
            yield key


def _words(source: RevisionSource) -> dict[str, str]:
    text = source.texts.get(LANGUAGE_OF_RECORD, source.first)
    return {thesis.key: f"{thesis.heading}\n{thesis.text}" for thesis in text.theses}


def _missing_languages(source: RevisionSource) -> list[str]:
    return [
        f"Fassung {source.number}: Es fehlt die Datei {language}.md. Bitte vor dem Veröffentlichen ergänzen."
        for language in LANGUAGES
        if language not in source.texts
    ]


def _disagreements(source: RevisionSource) -> Iterator[str]:
    """Where the languages of a revision do not say the same about it."""
    first = source.first
    for text in source.texts.values():
        pair = f"Fassung {source.number}: {first.language}.md und {text.language}.md"
        if text.dated != first.dated:
            yield f"{pair} nennen verschiedene Tage ({first.dated} und {text.dated}). Bitte „date“ angleichen."
        if text.label != first.label:
            yield f"{pair} haben verschiedene Kennzeichen ({first.label} und {text.label}). Bitte „label“ angleichen."
        if text.keys != first.keys:
            yield (
                f"{pair} haben verschiedene Thesen oder eine andere Reihenfolge ({_unlike(first.keys, text.keys)}). "
                "Bitte die Namen in {#…} angleichen."
            )


def _unlike(one: tuple[str, ...], other: tuple[str, ...]) -> str:
    for number, (here, there) in enumerate(zip(one, other, strict=False), 1):
        if here != there:
            return f"These {number}: {here} und {there}"
    return f"{len(one)} und {len(other)} Thesen"


def _against_earlier(
    source: RevisionSource, earlier: Sequence[RevisionSource], hashes: Mapping[int, str]
) -> Iterator[str]:
    """What forbids this revision in view of the earlier ones; `hashes` are those of the published, by number."""
    published_hash = hashes.get(source.number, source.sha256)
    if published_hash != source.sha256:
        yield (
            f"Fassung {source.number}: Sie ist veröffentlicht und kann nicht mehr geändert werden (Prüfsumme "
            f"{published_hash[:12]}…, die Dateien haben {source.sha256[:12]}…). Bitte die Dateien zurücksetzen und die "
            f"Änderung als Fassung {max(hashes) + 1} veröffentlichen."
        )
    expected = max((one.number for one in earlier), default=0) + 1
    if source.number > expected:
        yield f"Fassung {source.number}: Davor fehlt Fassung {expected}. Bitte fortlaufend nummerieren."
    for key in reused_keys(source, [one for one in earlier if one.number < source.number]):
        yield (
            f"Fassung {source.number}: Der Name {{#{key}}} gehörte in einer früheren Fassung zu einer anderen These. "
            "Bitte der neuen These einen eigenen Namen geben."
        )


def _rows(source: RevisionSource, now: datetime) -> Revision:
    texts: Mapping[str, TextSource] = source.texts
    return Revision(
        number=source.number,
        label=source.first.label,
        dated=source.first.dated,
        published_at=now,
        sha256=source.sha256,
        texts=[
            RevisionText(
                language=text.language,
                title=text.title,
                note=text.note,
                origin=text.origin,
                preamble=text.preamble,
                closing=text.closing,
            )
            for text in texts.values()
        ],
        theses=[
            Thesis(
                key=key,
                position=position,
                texts=[
                    ThesisText(language=text.language, heading=thesis.heading, text=thesis.text)
                    for text in texts.values()
                    for thesis in text.theses
                    if thesis.key == key
                ],
            )
            for position, key in enumerate(source.first.keys, 1)
        ],
    )
