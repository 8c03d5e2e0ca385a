"""The forms of the discussion: comment, edit, object, report, take a position."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField, SelectField
from wtforms.validators import AnyOf, DataRequired, Length, ValidationError

from portal.declaration.models import Thesis
from portal.discussion.vocabulary import CAPACITIES, REASONS, STANCE_NAMES
from portal.text.fields import AddressField, LineField, LinesField, has_web_address
from portal.web.forms import PortalForm, choices
from portal.web.open_forms import GuardedForm, OpenForm, StampedForm

LONGEST = 4000
"""Characters of a comment, an explanation or an objection."""
LONGEST_NAME = 80

_NO_STANCE = "none"
_UNKNOWN_CHOICE = _l("Diese Auswahl kennen wir nicht. Bitte wählen Sie aus der Liste.")


class _NotTooLong:
    """Says by how many characters a text is too long."""

    def __call__(self, _form: PortalForm, field: LinesField) -> None:
        length = len(field.data or "")
        if length > LONGEST:
            raise ValidationError(
                _(
                    "Ihr Text hat %(length)s Zeichen, möglich sind höchstens %(longest)s. Bitte kürzen Sie ihn um"
                    " %(over)s Zeichen.",
                    length=format_decimal(length),
                    longest=format_decimal(LONGEST),
                    over=format_decimal(length - LONGEST),
                )
            )


class _NoWebAddress:
    """A name is mailed to the address beside it: it advertises nothing."""

    def __call__(self, _form: PortalForm, field: LineField) -> None:
        if has_web_address(field.data or ""):
            raise ValidationError(_("Bitte geben Sie hier nur einen Namen ein, keine Internetadresse."))


class TextForm(PortalForm):
    """The words of a comment."""

    text = LinesField(_l("Ihr Kommentar"), [DataRequired(_l("Bitte schreiben Sie einen Kommentar.")), _NotTooLong()])


class CommentForm(TextForm, GuardedForm):
    """The form of `/diskussion/schreiben`."""

    purpose = "comment form"
    started = HiddenField(name="submission")
    name = LineField(
        _l("Name oder Pseudonym"),
        [
            DataRequired(_l("Bitte geben Sie einen Namen oder ein Pseudonym ein.")),
            Length(max=LONGEST_NAME, message=_l("Der Name darf höchstens 80 Zeichen haben. Bitte kürzen Sie ihn.")),
            _NoWebAddress(),
        ],
    )
    email = AddressField()
    capacity = SelectField(
        _l("Ich spreche als"),
        [AnyOf(["", *CAPACITIES], _UNKNOWN_CHOICE)],
        filters=[lambda value: value or ""],
        choices=choices({"": _l("keine Angabe"), **CAPACITIES}),
        validate_choice=False,
    )
    notify = BooleanField(_l("Antworten per Mail"))
    consent = BooleanField(
        _l("Einwilligung"),
        [
            DataRequired(
                _l("Ohne Ihre Einwilligung dürfen wir Ihren Kommentar nicht speichern. Bitte setzen Sie das Häkchen.")
            )
        ],
    )
    thesis = HiddenField()
    parent = HiddenField()
    revision = HiddenField()

    def validate_name(self, field: LineField) -> None:
        if not any(char.isalnum() for char in field.data or ""):
            raise ValidationError(_("Bitte geben Sie einen Namen mit Buchstaben oder Ziffern ein."))


class AppealForm(PortalForm):
    """An objection to a rejection."""

    objection = LinesField(
        _l("Warum soll der Kommentar veröffentlicht werden?"),
        [DataRequired(_l("Bitte begründen Sie Ihren Widerspruch.")), _NotTooLong()],
    )


class ReportForm(StampedForm):
    """A notice that a comment should not stand there (DSA Art. 16). Name and address are optional."""

    purpose = "report form"
    started = HiddenField(name="submission")
    reason = RadioField(
        _l("Worum geht es?"),
        [AnyOf(list(REASONS), _l("Bitte wählen Sie einen Grund aus."))],
        choices=choices({code: reason.label for code, reason in REASONS.items()}),
        validate_choice=False,
    )
    explanation = LinesField(
        _l("Was stimmt mit dem Kommentar nicht?"),
        [DataRequired(_l("Bitte erklären Sie, was mit dem Kommentar nicht stimmt.")), _NotTooLong()],
    )
    name = LineField(
        _l("Ihr Name"),
        [
            Length(max=LONGEST_NAME, message=_l("Der Name darf höchstens 80 Zeichen haben. Bitte kürzen Sie ihn.")),
            _NoWebAddress(),
        ],
    )
    email = AddressField(required=False)
    good_faith = BooleanField(
        _l("Ich bin nach bestem Wissen überzeugt, dass meine Angaben richtig und vollständig sind."),
        [DataRequired(_l("Bitte bestätigen Sie, dass Ihre Angaben nach bestem Wissen richtig sind."))],
    )


class PositionForm(OpenForm):
    """What somebody thinks of each thesis; `position_form` adds the fields for these."""

    email = AddressField()
    consent = BooleanField(
        _l("Einwilligung"),
        [
            DataRequired(
                _l("Ohne Ihre Einwilligung dürfen wir Ihre Haltung nicht speichern. Bitte setzen Sie das Häkchen.")
            )
        ],
    )

    def stance_field(self, thesis: Thesis) -> RadioField:
        """The field for one thesis."""
        field: RadioField = self[_stance_name(thesis)]
        return field

    def stances(self, theses: Sequence[Thesis]) -> Mapping[str, str]:
        """What was chosen, by thesis key."""
        chosen = {thesis.key: self.stance_field(thesis).data for thesis in theses}
        return {key: stance for key, stance in chosen.items() if stance in STANCE_NAMES}


def position_form(theses: Sequence[Thesis]) -> PositionForm:
    """The form with one choice for each of these theses."""
    fields: dict[str, Any] = {
        _stance_name(thesis): RadioField(
            _l("These %(number)s", number=thesis.position),
            [AnyOf([_NO_STANCE, *STANCE_NAMES], _UNKNOWN_CHOICE)],
            filters=[lambda value: value or _NO_STANCE],
            choices=choices({**STANCE_NAMES, _NO_STANCE: _l("keine Angabe")}),
            default=_NO_STANCE,
            validate_choice=False,
        )
        for thesis in theses
    }
    form: PositionForm = type("PositionForm", (PositionForm,), fields)()
    return form


def _stance_name(thesis: Thesis) -> str:
    return f"these-{thesis.key}"
