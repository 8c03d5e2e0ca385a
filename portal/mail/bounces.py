"""What follows from mail that comes back, or is called spam: one score for each person and day, and suppression.

Codes are those of RFC 3463, as servers give them, perhaps after an SMTP reply code: `5.1.1`, `550 5.1.1`, `452`.
"""

import re
from datetime import UTC, datetime, timedelta

from sqlalchemy import case, delete, func, select
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.mail.models import BOUNCED, COMPLAINED, COMPLAINT, HARD, SOFT, Bounce
from portal.mail.suppression import insertion, suppress

NOBODY = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
"""There is no such mailbox or no such domain, the address cannot be one, its owner has moved, or the domain takes no
mail at all (RFC 7505): one such answer is enough."""

WINDOW = timedelta(days=30)
"""What happened longer ago says nothing about a mailbox any more."""
POINTS = {HARD: 3, SOFT: 1}
"""What one day counts."""
ENOUGH = 6
"""Two days on which a server said "never", six on which it said "not now", or what comes to the same: a mailbox that
is full over the holidays, or a provider that dislikes our server for a day, costs nobody the newsletter."""
KEPT = timedelta(days=90)
"""The WINDOW, and time for somebody to ask why."""

_RANK = {SOFT: 0, HARD: 1, COMPLAINT: 2}
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")
_OF_THE_ADDRESS = re.compile(r"5\.(?:0\.\d+|1\.(?:[0-6]|10)|2\.[01]|4\.[14]|5\.0)")
"""Permanent, and about the address: something unnamed (5.0), the address itself but for the sender's (5.1.7, 5.1.8), a
mailbox that is disabled, which RFC 3463 calls permanent or not as its owner likes (5.2.1), a domain with nobody to
answer or no route (5.4.1 and 5.4.4). Exchange says 5.4.1 of unknown recipients, and outlook.com 5.5.0."""

_OF_THE_RECIPIENT = re.compile(r"5\.(?:1\.(?![78]$)|2\.)\d+")
"""About the recipient's address or mailbox, for good or for now, whenever it is said."""

_POLICY = re.compile(
    r"\bspam\b|block(?:ed|list)|black ?list|policy|policies|reputation|\b(?:spf|dkim|dmarc|rbl|dnsbl)\b|virus"
    r"|sender (?:address )?(?:rejected|verif)",
    re.IGNORECASE,
)
_FULL = re.compile(
    r"box (?:is )?full|over ?quota|quota (?:exceeded|überschritten)|exceeded .{0,20}quota"
    r"|postfach (?:ist )?(?:voll|überfüllt)|insufficient (?:system )?storage|out of storage",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"(?:user|recipient|mailbox|account|address|empfänger|benutzer|postfach)(?: is)? (?:unknown|unbekannt|not found"
    r"|doe?s(?:n't| not) exist|existiert nicht|nicht gefunden)"
    r"|(?:unknown|no such|invalid|non-?existent|unbekannter|ungültiger) "
    r"(?:local[- ]part|user|recipient|mailbox|account|address|benutzer|empfänger)"
    r"|no mailbox here by that name|mailbox unavailable or (?:access|not)",
    re.IGNORECASE,
)


def record(session: Session, address_key: str, kind: str, code: str, now: datetime) -> None:
    """Note that mail to this address came back, or was called spam (BOUNCE_KINDS), and suppress it if that is enough.

    A day counts once, by the gravest that happened on it; to say the same again changes nothing.
    """
    day = now.astimezone(UTC).date()
    row = insertion(session, Bounce).values(address_key=address_key, day=day, kind=kind, code=code[:40])
    session.execute(
        row.on_conflict_do_update(
            index_elements=["address_key", "day"],
            set_={"kind": row.excluded.kind, "code": row.excluded.code},
            where=case(_RANK, value=Bounce.kind) < _RANK[kind],
        )
    )
    if kind == COMPLAINT:
        suppress(session, address_key, COMPLAINED, now, code[:40])
    elif status(code) in NOBODY or _points(session, address_key, now) >= ENOUGH:
        suppress(session, address_key, BOUNCED, now, code[:40])


def refused(session: Session, address_key: str, code: str, now: datetime) -> None:
    """The same for a server that refused the recipient in the conversation itself."""
    record(session, address_key, kind_of(code), code, now)


def kind_of(code: str) -> str:
    """HARD for what is permanent and about the address; SOFT for what passes, or is about the letter or about us."""
    found = status(code)
    if found is None:
        return HARD if code.startswith("5") else SOFT
    return HARD if _OF_THE_ADDRESS.fullmatch(found) else SOFT


def for_its_recipient(code: str, *, at_rcpt: bool) -> bool:
    """Whether a server refused a letter for its recipient's sake, and not for what all letters have.

    `at_rcpt` says that it was the recipient that it refused: without a status code nothing else is known.
    """
    found = status(code)
    if found is None:
        return at_rcpt
    return bool(_OF_THE_RECIPIENT.fullmatch(found)) or (at_rcpt and kind_of(code) == HARD)


def status(words: str) -> str | None:
    """The first enhanced status code in it, if there is one."""
    found = _STATUS.search(words)
    return found[1] if found else None


def status_meant(words: str) -> str | None:
    """The status code that a server means which gives none, by what it says: 5.1.1, 5.2.2 or 5.7.1; else None.

    Whoever speaks of blocking or policy is believed before anything else: that is never the address's fault.
    """
    if _POLICY.search(words):
        return "5.7.1"
    if _FULL.search(words):
        return "5.2.2"
    return "5.1.1" if _UNKNOWN.search(words) else None


def purge(session: Session, now: datetime, _settings: Settings) -> int:
    """Forget what happened long ago; how many days of how many people."""
    old = Bounce.day < (now - KEPT).astimezone(UTC).date()
    return len(session.scalars(delete(Bounce).where(old).returning(Bounce.id)).all())


def _points(session: Session, address_key: str, now: datetime) -> int:
    since = (now - WINDOW).astimezone(UTC).date()
    points = func.sum(case(POINTS, value=Bounce.kind, else_=0))
    counted = select(points).where(Bounce.address_key == address_key, Bounce.day > since)
    return session.scalar(counted) or 0
