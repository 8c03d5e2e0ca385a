"""The office's pages about campaigns: release, watch, steer, and see what became of each letter."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, abort, redirect, render_template, request, url_for
from flask_babel import format_datetime
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import NoResultFound
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from portal.clock import BERLIN, in_berlin, now
from portal.config import current_settings
from portal.database import db
from portal.newsletter import audiences, campaigns, preflight, preview, recipients, releasing
from portal.newsletter.campaigns import NotNow
from portal.newsletter.issues import Content, Outdated
from portal.newsletter.models import DELIVERY_STATES, READY, RUNNING, SCHEDULED, STOPPED, Campaign
from portal.newsletter.office_forms import ReleaseForm, SeenForm, UncertainForm
from portal.newsletter.releasing import OwnRequest
from portal.newsletter.vocabulary import NOTES, OUTCOMES, REASONS, STATES
from portal.organisers.gate import current_organiser, fresh_login, organisers_only
from portal.organisers.models import AuditEntry, Organiser
from portal.organisers.roles import EDITOR
from portal.personal_data import Text
from portal.subscribers.segments import Segment, current_segments
from portal.web.downloads import csv_stream
from portal.web.headers import policy
from portal.web.numbers import number_in

blueprint = Blueprint("campaigns_office", __name__, url_prefix="/redaktion/newsletter/aussendungen")

WITH_FRAMES = {"Content-Security-Policy": policy(frame_src="'self'")}
REFRESH_SECONDS = 10
"""How often the page of a campaign under way loads itself anew where there are no scripts."""

HEADER = ("number", "address", "name", "language", "state", "reason", "attempts")


@blueprint.get("/<int:number>")
@organisers_only(EDITOR)
def campaign(number: int) -> Any:
    """How a campaign stands, and what can be done about it; when it has ended, its report."""
    return _page(number)


@blueprint.get("/<int:number>/stand")
@organisers_only(EDITOR)
def progress(number: int) -> str:
    """The part of the page that changes by itself."""
    found = _find(number)
    return render_template("newsletter/office/_progress.html", campaign=found, progress=_progress(found))


@blueprint.get("/<int:number>/ansicht/<name>")
@organisers_only(EDITOR)
def view(number: int, name: str) -> Response:
    """The frozen mail, for a frame."""
    return preview.frame(_content(_find(number)), name, current_organiser(), current_settings())


@blueprint.route("/<int:number>/freigeben", methods=["GET", "POST"])
@organisers_only(EDITOR)
@fresh_login
def release(number: int) -> Any:
    """What exactly would go out, to how many; and the release, with that number typed."""
    found = _find(number)
    if found.status != READY and request.method == "GET":
        return redirect(url_for("campaigns_office.campaign", number=number))
    if found.status != READY:
        return _page(number, problem=_released_already(found), status=409)
    audience = audiences.count(db.session(), _segment(found) or abort(404), found.narrowed)
    people = audience.in_languages({text.language for text in found.texts})
    form = ReleaseForm(people=people)
    if request.method == "GET":
        form.seen.data = found.content_sha256
    if not form.validate_on_submit() or not people:
        return _release_page(found, form, audience, people, 422 if form.errors else 200)
    moment, by = form.moment, current_organiser().id
    starts_at, four_eyes = moment.at if moment else None, current_settings().newsletter_four_eyes
    try:
        releasing.release(db.session(), number, form.seen.data or "", starts_at, by, now(), four_eyes=four_eyes)
    except (NotNow, NoResultFound):
        db.session.rollback()
        return _page(number, problem=_released_already(_find(number)), status=409)
    except Outdated:
        db.session.rollback()
        return _page(number, problem=_overtaken(), status=409)
    except OwnRequest:
        db.session.rollback()
        return _release_page(_find(number), form, audience, people, 403)
    db.session.commit()
    done = "vorgestellt" if moment and moment.skipped else "freigegeben"
    return redirect(url_for("campaigns_office.campaign", number=number, getan=done), 303)


@blueprint.post("/<int:number>/zuruecknehmen")
@organisers_only(EDITOR)
def take_back(number: int) -> Any:
    """Withdraw the request for release, and go back to where it was made, with the choice of people that was made."""
    found = _find(number)
    issue_id = found.issue_id
    chosen: dict[str, Any] = {"segment": found.segment, **found.narrowed}
    if not releasing.take_back(db.session(), number, current_organiser().id, now()):
        db.session.rollback()
        return _page(number, problem=_overtaken(), status=409)
    db.session.commit()
    if issue_id is None:
        return redirect(url_for("newsletter_office.listing", zurueckgenommen=number), 303)
    return redirect(url_for("newsletter_office.check", number=issue_id, zurueckgenommen=number, **chosen), 303)


@blueprint.post("/<int:number>/anhalten")
@organisers_only(EDITOR)
def pause(number: int) -> Any:
    """Begin no more letters."""
    return _steer(number, lambda session, by, moment: campaigns.pause(session, number, by, moment))


@blueprint.post("/<int:number>/fortsetzen")
@organisers_only(EDITOR)
def resume(number: int) -> Any:
    """Go on."""
    return _steer(number, lambda session, by, moment: campaigns.resume(session, number, by, moment))


@blueprint.post("/<int:number>/abbrechen")
@organisers_only(EDITOR)
def stop(number: int) -> Any:
    """End it for good."""
    return _steer(number, lambda session, by, moment: campaigns.stop(session, number, by, moment))


@blueprint.post("/<int:number>/ungewisse")
@organisers_only(EDITOR)
def uncertain(number: int) -> Any:
    """Hold the letters that may have arrived, or send them once more."""
    _find(number)
    form = UncertainForm()
    if not form.validate_on_submit():
        return _page(number, uncertain_form=form, status=422)
    rule = form.rule.data
    return _steer(number, lambda session, by, at: campaigns.decide_uncertain(session, number, rule, by, at))


@blueprint.get("/<int:number>/empfaenger")
@organisers_only(EDITOR)
def listing(number: int) -> str:
    """Each recipient's number and what became of the letter; no names and no addresses."""
    found = _find(number)
    status = request.args.get("stand", "")
    after = number_in(request.args, "nach") or 0
    status = status if status in DELIVERY_STATES else ""
    rows, following = recipients.page(db.session(), found, status, after=after)
    return render_template(
        "newsletter/office/recipients.html",
        campaign=found,
        rows=rows,
        following=following,
        later=after > 0,
        status=status,
        tallies=campaigns.tallies(db.session(), found),
    )


