"""An SMTP server on loopback that delivers every mail into one folder."""

import socket
from mailbox import Maildir

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"


class Catcher:
    """Takes any mail for anybody and keeps it in `folder`, until it is stopped."""

    def __init__(self, folder: Maildir) -> None:
        self._folder = folder
        self.port = free_port()
        self._controller = Controller(self, hostname=HOST, port=self.port)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep one mail. The name is what aiosmtpd calls."""
        content = envelope.content or b""
        self._folder.add(content if isinstance(content, bytes) else content.encode())
        return "250 OK"

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()


def free_port() -> int:
    """A port of the loopback interface on which nobody listens at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
