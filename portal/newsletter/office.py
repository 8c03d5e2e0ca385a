"""The office's pages about issues: write, look, try out, ask for release."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, abort, jsonify, redirect, render_template, request, url_for
from flask_babel import format_datetime, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from portal.clock import now
from portal.config import current_settings
from portal.database import db
from portal.language import LANGUAGES
from portal.newsletter import audiences, issues, letters, office_campaigns, preflight, preview, releasing
from portal.newsletter.issues import Content, Outdated
from portal.newsletter.models import PAUSED, READY, Campaign, Issue
from portal.newsletter.office_forms import IssueForm, SeenForm, StartForm
from portal.newsletter.releasing import AskedAlready, NotTried
from portal.organisers.frame import Section, Work
from portal.organisers.gate import current_organiser, organisers_only
from portal.organisers.models import Organiser
from portal.organisers.roles import EDITOR
from portal.personal_data import Text
from portal.subscribers.segments import Segment, current_segments
from portal.web.headers import policy
from portal.web.numbers import number_in

blueprint = Blueprint("newsletter_office", __name__, url_prefix="/redaktion/newsletter")

LATEST = 50
"""So many issues and campaigns are listed."""

WITH_FRAMES = {"Content-Security-Policy": policy(frame_src="'self'")}


@blueprint.route("", methods=["GET", "POST"])
@organisers_only(EDITOR)
def listing() -> Any:
    """What is being written, and what is on its way or was sent; from here one starts a new issue."""
    form = StartForm()
    if form.validate_on_submit():
        issue = issues.start(db.session(), form.kind.data, current_organiser().id, now())
        db.session.commit()
        return redirect(url_for("newsletter_office.write", number=issue.id), 303)
    session = db.session()
    written = session.scalars(select(Issue).order_by(Issue.changed_at.desc(), Issue.id.desc()).limit(LATEST)).all()
    made = session.scalars(select(Campaign).order_by(Campaign.id.desc()).limit(LATEST)).all()
    page = render_template(
        "newsletter/office/list.html",
        form=form,
        issues=written,
        campaigns=made,
        segments=current_segments(),
        gone=_notice(),
    )
    return page, 422 if form.errors else 200


@blueprint.route("/<int:number>", methods=["GET", "POST"])
@organisers_only(EDITOR)
def write(number: int) -> Any:
    """The editor. Saving keeps one here, or leads on to checking and asking."""
    issue = issues.find(db.session(), number) or abort(404)
    if request.method == "GET":
        return _editor(issue, IssueForm.of(issue))
    form = IssueForm()
    if not form.validate_on_submit():
        return _editor(issue, form, status=422)
    try:
        issues.save(db.session(), number, form.seen, form.drafts, current_organiser().id, now())
    except Outdated:
        db.session.rollback()
        return _conflict(number, form)
    db.session.commit()
    if request.form.get("step") == "check":
        return redirect(url_for("newsletter_office.check", number=number), 303)
    return redirect(url_for("newsletter_office.write", number=number, gespeichert=1), 303)


@blueprint.post("/<int:number>/entwurf")
@organisers_only(EDITOR)
def autosave(number: int) -> Any:
    """What the editor's script sends while somebody types: JSON with the new version, or 409 with who was faster."""
    form = IssueForm()
    if issues.find(db.session(), number) is None:
        abort(404)
    if not form.validate_on_submit():
        return jsonify(message=" ".join(str(error) for errors in form.errors.values() for error in errors)), 422
    try:
        issue = issues.save(db.session(), number, form.seen, form.drafts, current_organiser().id, now())
    except Outdated:
        db.session.rollback()
        found = issues.find(db.session(), number)
        return jsonify(message=_who_was_faster(found) if found else _("Die Ausgabe ist inzwischen verworfen.")), 409
    db.session.commit()
    return jsonify(version=issue.version, message=_("Gespeichert um %(time)s", time=format_datetime(now(), "HH:mm:ss")))


@blueprint.get("/<int:number>/ansicht/<name>")
@organisers_only(EDITOR)
def view(number: int, name: str) -> Response:
    """The mail as it is written down, for a frame: `de-hell`, `de-dunkel`, `de-text`, and in English."""
    issue = issues.find(db.session(), number) or abort(404)
    return preview.frame(issues.content(db.session(), issue), name, current_organiser(), current_settings())


@blueprint.get("/<int:number>/pruefen")
@organisers_only(EDITOR)
def check(number: int) -> Any:
    """To whom it shall go, what is amiss, a test mail, and asking for release."""
    issue = issues.find(db.session(), number) or abort(404)
    return _check_page(issue, request.args)


