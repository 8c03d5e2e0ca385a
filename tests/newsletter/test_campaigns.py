"""Beginning, steering and ending campaigns, and what is kept of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.clock import now
from portal.mail.models import OBJECTED, Suppression
from portal.newsletter import campaigns, journal, ledger
from portal.newsletter.campaigns import NotNow
from portal.newsletter.models import RESEND, SKIPPED, Campaign, Delivery
from portal.newsletter.schedule import in_berlin
from portal.organisers.models import AuditEntry
from tests.conftest import MakeApp
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

    from tests.databases import engine_of

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
    set_states(session, campaign, "sent", ids[:60])
    progress = campaigns.progress(session, campaign, moment)
    assert progress.a_minute == pytest.approx(15)
    assert progress.done == 60
    assert progress.ends_at == moment + timedelta(minutes=140 / 15)
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
    """Edge case 23: also for what somebody without the journal has called uncertain."""
    ids = add_subscribers(session, 7)
    campaign = begun(session)
    number = campaign.id
    set_states(session, campaign, "claimed", ids[:1], worker="7")
    set_states(session, campaign, "sending", ids[1:5], worker="7", attempts=1)
    set_states(session, campaign, "uncertain", ids[5:6], reason="worker lost", attempts=1)
    set_states(session, campaign, "sending", ids[6:], worker="8", attempts=1)
    ended = {(number, ids[2], 1): "sent", (number, ids[3], 1): "bounced 550 5.1.1", (number, ids[5], 1): "sent"}
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


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["newsletter", *arguments])


def test_the_commands_steer_and_show(app: Flask, session: Session) -> None:
    add_subscribers(session, 2)
    number = str(begun(session).id)
    session.commit()
    assert "läuft" in run(app, "status").output
    assert run(app, "pause", number).output == "Die Sendung ist angehalten.\n"
    assert "pausiert" in run(app, "pause", number).output
    assert run(app, "pause", number).exit_code == 1
    assert run(app, "resume", number).output == "Die Sendung geht weiter.\n"
    assert run(app, "stop", number).output == "Die Sendung ist beendet.\n"
    assert "2 von 2, 0 verschickt, 2 ausgelassen" in run(app, "status").output
    watched = run(app, "progress", number)
    assert watched.exit_code == 0
    assert "2 von 2" in watched.output


def test_the_commands_say_what_there_is_not(app: Flask) -> None:
    assert run(app, "status").output == "Noch nichts verschickt.\n"
    for verb in ("progress", "pause", "resume", "stop"):
        found = run(app, verb, "99")
        assert found.exit_code == 1
        assert "Eine Sendung 99 gibt es nicht" in found.output


def test_what_somebody_was_sent_is_in_her_data(app: Flask, session: Session) -> None:
    ids = add_subscribers(session, 2)
    campaign = begun(session)
    set_states(session, campaign, "sent", ids[:1], ended_at=now())
    session.flush()
    (entry,) = (one for one in app.extensions["personal_data"] if one.table is Delivery)
    with app.app_context():
        (record,) = entry.export(session, "key of p1")
    assert (record["campaign"], record["status"], record["subject"]) == (campaign.id, "sent", "Wie es weitergeht")
