"""Text in BibTeX files: what TeX means by its commands, and how letters are written so that every BibTeX reads them."""

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from portal.bibliography.reference import one_line

if TYPE_CHECKING:
    from pylatexenc.latex2text import LatexNodes2Text

DEEPEST = 40
"""Braces within braces."""

_ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u",
    "\u0307": ".",
    "\u0308": '"',
    "\u030a": "r",
    "\u030b": "H",
    "\u030c": "v",
    "\u0327": "c",
    "\u0328": "k",
}
_WRITTEN = {
    "\\": r"{\textbackslash}",
    # Not as \{: BibTeX counts that brace too, and one alone would never end.
    "{": r"{\textbraceleft}",
    "}": r"{\textbraceright}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "~": r"{\textasciitilde}",
    "^": r"{\textasciicircum}",
    "ß": r"{\ss}",
    "æ": r"{\ae}",
    "Æ": r"{\AE}",
    "ø": r"{\o}",
    "Ø": r"{\O}",
    "ł": r"{\l}",
    "Ł": r"{\L}",
    "œ": r"{\oe}",
    "Œ": r"{\OE}",
    # As they are, TeX would make dashes and quotation marks of several of them, and a name's end of "and".
    "--": "{-}{-}",
    "''": "{'}{'}",
    "``": "{`}{`}",
}
_MEANING = re.compile(r"[\\{}$~]|--|''|``")
_BARE = re.compile(r"(?<!\\)([%&#])")
_LETTERS_BEYOND_ASCII = re.compile("[\u00c0-\u024f\u1e00-\u1ef9]")


def encoded(text: str) -> str:
    r"""The text for a BibTeX field: `Jugendämter & Co.` → `Jugend{\"a}mter \& Co.`

    Letters with accents are commands, because BibTeX itself takes eight bits for a letter; what has no such command
    stays as it is, in UTF-8.
    """
    pieces = re.split("(--|''|``)", text)
    return "".join(_WRITTEN.get(piece) or "".join(map(_letter, piece)) for piece in pieces)


@cache
def _letter(letter: str) -> str:
    if letter in _WRITTEN:
        return _WRITTEN[letter]
    if not _LETTERS_BEYOND_ASCII.fullmatch(letter):
        return letter
    written = unicodedata.normalize("NFD", letter)
    base, marks = written[0], written[1:]
    command = _ACCENTS.get(marks)
    if command is None or not base.isascii():
        return letter
    return f"{{\\{command}{{{base}}}}}" if command.isalpha() else f"{{\\{command}{base}}}"


def decoded(text: str) -> str:
    r"""What a BibTeX field says, on one line: `Jugend{\"a}mter \& {Co}.` → `Jugendämter & Co.` Raises ValueError."""
    text = one_line(text)
    if not _MEANING.search(text):
        return text
    if depth(text) > DEEPEST:
        raise ValueError("too many braces")
    # TeX takes what follows a bare % for a comment; whoever wrote one into a title meant the sign.
    try:
        found = _decoder().latex_to_text(_BARE.sub(r"\\\1", text))
    except RecursionError as error:
        raise ValueError("too much within each other") from error
    return " ".join(unicodedata.normalize("NFC", found).split())


def depth(text: str) -> int:
    """How deep braces stand in each other, at the most."""
    deepest = level = 0
    for match in re.finditer(r"\\.|[{}]", text, re.DOTALL):
        level = max(level + {"{": 1, "}": -1}.get(match[0], 0), 0)
        deepest = max(deepest, level)
    return deepest


@cache
def _decoder() -> "LatexNodes2Text":
    # Only whoever imports a file pays for it.
    from pylatexenc.latex2text import LatexNodes2Text, MacroTextSpec, get_default_latex_context_db  # noqa: PLC0415

    known = get_default_latex_context_db()
    meant = {"url": "%s", "href": "%s", "textasciicircum": "^", "textbraceleft": "{", "textbraceright": "}"}
    macros = [MacroTextSpec(name, words) for name, words in meant.items()]
    known.add_context_category("bibliography", prepend=True, macros=macros)
    return LatexNodes2Text(latex_context=known, math_mode="verbatim", strict_latex_spaces=True)
