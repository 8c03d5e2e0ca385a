"""`optin purge`."""

import click
from flask import current_app
from flask.cli import with_appcontext

from portal.clock import now
from portal.database import db
from portal.optin import operations


@click.group()
def optin() -> None:
    """Requests that wait for confirmation."""


@optin.command()
@with_appcontext
def purge() -> None:
    """Remove what was not confirmed in time. The worker does the same every ten minutes."""
    number = operations.expire(db.session(), current_app.extensions["optin_purposes"], now())
    db.session.commit()
    click.echo(f"{number} removed")
