"""From what stands in a form to an answer: which questions apply, what is missing, what is kept.

Nothing of it is stored on the way: what was answered on other pages travels in hidden fields of the same form.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from portal.survey.box import Sheet
from portal.survey.questionnaire import (
    AnyQuestion,
    Matrix,
    Multiple,
    Number,
    Page,
    Questionnaire,
    Scale,
    Single,
    Text,
)
from portal.text.normalise import multi_line

DIGITS = 12
"""No number of a questionnaire has more."""


def name_of(question: str, row: str = "") -> str:
    """What a field is called in the form."""
    return f"a.{question}.{row}" if row else f"a.{question}"


def fields_of(question: AnyQuestion) -> list[str]:
    """All fields of a question."""
    rows = [name_of(question.id, row.id) for row in question.rows] if isinstance(question, Matrix) else []
    return rows or [name_of(question.id)]


@dataclass(frozen=True)
class Answers:
    """What stands in a form, question by question."""

    questionnaire: Questionnaire
    form: MultiDict[str, str]

    def typed(self, question: str, row: str = "") -> str:
        """What was chosen or typed; empty if nothing."""
        return multi_line(self.form.get(name_of(question, row), "")).strip()

    def ticked(self, question: str) -> list[str]:
        """All that was ticked."""
        return self.form.getlist(name_of(question))

    @cached_property
    def asked(self) -> frozenset[str]:
        """The questions whose conditions hold."""
        asked = set()
        for question in self.questionnaire.questions:
            condition = question.show_if
            if condition is None or (
                condition.question in asked and self.typed(condition.question) in condition.values
            ):
                asked.add(question.id)
        return frozenset(asked)

    def questions(self, page: Page) -> list[AnyQuestion]:
        """What is asked on a page."""
        return [question for question in page.questions if question.id in self.asked]

    @cached_property
    def path(self) -> list[int]:
        """The pages on which anything is asked."""
        return [number for number, page in enumerate(self.questionnaire.pages) if self.questions(page)]

    def errors(self, page: Page) -> dict[str, str]:
        """What is to be mended on a page: field → remedy."""
        return {name: error for question in self.questions(page) for name, error in self._errors(question)}

    def _errors(self, question: AnyQuestion) -> Iterator[tuple[str, str]]:
        match question:
            case Matrix():
                yield from self._row_errors(question)
            case Multiple():
                yield from self._tick_errors(question)
            case _:
                yield from self._single_errors(question)

    def _row_errors(self, question: Matrix) -> Iterator[tuple[str, str]]:
        columns = {column.id for column in question.columns}
        for row in question.rows:
            typed = self.typed(question.id, row.id)
            if typed not in columns and (typed or question.required):
                yield name_of(question.id, row.id), _("Bitte wählen Sie in jeder Zeile eine Antwort.")
                return

    def _tick_errors(self, question: Multiple) -> Iterator[tuple[str, str]]:
        ticked = set(self.ticked(question.id))
        if ticked - {option.id for option in question.options}:
            yield name_of(question.id), _("Bitte wählen Sie nur Antworten, die zur Auswahl stehen.")
        elif question.required and not ticked:
            yield name_of(question.id), _("Bitte kreuzen Sie mindestens eine Antwort an.")

    def _single_errors(self, question: Single | Scale | Number | Text) -> Iterator[tuple[str, str]]:
        typed = self.typed(question.id)
        if not typed:
            if question.required:
                yield name_of(question.id), _required(question)
        elif error := _error(question, typed):
            yield name_of(question.id), error

    def sheet(self) -> Sheet:
        """What is kept of an answer without errors: nothing of questions that were not asked or not answered."""
        content: dict[str, Any] = {}
        texts: dict[str, str] = {}
        for question in self.questionnaire.questions:
            if question.id not in self.asked:
                continue
            value = self._value(question)
            if isinstance(question, Text):
                texts |= {question.id: value} if value else {}
            elif value not in (None, "", [], {}):
                content[question.id] = value
        return Sheet(content, texts)

    def _value(self, question: AnyQuestion) -> Any:
        match question:
            case Multiple():
                ticked = self.ticked(question.id)
                return [option.id for option in question.options if option.id in ticked]
            case Matrix():
                rows = {row.id: self.typed(question.id, row.id) for row in question.rows}
                return {row: column for row, column in rows.items() if column}
            case Number():
                return _number(self.typed(question.id))
            case _:
                return self.typed(question.id)

    def carried(self, but: Page | None) -> Iterator[tuple[str, str]]:
        """The hidden fields that carry what was answered on other pages, also what does not apply just now."""
        for page in self.questionnaire.pages:
            if page is not but:
                for question in page.questions:
                    yield from self._fields(question)

    def _fields(self, question: AnyQuestion) -> Iterator[tuple[str, str]]:
        if isinstance(question, Matrix):
            pairs = [(name_of(question.id, row.id), self.typed(question.id, row.id)) for row in question.rows]
        elif isinstance(question, Multiple):
            known = {option.id for option in question.options}
            pairs = [(name_of(question.id), one) for one in dict.fromkeys(self.ticked(question.id)) if one in known]
        else:
            pairs = [(name_of(question.id), self.typed(question.id))]
        yield from ((name, value) for name, value in pairs if value)


def said(question: AnyQuestion, answers: Answers, language: str) -> list[str]:
    """How an answer reads, for its respondent to check; empty if there is none."""
    match question:
        case Single():
            chosen = [answers.typed(question.id)]
            return [option.label.of(language) for option in question.options if option.id in chosen]
        case Multiple():
            ticked = answers.ticked(question.id)
            return [option.label.of(language) for option in question.options if option.id in ticked]
        case Matrix():
            labels = {column.id: column.label.of(language) for column in question.columns}
            rows = [(row, answers.typed(question.id, row.id)) for row in question.rows]
            return [f"{row.label.of(language)} – {labels[typed]}" for row, typed in rows if typed in labels]
        case Scale():
            typed = answers.typed(question.id)
            return [_("%(value)s von %(points)s", value=typed, points=question.points)] if typed else []
        case Number():
            typed = answers.typed(question.id)
            unit = f" {question.unit.of(language)}" if question.unit else ""
            return [f"{typed}{unit}"] if typed else []
    typed = answers.typed(question.id)
    return [typed] if typed else []


def _required(question: Single | Scale | Number | Text) -> str:
    if isinstance(question, Single | Scale):
        return str(_("Bitte wählen Sie eine Antwort."))
    return str(_("Bitte geben Sie eine Zahl an.") if isinstance(question, Number) else _("Bitte schreiben Sie etwas."))


def _error(question: Single | Scale | Number | Text, typed: str) -> str:
    """What is wrong with an answer, or nothing."""
    match question:
        case Single() | Scale():
            known = question.values if isinstance(question, Scale) else [option.id for option in question.options]
            return "" if typed in known else str(_("Bitte wählen Sie eine Antwort, die zur Auswahl steht."))
        case Number():
            number = _number(typed)
            if number is not None and question.minimum <= number <= question.maximum:
                return ""
            least, most = question.minimum, question.maximum
            return str(_("Bitte geben Sie eine ganze Zahl von %(least)s bis %(most)s an.", least=least, most=most))
    too_many = len(typed) - question.max_length
    if too_many <= 0:
        return ""
    return str(
        ngettext(
            "Der Text ist ein Zeichen zu lang. Bitte kürzen Sie ihn.",
            "Der Text ist %(num)s Zeichen zu lang. Bitte kürzen Sie ihn.",
            too_many,
        )
    )


def _number(typed: str) -> int | None:
    if len(typed) > DIGITS or not typed.removeprefix("-").isascii() or not typed.removeprefix("-").isdigit():
        return None
    return int(typed)
