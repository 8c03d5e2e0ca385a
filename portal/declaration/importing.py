"""What an organiser's document says: Markdown, plain text or .docx with numbered theses, read as a declaration.

A document is first taken apart into blocks: paragraphs, list items and headings, as Markdown, with the number that the
writer or Word's automatic numbering gave them. Then the theses are found by their numbers: 1, 2, 3 and so on, all
written in the same way.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from portal.content import ContentError
from portal.declaration.source import CLOSING, KEY_LENGTH, LINE_LENGTH, RevisionSource, ThesisSource
from portal.text.difference import similarity
from portal.text.markdown import plain_text
from portal.text.normalise import multi_line, single_line

RECOGNISED = 0.6
"""From this similarity on, a thesis is taken for one of the previous revision."""
HEADING_LENGTH = 100
WRAPPED_LENGTH = 120
"""No longer line is taken for one that was wrapped."""
TELLING_LENGTH = 4
"""Words from this length on may name a thesis; shorter ones mostly hold a sentence together."""

_MARK = re.compile(
    r"(?P<open>(?:\*\*|__)?)"
    r"(?:(?P<word>These|Feststellung|Punkt|Thesis|Finding)\s+)?(?P<number>\d{1,3})"
    r"(?P<separator>\s*[.):–-]|(?=\s*(?:\*\*|__)?$))"
    r"(?P<rest>(?:\s.*|\*\*.*|__.*)?)",
    re.IGNORECASE,
)
_SPECIAL = re.compile(r"[\\`*_\[\]]")
_BEGINS_SPECIALLY = re.compile(r"^(\d*)([.](?=\s)|[#>+-])")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_LIST_ITEM = re.compile(r"\s*(?:[-*+•–·]|\d{1,3}[.)])\s+")
_KNOWN_KEY = re.compile(r"\s*\{#([a-z0-9-]+)\}\s*$")
_CLOSING_WORDS = {word.casefold() for word in CLOSING.values()} | {"schlussbemerkung", "schlusswort", "ausblick"}
_PREAMBLE_WORDS = {"präambel", "preamble"}


@dataclass(frozen=True)
class Block:
    """One paragraph, list item or heading, as Markdown."""

    text: str
    heading: bool = False
    mark: tuple[str, ...] | None = None
    """How a possible thesis number is written; blocks with equal marks belong to one numbering."""
    number: int | None = None
    key: str | None = None
    list_item: bool = False


@dataclass(frozen=True)
class Document:
    """What was read from a file, and what was left out of it."""

    blocks: tuple[Block, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Understood:
    """What the document was understood to say. The theses have no ids yet, unless the document names them."""

    title: str
    preamble: str
    theses: tuple[ThesisSource, ...]
    closing: str
    warnings: tuple[str, ...] = field(default=())


def read_document(path: Path) -> Document:
    """The blocks of an organiser's file. Raises ContentError for what cannot be read."""
    kind = path.suffix.lower()
    if kind == ".docx":
        # python-docx takes long to load, and only this command needs it.
        from portal.declaration.word import read_word  # noqa: PLC0415

        return read_word(path)
    if kind not in {".md", ".markdown", ".txt"}:
        raise ContentError(f"{path}: Dieses Format kann ich nicht lesen. Bitte als .docx, .txt oder .md speichern.")
    content = path.read_bytes()
    warnings: tuple[str, ...] = ()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
        warnings = ("Die Datei ist nicht in UTF-8. Ich habe sie als Windows-Text gelesen; bitte die Umlaute prüfen.",)
    text = multi_line(text)
    if kind == ".txt":
        return Document(tuple(_plain_blocks(text)), warnings)
    if text.startswith("---\n"):
        raise ContentError(
            f"{path}: Die Datei hat schon das Format des Portals. Bitte als de.md oder en.md in einen Ordner mit der "
            "nächsten Nummer unter content/declaration/ legen."
        )
    return Document(tuple(_markdown_blocks(text)), warnings)


def _markdown_blocks(text: str) -> Iterator[Block]:
    lines: list[str] = []
    for line in [*text.split("\n"), ""]:
        heading = re.fullmatch(r"#{1,6}\s+(.*?)\s*#*", line)
        begins = heading or not line.strip() or (_MARK.match(line) and numbered(line) is not None)
        if begins and lines:
            yield block("\n".join(lines))
            lines = []
        if heading:
            yield block(heading[1], heading=True)
        elif line.strip():
            lines.append(line)


