"""What is kept of people who are invited to surveys, and of what they write, for the register."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.personal_data import PersonalData
from portal.survey import operations
from portal.survey.models import FreeText, Invitation, OpenedSurvey


def _export(session: Session, address_key: str) -> list[dict[str, Any]]:
    found = (
        select(Invitation, OpenedSurvey)
        .join(OpenedSurvey, OpenedSurvey.id == Invitation.survey_id)
        .where(Invitation.address_key == address_key)
        .order_by(OpenedSurvey.key)
    )
    return [
        {
            "survey": survey.key,
            "title": survey.questionnaire.title.of(invitation.language),
            "email": invitation.email,
            "language": invitation.language,
            "used": invitation.used,
            "reminded": invitation.reminded,
        }
        for invitation, survey in session.execute(found)
    ]


def _erase(session: Session, address_key: str, _now: datetime) -> None:
    session.execute(delete(Invitation).where(Invitation.address_key == address_key))


def _purge(session: Session, _now: datetime, _settings: Settings) -> int:
    over = select(OpenedSurvey.id).where(OpenedSurvey.closed_at.is_not(None))
    gone = delete(Invitation).where(Invitation.survey_id.in_(over)).returning(Invitation.id)
    return len(session.scalars(gone, execution_options={"synchronize_session": False}).all())


def _nothing(_session: Session, _address_key: str) -> list[dict[str, Any]]:
    """Nobody knows whose an answer is: there is nothing to hand out under an address."""
    return []


def _cannot(_session: Session, _address_key: str, _now: datetime) -> None:
    """Nor to erase (GDPR Art. 11)."""


SURVEYS: Sequence[PersonalData] = (
    PersonalData(
        table=Invitation,
        title=_l("Einladungen zu Umfragen"),
        purpose=_l(
            "Damit eingeladene Personen genau einmal antworten können und höchstens einmal erinnert werden. Was jemand"
            " geantwortet hat, ist getrennt davon gespeichert und führt zu niemandem zurück."
        ),
        legal_basis=_l("Unser berechtigtes Interesse, Eingeladene zu befragen, Art. 6 Abs. 1 Buchst. f DSGVO"),
        retention=_l("Bis die Umfrage endet; dann löschen wir alle Einladungen. Auf Wunsch sofort."),
        fields=_l("E-Mail-Adresse, Sprache, und ob mit der Einladung schon geantwortet wurde, ohne Zeitpunkt"),
        export=_export,
        erase=_erase,
        purge=_purge,
        card="survey/_card.html",
    ),
    PersonalData(
        table=FreeText,
        title=_l("Freie Texte in Umfragen"),
        purpose=_l(
            "Damit wir lesen können, was in eigenen Worten geantwortet wurde. Die Texte stehen für sich, ohne die"
            " übrigen Antworten, ohne Zeitpunkt und ohne Hinweis darauf, von wem sie sind. Veröffentlicht werden sie"
            " nicht. Die übrigen Antworten sind anonym: Aus ihnen entstehen nur Zahlen über mindestens zehn Personen."
        ),
        legal_basis=_l("Ihre Einwilligung, indem Sie etwas schreiben, Art. 6 Abs. 1 Buchst. a DSGVO"),
        retention=_l(
            "Bis ein Jahr nach dem Ende der Umfrage. Nennt ein Text jemanden, löscht ihn die Redaktion vorher. Weil wir"
            " nicht wissen, von wem ein Text ist, können wir ihn nicht auf Wunsch einer Person heraussuchen (Art. 11"
            " DSGVO)."
        ),
        fields=_l("Der Text und die Frage, unter der er steht"),
        export=_nothing,
        erase=_cannot,
        purge=lambda session, now, _settings: operations.forget_texts(session, now),
        card="survey/_card.html",
    ),
)
