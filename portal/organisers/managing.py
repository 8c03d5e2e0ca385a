"""Who has an account, and what for: for owners."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from portal.addresses import current_addresses
from portal.clock import now
from portal.config import current_settings
from portal.database import db
from portal.organisers import gate, operations
from portal.organisers.forms import InviteForm, RolesForm
from portal.organisers.frame import Section
from portal.organisers.models import Organiser
from portal.organisers.roles import OWNER
from portal.web.forms import ActionForm

blueprint = Blueprint("managing", __name__)

SECTIONS = (
    Section("managing.accounts", _l("Konten"), (OWNER,), order=85),
    Section("own_account.account", _l("Mein Konto"), order=99),
)

LAST_OWNER = _l("Ohne dieses Konto könnte niemand mehr Konten verwalten. Geben Sie erst jemand anderem die Leitung.")


@blueprint.route("/redaktion/konten")
@gate.organisers_only(OWNER)
def accounts() -> Any:
    return render_template("organisers/accounts.html", organisers=operations.organisers(db.session()))


@blueprint.route("/redaktion/konten/einladen", methods=["GET", "POST"])
@gate.organisers_only(OWNER)
@gate.fresh_login
def invite() -> Any:
    form = InviteForm()
    if form.validate_on_submit():
        address = current_addresses().identify(form.email.data or "")
        try:
            operations.invite(
                db.session(),
                current_settings(),
                form.name.data or "",
                address,
                form.roles.data or (),
                form.language.data,
                by=gate.current_organiser().id,
                now=now(),
            )
        except operations.AccountExists:
            form.email.errors = [_("Mit dieser Adresse gibt es schon ein Konto.")]
        else:
            db.session.commit()
            flash(_("Die Einladung ist unterwegs."))
            return redirect(url_for("managing.accounts"), 303)
    return render_template("organisers/invite.html", form=form, days=current_settings().invitation_days), (
        422 if form.errors else 200
    )


@blueprint.route("/redaktion/konten/<int:number>")
@gate.organisers_only(OWNER)
def one(number: int) -> Any:
    organiser = _find(number)
    return _page(organiser, RolesForm(formdata=None, roles=list(organiser.roles)))


@blueprint.route("/redaktion/konten/<int:number>/rollen", methods=["POST"])
@gate.organisers_only(OWNER)
@gate.fresh_login
def change_roles(number: int) -> Any:
    organiser, form = _find_open(number), RolesForm()
    if not form.validate_on_submit():
        return _page(organiser, form), 422
    try:
        operations.change_roles(
            db.session(), organiser, form.roles.data or (), by=gate.current_organiser().id, now=now()
        )
    except operations.LastOwner:
        form.roles.errors = [LAST_OWNER]
        return _page(organiser, form), 409
    return _done(_("Die Rollen sind geändert."), number)


@blueprint.route("/redaktion/konten/<int:number>/schliessen", methods=["POST"])
@gate.organisers_only(OWNER)
@gate.fresh_login
def deactivate(number: int) -> Any:
    organiser = _find_open(number)
    try:
        operations.deactivate(db.session(), organiser, by=gate.current_organiser().id, now=now())
    except operations.LastOwner:
        form = RolesForm(formdata=None, roles=list(organiser.roles))
        form.form_errors.append(LAST_OWNER)
        return _page(organiser, form), 409
    return _done(_("Das Konto ist geschlossen, und alle seine Geräte sind abgemeldet."), number)


@blueprint.route("/redaktion/konten/<int:number>/zweiter-faktor", methods=["POST"])
@gate.organisers_only(OWNER)
@gate.fresh_login
def reset_second_factor(number: int) -> Any:
    operations.reset_second_factor(db.session(), _find_open(number), by=gate.current_organiser().id, now=now())
    return _done(_("Bei der nächsten Anmeldung wird ein neuer zweiter Faktor eingerichtet."), number)


@blueprint.route("/redaktion/konten/<int:number>/einladung", methods=["POST"])
@gate.organisers_only(OWNER)
@gate.fresh_login
def invite_again(number: int) -> Any:
    organiser = _find(number)
    if organiser.password_hash is not None or organiser.email is None:
        abort(409)
    operations.invite(
        db.session(),
        current_settings(),
        organiser.name,
        current_addresses().identify(organiser.email),
        organiser.roles,
        organiser.language,
        by=gate.current_organiser().id,
        now=now(),
    )
    return _done(_("Eine neue Einladung ist unterwegs. Die alte gilt nicht mehr."), number)


def _find(number: int) -> Organiser:
    organiser = db.session.get(Organiser, number)
    return organiser if organiser is not None and organiser.erased_at is None else abort(404)


def _find_open(number: int) -> Organiser:
    organiser = _find(number)
    return organiser if organiser.active else abort(409)


def _page(organiser: Organiser, form: RolesForm) -> str:
    return render_template("organisers/one.html", organiser=organiser, form=form, action=ActionForm(formdata=None))


def _done(words: str, number: int) -> Response:
    db.session.commit()
    flash(words)
    return redirect(url_for("managing.one", number=number), 303)
