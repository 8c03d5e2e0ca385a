"""Beginning, steering and ending campaigns, and what is kept of them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from portal.clock import in_berlin, now
from portal.mail.models import OBJECTED, Suppression
from portal.newsletter import campaigns, journal, ledger
from portal.newsletter.campaigns import NotNow
from portal.newsletter.ledger import Addressed, Outcome
from portal.newsletter.models import RESEND, SKIPPED, Campaign, CampaignText, Delivery
from portal.organisers.models import AuditEntry
from tests.conftest import MakeApp
from tests.databases import engine_of
from tests.newsletter.sending import PROBE, SEGMENT, add_campaign, add_subscribers, states, with_probe
from tests.newsletter.test_mould import settings as some_settings

SEGMENTS = {PROBE: SEGMENT}


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return with_probe(make_app())


def begun(session: Session, **changes: Any) -> Campaign:
    """A campaign that has begun just now."""
    number = add_campaign(session, **changes)
    campaign = campaigns.locked(session, number)
    campaigns.begin(session, campaign, SEGMENT, now())
    return campaign


def set_states(session: Session, campaign: Campaign, status: str, ids: list[int], **values: Any) -> None:
    """As if the sender had come so far."""
    these = (Delivery.campaign_id == campaign.id, Delivery.recipient_id.in_(ids))
    session.execute(update(Delivery).where(*these).values(status=status, **values))


def in_hand(session: Session) -> list[tuple[str, str | None, int]]:
    """State, worker and attempts of each delivery, in order."""
    rows = session.scalars(
        select(Delivery).order_by(Delivery.recipient_id), execution_options={"populate_existing": True}
    )
    return [(row.status, row.worker, row.attempts) for row in rows]


@pytest.fixture
def another(app: Flask, database_url: str) -> Iterator[Session | None]:
    """Somebody else's session, to whom a lock that is held is an error; None on SQLite, which has one writer."""
    if database_url.startswith("sqlite"):
        yield None
        return
    with Session(engine_of(app)) as other:
        other.execute(text("SET lock_timeout = '300ms'"))
        yield other
        other.rollback()
        other.execute(text("RESET lock_timeout"))
        other.commit()


def test_the_audience_is_frozen_when_it_begins(session: Session) -> None:
    add_subscribers(session, 3)
    add_subscribers(session, 1, status="pending", confirmed_at=None)
    campaign = begun(session)
    add_subscribers(session, 1)
    assert (campaign.status, campaign.total) == ("running", 3)
    assert campaign.frozen_at is not None
    number = campaign.id
    session.commit()
    assert states(session, number) == {"pending": 3}


def test_who_is_suppressed_or_reads_another_language_is_skipped_from_the_beginning(session: Session) -> None:
    add_subscribers(session, 2)
    add_subscribers(session, 2, language="en")
    for key in ("key of p1", "key of p3"):
        session.add(Suppression(address_key=key, reason=OBJECTED, created_at=now()))
    campaign = begun(session)
    rows = session.scalars(select(Delivery).order_by(Delivery.recipient_id)).all()
    assert [(row.status, row.reason, row.ended_at is None) for row in rows] == [
        ("skipped", "suppressed", False),
        ("pending", None, True),
        ("skipped", "suppressed", False),
        ("skipped", "no language", False),
    ]
    assert campaign.total == 4


def test_an_audience_of_nobody_ends_at_once_and_says_so(session: Session) -> None:
    """Edge case 26."""
    campaign = begun(session)
    assert (campaign.status, campaign.note, campaign.total) == ("finished", campaigns.NOBODY, 0)


def test_it_begins_at_its_time_and_once(session: Session) -> None:
    add_subscribers(session, 2)
    number = add_campaign(session, starts_at=now() + timedelta(hours=1))
    assert campaigns.begin_due(session, SEGMENTS, now()) == []
    later = now() + timedelta(hours=1, seconds=1)
    assert [one.id for one in campaigns.begin_due(session, SEGMENTS, later)] == [number]
    assert campaigns.begin_due(session, SEGMENTS, later) == []
    with pytest.raises(NotNow, match="running"):
        campaigns.begin(session, campaigns.locked(session, number), SEGMENT, later)


