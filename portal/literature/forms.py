"""The forms of the literature's office."""

import re
from collections.abc import Sequence
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import CombinedMultiDict, FileStorage
from wtforms import BooleanField, FileField, HiddenField, RadioField, SelectField, SelectMultipleField
from wtforms.validators import AnyOf, DataRequired, Length, ValidationError

from portal.bibliography.found import LARGEST_FILE
from portal.bibliography.reference import (
    TYPES,
    Name,
    Reference,
    issued_in,
    person,
    plain_address,
    plain_doi,
    plain_keywords,
    plain_pages,
)
from portal.language import LANGUAGES
from portal.literature.importing import LONGEST, LONGEST_NAME
from portal.literature.models import DRAFT, PORTAL, PUBLIC, WORDINGS, Record, Topic
from portal.literature.operations import LINES, Entry, as_reference
from portal.literature.vocabulary import TYPE_NAMES, WORDING_NAMES
from portal.text.fields import LineField, LinesField
from portal.web.forms import PortalForm, choices
from portal.web.numbers import number_in

_UNKNOWN_CHOICE = _l("Diese Auswahl kennen wir nicht. Bitte wählen Sie aus der Liste.")
_TOO_LONG = _l("Das ist zu lang. Bitte kürzen Sie es auf höchstens %(max)d Zeichen.")
MOST_NAMES = 500


def _line(label: Any, name: str, *validators: Any) -> LineField:
    return LineField(label, [*validators, Length(max=LONGEST[name], message=_TOO_LONG)])


def _abstract(label: Any) -> LinesField:
    return LinesField(label, [Length(max=LONGEST["abstract"], message=_TOO_LONG)])


def _wording() -> SelectField:
    known = AnyOf(list(WORDINGS), _UNKNOWN_CHOICE)
    names = choices(WORDING_NAMES)
    return SelectField(_l("In wessen Worten?"), [known], choices=names, validate_choice=False, default=PORTAL)


class RecordForm(PortalForm):
    """All that is said of a record, and the version that its editor has seen."""

    version = HiddenField()
    type = SelectField(
        _l("Art"), [AnyOf(list(TYPES), _UNKNOWN_CHOICE)], choices=choices(TYPE_NAMES), validate_choice=False
    )
    title = _line(_l("Titel"), "title", DataRequired(_l("Bitte geben Sie den Titel ein.")))
    authors = LinesField(_l("Autor:innen"))
    editors = LinesField(_l("Herausgeber:innen"))
    issued = LineField(_l("Erschienen"))
    container_title = _line(_l("Zeitschrift, Sammelband oder Website"), "container_title")
    volume = _line(_l("Jahrgang oder Band"), "volume")
    issue = _line(_l("Heft"), "issue")
    page = _line(_l("Seiten"), "page")
    collection_title = _line(_l("Reihe"), "collection_title")
    number = _line(_l("Nummer"), "number")
    edition = _line(_l("Auflage"), "edition")
    genre = _line(_l("Genauere Art"), "genre")
    publisher = _line(_l("Verlag oder herausgebende Stelle"), "publisher")
    publisher_place = _line(_l("Ort"), "publisher_place")
    doi = LineField("DOI")
    url = LineField(_l("Adresse im Netz"))
    isbn = _line("ISBN", "isbn")
    issn = _line("ISSN", "issn")
    language = _line(_l("Sprache des Werks"), "language")
    keywords = LineField(_l("Schlagwörter"), [Length(max=1000, message=_TOO_LONG)])
    abstract_de = _abstract(_l("Zusammenfassung auf Deutsch"))
    wording_de = _wording()
    abstract_en = _abstract(_l("Zusammenfassung auf Englisch"))
    wording_en = _wording()
    open_access = BooleanField(_l("Frei zugänglich (Open Access)"))
    open_access_url = LineField(_l("Adresse des frei zugänglichen Textes"))
    topics = SelectMultipleField(_l("Themen"), coerce=int, validate_choice=False)

    def offer(self, topics: Sequence[Topic]) -> None:
        """Let these topics be chosen."""
        self.topics.choices = [(topic.id, topic.name_de) for topic in topics]

    @classmethod
    def of(cls, record: Record) -> "RecordForm":
        """The form with what is written down."""
        reference = as_reference(record)
        said: dict[str, Any] = {name: getattr(reference, name) for name in LINES}
        said |= {role: "\n".join(map(_as_typed, getattr(reference, role))) for role in ("authors", "editors")}
        said |= {f"abstract_{one.language}": one.text for one in record.abstracts}
        said |= {f"wording_{one.language}": one.wording for one in record.abstracts}
        said |= {"type": record.type, "version": record.version, "keywords": ", ".join(reference.keywords)}
        said |= {"issued": "-".join(f"{part:02d}" for part in reference.issued), "open_access": record.open_access}
        said |= {"open_access_url": record.open_access_url, "topics": [topic.id for topic in record.topics]}
        return cls(formdata=None, data=said)

    @property
    def seen(self) -> int:
        """The version that its editor has seen."""
        return number_in({"version": self.version.data or ""}, "version") or 0

    @property
    def entry(self) -> Entry:
        """What was typed, once it is valid."""
        said = {name: self[name].data or "" for name in LINES}
        made = {"doi": plain_doi(said["doi"]), "url": plain_address(said["url"]), "page": plain_pages(said["page"])}
        reference = Reference(
            type=self.type.data,
            authors=names_in(self.authors.data),
            editors=names_in(self.editors.data),
            issued=issued_in(self.issued.data or ""),
            keywords=plain_keywords(self.keywords.data or ""),
            **said | made,
        )
        abstracts = {one: (self[f"abstract_{one}"].data or "", self[f"wording_{one}"].data) for one in LANGUAGES}
        free = plain_address(self.open_access_url.data or "")
        return Entry(reference, abstracts, bool(self.open_access.data), free, tuple(self.topics.data or ()))

    def validate_issued(self, field: LineField) -> None:
        if field.data and not re.fullmatch(r"[12]\d{3}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?", field.data):
            raise ValidationError(_("Bitte schreiben Sie das Jahr oder einen Tag, zum Beispiel 2023 oder 2023-05-17."))
        if field.data and not issued_in(field.data):
            raise ValidationError(_("Dieses Jahr kann nicht stimmen. Bitte prüfen Sie es."))

    def validate_doi(self, field: LineField) -> None:
        if field.data and not plain_doi(field.data):
            raise ValidationError(
                _("Das ist keine DOI. Sie beginnt mit 10. und hat einen Schrägstrich, wie 10.1000/182.")
            )

    def validate_url(self, field: LineField) -> None:
        _require_address(field)

    def validate_open_access_url(self, field: LineField) -> None:
        _require_address(field)
        if field.data and not self.open_access.data:
            raise ValidationError(_("Ist der Text frei zugänglich? Dann kreuzen Sie es bitte auch an."))

    def validate_authors(self, field: LinesField) -> None:
        _require_names(field)

    def validate_editors(self, field: LinesField) -> None:
        _require_names(field)