def _plain_blocks(text: str) -> Iterator[Block]:
    """Paragraphs of plain text, where either each line is a paragraph or lines are wrapped at some width.

    In wrapped text, a line much shorter than the others ends a paragraph.
    """
    lines = text.split("\n")
    width = max(map(len, lines))
    full = 0 if width > WRAPPED_LENGTH else width * 2 // 3
    paragraph: list[str] = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.strip():
            paragraph.append(line.strip())
        begins = not following.strip() or numbered(following.strip()) or _LIST_ITEM.match(following)
        if paragraph and (begins or not full or len(line) < full):
            yield plain_block("\n".join(paragraph))
            paragraph = []


def plain_block(text: str, *, heading: bool = False, number: int | None = None, mark: str = "") -> Block:
    """A block of text without markup; what would be markup in Markdown is escaped."""
    if number is not None:
        return Block(escaped(text), heading, ("automatic", mark), number)
    found = numbered(text)
    if found is not None:
        return replace(found, text=escaped(found.text), heading=heading)
    item = _LIST_ITEM.match(text)
    if item and not heading:
        return Block(f"- {escaped(text[item.end() :])}", list_item=True)
    return Block(escaped(text), heading)


def block(text: str, *, heading: bool = False) -> Block:
    """A block of Markdown."""
    found = numbered(text)
    if found is not None:
        return replace(found, heading=heading, mark=(*(found.mark or ()), "heading" if heading else ""))
    return Block(text, heading, list_item=bool(_LIST_ITEM.match(text)))


def numbered(text: str) -> Block | None:
    """The block that begins with a thesis's number, without it; None if there is no number."""
    first, _, others = text.partition("\n")
    match = _MARK.fullmatch(first)
    if match is None or (match["word"] is None and not match["separator"]):
        return None
    rest = match["rest"].strip()
    key = _KNOWN_KEY.search(rest)
    if key:
        rest = rest[: key.start()]
    if match["open"]:
        # "**1.** Text" closes at once; "**1. Text**" closes at the end, and the emphasis only was the heading's.
        rest = rest.replace(match["open"], "", 1).strip()
    mark = (match["word"].casefold(),) if match["word"] else ("", match["separator"].strip(), match["open"])
    whole = "\n".join(part for part in (rest, others) if part)
    return Block(whole, mark=mark, number=int(match["number"]), key=key[1] if key else None)


def escaped(text: str) -> str:
    """Plain text so that Markdown shows exactly these characters: `Klient*innen` stays what it is."""
    lines = (_SPECIAL.sub(r"\\\g<0>", _ENTITY.sub("&amp;", line.strip())) for line in text.split("\n"))
    return "\n".join(_BEGINS_SPECIALLY.sub(r"\1\\\2", line) for line in lines)


def understand(document: Document) -> Understood:
    """Find title, preamble, theses and closing. Raises ContentError if there is no thesis."""
    blocks = list(document.blocks)
    starts = _thesis_starts(blocks)
    if not starts:
        raise ContentError(
            "Ich finde keine nummerierten Thesen. Sie beginnen zum Beispiel mit „1.“ oder „These 1:“ am Anfang einer "
            "Zeile, oder sind in Word als nummerierte Liste formatiert."
        )
    title, opening = _title(blocks[: starts[0]])
    groups: list[Sequence[Block]] = [
        blocks[start:end] for start, end in zip(starts, [*starts[1:], len(blocks)], strict=True)
    ]
    groups[-1], closing = _closing(groups)
    return Understood(
        title=title,
        preamble=_joined(_without_heading(opening, _PREAMBLE_WORDS)),
        theses=tuple(_thesis(group) for group in groups),
        closing=_joined(_without_heading(closing, _CLOSING_WORDS)),
        warnings=document.warnings,
    )


def _thesis_starts(blocks: Sequence[Block]) -> list[int]:
    """Where the theses begin: the longest run of 1, 2, 3 … in one way of writing; a way with a word comes first."""
    runs: dict[tuple[str, ...], list[int]] = {}
    for index, one in enumerate(blocks):
        if one.mark is not None and one.number == len(runs.get(one.mark, [])) + 1:
            runs.setdefault(one.mark, []).append(index)
    spoken = {mark: run for mark, run in runs.items() if mark[0] not in {"", "automatic"}}
    return max((spoken or runs).values(), key=len, default=[])


def _title(blocks: Sequence[Block]) -> tuple[str, Sequence[Block]]:
    if blocks and not blocks[0].list_item:
        title = plain_text(blocks[0].text)
        if len(title) <= LINE_LENGTH and (blocks[0].heading or not title.endswith((".", ":", ";", ","))):
            return title, blocks[1:]
    return "", blocks


