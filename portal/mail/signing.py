"""DKIM (RFC 6376), where the mail server does not sign."""

from pathlib import Path

import dkim

from portal.config import ConfigurationError, Settings

COVERED = (
    b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type", b"content-language",
    b"list-id", b"list-unsubscribe", b"list-unsubscribe-post",
)  # fmt: skip
"""One-click unsubscribing counts only if its headers are signed too (RFC 8058, 4)."""


class Signer:
    """Signs finished messages with the key of PORTAL_DKIM_KEY."""

    def __init__(self, settings: Settings, path: Path) -> None:
        self._selector = settings.dkim_selector.encode("ascii")
        self._domain = settings.dkim_domain.encode("ascii")
        try:
            self._key = path.read_bytes()
            self.signed(b"From: x\r\n\r\n")
        except (OSError, dkim.DKIMException) as error:
            raise ConfigurationError(f"PORTAL_DKIM_KEY: no private key in PEM can be read from {path}") from error

    def signed(self, content: bytes) -> bytes:
        """The message with its signature on top."""
        signature: bytes = dkim.sign(
            content,
            self._selector,
            self._domain,
            self._key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[name for name in COVERED if name in _names(content)],
        )
        return signature + content


def _names(content: bytes) -> set[bytes]:
    head = content.partition(b"\r\n\r\n")[0]
    return {line.partition(b":")[0].lower() for line in head.split(b"\r\n") if line[:1] not in b" \t"}


def make_signer(settings: Settings) -> Signer | None:
    """The signer of this installation, None where the mail server signs. Raises ConfigurationError."""
    return Signer(settings, settings.dkim_key) if settings.dkim_key else None