def names_in(text: str | None) -> tuple[Name, ...]:
    """The names in a text, one a line: `Family, Given`, or an institution, behind "|" where it has commas itself."""
    found = []
    for line in (text or "").splitlines():
        if line.strip().startswith("|"):
            found.append(person(line.strip()[1:], ""))
            continue
        family, _comma, rest = line.partition(",")
        given, _comma, suffix = rest.partition(",")
        found.append(person(family, given, suffix))
    return tuple(name for name in found if name)


def _as_typed(name: Name) -> str:
    return f"|{name.literal}" if "," in name.literal else name.inverted


def _require_address(field: LineField) -> None:
    if field.data and not plain_address(field.data):
        raise ValidationError(_("Bitte geben Sie die ganze Adresse an; sie beginnt mit https:// oder http://."))


def _require_names(field: LinesField) -> None:
    names = names_in(field.data)
    if len(names) > MOST_NAMES:
        raise ValidationError(_("Das sind mehr als %(most)s Namen. Bitte nennen Sie die ersten.", most=MOST_NAMES))
    if any(len(part) > LONGEST_NAME for one in names for part in vars(one).values()):
        raise ValidationError(_("Ein Name hat mehr als 200 Zeichen. Steht jeder Name in einer Zeile für sich?"))
    if any(len(one.suffix) > 60 for one in names):
        raise ValidationError(_("In einer Zeile stehen zu viele Kommas. Richtig ist: Nachname, Vorname"))


class SeenForm(PortalForm):
    """A button, and the version of the record that whoever presses it has seen."""

    seen = HiddenField()

    @property
    def number(self) -> int:
        return number_in({"seen": self.seen.data or ""}, "seen") or 0


class TopicForm(PortalForm):
    """The names of a topic."""

    name_de = LineField(
        _l("Name auf Deutsch"),
        [DataRequired(_l("Bitte geben Sie den deutschen Namen ein.")), Length(max=80, message=_TOO_LONG)],
    )
    name_en = LineField(
        _l("Name auf Englisch"),
        [DataRequired(_l("Bitte geben Sie den englischen Namen ein.")), Length(max=80, message=_TOO_LONG)],
    )


class UploadForm(PortalForm):
    """A file from a reference manager, or its text."""

    class Meta(PortalForm.Meta):
        """What was typed, and the file."""

        def wrap_formdata(self, _form: Any, _formdata: Any) -> Any:
            return CombinedMultiDict((request.files, request.form)) if request.method == "POST" else None

    file = FileField(_l("Datei (.bib, .ris oder .json)"))
    pasted = LinesField(_l("Oder der Text einer solchen Datei"))

    def validate_file(self, field: FileField) -> None:
        if not self._has_file and not (self.pasted.data or "").strip():
            raise ValidationError(_("Bitte wählen Sie eine Datei aus, oder fügen Sie ihren Text ein."))

    @property
    def content(self) -> bytes:
        """The file, or else the text."""
        if self._has_file:
            content: bytes = self.file.data.read(LARGEST_FILE + 1)
            return content
        return (self.pasted.data or "").encode()

    @property
    def _has_file(self) -> bool:
        return isinstance(self.file.data, FileStorage) and bool(self.file.data.filename)


class TakeOverForm(PortalForm):
    """Which records of a preview are taken over, and whether everyone may read them at once."""

    preview = HiddenField()
    taken = SelectMultipleField(_l("Einträge"), coerce=int, validate_choice=False)
    state = RadioField(
        _l("Was soll mit ihnen geschehen?"),
        [AnyOf([DRAFT, PUBLIC], _UNKNOWN_CHOICE)],
        choices=choices(
            {
                DRAFT: _l("Als Entwürfe aufnehmen und vor der Freigabe ansehen"),
                PUBLIC: _l("Gleich veröffentlichen"),
            }
        ),
        validate_choice=False,
        default=DRAFT,
    )

    def validate_taken(self, field: SelectMultipleField) -> None:
        if not field.data:
            raise ValidationError(_("Bitte wählen Sie mindestens einen Eintrag aus."))
