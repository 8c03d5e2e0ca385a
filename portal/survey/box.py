"""The answer box. What is put in is encrypted; what is taken out is mixed, at least ten at a time.

An answer goes in within the transaction that marks its invitation as used: neither is ever without the other. It comes
out in another transaction, with others, in an order that nobody knows and under a number that says nothing.
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

SMALLEST = 1024
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
    sealed = _seal(settings, survey.id, sheet)
    session.execute(insert(SealedAnswer).values(id=new_id(), survey_id=survey.id, sealed=sealed))


def waiting(session: Session, survey: OpenedSurvey) -> int:
    """How many answers are in the box."""
    return session.scalar(select(func.count()).where(SealedAnswer.survey_id == survey.id)) or 0


def empty(session: Session, settings: Settings, survey: OpenedSurvey, now: datetime) -> int:
    """Take the answers out if there are enough of them, or if no more will come; how many.

    What is left at the end is mixed with the answers of the last day, so that it is not a small group of its own.
    """
    take_turns(session, f"survey box {survey.id}")
    if waiting(session, survey) < (1 if survey.closed_at else LEAST):
        return 0
    rows = session.execute(
        delete(SealedAnswer).where(SealedAnswer.survey_id == survey.id).returning(SealedAnswer.sealed)
    )
    sheets = [_unseal(settings, survey.id, sealed) for sealed in rows.scalars()]
    contents, day = [dict(sheet.content) for sheet in sheets], now.astimezone(BERLIN).date()
    if len(sheets) < LEAST:
        latest = session.scalar(select(func.max(Answer.day)).where(Answer.survey_id == survey.id))
        taken = delete(Answer).where(Answer.survey_id == survey.id, Answer.day == latest).returning(Answer.content)
        contents += session.scalars(taken).all()
        day = latest or day
    texts = [(question, text) for sheet in sheets for question, text in sheet.texts.items()]
    _write(session, Answer, [{"survey_id": survey.id, "day": day, "content": one} for one in contents])
    _write(session, FreeText, [_text(survey.id, question, text) for question, text in texts])
    return len(sheets)


def _text(survey_id: int, question: str, text: str) -> dict[str, Any]:
    return {"survey_id": survey_id, "question": question, "text": text, "released": False}


def _write(session: Session, table: type[Answer | FreeText], rows: Sequence[dict[str, Any]]) -> None:
    """Write rows under random numbers and in the order of these, so that where a row lies says nothing either."""
    numbers = sorted(new_id() for _ in rows)
    mixed = list(rows)
    secrets.SystemRandom().shuffle(mixed)
    if mixed:
        session.execute(insert(table), [{"id": number} | row for number, row in zip(numbers, mixed, strict=True)])


class BoxLocked(Exception):
    """An answer in the box cannot be read with this SECRET_KEY."""


def _seal(settings: Settings, survey_id: int, sheet: Sheet) -> bytes:
    plain = json.dumps([dict(sheet.content), dict(sheet.texts)], ensure_ascii=False).encode()
    size = SMALLEST
    while size < len(plain):
        size *= 2
    nonce = secrets.token_bytes(NONCE)
    return nonce + _cipher(settings).encrypt(nonce, plain.ljust(size), _context(survey_id))


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
