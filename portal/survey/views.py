"""Surveys in public: what they are, answering them, and what came of them."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Flask, Response, abort, redirect, render_template, request, url_for

from portal import tokens
from portal.clock import now
from portal.config import Settings, current_settings
from portal.database import db
from portal.language import current_language, localized
from portal.survey import box, files, operations, reading
from portal.survey.answering import Answers, fields_of, name_of, said
from portal.survey.forms import AnswerForm
from portal.survey.models import Invitation, OpenedSurvey
from portal.survey.operations import CLOSED, AlreadyAnswered, NoSuchInvitation, NotOpen
from portal.survey.questionnaire import Page
from portal.survey.reading import Elsewhere
from portal.web.caching import public_page
from portal.web.forms import checks_token_itself
from portal.web.limits import limiter, trusted

blueprint = Blueprint("survey", __name__)

PURPOSE = "survey.invitation"
NEXT, BACK, CHECK, SEND = "next", "back", "check", "send"

refuse_floods_of_answers = limiter.shared_limit(
    lambda: current_settings().rate_limit_refused,
    scope="forms",
    methods=["POST"],
    # Turning pages stores nothing, and a whole office answers from one network.
    exempt_when=lambda: trusted() or request.form.get("step") != SEND,
)


@localized(blueprint, "/umfrage", "/survey")
@public_page
def overview() -> str:
    """All surveys."""
    return render_template("survey/overview.html", found=reading.listed(db.session(), now()))


@localized(blueprint, "/umfrage/<name:survey>", "/survey/<name:survey>")
@public_page
def single(survey: str) -> str:
    """What a survey is about, who carries it out, and what happens with the answers."""
    opened = operations.find(db.session(), survey)
    if opened is None:
        return _elsewhere(reading.elsewhere(survey) or abort(404))
    return render_template("survey/single.html", **_about(opened))


@localized(blueprint, "/umfrage/einladung/<token>", "/survey/invitation/<token>")
def invitation(token: str) -> Any:
    """Where the link in a mail leads: what the survey is about, and a button to begin."""
    found = _invited(token)
    opened = db.session.get(OpenedSurvey, found.survey_id) if found else None
    if found is None or opened is None:
        return render_template("survey/no_invitation.html"), 404
    if found.used:
        return render_template("survey/used.html", survey=opened), 410
    form = AnswerForm(formdata=None, invitation=token)
    form.stamp(now())
    return render_template("survey/single.html", **_about(opened), form=form)


@localized(blueprint, "/umfrage/<name:survey>/antworten", "/survey/<name:survey>/answer", methods=["GET", "POST"])
@checks_token_itself
@refuse_floods_of_answers
def answer(survey: str) -> Any:
    """The pages of a survey, one after the other. Nothing is stored before the last one is sent."""
    opened = operations.find(db.session(), survey) or abort(404)
    if not operations.takes_answers(opened, now()):
        return redirect(url_for("survey.single", survey=survey), 303)
    form = AnswerForm()
    if request.method == "GET":
        if opened.questionnaire.access == "invitation":
            return redirect(url_for("survey.single", survey=survey), 303)
        form.stamp(now())
    answers = Answers(opened.questionnaire, request.form)
    return _turn(opened, form, answers) if request.method == "POST" else _show(opened, form, answers, answers.path[0])


def _turn(opened: OpenedSurvey, form: AnswerForm, answers: Answers) -> Any:
    """From the page that was on the screen to the one that was asked for, unless something is to be mended first."""
    form.validate()
    step, seen = request.form.get("step", NEXT), form.number()
    if seen is not None and seen not in answers.path:
        # A condition has changed, or somebody tries numbers.
        seen = max((number for number in answers.path if number < seen), default=answers.path[0])
    if step == "start":
        return _show(opened, form, answers, answers.path[0], form.mistakes({}))
    if step == BACK:
        before = [number for number in answers.path if seen is None or number < seen]
        return _show(opened, form, answers, (before or answers.path)[-1 if before else 0], form.mistakes({}))
    if step == SEND:
        return _send(opened, form, answers)
    page = answers.path[0] if seen is None else seen
    mistakes = form.mistakes(answers.errors(opened.questionnaire.pages[page]))
    if mistakes:
        return _show(opened, form, answers, page, mistakes)
    following = [number for number in answers.path if number > page]
    return _show(opened, form, answers, following[0] if following and step != CHECK else None)


def _send(opened: OpenedSurvey, form: AnswerForm, answers: Answers) -> Any:
    """Count it, once everything is as it should be."""
    pages = opened.questionnaire.pages
    wrong = next((number for number in answers.path if answers.errors(pages[number])), None)
    mistakes = form.mistakes(answers.errors(pages[wrong]) if wrong is not None else {})
    if mistakes:
        return _show(opened, form, answers, wrong, mistakes)
    session, settings, sheet = db.session(), current_settings(), answers.sheet()
    try:
        if opened.questionnaire.access == "open":
            operations.answer_openly(session, settings, opened, form.own_token(), sheet, now())
        else:
            invited = _invitation_id(settings, form.invitation.data or "")
            operations.answer_by_invitation(session, settings, opened, invited, sheet, now())
    except NoSuchInvitation:
        return render_template("survey/no_invitation.html"), 404
    except NotOpen:
        return redirect(url_for("survey.single", survey=opened.key), 303)
    except AlreadyAnswered:
        if opened.questionnaire.access == "invitation":
            return render_template("survey/used.html", survey=opened), 409
        return redirect(url_for("survey.thanks", survey=opened.key), 303)
    session.commit()
    return redirect(url_for("survey.thanks", survey=opened.key), 303)


def _show(
    opened: OpenedSurvey,
    form: AnswerForm,
    answers: Answers,
    number: int | None,
    mistakes: Mapping[str, str] | None = None,
) -> tuple[str, int]:
    """One page, or, without a number, the answers to look through before they are sent."""
    page: Page | None = None if number is None else opened.questionnaire.pages[number]
    form.page.data = CHECK if number is None else str(number)
    html = render_template(
        "survey/page.html" if page else "survey/check.html",
        survey=opened,
        questionnaire=opened.questionnaire,
        form=form,
        answers=answers,
        page=page,
        place=len(answers.path) + 1 if number is None else answers.path.index(number) + 1,
        carried=list(answers.carried(page)),
        mistakes=mistakes or {},
        said=said,
        name_of=name_of,
        fields_of=fields_of,
    )
    return html, 422 if mistakes else 200


@localized(blueprint, "/umfrage/<name:survey>/danke", "/survey/<name:survey>/thanks")
def thanks(survey: str) -> str:
    """Where one comes when an answer has been counted."""
    opened = operations.find(db.session(), survey) or abort(404)
    return render_template("survey/thanks.html", **_about(opened))


@localized(blueprint, "/umfrage/<name:survey>/ergebnisse", "/survey/<name:survey>/results")
@public_page
def results(survey: str) -> Any:
    """What was answered, as far as it tells of no small group; of all, or of those who gave one answer."""
    opened = operations.find(db.session(), survey) or abort(404)
    about = _about(opened)
    if not about["results_are_public"]:
        return render_template("survey/no_results_yet.html", **about)
    found = reading.results(db.session(), opened, current_language())
    asked = request.args.get("gruppe", "")
    group = asked if asked in found.choices else None
    return render_template(
        "survey/results.html",
        results=found,
        counting=about["over"] and box.waiting(db.session(), opened) > 0,
        group=group,
        unknown=bool(asked) and group is None,
        shown=found.shown(group),
        sums=files.sums(_files(survey)).splitlines() if found.public else [],
        **about,
    )


@blueprint.get("/daten/umfrage/<name:survey>.csv")
@public_page
def csv_file(survey: str) -> Response:
    """All numbers of the page with the results."""
    return _file(survey, f"{survey}.csv", files.CSV)


@blueprint.get("/daten/umfrage/<name:survey>-codebook.json")
@public_page
def codebook(survey: str) -> Response:
    """What they mean."""
    return _file(survey, f"{survey}-codebook.json", "application/json")


@blueprint.get("/daten/umfrage/<name:survey>.sha256")
@public_page
def checksums(survey: str) -> Response:
    """By what one can tell that both files are complete: `sha256sum --check`."""
    return Response(files.sums(_files(survey) or abort(404)), content_type="text/plain; charset=utf-8")


def _file(survey: str, name: str, content_type: str) -> Response:
    content = _files(survey).get(name) or abort(404)
    response = Response(content, content_type=content_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _files(survey: str) -> dict[str, bytes]:
    """The files of a survey: name → content; none while its results are not public."""
    csv_name, codebook_name = f"{survey}.csv", f"{survey}-codebook.json"
    opened = operations.find(db.session(), survey)
    if opened is None:
        found = reading.elsewhere(survey)
        if found is None or not found.tables:
            return {}
        described = files.foreign_codebook(survey, found.about, found.tables)
        return {csv_name: files.foreign_csv(found.tables), codebook_name: described}
    if not reading.results_are_public(opened, now()):
        return {}
    counted = reading.results(db.session(), opened, "de")
    if not counted.public:
        return {}
    return {csv_name: files.results_csv(counted), codebook_name: files.codebook(opened, counted.total)}


def _elsewhere(found: Elsewhere) -> str:
    sums = files.sums(_files(found.key)).splitlines()
    return render_template("survey/elsewhere.html", found=found, about=found.about, sums=sums)


def _about(opened: OpenedSurvey) -> dict[str, Any]:
    """What every page about a survey says."""
    moment = now()
    return {
        "survey": opened,
        "questionnaire": opened.questionnaire,
        "state": operations.state(opened, moment),
        "over": operations.state(opened, moment) == CLOSED,
        "answered": operations.number_of_answers(db.session(), opened),
        "results_are_public": reading.results_are_public(opened, moment),
    }


def _invitation_id(settings: Settings, token: str) -> str:
    """Which invitation a link stands for; one that stands for none has an id that none has."""
    try:
        return str(tokens.read(settings, PURPOSE, token))
    except tokens.TokenInvalid:
        return ""


def _invited(token: str) -> Invitation | None:
    return db.session.get(Invitation, _invitation_id(current_settings(), token))


def _invitation_url(invitation: str) -> str:
    token = tokens.issue(current_settings(), PURPOSE, invitation)
    return url_for("survey.invitation", token=token, _external=True)


def init_app(app: Flask) -> None:
    """Register the pages, and the link of the mails."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(survey_invitation_url=_invitation_url)
