"""Setting with Typst: from a template below `templates/typst/` and plain values to a PDF (PDF/UA-1) or a picture.

Values go in as JSON, and a template shows a string as a string: nothing that anybody wrote is read as Typst's markup.
The letters are those that Typst brings along (Libertinus Serif, DejaVu Sans Mono). The site's own are subsets for
browsers, whose licence keeps its name from files that were changed, and a printed page may need more letters.
"""

import json
import logging
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from portal.config import ROOT

log = logging.getLogger(__name__)

TEMPLATES = ROOT / "templates" / "typst"
KEPT = 128
"""So many files are kept in each process; the least asked for goes first."""

_MISSING = re.compile(r'the text `"(.+?)"` could not be displayed')
_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")


class CannotBeSet(Exception):
    """Typst could not set this. The message is Typst's own."""


def pdf(template: str, values: Mapping[str, Any]) -> bytes:
    """A tagged PDF (ISO 14289-1) of these values. Raises CannotBeSet."""
    return _set(template, _written(values), "pdf")


def picture(template: str, values: Mapping[str, Any]) -> bytes:
    """A PNG of the first page, one pixel for each point. Raises CannotBeSet."""
    return _set(template, _written(values), "png")


def _written(values: Mapping[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True)


@lru_cache(maxsize=KEPT)
def _set(template: str, values: str, kind: str) -> bytes:
    import typst  # noqa: PLC0415 - thirty megabytes of each process that sets something

    try:
        try:
            return _compiled(template, values, kind)
        except typst.TypstError as error:
            return _compiled(template, _without(_missing(error.diagnostic), values), kind)
    except typst.TypstError as error:
        log.exception("not_typeset", extra={"template": template})
        raise CannotBeSet(error.message) from error


def _compiled(template: str, values: str, kind: str) -> bytes:
    import typst  # noqa: PLC0415 - as above

    return typst.compile(
        TEMPLATES / f"{template}.typ",
        root=TEMPLATES,
        format="pdf" if kind == "pdf" else "png",
        ppi=72.0,
        sys_inputs={"values": values},
        pdf_standards="ua-1" if kind == "pdf" else [],
        ignore_system_fonts=True,
    )


def _missing(diagnostic: str) -> set[str]:
    """The characters that no font has: PDF/UA wants every one to be shown."""
    found = (_ESCAPED.sub(lambda code: chr(int(code[1], 16)), text) for text in _MISSING.findall(diagnostic))
    return {char for text in found for char in text}


def _without(missing: set[str], values: str) -> str:
    """The values with each of these characters as its number, such as [U+1F600]."""
    numbers = {ord(char): f"[U+{ord(char):04X}]" for char in missing}

    def shown(value: Any) -> Any:
        if isinstance(value, str):
            return value.translate(numbers)
        if isinstance(value, list):
            return [shown(one) for one in value]
        return {name: shown(one) for name, one in value.items()} if isinstance(value, dict) else value

    return _written(shown(json.loads(values)))
