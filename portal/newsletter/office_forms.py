"""The forms of the newsletter's office."""

import re
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, StringField
from wtforms.validators import AnyOf, Length, ValidationError

from portal.language import LANGUAGES
from portal.newsletter.issues import Draft
from portal.newsletter.models import HOLD, RESEND, Issue
from portal.personal_data import Text
from portal.subscribers.segments import AFFIRMATION, NEWSLETTER
from portal.text.fields import LineField, LinesField
from portal.web.forms import PortalForm, WhenForm, choices

LONGEST = 60_000
"""Characters of a body; a mail of that length is cut by most programs."""

LARGEST_FORM = 1_500_000
"""Octets of an issue that is posted: its longest texts in both languages, a character being 12 octets at the most."""

KINDS: dict[str, Text] = {
    NEWSLETTER: _l("Newsletter: erzählen, wie es weitergeht"),
    AFFIRMATION: _l("Bekräftigung: alle fragen, die eine ältere Fassung unterzeichnet haben"),
}


RULES: dict[str, Text] = {
    HOLD: _l("Nichts: Niemand soll die Mail zweimal bekommen"),
    RESEND: _l("Noch einmal senden: Lieber zweimal als gar nicht"),
}


def _subject(label: Any) -> LineField:
    words = _l("Der Betreff ist länger als 200 Zeichen. Bitte kürzen Sie ihn; gut lesbar sind etwa 60.")
    return LineField(label, [Length(max=200, message=words)])


def _body(label: Any) -> LinesField:
    words = _l("Der Text ist länger als 60 000 Zeichen. Bitte kürzen Sie ihn.")
    return LinesField(label, [Length(max=LONGEST, message=words)])


def _one_of(label: Any, names: Mapping[str, Text], default: str | None = None) -> RadioField:
    known = AnyOf(list(names), _l("Bitte wählen Sie eine der Möglichkeiten."))
    return RadioField(label, [known], choices=choices(names), validate_choice=False, default=default)


class StartForm(PortalForm):
    """What a new issue is for."""

    kind = _one_of(_l("Wozu?"), KINDS, NEWSLETTER)


class IssueForm(PortalForm):
    """An issue in both languages, and the version that its author has seen."""

    kind = HiddenField()
    version = HiddenField()
    subject_de = _subject(_l("Betreff auf Deutsch"))
    body_de = _body(_l("Text auf Deutsch"))
    subject_en = _subject(_l("Betreff auf Englisch"))
    body_en = _body(_l("Text auf Englisch"))

    @property
    def drafts(self) -> dict[str, Draft]:
        """What was typed, by language."""
        return {one: (self[f"subject_{one}"].data or "", self[f"body_{one}"].data or "") for one in LANGUAGES}

    @property
    def purpose(self) -> str:
        """What it is for, should it become a new issue."""
        return self.kind.data if self.kind.data in KINDS else NEWSLETTER

    @property
    def seen(self) -> int:
        """The version that its author has seen."""
        return _number(self.version.data)

    @classmethod
    def of(cls, issue: Issue) -> "IssueForm":
        """The form with what is written down."""
        typed = {f"subject_{text.language}": text.subject for text in issue.texts}
        typed |= {f"body_{text.language}": text.body for text in issue.texts}
        return cls(formdata=None, data={"kind": issue.kind, "version": issue.version, **typed})


class SeenForm(PortalForm):
    """A button, and what whoever presses it has seen: a version, the hash of a content, the state of a campaign."""

    seen = HiddenField()

    @property
    def number(self) -> int:
        """What was seen, where it is a version."""
        return _number(self.seen.data)


class CheckForm(SeenForm):
    """The buttons below an issue's answers: what was seen, and which choice of people was counted."""

    counted = HiddenField()


class ReleaseForm(WhenForm):
    """To how many the campaign goes, typed, and when it begins."""

    seen = HiddenField()
    count = StringField(_l("Wie viele bekommen die Mail?"))

    def __init__(self, *args: Any, people: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self.people = people

    def validate_count(self, field: StringField) -> None:
        typed = re.sub(r"[\s.,'’\u202f\u00a0]", "", field.data or "")
        if not typed:
            raise ValidationError(_("Bitte tippen Sie die Zahl ab, die über diesem Feld steht."))
        if typed != str(self.people):
            raise ValidationError(
                _(
                    "Sie haben %(typed)s getippt, es sind aber %(people)s. Bitte prüfen Sie die Auswahl oben und tippen"
                    " Sie die richtige Zahl.",
                    typed=typed[:20],
                    people=self.people,
                )
            )


class UncertainForm(PortalForm):
    """What becomes of letters that may have arrived."""

    seen = HiddenField()
    rule = _one_of(
        _l("Was soll mit ihnen geschehen?"),
        RULES,
    )


def _number(text: str | None) -> int:
    return int(text) if text and re.fullmatch("[0-9]{1,9}", text) else 0
