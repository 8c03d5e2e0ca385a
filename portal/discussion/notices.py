"""Which mail is posted when: one function for each, called by the operation that causes it.

The context of a queued mail holds numbers, codes and the words that its reader wrote or may read, never a token: links
are made when the mail is written. A mail to an address that nobody has confirmed carries no text that whoever typed
the address could have chosen, besides a name.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, url_for
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from portal import tokens
from portal.addresses import Address
from portal.clock import BERLIN
from portal.config import Settings, current_settings
from portal.database import take_turns
from portal.discussion.models import (
    APPROVE,
    HELD,
    HOLD,
    REJECT,
    RETURN,
    WAITING,
    Appeal,
    Comment,
    ModerationDecision,
    OfficialAnswer,
    Outcome,
    Report,
)
from portal.language import LANGUAGES, current_language
from portal.mail import outbox
from portal.mail.models import OutboxMail
from portal.organisers.models import Organiser, OrganiserRole
from portal.organisers.roles import MODERATOR, OWNER

AT_ONCE = timedelta()
_ABOUT_DECISIONS = {
    APPROVE: "discussion/mail/approved",
    RETURN: "discussion/mail/returned",
    REJECT: "discussion/mail/rejected",
}
DIGEST = "discussion/mail/digest"
DIGEST_FROM_HOUR = 7
"""Nobody is told before this hour, German time, what waits for them."""


def confirm_context(comments: Iterable[Comment]) -> dict[str, Any]:
    """What the mail that asks to confirm comments says about them: who speaks, and where. Not their words."""
    return {"comments": [{"name": one.name, "place": place(one)} for one in comments]}


def author_confirmed(
    session: Session, comment: Comment, now: datetime, *, optin_id: int | None = None
) -> OutboxMail | None:
    """Tell an author whose address is confirmed that the comment waits, and give the private link to it."""
    context = {**_about(comment), "text": _source(comment, comment.latest_number)}
    return _post(session, "discussion/mail/received", comment, context, now, optin_id=optin_id)


def author_decided(
    session: Session,
    settings: Settings,
    comment: Comment,
    decision: ModerationDecision,
    now: datetime,
    wait: timedelta = AT_ONCE,
) -> OutboxMail | None:
    """Tell an author what was decided, with the statement of reasons (DSA Art. 17). Nothing is told of a hold.

    To be called when the comment is as the decision leaves it, and before a report that led to it is decided.
    """
    template = _ABOUT_DECISIONS.get(decision.act)
    if template is None:
        return None
    context = {
        **_about(comment),
        "text": _source(comment, decision.text_number),
        "was_public": decision.published_before is not None,
        "still_public": comment.published_number is not None,
        "reason": decision.reason,
        "statement": decision.statement.text if decision.statement else "",
        "automated": decision.automated,
        "flagged": _was_flagged(session, comment),
        "reported": decision.act == REJECT and _has_open_report(session, comment),
        "appeal_until": appeal_until(settings, decision).isoformat(),
    }
    return _post(session, template, comment, context, now, wait)


def appeal_until(settings: Settings, decision: ModerationDecision) -> datetime:
    """Until when the author may object to a rejection: six months and no less (DSA Art. 20(1))."""
    return decision.at + timedelta(days=settings.appeal_days)


def reply_published(
    session: Session, _settings: Settings, reply: Comment, now: datetime, wait: timedelta = AT_ONCE
) -> OutboxMail | None:
    """Tell the author of the comment that was replied to, if they asked for it and it was somebody else.

    To be called when the reply is published for the first time.
    """
    parent = reply.parent
    if parent is None or not _wants_replies(parent) or parent.address_key == reply.address_key:
        return None
    context = {
        **_about(parent),
        "reply": reply.id,
        "by": reply.name,
        "capacity": reply.capacity,
        "reply_text": _source(reply, reply.published_number),
    }
    return _post(session, "discussion/mail/reply", parent, context, now, wait)


def author_answered(session: Session, comment: Comment, answer: OfficialAnswer, now: datetime) -> OutboxMail | None:
    """Tell an author who wants to hear of replies that the organisers have answered."""
    if not _wants_replies(comment):
        return None
    return _post(session, "discussion/mail/answered", comment, {**_about(comment), "answer": answer.source}, now)


def outcome_published(session: Session, comment: Comment, outcome: Outcome, now: datetime) -> OutboxMail | None:
    """Tell an author who wants to hear of replies what became of the comment in the declaration."""
    if not _wants_replies(comment):
        return None
    context = {
        **_about(comment),
        "outcome": outcome.outcome,
        "why": outcome.reason,
        "taken_up_in": outcome.revision.number if outcome.revision else None,
    }
    return _post(session, "discussion/mail/outcome", comment, context, now)


def report_received(session: Session, _settings: Settings, report: Report, now: datetime) -> OutboxMail | None:
    """Tell a reporter who gave an address that the report is there (DSA Art. 16(4)).

    Nobody has confirmed the address: the caller asks `outbox.may_mail` first.
    """
    address = _reporter(report)
    if address is None:
        return None
    return _post_to_reporter(session, "discussion/mail/report_received", report, address, {}, now)


def report_decided(
    session: Session, _settings: Settings, report: Report, now: datetime, wait: timedelta = AT_ONCE
) -> OutboxMail | None:
    """Tell a reporter who gave an address what was decided, and why (DSA Art. 16(5))."""
    address = _reporter(report)
    if address is None:
        return None
    context = {"acted": report.status == "acted", "answer": report.answer or ""}
    return _post_to_reporter(session, "discussion/mail/report_decided", report, address, context, now, wait)


def report_gone(session: Session, report: Report, now: datetime) -> OutboxMail | None:
    """Tell a reporter who gave an address that the comment was taken back before anybody decided."""
    address = _reporter(report)
    if address is None:
        return None
    return _post_to_reporter(session, "discussion/mail/report_gone", report, address, {}, now)


def appeal_received(session: Session, _settings: Settings, appeal: Appeal, now: datetime) -> OutboxMail | None:
    """Tell an author that the objection is there, and that somebody else decides on it."""
    context = {**_about(appeal.comment), "appeal": appeal.text}
    return _post(session, "discussion/mail/appeal_received", appeal.comment, context, now)


def appeal_decided(
    session: Session, _settings: Settings, appeal: Appeal, now: datetime, wait: timedelta = AT_ONCE
) -> OutboxMail | None:
    """Tell an author what became of the objection, and why (DSA Art. 20(5))."""
    context = {
        **_about(appeal.comment),
        "reversed": appeal.status == "reversed",
        "appeal": appeal.text,
        "answer": appeal.answer or "",
    }
    return _post(session, "discussion/mail/appeal_decided", appeal.comment, context, now, wait)


def digest(session: Session, _settings: Settings, now: datetime) -> int:
    """Tell the moderators what waits for them, each once a day and only if something does. Names no author.

    Where nobody moderates, the owners are told. Returns how many mails were posted.
    """
    today = now.astimezone(BERLIN)
    if today.hour < DIGEST_FROM_HOUR:
        return 0
    take_turns(session, DIGEST)
    waiting = _waiting(session)
    if not any(waiting[name] for name in ("comments", "held", "reports", "appeals")):
        return 0
    told = _told_since(session, today.replace(hour=0, minute=0, second=0, microsecond=0))
    posted = 0
    for organiser in _moderators(session):
        if organiser.email and organiser.address_key and organiser.address_key not in told:
            address = Address(organiser.email, organiser.address_key)
            outbox.post(session, outbox.Mail(DIGEST, address, organiser.language, waiting), now)
            posted += 1
    return posted


def place(comment: Comment) -> dict[str, Any]:
    """Where a comment stands, as JSON: its revision, and the number and heading of its thesis in each language."""
    thesis = comment.revision.thesis(comment.thesis_key) if comment.thesis_key else None
    return {
        "revision": comment.revision.number,
        "thesis": thesis.position if thesis else None,
        "headings": {language: thesis.text(language).heading for language in LANGUAGES} if thesis else {},
    }


def place_words(where: dict[str, Any]) -> str:
    """Where a comment stands, in the words of the mail's language and with their preposition."""
    revision, thesis = where["revision"], where["thesis"]
    if thesis is None:
        return str(_("zur Erklärung als Ganzes (Fassung %(revision)s)", revision=revision))
    heading = where["headings"].get(current_language())
    if not heading:
        return str(_("zu These %(number)s (Fassung %(revision)s)", number=thesis, revision=revision))
    return str(
        _("zu These %(number)s „%(heading)s“ (Fassung %(revision)s)", number=thesis, heading=heading, revision=revision)
    )


