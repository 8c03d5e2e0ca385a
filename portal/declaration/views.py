"""The declaration's pages: a revision, a thesis, and what changed between two revisions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Flask, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.database import db
from portal.declaration import commands, operations
from portal.declaration.comparison import Comparison, compare_revisions
from portal.declaration.models import Revision
from portal.language import current_language, localized
from portal.text.markdown import organisers_html
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
    )


def init_app(app: Flask) -> None:
    """Add the pages, the commands, and the filter that makes an organiser's Markdown safe HTML."""
    app.register_blueprint(bp)
    app.cli.add_command(commands.declaration)
    app.jinja_env.filters["organisers_html"] = organisers_html
