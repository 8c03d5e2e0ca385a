"""The office's pages of comments: the queue, one comment and the decision on it; and what the start page shows."""

from datetime import UTC, datetime
from typing import Any

from flask import Flask, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal.clock import now
from portal.config import current_settings
from portal.database import db
from portal.discussion import desk, moderation
from portal.discussion import office_cases as _cases  # noqa: F401 - its pages belong to this blueprint
from portal.discussion.hints import hints, text_hints
from portal.discussion.models import HELD, WAITING, Comment, ModerationDecision
from portal.discussion.moderation import Outdated, OwnComment, TooLate
from portal.discussion.office_forms import ApproveForm, BlockForm, HoldForm, RejectForm, ReturnForm, SeenForm
from portal.discussion.office_paper import (
    STATE_WORDS,
    STATES,
    Notice,
    abort_unknown,
    blueprint,
    latest_text,
    may_act,
    outdated,
    paper_of,
    taken_back,
)
from portal.discussion.vocabulary import CAPACITIES, REASONS
from portal.organisers.frame import Chart, Section, Work
from portal.organisers.gate import current_organiser, organisers_only
from portal.organisers.roles import MODERATOR
from portal.personal_data import Text
from portal.web.charts import per_week
from portal.web.forms import ActionForm
from portal.web.numbers import number_in

ACT_FORMS: dict[str, type[SeenForm]] = {
    "approve": ApproveForm,
    "return": ReturnForm,
    "reject": RejectForm,
    "hold": HoldForm,
}


@blueprint.route("/kommentare")
@organisers_only(MODERATOR)
def queue() -> str:
    """What waits, the oldest first; or the comments of another status."""
    name = request.args.get("zustand", "wartend")
    status, words = STATES.get(name) or abort(404)
    session = db.session()
    following: dict[str, Any] | None = None
    if status in desk.QUEUED:
        found, place = desk.queue(session, status, after=_place_asked_for())
        if place:
            following = {"seit": place.since.isoformat(), "nach": place.id}
        later = "nach" in request.args
    else:
        before = number_in(request.args, "vor")
        found, last = desk.settled(session, status, before=before)
        following = {"vor": last} if last else None
        later = before is not None
    return render_template(
        "discussion/office/queue.html",
        name=name,
        words=words,
        comments=[(comment, latest_text(comment), _alarming(comment)) for comment in found],
        following=following,
        later=later,
        counts=desk.counts(session),
        states=STATES,
        notice=_after_deciding(),
        may_act=may_act(),
        undo_form=ActionForm(),
    )


@blueprint.route("/kommentare/<int:number>", methods=["GET", "POST"])
@organisers_only(MODERATOR)
def comment(number: int) -> Any:
    """One comment with everything that helps to decide, and the decision."""
    if request.method == "GET":
        return _comment_page(number, notice=_after_deciding())
    act = request.form.get("act", "")
    form = ACT_FORMS.get(act, abort_unknown)()
    seen = desk.to_moderate(db.session(), number)
    if seen is None:
        return taken_back()
    if not form.validate_on_submit() or (isinstance(form, ApproveForm) and not _ticked(seen, form)):
        return _comment_page(number, {act: form}, status=422)
    status, place = seen.status, desk.place_of(seen)
    try:
        decision = moderation.decide(
            db.session(),
            current_settings(),
            number,
            form.version.data or 0,
            act,  # type: ignore[arg-type] # one of ACT_FORMS
            by=current_organiser().id,
            now=now(),
            **_said(form),
        )
    except Outdated:
        db.session.rollback()
        return _comment_page(number, {act: form}, status=409, notice=outdated(number))
    except OwnComment:
        db.session.rollback()
        return _comment_page(number, {act: form}, status=403)
    following, identity = _following(status, place, number), decision.id
    db.session.commit()
    if following is None:
        return redirect(url_for("moderation.queue", entschieden=identity), 303)
    return redirect(url_for("moderation.comment", number=following, entschieden=identity), 303)


@blueprint.route("/kommentare/rueckgaengig", methods=["POST"])
@organisers_only(MODERATOR)
def undo() -> Any:
    """Take the own decision back, within ten seconds."""
    identity = number_in(request.form, "decision")
    decision = db.session.get(ModerationDecision, identity) if identity else None
    if decision is None:
        abort(404)
    number = decision.comment_id
    try:
        moderation.undo(db.session(), decision.id, by=current_organiser().id, now=now())
    except TooLate:
        db.session.rollback()
        if desk.to_moderate(db.session(), number) is None:
            return taken_back()
        return _comment_page(number, status=409, notice=Notice(_too_late(), "warning"))
    db.session.commit()
    return redirect(url_for("moderation.comment", number=number, zurueckgenommen=1), 303)