def _about(comment: Comment) -> dict[str, Any]:
    return {"number": comment.id, "place": place(comment)}


def _source(comment: Comment, number: int | None) -> str:
    text = comment.text(number)
    return text.source if text else ""


def _wants_replies(comment: Comment) -> bool:
    return comment.notify_replies and comment.published_number is not None


def _post(
    session: Session,
    template: str,
    comment: Comment,
    context: dict[str, Any],
    now: datetime,
    wait: timedelta = AT_ONCE,
    *,
    optin_id: int | None = None,
) -> OutboxMail | None:
    """Post a mail to the author; imported and deleted comments have none."""
    if comment.email is None or comment.address_key is None:
        return None
    address = Address(comment.email, comment.address_key)
    return outbox.post(session, outbox.Mail(template, address, comment.language, context, optin_id), now, wait=wait)


def _reporter(report: Report) -> Address | None:
    return Address(report.email, report.address_key) if report.email and report.address_key else None


def _post_to_reporter(
    session: Session,
    template: str,
    report: Report,
    address: Address,
    context: dict[str, Any],
    now: datetime,
    wait: timedelta = AT_ONCE,
) -> OutboxMail:
    context = {
        **_about(report.comment),
        "reason": report.reason,
        "reported_at": report.reported_at.isoformat(),
        "still_public": report.comment.published_number is not None,
        **context,
    }
    return outbox.post(session, outbox.Mail(template, address, report.language, context), now, wait=wait)


