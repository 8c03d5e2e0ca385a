"""What the acts of this room, and what they are about, are called in the log."""

from collections.abc import Mapping, Sequence
from datetime import date

from flask import url_for
from flask_babel import format_date
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.organisers.frame import Detail, Subject, act_called, word_of
from portal.organisers.models import Organiser
from portal.organisers.roles import NAMES
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

SECOND_FACTORS: dict[str, Text] = {
    "code": _l("Einmalcode"),
    "passkey": _l("Passkey"),
    "recovery code": _l("Wiederherstellungscode"),
}


def _roles(held: str) -> str:
    return ", ".join(str(word_of(NAMES)(role)) for role in held.split())


def _day(iso: str) -> str:
    return str(format_date(date.fromisoformat(iso), "medium"))


def _accounts(session: Session, numbers: Sequence[str]) -> Mapping[str, str]:
    named = Organiser.id.in_([int(number) for number in numbers]), Organiser.erased_at.is_(None)
    found = session.scalars(select(Organiser.id).where(*named))
    return {str(number): url_for("managing.one", number=number) for number in found}


SUBJECTS: dict[str, Subject] = {
    "organiser": Subject(
        _l("Konto"),
        _accounts,
        {
            "roles": Detail(_l("Rollen"), _roles),
            "before": Detail(_l("Rollen vorher"), _roles),
            "after": Detail(_l("Rollen nachher"), _roles),
            "second_factor": Detail(_l("Zweiter Faktor"), word_of(SECOND_FACTORS)),
        },
    ),
    "audit log": Subject(
        _l("Protokoll"),
        details={
            "only_act": Detail(_l("nur was"), act_called),
            "only_by": Detail(_l("nur von Konto")),
            "only_subject": Detail(_l("nur woran")),
            "only_since": Detail(_l("nur vom"), _day),
            "only_until": Detail(_l("nur bis zum"), _day),
        },
    ),
    "mails": Subject(
        _l("Mails"),
        lambda _session, _names: {"": url_for("organisers.mails")},
        {"number": Detail(_l("Anzahl"))},
    ),
}
