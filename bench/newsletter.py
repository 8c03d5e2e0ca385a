"""How fast a campaign goes out, beside the limit of the same machine at the same moment.

`python -m bench.newsletter [sqlite] [postgresql]` prints the table; it is also the last part of `make bench`.

The limit is smtplib with one finished message on as many connections, in threads of one process. Both talk to Postfix's
smtp-sink, which is taken from Debian's package without installing or configuring anything; where that is not to be had,
to our own sink, which is slower.
"""

import os
import platform
import shutil
import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from portal.clock import now
from portal.newsletter import campaigns
from portal.newsletter.letters import Letter
from portal.newsletter.models import FINISHED, SENT, Delivery
from portal.newsletter.mould import Mould
from tests.databases import build_schema, postgresql_database, postgresql_server
from tests.journeys.site import free_port, wait_until
from tests.newsletter.sending import SEGMENT, WorkerProcess, add_campaign, engine_for, environment
from tests.office import settings_of_tests

CONNECTIONS = 8
LIMIT_MESSAGES = 12_000
FEW, MANY = 10_000, 1_000_000
SECONDS = 12.0
"""How long the campaign to MANY is measured before it is stopped."""
OCTETS = 12_000
PARAGRAPH = (
    "Die neue Fassung nimmt auf, was in den Kommentaren genannt wurde: Wie bisher bleibt die persönliche Beratung"
    " möglich, auch wo Anträge nur noch im Netz gestellt werden können.\n\n"
)
PEOPLE = {
    "postgresql": "SELECT i FROM generate_series(1, {number}) AS series(i)",
    "sqlite": "WITH RECURSIVE series(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM series WHERE i < {number})"
    " SELECT i FROM series",
}


@dataclass(frozen=True)
class Measured:
    """One campaign on its way."""

    rate: float
    limit: float
    memory: float
    """The worker's peak of resident memory, in megabytes."""
    frozen_in: float


def add_people(engine: Engine, number: int) -> None:
    """So many confirmed subscribers with names, written by the database itself."""
    columns = "address_key, email, name, language, status, source, requested_at, confirmed_at"
    values = "'bench' || i, 'bench' || i || '@example.org', 'Mensch Nummer ' || i, 'de', 'confirmed', 'newsletter'"
    moment = "'2026-11-01 12:00:00'"
    series = PEOPLE[engine.dialect.name].format(number=number)
    with engine.begin() as connection:
        connection.execute(
            text(
                f"INSERT INTO subscriptions ({columns}) SELECT {values}, {moment}, {moment} FROM ({series}) AS numbers"
            )
        )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE" if engine.dialect.name == "postgresql" else "ANALYZE"))


def body() -> str:
    """Markdown whose mail, text and HTML together, has about OCTETS."""
    return "{{anrede}},\n\n" + PARAGRAPH * 19


def prepared() -> bytes:
    """One such letter, finished."""
    settings = settings_of_tests()
    words = body().replace("{{anrede}}", "Guten Tag")
    letter = Letter("Wie es weitergeht", words, "".join(f"<p>{one}</p>\n" for one in words.split("\n\n")) * 2)
    content = Mould(settings, 1, "newsletter", "de", letter).fill("p1@example.org", 1, "https://x.test/a", {}, now())
    return content[:OCTETS].rpartition(b"\r\n")[0] + b"\r\n"


@contextmanager
def postfix_sink(folder: Path) -> Iterator[int]:
    """The port of Postfix's smtp-sink, or of our own where there is none."""
    port = free_port()
    program, libraries = find_postfix(folder)
    command = [program, "-u", "nobody", f"127.0.0.1:{port}", "256"] if program else own_sink(port)
    process = subprocess.Popen(command, env={"LD_LIBRARY_PATH": libraries, "PATH": os.environ["PATH"]})
    try:
        wait_until(lambda: answers(port), "the sink")
        yield port
    finally:
        process.terminate()
        process.wait()


def own_sink(port: int) -> list[str]:
    print("Postfix's smtp-sink is not to be had here: our own is slower, and so are both figures.\n")
    return [sys.executable, "-m", "bench.sink", str(port)]


def find_postfix(folder: Path) -> tuple[str | None, str]:
    """The program, installed or unpacked from Debian's package, and the folder of its libraries."""
    if installed := shutil.which("smtp-sink", path=f"{os.environ['PATH']}:/usr/sbin"):
        return installed, ""
    with suppress(OSError, subprocess.CalledProcessError):
        subprocess.run(["apt-get", "download", "postfix"], cwd=folder, check=True, capture_output=True)
        (package,) = folder.glob("postfix_*.deb")
        subprocess.run(["dpkg", "-x", package, folder / "postfix"], check=True, capture_output=True)
        folder.chmod(0o755)
        return str(folder / "postfix/usr/sbin/smtp-sink"), str(folder / "postfix/usr/lib/postfix")
    return None, ""


