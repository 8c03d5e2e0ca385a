"""What the kinds and states of records are called."""

from flask_babel import lazy_gettext as _l

from portal.literature.models import DRAFT, PORTAL, PUBLIC, PUBLISHER
from portal.personal_data import Text

TYPE_NAMES: dict[str, Text] = {
    "article-journal": _l("Aufsatz in einer Zeitschrift"),
    "article-magazine": _l("Artikel in einem Magazin"),
    "article-newspaper": _l("Zeitungsartikel"),
    "book": _l("Buch"),
    "chapter": _l("Beitrag in einem Sammelband"),
    "paper-conference": _l("Beitrag in einem Tagungsband"),
    "report": _l("Bericht"),
    "thesis": _l("Hochschulschrift"),
    "webpage": _l("Seite im Netz"),
    "document": _l("Anderes"),
}
STATE_NAMES: dict[str, Text] = {DRAFT: _l("Entwurf"), PUBLIC: _l("öffentlich")}
WORDING_NAMES: dict[str, Text] = {
    PORTAL: _l("Zusammenfassung des Portals, in eigenen Worten"),
    PUBLISHER: _l("Zusammenfassung, wie sie veröffentlicht ist"),
}
LANGUAGE_NAMES: dict[str, Text] = {"de": _l("Deutsch"), "en": _l("Englisch")}
SORTING_NAMES: dict[str, Text] = {
    "neu": _l("Neuestes zuerst"),
    "alt": _l("Ältestes zuerst"),
    "name": _l("Name"),
    "titel": _l("Titel"),
}
