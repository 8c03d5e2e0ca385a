"""`flask newsletter`, for those who look after campaigns."""

import time
from collections.abc import Callable

import click
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session

from portal.clock import now
from portal.database import DatabaseCommands, db
from portal.newsletter import campaigns
from portal.newsletter.campaigns import NotNow, Progress
from portal.newsletter.models import FINISHED, RUNNING, SENT, STOPPED, Campaign
from portal.newsletter.vocabulary import NOTES, OUTCOMES, STATES

SHOWN = 20
LOOK_SECONDS = 1.0

group = DatabaseCommands("newsletter", help="Die Aussendungen des Newsletters.")


@group.command("status")
def status() -> None:
    """Die letzten Aussendungen mit ihrer Nummer, und wie weit sie sind."""
    session = db.session()
    latest = session.scalars(select(Campaign).order_by(Campaign.id.desc()).limit(SHOWN)).all()
    if not latest:
        click.echo("Noch nichts verschickt.")
    for campaign in latest:
        progress = campaigns.progress(session, campaign, now())
        click.echo(f"{campaign.id:7}  {STATES[campaign.status]!s:20}{_words(progress)}")
        if campaign.note:
            click.echo(f"{'':9}{NOTES.get(campaign.note, campaign.note)}")


@group.command("progress")
@click.argument("number", type=int)
def progress(number: int) -> None:
    """Zusehen, wie die Aussendung NUMBER vorankommt, bis sie zu Ende ist."""
    session = db.session()
    latest = _look(session, number)
    bar = click.progressbar(
        length=latest.total, label=f"Aussendung {number}", show_eta=False, show_pos=True, item_show_func=_beside
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
    """Die Aussendung NUMBER anhalten. Was gerade unterwegs ist, kommt an."""
    _steer(campaigns.pause, number, "Die Aussendung ist angehalten.")


@group.command("resume")
@click.argument("number", type=int)
def resume(number: int) -> None:
    """Die angehaltene Aussendung NUMBER fortsetzen."""
    _steer(campaigns.resume, number, "Die Aussendung geht weiter.")


@group.command("stop")
@click.argument("number", type=int)
def stop(number: int) -> None:
    """Die Aussendung NUMBER endgültig abbrechen. Wer die Mail noch nicht hat, bekommt sie nicht mehr."""
    _steer(campaigns.stop, number, "Die Aussendung ist abgebrochen.")


def _steer(verb: Callable[..., None], number: int, done: str) -> None:
    session = db.session()
    try:
        verb(session, number, None, now())
    except NoResultFound:
        raise click.ClickException(_unknown(number)) from None
    except NotNow as error:
        raise click.ClickException(f"Das geht nicht. Der Stand der Aussendung: {STATES[str(error)]}.") from error
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
    return f"Eine Aussendung {number} gibt es nicht. „newsletter status“ zeigt alle."


def _words(progress: Progress) -> str:
    counted = progress.tallies
    words = [f"{name}: {counted[state]}" for state, name in OUTCOMES.items() if counted[state] or state == SENT]
    return ", ".join([f"{progress.done} von {progress.total} erledigt", *words])


def _beside(progress: Progress | None) -> str | None:
    """What stands beside the bar: the pace, and when it will be done if that lasts."""
    if progress is None:
        return None
    if progress.status != RUNNING:
        return str(STATES[progress.status])
    if progress.ends_at is None:
        return "noch kein Tempo bekannt"
    minutes = max(round((progress.ends_at - now()).total_seconds() / 60), 0)
    left = f"noch etwa {minutes} Minuten" if minutes else "gleich fertig"
    return f"{progress.a_minute:.0f} in der Minute, {left}"


def init_app(app: Flask) -> None:
    """Offer the commands."""
    app.cli.add_command(group)
