"""Decide, undo, object, report, block, close: the only ways in which moderation changes anything."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.addresses import Address
from portal.config import Settings
from portal.database import take_turns
from portal.discussion import notices
from portal.discussion.desk import QUEUED, standing
from portal.discussion.models import (
    APPROVE,
    DELETED,
    HELD,
    HOLD,
    PUBLISHED,
    REJECT,
    REJECTED,
    RETURN,
    RETURNED,
    UNCONFIRMED,
    UNDO,
    WAITING,
    Appeal,
    BlockedAddress,
    Closure,
    Comment,
    DecisionStatement,
    ModerationDecision,
    Report,
)
from portal.discussion.vocabulary import REASONS
from portal.mail import outbox
from portal.organisers import audit
from portal.organisers.models import Organiser, OrganiserRole
from portal.organisers.roles import MODERATOR, OWNER
from portal.web.caching import public_changed

UNDO_SECONDS = 10
"""How long a decision can be undone, and its mails wait."""
EVERYTHING = ""
"""The thesis key that stands for the whole discussion."""

Act = Literal["approve", "return", "reject", "hold"]
Rejected = Literal["latest", "public", "both"]
"""What a rejection is about: the latest text, the public one, or both, where an edit waits beside what was approved."""

T = TypeVar("T")


class Outdated(Exception):
    """The comment is no longer what the moderator saw, or this act does not fit it. Nothing was changed."""


class OwnComment(Exception):
    """Nobody decides on what comes from her own address."""


class SecondPairOfEyes(Exception):
    """Who made a decision does not decide on the objection to it."""


class TooLate(Exception):
    """The decision stands: the time to undo it is over, or something has followed from it."""


# Deciding


def possible_acts(session: Session, comment: Comment, rejected: Rejected = "latest") -> tuple[Act, ...]:
    """What a moderator can do with this comment as it is, `rejected` being what a rejection would be about.

    A rejected text whose author objects waits for that decision and no other; what is public beside it does not.
    """
    status, acts = comment.status, list[Act]()
    objected = status == REJECTED and open_appeal(session, comment) is not None
    if status in {WAITING, HELD, RETURNED} or (status == REJECTED and not objected):
        acts.append("approve")
    if status in QUEUED:
        acts.append("return")
    public = comment.published_number is not None and (not objected or rejected == "public")
    if status in {WAITING, HELD, RETURNED} or public:
        acts.append("reject")
    if status == WAITING:
        acts.append("hold")
    return tuple(acts)


def decide(
    session: Session,
    settings: Settings,
    comment_id: int,
    version: int,
    act: Act,
    *,
    by: int,
    now: datetime,
    reason: str | None = None,
    statement: str = "",
    rejected: Rejected = "latest",
    wait: timedelta = timedelta(seconds=UNDO_SECONDS),
) -> ModerationDecision:
    """Decide on the comment as it is in `version`: the one door, at which moderators take turns.

    It takes effect at once; the mails that say so `wait`. Returning needs a `statement` of the changes asked for, a
    rejection a `reason` and a `statement` of the facts (DSA Art. 17). Raises Outdated and OwnComment.
    """
    comment = turn(session, comment_id)
    if comment is None or comment.version != version or act not in possible_acts(session, comment, rejected):
        raise Outdated
    refuse_own(session, comment, by)
    if act in {RETURN, REJECT} and not statement.strip():
        raise ValueError(f"to {act} needs words")
    if act == REJECT and reason not in REASONS:
        raise ValueError(f"no such reason: {reason}")
    decision = _decision(comment, act, by, now)
    decision.reason = reason if act == REJECT else None
    first_time = comment.published_at is None
    if act == APPROVE:
        _publish(comment, comment.latest_number, now)
    elif act == RETURN:
        comment.status, comment.waiting_since = RETURNED, None
    elif act == HOLD:
        comment.status = HELD
    else:
        decision.text_number = _reject(comment, rejected)
    session.add(decision)
    _told_of_change(session, comment, decision)
    if act != HOLD:
        _tell(session, settings, comment, decision, statement, now, wait, parent_too=first_time and act == APPROVE)
    detail = {"reason": reason} if act == REJECT and reason else {}
    audit.record(session, by, f"comment.{act}", _named(comment), now, text=decision.text_number, **detail)
    return decision


def undo(session: Session, decision_id: int, *, by: int, now: datetime) -> ModerationDecision:
    """Take a decision back before any mail has left; it stays in the log, and so does this. Raises TooLate."""
    decision = undoable(session, decision_id, by, now)
    comment = turn(session, decision.comment_id) if decision else None
    if decision is None or comment is None or not _nothing_followed(session, comment, decision):
        raise TooLate
    if decision.statement is not None:
        mails = (decision.statement.mail_id, decision.statement.reply_mail_id)
        if not all(outbox.take_back(session, mail) for mail in mails if mail is not None):
            raise TooLate
        session.delete(decision.statement)
    undoing = _decision(comment, UNDO, by, now)
    undoing.text_number, undoing.undoes_id = decision.text_number, decision.id
    session.add(undoing)
    comment.status = decision.status_before
    comment.published_number = decision.published_before
    comment.waiting_since = _waits_since(comment) if comment.status in QUEUED else None
    if comment.published_at == decision.at:
        comment.published_at = None
    _told_of_change(session, comment, undoing)
    audit.record(session, by, "comment.undo", _named(comment), now, undone=f"comment.{decision.act}")
    return undoing


def undoable(session: Session, decision_id: int, by: int, now: datetime) -> ModerationDecision | None:
    """The decision, if it is this organiser's own and not older than an undo may come."""
    decision = session.get(ModerationDecision, decision_id)
    if decision is None or decision.act == UNDO or decision.by_id != by or not _is_fresh(decision, now):
        return None
    undone = select(ModerationDecision.id).where(ModerationDecision.undoes_id == decision.id)
    return None if session.scalar(undone) else decision