@blueprint.post("/<int:number>/testmail")
@organisers_only(EDITOR)
def try_out(number: int) -> Any:
    """The mail in all its languages to whoever asks for it."""
    issue = issues.find(db.session(), number) or abort(404)
    form, me = SeenForm(), current_organiser()
    found = issues.content(db.session(), issue)
    if not form.validate_on_submit() or form.seen.data != found.sha256:
        return _check_page(issue, request.form, problem=_changed_meanwhile(), status=409)
    letters_to_me = preview.own_letters(found, me, current_settings())
    issues.try_out(db.session(), issue, found, letters_to_me, me, now())
    db.session.commit()
    chosen: dict[str, Any] = _chosen(request.form)
    return redirect(url_for("newsletter_office.check", number=number, getestet=1, **chosen), 303)


@blueprint.post("/<int:number>/freigabe")
@organisers_only(EDITOR)
def ask(number: int) -> Any:
    """Ask for the release of what was seen, to the people who were chosen."""
    issue = issues.find(db.session(), number) or abort(404)
    form, me, session = SeenForm(), current_organiser(), db.session()
    segment = current_segments().get(request.form.get("segment", "")) or abort(404)
    if not form.validate_on_submit() or segment.kind != issue.kind:
        return _check_page(issue, request.form, problem=_changed_meanwhile(), status=422)
    narrowed = audiences.narrowings(session, segment, request.form)
    if preflight.blocking(_answers(issue, issues.content(session, issue), segment, narrowed)):
        return _check_page(issue, request.form, problem=_not_yet(), status=422)
    try:
        campaign = releasing.ask(session, number, form.seen.data or "", segment.name, narrowed, me.id, now())
    except AskedAlready as error:
        session.rollback()
        return redirect(url_for("campaigns_office.campaign", number=int(str(error)), getan="schon"), 303)
    except (Outdated, NotTried):
        session.rollback()
        again = issues.find(session, number) or abort(404)
        return _check_page(again, request.form, problem=_changed_meanwhile(), status=409)
    session.commit()
    return redirect(url_for("campaigns_office.campaign", number=campaign.id, getan="gebeten"), 303)


@blueprint.post("/<int:number>/verwerfen")
@organisers_only(EDITOR)
def discard(number: int) -> Any:
    """Throw an issue away."""
    issue = issues.find(db.session(), number) or abort(404)
    form = SeenForm()
    if not form.validate_on_submit():
        return _editor(issue, IssueForm.of(issue), status=422)
    try:
        issues.discard(db.session(), number, form.number, current_organiser().id, now())
    except Outdated:
        db.session.rollback()
        again = issues.find(db.session(), number) or abort(404)
        return _editor(again, IssueForm.of(again), conflict=_who_was_faster(again), status=409)
    db.session.commit()
    return redirect(url_for("newsletter_office.listing", verworfen=number), 303)


def _editor(
    issue: Issue, form: IssueForm, *, conflict: str = "", stored: Mapping[str, Any] | None = None, status: int = 200
) -> Any:
    page = render_template(
        "newsletter/office/write.html",
        issue=issue,
        form=form,
        fields=[*letters.fields(issue.kind).values()],
        conflict=conflict,
        stored=stored or {},
        saved="gespeichert" in request.args,
        changed_by=_name_of(issue.changed_by_id),
        languages=LANGUAGES,
        discard_form=SeenForm(formdata=None, data={"seen": issue.version}),
    )
    return page, status, WITH_FRAMES


def _conflict(number: int, form: IssueForm) -> Any:
    """The editor with what was typed, and beside it what somebody else has written meanwhile."""
    issue = issues.find(db.session(), number) or abort(404)
    form.version.data = str(issue.version)
    stored = {text.language: text for text in issue.texts}
    return _editor(issue, form, conflict=_who_was_faster(issue), stored=stored, status=409)


