"""Subscribing, preferences, and the one click that ends it."""

from typing import Any

from flask import Blueprint, Flask, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal import tokens
from portal.addresses import current_addresses
from portal.clock import now
from portal.config import current_settings
from portal.database import db
from portal.language import current_language, localized
from portal.newsletter import unsubscribing
from portal.newsletter.forms import PreferencesForm, SubscribeForm
from portal.newsletter.personal import unsubscribe_link
from portal.optin import operations as optin
from portal.optin.models import CONFIRMED, OptIn
from portal.privacy.operations import address_key_of
from portal.subscribers import operations, wording
from portal.subscribers.audience import LANGUAGE_NAMES, SUBSCRIBERS
from portal.subscribers.models import Subscription
from portal.subscribers.operations import Barred
from portal.subscribers.segments import AFFIRMATION, NOBODY, current_segments
from portal.web.forms import ActionForm, checks_token_itself
from portal.web.limits import refuse_floods
from portal.web.timing import evenly

blueprint = Blueprint("newsletter", __name__)


@blueprint.errorhandler(tokens.TokenInvalid)
def invalid_link(_error: tokens.TokenInvalid) -> tuple[str, int]:
    return render_template("newsletter/invalid.html"), 400


@localized(blueprint, "/newsletter", "/newsletter", methods=["GET", "POST"])
@checks_token_itself
@refuse_floods
def subscribe() -> Any:
    """The form. It comes back once where an address looks mistyped or the sender suspicious; then the mail goes out."""
    form, moment = SubscribeForm(), now()
    if request.method == "GET":
        form.language.data = current_language()
        form.stamp(moment)
    if not form.validate_on_submit():
        return _form_page(form), 422 if form.errors else 200
    address = current_addresses().identify(form.email.data or "")
    challenge = form.unmet_challenge(address.key, moment, count=True)
    suggestion = current_addresses().suggestion(address.email)
    if challenge or (suggestion and not form.sent_again):
        return _form_page(form, challenge, suggestion)
    with evenly():
        operations.request_subscription(
            db.session(),
            current_settings(),
            address,
            name=form.name.data or None,
            language=form.language.data,
            now=moment,
        )
        db.session.commit()
    return redirect(url_for("newsletter.mailbox"), 303)


def _form_page(form: SubscribeForm, challenge: str | None = None, suggestion: str | None = None) -> str:
    return render_template(
        "newsletter/subscribe.html",
        form=form,
        consent=wording.newsletter(current_language()),
        challenge=challenge,
        suggestion=suggestion,
    )


@localized(blueprint, "/newsletter/postfach", "/newsletter/mailbox")
def mailbox() -> str:
    """«Look into your mailbox.»"""
    return render_template("newsletter/mailbox.html", days=current_settings().optin_days)


@localized(blueprint, "/newsletter/angebot/<token>", "/newsletter/offer/<token>", methods=["GET", "POST"])
@checks_token_itself
@refuse_floods
def offer(token: str) -> Any:
    """For whoever has just confirmed something else: the link in that mail has proved the mailbox."""
    try:
        shown = optin.find(db.session(), current_settings(), token, lock=request.method == "POST")
    except optin.Unknown:
        return render_template("newsletter/offer_gone.html"), 410
    if shown.status != CONFIRMED or shown.withdrawn_at is not None or shown.email is None:
        return render_template("newsletter/offer_gone.html"), 410
    form, barred = ActionForm(), False
    if form.validate_on_submit():
        try:
            operations.subscribe_by(db.session(), current_settings(), shown, current_language(), now())
        except Barred:
            db.session.rollback()
            barred = True
        else:
            db.session.commit()
            return redirect(url_for("newsletter.offer", token=token), 303)
    page = render_template(
        "newsletter/offer.html",
        form=form,
        shown=shown,
        barred=barred,
        subscribed=_standing(shown) == CONFIRMED,
        consent=wording.newsletter(current_language()),
        token=token,
    )
    return page, 422 if form.errors else 409 if barred else 200


def _standing(shown: OptIn) -> str | None:
    """`pending` or `confirmed` if the mailbox of an opt-in has a subscription, else None."""
    found = operations.subscription_of(db.session(), shown.address_key)
    return found.status if found else None


@localized(blueprint, "/abmelden/<token>", "/unsubscribe/<token>", methods=["GET", "POST"])
@checks_token_itself
def unsubscribe(token: str) -> str:
    """GET shows one button. POST ends it, by that button or by the reader's mail program (RFC 8058): that sends neither
    cookie nor token, and follows no redirect."""
    click = unsubscribing.click_of(current_settings(), token)
    if click.recipient_id == NOBODY:
        return render_template("newsletter/of_test_mail.html")
    if request.method == "POST":
        unsubscribing.end(db.session(), current_segments(), click, now())
        db.session.commit()
    segment = current_segments().get(click.segment)
    asked = segment is not None and segment.kind == AFFIRMATION
    template = "newsletter/unsubscribed.html" if request.method == "POST" else "newsletter/unsubscribe.html"
    return render_template(template, token=token, asked=asked)


@localized(blueprint, "/newsletter/abgemeldet", "/newsletter/unsubscribed")
def unsubscribed() -> str:
    """Where somebody comes who has unsubscribed on the page with her data."""
    return render_template("newsletter/unsubscribed.html", asked=False)


@localized(blueprint, "/meine-daten/<token>/newsletter", "/my-data/<token>/newsletter", methods=["GET", "POST"])
@checks_token_itself
@refuse_floods
def preferences(token: str) -> Any:
    """Change name and language."""
    subscription = _own(token)
    form = PreferencesForm(obj=subscription)
    if form.validate_on_submit():
        name, language = form.name.data or None, form.language.data
        operations.change_subscription(db.session(), subscription, name, language, now())
        db.session.commit()
        return redirect(url_for("privacy.my_data", token=token, gespeichert=1), 303)
    page = render_template("newsletter/preferences.html", form=form, email=subscription.email, token=token)
    return page, 422 if form.errors else 200


@localized(
    blueprint, "/meine-daten/<token>/newsletter/abmelden", "/my-data/<token>/newsletter/unsubscribe", methods=["POST"]
)
def leave(token: str) -> Response:
    """Unsubscribe on the page with one's data."""
    operations.unsubscribe(db.session(), _own(token).id, now())
    db.session.commit()
    return redirect(url_for("newsletter.unsubscribed"), 303)


def _own(token: str) -> Subscription:
    """The subscription of the owner of the link."""
    return operations.own_subscription(db.session(), address_key_of(current_settings(), token)) or abort(404)


def _unsubscribe_url(subscription: int) -> str:
    return unsubscribe_link(current_settings(), current_language(), SUBSCRIBERS.name, subscription, 0)


def init_app(app: Flask) -> None:
    """Register the pages, and what other pages and mails say of a subscription."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(
        newsletter_standing=_standing,
        newsletter_languages=dict(LANGUAGE_NAMES),
        unsubscribe_url=_unsubscribe_url,
    )