def _closing(groups: Sequence[Sequence[Block]]) -> tuple[Sequence[Block], Sequence[Block]]:
    """The last thesis and what follows it: from a heading on, or all of it if no other thesis has a second block."""
    last = groups[-1]
    for index, one in enumerate(last[1:], 1):
        if one.heading or plain_text(one.text).casefold().rstrip(":.") in _CLOSING_WORDS:
            return last[:index], last[index:]
    if len(groups) > 1 and all(len(group) == 1 for group in groups[:-1]):
        return last[:1], last[1:]
    return last, []


def _thesis(blocks: Sequence[Block]) -> ThesisSource:
    first, others = blocks[0], blocks[1:]
    line, _, below = first.text.partition("\n")
    heading = plain_text(line)
    short = len(heading) <= HEADING_LENGTH and not heading.endswith((".", ";", ":", ","))
    if (others or below) and heading and len(heading) <= LINE_LENGTH and (first.heading or (short and not below)):
        return ThesisSource(first.key or "", heading, "\n\n".join(part for part in (below, _joined(others)) if part))
    return ThesisSource(first.key or "", "", _joined([replace(first, heading=False, number=None), *others]))


def _joined(blocks: Iterable[Block]) -> str:
    """The Markdown of blocks one after the other; a list's items stand together, headings are third-level ones."""
    text = ""
    previous: Block | None = None
    for one in blocks:
        if not one.text:
            continue
        words = one.text
        if one.heading:
            words = f"### {words}"
        elif one.number is not None and previous is not None:
            words = f"{one.number}. {words}"
        is_item = one.list_item or one.number is not None
        between = "\n" if is_item and previous and (previous.list_item or previous.number is not None) else "\n\n"
        text = f"{text}{between}{words}" if text else words
        previous = one
    return multi_line(text)


def _without_heading(blocks: Sequence[Block], words: set[str] | frozenset[str]) -> Sequence[Block]:
    if blocks and plain_text(blocks[0].text).casefold().rstrip(":.") in words:
        return blocks[1:]
    return blocks


def with_keys(
    theses: Sequence[ThesisSource],
    *,
    translated: Sequence[ThesisSource] = (),
    previous: Sequence[ThesisSource] = (),
    taken: Iterable[str] = (),
) -> tuple[ThesisSource, ...]:
    """The theses with their ids.

    A translation has the ids of the other language, by number. Otherwise a thesis keeps the id that the document names,
    or that a thesis of the previous revision with the same or similar words has, or gets a new one that is not `taken`.
    """
    if translated and len(translated) == len(theses):
        return tuple(replace(thesis, key=other.key) for thesis, other in zip(theses, translated, strict=True))
    keys = {index: thesis.key for index, thesis in enumerate(theses) if thesis.key}
    pairs = sorted(
        (
            (_likeness(thesis, other), -abs(index - place), index, other.key)
            for index, thesis in enumerate(theses)
            for place, other in enumerate(previous)
        ),
        reverse=True,
    )
    for likeness, _distance, index, key in pairs:
        if likeness >= RECOGNISED and index not in keys and key not in keys.values():
            keys[index] = key
    used = {*taken, *keys.values()}
    for index, thesis in enumerate(theses):
        if index not in keys:
            keys[index] = _new_key(thesis, index + 1, used)
            used.add(keys[index])
    return tuple(replace(thesis, key=keys[index]) for index, thesis in enumerate(theses))


def _likeness(one: ThesisSource, other: ThesisSource) -> float:
    """The similarity of two theses, of which one may lack the heading."""
    whole = similarity(f"{one.heading}\n{one.text}", f"{other.heading}\n{other.text}")
    return max(whole, similarity(one.text, other.text))


def _new_key(thesis: ThesisSource, number: int, used: set[str]) -> str:
    """An id from the first words that say something."""
    words = re.findall(r"[a-z0-9]+", _ascii(plain_text(thesis.heading or thesis.text.split("\n\n")[0])))
    key = ""
    for word in [word for word in words if len(word) >= TELLING_LENGTH][:4]:
        if len(key) + len(word) < KEY_LENGTH - 4:
            key = f"{key}-{word}" if key else word
    if not key or not key[0].isalpha():
        key = f"these-{number}"
    return next(name for name in (key, *(f"{key}-{count}" for count in range(2, 1000))) if name not in used)


def _ascii(text: str) -> str:
    text = text.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def keys_ever(sources: Iterable[RevisionSource]) -> set[str]:
    """All ids that were ever used."""
    return {key for source in sources for text in source.texts.values() for key in text.keys}


def shortened(text: str, length: int = 60) -> str:
    """The first words of Markdown on one line."""
    words = single_line(plain_text(text))
    return words if len(words) <= length else words[:length].rsplit(" ", 1)[0] + " …"
