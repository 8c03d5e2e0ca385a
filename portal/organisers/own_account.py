"""One's own account: name, language, password, second factors."""

import re
from typing import Any

import segno
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import format_date
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug.wrappers import Response

from portal import tokens
from portal.clock import now
from portal.config import current_settings
from portal.database import db
from portal.organisers import gate, operations, second_factor
from portal.organisers.forms import DetailsForm, NewPasskeyForm, PasswordForm, TotpForm
from portal.organisers.models import Organiser
from portal.web.forms import ActionForm, PortalForm
from portal.web.limits import refuse_floods

blueprint = Blueprint("own_account", __name__)

WRONG_CODE = _l(
    "Dieser Code passt nicht zum Schlüssel auf dieser Seite. Bitte prüfen Sie, ob die Uhr Ihres Telefons richtig geht,"
    " und geben Sie den Code ein, den die App gerade anzeigt."
)
WRONG_PASSKEY = _l("Der Passkey wurde nicht angenommen. Bitte versuchen Sie es noch einmal.")


@blueprint.route("/redaktion/konto", methods=["GET", "POST"])
@gate.own_affairs
def account() -> Any:
    organiser = gate.current_organiser()
    form = DetailsForm(obj=organiser)
    if form.validate_on_submit():
        operations.change_details(db.session(), organiser, form.name.data or "", form.language.data, now())
        db.session.commit()
        flash(_("Ihre Angaben sind gespeichert."))
        return redirect(url_for("own_account.account"), 303)
    page = render_template(
        "organisers/account.html",
        form=form,
        action=ActionForm(formdata=None),
        organiser=organiser,
        recovery_codes=second_factor.recovery_codes_left(db.session(), organiser),
        passkeys_possible=second_factor.passkeys_possible(current_settings()),
    )
    return page, 422 if form.errors else 200


@blueprint.route("/redaktion/konto/passwort", methods=["GET", "POST"])
@gate.own_affairs
@gate.fresh_login
def password() -> Any:
    organiser = gate.current_organiser()
    form = PasswordForm(about=(organiser.name, organiser.email or ""))
    if not form.validate_on_submit():
        return render_template("organisers/password.html", form=form, organiser=organiser), 422 if form.errors else 200
    operations.change_password(db.session(), current_settings(), gate.this_visit(), form.password.data or "", now())
    db.session.commit()
    flash(_("Ihr Passwort ist geändert. Alle anderen Geräte sind abgemeldet."))
    return redirect(url_for("own_account.account"), 303)


@blueprint.route("/redaktion/konto/wiederherstellungscodes", methods=["POST"])
@gate.own_affairs
@gate.fresh_login
def recovery_codes() -> Any:
    codes = operations.renew_recovery_codes(db.session(), current_settings(), gate.current_organiser(), now())
    db.session.commit()
    return _codes_page(codes, url_for("own_account.account"))


@blueprint.route("/redaktion/konto/passkeys/<int:number>/entfernen", methods=["POST"])
@gate.own_affairs
@gate.fresh_login
def remove_passkey(number: int) -> Any:
    if operations.remove_passkey(db.session(), gate.current_organiser(), number, now()):
        flash(_("Der Passkey ist entfernt."))
    else:
        flash(_("Das ist Ihr einziger zweiter Faktor. Bitte richten Sie erst einen anderen ein."))
    db.session.commit()
    return redirect(url_for("own_account.account"), 303)


@blueprint.route("/redaktion/konto/zweiter-faktor", methods=["GET", "POST"])
@gate.setting_up
@refuse_floods
def set_up() -> Any:
    """Set up one-time codes, or a new key for them. The page offers a passkey too."""
    settings, moment, organiser = current_settings(), now(), gate.this_visit().organiser
    form = TotpForm()
    secret = _secret(form.secret.data, organiser)
    form.secret.data = tokens.issue(settings, "organisers.totp", [organiser.id, secret])
    if not form.validate_on_submit():
        return _set_up_page(form, secret), 422 if form.errors else 200
    step = second_factor.step_of(secret, form.code.data or "", moment)
    if step is None:
        form.form_errors.append(WRONG_CODE)
        return _set_up_page(form, secret), 422
    operations.set_up_totp(db.session(), settings, organiser, secret, step, moment)
    return _has_second_factor("code")


