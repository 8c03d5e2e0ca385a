"""`make bench`: prints, as Markdown, what was measured on SQLite and, with TEST_DATABASE_URL, on PostgreSQL."""

import http.cookies
import os
import platform
import smtplib
import sqlite3
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import Engine, create_engine, text

from bench import newsletter, rendering
from bench.load import CLIENTS, ROUNDS, SECONDS, Request, Result, available, compare
from bench.people import add_signatures
from tests.databases import build_schema, postgresql_database, postgresql_server
from tests.journeys.site import Process, free_port, wait_until
from tests.operator import filled_content

WORKERS, THREADS = 2, 16
FEW, MANY = 1_000, 1_000_000
MAILS = 3_000
PROGRAMS = Path(sys.executable).parent


class Stand:
    """One database, the portal and the bare application on it, each under the same server, and an SMTP sink."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.folder = folder
        self.engine = create_engine(database_url)
        self.sink_port = free_port()
        self.environment = {
            "PATH": str(PROGRAMS),
            "PORTAL_ENV": "production",
            "PORTAL_INSTANCE": str(folder),
            "PORTAL_CONTENT": str(filled_content(folder)),
            "PORTAL_BASE_URL": "https://portal.example",
            "PORTAL_ALLOWED_NETWORKS": "127.0.0.0/8",
            "PORTAL_ADDRESS_SECRET": "only good for measuring, and long enough",
            "SECRET_KEY": "only good for measuring, and long enough",
            "DATABASE_URL": database_url,
            "MAIL_SERVER": "127.0.0.1",
            "MAIL_PORT": str(self.sink_port),
            "MAIL_DEFAULT_SENDER": "Portal <portal@portal.example>",
            "BENCH_PAGE": str(folder / "page.html"),
        }

    @contextmanager
    def serving(self, target: str) -> Iterator[str]:
        """The URL at which `target` (module:application) is served."""
        port = free_port()
        command = [
            str(PROGRAMS / "granian"),
            "--interface",
            "wsgi",
            "--port",
            str(port),
            "--no-ws",
            "--log-level",
            "error",
        ]
        command += ["--workers", str(WORKERS), "--blocking-threads", str(THREADS), target]
        url = f"http://127.0.0.1:{port}"
        with self.running(command):
            try:
                wait_until(lambda: answers(url), f"{target} at {url}")
            except AssertionError as error:
                error.add_note((self.folder / "bench.log").read_text()[-4000:])
                raise
            yield url

    @contextmanager
    def running(self, command: list[str]) -> Iterator[None]:
        process = Process(command, self.environment, self.folder / "bench.log")
        process.start()
        try:
            yield
        finally:
            process.stop()

    def flask(self, *arguments: str) -> list[str]:
        return [str(PROGRAMS / "flask"), "--app", "wsgi", *arguments]


def answers(url: str) -> bool:
    """Whether a server has begun to serve."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status)
    except OSError:
        return False


def row(name: str, database: str, result: Result, limit: Result) -> str:
    ratio = result.rate / limit.rate
    return (
        f"| {name} | {database} | {result.rate:,.0f} /s | {limit.rate:,.0f} /s | **{ratio:.2f}** "
        f"| {result.median:.1f} / {result.p99:.0f} ms | {result.errors + limit.errors} |"
    )


def measure_page(stand: Stand, database: str) -> str:
    """The declaration, against a bare view that returns the same bytes."""
    with stand.serving("wsgi:app") as url:
        with urllib.request.urlopen(f"{url}/erklaerung", timeout=10) as answer:
            (stand.folder / "page.html").write_bytes(answer.read())
        with stand.serving("bench.bare:app") as bare:
            page, limit = compare([Request(url, "/erklaerung"), Request(bare)], stand.folder, "page")
    return row("declaration page, against the same bytes", database, page, limit)


def measure_sign_up(stand: Stand, database: str) -> str:
    """The form's last step, against one raw commit; every answer must have left its rows."""
    with stand.serving("wsgi:app") as url, stand.serving("bench.bare:app") as bare:
        request = sign_up(url)
        sent, limit = compare([request, Request(bare, body="x=1")], stand.folder, database)
        rows, mails = count(stand.engine, "signatures"), count(stand.engine, "outbox")
    assert rows >= sent.requests, f"{sent.requests} answers, {sent.errors} errors, but only {rows} signatures"
    assert mails == rows, f"{rows} signatures, but {mails} mails"
    return row("sign-up, against one raw commit", database, sent, limit)


def sign_up(url: str) -> Request:
    """The last POST of a sign-up, as the check page would send it."""
    with urllib.request.urlopen(f"{url}/unterzeichnen", timeout=10) as answer:
        cookies = http.cookies.SimpleCookie(answer.headers["Set-Cookie"] or "")
        form = LexborHTMLParser(answer.read())
    fields = {"name": "Ada Vermessen", "occupation": "Sozialarbeit", "field": "", "organisation": "", "place": "Essen"}
    fields |= {"state": "", "show_name": "y", "show_place": "y", "consent": "y", "website": ""}
    for hidden in form.css("main form input[type=hidden]"):
        fields[hidden.attributes.get("name") or ""] = hidden.attributes.get("value") or ""
    # The form takes what comes back within three seconds for a machine's.
    time.sleep(3.5)
    body = urllib.parse.urlencode(fields | {"step": "send"}) + "&email=MARK%40example.org"
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())
    return Request(url, "/unterzeichnen", body, cookie)


