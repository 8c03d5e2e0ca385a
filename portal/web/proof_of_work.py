"""ALTCHA's proof of work for suspicious submissions: no third party, no picture, and no duty to solve it."""

import hashlib
import json
import secrets
from datetime import datetime, timedelta

from altcha import Payload, create_challenge, verify_solution

from portal.config import Settings

ALGORITHM = "PBKDF2/SHA-256"
COST = 2_000
"""PBKDF2 rounds for each attempt, and for each challenge that we make or check."""
ATTEMPTS = range(1500, 2500)
"""How many attempts a solution takes, drawn for each challenge: left to luck, some would take five times as many.

Chromium with two workers on two cores was done after 0.8 to 2.0 s, in the mean 1.3 s.
"""
VALID_FOR = timedelta(minutes=30)


def challenge(settings: Settings, submission: str, now: datetime) -> str:
    """A challenge for one submission, named by a text of any kind, as the JSON that ALTCHA's widget reads."""
    made = create_challenge(
        ALGORITHM,
        COST,
        counter=secrets.choice(ATTEMPTS),
        expires_at=int((now + VALID_FOR).timestamp()),
        data={"submission": _digest(submission)},
        hmac_secret=_secret(settings),
    )
    return json.dumps(made.to_dict())


def solved(settings: Settings, submission: str, payload: str | None) -> bool:
    """Whether `payload`, which may be anything, solves a challenge of ours that was made for this very submission."""
    if not payload or not verify_solution(payload, _secret(settings)).verified:
        return False
    # Only what we have signed comes this far: it is well-formed.
    data = Payload.from_base64(payload).challenge.parameters.data or {}
    return data.get("submission") == _digest(submission)


def _digest(submission: str) -> str:
    return hashlib.sha256(submission.encode()).hexdigest()


def _secret(settings: Settings) -> str:
    return f"proof of work {settings.secret_key.get_secret_value()}"
