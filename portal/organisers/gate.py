"""The door of the office: who may see a view, and who may change something through it."""

import functools
import hmac
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ParamSpec
from urllib.parse import urlsplit

from flask import abort, current_app, g, make_response, redirect, render_template, request, session, url_for
from flask_babel import refresh
from flask_wtf.csrf import validate_csrf
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response
from wtforms.validators import ValidationError

from portal import tokens
from portal.clock import now
from portal.config import current_settings
from portal.database import db
from portal.organisers import sessions
from portal.organisers.forms import AgainForm, LoginForm
from portal.organisers.models import Organiser, OrganiserSession
from portal.organisers.roles import AUDITOR, NAMES, OWNER, ROLES

P = ParamSpec("P")

OFFICE = "/redaktion"
"""Where one comes to after logging in, when one was not on the way to anywhere else."""

COOKIE = "office"
HELD_BY = "held"
"""The browser's mark on a form that waits for its owner to log in."""
HELD_SECONDS = 60 * 60
"""How long such a form may wait."""
SEEN_EVERY = 60
"""Seconds after which the cookie says anew when the browser was last here."""

READING = ("GET", "HEAD")


def organisers_only(*roles: str) -> Callable[[Callable[P, Any]], Callable[P, Response]]:
    """Let a view be called by organisers with one of these roles, or by any organiser if none is named.

    Owners may everything. Auditors may read everything, and change nothing: not even where every organiser may.
    """

    return lambda view: _gated(view, roles, lambda organiser: _may(organiser, roles))


def own_affairs(view: Callable[P, Any]) -> Callable[P, Response]:
    """Let a view that concerns nobody but the visitor be called by every organiser, also to change something."""
    return _gated(view, ROLES, lambda _organiser: True)


def fresh_login(view: Callable[P, Any]) -> Callable[P, Any]:
    """Let a view be called only within some minutes of giving the password; stands below `organisers_only`.

    Otherwise the password is asked for again, and then one is where one wanted to go. What was typed into a form is
    kept, and sent when its owner says so.
    """

    @functools.wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Any:
        row = current_visit()
        if row is not None and sessions.is_fresh(row, current_settings(), now()):
            return view(*args, **kwargs)
        if request.method in READING:
            return redirect(url_for("accounts.again", next=this_page()))
        return ask_again(hold())

    return wrapper


def setting_up(view: Callable[P, Any]) -> Callable[P, Response]:
    """Let a view that sets up a second factor be called by who has given the password and has none yet.

    Who has one has to be logged in with it, freshly.
    """
    careful = own_affairs(fresh_login(view))

    @functools.wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Response:
        row = current_visit()
        first = row is not None and not row.complete and not row.organiser.has_second_factor
        return private(view(*args, **kwargs)) if first else careful(*args, **kwargs)

    wrapper.organiser_roles = ROLES  # type: ignore[attr-defined] # the role walk reads it
    return wrapper


def current_visit() -> OrganiserSession | None:
    """The logged-in browser, perhaps still without its second factor."""
    if "organiser_visit" not in g:
        g.organiser_visit = _find()
    visit: OrganiserSession | None = g.organiser_visit
    return visit


def this_visit() -> OrganiserSession:
    """The logged-in browser. Only for views behind the gate."""
    return current_visit() or abort(401)


def current_organiser() -> Organiser:
    """Who is logged in. Only for views behind the gate."""
    return logged_in() or abort(401)


def logged_in() -> Organiser | None:
    """Who is logged in, with a second factor, if anybody is: for the frame."""
    row = current_visit()
    return row.organiser if row is not None and row.complete else None


def admit(token: str) -> None:
    """Give the browser the secret of a new session, and nothing of what its cookie said before."""
    dismiss()
    session[COOKIE] = [token, int(now().timestamp())]


def dismiss() -> None:
    """Take back all that the cookie says, but for the mark of the form that this browser has in hand."""
    mark = session.get(HELD_BY)
    session.clear()
    if mark is not None:
        session[HELD_BY] = mark
    for name in ("organiser_visit", "csrf_token"):  # a token that belonged to the old cookie opens no form any more
        g.pop(name, None)


