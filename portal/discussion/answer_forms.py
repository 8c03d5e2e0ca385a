"""The forms of official answers, outcomes and the import. Those about a comment carry what their organiser saw."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import CombinedMultiDict, FileStorage
from wtforms import FileField, HiddenField, IntegerField, RadioField, SelectField, SelectMultipleField
from wtforms.validators import AnyOf, DataRequired, Length, Optional, ValidationError
from wtforms.widgets import CheckboxInput, HiddenInput, ListWidget

from portal.declaration.models import Revision
from portal.discussion.answers import Seen
from portal.discussion.importing import Understood
from portal.discussion.vocabulary import OUTCOME_NAMES
from portal.text.fields import LinesField
from portal.web.forms import PortalForm, choices

LONGEST_ANSWER = 4000
LONGEST_REASON = 2000
_UNKNOWN_CHOICE = _l("Diese Auswahl kennen wir nicht. Bitte wählen Sie aus der Liste.")


class SeenForm(PortalForm):
    """A form about a comment to which somebody else may say something in the meantime."""

    seen_text = IntegerField(widget=HiddenInput(), validators=[Optional()])
    seen_at = HiddenField()

    @property
    def seen(self) -> Seen:
        """What the organiser had before her; nothing that fits if somebody has tampered with it."""
        try:
            at = datetime.fromisoformat(self.seen_at.data) if self.seen_at.data else None
        except ValueError:
            return Seen(None, None)
        return Seen(self.seen_text.data, at) if at is None or at.tzinfo else Seen(None, None)

    def show(self, text_number: int | None, at: datetime | None) -> None:
        """Say what the organiser has before her from now on."""
        self.seen_text.data = text_number
        self.seen_at.data = at.isoformat() if at else ""


class AnswerForm(SeenForm):
    """The organisers' answer, in Markdown."""

    answer = LinesField(
        _l("Antwort der Redaktion"),
        [
            DataRequired(_l("Bitte schreiben Sie eine Antwort.")),
            Length(max=LONGEST_ANSWER, message=_l("Das sind mehr als 4.000 Zeichen. Bitte kürzen Sie die Antwort.")),
        ],
    )


class OutcomeForm(SeenForm):
    """What became of a comment, and why."""

    outcome = RadioField(
        _l("Ergebnis"),
        [DataRequired(_l("Bitte wählen Sie ein Ergebnis.")), AnyOf(list(OUTCOME_NAMES), _UNKNOWN_CHOICE)],
        choices=choices(OUTCOME_NAMES),
        validate_choice=False,
    )
    reason = LinesField(
        _l("Begründung"),
        [
            DataRequired(_l("Bitte begründen Sie das Ergebnis: Die Begründung ist öffentlich.")),
            Length(max=LONGEST_REASON, message=_l("Das sind mehr als 2.000 Zeichen. Bitte kürzen Sie die Begründung.")),
        ],
    )
    revision = SelectField(_l("Fassung, in der es steht"), validate_choice=False)

    def offer(self, later: Sequence[Revision]) -> None:
        """Let one of these revisions be chosen, or none."""
        names = [(str(one.number), _("Fassung %(number)s", number=one.number)) for one in later]
        self.revision.choices = [("", _("noch in keiner")), *names]
        self.numbers = {value for value, _name in names}

    def validate_revision(self, field: SelectField) -> None:
        if field.data and field.data not in self.numbers:
            raise ValidationError(str(_UNKNOWN_CHOICE))


class UploadForm(PortalForm):
    """A file with a WordPress export."""

    class Meta(PortalForm.Meta):
        """What was typed, and the file."""

        def wrap_formdata(self, _form: Any, _formdata: Any) -> Any:
            return CombinedMultiDict((request.files, request.form)) if request.method == "POST" else None

    file = FileField(
        _l("Export-Datei aus WordPress (.xml)"), [DataRequired(_l("Bitte wählen Sie die Datei mit dem Export aus."))]
    )

    def validate_file(self, field: FileField) -> None:
        if not isinstance(field.data, FileStorage):
            raise ValidationError(_("Bitte wählen Sie die Datei mit dem Export aus."))


class _Boxes(SelectMultipleField):
    """Several of a list, each with a box to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class TakeOverForm(PortalForm):
    """Which comments of an export are taken over, and where to."""

    understood = HiddenField()
    pages = _Boxes(_l("Von welchen Seiten?"), coerce=int, validate_choice=False)
    revision = SelectField(_l("Zu welcher Fassung?"), coerce=int, validate_choice=False)
    thesis = SelectField(_l("Wozu?"), validate_choice=False)

    def offer(self, understood: Understood, revisions: Sequence[Revision]) -> None:
        """Show what there is to choose: pages that have something to take over, revisions, and all their theses."""
        self.pages.choices = [
            (page.number, _("%(title)s (%(count)s)", title=page.title or _("ohne Titel"), count=page.comments))
            for page in understood.pages
            if page.comments
        ]
        self.revision.choices = [(one.number, _("Fassung %(number)s", number=one.number)) for one in revisions]
        theses = {thesis.key: thesis for one in revisions for thesis in one.theses}
        self.thesis.choices = [
            ("", _("Erklärung als Ganzes")),
            *((key, thesis.text("de").heading or key) for key, thesis in theses.items()),
        ]

    def validate_pages(self, field: SelectMultipleField) -> None:
        if not field.data:
            raise ValidationError(str(_("Bitte wählen Sie mindestens eine Seite aus.")))
