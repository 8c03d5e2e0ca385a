"""Public pages are kept, whole, until something that the public can see changes.

One number in the database, the public version, goes up in the transaction of each such change. A page kept under an
older number is written anew, in every process and at once: the price of a kept page is one primary-key lookup.
"""

import functools
import hashlib
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec

from flask import Flask, Response, make_response
from sqlalchemy import CheckConstraint, Engine, create_engine, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.database import BUSY_SECONDS, Base

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

P = ParamSpec("P")

CACHE_CONTROL = "public, no-cache"
KEPT_SECONDS = 60
"""A kept page is written anew after this time even if nothing changed, because some pages depend on the date."""
KEPT_PAGES = 512
KEPT_BYTES = 64 * 1024 * 1024
"""An export of the literature has several megabytes, and anybody can ask for it in a thousand ways."""


class PublicVersion(Base):
    """The one row that counts the changes the public can see."""

    __tablename__ = "public_version"
    __table_args__ = (CheckConstraint("id = 1", name="single_row"), {"info": {"personal": False}})

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]


def public_changed(session: Session) -> None:
    """Say, in the transaction that changes something public, that kept pages are no longer true."""
    session.execute(update(PublicVersion).values(number=PublicVersion.number + 1))


def public_page(view: Callable[P, Any]) -> Callable[P, Response]:
    """Mark a view's page as the same for everyone: it may be kept here and revalidated anywhere."""

    @functools.wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Response:
        response = make_response(view(*args, **kwargs))
        response.headers["Cache-Control"] = CACHE_CONTROL
        return response

    return wrapper


class _Page(NamedTuple):
    version: int
    good_until: float
    etag: str
    headers: list[tuple[str, str]]
    body: bytes


class PageCache:
    """WSGI middleware that answers for kept pages and keeps what `public_page` has marked."""

    def __init__(self, application: "WSGIApplication", engine: Engine) -> None:
        self.application = application
        self.engine = engine
        self.pages: dict[tuple[str, str], _Page] = {}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return self.application(environ, start_response)
        key = (environ["PATH_INFO"], environ.get("QUERY_STRING", ""))
        version = self._version()
        page = self.pages.get(key)
        if version is None or page is None or page.version != version or page.good_until < time.monotonic():
            return self._written(environ, start_response, key, version)
        return _answer(page, environ, start_response)

    def _version(self) -> int | None:
        """The public version, or None while the database does not answer."""
        try:
            connection = self.engine.raw_connection()
            try:
                cursor = connection.cursor()
                cursor.execute("SELECT number FROM public_version")
                row = cursor.fetchone()
                cursor.close()
            finally:
                connection.close()
        except (SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error):
            return None
        return int(row[0]) if row else None

    def _written(
        self, environ: "WSGIEnvironment", start_response: "StartResponse", key: tuple[str, str], version: int | None
    ) -> Iterable[bytes]:
        started: list[Any] = []

        def note(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            started[:] = [status, headers]
            return start_response(status, headers, exc_info) if exc_info else lambda _: None

        chunks = self.application(environ, note)
        status, headers = started
        fields = {name.lower() for name, _ in headers}
        marked = ("Cache-Control", CACHE_CONTROL) in headers
        if not (marked and status.startswith("200") and version is not None and "set-cookie" not in fields):
            start_response(status, headers)
            return chunks
        body = b"".join(chunks)
        if close := getattr(chunks, "close", None):
            close()
        if environ["REQUEST_METHOD"] == "HEAD":
            start_response(status, headers)
            return [body]
        etag = f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
        page = _Page(version, time.monotonic() + KEPT_SECONDS, etag, [*headers, ("ETag", etag)], body)
        self._keep(key, page)
        return _answer(page, environ, start_response)

    def _keep(self, key: tuple[str, str], page: _Page) -> None:
        """In place of those that have been kept longest, if there is no room."""
        self.pages.pop(key, None)
        room = KEPT_BYTES - len(page.body) - sum(len(one.body) for one in list(self.pages.values()))
        while self.pages and (len(self.pages) >= KEPT_PAGES or room < 0):
            oldest = self.pages.pop(next(iter(self.pages)), None)
            room += len(oldest.body) if oldest else 0
        self.pages[key] = page


def _answer(page: _Page, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    if page.etag in environ.get("HTTP_IF_NONE_MATCH", ""):
        entity = {"content-type", "content-length"}
        start_response("304 Not Modified", [field for field in page.headers if field[0].lower() not in entity])
        return []
    start_response("200 OK", list(page.headers))
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [page.body]


def init_app(app: Flask) -> None:
    """Put the cache in front of the application, with a small pool of connections of its own."""
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    patience = {"timeout": BUSY_SECONDS} if url.startswith("sqlite") else {"connect_timeout": 2}
    engine = create_engine(url, isolation_level="AUTOCOMMIT", pool_size=16, max_overflow=16, connect_args=patience)
    app.extensions["page_cache"] = PageCache(app.wsgi_app, engine)
    app.wsgi_app = app.extensions["page_cache"]  # type: ignore[method-assign]
