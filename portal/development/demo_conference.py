"""People who have registered for the sample conference, which is shown while they are there."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from portal.conference import operations
from portal.conference.models import REGISTERED, Registration
from portal.conference.operations import PURPOSE
from portal.conference.programme import conferences
from portal.config import Settings
from portal.development.demo_discussion import DOMAIN
from portal.optin import operations as optin
from portal.web.caching import public_changed

KEY = "beispiel"


def load(session: Session, settings: Settings, book: AddressBook, now: datetime) -> int:
    """Give all places but one to demo people, where that has not been done; how many. Commits nothing."""
    conference = conferences(settings).get(KEY)
    there = session.scalars(select(Registration.id).where(Registration.conference == KEY)).first()
    if there is not None or conference is None or not conference.sample or conference.registration is None:
        return 0
    people = conference.registration.capacity - 1
    session.add_all(_registration(book, number, conference.sequence, now) for number in range(1, people + 1))
    operations.note_timetable(session, conference)
    public_changed(session)
    return people


def clear(session: Session, now: datetime) -> None:
    """Remove everybody who has registered for it, also visitors. Commits nothing."""
    for row in session.scalars(select(Registration).where(Registration.conference == KEY)).all():
        optin.withdraw(session, PURPOSE, row.id, now)
        session.delete(row)
    public_changed(session)


def _registration(book: AddressBook, number: int, sequence: int, now: datetime) -> Registration:
    address = book.identify(f"tagung{number}@{DOMAIN}")
    return Registration(
        conference=KEY,
        address_key=address.key,
        email=address.email,
        name=f"Demo-Person {number}",
        organisation=f"Beispieleinrichtung {number}",
        needs="Beispiel: ein Platz weit vorn" if number % 5 == 0 else None,
        language="de",
        status=REGISTERED,
        seat=number,
        attended=False,
        requested_at=now,
        confirmed_at=now,
        told_sequence=sequence,
    )
