"""`/bestaetigen/<token>`: GET shows what will be confirmed and changes nothing, POST confirms."""

from typing import Any

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for

from portal import tokens
from portal.clock import now
from portal.config import current_settings
from portal.database import db
from portal.language import current_language, localized
from portal.optin import commands, operations
from portal.optin.operations import Purposes
from portal.optin.personal_data import EVENTS
from portal.web.forms import checks_token_itself

blueprint = Blueprint("optin", __name__)


def _purposes() -> Purposes:
    purposes: Purposes = current_app.extensions["optin_purposes"]
    return purposes


@blueprint.errorhandler(tokens.TokenInvalid)
def invalid_link(_error: tokens.TokenInvalid) -> tuple[str, int]:
    return render_template("optin/invalid.html"), 400


@blueprint.errorhandler(operations.Unknown)
def unknown_link(_error: operations.Unknown) -> tuple[str, int]:
    return render_template("optin/gone.html", days=current_settings().optin_days), 410


def _page(template: str | None, token: str) -> str | tuple[str, int]:
    """The page for a link, from `template` or the one of its purpose."""
    moment = now()
    optin = operations.find(db.session(), current_settings(), token)
    state = optin.state(moment)
    if state == "expired":
        return render_template("optin/gone.html", days=current_settings().optin_days), 410
    purpose = _purposes()[optin.purpose]
    return render_template(
        template or purpose.page,
        state=state,
        optin=optin,
        subject=None if optin.withdrawn_at else purpose.subject(db.session(), optin),
        refused=purpose.refused(current_settings(), moment),
        token=token,
    )


@localized(blueprint, "/bestaetigen/<token>", "/confirm/<token>", methods=["GET", "POST"])
@checks_token_itself
def confirm(token: str) -> Any:
    if request.method == "POST":
        operations.confirm(db.session(), current_settings(), _purposes(), token, now())
        db.session.commit()
        return redirect(url_for("optin.confirm", token=token), 303)
    return _page(None, token)


@localized(blueprint, "/bestaetigen/<token>/ablehnen", "/confirm/<token>/decline", methods=["GET", "POST"])
@checks_token_itself
def decline(token: str) -> Any:
    """«That was not me»."""
    if request.method == "POST":
        operations.decline(db.session(), current_settings(), _purposes(), token, now())
        db.session.commit()
        return redirect(url_for("optin.decline", token=token), 303)
    return _page("optin/decline.html", token)


def _url(endpoint: str, optin_id: int, nonce: str) -> str:
    token = operations.token_for(current_settings(), optin_id, nonce)
    return url_for(endpoint, token=token, language=current_language(), _external=True)


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.cli.add_command(commands.optin)
    app.jinja_env.globals.update(
        proof_words=EVENTS,
        confirm_url=lambda optin_id, nonce: _url("optin.confirm", optin_id, nonce),
        decline_url=lambda optin_id, nonce: _url("optin.decline", optin_id, nonce),
    )
