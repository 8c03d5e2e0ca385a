"""Passwords: how they are kept, and which are too easily guessed."""

import re
from collections.abc import Iterable
from functools import lru_cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from portal.config import Settings

SHORTEST, LONGEST = 12, 200
SAFE = 3
"""Of zxcvbn's five grades, from 0 to 4, the first that withstands guessing without a hash at hand."""
OWN = 8
"""So many characters have to be left without what a guesser would try first."""
JUDGED = 72
"""zxcvbn looks at no more characters; what follows them makes a password no worse."""

OBVIOUS = (
    *("dortmund", "essen", "erklaerung", "erklärung", "digitalisierung", "sozialarbeit", "portal", "redaktion"),
    *("fruehling", "frühling", "sommer", "herbst", "winter", "passwort", "kennwort", "geheim", "hallo", "willkommen"),
    *("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag"),
    *("januar", "februar", "maerz", "märz", "april", "juni", "juli", "august", "september", "oktober", "november"),
    *("dezember", "schatz", "liebe", "familie", "kinder", "mama", "papa", "urlaub", "fussball", "deutschland"),
)
"""What a guesser would try here, and what an English list of common passwords does not know."""


def hashed(settings: Settings, password: str) -> str:
    """The argon2id hash to keep."""
    return _hasher(settings.env == "testing").hash(password)


def fits(settings: Settings, kept: str | None, password: str) -> bool:
    """Whether a password is the one whose hash was kept. Where there is none, this takes just as long."""
    hasher = _hasher(settings.env == "testing")
    try:
        hasher.verify(kept or _nobodys(settings.env == "testing"), password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def easily_guessed(password: str, about: Iterable[str]) -> bool:
    """Whether a password is common, or made of common parts, or of what is known about its owner."""
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its lists of words take twelve megabytes of each process that has them

    known = [part for text in about for part in re.split(r"[\W_]+", text.casefold()) if len(part) > 2]
    rest = password.casefold()
    for word in sorted({*known, *OBVIOUS}, key=len, reverse=True):
        rest = rest.replace(word, "")
    if len(rest) < OWN:
        return True
    return int(zxcvbn(password[:JUDGED], user_inputs=[*known, *OBVIOUS], max_length=JUDGED)["score"]) < SAFE


@lru_cache
def _hasher(testing: bool) -> PasswordHasher:
    """RFC 9106's second recommendation; in tests, where hundreds log in, the least that argon2 can do."""
    if testing:
        return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, type=Type.ID)
    return PasswordHasher(type=Type.ID)


@lru_cache
def _nobodys(testing: bool) -> str:
    return _hasher(testing).hash("the password of nobody")
