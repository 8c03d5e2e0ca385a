"""Fetching what came back from its mailbox, in a conversation over TLS with a server on loopback."""

import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import trustme
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal.config import ConfigurationError, Settings, load_settings
from portal.mail import mailbox
from portal.mail.mailbox import MailboxError
from portal.mail.returned import LARGEST, NotYet, Returned
from tests.conftest import MakeApp
from tests.databases import engine_of
from tests.mail.imap_server import PASSWORD, USERNAME, ImapServer
from tests.mail.samples import sample

Taken = list[tuple[Returned, datetime]]

ACCESS = {
    "bounce_address": "bounces@portal.test",
    "bounce_imap_host": "localhost",
    "bounce_imap_username": USERNAME,
    "bounce_imap_password": PASSWORD,
}


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[ImapServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with ImapServer(context) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def app(make_app: MakeApp, server: ImapServer, trusted: None) -> Flask:
    """The application with that mailbox, trusting the authority of its certificate."""
    return make_app(**ACCESS, bounce_imap_port=server.port, mail_timeout=5)


@pytest.fixture
def taken(app: Flask) -> Taken:
    """What was handed on."""
    found: Taken = []

    def take(_session: Session, one: Returned, now: datetime) -> None:
        found.append((one, now))

    app.extensions["returned"] = take
    return found


@pytest.fixture
def mail(settings: Settings) -> Callable[..., bytes]:
    return lambda name, recipient_id=345: sample(settings, name, 12, recipient_id)


def flags(server: ImapServer) -> list[set[str]]:
    return [one.flags for one in server.mails]


@pytest.mark.parametrize("uid_last", [False, True])
def test_what_came_back_is_handed_on_and_leaves_the_mailbox(
    app: Flask, server: ImapServer, taken: Taken, mail: Any, uid_last: bool
) -> None:
    server.uid_last = uid_last
    server.put(mail("postfix-unknown-user", 1), mail("gmail-delay", 2), mail("spam", 3), mail("qmail-quota", 4))
    assert mailbox.fetch(app) == {"taken": 2, "idle": 1, "unclear": 1}
    arrived = datetime(2025, 12, 1, 12, 0, tzinfo=UTC)
    assert taken == [
        (Returned("hard", "5.1.1", 12, 1), arrived),
        (Returned("soft", "5.2.2", 12, 4), arrived),
    ]
    assert [one.content for one in server.mails] == [mail("spam", 3)]
    assert flags(server) == [{"\\Flagged"}], "what is unclear waits for a human, unread"


def test_what_waits_for_a_human_is_not_read_again(app: Flask, server: ImapServer, taken: Taken, mail: Any) -> None:
    server.put(mail("forged-token"))
    assert mailbox.fetch(app) == {"unclear": 1}
    server.commands.clear()
    assert mailbox.fetch(app) == {}
    assert not any("FETCH" in command for command in server.commands)


def test_mails_are_fetched_in_batches(app: Flask, server: ImapServer, taken: Taken, mail: Any) -> None:
    server.put(*(mail("postfix-unknown-user", number) for number in range(1, 61)))
    assert mailbox.fetch(app) == {"taken": 60}
    assert [one.recipient_id for one, _ in taken] == list(range(1, 61))
    assert sum("UID FETCH" in command for command in server.commands) == 3
    assert server.mails == []


def test_search_is_in_windows(
    app: Flask, server: ImapServer, taken: Taken, mail: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mailbox of any size is searched with answers of limited length."""
    monkeypatch.setattr(mailbox, "WINDOW", 10)
    server.put(*(mail("postfix-unknown-user", number) for number in range(1, 25)))
    assert mailbox.fetch(app) == {"taken": 24}
    searches = [command.split()[2] for command in server.commands if "SEARCH" in command]
    assert searches == ["1:10", "11:20", "21:24"]


def test_only_the_beginning_of_a_large_mail_is_fetched(app: Flask, server: ImapServer, taken: Taken, mail: Any) -> None:
    server.put(mail("postfix-unknown-user") + b"x" * 2_000_000)
    assert mailbox.fetch(app) == {"taken": 1}
    assert server.most_octets == LARGEST


def test_mail_stays_until_what_follows_from_it_is_committed(app: Flask, server: ImapServer, mail: Any) -> None:
    """The database is lost at the third mail: what is written down has left the mailbox, and nothing else."""
    server.put(*(mail("postfix-unknown-user", number) for number in range(1, 6)))
    app.extensions["returned"] = lose_the_database_at(3)
    with pytest.raises(OperationalError):
        mailbox.fetch(app)
    assert [one.content for one in server.mails] == [mail("postfix-unknown-user", number) for number in range(3, 6)]
    assert flags(server) == [set()] * 3


@pytest.mark.parametrize("arrived", ["99-Dec-2025 13:00:00 +0100", "01-Dec-0000 00:00:00 +0000", "gestern"])
def test_strange_date_of_arrival_stops_nothing(
    app: Flask, server: ImapServer, taken: Taken, mail: Any, arrived: str
) -> None:
    server.put(mail("postfix-unknown-user", 1), mail("postfix-unknown-user", 2))
    server.mails[0].arrived = arrived
    assert mailbox.fetch(app) == {"taken": 2}
    assert taken[0][1].year >= 2026


def test_stop_is_heard_between_two_mails(app: Flask, server: ImapServer, mail: Any) -> None:
    stop = threading.Event()
    app.extensions["returned"] = lambda *_: stop.set()
    server.put(mail("postfix-unknown-user", 1), mail("postfix-unknown-user", 2))
    assert mailbox.fetch(app, stop) == {"taken": 1}
    assert len(server.mails) == 1


def test_one_worker_at_a_time_and_no_transaction_meanwhile(
    app: Flask, session: Session, server: ImapServer, mail: Any
) -> None:
    """On PostgreSQL; an open transaction would keep it from cleaning up."""
    if session.get_bind().dialect.name == "sqlite":
        return
    seen: list[Any] = []

    def take(own: Session, _one: Returned, _now: datetime) -> None:
        own.rollback()
        with Session(engine_of(app)) as other:
            seen.append(other.scalar(text(_OTHERS_IDLE_IN_TRANSACTION)))
            other.rollback()
        seen.append(mailbox.fetch(app).total())

    session.commit()
    app.extensions["returned"] = take
    server.put(mail("postfix-unknown-user"))
    mailbox.fetch(app)
    assert seen == [0, 0]
    assert mailbox.fetch(app) == {}
    server.put(mail("spam"))
    assert mailbox.fetch(app) == {"unclear": 1}, "the lock is gone with its connection"


_OTHERS_IDLE_IN_TRANSACTION = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
)


def lose_the_database_at(recipient_id: int) -> Callable[[Session, Returned, datetime], None]:
    def take(_session: Session, one: Returned, _now: datetime) -> None:
        if one.recipient_id == recipient_id:
            raise OperationalError("", None, Exception("lost"))

    return take


@pytest.mark.parametrize("command", ["STORE", "EXPUNGE"])
def test_mail_is_read_again_where_the_connection_was_lost(
    app: Flask, server: ImapServer, taken: Taken, mail: Any, command: str
) -> None:
    """Whether it was marked or not: nothing is lost, and what is read twice counts for the same day."""
    server.put(mail("postfix-unknown-user"))
    server.fails_at = command
    with pytest.raises(MailboxError, match="removing"):
        mailbox.fetch(app)
    assert len(taken) == 1
    server.fails_at = ""
    mailbox.fetch(app)
    assert {moment for _, moment in taken} == {datetime(2025, 12, 1, 12, 0, tzinfo=UTC)}
    assert all("\\Deleted" in one.flags for one in server.mails)


def test_letter_still_in_a_workers_hand_is_looked_at_later(app: Flask, server: ImapServer, mail: Any) -> None:
    def not_yet(_session: Session, _one: Returned, _now: datetime) -> None:
        raise NotYet

    app.extensions["returned"] = not_yet
    server.put(mail("postfix-unknown-user"))
    assert mailbox.fetch(app) == {"later": 1}
    assert flags(server) == [set()]


def test_mail_from_the_future_counts_today(app: Flask, server: ImapServer, taken: Taken, mail: Any) -> None:
    server.put(mail("postfix-unknown-user"))
    server.mails[0].arrived = "01-Dec-2126 12:00:00 +0000"
    mailbox.fetch(app)
    assert taken[0][1].year < 2126


def test_certificate_is_verified(make_app: MakeApp, server: ImapServer) -> None:
    """Without `trusted`, nobody vouches for the server."""
    app = make_app(**ACCESS, bounce_imap_port=server.port)
    with pytest.raises(MailboxError, match="connecting: SSLCertVerificationError"):
        mailbox.fetch(app)
    assert server.commands == []


@pytest.mark.parametrize(
    ("changed", "step"),
    [
        ({"bounce_imap_password": "wrong"}, "logging in"),
        ({"bounce_imap_folder": "Weg"}, "opening the folder"),
        ({"bounce_imap_port": 1}, "connecting"),
    ],
)
def test_trouble_names_its_step(
    make_app: MakeApp, server: ImapServer, trusted: None, changed: dict[str, Any], step: str
) -> None:
    app = make_app(**ACCESS | {"bounce_imap_port": server.port} | changed)
    with pytest.raises(MailboxError, match=step):
        mailbox.fetch(app)


def test_server_that_says_nothing_is_not_waited_for(make_app: MakeApp, server: ImapServer, trusted: None) -> None:
    app = make_app(**ACCESS, bounce_imap_port=server.port, mail_timeout=0.2)
    with server.lock, pytest.raises(MailboxError, match="connecting: TimeoutError"):
        mailbox.fetch(app)


def test_worker_goes_on_when_the_mailbox_comes_back(
    app: Flask, server: ImapServer, taken: Taken, mail: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server.put(mail("postfix-unknown-user"))
    server.fails_at = "SELECT"
    stop = threading.Event()

    def take(_session: Session, one: Returned, now: datetime) -> None:
        taken.append((one, now))
        stop.set()

    app.extensions["returned"] = take
    thread = threading.Thread(target=mailbox.run, args=(app, stop))
    with caplog.at_level("INFO"):
        thread.start()
        while "bounces_unreachable" not in caplog.messages:
            assert thread.is_alive()
            stop.wait(0.01)
        server.fails_at = ""
        thread.join(20)
    assert not thread.is_alive()
    assert len(taken) == 1
    assert not any("portal.test" in str(vars(one)) for one in caplog.records), "no address in the log"


def test_without_a_mailbox_nothing_is_asked(make_app: MakeApp) -> None:
    stop = threading.Event()
    stop.set()
    mailbox.run(make_app(), stop)


def test_command_says_what_it_found(app: Flask, server: ImapServer, taken: Taken, mail: Any) -> None:
    server.put(mail("postfix-unknown-user"), mail("spam"))
    result = app.test_cli_runner().invoke(args=["bounces", "fetch"])
    assert result.exit_code == 0, result.output
    assert "1 vermerkt und gelöscht" in result.output
    assert "1 unklar" in result.output


def test_command_names_the_trouble(app: Flask, server: ImapServer) -> None:
    server.fails_at = "SELECT"
    result = app.test_cli_runner().invoke(args=["bounces", "fetch"])
    assert result.exit_code == 1
    assert "opening the folder" in result.output


def test_command_needs_a_mailbox(make_app: MakeApp) -> None:
    result = make_app().test_cli_runner().invoke(args=["bounces", "fetch"])
    assert result.exit_code == 1
    assert "PORTAL_BOUNCE_IMAP_HOST" in result.output


@pytest.mark.parametrize("missing", ["bounce_address", "bounce_imap_username", "bounce_imap_password"])
def test_mailbox_needs_all_of_its_settings(missing: str) -> None:
    given = {name: value for name, value in ACCESS.items() if name != missing}
    with pytest.raises(ConfigurationError, match="PORTAL_BOUNCE_IMAP_HOST needs"):
        load_settings(env="testing", database_url="sqlite://", **given)
