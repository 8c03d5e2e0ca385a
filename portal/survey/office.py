"""The office's pages about surveys: open and close them, invite, read free texts, take the raw answers home."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, abort, g, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import refresh
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from portal.addresses import current_addresses
from portal.clock import now
from portal.content import ContentError
from portal.database import db
from portal.language import LANGUAGES, current_language
from portal.organisers import audit
from portal.organisers.forms import LANGUAGE_NAMES
from portal.organisers.frame import Detail, Section, Subject
from portal.organisers.gate import current_organiser, fresh_login, organisers_only
from portal.organisers.roles import EDITOR
from portal.personal_data import Text
from portal.survey import box, operations, questionnaire, reading
from portal.survey.answering import Answers, fields_of, name_of
from portal.survey.disclosure import LEAST
from portal.survey.forms import InviteForm
from portal.survey.models import FreeText, Invitation, OpenedSurvey
from portal.survey.operations import CLOSED, DRAFT, OPEN, PLANNED, AlreadyOpened, AlreadyOver, NotOpen
from portal.survey.questionnaire import External, Matrix, Multiple, Questionnaire
from portal.survey.questionnaire import Text as TextQuestion
from portal.web.downloads import csv_file
from portal.web.forms import ActionForm

blueprint = Blueprint("survey_office", __name__, url_prefix="/redaktion/umfragen")

ROLES = (EDITOR,)

SECTIONS = (Section("survey_office.listing", _l("Umfragen"), ROLES, order=55),)

STATES: dict[str, Text] = {
    DRAFT: _l("Entwurf"),
    PLANNED: _l("geplant"),
    OPEN: _l("offen"),
    CLOSED: _l("geschlossen"),
}

ACTS: dict[str, Text] = {
    "survey.open": _l("Umfrage geöffnet"),
    "survey.close": _l("Umfrage geschlossen"),
    "survey.invite": _l("Zu einer Umfrage eingeladen"),
    "survey.remind": _l("An eine Umfrage erinnert"),
    "survey.export": _l("Antworten exportiert"),
    "survey.export_texts": _l("Freie Texte exportiert"),
    "survey.release_text": _l("Freien Text freigegeben"),
    "survey.delete_text": _l("Freien Text gelöscht"),
}


DONE: dict[str, Text] = {
    "geoeffnet": _l("Die Umfrage ist geöffnet. Ihr Fragebogen steht jetzt fest."),
    "geschlossen": _l("Die Umfrage ist geschlossen."),
    "freigegeben": _l("Der Text ist freigegeben."),
    "geloescht": _l("Der Text ist gelöscht."),
}
"""What the pages say after something was done, by what stands in the address."""


def _pages(_session: Session, keys: Sequence[str]) -> Mapping[str, str]:
    return {key: url_for("survey_office.single", key=key) for key in keys if key}


SUBJECTS: dict[str, Subject] = {
    "survey": Subject(
        _l("Umfrage"),
        _pages,
        {
            "sha256": Detail(_l("Prüfsumme des Fragebogens")),
            "number": Detail(_l("Anzahl")),
            "question": Detail(_l("Frage")),
        },
    )
}


@blueprint.get("")
@organisers_only(*ROLES)
def listing() -> str:
    """Every survey: those that only a file knows yet, too."""
    session, moment = db.session(), now()
    opened = {one.key: one for one in session.scalars(select(OpenedSurvey))}
    rows = []
    for key in sorted({*opened, *questionnaire.keys(reading.folder())}):
        survey = opened.get(key)
        about, problem = (survey.questionnaire, "") if survey else _file(key)
        rows.append((key, about, _state(survey, about, moment), _number(session, survey), problem))
    return render_template("survey/office/list.html", rows=rows)


@blueprint.get("/<name:key>")
@organisers_only(*ROLES)
def single(key: str) -> Any:
    """One survey: where it stands, and what can be done."""
    return _single(key)


@blueprint.get("/<name:key>/fragebogen")
@organisers_only(*ROLES)
def preview(key: str) -> str:
    """All questions as respondents see them, in either language, before and after they are fixed."""
    survey = operations.find(db.session(), key)
    about = survey.questionnaire if survey else _file(key)[0]
    if not isinstance(about, Questionnaire):
        abort(404)
    asked = request.args.get("sprache")
    g.language = asked if asked in LANGUAGES else current_language()
    refresh()
    return render_template(
        "survey/office/questionnaire.html",
        key=key,
        about=about,
        answers=Answers(about, MultiDict()),
        name_of=name_of,
        fields_of=fields_of,
        languages=LANGUAGE_NAMES,
    )


@blueprint.post("/<name:key>/oeffnen")
@organisers_only(*ROLES)
def open_survey(key: str) -> Any:
    """Fix the questionnaire for good."""
    about, _problem = _file(key)
    if not ActionForm().validate_on_submit() or not isinstance(about, Questionnaire):
        return _single(key, 422)
    try:
        operations.open_survey(db.session(), key, about, now(), by=current_organiser().id)
    except (AlreadyOpened, AlreadyOver):
        return _single(key, 409)
    return _done(key, getan="geoeffnet")


@blueprint.post("/<name:key>/schliessen")
@organisers_only(*ROLES)
def close(key: str) -> Any:
    """End it before its last day, or one that has none."""
    survey = operations.find(db.session(), key) or abort(404)
    if not ActionForm().validate_on_submit():
        return _single(key, 422)
    operations.close_survey(db.session(), survey, now(), by=current_organiser().id)
    return _done(key, getan="geschlossen")


@blueprint.post("/<name:key>/einladen")
@organisers_only(*ROLES)
def invite(key: str) -> Any:
    """Mail links to a list of addresses."""
    survey = operations.find(db.session(), key) or abort(404)
    form = InviteForm()
    if not form.validate_on_submit():
        return _single(key, 422, form)
    addresses = [current_addresses().identify(one) for one in form.listed]
    try:
        done = operations.invite(db.session(), survey, addresses, form.language.data, now(), by=current_organiser().id)
    except NotOpen:
        db.session.rollback()
        return _single(key, 409, form)
    return _done(key, neu=done.new, schon=done.there_before, gesperrt=done.suppressed)


@blueprint.post("/<name:key>/erinnern")
@organisers_only(*ROLES)
def remind(key: str) -> Any:
    """One more mail to everybody who has not answered yet."""
    survey = operations.find(db.session(), key) or abort(404)
    if not ActionForm().validate_on_submit():
        return _single(key, 422)
    try:
        number = operations.remind(db.session(), survey, now(), by=current_organiser().id)
    except NotOpen:
        return _single(key, 409)
    return _done(key, erinnert=number)


@blueprint.post("/<name:key>/export")
@organisers_only(*ROLES)
@fresh_login
def export(key: str) -> Any:
    """What was chosen, one row for each respondent, without free texts; not of fewer than ten."""
    survey, session = operations.find(db.session(), key) or abort(404), db.session()
    contents = operations.answers(session, survey)
    if not ActionForm().validate_on_submit() or len(contents) < LEAST:
        return _single(key, 422)
    audit.record(session, current_organiser().id, "survey.export", f"survey {key}", now(), number=len(contents))
    session.commit()
    columns = list(_columns(survey.questionnaire))
    rows = ([_value(content.get(question), part) for question, part in columns] for content in contents)
    return csv_file(f"{key}-rohdaten.csv", [f"{one}.{part}" if part else one for one, part in columns], rows)


@blueprint.get("/<name:key>/texte")
@organisers_only(*ROLES)
def texts(key: str) -> str:
    """What was written, apart from everything else."""
    survey = operations.find(db.session(), key) or abort(404)
    written = db.session.scalars(select(FreeText).where(FreeText.survey_id == survey.id).order_by(FreeText.id)).all()
    asked = [question for question in survey.questionnaire.questions if isinstance(question, TextQuestion)]
    return render_template(
        "survey/office/texts.html",
        survey=survey,
        asked=asked,
        written=written,
        form=ActionForm(),
        done=_what_was_done(),
    )


@blueprint.post("/<name:key>/texte/<name:name>")
@organisers_only(*ROLES)
def decide_text(key: str, name: str) -> Any:
    """Release one text for exports, or delete it."""
    survey = operations.find(db.session(), key) or abort(404)
    text = db.session.get(FreeText, name)
    if not ActionForm().validate_on_submit() or text is None or text.survey_id != survey.id:
        abort(404)
    deletes = request.form.get("step") == "delete"
    decide = operations.delete_text if deletes else operations.release_text
    decide(db.session(), text, now(), by=current_organiser().id)
    db.session.commit()
    return redirect(url_for("survey_office.texts", key=key, getan="geloescht" if deletes else "freigegeben"), 303)


@blueprint.post("/<name:key>/texte-export")
@organisers_only(*ROLES)
@fresh_login
def export_texts(key: str) -> Any:
    """The texts that somebody has released."""
    survey, session = operations.find(db.session(), key) or abort(404), db.session()
    if not ActionForm().validate_on_submit():
        abort(422)
    released = select(FreeText).where(FreeText.survey_id == survey.id, FreeText.released).order_by(FreeText.id)
    rows = [(one.question, one.text) for one in session.scalars(released)]
    audit.record(session, current_organiser().id, "survey.export_texts", f"survey {key}", now(), number=len(rows))
    session.commit()
    return csv_file(f"{key}-texte.csv", ("question", "text"), rows)


def _single(key: str, status: int = 200, invite_form: InviteForm | None = None) -> tuple[str, int]:
    session, survey = db.session(), operations.find(db.session(), key)
    draft, problem = _file(key)
    if survey is None and draft is None and not problem:
        abort(404)
    about = survey.questionnaire if survey else draft
    html = render_template(
        "survey/office/single.html",
        key=key,
        survey=survey,
        about=about,
        problem=problem,
        late=survey is None and isinstance(about, Questionnaire) and operations.is_over(about, now()),
        differs=survey is not None and reading.differs(survey),
        first_day=survey.first_day if survey else getattr(about, "opens", None),
        last_day=survey.last_day if survey else getattr(about, "closes", None),
        begun=isinstance(about, Questionnaire) and operations.begins_at(about) <= now(),
        state=_state(survey, about, now()),
        answered=_number(session, survey),
        waiting=box.waiting(session, survey) if survey else 0,
        days=operations.days(session, survey) if survey else [],
        invitations=_invitations(session, survey) if survey else None,
        texts=_texts(session, survey) if survey else 0,
        action=ActionForm(),
        form=invite_form,
        invite_form=invite_form or InviteForm(formdata=None),
        refused=status in {409, 422} and invite_form is None,
        done=_what_was_done(),
    )
    return html, status


def _done(key: str, **said: Any) -> Response:
    db.session.commit()
    return redirect(url_for("survey_office.single", key=key, **said), 303)


def _what_was_done() -> Text:
    return DONE.get(request.args.get("getan", ""), "")


def _file(key: str) -> tuple[Questionnaire | External | None, str]:
    """What the file says now, or what is wrong with it."""
    if key not in questionnaire.keys(reading.folder()):
        return None, ""
    try:
        return questionnaire.read(reading.folder(), key), ""
    except ContentError as error:
        return None, str(error)


def _state(survey: OpenedSurvey | None, about: object, moment: datetime) -> str:
    if survey is not None:
        return operations.state(survey, moment)
    return CLOSED if isinstance(about, External) else DRAFT


def _number(session: Session, survey: OpenedSurvey | None) -> int | None:
    return operations.number_of_answers(session, survey) if survey else None


def _invitations(session: Session, survey: OpenedSurvey) -> dict[str, int]:
    """How many invitations there are, how many of them are used, and how many could be reminded."""
    mine = Invitation.survey_id == survey.id
    number = func.count()
    return {
        "all": session.scalar(select(number).where(mine)) or 0,
        "used": session.scalar(select(number).where(mine, Invitation.used)) or 0,
        "open": session.scalar(select(number).where(mine, ~Invitation.used, ~Invitation.reminded)) or 0,
    }


def _texts(session: Session, survey: OpenedSurvey) -> int:
    return session.scalar(select(func.count()).where(FreeText.survey_id == survey.id)) or 0


def _columns(about: Questionnaire) -> Sequence[tuple[str, str]]:
    """The columns of the raw answers: a question, and its row or option if it has several."""
    columns: list[tuple[str, str]] = []
    for question in about.questions:
        if isinstance(question, Multiple):
            columns += [(question.id, option.id) for option in question.options]
        elif isinstance(question, Matrix):
            columns += [(question.id, row.id) for row in question.rows]
        elif not isinstance(question, TextQuestion):
            columns.append((question.id, ""))
    return columns


def _value(found: Any, part: str) -> Any:
    """A value as it stands in its column; empty where the question was not answered."""
    if isinstance(found, list):
        return int(part in found)
    return found.get(part) if isinstance(found, dict) else found


def init_app(app: Flask) -> None:
    """Register the pages."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(survey_states=STATES)
