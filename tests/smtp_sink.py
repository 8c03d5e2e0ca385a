"""An SMTP server on loopback that notes what it takes before it says so, and misbehaves when told to."""

import email
import email.policy
import socket
import socketserver
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal, cast

import pytest

Fault = Literal[
    "421 before DATA",
    "451 at RCPT",
    "451 after the dot",
    "550 5.1.1",
    "550 5.2.2",
    "550 5.7.1",
    "554 after the dot",
    "hang before DATA",
    "hang after the dot",
    "RST before DATA",
    "RST in the body",
    "drop after the dot",
    "garbage after the dot",
]
PATIENCE = 60.0


@dataclass(frozen=True)
class Taken:
    """One message as it came over the wire."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        return email.message_from_bytes(self.content, policy=email.policy.default)

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])

    @property
    def text(self) -> str:
        """The text part, decoded."""
        body = self.message.get_body(("plain",))
        return str(body.get_content()) if body else ""

    @property
    def html(self) -> str:
        """The HTML part, decoded."""
        body = self.message.get_body(("html",))
        return str(body.get_content()) if body else ""


class Sink:
    """The server. `faults` are used up one per MAIL command; when none is left, every message is taken."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.tls = tls
        self.taken: list[Taken] = []
        self.faults: deque[Fault] = deque()
        self.connections = 0
        self.attempts = 0
        """MAIL commands, whatever became of them."""
        self.seconds = 0.0
        """How long the server thinks about each message before it answers."""
        self.pipelining = False
        """Whether it says that commands may come together."""
        self.unlucky = ""
        """The recipient at whose name it always hangs up."""
        self.at_rcpt: Callable[[], None] = lambda: None
        """Called before the answer to RCPT."""
        self.ended = threading.Event()
        self.port = 0
        self._server: _Server | None = None

    @property
    def message_ids(self) -> list[str]:
        return [taken.message_id for taken in list(self.taken)]

    def start(self) -> None:
        """Listen, after a stop on the same port as before."""
        self.ended.clear()
        self._server = _Server(("127.0.0.1", self.port), self)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Hang up on everybody and listen no more."""
        self.ended.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.hang_up()
            self._server.server_close()
            self._server = None

    def wait_for(self, number: int) -> list[Taken]:
        """All messages, as soon as there are so many."""
        end = time.monotonic() + PATIENCE
        while len(self.taken) < number:
            assert time.monotonic() < end, f"{len(self.taken)} of {number} messages after {PATIENCE:.0f} s"
            time.sleep(0.01)
        return list(self.taken)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = True

    def __init__(self, address: tuple[str, int], sink: Sink) -> None:
        super().__init__(address, _Conversation)
        self.sink = sink
        self.open: set[socket.socket] = set()

    def hang_up(self) -> None:
        for connection in list(self.open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away in the middle is what these tests are about."""


class _Gone(Exception):
    pass


class _Conversation(socketserver.BaseRequestHandler):
    def setup(self) -> None:
        server = cast("_Server", self.server)
        self.sink, self.peers = server.sink, server.open
        self.sink.connections += 1
        self.connection: socket.socket = self.request
        self.peers.add(self.connection)
        self.file = self.connection.makefile("rb")
        self.sender = ""
        self.recipients: list[str] = []
        self.fault: Fault | None = None

    def finish(self) -> None:
        self.peers.discard(self.connection)
        self.file.close()
        self.connection.close()

    def handle(self) -> None:
        with suppress(_Gone, OSError):
            self.say("220 sink")
            while line := self.file.readline():
                self.obey(line.decode("ascii").strip())

    def say(self, *lines: str) -> None:
        self.connection.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def obey(self, line: str) -> None:
        verb = line[:4].upper()
        if verb == "EHLO":
            extensions = ["250-sink", "250-STARTTLS"] if self.sink.tls else ["250-sink"]
            extensions += ["250-PIPELINING"] if self.sink.pipelining else []
            self.say(*extensions, "250 8BITMIME")
        elif verb == "STAR" and self.sink.tls:
            self.say("220 go ahead")
            self.encrypt(self.sink.tls)
        elif verb == "MAIL":
            self.begin(line)
        elif verb == "RCPT":
            self.name(line)
        elif verb == "DATA":
            self.receive()
        elif verb == "QUIT":
            self.say("221 bye")
            raise _Gone
        else:
            self.say("250 OK")

    def encrypt(self, context: ssl.SSLContext) -> None:
        self.file.close()
        self.peers.discard(self.connection)
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.peers.add(self.connection)
        self.file = self.connection.makefile("rb")

    def begin(self, line: str) -> None:
        self.sink.attempts += 1
        self.fault = self.sink.faults.popleft() if self.sink.faults else None
        self.sender, self.recipients = _address(line), []
        if self.fault == "421 before DATA":
            self.say("421 4.3.2 come back later")
            raise _Gone
        self.say("250 OK")

    def name(self, line: str) -> None:
        self.sink.at_rcpt()
        address = _address(line)
        if address == self.sink.unlucky:
            self.reset()
        if self.fault in {"550 5.2.2", "550 5.7.1"}:
            self.say(f"{self.fault} no")
        elif self.fault == "550 5.1.1":
            self.say(f"550 5.1.1 <{address}>: nobody of that name")
        elif self.fault == "451 at RCPT":
            self.say("451 4.7.1 try again later")
        else:
            self.recipients.append(address)
            self.say("250 OK")

    def receive(self) -> None:
        if self.fault == "hang before DATA":
            self.hang()
        if self.fault == "RST before DATA":
            self.reset()
        self.say("354 go ahead")
        if self.fault == "RST in the body":
            self.file.readline()
            self.reset()
        lines = []
        while (line := self.file.readline()) != b".\r\n":
            if not line:
                raise _Gone
            lines.append(line[1:] if line.startswith(b".") else line)
        self.answer(b"".join(lines))

    def answer(self, content: bytes) -> None:
        if not self.recipients:
            self.say("554 5.5.1 no valid recipients")
            return
        if self.fault == "451 after the dot":
            self.say("451 4.3.0 no room just now")
            return
        if self.fault == "554 after the dot":
            self.say("554 5.6.0 we do not like this")
            return
        self.sink.taken.append(Taken(self.sender, tuple(self.recipients), content))
        self.sink.ended.wait(self.sink.seconds)
        if self.fault == "hang after the dot":
            self.hang()
        if self.fault == "drop after the dot":
            raise _Gone
        self.say("what?" if self.fault == "garbage after the dot" else "250 OK")

    def hang(self) -> None:
        self.sink.ended.wait(PATIENCE)
        raise _Gone

    def reset(self) -> None:
        """Close so that the other side gets a TCP reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise _Gone


def _address(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A running SMTP server; give an app its `port`."""
    sink = Sink()
    sink.start()
    yield sink
    sink.stop()