@blueprint.route("/kommentare/<int:number>/sperren", methods=["POST"])
@organisers_only(MODERATOR)
def block(number: int) -> Any:
    """Block the address that a comment comes from."""
    form = BlockForm()
    if not form.validate_on_submit():
        return _comment_page(number, {"block": form}, status=422)
    try:
        blocked = moderation.block(
            db.session(), number, form.block_reason.data or "", by=current_organiser().id, now=now()
        )
    except OwnComment:
        db.session.rollback()
        return _comment_page(number, status=403)
    if blocked is None:
        abort(404)
    db.session.commit()
    return redirect(url_for("moderation.comment", number=number, gesperrt=1), 303)


def _comment_page(
    number: int,
    forms: dict[str, Any] | None = None,
    *,
    status: int = 200,
    notice: Notice | None = None,
) -> tuple[str, int]:
    """The page of one comment as it is now; `forms` are those that were filled in and are shown again."""
    session, by = db.session(), current_organiser().id
    found = desk.to_moderate(session, number) or abort(404)
    forms = forms or {}
    for one in forms.values():
        if isinstance(one, SeenForm):
            one.version.data = found.version
    fresh: dict[str, Any] = {act: form(formdata=None, version=found.version) for act, form in ACT_FORMS.items()}
    wrong = next((one for one in forms.values() if one.errors), None)
    own = moderation.is_own(session, found, by)
    acts = moderation.possible_acts(session, found) if may_act() and not own else ()
    page = render_template(
        "discussion/office/comment.html",
        paper=paper_of(found),
        acts=acts,
        own=own,
        unplaced=[one for act, one in forms.items() if act not in {*acts, "block"}],
        forms={"block": BlockForm(formdata=None), **fresh, **forms},
        opened=set(forms),
        hints=hints(session, found),
        earlier=desk.earlier_decisions(session, found),
        appeal=moderation.open_appeal(session, found),
        reports=[one for one in desk.reports_on(session, found) if one.status == "open"],
        blocked=moderation.is_blocked(session, found.address_key),
        following=desk.next_in_line(session, found),
        previous=desk.previous_in_line(session, found),
        notice=notice,
        may_act=may_act(),
        undo_form=ActionForm(),
        state_words=STATE_WORDS,
        **({"form": wrong} if wrong else {}),
    )
    return page, status


def _alarming(comment: Comment) -> list[Any]:
    """What in the list already says that a comment needs a second look."""
    return [hint.rule for hint in text_hints(latest_text(comment).source, comment.name or "")]


def _ticked(seen: Comment, form: ApproveForm) -> bool:
    """Whether the tick about data of others is there, where a hint speaks of such data.

    A tick asked for with every comment becomes a habit; asked for where something was found, it makes one look.
    """
    text = text_hints(latest_text(seen).source, seen.name or "")
    return not any(hint.rule.third_party for hint in text) or form.require_tick()


def _said(form: SeenForm) -> dict[str, Any]:
    if isinstance(form, ReturnForm):
        return {"statement": form.changes.data}
    if isinstance(form, RejectForm):
        return {"statement": form.facts.data, "reason": form.reason.data, "rejected": form.rejected.data or "latest"}
    return {}


def _following(status: str, place: desk.Place | None, number: int) -> int | None:
    """The comment to show after a decision: the next in line, or this one if it did not stand in line."""
    if place is None:
        return number
    session = db.session()
    following = desk.next_after(session, status, place) or desk.first_in_line(session, status)
    return following.id if following and following.id != number else None


