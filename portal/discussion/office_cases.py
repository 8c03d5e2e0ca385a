"""The office's pages of reports, appeals, blocked addresses and closing."""

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask_babel import gettext as _

from portal.clock import now
from portal.config import current_settings
from portal.database import db
from portal.declaration import operations as declaration
from portal.discussion import desk, moderation
from portal.discussion.models import Appeal, ModerationDecision
from portal.discussion.moderation import Outdated, OwnComment, SecondPairOfEyes
from portal.discussion.office_forms import AppealForm, CloseReportsForm, DismissForm, LiftForm, SeenForm, TakeDownForm
from portal.discussion.office_paper import (
    STATE_WORDS,
    Notice,
    abort_unknown,
    blueprint,
    may_act,
    name_of,
    outdated,
    paper_of,
    taken_back,
)
from portal.organisers.gate import current_organiser, organisers_only
from portal.organisers.roles import MODERATOR
from portal.web.forms import ActionForm
from portal.web.numbers import number_in


@blueprint.route("/meldungen")
@organisers_only(MODERATOR)
def reports() -> str:
    """The comments that readers have reported, the one reported first at the top."""
    after = number_in(request.args, "nach") or 0
    found, following = desk.reported(db.session(), after=after)
    return render_template(
        "discussion/office/reports.html",
        reported=found,
        following=following,
        later=bool(after),
        notice=Notice(_("Über die Meldungen ist entschieden.")) if "entschieden" in request.args else None,
        may_act=may_act(),
    )


REPORT_FORMS: dict[str, type[SeenForm]] = {
    "take_down": TakeDownForm,
    "dismiss": DismissForm,
    "close": CloseReportsForm,
}


ANSWERS = {"take_down": "reply", "dismiss": "explanation", "close": "closing"}
"""The field of each form that answers the reporters."""


@blueprint.route("/meldungen/<int:number>", methods=["GET", "POST"])
@organisers_only(MODERATOR)
def report(number: int) -> Any:
    """All reports on the comment with this number, and the one decision on those that are open."""
    if request.method == "GET":
        return _report_page(number)
    act = request.form.get("act", "")
    form = REPORT_FORMS.get(act, abort_unknown)()
    if desk.to_moderate(db.session(), number) is None:
        return taken_back()
    if not form.validate_on_submit():
        return _report_page(number, {act: form}, status=422)
    acts = isinstance(form, TakeDownForm)
    try:
        moderation.decide_reports(
            db.session(),
            current_settings(),
            number,
            form.version.data or 0,
            seen=form["seen"].data or 0,
            act=not isinstance(form, DismissForm),
            answer=form[ANSWERS[act]].data or "",
            reason=form["reason"].data if acts else None,
            statement=form["facts"].data if acts else "",
            by=current_organiser().id,
            now=now(),
        )
    except Outdated:
        db.session.rollback()
        return _report_page(number, {act: form}, status=409, notice=outdated(number))
    except OwnComment:
        db.session.rollback()
        return _report_page(number, {act: form}, status=403)
    db.session.commit()
    return redirect(url_for("moderation.reports", entschieden=1), 303)


@blueprint.route("/widersprueche")
@organisers_only(MODERATOR)
def appeals() -> str:
    """The objections that wait, and the latest that were decided."""
    session = db.session()
    by = current_organiser().id
    waiting = desk.appeals(session, decided=False)
    return render_template(
        "discussion/office/appeals.html",
        waiting=[(appeal, moderation.may_decide_appeal(session, appeal, by)) for appeal in waiting],
        decided=desk.appeals(session, decided=True),
        name_of=name_of,
        notice=Notice(_("Über den Widerspruch ist entschieden.")) if "entschieden" in request.args else None,
        may_act=may_act(),
    )


@blueprint.route("/widersprueche/<int:number>", methods=["GET", "POST"])
@organisers_only(MODERATOR)
def appeal(number: int) -> Any:
    """One objection with the decision that it is against, and the decision of somebody else."""
    if request.method == "GET":
        return _appeal_page(number, AppealForm())
    form = AppealForm()
    if not form.validate_on_submit():
        return _appeal_page(number, form, status=422)
    try:
        moderation.decide_appeal(
            db.session(),
            current_settings(),
            number,
            form.version.data or 0,
            form.outcome.data,
            form.answer.data or "",
            by=current_organiser().id,
            now=now(),
        )
    except Outdated:
        db.session.rollback()
        return _appeal_page(number, form, status=409)
    except (SecondPairOfEyes, OwnComment):
        db.session.rollback()
        return _appeal_page(number, form, status=403)
    db.session.commit()
    return redirect(url_for("moderation.appeals", entschieden=1), 303)


