"""Logs: one event a line, in JSON where a machine reads it, and without personal data.

Messages of exceptions are left out, because a database quotes the row that it refuses: what is logged is the kind of
each exception and where it arose.
"""

import logging
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

from pythonjsonlogger.json import JsonFormatter

from portal.config import ROOT

_ExceptionInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def described(error: BaseException) -> str:
    """The kind of an error and where in the portal it arose; its message, which may name people, is left out."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(ROOT) and "site-packages" not in path.parts:
            return f"{type(error).__name__} at {path.name}:{frame.lineno}"
    return type(error).__name__


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what it came from, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class _Silent(logging.Formatter):
    """Leaves the messages of exceptions out."""

    def formatException(self, ei: _ExceptionInfo) -> str:  # noqa: N802 - logging's name
        _, error, trace = ei
        frames = "".join(traceback.format_tb(trace))
        return frames + " from ".join(described(one) for one in _chain(error))


class _SilentJson(_Silent, JsonFormatter):
    """The same, as one JSON object a line."""


def init(*, json: bool) -> None:
    """Send everything from INFO on to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_SilentJson(FORMAT) if json else _Silent(FORMAT))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # These tell of every step; Werkzeug of every request with the token in its address, aiosmtpd of every peer.
    for name in ("alembic", "werkzeug", "mail.log"):
        logging.getLogger(name).setLevel(logging.WARNING)