@pytest.mark.parametrize("night", [datetime(2026, 10, 25, 2, 30), datetime(2027, 3, 28, 2, 30)])  # noqa: DTZ001 - as on the clock
def test_scheduled_for_the_night_when_the_clocks_change_it_begins_once(session: Session, night: datetime) -> None:
    """Edge case 29: in autumn 02:30 comes twice, in spring never."""
    add_subscribers(session, 1)
    number = add_campaign(session, starts_at=in_berlin(night).at)
    began = []
    moment = datetime(night.year, night.month, night.day - 1, 23, 0, tzinfo=UTC)
    for _ in range(5 * 12):
        began += [(one.id, moment) for one in campaigns.begin_due(session, SEGMENTS, moment)]
        moment += timedelta(minutes=5)
    assert [one for one, _ in began] == [number]
    assert session.scalar(select(func.count()).select_from(Delivery)) == 1


def test_a_time_that_the_clock_passes_over_is_not_one_that_comes_twice() -> None:
    spring, autumn = in_berlin(datetime(2027, 3, 28, 2, 30)), in_berlin(datetime(2026, 10, 25, 2, 30))  # noqa: DTZ001 - as on the clock
    assert [(one.skipped, one.twice) for one in (spring, autumn)] == [(True, False), (False, True)]


def test_what_is_not_released_never_begins(session: Session) -> None:
    add_subscribers(session, 1)
    number = add_campaign(session)
    campaign = session.get_one(Campaign, number)
    campaign.status, campaign.released_at, campaign.released_by_id, campaign.starts_at = "ready", None, None, None
    session.flush()
    assert campaigns.begin_due(session, SEGMENTS, now()) == []


def test_two_who_begin_it_at_once_freeze_it_once(session: Session, app: Flask) -> None:
    """The second waits or passes by, and finds it running."""
    from threading import Thread

    add_subscribers(session, 50)
    add_campaign(session)
    found: list[int] = []

    def begin() -> None:
        with Session(engine_of(app)) as mine:
            found.extend(one.id for one in campaigns.begin_due(mine, SEGMENTS, now()))
            mine.commit()

    threads = [Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1
    assert session.scalar(select(func.count()).select_from(Delivery)) == 50


def test_what_another_is_beginning_is_passed_by(session: Session, another: Session | None) -> None:
    add_subscribers(session, 1)
    number = add_campaign(session)
    if another is not None:
        campaigns.locked(session, number)
        assert campaigns.begin_due(another, SEGMENTS, now()) == []


def test_a_campaign_that_was_frozen_is_never_deleted(session: Session) -> None:
    """Its deliveries name it, and no foreign key holds it for them."""
    add_subscribers(session, 1)
    number, waiting = begun(session).id, add_campaign(session)
    session.execute(delete(CampaignText).where(CampaignText.campaign_id == waiting))
    session.execute(delete(Campaign).where(Campaign.id == waiting))
    with pytest.raises(DBAPIError, match="what has been frozen is never deleted"):
        session.execute(delete(Campaign).where(Campaign.id == number))


def test_postgresql_knows_at_once_how_many_deliveries_there_are(session: Session, database_url: str) -> None:
    """Otherwise it sorts a million rows to find the first ones, until it has looked by itself."""
    add_subscribers(session, 50)
    begun(session)
    if database_url.startswith("postgresql"):
        assert session.scalar(text("SELECT reltuples FROM pg_class WHERE oid = 'deliveries'::regclass")) == 50


def test_who_steers_second_sees_what_the_first_has_done(session: Session, another: Session | None) -> None:
    add_subscribers(session, 1)
    number = begun(session).id
    session.commit()
    if another is None:
        return
    seen = another.get_one(Campaign, number)
    assert seen.status == "running"
    campaigns.pause(session, number, None, now())
    session.commit()
    with pytest.raises(NotNow, match="paused"):
        campaigns.pause(another, number, None, now())


@pytest.mark.parametrize("holds", [campaigns.locked, lambda session, _number: ledger.campaigns(session)])
def test_nobody_steers_a_campaign_while_its_letters_are_marked_or_somebody_else_steers_it(
    session: Session, another: Session | None, holds: Any
) -> None:
    add_subscribers(session, 1)
    number = begun(session).id
    session.commit()
    holds(session, number)
    if another is not None:
        with pytest.raises(OperationalError, match="lock timeout"):
            campaigns.pause(another, number, None, now())


def test_steering_is_logged_with_who_did_it(session: Session) -> None:
    add_subscribers(session, 1)
    campaign = begun(session)
    for verb in (campaigns.pause, campaigns.resume, campaigns.stop):
        verb(session, campaign.id, campaign.asked_by_id, now())
    acts = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(one.act, one.subject, one.by_id) for one in acts] == [
        (f"campaign.{verb}", f"campaign {campaign.id}", campaign.asked_by_id) for verb in ("pause", "resume", "stop")
    ]


