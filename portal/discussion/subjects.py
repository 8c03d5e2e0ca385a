"""What the log's entries about the discussion are about, in words, and the pages of the office for it."""

from collections.abc import Mapping, Sequence

from flask import url_for
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from portal.discussion import desk
from portal.discussion.vocabulary import OUTCOME_NAMES, REASONS
from portal.organisers.frame import Detail, Subject, act_called, word_of

FORMATS: dict[str, LazyString] = {"docx": _l("Word-Datei"), "csv": _l("CSV-Datei")}


def _comments(session: Session, numbers: Sequence[str]) -> Mapping[str, str]:
    found = desk.still_there(session, [int(number) for number in numbers])
    return {str(number): url_for("moderation.comment", number=number) for number in found}


def _appeals(session: Session, numbers: Sequence[str]) -> Mapping[str, str]:
    found = desk.appeals_still_there(session, [int(number) for number in numbers])
    return {str(number): url_for("moderation.appeal", number=number) for number in found}


def _reports(session: Session, numbers: Sequence[str]) -> Mapping[str, str]:
    found = desk.comments_of_reports(session, [int(number) for number in numbers])
    return {str(number): url_for("moderation.report", number=comment) for number, comment in found.items()}


def _closing(_session: Session, keys: Sequence[str]) -> Mapping[str, str]:
    return dict.fromkeys(keys, url_for("moderation.closing"))


def _revisions(_session: Session, numbers: Sequence[str]) -> Mapping[str, str]:
    return {number: url_for("declaration.revision", number=int(number)) for number in numbers}


_COMMENT = Detail(_l("Kommentar"))

SUBJECTS: dict[str, Subject] = {
    "comment": Subject(
        _l("Kommentar"),
        _comments,
        {
            "text": Detail(_l("Text Nr.")),
            "reason": Detail(_l("Grund"), word_of({code: reason.label for code, reason in REASONS.items()})),
            "undone": Detail(_l("zurückgenommen"), act_called),
            "outcome": Detail(_l("Ergebnis"), word_of(OUTCOME_NAMES)),
            "address": Detail(_l("Adresse")),
        },
    ),
    "appeal": Subject(_l("Widerspruch"), _appeals, {"comment": _COMMENT}),
    "report": Subject(_l("Meldung"), _reports, {"comment": _COMMENT}),
    "address": Subject(_l("Adresse"), lambda _session, keys: dict.fromkeys(keys, url_for("moderation.blocks"))),
    "thesis": Subject(_l("These"), _closing),
    "discussion": Subject(_l("Diskussion"), _closing),
    "revision": Subject(
        _l("Fassung"),
        _revisions,
        {"format": Detail(_l("als"), word_of(FORMATS)), "comments": Detail(_l("Kommentare"))},
    ),
}
