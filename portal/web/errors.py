"""Error pages that say what happened and how to go on, in the visitor's language. The log alone says what broke."""

import logging
from http import HTTPStatus

from flask import Flask, Response, current_app, make_response, render_template, request
from flask.globals import request_ctx
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_limiter.errors import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable

log = logging.getLogger(__name__)

Words = tuple[LazyString, LazyString]
"""What happened, and what to do now."""

PAGES: dict[int, Words] = {
    400: (
        _l("Diese Anfrage haben wir nicht verstanden"),
        _l(
            "Die Anfrage war unvollständig. Bitte gehen Sie zurück, laden Sie die Seite neu und versuchen Sie es noch"
            " einmal."
        ),
    ),
    403: (
        _l("Diese Seite ist nicht für Sie freigegeben"),
        _l("Wenn Sie über einen Link aus einer Mail gekommen sind, fordern Sie bitte eine neue Mail an."),
    ),
    404: (
        _l("Diese Seite gibt es nicht"),
        _l(
            "Vielleicht ist die Adresse nicht vollständig, oder die Seite ist umgezogen. Von hier aus kommen Sie"
            " weiter."
        ),
    ),
    405: (
        _l("So lässt sich diese Seite nicht aufrufen"),
        _l("Bitte öffnen Sie die Seite über einen Link statt über ein Formular."),
    ),
    413: (
        _l("Das ist zu viel auf einmal"),
        _l("Bitte gehen Sie zurück und kürzen Sie Ihren Text. Was Sie geschrieben haben, steht dort meist noch."),
    ),
    429: (
        _l("Gerade kommen sehr viele Anfragen aus Ihrem Netz"),
        _l(
            "Bitte versuchen Sie es später noch einmal. In einem gemeinsamen Netz, etwa in einer Hochschule oder einem"
            " Betrieb, hilft es, eine andere Verbindung zu nehmen."
        ),
    ),
    500: (
        _l("Bei uns ist etwas schiefgegangen"),
        _l("Der Fehler ist festgehalten. Bitte versuchen Sie es gleich noch einmal."),
    ),
    503: (
        _l("Das Portal ist gerade nicht erreichbar"),
        _l(
            "Bitte versuchen Sie es in ein paar Minuten noch einmal. Was Sie schon bestätigt haben, ist sicher"
            " gespeichert."
        ),
    ),
}

STALE_FORM: Words = (
    _l("Das Formular ist nicht mehr gültig"),
    _l(
        "Es war zu lange offen, oder Ihr Browser hat das Cookie abgelehnt, das ein Formular braucht. Bitte öffnen Sie"
        " das Formular neu und senden Sie es noch einmal ab. Das Cookie dient nur der Sicherheit und gilt, bis Sie den"
        " Browser schließen."
    ),
)


def _page_of_the_form() -> str | None:
    """The address of the page whose form was refused, if there is one to open again."""
    if request.method != "POST" or request.url_rule is None:
        return None
    adapter = current_app.create_url_adapter(request)
    return request.path if adapter and "GET" in adapter.allowed_methods(request.path) else None


def _page(error: HTTPException, words: Words | None = None) -> Response:
    if request_ctx.url_adapter is None:  # a host name that cannot be one: no page could link to anything
        return Response(error.name, HTTPStatus.BAD_REQUEST, mimetype="text/plain")
    code = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    title, remedy = words or PAGES.get(code) or PAGES[500 if code >= 500 else 400]
    response = make_response(
        render_template("errors/error.html", code=code, title=title, remedy=remedy, again=_page_of_the_form()), code
    )
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def _http_error(error: HTTPException) -> Response:
    if error.response is not None or (error.code or 500) < 400:
        # Redirects are exceptions to Werkzeug, and abort(response) is an answer of its own: neither wants a page.
        response = error.get_response()
        return Response(response.get_data(), response.status, response.headers)
    return _page(error)


def _stale_form(error: CSRFError) -> Response:
    return _page(error, STALE_FORM)


def _too_many(error: RateLimitExceeded) -> Response:
    response = _page(error)
    response.headers.setdefault("Retry-After", str(error.limit.limit.get_expiry()))
    return response


def _database_error(error: OperationalError | InterfaceError | PoolTimeout) -> Response:
    reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
    log.error("database_unavailable", extra={"endpoint": request.endpoint, "reason": reason})
    return _page(ServiceUnavailable(retry_after=60))


def _unexpected(_error: Exception) -> Response:
    log.exception("unexpected_error", extra={"endpoint": request.endpoint})
    return _page(InternalServerError())


def init_app(app: Flask) -> None:
    """Every error becomes a page; in tests an unexpected one is raised instead, so that it is seen."""
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(RateLimitExceeded, _too_many)
    for kind in (OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(kind, _database_error)
    if not app.testing:
        app.register_error_handler(Exception, _unexpected)