def _has_open_report(session: Session, comment: Comment) -> bool:
    waiting = select(Report.id).where(Report.comment_id == comment.id, Report.status == "open")
    return session.scalar(waiting.limit(1)) is not None


def _was_flagged(session: Session, comment: Comment) -> bool:
    """Whether a program, and no human, put the comment aside (DSA Art. 17(3)(c))."""
    by_program = select(ModerationDecision.id).where(
        ModerationDecision.comment_id == comment.id, ModerationDecision.act == HOLD, ModerationDecision.automated
    )
    return session.scalar(by_program.limit(1)) is not None


def _waiting(session: Session) -> dict[str, Any]:
    oldest = session.scalar(select(func.min(Comment.waiting_since)).where(Comment.status == WAITING))
    return {
        "comments": _number(session, Comment.status == WAITING),
        "oldest": oldest.isoformat() if oldest else None,
        "held": _number(session, Comment.status == HELD),
        "reports": _number(session, Report.status == "open"),
        "appeals": _number(session, Appeal.status == "open"),
    }


def _number(session: Session, which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).where(which)) or 0


def _told_since(session: Session, since: datetime) -> set[str]:
    mails = select(OutboxMail.address_key).where(OutboxMail.template == DIGEST, OutboxMail.created_at >= since)
    return set(session.scalars(mails))


def _moderators(session: Session) -> Sequence[Organiser]:
    active = select(Organiser).where(Organiser.active)
    for role in (MODERATOR, OWNER):
        holders = select(OrganiserRole.organiser_id).where(OrganiserRole.role == role)
        if found := session.scalars(active.where(Organiser.id.in_(holders)).order_by(Organiser.id)).all():
            return found
    return []


def _status_url(comment_id: int) -> str:
    return _own_url("discussion.mine", "comment", comment_id)


def _replies_off_url(comment_id: int) -> str:
    return _own_url("discussion.replies_off", "replies", comment_id)


def _own_url(endpoint: str, purpose: str, comment_id: int) -> str:
    token = tokens.issue(current_settings(), purpose, comment_id)
    return url_for(endpoint, token=token, language=current_language(), _external=True)


def init_app(app: Flask) -> None:
    """Give the mails the words and links that they are written with."""
    app.jinja_env.globals.update(
        comment_place=place_words,
        comment_status_url=_status_url,
        replies_off_url=_replies_off_url,
    )
