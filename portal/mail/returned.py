"""Reads what comes back: delivery reports (RFC 3464), complaints (RFC 5965), and what servers wrote before there were
standards. Whom it is about is never taken from its words, only from the token that we gave the letter.

What comes in can be anything. Reading it raises nothing, and takes little time and memory whatever it is.
"""

import codecs
import email
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.header import decode_header, make_header
from email.message import Message
from email.policy import Compat32, Policy
from email.utils import parseaddr
from enum import Enum
from typing import Any, TypeAlias

from flask import current_app
from flufl.bounce import all_failures
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.mail import verp
from portal.mail.bounces import kind_of, status, status_meant
from portal.mail.models import COMPLAINT

LARGEST = 256 * 1024
"""So much of a mail is read: reports stand before what they return."""
LONGEST_LINE = 998
"""What RFC 5322 allows. Longer ones are cut: the patterns of flufl.bounce take their time by the square of them."""
MOST_LINES = 8000
"""So many lines of a mail are read: an encoded one of LARGEST octets has fewer."""
MOST_NESTED = 20
MOST_PARTS = 50
"""A mail with more parts, or more parts within parts, is no report, but an attempt to keep us busy."""
LONGEST_FIELD = 4096
"""So many characters of a field in a header are read."""
LONGEST_TEXT = 16 * 1024
GUESSED_FROM = 64 * 1024
"""So much of a mail is handed to flufl.bounce."""
CHARSETS = {"utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252"}
"""Others are read as Latin-1: what we look for is ASCII, and Python knows some that take hours to decode."""

_ENDLESS_LINE = re.compile(rb"([^\n]{%d})[^\n]+" % LONGEST_LINE)
_NESTED = re.compile(rb"content-type:\s*(?:multipart|message)/", re.IGNORECASE)
_LINK = re.compile(r"https?://[^<>]*/([^<>/]+)")
_ADDRESS = re.compile(r"[^\s<>,;:\"()]{1,128}@[^\s<>,;:\"()]{1,255}")
_ENVELOPE = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")
_DAEMONS = re.compile(r"mailer-?daemon|mail-?daemon|postmaster|microsoftexchange[0-9a-f]*", re.IGNORECASE)
_ANSWER = re.compile(
    r"\s*(?:(?:re|aw):\s*)?(?:auto(?:matic|mated|matische)?[ -]?(?:reply|response|antwort)|auto:|autoreply|abwesen"
    r"|ich bin (?:im urlaub|nicht)|urlaub|out of (?:the )?office|vacation)",
    re.IGNORECASE,
)
_LATE = re.compile(r"delay|warning|verzöger|noch nicht", re.IGNORECASE)
_RETURNED_TEXT = re.compile(
    r"^[-=* ]{2,}.{0,30}(?:copy of|original message|header|returned message|ursprüngliche|originalnachricht)"
    r"|^received: ",
    re.IGNORECASE | re.MULTILINE,
)
_REPLY = re.compile(r"(?<![\d.])([45][0-5]\d)[ -](?!\d)")

# It tells of every step, and of every mail that it cannot read.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)

COMPLAINTS = {"abuse", "fraud", "opt-out", "opt-out-list"}
"""The feedback types that say: this person does not want our mail. Others are for a human, if for anybody."""
NO_COMPLAINTS = {"not-spam", "auth-failure"}


@dataclass(frozen=True)
class Returned:
    """A letter of a campaign came back, or was called spam."""

    kind: str
    """One of BOUNCE_KINDS."""
    code: str
    """What it came back with (RFC 3463), or the kind of complaint (RFC 5965)."""
    campaign_id: int
    recipient_id: int


class Aside(Enum):
    """What is no bounce of ours."""

    IDLE = "idle"
    """An automatic answer, a delay, a receipt: nothing follows from it."""
    UNCLEAR = "unclear"
    """It cannot be read, or it is not about a letter of ours: somebody may want to look."""


class NotYet(Exception):
    """The letter that came back is still in a worker's hand: read the mail again later."""


Take: TypeAlias = Callable[[Session, Returned, datetime], None]
"""(session, what came back, when) → it is written down; may raise NotYet."""


def take(session: Session, found: Returned, now: datetime) -> None:
    """Have what came back written down by whoever knows whose letter it was. Raises NotYet."""
    known: Take = current_app.extensions["returned"]
    known(session, found, now)


