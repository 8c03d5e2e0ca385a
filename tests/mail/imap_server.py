"""An IMAP server on loopback with one mailbox (RFC 3501, as much of it as is asked for), which can be told to fail."""

import re
import socketserver
import ssl
import threading
from dataclasses import dataclass, field

USERNAME, PASSWORD = "bounces", 'ge"heim \\ genug'
ARRIVED = "01-Dec-2025 13:00:00 +0100"


@dataclass
class Stored:
    """One mail in the mailbox."""

    uid: int
    content: bytes
    flags: set[str] = field(default_factory=set)
    arrived: str = ARRIVED


class ImapServer(socketserver.ThreadingTCPServer):
    """The server. `fails_at` is a command at which it drops the connection; `commands` is what it was asked."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.context = context
        self.mails: list[Stored] = []
        self.commands: list[str] = []
        self.fails_at = ""
        self.uid_last = False
        """Whether UID and INTERNALDATE come behind the text, as with some servers."""
        self.most_octets = 0
        """The longest text that was sent."""
        self.lock = threading.Lock()
        self._next_uid = 100

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def put(self, *contents: bytes) -> None:
        """Have mails come in."""
        for content in contents:
            self._next_uid += 1
            self.mails.append(Stored(self._next_uid, content))

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no news."""


class _Conversation(socketserver.StreamRequestHandler):
    server: ImapServer

    def setup(self) -> None:
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def handle(self) -> None:
        self._say("* OK [CAPABILITY IMAP4rev1] ready")
        while line := self.rfile.readline():
            tag, _, command = line.decode().rstrip("\r\n").partition(" ")
            self.server.commands.append(command)
            verb = command.removeprefix("UID ").split(" ", 1)[0].upper()
            if verb == self.server.fails_at:
                return
            with self.server.lock:
                done = getattr(self, f"_{verb.lower()}")(command)
            self._say(f"{tag} {done}")
            if verb == "LOGOUT":
                return

    def _capability(self, _command: str) -> str:
        self._say("* CAPABILITY IMAP4rev1")
        return "OK done"

    def _login(self, command: str) -> str:
        quoted = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
        return "OK done" if command == f'LOGIN {USERNAME} "{quoted}"' else "NO [AUTHENTICATIONFAILED] no"

    def _select(self, command: str) -> str:
        if command != 'SELECT "INBOX"':
            return "NO no such mailbox"
        self._say(f"* {len(self.server.mails)} EXISTS")
        return "OK [READ-WRITE] done"

    def _search(self, command: str) -> str:
        asked = re.fullmatch(r"UID SEARCH (\d+):(\d+) UNDELETED UNFLAGGED", command)
        assert asked, command
        window = self.server.mails[int(asked[1]) - 1 : int(asked[2])]
        uids = [str(one.uid) for one in window if not one.flags & {"\\Deleted", "\\Flagged"}]
        self._say(" ".join(["* SEARCH", *uids]))
        return "OK done"

    def _fetch(self, command: str) -> str:
        asked = re.fullmatch(r"UID FETCH ([\d,]+) \(UID INTERNALDATE BODY\.PEEK\[\]<0\.(\d+)>\)", command)
        assert asked, command
        uids = asked[1].split(",")
        for number, one in enumerate(self.server.mails, start=1):
            if str(one.uid) not in uids:
                continue
            text = one.content[: int(asked[2])]
            self.server.most_octets = max(self.server.most_octets, len(text))
            items = f'UID {one.uid} INTERNALDATE "{one.arrived}"'
            before, behind = ("", f" {items}") if self.server.uid_last else (f"{items} ", "")
            self.wfile.write(f"* {number} FETCH ({before}BODY[]<0> {{{len(text)}}}\r\n".encode() + text)
            self._say(f"{behind})")
        return "OK done"

    def _store(self, command: str) -> str:
        asked = re.fullmatch(r"UID STORE ([\d,]+) \+FLAGS\.SILENT \((\\\w+)\)", command)
        assert asked, command
        for one in self.server.mails:
            if str(one.uid) in asked[1].split(","):
                one.flags.add(asked[2])
        return "OK done"

    def _expunge(self, _command: str) -> str:
        for number in range(len(self.server.mails), 0, -1):
            if "\\Deleted" in self.server.mails[number - 1].flags:
                del self.server.mails[number - 1]
                self._say(f"* {number} EXPUNGE")
        return "OK done"

    def _logout(self, _command: str) -> str:
        self._say("* BYE")
        return "OK done"

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())
