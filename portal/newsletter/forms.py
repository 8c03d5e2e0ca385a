"""The form to subscribe, and the one to change a subscription."""

from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined] # newer than the stubs
from wtforms.validators import AnyOf, Length, ValidationError

from portal import tokens
from portal.config import Settings
from portal.subscribers.audience import LANGUAGE_NAMES
from portal.text.fields import WEB_ADDRESS, AddressField, LineField
from portal.web.forms import PortalForm

QUICK = timedelta(seconds=2)
"""Nobody types an address faster than this."""


class PreferencesForm(PortalForm):
    """How the newsletter greets, and which language it speaks."""

    name = LineField(
        _l("Name"),
        [Length(max=120, message=_l("Der Name darf höchstens 120 Zeichen haben. Bitte kürzen Sie ihn."))],
    )
    language = SelectField(
        _l("Sprache"),
        [
            AnyOf(
                [value for value, _name in LANGUAGE_NAMES],
                _l("Diese Auswahl kennen wir nicht. Bitte wählen Sie aus der Liste."),
            )
        ],
        choices=[SelectChoice(*choice) for choice in LANGUAGE_NAMES],
        validate_choice=False,
    )

    def validate_name(self, field: LineField) -> None:
        if WEB_ADDRESS.search(field.data or ""):
            raise ValidationError(_l("Bitte geben Sie hier nur Ihren Namen ein, keine Internetadresse."))


class SubscribeForm(PreferencesForm):
    """The form of `/newsletter`."""

    email = AddressField()
    website = StringField(_l("Website (bitte leer lassen)"))
    started = HiddenField()
    altcha = HiddenField()

    def validate_website(self, field: StringField) -> None:
        if field.data:
            raise ValidationError(_l("Dieses Feld ist eine Falle für Programme. Bitte lassen Sie es leer."))

    def stamp(self, settings: Settings, now: datetime) -> None:
        """Note, signed, when the form was first shown."""
        self.started.data = tokens.issue(settings, "newsletter form", now.timestamp())

    def quick(self, settings: Settings, now: datetime) -> bool:
        """Whether it came back faster than a person can type, or without its time stamp."""
        try:
            started = float(tokens.read(settings, "newsletter form", self.started.data or ""))
        except tokens.TokenInvalid:
            return True
        return now.timestamp() - started < QUICK.total_seconds()
