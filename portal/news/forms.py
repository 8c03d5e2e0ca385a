"""The forms of the news' office."""

from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField
from wtforms.validators import Length

from portal.clock import BERLIN
from portal.language import LANGUAGES
from portal.news.models import SCHEDULED, NewsEntry
from portal.news.operations import Words
from portal.text.fields import LineField, LinesField
from portal.web.forms import PortalForm, WhenForm
from portal.web.numbers import number_in

LONGEST = 9000
"""Characters of a body: both together stay within what a form may be, a character being 12 octets at the most."""


def _title(label: Any) -> LineField:
    return LineField(
        label, [Length(max=200, message=_l("Bitte kürzen Sie die Überschrift auf höchstens 200 Zeichen."))]
    )


def _body(label: Any) -> LinesField:
    return LinesField(label, [Length(max=LONGEST, message=_l("Bitte kürzen Sie den Text auf höchstens 9000 Zeichen."))])


class SeenForm(PortalForm):
    """A button, and the version that whoever presses it has seen."""

    version = HiddenField()

    @property
    def seen(self) -> int:
        """The version; 0 is none."""
        return number_in({"version": self.version.data or ""}, "version") or 0


class NewsForm(SeenForm, WhenForm):
    """An entry in both languages, of which one may be left empty, and when it becomes public."""

    SAVE, PREVIEW, PUBLISH = "", "preview", "publish"

    step = HiddenField()
    """Which button was pressed."""
    title_de = _title(_l("Überschrift auf Deutsch"))
    body_de = _body(_l("Text auf Deutsch"))
    title_en = _title(_l("Überschrift auf Englisch"))
    body_en = _body(_l("Text auf Englisch"))

    @property
    def words(self) -> dict[str, Words]:
        """What was typed, by language; a language without a word is left out."""
        typed = {one: (self[f"title_{one}"].data or "", self[f"body_{one}"].data or "") for one in LANGUAGES}
        return {language: words for language, words in typed.items() if any(words)}

    def validate_time(self, field: StringField) -> None:
        if self.step.data == self.PUBLISH:
            super().validate_time(field)

    def validate(self, extra_validators: Any = None) -> bool:
        valid = super().validate(extra_validators)
        for language, (title, body) in self.words.items():
            if not title:
                self[f"title_{language}"].errors = [
                    _("Bitte geben Sie eine Überschrift ein, oder leeren Sie auch den Text.")
                ]
            if not body:
                self[f"body_{language}"].errors = [
                    _("Bitte schreiben Sie einen Text, oder leeren Sie auch die Überschrift.")
                ]
        if not self.words:
            self.title_de.errors = [_("Bitte schreiben Sie den Eintrag in mindestens einer Sprache.")]
        return valid and not self.errors

    @classmethod
    def of(cls, entry: NewsEntry, now: datetime) -> "NewsForm":
        """The form with what is written down; of an entry that is scheduled, with its time."""
        typed = {f"title_{text.language}": text.title for text in entry.texts}
        typed |= {f"body_{text.language}": text.body for text in entry.texts}
        if entry.published_at and entry.state(now) == SCHEDULED:
            wall = entry.published_at.astimezone(BERLIN)
            typed |= {"when": cls.LATER, "day": f"{wall:%Y-%m-%d}", "time": f"{wall:%H:%M}"}
        return cls(formdata=None, data={"version": entry.version, **typed})
