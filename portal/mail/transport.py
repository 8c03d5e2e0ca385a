"""The conversation with the SMTP server: Flask-Mail's connection, with time limits, verified TLS and prepared bytes."""

import re
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress

import flask_mail
from flask import Flask

from portal.config import Settings
from portal.mail.bounces import status_meant
from portal.mail.compose import Composed

START_MAIL_INPUT = 354
CLOSING = 421
UNREADABLE = -1
LOST = 0
"""Stands for the reply that did not come."""


class Unreachable(Exception):
    """The server cannot be talked to: no fault of any mail."""


class Refused(Exception):
    """The server will never take this mail. The message is its code, for example `550 5.1.1`."""

    def __init__(self, code: str, *, at_rcpt: bool = False) -> None:
        super().__init__(code)
        self.at_rcpt = at_rcpt
        """Whether it was the recipient that was refused."""


class Postponed(Exception):
    """The server did not take this mail now, or, if `uncertain`, did not say whether it did."""

    def __init__(self, error: str, *, uncertain: bool = False, lost: bool = False) -> None:
        super().__init__(error)
        self.uncertain = uncertain
        self.lost = lost
        """Whether the connection is no more."""


class NotBegun(Exception):
    """What was to be done before the text could not be done, and the server has got none of it."""


class _Conversation(smtplib.SMTP):
    """SMTP that knows whether the server was told the body and has not answered yet."""

    body_under_way = False

    def getreply(self) -> tuple[int, bytes]:
        code, text = super().getreply()
        if code == UNREADABLE:
            self.close()
            raise smtplib.SMTPServerDisconnected("unreadable answer")
        self.body_under_way = code == START_MAIL_INPUT
        return code, text


class _EncryptedConversation(_Conversation, smtplib.SMTP_SSL):
    """The same, in TLS from the first byte."""


class _Prepared(flask_mail.Message):
    """A message whose bytes are final."""

    def __init__(self, composed: Composed) -> None:
        super().__init__(sender=composed.sender, recipients=[composed.recipient])
        self._content = composed.content

    def as_bytes(self) -> bytes:
        return self._content


class _Connection(flask_mail.Connection):
    def __init__(self, mail: flask_mail.Mail, seconds: float) -> None:
        super().__init__(mail)
        self._seconds = seconds

    def configure_host(self) -> _Conversation:
        server, port = self.mail.server, self.mail.port
        host: _Conversation
        if self.mail.use_ssl:
            host = _EncryptedConversation(server, port, timeout=self._seconds, context=ssl.create_default_context())
        else:
            host = _Conversation(server, port, timeout=self._seconds)
        try:
            if self.mail.use_tls:
                host.starttls(context=ssl.create_default_context())
            host.ehlo_or_helo_if_needed()
            if self.mail.username and self.mail.password:
                host.login(self.mail.username, self.mail.password)
        except BaseException:
            host.close()
            raise
        return host


