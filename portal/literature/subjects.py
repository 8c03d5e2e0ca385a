"""What the log's entries about the literature are about, in words, and what was done."""

from collections.abc import Mapping, Sequence

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.literature.models import Record, RecordImport, Topic
from portal.organisers.frame import Detail, Subject, yes_or_no
from portal.personal_data import Text


def _records(session: Session, numbers: Sequence[str]) -> Mapping[str, str]:
    found = session.scalars(select(Record.id).where(Record.id.in_([int(one) for one in numbers])))
    return {str(number): url_for("literature_office.edit", number=number) for number in found}


def _imports(session: Session, numbers: Sequence[str]) -> Mapping[str, str]:
    found = session.scalars(select(RecordImport.id).where(RecordImport.id.in_([int(one) for one in numbers])))
    return {str(number): url_for("literature_office.listing", aus=number) for number in found}


def _topics(session: Session, numbers: Sequence[str]) -> Mapping[str, str]:
    found = session.scalars(select(Topic.id).where(Topic.id.in_([int(one) for one in numbers])))
    return {str(number): url_for("literature_office.topic", number=number) for number in found}


SUBJECTS: dict[str, Subject] = {
    "record": Subject(_l("Literatur-Eintrag"), _records, {"seed": Detail(_l("mitgeliefert als"))}),
    "import": Subject(
        _l("Literatur-Import"),
        _imports,
        {"records": Detail(_l("Einträge")), "released": Detail(_l("gleich veröffentlicht"), yes_or_no)},
    ),
    "topic": Subject(_l("Thema"), _topics),
}
ACTS: dict[str, Text] = {
    "record.add": _l("Literatur-Eintrag angelegt"),
    "record.change": _l("Literatur-Eintrag geändert"),
    "record.release": _l("Literatur-Eintrag veröffentlicht"),
    "record.hide": _l("Literatur-Eintrag verborgen"),
    "record.delete": _l("Literatur-Eintrag gelöscht"),
    "records.import": _l("Literatur importiert"),
    "records.release": _l("Importierte Literatur veröffentlicht"),
    "topic.add": _l("Thema angelegt"),
    "topic.rename": _l("Thema umbenannt"),
    "topic.delete": _l("Thema gelöscht"),
}