@blueprint.route("/sperren")
@organisers_only(MODERATOR)
def blocks() -> str:
    """The addresses whose comments are not taken, by their hash."""
    return render_template(
        "discussion/office/blocks.html",
        blocked=desk.blocked_addresses(db.session()),
        short=moderation.short,
        name_of=name_of,
        form=LiftForm(),
        notice=Notice(_("Die Sperre ist aufgehoben.")) if "aufgehoben" in request.args else None,
        may_act=may_act(),
    )


@blueprint.route("/sperren/aufheben", methods=["POST"])
@organisers_only(MODERATOR)
def lift() -> Any:
    """Take comments from an address again."""
    form = LiftForm()
    if form.validate_on_submit():
        moderation.unblock(db.session(), form.address_key.data or "", by=current_organiser().id, now=now())
        db.session.commit()
    return redirect(url_for("moderation.blocks", aufgehoben=1), 303)


CHANGES = {"close": moderation.close, "reopen": moderation.reopen}


@blueprint.route("/diskussion", methods=["GET", "POST"])
@organisers_only(MODERATOR)
def closing() -> Any:
    """Where comments are taken: everywhere, on some theses, or nowhere."""
    session = db.session()
    current = declaration.current_revision(session)
    closed = desk.closures(session)
    keys = [thesis.key for thesis in current.theses] if current else []
    former = sorted(set(closed) - {moderation.EVERYTHING, *keys})
    if request.method == "POST":
        key, change = request.form.get("these"), CHANGES.get(request.form.get("act", ""))
        if key not in {moderation.EVERYTHING, *keys, *former}:
            abort(404)
        if change is None:
            abort(400)
        change(session, key, by=current_organiser().id, now=now())
        session.commit()
        return redirect(url_for("moderation.closing"), 303)
    return render_template(
        "discussion/office/closing.html",
        revision=current,
        closed=closed,
        former=former,
        name_of=name_of,
        form=ActionForm(),
        may_act=may_act(),
    )


def _report_page(
    number: int,
    forms: dict[str, Any] | None = None,
    *,
    status: int = 200,
    notice: Notice | None = None,
) -> tuple[str, int]:
    session, by = db.session(), current_organiser().id
    found = desk.to_moderate(session, number) or abort(404)
    all_reports = desk.reports_on(session, found)
    if not all_reports:
        abort(404)
    waiting = [one for one in all_reports if one.status == "open"]
    forms = forms or {}
    seen = waiting[-1].id if waiting else 0
    for one in forms.values():
        one.version.data, one.seen.data = found.version, seen
    fresh: dict[str, Any] = {
        act: form(formdata=None, version=found.version, seen=seen) for act, form in REPORT_FORMS.items()
    }
    own = moderation.is_own(session, found, by)
    wrong = next((one for one in forms.values() if one.errors), None)
    page = render_template(
        "discussion/office/report.html",
        paper=paper_of(found),
        waiting=waiting,
        decided=[one for one in all_reports if one.status != "open"],
        name_of=name_of,
        forms={**fresh, **forms},
        opened=set(forms),
        filled_in=list(forms.values()),
        own=own,
        may_decide=may_act() and not own and bool(waiting),
        notice=notice,
        may_act=may_act(),
        state_words=STATE_WORDS,
        **({"form": wrong} if wrong else {}),
    )
    return page, status


def _appeal_page(number: int, form: AppealForm, *, status: int = 200) -> tuple[str, int]:
    session, by = db.session(), current_organiser().id
    appeal = session.get(Appeal, number) or abort(404)
    found = desk.to_moderate(session, appeal.comment_id) or abort(404)
    form.version.data = found.version
    decision = session.get_one(ModerationDecision, appeal.decision_id)
    page = render_template(
        "discussion/office/appeal.html",
        paper=paper_of(found),
        appeal=appeal,
        decision=decision,
        rejected_text=found.text(decision.text_number),
        may_decide=may_act() and appeal.status == "open" and moderation.may_decide_appeal(session, appeal, by),
        first=appeal.first_by_id == by,
        own=moderation.is_own(session, found, by),
        others=moderation.others_for(session, appeal),
        name_of=name_of,
        outdated=status == 409,
        may_act=may_act(),
        form=form,
        state_words=STATE_WORDS,
    )
    return page, status
