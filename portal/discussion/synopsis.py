"""What was said about the declaration, thesis by thesis, for those who edit it. Nothing that is not public."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal.declaration import operations as declaration
from portal.declaration.models import Revision, Thesis
from portal.discussion import reading
from portal.discussion.reading import Library, PublicComment, Topic

LANGUAGE = "de"
"""The language of record: the synopsis shows the declaration in it."""
THREADS_AT_ONCE = 500


@dataclass(frozen=True)
class Wording:
    """The words that comments are about, as one revision has them."""

    revision: Revision
    heading: str
    text: str
    """Markdown."""


@dataclass(frozen=True)
class Part:
    """A thesis, or the declaration as a whole, and what was said about it, each thread in its order."""

    topic: Topic
    wordings: tuple[Wording, ...]
    """The latest first, then each earlier one that a comment here was written on; none for the whole."""
    comments: tuple[PublicComment, ...]
    """The public ones, and the placeholders of those that are gone and have replies."""

    @property
    def number(self) -> int:
        """How many comments can be read."""
        return sum(not comment.gone for comment in self.comments)

    @property
    def open(self) -> int:
        """How many comments have no outcome yet."""
        return sum(not comment.settled for comment in self.comments)


@dataclass(frozen=True)
class Synopsis:
    """Everything, as of one moment."""

    revision: Revision
    """The current one."""
    made_at: datetime
    parts: tuple[Part, ...]
    """The theses in their order, then those that the current revision no longer has, then the whole."""

    @property
    def number(self) -> int:
        """How many comments can be read."""
        return sum(part.number for part in self.parts)


def synopsis(session: Session, now: datetime) -> Synopsis | None:
    """The synopsis for the current revision; None while nothing is published."""
    revisions = declaration.revisions(session)
    if not revisions:
        return None
    library = Library(revisions)
    counts = reading.comment_counts(session)
    whole, *theses = reading.topics(library, counts, frozenset())
    parts = (_part(session, library, topic) for topic in (*theses, whole))
    return Synopsis(library.current, now, tuple(parts))


def _part(session: Session, library: Library, topic: Topic) -> Part:
    threads = _threads(session, library, topic)
    comments = tuple(comment for thread in threads for comment in reading.walk(thread))
    return Part(topic, tuple(_wordings(topic, comments)), comments)


def _threads(session: Session, library: Library, topic: Topic) -> Iterator[PublicComment]:
    after: str | None = ""
    while after is not None:
        page = reading.page_of_threads(
            session, library, topic=topic, order=reading.OLDEST, after=after, size=THREADS_AT_ONCE
        )
        yield from page.threads
        after = page.following


def _wordings(topic: Topic, comments: Iterable[PublicComment]) -> Iterator[Wording]:
    if topic.thesis is None:
        return
    latest = _wording(topic.thesis)
    yield latest
    older: dict[tuple[str, str], Wording] = {}
    for comment in comments:
        thesis = comment.place.thesis
        wording = _wording(thesis) if thesis else latest
        if (wording.heading, wording.text) != (latest.heading, latest.text):
            older.setdefault((wording.heading, wording.text), wording)
    yield from sorted(older.values(), key=lambda wording: -wording.revision.number)


def _wording(thesis: Thesis) -> Wording:
    text = thesis.text(LANGUAGE)
    return Wording(thesis.revision, text.heading, text.text)