def test_pausing_takes_letters_out_of_line_and_leaves_those_under_way(session: Session) -> None:
    ids = add_subscribers(session, 3)
    campaign = begun(session)
    set_states(session, campaign, "claimed", ids[:1], worker="7")
    set_states(session, campaign, "sending", ids[1:2], worker="7")
    campaigns.pause(session, campaign.id, None, now())
    rows = session.scalars(select(Delivery).order_by(Delivery.recipient_id)).all()
    assert [(row.status, row.worker) for row in rows] == [("pending", None), ("sending", "7"), ("pending", None)]


def test_stopping_skips_who_has_not_got_it(session: Session) -> None:
    ids = add_subscribers(session, 5)
    campaign = begun(session)
    set_states(session, campaign, "claimed", ids[:1], worker="7")
    set_states(session, campaign, "sending", ids[1:2], worker="7")
    set_states(session, campaign, "deferred", ids[2:3], due_at=now())
    set_states(session, campaign, "sent", ids[3:4])
    campaigns.stop(session, campaign.id, None, now())
    assert campaigns.tallies(session, campaign) == dict.fromkeys(
        ("pending", "claimed", "deferred", "bounced", "uncertain"), 0
    ) | {"skipped": 3, "sending": 1, "sent": 1}
    assert campaigns.reasons(session, campaign) == {"skipped": {"stopped": 3}}
    assert (campaign.status, campaign.ended_at is None) == ("stopped", False)


def test_a_campaign_that_has_not_begun_can_be_stopped(session: Session) -> None:
    add_subscribers(session, 1)
    number = add_campaign(session, starts_at=now() + timedelta(days=1))
    campaigns.stop(session, number, None, now())
    assert campaigns.begin_due(session, SEGMENTS, now() + timedelta(days=2)) == []
    campaigns.retain(session, now() + timedelta(days=91))
    assert session.get_one(Campaign, number).figures is None, "there is nothing to keep of it"


@pytest.mark.parametrize(
    ("done", "refused"),
    [("pause", "pause"), ("stop", "pause"), ("stop", "resume"), ("stop", "stop"), ("resume", "resume")],
)
def test_what_cannot_be_done_now_is_refused(session: Session, done: str, refused: str) -> None:
    add_subscribers(session, 1)
    campaign = begun(session)
    if done == "resume":
        campaigns.pause(session, campaign.id, None, now())
    getattr(campaigns, done)(session, campaign.id, None, now())
    with pytest.raises(NotNow):
        getattr(campaigns, refused)(session, campaign.id, None, now())


@pytest.mark.parametrize("still_open", ["pending", "deferred", "sending", "claimed"])
def test_it_is_finished_when_nothing_is_open(session: Session, still_open: str) -> None:
    ids = add_subscribers(session, 4)
    campaign = begun(session)
    hand = {"worker": "7"} if still_open in {"sending", "claimed"} else {}
    due = {"due_at": now()} if still_open == "deferred" else {}
    set_states(session, campaign, "sent", ids[:1])
    set_states(session, campaign, "uncertain", ids[1:2])
    set_states(session, campaign, "bounced", ids[2:3], reason="550")
    set_states(session, campaign, still_open, ids[3:], **hand, **due)
    assert not campaigns.finish_if_done(session, campaign.id, now())
    set_states(session, campaign, SKIPPED, ids[3:], reason="gone", worker=None, due_at=None)
    assert campaigns.finish_if_done(session, campaign.id, now())
    assert campaign.status == "finished"
    assert not campaigns.finish_if_done(session, campaign.id, now())


