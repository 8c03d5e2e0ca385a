"""ALTCHA's proof of work for suspicious submissions: no third party, no picture, and no duty to solve it."""

import json
from datetime import datetime, timedelta

from altcha import Payload, create_challenge, verify_solution

from portal.config import Settings

ALGORITHM = "PBKDF2/SHA-256"
COST = 2000
"""PBKDF2 rounds for each attempt; the client needs about 256 attempts for the default prefix of one byte."""
VALID_FOR = timedelta(minutes=30)


def challenge(settings: Settings, form: str, now: datetime) -> str:
    """A challenge for one showing of a form, as the JSON that ALTCHA's widget reads."""
    made = create_challenge(
        ALGORITHM,
        COST,
        expires_at=int((now + VALID_FOR).timestamp()),
        data={"form": form},
        hmac_secret=_secret(settings),
    )
    return json.dumps(made.to_dict())


def solved(settings: Settings, form: str, payload: str | None) -> bool:
    """Whether `payload` solves a challenge of ours that was made for this very form."""
    if not payload:
        return False
    try:
        solution = Payload.from_base64(payload)
        verified = verify_solution(solution, _secret(settings)).verified
    except (ValueError, KeyError, TypeError):
        return False
    return bool(verified) and (solution.challenge.parameters.data or {}).get("form") == form


def _secret(settings: Settings) -> str:
    return f"proof of work {settings.secret_key.get_secret_value()}"
