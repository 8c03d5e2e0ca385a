"""Where authors write, and the private page of each comment: its state, changing, objecting, taking it back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from portal import tokens
from portal.addresses import Address, current_addresses
from portal.clock import now
from portal.config import current_settings
from portal.database import db
from portal.declaration.models import Revision, Thesis
from portal.discussion import comments, desk, moderation, notices, positions, reading, wording
from portal.discussion.blueprint import blueprint, private_page
from portal.discussion.comments import Blocked, Draft, NotEditable, Refused
from portal.discussion.forms import AppealForm, CommentForm, TextForm
from portal.discussion.models import HOLD, UNDO, Appeal, Comment, ModerationDecision
from portal.discussion.moderation import Outdated
from portal.discussion.reading import Library, PublicComment
from portal.discussion.vocabulary import REASONS
from portal.language import current_language, localized
from portal.optin import operations as optin
from portal.privacy.forms import LinkForm
from portal.text.markdown import commenters_html
from portal.web.forms import ActionForm, checks_token_itself
from portal.web.limits import refuse_floods
from portal.web.timing import evenly


@dataclass(frozen=True)
class Spot:
    """Where somebody is about to write, and why it is not possible there."""

    revision: Revision
    thesis: Thesis | None = None
    parent: PublicComment | None = None
    refused: str | None = None

    @property
    def key(self) -> str | None:
        """The key of the thesis."""
        return self.parent.thesis_key if self.parent else self.thesis.key if self.thesis else None


@localized(blueprint, "/diskussion/schreiben", "/discussion/write", methods=["GET", "POST"])
@checks_token_itself
@refuse_floods
def write() -> Any:
    """The form, as often as one wants with a preview; then the mail."""
    form, moment = CommentForm(), now()
    filled_in = form.validate_on_submit()
    library = reading.library(db.session())
    if library is None:
        return render_template("discussion/nothing.html")
    if request.method == "GET":
        form.stamp(moment)
        form.thesis.data, form.parent.data = request.args.get("these", ""), request.args.get("antwort", "")
        form.revision.data = str(library.current.number)
        return _write_page(form, _spot(library, form) or abort(404))
    spot = _spot(library, form) or Spot(library.current, refused=comments.NO_SUCH_THESIS)
    if not filled_in or spot.refused:
        return _write_page(form, spot), 422
    previewing = request.form.get("step") == "preview"
    address = current_addresses().identify(form.email.data or "")
    challenge = form.unmet_challenge(address.key, moment, count=not previewing)
    if previewing or challenge:
        return _write_page(form, spot, preview=True, challenge=challenge)
    try:
        with evenly():
            _hand_in(form, spot, address, moment)
            db.session.commit()
    except Refused as refused:
        db.session.rollback()
        return _write_page(form, Spot(spot.revision, spot.thesis, spot.parent, refused.reason)), 422
    return redirect(url_for("discussion.mailbox"), 303)


def _hand_in(form: CommentForm, spot: Spot, address: Address, moment: datetime) -> None:
    draft = Draft(
        name=form.name.data or "",
        text=form.text.data or "",
        revision=spot.revision,
        thesis_key=spot.key,
        parent_id=spot.parent.id if spot.parent else None,
        capacity=form.capacity.data or None,
        notify_replies=bool(form.notify.data),
    )
    consents = [wording.comment(), wording.replies() if form.notify.data else None]
    comments.request_comment(
        db.session(),
        current_settings(),
        draft,
        address,
        consents=[one for one in consents if one],
        language=current_language(),
        now=moment,
        submission=form.own_token(),
    )


@localized(blueprint, "/diskussion/postfach/kommentar", "/discussion/mailbox/comment", methods=["GET", "POST"])
@checks_token_itself
@refuse_floods
def mailbox() -> Any:
    """«Look into your mailbox», after a comment was written."""
    return _mailbox("discussion.mailbox", comments.PURPOSE)


@localized(blueprint, "/diskussion/postfach/standpunkte", "/discussion/mailbox/positions", methods=["GET", "POST"])
@checks_token_itself
@refuse_floods
def positions_mailbox() -> Any:
    """«Look into your mailbox», after somebody has taken a position."""
    return _mailbox("discussion.positions_mailbox", positions.PURPOSE)


def _mailbox(endpoint: str, purpose: optin.Purpose) -> Any:
    """The page that speaks of the mail, with a way to ask for it once more."""
    form = LinkForm()
    if not form.validate_on_submit():
        again = "erneut" in request.args
        page = render_template(
            "discussion/mailbox.html", form=form, endpoint=endpoint, purpose=purpose.name, sent_again=again
        )
        return page, 422 if form.errors else 200
    address = current_addresses().identify(form.email.data or "")
    with evenly():
        optin.resend(db.session(), current_settings(), purpose, address, now())
        db.session.commit()
    return redirect(url_for(endpoint, erneut=1), 303)


@localized(blueprint, "/diskussion/mein-kommentar/<token>", "/discussion/my-comment/<token>", methods=["GET", "POST"])
@checks_token_itself
@refuse_floods
@private_page
def mine(token: str) -> Any:
    """What became of one's comment, and the form to change it."""
    own = comments.own_comment(db.session(), current_settings(), token, lock=request.method == "POST")
    if own is None:
        return render_template("discussion/gone.html"), 410
    form = TextForm()
    latest = own.text(own.latest_number)
    if request.method == "GET" and latest is not None:
        form.text.data = latest.source
    if not form.validate_on_submit():
        return _my_page(token, own, form), 422 if form.errors else 200
    if request.form.get("step") == "preview":
        return _my_page(token, own, form, preview=True)
    try:
        comments.edit_comment(db.session(), own, form.text.data or "", now())
        db.session.commit()
    except (NotEditable, Outdated):
        db.session.rollback()
        own = comments.own_comment(db.session(), current_settings(), token) or abort(410)
        if moderation.unsettled(db.session(), own, now()):
            form.text.errors = [_("Darüber wird gerade entschieden. Bitte senden Sie in zehn Sekunden noch einmal ab.")]
        else:
            form.text.errors = [_("Darüber wurde inzwischen entschieden. Bitte sehen Sie sich an, was oben steht.")]
        return _my_page(token, own, form), 409
    except Blocked:
        db.session.rollback()
        own = comments.own_comment(db.session(), current_settings(), token) or abort(410)
        form.text.errors = [
            _(
                "Diese Änderung ist nicht möglich: Von Ihrer Adresse nehmen wir keine Texte mehr an. Löschen geht"
                " weiterhin."
            )
        ]
        return _my_page(token, own, form), 403
    return redirect(url_for("discussion.mine", token=token, geaendert=1), 303)


