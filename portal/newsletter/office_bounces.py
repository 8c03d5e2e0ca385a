"""The office's pages about what came back: which addresses get no newsletter any more, why, and how to change that."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from flask import Blueprint, Flask, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from wtforms import HiddenField, RadioField
from wtforms.validators import AnyOf

from portal.addresses import current_addresses
from portal.clock import now
from portal.database import db
from portal.mail import suppression
from portal.mail.bounces import NOBODY, status
from portal.mail.models import (
    BLOCKED,
    BOUNCED,
    COMPLAINED,
    COMPLAINT,
    HARD,
    OBJECTED,
    SOFT,
    SUPPRESSION_REASONS,
    Bounce,
    Suppression,
)
from portal.organisers import audit
from portal.organisers.frame import Section, Work
from portal.organisers.gate import current_organiser, organisers_only
from portal.organisers.roles import EDITOR
from portal.personal_data import Text
from portal.text.fields import AddressField
from portal.web.forms import PortalForm, choices
from portal.web.numbers import number_in

blueprint = Blueprint("bounces_office", __name__, url_prefix="/redaktion/ruecklaeufer")

PAGE = 50
RECENT = timedelta(days=7)
SIGN = 10
"""So much of an address's hash tells two apart; nobody can tell from it whose it is."""

REASONS: dict[str, Text] = {
    BOUNCED: _l("Mails kommen zurück"),
    COMPLAINED: _l("als Spam gemeldet"),
    OBJECTED: _l("widersprochen"),
    BLOCKED: _l("von der Redaktion gesperrt"),
}
KINDS: dict[str, Text] = {
    HARD: _l("dauerhaft"),
    SOFT: _l("vorübergehend"),
    COMPLAINT: _l("als Spam gemeldet"),
}

WORKS, ASKED, MISTAKE = "works", "asked", "mistake"
WHY: dict[str, Text] = {
    ASKED: _l("Die Person hat uns darum gebeten."),
    WORKS: _l("Das Postfach ist wieder erreichbar."),
    MISTAKE: _l("Es war ein Versehen."),
}

_MEANINGS: dict[str, Text] = {
    "5.1.2": _l("die Domain gibt es nicht"),
    "5.1.10": _l("die Domain nimmt keine Mails an"),
    "5.2.1": _l("das Postfach ist abgeschaltet"),
    "5.2.2": _l("das Postfach ist voll"),
    "4.2.2": _l("das Postfach ist voll"),
}

Found: TypeAlias = tuple[Sequence[Any], int | None]
"""The rows of a page, and where the next one begins."""


class SearchForm(PortalForm):
    """A whole address. It is turned into its hash at once, and never shown again."""

    email = AddressField()


class LiftForm(PortalForm):
    """Why an address may get newsletters again: in a code, so that the log names nobody."""

    why = RadioField(_l("Grund"), validate_choice=False)
    seen = HiddenField()
    """For which reason, and since when, the address was suppressed when the page was shown."""

    def for_reason(self, reason: str) -> "LiftForm":
        """With the reasons that count: against somebody's own word only that word does."""
        known = WHY if reason in {BOUNCED, BLOCKED} else {ASKED: WHY[ASKED]}
        self.why.choices = choices(known)
        self.why.validators = [AnyOf(list(known), _l("Bitte wählen Sie einen Grund."))]
        return self


@blueprint.get("")
@organisers_only(EDITOR)
def listing() -> str:
    """Which addresses get no newsletter any more; or what came back of late; or both of one address."""
    return _page(SearchForm(formdata=None))


@blueprint.post("")
@organisers_only(EDITOR)
def search() -> Any:
    """Look for an address by its hash; the address itself stands in no link and no log."""
    form = SearchForm()
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        key = current_addresses().identify(form.email.data or "").key
    except UnicodeError:
        # No domain can look like this, and so nobody has it.
        key = "-"
    return redirect(url_for("bounces_office.listing", kennung=key[:SIGN]), 303)


@blueprint.route("/<int:number>/aufheben", methods=["GET", "POST"])
@organisers_only(EDITOR)
def lift(number: int) -> Any:
    """Ask why, and let newsletters reach the address again."""
    session = db.session()
    one = session.get(Suppression, number, with_for_update=request.method == "POST") or abort(404)
    seen = f"{one.reason} {one.created_at.isoformat()}"
    form = LiftForm(seen=seen).for_reason(one.reason)
    outdated = form.seen.data != seen
    if outdated or not form.validate_on_submit():
        status = 409 if outdated else 422 if form.errors else 200
        form.seen.data = seen
        page = render_template("newsletter/office/bounces_lift.html", form=form, one=one, outdated=outdated)
        return page, status
    suppression.lift(session, one.address_key)
    by, subject = current_organiser().id, f"suppression {one.address_key[:SIGN]}"
    audit.record(session, by, "suppression.lift", subject, now(), was=one.reason, why=form.why.data or "")
    session.commit()
    return redirect(url_for("bounces_office.listing", aufgehoben=1), 303)


