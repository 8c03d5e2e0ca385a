"""`flask worker`, and `flask outbox` for those who look after it. They speak German, as the portal's commands do."""

import signal
from collections.abc import Sequence
from threading import Event

import click
from flask import Flask
from flask.cli import ScriptInfo, pass_script_info

from portal.clock import now
from portal.database import DatabaseCommands, db
from portal.mail import outbox
from portal.mail.worker import Chore, Companion, accompanied, run

SHOWN = 20

group = DatabaseCommands("outbox", help="The mails that wait, and those that went wrong.")


@click.command("worker")
@pass_script_info
def worker(info: ScriptInfo) -> None:
    """Send mails and do the regular chores, until SIGTERM or SIGINT; the mail in hand is finished."""
    app = info.load_app()
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    chores: Sequence[Chore] = app.extensions.get("chores", ())
    companions: Sequence[Companion] = app.extensions.get("companions", ())
    with accompanied(app, companions, stop):
        run(app, chores, stop)


@group.command("status")
def status() -> None:
    """Count the mails in each status and list what went wrong, without anybody's address."""
    for name, number in outbox.counts(db.session()).items():
        click.echo(f"{name:10} {number:7}")
    for mail in outbox.troubled(db.session(), SHOWN):
        click.echo(f"{mail.id:7}  {mail.status:9}  {mail.template}  {mail.error}  Versuche: {mail.attempts}")


@group.command("retry")
@click.argument("ids", nargs=-1, type=int)
def retry(ids: tuple[int, ...]) -> None:
    """Try the failed and the waiting mails again now: all, or those with these IDS."""
    number = outbox.retry(db.session(), now(), ids)
    db.session.commit()
    click.echo(f"Mails, die jetzt noch einmal versucht werden: {number}")


def init_app(app: Flask) -> None:
    """Offer the commands."""
    app.cli.add_command(worker)
    app.cli.add_command(group)
