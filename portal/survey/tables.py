"""Result tables of a survey that was carried out elsewhere: two CSV files, checked before they are taken over.

`tables.csv` has the columns question, answer, count. `codebook.csv` has the columns kind, id, question, de, en, n:

    kind      id        question  de                         en                      n
    question  equipment           Wie sind Sie ausgestattet? How are you equipped?   1200
    answer    good      equipment gut                        well

A question to which several answers could be given has the kind `multiple`.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from portal.content import ContentError
from portal.survey.disclosure import is_small
from portal.text.normalise import single_line

TABLES, CODEBOOK = "tables.csv", "codebook.csv"
TABLES_HEADER = ("question", "answer", "count")
CODEBOOK_HEADER = ("kind", "id", "question", "de", "en", "n")
LARGEST_FILE = 1_000_000
LARGEST_COUNT = 10_000_000
SINGLE, MULTIPLE, ANSWER = "question", "multiple", "answer"
QUESTIONS = {SINGLE, MULTIPLE}
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")


@dataclass(frozen=True)
class ForeignAnswer:
    """One answer and how many gave it."""

    id: str
    words: Mapping[str, str]
    count: int


@dataclass(frozen=True)
class ForeignTable:
    """One question with its answers."""

    id: str
    words: Mapping[str, str]
    multiple: bool
    """Whether several answers could be given."""
    base: int
    """How many have answered it."""
    answers: tuple[ForeignAnswer, ...]


def read(folder: Path) -> tuple[ForeignTable, ...]:
    """The tables that were taken over into a survey's folder; none if there are none. Raises ContentError."""
    tables, codebook = folder / TABLES, folder / CODEBOOK
    if not tables.exists():
        return ()
    if not codebook.exists():
        raise ContentError(f"{codebook}: Die Datei fehlt. Bitte beide Dateien mit `survey import` einlesen.")
    return _read(tables, codebook, tables.stat().st_mtime_ns, codebook.stat().st_mtime_ns)


@cache
def _read(tables: Path, codebook: Path, *_changed: int) -> tuple[ForeignTable, ...]:
    return understood(tables, codebook)


def understood(tables: Path, codebook: Path) -> tuple[ForeignTable, ...]:
    """What stands in two files, in the order of the codebook. Raises ContentError with all that is wrong.

    First with all that is wrong in the codebook, then in the tables: what only follows from it would be misleading.
    """
    problems: list[str] = []
    words = list(_rows(codebook, CODEBOOK_HEADER))
    counts = list(_rows(tables, TABLES_HEADER))
    questions = _questions(codebook, words, problems)
    _refuse(problems)
    labels = _labels(codebook, words, questions, problems)
    _refuse(problems)
    found: dict[str, dict[str, int]] = {question: {} for question in questions}
    for line, row in counts:
        problem = _counted(row, labels, found)
        if problem:
            problems.append(f"{tables}, Zeile {line}: {problem}")
    _refuse(problems)
    for question in questions.values():
        problems += [f"{tables}: {problem}" for problem in _incomplete(question, labels, found[question.id])]
    _refuse(problems)
    return tuple(
        replace(question, answers=tuple(_answers(question.id, labels, found[question.id])))
        for question in questions.values()
    )


def _refuse(problems: Sequence[str]) -> None:
    if problems:
        raise ContentError("\n".join(problems))


def _answers(
    question: str, labels: Mapping[tuple[str, str], Mapping[str, str]], counts: Mapping[str, int]
) -> Iterator[ForeignAnswer]:
    for (of, answer), words in labels.items():
        if of == question:
            yield ForeignAnswer(answer, words, counts[answer])


def _questions(path: Path, rows: Sequence[tuple[int, dict[str, str]]], problems: list[str]) -> dict[str, ForeignTable]:
    """The questions by their id, without their answers."""
    questions: dict[str, ForeignTable] = {}
    for line, row in rows:
        where = f"{path}, Zeile {line}"
        if row["kind"] not in {*QUESTIONS, ANSWER}:
            problems.append(f"{where}: kind ist question, multiple oder answer, nicht „{row['kind']}“.")
        elif not _ID.fullmatch(row["id"]):
            problems.append(f"{where}: id besteht aus a–z, Ziffern, Strichen; hier steht „{row['id']}“.")
        elif not row["de"] or not row["en"]:
            problems.append(f"{where}: Es fehlt der Wortlaut in de oder en.")
        elif row["kind"] in QUESTIONS:
            base = _number(row["n"])
            if base is None:
                problems.append(f"{where}: n sagt, wie viele geantwortet haben, als ganze Zahl.")
            elif is_small(base):
                problems.append(f"{where}: n ist {base}: Gruppen unter zehn veröffentlichen wir nicht.")
            elif row["id"] in questions:
                problems.append(f"{where}: Die Frage „{row['id']}“ gibt es schon.")
            else:
                words = {"de": row["de"], "en": row["en"]}
                questions[row["id"]] = ForeignTable(row["id"], words, row["kind"] == MULTIPLE, base, ())
    if not questions and not problems:
        problems.append(f"{path}: Es fehlt eine Zeile mit kind question oder multiple.")
    return questions


