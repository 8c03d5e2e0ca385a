"""Logs: one event a line, in JSON where a machine reads it, and without personal data.

Messages of exceptions are left out, because a database quotes the row that it refuses: what is logged is the kind of
each exception and where it arose.
"""

import logging
import sys
import traceback
from types import TracebackType
from typing import TypeAlias

from pythonjsonlogger.json import JsonFormatter

_ExceptionInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def described(error: BaseException) -> str:
    """The kinds of an exception and its causes, each with the place where it arose; never their messages."""
    kinds = []
    cause: BaseException | None = error
    while cause is not None:
        frames = traceback.extract_tb(cause.__traceback__)
        place = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
        kinds.append(f"{type(cause).__name__}{place}")
        cause = cause.__cause__ or cause.__context__
    return " from ".join(kinds)


class _Silent(logging.Formatter):
    """Leaves the messages of exceptions out."""

    def formatException(self, ei: _ExceptionInfo) -> str:  # noqa: N802 - logging's name
        _, error, trace = ei
        frames = "".join(traceback.format_tb(trace))
        return f"{frames}{described(error)}" if error else ""


class _SilentJson(_Silent, JsonFormatter):
    """The same, as one JSON object a line."""


def init(*, json: bool) -> None:
    """Send everything from INFO on to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _SilentJson("%(asctime)s %(levelname)s %(name)s %(message)s")
        if json
        else _Silent("%(asctime)s %(levelname)s %(name)s %(message)s")
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # These tell of every step; Werkzeug of every request with the token in its address, aiosmtpd of every peer.
    for name in ("alembic", "werkzeug", "mail.log"):
        logging.getLogger(name).setLevel(logging.WARNING)