@localized(
    blueprint,
    "/diskussion/mein-kommentar/<token>/loeschen",
    "/discussion/my-comment/<token>/delete",
    methods=["GET", "POST"],
)
@private_page
def delete(token: str) -> Any:
    """Ask once more, then take the comment back."""
    own = comments.own_comment(db.session(), current_settings(), token, lock=request.method == "POST")
    if own is not None and request.method == "POST":
        comments.delete_comment(db.session(), own, now())
        db.session.commit()
        return redirect(url_for("discussion.delete", token=token), 303)
    if own is None:
        return render_template("discussion/deleted.html")
    return render_template("discussion/delete.html", form=ActionForm(), token=token, comment=own)


@localized(
    blueprint,
    "/diskussion/mein-kommentar/<token>/widerspruch",
    "/discussion/my-comment/<token>/appeal",
    methods=["GET", "POST"],
)
@checks_token_itself
@refuse_floods
@private_page
def appeal(token: str) -> Any:
    """Object to a rejection."""
    settings, moment = current_settings(), now()
    own = comments.own_comment(db.session(), settings, token)
    if own is None:
        return render_template("discussion/gone.html"), 410
    decision = moderation.rejection(db.session(), settings, own, moment)
    if decision is None or moderation.unsettled(db.session(), own, moment):
        return redirect(url_for("discussion.mine", token=token), 303)
    form = AppealForm()
    if not form.validate_on_submit():
        page = render_template("discussion/appeal.html", form=form, token=token, comment=own, decision=decision)
        return page, 422 if form.errors else 200
    moderation.file_appeal(db.session(), settings, own, form.objection.data or "", moment)
    db.session.commit()
    return redirect(url_for("discussion.mine", token=token, widersprochen=1), 303)


@localized(
    blueprint,
    "/diskussion/mein-kommentar/<token>/antworten",
    "/discussion/my-comment/<token>/replies",
    methods=["POST"],
)
@private_page
def notify(token: str) -> Any:
    """Turn mails about replies on or off."""
    own = comments.own_comment(db.session(), current_settings(), token, lock=True)
    if own is None:
        return render_template("discussion/gone.html"), 410
    own.notify_replies = request.form.get("notify") == "on"
    db.session.commit()
    return redirect(url_for("discussion.mine", token=token, _anchor="antworten"), 303)


