"""Text as people type or paste it, brought into one form: NFC, one kind of line ending, nothing invisible.

What is removed could make two texts look alike that are not (Unicode Technical Report 36), turn around the reading
direction of the page, or pile marks over neighbouring lines. What people see and mean stays as it is.
"""

import re
import unicodedata
from collections.abc import Iterable

MARKS_PER_BASE = 3
"""How many combining marks one character may carry. Vietnamese needs two; zalgo has dozens."""

_PICTOGRAPHS = "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u25aa-\u27bf\u2900-\u297f\u2b00-\u2bff"
_EMOJI = f"[{_PICTOGRAPHS}\U0001f000-\U0001faff]" + "[\ufe0f\U0001f3fb-\U0001f3ff]*"
_INVISIBLE = (
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # C0 and C1 without tab and line ends
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # soft hyphen, joiners, fillers, Mongolian selectors
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800"  # zero width, bidi embeddings, isolates, operators, empty Braille
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffc"  # fillers, variation selectors, byte order mark, annotations
    "\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"  # lone surrogates, and what is no character (XML takes none of them)
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # shorthand and musical controls
    "\U000e0000-\U000e007f\U000e0100-\U000e01ef]"  # tags and more variation selectors
)
_KEYCAP = "[0-9#*]\ufe0f?\u20e3"
_EMOJI_OR_INVISIBLE = re.compile(f"({_KEYCAP}|{_EMOJI}(?:\u200d{_EMOJI})*)|{_INVISIBLE}")
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACES_BEFORE_LINE_END = re.compile(r"[^\S\n]+(?=\n)")
_BLANK_LINES = re.compile(r"\n{4,}")


def single_line(text: str) -> str:
    """The text of a field of one line: every run of white space is one space, and none is left at the ends."""
    return " ".join(_visible(_LINE_END.sub("\n", text)).split())


def parted(texts: Iterable[str | None]) -> str:
    """Those of the texts that say something, on one line, with a dot in the middle between them."""
    lines = (" ".join(text.split()) for text in texts if text)
    return " · ".join(line for line in lines if line)


def multi_line(text: str) -> str:
    """Text of several lines: lines end in LF without blanks before it, and blank lines only stand between others.

    Tabs and the white space that begins a line stay, because they mean something in Markdown.
    """
    visible = _visible(_LINE_END.sub("\n", text))
    lines = _BLANK_LINES.sub("\n\n\n", _SPACES_BEFORE_LINE_END.sub("", visible + "\n"))
    return lines.strip("\n").rstrip()


def _visible(text: str) -> str:
    text = _EMOJI_OR_INVISIBLE.sub(lambda match: match[1] or "", text)
    return unicodedata.normalize("NFC", _with_few_marks(unicodedata.normalize("NFC", text)))


def _with_few_marks(text: str) -> str:
    marks_used = {character for character in set(text) if unicodedata.category(character) in {"Mn", "Me"}}
    if not marks_used:
        return text
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if character in marks_used else 0
        if marks <= MARKS_PER_BASE:
            kept.append(character)
    return "".join(kept)