def measure_worker(stand: Stand, database: str) -> str:
    """How fast the worker sends what the sign-ups left, against one connection with prepared bytes."""
    with stand.running([sys.executable, "-m", "bench.sink", str(stand.sink_port)]):
        limit = wait_until(lambda: send_prepared(stand.sink_port), "the sink")
        with stand.running(stand.flask("worker")):
            wait_until(lambda: count(stand.engine, "outbox", "status = 'sent'"), "the first mail")
            started, before = time.monotonic(), count(stand.engine, "outbox", "status = 'sent'")
            while count(stand.engine, "outbox", "status = 'pending'") and time.monotonic() - started < 30:
                time.sleep(0.2)
            rate = (count(stand.engine, "outbox", "status = 'sent'") - before) / (time.monotonic() - started)
    figures = f"{rate:,.0f} /s | {limit:,.0f} /s | **{rate / limit:.2f}**"
    return f"| worker, against prepared bytes | {database} | {figures} | | |"


def send_prepared(port: int) -> float:
    """Messages a second over one connection, made once and sent over and over; 0 while nobody listens."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = "portal@portal.example", "ada@example.org", "x"
    mail.set_content("x" * 3000)
    prepared = mail.as_bytes()
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as connection:
            started = time.monotonic()
            for _ in range(MAILS):
                connection.sendmail("portal@portal.example", "ada@example.org", prepared)
            return MAILS / (time.monotonic() - started)
    except ConnectionError:
        return 0.0


def measure_list(stand: Stand, database: str) -> str:
    """The list written anew for each answer, with few signatures and with many."""
    with stand.engine.begin() as connection:
        for table in ("outbox", "optin_proof", "optins", "signatures"):
            connection.execute(text(f"DELETE FROM {table}"))
    results = {}
    first = 1
    for number in (FEW, MANY):
        add_signatures(stand.engine, first, number)
        first = number + 1
        with stand.serving("wsgi:app") as url:
            # Another query each time: no answer comes from the kept pages.
            (results[number],) = compare([Request(url, "/unterzeichnende?x=MARK")], stand.folder, f"list{number}")
    return row(f"list of {MANY:,}, against a list of {FEW:,}", database, results[MANY], results[FEW])


def count(engine: Engine, table: str, condition: str = "true") -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text(f"SELECT count(*) FROM {table} WHERE {condition}")) or 0)


def measure(database_url: str, name: str) -> Iterator[str]:
    """A line for each measurement on one database."""
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
        stand = Stand(database_url, Path(folder))
        build_schema(database_url)
        with stand.engine.begin() as connection:
            connection.execute(text("CREATE TABLE bench_commits (content text)"))
        publish(stand)
        for measurement in (measure_page, measure_sign_up, measure_worker, measure_list):
            yield measurement(stand, name)
        stand.engine.dispose()


def publish(stand: Stand) -> None:
    """The shipped declaration, so that there is something to read and sign."""
    with stand.running(stand.flask("declaration", "publish", "--all", "--yes")):
        wait_until(lambda: count(stand.engine, "revisions"), "a published declaration")


def main() -> None:
    if "newsletter" in sys.argv[1:]:
        newsletter.main([name for name in sys.argv[1:] if name != "newsletter"])
        return
    if not available():
        sys.exit("make bench needs wrk. On Debian and Ubuntu: apt install wrk")
    print(
        f"{CLIENTS} clients, {WORKERS} workers of {THREADS} threads, {ROUNDS} × {SECONDS} s in turn, on one machine of"
    )
    print(f"{os.cpu_count()} cores with Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}.\n")
    print("| what | database | portal | limit | ratio | median / p99 | errors |")
    print("| --- | --- | --- | --- | --- | --- | --- |", flush=True)
    chosen = sys.argv[1:] or ["sqlite", "postgresql"]
    server = postgresql_server()
    if "sqlite" in chosen:
        with tempfile.TemporaryDirectory(prefix="portal-bench-") as folder:
            report(f"sqlite:///{folder}/portal.db", "SQLite")
    if "postgresql" in chosen and server is not None:
        with postgresql_database(server, "portal_bench") as url:
            report(url, "PostgreSQL")
    elif "postgresql" in chosen:
        print("\nPostgreSQL was left out: TEST_DATABASE_URL is not set.")
    rendering.report()
    newsletter.main(chosen)


def report(database_url: str, name: str) -> None:
    """Print each line as soon as it is known: the whole takes some minutes."""
    for line in measure(database_url, name):
        print(line, flush=True)


if __name__ == "__main__":
    main()
