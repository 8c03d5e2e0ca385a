"""Signed tokens for mailed links. The purpose is the salt: a token for one thing opens nothing else.

A token is a function of its content: writing the same mail twice gives the same link, and none needs to be stored. How
long it is good for is decided by the row that it leads to.
"""

import hashlib
from functools import cache
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from portal.config import Settings


class TokenInvalid(Exception):
    """Truncated, garbled, forged, or made for another purpose."""


@cache
def _serializer(secret: str, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=f"portal.{purpose}", signer_kwargs={"digest_method": hashlib.sha256})


def issue(settings: Settings, purpose: str, content: Any) -> str:
    """A URL-safe token that carries `content` (JSON) for `purpose`."""
    return str(_serializer(settings.secret_key.get_secret_value(), purpose).dumps(content))


def read(settings: Settings, purpose: str, token: str) -> Any:
    """The content of a token. Raises TokenInvalid for anything that is not ours."""
    try:
        return _serializer(settings.secret_key.get_secret_value(), purpose).loads(token)
    except BadData as error:
        raise TokenInvalid from error
