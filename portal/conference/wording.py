"""Words for registrations: what people agree to, exactly as the proof keeps it."""

from flask_babel import force_locale
from flask_babel import gettext as _

from portal.language import LOCALES
from portal.optin.operations import Consent

KEPT_DAYS = 30
"""So long after the conference registrations are kept."""
NEEDS_KEPT_DAYS = 7
"""So long after the conference it is kept what somebody needs."""


def registration(language: str) -> Consent:
    """Consent to the registration, in this language whatever the page speaks."""
    with force_locale(LOCALES[language]):
        words = _(
            "Ich melde mich an und willige ein, dass meine Angaben gespeichert werden, um die Fachtagung zu"
            " organisieren; die Veranstalter:innen führen damit Teilnahme- und Warteliste. Gebe ich an, was ich zur"
            " Teilnahme brauche, willige ich ausdrücklich auch dafür ein, selbst wenn es etwas über meine Gesundheit"
            " sagt. Diese Angabe wird %(needs)s Tage nach der Fachtagung gelöscht, alles andere nach %(all)s Tagen. Ich"
            " kann mich jederzeit wieder abmelden und damit die Einwilligung widerrufen; dann wird alles gleich"
            " gelöscht.",
            needs=NEEDS_KEPT_DAYS,
            all=KEPT_DAYS,
        )
    return Consent("conference", str(words))