def unsettled(session: Session, comment: Comment, now: datetime) -> ModerationDecision | None:
    """The decision on a comment that can still be undone. Until that time is over, its author is told nothing of it."""
    decisions = select(ModerationDecision).where(ModerationDecision.comment_id == comment.id)
    latest = session.scalar(decisions.order_by(ModerationDecision.id.desc()).limit(1))
    if latest is None or latest.act == UNDO or latest.by_id is None or not _is_fresh(latest, now):
        return None
    return latest if _nothing_followed(session, comment, latest) else None


def _is_fresh(decision: ModerationDecision, now: datetime) -> bool:
    return timedelta() <= now - decision.at <= timedelta(seconds=UNDO_SECONDS)


def is_own(session: Session, comment: Comment, by: int) -> bool:
    """Whether the comment comes from the address of this organiser."""
    return comment.address_key is not None and session.get_one(Organiser, by).address_key == comment.address_key


def refuse_own(session: Session, comment: Comment, by: int) -> None:
    """Raises OwnComment for who wrote the comment."""
    if is_own(session, comment, by):
        raise OwnComment


# Objecting


def rejection(session: Session, settings: Settings, comment: Comment, now: datetime) -> ModerationDecision | None:
    """The rejection that the author can object to: the latest decision, if it is one, nobody has objected to it, and
    the time for that is not over (DSA Art. 20)."""
    statement = select(ModerationDecision).where(ModerationDecision.comment_id == comment.id, *standing())
    latest = session.scalar(statement.order_by(ModerationDecision.id.desc()).limit(1))
    if latest is None or latest.act != REJECT or comment.status == DELETED:
        return None
    if now > latest.at + timedelta(days=settings.appeal_days):
        return None
    objected = select(Appeal.id).where(Appeal.decision_id == latest.id)
    return None if session.scalar(objected) else latest


def file_appeal(session: Session, settings: Settings, comment: Comment, text: str, now: datetime) -> Appeal | None:
    """Object to the rejection of one's comment, once. None if there is nothing, or no longer anything, to object to."""
    locked = turn(session, comment.id)
    decision = rejection(session, settings, locked, now) if locked else None
    if decision is None:
        return None
    appeal = Appeal(
        comment_id=comment.id,
        decision_id=decision.id,
        first_by_id=decision.by_id,
        text=text,
        filed_at=now,
        status="open",
    )
    session.add(appeal)
    session.flush()
    notices.appeal_received(session, settings, appeal, now)
    return appeal