def answers(port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=5):
            return True
    except OSError:
        return False


def limit(port: int) -> float:
    """Messages a second by smtplib: finished bytes, as many connections, a thread each."""
    content = prepared()
    each = LIMIT_MESSAGES // CONNECTIONS

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", port, timeout=30) as connection:
            for _ in range(each):
                connection.sendmail("portal@portal.example", "p1@example.org", content)

    threads = [Thread(target=send) for _ in range(CONNECTIONS)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return each * CONNECTIONS / (time.monotonic() - started)


def freeze(engine: Engine) -> tuple[int, float]:
    """Freeze a campaign to everybody: its number, and how long that took."""
    with Session(engine) as session:
        number = add_campaign(session, texts={"de": ("Wie es weitergeht", body())})
        started = time.monotonic()
        campaigns.begin(session, campaigns.locked(session, number), SEGMENT, now())
        session.commit()
        return number, time.monotonic() - started


def measure(url: str, number: int, port: int, folder: Path) -> Measured:
    """Freeze and send a campaign to so many people, or as much of it as goes out in SECONDS."""
    engine = engine_for(url)
    add_people(engine, number)
    campaign, frozen_in = freeze(engine)
    before = limit(port)
    settings = environment(url, port, folder, PORTAL_NEWSLETTER_CONNECTIONS=str(CONNECTIONS))
    worker = WorkerProcess(settings | {"PORTAL_ENV": "production"} | secrets(), folder / "bench.log")
    try:
        wait_until(lambda: begun(engine, campaign), "the first letters")
        started = time.monotonic()
        wait_until(lambda: over(engine, campaign) or time.monotonic() - started > SECONDS, "the campaign")
        memory = peak(worker.process.pid)
    finally:
        worker.end()
    after = limit(port)
    sent_per_second = rate(engine, campaign)
    engine.dispose()
    return Measured(sent_per_second, (before + after) / 2, memory, frozen_in)


def secrets() -> dict[str, str]:
    long = "only good for measuring, and long enough"
    return {"SECRET_KEY": long, "PORTAL_ADDRESS_SECRET": long, "PORTAL_BASE_URL": "https://portal.example"}


def begun(engine: Engine, campaign: int) -> bool:
    query = "SELECT 1 FROM deliveries WHERE campaign_id = :campaign AND status = 'sent' LIMIT 1"
    with engine.connect() as connection:
        return connection.scalar(text(query), {"campaign": campaign}) is not None


def over(engine: Engine, campaign: int) -> bool:
    with engine.connect() as connection:
        query = text("SELECT status FROM campaigns WHERE id = :campaign")
        return bool(connection.scalar(query, {"campaign": campaign}) == FINISHED)


def rate(engine: Engine, campaign: int) -> float:
    """Letters a second from the first record of what was sent to the last."""
    with Session(engine) as session:
        sent = (Delivery.campaign_id == campaign, Delivery.status == SENT)
        number, first, last = session.execute(
            select(func.count(), func.min(Delivery.ended_at), func.max(Delivery.ended_at)).where(*sent)
        ).one()
        assert first is not None
        assert last is not None
        return float(number / (last - first).total_seconds())


def peak(pid: int) -> float:
    """The most memory that a process had, in megabytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def row(number: int, name: str, url: str, port: int, folder: Path) -> str:
    """The line of the table for one size of audience on one database."""
    build_schema(url)
    found = measure(url, number, port, folder)
    return (
        f"| {number:,} | {name} | {found.rate:,.0f} /s | {found.limit:,.0f} /s | **{found.rate / found.limit:.2f}**"
        f" | {found.memory:.0f} MB | {found.frozen_in:.2f} s | {os.getloadavg()[0]:.1f} |"
    )


def main(chosen: Sequence[str] = ()) -> None:
    """Print the table of all databases that are at hand."""
    chosen = chosen or ["sqlite", "postgresql"]
    with tempfile.TemporaryDirectory(prefix="portal-bench-") as name:
        folder = Path(name)
        with postfix_sink(folder) as port:
            print(
                f"\nNewsletters of {len(prepared()):,} octets on {CONNECTIONS} connections, Python "
                f"{platform.python_version()}:\n"
            )
            print("| recipients | database | portal | limit | ratio | peak memory | frozen in | load |")
            print("| --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
            for number in (FEW, MANY):
                if "sqlite" in chosen:
                    print(row(number, "SQLite", f"sqlite:///{folder}/portal{number}.db", port, folder), flush=True)
                server = postgresql_server()
                if "postgresql" in chosen and server is not None:
                    with postgresql_database(server, "portal_bench") as url:
                        print(row(number, "PostgreSQL", url, port, folder), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
