"""Signed tokens for mailed links. The purpose is the salt: a token for one thing opens nothing else.

A token is a function of its content: writing the same mail twice gives the same link, and none needs to be stored. How
long it is good for is decided by the row that it leads to.
"""

import hashlib
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from portal.config import Settings


class TokenInvalid(Exception):
    """Truncated, garbled, forged, or made for another purpose."""


def _serializer(settings: Settings, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(
        settings.secret_key.get_secret_value(),
        salt=f"portal.{purpose}",
        signer_kwargs={"digest_method": hashlib.sha256},
    )


def issue(settings: Settings, purpose: str, content: Any) -> str:
    """A URL-safe token that carries `content` (JSON) for `purpose`."""
    return str(_serializer(settings, purpose).dumps(content))


def read(settings: Settings, purpose: str, token: str) -> Any:
    """The content of a token. Raises TokenInvalid for anything that is not ours."""
    try:
        return _serializer(settings, purpose).loads(token)
    except BadData as error:
        raise TokenInvalid from error
