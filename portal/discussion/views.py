"""What the public reads of the discussion, and where readers report a comment or take a position."""

from typing import Any

from flask import Flask, Response, abort, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal import tokens
from portal.addresses import current_addresses
from portal.clock import now
from portal.config import current_settings
from portal.database import db
from portal.declaration import operations as declaration
from portal.declaration.models import Revision
from portal.discussion import author_views as _author_views  # noqa: F401 - its pages are on the same blueprint
from portal.discussion import feeds, moderation, positions, reading, wording
from portal.discussion.blueprint import NUMBER, blueprint, private_page
from portal.discussion.forms import PositionForm, ReportForm, position_form
from portal.discussion.models import OUTCOMES, Comment
from portal.discussion.reading import ANSWERED, NEWEST, OLDEST, ORDERS, Library, Topic, Unreadable
from portal.discussion.vocabulary import CAPACITIES, OUTCOME_NAMES, REASONS, STANCE_NAMES
from portal.language import LANGUAGES, current_language, localized
from portal.web.caching import public_page
from portal.web.forms import checks_token_itself
from portal.web.limits import refuse_floods
from portal.web.timing import evenly

ORDER_NAMES = {
    NEWEST: _l("neueste zuerst"),
    OLDEST: _l("älteste zuerst"),
    ANSWERED: _l("meist beantwortete zuerst"),
}


# To read


@localized(blueprint, "/diskussion", "/discussion")
@public_page
def thread() -> Any:
    """All threads, or those of one topic, page by page."""
    library = reading.library(db.session())
    if library is None:
        return render_template("discussion/nothing.html")
    counts, closed = reading.comment_counts(db.session()), reading.closures(db.session())
    topic = _topic(library, counts, closed, request.args.get("these"))
    order, outcome = _chosen("folge", ORDERS) or NEWEST, _chosen("ergebnis", OUTCOMES)
    after = request.args.get("nach", "")
    try:
        page = reading.page_of_threads(db.session(), library, topic=topic, outcome=outcome, order=order, after=after)
    except Unreadable:
        abort(404)
    return render_template(
        "discussion/thread.html",
        library=library,
        topics=reading.topics(library, counts, closed),
        topic=topic,
        total=sum(counts.values()),
        closed=reading.is_closed(closed, None),
        page=page,
        order=order,
        outcome=outcome,
        later=bool(after),
        counters=None if after or topic or outcome else reading.counters(db.session()),
    )


@localized(blueprint, f"/diskussion/{NUMBER}", f"/discussion/{NUMBER}")
@public_page
def comment(number: int) -> str:
    """One comment in its thread."""
    library = reading.library(db.session()) or abort(404)
    found = reading.thread_of(db.session(), library, number) or abort(404)
    asked_for = next(one for one in reading.walk(found) if one.id == number)
    return render_template("discussion/comment.html", thread_shown=found, comment=asked_for)


@localized(blueprint, "/diskussion/ergebnisse", "/discussion/outcomes")
@public_page
def outcomes() -> Any:
    """What became of the comments."""
    library = reading.library(db.session())
    if library is None:
        return render_template("discussion/nothing.html")
    outcome, after = _chosen("ergebnis", OUTCOMES), request.args.get("nach", "")
    try:
        page = reading.page_of_results(db.session(), library, outcome=outcome, after=after)
    except Unreadable:
        abort(404)
    counts = reading.result_counts(db.session())
    return render_template("discussion/outcomes.html", page=page, counts=counts, outcome=outcome, later=bool(after))


@localized(blueprint, "/moderation", "/moderation")
@public_page
def rules() -> str:
    """The rules, how they are applied, and what one can do about it."""
    return render_template(
        "discussion/rules.html", counters=reading.counters(db.session()), appeal_days=current_settings().appeal_days
    )


@blueprint.get("/feed/diskussion.atom")
@blueprint.get("/feed/these-<key>.atom")
@public_page
def feed(key: str | None = None) -> Response:
    """The latest comments, on everything or on one thesis, for feed readers; in English with `?sprache=en`."""
    asked = request.args.get("sprache")
    g.language = asked if asked in LANGUAGES else "de"
    library = reading.library(db.session()) or abort(404)
    topic = _topic(library, {}, frozenset(), key)
    entries = reading.latest(db.session(), library, topic=topic)
    return Response(feeds.atom(library, topic, entries), content_type="application/atom+xml; charset=utf-8")


