"""Questionnaires as organisers write them: `content/surveys/<key>/survey.yaml`, one file with both languages.

`docs/handbuch.md`, chapter 10, shows what stands in it. What is wrong with one is said in German, by file, question
and remedy.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from portal.content import ContentError, mistakes, read_data, remedy
from portal.text.bilingual import Words

FILE = "survey.yaml"
KEY = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
KEY_LENGTH = 48
RESERVED = frozenset({"einladung", "invitation"})
"""What stands in addresses where the key of a survey would stand."""
TEXT_BUDGET = 20_000
"""Characters of free text in one questionnaire: they travel from page to page, at most twelve bytes each, in a form of
256 KiB."""

FROZEN = "frozen"

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=KEY_LENGTH)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, hide_input_in_errors=True)


class Option(_Part):
    """One answer that can be chosen, or one row or column of a matrix."""

    id: Identifier
    label: Words


class Condition(_Part):
    """That a question on an earlier page was answered in one of some ways: without a script, what depends on an answer
    can only follow on the next page."""

    question: str
    values: Annotated[tuple[str, ...], Field(alias="is", min_length=1)]


class _Question(_Part):
    id: Identifier
    title: Words
    hint: Words | None = None
    required: bool = False
    show_if: Condition | None = None


Options = Annotated[tuple[Option, ...], Field(min_length=2, max_length=40)]


class Single(_Question):
    """One of several answers."""

    type: Literal["single"]
    options: Options


class Multiple(_Question):
    """Any number of several answers; none is no answer."""

    type: Literal["multiple"]
    options: Options


class Scale(_Question):
    """A number of points between two ends that have words."""

    type: Literal["scale"]
    points: Annotated[int, Field(ge=2, le=11)]
    low: Words
    high: Words

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(str(point) for point in range(1, self.points + 1))


class Matrix(_Question):
    """Several rows that are answered alike."""

    type: Literal["matrix"]
    rows: Annotated[tuple[Option, ...], Field(min_length=1, max_length=30)]
    columns: Annotated[tuple[Option, ...], Field(min_length=2, max_length=11)]


class Number(_Question):
    """A whole number. Results show it in classes, because a single number can be somebody's own."""

    type: Literal["number"]
    minimum: Annotated[int, Field(alias="min", ge=-1_000_000, le=1_000_000)]
    maximum: Annotated[int, Field(alias="max", ge=-1_000_000, le=1_000_000)]
    unit: Words | None = None
    classes: Annotated[tuple[int, ...], Field(min_length=2, max_length=20)]
    """Where each class begins, rising; the first begins at `min`, the last ends at `max`."""

    @model_validator(mode="after")
    def _classes_cover_the_range(self) -> Self:
        if self.minimum >= self.maximum:
            raise ValueError("min muss kleiner sein als max.")
        if self.classes[0] != self.minimum or self.classes[-1] > self.maximum:
            raise ValueError("classes beginnt mit dem Wert von min und bleibt bis zum Ende unter max.")
        if list(self.classes) != sorted(set(self.classes)):
            raise ValueError("classes nennt steigende Zahlen, jede einmal.")
        return self

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """The first and the last number of each class."""
        return list(zip(self.classes, [*(start - 1 for start in self.classes[1:]), self.maximum], strict=True))


class Text(_Question):
    """Free text. It is kept apart from the other answers, and never shown in public."""

    type: Literal["text"]
    max_length: Annotated[int, Field(ge=1, le=5000)]
    lines: Annotated[int, Field(ge=1, le=20)] = 4


AnyQuestion: TypeAlias = Single | Multiple | Scale | Matrix | Number | Text
Question = Annotated[AnyQuestion, Field(discriminator="type")]


class Page(_Part):
    """What is asked at once."""

    title: Words | None = None
    intro: Words | None = None
    questions: Annotated[tuple[Question, ...], Field(min_length=1, max_length=30)]


class _About(_Part):
    title: Words
    intro: Words
    licence: Literal["CC BY 4.0"] | None = None
    """Under which the result tables may be used; where there is none, the pages say that it is not decided."""


