"""However much waits, public pages read no more of it: the plans of their queries, on both databases."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import Connection, event, insert, select, text
from sqlalchemy.orm import Session

from portal.declaration.models import Revision
from portal.discussion import reading
from portal.discussion.models import WAITING, Comment, CommentText
from tests.discussion.conftest import publish_theses
from tests.discussion.written import NOON, written

PENDING = 10_000
PUBLIC = 30
INDEX = "ix_comments_visible"
TEXT = {"number": 1, "source": "Wartet.", "html": "<p>Wartet.</p>", "renderer_version": "test", "written_at": NOON}
Look = Callable[[Session, reading.Library], object]


@pytest.fixture
def library(session: Session) -> reading.Library:
    """A discussion in which much more waits than is public."""
    revision = publish_theses(session)
    for number in range(PUBLIC):
        written(session, revision, thesis="ort", at=NOON + timedelta(minutes=number))
    session.execute(insert(Comment), [pending(revision, number) for number in range(PENDING)])
    waiting = session.scalars(select(Comment.id).where(Comment.status == WAITING)).all()
    session.execute(insert(CommentText), [{"comment_id": one, **TEXT} for one in waiting])
    session.commit()
    if session.get_bind().dialect.name == "postgresql":
        # What autovacuum does there by itself. SQLite has no statistics, and has to do without.
        session.execute(text("ANALYZE"))
        session.commit()
    found = reading.library(session)
    assert found is not None
    return found


def pending(revision: Revision, number: int) -> dict[str, object]:
    """A comment that waits, half of them as replies to what is public."""
    reply = number % 2
    return {
        "revision_id": revision.id,
        "thesis_key": "ort",
        "parent_id": number % PUBLIC + 1 if reply else None,
        "depth": reply,
        "status": "waiting",
        "latest_number": 1,
        "name": "Wartend",
        "email": "w@example.org",
        "address_key": f"key {number}",
        "language": "de",
        "notify_replies": False,
        "requested_at": NOON,
        "confirmed_at": NOON,
        "waiting_since": NOON,
        "version": 1,
    }


def plans(session: Session, look: Callable[[], object]) -> Iterator[str]:
    """How the database goes about each query of `look` that reads comments."""
    asked: list[tuple[str, object]] = []

    def note(_connection: Connection, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        asked.append((statement, parameters))

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    try:
        look()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    explain = "EXPLAIN" if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    for statement, parameters in asked:
        if "FROM comments" in statement:
            rows = session.connection().exec_driver_sql(f"{explain} {statement}", parameters)  # type: ignore[arg-type]
            yield "\n".join(str(row) for row in rows)


LOOKS: dict[str, Look] = {
    "threads": reading.page_of_threads,
    "oldest": lambda session, library: reading.page_of_threads(session, library, order=reading.OLDEST),
    "most answered": lambda session, library: reading.page_of_threads(session, library, order=reading.ANSWERED),
    "one thesis": lambda session, library: reading.page_of_threads(
        session, library, topic=reading.Topic("ort", None, current=True)
    ),
    "one thread": lambda session, library: reading.thread_of(session, library, 1),
    "feed": reading.latest,
    "counts": lambda session, _library: reading.comment_counts(session),
    "outcomes": reading.page_of_results,
}


def test_what_waits_is_not_read(session: Session, library: reading.Library) -> None:
    """What is public is found by its partial index or, beginning with the outcomes, by its number."""
    for name, look in LOOKS.items():
        found = list(plans(session, partial(look, session, library)))
        assert found, name
        assert name == "outcomes" or any(INDEX in plan for plan in found), "\n\n".join([name, *found])
        for plan in found:
            assert "Seq Scan on comment" not in plan, f"{name}: {plan}"
            assert all(int(rows) < PENDING / 10 for rows in re.findall(r"rows=([0-9]+)", plan)), f"{name}: {plan}"
            for line in plan.splitlines():
                assert "SCAN comment" not in line or INDEX in line, f"{name}: {plan}"