@blueprint.post("/<int:number>/nicht-verschickt")
@organisers_only(EDITOR)
@fresh_login
def export(number: int) -> Response:
    """Everyone whom it was not sent to, with the reason, as a file; the log says that it was made."""
    found = _find(number)
    recipients.note_export(db.session(), found, current_organiser().id, now())
    db.session.commit()
    found = _find(number)
    rows = recipients.not_sent(db.session(), found, _segment(found))
    return csv_stream(f"newsletter-{number}-nicht-verschickt.csv", HEADER, rows)


def _page(number: int, *, problem: str = "", uncertain_form: UncertainForm | None = None, status: int = 200) -> Any:
    session, found = db.session(), _find(number)
    begun = found.frozen_at is not None
    segment = _segment(found)
    audience = audiences.count(session, segment, found.narrowed) if segment and not begun else None
    page = render_template(
        "newsletter/office/campaign.html",
        campaign=found,
        narrowed=_narrowed(found, segment),
        segment=segment,
        progress=_progress(found),
        reasons=campaigns.reasons(session, found) if begun else {},
        audience=audience,
        people=audience.in_languages({text.language for text in found.texts}) if audience else 0,
        names={one: _name_of(one) for one in (found.asked_by_id, found.released_by_id) if one is not None},
        own=found.asked_by_id == current_organiser().id and current_settings().newsletter_four_eyes,
        problem=problem,
        notice=_notice(found),
        stopped_by=_stopped_by(found),
        twice=found.starts_at is not None and _is_twice(found.starts_at),
        act_form=SeenForm(formdata=None, data={"seen": found.status}),
        uncertain_form=uncertain_form
        or UncertainForm(formdata=None, data={"seen": found.status, "rule": found.uncertain}),
        refresh=REFRESH_SECONDS if found.status in {SCHEDULED, RUNNING} and not problem else 0,
        language_name=preflight.name,
        **({"form": uncertain_form} if uncertain_form else {}),
    )
    return page, status, WITH_FRAMES


def _release_page(found: Campaign, form: ReleaseForm, audience: audiences.Audience, people: int, status: int) -> Any:
    tried = {text.language: found.asked_at for text in found.texts}
    answers = preflight.answers(_content(found), audience, tried, current_settings(), preflight.txt_records)
    page = render_template(
        "newsletter/office/release.html",
        campaign=found,
        segment=_segment(found),
        narrowed=_narrowed(found, _segment(found)),
        form=form,
        audience=audience,
        people=people,
        answers=answers[:-1],
        own=found.asked_by_id == current_organiser().id and current_settings().newsletter_four_eyes,
        asked_by=_name_of(found.asked_by_id),
        language_name=preflight.name,
    )
    return page, status, WITH_FRAMES


