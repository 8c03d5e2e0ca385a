"""What can be done with the outbox."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.addresses import Address
from portal.config import Settings
from portal.mail import outbox
from portal.mail.models import OutboxMail
from portal.mail.outbox import Mail
from portal.mail.personal_data import PERSONAL_DATA

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def post(session: Session, key: str = "k1", when: datetime = NOON) -> OutboxMail:
    to = Address(email=f"{key}@example.org", key=key)
    return outbox.post(session, Mail("signatures/mail/confirm", to, "de", {"name": "Anna"}), when)


def claimed(session: Session) -> OutboxMail:
    post(session)
    (mail,) = outbox.claim(session, "1", 10, NOON)
    return mail


def test_nothing_is_posted_before_the_caller_commits(session: Session) -> None:
    post(session)
    session.rollback()
    assert outbox.claim(session, "1", 10, NOON) == []


def test_every_mail_has_a_message_id_of_its_own(session: Session) -> None:
    assert len({post(session).message_id for _ in range(20)}) == 20


def test_mails_are_counted_per_address_and_from_a_moment_on(session: Session) -> None:
    post(session, "k1", NOON - 2 * DAY)
    post(session, "k1", NOON - DAY)
    post(session, "k1", NOON)
    post(session, "k2", NOON)
    assert outbox.posted_since(session, "k1", NOON - DAY) == 2
    assert outbox.posted_since(session, "k3", NOON - DAY) == 0


def test_forgetting_an_address_leaves_nothing_of_it(session: Session, settings: Settings) -> None:
    """Edge case 10."""
    mails = [post(session) for _ in range(4)]
    outbox.claim(session, "1", 3, NOON)
    for mail in mails[:2]:
        outbox.begin(session, mail, "1")
    outbox.sent(session, mails[0], "v", NOON)
    other = post(session, "k2")
    outbox.forget(session, "k1")
    assert [mail.id for mail in session.query(OutboxMail)] == [other.id]
    assert PERSONAL_DATA.export(session, "k1") == []


def test_a_claimed_mail_is_nobody_elses(session: Session) -> None:
    first, second = post(session, when=NOON), post(session, when=NOON - SECOND)
    assert [mail.id for mail in outbox.claim(session, "1", 1, NOON)] == [second.id]
    assert [mail.id for mail in outbox.claim(session, "2", 10, NOON)] == [first.id]
    assert outbox.claim(session, "3", 10, NOON) == []
    assert not outbox.begin(session, first, "1")
    assert outbox.begin(session, first, "2")
    assert not outbox.begin(session, first, "2")


def test_a_mail_is_not_due_before_its_time(session: Session) -> None:
    post(session, when=NOON + SECOND)
    assert outbox.claim(session, "1", 10, NOON) == []
    assert len(outbox.claim(session, "1", 10, NOON + SECOND)) == 1


def test_a_sent_mail_keeps_no_address_and_no_content(session: Session) -> None:
    mail = claimed(session)
    outbox.begin(session, mail, "1")
    outbox.sent(session, mail, "abc", NOON + SECOND)
    session.refresh(mail)
    assert (mail.status, mail.sent_at, mail.template_version) == ("sent", NOON + SECOND, "abc")
    assert (mail.recipient, mail.context, mail.worker, mail.error) == (None, None, None, None)
    assert mail.attempts == 1


def test_the_database_refuses_a_sent_mail_with_an_address(session: Session) -> None:
    mail = post(session)
    mail.status, mail.sent_at = "sent", NOON
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()


def test_the_pause_doubles_up_to_an_hour_and_ends_after_five_days(session: Session, settings: Settings) -> None:
    """Edge case 24."""
    post(session)
    moment, pauses = NOON, list[float]()
    while len(pauses) < 200:
        (mail,) = outbox.claim(session, "1", 1, moment)
        assert outbox.begin(session, mail, "1")
        session.refresh(mail)
        mail.attempts -= 1  # the worker knows the mail as it was when it claimed it
        session.expunge(mail)
        outbox.postpone(session, mail, "1", "451", moment, settings, uncertain=False)
        row = session.get_one(OutboxMail, mail.id, populate_existing=True)
        if row.status == "failed":
            break
        assert row.status == "pending"
        pauses.append((row.next_attempt_at - moment).total_seconds())
        moment = row.next_attempt_at
    assert pauses[:9] == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert set(pauses[9:]) == {3600}
    assert 5 * DAY <= moment - NOON < 5 * DAY + timedelta(hours=1)
    assert row.error == "451"


def test_that_a_mail_may_have_arrived_is_never_taken_back(session: Session, settings: Settings) -> None:
    mail = claimed(session)
    outbox.begin(session, mail, "1")
    outbox.postpone(session, mail, "1", "connection lost", NOON, settings, uncertain=True)
    session.refresh(mail)
    assert mail.status == "uncertain"
    (again,) = outbox.claim(session, "2", 1, NOON + DAY)
    assert again.status == "uncertain"
    session.expunge(again)
    outbox.begin(session, again, "2")
    outbox.postpone(session, again, "2", "421", NOON + DAY, settings, uncertain=False)
    row = session.get_one(OutboxMail, again.id)
    assert (row.status, row.error) == ("uncertain", "421")


def test_of_a_dead_worker_only_what_it_had_begun_is_uncertain(session: Session) -> None:
    """Edge case 23."""
    begun, waiting, other = post(session), post(session), post(session)
    outbox.claim(session, "1", 2, NOON)
    outbox.claim(session, "2", 1, NOON)
    outbox.begin(session, begun, "1")
    assert outbox.others(session, "2") == ["1"]
    outbox.bury(session, "1", NOON)
    session.expire_all()
    assert [mail.status for mail in (begun, waiting, other)] == ["uncertain", "pending", "pending"]
    assert [mail.worker for mail in (begun, waiting, other)] == [None, None, "2"]
    assert len(outbox.claim(session, "2", 10, NOON)) == 2


def test_a_late_answer_wins_over_the_doubt_of_others(session: Session) -> None:
    mail = claimed(session)
    outbox.begin(session, mail, "1")
    outbox.bury(session, "1", NOON)
    outbox.claim(session, "2", 10, NOON)
    outbox.sent(session, mail, "v", NOON)
    assert not outbox.begin(session, mail, "2")


def test_an_outcome_is_recorded_of_the_very_mail_only(session: Session, settings: Settings) -> None:
    """Another one under its number, say after a backup was restored, is none of its business."""
    mail, other = claimed(session), "another message"
    session.expunge(mail)
    session.execute(update(OutboxMail).values(message_id=other))
    assert not outbox.begin(session, mail, "1")
    outbox.sent(session, mail, "v", NOON)
    outbox.fail(session, mail, "1", "550")
    outbox.postpone(session, mail, "1", "451", NOON, settings, uncertain=True)
    row = session.scalars(select(OutboxMail)).one()
    assert (row.status, row.worker, row.recipient) == ("pending", "1", "k1@example.org")


def test_retry_brings_back_what_failed_and_what_waits(session: Session, settings: Settings) -> None:
    failed, waiting, sent, erased = post(session), post(session), post(session), post(session)
    outbox.claim(session, "1", 10, NOON)
    for mail in (failed, waiting, sent, erased):
        outbox.begin(session, mail, "1")
    outbox.fail(session, failed, "1", "550 5.1.1")
    outbox.fail(session, erased, "1", "550 5.1.1")
    outbox.postpone(session, waiting, "1", "451", NOON, settings, uncertain=True)
    outbox.sent(session, sent, "v", NOON)
    session.expire_all()
    erased.recipient = erased.context = None
    assert outbox.retry(session, NOON + SECOND, [sent.id, erased.id]) == 0
    assert outbox.retry(session, NOON + SECOND) == 2
    session.expire_all()
    assert [mail.status for mail in (failed, waiting, sent, erased)] == ["pending", "uncertain", "sent", "failed"]
    assert len(outbox.claim(session, "2", 10, NOON + SECOND)) == 2


def test_what_belongs_to_no_proof_goes_after_thirty_days(session: Session, settings: Settings) -> None:
    failed, sent, waiting = post(session), post(session), post(session)
    outbox.claim(session, "1", 2, NOON)
    outbox.fail(session, failed, "1", "550")
    outbox.sent(session, sent, "v", NOON)
    assert PERSONAL_DATA.purge(session, NOON + 30 * DAY, settings) == 0
    assert PERSONAL_DATA.purge(session, NOON + 31 * DAY, settings) > 0
    assert [mail.id for mail in session.query(OutboxMail)] == [waiting.id]


def test_the_owner_of_an_address_can_have_a_copy(session: Session) -> None:
    post(session)
    post(session, "k2")
    (copy,) = PERSONAL_DATA.export(session, "k1")
    assert (copy["recipient"], copy["content"], copy["status"]) == ("k1@example.org", {"name": "Anna"}, "pending")
