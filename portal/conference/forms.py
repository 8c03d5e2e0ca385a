"""The form to register."""

from datetime import timedelta

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField
from wtforms.validators import DataRequired, Length, ValidationError

from portal.text.fields import AddressField, LineField, LinesField, has_web_address
from portal.web.open_forms import GuardedForm


class RegistrationForm(GuardedForm):
    """The form of `/fachtagung/<key>/anmeldung`."""

    purpose = "conference form"
    quickest = timedelta(seconds=3)
    name = LineField(
        _l("Name"),
        [
            DataRequired(_l("Bitte geben Sie Ihren Namen ein.")),
            Length(max=120, message=_l("Der Name darf höchstens 120 Zeichen haben. Bitte kürzen Sie ihn.")),
        ],
    )
    email = AddressField()
    organisation = LineField(
        _l("Organisation"),
        [Length(max=160, message=_l("Die Organisation darf höchstens 160 Zeichen haben. Bitte kürzen Sie sie."))],
    )
    needs = LinesField(
        _l("Was brauchen Sie, um gut teilnehmen zu können?"),
        [Length(max=500, message=_l("Hier ist Platz für höchstens 500 Zeichen. Bitte kürzen Sie den Text."))],
    )
    consent = BooleanField(
        _l("Ich stimme zu"),
        [DataRequired(_l("Bitte stimmen Sie zu: Ohne das dürfen wir Ihre Anmeldung nicht speichern."))],
    )

    def validate_name(self, field: LineField) -> None:
        if has_web_address(field.data or ""):
            raise ValidationError(_l("Bitte geben Sie hier nur Ihren Namen ein, keine Internetadresse."))