class Questionnaire(_About):
    """A survey that this portal carries out."""

    kind: Literal["survey"]
    sample: bool = False
    """Whether its answers are made up: then every page of it says «Beispieldaten»."""
    minutes: Annotated[int, Field(ge=1, le=120)]
    asked: Words
    """Who is asked, and how they were reached: for the method box."""
    method: Words
    data_protection: Words
    access: Literal["open", "invitation"]
    opens: date
    closes: date | None = None
    """The last day, Europe/Berlin; without one it runs until an editor closes it."""
    results: Literal["after_closing", "at_once"] = "after_closing"
    filter_by: str | None = None
    """The one single-choice question by which results can be filtered."""
    pages: Annotated[tuple[Page, ...], Field(min_length=1, max_length=40)]

    @cached_property
    def questions(self) -> tuple["Question", ...]:
        return tuple(question for page in self.pages for question in page.questions)

    def question(self, key: str | None) -> "Question | None":
        return next((question for question in self.questions if question.id == key), None)

    @model_validator(mode="after")
    def _is_consistent(self, info: ValidationInfo) -> Self:
        # What was frozen under older rules goes on under them.
        for problem in () if info.context == FROZEN else _problems(self):
            raise ValueError(problem)
        return self

    @property
    def canonical(self) -> str:
        """The one way to write it down as JSON; its SHA-256 says which questionnaire was answered."""
        content = self.model_dump(mode="json", by_alias=True)
        return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.canonical.encode()).hexdigest()


class Fact(_Part):
    """One thing known of a survey that was carried out elsewhere. None is a gap that the page shows."""

    label: Words
    text: Words | None


class External(_About):
    """A survey that was carried out elsewhere, with what is known of it."""

    kind: Literal["external"]
    closed: date
    respondents: Annotated[int, Field(ge=1)]
    facts: Annotated[tuple[Fact, ...], Field(min_length=1)]
    topics: Annotated[tuple[Words, ...], Field(min_length=1)]


Survey = Annotated[Questionnaire | External, Field(discriminator="kind")]
_SURVEY: TypeAdapter[Questionnaire | External] = TypeAdapter(Survey)


def _problems(questionnaire: Questionnaire) -> Iterator[str]:
    yield from _repeated("Die Kennung", [question.id for question in questionnaire.questions])
    seen: dict[str, Any] = {}
    for page in questionnaire.pages:
        for question in page.questions:
            yield from _choices_problems(question)
            if question.show_if is not None:
                yield from _condition_problems(question.id, question.show_if, seen)
        seen |= {question.id: question for question in page.questions}
    if questionnaire.closes is not None and questionnaire.closes < questionnaire.opens:
        yield "closes liegt vor opens. Bitte die beiden Tage prüfen."
    if questionnaire.filter_by is not None:
        by = questionnaire.question(questionnaire.filter_by)
        if not isinstance(by, Single) or by.show_if is not None:
            yield (
                f"filter_by nennt „{questionnaire.filter_by}“. Gefiltert wird nur nach einer Frage vom Typ single, die"
                " allen gestellt wird; bitte deren Kennung eintragen oder filter_by weglassen."
            )
    texts = sum(question.max_length for question in questionnaire.questions if isinstance(question, Text))
    if texts > TEXT_BUDGET:
        yield (
            f"Alle Freitexte zusammen dürfen {TEXT_BUDGET} Zeichen haben, hier sind es {texts}. Bitte max_length"
            " verkleinern."
        )


def _choices_problems(question: Any) -> Iterator[str]:
    for name in ("options", "rows", "columns"):
        ids = [option.id for option in getattr(question, name, ())]
        yield from _repeated(f"Frage „{question.id}“: In {name} die Kennung", ids)


