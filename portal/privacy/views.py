"""`/meine-daten` and the privacy page."""

import json
from typing import Any

from flask import Blueprint, Flask, redirect, render_template, url_for
from werkzeug.wrappers import Response

from portal import tokens
from portal.addresses import current_addresses
from portal.clock import now
from portal.config import current_settings
from portal.database import db
from portal.language import current_language, localized
from portal.personal_data import current_register
from portal.privacy import commands, operations
from portal.privacy.forms import LinkForm
from portal.web.caching import public_page
from portal.web.downloads import csv_file, json_file
from portal.web.forms import ActionForm, checks_token_itself
from portal.web.limits import refuse_floods
from portal.web.timing import evenly

blueprint = Blueprint("privacy", __name__, cli_group=None)


@localized(blueprint, "/datenschutz", "/privacy")
@public_page
def policy() -> str:
    return render_template("privacy/policy.html", register=current_register(), settings=current_settings())


@localized(blueprint, "/meine-daten", "/my-data", methods=["GET", "POST"])
@checks_token_itself
@refuse_floods
def ask() -> Any:
    form = LinkForm()
    if not form.validate_on_submit():
        return render_template("privacy/ask.html", form=form), 422 if form.errors else 200
    address = current_addresses().identify(form.email.data or "")
    with evenly():
        operations.request_link(db.session(), current_settings(), address, current_language(), now())
        db.session.commit()
    return redirect(url_for("privacy.asked"), 303)


@localized(blueprint, "/meine-daten/postfach", "/my-data/mailbox")
def asked() -> str:
    return render_template("privacy/asked.html")


@blueprint.app_errorhandler(tokens.TokenInvalid)
def invalid_link(_error: tokens.TokenInvalid) -> tuple[str, int]:
    return render_template("privacy/invalid.html"), 400


@localized(blueprint, "/meine-daten/<token>", "/my-data/<token>")
def my_data(token: str) -> str:
    records = operations.export(db.session(), current_register(), _owner(token))
    return render_template(
        "privacy/my_data.html", register=current_register(), records=records, token=token, form=ActionForm()
    )


@localized(blueprint, "/meine-daten/<token>/daten.json", "/my-data/<token>/data.json")
def download_json(token: str) -> Response:
    return json_file("meine-daten.json", operations.export(db.session(), current_register(), _owner(token)))


@localized(blueprint, "/meine-daten/<token>/daten.csv", "/my-data/<token>/data.csv")
def download_csv(token: str) -> Response:
    records = operations.export(db.session(), current_register(), _owner(token))
    rows = [
        (table, number, field, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for table, found in records.items()
        for number, record in enumerate(found, 1)
        for field, value in record.items()
    ]
    return csv_file("meine-daten.csv", ("table", "record", "field", "value"), rows)


@localized(blueprint, "/meine-daten/<token>/loeschen", "/my-data/<token>/erase", methods=["POST"])
def erase(token: str) -> Response:
    operations.erase(db.session(), current_register(), _owner(token), now())
    db.session.commit()
    return redirect(url_for("privacy.my_data", token=token), 303)


def _owner(token: str) -> str:
    return operations.address_key_of(current_settings(), token)


def _my_data_url(address_key: str) -> str:
    token = operations.link_token(current_settings(), address_key)
    return url_for("privacy.my_data", token=token, language=current_language(), _external=True)


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.cli.add_command(commands.privacy)
    app.jinja_env.globals["my_data_url"] = _my_data_url