def read(settings: Settings, content: bytes) -> Returned | Aside:
    """What a mail to our bounce address says. Only its first LARGEST bytes are looked at."""
    try:
        return _judged(settings, _parsed(content[:LARGEST]), content[:GUESSED_FROM])
    except Exception:  # noqa: BLE001 - whatever somebody has sent, it must not stop what stands behind it
        return Aside.UNCLEAR


class _TooMuch(Exception):
    """A mail has more parts than a report can have."""


class _Briefly(Compat32):
    """Reads the beginning of each field."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:LONGEST_FIELD]


_BRIEFLY = _Briefly()


def _parsed(content: bytes) -> Message:
    """The mail, as far as it is read. Raises _TooMuch."""
    content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    content = b"\n".join(content.split(b"\n", MOST_LINES)[:MOST_LINES])
    content = _ENDLESS_LINE.sub(rb"\1", content)
    if len(_NESTED.findall(content)) > MOST_NESTED:
        raise _TooMuch
    made = 0

    def part(policy: Policy = _BRIEFLY) -> Message:
        nonlocal made
        made += 1
        if made > MOST_PARTS:
            raise _TooMuch
        return Message(policy)

    message: Message = email.message_from_bytes(content, part, policy=_BRIEFLY)
    for one in message.walk():
        if not _is_usual(one.get_content_charset("utf-8")):
            one.set_param("charset", "iso-8859-1")
    return message


def _is_usual(charset: str) -> bool:
    try:
        return codecs.lookup(charset).name in CHARSETS
    except (LookupError, ValueError):
        return False


def _judged(settings: Settings, message: Message, beginning: bytes) -> Returned | Aside:
    parts = list(_own_parts(message))
    reports = [part for part in parts if part.get_content_type() == "message/feedback-report"]
    if reports:
        return _complaint(settings, message, reports[0], parts)
    verdict = _verdict(message, parts, beginning)
    if isinstance(verdict, Aside):
        return verdict
    about = _token(settings, message, _ENVELOPE)
    return Returned(kind_of(verdict), verdict, *about) if about else Aside.UNCLEAR


def _verdict(message: Message, parts: list[Message], beginning: bytes) -> str | Aside:
    """The status code that it came back with."""
    blocks = [
        block
        for part in parts
        if part.get_content_type() == "message/delivery-status" and part.is_multipart()
        for block in _within(part)
    ]
    standard = message.get_content_type() == "multipart/report"
    if blocks and standard:
        return _reported(blocks)
    if standard and any(part.get_content_type() == "message/disposition-notification" for part in parts):
        return Aside.IDLE
    if _answers_by_itself(message):
        return Aside.IDLE
    if blocks:
        return _reported(blocks)
    return _guessed(message, parts, beginning)


def _reported(blocks: list[Message]) -> str | Aside:
    """By the report's fields (RFC 3464). A letter goes to one mailbox; where that hands it on to several, it has come
    back only if it did from all of them, and with the mildest of the codes."""
    actions = [(_field(block, "Action").lower(), block) for block in blocks if "Action" in block]
    if any(action.startswith(("delivered", "relayed", "expanded")) for action, _ in actions):
        return Aside.IDLE
    # OpenSMTPD says "error".
    failed = [_status_of(block) for action, block in actions if action.startswith(("fail", "error"))]
    if failed:
        return min(failed, key=_gravity)
    return Aside.IDLE if any(action.startswith("delayed") for action, _ in actions) else Aside.UNCLEAR


def _status_of(block: Message) -> str:
    """What is said more exactly in the server's own words is believed before a code that says nothing."""
    given, words = status(_field(block, "Status")), _field(block, "Diagnostic-Code")
    if given and not given.endswith(".0.0"):
        return given
    exact = status(words)
    if exact and not exact.endswith(".0.0"):
        return exact
    temporary = (given or words).startswith("4") or re.search(r"smtp;\s*4\d\d", words) is not None
    if temporary:
        return given or "4.0.0"
    return status_meant(words) or given or "5.0.0"


def _gravity(code: str) -> tuple[bool, bool]:
    return code.startswith("5"), kind_of(code) == "hard"