def open_appeal(session: Session, comment: Comment) -> Appeal | None:
    """The appeal on this comment that nobody has decided yet."""
    return session.scalar(select(Appeal).where(Appeal.comment_id == comment.id, Appeal.status == "open"))


def may_decide_appeal(session: Session, appeal: Appeal, by: int) -> bool:
    """Whether this organiser is another than who decided first, and not the author."""
    return appeal.first_by_id != by and not is_own(session, appeal.comment, by)


def others_for(session: Session, appeal: Appeal) -> Sequence[Organiser]:
    """Who could decide on an appeal: all who moderate, but for who decided first and the author.

    Who has not accepted the invitation yet cannot.
    """
    deciding = select(OrganiserRole.organiser_id).where(OrganiserRole.role.in_((OWNER, MODERATOR)))
    accepted = Organiser.active, Organiser.password_hash.is_not(None)
    statement = select(Organiser).where(*accepted, Organiser.id.in_(deciding)).order_by(Organiser.id)
    return [one for one in session.scalars(statement) if may_decide_appeal(session, appeal, one.id)]


def decide_appeal(
    session: Session,
    settings: Settings,
    appeal_id: int,
    version: int,
    outcome: Literal["upheld", "reversed"],
    answer: str,
    *,
    by: int,
    now: datetime,
) -> Appeal:
    """Let the rejection stand, with reasons, or publish after all the text that was rejected.

    Raises Outdated, SecondPairOfEyes and OwnComment.
    """
    about = session.scalar(select(Appeal.comment_id).where(Appeal.id == appeal_id))
    comment = turn(session, about) if about is not None else None
    appeal = session.get(Appeal, appeal_id, populate_existing=True)
    if comment is None or appeal is None or appeal.status != "open" or comment.version != version:
        raise Outdated
    if appeal.first_by_id == by:
        raise SecondPairOfEyes
    refuse_own(session, comment, by)
    if not answer.strip():
        raise ValueError("an appeal is answered in words")
    appeal.status, appeal.answer = outcome, answer
    appeal.decided_by_id, appeal.decided_at = by, now
    if outcome == "reversed":
        _reverse(session, settings, comment, appeal, by, now)
    session.flush()
    notices.appeal_decided(session, settings, appeal, now)
    audit.record(session, by, f"appeal.{outcome}", f"appeal {appeal.id}", now, comment=comment.id)
    return appeal


def _reverse(session: Session, settings: Settings, comment: Comment, appeal: Appeal, by: int, now: datetime) -> None:
    """Publish the text that was rejected, unless a newer one has been approved meanwhile."""
    number = session.get_one(ModerationDecision, appeal.decision_id).text_number
    if comment.published_number is not None and comment.published_number >= number:
        return
    first_time = comment.published_at is None
    decision = _decision(comment, APPROVE, by, now)
    decision.text_number = number
    _publish(comment, number, now)
    session.add(decision)
    _told_of_change(session, comment, decision)
    if first_time:
        _tell_parent(session, settings, comment, now, timedelta())


# Reporting


def file_report(
    session: Session,
    settings: Settings,
    comment: Comment,
    *,
    reason: str,
    explanation: str,
    name: str | None = None,
    address: Address | None = None,
    language: str,
    now: datetime,
    submission: str | None = None,
) -> Report | None:
    """Take a reader's notice about a comment that is public, and mail a receipt if there is an address.

    `submission` is the form's own token. The same form sent twice is one report; sent again with something else in it,
    it is another.

    None if the comment is not, or no longer, public. Beyond an address's daily number of mails there is no receipt.
    """
    sent_as = None
    if submission is not None:
        said = [submission, comment.id, reason, explanation, name, address.email if address else None]
        sent_as = hashlib.sha256(json.dumps(said).encode()).hexdigest()
        take_turns(session, sent_as)
        if earlier := session.scalar(select(Report).where(Report.submission == sent_as)):
            return earlier
    if comment.published_number is None:
        return None
    report = Report(
        comment_id=comment.id,
        text_number=comment.published_number,
        reason=reason,
        explanation=explanation,
        name=name,
        email=address.email if address else None,
        address_key=address.key if address else None,
        language=language,
        submission=sent_as,
        reported_at=now,
        status="open",
    )
    session.add(report)
    session.flush()
    if address is not None and outbox.may_mail(session, settings, address, now):
        notices.report_received(session, settings, report, now)
    return report


