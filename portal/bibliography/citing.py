"""Formatted citations, by the styles in `styles/` (see the README there)."""

import re
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape

from portal.bibliography.csl import to_csl
from portal.bibliography.reference import Name, Reference

_KZFSS = "kolner-zeitschrift-fur-soziologie-und-sozialpsychologie"

STYLES: dict[str, LazyString] = {
    "apa": _l("APA, 7. Auflage"),
    _KZFSS: _l("Kölner Zeitschrift für Soziologie (KZfSS)"),
    "din-1505-2": _l("DIN 1505-2"),
}
"""File name → what the style is called."""
DEFAULT = "apa"

_FOLDER = Path(__file__).parent / "styles"
_LOCALES = {"de": "de-DE", "en": "en-GB"}
_KEPT = 4096

# Where citeproc-py 0.11 falls short of the specification:
_EDITIONS = {"de": "{}. Aufl."}
"""It writes English ordinal numbers in every language."""
_NOBODY = {"de": "o. A.", "en": "Anon."}
"""It takes the words for a missing author, which KZfSS asks for, for a name to be shortened."""
_SLIPS = (
    (re.compile(r"(?<=[?!])(</[ib]>)?\.(?=\s|$)"), r"\1"),  # a full stop after another mark
    (re.compile(r"\( (?=Nr\.|no\.)"), "("),
    (re.compile(r" \(Publication\)(?= \[)"), ""),  # of a thesis without a number
    (re.compile(r", (?:S|p|pp)\. ?$"), ""),  # pages that are not known
)

_MARKUP = "<>&\"'"
_HIDDEN = str.maketrans({sign: chr(0xE000 + place) for place, sign in enumerate(_MARKUP)})
_SHOWN = {chr(0xE000 + place): str(escape(sign)) for place, sign in enumerate(_MARKUP)}
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_TAG = re.compile(r"<(?!/?[ib]>)[^<>]*>")


def citation(reference: Reference, style: str, language: str) -> Markup:
    """The reference as it stands in a list of works cited: HTML in which nothing but <i> and <b> is markup."""
    return _formatted(replace(reference, abstract="", keywords=(), key="x"), style, language)


def plain_citation(reference: Reference, style: str, language: str) -> str:
    """The same as plain text."""
    return str(citation(reference, style, language).striptags())


@lru_cache(_KEPT)
def _formatted(reference: Reference, style: str, language: str) -> Markup:
    """Formatting takes some 20 milliseconds: that is paid once for each process, record, style and language."""
    # lxml and citeproc take ten megabytes of each process that has them.
    from citeproc import Citation, CitationItem, CitationStylesBibliography, formatter  # noqa: PLC0415
    from citeproc.source.json import CiteProcJSON  # noqa: PLC0415

    items = CiteProcJSON([_hidden(item) for item in to_csl([_localized(reference, style, language)])])
    bibliography = CitationStylesBibliography(_style(style, language), items, formatter.html)
    bibliography.register(Citation([CitationItem("x")]))
    html = str(bibliography.bibliography()[0])
    return _safe(html if reference.authors or reference.editors else _with_title_once(html, _hidden(reference.title)))


@cache
def _style(name: str, language: str) -> Any:
    from citeproc import CitationStylesStyle  # noqa: PLC0415 - as above

    return CitationStylesStyle(str(_FOLDER / f"{name}.csl"), validate=False, locale=_LOCALES[language])


def _localized(reference: Reference, style: str, language: str) -> Reference:
    if style == _KZFSS and not (reference.authors or reference.editors):
        reference = replace(reference, authors=(Name(literal=_NOBODY[language]),))
    if reference.edition.isdecimal() and language in _EDITIONS:
        return replace(reference, edition=_EDITIONS[language].format(reference.edition))
    return reference


def _hidden(value: Any) -> Any:
    """The item with what HTML would take for markup as private characters: citeproc-py escapes nothing of its own."""
    if isinstance(value, str):
        return _PRIVATE.sub("", value).translate(_HIDDEN)
    if isinstance(value, list):
        return [_hidden(one) for one in value]
    return {name: _hidden(one) for name, one in value.items()} if isinstance(value, dict) else value


def _with_title_once(html: str, title: str) -> str:
    """The citation of what has no author: where the title takes the author's place, citeproc-py writes it again."""
    whole = rf"(?:<i>)?{re.escape(title)}(?:</i>)?"
    return re.sub(rf"({whole}.*?){whole}\.? ?", r"\1", html, count=1)


def _safe(html: str) -> Markup:
    """What citeproc-py has made, without the markup that the content security policy forbids."""
    bare = _TAG.sub("", html).strip()
    for slip, mended in _SLIPS:
        bare = slip.sub(mended, bare)
    shown = _PRIVATE.sub(lambda sign: _SHOWN.get(sign[0], ""), bare)
    return Markup(shown)  # noqa: S704 - only <i> and <b> are left of its tags, and all that was put in is escaped