def _after_deciding() -> Notice | None:
    """What the address says has just been done; about decisions, only to who made them."""
    if "zurueckgenommen" in request.args:
        return Notice(_("Die Entscheidung ist zurückgenommen. Es ist keine Mail hinausgegangen."))
    if "zurueckgezogen" in request.args:
        return Notice(_("Wer den Kommentar geschrieben hat, hat ihn inzwischen zurückgezogen. Es gibt nichts zu tun."))
    if "gesperrt" in request.args:
        return Notice(_("Die Adresse ist gesperrt: Von ihr werden keine Kommentare mehr angenommen."))
    identity = number_in(request.args, "entschieden")
    decision = db.session.get(ModerationDecision, identity) if identity else None
    by = current_organiser().id
    if decision is None or decision.by_id != by:
        return None
    words = {
        "approve": _("Kommentar %(number)s freigegeben.", number=decision.comment_id),
        "return": _("Kommentar %(number)s zurückgegeben.", number=decision.comment_id),
        "reject": _("Kommentar %(number)s abgelehnt.", number=decision.comment_id),
        "hold": _("Kommentar %(number)s zurückgestellt.", number=decision.comment_id),
    }
    undoable = moderation.undoable(db.session(), decision.id, by, now())
    return Notice(words.get(decision.act, ""), decision=undoable)


def _too_late() -> str:
    words: str = _(
        "Dafür ist es zu spät: Die zehn Sekunden sind vorbei, oder der Kommentar hat sich inzwischen geändert. Die"
        " Entscheidung gilt, und die Mail geht hinaus. Sie können neu entscheiden, dann geht eine zweite Mail hinaus."
    )
    return words


def _place_asked_for() -> desk.Place | None:
    number = number_in(request.args, "nach")
    try:
        since = datetime.fromisoformat(request.args.get("seit", ""))
        since = since.astimezone(UTC) if since.tzinfo else since.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return desk.Place(since, number) if number else None


SECTIONS = (
    Section("moderation.queue", _l("Kommentare"), (MODERATOR,), 10),
    Section("moderation.reports", _l("Meldungen"), (MODERATOR,), 11),
    Section("moderation.appeals", _l("Widersprüche"), (MODERATOR,), 12),
    Section("moderation.closing", _l("Öffnen und schließen"), (MODERATOR,), 13),
    Section("moderation.blocks", _l("Sperren"), (MODERATOR,), 14),
)
WORK = (
    Work(
        lambda number: ngettext("Kommentar wartet", "Kommentare warten", number),
        "moderation.queue",
        lambda session, _now: desk.counts(session).get(WAITING, 0),
        (MODERATOR,),
        order=10,
    ),
    Work(
        lambda number: ngettext("offene Meldung", "offene Meldungen", number),
        "moderation.reports",
        lambda session, _now: desk.open_reports(session),
        (MODERATOR,),
        order=11,
    ),
    Work(
        lambda number: ngettext("offener Widerspruch", "offene Widersprüche", number),
        "moderation.appeals",
        lambda session, _now: desk.open_appeals(session),
        (MODERATOR,),
        order=12,
    ),
    Work(
        lambda number: ngettext("zurückgestellter Kommentar", "zurückgestellte Kommentare", number),
        "moderation.queue",
        lambda session, _now: desk.counts(session).get(HELD, 0),
        (MODERATOR,),
        {"zustand": "zurueckgestellt"},
        order=13,
    ),
)
CHARTS = (
    Chart(
        "kommentare",
        _l("Kommentare je Woche"),
        _l("Wie viele Kommentare in jeder der letzten Wochen bestätigt wurden, was auch aus ihnen geworden ist."),
        _l("Woche ab"),
        _l("Kommentare"),
        lambda session, moment: per_week(session, Comment.confirmed_at, moment),
        (MODERATOR,),
    ),
)
"""What the office shows of the discussion."""
ACTS: dict[str, Text] = {
    "comment.approve": _l("Kommentar freigegeben"),
    "comment.return": _l("Kommentar zurückgegeben"),
    "comment.reject": _l("Kommentar abgelehnt oder heruntergenommen"),
    "comment.hold": _l("Kommentar zurückgestellt"),
    "comment.undo": _l("Entscheidung zurückgenommen"),
    "appeal.upheld": _l("Widerspruch zurückgewiesen"),
    "appeal.reversed": _l("Widerspruch stattgegeben"),
    "report.acted": _l("Auf Meldung hin heruntergenommen"),
    "report.dismissed": _l("Trotz Meldung stehen gelassen"),
    "address.block": _l("Adresse gesperrt"),
    "address.unblock": _l("Sperre aufgehoben"),
    "discussion.close": _l("Diskussion geschlossen"),
    "discussion.reopen": _l("Diskussion wieder geöffnet"),
}
"""What the acts of moderation are called in the log."""


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(moderation_reasons=REASONS, moderation_capacities=CAPACITIES)
