"""The office's pages about issues: write, look, try out, ask for release."""

import functools
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ParamSpec
from urllib.parse import urlencode

from flask import Blueprint, Flask, abort, jsonify, redirect, render_template, request, url_for
from flask_babel import format_date, format_datetime, format_decimal, ngettext, to_user_timezone
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
from portal.newsletter.office_forms import LARGEST_FORM, CheckForm, IssueForm, SeenForm, StartForm
from portal.newsletter.releasing import AskedAlready, NotTried
from portal.organisers.frame import Section, Work
from portal.organisers.gate import current_organiser, organisers_only
from portal.organisers.models import Organiser
from portal.organisers.roles import EDITOR
from portal.personal_data import Text
from portal.subscribers.segments import Segment, current_segments
from portal.web.forms import checks_token_itself
from portal.web.headers import policy
from portal.web.numbers import number_in

blueprint = Blueprint("newsletter_office", __name__, url_prefix="/redaktion/newsletter")

LATEST = 50
"""So many issues and campaigns are listed."""

P = ParamSpec("P")

WITH_FRAMES = {"Content-Security-Policy": policy(frame_src="'self'")}


def _takes_long_texts(view: Callable[P, Any]) -> Callable[P, Any]:
    """Let more be posted to a view than to others. Stands above `organisers_only`, which may read what was posted."""

    @functools.wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        request.max_content_length = request.max_form_memory_size = LARGEST_FORM
        return view(*args, **kwargs)

    return wrapper


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


@blueprint.post("/neu")
@checks_token_itself
@_takes_long_texts
@organisers_only(EDITOR)
def start_with() -> Any:
    """A new issue with what was typed into one that has been discarded."""
    form = IssueForm()
    if not form.validate_on_submit():
        return _gone(form, 422)
    issue = issues.start(db.session(), form.purpose, current_organiser().id, now(), form.drafts)
    db.session.commit()
    return redirect(url_for("newsletter_office.write", number=issue.id, gespeichert=issue.version), 303)


@blueprint.route("/<int:number>", methods=["GET", "POST"])
@checks_token_itself
@_takes_long_texts
@organisers_only(EDITOR)
def write(number: int) -> Any:
    """The editor. Saving keeps one here, or leads on to checking and asking."""
    issue = issues.find(db.session(), number)
    if request.method == "GET":
        return _editor(issue, IssueForm.of(issue)) if issue else abort(404)
    form = IssueForm()
    if issue is None:
        return _gone(form, 410) if issues.discarded(db.session(), number) else abort(404)
    if not form.validate_on_submit():
        return _editor(issue, form, status=422)
    try:
        issue = issues.save(db.session(), number, form.seen, form.drafts, current_organiser().id, now())
    except Outdated:
        db.session.rollback()
        return _conflict(number, form)
    db.session.commit()
    if request.form.get("step") == "check":
        return redirect(url_for("newsletter_office.check", number=number), 303)
    return redirect(url_for("newsletter_office.write", number=number, gespeichert=issue.version), 303)


@blueprint.post("/<int:number>/entwurf")
@checks_token_itself
@_takes_long_texts
@organisers_only(EDITOR)
def autosave(number: int) -> Any:
    """What the editor's script sends while somebody types: JSON with the new version, or 409 with who was faster."""
    form = IssueForm()
    if issues.find(db.session(), number) is None:
        return _outdated(number)
    if not form.validate_on_submit():
        return jsonify(message=" ".join(str(error) for errors in form.errors.values() for error in errors)), 422
    try:
        issue = issues.save(db.session(), number, form.seen, form.drafts, current_organiser().id, now())
    except Outdated:
        db.session.rollback()
        return _outdated(number)
    db.session.commit()
    return jsonify(version=issue.version, message=_("Gespeichert um %(time)s", time=format_datetime(now(), "HH:mm:ss")))


@blueprint.get("/<int:number>/ansicht/<name>")
@organisers_only(EDITOR)
def view(number: int, name: str) -> Response:
    """The mail as it is written down, for a frame: `de-hell`, `de-dunkel`, `de-text`, and in English."""
    issue = issues.find(db.session(), number) or abort(404)
    return preview.frame(issues.content(db.session(), issue), name, current_organiser(), current_settings())


