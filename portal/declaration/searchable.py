"""What the sitemap and the search know of the declaration."""

from collections.abc import Collection, Iterator
from datetime import datetime

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from portal.declaration import operations
from portal.language import LOCALES
from portal.search.sources import Entry, Source
from portal.text.markdown import plain_text
from portal.web.sitemap import Place


def places(session: Session, _now: datetime) -> Iterator[Place]:
    """Every revision, and the theses of the current one."""
    revisions = operations.revisions(session)
    for revision in revisions:
        changed = revision.published_at.date()
        yield Place("declaration.revision", {"number": revision.number}, changed)
        if revision is revisions[-1]:
            for thesis in revision.theses:
                yield Place("declaration.thesis", {"number": revision.number, "key": thesis.key}, changed)


def _entries(session: Session, _now: datetime) -> Iterator[Entry]:
    """The current revision alone. Its number is part of the keys, so that no older wording passes for it."""
    revision = operations.current_revision(session)
    if revision is None:
        return
    for text in revision.texts:
        for name, words in (("", text.preamble), (".end", text.closing)):
            if words:
                key = f"{revision.number}{name}"
                yield Entry(key, text.language, text.title, plain_text(words), "declaration.current")
    for thesis in revision.theses:
        for said in thesis.texts:
            key, anchor = f"{revision.number}.{thesis.position}", f"these-{thesis.position}"
            with force_locale(LOCALES[said.language]):
                name = _("These %(number)s", number=thesis.position)
            title = f"{name}: {said.heading}" if said.heading else str(name)
            yield Entry(key, said.language, title, plain_text(said.text), "declaration.current", anchor=anchor)


def _public(session: Session, keys: Collection[str], _now: datetime) -> set[str]:
    current = operations.latest_number(session)
    return {key for key in keys if key.partition(".")[0] == str(current)}


DECLARATION = Source("declaration", _l("Erklärung"), _entries, _public)
