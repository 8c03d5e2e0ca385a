"""The forms to register, to correct what one has registered with, and to write to everybody."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField
from wtforms.validators import DataRequired, Length, ValidationError

from portal.conference.operations import Entry
from portal.language import LANGUAGES
from portal.text.fields import AddressField, LineField, LinesField, has_web_address
from portal.web.forms import PortalForm
from portal.web.open_forms import GuardedForm


class EntryForm(PortalForm):
    """What a person says of herself."""

    name = LineField(
        _l("Name"),
        [
            DataRequired(_l("Bitte geben Sie Ihren Namen ein.")),
            Length(max=120, message=_l("Der Name darf höchstens 120 Zeichen haben. Bitte kürzen Sie ihn.")),
        ],
    )
    organisation = LineField(
        _l("Organisation"),
        [Length(max=160, message=_l("Die Organisation darf höchstens 160 Zeichen haben. Bitte kürzen Sie sie."))],
    )
    needs = LinesField(
        _l("Was brauchen Sie, um gut teilnehmen zu können?"),
        [Length(max=500, message=_l("Hier ist Platz für höchstens 500 Zeichen. Bitte kürzen Sie den Text."))],
    )

    def validate_name(self, field: LineField) -> None:
        if has_web_address(field.data or ""):
            raise ValidationError(_l("Bitte geben Sie hier nur Ihren Namen ein, keine Internetadresse."))

    def entry(self) -> Entry:
        """What was typed."""
        return Entry(self.name.data or "", self.organisation.data or None, self.needs.data or None)


class RegistrationForm(EntryForm, GuardedForm):
    """The form of `/fachtagung/<key>/anmeldung`."""

    purpose = "conference form"
    quickest = timedelta(seconds=3)
    email = AddressField()
    consent = BooleanField(
        _l("Ich stimme zu"),
        [DataRequired(_l("Bitte stimmen Sie zu: Ohne das dürfen wir Ihre Anmeldung nicht speichern."))],
    )


def _note(label: Any) -> LinesField:
    return LinesField(
        label,
        [
            DataRequired(_l("Bitte schreiben Sie, was sich geändert hat.")),
            Length(max=1000, message=_l("Hier ist Platz für höchstens 1000 Zeichen. Bitte kürzen Sie den Text.")),
        ],
    )


class ChangeForm(PortalForm):
    """What has changed at a conference, in each language that somebody reads."""

    note_de = _note(_l("Was hat sich geändert?"))
    note_en = _note(_l("Dasselbe auf Englisch"))

    def __init__(self, read: Collection[str]) -> None:
        super().__init__()
        for language in set(LANGUAGES) - set(read):
            del self[f"note_{language}"]

    @property
    def notes(self) -> dict[str, str]:
        """What was typed, by language."""
        return {
            name.removeprefix("note_"): field.data or ""
            for name, field in self._fields.items()
            if name.startswith("note_")
        }
