"""Signing, the public list, and the signature's part of `/meine-daten`."""

from typing import Any

from flask import Blueprint, Flask, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.addresses import current_addresses
from portal.clock import now
from portal.config import current_settings
from portal.database import db
from portal.declaration import operations as declaration
from portal.language import current_language, localized
from portal.optin import operations as optin
from portal.privacy.forms import LinkForm
from portal.privacy.operations import address_key_of
from portal.signatures import commands, operations, wording
from portal.signatures.forms import EntryForm, SignForm
from portal.signatures.models import CONFIRMED, Signature
from portal.signatures.operations import PURPOSE, NameTaken
from portal.signatures.vocabulary import FIELDS, STATES
from portal.text.normalise import single_line
from portal.web import proof_of_work
from portal.web.caching import public_page
from portal.web.forms import checks_token_itself
from portal.web.limits import refuse_floods, suspiciously_many, trusted
from portal.web.timing import evenly

blueprint = Blueprint("signatures", __name__)


@localized(blueprint, "/unterzeichnen", "/sign", methods=["GET", "POST"])
@checks_token_itself
@refuse_floods
def sign() -> Any:
    """The form; then the page to check the answers; then, with `step=send`, the mail."""
    settings, moment = current_settings(), now()
    number, label = _to_sign()
    if not number or operations.signing_refused(settings, moment):
        return render_template("signatures/closed.html", number=number)
    form = SignForm()
    consent = wording.sign(number)
    if request.method == "GET":
        form.stamp(settings, moment)
    if not form.validate_on_submit() or request.form.get("step") == "change":
        status = 422 if form.errors else 200
        return render_template("signatures/sign.html", form=form, number=number, label=label, consent=consent), status
    suspicious = not trusted() and (
        suspiciously_many(count=request.form.get("step") == "send") or form.quick(settings, moment)
    )
    address = current_addresses().identify(form.email.data or "")
    # One solution is good for one address: who signs for many people has the work many times.
    submission = f"{form.started.data} {address.key}"
    entry = form.entry()
    public = wording.public(entry)
    if request.form.get("step") != "send":
        return render_template(
            "signatures/check.html",
            form=form,
            entry=entry,
            consent=consent,
            public=public,
            challenge=proof_of_work.challenge(settings, submission, moment) if suspicious else None,
            suggestion=current_addresses().suggestion(address.email),
        )
    doubtful = suspicious and not proof_of_work.solved(settings, submission, form.altcha.data)
    consents = [consent, public, wording.newsletter() if form.newsletter.data else None]
    with evenly():
        operations.request_signature(
            db.session(),
            settings,
            declaration.revision(db.session(), number) or abort(404),
            address,
            entry,
            newsletter=bool(form.newsletter.data),
            consents=[one for one in consents if one],
            language=current_language(),
            now=moment,
            held_reason="suspicious" if doubtful else None,
        )
        db.session.commit()
    return redirect(url_for("signatures.mailbox"), 303)


@localized(blueprint, "/unterzeichnen/postfach", "/sign/mailbox", methods=["GET", "POST"])
@checks_token_itself
@refuse_floods
def mailbox() -> Any:
    """«Look into your mailbox», with a way to ask for the mail once more."""
    form = LinkForm()
    if not form.validate_on_submit():
        status = 422 if form.errors else 200
        sent_again = "erneut" in request.args
        return render_template("signatures/mailbox.html", form=form, sent_again=sent_again), status
    address = current_addresses().identify(form.email.data or "")
    with evenly():
        optin.resend(db.session(), current_settings(), PURPOSE, address, now())
        db.session.commit()
    return redirect(url_for("signatures.mailbox", erneut=1), 303)


@localized(blueprint, "/unterzeichnende", "/signatories")
@public_page
def listing() -> str:
    """Those who want to be seen; the others are counted."""
    search = single_line(request.args.get("suche", ""))[:120]
    field, state = request.args.get("feld", ""), request.args.get("land", "")
    before = request.args.get("vor", type=int)
    found, following = operations.page_of_listed(
        db.session(),
        search=search,
        field=field if field in FIELDS else "",
        state=state if state in STATES else "",
        before=before if before is not None and 0 < before < 2**31 else None,
    )
    return render_template(
        "signatures/list.html",
        signatures=found,
        following=following,
        tally=operations.tally(db.session()),
        search=search,
        field=field,
        state=state,
        later=before is not None,
        fields=FIELDS,
        states=STATES,
    )


@localized(
    blueprint,
    "/meine-daten/<token>/unterschrift/<int:number>",
    "/my-data/<token>/signature/<int:number>",
    methods=["GET", "POST"],
)
@checks_token_itself
@refuse_floods
def correct(token: str, number: int) -> Any:
    """Correct what the signature says, and choose what of it is shown."""
    signature = _own(token, number)
    if signature.status != CONFIRMED:
        abort(404)
    form = EntryForm(obj=signature)
    if form.validate_on_submit():
        entry = form.entry()
        public = wording.public(entry)
        try:
            operations.correct_signature(db.session(), signature, entry, [public] if public else [], now())
        except NameTaken:
            form.name.errors = [_("Mit dieser E-Mail-Adresse hat schon jemand mit diesem Namen unterzeichnet.")]
        else:
            db.session.commit()
            return redirect(url_for("privacy.my_data", token=token), 303)
    status = 422 if form.errors else 200
    return render_template("signatures/correct.html", form=form, token=token, number=number), status


@localized(
    blueprint,
    "/meine-daten/<token>/unterschrift/<int:number>/zurueckziehen",
    "/my-data/<token>/signature/<int:number>/withdraw",
    methods=["POST"],
)
def withdraw(token: str, number: int) -> Response:
    """One click on the page that the link in each mail opens."""
    operations.withdraw_signature(db.session(), _own(token, number), now())
    db.session.commit()
    return redirect(url_for("signatures.withdrawn"), 303)


@localized(blueprint, "/unterzeichnen/zurueckgezogen", "/sign/withdrawn")
def withdrawn() -> str:
    return render_template("signatures/withdrawn.html")


def _to_sign() -> tuple[int, str]:
    """Number and label of the latest revision; looked up alone, so that nobody waits for us while a form is checked."""
    revision = declaration.current_revision(db.session())
    found = (revision.number, revision.label) if revision else (0, "")
    db.session.rollback()
    return found


def _own(token: str, number: int) -> Signature:
    """The signature with this number, if the link is its owner's."""
    owner = address_key_of(current_settings(), token)
    return operations.own_signature(db.session(), owner, number) or abort(404)


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.cli.add_command(commands.signatures)
    app.jinja_env.globals.update(
        signature_count=lambda: operations.tally(db.session()).valid,
        signing_open=lambda: not operations.signing_refused(current_settings(), now()),
        field_names=FIELDS,
        state_names=STATES,
        as_public=wording.as_public,
        newsletter_wording=lambda: wording.newsletter().wording,
    )
