"""`flask bounces`: what comes back, handed in by the mail server through a pipe or fetched from its mailbox."""

import os
import sys
from typing import BinaryIO

import click
from flask import Flask
from flask.cli import ScriptInfo, pass_script_info

from portal.clock import now
from portal.config import current_settings
from portal.database import DatabaseCommands, db
from portal.logs import described
from portal.mail import mailbox, returned
from portal.mail.returned import LARGEST, Aside, NotYet

CHUNK = 64 * 1024

group = DatabaseCommands("bounces", help="Was von Newslettern zurückkommt.")


@group.command("take")
def take() -> None:
    """Eine zurückgekommene Mail von der Standardeingabe lesen: für eine Pipe des Mailservers.

    Der Rückgabewert ist 0, auch wenn es keine ist; 75 (EX_TEMPFAIL), wenn der Mailserver sie behalten und es später
    noch einmal versuchen soll.
    """
    found = returned.read(current_settings(), _whole(sys.stdin.buffer))
    if isinstance(found, Aside):
        click.echo("Keine Rückmeldung zu einem unserer Newsletter.")
        return
    try:
        returned.take(db.session(), found, now())
        db.session.commit()
    except NotYet:
        click.echo("Der Newsletter ist noch nicht ganz verschickt.", err=True)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is no fault of the mail's
        click.echo(f"Das geht gerade nicht: {described(error)}", err=True)
    else:
        click.echo(f"Vermerkt: {found.kind} {found.code}")
        return
    raise click.exceptions.Exit(os.EX_TEMPFAIL)


@group.command("fetch")
@pass_script_info
def fetch(info: ScriptInfo) -> None:
    """Jetzt aus dem Postfach holen, was zurückgekommen ist; der Worker tut das jede Minute."""
    if not current_settings().bounce_imap_host:
        raise click.ClickException("Es gibt kein Postfach: PORTAL_BOUNCE_IMAP_HOST ist nicht gesetzt.")
    try:
        outcomes = mailbox.fetch(info.load_app())
    except mailbox.MailboxError as error:
        raise click.ClickException(f"Das Postfach ist nicht zu benutzen ({error}).") from error
    for name, words in WORDS.items():
        click.echo(f"{outcomes[name]:7} {words}")


WORDS = {
    mailbox.TAKEN: "vermerkt und gelöscht",
    mailbox.IDLE: "automatische Antworten und Verzögerungen, gelöscht",
    mailbox.UNCLEAR: "unklar, im Postfach als wichtig markiert",
    mailbox.LATER: "später noch einmal",
}


def _whole(stream: BinaryIO) -> bytes:
    """As much as is read of a mail; the rest is taken too, because the mail server wants to get rid of it."""
    content = stream.read(LARGEST)
    while stream.read(CHUNK):
        pass
    return content


def init_app(app: Flask) -> None:
    """Offer the commands."""
    app.cli.add_command(group)
