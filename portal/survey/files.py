"""The results as files for everybody: a CSV, its codebook, and the SHA-256 of both. Its numbers are the page's."""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from typing import Any

from portal.survey.disclosure import LEAST
from portal.survey.models import OpenedSurvey
from portal.survey.questionnaire import External, Matrix, Multiple, Number, Single
from portal.survey.results import Result, Results
from portal.survey.tables import ForeignTable

CSV = "text/csv; charset=utf-8"
HEADER = ("filter", "question", "part", "answer", "count", "n")
LICENCES = {"CC BY 4.0": "https://creativecommons.org/licenses/by/4.0/"}


def results_csv(results: Results) -> bytes:
    """All that the page shows, of everybody and of each group (RFC 4180, UTF-8). What is hidden has no count."""
    rows = [row for value in (None, *results.choices) for row in _rows(results.shown(value), value)]
    return _written(HEADER, rows)


def _rows(shown: list[Result], value: str | None) -> Iterator[tuple[Any, ...]]:
    for result in shown:
        for table in result.tables:
            for cell in table.cells:
                yield value or "", result.question.id, table.part, cell.value, cell.count, cell.base


def foreign_csv(tables: tuple[ForeignTable, ...]) -> bytes:
    """The same for a survey that was carried out elsewhere."""
    rows = (("", one.id, "", answer.id, answer.count, one.base) for one in tables for answer in one.answers)
    return _written(HEADER, list(rows))


def codebook(survey: OpenedSurvey, answered: int) -> bytes:
    """What the columns and codes of the CSV mean, in both languages, and how the numbers came about (JSON)."""
    questionnaire = survey.questionnaire
    content = {
        "survey": survey.key,
        "title": questionnaire.title.model_dump(),
        "sample_data": questionnaire.sample,
        "licence": _licence(questionnaire.licence),
        "questionnaire_sha256": survey.sha256,
        "opens": survey.first_day.isoformat(),
        "closes": survey.last_day and survey.last_day.isoformat(),
        "access": questionnaire.access,
        "invited": survey.invited if questionnaire.access == "invitation" else None,
        "answers": answered,
        "self_selected": True,
        "suppression": f"Groups of fewer than {LEAST} are not shown; an empty count is hidden.",
        "filter_by": questionnaire.filter_by,
        "columns": COLUMNS,
        "questions": [_described(question) for question in questionnaire.questions],
    }
    return _json(content)


COLUMNS = {
    "filter": "the answer to the filter question; empty: all",
    "question": "id of the question",
    "part": "row of a matrix; empty otherwise",
    "answer": "id of the answer; of a scale the point; of a number where its class begins",
    "count": "how many; empty: hidden",
    "n": "how many have answered; empty: hidden",
}


def foreign_codebook(key: str, survey: External, tables: tuple[ForeignTable, ...]) -> bytes:
    """The same for a survey that was carried out elsewhere."""
    content = {
        "survey": key,
        "title": survey.title.model_dump(),
        "licence": _licence(survey.licence),
        "closed": survey.closed.isoformat(),
        "answers": survey.respondents,
        "columns": COLUMNS,
        "questions": [
            {
                "id": one.id,
                "type": "multiple" if one.multiple else "single",
                "title": one.words,
                "n": one.base,
                "answers": [{"id": answer.id, "label": answer.words} for answer in one.answers],
            }
            for one in tables
        ],
    }
    return _json(content)


def sums(files: dict[str, bytes]) -> str:
    """The SHA-256 of each file, as `sha256sum --check` reads it."""
    return "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items())


def _licence(name: str | None) -> dict[str, str] | None:
    return {"name": name, "url": LICENCES[name]} if name else None


def _described(question: Any) -> dict[str, Any]:
    described: dict[str, Any] = {"id": question.id, "type": question.type, "title": question.title.model_dump()}
    if question.show_if is not None:
        described["asked_if"] = question.show_if.model_dump(mode="json", by_alias=True)
    if isinstance(question, Single | Multiple):
        described["answers"] = _options(question.options)
    elif isinstance(question, Matrix):
        described |= {"parts": _options(question.rows), "answers": _options(question.columns)}
    elif isinstance(question, Number):
        described["classes"] = [{"from": low, "to": high} for low, high in question.ranges]
    elif question.type == "scale":
        described |= {"points": question.points, "low": question.low.model_dump(), "high": question.high.model_dump()}
    return described


def _options(options: Any) -> list[dict[str, Any]]:
    return [{"id": option.id, "label": option.label.model_dump()} for option in options]


def _json(content: Any) -> bytes:
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def _written(header: tuple[str, ...], rows: list[tuple[Any, ...]]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(header)
    # Numbers, and ids that begin with a letter or a digit: nothing that a spreadsheet would take for a formula.
    writer.writerows(rows)
    return buffer.getvalue().encode("utf-8-sig")
