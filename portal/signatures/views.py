"""Signing, the public list, and the signature's part of `/meine-daten`."""

import re
from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.addresses import current_addresses
from portal.clock import now
from portal.config import current_settings
from portal.database import db
from portal.declaration.comparison import compare_revisions
from portal.declaration.operations import revisions
from portal.language import current_language, localized
from portal.optin import operations as optin
from portal.privacy.forms import LinkForm
from portal.privacy.operations import address_key_of
from portal.signatures import affirming, commands, operations, wording
from portal.signatures.affirming import NewerRevision
from portal.signatures.forms import AffirmForm, EntryForm, SignForm
from portal.signatures.models import CONFIRMED, Signature
from portal.signatures.operations import PURPOSE, NameTaken, ToSign
from portal.signatures.vocabulary import FIELDS, STATES
from portal.text.normalise import single_line
from portal.web.caching import public_page
from portal.web.copies import names_left_out
from portal.web.forms import checks_token_itself
from portal.web.limits import refuse_floods
from portal.web.numbers import number_in
from portal.web.timing import evenly

blueprint = Blueprint("signatures", __name__)


@localized(blueprint, "/unterzeichnen", "/sign", methods=["GET", "POST"])
@checks_token_itself
@refuse_floods
def sign() -> Any:
    """The form; then the page to check the answers; then, with `step=send`, the mail."""
    settings, moment = current_settings(), now()
    form, step = SignForm(), request.form.get("step")
    if request.method == "GET":
        form.stamp(moment)
    filled_in = form.validate_on_submit() and step != "change"
    closed = operations.signing_refused(settings, moment)
    if filled_in and step == "send" and not closed:
        return _send(form, moment)
    revision = operations.to_sign(db.session())
    db.session.rollback()  # so that nobody waits for us while a page is written
    if revision is None or closed:
        return render_template("signatures/closed.html", number=revision.number if revision else 0)
    if filled_in:
        return _check(form, revision, moment)
    consent = wording.sign(revision.number)
    page = render_template(
        "signatures/sign.html", form=form, number=revision.number, label=revision.label, consent=consent
    )
    return page, 422 if form.errors else 200


def _check(form: SignForm, revision: ToSign, moment: datetime, *, newer: bool = False) -> str:
    """What was filled in, as it will appear, and the work to prove where we are in doubt.

    `newer` says that the revision is not the one of the page that was sent: one agrees to the words that one has read.
    """
    form.revision.data = str(revision.number)
    entry, address = form.entry(), current_addresses().identify(form.email.data or "")
    return render_template(
        "signatures/check.html",
        form=form,
        revision=revision,
        newer=newer,
        entry=entry,
        consent=wording.sign(revision.number),
        public=wording.public(entry),
        challenge=form.challenge(address.key, moment) if form.suspicious(moment, count=False) else None,
        suggestion=current_addresses().suggestion(address.email),
    )


def _send(form: SignForm, moment: datetime) -> Any:
    """Take the sign-up, and mail its link. What needs no database is done before the transaction begins."""
    entry, address = form.entry(), current_addresses().identify(form.email.data or "")
    doubtful = form.suspicious(moment, count=True) and not form.solved(address.key)
    further = [wording.public(entry), wording.newsletter() if form.newsletter.data else None]
    with evenly():
        revision = operations.to_sign(db.session()) or abort(404)
        if form.revision.data not in {None, "", str(revision.number)}:
            db.session.rollback()
            return _check(form, revision, moment, newer=True), 409
        operations.request_signature(
            db.session(),
            current_settings(),
            revision,
            address,
            entry,
            newsletter=bool(form.newsletter.data),
            consents=[wording.sign(revision.number), *(one for one in further if one)],
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
    if names_left_out():
        return render_template("signatures/list.html", tally=operations.tally(db.session()))
    search = single_line(request.args.get("suche", ""))[:120]
    field, state = request.args.get("feld", ""), request.args.get("land", "")
    before = number_in(request.args, "vor")
    found, following = operations.page_of_listed(
        db.session(),
        search=search,
        field=field if field in FIELDS else "",
        state=state if state in STATES else "",
        before=before,
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


@localized(blueprint, "/unterzeichnen/bekraeftigen/<token>", "/sign/affirm/<token>", methods=["GET", "POST"])
@checks_token_itself
@refuse_floods
def affirm(token: str) -> Any:
    """What has changed since one signed, and a button to sign that too."""
    if affirming.is_of_test_mail(current_settings(), token):
        return render_template("signatures/affirm_test_mail.html")
    signature = affirming.signature_of(db.session(), current_settings(), token, lock=request.method == "POST")
    if signature is None:
        return render_template("signatures/affirm_gone.html"), 410
    form, newer = AffirmForm(), False
    if form.validate_on_submit():
        shown = form.revision.data or ""
        read = int(shown) if re.fullmatch("[0-9]{1,9}", shown) else 0
        try:
            affirming.affirm(db.session(), signature, read, wording.sign(read), now())
        except NewerRevision:
            db.session.rollback()
            newer = True
        else:
            db.session.commit()
            return redirect(url_for("signatures.affirm", token=token), 303)
    current, own = revisions(db.session())[-1], signature.revision
    page = render_template(
        "signatures/affirm.html",
        form=form,
        signature=signature,
        found=None if own is current else compare_revisions(own, current, current_language()),
        consent=wording.sign(current.number),
        newer=newer,
        token=token,
    )
    return page, 422 if form.errors else 409 if newer else 200


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
            return redirect(url_for("privacy.my_data", token=token, gespeichert=1), 303)
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