@blueprint.route("/redaktion/konto/zweiter-faktor/passkey", methods=["POST"])
@gate.setting_up
@refuse_floods
def set_up_passkey() -> Any:
    row, moment, form = gate.this_visit(), now(), NewPasskeyForm()
    label = form.label.data or _("Passkey vom %(date)s", date=format_date(moment, "long"))
    if form.validate_on_submit():
        try:
            operations.set_up_passkey(db.session(), current_settings(), row, form.credential.data or "", label, moment)
        except second_factor.Refused:
            form.form_errors.append(WRONG_PASSKEY)
        else:
            return _has_second_factor("passkey")
    db.session.commit()  # the challenge is used up
    return _set_up_page(form, _secret(None, row.organiser)), 422


@blueprint.route("/redaktion/konto/zweiter-faktor/passkey/aufgabe", methods=["POST"])
@gate.setting_up
@refuse_floods
def passkey_challenge() -> Any:
    """What the script hands to the browser, as JSON."""
    options = second_factor.registration_options(current_settings(), gate.this_visit())
    db.session.commit()
    return Response(options, mimetype="application/json")


def _secret(token: str | None, organiser: Organiser) -> str:
    """The secret that the page showed to this organiser, or a new one."""
    try:
        owner, secret = tokens.read(current_settings(), "organisers.totp", token or "")
    except tokens.TokenInvalid:
        return second_factor.new_secret()
    return str(secret) if owner == organiser.id else second_factor.new_secret()


def _set_up_page(form: PortalForm, secret: str) -> str:
    """The page for both kinds; `form` is the one of the two that was sent, or the first."""
    organiser = gate.this_visit().organiser
    code_form = form if isinstance(form, TotpForm) else TotpForm(formdata=None)
    code_form.secret.data = tokens.issue(current_settings(), "organisers.totp", [organiser.id, secret])
    key_address = second_factor.address_of(secret, organiser)
    drawn = segno.make(key_address, error="m", micro=False)
    return render_template(
        "organisers/set_up.html",
        form=form,
        code_form=code_form,
        passkey_form=form if isinstance(form, NewPasskeyForm) else NewPasskeyForm(formdata=None),
        organiser=organiser,
        key=" ".join(re.findall("....", secret)),
        key_address=key_address,
        # Colours as attributes, which the content security policy allows.
        drawn=Markup(drawn.svg_inline(scale=4, dark="#000", light="#fff", omitsize=False)),  # noqa: S704 - squares, no text
        passkeys=second_factor.passkeys_possible(current_settings()),
    )


def _has_second_factor(how: str) -> Any:
    """Let in who has just set up the first one. Recovery codes are shown once, when there are none."""
    session, settings, row, moment = db.session(), current_settings(), gate.this_visit(), now()
    organiser, first = row.organiser, not row.complete
    none_left = second_factor.recovery_codes_left(session, organiser) == 0
    codes = operations.renew_recovery_codes(session, settings, organiser, moment) if none_left else []
    token = operations.complete_login(session, settings, row, how, moment) if first else None
    session.commit()
    if token is not None:
        gate.admit(token)
    following = gate.way_back(request.args.get("next")) if first else url_for("own_account.account")
    if codes:
        return _codes_page(codes, following)
    flash(_("Ihr zweiter Faktor ist eingerichtet."))
    return redirect(following, 303)


def _codes_page(codes: list[str], following: str) -> str:
    return render_template("organisers/recovery_codes.html", codes=codes, following=following)
