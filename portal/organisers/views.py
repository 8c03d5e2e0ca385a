"""The way in: password, second factor, invitation, a forgotten password; and the way out."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from portal.addresses import current_addresses
from portal.clock import now
from portal.config import current_settings
from portal.database import db
from portal.organisers import commands, gate, managing, operations, own_account, passwords, second_factor, sessions
from portal.organisers.forms import (
    AgainForm,
    CodeForm,
    ForgottenForm,
    LoginForm,
    OnTheWayForm,
    PasskeyForm,
    PasswordForm,
    RecoveryForm,
)
from portal.organisers.models import Organiser, OrganiserSession
from portal.web.forms import checks_token_itself
from portal.web.limits import network_key, refuse_floods
from portal.web.timing import evenly

blueprint = Blueprint("accounts", __name__, cli_group=None)

Way = TypeVar("Way", bound=OnTheWayForm)

WRONG = _l("E-Mail-Adresse oder Passwort stimmt nicht. Bitte prüfen Sie beides.")
WAIT = _l("Das waren zu viele Fehlversuche. Bitte warten Sie ein paar Minuten und versuchen Sie es dann noch einmal.")
WRONG_CODE = _l(
    "Dieser Code stimmt nicht, oder er ist schon benutzt. Bitte nehmen Sie den nächsten, den die App zeigt."
)
WRONG_RECOVERY = _l("Dieser Wiederherstellungscode stimmt nicht, oder er ist schon benutzt.")
WRONG_PASSKEY = _l("Der Passkey hat nicht funktioniert. Bitte versuchen Sie es noch einmal oder nehmen Sie einen Code.")


@blueprint.after_request
def keep_private(response: Response) -> Response:
    """Nothing on the way in is kept by anybody or found by a search engine."""
    return gate.private(response)


@blueprint.route("/redaktion/anmelden", methods=["GET", "POST"])
@checks_token_itself
@refuse_floods
def login() -> Any:
    if gate.logged_in() and request.method == "GET":
        return redirect(gate.way_back(request.args.get("next")))
    form = _on_the_way(LoginForm)
    if not form.validate_on_submit():
        return render_template("organisers/login.html", form=form), 422 if form.errors else 200
    key = current_addresses().identify(form.email.data or "").key
    try:
        organiser = _check_password(key, form.password.data or "")
    except operations.Locked:
        return _refused("organisers/login.html", form, WAIT, HTTPStatus.TOO_MANY_REQUESTS)
    if organiser is None:
        return _refused("organisers/login.html", form, WRONG)
    _admit_halfway(organiser)
    if form.held.data and organiser.has_second_factor:
        return _second_factor_page(organiser, CodeForm(formdata=None, held=form.held.data)), HTTPStatus.OK
    return redirect(url_for("accounts.second_factor", next=form.next.data or None), 303)


@blueprint.route("/redaktion/anmelden/code", methods=["GET", "POST"], endpoint="second_factor")
@refuse_floods
def ask_second_factor() -> Any:
    return _second_step(CodeForm, _second_factor_page, _code_fits, WRONG_CODE)


@blueprint.route("/redaktion/anmelden/wiederherstellung", methods=["GET", "POST"])
@refuse_floods
def recovery() -> Any:
    return _second_step(RecoveryForm, _recovery_page, _recovery_code_fits, WRONG_RECOVERY)


@blueprint.route("/redaktion/anmelden/passkey", methods=["POST"])
@refuse_floods
def passkey() -> Any:
    return _second_step(PasskeyForm, _second_factor_page, _passkey_fits, WRONG_PASSKEY)


@blueprint.route("/redaktion/anmelden/passkey/aufgabe", methods=["POST"])
@refuse_floods
def passkey_challenge() -> Any:
    """What the script hands to the browser, as JSON."""
    row = gate.current_visit()
    if row is None or not row.organiser.passkeys:
        return {}, HTTPStatus.UNAUTHORIZED
    options = second_factor.authentication_options(current_settings(), row)
    db.session.commit()
    return Response(options, mimetype="application/json")


@blueprint.route("/redaktion/anmelden/erneut", methods=["GET", "POST"])
@gate.own_affairs
@refuse_floods
def again() -> Any:
    """The password once more, before something sensitive."""
    form = _on_the_way(AgainForm)
    if not form.validate_on_submit():
        return render_template("organisers/again.html", form=form), 422 if form.errors else 200
    row = gate.this_visit()
    try:
        organiser = _check_password(row.organiser.address_key or "", form.password.data or "")
    except operations.Locked:
        return _refused("organisers/again.html", form, WAIT, HTTPStatus.TOO_MANY_REQUESTS)
    if organiser is None:
        return _refused(
            "organisers/again.html", form, _l("Das Passwort stimmt nicht. Bitte versuchen Sie es noch einmal.")
        )
    row.fresh_at = now()
    db.session.commit()
    return _go_on(form)


@blueprint.route("/redaktion/abmelden", methods=["POST"])
def logout() -> Any:
    row = gate.current_visit()
    if row is not None:
        operations.log_out(db.session(), row, now())
        db.session.commit()
    gate.dismiss()
    flash(_("Sie sind abgemeldet."))
    return redirect(url_for("accounts.login"), 303)


@blueprint.route("/redaktion/passwort-vergessen", methods=["GET", "POST"])
@checks_token_itself
@refuse_floods
def forgotten() -> Any:
    form = ForgottenForm()
    if not form.validate_on_submit():
        return render_template("organisers/forgotten.html", form=form), 422 if form.errors else 200
    address = current_addresses().identify(form.email.data or "")
    with evenly():
        operations.request_reset(db.session(), current_settings(), address, now())
        db.session.commit()
    return redirect(url_for("accounts.asked"), 303)


@blueprint.route("/redaktion/passwort-vergessen/postfach")
def asked() -> str:
    return render_template("organisers/asked.html", minutes=current_settings().reset_minutes)


@blueprint.route("/redaktion/einladung/<token>", methods=["GET", "POST"])
@checks_token_itself
@refuse_floods
def link(token: str) -> Any:
    """The page of a one-time link: a new password, and then on to the second factor."""
    session, settings, moment = db.session(), current_settings(), now()
    one, organiser = operations.find_link(session, settings, token, moment)
    form = PasswordForm(about=_known_of(organiser))
    if not form.validate_on_submit():
        page = render_template("organisers/link.html", form=form, organiser=organiser, purpose=one.purpose, token=token)
        return page, 422 if form.errors else 200
    operations.follow_link(session, settings, token, form.password.data or "", moment)
    _admit_halfway(organiser)
    return redirect(url_for("accounts.second_factor"), 303)


@blueprint.errorhandler(operations.LinkInvalid)
def invalid_link(_error: operations.LinkInvalid) -> tuple[str, int]:
    return render_template("organisers/link_invalid.html"), 400


def _on_the_way(kind: type[Way]) -> Way:
    form = kind()
    if request.method == "GET":
        form.next.data = request.args.get("next")
    return form


def _check_password(address_key: str, password: str) -> Organiser | None:
    """Whose address and password these are. Raises operations.Locked. Takes as long for unknown addresses."""
    session, settings, moment = db.session(), current_settings(), now()
    network = network_key()
    with evenly():
        kept = operations.attempt_login(session, settings, address_key, network, moment)
        session.commit()
        fits = passwords.fits(settings, kept, password)
        organiser = operations.finish_login(session, settings, address_key, network, kept, moment, fits=fits)
        session.commit()
    return organiser


def _admit_halfway(organiser: Organiser) -> None:
    """Begin the session that waits for the second factor; one that this browser had ends."""
    before = gate.current_visit()
    if before is not None:
        sessions.end(db.session(), before)
    token = sessions.begin(db.session(), organiser, now(), complete=False)
    db.session.commit()
    gate.admit(token)


def _second_step(
    kind: type[Way],
    page: Callable[[Organiser, OnTheWayForm], str],
    fits: Callable[[OrganiserSession, Way, datetime], bool],
    wrong: LazyString,
) -> Any:
    """From the password to the office, by one kind of second factor."""
    row = gate.current_visit()
    if row is None:
        return redirect(url_for("accounts.login", next=request.args.get("next")), 303)
    if row.complete:
        return redirect(gate.way_back(request.args.get("next")), 303)
    if not row.organiser.has_second_factor:
        return redirect(url_for("own_account.set_up", next=request.args.get("next")), 303)
    form = _on_the_way(kind)
    if not form.validate_on_submit():
        return page(row.organiser, form), 422 if form.errors else 200
    session, settings, moment = db.session(), current_settings(), now()
    try:
        operations.attempt_second_factor(session, settings, row.organiser, moment)
    except operations.Locked:
        form.form_errors.append(WAIT)
        return page(row.organiser, form), HTTPStatus.TOO_MANY_REQUESTS
    if not fits(row, form, moment):
        operations.refuse_second_factor(session, settings, row.organiser, moment)
        session.commit()
        form.form_errors.append(wrong)
        return page(row.organiser, form), 422
    token = operations.complete_login(session, settings, row, kind.how, moment)
    session.commit()
    gate.admit(token)
    return _go_on(form)


def _code_fits(row: OrganiserSession, form: CodeForm, moment: datetime) -> bool:
    return second_factor.use_code(db.session(), current_settings(), row.organiser, form.code.data or "", moment)


def _recovery_code_fits(row: OrganiserSession, form: RecoveryForm, _moment: datetime) -> bool:
    return second_factor.use_recovery_code(db.session(), current_settings(), row.organiser, form.code.data or "")


def _passkey_fits(row: OrganiserSession, form: PasskeyForm, _moment: datetime) -> bool:
    return second_factor.use_passkey(db.session(), current_settings(), row, form.credential.data or "")


def _second_factor_page(organiser: Organiser, form: OnTheWayForm) -> str:
    """The page for code and passkey; `form` is the one of the two that was sent, or the first."""
    way = {"formdata": None, "next": form.next.data, "held": form.held.data}
    return render_template(
        "organisers/second_factor.html",
        form=form,
        code_form=form if isinstance(form, CodeForm) else CodeForm(**way),
        passkey_form=form if isinstance(form, PasskeyForm) else PasskeyForm(**way),
        organiser=organiser,
        passkeys=bool(organiser.passkeys) and second_factor.passkeys_possible(current_settings()),
    )


def _recovery_page(_organiser: Organiser, form: OnTheWayForm) -> str:
    return render_template("organisers/recovery.html", form=form)


def _go_on(form: OnTheWayForm) -> Any:
    """To the page that was asked for, or back to the form that was in one's hands."""
    kept = gate.held(form.held.data)
    if kept is None:
        return redirect(gate.way_back(form.next.data), 303)
    address, fields = kept
    return render_template("organisers/resume.html", address=address, fields=fields)


def _refused(template: str, form: OnTheWayForm, why: LazyString, status: int = 422) -> tuple[str, int]:
    form.form_errors.append(why)
    return render_template(template, form=form), status


def _known_of(organiser: Organiser) -> tuple[str, str]:
    return organiser.name, organiser.email or ""


def _link_url(link_id: int, nonce: str) -> str:
    token = operations.link_token(current_settings(), link_id, nonce)
    return url_for("accounts.link", token=token, _external=True)


def init_app(app: Flask) -> None:
    """The way in, one's own account, managing accounts, and the commands."""
    for part in (blueprint, own_account.blueprint, managing.blueprint):
        app.register_blueprint(part)
    app.cli.add_command(commands.organisers)
    app.jinja_env.globals["organiser_link_url"] = _link_url
