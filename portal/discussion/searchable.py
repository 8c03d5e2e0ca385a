"""What the search knows of the discussion: public comments, and what the organisers say to them, without any names."""

from collections.abc import Collection, Iterator
from datetime import datetime

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from portal.discussion import reading
from portal.discussion.models import Comment, CommentText, OfficialAnswer, Outcome
from portal.language import LOCALES
from portal.search.sources import Entry, Source
from portal.text.gates import words_of
from portal.text.markdown import plain_text
from portal.text.normalise import parted


def _entries(session: Session, _now: datetime) -> Iterator[Entry]:
    library = reading.library(session)
    if library is None:
        return
    published = and_(CommentText.comment_id == Comment.id, CommentText.number == Comment.published_number)
    rows = (
        select(
            Comment.id,
            Comment.language,
            Comment.revision_id,
            Comment.thesis_key,
            CommentText.html,
            OfficialAnswer.source,
            Outcome.reason,
        )
        .join(CommentText, published)
        .outerjoin(OfficialAnswer, OfficialAnswer.comment_id == Comment.id)
        .outerjoin(Outcome, Outcome.comment_id == Comment.id)
    )
    titles = dict[tuple[str, int | None], str]()
    for number, language, revision, key, html, answer, reason in session.execute(rows):
        thesis = library.place(revision, key).thesis
        place = (language, thesis.position if thesis else None)
        if place not in titles:
            titles[place] = _title(*place)
        words = parted((words_of(html), plain_text(answer or ""), reason))
        yield Entry(str(number), language, titles[place], words, "discussion.comment", {"number": number})


def _title(language: str, thesis: int | None) -> str:
    with force_locale(LOCALES[language]):
        if thesis is None:
            return str(_("Kommentar zur Erklärung als Ganzem"))
        return str(_("Kommentar zu These %(number)s", number=thesis))


def _public(session: Session, keys: Collection[str], _now: datetime) -> set[str]:
    numbers = [int(key) for key in keys]
    found = select(Comment.id).where(Comment.id.in_(numbers), Comment.published_number.is_not(None))
    return {str(number) for number in session.scalars(found)}


COMMENTS = Source("comment", _l("Diskussion"), _entries, _public)
