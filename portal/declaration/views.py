"""The declaration's pages: a revision, a thesis, and what changed between two revisions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString
from flask_babel import gettext as _
from markupsafe import Markup

from portal.bibliography.citing import STYLES, citation
from portal.bibliography.exports import ENDING, FORMATS, export
from portal.bibliography.metadata import highwire
from portal.bibliography.reference import Reference
from portal.database import db
from portal.declaration import citing, commands, operations
from portal.declaration.comparison import Comparison, compare_revisions
from portal.declaration.models import Revision
from portal.language import current_language, localized
from portal.text.markdown import organisers_html, page_html
from portal.web.caching import public_page

bp = Blueprint("declaration", __name__)


@localized(bp, "/erklaerung", "/declaration")
@public_page
def current() -> ResponseReturnValue:
    """The latest revision, or a page that says that there is none yet."""
    revisions = operations.revisions(db.session())
    if not revisions:
        return render_template("declaration/unpublished.html")
    return _revision_page(revisions[-1], revisions)


@localized(bp, "/erklaerung/<int:number>", "/declaration/<int:number>")
@public_page
def revision(number: int) -> ResponseReturnValue:
    """One revision, the latest or an older one."""
    revisions = operations.revisions(db.session())
    return _revision_page(_find(revisions, number), revisions)


@localized(bp, f"/erklaerung/<int:number>.{ENDING}", f"/declaration/<int:number>.{ENDING}")
@public_page
def revision_export(number: int, format: str) -> ResponseReturnValue:  # noqa: A002 - as in the address
    """How to cite a revision, as a file for reference managers."""
    found = _find(operations.revisions(db.session()), number)
    return export(
        _("erklaerung-%(number)s", number=number), format, [citing.revision_reference(found, current_language())]
    )


@localized(bp, f"/erklaerung/<int:number>/these/<key>.{ENDING}", f"/declaration/<int:number>/thesis/<key>.{ENDING}")
@public_page
def thesis_export(number: int, key: str, format: str) -> ResponseReturnValue:  # noqa: A002 - as in the address
    """How to cite a thesis, as a file for reference managers."""
    found = _find(operations.revisions(db.session()), number)
    thesis = found.thesis(key) or abort(404)
    name = _("erklaerung-%(number)s-these-%(thesis)s", number=number, thesis=thesis.position)
    return export(name, format, [citing.thesis_reference(found, thesis, current_language())])


@localized(bp, "/erklaerung/<int:number>/these/<key>", "/declaration/<int:number>/thesis/<key>")
@public_page
def thesis(number: int, key: str) -> ResponseReturnValue:
    """One thesis as one revision has it, with the way to its neighbours and to its other wordings."""
    revisions = operations.revisions(db.session())
    found = _find(revisions, number)
    thesis = found.thesis(key) or abort(404)
    place = found.theses.index(thesis)
    return render_template(
        "declaration/thesis.html",
        revision=found,
        thesis=thesis,
        text=thesis.text(current_language()),
        previous=found.theses[place - 1] if place else None,
        following=found.theses[place + 1] if place + 1 < len(found.theses) else None,
        others=[other for other in revisions if other is not found and other.thesis(key)],
        latest=revisions[-1],
        cited=_cited(
            citing.thesis_reference(found, thesis, current_language()),
            citing.thesis_address(found, thesis),
            citing.thesis_json_ld(found, thesis, current_language()),
            "declaration.thesis_export",
            number=number,
            key=key,
        ),
    )


@localized(bp, "/erklaerung/vergleich", "/declaration/compare")
@public_page
def compare() -> ResponseReturnValue:
    """What changed from revision `von` to revision `bis`, word by word; without either, a form to choose."""
    revisions = operations.revisions(db.session())
    choice = _choice(revisions)
    return render_template("declaration/compare.html", revisions=revisions, choice=choice)


@dataclass(frozen=True)
class Choice:
    """The two revisions that were asked for, or what is wrong with the question."""

    von: int | None = None
    bis: int | None = None
    problem: str = ""
    comparison: Comparison | None = None


def _choice(revisions: Sequence[Revision]) -> Choice:
    if len(revisions) < 2:
        return Choice()
    asked = [request.args.get(name, "").strip() for name in ("von", "bis")]
    if not any(asked):
        return Choice(von=revisions[-2].number, bis=revisions[-1].number)
    by_number = {revision.number: revision for revision in revisions}
    found = [by_number.get(int(value)) if re.fullmatch("[0-9]{1,9}", value) else None for value in asked]
    old, new = found
    von, bis = (revision.number if revision else None for revision in found)
    if old is None or new is None:
        missing = next(value for value, revision in zip(asked, found, strict=True) if revision is None)
        return Choice(von, bis, _problem(missing))
    if old is new:
        return Choice(von, bis, _("Bitte wählen Sie zwei verschiedene Fassungen aus."))
    return Choice(von, bis, comparison=compare_revisions(old, new, current_language()))


def _problem(value: str) -> str:
    if not value:
        return str(_("Bitte wählen Sie zwei Fassungen aus."))
    words = _(
        "Eine Fassung „%(value)s“ gibt es nicht. Bitte wählen Sie zwei Fassungen aus der Liste.", value=value[:20]
    )
    return str(words)


def _find(revisions: Sequence[Revision], number: int) -> Revision:
    return next((revision for revision in revisions if revision.number == number), None) or abort(404)


def _revision_page(revision: Revision, revisions: Sequence[Revision]) -> str:
    return render_template(
        "declaration/revision.html",
        revision=revision,
        text=revision.text(current_language()),
        revisions=revisions,
        latest=revisions[-1],
        cited=_cited(
            citing.revision_reference(revision, current_language()),
            citing.revision_address(revision),
            citing.revision_json_ld(revision, current_language()),
            "declaration.revision_export",
            number=revision.number,
        ),
    )


@dataclass(frozen=True)
class Cited:
    """How to cite what a page shows, for people and for machines."""

    citations: Sequence[tuple[LazyString, Markup]]
    """Style and citation."""
    files: Sequence[tuple[str, str]]
    """Format and address."""
    highwire: Sequence[tuple[str, str]]
    json_ld: Mapping[str, Any]


def _cited(reference: Reference, address: str, said: Mapping[str, Any], endpoint: str, **values: Any) -> Cited:
    return Cited(
        [(name, citation(reference, style, current_language())) for style, name in STYLES.items()],
        [(about.name, url_for(endpoint, format=ending, **values)) for ending, about in FORMATS.items()],
        highwire(reference, address),
        said,
    )


def init_app(app: Flask) -> None:
    """Add the pages, the commands, what templates call a revision, and how organisers' Markdown becomes safe HTML."""
    app.register_blueprint(bp)
    app.cli.add_command(commands.declaration)
    app.jinja_env.globals.update(label_words=citing.label_words, revision_name=citing.revision_name)
    app.jinja_env.filters.update(organisers_html=organisers_html, page_html=page_html)
