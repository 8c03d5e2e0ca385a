"""The office's pages about news: write, look at it, publish now or later, take back, delete."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Blueprint, Flask, abort, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.clock import now
from portal.database import db
from portal.language import LANGUAGES
from portal.news import operations
from portal.news.forms import NewsForm, PublishForm, SeenForm
from portal.news.models import DRAFT, PUBLISHED, SCHEDULED, WITHDRAWN, NewsEntry
from portal.news.operations import NotNow, Outdated
from portal.organisers.frame import Section, Subject
from portal.organisers.gate import current_organiser, organisers_only
from portal.organisers.models import Organiser
from portal.organisers.roles import EDITOR
from portal.personal_data import Text
from portal.web.forms import checks_token_itself
from portal.web.numbers import number_in

blueprint = Blueprint("news_office", __name__, url_prefix="/redaktion/aktuelles")

PAGE = 30

STATES: dict[str, Text] = {
    DRAFT: _l("Entwurf"),
    SCHEDULED: _l("geplant"),
    PUBLISHED: _l("öffentlich"),
    WITHDRAWN: _l("zurückgezogen"),
}
DONE: dict[str, Text] = {
    "gespeichert": _l("Gespeichert."),
    "oeffentlich": _l("Der Eintrag ist jetzt öffentlich."),
    "geplant": _l("Der Eintrag wird zur gewählten Zeit von selbst öffentlich."),
    "vorgestellt": _l(
        "Der Eintrag wird zur gewählten Zeit von selbst öffentlich. In dieser Nacht wird die Uhr vorgestellt, deshalb"
        " ist es auf der Uhr eine Stunde später."
    ),
    "zurueckgenommen": _l("Der Eintrag ist nicht mehr öffentlich."),
    "entwurf": _l("Der Eintrag ist wieder ein Entwurf."),
    "geloescht": _l("Der Eintrag ist gelöscht."),
}
"""What the pages say after something was done, by what stands in the address."""


@blueprint.get("")
@organisers_only(EDITOR)
def listing() -> str:
    """All entries, the latest change first."""
    session, number = db.session(), number_in(request.args, "seite") or 1
    count = session.scalar(select(func.count()).select_from(NewsEntry)) or 0
    ordered = select(NewsEntry).order_by(NewsEntry.changed_at.desc(), NewsEntry.id.desc())
    entries = session.scalars(ordered.limit(PAGE).offset((number - 1) * PAGE)).all()
    return render_template(
        "news/office/list.html",
        entries=entries,
        number=number,
        more=count > number * PAGE,
        states=STATES,
        now=now(),
        done=_done(),
    )


@blueprint.route("/neu", methods=["GET", "POST"])
@checks_token_itself
@organisers_only(EDITOR)
def start() -> Any:
    """A new entry."""
    form = NewsForm()
    if form.validate_on_submit() and request.form.get("step") != "preview":
        entry = operations.start(db.session(), form.words, current_organiser().id, now())
        db.session.commit()
        return redirect(url_for("news_office.write", number=entry.id, getan="gespeichert"), 303)
    return _editor(None, form, status=422 if form.errors else 200)


@blueprint.route("/<int:number>", methods=["GET", "POST"])
@checks_token_itself
@organisers_only(EDITOR)
def write(number: int) -> Any:
    """The editor, and below it what can be done with the entry."""
    entry = db.session.get(NewsEntry, number)
    if request.method == "GET":
        entry = entry or abort(404)
        return _editor(entry, NewsForm.of(entry))
    form = NewsForm()
    if entry is None:
        return _overtaken(number, form)
    if not form.validate_on_submit():
        return _editor(entry, form, status=422)
    if request.form.get("step") == "preview":
        return _editor(entry, form)
    try:
        operations.save(db.session(), number, form.seen, form.words, current_organiser().id, now())
    except Outdated:
        db.session.rollback()
        return _overtaken(number, form)
    db.session.commit()
    return redirect(url_for("news_office.write", number=number, getan="gespeichert"), 303)


@blueprint.post("/<int:number>/veroeffentlichen")
@organisers_only(EDITOR)
def publish(number: int) -> Any:
    """Make the entry public, now or at a time."""
    entry, form = db.session.get(NewsEntry, number) or abort(404), PublishForm()
    if not form.validate_on_submit():
        return _editor(entry, NewsForm.of(entry), publishing=form, status=422)
    at = form.moment.at if form.moment else None

    def change(session: Session, by: int) -> object:
        return operations.publish(session, number, form.seen, at, by, now())

    skipped = form.moment is not None and form.moment.skipped
    return _changed(number, change, "vorgestellt" if skipped else "geplant" if at else "oeffentlich")


@blueprint.post("/<int:number>/zurueckziehen")
@organisers_only(EDITOR)
def withdraw(number: int) -> Any:
    """Take the entry back."""
    entry, form = db.session.get(NewsEntry, number) or abort(404), SeenForm()
    done = "entwurf" if entry.state(now()) == SCHEDULED else "zurueckgenommen"

    def change(session: Session, by: int) -> object:
        return operations.withdraw(session, number, form.seen, by, now())

    return _changed(number, change, done)


@blueprint.post("/<int:number>/loeschen")
@organisers_only(EDITOR)
def delete(number: int) -> Any:
    """Remove a draft, or what is withdrawn, for good."""
    form = SeenForm()

    def change(session: Session, by: int) -> None:
        operations.delete(session, number, form.seen, by, now())

    return _changed(number, change, "geloescht")


def _changed(number: int, change: Callable[[Session, int], object], done: str) -> Any:
    if db.session.get(NewsEntry, number) is None:
        abort(404)
    try:
        change(db.session(), current_organiser().id)
    except (Outdated, NotNow):
        db.session.rollback()
        return _overtaken(number)
    db.session.commit()
    if done == "geloescht":
        return redirect(url_for("news_office.listing", getan=done), 303)
    return redirect(url_for("news_office.write", number=number, getan=done), 303)


def _overtaken(number: int, form: NewsForm | None = None) -> Any:
    """The entry as it is now, with what was typed into it before somebody else was faster; a new one if it is gone."""
    entry = db.session.get(NewsEntry, number)
    if form is None:
        entry = entry or abort(404)
        return _editor(entry, NewsForm.of(entry), overtaken=True, status=409)
    if entry is not None:
        form.version.data = str(entry.version)
    return _editor(entry, form, overtaken=True, typed=True, status=409)


def _editor(
    entry: NewsEntry | None,
    form: NewsForm,
    *,
    publishing: PublishForm | None = None,
    overtaken: bool = False,
    typed: bool = False,
    status: int = 200,
) -> Any:
    """`typed`: the fields hold what somebody else's change has overtaken, and what is stored stands beside them."""
    seen = {"version": entry.version} if entry else {}
    changed_by = db.session.get(Organiser, entry.changed_by_id) if entry else None
    page = render_template(
        "news/office/write.html",
        entry=entry,
        form=publishing if publishing and publishing.errors else form,
        words=form,
        publishing=publishing or PublishForm(formdata=None, data=seen),
        seen=SeenForm(formdata=None, data=seen),
        preview=form.words,
        languages=LANGUAGES,
        state=entry.state(now()) if entry else DRAFT,
        states=STATES,
        changed_by=changed_by.name if changed_by else "",
        overtaken=overtaken,
        stored={text.language: text for text in entry.texts} if entry and typed else {},
        done=_done(),
    )
    return page, status


def _done() -> Text:
    return DONE.get(request.args.get("getan", ""), "")


def _pages(session: Session, numbers: Sequence[str]) -> Mapping[str, str]:
    found = session.scalars(select(NewsEntry.id).where(NewsEntry.id.in_([int(one) for one in numbers])))
    return {str(number): url_for("news_office.write", number=number) for number in found}


SECTIONS = (Section("news_office.listing", _l("Aktuelles"), (EDITOR,), 28),)
ACTS: dict[str, Text] = {
    "news.start": _l("Eintrag für Aktuelles begonnen"),
    "news.change": _l("Öffentlichen Eintrag in Aktuelles geändert"),
    "news.publish": _l("Eintrag in Aktuelles veröffentlicht"),
    "news.schedule": _l("Eintrag für Aktuelles geplant"),
    "news.withdraw": _l("Eintrag aus Aktuelles zurückgenommen"),
    "news.delete": _l("Eintrag aus Aktuelles gelöscht"),
}
"""What the acts of this module are called in the log."""
SUBJECTS: dict[str, Subject] = {"news": Subject(_l("Aktuelles, Eintrag"), _pages)}


def init_app(app: Flask) -> None:
    """Register the pages."""
    app.register_blueprint(blueprint)
