"""Forms that keep what was typed, whatever goes wrong, and say in plain words how to go on."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from flask import request
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.csrf import CSRFProtect
from flask_wtf.form import _Auto
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined] # newer than the stubs

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


class ActionForm(PortalForm):
    """A form of one button: nothing but the token."""
