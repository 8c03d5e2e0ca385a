"""Records to look at, whose titles say that they are none."""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from portal.bibliography.reference import ARTICLE, BOOK, CHAPTER, REPORT, Name, Reference
from portal.literature.models import PORTAL, PUBLIC, Record, RecordTopic, Topic
from portal.literature.operations import Entry, new
from portal.web.caching import public_changed

MARK = "Beispieldaten: "
_NUMBER = 30
_GIVEN = ("Ada", "Berta", "Cem", "Dora", "Emil")


def load(session: Session, now: datetime) -> int:
    """Add the records that are not there yet; how many."""
    if session.scalar(select(func.count()).select_from(Record).where(Record.title.startswith(MARK))):
        return 0
    topics = [Topic(name_de=f"Beispielthema {one}", name_en=f"Sample topic {one}") for one in "AB"]
    session.add_all(topics)
    session.flush()
    for number in range(1, _NUMBER + 1):
        record = new(session, _entry(number, topics[number % 2].id), None, now)
        record.state = PUBLIC
    public_changed(session)
    return _NUMBER


def clear(session: Session) -> None:
    """Remove them."""
    topics = select(Topic.id).where(Topic.name_de.startswith("Beispielthema "))
    for record in session.scalars(select(Record).where(Record.title.startswith(MARK))):
        session.delete(record)
    session.flush()
    session.execute(delete(RecordTopic).where(RecordTopic.topic_id.in_(topics)))
    session.execute(delete(Topic).where(Topic.name_de.startswith("Beispielthema ")))
    public_changed(session)


def _entry(number: int, topic: int) -> Entry:
    type_ = (ARTICLE, BOOK, CHAPTER, REPORT)[number % 4]
    reference = Reference(
        type=type_,
        title=f"{MARK}Eintrag {number}",
        authors=(Name("Beispiel", _GIVEN[number % 5]),),
        container_title="Beispielzeitschrift" if type_ == ARTICLE else "Beispielband" if type_ == CHAPTER else "",
        volume=str(number) if type_ == ARTICLE else "",
        publisher="Beispielverlag" if type_ != ARTICLE else "",
        issued=(2015 + number % 8,),
        language="de",
    )
    said = {"de": ("Das sind Beispieldaten.", PORTAL), "en": ("This is sample data.", PORTAL)}
    return Entry(reference, said, open_access=number % 3 == 0, topics=(topic,))
