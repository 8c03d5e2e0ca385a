"""What the office's pages of the discussion share."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import Blueprint, abort, redirect, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from portal.database import db
from portal.discussion import desk
from portal.discussion.models import (
    HELD,
    PUBLISHED,
    REJECTED,
    RETURNED,
    WAITING,
    Comment,
    CommentText,
    ModerationDecision,
)
from portal.discussion.office_forms import SeenForm
from portal.organisers.gate import current_organiser
from portal.organisers.models import Organiser
from portal.organisers.roles import MODERATOR, OWNER
from portal.text.difference import Passage, difference

blueprint = Blueprint("moderation", __name__, url_prefix="/redaktion")

STATES = {
    "wartend": (WAITING, _l("Wartend")),
    "zurueckgestellt": (HELD, _l("Zurückgestellt")),
    "zurueckgegeben": (RETURNED, _l("Zurückgegeben")),
    "abgelehnt": (REJECTED, _l("Abgelehnt")),
    "veroeffentlicht": (PUBLISHED, _l("Veröffentlicht")),
}
"""The lists of comments: how each is called in the address, and on the page."""
STATE_WORDS = dict(STATES.values())


@dataclass
class Notice:
    """What has just happened, or why it has not."""

    text: str
    kind: str = "success"
    decision: ModerationDecision | None = None
    """The decision that can still be undone."""


@dataclass
class Paper:
    """Everything about one comment that a moderator looks at."""

    comment: Comment
    latest: CommentText
    public: CommentText | None
    changed: Sequence[Passage]
    """What the latest text changes in the one before; empty if there is none to compare with."""
    compared_with: CommentText | None
    history: Sequence[ModerationDecision]
    organisers: dict[int, str] = field(default_factory=dict)
    """The names of those who have decided."""


def paper_of(comment: Comment) -> Paper:
    """What a moderator looks at."""
    latest = latest_text(comment)
    public = comment.text(comment.published_number)
    history = desk.history(db.session(), comment)
    earlier = [decision.text_number for decision in history if decision.text_number < comment.latest_number]
    before = public or (comment.text(max(earlier)) if earlier else None)
    before = before if before is not latest else None
    return Paper(
        comment=comment,
        latest=latest,
        public=public,
        changed=difference(before.source, latest.source) if before else (),
        compared_with=before,
        history=history,
        organisers={one.by_id: name_of(one.by_id) for one in history if one.by_id is not None},
    )


def latest_text(comment: Comment) -> CommentText:
    """What a comment says now, whoever may read it."""
    text = comment.text(comment.latest_number)
    assert text is not None, f"comment {comment.id} has no text"  # noqa: S101 - a row that cannot be
    return text


def outdated(number: int) -> Notice:
    """What happened meanwhile, as far as it can be said."""
    found = desk.to_moderate(db.session(), number) or abort(404)
    history = desk.history(db.session(), found)
    kept = _("Ihre Entscheidung wurde nicht ausgeführt; was Sie geschrieben haben, steht noch da.")
    if history and history[-1].at >= latest_text(found).written_at:
        who = name_of(history[-1].by_id) or _("das Portal selbst")
        happened = {
            "approve": _("Inzwischen hat %(who)s diesen Kommentar freigegeben.", who=who),
            "return": _("Inzwischen hat %(who)s diesen Kommentar zurückgegeben.", who=who),
            "reject": _("Inzwischen hat %(who)s diesen Kommentar abgelehnt.", who=who),
            "hold": _("Inzwischen hat %(who)s diesen Kommentar zurückgestellt.", who=who),
            "undo": _("Inzwischen hat %(who)s eine Entscheidung über diesen Kommentar zurückgenommen.", who=who),
        }[history[-1].act]
        return Notice(f"{happened} {kept}", "warning")
    changed = _("Der Kommentar wurde inzwischen geändert.")
    again = _("Bitte lesen Sie den neuen Stand und entscheiden Sie noch einmal.")
    return Notice(f"{changed} {kept} {again}", "warning")


def taken_back() -> Response:
    """The way on from a comment that its author has taken back meanwhile."""
    return redirect(url_for("moderation.queue", zurueckgezogen=1), 303)


def abort_unknown() -> SeenForm:
    """Called in place of a form that there is none of."""
    abort(400)


def may_act() -> bool:
    """Whether the organiser decides here, and does not only read."""
    return current_organiser().has_role(OWNER, MODERATOR)


def name_of(organiser_id: int | None) -> str:
    """The name of an organiser, empty for none."""
    organiser = db.session.get(Organiser, organiser_id) if organiser_id is not None else None
    return organiser.name if organiser else ""
