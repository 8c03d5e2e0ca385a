"""The answer box. What is put in is encrypted; what is taken out is mixed, at least ten at a time.

An answer goes in within the transaction that marks its invitation as used: neither is ever without the other. It comes
out in another transaction, with others, in an order that nobody knows and under a number that says nothing. Ten others,
thrown by lot, stay until the end: so the last to come out are ten at least, too.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from portal.clock import BERLIN
from portal.config import Settings
from portal.database import take_turns
from portal.survey.disclosure import LEAST
from portal.survey.models import Answer, FreeText, OpenedSurvey, SealedAnswer
from portal.survey.questionnaire import AnyQuestion, Matrix, Multiple, Number, Questionnaire, Scale, Single, Text

NONCE = 12
"""Bytes (NIST SP 800-38D)."""


@dataclass(frozen=True)
class Sheet:
    """What one respondent has answered."""

    content: Mapping[str, Any]
    """Question → value, without free texts."""
    texts: Mapping[str, str]
    """Question → what was written."""


def new_id() -> str:
    """128 random bits: neither their order nor their value says anything."""
    return secrets.token_hex(16)


def drop(session: Session, settings: Settings, survey: OpenedSurvey, sheet: Sheet) -> None:
    """Put an answer into the box."""
    sealed = _seal(settings, survey, sheet)
    session.execute(insert(SealedAnswer).values(id=new_id(), survey_id=survey.id, sealed=sealed))


def waiting(session: Session, survey: OpenedSurvey) -> int:
    """How many answers are in the box."""
    return session.scalar(select(func.count()).where(SealedAnswer.survey_id == survey.id)) or 0


def empty(session: Session, settings: Settings, survey: OpenedSurvey, now: datetime) -> int:
    """Take answers out if there are enough of them, or if no more will come; how many.

    Where results are shown at once the first ten come out together. If fewer than ten follow before the end, they are
    mixed with the answers of the last day, so that they are not a small group of their own.
    """
    take_turns(session, f"survey box {survey.id}")
    mine = SealedAnswer.survey_id == survey.id
    inside = session.scalars(select(SealedAnswer.id).where(mine)).all()
    stay = 0 if survey.closed_at or _shows_the_first_ten(session, survey) else LEAST
    if len(inside) < (1 if survey.closed_at else LEAST + stay):
        return 0
    staying = secrets.SystemRandom().sample(inside, stay)
    rows = session.execute(
        delete(SealedAnswer).where(mine, SealedAnswer.id.not_in(staying)).returning(SealedAnswer.sealed)
    )
    sheets = [_unseal(settings, survey.id, sealed) for sealed in rows.scalars()]
    contents, day = [dict(sheet.content) for sheet in sheets], now.astimezone(BERLIN).date()
    texts = [_text(survey.id, question, text) for sheet in sheets for question, text in sheet.texts.items()]
    if len(sheets) < LEAST:
        latest = session.scalar(select(func.max(Answer.day)).where(Answer.survey_id == survey.id))
        of_that_day = delete(Answer).where(Answer.survey_id == survey.id, Answer.day == latest)
        contents += session.scalars(of_that_day.returning(Answer.content)).all()
        day = latest or day
        earlier = delete(FreeText).where(FreeText.survey_id == survey.id)
        written = session.execute(earlier.returning(FreeText.question, FreeText.text, FreeText.released))
        texts += [_text(survey.id, *one) for one in written]
    _write(session, Answer, [{"survey_id": survey.id, "day": day, "content": one} for one in contents])
    _write(session, FreeText, texts)
    return len(sheets)


def _shows_the_first_ten(session: Session, survey: OpenedSurvey) -> bool:
    counted = select(Answer.id).where(Answer.survey_id == survey.id).limit(1)
    return survey.questionnaire.results == "at_once" and session.scalar(counted) is None


def _text(survey_id: int, question: str, text: str, released: bool = False) -> dict[str, Any]:
    return {"survey_id": survey_id, "question": question, "text": text, "released": released}


def _write(session: Session, table: type[Answer | FreeText], rows: Sequence[dict[str, Any]]) -> None:
    """Write rows under random numbers and in the order of these, so that where a row lies says nothing either."""
    numbers = sorted(new_id() for _ in rows)
    mixed = list(rows)
    secrets.SystemRandom().shuffle(mixed)
    if mixed:
        session.execute(insert(table), [{"id": number} | row for number, row in zip(numbers, mixed, strict=True)])


class BoxLocked(Exception):
    """An answer in the box cannot be read with this SECRET_KEY."""


def _seal(settings: Settings, survey: OpenedSurvey, sheet: Sheet) -> bytes:
    """All are as long as the longest that the questionnaire allows: a size would stay with who has written much."""
    plain = json.dumps([dict(sheet.content), dict(sheet.texts)], ensure_ascii=False).encode()
    nonce = secrets.token_bytes(NONCE)
    return nonce + _cipher(settings).encrypt(nonce, plain.ljust(_longest(survey.questionnaire)), _context(survey.id))


def _longest(questionnaire: Questionnaire) -> int:
    """Bytes of the longest answer. A letter of a text takes four at the most, in JSON too."""
    content = {question.id: _longest_value(question) for question in questionnaire.questions}
    letters = sum(question.max_length for question in questionnaire.questions if isinstance(question, Text))
    # Each question is counted once too often, as a choice or as a text: that is more than the punctuation of the other.
    return len(json.dumps([content, content]).encode()) + 4 * letters


def _longest_value(question: AnyQuestion) -> Any:
    match question:
        case Single():
            return max((option.id for option in question.options), key=len)
        case Multiple():
            return [option.id for option in question.options]
        case Matrix():
            return {row.id: max((column.id for column in question.columns), key=len) for row in question.rows}
        case Number():
            return max(question.minimum, question.maximum, key=lambda number: len(str(number)))
    return str(question.points) if isinstance(question, Scale) else ""


def _unseal(settings: Settings, survey_id: int, sealed: bytes) -> Sheet:
    try:
        plain = _cipher(settings).decrypt(sealed[:NONCE], sealed[NONCE:], _context(survey_id))
    except InvalidTag as error:
        raise BoxLocked(
            f"survey {survey_id}: SECRET_KEY has changed while answers were in the box; put the old one"
            " back for a while"
        ) from error
    content, texts = json.loads(plain)
    return Sheet(content, texts)


def _cipher(settings: Settings) -> AESGCM:
    return AESGCM(hmac.digest(settings.secret_key.get_secret_value().encode(), b"survey box", hashlib.sha256))


def _context(survey_id: int) -> bytes:
    return f"survey {survey_id}".encode()
