"""What the acts of this room are called in the log."""

from flask_babel import lazy_gettext as _l

from portal.personal_data import Text

ACTS: dict[str, Text] = {
    "login": _l("Angemeldet"),
    "login.failed": _l("Anmeldung mit falschem Passwort"),
    "login.wrong_code": _l("Anmeldung mit falschem zweitem Faktor"),
    "logout": _l("Abgemeldet"),
    "password.change": _l("Passwort geändert"),
    "password.forgotten": _l("Link für ein neues Passwort angefordert"),
    "password.reset": _l("Neues Passwort über einen Link gesetzt"),
    "second_factor.totp": _l("Einmalcodes eingerichtet"),
    "second_factor.passkey": _l("Passkey angelegt"),
    "second_factor.passkey_removed": _l("Passkey entfernt"),
    "second_factor.recovery_codes": _l("Wiederherstellungscodes erneuert"),
    "second_factor.reset": _l("Zweiten Faktor zurückgesetzt"),
    "organiser.invite": _l("Konto eingeladen"),
    "organiser.accept": _l("Einladung angenommen"),
    "organiser.link": _l("Einmal-Link ausgegeben"),
    "organiser.details": _l("Eigene Angaben geändert"),
    "organiser.roles": _l("Rollen geändert"),
    "organiser.deactivate": _l("Konto geschlossen"),
}
