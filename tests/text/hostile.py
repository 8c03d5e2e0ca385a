"""The hostile inputs: a file for each family in `vectors/`, one input a line, with the escapes of Python's strings.

Their scripts call `trip()`, and what they load is on trip.test: a browser can tell whether anything got through.
"""

import re
from pathlib import Path

_ESCAPE = re.compile(r"\\(?:([ntr\\])|(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}))")
_NAMED = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}


def _unescaped(line: str) -> str:
    return _ESCAPE.sub(lambda match: _NAMED[match[1]] if match[1] else chr(int(match[2][1:], 16)), line)


def _vectors(path: Path) -> list[str]:
    title, *lines = path.read_text(encoding="utf-8").splitlines()
    assert title.startswith("# "), path
    return [_unescaped(line) for line in lines]


FAMILIES = {path.stem: _vectors(path) for path in sorted((Path(__file__).parent / "vectors").glob("*.txt"))}
"""The inputs of each family."""

VECTORS = [vector for vectors in FAMILIES.values() for vector in vectors]
"""All of them."""

BOMBS = {
    "stars": "* " * 500,
    "quotation marks": "> " * 2000,
    "arrows": ">" * 4000,
    "brackets": "[" * 10_000,
    "link beginnings": "[a](" * 1000,
    "CDATA": "<![CDATA[" * 444,
    "comments": "<!--" * 1000,
    "elements in elements": "<blockquote>" * 300,
    "lists in lists": "- " * 2000 + "x",
    "stairs": "\n".join("    " * step + "* x" for step in range(43)),
    "emphasis": "*a _b " * 660,
    "strong emphasis": "**a" * 1300,
    "backticks": "".join("`" * length + "a" for length in range(1, 89)),
    "backslashes": "\\" * 4000,
    "ampersands": "&" * 4000,
    "angle brackets": "<" * 4000,
    "lines": "a\n" * 2000,
    "paragraphs": "a\n\n" * 1333,
    "addresses": "https://a.b/(" * 300,
    "marks over marks": "a" + "\u0308" * 3999,
}
"""What brings down one parser or another by its mass."""
