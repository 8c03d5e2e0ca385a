"""The office's pages about news: write, look at it, publish now or later, take back, delete."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Blueprint, Flask, abort, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.clock import now
from portal.config import current_settings
from portal.database import db
from portal.language import LANGUAGES
from portal.news import operations
from portal.news.forms import NewsForm, SeenForm
from portal.news.models import DRAFT, PUBLISHED, SCHEDULED, WITHDRAWN, NewsEntry, NewsText
from portal.news.operations import NotNow, Outdated
from portal.organisers.frame import Section, Subject
from portal.organisers.gate import current_organiser, organisers_only
from portal.organisers.links import dead_links
from portal.organisers.models import Organiser
from portal.organisers.roles import EDITOR
from portal.personal_data import Text
from portal.text.markdown import page_html
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
    if form.validate_on_submit() and form.step.data != form.PREVIEW:
        entry = operations.start(db.session(), form.words, current_organiser().id, now())
        db.session.commit()
        return redirect(url_for("news_office.write", number=entry.id, getan="gespeichert"), 303)
    return _editor(None, form, status=422 if form.errors else 200)


@blueprint.route("/<int:number>", methods=["GET", "POST"])
@checks_token_itself
@organisers_only(EDITOR)
def write(number: int) -> Any:
    """The editor. Who publishes publishes what stands in the fields, and below it what can be done with the entry."""
    entry = db.session.get(NewsEntry, number)
    if request.method == "GET":
        entry = entry or abort(404)
        return _editor(entry, NewsForm.of(entry, now()))
    form = NewsForm()
    if entry is None:
        return _overtaken(number, form)
    if not form.validate_on_submit():
        return _editor(entry, form, status=422)
    if form.step.data == form.PREVIEW:
        return _editor(entry, form)
    session, by, moment = db.session(), current_organiser().id, form.moment
    try:
        entry = operations.save(session, number, form.seen, form.words, by, now())
        if form.step.data == form.PUBLISH:
            operations.publish(session, number, entry.version, moment.at if moment else None, by, now())
    except (Outdated, NotNow):
        db.session.rollback()
        return _overtaken(number, form)
    db.session.commit()
    done = "gespeichert"
    if form.step.data == form.PUBLISH:
        done = "oeffentlich" if moment is None else "vorgestellt" if moment.skipped else "geplant"
    return redirect(url_for("news_office.write", number=number, getan=done), 303)


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
        return _editor(entry, NewsForm.of(entry, now()), overtaken=True, status=409)
    if entry is not None:
        form.version.data = str(entry.version)
    return _editor(entry, form, overtaken=True, status=409)


def _editor(
    entry: NewsEntry | None,
    form: NewsForm,
    *,
    overtaken: bool = False,
    status: int = 200,
) -> Any:
    """What is stored stands beside each language that says something else in its fields."""
    seen = {"version": entry.version} if entry else {}
    changed_by = db.session.get(Organiser, entry.changed_by_id) if entry else None
    page = render_template(
        "news/office/write.html",
        entry=entry,
        form=form,
        seen=SeenForm(formdata=None, data=seen),
        preview=form.words,
        amiss={
            one: list(dead_links(page_html(body), current_settings())) for one, (_title, body) in form.words.items()
        },
        languages=LANGUAGES,
        state=entry.state(now()) if entry else DRAFT,
        states=STATES,
        changed_by=changed_by.name if changed_by else "",
        overtaken=overtaken,
        stored=_stored_otherwise(entry, form) if entry else {},
        done=_done(),
    )
    return page, status


def _stored_otherwise(entry: NewsEntry, form: NewsForm) -> Mapping[str, NewsText]:
    return {text.language: text for text in entry.texts if (text.title, text.body) != form.words.get(text.language)}


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