# To report


@localized(blueprint, f"/diskussion/{NUMBER}/melden", f"/discussion/{NUMBER}/report", methods=["GET", "POST"])
@checks_token_itself
@refuse_floods
def report(number: int) -> Any:
    """Say that a comment should not stand there."""
    settings, moment = current_settings(), now()
    library = reading.library(db.session()) or abort(404)
    about = reading.public_comment(db.session(), library, number) or abort(404)
    form = ReportForm()
    if request.method == "GET":
        form.stamp(moment)
    if not form.validate_on_submit():
        page = render_template("discussion/report.html", form=form, comment=about)
        return page, 422 if form.errors else 200
    address = current_addresses().identify(form.email.data) if form.email.data else None
    with evenly():
        filed = moderation.file_report(
            db.session(),
            settings,
            db.session.get_one(Comment, number),
            reason=form.reason.data,
            explanation=form.explanation.data or "",
            name=form.name.data or None,
            address=address,
            language=current_language(),
            now=moment,
            submission=form.own_token(),
        )
        receipt = tokens.issue(settings, "report", filed.id if filed else 0)
        db.session.commit()
    return redirect(url_for("discussion.reported", token=receipt), 303)


@localized(blueprint, "/diskussion/gemeldet/<token>", "/discussion/reported/<token>")
@private_page
def reported(token: str) -> str:
    """The receipt of a report, with its number."""
    return render_template("discussion/reported.html", number=tokens.read(current_settings(), "report", token))


# Positions


@localized(blueprint, "/standpunkte", "/positions", endpoint="positions")
@public_page
def show_positions() -> Any:
    """What people think of each thesis, in numbers, where enough have said so."""
    revision = declaration.current_revision(db.session())
    if revision is None:
        return render_template("discussion/nothing.html")
    return render_template(
        "discussion/positions.html",
        revision=revision,
        tallies=positions.tallies(db.session(), revision),
        least=positions.SHOWN_FROM,
    )


@localized(blueprint, "/standpunkte/mitteilen", "/positions/take", methods=["GET", "POST"])
@checks_token_itself
@refuse_floods
def take_position() -> Any:
    """Agree, disagree or be unsure; then the mail."""
    settings, moment = current_settings(), now()
    revision = declaration.current_revision(db.session())
    if revision is None:
        return render_template("discussion/nothing.html")
    form = position_form(revision.theses)
    if not _took_a_position(form, revision):
        page = render_template(
            "discussion/take_position.html", form=form, revision=revision, consent=wording.positions(revision.number)
        )
        return page, 422 if form.errors else 200
    with evenly():
        positions.request_positions(
            db.session(),
            settings,
            revision,
            current_addresses().identify(form.email.data or ""),
            form.stances(revision.theses),
            consents=[wording.positions(revision.number)],
            language=current_language(),
            now=moment,
        )
        db.session.commit()
    return redirect(url_for("discussion.positions_mailbox"), 303)


def _took_a_position(form: PositionForm, revision: Revision) -> bool:
    if not form.validate_on_submit():
        return False
    if form.stances(revision.theses):
        return True
    form.form_errors.append(_("Bitte wählen Sie bei mindestens einer These aus, was Sie davon halten."))
    return False


# What the views share


def _chosen(name: str, known: tuple[str, ...]) -> str:
    """The value of a query argument, if it is a known one."""
    value = request.args.get(name, "")
    return value if value in known else ""


def _topic(library: Library, counts: dict[str | None, int], closed: frozenset[str], value: str | None) -> Topic | None:
    """The topic that an address names, or None if it names none. A thesis that never was is no page."""
    if not value:
        return None
    key = None if value == reading.WHOLE else value
    thesis = library.latest(key) if key else None
    if key is not None and thesis is None:
        abort(404)
    current = key is None or library.current.thesis(key) is not None
    return Topic(key, thesis, current, counts.get(key, 0), reading.is_closed(closed, key))


def init_app(app: Flask) -> None:
    """Add the pages, and what other pages say about the discussion."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(
        comment_counts=lambda: reading.comment_counts(db.session()),
        capacity_names=CAPACITIES,
        outcome_names=OUTCOME_NAMES,
        reason_names=REASONS,
        stance_names=STANCE_NAMES,
        stances_of=positions.stances_of,
        comment_orders=ORDER_NAMES,
        other_redress=wording.OTHER_REDRESS,
    )
