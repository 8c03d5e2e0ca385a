"""Results: counts of what was answered, of which nothing is shown that would tell of fewer than ten."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.personal_data import Text as PlainText
from portal.survey.disclosure import LEAST, hidden_cells, is_small, shown_rows
from portal.survey.questionnaire import AnyQuestion, Matrix, Multiple, Number, Questionnaire, Scale, Single, Text

Contents = Sequence[Mapping[str, Any]]
"""What was answered, one mapping of questions to values for each respondent."""

NO = "-"
"""The cell of those who have not ticked an option."""
REST = "*"
"""The column of all that one table hides."""


@dataclass(frozen=True)
class Item:
    """What one table counts: a question, one row of a matrix, or one option that can be ticked."""

    question: str
    part: str
    """The row or the option; empty for a question that is one table."""
    values: tuple[str, ...]

    def value(self, content: Mapping[str, Any], classes: Sequence[tuple[int, int]] = ()) -> str | None:
        """In which cell an answer counts; None if the question has not been answered."""
        found = content.get(self.question)
        if found is None:
            return None
        if isinstance(found, list):
            return self.part if self.part in found else NO
        if isinstance(found, dict):
            return found.get(self.part)
        if classes:
            return next((str(low) for low, high in classes if low <= found <= high), None)
        return str(found)


@dataclass(frozen=True)
class Cell:
    """One number of a table; None where it is hidden."""

    value: str
    label: str
    count: int | None
    base: int | None
    """How many have answered; None if that would tell of too few."""

    @property
    def share(self) -> int | None:
        """Per cent of those who have answered, rounded."""
        return None if self.count is None or not self.base else round(100 * self.count / self.base)


@dataclass(frozen=True)
class Table:
    """One table: a question with one answer, one row of a matrix, or all options that can be ticked."""

    part: str
    label: str
    cells: tuple[Cell, ...]

    @property
    def base(self) -> int | None:
        """How many have answered; None if that would tell of too few."""
        return max((cell.base for cell in self.cells if cell.base is not None), default=None)

    @property
    def complete(self) -> bool:
        return all(cell.count is not None for cell in self.cells)


@dataclass(frozen=True)
class Result:
    """What is shown of one question."""

    question: AnyQuestion
    title: str
    base: int | None
    """How many have answered it; None if that would tell of too few."""
    tables: tuple[Table, ...] = field(default=())
    why_not: PlainText = ""
    """Why there are no numbers, if there are none."""

    @property
    def complete(self) -> bool:
        return all(table.complete for table in self.tables)


class Results:
    """The results of a survey in one language."""

    def __init__(
        self, questionnaire: Questionnaire, contents: Contents, texts: Mapping[str, int], language: str
    ) -> None:
        self.questionnaire = questionnaire
        self.language = language
        self.total = len(contents)
        self._contents = contents
        self._texts = texts
        self._crossed: dict[Item, dict[str, Counter[str]]] = {}

    @property
    def public(self) -> bool:
        """Whether enough have answered for anything to be shown."""
        return self.total >= LEAST

    def shown(self, value: str | None = None) -> list[Result]:
        """What is shown of each question, of all or of those who chose `value` in the question that filters."""
        if not self.public:
            return []
        return [self._result(question, value) for question in self.questionnaire.questions]

    @cached_property
    def filter_question(self) -> Single | None:
        """The question that results can be filtered by."""
        found = self.questionnaire.question(self.questionnaire.filter_by)
        return found if isinstance(found, Single) else None

    @cached_property
    def choices(self) -> dict[str, str]:
        """By what can be filtered: value → label. Groups that are hidden are not among them."""
        if self.filter_question is None or not self.public:
            return {}
        counts = self._counts(_items(self.filter_question)[0])
        hidden = hidden_cells(counts)
        options = self.filter_question.options
        return {
            option.id: option.label.of(self.language)
            for option in options
            if option.id not in hidden and counts[option.id]
        }

    def size(self, value: str | None) -> int:
        """How many the results are of."""
        if value is None or self.filter_question is None:
            return self.total
        return self._counts(_items(self.filter_question)[0])[value]

    # One question

    def _result(self, question: AnyQuestion, value: str | None) -> Result:
        title = question.title.of(self.language)
        if isinstance(question, Text):
            number = self._texts.get(question.id, 0)
            shown = None if value is not None or is_small(number) or question.show_if else number
            return Result(
                question, title, shown, why_not=_l("Freie Texte zeigen wir nicht: Sie könnten Menschen verraten.")
            )
        if not self._condition_is_public(question):
            return Result(
                question,
                title,
                None,
                why_not=_l(
                    "Diese Frage wurde nur einem Teil gestellt, und wie groß er ist, würde eine zu kleine Gruppe"
                    " verraten."
                ),
            )
        if value is not None and question is self.filter_question:
            return Result(question, title, self.size(value), why_not=_l("Nach dieser Frage ist gefiltert."))
        tables = tuple(self._tables(question, value))
        base = max((table.base for table in tables if table.base is not None), default=None)
        if not any(cell.count is not None for table in tables for cell in table.cells):
            return Result(
                question,
                title,
                base,
                why_not=_l("Die Zahlen sind verborgen: Sie ließen auf eine Gruppe von weniger als zehn schließen."),
            )
        return Result(question, title, base, tables)

    def _tables(self, question: AnyQuestion, value: str | None) -> Iterator[Table]:
        """The tables of a question; of a matrix one for each row, of ticks one for all."""
        items = _items(question)
        labels = _labels(question, self.language)
        cells = [self._cells(item, value, labels) for item in items]
        if isinstance(question, Multiple):
            ticked = tuple(found[0] for found in cells)
            yield Table("", "", ticked)
            return
        rows = {row.id: row.label.of(self.language) for row in question.rows} if isinstance(question, Matrix) else {}
        for item, found in zip(items, cells, strict=True):
            yield Table(item.part, rows.get(item.part, ""), tuple(found))

    def _cells(self, item: Item, value: str | None, labels: Mapping[str, str]) -> list[Cell]:
        counts = self._counts(item)
        hidden = hidden_cells(counts)
        if value is not None:
            rows = self._by_filter(item)
            counts = rows[value]
            if value not in self._open(item):
                hidden = frozenset(counts)
        answered = sum(counts.values())
        closed = is_small(answered) or (value is not None and hidden == frozenset(counts))
        base = None if closed else answered
        return [
            Cell(one, labels[one], None if one in hidden else counts[one], base) for one in item.values if one != NO
        ]

    # What may be shown

    def _condition_is_public(self, question: AnyQuestion) -> bool:
        """Whether how many were asked is known anyway: then everything about the question that decides is shown."""
        while question.show_if is not None:
            earlier = self.questionnaire.question(question.show_if.question)
            if earlier is None or hidden_cells(self._counts(_items(earlier)[0])):
                return False
            question = earlier
        return True

    def _open(self, item: Item) -> frozenset[str]:
        """The values of the filter of whose group this table is shown."""
        hidden = set(self._by_filter(item)) - set(self.choices)
        question = self.questionnaire.question(item.question)
        if question is not None and question.show_if is not None:
            # How many of a group were asked is a number of the question that decides.
            earlier = self.questionnaire.question(question.show_if.question)
            if earlier is not None:
                hidden |= set(self._by_filter(item)) - self._open(_items(earlier)[0])
        merged = hidden_cells(self._counts(item))
        table = {group: _merged(counts, merged) for group, counts in self._by_filter(item).items()}
        return shown_rows(table, hidden)

    # Counting

    def _counts(self, item: Item) -> Counter[str]:
        counts = Counter(dict.fromkeys(item.values, 0))
        for group in self._by_filter(item).values():
            counts.update(group)
        return counts

    @cached_property
    def _groups(self) -> dict[str, list[Mapping[str, Any]]]:
        """The answers for each value of the filter, and of those who have not answered it."""
        options = self.filter_question.options if self.filter_question else ()
        groups: dict[str, list[Mapping[str, Any]]] = {option.id: [] for option in options}
        groups[""] = []
        for content in self._contents:
            groups[str(content.get(self.questionnaire.filter_by or "", ""))].append(content)
        return groups

    def _by_filter(self, item: Item) -> dict[str, Counter[str]]:
        """The table of an item for each value of the filter, and for those who have not answered it."""
        if item not in self._crossed:
            classes = self._classes(item)
            self._crossed[item] = {group: _count(item, contents, classes) for group, contents in self._groups.items()}
        return self._crossed[item]

    def _classes(self, item: Item) -> Sequence[tuple[int, int]]:
        question = self.questionnaire.question(item.question)
        return question.ranges if isinstance(question, Number) else ()


def _count(item: Item, contents: Contents, classes: Sequence[tuple[int, int]]) -> Counter[str]:
    counts = Counter(dict.fromkeys(item.values, 0))
    counts.update(value for content in contents if (value := item.value(content, classes)) is not None)
    return counts


def _merged(counts: Mapping[str, int], hidden: Collection[str]) -> dict[str, int]:
    """The cells that one table hides, added up."""
    merged = {value: count for value, count in counts.items() if value not in hidden}
    return merged | ({REST: sum(counts[value] for value in hidden)} if hidden else {})


def _items(question: AnyQuestion) -> list[Item]:
    match question:
        case Single():
            return [Item(question.id, "", tuple(option.id for option in question.options))]
        case Scale():
            return [Item(question.id, "", question.values)]
        case Number():
            return [Item(question.id, "", tuple(str(low) for low, _high in question.ranges))]
        case Multiple():
            return [Item(question.id, option.id, (option.id, NO)) for option in question.options]
        case Matrix():
            columns = tuple(column.id for column in question.columns)
            return [Item(question.id, row.id, columns) for row in question.rows]
    return []


def _labels(question: AnyQuestion, language: str) -> dict[str, str]:
    match question:
        case Single() | Multiple():
            return {option.id: option.label.of(language) for option in question.options} | {NO: ""}
        case Matrix():
            return {column.id: column.label.of(language) for column in question.columns}
        case Scale():
            ends = {1: question.low, question.points: question.high}
            return {
                str(point): f"{point} – {ends[point].of(language)}" if point in ends else str(point)
                for point in range(1, question.points + 1)
            }
        case Number():
            unit = f" {question.unit.of(language)}" if question.unit else ""
            return {str(low): f"{low}{unit}" if low == high else f"{low}–{high}{unit}" for low, high in question.ranges}
    return {}
