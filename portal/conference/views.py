"""Conferences: programme, calendar files, registering, correcting and cancelling."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Flask, Response, abort, redirect, render_template, request, url_for

from portal import tokens
from portal.addresses import current_addresses
from portal.clock import now
from portal.conference import calendar, operations, reading, structured, wording
from portal.conference.forms import EntryForm, RegistrationForm
from portal.conference.models import REGISTERED
from portal.conference.programme import Conference, conferences
from portal.config import current_settings
from portal.database import db
from portal.language import current_language, localized
from portal.mail.compose import Attachment
from portal.privacy.operations import address_key_of
from portal.web.caching import public_page
from portal.web.forms import checks_token_itself
from portal.web.limits import refuse_floods
from portal.web.timing import evenly

blueprint = Blueprint("conference", __name__)

LINK = "conference"
"""What the tokens of links to cancel are for."""


@blueprint.errorhandler(tokens.TokenInvalid)
def invalid_link(_error: tokens.TokenInvalid) -> tuple[str, int]:
    return render_template("conference/invalid.html"), 400


@localized(blueprint, "/fachtagung", "/conference")
@public_page
def overview() -> str:
    """All conferences."""
    return render_template("conference/overview.html", conferences=reading.shown(db.session()), moment=now())


@localized(blueprint, "/fachtagung/<key>", "/conference/<key>")
@public_page
def programme(key: str) -> str:
    """One conference: what, where, when, and how to register."""
    conference = _conference(key)
    return render_template(
        "conference/programme.html",
        conference=conference,
        standing=reading.standing(db.session(), conference),
        moment=now(),
        event=structured.event(current_settings(), conference, current_language()),
    )


@localized(blueprint, "/fachtagung/<key>.ics", "/conference/<key>.ics")
@public_page
def programme_calendar(key: str) -> Response:
    """All of it for a calendar."""
    conference = _conference(key)
    return _calendar(key, calendar.whole(current_settings(), conference, current_language()))


@localized(blueprint, "/fachtagung/<key>/<name>", "/conference/<key>/<name>")
@public_page
def session(key: str, name: str) -> str:
    """One part of the programme."""
    conference = _conference(key)
    part = conference.session(name) or abort(404)
    return render_template("conference/session.html", conference=conference, part=part)


@localized(blueprint, "/fachtagung/<key>/<name>.ics", "/conference/<key>/<name>.ics")
@public_page
def session_calendar(key: str, name: str) -> Response:
    """One part of the programme for a calendar."""
    conference = _conference(key)
    part = conference.session(name) or abort(404)
    return _calendar(f"{key}-{name}", calendar.part(current_settings(), conference, part, current_language()))


@localized(blueprint, "/fachtagung/<key>/anmeldung", "/conference/<key>/registration", methods=["GET", "POST"])
@checks_token_itself
@refuse_floods
def register(key: str) -> Any:
    """The form. It comes back once where an address looks mistyped or the sender suspicious; then the mail goes out."""
    conference, moment = _conference(key), now()
    if not conference.takes_registrations(moment):
        return render_template("conference/closed.html", conference=conference, moment=moment), 410
    form = RegistrationForm()
    if request.method == "GET":
        form.stamp(moment)
    if not form.validate_on_submit():
        return _form_page(conference, form), 422 if form.errors else 200
    address = current_addresses().identify(form.email.data or "")
    challenge = form.unmet_challenge(address.key, moment, count=True)
    suggestion = current_addresses().suggestion(address.email)
    if challenge or (suggestion and not form.sent_again):
        return _form_page(conference, form, challenge, suggestion)
    with evenly():
        operations.request_registration(
            db.session(), current_settings(), conference, address, form.entry(), current_language(), moment
        )
        db.session.commit()
    return redirect(url_for("conference.mailbox", key=key), 303)


def _form_page(
    conference: Conference, form: RegistrationForm, challenge: str | None = None, suggestion: str | None = None
) -> str:
    return render_template(
        "conference/register.html",
        conference=conference,
        standing=reading.standing(db.session(), conference),
        form=form,
        consent=wording.registration(current_language()),
        challenge=challenge,
        suggestion=suggestion,
    )


@localized(blueprint, "/fachtagung/<key>/postfach", "/conference/<key>/mailbox")
def mailbox(key: str) -> str:
    """«Look into your mailbox.»"""
    return render_template("conference/mailbox.html", conference=_conference(key), days=current_settings().optin_days)


@localized(blueprint, "/fachtagung/abmelden/<token>", "/conference/cancel/<token>", methods=["GET", "POST"])
@checks_token_itself
def cancel(token: str) -> Any:
    """GET shows what will be cancelled, POST cancels. The link, which was mailed, is proof enough."""
    number = tokens.read(current_settings(), LINK, token)
    if request.method == "POST":
        operations.cancel(db.session(), current_settings(), number, now())
        db.session.commit()
        return redirect(url_for("conference.cancel", token=token), 303)
    found = operations.find(db.session(), number)
    if found is None:
        return render_template("conference/cancelled.html")
    conference = conferences(current_settings()).get(found.conference)
    return render_template("conference/cancel.html", found=found, conference=conference, token=token)


@localized(
    blueprint,
    "/meine-daten/<token>/fachtagung/<int:number>",
    "/my-data/<token>/conference/<int:number>",
    methods=["GET", "POST"],
)
@checks_token_itself
@refuse_floods
def correct(token: str, number: int) -> Any:
    """Correct what one has registered with."""
    found = operations.own_registration(db.session(), address_key_of(current_settings(), token), number) or abort(404)
    form = EntryForm(obj=found)
    if form.validate_on_submit():
        operations.correct(db.session(), found, form.entry(), now())
        db.session.commit()
        return redirect(url_for("privacy.my_data", token=token, gespeichert=1), 303)
    page = render_template(
        "conference/correct.html", form=form, token=token, conference=conference_called(found.conference)
    )
    return page, 422 if form.errors else 200


def _conference(key: str) -> Conference:
    return reading.find(db.session(), key) or abort(404)


def _calendar(name: str, content: bytes) -> Response:
    response = Response(content, content_type=calendar.CONTENT_TYPE)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.ics"'
    return response


def cancel_url(number: int) -> str:
    """The full link by which a registration is cancelled."""
    token = tokens.issue(current_settings(), LINK, number)
    return url_for("conference.cancel", token=token, language=current_language(), _external=True)


def conference_called(key: str) -> Conference | None:
    """A conference by its key, shown or not; None if its file is gone."""
    return conferences(current_settings()).get(key)


def _calendar_file(values: Mapping[str, Any]) -> Attachment | None:
    conference = conference_called(str(values["conference"]))
    if conference is None:
        return None
    content = calendar.days(current_settings(), conference, current_language())
    return Attachment(f"{conference.key}.ics", "text", "calendar", content, {"method": "PUBLISH"})


def _new_calendar_file(values: Mapping[str, Any]) -> Attachment | None:
    return _calendar_file(values) if values["status"] == REGISTERED else None


ATTACHMENTS = {"conference/mail/registered": _calendar_file, "conference/mail/changed": _new_calendar_file}
"""What goes with mails of this slice, by template."""


def init_app(app: Flask) -> None:
    """Register the pages, and what other pages and mails say of a registration."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(
        conference_called=conference_called,
        conference_cancel_url=cancel_url,
        conference_place=calendar.place,
        conference_still_ahead=lambda conference: conference.takes_confirmations(now()),
        conference_standing=lambda conference: reading.standing(db.session(), conference),
    )
