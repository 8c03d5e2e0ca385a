"""People, campaigns and worker processes for the tests of sending."""

import logging
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

from flask import Flask
from flask.cli import ScriptInfo
from sqlalchemy import Engine, Select, delete, func, insert, select
from sqlalchemy.orm import Session

from portal import create_app
from portal.clock import now
from portal.config import ROOT
from portal.mail.commands import worker
from portal.newsletter import sender
from portal.newsletter.models import HOLD, RUNNING, SCHEDULED, Campaign, CampaignText, Delivery
from portal.organisers.models import Organiser
from portal.subscribers.audience import owner
from portal.subscribers.models import CONFIRMED, FORM, Subscription
from portal.subscribers.segments import NEWSLETTER, Segment
from tests.office import new_organiser
from tests.smtp_sink import PATIENCE

PROBE = "probe"
SUBJECT = "Wie es weitergeht"
BODY = "{{anrede}},\n\nes geht weiter. Mehr dazu steht auf der Website.\n"


def _people(_narrowed: Mapping[str, str]) -> Select[int, str, str]:
    return select(Subscription.id, Subscription.language, Subscription.address_key).where(
        Subscription.status == CONFIRMED
    )


def _reachable() -> Select[int, str, str, str | None]:
    return select(Subscription.id, Subscription.address_key, Subscription.email, Subscription.name).where(
        Subscription.status == CONFIRMED
    )


def _end(session: Session, recipient_id: int, _now: datetime) -> bool:
    ended = delete(Subscription).where(Subscription.id == recipient_id).returning(Subscription.id)
    return session.scalar(ended) is not None


SEGMENT = Segment(
    name=PROBE, kind=NEWSLETTER, label="alle", why="haben zugestimmt", narrowings=(), people=_people,
    reachable=_reachable, owner=owner, end=_end,
)  # fmt: skip


def with_probe(app: Flask) -> Flask:
    """Let campaigns of `app` go to all subscriptions that are confirmed."""
    app.extensions["segments"][PROBE] = SEGMENT
    return app


def add_subscribers(session: Session, number: int, language: str = "de", **changes: Any) -> list[int]:
    """So many people who get the newsletter, committed: their ids, in order."""
    first = (session.scalar(select(func.max(Subscription.id))) or 0) + 1
    rows = [
        {
            "address_key": f"key of p{one}",
            "email": f"p{one}@example.org",
            "name": None,
            "language": language,
            "status": CONFIRMED,
            "source": FORM,
            "requested_at": now(),
            "confirmed_at": now(),
            **changes,
        }
        for one in range(first, first + number)
    ]
    ids = session.scalars(insert(Subscription).returning(Subscription.id, sort_by_parameter_order=True), rows).all()
    session.commit()
    return list(ids)


def add_campaign(
    session: Session,
    *,
    texts: Mapping[str, tuple[str, str]] | None = None,
    starts_at: datetime | None = None,
    uncertain: str = HOLD,
    segment: str = PROBE,
) -> int:
    """A campaign that is released and begins at once, committed: its number."""
    organiser = session.scalar(select(Organiser).limit(1)) or new_organiser()
    session.add(organiser)
    session.flush()
    moment = now() - timedelta(minutes=1)
    campaign = Campaign(
        kind=NEWSLETTER,
        segment=segment,
        narrowed={},
        uncertain=uncertain,
        content_sha256="0" * 64,
        status=SCHEDULED,
        asked_by_id=organiser.id,
        asked_at=moment,
        released_by_id=organiser.id,
        released_at=moment,
        starts_at=starts_at or moment,
    )
    campaign.texts = [
        CampaignText(language=language, subject=subject, body=body)
        for language, (subject, body) in (texts or {"de": (SUBJECT, BODY)}).items()
    ]
    session.add(campaign)
    session.flush()
    number = campaign.id
    session.commit()
    return number


def deliveries(session: Session, campaign_id: int) -> list[Delivery]:
    """Its deliveries as they are now, in order, without keeping a transaction open."""
    session.rollback()
    found = select(Delivery).where(Delivery.campaign_id == campaign_id).order_by(Delivery.recipient_id)
    rows = list(session.scalars(found, execution_options={"populate_existing": True}))
    session.expunge_all()
    session.rollback()
    return rows


def states(session: Session, campaign_id: int) -> dict[str, int]:
    """How many of its deliveries are in which state."""
    return dict(Counter(row.status for row in deliveries(session, campaign_id)))


def status(session: Session, campaign_id: int) -> str:
    session.rollback()
    found = session.scalar(select(Campaign.status).where(Campaign.id == campaign_id))
    session.rollback()
    assert found is not None
    return found


def wait_until_over(session: Session, campaign_id: int, *, patience: float = PATIENCE) -> None:
    """Come back when the campaign does not run any more."""
    end = time.monotonic() + patience
    while status(session, campaign_id) in {SCHEDULED, RUNNING}:
        assert time.monotonic() < end, states(session, campaign_id)
        time.sleep(0.05)


def wait_for(session: Session, campaign_id: int, wanted: Mapping[str, int]) -> None:
    """Come back when its deliveries are in these states."""
    end = time.monotonic() + PATIENCE
    while (found := states(session, campaign_id)) != dict(wanted):
        assert time.monotonic() < end, found
        time.sleep(0.03)


@contextmanager
def sending(app: Flask) -> Iterator[None]:
    """Campaigns of `app` go out meanwhile."""
    stop = Event()
    thread = Thread(target=sender.run, args=(app, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


class WorkerProcess:
    """A worker that can be stopped, continued, and killed."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.newsletter.sending"], env=environment, cwd=ROOT, stdout=file, stderr=file
            )

    @property
    def log(self) -> str:
        return self._log.read_text()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait; the exit status."""
        with suppress(ProcessLookupError):
            self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def environment(database_url: str, port: int, instance: Path, **more: str) -> dict[str, str]:
    """The settings of worker processes."""
    return {
        "PATH": str(Path(sys.executable).parent),
        "PORTAL_ENV": "testing",
        "PORTAL_INSTANCE": str(instance),
        "PORTAL_BASE_URL": "http://portal.test",
        "PORTAL_MAIL_TIMEOUT": "30",
        "PORTAL_NEWSLETTER_PER_SECOND": "0",
        "SECRET_KEY": "a secret key that is only good for tests",
        "PORTAL_ADDRESS_SECRET": "an address secret only good for tests",
        "DATABASE_URL": database_url,
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_PORT": str(port),
        "MAIL_DEFAULT_SENDER": "Erklärung <erklaerung@portal.test>",
        **more,
    }


def doubles(message_ids: Sequence[str]) -> dict[str, int]:
    """The Message-IDs that came more than once."""
    return {name: number for name, number in Counter(message_ids).items() if number > 1}


def engine_for(url: str) -> Engine:
    """The engine of a portal on this database, as the portal sets it up."""
    from tests.databases import engine_of

    return engine_of(create_app(env="testing", database_url=url, secret_key="x", address_secret="y"))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(worker.main(args=[], obj=ScriptInfo(create_app=lambda: with_probe(create_app()))))
