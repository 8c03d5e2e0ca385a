"""What the public looks up of surveys: which there are, where they stand, and what they have found."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.clock import BERLIN
from portal.config import current_settings
from portal.content import ContentError
from portal.language import LANGUAGES
from portal.search.sources import Entry, Source
from portal.survey import operations, questionnaire, tables
from portal.survey.disclosure import LEAST
from portal.survey.models import FreeText, OpenedSurvey
from portal.survey.operations import CLOSED, OPEN, PLANNED
from portal.survey.questionnaire import External, Questionnaire
from portal.survey.results import Results
from portal.survey.tables import ForeignTable
from portal.text.normalise import parted
from portal.web.sitemap import Place


@dataclass(frozen=True)
class Listed:
    """One survey as the overview shows it."""

    key: str
    about: Questionnaire | External
    state: str
    last_day: date | None
    """The last day on which it can be answered, or could."""


@dataclass(frozen=True)
class Elsewhere:
    """A survey that was carried out elsewhere, with its result tables, if they are known."""

    key: str
    about: External
    tables: tuple[ForeignTable, ...]


def folder() -> Path:
    """Where the files of surveys are."""
    return current_settings().content / "surveys"


def listed(session: Session, now: datetime) -> list[Listed]:
    """All public surveys: those that can be answered first, then what is to come, then the rest, the latest first."""
    ours = [
        Listed(one.key, one.questionnaire, operations.state(one, now), one.last_day)
        for one in session.scalars(select(OpenedSurvey).order_by(OpenedSurvey.opened_at.desc(), OpenedSurvey.key))
    ]
    taken = {one.key for one in ours}
    found = [
        *ours,
        *(Listed(one.key, one.about, CLOSED, one.about.closed) for one in _elsewhere() if one.key not in taken),
    ]
    return sorted(found, key=lambda one: (OPEN, PLANNED, CLOSED).index(one.state))


def _elsewhere() -> Iterator[Elsewhere]:
    for key in questionnaire.keys(folder()):
        if (one := elsewhere(key)) is not None:
            yield one


def elsewhere(key: str) -> Elsewhere | None:
    """The survey carried out elsewhere with this key. What cannot be read is not there; `survey check` says why."""
    try:
        about = questionnaire.read(folder(), key)
        if not isinstance(about, External):
            return None
        found = tables.read(folder() / key)
    except ContentError:
        return None
    return Elsewhere(key, about, found)


def differs(survey: OpenedSurvey) -> bool:
    """Whether the file says something else than what is being answered; one that is gone or broken does not."""
    try:
        about = questionnaire.read(folder(), survey.key)
    except ContentError:
        return False
    return not isinstance(about, Questionnaire) or about.sha256 != survey.sha256


def results_are_public(survey: OpenedSurvey, now: datetime) -> bool:
    """Whether results may be shown now, if there are enough answers."""
    at_once = survey.questionnaire.results == "at_once"
    return operations.state(survey, now) == CLOSED or (at_once and operations.state(survey, now) == OPEN)


def results(session: Session, survey: OpenedSurvey, language: str) -> Results:
    """What may be shown of the answers that have been counted."""
    number = func.count()
    texts = select(FreeText.question, number).where(FreeText.survey_id == survey.id).group_by(FreeText.question)
    counted = {question: count for question, count in session.execute(texts)}  # noqa: C416 - a row is not a pair
    return Results(survey.questionnaire, operations.answers(session, survey), counted, language)


# For the search, and for the list of pages


def _entries(session: Session, now: datetime) -> Iterable[Entry]:
    for one in listed(session, now):
        for language in LANGUAGES:
            yield Entry(
                key=one.key,
                language=language,
                title=one.about.title.of(language),
                text=parted(_words(one.about, language)),
                endpoint="survey.single",
                values={"survey": one.key},
            )


def _words(about: Questionnaire | External, language: str) -> Iterator[str]:
    yield about.intro.of(language)
    if isinstance(about, External):
        yield from (fact.text.of(language) for fact in about.facts if fact.text is not None)
        yield from (topic.of(language) for topic in about.topics)
    else:
        yield about.asked.of(language)
        yield from (question.title.of(language) for question in about.questions)


def _public(session: Session, keys: Collection[str], now: datetime) -> set[str]:
    return {one.key for one in listed(session, now)} & set(keys)


SEARCHED = Source("survey", _l("Umfragen"), _entries, _public)


def places(session: Session, now: datetime) -> Iterable[Place]:
    """The public pages about surveys."""
    yield Place("survey.overview")
    for one in listed(session, now):
        opened = operations.find(session, one.key)
        changed = opened.closed_at or opened.opened_at if opened else None
        yield Place("survey.single", {"survey": one.key}, changed.astimezone(BERLIN).date() if changed else None)
        if opened and results_are_public(opened, now) and operations.number_of_answers(session, opened) >= LEAST:
            yield Place("survey.results", {"survey": one.key})
