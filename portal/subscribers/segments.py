"""The segments of people that a campaign can go to: each slice that knows people offers its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy import Select
from sqlalchemy.orm import Session

from portal.personal_data import Text

NEWSLETTER, AFFIRMATION = KINDS = ("newsletter", "affirmation")
"""What a campaign is for: to tell how it goes on, or to ask who signed an older revision to affirm the new one."""


NOBODY = 0
"""A number that nobody in any segment has: the links of a test mail are made out to it, and change nothing."""


@dataclass(frozen=True)
class Narrowing:
    """One question by which a segment can be made smaller."""

    name: str
    label: Text
    choices: Callable[[Session], Sequence[tuple[str, Text]]]
    """(value, label); not to answer is to mean all."""


@dataclass(frozen=True)
class Segment:
    """People who have confirmed, and consented to mails of this kind."""

    name: str
    kind: str
    label: Text
    why: Text
    """Which consent covers it, in a sentence."""
    narrowings: tuple[Narrowing, ...]
    people: Callable[[Mapping[str, str]], Select[int, str, str]]
    """Who belongs to it, narrowed by the answers: rows of `id`, `language` and `address_key`, one for each letter."""
    reachable: Callable[[], Select[int, str, str, str | None]]
    """Those of all its people who may be mailed at this moment: rows of `id`, `address_key`, `email` and `name`. Asked
    with `where(id IN …)` in the transaction before a letter goes out: who unsubscribed or was erased is not in it."""
    owner: Callable[[], Select[int, str]]
    """Whose row each is, whatever its state: rows of `id` and `address_key`, for as long as there is a row."""
    end: Callable[[Session, int, datetime], bool]
    """(session, id, now) → one click on «abmelden» in a letter: this person gets no more of the kind. True if that
    made a difference: a second click, or one long after the person has gone, makes none."""


def current_segments() -> Mapping[str, Segment]:
    """The segments of the running application by their names."""
    segments: Mapping[str, Segment] = current_app.extensions["segments"]
    return segments
