"""Forms that keep what was typed, whatever goes wrong, and say in plain words how to go on."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from flask import request
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.csrf import CSRFProtect
from flask_wtf.form import _Auto
from wtforms import RadioField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined] # newer than the stubs
from wtforms.validators import AnyOf, ValidationError

from portal.clock import Moment, in_berlin_at, now

csrf = CSRFProtect()
"""Refuses every POST without a token before its view runs."""

V = TypeVar("V", bound=Callable[..., Any])


def checks_token_itself(view: V) -> V:
    """Let a view run without a token: its form finds the token missing and is shown again with all that was typed, or
    the link that it was called by is proof enough."""
    csrf.exempt(view)
    return view


class PortalForm(FlaskForm):  # type: ignore[misc] # Flask-WTF has no types
    """A form whose token, when it is missing or stale, is one more error to mend and not the end of the text."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc] # Flask-WTF has no types
        """What was typed, and never a file: no field here takes one."""

        def wrap_formdata(self, form: FlaskForm, formdata: Any) -> Any:
            if formdata is not _Auto:
                return formdata
            return request.form if request.method == "POST" else None

    def validate(self, extra_validators: Mapping[str, Sequence[Any]] | None = None) -> bool:
        valid: bool = super().validate(extra_validators)
        if self.csrf_token.errors:
            self.csrf_token.errors = [
                _l(
                    "Das Formular war zu lange offen, oder Ihr Browser nimmt kein Cookie an. Ihre Eingaben sind noch"
                    " da: Bitte senden Sie das Formular noch einmal ab."
                )
            ]
        return valid


def choices(names: Mapping[str, str | LazyString]) -> list[SelectChoice]:
    """What a field can be chosen from: each value with its name."""
    return [SelectChoice(value, name) for value, name in names.items()]


class WhenForm(PortalForm):
    """Whether something shall be done at once, or when."""

    NOW, LATER = "now", "later"

    when = RadioField(
        _l("Wann?"),
        [AnyOf([NOW, LATER], _l("Bitte wählen Sie eine der Möglichkeiten."))],
        choices=choices({NOW: _l("Sofort"), LATER: _l("Zu einer bestimmten Zeit")}),
        validate_choice=False,
        default=NOW,
    )
    day = StringField(_l("Tag"))
    time = StringField(_l("Uhrzeit in Berlin"))
    moment: Moment | None = None
    """When; None is at once. Known after validation."""

    def validate_time(self, field: StringField) -> None:
        if self.when.data != self.LATER:
            return
        try:
            moment = in_berlin_at(self.day.data or "", field.data or "")
        except ValueError:
            raise ValidationError(_("Bitte geben Sie Tag und Uhrzeit an, zum Beispiel 2027-03-01 und 09:30.")) from None
        if moment.at <= now():
            raise ValidationError(_("Diese Zeit ist schon vorbei. Bitte wählen Sie eine spätere, oder „Sofort“."))
        self.moment = moment


class ActionForm(PortalForm):
    """A form of one button: nothing but the token."""
