"""`optin purge`."""

import click
from flask import current_app

from portal.clock import now
from portal.database import DatabaseCommands, db
from portal.optin import operations


@click.group(cls=DatabaseCommands)
def optin() -> None:
    """Requests that wait for confirmation."""


@optin.command()
def purge() -> None:
    """Remove what was not confirmed in time. The worker does the same every ten minutes."""
    number = operations.expire(db.session(), current_app.extensions["optin_purposes"], now())
    db.session.commit()
    click.echo(f"{number} removed")