def decide_reports(
    session: Session,
    settings: Settings,
    comment_id: int,
    version: int,
    *,
    seen: int,
    act: bool,
    answer: str = "",
    reason: str | None = None,
    statement: str = "",
    by: int,
    now: datetime,
) -> list[Report]:
    """Decide at once on all open reports on a comment up to the one numbered `seen`; later ones stay open.

    To `act` is to take the comment down, with a reason and a statement for its author, who learns nothing of who has
    reported; not to act needs an answer. What is no longer public needs no further decision. There is no undo: the
    mails leave at once. Raises Outdated and OwnComment.
    """
    comment = turn(session, comment_id)
    mine = (Report.comment_id == comment_id, Report.status == "open", Report.id <= seen)
    reports = list(session.scalars(select(Report).where(*mine).order_by(Report.id).with_for_update()))
    if comment is None or comment.version != version or not reports:
        raise Outdated
    refuse_own(session, comment, by)
    if not act and not answer.strip():
        raise ValueError("a report that changes nothing is answered in words")
    if act and comment.published_number is not None:
        rejected: Rejected = "latest" if comment.status == PUBLISHED else "public"
        decide(
            session,
            settings,
            comment_id,
            version,
            "reject",
            by=by,
            now=now,
            reason=reason,
            statement=statement,
            rejected=rejected,
            wait=timedelta(),
        )
    for report in reports:
        report.status = "acted" if act else "dismissed"
        report.decided_by_id, report.decided_at, report.answer = by, now, answer or None
    session.flush()
    for report in reports:
        notices.report_decided(session, settings, report, now)
        audit.record(session, by, f"report.{report.status}", f"report {report.id}", now, comment=comment_id)
    return reports


# Blocking


def block(session: Session, comment_id: int, reason: str, *, by: int, now: datetime) -> BlockedAddress | None:
    """Take no more comments from the address that this one comes from. None if it has none."""
    comment = turn(session, comment_id)
    if comment is None or comment.address_key is None:
        return None
    refuse_own(session, comment, by)
    known = session.get(BlockedAddress, comment.address_key)
    if known is not None:
        return known
    blocked = BlockedAddress(address_key=comment.address_key, reason=reason, by_id=by, at=now)
    session.add(blocked)
    session.flush()
    audit.record(session, by, "address.block", _named(comment), now, address=short(blocked.address_key))
    return blocked


def unblock(session: Session, address_key: str, *, by: int, now: datetime) -> bool:
    """Take comments from an address again. False if it is not blocked."""
    blocked = session.get(BlockedAddress, address_key, with_for_update=True)
    if blocked is None:
        return False
    session.delete(blocked)
    session.flush()
    audit.record(session, by, "address.unblock", f"address {short(address_key)}", now)
    return True


def is_blocked(session: Session, address_key: str | None) -> bool:
    """Whether comments from this address are no longer taken."""
    return address_key is not None and session.get(BlockedAddress, address_key) is not None


def short(address_key: str) -> str:
    """As much of the hash of an address as tells two apart."""
    return address_key[:10]


# Closing


def close(session: Session, thesis_key: str, *, by: int, now: datetime) -> None:
    """Take no more comments on a thesis, or on anything; what is there stays to be read."""
    take_turns(session, f"closure {thesis_key}")
    if session.get(Closure, thesis_key, populate_existing=True) is None:
        session.add(Closure(thesis_key=thesis_key, by_id=by, at=now))
        session.flush()
        public_changed(session)
        audit.record(session, by, "discussion.close", _thesis(thesis_key), now)