def _condition_problems(key: str, condition: Condition, seen: Mapping[str, Any]) -> Iterator[str]:
    where = f"Frage „{key}“, show_if"
    earlier = seen.get(condition.question)
    if earlier is None:
        yield (
            f"{where}: Eine Frage „{condition.question}“ gibt es auf den Seiten davor nicht. Eine Bedingung zeigt auf"
            " eine frühere Seite."
        )
    elif not isinstance(earlier, Single):
        yield f"{where}: „{condition.question}“ ist vom Typ {earlier.type}; eine Bedingung braucht eine vom Typ single."
    else:
        unknown = set(condition.values) - {option.id for option in earlier.options}
        if unknown:
            named = ", ".join(sorted(unknown))
            yield f"{where}: „{condition.question}“ hat keine Antwort {named}. Bitte bei is die Kennung prüfen."


def _repeated(what: str, ids: Sequence[str]) -> Iterator[str]:
    for key, number in Counter(ids).items():
        if number > 1:
            yield f"{what} „{key}“ kommt {number}-mal vor. Jede darf nur einmal vorkommen."


def keys(root: Path) -> list[str]:
    """The names of the folders below `root` that hold a survey, in order."""
    return sorted(file.parent.name for file in root.glob(f"*/{FILE}"))


def read(root: Path, key: str) -> Questionnaire | External:
    """The survey in `root/<key>/survey.yaml`. Raises ContentError."""
    path = root / key / FILE
    try:
        changed = path.stat().st_mtime_ns
    except OSError as error:
        raise ContentError(
            f"{path}: Die Datei fehlt. Sie gehört in einen Ordner mit der Kennung der Umfrage."
        ) from error
    return _read(path, changed)


@cache
def _read(path: Path, _changed: int) -> Questionnaire | External:
    """Public pages ask for it at each request: it is read again only when the file has changed."""
    key = path.parent.name
    if not KEY.fullmatch(key) or len(key) > KEY_LENGTH or key in RESERVED:
        raise ContentError(
            f"{path}: „{key}“ geht nicht als Kennung: nur a–z, Ziffern und Striche, am Anfang ein Buchstabe, höchstens"
            f" {KEY_LENGTH} Zeichen. Bitte den Ordner umbenennen."
        )
    return parse(read_data(path), str(path))


def parse(data: Any, name: str) -> Questionnaire | External:
    """The checked survey in `data`, from a file called `name`. Raises ContentError with all that is wrong."""
    if not isinstance(data, dict):
        raise ContentError(f"{name}: Hier stehen Angaben wie: kind: survey. Vorlage: content/surveys/beispiel/{FILE}")
    try:
        return _SURVEY.validate_python(data)
    except ValidationError as error:
        problems = [f"{_place(data, one['loc'])}{remedy(one)}" for one in mistakes(error)]
        raise ContentError("\n".join(f"{name}: {problem}" for problem in problems)) from error


def thawed(canonical: str) -> Questionnaire:
    """The questionnaire that was frozen as `canonical`."""
    return Questionnaire.model_validate_json(canonical, context=FROZEN)


def _place(data: Any, loc: Sequence[int | str]) -> str:
    """Where in the file it is, as people would say it: «Seite 2, Frage „alter“, title.en: »."""
    parts, field = [], list[str]()
    for step in loc:
        if isinstance(step, int):
            data = data[step] if isinstance(data, list) and step < len(data) else None
            kind = {"pages": "Seite", "questions": "Frage"}.get(field[-1] if field else "")
            name = data.get("id") if isinstance(data, dict) else None
            called = f"„{name}“" if isinstance(name, str) else str(step + 1)
            if kind:
                field.pop()
                parts.append(f"{kind} {called}")
            else:
                field.append(called)
        elif isinstance(data, dict) and step in data:
            data = data[step]
            field.append(step)
        elif step not in _TAGS:
            field.append(step)
    words = ", ".join([*parts, *([".".join(field)] if field else [])])
    return f"{words}: " if words else ""


_TAGS = {"survey", "external", "single", "multiple", "scale", "matrix", "number", "text"}
"""What pydantic puts into the place of an error besides the names that stand in the file."""
