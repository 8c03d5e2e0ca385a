"""The forms of logging in, of one's own account, and of managing accounts."""

import unicodedata
from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, PasswordField, SelectField, SelectMultipleField
from wtforms.validators import DataRequired, Length, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from portal.organisers import passwords
from portal.organisers.roles import MEANINGS, NAMES, ROLES
from portal.text.fields import AddressField, LineField
from portal.web.forms import PortalForm, choices

LANGUAGE_NAMES = {"de": "Deutsch", "en": "English"}


class SecretField(PasswordField):
    """A password, in the one normal form that every keyboard's spelling of it has (RFC 8265)."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = unicodedata.normalize("NFC", valuelist[0]) if valuelist else None


class OnTheWayForm(PortalForm):
    """A form that one passes on the way to a page, perhaps with another form in one's hands."""

    next = HiddenField()
    held = HiddenField()

    how = ""
    """What the log calls the second factor that this form asks for."""


class LoginForm(OnTheWayForm):
    """Address and password."""

    email = AddressField()
    password = SecretField(_l("Passwort"), [DataRequired(_l("Bitte geben Sie Ihr Passwort ein."))])


class CodeForm(OnTheWayForm):
    """A one-time code."""

    how = "code"
    code = LineField(_l("Code"), [DataRequired(_l("Bitte geben Sie den Code ein, den Ihre App gerade anzeigt."))])


class RecoveryForm(OnTheWayForm):
    """A recovery code."""

    how = "recovery code"
    code = LineField(
        _l("Wiederherstellungscode"), [DataRequired(_l("Bitte geben Sie einen Ihrer Wiederherstellungscodes ein."))]
    )


class PasskeyForm(OnTheWayForm):
    """What a passkey has signed; a script fills it in."""

    how = "passkey"
    credential = HiddenField()


class AgainForm(OnTheWayForm):
    """The password once more."""

    password = SecretField(_l("Passwort"), [DataRequired(_l("Bitte geben Sie Ihr Passwort ein."))])


class ForgottenForm(PortalForm):
    """The address that the link for a new password is sent to."""

    email = AddressField()


class PasswordForm(PortalForm):
    """A new password, typed twice."""

    password = SecretField(
        _l("Neues Passwort"),
        [
            DataRequired(_l("Bitte geben Sie ein Passwort ein.")),
            Length(min=passwords.SHORTEST, message=_l("Bitte nehmen Sie ein Passwort mit mindestens 12 Zeichen.")),
            Length(
                max=passwords.LONGEST, message=_l("Das Passwort darf höchstens 200 Zeichen haben. Bitte kürzen Sie es.")
            ),
        ],
    )
    password_again = SecretField(_l("Neues Passwort noch einmal"))

    def __init__(self, about: Iterable[str], **options: Any) -> None:
        super().__init__(**options)
        self._about = tuple(about)

    def validate_password(self, field: SecretField) -> None:
        if passwords.easily_guessed(field.data or "", self._about):
            raise ValidationError(
                _l("Dieses Passwort ist leicht zu erraten. Gut sind vier oder mehr zufällige Wörter hintereinander.")
            )

    def validate_password_again(self, field: SecretField) -> None:
        if field.data != self.password.data:
            raise ValidationError(_l("Die beiden Passwörter sind verschieden. Bitte geben Sie dasselbe zweimal ein."))


class TotpForm(PortalForm):
    """The first code of a new secret shows that the app has it."""

    secret = HiddenField()
    code = LineField(_l("Code aus der App"), [DataRequired(_l("Bitte geben Sie den Code ein, den die App anzeigt."))])


class NewPasskeyForm(PortalForm):
    """A name for a new passkey, and what the browser has made of it."""

    credential = HiddenField()
    label = LineField(
        _l("Name des Passkeys"),
        [Length(max=60, message=_l("Der Name darf höchstens 60 Zeichen haben. Bitte kürzen Sie ihn."))],
    )


def _name_field() -> LineField:
    return LineField(
        _l("Name"),
        [
            DataRequired(_l("Bitte geben Sie den Namen ein.")),
            Length(max=80, message=_l("Der Name darf höchstens 80 Zeichen haben. Bitte kürzen Sie ihn.")),
        ],
    )


def _language_field() -> SelectField:
    return SelectField(
        _l("Sprache der Redaktion und der Mails"),
        choices=choices(LANGUAGE_NAMES),
    )


class RolesField(SelectMultipleField):
    """A box to tick for each role."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, **options: Any) -> None:
        super().__init__(
            _l("Rollen"),
            [DataRequired(_l("Bitte wählen Sie mindestens eine Rolle."))],
            choices=choices({role: f"{NAMES[role]} – {MEANINGS[role]}" for role in ROLES}),
            validate_choice=True,
            **options,
        )


class DetailsForm(PortalForm):
    """Name and language of one's own account."""

    name = _name_field()
    language = _language_field()


class RolesForm(PortalForm):
    """The roles of an account."""

    roles = RolesField()


class InviteForm(PortalForm):
    """Who is invited, and to do what."""

    name = _name_field()
    email = AddressField()
    language = _language_field()
    roles = RolesField()