def reopen(session: Session, thesis_key: str, *, by: int, now: datetime) -> None:
    """Take comments again."""
    take_turns(session, f"closure {thesis_key}")
    closure = session.get(Closure, thesis_key, populate_existing=True)
    if closure is not None:
        session.delete(closure)
        session.flush()
        public_changed(session)
        audit.record(session, by, "discussion.reopen", _thesis(thesis_key), now)


def turn(session: Session, comment_id: int) -> Comment | None:
    """The comment as it is now, to be changed by nobody else until the transaction ends."""
    key = session.scalar(select(Comment.address_key).where(Comment.id == comment_id))
    if key is not None:
        take_turns(session, key)
    statement = select(Comment).where(Comment.id == comment_id).with_for_update()
    comment = session.scalar(statement.execution_options(populate_existing=True))
    gone = comment is None or comment.status in {UNCONFIRMED, DELETED} or comment.withdrawn_at is not None
    return None if gone else comment


def _decision(comment: Comment, act: str, by: int, now: datetime) -> ModerationDecision:
    return ModerationDecision(
        comment_id=comment.id,
        text_number=comment.latest_number,
        act=act,
        by_id=by,
        status_before=comment.status,
        published_before=comment.published_number,
        at=now,
    )


def _publish(comment: Comment, number: int, now: datetime) -> None:
    """Make one text public; a newer one that waits goes on waiting."""
    comment.published_number = number
    comment.published_at = comment.published_at or now
    if number == comment.latest_number:
        comment.status, comment.waiting_since = PUBLISHED, None


def _reject(comment: Comment, rejected: Rejected) -> int:
    """Refuse the latest text, take down the public one, or both; the number of the text that the decision is about."""
    latest, public = comment.latest_number, comment.published_number
    if rejected != "latest" or public == latest:
        comment.published_number = None
    if rejected == "public" and public is not None and public != latest:
        return public
    comment.status, comment.waiting_since = REJECTED, None
    return latest


def _told_of_change(session: Session, comment: Comment, decision: ModerationDecision) -> None:
    """Write the change, and say so to the public pages if they show it."""
    session.flush()
    if comment.published_number != decision.published_before:
        public_changed(session)


def _tell(
    session: Session,
    settings: Settings,
    comment: Comment,
    decision: ModerationDecision,
    text: str,
    now: datetime,
    wait: timedelta,
    *,
    parent_too: bool,
) -> None:
    """Keep what is said to the author, and post the mail; with `parent_too`, also the one about a reply."""
    decision.statement = DecisionStatement(text=text)
    session.flush()
    mail = notices.author_decided(session, settings, comment, decision, now, wait)
    decision.statement.mail_id = mail.id if mail else None
    if parent_too:
        decision.statement.reply_mail_id = _tell_parent(session, settings, comment, now, wait)
    session.flush()


def _tell_parent(session: Session, settings: Settings, reply: Comment, now: datetime, wait: timedelta) -> int | None:
    mail = notices.reply_published(session, settings, reply, now, wait)
    return mail.id if mail else None


def _nothing_followed(session: Session, comment: Comment, decision: ModerationDecision) -> bool:
    """Whether the comment is as the decision left it, and the decision was one of those that can be undone."""
    later = select(ModerationDecision.id).where(
        ModerationDecision.comment_id == comment.id, ModerationDecision.id > decision.id
    )
    objected = select(Appeal.id).where(
        Appeal.comment_id == comment.id, or_(Appeal.decision_id == decision.id, Appeal.decided_at == decision.at)
    )
    on_reports = select(Report.id).where(Report.comment_id == comment.id, Report.decided_at == decision.at)
    latest = comment.text(comment.latest_number)
    if latest is None or latest.written_at > decision.at:
        return False
    return not any(session.scalar(one.limit(1)) for one in (later, objected, on_reports))


def _waits_since(comment: Comment) -> datetime | None:
    """When the latest text began to wait: with its author's confirmation, or when it was written after that."""
    latest = comment.text(comment.latest_number)
    moments = [comment.confirmed_at, latest.written_at if latest else None]
    return max(moment for moment in moments if moment is not None)


def _named(comment: Comment) -> str:
    return f"comment {comment.id}"


def _thesis(key: str) -> str:
    return f"thesis {key}" if key else "discussion"
