"""What moderators decide, and what can never happen while they do."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from portal.clock import now
from portal.config import Settings
from portal.discussion import comments, desk, moderation
from portal.discussion.models import (
    Appeal,
    BlockedAddress,
    Closure,
    Comment,
    DecisionStatement,
    ModerationDecision,
    Report,
)
from portal.discussion.moderation import Outdated, OwnComment, SecondPairOfEyes, TooLate
from portal.mail.models import OutboxMail
from portal.organisers.models import AuditEntry, Organiser
from portal.web.caching import PublicVersion
from tests.databases import engine_of
from tests.discussion.conftest import Confirm, Decide, Write, add_moderator, later, mails
from tests.office import add_organiser

Waiting = Callable[..., Comment]


@pytest.fixture
def waiting(session: Session, write: Write, confirm: Confirm) -> Waiting:
    """Hands in a comment that is confirmed and waits."""

    def hand_in(*arguments: Any, **details: Any) -> Comment:
        comment = write(*arguments, **details)
        confirm(at=details.get("at"))
        session.refresh(comment)
        return comment

    return hand_in


def acts(session: Session) -> list[str]:
    """The acts of all decisions, in their order."""
    session.commit()
    return list(session.scalars(select(ModerationDecision.act).order_by(ModerationDecision.id)))


def audited(session: Session) -> list[str]:
    """The acts in the audit log, in their order."""
    session.commit()
    return list(session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))


def decision_mails(session: Session) -> list[str]:
    """The mails about decisions that are in the outbox."""
    return [mail for mail in mails(session) if mail not in {"confirm", "received"}]


def public_version(session: Session) -> int:
    session.commit()
    return session.scalars(select(PublicVersion.number)).one()


def edit(session: Session, comment: Comment, text: str, at: datetime | None = None) -> None:
    comments.edit_comment(session, comment, text, at or now())
    session.commit()


# Deciding


def test_approving_publishes_the_text_that_waits(session: Session, waiting: Waiting, decide: Decide) -> None:
    comment = waiting()
    before = public_version(session)
    decide(comment)
    assert (comment.status, comment.published_number, comment.waiting_since) == ("published", 1, None)
    assert comment.published_at is not None
    assert public_version(session) > before
    assert decision_mails(session) == ["approved"]
    assert audited(session) == ["comment.approve"]


def test_returning_asks_for_changes_and_publishes_nothing(session: Session, waiting: Waiting, decide: Decide) -> None:
    comment = waiting()
    before = public_version(session)
    decision = decide(comment, "return", statement="Bitte ohne Namen.")
    assert (comment.status, comment.published_number) == ("returned", None)
    assert decision.statement is not None
    assert decision.statement.text == "Bitte ohne Namen."
    assert decision_mails(session) == ["returned"]
    assert public_version(session) == before


def test_rejecting_gives_reason_and_facts(session: Session, waiting: Waiting, decide: Decide) -> None:
    """L12."""
    comment = waiting()
    decision = decide(comment, "reject", reason="client_data", statement="Der dritte Satz nennt einen Ort.")
    assert (comment.status, decision.reason, decision.automated) == ("rejected", "client_data", False)
    assert decision_mails(session) == ["rejected"]


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("return", {"statement": " "}),
        ("reject", {"statement": "", "reason": "insult"}),
        ("reject", {"statement": "Wegen des zweiten Satzes.", "reason": None}),
        ("reject", {"statement": "Wegen des zweiten Satzes.", "reason": "because"}),
    ],
)
def test_nothing_is_refused_without_reasons(
    session: Session, waiting: Waiting, decide: Decide, act: str, words: dict[str, Any]
) -> None:
    comment = waiting()
    with pytest.raises(ValueError, match=r"words|reason"):
        decide(comment, act, **words)
    session.rollback()
    assert acts(session) == []


def test_the_database_refuses_a_rejection_without_a_reason(
    session: Session, waiting: Waiting, moderator: Organiser
) -> None:
    comment = waiting()
    session.add(
        ModerationDecision(
            comment_id=comment.id, text_number=1, act="reject", by_id=moderator.id, status_before="waiting", at=now()
        )
    )
    with pytest.raises(IntegrityError):
        session.flush()


def test_holding_puts_aside_without_a_mail(session: Session, waiting: Waiting, decide: Decide) -> None:
    comment = waiting()
    decide(comment, "hold")
    assert comment.status == "held"
    assert comment.waiting_since is not None
    assert decision_mails(session) == []
    assert desk.counts(session) == {"held": 1}


def test_a_reply_is_told_of_when_it_is_published_first(
    session: Session, waiting: Waiting, published: Write, decide: Decide
) -> None:
    parent = published(notify_replies=True)
    reply = waiting("Eine Antwort.", email="bo@example.org", name="Bo", to=parent)
    decide(reply)
    assert decision_mails(session) == ["approved", "approved", "reply"]
    edit(session, reply, "Eine bessere Antwort.")
    decide(reply)
    assert decision_mails(session) == ["approved", "approved", "reply", "approved"]


def test_an_edit_that_is_rejected_leaves_what_was_approved(session: Session, published: Write, decide: Decide) -> None:
    comment = published()
    edit(session, comment, "Ein neuer Text.")
    before = public_version(session)
    decide(comment, "reject")
    assert (comment.status, comment.published_number) == ("rejected", 1)
    assert public_version(session) == before


def test_an_edit_can_be_rejected_together_with_what_was_approved(
    session: Session, published: Write, decide: Decide
) -> None:
    comment = published()
    edit(session, comment, "Ein neuer Text.")
    before = public_version(session)
    decide(comment, "reject", rejected="both")
    assert (comment.status, comment.published_number) == ("rejected", None)
    assert public_version(session) > before


def test_what_was_approved_can_be_taken_down_while_the_edit_waits(
    session: Session, published: Write, decide: Decide
) -> None:
    comment = published()
    edit(session, comment, "Ein neuer Text.")
    decision = decide(comment, "reject", rejected="public")
    assert (comment.status, comment.published_number, decision.text_number) == ("waiting", None, 1)
    decide(comment)
    assert (comment.status, comment.published_number) == ("published", 2)


def test_a_published_comment_can_be_taken_down(session: Session, published: Write, decide: Decide) -> None:
    comment = published()
    before = public_version(session)
    decide(comment, "reject")
    assert (comment.status, comment.published_number) == ("rejected", None)
    assert public_version(session) > before


@pytest.mark.parametrize(("first", "second"), [("approve", "approve"), ("approve", "hold"), ("reject", "return")])
def test_what_does_not_fit_the_comment_is_refused(
    session: Session, waiting: Waiting, decide: Decide, first: str, second: str
) -> None:
    comment = waiting()
    decide(comment, first)
    with pytest.raises(Outdated):
        decide(comment, second)
    session.rollback()
    assert acts(session) == [first]


def test_an_unconfirmed_comment_cannot_be_decided(session: Session, write: Write, decide: Decide) -> None:
    comment = write()
    with pytest.raises(Outdated):
        decide(comment)
    session.rollback()
    assert desk.to_moderate(session, comment.id) is None


def test_nobody_decides_on_her_own_comment(
    session: Session, book: AddressBook, waiting: Waiting, decide: Decide, moderator: Organiser
) -> None:
    moderator.address_key = book.identify("mo@example.org").key
    comment = waiting(email="M.o@example.org".replace(".", "", 1))
    with pytest.raises(OwnComment):
        decide(comment)
    session.rollback()
    assert acts(session) == []


# Edge case 18


def test_edge_18_approving_what_was_seen_never_publishes_what_was_not(
    session: Session, settings: Settings, waiting: Waiting, moderator: Organiser
) -> None:
    comment = waiting()
    seen = comment.version
    edit(session, comment, "Etwas ganz anderes.")
    with pytest.raises(Outdated):
        moderation.decide(session, settings, comment.id, seen, "approve", by=moderator.id, now=now())
    session.rollback()
    assert comment.published_number is None
    assert decision_mails(session) == []


def test_edge_18_approving_while_the_author_saves(
    app: Flask, session: Session, settings: Settings, waiting: Waiting, moderator: Organiser
) -> None:
    """Both at once, with real threads: the first text is public and the second waits, or nothing is public."""
    for attempt in range(6):
        comment = waiting(f"Text {attempt}.", email=f"ada{attempt}@example.org")
        comment_id, seen, by = comment.id, comment.version, moderator.id
        session.commit()

        def approve(other: Session, comment_id: int = comment_id, seen: int = seen, by: int = by) -> None:
            moderation.decide(other, settings, comment_id, seen, "approve", by=by, now=now())

        def save(other: Session, comment_id: int = comment_id) -> None:
            token = comments.status_token(settings, other.get_one(Comment, comment_id))
            mine = comments.own_comment(other, settings, token, lock=True)
            assert mine is not None
            comments.edit_comment(other, mine, "Ungesehen.", now())

        outcomes = together(app, [approve, save])
        session.expire_all()
        assert outcomes.count("done") >= 1
        assert comment.latest_number == 1 or comment.published_number != 2
        assert comment.published_number in ({1} if outcomes[0] == "done" else {None})
        assert (comment.status == "waiting") == (outcomes[1] == "done")


@pytest.mark.parametrize("pair", [("approve", "approve"), ("approve", "reject"), ("return", "reject")])
def test_edge_18_of_two_moderators_one_decides(
    app: Flask,
    session: Session,
    settings: Settings,
    waiting: Waiting,
    moderator: Organiser,
    second_moderator: Organiser,
    pair: tuple[str, str],
) -> None:
    """One of them is told that it is too late; one entry in the log, one mail."""
    comment = waiting()
    comment_id, seen = comment.id, comment.version
    people = (moderator.id, second_moderator.id)
    session.commit()

    def deciding(act: str, by: int) -> Callable[[Session], None]:
        def decide(other: Session) -> None:
            moderation.decide(
                other,
                settings,
                comment_id,
                seen,
                act,  # type: ignore[arg-type]
                by=by,
                now=now(),
                reason="insult",
                statement="Im zweiten Satz.",
            )

        return decide

    outcomes = together(app, [deciding(act, by) for act, by in zip(pair, people, strict=True)])
    assert sorted(outcomes) == ["Outdated", "done"]
    assert len(acts(session)) == len(audited(session)) == len(decision_mails(session)) == 1


def together(app: Flask, things: list[Callable[[Session], None]]) -> list[str]:
    """Do all these at once, each in a thread and a transaction of its own; "done", or the name of what was raised."""
    engine, start = engine_of(app), Barrier(len(things), timeout=30)

    def one(thing: Callable[[Session], None]) -> str:
        with Session(engine) as session:
            start.wait()
            try:
                thing(session)
                session.commit()
            except (Outdated, TooLate, SecondPairOfEyes) as error:
                session.rollback()
                return type(error).__name__
        return "done"

    with ThreadPoolExecutor(len(things)) as pool:
        return list(pool.map(one, things))


# Undoing


@pytest.mark.parametrize("act", ["approve", "return", "reject", "hold"])
def test_undoing_leaves_everything_as_it_was_and_no_mail(
    session: Session, waiting: Waiting, decide: Decide, moderator: Organiser, act: str
) -> None:
    comment = waiting()
    before = (comment.status, comment.published_number, comment.waiting_since, comment.published_at)
    moment = now()
    decision = decide(comment, act, now=moment)
    moderation.undo(session, decision.id, by=moderator.id, now=moment + timedelta(seconds=10))
    session.commit()
    assert (comment.status, comment.published_number, comment.waiting_since, comment.published_at) == before
    assert decision_mails(session) == []
    assert acts(session) == [act, "undo"]
    assert audited(session) == [f"comment.{act}", "comment.undo"]
    assert session.scalars(select(DecisionStatement)).all() == []


def test_mails_wait_as_long_as_an_undo_may_come(
    session: Session, waiting: Waiting, published: Write, decide: Decide
) -> None:
    reply = waiting("Eine Antwort.", email="bo@example.org", to=published(notify_replies=True))
    moment = now()
    decide(reply, now=moment)
    session.commit()
    due = select(OutboxMail.template, OutboxMail.next_attempt_at).where(OutboxMail.created_at == moment)
    waits = {template.rpartition("/")[2]: at - moment for template, at in session.execute(due)}
    assert waits == dict.fromkeys(("approved", "reply"), timedelta(seconds=moderation.UNDO_SECONDS))


def test_undoing_takes_back_the_mail_about_the_reply_too(
    session: Session, waiting: Waiting, published: Write, decide: Decide, moderator: Organiser
) -> None:
    reply = waiting("Eine Antwort.", email="bo@example.org", to=published(notify_replies=True))
    before = decision_mails(session)
    decision = decide(reply)
    moderation.undo(session, decision.id, by=moderator.id, now=decision.at)
    assert decision_mails(session) == before


def test_undoing_comes_too_late_after_ten_seconds(
    session: Session, waiting: Waiting, decide: Decide, moderator: Organiser
) -> None:
    decision = decide(waiting())
    with pytest.raises(TooLate):
        moderation.undo(session, decision.id, by=moderator.id, now=decision.at + timedelta(seconds=10.1))


def test_undoing_comes_too_late_when_the_mail_has_been_begun(
    session: Session, waiting: Waiting, decide: Decide, moderator: Organiser
) -> None:
    decision = decide(waiting())
    session.execute(
        update(OutboxMail)
        .where(OutboxMail.template == "discussion/mail/approved")
        .values(attempts=1, status="sending", worker="somebody")
    )
    session.commit()
    with pytest.raises(TooLate):
        moderation.undo(session, decision.id, by=moderator.id, now=decision.at)


def test_only_who_decided_undoes(
    session: Session, waiting: Waiting, decide: Decide, second_moderator: Organiser
) -> None:
    decision = decide(waiting())
    with pytest.raises(TooLate):
        moderation.undo(session, decision.id, by=second_moderator.id, now=decision.at)


def test_a_decision_is_undone_once(session: Session, waiting: Waiting, decide: Decide, moderator: Organiser) -> None:
    decision = decide(waiting())
    undoing = moderation.undo(session, decision.id, by=moderator.id, now=decision.at)
    assert moderation.undoable(session, decision.id, moderator.id, decision.at) is None
    for one in (decision, undoing):
        with pytest.raises(TooLate):
            moderation.undo(session, one.id, by=moderator.id, now=decision.at)


def test_undoing_in_two_windows_at_once(
    app: Flask, session: Session, waiting: Waiting, decide: Decide, moderator: Organiser
) -> None:
    decision = decide(waiting())
    identity, at, by = decision.id, decision.at, moderator.id
    session.commit()
    undoing = [lambda other: moderation.undo(other, identity, by=by, now=at)] * 2
    assert sorted(together(app, undoing)) == ["TooLate", "done"]  # type: ignore[arg-type]
    assert acts(session) == ["approve", "undo"]


@pytest.mark.parametrize("act", ["approve", "return"])
def test_nothing_is_undone_after_the_author_has_gone_on(
    session: Session, waiting: Waiting, decide: Decide, moderator: Organiser, act: str
) -> None:
    comment = waiting()
    decision = decide(comment, act)
    edit(session, comment, "Neu.", decision.at + timedelta(seconds=1))
    with pytest.raises(TooLate):
        moderation.undo(session, decision.id, by=moderator.id, now=decision.at + timedelta(seconds=2))


def test_nothing_is_undone_after_a_later_decision(
    session: Session, waiting: Waiting, decide: Decide, moderator: Organiser
) -> None:
    comment = waiting()
    first = decide(comment, "hold")
    decide(comment, "approve")
    with pytest.raises(TooLate):
        moderation.undo(session, first.id, by=moderator.id, now=first.at)


def test_an_undone_edit_leaves_the_approved_text_public(
    session: Session, published: Write, decide: Decide, moderator: Organiser
) -> None:
    comment = published()
    first = comment.published_at
    edit(session, comment, "Neu.")
    decision = decide(comment)
    moderation.undo(session, decision.id, by=moderator.id, now=decision.at)
    session.commit()
    assert (comment.status, comment.published_number, comment.published_at) == ("waiting", 1, first)


# Objecting


@pytest.fixture
def appeal(session: Session, settings: Settings, waiting: Waiting, decide: Decide) -> Appeal:
    """An objection to a rejection by `moderator`."""
    comment = waiting()
    decide(comment, "reject")
    filed = moderation.file_appeal(session, settings, comment, "Das war keine Beleidigung.", now())
    session.commit()
    assert filed is not None
    return filed


def decide_appeal(session: Session, settings: Settings, appeal: Appeal, outcome: str, by: Organiser) -> None:
    version = appeal.comment.version
    moderation.decide_appeal(
        session,
        settings,
        appeal.id,
        version,
        outcome,  # type: ignore[arg-type]
        "Wir haben es noch einmal gelesen.",
        by=by.id,
        now=now(),
    )
    session.commit()


def test_one_may_object_once_to_each_rejection(
    session: Session, settings: Settings, appeal: Appeal, second_moderator: Organiser
) -> None:
    comment = appeal.comment
    assert moderation.file_appeal(session, settings, comment, "Noch einmal.", now()) is None
    decide_appeal(session, settings, appeal, "upheld", second_moderator)
    assert moderation.file_appeal(session, settings, comment, "Und noch einmal.", now()) is None
    assert session.scalar(select(func.count()).select_from(Appeal)) == 1


@pytest.mark.parametrize("act", ["approve", "return", "hold"])
def test_there_is_nothing_to_object_to_but_a_rejection(
    session: Session, settings: Settings, waiting: Waiting, decide: Decide, act: str
) -> None:
    comment = waiting()
    decide(comment, act)
    assert moderation.file_appeal(session, settings, comment, "Doch.", now()) is None


def test_an_undone_rejection_is_none(
    session: Session, settings: Settings, waiting: Waiting, decide: Decide, moderator: Organiser
) -> None:
    comment = waiting()
    decision = decide(comment, "reject")
    moderation.undo(session, decision.id, by=moderator.id, now=decision.at)
    assert moderation.rejection(session, settings, comment, now()) is None


def test_the_time_to_object_ends(session: Session, settings: Settings, waiting: Waiting, decide: Decide) -> None:
    comment = waiting()
    decide(comment, "reject")
    assert moderation.rejection(session, settings, comment, later(days=183)) is not None
    assert moderation.rejection(session, settings, comment, later(days=185)) is None


def test_who_rejected_does_not_decide_on_the_objection(
    session: Session, settings: Settings, appeal: Appeal, moderator: Organiser
) -> None:
    with pytest.raises(SecondPairOfEyes):
        decide_appeal(session, settings, appeal, "upheld", moderator)
    session.rollback()
    appeal.status, appeal.decided_by_id, appeal.decided_at = "upheld", moderator.id, now()
    with pytest.raises(IntegrityError):
        session.flush()


def test_an_objection_that_has_success_publishes(
    session: Session, settings: Settings, appeal: Appeal, second_moderator: Organiser
) -> None:
    before = public_version(session)
    decide_appeal(session, settings, appeal, "reversed", second_moderator)
    assert (appeal.comment.status, appeal.comment.published_number) == ("published", 1)
    assert public_version(session) > before
    assert decision_mails(session) == ["rejected", "appeal_received", "appeal_decided"]
    assert acts(session) == ["reject", "approve"]
    assert audited(session)[-1] == "appeal.reversed"


def test_an_objection_without_success_changes_nothing(
    session: Session, settings: Settings, appeal: Appeal, second_moderator: Organiser
) -> None:
    decide_appeal(session, settings, appeal, "upheld", second_moderator)
    assert (appeal.comment.status, appeal.comment.published_number) == ("rejected", None)
    assert decision_mails(session)[-1] == "appeal_decided"
    assert desk.open_appeals(session) == 0


def test_a_decision_on_an_objection_is_not_undone(
    session: Session, settings: Settings, appeal: Appeal, second_moderator: Organiser
) -> None:
    decide_appeal(session, settings, appeal, "reversed", second_moderator)
    decision = session.scalars(select(ModerationDecision).order_by(ModerationDecision.id.desc())).first()
    assert decision is not None
    with pytest.raises(TooLate):
        moderation.undo(session, decision.id, by=second_moderator.id, now=decision.at)


def test_while_an_objection_is_open_the_comment_is_not_approved_beside_it(
    session: Session, appeal: Appeal, decide: Decide
) -> None:
    with pytest.raises(Outdated):
        decide(appeal.comment)


@pytest.fixture
def appealed_edit(session: Session, settings: Settings, published: Write, decide: Decide) -> Comment:
    """A public comment whose author objects to the rejection of an edit."""
    comment = published()
    edit(session, comment, "Daneben.")
    decide(comment, "reject")
    assert moderation.file_appeal(session, settings, comment, "Das ist ein Zitat.", now()) is not None
    session.commit()
    return comment


@pytest.mark.parametrize("rejected", ["latest", "both"])
def test_while_an_objection_is_open_the_text_is_not_rejected_again(
    session: Session, appealed_edit: Comment, decide: Decide, rejected: str
) -> None:
    assert moderation.possible_acts(session, appealed_edit) == ()
    with pytest.raises(Outdated):
        decide(appealed_edit, "reject", rejected=rejected)
    session.rollback()
    assert acts(session) == ["approve", "reject"]
    assert appealed_edit.published_number == 1


def test_while_an_objection_is_open_reports_still_take_down_what_is_public(
    session: Session,
    settings: Settings,
    appealed_edit: Comment,
    moderator: Organiser,
    report: Callable[..., Report | None],
) -> None:
    report(appealed_edit)
    decide_reports(session, settings, appealed_edit, moderator)
    assert (appealed_edit.status, appealed_edit.published_number) == ("rejected", None)
    assert session.scalars(select(ModerationDecision.text_number).order_by(ModerationDecision.id)).all() == [1, 2, 1]
    assert session.scalars(select(Appeal.status)).all() == ["open"]


def test_who_has_only_an_invitation_cannot_decide_on_an_objection(session: Session, appeal: Appeal) -> None:
    add_moderator(session, "In Vited")
    assert moderation.others_for(session, appeal) == []
    ready = add_organiser(session, "moderator")
    assert moderation.others_for(session, appeal) == [ready]


def test_a_rejection_that_was_objected_to_is_not_undone(session: Session, appeal: Appeal, moderator: Organiser) -> None:
    decision = session.get_one(ModerationDecision, appeal.decision_id)
    with pytest.raises(TooLate):
        moderation.undo(session, decision.id, by=moderator.id, now=decision.at)


def test_of_two_who_decide_on_an_objection_one_does(
    app: Flask, session: Session, settings: Settings, appeal: Appeal, second_moderator: Organiser
) -> None:
    third = add_moderator(session, "Dri Tte")
    identity, version = appeal.id, appeal.comment.version
    session.commit()

    def deciding(by: int, outcome: str) -> Callable[[Session], None]:
        def decide(other: Session) -> None:
            moderation.decide_appeal(
                other,
                settings,
                identity,
                version,
                outcome,  # type: ignore[arg-type]
                "Begründet.",
                by=by,
                now=now(),
            )

        return decide

    both = [deciding(second_moderator.id, "upheld"), deciding(third.id, "reversed")]
    session.commit()
    assert sorted(together(app, both)) == ["Outdated", "done"]
    assert decision_mails(session).count("appeal_decided") == 1


# Reporting


@pytest.fixture
def report(session: Session, settings: Settings, book: AddressBook) -> Callable[..., Report | None]:
    """Reports a comment, with an address unless it is empty."""

    def file(comment: Comment, email: str = "leserin@example.org", **details: Any) -> Report | None:
        options: dict[str, Any] = {"reason": "insult", "explanation": "Das verletzt.", "language": "de", "now": now()}
        address = book.identify(email) if email else None
        filed = moderation.file_report(session, settings, comment, address=address, **options | details)
        session.commit()
        return filed

    return file


def decide_reports(session: Session, settings: Settings, comment: Comment, by: Organiser, **details: Any) -> None:
    seen = max(one.id for one in desk.reports_on(session, comment))
    options: dict[str, Any] = {"seen": seen, "act": True, "reason": "insult", "statement": "Im zweiten Satz."}
    moderation.decide_reports(session, settings, comment.id, comment.version, by=by.id, now=now(), **options | details)
    session.commit()


def test_a_report_gets_a_receipt_if_there_is_an_address(
    session: Session, published: Write, report: Callable[..., Report | None]
) -> None:
    """L11."""
    comment = published()
    report(comment)
    report(comment, "")
    assert decision_mails(session) == ["approved", "report_received"]
    assert desk.open_reports(session) == 2


def test_receipts_end_with_the_daily_number_of_mails(
    session: Session, settings: Settings, published: Write, report: Callable[..., Report | None]
) -> None:
    comment = published()
    for _ in range(settings.mails_per_address_and_day + 2):
        report(comment)
    assert decision_mails(session).count("report_received") == settings.mails_per_address_and_day


def test_only_what_is_public_can_be_reported(waiting: Waiting, report: Callable[..., Report | None]) -> None:
    assert report(waiting()) is None


def test_acting_on_reports_takes_the_comment_down_and_tells_everybody(
    session: Session,
    settings: Settings,
    published: Write,
    moderator: Organiser,
    report: Callable[..., Report | None],
) -> None:
    comment = published()
    report(comment, explanation="Meine Nachbarin Anna sagt das auch.", name="Geheim")
    report(comment, "zweiter@example.org")
    decide_reports(session, settings, comment, moderator)
    assert (comment.status, comment.published_number) == ("rejected", None)
    assert decision_mails(session)[-3:] == ["rejected", "report_decided", "report_decided"]
    assert desk.open_reports(session) == 0
    told = session.scalars(select(OutboxMail).where(OutboxMail.template == "discussion/mail/rejected")).one()
    assert not {"Geheim", "Anna", "leserin@example.org"} & set(str(told.context).replace("'", " ").split())
    assert "Anna" not in str(told.context)
    assert audited(session)[1:] == ["comment.reject", "report.acted", "report.acted"]


def test_dismissing_reports_leaves_the_comment_and_says_why(
    session: Session, settings: Settings, published: Write, moderator: Organiser, report: Callable[..., Report | None]
) -> None:
    comment = published()
    report(comment)
    decide_reports(session, settings, comment, moderator, act=False, answer="Das ist eine Meinung.")
    assert (comment.status, comment.published_number) == ("published", 1)
    assert decision_mails(session)[-1] == "report_decided"


def test_dismissing_needs_an_explanation(
    session: Session, settings: Settings, published: Write, moderator: Organiser, report: Callable[..., Report | None]
) -> None:
    comment = published()
    report(comment)
    with pytest.raises(ValueError, match="words"):
        decide_reports(session, settings, comment, moderator, act=False, answer=" ")


def test_a_report_that_nobody_has_seen_stays_open(
    session: Session, settings: Settings, published: Write, moderator: Organiser, report: Callable[..., Report | None]
) -> None:
    comment = published()
    seen = report(comment)
    unseen = report(comment, "")
    assert seen is not None
    assert unseen is not None
    decide_reports(session, settings, comment, moderator, act=False, answer="Nein.", seen=seen.id)
    assert (seen.status, unseen.status) == ("dismissed", "open")


def test_reports_on_what_is_no_longer_public_are_closed_without_another_decision(
    session: Session,
    settings: Settings,
    published: Write,
    decide: Decide,
    moderator: Organiser,
    report: Callable[..., Report | None],
) -> None:
    comment = published()
    report(comment)
    decide(comment, "reject")
    decide_reports(session, settings, comment, moderator, reason=None, statement="")
    assert acts(session) == ["approve", "reject"]
    assert decision_mails(session)[-1] == "report_decided"


def test_acting_on_a_report_while_an_edit_waits_takes_down_what_is_public(
    session: Session, settings: Settings, published: Write, moderator: Organiser, report: Callable[..., Report | None]
) -> None:
    comment = published()
    report(comment)
    edit(session, comment, "Entschuldigung.")
    decide_reports(session, settings, comment, moderator)
    assert (comment.status, comment.published_number) == ("waiting", None)


def test_a_decision_on_reports_is_not_undone(
    session: Session, settings: Settings, published: Write, moderator: Organiser, report: Callable[..., Report | None]
) -> None:
    comment = published()
    report(comment)
    decide_reports(session, settings, comment, moderator)
    decision = session.scalars(select(ModerationDecision).order_by(ModerationDecision.id.desc())).first()
    assert decision is not None
    with pytest.raises(TooLate):
        moderation.undo(session, decision.id, by=moderator.id, now=decision.at)


def test_reports_are_decided_on_what_was_seen(
    session: Session, settings: Settings, published: Write, moderator: Organiser, report: Callable[..., Report | None]
) -> None:
    comment = published()
    report(comment)
    seen = comment.version
    edit(session, comment, "Anders.")
    with pytest.raises(Outdated):
        moderation.decide_reports(
            session,
            settings,
            comment.id,
            seen,
            seen=10**6,
            act=False,
            answer="Nein.",
            by=moderator.id,
            now=now(),
        )


# Blocking and closing


def test_a_blocked_address_comments_no_more_until_it_is_lifted(
    session: Session, waiting: Waiting, write: Write, moderator: Organiser
) -> None:
    comment = waiting()
    key = comment.address_key or ""
    moderation.block(session, comment.id, "Werbung in Serie", by=moderator.id, now=now())
    session.commit()
    assert write("Noch einer.") is None
    assert write("Von jemand anderem.", email="bo@example.org") is not None
    assert moderation.unblock(session, key, by=moderator.id, now=now())
    session.commit()
    assert write("Und noch einer.") is not None
    assert audited(session) == ["address.block", "address.unblock"]


def test_the_log_does_not_say_whose_address_was_blocked(
    session: Session, waiting: Waiting, moderator: Organiser
) -> None:
    comment = waiting()
    moderation.block(session, comment.id, "Werbung in Serie", by=moderator.id, now=now())
    moderation.unblock(session, comment.address_key or "", by=moderator.id, now=now())
    session.commit()
    for entry in session.scalars(select(AuditEntry)):
        said = f"{entry.subject} {entry.detail}"
        assert "@" not in said
        assert comment.address_key is not None
        assert comment.address_key not in said


def test_blocking_twice_keeps_the_first(session: Session, waiting: Waiting, moderator: Organiser) -> None:
    comment = waiting()
    for reason in ("zuerst", "danach"):
        moderation.block(session, comment.id, reason, by=moderator.id, now=now())
    session.commit()
    assert session.scalars(select(BlockedAddress.reason)).all() == ["zuerst"]


@pytest.mark.parametrize("key", ["", "ort"])
def test_closing_and_reopening(session: Session, revision: object, moderator: Organiser, key: str) -> None:
    before = public_version(session)
    for _ in range(2):
        moderation.close(session, key, by=moderator.id, now=now())
        session.commit()
    assert session.scalars(select(Closure.thesis_key)).all() == [key]
    assert public_version(session) == before + 1
    for _ in range(2):
        moderation.reopen(session, key, by=moderator.id, now=now())
        session.commit()
    assert session.scalars(select(Closure)).all() == []
    assert audited(session) == ["discussion.close", "discussion.reopen"]


def test_two_who_close_at_once(app: Flask, session: Session, revision: object, moderator: Organiser) -> None:
    by = moderator.id
    session.commit()
    closing = [lambda other: moderation.close(other, "ort", by=by, now=now())] * 2
    assert together(app, closing) == ["done", "done"]
    assert audited(session) == ["discussion.close"]


# The queue


def test_the_queue_is_in_the_order_of_waiting(session: Session, waiting: Waiting) -> None:
    written = [waiting(f"Text {n}.", email=f"p{n}@example.org") for n in range(1, 6)]
    for n, comment in enumerate(written):
        comment.waiting_since = later(minutes=-n)
    session.commit()
    seen: list[int] = []
    place = None
    for _ in range(3):
        page, place = desk.queue(session, after=place, size=2)
        seen += [comment.id for comment in page]
    assert seen == [comment.id for comment in reversed(written)]
    assert place is None


def test_next_and_previous_walk_the_queue(session: Session, waiting: Waiting) -> None:
    moment = now()
    ids = [waiting(f"Text {n}.", email=f"p{n}@example.org", at=moment).id for n in range(3)]
    first = desk.first_in_line(session)
    assert first is not None
    second = desk.next_in_line(session, first)
    assert second is not None
    third = desk.next_in_line(session, second)
    assert third is not None
    assert [first.id, second.id, third.id] == ids
    assert desk.next_in_line(session, third) is None
    assert desk.previous_in_line(session, third) is second
    assert desk.previous_in_line(session, first) is None


def test_earlier_decisions_are_those_on_the_same_address_that_stand(
    session: Session, waiting: Waiting, published: Write, decide: Decide, moderator: Organiser
) -> None:
    published("Eins.")
    published("Fremd.", email="bo@example.org")
    rejected = waiting("Zwei.")
    decide(rejected, "reject", reason="advertising")
    undone = waiting("Drei.")
    decision = decide(undone, "reject")
    moderation.undo(session, decision.id, by=moderator.id, now=decision.at)
    comment = waiting("Vier.")
    found = [(one.act, one.reason, one.number) for one in desk.earlier_decisions(session, comment)]
    assert found == [("approve", None, 1), ("reject", "advertising", 1)]