def test_what_is_decided_while_it_is_about_to_finish_still_goes_out(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = add_subscribers(session, 1)
    campaign = begun(session)
    set_states(session, campaign, "uncertain", ids)
    truly = campaigns.locked

    def after_the_decision(session: Session, number: int) -> Campaign:
        set_states(session, campaign, "pending", ids)
        return truly(session, number)

    monkeypatch.setattr(campaigns, "locked", after_the_decision)
    assert not campaigns.finish_if_done(session, campaign.id, now())
    assert campaign.status == "running"


def test_the_estimate_goes_by_the_last_minutes(session: Session) -> None:
    ids = add_subscribers(session, 200)
    campaign = begun(session)
    start = campaign.frozen_at
    assert start is not None
    assert campaigns.progress(session, campaign, start).ends_at is None
    moment = datetime.fromtimestamp(int(start.timestamp()) // 60 * 60 + 600, UTC)
    campaigns.note_pace(session, campaign.id, 5000, moment - timedelta(minutes=9))
    for minutes in (4, 3, 2, 1):
        campaigns.note_pace(session, campaign.id, 15, moment - timedelta(minutes=minutes))
    assert len(campaign.pace or {}) == 4, "no more is remembered than is asked for"
    set_states(session, campaign, "sent", ids[:60])
    progress = campaigns.progress(session, campaign, moment)
    assert progress.a_minute == pytest.approx(15)
    assert progress.done == 60
    assert progress.ends_at == moment + timedelta(minutes=140 / 15)
    assert campaigns.progress(session, campaign, moment + timedelta(minutes=30)).ends_at is None, (
        "it has come to a halt"
    )
    campaigns.pause(session, campaign.id, None, moment)
    assert campaigns.progress(session, campaign, moment).ends_at is None


def test_several_workers_add_up(session: Session) -> None:
    add_subscribers(session, 1)
    campaign = begun(session)
    moment = now()
    for _ in range(3):
        campaigns.note_pace(session, campaign.id, 10, moment)
    assert sum((campaign.pace or {}).values()) == 30


def test_uncertain_letters_are_sent_once_more_only_where_somebody_decides_so(session: Session) -> None:
    ids = add_subscribers(session, 2)
    campaign = begun(session)
    number = campaign.id
    set_states(session, campaign, "uncertain", ids[:1], attempts=1)
    set_states(session, campaign, "sent", ids[1:])
    assert campaigns.finish_if_done(session, campaign.id, now())
    assert campaigns.decide_uncertain(session, campaign.id, "hold", None, now()) == 0
    assert campaign.status == "finished"
    assert campaigns.decide_uncertain(session, campaign.id, RESEND, None, now()) == 1
    assert (campaign.status, campaign.ended_at) == ("running", None)
    session.commit()
    assert states(session, number) == {"pending": 1, "sent": 1}
    campaign = session.get_one(Campaign, number)
    campaigns.stop(session, campaign.id, None, now())
    with pytest.raises(NotNow):
        campaigns.decide_uncertain(session, campaign.id, RESEND, None, now())


def test_what_is_uncertain_is_decided_after_the_beginning_and_before_it_is_forgotten(session: Session) -> None:
    ids = add_subscribers(session, 2)
    number = add_campaign(session)
    with pytest.raises(NotNow, match="scheduled"):
        campaigns.decide_uncertain(session, number, RESEND, None, now())
    campaign = campaigns.locked(session, number)
    campaigns.begin(session, campaign, SEGMENT, now())
    set_states(session, campaign, "uncertain", ids, attempts=3)
    campaigns.pause(session, number, None, now())
    with pytest.raises(ValueError, match="perhaps"):
        campaigns.decide_uncertain(session, number, "perhaps", None, now())
    assert campaigns.decide_uncertain(session, number, RESEND, None, now()) == 2
    assert in_hand(session) == [("pending", None, 0)] * 2
    assert campaign.status == "paused"
    entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "campaign.uncertain")).one()
    assert entry.detail == {"rule": RESEND, "letters": 2}
    campaigns.resume(session, number, None, now())
    set_states(session, campaign, "sent", ids)
    assert campaigns.finish_if_done(session, number, now())
    campaigns.retain(session, now() + timedelta(days=91))
    with pytest.raises(NotNow, match="finished"):
        campaigns.decide_uncertain(session, number, RESEND, None, now())


def test_after_ninety_days_only_figures_are_kept(session: Session) -> None:
    ids = add_subscribers(session, 4)
    campaign = begun(session)
    set_states(session, campaign, "sent", ids[:2])
    set_states(session, campaign, "bounced", ids[2:3], reason="550 5.1.1")
    campaigns.stop(session, campaign.id, None, now())
    before = campaigns.tallies(session, campaign), campaigns.reasons(session, campaign)
    ended = campaign.ended_at
    assert ended is not None
    assert campaigns.retain(session, ended + timedelta(days=90)) == 0
    assert campaigns.retain(session, ended + timedelta(days=90, seconds=1)) == 4
    assert session.scalar(select(func.count()).select_from(Delivery)) == 0
    assert (campaigns.tallies(session, campaign), campaigns.reasons(session, campaign)) == before
    assert campaigns.retain(session, ended + timedelta(days=91)) == 0