def _guessed(message: Message, parts: list[Message], beginning: bytes) -> str | Aside:
    """By the words of servers that write no reports: whether it is a bounce at all, flufl.bounce knows for many kinds,
    and the sender's name for others; with which code, the words say."""
    words = _words(parts)
    code = status(words)
    if code is None or code.endswith(".0.0"):
        code = status_meant(words) or code
    reply = _REPLY.search(words)
    if code is None and reply:
        code = f"{reply[1][0]}.0.0"
    temporary, permanent = all_failures(_parsed(beginning))
    if permanent:
        return code or "5.0.0"
    late = _LATE.search(_decoded(_field(message, "Subject"))) is not None
    if temporary or (late and (code is None or code.startswith("4"))):
        return Aside.IDLE if _by_a_daemon(message) or temporary else Aside.UNCLEAR
    return code if code and not code.startswith("2") and _by_a_daemon(message) else Aside.UNCLEAR


def _answers_by_itself(message: Message) -> bool:
    """Whether a mailbox has answered in its owner's absence, whatever the answer says. Servers that return mail mark
    it as automatic too (RFC 3834); these say who they are."""
    if any(name in message for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-AutoReply-From")):
        return True
    if _field(message, "Precedence").lower() in {"auto_reply", "auto-reply"}:
        return True
    if _ANSWER.match(_decoded(_field(message, "Subject"))):
        return True
    replied = _field(message, "Auto-Submitted").lower().startswith("auto-replied")
    return replied and not _by_a_daemon(message) and "X-Failed-Recipients" not in message


def _by_a_daemon(message: Message) -> bool:
    return _DAEMONS.fullmatch(parseaddr(_field(message, "From"))[1].partition("@")[0]) is not None


def _complaint(settings: Settings, message: Message, report: Message, parts: list[Message]) -> Returned | Aside:
    """A provider's report that somebody has called a letter spam. It may have gone to any address of ours; then the
    letter in it says whose it was, by what only its reader has: where it comes back to, or the link to unsubscribe. Its
    Message-ID proves nothing: it stands in every answer to it."""
    fields = next(iter(_within(report)), None)
    kind = _field(fields, "Feedback-Type").lower() if fields is not None else ""
    if kind in NO_COMPLAINTS:
        return Aside.IDLE
    if kind not in COMPLAINTS or fields is None:
        return Aside.UNCLEAR
    originals = [fields, *(one for part in parts for one in _original(part))]
    about = _token(settings, message, _ENVELOPE)
    for original in originals:
        about = about or _token(settings, original, ("Original-Mail-From", "Return-Path"))
        about = about or _unsubscribing(settings, original)
    return Returned(COMPLAINT, kind, *about) if about else Aside.UNCLEAR


def _original(part: Message) -> Iterator[Message]:
    """The letter in a report, or its header."""
    if part.get_content_type() == "message/rfc822":
        yield from _within(part)
    elif part.get_content_type() == "text/rfc822-headers":
        yield email.message_from_string(_text(part))


def _own_parts(message: Message) -> Iterator[Message]:
    """The message and its parts, but not those of messages that it carries."""
    yield message
    if message.get_content_maintype() == "multipart":
        for part in _within(message):
            yield from _own_parts(part)


def _within(message: Message) -> list[Message]:
    payload: Any = message.get_payload()
    return payload if isinstance(payload, list) else []


def _words(parts: list[Message]) -> str:
    """What a server says in its own words, as far as the letter that it returns does not begin."""
    texts = [part for part in parts if part.get_content_type() in {"text/plain", "text/html"}]
    said = " ".join(_text(part) for part in texts[:2])[:LONGEST_TEXT]
    return _RETURNED_TEXT.split(said, maxsplit=1)[0]


def _text(part: Message) -> str:
    payload: Any = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    return payload[: 4 * LONGEST_TEXT].decode(part.get_content_charset("utf-8"), "replace")


def _token(settings: Settings, message: Message, fields: tuple[str, ...]) -> tuple[int, int] | None:
    """The campaign and recipient of the first address of ours in these fields; one that was made up is none."""
    for name in fields:
        for value in message.get_all(name, []):
            for address in _ADDRESS.findall(str(value)):
                about = verp.read(settings, address)
                if about:
                    return about
    return None


def _unsubscribing(settings: Settings, letter: Message) -> tuple[int, int] | None:
    """The campaign and recipient of the link by which its reader can unsubscribe (RFC 8058)."""
    links = _LINK.findall("".join(_field(letter, "List-Unsubscribe").split()))
    return verp.read_unsubscribe_token(settings, links[0]) if links else None


def _field(message: Message, name: str) -> str:
    return str(message.get(name, "")).strip()


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (LookupError, ValueError):
        return value
