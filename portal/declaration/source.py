"""The files that hold the declaration: `content/declaration/<number>/<language>.md`, one folder for each revision.

A file begins with its front matter and goes on in Markdown. What stands before the first thesis is the preamble:

    ---
    title: "Dortmund-Essener Erklärung"
    date: 2023-02-08
    label: original
    note: "Der Wortlaut, wie er auf der Fachtagung vereinbart wurde."
    origin: "Fachtagung am 8. Februar 2023 in Essen"
    ---

    Die Präambel.

    ## 1. Eine kurze Überschrift {#stabiler-name}

    Der Text der ersten These.

    ## Schluss

    Was nach der letzten These folgt.

`label` is `summary`, `original` or `revised`; `note` says what changed; `origin`, a thesis's heading and the closing
may be left out. The name in `{#…}` stays with its thesis for ever, in all languages and in all later revisions.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from portal.content import ContentError
from portal.declaration.models import LABELS
from portal.language import LANGUAGES
from portal.text.normalise import multi_line, single_line

CLOSING = {"de": "Schluss", "en": "Closing"}
"""The heading of what follows the last thesis."""
KEY = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
KEY_LENGTH = 48
LINE_LENGTH = 200
"""Of titles and headings, as the columns of the tables have it."""

_THESIS = re.compile(r"##\s+(\d{1,3})[.)]?(?:\s+(?P<heading>.*?))?\s*(?:\{#(?P<key>[^}]*)\})?\s*")
_FIELDS = ("title", "date", "label", "note", "origin")


@dataclass(frozen=True)
class ThesisSource:
    """One thesis in one language. Its number is its place among the theses."""

    key: str
    heading: str
    text: str


@dataclass(frozen=True)
class TextSource:
    """One revision in one language."""

    language: str
    title: str
    dated: date
    label: str
    note: str
    origin: str
    preamble: str
    theses: tuple[ThesisSource, ...]
    closing: str

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(thesis.key for thesis in self.theses)


@dataclass(frozen=True)
class RevisionSource:
    """One revision in all its languages, in the order of `portal.language.LANGUAGES`."""

    number: int
    texts: Mapping[str, TextSource]

    @cached_property
    def sha256(self) -> str:
        """SHA-256 (hex) of the canonical text: the files as `as_markdown` writes them, joined, in UTF-8."""
        canonical = "".join(as_markdown(text) for text in self.texts.values())
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def first(self) -> TextSource:
        """The text in the first language that there is."""
        return next(iter(self.texts.values()))


def numbers(root: Path) -> list[int]:
    """The numbers of the revisions below `root`, in order."""
    if not root.is_dir():
        return []
    return sorted(int(folder.name) for folder in root.iterdir() if re.fullmatch(r"[1-9][0-9]{0,8}", folder.name))


def read_revision(root: Path, number: int) -> RevisionSource:
    """The revision in the folder `root/<number>`. Raises ContentError."""
    found = {language: read_text(root, number, language) for language in LANGUAGES}
    texts = {language: text for language, text in found.items() if text is not None}
    if not texts:
        raise ContentError(
            f"{root / str(number)}: Der Ordner enthält keinen Text. Es fehlt mindestens die Datei de.md."
        )
    return RevisionSource(number, texts)


def read_all(root: Path) -> tuple[list[RevisionSource], list[str]]:
    """All revisions below `root` that can be read, and what is wrong with the others, one finding for each."""
    sources, findings = [], []
    for number in numbers(root):
        try:
            sources.append(read_revision(root, number))
        except ContentError as error:
            findings.append(str(error))
    return sources, findings


def read_text(root: Path, number: int, language: str) -> TextSource | None:
    """The revision in one language, or None if it has no such file. Raises ContentError."""
    path = root / str(number) / f"{language}.md"
    return parse(_read(path), language, str(path)) if path.exists() else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ContentError(
            f"{path}, Zeile {line}: Die Datei ist nicht in UTF-8. Bitte im Editor beim Speichern UTF-8 wählen."
        ) from error


def parse(content: str, language: str, name: str) -> TextSource:
    """The text in `content`, a file called `name`. Raises ContentError, which names file, line and remedy."""
    lines = content.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    fields, start = _front_matter(lines, name)
    preamble, theses, closing = _body(lines, start, name)
    if not theses:
        raise ContentError(
            f"{name}: Es fehlt die erste These. Sie beginnt mit einer Zeile wie: ## 1. Überschrift {{#name}}"
        )
    return TextSource(language, **fields, preamble=preamble, theses=tuple(theses), closing=closing)


def _front_matter(lines: list[str], name: str) -> tuple[dict[str, Any], int]:
    """The checked fields, and the index of the first line after them."""
    if lines[0].rstrip() != "---":
        raise ContentError(f"{name}, Zeile 1: Die Datei muss mit einer Zeile aus drei Strichen (---) beginnen.")
    end = next((index for index, line in enumerate(lines) if index and line.rstrip() == "---"), None)
    if end is None:
        raise ContentError(f"{name}: Nach den Angaben am Anfang fehlt die zweite Zeile aus drei Strichen (---).")
    try:
        values = yaml.safe_load("\n".join(lines[1:end])) or {}
    except ValueError as error:
        raise ContentError(f"{name}: Diesen Tag gibt es nicht. Bitte so schreiben: date: 2023-02-08") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ContentError(
            f"{name}, Zeile {mark.line + 2 if mark else 1}: Die Angabe ist nicht lesbar. Bitte so schreiben: "
            'title: "Der Titel" – in Anführungszeichen, wenn ein Doppelpunkt vorkommt.'
        ) from error
    if not isinstance(values, dict):
        raise ContentError(f'{name}, Zeile 2: Hier stehen Angaben wie: title: "Der Titel"')
    problems = _problems(values)
    for field, remedy in problems.items():
        line = next((index for index, line in enumerate(lines[:end]) if line.startswith(f"{field}:")), 0) + 1
        raise ContentError(f"{name}, Zeile {line}: {remedy}")
    return {
        "title": single_line(values["title"]),
        "dated": values["date"],
        "label": values["label"],
        "note": single_line(values["note"]),
        "origin": single_line(values.get("origin") or ""),
    }, end + 1


def _problems(values: Mapping[Any, Any]) -> dict[str, str]:
    """What is wrong with the front matter: field → remedy."""
    problems = {
        str(field): f"Die Angabe „{field}“ gibt es nicht. Möglich sind: {', '.join(_FIELDS)}."
        for field in values
        if field not in _FIELDS
    }
    title, note = values.get("title"), values.get("note")
    if not isinstance(title, str) or not 0 < len(single_line(title)) <= LINE_LENGTH:
        problems["title"] = f"title braucht einen Titel mit höchstens {LINE_LENGTH} Zeichen."
    if not isinstance(values.get("date"), date) or isinstance(values.get("date"), datetime):
        problems["date"] = "date braucht einen Tag in der Form 2023-02-08."
    if values.get("label") not in LABELS:
        problems["label"] = (
            "label ist summary (Zusammenfassung), original (vereinbarter Wortlaut) oder revised (überarbeitet)."
        )
    if not isinstance(note, str) or not single_line(note):
        problems["note"] = "note braucht einen Satz, der sagt, was sich geändert hat."
    if not isinstance(values.get("origin") or "", str):
        problems["origin"] = "origin ist ein Text, der sagt, woher der Wortlaut kommt."
    return problems


def _body(lines: list[str], start: int, name: str) -> tuple[str, list[ThesisSource], str]:
    preamble, closing = "", ""
    theses: list[ThesisSource] = []
    seen: dict[str, int] = {}
    closed = 0
    for number, heading, text in _sections(lines, start):
        where = f"{name}, Zeile {number}"
        if heading is None:
            preamble = text
        elif heading.startswith("# ") or heading == "#":
            raise ContentError(f"{where}: Der Titel steht oben unter title. Zwischenüberschriften beginnen mit ###.")
        elif closed:
            raise ContentError(f"{where}: Nach dem Schluss (Zeile {closed}) kann nichts mehr mit ## beginnen.")
        elif heading.removeprefix("##").strip().casefold() in {word.casefold() for word in CLOSING.values()}:
            closing, closed = text, number
        else:
            thesis = _thesis(heading, text, len(theses) + 1, where)
            if thesis.key in seen:
                raise ContentError(
                    f"{where}: Den Namen {{#{thesis.key}}} hat schon die These in Zeile {seen[thesis.key]}. "
                    "Jede These braucht einen eigenen."
                )
            seen[thesis.key] = number
            theses.append(thesis)
    return preamble, theses, closing


def _sections(lines: list[str], start: int) -> Iterator[tuple[int, str | None, str]]:
    """(line number, heading line, text below it); what stands before the first heading has none."""
    number, heading, text = start + 1, None, list[str]()
    for index, line in enumerate(lines[start:], start + 1):
        if re.match(r"#{1,2}(?!#)(\s|$)", line):
            yield number, heading, multi_line("\n".join(text))
            number, heading, text = index, single_line(line), []
        else:
            text.append(line)
    yield number, heading, multi_line("\n".join(text))


def _thesis(line: str, text: str, expected: int, where: str) -> ThesisSource:
    match = _THESIS.fullmatch(line)
    if match is None:
        raise ContentError(
            f"{where}: Mit ## beginnt nur eine These (## {expected}. Überschrift {{#name}}) oder der Schluss "
            f"(## {CLOSING['de']}, ## {CLOSING['en']}). Zwischenüberschriften beginnen mit ###."
        )
    if int(match[1]) != expected:
        raise ContentError(
            f"{where}: Hier muss These {expected} stehen, nicht {match[1]}. Bitte fortlaufend nummerieren."
        )
    if match["key"] is None:
        raise ContentError(
            f"{where}: These {expected} fehlt ihr bleibender Name. Am Ende der Zeile ergänzen: {{#name}}"
        )
    if not KEY.fullmatch(match["key"]) or len(match["key"]) > KEY_LENGTH:
        raise ContentError(
            f"{where}: Der Name {{#{match['key']}}} geht nicht: nur Buchstaben a–z, Ziffern und Striche, "
            f"am Anfang ein Buchstabe, höchstens {KEY_LENGTH} Zeichen."
        )
    heading = match["heading"] or ""
    if len(heading) > LINE_LENGTH:
        raise ContentError(
            f"{where}: Die Überschrift hat mehr als {LINE_LENGTH} Zeichen. Langer Text gehört unter die Überschrift."
        )
    if not text:
        raise ContentError(f"{where}: These {expected} hat keinen Text. Er beginnt in der Zeile unter der Überschrift.")
    return ThesisSource(match["key"], heading, text)


def as_markdown(text: TextSource) -> str:
    """The file that says this: the one canonical form, from which `parse` reads the same text again."""
    front_matter = "\n".join(
        (
            f"title: {json.dumps(text.title, ensure_ascii=False)}",
            f"date: {text.dated.isoformat()}",
            f"label: {text.label}",
            f"note: {json.dumps(text.note, ensure_ascii=False)}",
            f"origin: {json.dumps(text.origin, ensure_ascii=False)}",
        )
    )
    sections = [f"---\n{front_matter}\n---"]
    if text.preamble:
        sections.append(text.preamble)
    for number, thesis in enumerate(text.theses, 1):
        heading = " ".join(part for part in (f"## {number}.", thesis.heading, f"{{#{thesis.key}}}") if part)
        sections += [heading, thesis.text]
    if text.closing:
        sections += [f"## {CLOSING[text.language]}", text.closing]
    return "\n\n".join(sections) + "\n"
