"""Surveys for tests, and people who answer them."""

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from portal.survey import box, operations, questionnaire
from portal.survey.box import Sheet
from portal.survey.models import OpenedSurvey
from portal.survey.questionnaire import Questionnaire

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATER = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
"""After the end of the survey."""


def words(text: str) -> dict[str, str]:
    return {"de": text, "en": f"{text} (en)"}


def option(name: str) -> dict[str, Any]:
    return {"id": name, "label": words(name.title())}


ASKED: Mapping[str, Any] = {
    "kind": "survey",
    "title": words("Eine Testumfrage"),
    "intro": words("Worum es geht."),
    "minutes": 3,
    "asked": words("Alle in den Tests."),
    "method": words("Ein Test."),
    "data_protection": words("Nichts Persönliches."),
    "access": "open",
    "opens": "2026-11-01",
    "closes": "2099-01-31",
    "results": "at_once",
    "filter_by": "ort",
    "pages": [
        {
            "questions": [
                {
                    "id": "ort",
                    "type": "single",
                    "required": True,
                    "title": words("Wo?"),
                    "options": [option("stadt"), option("land"), option("see")],
                }
            ]
        },
        {
            "title": words("Mehr"),
            "questions": [
                {
                    "id": "bus",
                    "type": "single",
                    "title": words("Fährt ein Bus?"),
                    "options": [option("ja"), option("nein")],
                    "show_if": {"question": "ort", "is": ["land"]},
                },
                {
                    "id": "alter",
                    "type": "number",
                    "title": words("Wie alt?"),
                    "min": 0,
                    "max": 120,
                    "classes": [0, 40],
                },
            ],
        },
        {
            "questions": [
                {
                    "id": "womit",
                    "type": "multiple",
                    "title": words("Womit?"),
                    "options": [option("rad"), option("auto")],
                },
                {
                    "id": "stimmt",
                    "type": "matrix",
                    "title": words("Stimmt das?"),
                    "rows": [option("laut"), option("eng")],
                    "columns": [option("ja"), option("nein")],
                },
                {
                    "id": "gut",
                    "type": "scale",
                    "title": words("Wie gut?"),
                    "points": 3,
                    "low": words("schlecht"),
                    "high": words("sehr gut"),
                },
                {"id": "sonst", "type": "text", "title": words("Sonst noch?"), "max_length": 50},
            ]
        },
    ],
}


def asked(**changes: Any) -> dict[str, Any]:
    """What stands in the file of the test survey."""
    return copy.deepcopy(dict(ASKED)) | changes


def opened(session: Session, key: str = "test", *, now: datetime = NOON, **changes: Any) -> OpenedSurvey:
    """The test survey, open and committed."""
    about = questionnaire.parse(asked(**changes), "test.yaml")
    assert isinstance(about, Questionnaire)
    survey = operations.open_survey(session, key, about, now, by=None)
    session.commit()
    return survey


def answered(
    app: Flask,
    session: Session,
    survey: OpenedSurvey,
    number: int,
    *,
    texts: Mapping[str, str] | None = None,
    **content: Any,
) -> None:
    """So many answers that say the same, in the box."""
    for _ in range(number):
        box.drop(session, app.extensions["settings"], survey, Sheet(content, texts or {}))


def counted(app: Flask, session: Session, now: datetime = NOON) -> int:
    """What the worker does every minute; how many answers were taken out."""
    taken = operations.tend(session, app.extensions["settings"], now)
    session.commit()
    return taken