@blueprint.route("/<int:number>/pruefen", methods=["GET", "POST"])
@organisers_only(EDITOR)
def check(number: int) -> Any:
    """To whom it shall go, what is amiss, a test mail, and asking for release: the choice of people goes along."""
    issue = issues.find(db.session(), number) or abort(404)
    if request.method == "GET":
        return _check_page(issue, request.args)
    form, step = CheckForm(), request.form.get("step")
    if not form.validate_on_submit():
        return _check_page(issue, request.form, problem=_changed_meanwhile(), status=422)
    if step == "try":
        return _try_out(issue, form)
    if step == "ask":
        return _ask(issue, form)
    return redirect(url_for("newsletter_office.check", number=number, **_query(*_choice(issue, request.form))), 303)


def _try_out(issue: Issue, form: CheckForm) -> Any:
    """The mail in all its languages to whoever asks for it."""
    found, me = issues.content(db.session(), issue), current_organiser()
    if form.seen.data != found.sha256:
        return _check_page(issue, request.form, problem=_changed_meanwhile(), status=409)
    letters_to_me = preview.own_letters(found, me, current_settings())
    issues.try_out(db.session(), issue, found, letters_to_me, me, now())
    db.session.commit()
    chosen = _query(*_choice(issue, request.form))
    return redirect(url_for("newsletter_office.check", number=issue.id, getestet=1, **chosen), 303)


def _ask(issue: Issue, form: CheckForm) -> Any:
    """Ask for the release of what was seen, to the people who were counted."""
    me, session, number = current_organiser(), db.session(), issue.id
    segment, narrowed = _choice(issue, request.form)
    counted = urlencode(_query(segment, narrowed))
    if segment is None or (request.form.get("segment"), form.counted.data) != (segment.name, counted):
        return _check_page(issue, request.form, problem=_chosen_anew(issue, segment, narrowed), status=422)
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
        return _editor(again, IssueForm.of(again), conflict=_kept(again), status=409)
    db.session.commit()
    return redirect(url_for("newsletter_office.listing", verworfen=number), 303)


def _editor(
    issue: Issue, form: IssueForm, *, conflict: str = "", stored: Mapping[str, Any] | None = None, status: int = 200
) -> Any:
    """`stored` is what somebody else has written meanwhile: until the button is pressed, nothing saves itself."""
    page = render_template(
        "newsletter/office/write.html",
        issue=issue,
        form=form,
        fields=[*letters.fields(issue.kind).values()],
        conflict=conflict,
        stored=stored,
        saved=number_in(request.args, "gespeichert") == issue.version,
        changed_by=_name_of(issue.changed_by_id),
        languages=LANGUAGES,
        discard_form=SeenForm(formdata=None, data={"seen": issue.version}),
    )
    return page, status, WITH_FRAMES


def _conflict(number: int, form: IssueForm) -> Any:
    """The editor with what was typed, and beside it what somebody else has written meanwhile."""
    issue = issues.find(db.session(), number)
    if issue is None:
        return _gone(form, 410)
    form.version.data = str(issue.version)
    stored = {text.language: text for text in issue.texts}
    return _editor(issue, form, conflict=_who_was_faster(issue), stored=stored, status=409)


def _outdated(number: int) -> Any:
    """What the script is told of an issue that is no longer what its author has seen."""
    issue = issues.find(db.session(), number)
    if issue is None and not issues.discarded(db.session(), number):
        abort(404)
    return jsonify(message=_who_was_faster(issue) if issue else _gone_words()), 409


def _gone(form: IssueForm, status: int) -> Any:
    """What was typed into an issue that has been discarded meanwhile, for a new one."""
    return render_template("newsletter/office/gone.html", form=form, languages=LANGUAGES), status


def _check_page(issue: Issue, given: Mapping[str, str], *, problem: str = "", status: int = 200) -> Any:
    session, me = db.session(), current_organiser()
    segment, narrowed = _choice(issue, given)
    found = issues.content(session, issue)
    audience = audiences.count(session, segment, narrowed) if segment else audiences.Audience({}, 0)
    tried = issues.tried(session, issue, found, me.id)
    answers = preflight.answers(found, audience, tried, current_settings(), preflight.txt_records)
    page = render_template(
        "newsletter/office/check.html",
        issue=issue,
        found=found,
        offered=_segments_for(issue),
        segment=segment,
        choices={one.name: one.choices(session) for one in segment.narrowings} if segment else {},
        narrowed=narrowed,
        audience=audience,
        people=audience.in_languages(found.texts),
        answers=answers,
        open=[answer for answer in answers if preflight.blocking([answer])],
        untried=[one for one in found.texts if one not in tried],
        tested="getestet" in request.args,
        taken_back=_taken_back(),
        problem=problem,
        form=CheckForm(formdata=None, data={"seen": found.sha256, "counted": urlencode(_query(segment, narrowed))}),
        four_eyes=current_settings().newsletter_four_eyes,
        language_name=preflight.name,
        language_names=[preflight.name(one) for one in found.texts],
    )
    return page, status


