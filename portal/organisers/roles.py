"""What an organiser may do, in four words."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

OWNER, MODERATOR, EDITOR, AUDITOR = ROLES = ("owner", "moderator", "editor", "auditor")

NAMES: dict[str, LazyString] = {
    OWNER: _l("Leitung"),
    MODERATOR: _l("Moderation"),
    EDITOR: _l("Textredaktion"),
    AUDITOR: _l("Prüfung"),
}

MEANINGS: dict[str, LazyString] = {
    OWNER: _l("darf alles und verwaltet die Konten"),
    MODERATOR: _l("entscheidet über Kommentare, Meldungen und Unterzeichnungen"),
    EDITOR: _l("schreibt Texte, Antworten, Aktuelles und Newsletter"),
    AUDITOR: _l("darf alles lesen und nichts ändern"),
}
