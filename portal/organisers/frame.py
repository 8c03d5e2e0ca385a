"""What slices hand to the office: their pages, the work that waits, their numbers, and what keeps the site from going
live. The office shows them; it knows no slice.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from portal.organisers.models import Organiser
from portal.organisers.roles import AUDITOR, OWNER
from portal.personal_data import Text
from portal.web.charts import Bar

Roles = tuple[str, ...]
"""Who may open something besides owner and auditor, who may open everything; empty for every organiser."""


@dataclass(frozen=True)
class Section:
    """One entry of the navigation. `roles` are those of the view's `organisers_only`."""

    endpoint: str
    label: Text
    roles: Roles = ()
    order: int = 50


@dataclass(frozen=True)
class Work:
    """One kind of work: how much of it waits, and the page where it is done."""

    label: Callable[[int], str]
    """What waits, in the words for so many: «Meldung» of 1, «Meldungen» of 2 and of none."""
    endpoint: str
    count: Callable[[Session, datetime], int]
    roles: Roles = ()
    values: Mapping[str, str] = field(default_factory=dict)
    """What stands in the link besides, a filter for example."""
    order: int = 50


@dataclass(frozen=True)
class Chart:
    """One row of bars on the start page. It counts; it names nobody."""

    name: str
    """Its file is `/redaktion/zahlen/<name>.csv`."""
    title: Text
    description: Text
    """What the numbers say and how they are counted, in a sentence."""
    heading: Text
    """What the labels of the bars are: «Woche ab»."""
    unit: Text
    """What is counted: «Unterschriften»."""
    bars: Callable[[Session, datetime], Sequence[Bar]]
    roles: Roles = ()


@dataclass(frozen=True)
class Finding:
    """Something that is amiss, and what to do about it."""

    text: str
    remedy: str
    blocks: bool = True
    """Whether the site should not go live before it is mended."""


@dataclass(frozen=True)
class Check:
    """One question of «Startklar?». Findings answer it with no; none, with yes."""

    question: Text
    look: Callable[[], Iterable[Finding]]


@dataclass(frozen=True)
class Detail:
    """What a detail of an entry in the log is called, and how its value reads."""

    word: Text
    say: Callable[[Any], object] = str


def _without_pages(_session: Session, _names: Sequence[str]) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Subject:
    """One kind of what entries in the log are about: `comment` of `comment 17`, and how people say it."""

    word: Text
    """«Kommentar»; the name follows, if there is one: «Kommentar 17»."""
    pages: Callable[[Session, Sequence[str]], Mapping[str, str]] = _without_pages
    """The addresses of those of the names that have a page; the name of what has none is empty."""
    details: Mapping[str, Detail] = field(default_factory=dict)


class Office:
    """Everything that was handed in, in the order in which it is shown."""

    def __init__(
        self,
        sections: Iterable[Section] = (),
        work: Iterable[Work] = (),
        charts: Iterable[Chart] = (),
        checks: Iterable[Check] = (),
        acts: Mapping[str, Text] | None = None,
        subjects: Mapping[str, Subject] | None = None,
    ) -> None:
        self.sections = tuple(sorted(sections, key=lambda section: section.order))
        self.work = tuple(sorted(work, key=lambda work: work.order))
        self.charts = tuple(charts)
        self.checks = tuple(checks)
        self.acts = dict(acts or {})
        """What the acts in the audit log are called."""
        self.subjects = dict(subjects or {})
        """What the entries in the audit log are about, by the first word of their subject."""

    def sections_of(self, organiser: Organiser) -> list[Section]:
        """The pages that the organiser may open."""
        return [section for section in self.sections if may_open(organiser, section.roles)]

    def work_of(self, organiser: Organiser) -> list[Work]:
        """The work that is the organiser's, or that she may look at."""
        return [work for work in self.work if may_open(organiser, work.roles)]

    def charts_of(self, organiser: Organiser) -> list[Chart]:
        """The charts that the organiser may see."""
        return [chart for chart in self.charts if may_open(organiser, chart.roles)]


def may_open(organiser: Organiser, roles: Roles) -> bool:
    """Whether the organiser may look at something that is there for `roles`."""
    return not roles or organiser.has_role(OWNER, AUDITOR, *roles)


def current_office() -> Office:
    """The office of the running application."""
    office: Office = current_app.extensions["office"]
    return office


def act_called(act: str) -> Text:
    """What an act in the log is called; one that no room knows stays as it was written."""
    return current_office().acts.get(act, act)


def word_of(words: Mapping[str, Text]) -> Callable[[str], Text]:
    """How a code reads, in `words`; one that is no longer among them stays as it was written."""
    return lambda code: words.get(code, code)


def yes_or_no(value: object) -> Text:
    """How 1 and 0 read."""
    return _l("ja") if value else _l("nein")
