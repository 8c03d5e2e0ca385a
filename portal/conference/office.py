"""The organisers' pages about conferences: who comes, who waits, who was there."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from portal.clock import now
from portal.conference import operations, reading
from portal.conference.forms import ChangeForm
from portal.conference.models import REGISTERED, WAITING, Registration
from portal.conference.programme import Conference, conferences
from portal.config import current_settings
from portal.database import db
from portal.language import LANGUAGES, current_language
from portal.organisers import audit
from portal.organisers.frame import Detail, Section, Subject, Work
from portal.organisers.gate import current_organiser, fresh_login, organisers_only
from portal.organisers.roles import EDITOR
from portal.personal_data import Text
from portal.web.downloads import csv_file
from portal.web.forms import ActionForm
from portal.web.numbers import number_in

blueprint = Blueprint("conference_office", __name__, url_prefix="/redaktion/fachtagung")

SECTIONS = (Section("conference_office.listing", _l("Fachtagung"), (EDITOR,), 45),)


def _not_told(session: Session, now: datetime) -> int:
    return sum(len(operations.not_told(session, one, now)) for one in _all().values())


def _forgotten(session: Session, now: datetime) -> int:
    return sum(bool(operations.forgotten_changes(session, one, LANGUAGES[0], now)) for one in _all().values())


WORK = (
    Work(
        lambda number: ngettext(
            "Person, die eine Änderung der Fachtagung noch nicht kennt",
            "Personen, die eine Änderung der Fachtagung noch nicht kennen",
            number,
        ),
        "conference_office.listing",
        _not_told,
        (EDITOR,),
        order=45,
    ),
    Work(
        lambda number: ngettext(
            "Fachtagung, bei der „sequence“ nicht gestiegen ist, obwohl sich etwas geändert hat",
            "Fachtagungen, bei denen „sequence“ nicht gestiegen ist, obwohl sich etwas geändert hat",
            number,
        ),
        "conference_office.listing",
        _forgotten,
        (EDITOR,),
        order=46,
    ),
)

ACTS: dict[str, Text] = {
    "registration.cancel": _l("Anmeldung zur Fachtagung abgesagt"),
    "registration.attendance": _l("Anwesenheit bei der Fachtagung vermerkt"),
    "registration.export": _l("Anmeldungen zur Fachtagung exportiert"),
    "registration.tell": _l("Angemeldeten von einer Änderung geschrieben"),
}
"""What the acts of this module are called in the log."""


def _pages(_session: Session, keys: Sequence[str]) -> Mapping[str, str]:
    return {key: url_for("conference_office.single", key=key) for key in keys if key in _all()}


SUBJECTS: dict[str, Subject] = {
    "conference": Subject(
        _l("Fachtagung"),
        _pages,
        {"changed": Detail(_l("geändert")), "rows": Detail(_l("Zeilen")), "sequence": Detail(_l("Stand der Datei"))},
    ),
    "registration": Subject(_l("Anmeldung"), details={"conference": Detail(_l("Fachtagung"))}),
}
"""What the entries of this module in the log are about."""

STANDINGS: dict[str, Text] = {REGISTERED: _l("angemeldet"), WAITING: _l("wartet")}

HEADER = (
    "number",
    "standing",
    "place",
    "name",
    "email",
    "organisation",
    "needs",
    "language",
    "confirmed_at",
    "attended",
)


@blueprint.get("")
@organisers_only(EDITOR)
def listing() -> str:
    """All conferences, with their numbers."""
    session, moment = db.session(), now()
    language = current_language()
    found = [
        (
            one,
            reading.standing(session, one),
            len(operations.not_told(session, one, moment)),
            bool(operations.forgotten_changes(session, one, language, moment)),
        )
        for one in _all().values()
    ]
    return render_template("conference/office/list.html", found=found)


@blueprint.get("/<key>")
@organisers_only(EDITOR)
def single(key: str) -> str:
    """Who comes, and who waits."""
    conference = _conference(key)
    session = db.session()
    return render_template(
        "conference/office/single.html",
        conference=conference,
        shown=reading.find(session, key) is not None,
        standing=reading.standing(session, conference),
        registered=reading.registered(session, key),
        waiting=reading.waiting(session, key),
        not_told=operations.not_told(session, conference, now()),
        forgotten=operations.forgotten_changes(session, conference, current_language(), now()),
        form=ActionForm(formdata=None),
    )


@blueprint.post("/<key>/anwesenheit")
@organisers_only(EDITOR)
def attendance(key: str) -> Response:
    """Note who was there."""
    _conference(key)
    if not ActionForm().validate_on_submit():
        abort(400)
    present, before = (
        {int(one) for one in request.form.getlist(name) if number_in({"n": one}, "n")} for name in ("present", "before")
    )
    operations.note_attendance(db.session(), key, present, before, current_organiser().id, now())
    db.session.commit()
    return redirect(url_for("conference_office.single", key=key, gespeichert=1), 303)


@blueprint.route("/<key>/schreiben", methods=["GET", "POST"])
@organisers_only(EDITOR)
@fresh_login
def tell(key: str) -> Any:
    """Ask what has changed, and write it to all who have not heard of it."""
    conference, session = _conference(key), db.session()
    not_told = operations.not_told(session, conference, now())
    form = ChangeForm({one.language for one in not_told})
    if form.validate_on_submit():
        told = operations.tell_of_change(session, conference, form.notes, current_organiser().id, now())
        session.commit()
        return redirect(url_for("conference_office.single", key=key, geschrieben=told), 303)
    earliest = min((one.told_sequence or 0 for one in not_told), default=conference.sequence)
    page = render_template(
        "conference/office/tell.html",
        conference=conference,
        form=form,
        not_told=not_told,
        news=operations.news_for(session, conference, earliest, current_language()),
    )
    return page, 422 if form.errors else 200


@blueprint.post("/<key>/export")
@organisers_only(EDITOR)
@fresh_login
def export(key: str) -> Response:
    """Everybody with a place and everybody who waits, as a file; the log says that it was made."""
    conference, session = _conference(key), db.session()
    rows = [*reading.registered(session, key), *reading.waiting(session, key)]
    file = csv_file(f"fachtagung-{conference.key}.csv", HEADER, [_row(one) for one in rows])
    audit.record(session, current_organiser().id, "registration.export", f"conference {key}", now(), rows=len(rows))
    session.commit()
    return file


@blueprint.route("/anmeldung/<int:number>/absagen", methods=["GET", "POST"])
@organisers_only(EDITOR)
def cancel(number: int) -> Any:
    """Ask, and cancel for somebody; she gets a mail."""
    found = operations.find(db.session(), number) or abort(404)
    key, form = found.conference, ActionForm()
    if form.validate_on_submit():
        operations.cancel(db.session(), current_settings(), number, now(), by=current_organiser().id)
        db.session.commit()
        return redirect(url_for("conference_office.single", key=key, abgesagt=1), 303)
    page = render_template("conference/office/cancel.html", form=form, found=found, conference=_all().get(key))
    return page, 422 if form.errors else 200


def _all() -> Mapping[str, Conference]:
    return conferences(current_settings())


def _conference(key: str) -> Conference:
    return _all().get(key) or abort(404)


def _row(one: Registration) -> tuple[object, ...]:
    confirmed = one.confirmed_at.isoformat(timespec="seconds") if one.confirmed_at else ""
    there = _("ja") if one.attended else _("nein")
    return (
        *(one.id, STANDINGS[one.status], one.seat, one.name, one.email, one.organisation, one.needs),
        *(one.language, confirmed, there),
    )


def init_app(app: Flask) -> None:
    """Register the pages."""
    app.register_blueprint(blueprint)