@localized(blueprint, "/diskussion/antworten-aus/<token>", "/discussion/replies-off/<token>", methods=["GET", "POST"])
@checks_token_itself
@private_page
def replies_off(token: str) -> str:
    """No more mails about replies: GET shows the button, POST does it, from a mail program too (RFC 8058)."""
    number = tokens.read(current_settings(), "replies", token)
    own = db.session.get(Comment, number)
    if own is not None and own.notify_replies and request.method == "POST":
        own.notify_replies = False
        db.session.commit()
    return render_template("discussion/replies_off.html", token=token, off=own is None or not own.notify_replies)


def _spot(library: Library, form: CommentForm) -> Spot | None:
    """Where the form wants to write, or None if there is no such place."""
    number = form.revision.data or ""
    revision = next((one for one in library.revisions.values() if str(one.number) == number), library.current)
    if form.parent.data:
        parent_id = int(form.parent.data) if form.parent.data.isdecimal() and len(form.parent.data) < 10 else 0
        parent = reading.public_comment(db.session(), library, parent_id)
        if parent is None:
            refused = comments.refusal(db.session(), revision, None, parent_id)
            return Spot(revision, refused=refused) if request.method == "POST" else None
        refused = comments.refusal(db.session(), parent.place.revision, parent.thesis_key, parent.id)
        return Spot(parent.place.revision, parent.place.thesis, parent, refused)
    key = form.thesis.data or None
    if key in {None, reading.WHOLE}:
        return Spot(revision, refused=comments.refusal(db.session(), revision, None, None))
    thesis = revision.thesis(str(key))
    if thesis is None:
        return None
    return Spot(revision, thesis, refused=comments.refusal(db.session(), revision, key, None))


def _write_page(form: CommentForm, spot: Spot, *, preview: bool = False, challenge: str | None = None) -> str:
    if spot.refused and request.method == "POST":
        form.form_errors.append(str(wording.REFUSALS[spot.refused]))
    return render_template(
        "discussion/write.html",
        form=form,
        spot=spot,
        refusal=wording.REFUSALS[spot.refused] if spot.refused else "",
        consent=wording.comment(),
        replies=wording.replies(),
        preview=commenters_html(form.text.data or "") if preview else None,
        suggestion=current_addresses().suggestion(form.email.data or "") if preview else None,
        challenge=challenge,
        moment=now(),
    )


def _my_page(token: str, own: Comment, form: TextForm, *, preview: bool = False) -> str:
    """The page; while a decision can still be undone, it shows how things stood before."""
    settings, moment = current_settings(), now()
    unsettled = moderation.unsettled(db.session(), own, moment)
    decision = _latest_decision(own, unsettled)
    return render_template(
        "discussion/mine.html",
        token=token,
        comment=own,
        status=unsettled.status_before if unsettled else own.status,
        thesis=own.revision.thesis(own.thesis_key) if own.thesis_key else None,
        latest=own.text(own.latest_number),
        public=own.text(unsettled.published_before if unsettled else own.published_number),
        decision=decision,
        rule=REASONS.get(decision.reason or "") if decision else None,
        appeals={one.decision_id: one for one in _appeals(own)},
        objectable=not unsettled and moderation.rejection(db.session(), settings, own, moment),
        appeal_until=notices.appeal_until(settings, decision) if decision else None,
        editable=comments.may_edit(db.session(), own, before=unsettled),
        form=form,
        preview=commenters_html(form.text.data or "") if preview else None,
        changed="geaendert" in request.args,
        objected="widersprochen" in request.args,
        action=ActionForm(),
    )


def _latest_decision(own: Comment, unsettled: ModerationDecision | None) -> ModerationDecision | None:
    """The decision that stands: settled, not undone, and more than putting aside."""
    history = desk.history(db.session(), own)
    undone = {decision.undoes_id for decision in history}
    standing = [one for one in history if one.act not in {UNDO, HOLD} and one.id not in undone and one != unsettled]
    return standing[-1] if standing else None


def _appeals(own: Comment) -> Sequence[Appeal]:
    return db.session.scalars(select(Appeal).where(Appeal.comment_id == own.id).order_by(Appeal.id)).all()
