"""Signed tokens for mailed links. The purpose is the salt: a token for one thing opens nothing else.

A token is a function of its content: writing the same mail twice gives the same link, and none needs to be stored.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from portal.config import Settings


class TokenInvalid(Exception):
    """Truncated, garbled, forged, or made for another purpose."""


class TokenExpired(TokenInvalid):
    """Genuine, but past its time."""


def _serializer(settings: Settings, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(
        settings.secret_key.get_secret_value(),
        salt=f"portal.{purpose}",
        signer_kwargs={"digest_method": hashlib.sha256},
    )


def issue(settings: Settings, purpose: str, content: Any, expires_at: datetime | None = None) -> str:
    """A URL-safe token that carries `content` (JSON) for `purpose`, for ever or until `expires_at`."""
    seconds = int(expires_at.timestamp()) if expires_at else 0
    return str(_serializer(settings, purpose).dumps([content, seconds]))


def read(settings: Settings, purpose: str, token: str, now: datetime) -> Any:
    """The content of a token. Raises TokenExpired after its time, TokenInvalid for anything that is not ours."""
    try:
        content, seconds = _serializer(settings, purpose).loads(token)
    except BadData as error:
        raise TokenInvalid from error
    if seconds and datetime.fromtimestamp(seconds, UTC) < now:
        raise TokenExpired
    return content
