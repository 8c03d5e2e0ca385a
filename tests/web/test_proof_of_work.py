"""The proof of work: only a true solution of our own challenge, for this very submission, is taken."""

import base64
import json
from datetime import timedelta
from pathlib import Path

import pytest
from altcha import Challenge, Payload, create_challenge, solve_challenge

from portal.clock import now
from portal.config import Settings, load_settings
from portal.web import proof_of_work

FORM = "a form, for ada@example.org"


def solution_of(challenge: str) -> str:
    """What the widget would send for a challenge."""
    parsed = Challenge.from_dict(json.loads(challenge))
    solution = solve_challenge(parsed)
    assert solution is not None
    return Payload(parsed, solution).to_base64()


def changed(payload: str, **parameters: object) -> str:
    """The same payload with other parameters of the challenge."""
    content = json.loads(base64.b64decode(payload))
    content["challenge"]["parameters"] |= parameters
    return in_base64(content)


def in_base64(content: object) -> str:
    return base64.b64encode(json.dumps(content).encode()).decode()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a portal that needs no database for this."""
    return load_settings(env="testing", instance=tmp_path, secret_key="a secret", address_secret="another")


@pytest.fixture(autouse=True)
def _little_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof_of_work, "ATTEMPTS", range(3, 9))


def test_a_solution_is_taken_for_the_submission_that_it_was_made_for_and_no_other(settings: Settings) -> None:
    payload = solution_of(proof_of_work.challenge(settings, FORM, now()))
    assert proof_of_work.solved(settings, FORM, payload)
    assert not proof_of_work.solved(settings, "another form, for ada@example.org", payload)


def test_a_solution_is_taken_for_half_an_hour(settings: Settings) -> None:
    fresh = solution_of(proof_of_work.challenge(settings, FORM, now() - timedelta(minutes=29)))
    assert proof_of_work.solved(settings, FORM, fresh)
    stale = solution_of(proof_of_work.challenge(settings, FORM, now() - timedelta(minutes=31)))
    assert not proof_of_work.solved(settings, FORM, stale)
    later = int((now() + timedelta(days=1)).timestamp())
    assert not proof_of_work.solved(settings, FORM, changed(stale, expiresAt=later))


def test_the_work_is_as_much_as_was_asked_for(settings: Settings) -> None:
    challenge = json.loads(proof_of_work.challenge(settings, FORM, now()))
    assert challenge["parameters"]["cost"] == proof_of_work.COST
    payload = solution_of(json.dumps(challenge))
    assert not proof_of_work.solved(settings, FORM, changed(payload, keyPrefix=""))
    guessed = json.loads(base64.b64decode(payload)) | {"solution": {"counter": 1, "derivedKey": "00" * 32}}
    assert not proof_of_work.solved(settings, FORM, in_base64(guessed))


def test_a_challenge_of_somebody_else_is_refused(settings: Settings) -> None:
    data = json.loads(proof_of_work.challenge(settings, FORM, now()))["parameters"]["data"]
    for secret in ("a guess", None):
        forged = create_challenge(proof_of_work.ALGORITHM, 1, data=data, counter=1, hmac_secret=secret)
        assert not proof_of_work.solved(settings, FORM, solution_of(json.dumps(forged.to_dict())))


@pytest.mark.parametrize(
    "payload",
    [
        None,
        "",
        " ",
        "x",
        "ü",
        "\ud83d",
        "=" * 100,
        "A" * 200_000,
        in_base64(None),
        in_base64([]),
        in_base64({}),
        in_base64({"challenge": {"parameters": "x"}, "solution": []}),
        in_base64({"challenge": [], "solution": {"counter": "1", "derivedKey": 1}}),
        base64.b64encode(b"[" * 150_000).decode(),
        base64.b64encode(b'{"challenge": ' + b"9" * 5_000).decode(),
        base64.b64encode(b"\xff\xfe").decode(),
    ],
    ids=lambda payload: repr(payload)[:20],
)
def test_garbage_is_refused_without_an_exception(settings: Settings, payload: str | None) -> None:
    assert proof_of_work.solved(settings, FORM, payload) is False