def _check_page(issue: Issue, given: Mapping[str, str], *, problem: str = "", status: int = 200) -> Any:
    session, me = db.session(), current_organiser()
    offered = _segments_for(issue)
    segment = next((one for one in offered if one.name == given.get("segment")), offered[0] if offered else None)
    found = issues.content(session, issue)
    narrowed = audiences.narrowings(session, segment, given) if segment else {}
    audience = audiences.count(session, segment, narrowed) if segment else audiences.Audience({}, 0)
    tried = issues.tried(session, issue, found, me.id)
    answers = preflight.answers(found, audience, tried, current_settings())
    page = render_template(
        "newsletter/office/check.html",
        issue=issue,
        found=found,
        offered=offered,
        segment=segment,
        choices={one.name: one.choices(session) for one in segment.narrowings} if segment else {},
        narrowed=narrowed,
        audience=audience,
        people=audience.in_languages(found.texts),
        answers=answers,
        open=preflight.blocking(answers),
        tried=tried,
        untried=[one for one in found.texts if one not in tried],
        tested="getestet" in request.args,
        problem=problem,
        seen_form=SeenForm(formdata=None, data={"seen": found.sha256}),
        four_eyes=current_settings().newsletter_four_eyes,
        language_name=preflight.name,
    )
    return page, status


def _answers(issue: Issue, found: Content, segment: Segment, narrowed: Mapping[str, str]) -> Sequence[preflight.Answer]:
    session = db.session()
    tried = issues.tried(session, issue, found, current_organiser().id)
    return preflight.answers(found, audiences.count(session, segment, narrowed), tried, current_settings())


def _segments_for(issue: Issue) -> list[Segment]:
    return [segment for segment in current_segments().values() if segment.kind == issue.kind]


def _chosen(given: Mapping[str, str]) -> dict[str, str]:
    """The parameters of an address that choose the same people again."""
    segment = current_segments().get(given.get("segment", ""))
    if segment is None:
        return {}
    return {"segment": segment.name, **audiences.narrowings(db.session(), segment, given)}


def _who_was_faster(issue: Issue) -> str:
    words = _(
        "%(name)s hat diese Ausgabe um %(time)s geändert, nachdem Sie sie geöffnet hatten. Was Sie getippt haben,"
        " steht noch da, ist aber noch nicht gespeichert.",
        name=_name_of(issue.changed_by_id),
        time=_time(issue.changed_at),
    )
    return str(words)


def _name_of(organiser_id: int) -> str:
    organiser = db.session.get(Organiser, organiser_id)
    return organiser.name if organiser else ""


def _time(moment: datetime) -> str:
    return str(format_datetime(moment, "HH:mm"))


def _changed_meanwhile() -> str:
    return str(_("Der Text hat sich inzwischen geändert, oder die Testmail fehlt noch. Bitte prüfen Sie noch einmal."))


def _not_yet() -> str:
    return str(_("Noch nicht: Die Liste unten sagt, was vorher zu tun ist."))


def _notice() -> str:
    number = number_in(request.args, "verworfen")
    if number is not None:
        return str(_("Ausgabe %(number)s ist verworfen.", number=number))
    if "zurueckgenommen" in request.args:
        return str(_("Die Bitte um Freigabe ist zurückgenommen."))
    return ""


def _campaigns_that(status: str) -> Callable[[Session, datetime], int]:
    counted = select(func.count()).select_from(Campaign).where(Campaign.status == status)
    return lambda session, _now: session.scalar(counted) or 0


SECTIONS = (Section("newsletter_office.listing", _l("Newsletter"), (EDITOR,), 30),)
WORK = (
    Work(
        lambda number: ngettext("Newsletter wartet auf Freigabe", "Newsletter warten auf Freigabe", number),
        "newsletter_office.listing",
        _campaigns_that(READY),
        (EDITOR,),
        order=31,
    ),
    Work(
        lambda number: ngettext("angehaltener Newsletter", "angehaltene Newsletter", number),
        "newsletter_office.listing",
        _campaigns_that(PAUSED),
        (EDITOR,),
        order=32,
    ),
)
ACTS: dict[str, Text] = {
    "issue.start": _l("Newsletter begonnen"),
    "issue.discard": _l("Newsletter verworfen"),
    "campaign.ask": _l("Freigabe eines Newsletters erbeten"),
    "campaign.take_back": _l("Bitte um Freigabe zurückgenommen"),
    "campaign.release": _l("Newsletter freigegeben"),
    "campaign.pause": _l("Newsletter angehalten"),
    "campaign.resume": _l("Newsletter fortgesetzt"),
    "campaign.stop": _l("Newsletter abgebrochen"),
    "campaign.uncertain": _l("Über vielleicht angekommene Newsletter-Mails entschieden"),
    "campaign.export": _l("Nicht erreichte Empfänger:innen eines Newsletters exportiert"),
}
"""What the acts of this module are called in the log."""


def init_app(app: Flask) -> None:
    """Register the pages of issues and of campaigns."""
    app.register_blueprint(blueprint)
    office_campaigns.init_app(app)
