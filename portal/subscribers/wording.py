"""Words for subscriptions: what people agree to, exactly as the proof keeps it."""

from flask_babel import force_locale
from flask_babel import gettext as _

from portal.language import LOCALES
from portal.optin.operations import Consent


def newsletter(language: str) -> Consent:
    """Consent to getting the newsletter, in this language whatever the page speaks."""
    with force_locale(LOCALES[language]):
        words = _(
            "Ich möchte den Newsletter der Dortmund-Essener Erklärung per E-Mail bekommen und willige ein, dass dafür"
            " meine E-Mail-Adresse und, wenn ich ihn angebe, mein Name gespeichert werden. Habe ich die Erklärung"
            " unterzeichnet, dürfen einzelne Ausgaben danach verschickt werden, welche Fassung ich unterzeichnet und"
            " welches Arbeitsfeld oder Bundesland ich angegeben habe. Ob ich Mails öffne oder Links anklicke, wird"
            " nicht erfasst. Ich kann mich jederzeit mit einem Klick abmelden und damit die Einwilligung widerrufen,"
            " mit dem Link in jeder Mail."
        )
    return Consent("newsletter", str(words))
