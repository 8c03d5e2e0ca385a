"""The sign form, and the form that corrects a signature."""

from collections.abc import Mapping

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, SelectField
from wtforms.validators import AnyOf, DataRequired, Length, ValidationError

from portal.signatures.operations import Entry
from portal.signatures.vocabulary import FIELDS, STATES
from portal.text.fields import AddressField, LineField, has_web_address
from portal.web.forms import PortalForm, choices
from portal.web.open_forms import GuardedForm


def _choice(label: LazyString, names: Mapping[str, LazyString]) -> SelectField:
    """A field for one of the named choices, or none."""
    known = AnyOf(["", *names], _l("Diese Auswahl kennen wir nicht. Bitte wählen Sie aus der Liste."))
    filters = [lambda value: value or ""]
    chosen_from = choices({"": _l("keine Angabe"), **names})
    return SelectField(label, [known], filters=filters, choices=chosen_from, validate_choice=False)


class EntryForm(PortalForm):
    """What a person says of herself, and what of it may be public."""

    name = LineField(
        _l("Name"),
        [
            DataRequired(_l("Bitte geben Sie Ihren Namen ein.")),
            Length(max=120, message=_l("Der Name darf höchstens 120 Zeichen haben. Bitte kürzen Sie ihn.")),
        ],
    )
    occupation = LineField(
        _l("Beruf"), [Length(max=120, message=_l("Der Beruf darf höchstens 120 Zeichen haben. Bitte kürzen Sie ihn."))]
    )
    field = _choice(_l("Arbeitsfeld"), FIELDS)
    organisation = LineField(
        _l("Organisation"),
        [Length(max=160, message=_l("Die Organisation darf höchstens 160 Zeichen haben. Bitte kürzen Sie sie."))],
    )
    place = LineField(
        _l("Ort"), [Length(max=120, message=_l("Der Ort darf höchstens 120 Zeichen haben. Bitte kürzen Sie ihn."))]
    )
    state = _choice(_l("Bundesland"), STATES)
    show_name = BooleanField(_l("Name"))
    show_occupation = BooleanField(_l("Beruf und Arbeitsfeld"))
    show_organisation = BooleanField(_l("Organisation"))
    show_place = BooleanField(_l("Ort und Bundesland"))

    def validate_name(self, field: LineField) -> None:
        name = field.data or ""
        if not any(char.isalpha() for char in name):
            raise ValidationError(_l("Bitte geben Sie Ihren Namen in Buchstaben ein."))
        if has_web_address(name):
            raise ValidationError(_l("Bitte geben Sie hier nur Ihren Namen ein, keine Internetadresse."))

    def entry(self) -> Entry:
        """The checked entry; what was left empty is None."""
        return Entry(
            name=self.name.data or "",
            occupation=self.occupation.data or None,
            field=self.field.data or None,
            organisation=self.organisation.data or None,
            place=self.place.data or None,
            state=self.state.data or None,
            show_name=self.show_name.data,
            show_occupation=self.show_occupation.data,
            show_organisation=self.show_organisation.data,
            show_place=self.show_place.data,
        )


class AffirmForm(PortalForm):
    """Affirms a signature."""

    revision = HiddenField()
    """The number of the revision that the page has shown."""


class SignForm(EntryForm, GuardedForm):
    """The form of `/unterzeichnen`, and of its page that asks to check the answers."""

    purpose = "sign form"
    email = AddressField()
    consent = BooleanField(
        _l("Einwilligung"),
        [
            DataRequired(
                _l("Ohne Ihre Einwilligung dürfen wir Ihre Unterschrift nicht speichern. Bitte setzen Sie das Häkchen.")
            )
        ],
    )
    newsletter = BooleanField(_l("Auf dem Laufenden bleiben"))
    revision = HiddenField()
    """The number of the revision that the page to check the answers has named."""
