"""`flask doctor`: what keeps the portal from working, or from going live, each with its remedy."""

from collections.abc import Iterator
from datetime import timedelta

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from limits.storage import storage_from_string
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.clock import now
from portal.config import Settings, current_settings
from portal.content import current_content
from portal.database import db
from portal.declaration import source
from portal.declaration.operations import latest_number
from portal.mail import outbox
from portal.mail.delivery import Delivery, Unreachable
from portal.pages.machines import database_lacks
from portal.signatures import operations as signatures
from portal.signatures.models import Signature

WAITING_TOO_LONG = timedelta(minutes=10)


@click.command()
@with_appcontext
def doctor() -> None:
    """Say what keeps the portal from working or from going live. Exit code 1 if there is anything."""
    settings = current_settings()
    findings = [*_set_up(settings), *_schema()]
    if not database_lacks():
        findings += [*_content(db.session()), *_mail(db.session(), settings), *_people(db.session())]
    for finding in findings:
        click.echo(f"- {finding}")
    if findings:
        raise click.exceptions.Exit(1)
    click.echo("Nothing is wrong.")


def _set_up(settings: Settings) -> Iterator[str]:
    if not settings.production:
        yield f"PORTAL_ENV is {settings.env}: set it to production on a server that people can reach."
    elif settings.trusted_proxies == 0:
        yield "PORTAL_TRUSTED_PROXIES is 0: name the number of proxies in front, or all visitors count as one network."
    if settings.rate_limit_storage.startswith("memory"):
        yield "PORTAL_RATE_LIMIT_STORAGE is memory: each process counts for itself. Name a Redis for strict limits."
    elif not storage_from_string(settings.rate_limit_storage).check():
        yield "PORTAL_RATE_LIMIT_STORAGE does not answer: start the Redis that it names."
    for gap in current_content().operator.gaps:
        yield f"content/operator.yaml: {gap} is empty, and the site does not go live without it."


def _schema() -> Iterator[str]:
    for lack in database_lacks():
        if lack == "schema":
            yield "The database is not at the newest schema: run `flask --app wsgi db upgrade`."
        else:
            yield "The database does not answer: check DATABASE_URL, and whether the server runs."


def _content(session: Session) -> Iterator[str]:
    if latest_number(session) == 0:
        yield "No revision of the declaration is published: run `flask --app wsgi declaration publish --all`."


def _mail(session: Session, settings: Settings) -> Iterator[str]:
    if not settings.mail_server:
        yield "MAIL_SERVER is not set: no mail leaves. (`make run` sets it to its own catcher.)"
    else:
        delivery = Delivery(current_app._get_current_object())  # type: ignore[attr-defined] # a proxy
        try:
            delivery.open()
        except Unreachable as error:
            yield f"The mail server {settings.mail_server}:{settings.mail_port} cannot be used: {error}."
        finally:
            delivery.close()
    if failed := outbox.counts(session)["failed"]:
        yield f"{failed} mails have failed: see `flask --app wsgi outbox status`, then `outbox retry`."
    if outbox.oldest_due(session, now()) > WAITING_TOO_LONG:
        yield "Mails have waited for more than ten minutes: is the worker running?"


def _people(session: Session) -> Iterator[str]:
    if held := session.scalar(select(func.count()).where(Signature.held_at.is_not(None))):
        yield f"{held} signatures are held: see `flask --app wsgi signatures held`."
    if signatures.drift(session) is not None:
        yield "The public counter has drifted: run `flask --app wsgi signatures recount`."


@click.group(name="content")
def content_group() -> None:
    """The files below content/."""


@content_group.command()
@with_appcontext
def check() -> None:
    """Check every file below content/. Exit code 1 with a line for each finding."""
    # The other files were checked when the application was made: `wsgi.py` says what is wrong with them.
    _, findings = source.read_all(current_settings().content / "declaration")
    for finding in findings:
        click.echo(finding)
    if findings:
        raise click.exceptions.Exit(1)
    click.echo("Everything below content/ is in order.")


def init_app(app: Flask) -> None:
    """Offer the commands."""
    app.cli.add_command(doctor)
    app.cli.add_command(content_group)
