"""The three formats as files to download."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from flask import Response

from portal.bibliography import bibtex, csl, ris
from portal.bibliography.reference import Reference


class Format(NamedTuple):
    """One of the formats."""

    name: str
    media_type: str
    write: Callable[[Iterable[Reference]], str]


FORMATS: dict[str, Format] = {
    "bib": Format("BibTeX", bibtex.MEDIA_TYPE, bibtex.to_bibtex),
    "ris": Format("RIS", ris.MEDIA_TYPE, ris.to_ris),
    "json": Format("CSL-JSON", csl.MEDIA_TYPE, csl.csl_json),
}
"""By the end of the file's name."""
ENDING = "<any(bib,ris,json):format>"
"""For addresses."""


def export(name: str, format: str, references: Iterable[Reference]) -> Response:  # noqa: A002 - as in the address
    """The references as the file `name` with the ending of its format."""
    chosen = FORMATS[format]
    response = Response(chosen.write(references), content_type=f"{chosen.media_type}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{format}"'
    return response
