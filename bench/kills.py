"""The long kill test: `python -m bench.kills [sqlite] [postgresql]` prints what came of a campaign whose workers died.

One worker on SQLite, three on PostgreSQL. The SMTP server notes each Message-ID before it answers.
"""

import os
import sys
import tempfile
from pathlib import Path

from sqlalchemy.orm import Session

from tests.databases import build_schema, postgresql_database, postgresql_server
from tests.newsletter.killing import Tally, kill_at_random
from tests.newsletter.sending import WorkerProcess, add_campaign, add_subscribers, engine_for, environment
from tests.smtp_sink import Sink

LETTERS, KILLS, CONNECTIONS, SEED = 20_000, 20, 4, 2026
HESITATION = 0.02
"""Seconds between the server's note of a message and its answer: time to be killed in."""
WORKERS = {"sqlite": 1, "postgresql": 3}


def run(url: str, folder: Path, workers: int) -> Tally:
    """A campaign to LETTERS people whose workers are killed KILLS times."""
    sink = Sink()
    sink.start()
    sink.seconds = HESITATION
    settings = environment(url, sink.port, folder, PORTAL_NEWSLETTER_CONNECTIONS=str(CONNECTIONS))
    engine = engine_for(url)
    started: list[WorkerProcess] = []

    def start() -> WorkerProcess:
        started.append(WorkerProcess(settings, folder / f"worker{len(started)}.log"))
        return started[-1]

    try:
        with Session(engine) as session:
            add_subscribers(session, LETTERS)
            number = add_campaign(session)
            return kill_at_random(
                session,
                number,
                start,
                lambda: len(sink.taken),
                lambda: sink.message_ids,
                kills=KILLS,
                workers=workers,
                letters=LETTERS,
                seed=SEED,
            )
    finally:
        for worker in started:
            worker.end()
        engine.dispose()
        sink.stop()


def report(name: str, tally: Tally) -> None:
    """Print the figures, and fail if a promise was broken."""
    print(
        f"{name}: {tally.letters:,} letters, {tally.kills} kills, {WORKERS[name]} worker(s) with {CONNECTIONS}"
        f" connections, {tally.seconds:.0f} s, load {os.getloadavg()[0]:.1f}:\n"
        f"  {tally.sent:,} sent, {tally.uncertain} uncertain ({tally.uncertain_and_arrived} of them had arrived),"
        f" {tally.doubled} doubled, {tally.silently_lost} silently lost",
        flush=True,
    )
    if tally.doubled or tally.silently_lost or tally.uncertain > tally.kills * CONNECTIONS:
        sys.exit("A promise was broken.")


def main() -> None:
    chosen = sys.argv[1:] or ["sqlite", "postgresql"]
    server = postgresql_server()
    with tempfile.TemporaryDirectory(prefix="portal-kills-") as name:
        folder = Path(name)
        if "sqlite" in chosen:
            url = f"sqlite:///{folder}/portal.db"
            build_schema(url)
            report("sqlite", run(url, folder, WORKERS["sqlite"]))
        if "postgresql" in chosen and server:
            with postgresql_database(server, "portal_kills") as url:
                build_schema(url)
                report("postgresql", run(url, folder, WORKERS["postgresql"]))


if __name__ == "__main__":
    main()
