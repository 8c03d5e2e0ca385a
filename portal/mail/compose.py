"""From a row of the outbox to the bytes that go over the wire: the same row always gives the same bytes."""

import hashlib
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import parseaddr
from typing import Any

import idna
from flask import Flask, g
from jinja2 import StrictUndefined, Template
from sqlalchemy.exc import SQLAlchemyError

from portal.config import Settings
from portal.logs import described
from portal.mail.models import OutboxMail

LINE_OCTETS = 998
"""The longest line on the wire, without CRLF (RFC 5322, 2.1.1)."""
COLUMNS = 76
SIGNATURE_FOLLOWS = "-- "
"""The line before the sender's lines, with its blank at the end (RFC 3676, 4.3)."""
SHORT = 60
"""The characters that fit in the first line of a subject, more or less."""
FRAME = ("mail/layout.txt", "mail/layout.html", "mail/macros.html")


class _Policy(EmailPolicy):
    """Writes a subject beyond ASCII as encoded words throughout (RFC 2047).

    EmailPolicy mixes them with plain ones, and doubles the space where a line is folded between the two. It would also
    encode a link that is longer than a line, and nobody could follow it.
    """

    def fold_binary(self, name: str, value: str) -> bytes:
        if name == "List-Unsubscribe":
            return f"{name}: {value}{self.linesep}".encode("ascii")
        if name != "Subject" or (value.isascii() and len(value) < SHORT):
            return super().fold_binary(name, value)
        words = Header(value, "utf-8", header_name=name).encode(linesep=self.linesep)
        return f"{name}: {words}{self.linesep}".encode("ascii")


ON_THE_WIRE = _Policy(linesep=SMTP.linesep)
"""How messages are written."""


class ComposeError(Exception):
    """This mail cannot be written. The message says what kind of error and where, without anybody's data."""


@dataclass(frozen=True)
class Composed:
    """A mail as it is handed to the SMTP server; the addresses are bare and in ASCII."""

    sender: str
    recipient: str
    content: bytes
    template_version: str


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail. It is made when the mail is, and the same row makes the same bytes."""

    name: str
    maintype: str
    subtype: str
    content: bytes
    params: Mapping[str, str] = field(default_factory=dict)
    """Parameters of its Content-Type."""


MakeAttachment = Callable[[Mapping[str, Any]], Attachment | None]
"""What a slice makes of a mail's context, in the mail's language; None where there is nothing to attach any more."""


@dataclass(frozen=True)
class _Written:
    subject: str
    text: str
    html: str
    unsubscribe: str
    """The link by which one click ends mails like this one; empty where there is nothing to end."""
    attachment: Attachment | None


class Composer:
    """Writes mails from the templates of an application."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._settings: Settings = app.extensions["settings"]
        # A value that a mail lacks is an error here, where on a page it is an empty place.
        self._templates = app.jinja_env.overlay(undefined=StrictUndefined)
        self._loader = app.create_global_jinja_loader()
        self._attachments: Mapping[str, MakeAttachment] = app.extensions.get("attachments", {})
        self._versions: dict[str, str] = {}

    def compose(self, mail: OutboxMail) -> Composed:
        """The mail for a row that still has its recipient and context. Raises ComposeError."""
        with _explained():
            written = self._render(mail)
            recipient = bare(str(mail.recipient))
            sender = sender_of(self._settings)
            content = _message(sender, recipient, mail, written)
            version = self._version(mail.template)
        if any(len(line) > LINE_OCTETS for line in content.split(b"\r\n")):
            raise ComposeError("a header is too long")
        return Composed(sender.addr_spec, recipient, content, version)

    def _render(self, mail: OutboxMail) -> "_Written":
        """The mail in its language, with addresses that begin with the site's own."""
        values: dict[str, Any] = {**(mail.context or {}), "address_key": mail.address_key}
        with self._app.app_context(), self._app.test_request_context(base_url=self._settings.base_url):
            g.language = mail.language
            self._app.update_template_context(values)
            plain = self._templates.get_template(f"{mail.template}.txt")
            subject = _line(plain, "subject", values)
            text = _tidy(plain.render(values))
            html = self._templates.get_template(f"{mail.template}.html").render(values, subject=subject)
            make = self._attachments.get(mail.template)
            attachment = make(values) if make else None
            return _Written(subject, text, html, _line(plain, "unsubscribe", values), attachment)

    def _version(self, template: str) -> str:
        if template not in self._versions:
            names = (f"{template}.txt", f"{template}.html", *FRAME)
            sources = [self._loader.get_source(self._templates, name)[0] for name in names]
            self._versions[template] = hashlib.sha256("\0".join(sources).encode()).hexdigest()[:12]
        return self._versions[template]


def sender_of(settings: Settings) -> Address:
    """Who every mail comes from."""
    name, address = parseaddr(settings.mail_default_sender)
    return Address(name, addr_spec=bare(address))


def _line(template: Template, block: str, values: dict[str, Any]) -> str:
    """A block of a template on one line; empty if the template has none of this name."""
    if block not in template.blocks:
        return ""
    return " ".join("".join(template.blocks[block](template.new_context(values))).split())


def _message(sender: Address, recipient: str, mail: OutboxMail, written: _Written) -> bytes:
    message = EmailMessage(policy=ON_THE_WIRE)
    message["From"] = sender
    message["To"] = Address(addr_spec=recipient)
    message["Subject"] = written.subject
    message["Date"] = mail.created_at
    message["Message-ID"] = f"<{mail.message_id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    if written.unsubscribe:
        # One click in the reader's own program (RFC 8058).
        message["List-Unsubscribe"] = f"<{written.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    # Quoted-printable keeps the text readable in the source, and any line of it below 77 octets.
    message.set_content(written.text, cte="quoted-printable")
    message.add_alternative(written.html, subtype="html", cte="quoted-printable")
    message.set_boundary(f"=_{mail.message_id}")
    if (file := written.attachment) is not None:
        # In base64 no mail server changes its line ends.
        message.add_attachment(
            file.content,
            maintype=file.maintype,
            subtype=file.subtype,
            cte="base64",
            filename=file.name,
            params={"charset": "utf-8", **file.params} if file.maintype == "text" else dict(file.params),
        )
        message.set_boundary(f"=_{mail.message_id}_with_file")
    # What begins with Content- belongs to the part that it is set before, so this comes last.
    message["Content-Language"] = mail.language
    return message.as_bytes()


def bare(address: str) -> str:
    """The address with its domain as DNS writes it (IDNA 2008). Raises ComposeError for a local part beyond ASCII."""
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        raise ComposeError("the address needs SMTPUTF8")
    return f"{local}@{domain if domain.isascii() else idna.encode(domain, uts46=True).decode()}"


def _tidy(text: str) -> str:
    """Lines of at most 76 columns where words allow, at most one empty line in a row, one line feed at the end."""
    lines = [line if len(line) <= COLUMNS else _wrapped(line) for line in map(str.rstrip, text.splitlines())]
    lines = [SIGNATURE_FOLLOWS if line == SIGNATURE_FOLLOWS.rstrip() else line for line in lines]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"


def _wrapped(line: str) -> str:
    """What goes on in the next line stands below the words, also those of a list item."""
    indent = " " * (len(line) - len(re.sub(r"^\s*(- )?", "", line)))
    return textwrap.fill(line, COLUMNS, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


@contextmanager
def _explained() -> Iterator[None]:
    """Turn whatever a template or a value can raise into a ComposeError; the database's absence is not their fault."""
    try:
        yield
    except (ComposeError, SQLAlchemyError):
        raise
    except Exception as error:
        raise ComposeError(described(error)) from error
