"""The sign form, and the form that corrects a signature."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined] # newer than the stubs
from wtforms.validators import AnyOf, DataRequired, Length, ValidationError

from portal import tokens
from portal.config import Settings
from portal.signatures.operations import Entry
from portal.signatures.vocabulary import FIELDS, STATES
from portal.text.fields import WEB_ADDRESS, AddressField, LineField
from portal.web.forms import PortalForm

QUICK = timedelta(seconds=3)
"""Nobody reads and fills in the form faster than this."""


def _choice(label: LazyString, names: Mapping[str, LazyString]) -> SelectField:
    """A field for one of the named choices, or none."""
    choices = [SelectChoice("", _l("keine Angabe")), *(SelectChoice(value, name) for value, name in names.items())]
    known = AnyOf(["", *names], _l("Diese Auswahl kennen wir nicht. Bitte wählen Sie aus der Liste."))
    filters = [lambda value: value or ""]
    return SelectField(label, [known], filters=filters, choices=choices, validate_choice=False)


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
        if WEB_ADDRESS.search(name):
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


class SignForm(EntryForm):
    """The form of `/unterzeichnen`, and of its page that asks to check the answers."""

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
    website = StringField(_l("Website (bitte leer lassen)"))
    started = HiddenField()
    revision = HiddenField()
    """The number of the revision that the page to check the answers has named."""
    altcha = HiddenField()

    def validate_website(self, field: StringField) -> None:
        if field.data:
            raise ValidationError(_l("Dieses Feld ist eine Falle für Programme. Bitte lassen Sie es leer."))

    def stamp(self, settings: Settings, now: datetime) -> None:
        """Note, signed, when the form was first shown."""
        self.started.data = tokens.issue(settings, "form", now.timestamp())

    def quick(self, settings: Settings, now: datetime) -> bool:
        """Whether it came back faster than a person can type, or without its time stamp."""
        try:
            started = float(tokens.read(settings, "form", self.started.data or ""))
        except tokens.TokenInvalid:
            return True
        return now.timestamp() - started < QUICK.total_seconds()
