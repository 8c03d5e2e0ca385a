"""`flask newsletter`, for those who look after the sending of campaigns."""

import time
from collections.abc import Callable

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from portal.clock import now
from portal.database import db
from portal.newsletter import campaigns
from portal.newsletter.campaigns import NotNow, Progress
from portal.newsletter.models import FINISHED, PAUSED, READY, RUNNING, SCHEDULED, STOPPED, Campaign

SHOWN = 20
LOOK_SECONDS = 1.0
STATES = {
    READY: "wartet auf Freigabe",
    SCHEDULED: "geplant",
    RUNNING: "läuft",
    PAUSED: "pausiert",
    STOPPED: "gestoppt",
    FINISHED: "fertig",
}
NOTES = {
    campaigns.NOBODY: "niemand, an den er gehen könnte",
    campaigns.REFUSED: "der Mailserver lehnt ihn für alle ab",
}

group = AppGroup("newsletter", help="Der Versand der Newsletter.")


@group.command("status")
def status() -> None:
    """Die letzten Sendungen mit ihrer Nummer, und wie weit sie sind."""
    session = db.session()
    latest = session.scalars(select(Campaign).order_by(Campaign.id.desc()).limit(SHOWN)).all()
    if not latest:
        click.echo("Noch nichts verschickt.")
    for campaign in latest:
        progress = campaigns.progress(session, campaign, now())
        note = f"  ({NOTES.get(campaign.note, campaign.note)})" if campaign.note else ""
        click.echo(f"{campaign.id:7}  {STATES[campaign.status]:20}{_words(progress)}{note}")


@group.command("progress")
@click.argument("number", type=int)
def progress(number: int) -> None:
    """Zusehen, wie die Sendung NUMBER vorankommt, bis sie zu Ende ist."""
    session = db.session()
    latest = _look(session, number)
    bar = click.progressbar(
        length=latest.total, label=f"Sendung {number}", show_eta=False, show_pos=True, item_show_func=_beside
    )
    with bar:
        while True:
            bar.update(latest.done - bar.pos, latest)
            if latest.status in {FINISHED, STOPPED}:
                break
            time.sleep(LOOK_SECONDS)
            latest = _look(session, number)
    click.echo(_words(latest))


@group.command("pause")
@click.argument("number", type=int)
def pause(number: int) -> None:
    """Die Sendung NUMBER anhalten. Was gerade unterwegs ist, kommt an."""
    _steer(campaigns.pause, number, "Die Sendung ist angehalten.")


@group.command("resume")
@click.argument("number", type=int)
def resume(number: int) -> None:
    """Mit der angehaltenen Sendung NUMBER weitermachen."""
    _steer(campaigns.resume, number, "Die Sendung geht weiter.")


@group.command("stop")
@click.argument("number", type=int)
def stop(number: int) -> None:
    """Die Sendung NUMBER für immer beenden. Wer sie noch nicht hat, bekommt sie nicht."""
    _steer(campaigns.stop, number, "Die Sendung ist beendet.")


def _steer(verb: Callable[..., None], number: int, done: str) -> None:
    session = db.session()
    try:
        verb(session, number, None, now())
    except NoResultFound:
        raise click.ClickException(_unknown(number)) from None
    except NotNow as error:
        raise click.ClickException(f"Das geht nicht: Die Sendung ist im Zustand „{STATES[str(error)]}“.") from error
    session.commit()
    click.echo(done)


def _look(session: Session, number: int) -> Progress:
    """How far it is now. No transaction is left open while somebody watches."""
    session.rollback()
    campaign = session.get(Campaign, number)
    if campaign is None:
        raise click.ClickException(_unknown(number))
    latest = campaigns.progress(session, campaign, now())
    session.rollback()
    return latest


def _unknown(number: int) -> str:
    return f"Eine Sendung {number} gibt es nicht. „newsletter status“ zeigt alle."


def _words(progress: Progress) -> str:
    counted = progress.tallies
    words = [f"{progress.done} von {progress.total}", f"{counted['sent']} verschickt"]
    names = {"bounced": "unzustellbar", "skipped": "ausgelassen", "uncertain": "ungewiss", "deferred": "vertagt"}
    return ", ".join([*words, *(f"{counted[state]} {word}" for state, word in names.items() if counted[state])])


def _beside(progress: Progress | None) -> str | None:
    """What stands beside the bar: the pace, and when it will be done if that lasts."""
    if progress is None:
        return None
    if progress.status != RUNNING:
        return STATES[progress.status]
    if progress.ends_at is None:
        return "noch kein Tempo bekannt"
    minutes = max(round((progress.ends_at - now()).total_seconds() / 60), 0)
    left = f"noch etwa {minutes} Minuten" if minutes else "gleich fertig"
    return f"{progress.a_minute:.0f} in der Minute, {left}"


def init_app(app: Flask) -> None:
    """Offer the commands."""
    app.cli.add_command(group)
