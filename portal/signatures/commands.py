"""`signatures held|release|recount`."""

import click
from sqlalchemy import select

from portal.clock import now
from portal.database import DatabaseCommands, db
from portal.signatures import operations, oversight
from portal.signatures.models import Signature


@click.group(cls=DatabaseCommands)
def signatures() -> None:
    """Signatures that wait for a look, and the counter."""


@signatures.command()
def held() -> None:
    """List the signatures that are held: number, since when, why, confirmed or not. No names."""
    for one in db.session.scalars(select(Signature).where(Signature.held_at.is_not(None)).order_by(Signature.id)):
        click.echo(f"{one.id}\t{one.held_at:%Y-%m-%d %H:%M}\t{one.held_reason}\t{one.status}")


@signatures.command()
@click.argument("numbers", type=int, nargs=-1, required=True)
def release(numbers: tuple[int, ...]) -> None:
    """Let held signatures count."""
    for number in numbers:
        signature = db.session.get(Signature, number, with_for_update=True)
        if signature is None or signature.held_at is None:
            raise click.ClickException(f"signature {number} is not held")
        oversight.release(db.session(), number, oversight.fingerprint(signature), by=None, now=now())
    db.session.commit()


@signatures.command()
def recount() -> None:
    """Compare the public counter with the rows and mend it. Exit code 1 if it was wrong."""
    wrong = operations.recount(db.session())
    db.session.commit()
    if wrong is not None:
        raise click.ClickException(f"the counter said {wrong.valid} ({wrong.listed} listed) and has been mended")
    click.echo("the counter is true")
