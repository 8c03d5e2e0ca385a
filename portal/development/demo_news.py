"""News to look at, which say of themselves that they are examples: public, with two pages, scheduled, and a draft."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.orm import Session

from portal.development.demo_discussion import DOMAIN
from portal.news import operations
from portal.news.models import NewsEntry, NewsText
from portal.organisers.models import Organiser
from portal.web.caching import public_changed

MARK = {"de": "Beispieldaten:", "en": "Sample data:"}


def load(session: Session, now: datetime) -> int:
    """Write the entries in the name of the demo discussion's office, if they are not there yet; how many are new."""
    if session.scalar(select(NewsText.entry_id).where(_is_ours()).limit(1)) is not None:
        return 0
    by = session.scalars(select(Organiser.id).where(Organiser.email.endswith(f"@{DOMAIN}")).limit(1)).one()
    for number in range(1, 13):
        words = {
            "de": (
                f"{MARK['de']} Meldung {number}",
                "Diese Meldung ist ein **Beispiel** und sagt nichts über die wirkliche Erklärung.\n\n"
                "## Ein Zwischentitel\n\nSo sieht ein zweiter Absatz aus. Gesucht und gefunden: Jugendämter.",
            ),
            "en": (
                f"{MARK['en']} item {number}",
                "This item is an **example** and says nothing about the real declaration.\n\n"
                "## A heading\n\nThis is what a second paragraph looks like.",
            ),
        }
        if number % 4 == 0:
            del words["en"]
        entry = operations.start(session, words, by, now)
        if number == 11:
            operations.publish(session, entry.id, entry.version, now + timedelta(days=3), by, now)
        elif number < 11:
            operations.publish(session, entry.id, entry.version, None, by, now - timedelta(days=12 - number))
    return 12


def clear(session: Session) -> int:
    """Remove them; how many there were."""
    numbers = session.scalars(select(NewsText.entry_id).where(_is_ours()).distinct()).all()
    session.execute(delete(NewsEntry).where(NewsEntry.id.in_(numbers)))
    public_changed(session)
    return len(numbers)


def _is_ours() -> ColumnElement[bool]:
    return or_(*(NewsText.title.startswith(mark) for mark in MARK.values()))