def _labels(
    path: Path, rows: Sequence[tuple[int, dict[str, str]]], questions: Mapping[str, object], problems: list[str]
) -> dict[tuple[str, str], Mapping[str, str]]:
    labels: dict[tuple[str, str], Mapping[str, str]] = {}
    for line, row in rows:
        if row["kind"] != ANSWER:
            continue
        key = (row["question"], row["id"])
        if row["question"] not in questions:
            problems.append(f"{path}, Zeile {line}: Eine Frage „{row['question']}“ gibt es im Codebuch nicht.")
        elif key in labels:
            problems.append(f"{path}, Zeile {line}: Die Antwort „{row['id']}“ gibt es zu dieser Frage schon.")
        else:
            labels[key] = {"de": row["de"], "en": row["en"]}
    return labels


def _counted(
    row: Mapping[str, str], labels: Mapping[tuple[str, str], object], found: dict[str, dict[str, int]]
) -> str | None:
    """Note a count, or say what is wrong with it."""
    question, answer, count = row["question"], row["answer"], _number(row["count"])
    if (question, answer) not in labels:
        return f"Das Codebuch kennt keine Antwort „{answer}“ auf „{question}“."
    if count is None:
        return f"count ist eine ganze Zahl ohne Punkte und Prozent, nicht „{row['count']}“."
    if is_small(count):
        return (
            f"„{answer}“ zählt {count}: Gruppen unter zehn veröffentlichen wir nicht. Bitte Antworten zusammenfassen."
        )
    if answer in found[question]:
        return f"„{answer}“ auf „{question}“ ist schon gezählt."
    found[question][answer] = count
    return None


def _incomplete(
    question: ForeignTable, labels: Mapping[tuple[str, str], object], counts: Mapping[str, int]
) -> Iterator[str]:
    """What is missing, and from which numbers a group of fewer than ten could be worked out."""
    missing = [answer for of, answer in labels if of == question.id and answer not in counts]
    for answer in missing:
        yield f"Zu „{question.id}“ fehlt die Zahl der Antwort „{answer}“."
    if not question.multiple:
        total = sum(counts.values())
        if total != question.base and not missing:
            yield (
                f"Zu „{question.id}“ ergeben die Antworten zusammen {total}, n ist {question.base}. n zählt alle, die"
                " diese Frage beantwortet haben. Waren mehrere Antworten möglich, gehört kind multiple ins Codebuch."
            )
        return
    for answer, count in counts.items():
        if count > question.base:
            yield f"Zu „{question.id}“ zählt „{answer}“ mehr als n ({question.base}) im Codebuch."
        elif is_small(question.base - count):
            yield (
                f"Zu „{question.id}“ haben nur {question.base - count} die Antwort „{answer}“ nicht gegeben: Gruppen"
                " unter zehn veröffentlichen wir nicht, auch keine errechneten. Bitte diese Antwort weglassen."
            )


def _number(text: str) -> int | None:
    if not text.isascii() or not text.isdigit() or len(text) > len(str(LARGEST_COUNT)):
        return None
    return int(text) if int(text) <= LARGEST_COUNT else None


def _rows(path: Path, header: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file with their line numbers; comma or semicolon, as spreadsheets write it."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ContentError(f"{path}: Die Datei ist größer als 1 MB. Hierher gehören Tabellen, keine Rohdaten.")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ContentError(f"{path}: Die Datei lässt sich nicht lesen. Bitte Namen und Rechte prüfen.") from error
    except UnicodeDecodeError as error:
        raise ContentError(f"{path}: Die Datei ist nicht in UTF-8. Bitte beim Speichern „CSV UTF-8“ wählen.") from error
    first = text.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if ";" in first else ",", restval="")
    if reader.fieldnames is None or [name.strip() for name in reader.fieldnames] != list(header):
        raise ContentError(f"{path}, Zeile 1: Die Spalten heißen {', '.join(header)}, in dieser Reihenfolge.")
    reader.fieldnames = list(header)
    try:
        for row in reader:
            if None in row:
                raise ContentError(
                    f"{path}, Zeile {reader.line_num}: Hier stehen mehr Werte als Spalten. Ein Text mit"
                    " Komma oder Semikolon braucht Anführungszeichen."
                )
            if any(row.values()):
                yield reader.line_num, {name: single_line(value) for name, value in row.items()}
    except csv.Error as error:
        raise ContentError(f"{path}, Zeile {reader.line_num}: Das ist keine lesbare CSV-Datei.") from error