def _steer(number: int, act: Callable[[Session, int, datetime], object]) -> Any:
    """Do it, unless the campaign is no longer in the state in which it was seen."""
    found = _find(number)
    form = SeenForm()
    if not form.validate_on_submit() or form.seen.data != found.status:
        return _page(number, problem=_overtaken(), status=409)
    try:
        act(db.session(), current_organiser().id, now())
    except NotNow:
        db.session.rollback()
        return _page(number, problem=_overtaken(), status=409)
    db.session.commit()
    return redirect(url_for("campaigns_office.campaign", number=number), 303)


def _find(number: int) -> Campaign:
    """The campaign; whoever looks for one whose release is no longer asked for comes to the list, which says so."""
    found = db.session.get(Campaign, number)
    if found is None and releasing.taken_back(db.session(), number):
        abort(redirect(url_for("newsletter_office.listing", zurueckgenommen=number), 303))
    return found or abort(404)


def _segment(found: Campaign) -> Segment | None:
    return current_segments().get(found.segment)


def _content(found: Campaign) -> Content:
    return Content(found.kind, {text.language: (text.subject, text.body) for text in found.texts})


def _progress(found: Campaign) -> campaigns.Progress | None:
    return campaigns.progress(db.session(), found, now()) if found.frozen_at else None


def _narrowed(found: Campaign, segment: Segment | None) -> list[tuple[Text, Text]]:
    """The answers by which the segment was made smaller, in words."""
    words: list[tuple[Text, Text]] = []
    for one in segment.narrowings if segment else ():
        value = found.narrowed.get(one.name)
        if value:
            words.append((one.label, dict(one.choices(db.session())).get(value, value)))
    return words


def _name_of(organiser_id: int) -> str:
    organiser = db.session.get(Organiser, organiser_id)
    return organiser.name if organiser else ""


def _stopped_by(found: Campaign) -> str:
    """Who has stopped it; nobody where a command did."""
    logged = (AuditEntry.act == "campaign.stop", AuditEntry.subject == f"campaign {found.id}")
    by = db.session.scalar(select(AuditEntry.by_id).where(*logged)) if found.status == STOPPED else None
    return _name_of(by) if by is not None else ""


def _released_already(found: Campaign) -> str:
    when = format_datetime(found.starts_at, "short")
    if found.released_by_id is None:
        return _overtaken()
    if found.released_by_id == current_organiser().id:
        return str(
            _("Sie haben diese Mail schon freigegeben. Beginn: %(when)s. Ihre neue Eingabe zählt nicht.", when=when)
        )
    name = _name_of(found.released_by_id)
    return str(
        _(
            "%(name)s hat diese Mail inzwischen freigegeben. Beginn: %(when)s. Ihre Eingabe zählt nicht.",
            name=name,
            when=when,
        )
    )


def _overtaken() -> str:
    return str(_("Inzwischen hat sich der Stand geändert. Bitte sehen Sie nach, ob das noch gelten soll."))


def _notice(found: Campaign) -> str:
    """What the address says has just been done, while it is still so."""
    done = request.args.get("getan")
    if done == "schon" and found.status != STOPPED:
        return str(_("Genau diese Mail an genau diese Menschen gibt es schon: hier ist sie."))
    if done == "gebeten" and found.status == READY:
        return str(_("Der Text ist eingefroren und wartet auf Freigabe."))
    if done == "vorgestellt" and found.status == SCHEDULED:
        return str(
            _(
                "Freigegeben. Die genannte Uhrzeit gibt es in jener Nacht nicht, weil die Uhr vorgestellt wird: Es geht"
                " eine Stunde später los."
            )
        )
    if done == "freigegeben" and found.status == SCHEDULED:
        if found.starts_at == found.released_at:
            return str(_("Freigegeben. Sofort heißt: in der nächsten Minute."))
        return str(_("Freigegeben. Los geht es am %(when)s.", when=format_datetime(found.starts_at, "short")))
    return ""


def _is_twice(at: datetime) -> bool:
    """Whether a clock in Berlin shows this time twice."""
    return in_berlin(at.astimezone(BERLIN).replace(tzinfo=None)).twice


def _reason_words(reason: str | None) -> Text:
    return REASONS.get(reason or "", reason or "")


def init_app(app: Flask) -> None:
    """Register the pages, and the words that they need."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(
        campaign_states=STATES,
        delivery_outcomes=OUTCOMES,
        campaign_notes=NOTES,
        skip_reason=_reason_words,
    )
