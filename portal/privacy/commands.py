"""`privacy retention|hold|lift`."""

import click

from portal.clock import now
from portal.config import current_settings
from portal.database import DatabaseCommands, db
from portal.personal_data import current_register
from portal.privacy import holds, operations


@click.group(cls=DatabaseCommands)
def privacy() -> None:
    """Retention and legal holds."""


@privacy.command()
def retention() -> None:
    """Remove what has outlived its time. The worker does the same once an hour."""
    for table, count in operations.retain(db.session(), current_register(), current_settings(), now()).items():
        click.echo(f"{table}: {count} removed")
    db.session.commit()


@privacy.command()
@click.argument("table")
@click.argument("row_id", type=int)
@click.option("--reason", required=True, help="Why it must be kept, without naming anyone.")
def hold(table: str, row_id: int, reason: str) -> None:
    """Keep one row for a legal claim, whatever its owner asks."""
    try:
        holds.place(db.session(), table, row_id, reason, now())
    except LookupError as error:
        raise click.ClickException(str(error)) from error
    db.session.commit()


@privacy.command()
@click.argument("table")
@click.argument("row_id", type=int)
def lift(table: str, row_id: int) -> None:
    """Let retention and erasure reach a row again."""
    try:
        holds.lift(db.session(), table, row_id)
    except LookupError as error:
        raise click.ClickException(str(error)) from error
    db.session.commit()
