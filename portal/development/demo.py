"""`demo load|clear`: people, a discussion and news to look at, which say of themselves that they are not real."""

import click
from flask import Flask
from flask.cli import with_appcontext
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from portal.addresses import current_addresses
from portal.clock import now
from portal.config import current_settings
from portal.database import DatabaseCommands, db
from portal.declaration.models import Revision
from portal.declaration.operations import current_revision
from portal.development import demo_conference, demo_discussion, demo_literature, demo_news, demo_survey
from portal.development.demo_discussion import DOMAIN
from portal.signatures import operations
from portal.signatures.models import CONFIRMED, Signature
from portal.signatures.operations import Entry
from portal.signatures.vocabulary import FIELDS, STATES
from portal.subscribers.models import CONFIRMED as SUBSCRIBED
from portal.subscribers.models import FORM, Subscription


@click.group(cls=DatabaseCommands)
@with_appcontext
def demo() -> None:
    """Demo data, which says that it is demo data. Not on a live site."""
    if current_settings().production:
        raise click.ClickException("demo data does not belong on a live site")


@demo.command()
@click.option("--people", type=click.IntRange(1, 100_000), default=200, show_default=True)
def load(people: int) -> None:
    """Add people, their comments in every state, answers to a survey, a conference, news, and literature."""
    session = db.session()
    revision = current_revision(session)
    if revision is None:
        raise click.ClickException("no revision is published yet: run `declaration publish --all`")
    there = _count(session)
    new = range(there + 1, there + people + 1)
    session.add_all(_signature(revision, number) for number in new)
    session.add_all(_subscription(number) for number in new if number % 3 == 0)
    written = demo_discussion.load(session, current_settings(), current_addresses(), revision, now())
    demo_literature.load(session, now())
    answered = demo_survey.load(session, current_settings(), now())
    entries = demo_news.load(session, now())
    demo_conference.load(session, current_settings(), current_addresses(), now())
    _make_true(session)
    click.echo(
        f"{people} demo people have signed. Also there: {written} demo comments, {entries} news,"
        f" {answered} answers to a survey, a conference, and literature."
    )


@demo.command()
def clear() -> None:
    """Remove all demo people and what they did, and all other demo data."""
    session = db.session()
    number = _count(session)
    for table in (Signature, Subscription):
        session.execute(delete(table).where(table.email.endswith(f"@{DOMAIN}")))
    written = demo_discussion.clear(session, now())
    demo_literature.clear(session)
    demo_survey.clear(session)
    entries = demo_news.clear(session)
    demo_conference.clear(session, now())
    _make_true(session)
    gone = f"{number} demo people, {written} demo comments and {entries} news"
    click.echo(f"{gone} are gone, with survey, conference, literature.")


def _signature(revision: Revision, number: int) -> Signature:
    address = current_addresses().identify(f"person{number}@{DOMAIN}")
    entry = Entry(
        name=f"Demo-Person {number}",
        occupation="Beispielberuf",
        field=list(FIELDS)[number % len(FIELDS)],
        organisation=f"Beispieleinrichtung {number % 17 + 1}",
        place="Beispielstadt",
        state=list(STATES)[number % len(STATES)],
        show_name=number % 4 != 0,
        show_occupation=number % 3 == 0,
        show_organisation=number % 5 == 0,
        show_place=number % 4 == 1,
    )
    signature = Signature(
        revision=revision,
        status=CONFIRMED,
        address_key=address.key,
        slot=1,
        email=address.email,
        language="de",
        newsletter=False,
        requested_at=now(),
        confirmed_at=now(),
    )
    operations.write_entry(signature, entry)
    return signature


def _subscription(number: int) -> Subscription:
    address = current_addresses().identify(f"person{number}@{DOMAIN}")
    return Subscription(
        address_key=address.key,
        email=address.email,
        name=f"Demo-Person {number}",
        language="en" if number % 2 else "de",
        status=SUBSCRIBED,
        source=FORM,
        requested_at=now(),
        confirmed_at=now(),
    )


def _count(session: Session) -> int:
    return session.scalar(select(func.count()).where(Signature.email.endswith(f"@{DOMAIN}"))) or 0


def _make_true(session: Session) -> None:
    session.flush()
    operations.recount(session)
    session.commit()


def init_app(app: Flask) -> None:
    """Offer the commands."""
    app.cli.add_command(demo)
