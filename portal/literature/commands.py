"""`literature load`: the records that are shipped."""

import click

from portal.clock import now
from portal.config import current_settings
from portal.content import ContentError
from portal.database import DatabaseCommands, db
from portal.literature import operations
from portal.literature.seed import read_seeds


@click.group(cls=DatabaseCommands)
def literature() -> None:
    """Literatur."""


@literature.command()
def load() -> None:
    """Die mitgelieferten Einträge aufnehmen, die noch nie aufgenommen wurden; was die Redaktion änderte, bleibt."""
    try:
        seeds = read_seeds(current_settings().content / "literature")
    except ContentError as error:
        raise click.ClickException(str(error)) from error
    added = operations.load(db.session(), seeds, now())
    db.session.commit()
    click.echo(f"Literatur: {len(added)} von {len(seeds)} mitgelieferten Einträgen neu aufgenommen.")