class Transport:
    """One connection to the SMTP server, opened when it is needed and kept while there is work."""

    def __init__(self, app: Flask, seconds: float | None = None) -> None:
        """`seconds` is how long any one answer of the server may take, where that is not the setting's."""
        settings: Settings = app.extensions["settings"]
        self._app = app
        self._seconds = seconds or settings.mail_timeout
        self._mail = flask_mail.Mail(app)
        self._connection: _Connection | None = None
        self._host: _Conversation | None = None
        self._used = False

    def open(self) -> None:
        """Be connected. Raises Unreachable."""
        if self._connection is not None:
            return
        if not self._mail.server:
            raise Unreachable("MAIL_SERVER is not set")
        connection = _Connection(self._mail, self._seconds)
        try:
            self._host = connection.host = connection.configure_host()
        except smtplib.SMTPResponseException as error:
            raise Unreachable(_code(error.smtp_code, error.smtp_error)) from error
        except (smtplib.SMTPException, OSError) as error:
            raise Unreachable(type(error).__name__) from error
        self._connection = connection
        self._used = False

    def send(self, composed: Composed) -> None:
        """Return when the server has taken the mail; the connection must be open. Raises Refused or Postponed.

        A connection that has been used may have been closed by the server for its own reasons. If it turns out to be
        before the server has the body, a new one is opened, once.
        """
        fresh = not self._used
        try:
            self._converse(composed)
        except Postponed as lost:
            if fresh or lost.uncertain or self._connection is not None:
                raise
            try:
                self.open()
            except Unreachable as error:
                raise Postponed(str(error)) from error
            self._converse(composed)

    def _converse(self, composed: Composed) -> None:
        connection, host = self._connection, self._host
        if connection is None or host is None:
            raise Postponed("not connected")
        self._used = True
        code: int = LOST
        text: bytes | str = b""
        try:
            with self._app.app_context():
                connection.send(_Prepared(composed))
        except smtplib.SMTPRecipientsRefused as refusal:
            code, text = next(iter(refusal.recipients.values()))
        except smtplib.SMTPResponseException as refusal:
            code, text = refusal.smtp_code, refusal.smtp_error
        except (smtplib.SMTPException, OSError):
            pass
        else:
            return
        if code in {CLOSING, LOST}:
            self.abandon()
        if 500 <= code < 600:
            raise Refused(_code(code, text))
        raise Postponed(_code(code, text), uncertain=host.body_under_way, lost=self._connection is None)

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as anybody knows."""
        return self._connection is not None

    def hand_over(self, sender: str, recipient: str, content: bytes, begun: Callable[[], None]) -> None:
        """Return when the server has taken one of many finished mails; the connection must be open.

        `begun` is called when the server waits for the text and has nothing of it yet; if it raises, NotBegun is.
        Lines of `content` end with CRLF, the last one too. Raises Refused or Postponed. A used connection that turns
        out to be gone before the text is opened again, once.
        """
        fresh = not self._used
        try:
            self._dictate(sender, recipient, content, begun)
        except Postponed as gone:
            if fresh or gone.uncertain or not gone.lost:
                raise
            try:
                self.open()
            except Unreachable as error:
                raise Postponed(str(error), lost=True) from error
            self._dictate(sender, recipient, content, begun)

    def _dictate(self, sender: str, recipient: str, content: bytes, begun: Callable[[], None]) -> None:
        host = self._host
        if host is None:
            raise Postponed(_code(LOST, b""), lost=True)
        self._used = True
        try:
            verb, code, text = _ask(host, f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA")
            if code == START_MAIL_INPUT:
                self._announce(begun)
                host.send(content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
                code, text = host.getreply()
            elif code != CLOSING:
                host.rset()
        except (smtplib.SMTPException, OSError) as error:
            self.abandon()
            raise Postponed(_code(LOST, b""), uncertain=host.body_under_way, lost=True) from error
        if code == CLOSING:
            self.abandon()
        if 500 <= code < 600:
            raise Refused(_code(code, text), at_rcpt=verb == "RCPT")
        if not 200 <= code < 300:
            raise Postponed(_code(code, text), lost=self._connection is None)

    def _announce(self, begun: Callable[[], None]) -> None:
        try:
            begun()
        except BaseException as error:
            self.abandon()
            raise NotBegun from error

    def close(self) -> None:
        """Take leave of the server, if it still listens."""
        if self._host is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._host.quit()
        self.abandon()

    def abandon(self) -> None:
        """Drop the connection without a word."""
        if self._host is not None:
            self._host.close()
        self._connection = self._host = None


def _ask(host: _Conversation, *commands: str) -> tuple[str, int, bytes]:
    """Give the commands, all at once where the server likes it (RFC 2920): which one was answered first with a no, and
    how; else the last one."""
    at_once = host.has_extn("pipelining")
    if at_once:
        host.send("".join(f"{command}\r\n" for command in commands))
    refused = None
    answer = ("", LOST, b"")
    for command in commands:
        if not at_once:
            host.putcmd(command)
        answer = (command[:4], *host.getreply())
        if answer[1] >= 400 and refused is None:
            refused = answer
            if not at_once:
                break
    if refused is not None and host.body_under_way:
        # It waits for the text of a mail that nobody gets.
        host.body_under_way = False
        host.send(".\r\n")
        host.getreply()
    return refused or answer


def _code(code: int, text: bytes | str) -> str:
    """The reply code and the enhanced status code (RFC 3463), if there is one or the words can only mean one.

    The words themselves may name people.
    """
    if code == LOST:
        return "connection lost"
    words = text.decode("ascii", "replace") if isinstance(text, bytes) else text
    enhanced = re.match(r"[245]\.\d{1,3}\.\d{1,3}\b", words)
    if enhanced:
        return f"{code} {enhanced[0]}"
    meant = status_meant(words) if code >= 500 else None
    return f"{code} {meant}" if meant else str(code)
