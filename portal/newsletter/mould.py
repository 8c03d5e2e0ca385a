"""Letters by the thousand: what is the same for all is made into bytes once, and what is personal put between.

Values cannot become anything but text: they are escaped for the place they stand in, written as quoted-printable, and
never searched for fields.
"""

import re
from binascii import b2a_qp
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from functools import lru_cache
from html import escape
from urllib.parse import urlsplit

from portal.config import Settings
from portal.mail import verp
from portal.mail.compose import ON_THE_WIRE, ComposeError, bare, sender_of
from portal.newsletter.letters import Letter, fields

_CRLF = b"\r\n"
_SOFT = b"=\r\n"
"""A line break that readers take out again (RFC 2045, 6.7)."""
_UNSAFE = re.compile(r"[^!-~]|[<>]")
"""What no address between angle brackets has: blanks, control characters, brackets, anything beyond ASCII."""


class Mould:
    """Makes the letters of one campaign in one language."""

    def __init__(self, settings: Settings, campaign_id: int, kind: str, language: str, letter: Letter) -> None:
        sender = sender_of(settings)
        self._settings = settings
        self._campaign_id = campaign_id
        self._domain = sender.domain
        self.sender = sender.addr_spec
        # "=_" is in no quoted-printable text, so the boundary is in no part.
        boundary = f"=_nl-{campaign_id}-{language}"
        common = EmailMessage(policy=ON_THE_WIRE)
        common["From"] = sender
        common["Subject"] = letter.subject
        common["List-Id"] = f"<{kind}.{urlsplit(settings.base_url).hostname}>"
        common["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        common["MIME-Version"] = "1.0"
        common["Content-Language"] = language
        common["Content-Type"] = f'multipart/alternative; boundary="{boundary}"'
        names = "|".join(map(re.escape, fields(kind)))
        self._field = re.compile(rf"\{{\{{({names})\}}\}}")
        parts = [(False, "plain", letter.text), (True, "html", letter.html)]
        head = b"".join(ON_THE_WIRE.fold_binary(name, value) for name, value in common.raw_items())
        pieces: list[bytes | tuple[str, bool]] = [head, _CRLF]
        for is_html, subtype, text in parts:
            pieces.append(
                f'--{boundary}\r\nContent-Type: text/{subtype}; charset="utf-8"\r\n'
                "Content-Transfer-Encoding: quoted-printable\r\n\r\n".encode()
            )
            pieces += self._cut(text, is_html=is_html)
            pieces.append(_CRLF)
        pieces.append(f"--{boundary}--\r\n".encode())
        self._pieces, self._places = _arranged(pieces)

    def fill(self, email: str, recipient_id: int, unsubscribe: str, values: Mapping[str, str], now: datetime) -> bytes:
        """The letter to one recipient, as it goes over the wire but for dots at the beginning of lines.

        `unsubscribe` is the address that ends it with one click (RFC 8058). Raises ComposeError for an address that no
        header can hold, and KeyError for a field without a value.
        """
        head = (
            f"To: {address_in_header(email)}\r\n"
            f"Date: {_date(int(now.timestamp()))}\r\n"
            f"Message-ID: {self.message_id(recipient_id)}\r\n"
            f"List-Unsubscribe: <{unsubscribe}>\r\n"
        )
        pieces = self._pieces.copy()
        written: dict[tuple[str, bool], bytes] = {}
        for place, what in self._places:
            if what not in written:
                name, is_html = what
                value = " ".join(values[name].split())
                written[what] = _quoted(escape(value) if is_html else value) + _SOFT
            pieces[place] = written[what]
        return head.encode("ascii") + b"".join(pieces)

    def message_id(self, recipient_id: int) -> str:
        """The same at every attempt, and nobody else's."""
        return verp.message_id(self._settings, self._campaign_id, recipient_id, self._domain)

    def _cut(self, text: str, *, is_html: bool) -> Iterator[bytes | tuple[str, bool]]:
        """The text as quoted-printable, cut where fields stand; the cuts are soft line breaks."""
        for number, piece in enumerate(self._field.split(text)):
            if number % 2:
                yield _SOFT
                yield piece, is_html
            elif piece:
                yield _quoted(piece)


def address_in_header(email: str) -> str:
    """An address as headers and SMTP commands have it, its domain as DNS writes it. Raises ComposeError."""
    address = bare(email)
    if _UNSAFE.search(address):
        raise ComposeError("the address cannot stand in a header")
    return address


@lru_cache(maxsize=4)
def _date(second: int) -> str:
    """The same for all letters of one second."""
    return format_datetime(datetime.fromtimestamp(second, UTC))


def _quoted(text: str) -> bytes:
    """Quoted-printable (RFC 2045, 6.7): lines of at most 75 octets and the `=` of a soft break after them."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return b2a_qp(lines.encode(), istext=True).replace(b"\n", _CRLF)


def _arranged(pieces: list[bytes | tuple[str, bool]]) -> tuple[list[bytes], list[tuple[int, tuple[str, bool]]]]:
    """The pieces with neighbours joined, an empty one for each field, and which field stands where."""
    joined: list[bytes] = []
    places: list[tuple[int, tuple[str, bool]]] = []
    run: list[bytes] = []
    for piece in pieces:
        if isinstance(piece, bytes):
            run.append(piece)
        else:
            places.append((len(joined) + 1, piece))
            joined += [b"".join(run), b""]
            run = []
    return [*joined, b"".join(run)], places
