"""Answers to the survey that says of itself that they are sample data: thrown, and the same ones each time."""

import random
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.config import Settings
from portal.survey import box, operations, questionnaire
from portal.survey.box import Sheet
from portal.survey.questionnaire import Questionnaire

KEY = "beispiel"
PEOPLE = 240
PLACES = {"buero": 110, "zuhause": 90, "unterwegs": 40}
"""So that the results can be filtered, and one group cannot be shown everywhere."""


def load(session: Session, settings: Settings, now: datetime) -> int:
    """Open the survey, where that has not been done, and have it answered; how many answers. Commits nothing."""
    about = questionnaire.read(settings.content / "surveys", KEY)
    if operations.find(session, KEY) is not None or not isinstance(about, Questionnaire):
        return 0
    survey = operations.open_survey(session, KEY, about, now, by=None)
    dice = random.Random(KEY)  # noqa: S311 - made-up answers, the same each time
    for place, people in PLACES.items():
        for _number in range(people):
            box.drop(session, settings, survey, _sheet(dice, place))
    return box.empty(session, settings, survey, now)


def clear(session: Session) -> None:
    """Remove the survey with all its answers, also those of visitors. Commits nothing."""
    survey = operations.find(session, KEY)
    if survey is not None and survey.questionnaire.sample:
        operations.remove_survey(session, survey)


def _sheet(dice: random.Random, place: str) -> Sheet:
    content: dict[str, Any] = {"ort": place}
    if place != "buero":
        content["tage"] = min(31, int(dice.triangular(0, 22, 9 if place == "zuhause" else 3)))
    devices = [one for one, share in (("laptop", 0.7), ("telefon", 0.55), ("papier", 0.4)) if dice.random() < share]
    if place == "unterwegs" and dice.random() < 0.2:
        devices.append("eigenes")
    if devices:
        content["geraete"] = devices
    content["aussagen"] = {
        "zeit": dice.choices(("ja", "teils", "nein"), (3, 4, 3))[0],
        "software": dice.choices(("ja", "teils", "nein"), (2, 5, 3))[0],
    }
    if dice.random() < 0.95:
        content["zufrieden"] = str(dice.choices(range(1, 6), (2, 3, 6, 8, 4))[0])
    texts = {"sonstiges": "Das ist ein Beispieltext, den ein Programm geschrieben hat."} if dice.random() < 0.1 else {}
    return Sheet(content, texts)
