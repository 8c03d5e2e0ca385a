"""The form of respondents, whatever the questions, and those of the office."""

import re
from collections.abc import Mapping

from email_validator import EmailNotValidError, validate_email
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined] # newer than the stubs
from wtforms.validators import DataRequired, Length, ValidationError

from portal.subscribers.audience import LANGUAGE_NAMES
from portal.web.forms import PortalForm
from portal.web.numbers import LARGEST
from portal.web.open_forms import StampedForm

ADDRESSES = 2000
"""So many addresses may be pasted at once."""


class AnswerForm(StampedForm):
    """What comes with every page of a survey besides its questions, which stand in a file and not here."""

    purpose = "survey.form"
    page = HiddenField()
    """The number of the page that was on the screen; «check» for the last one."""
    invitation = HiddenField()
    """The token of the link in the mail, or nothing."""

    def mistakes(self, answers: Mapping[str, str]) -> dict[str, str]:
        """Everything to be mended: field → remedy. The title of the page says that there is something."""
        own = {name: str(errors[0]) for name, errors in self.errors.items() if name}
        if answers:
            self.form_errors = [_("Bitte sehen Sie sich Ihre Antworten noch einmal an.")]
        return own | dict(answers)

    def number(self) -> int | None:
        """The page that was on the screen, or None if it is the last or there is no such number."""
        try:
            number = int(self.page.data or "")
        except ValueError:
            return None
        return number if 0 <= number <= LARGEST else None


class InviteForm(PortalForm):
    """Addresses, one a line or with commas between."""

    addresses = TextAreaField(
        _l("E-Mail-Adressen"),
        [
            DataRequired(_l("Bitte tragen Sie mindestens eine Adresse ein.")),
            Length(max=100_000, message=_l("Das ist zu viel auf einmal. Bitte laden Sie in mehreren Schritten ein.")),
        ],
    )
    language = SelectField(_l("Sprache der Mail"), choices=[SelectChoice(*one) for one in LANGUAGE_NAMES])

    def validate_addresses(self, field: TextAreaField) -> None:
        """Name the first that is none: whoever pastes a list looks for it there."""
        found = self.listed
        if len(found) > ADDRESSES:
            raise ValidationError(
                _(
                    "Bitte höchstens %(number)s Adressen auf einmal, hier sind es %(found)s.",
                    number=ADDRESSES,
                    found=len(found),
                )
            )
        for one in found:
            try:
                validate_email(one, check_deliverability=False)
            except EmailNotValidError as error:
                raise ValidationError(
                    _(
                        "„%(address)s“ ist keine E-Mail-Adresse. Hier stehen nur Adressen, keine Namen. Bitte"
                        " verbessern oder streichen Sie das.",
                        address=one[:80],
                    )
                ) from error

    @property
    def listed(self) -> list[str]:
        """The addresses, each once."""
        return list(dict.fromkeys(part for part in re.split(r"[\s,;<>]+", self.addresses.data or "") if part))