def private(answer: Any) -> Response:
    """Mark an answer of the office: kept by nobody, found by no search engine."""
    response = make_response(answer)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def this_page() -> str:
    """The way back to the page that was asked for."""
    return request.full_path.rstrip("?")


def way_back(target: str | None) -> str:
    """`target` if it is a page of the office, otherwise the office's first page: nobody is sent off the site."""
    if not target or not target.startswith(OFFICE) or "\\" in target or not target.isprintable():
        return OFFICE
    parts = urlsplit(target)
    adapter = current_app.create_url_adapter(request)
    if parts.scheme or parts.netloc or adapter is None:
        return OFFICE
    try:
        adapter.match(parts.path, method="GET")
    except HTTPException:  # also a redirect: it could lead anywhere
        return OFFICE
    return target


def hold() -> str | None:
    """What was just posted, signed, so that it can be posted again after logging in; without token and passwords.

    Only what came from a form of ours in this very browser, and only for this browser: nobody is handed somebody
    else's form to send.
    """
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError:
        return None
    mark = session.setdefault(HELD_BY, secrets.token_urlsafe(16))
    fields = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name != "csrf_token" and not name.startswith("password")
    ]
    return tokens.issue(current_settings(), "organisers.held", [mark, int(now().timestamp()), this_page(), fields])


def held(token: str | None) -> tuple[str, Sequence[tuple[str, str]]] | None:
    """Address and fields of a form that `hold` kept for this browser not long ago, if there is one."""
    try:
        mark, since, address, fields = tokens.read(current_settings(), "organisers.held", token or "")
    except (tokens.TokenInvalid, ValueError, TypeError):
        return None
    own = session.get(HELD_BY)
    if own is None or not hmac.compare_digest(str(own), str(mark)) or now().timestamp() - since > HELD_SECONDS:
        return None
    return address, [(name, value) for name, value in fields]


def ask_again(kept: str | None) -> Response:
    """The page that asks for the password again, with a form in its hands."""
    return private((render_template("organisers/again.html", form=AgainForm(formdata=None, held=kept)), 401))


def _find() -> OrganiserSession | None:
    kept = session.get(COOKIE)
    if not isinstance(kept, list) or len(kept) != 2:
        return None
    token, seen = kept
    moment = now()
    row = sessions.find(db.session(), current_settings(), token, datetime.fromtimestamp(seen, UTC), moment)
    if row is not None and moment.timestamp() - seen >= SEEN_EVERY:
        session[COOKIE] = [token, int(moment.timestamp())]
    return row


def _gated(view: Callable[P, Any], roles: Sequence[str], may: Callable[[Organiser], bool]) -> Callable[P, Response]:
    @functools.wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Response:
        return private(_refusal(roles, may) or view(*args, **kwargs))

    wrapper.organiser_roles = roles  # type: ignore[attr-defined] # the role walk reads it
    return wrapper


def _refusal(roles: Sequence[str], may: Callable[[Organiser], bool]) -> Response | None:
    """The answer to somebody who may not come in, or None. The office speaks the language of who does."""
    row = current_visit()
    if row is None:
        return _log_in_first()
    if not row.complete:
        step = "accounts.second_factor" if row.organiser.has_second_factor else "own_account.set_up"
        return redirect(url_for(step, next=this_page() if request.method in READING else None), 303)
    g.language = row.organiser.language
    refresh()
    return None if may(row.organiser) else _forbidden(roles)


def _may(organiser: Organiser, roles: Sequence[str]) -> bool:
    if organiser.has_role(OWNER):
        return True
    if request.method in READING and organiser.has_role(AUDITOR):
        return True
    rest = [role for role in organiser.roles if role != AUDITOR]
    return any(role in roles for role in rest) if roles else bool(rest)


def _log_in_first() -> Response:
    if request.method in READING:
        return redirect(url_for("accounts.login", next=this_page()))
    form = LoginForm(formdata=None, held=hold())
    return make_response(render_template("organisers/login.html", form=form), 401)


def _forbidden(roles: Sequence[str]) -> Response:
    needed = [NAMES[role] for role in (*roles, OWNER) if role != AUDITOR]
    reading = request.method in READING
    page = render_template("organisers/forbidden.html", needed=list(dict.fromkeys(needed)), reading=reading)
    return make_response(page, 403)