def test_the_journal_decides_what_a_dead_worker_left(session: Session) -> None:
    """Edge case 23: also for what somebody without the journal called uncertain, but not for what came back since."""
    ids = add_subscribers(session, 9)
    campaign = begun(session)
    number = campaign.id
    set_states(session, campaign, "claimed", ids[:1], worker="7")
    set_states(session, campaign, "sending", ids[1:5], worker="7", attempts=1)
    set_states(session, campaign, "uncertain", ids[5:6], reason="worker lost", attempts=1)
    set_states(session, campaign, "sending", ids[6:7], worker="8", attempts=1)
    set_states(session, campaign, "bounced", ids[7:8], reason="5.1.1", attempts=1)
    set_states(session, campaign, "uncertain", ids[8:], reason="worker lost", attempts=1)
    ended = {(number, ids[3], 1): "bounced 550 5.1.1", (number, ids[8], 1): "deferred 451"}
    ended |= {(number, ids[one], 1): "sent" for one in (2, 5, 7)}
    said = journal.Testimony(begun=frozenset({(number, ids[1], 1)}), ended=ended)
    ledger.bury(session, "7", said, some_settings(), now())
    session.commit()
    rows = session.scalars(select(Delivery).order_by(Delivery.recipient_id)).all()
    assert [(row.status, row.reason, row.attempts) for row in rows] == [
        ("pending", None, 0),
        ("uncertain", "worker lost", 1),
        ("sent", None, 1),
        ("bounced", "550 5.1.1", 1),
        ("pending", None, 0),
        ("sent", None, 1),
        ("sending", None, 1),
        ("bounced", "5.1.1", 1),
        ("uncertain", "worker lost", 1),
    ]


def test_without_a_journal_all_that_was_marked_is_uncertain(session: Session) -> None:
    ids = add_subscribers(session, 2)
    campaign = begun(session)
    set_states(session, campaign, "claimed", ids[:1], worker="7")
    set_states(session, campaign, "sending", ids[1:], worker="7", attempts=1)
    ledger.bury(session, "7", None, some_settings(), now())
    number = campaign.id
    session.commit()
    assert states(session, number) == {"pending": 1, "uncertain": 1}


def test_a_claim_begins_after_the_recipient_that_it_names(session: Session) -> None:
    ids = add_subscribers(session, 4)
    number = begun(session).id
    assert ledger.claim(session, number, "7", 2, after=ids[1]) == ids[2:]
    assert ledger.claim(session, number, "8", 9) == ids[:2]
    assert in_hand(session) == [("claimed", "8", 0)] * 2 + [("claimed", "7", 0)] * 2


def test_no_worker_waits_for_what_another_is_claiming_or_waking(session: Session, another: Session | None) -> None:
    ids = add_subscribers(session, 6)
    campaign = begun(session)
    set_states(session, campaign, "deferred", ids[4:], due_at=now())
    session.commit()
    assert ledger.claim(session, campaign.id, "7", 2) == ids[:2]
    assert ledger.wake(session, campaign.id, 1, now()) == 1
    if another is not None:
        assert ledger.claim(another, campaign.id, "8", 9) == ids[2:4]
        assert ledger.wake(another, campaign.id, 9, now()) == 1


def test_only_what_is_due_is_woken(session: Session) -> None:
    ids = add_subscribers(session, 2)
    campaign, moment = begun(session), now()
    set_states(session, campaign, "deferred", ids[:1], due_at=moment)
    set_states(session, campaign, "deferred", ids[1:], due_at=moment + timedelta(seconds=1))
    assert ledger.wake(session, campaign.id, 9, moment) == 1
    assert [state for state, _, _ in in_hand(session)] == ["pending", "deferred"]


def test_only_what_is_still_in_a_workers_line_is_marked(session: Session) -> None:
    """It may be under way already, in another's line by now, or in nobody's."""
    ids = add_subscribers(session, 5)
    campaign = begun(session)
    set_states(session, campaign, "claimed", ids[:1], worker="7")
    set_states(session, campaign, "sending", ids[1:2], worker="7", attempts=1)
    set_states(session, campaign, "claimed", ids[2:4], worker="8")
    SEGMENT.end(session, ids[3], now())
    marked = ledger.mark(session, campaign.id, ledger.to_whom(SEGMENT), "7", ids, now())
    assert ([letter.recipient_id for letter in marked.letters], marked.skipped) == (ids[:1], 0)
    assert in_hand(session) == [
        ("sending", "7", 1),
        ("sending", "7", 1),
        ("claimed", "8", 0),
        ("claimed", "8", 0),
        ("pending", None, 0),
    ]
    assert ledger.others(session, "7") == ["8"]


