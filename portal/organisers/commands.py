"""`organisers add|list|link|deactivate|reset-second-factor`."""

import click
from email_validator import EmailNotValidError, validate_email

from portal.addresses import current_addresses
from portal.clock import now
from portal.config import current_settings
from portal.database import DatabaseCommands, db
from portal.organisers import operations
from portal.organisers.models import Organiser
from portal.organisers.roles import ROLES


@click.group(cls=DatabaseCommands)
def organisers() -> None:
    """Accounts of the office."""


@organisers.command()
@click.option("--name", required=True)
@click.option("--email", required=True)
@click.option("--role", "roles", required=True, multiple=True, type=click.Choice(ROLES), help="May be repeated.")
@click.option("--language", default="de", type=click.Choice(("de", "en")))
def add(name: str, email: str, roles: tuple[str, ...], language: str) -> None:
    """Make an account and print the one-time link by which its owner sets password and second factor."""
    settings = current_settings()
    try:
        address = current_addresses().identify(validate_email(email, check_deliverability=False).normalized)
        _organiser, token = operations.invite(
            db.session(), settings, name, address, roles, language, by=None, now=now(), mail=False
        )
    except EmailNotValidError as error:
        raise click.ClickException(f"{email} is not an address: {error}") from error
    except operations.AccountExists as error:
        raise click.ClickException(f"{email} has an account; `organisers link` makes a new link") from error
    db.session.commit()
    _print_link(token, settings.invitation_days)


@organisers.command(name="list")
def list_accounts() -> None:
    """List the accounts: number, state, roles, address, name."""
    for one in operations.organisers(db.session()):
        state = "closed" if not one.active else "invited" if one.password_hash is None else "active"
        factor = "second factor" if one.has_second_factor else "no second factor"
        click.echo("\t".join((str(one.id), state, factor, " ".join(one.roles), one.email or "-", one.name)))


@organisers.command()
@click.argument("email")
def link(email: str) -> None:
    """Print a new one-time link for setting a password, where mail does not help."""
    token = operations.new_link(db.session(), current_settings(), _active(email), now())
    db.session.commit()
    _print_link(token, current_settings().invitation_days)


@organisers.command()
@click.argument("email")
def deactivate(email: str) -> None:
    """Close an account at once; its sessions end."""
    try:
        operations.deactivate(db.session(), _active(email), by=None, now=now())
    except operations.LastOwner as error:
        raise click.ClickException("this is the last owner; add another one first") from error
    db.session.commit()
    click.echo("closed")


@organisers.command(name="reset-second-factor")
@click.argument("email")
def reset_second_factor(email: str) -> None:
    """Take a lost second factor away; the next login leads to setting up another."""
    operations.reset_second_factor(db.session(), _active(email), by=None, now=now())
    db.session.commit()
    click.echo("The next login leads to setting up a second factor.")


def _active(email: str) -> Organiser:
    organiser = operations.with_address(db.session(), current_addresses().identify(email).key)
    if organiser is None or not organiser.active:
        raise click.ClickException(f"{email} has no active account")
    return organiser


def _print_link(token: str, days: int) -> None:
    click.echo(f"Good once, for {days} days:\n{current_settings().base_url}/redaktion/einladung/{token}")
