"""The form to subscribe, and the one to change a subscription."""

from datetime import timedelta

from flask_babel import lazy_gettext as _l
from wtforms import SelectField
from wtforms.validators import AnyOf, Length, ValidationError

from portal.subscribers.audience import LANGUAGE_NAMES
from portal.text.fields import AddressField, LineField, has_web_address
from portal.web.forms import PortalForm, choices
from portal.web.open_forms import GuardedForm


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
        choices=choices(dict(LANGUAGE_NAMES)),
        validate_choice=False,
    )

    def validate_name(self, field: LineField) -> None:
        if has_web_address(field.data or ""):
            raise ValidationError(_l("Bitte geben Sie hier nur Ihren Namen ein, keine Internetadresse."))


class SubscribeForm(PreferencesForm, GuardedForm):
    """The form of `/newsletter`."""

    purpose = "subscribe form"
    quickest = timedelta(seconds=2)
    email = AddressField()
