"""Load on a server of this machine, by wrk."""

import json
import shutil
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CLIENTS = 64
SECONDS = 5
ROUNDS = 3

SCRIPT = """
local threads = 0
function setup(thread) thread:set("thread_number", threads); threads = threads + 1 end
local sent = 0
function request()
  sent = sent + 1
  local mark = RUN_MARK .. "-" .. thread_number .. "-" .. sent
  return wrk.format(METHOD, (PATH:gsub("MARK", mark)), HEADERS, BODY and (BODY:gsub("MARK", mark)))
end
function done(summary, latency, requests)
  local e = summary.errors
  io.stderr:write(string.format(
    '{"requests": %d, "seconds": %f, "errors": %d, "median": %f, "p99": %f}',
    summary.requests, summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""


@dataclass(frozen=True)
class Request:
    """What each client asks for, over and over. MARK in path or body becomes another text every time."""

    url: str
    path: str = "/"
    body: str | None = None
    cookie: str = ""


@dataclass(frozen=True)
class Result:
    """Answers a second, answers that were errors, and how long one waited, in milliseconds."""

    rate: float
    errors: int
    median: float
    p99: float
    requests: int


def _lua(value: str | None) -> str:
    return "nil" if value is None else json.dumps(value)


def fire(request: Request, folder: Path, mark: str, seconds: int = SECONDS) -> Result:
    """Load the server with CLIENTS clients for `seconds`."""
    headers = {"Cookie": request.cookie} if request.cookie else {}
    if request.body is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    table = ", ".join(f"[{_lua(name)}] = {_lua(value)}" for name, value in headers.items())
    script = folder / "load.lua"
    script.write_text(
        f"METHOD = {_lua('GET' if request.body is None else 'POST')}\nPATH = {_lua(request.path)}\n"
        f"BODY = {_lua(request.body)}\nHEADERS = {{{table}}}\nRUN_MARK = {_lua(mark)}\n{SCRIPT}"
    )
    command = ["wrk", "--threads", "1", "--connections", str(CLIENTS), "--duration", f"{seconds}s", "--timeout", "30s"]
    done = subprocess.run(
        [*command, "--script", str(script), request.url],
        check=True,
        capture_output=True,
        text=True,
        timeout=seconds + 60,
    )
    found = json.loads(done.stderr)
    rate = found["requests"] / found["seconds"]
    return Result(rate, found["errors"], found["median"], found["p99"], found["requests"])


def compare(requests: Sequence[Request], folder: Path, mark: str) -> list[Result]:
    """The median result for each request, measured in turn ROUNDS times, so that all meet the same machine."""
    for number, request in enumerate(requests):
        fire(request, folder, f"{mark}w{number}", seconds=2)
    rounds = [
        [fire(request, folder, f"{mark}r{turn}x{number}") for number, request in enumerate(requests)]
        for turn in range(ROUNDS)
    ]
    return [_middle(results) for results in zip(*rounds, strict=True)]


def _middle(results: Sequence[Result]) -> Result:
    middle = sorted(results, key=lambda result: result.rate)[len(results) // 2]
    return Result(
        middle.rate,
        sum(result.errors for result in results),
        statistics.median(result.median for result in results),
        statistics.median(result.p99 for result in results),
        sum(result.requests for result in results),
    )


def available() -> bool:
    """Whether wrk is installed."""
    return shutil.which("wrk") is not None
