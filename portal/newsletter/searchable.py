"""What the sitemap and the search know of the newsletters that everybody may read."""

from collections.abc import Collection, Iterator
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from portal.language import LANGUAGES
from portal.newsletter import letters, reading
from portal.search.sources import Entry, Source
from portal.text.gates import words_of
from portal.web.sitemap import Place

_LINKS = ("abmelden", "meine_daten")


def places(session: Session, _now: datetime) -> Iterator[Place]:
    """The archive's pages."""
    days = {one.number: one.at.date() for language in LANGUAGES for one in reading.published(session, language)}
    return (Place("newsletter_archive.single", {"number": number}, day) for number, day in days.items())


def _entries(session: Session, _now: datetime) -> Iterator[Entry]:
    for language in LANGUAGES:
        for one in reading.published(session, language):
            html = letters.public_html(one.body, letters.greeting(language, None), dict.fromkeys(_LINKS, "/"), "")
            where = {"number": one.number}
            yield Entry(str(one.number), language, one.subject, words_of(html), "newsletter_archive.single", where)


def _public(session: Session, keys: Collection[str], _now: datetime) -> set[str]:
    return set(keys) & set(map(str, reading.numbers(session)))


NEWSLETTERS = Source("newsletter", _l("Newsletter"), _entries, _public)