def _answers(issue: Issue, found: Content, segment: Segment, narrowed: Mapping[str, str]) -> Sequence[preflight.Answer]:
    session = db.session()
    tried = issues.tried(session, issue, found, current_organiser().id)
    return preflight.answers(found, audiences.count(session, segment, narrowed), tried, current_settings(), None)


def _segments_for(issue: Issue) -> list[Segment]:
    return [segment for segment in current_segments().values() if segment.kind == issue.kind]


def _choice(issue: Issue, given: Mapping[str, str]) -> tuple[Segment | None, dict[str, str]]:
    """The segment that was chosen, or else the first that there is for such an issue, and by what it is narrowed."""
    offered = _segments_for(issue)
    segment = next((one for one in offered if one.name == given.get("segment")), offered[0] if offered else None)
    return segment, audiences.narrowings(db.session(), segment, given) if segment else {}


def _query(segment: Segment | None, narrowed: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of an address that choose the same people again."""
    return {"segment": segment.name, **narrowed} if segment else {}


def _chosen_anew(issue: Issue, segment: Segment | None, narrowed: Mapping[str, str]) -> str:
    session = db.session()
    spoken = issues.content(session, issue).texts
    people = audiences.count(session, segment, narrowed).in_languages(spoken) if segment else 0
    return str(
        ngettext(
            "Sie haben die Auswahl geändert. Jetzt wäre es %(shown)s Mensch. Bitte prüfen Sie und bitten Sie dann um"
            " Freigabe.",
            "Sie haben die Auswahl geändert. Jetzt wären es %(shown)s Menschen. Bitte prüfen Sie und bitten Sie dann um"
            " Freigabe.",
            people,
            shown=format_decimal(people),
        )
    )


def _who_was_faster(issue: Issue) -> str:
    unsaved = _(
        "Was Sie getippt haben, steht noch da, ist aber noch nicht gespeichert. Bis Sie mit dem Knopf speichern,"
        " speichert der Editor nicht von selbst."
    )
    return f"{_changed_by_whom(issue)} {unsaved}"


def _kept(issue: Issue) -> str:
    still_there = _("Deshalb ist sie nicht verworfen. Soll sie es trotzdem werden, verwerfen Sie sie noch einmal.")
    return f"{_changed_by_whom(issue)} {still_there}"


def _changed_by_whom(issue: Issue) -> str:
    when = _when(issue.changed_at)
    if issue.changed_by_id == current_organiser().id:
        return str(_("Sie haben diese Ausgabe %(when)s in einem anderen Fenster geändert.", when=when))
    words = _(
        "%(name)s hat diese Ausgabe %(when)s geändert, nachdem Sie sie geöffnet hatten.",
        name=_name_of(issue.changed_by_id),
        when=when,
    )
    return str(words)


def _gone_words() -> str:
    return str(_("Diese Ausgabe wurde inzwischen verworfen. Kopieren Sie Ihren Text und beginnen Sie eine neue."))


def _name_of(organiser_id: int) -> str:
    organiser = db.session.get(Organiser, organiser_id)
    return organiser.name if organiser else ""


def _when(moment: datetime) -> str:
    """The time of day, with its day unless that is today."""
    time = format_datetime(moment, "HH:mm")
    if to_user_timezone(moment).date() == to_user_timezone(now()).date():
        return str(_("um %(time)s", time=time))
    return str(_("am %(day)s um %(time)s", day=format_date(to_user_timezone(moment)), time=time))


def _changed_meanwhile() -> str:
    return str(_("Der Text hat sich inzwischen geändert, oder die Testmail fehlt noch. Bitte prüfen Sie noch einmal."))


def _not_yet() -> str:
    return str(_("Noch nicht: Die Liste unten sagt, was vorher zu tun ist."))


def _notice() -> str:
    number = number_in(request.args, "verworfen")
    if number is not None and issues.discarded(db.session(), number):
        return str(_("Ausgabe %(number)s ist verworfen.", number=number))
    return _taken_back()


def _taken_back() -> str:
    number = number_in(request.args, "zurueckgenommen")
    if number is None or not releasing.taken_back(db.session(), number):
        return ""
    return str(_("Die Bitte um Freigabe wurde zurückgenommen. Es ist keine Mail hinausgegangen."))


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
