"""What the search knows of the pages: those in files with their text, the others by what they are for."""

from collections.abc import Collection, Iterator
from datetime import datetime

from flask import current_app
from flask_babel import LazyString, force_locale
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from portal.language import LANGUAGES, LOCALES
from portal.pages.content_pages import current_pages, endpoint
from portal.pages.source import every
from portal.search.sources import Entry, Source
from portal.text.markdown import plain_text

PURPOSES: dict[str, tuple[LazyString, LazyString]] = {
    "signatures.sign": (_l("Unterzeichnen"), _l("Die Dortmund-Essener Erklärung unterzeichnen.")),
    "newsletter.subscribe": (
        _l("Newsletter bestellen"),
        _l("Den Newsletter der Dortmund-Essener Erklärung bestellen."),
    ),
    "privacy.ask": (_l("Meine Daten"), _l("Sehen, berichtigen, mitnehmen oder löschen, was über Sie gespeichert ist.")),
    "privacy.policy": (
        _l("Datenschutz"),
        _l("Welche Daten wir speichern, wozu und wie lange."),
    ),
    "pages.imprint": (_l("Impressum"), _l("Wer für dieses Portal verantwortlich ist und wie Sie uns erreichen.")),
    "pages.accessibility": (
        _l("Barrierefreiheit"),
        _l("Was dieses Portal für Barrierefreiheit tut, was noch fehlt und wie Sie uns eine Barriere melden."),
    ),
    "discussion.rules": (_l("Moderation"), _l("Nach welchen Regeln die Diskussion moderiert wird.")),
}


def _entries(_session: Session, _now: datetime) -> Iterator[Entry]:
    for page in every(current_pages()):
        for language, text in page.texts.items():
            yield Entry(page.name, language, text.title, plain_text(text.body), endpoint(page))
    for name, (title, purpose) in PURPOSES.items():
        for language in LANGUAGES:
            with force_locale(LOCALES[language]):
                said = str(title), str(purpose)
            if name in current_app.view_functions:
                yield Entry(name, language, *said, name)


def _public(_session: Session, keys: Collection[str], _now: datetime) -> set[str]:
    return set(keys) & {*(page.name for page in every(current_pages())), *PURPOSES}


PAGES = Source("page", _l("Seiten"), _entries, _public)