def test_only_of_what_is_still_in_a_workers_hand_it_is_recorded_what_became(session: Session) -> None:
    ids = add_subscribers(session, 3)
    campaign = begun(session)
    set_states(session, campaign, "sending", ids[:1], worker="7", attempts=1)
    set_states(session, campaign, "sending", ids[1:2], worker="8", attempts=1)
    set_states(session, campaign, "claimed", ids[2:], worker="7")
    sent = [Outcome(Addressed(campaign.id, one, "de", 1, "", "", None), "sent") for one in ids]
    ledger.record(session, ledger.campaigns(session), "7", sent, some_settings(), lambda *_: None, now())
    assert in_hand(session) == [("sent", None, 1), ("sending", "8", 1), ("claimed", "7", 0)]


def test_only_what_was_refused_is_put_back(session: Session) -> None:
    ids = add_subscribers(session, 2)
    campaign = begun(session)
    set_states(session, campaign, "bounced", ids[:1], reason="554 5.6.0", ended_at=now())
    set_states(session, campaign, "sent", ids[1:], ended_at=now())
    ledger.put_back(session, ledger.campaigns(session)[campaign.id], ids, now())
    assert [state for state, _, _ in in_hand(session)] == ["pending", "sent"]


@pytest.mark.parametrize(
    ("end", "status", "state"), [("finished", "paused", "pending"), ("stopped", "stopped", "skipped")]
)
def test_what_everybody_was_refused_is_taken_back_also_when_it_is_over(
    session: Session, end: str, status: str, state: str
) -> None:
    """Another worker has finished it, or somebody has stopped it, before this one noticed."""
    (recipient,) = add_subscribers(session, 1)
    campaign = begun(session)
    set_states(session, campaign, "bounced", [recipient], reason="550 5.7.1", ended_at=now())
    campaign.status, campaign.ended_at = end, now()
    session.flush()
    campaigns.pause_refused(session, campaign.id, now())
    ledger.put_back(session, ledger.campaigns(session, [campaign.id])[campaign.id], [recipient], now())
    assert campaign.status == status
    assert (campaign.ended_at is None) == (status == "paused")
    assert [found for found, _, _ in in_hand(session)] == [state]


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["newsletter", *arguments])


def test_the_commands_steer_and_show(app: Flask, session: Session) -> None:
    add_subscribers(session, 2)
    number = str(begun(session).id)
    session.commit()
    assert "wird verschickt" in run(app, "status").output
    assert run(app, "pause", number).output == "Die Aussendung ist angehalten.\n"
    assert "angehalten" in run(app, "pause", number).output
    assert run(app, "pause", number).exit_code == 1
    assert run(app, "resume", number).output == "Die Aussendung geht weiter.\n"
    assert run(app, "stop", number).output == "Die Aussendung ist abgebrochen.\n"
    assert "2 von 2 erledigt, verschickt: 0, ausgelassen: 2" in run(app, "status").output
    watched = run(app, "progress", number)
    assert watched.exit_code == 0
    assert "2 von 2" in watched.output


def test_what_is_released_and_has_not_begun_is_scheduled_by_name(app: Flask, session: Session) -> None:
    number = add_campaign(session, starts_at=now() + timedelta(hours=1))
    [line] = run(app, "status").output.splitlines()
    assert line.split()[:2] == [str(number), "geplant"]


def test_the_commands_say_what_there_is_not(app: Flask) -> None:
    assert run(app, "status").output == "Noch nichts verschickt.\n"
    for verb in ("progress", "pause", "resume", "stop"):
        found = run(app, verb, "99")
        assert found.exit_code == 1
        assert "Eine Aussendung 99 gibt es nicht" in found.output


def test_what_somebody_was_sent_is_in_her_data(app: Flask, session: Session) -> None:
    ids = add_subscribers(session, 2)
    campaign = begun(session)
    set_states(session, campaign, "sent", ids[:1], ended_at=now())
    session.flush()
    (entry,) = (one for one in app.extensions["personal_data"] if one.table is Delivery)
    with app.app_context():
        (record,) = entry.export(session, "key of p1")
    assert (record["campaign"], record["status"], record["subject"]) == (campaign.id, "sent", "Wie es weitergeht")