def _page(form: SearchForm) -> str:
    session = db.session()
    sign, reason = _sign(request.args.get("kennung", "")), request.args.get("grund", "")
    reason = reason if reason in SUPPRESSION_REASONS else ""
    returned = request.args.get("liste") == "zurueck"
    before = number_in(request.args, "vor")
    rows, following = (
        _bounces(session, sign, before=before) if returned else _suppressions(session, sign, reason, before=before)
    )
    return render_template(
        "newsletter/office/bounces.html",
        form=form,
        rows=rows,
        following=following,
        later=before is not None,
        query={key: value for key, value in (("kennung", sign), ("grund", reason)) if value},
        returned=returned,
        counts=_counts(session),
        days=_days(session),
        suppressed=_suppressed(session, sign) if sign and returned else False,
        lifted="aufgehoben" in request.args,
    )


def _suppressions(session: Session, sign: str, reason: str, *, before: int | None) -> Found:
    wanted = select(Suppression).order_by(Suppression.id.desc())
    if sign:
        wanted = wanted.where(Suppression.address_key.between(sign, sign + "g"))
    if reason:
        wanted = wanted.where(Suppression.reason == reason)
    if before is not None:
        wanted = wanted.where(Suppression.id < before)
    return _cut(session.scalars(wanted.limit(PAGE + 1)).all())


def _bounces(session: Session, sign: str, *, before: int | None) -> Found:
    wanted = select(Bounce).order_by(Bounce.id.desc())
    if sign:
        wanted = wanted.where(Bounce.address_key.between(sign, sign + "g"))
    if before is not None:
        wanted = wanted.where(Bounce.id < before)
    return _cut(session.scalars(wanted.limit(PAGE + 1)).all())


def _cut(found: Sequence[Any]) -> Found:
    return found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None


def _counts(session: Session) -> Mapping[str, int]:
    rows = session.execute(select(Suppression.reason, func.count()).group_by(Suppression.reason))
    return {row[0]: row[1] for row in rows}


def _days(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Bounce)) or 0


def _suppressed(session: Session, sign: str) -> bool:
    return bool(_suppressions(session, sign, "", before=None)[0])


def _sign(text: str) -> str:
    """The beginning of a hash, if it can be one; an address that somebody writes here is nothing."""
    return text if len(text) == SIGN and all(one in "0123456789abcdef" for one in text) else "-" * bool(text)


def meaning(kind: str, code: str | None) -> str:
    """What a code says, in words."""
    if kind in {COMPLAINED, COMPLAINT}:
        return str(_("gemeldet vom Mailanbieter"))
    found = status(code or "")
    if found in _MEANINGS:
        return str(_MEANINGS[found])
    if found in NOBODY:
        return str(_("das Postfach gibt es nicht"))
    if found and found.startswith("5.7."):
        return str(_("der Mailserver lehnt uns ab"))
    if (code or "").startswith("4"):
        return str(_("der Mailserver war nicht erreichbar"))
    return str(_("der Mailserver nimmt die Mail nicht an")) if code else ""


def _lately(session: Session, moment: datetime) -> int:
    counted = select(func.count()).select_from(Suppression)
    lately = Suppression.reason.in_((BOUNCED, COMPLAINED)), Suppression.created_at > moment - RECENT
    return session.scalar(counted.where(*lately)) or 0


SECTIONS = (Section("bounces_office.listing", _l("Rückläufer"), (EDITOR,), 32),)
WORK = (
    Work(
        lambda number: ngettext(
            "Adresse, die seit dieser Woche keinen Newsletter mehr bekommt, weil Mails zurückkamen",
            "Adressen, die seit dieser Woche keinen Newsletter mehr bekommen, weil Mails zurückkamen",
            number,
        ),
        "bounces_office.listing",
        _lately,
        (EDITOR,),
        order=75,
    ),
)
ACTS: dict[str, Text] = {"suppression.lift": _l("Newsletter-Sperre einer Adresse aufgehoben")}
"""What the acts of this module are called in the log."""


def init_app(app: Flask) -> None:
    """Register the pages."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(suppression_reasons=REASONS, bounce_kinds=KINDS, bounce_meaning=meaning)
