"""Static files carry a version in their address, so that a browser may keep them for ever."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from werkzeug.security import safe_join

FOR_EVER = "public, max-age=31536000, immutable"


def version(content: bytes) -> str:
    """The version of a file with this content: 12 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()[:12]


@lru_cache(maxsize=256)
def _version_of(path: Path, _modified: int) -> str:
    return version(path.read_bytes())


def _current_version(folder: str | None, filename: Any) -> str | None:
    found = safe_join(folder or "", str(filename))
    path = Path(found) if found else None
    if path is None or not path.is_file():
        return None
    return _version_of(path, path.stat().st_mtime_ns)


def init_app(app: Flask) -> None:
    """`url_for("static", …)` appends `?v=`; only an answer for the present version may be kept (RFC 8246)."""

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if (
            endpoint == "static"
            and "v" not in values
            and (present := _current_version(app.static_folder, values["filename"]))
        ):
            values["v"] = present

    @app.after_request
    def keep_for_ever(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code in {200, 206, 304}:
            asked, filename = request.args.get("v"), (request.view_args or {}).get("filename")
            present = asked and _current_version(app.static_folder, filename)
            response.headers["Cache-Control"] = FOR_EVER if present and asked == present else "public, no-cache"
        return response
