"""The organisers' pages about signatories."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from portal.addresses import current_addresses
from portal.clock import now
from portal.database import db
from portal.declaration import operations as declaration
from portal.optin.personal_data import EVENTS
from portal.organisers.frame import Chart, Detail, Section, Subject, Work, word_of, yes_or_no
from portal.organisers.gate import current_organiser, fresh_login, organisers_only
from portal.organisers.roles import MODERATOR
from portal.personal_data import Text
from portal.signatures import oversight
from portal.signatures.models import Signature
from portal.signatures.office_forms import HoldForm, RemovalForm, SeenForm
from portal.signatures.oversight import Gone, Outdated, Wanted
from portal.signatures.vocabulary import FIELDS, HOLD_REASONS, REMOVAL_REASONS, STATES
from portal.text.normalise import single_line
from portal.web.charts import per_week
from portal.web.downloads import csv_stream
from portal.web.numbers import number_in

blueprint = Blueprint("signatures_office", __name__, url_prefix="/redaktion/unterzeichnende")

ROLES = (MODERATOR,)

SECTIONS = (Section("signatures_office.listing", _l("Unterzeichnende"), ROLES, order=40),)

WORK = (
    Work(
        lambda number: ngettext(
            "zurückgestellte Unterschrift, die jemand ansehen muss",
            "zurückgestellte Unterschriften, die jemand ansehen muss",
            number,
        ),
        "signatures_office.listing",
        lambda session, _now: oversight.held_count(session),
        ROLES,
        {"stand": oversight.HELD},
        order=40,
    ),
    Work(
        lambda number: ngettext(
            "Unterschrift, die in zwei Tagen verfällt, wenn niemand sie bestätigt",
            "Unterschriften, die in zwei Tagen verfallen, wenn niemand sie bestätigt",
            number,
        ),
        "signatures_office.listing",
        oversight.expiring_count,
        ROLES,
        {"stand": oversight.UNCONFIRMED},
        order=70,
    ),
)

CHARTS = (
    Chart(
        "unterschriften-je-woche",
        _l("Unterschriften je Woche"),
        _l("Wie viele Unterschriften in den letzten zwölf Wochen bestätigt wurden und noch da sind."),
        _l("Woche ab"),
        _l("Unterschriften"),
        lambda session, moment: per_week(session, Signature.confirmed_at, moment),
    ),
)

ACTS: dict[str, Text] = {
    "signature.hold": _l("Unterschrift zurückgestellt"),
    "signature.release": _l("Unterschrift freigegeben"),
    "signature.remove": _l("Unterschrift entfernt"),
    "signature.export": _l("Unterschriften exportiert"),
}
"""What the acts of this module are called in the log."""

STANDINGS: dict[str, Text] = {
    oversight.COUNTED: _l("zählt"),
    oversight.UNCONFIRMED: _l("nicht bestätigt"),
    oversight.HELD: _l("zurückgestellt"),
    oversight.KEPT: _l("zurückgezogen, für einen Rechtsfall aufbewahrt"),
}


def _pages(_session: Session, numbers: Sequence[str]) -> Mapping[str, str]:
    return {number: url_for("signatures_office.single", number=int(number)) for number in numbers}


SUBJECTS: dict[str, Subject] = {
    "signature": Subject(
        _l("Unterschrift"),
        _pages,
        {
            "reason": Detail(_l("Grund"), word_of({**HOLD_REASONS, **REMOVAL_REASONS})),
            "told": Detail(_l("Mail an die Person"), yes_or_no),
        },
    ),
    "signatures": Subject(
        _l("Unterschriften"),
        lambda _session, _names: {"": url_for("signatures_office.listing")},
        {
            "standing": Detail(_l("nur mit Stand"), word_of(STANDINGS)),
            "revision": Detail(_l("nur zu Fassung")),
            "searched": Detail(_l("mit Suchwort"), yes_or_no),
        },
    ),
}
"""What the entries of this module in the log are about."""

HEADER = (
    *("number", "standing", "revision", "requested_at", "confirmed_at", "language", "name", "occupation", "field"),
    *("organisation", "place", "state", "shows_name", "shows_occupation", "shows_organisation", "shows_place"),
    *("held_since", "held_because"),
)


@blueprint.get("")
@organisers_only(*ROLES)
def listing() -> str:
    """All signatures, the newest first, or those that somebody looks for."""
    wanted = _wanted(request.args)
    before = number_in(request.args, "vor")
    found, following = oversight.page_of_signatures(db.session(), wanted, before=before)
    return render_template(
        "signatures/office/list.html",
        signatures=found,
        following=following,
        later=before is not None,
        query=_query(request.args),
        revisions=range(1, declaration.latest_number(db.session()) + 1),
    )


@blueprint.get("/<int:number>")
@organisers_only(*ROLES)
def single(number: int) -> Any:
    """One signature with everything that proves it; of one that is gone, the proof and what was done with it."""
    return _single(number)


@blueprint.post("/<int:number>/zurueckstellen")
@organisers_only(*ROLES)
def hold(number: int) -> Any:
    form = HoldForm()
    if not form.validate_on_submit():
        return _single(number, hold_form=form, status=422)
    by, seen, reason = current_organiser().id, form.seen.data or "", form.reason.data
    return _act(number, lambda session: oversight.hold(session, number, seen, reason, by=by, now=now()))


@blueprint.post("/<int:number>/freigeben")
@organisers_only(*ROLES)
def release(number: int) -> Any:
    form = SeenForm()
    if not form.validate_on_submit():
        return _single(number, status=422)
    by, seen = current_organiser().id, form.seen.data or ""
    return _act(number, lambda session: oversight.release(session, number, seen, by=by, now=now()))


@blueprint.route("/<int:number>/entfernen", methods=["GET", "POST"])
@organisers_only(*ROLES)
@fresh_login
def remove(number: int) -> Any:
    """Ask for the reason, and remove."""
    try:
        signature = oversight.signature(db.session(), number)
    except Gone:
        return _single(number)
    form = RemovalForm()
    if request.method == "GET":
        form.seen.data = oversight.fingerprint(signature)
    if not form.validate_on_submit():
        page = render_template("signatures/office/remove.html", form=form, signature=signature)
        return page, 422 if form.errors else 200
    by, seen, reason, statement = current_organiser().id, form.seen.data or "", form.reason.data, form.statement.data
    return _act(
        number,
        lambda session: oversight.remove(session, number, seen, reason, statement or "", by=by, now=now()),
    )


@blueprint.post("/export")
@organisers_only(*ROLES)
@fresh_login
def export() -> Response:
    """The signatures that somebody looked for, as a file without addresses; the log says that it was made."""
    wanted = _wanted(request.form)
    oversight.note_export(db.session(), wanted, by=current_organiser().id, now=now())
    db.session.commit()
    batches = ([_row(one) for one in batch] for batch in oversight.all_signatures(db.session(), wanted))
    return csv_stream("unterzeichnende.csv", HEADER, batches)


def _act(number: int, change: Callable[[Session], object]) -> Any:
    """Do it, or show what has changed meanwhile."""
    try:
        change(db.session())
    except (Gone, Outdated):
        db.session.rollback()
        return _single(number, outdated=True, status=409)
    db.session.commit()
    return redirect(url_for("signatures_office.single", number=number, erledigt=1), 303)


def _single(
    number: int, *, hold_form: HoldForm | None = None, outdated: bool = False, status: int = 200
) -> tuple[str, int]:
    session = db.session()
    try:
        signature: Signature | None = oversight.signature(session, number)
    except Gone:
        signature = None
    requests, acts = oversight.proof_of(session, number), oversight.acts_on(session, number)
    if signature is None and not requests and not acts:
        return render_template("signatures/office/unknown.html", number=number), 404
    seen = oversight.fingerprint(signature) if signature else ""
    page = render_template(
        "signatures/office/single.html",
        number=number,
        signature=signature,
        standing=oversight.standing(signature) if signature else None,
        requests=requests,
        acts=acts,
        outdated=outdated,
        done="erledigt" in request.args,
        form=hold_form,
        hold_form=hold_form or HoldForm(formdata=None, seen=seen),
        seen_form=SeenForm(formdata=None, seen=seen),
    )
    return page, status


def _wanted(given: Any) -> Wanted:
    """What somebody looks for; a whole address is looked for by its key, whatever its spelling."""
    text, standing = single_line(given.get("suche", ""))[:160], given.get("stand", "")
    key = ""
    if "@" in text:
        try:
            key, text = current_addresses().identify(text).key, ""
        except UnicodeError:
            # No domain can look like this, and so nobody has signed with it.
            key, text = "-", ""
    return Wanted(
        text=text,
        address_key=key,
        standing=standing if standing in STANDINGS else "",
        revision=number_in(given, "fassung") or 0,
    )


def _query(given: Any) -> dict[str, str]:
    """The parameters of an address that ask for the same again."""
    asked = {name: single_line(given.get(name, ""))[:160] for name in ("suche", "stand", "fassung")}
    return {name: value for name, value in asked.items() if value}


def _row(one: Signature) -> tuple[Any, ...]:
    shown = (one.show_name, one.show_occupation, one.show_organisation, one.show_place)
    return (
        *(one.id, oversight.standing(one), one.revision.number, one.requested_at.isoformat()),
        *(one.confirmed_at and one.confirmed_at.isoformat(), one.language, one.name, one.occupation),
        *(one.field and FIELDS.get(one.field, one.field), one.organisation, one.place),
        one.state and STATES.get(one.state, one.state),
        *(int(is_shown) for is_shown in shown),
        *(one.held_at and one.held_at.isoformat(), one.held_reason),
    )


def init_app(app: Flask) -> None:
    """Register the pages, and the words that they and the mails about their acts need."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(
        signature_standings=STANDINGS,
        standing_of=oversight.standing,
        hold_reasons=HOLD_REASONS,
        removal_reasons=REMOVAL_REASONS,
        proof_events=EVENTS,
    )
