"""Revisions of a declaration that says of itself that it is a test."""

from datetime import UTC, date, datetime

from sqlalchemy.orm import Session

from portal.declaration.models import Revision
from portal.declaration.operations import publish
from portal.declaration.source import RevisionSource, TextSource, ThesisSource

PUBLISHED = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def publish_revision(session: Session, number: int = 1, at: datetime = PUBLISHED) -> Revision:
    """Publish revision `number` with one thesis in both languages; the earlier ones must be there."""
    texts = {
        language: TextSource(
            language=language,
            title=f"{title} {number}",
            dated=date(2026, 1, 2),
            label="summary",
            note="",
            origin="",
            preamble=f"{title} {number}.",
            theses=(ThesisSource("test", title, f"{title}."),),
            closing="",
        )
        for language, title in (("de", "Testfassung"), ("en", "Test revision"))
    }
    return publish(session, RevisionSource(number, texts), at)
