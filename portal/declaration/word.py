"""Reading a .docx: its paragraphs, with the numbers that Word's automatic numbering shows."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.ns import qn

from portal.content import ContentError
from portal.declaration.importing import Block, Document, plain_block
from portal.text.normalise import multi_line

_LEFT_OUT = {
    "w:tbl": "Tabellen",
    "w:drawing": "Bilder und Zeichnungen",
    "w:footnoteReference": "Fußnoten",
    "w:txbxContent": "Textfelder",
}


def read_word(path: Path) -> Document:
    """The blocks of a Word document. Raises ContentError."""
    try:
        document = docx.Document(str(path))
    except (PackageNotFoundError, KeyError, ValueError) as error:
        raise ContentError(
            f"{path}: Das ist kein lesbares Word-Dokument. Bitte in Word öffnen und neu als .docx speichern."
        ) from error
    numbering = _Numbering(document)
    blocks = tuple(block for paragraph in document.paragraphs for block in _blocks(paragraph, numbering))
    return Document(blocks, tuple(_warnings(document.element.body)))


def _warnings(body: Any) -> Iterator[str]:
    for tag, words in _LEFT_OUT.items():
        if next(body.iter(qn(tag)), None) is not None:
            yield f"{words} habe ich ausgelassen."
    if any(next(body.iter(qn(tag)), None) is not None for tag in ("w:ins", "w:del")):
        yield "Das Dokument enthält nachverfolgte Änderungen. Ich habe sie gelesen, als wären sie angenommen."


def _blocks(paragraph: Any, numbering: "_Numbering") -> Iterator[Block]:
    text = multi_line(_text(paragraph._p)).strip()
    number, form = numbering.of(paragraph)
    if not text:
        return
    style = (paragraph.style.style_id or "") if paragraph.style is not None else ""
    heading = style.startswith(("Heading", "berschrift", "Title", "Titel"))
    if form == "bullet":
        yield plain_block(f"- {text}")
    elif number is not None:
        yield plain_block(text, heading=heading, number=number, mark=form)
    else:
        yield plain_block(text, heading=heading)


def _text(element: Any) -> str:
    """The text as it reads with all tracked changes accepted, without that of text boxes in it."""
    parts = []
    for child in element:
        if child.tag == qn("w:t"):
            parts.append(child.text or "")
        elif child.tag in {qn("w:br"), qn("w:cr")}:
            parts.append("\n")
        elif child.tag == qn("w:tab"):
            parts.append(" ")
        elif child.tag == qn("w:noBreakHyphen"):
            parts.append("-")
        elif child.tag not in {qn("w:del"), qn("w:moveFrom"), qn("w:drawing"), qn("w:pict"), qn("w:pPr")}:
            parts.append("" if child.tag == _ALTERNATE else _text(child))
    return "".join(parts)


_ALTERNATE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"


class _Numbering:
    """Counts as Word does (ECMA-376 Part 1, 17.9): per abstract numbering and level, deeper levels start anew."""

    def __init__(self, document: Any) -> None:
        self._counts: dict[str, dict[int, int]] = defaultdict(dict)
        self._abstract: dict[str, Any] = {}
        self._of_number: dict[str, Any] = {}
        try:
            root = document.part.numbering_part.element
        except (KeyError, NotImplementedError):
            return
        self._abstract = {one.get(qn("w:abstractNumId")): one for one in root.findall(qn("w:abstractNum"))}
        self._of_number = {one.get(qn("w:numId")): one for one in root.findall(qn("w:num"))}

    def of(self, paragraph: Any) -> tuple[int | None, str]:
        """(the number that Word shows, the name of its numbering), (None, "bullet") or (None, "")."""
        number_id, level = _numbering_of(paragraph)
        number = self._of_number.get(number_id)
        if number is None:
            return None, ""
        abstract_id = number.find(qn("w:abstractNumId")).get(qn("w:val"))
        settings = self._level(abstract_id, level)
        overridden = _value(number.find(f"{qn('w:lvlOverride')}[@{qn('w:ilvl')}='{level}']"), "w:startOverride")
        if _value(settings, "w:numFmt") == "bullet":
            return None, "bullet"
        # A numbering with a start of its own counts for itself; others share the count of their abstract one.
        counts = self._counts[f"{abstract_id}/{number_id}" if overridden else abstract_id]
        start = int(overridden or _value(settings, "w:start") or 1)
        counts[level] = counts.get(level, start - 1) + 1
        for deeper in [one for one in counts if one > level]:
            del counts[deeper]
        return counts[level], f"{abstract_id}/{level}"

    def _level(self, abstract_id: str, level: int) -> Any:
        abstract = self._abstract.get(abstract_id)
        return None if abstract is None else abstract.find(f"{qn('w:lvl')}[@{qn('w:ilvl')}='{level}']")


def _numbering_of(paragraph: Any) -> tuple[str, int]:
    """(numId, level) of the paragraph, from itself or from its style or a style that it is based on."""
    properties = [paragraph._p.pPr]
    style = paragraph.style
    while style is not None:
        properties.append(style.element.pPr)
        style = style.base_style
    number_id, level = None, None
    for one in properties:
        found = None if one is None else one.find(qn("w:numPr"))
        if found is not None:
            number_id = number_id or _value(found, "w:numId")
            level = level or _value(found, "w:ilvl")
    return number_id or "", int(level or 0)


def _value(element: Any, tag: str) -> str | None:
    found = None if element is None else element.find(qn(tag))
    return None if found is None else found.get(qn("w:val"))
