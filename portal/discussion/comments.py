"""Write, confirm, change, take back: what authors do with their comments."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, or_, select
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.exc import StaleDataError

from portal import tokens
from portal.addresses import Address
from portal.config import Settings
from portal.database import take_turns
from portal.declaration.models import Revision
from portal.discussion import notices, reading
from portal.discussion.models import (
    DEEPEST,
    DELETED,
    HELD,
    HOLD,
    REJECTED,
    UNCONFIRMED,
    WAITING,
    Appeal,
    Comment,
    CommentText,
    DecisionStatement,
    ModerationDecision,
    OfficialAnswer,
    Outcome,
    Report,
)
from portal.discussion.moderation import Outdated, is_blocked, open_appeal
from portal.mail import outbox
from portal.mail.models import SENT, OutboxMail
from portal.optin import operations as optin
from portal.optin.models import PENDING, OptIn
from portal.organisers.models import Organiser
from portal.privacy import holds
from portal.text.lookalikes import mixes_scripts, skeleton
from portal.text.markdown import RENDERER_VERSION, commenters_html
from portal.text.normalise import multi_line, single_line
from portal.web.caching import public_changed
from portal.web.numbers import LARGEST

FORM = "comment/1"
"""The form and its version, as the proof names it."""
OFFICE_NAMES = (
    *("Redaktion", "Redakteur", "Moderation", "Moderator", "Moderierende", "Veranstalter", "Veranstaltende"),
    *("Organisator", "Organisierende", "Organisationsteam", "Administrator", "Editor", "Organiser", "Organizer"),
)
"""What those may be called who run this. A name that one of these is part of could be taken for theirs."""

PARENT_NOT_PUBLIC = "parent_not_public"
PARENT_REJECTED = "parent_rejected"
PARENT_DELETED = "parent_deleted"
FOREIGN = "foreign"
TOO_DEEP = "too_deep"
NO_SUCH_THESIS = "no_such_thesis"
THESIS_CLOSED = "thesis_closed"
CLOSED = "closed"


class Refused(Exception):
    """A comment cannot stand where its author wants it; `reason` is one of the words of `wording.REFUSALS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotEditable(Exception):
    """A rejected comment is not changed but objected to, and one that was taken back is gone."""


class Blocked(Exception):
    """From a blocked address nothing more is taken, no changes either."""


@dataclass(frozen=True)
class Draft:
    """What somebody wants to say, and on what."""

    name: str
    text: str
    """Markdown, as it was typed."""
    revision: Revision
    """The revision that the form showed: what was written on its words is not moved to others that came meanwhile."""
    thesis_key: str | None = None
    parent_id: int | None = None
    capacity: str | None = None
    notify_replies: bool = False


def request_comment(
    session: Session,
    settings: Settings,
    draft: Draft,
    address: Address,
    *,
    consents: Sequence[optin.Consent],
    language: str,
    now: datetime,
    submission: str,
) -> Comment | None:
    """Take a comment and have its address confirmed, for each comment anew. Raises Refused.

    A reply stands on the revision and the thesis of its parent, whatever revision is current when it is written: it
    answers what was said about those words, and a thread is read beside one wording.

    `submission` is the form's own token. The same form sent twice is one comment; sent again with a correction before
    it was confirmed, it replaces what was sent first.

    Comments from one address that are not confirmed yet share one link, which stays good: nothing typed is lost.
    Beyond the daily number of mails no further one goes out today: the link in the latest mail is good for this comment
    too, or the mail follows when the day is over. From a blocked address nothing is taken, and the answer is None; the
    caller's page says the same to everybody.
    """
    sent_as = hashlib.sha256(submission.encode()).hexdigest()
    take_turns(session, sent_as)
    take_turns(session, address.key)
    name, source = single_line(draft.name), multi_line(draft.text)
    earlier = session.scalar(select(Comment).where(Comment.submission == sent_as))
    if earlier is not None:
        if earlier.status != UNCONFIRMED or _says(earlier) == (address.email, name, source, draft.capacity):
            return earlier
        delete_comment(session, earlier, now)
    parent = _to_be_replied_to(session, draft.parent_id)
    if reason := _refusal(session, draft.revision, draft.thesis_key, draft.parent_id, parent):
        raise Refused(reason)
    if is_blocked(session, address.key):
        return None
    comment = Comment(
        revision_id=parent.revision_id if parent else draft.revision.id,
        thesis_key=draft.thesis_key,
        parent_id=draft.parent_id,
        depth=parent.depth + 1 if parent else 0,
        status=UNCONFIRMED,
        latest_number=1,
        name=name,
        capacity=draft.capacity,
        email=address.email,
        address_key=address.key,
        language=language,
        notify_replies=draft.notify_replies,
        submission=sent_as,
        requested_at=now,
        texts=[_rendered(1, source, now)],
    )
    session.add(comment)
    session.flush()
    comment.optin_id = _ask(session, settings, comment, address, consents, now).id
    session.flush()
    return comment


def refusal(session: Session, revision: Revision, thesis_key: str | None, parent_id: int | None) -> str | None:
    """Why nobody may write there, as a word of `wording.REFUSALS`; None if one may.

    Of a comment that was never public nobody learns more than that it is not public, whether it exists or not.
    """
    return _refusal(session, revision, thesis_key, parent_id, _comment(session, parent_id))


def _refusal(
    session: Session, revision: Revision, thesis_key: str | None, parent_id: int | None, parent: Comment | None
) -> str | None:
    if parent_id is not None:
        if parent is None:
            return PARENT_NOT_PUBLIC
        if reason := _no_reply_to(parent, thesis_key):
            return reason
    elif thesis_key is not None and revision.thesis(thesis_key) is None:
        return NO_SUCH_THESIS
    closed = reading.closures(session)
    if reading.is_closed(closed, thesis_key):
        return CLOSED if reading.is_closed(closed, None) else THESIS_CLOSED
    return None


def _no_reply_to(parent: Comment, thesis_key: str | None) -> str | None:
    if parent.withdrawn_at is not None and parent.published_at is None:
        return PARENT_NOT_PUBLIC
    if parent.status == DELETED or parent.withdrawn_at is not None:
        return PARENT_DELETED
    if parent.published_number is None:
        taken_down = parent.status == REJECTED and parent.published_at is not None
        return PARENT_REJECTED if taken_down else PARENT_NOT_PUBLIC
    if parent.thesis_key != thesis_key:
        return FOREIGN
    return TOO_DEEP if parent.depth >= DEEPEST else None


def may_reply(parent: Comment) -> bool:
    """Whether a comment may have replies, as far as it is up to the comment: its discussion may still be closed."""
    return _no_reply_to(parent, parent.thesis_key) is None


def status_token(settings: Settings, comment: Comment) -> str:
    """The token of the private link to a comment."""
    return tokens.issue(settings, "comment", comment.id)


def own_comment(session: Session, settings: Settings, token: str, *, lock: bool = False) -> Comment | None:
    """The comment that a private link leads to; None if it is gone. Raises tokens.TokenInvalid.

    With `lock`, nobody else changes anything of the same address until the transaction ends, and nobody decides on it.
    """
    comment_id = tokens.read(settings, "comment", token)
    if lock and (key := session.scalar(select(Comment.address_key).where(Comment.id == comment_id))):
        take_turns(session, key)
    statement = select(Comment).where(Comment.id == comment_id).options(selectinload(Comment.texts))
    comment = session.scalar(statement.execution_options(populate_existing=True))
    return None if comment is None or comment.status == DELETED or comment.withdrawn_at else comment


def comments_of(session: Session, address_key: str) -> Sequence[Comment]:
    """All comments from one address that have not been taken back."""
    mine = select(Comment).where(Comment.address_key == address_key, Comment.withdrawn_at.is_(None))
    return session.scalars(mine.options(selectinload(Comment.texts)).order_by(Comment.id)).all()


def may_edit(session: Session, comment: Comment, before: ModerationDecision | None = None) -> bool:
    """Whether its state, or the one `before` a decision, lets the author change a comment.

    What is public can be changed even after a change was rejected, but not while the author objects to that.
    """
    status = before.status_before if before else comment.status
    public = before.published_before if before else comment.published_number
    if status == REJECTED:
        return public is not None and open_appeal(session, comment) is None
    return status != DELETED


def edit_comment(session: Session, comment: Comment, source: str, now: datetime) -> None:
    """Change what a comment says. Raises NotEditable, Blocked, and Outdated where somebody decided meanwhile.

    What is public stays public until the new text is approved. A text that nobody has seen but its author, or that
    waits and nobody has decided on, is not kept beside the new one.
    """
    if is_blocked(session, comment.address_key):
        raise Blocked
    if not may_edit(session, comment):
        raise NotEditable
    source = multi_line(source)
    latest = comment.text(comment.latest_number)
    if latest is not None and latest.source == source:
        return
    comment.latest_number += 1
    if comment.status not in {UNCONFIRMED, WAITING, HELD}:
        comment.status, comment.waiting_since = WAITING, now
    # The row first: where its version has changed meanwhile, nothing else is written.
    try:
        session.flush()
    except StaleDataError as error:
        raise Outdated from error
    comment.texts.append(_rendered(comment.latest_number, source, now))
    if latest is not None and not _is_referred_to(session, comment, latest):
        comment.texts.remove(latest)
    session.flush()


def _is_referred_to(session: Session, comment: Comment, text: CommentText) -> bool:
    decided = exists().where(ModerationDecision.comment_id == comment.id, ModerationDecision.text_number == text.number)
    return text.number == comment.published_number or bool(session.scalar(select(decided)))


def delete_comment(session: Session, comment: Comment, now: datetime) -> None:
    """Take a comment back, at once and everywhere.

    With replies it leaves a placeholder without name, address and text, and with the last reply the placeholder goes.
    The decisions on it stay, as numbers. Under a legal hold, on it or on a report or an objection, it stays out of
    everybody's sight until `purge` finds the hold lifted.
    """
    delete_comments(session, [comment], now)


def delete_comments(session: Session, comments: Iterable[Comment], now: datetime) -> None:
    """Take comments back, all in one turn, so that two who delete never wait for each other."""
    comments = list(comments)
    requests = sorted({comment.optin_id for comment in comments if comment.optin_id is not None})
    session.scalars(select(OptIn).where(OptIn.id.in_(requests)).order_by(OptIn.id).with_for_update()).all()
    take_turns(session, "comments: delete")
    for comment_id in [comment.id for comment in comments]:
        comment = _locked(session, comment_id)
        if comment is not None and comment.status != DELETED:
            _take_back(session, comment, now)


def _take_back(session: Session, comment: Comment, now: datetime) -> None:
    was_public = comment.published_at is not None
    _cancel_mails(session, comment.id)
    _leave_request(session, comment, now)
    if _is_held(session, comment):
        comment.status, comment.published_number, comment.waiting_since = REJECTED, None, None
        comment.confirmed_at = comment.confirmed_at or now
        comment.withdrawn_at = now
        session.flush()
    else:
        _tell_reporters(session, comment, now)
        if _has_replies(session, comment):
            _empty(session, comment)
        else:
            _remove(session, comment)
    if was_public:
        public_changed(session)


def _tell_reporters(session: Session, comment: Comment, now: datetime) -> None:
    """Nobody decides on what is gone, and who has reported it hears so (DSA Art. 16(5))."""
    waiting = select(Report).where(Report.comment_id == comment.id, Report.status == "open").order_by(Report.id)
    for report in session.scalars(waiting):
        notices.report_gone(session, report, now)


def _is_held(session: Session, comment: Comment) -> bool:
    about = [
        row
        for table in (Report, Appeal)
        for row in session.scalars(select(table).where(table.comment_id == comment.id)).all()
    ]
    return any(holds.is_held(session, row) for row in [comment, *about])


def _has_replies(session: Session, comment: Comment) -> bool:
    return bool(session.scalar(select(exists().where(Comment.parent_id == comment.id))))


def _empty(session: Session, comment: Comment) -> None:
    """Leave of a comment the place where it stood, for its replies to stand under."""
    _remove_statements(session, comment)
    for table in (CommentText, Appeal, Report, OfficialAnswer, Outcome):
        session.execute(delete(table).where(table.comment_id == comment.id))
    comment.status, comment.published_number, comment.waiting_since, comment.withdrawn_at = DELETED, None, None, None
    comment.name = comment.email = comment.address_key = comment.capacity = None
    comment.submission = comment.imported_from = None
    comment.notify_replies = False
    session.flush()
    session.expire(comment, ["texts"])


def _remove(session: Session, comment: Comment) -> None:
    """Remove a row without replies, and the placeholder above it that has no other."""
    parent_id = comment.parent_id
    _remove_statements(session, comment)
    session.delete(comment)
    session.flush()
    parent = _locked(session, parent_id) if parent_id is not None else None
    if parent is not None and parent.status == DELETED and not _has_replies(session, parent):
        _remove(session, parent)
        public_changed(session)


def _remove_statements(session: Session, comment: Comment) -> None:
    decisions = select(ModerationDecision.id).where(ModerationDecision.comment_id == comment.id)
    session.execute(delete(DecisionStatement).where(DecisionStatement.decision_id.in_(decisions)))


def _cancel_mails(session: Session, comment_id: int) -> None:
    """Erase the mails about a comment that have not been sent, and those that quote it as a reply.

    What its reporters are told stays: they have a right to hear what became of their report.
    """
    about = or_(*(OutboxMail.context[name].as_integer() == comment_id for name in ("number", "reply")))
    ours = OutboxMail.template.startswith("discussion/mail/"), ~OutboxMail.template.startswith("discussion/mail/report")
    session.execute(
        delete(OutboxMail).where(OutboxMail.status != SENT, *ours, about).execution_options(synchronize_session=False)
    )


def _leave_request(session: Session, comment: Comment, now: datetime) -> None:
    """Let go of the request that the comment belongs to; with its last comment only the proof is left of it."""
    request_id, comment.optin_id = comment.optin_id, None
    session.flush()
    if request_id is None:
        return
    other = session.scalar(
        select(Comment.id).where(Comment.optin_id == request_id).order_by(Comment.id.desc()).limit(1)
    )
    request = session.get_one(OptIn, request_id)
    if other is None:
        optin.minimise(session, request, now)
    else:
        request.subject = other
    session.flush()


def _says(comment: Comment) -> tuple[str | None, str | None, str, str | None]:
    latest = comment.text(comment.latest_number)
    return comment.email, comment.name, latest.source if latest else "", comment.capacity


def _rendered(number: int, source: str, now: datetime) -> CommentText:
    return CommentText(
        number=number,
        source=source,
        html=commenters_html(source),
        renderer_version=RENDERER_VERSION,
        written_at=now,
    )


def _comment(session: Session, comment_id: int | None) -> Comment | None:
    if comment_id is None or not 0 < comment_id <= LARGEST:
        return None
    return session.get(Comment, comment_id)


def _locked(session: Session, comment_id: int) -> Comment | None:
    """The comment as it is now, to be changed by nobody else until the transaction ends."""
    statement = select(Comment).where(Comment.id == comment_id).with_for_update()
    return session.scalar(statement.execution_options(populate_existing=True))


def _to_be_replied_to(session: Session, parent_id: int | None) -> Comment | None:
    """The parent of a reply, which nobody removes or takes down while the reply is written."""
    return _locked(session, parent_id) if parent_id is not None and 0 < parent_id <= LARGEST else None


# The double opt-in


def _ask(
    session: Session,
    settings: Settings,
    comment: Comment,
    address: Address,
    consents: Sequence[optin.Consent],
    now: datetime,
) -> OptIn:
    open_request = optin.open_request(session, PURPOSE, address)
    if open_request is not None and open_request.state(now) != PENDING:
        _forget(session, open_request, now)
        open_request = None
    return optin.request(
        session,
        settings,
        PURPOSE,
        comment.id,
        address,
        comment.language,
        FORM,
        consents,
        now,
        joins=open_request,
        wait=outbox.pause_before(session, settings, address, now),
    )


def _of_request(session: Session, request: OptIn) -> Sequence[Comment]:
    """The comments that a request asks to confirm, or that it has confirmed."""
    # While it is being asked for, the newest is not linked with it yet.
    belongs = (Comment.optin_id == request.id) | (Comment.id == request.subject)
    mine = select(Comment).where(belongs, Comment.address_key == request.address_key, Comment.withdrawn_at.is_(None))
    return session.scalars(mine.options(selectinload(Comment.texts)).order_by(Comment.id)).all()


def _subject(session: Session, request: OptIn) -> Sequence[Comment] | None:
    return _of_request(session, request) or None


def _mail_context(session: Session, request: OptIn) -> dict[str, Any]:
    return notices.confirm_context(_of_request(session, request))


def _confirm(session: Session, _settings: Settings, request: OptIn, now: datetime) -> None:
    """Let what was confirmed wait; if the address was blocked meanwhile, it goes as if the link had expired."""
    if is_blocked(session, request.address_key):
        request.status, request.confirmed_at = PENDING, None
        _forget(session, request, now)
        return
    for comment in _of_request(session, request):
        if comment.status == UNCONFIRMED:
            _into_the_queue(session, comment, now)
            notices.author_confirmed(session, comment, now, optin_id=request.id)


def _into_the_queue(session: Session, comment: Comment, now: datetime) -> None:
    """Let a confirmed comment wait for a moderator; put it aside if its name could be taken for another's."""
    comment.status, comment.confirmed_at, comment.waiting_since = WAITING, now, now
    if _looks_like_another(session, comment.name or ""):
        comment.status = HELD
        session.add(
            ModerationDecision(
                comment_id=comment.id,
                text_number=comment.latest_number,
                act=HOLD,
                reason="impersonation",
                automated=True,
                status_before=WAITING,
                at=now,
            )
        )
    session.flush()


def _looks_like_another(session: Session, name: str) -> bool:
    """Whether a name mixes scripts, or an organiser's or one of the office can be read in it."""
    if mixes_scripts(name):
        return True
    read = skeleton(name)
    organisers = session.scalars(select(Organiser.name).where(Organiser.active)).all()
    # One word alone, like “Eva”, is part of too many other names.
    parts = [*OFFICE_NAMES, *(one for one in organisers if len(one.split()) > 1)]
    return any(skeleton(one) in read for one in parts) or read in {skeleton(one) for one in organisers}


def _discard(session: Session, request: OptIn) -> None:
    """Remove the comments of a request that was declined or not confirmed in time; the request is its caller's."""
    unconfirmed = [comment for comment in _of_request(session, request) if comment.status == UNCONFIRMED]
    for comment in unconfirmed:
        comment.optin_id = None
    session.flush()
    delete_comments(session, unconfirmed, request.requested_at)


def _forget(session: Session, request: OptIn, now: datetime) -> None:
    """Remove a request that is still open, and its comments with it."""
    _discard(session, request)
    optin.minimise(session, request, now)
    session.flush()


PURPOSE = optin.Purpose(
    name="comment",
    template="discussion/mail/confirm",
    page="discussion/confirm.html",
    subject=_subject,
    mail_context=_mail_context,
    refused=lambda _settings, _now: False,
    confirm=_confirm,
    discard=_discard,
)
