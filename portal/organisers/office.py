"""The pages of the office that belong to no slice: what there is to do, the log, the mails, and «Startklar?»."""

from datetime import date, datetime, timedelta
from typing import Any, cast

from flask import Blueprint, Flask, abort, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from portal.addresses import Address
from portal.clock import now
from portal.database import db
from portal.mail import outbox
from portal.mail.models import FAILED, WAITING, OutboxMail
from portal.organisers import audit, logbook
from portal.organisers.frame import Section, Work, act_called, current_office, may_open
from portal.organisers.gate import current_organiser, fresh_login, logged_in, organisers_only
from portal.organisers.roles import NAMES, OWNER
from portal.personal_data import Text
from portal.text.normalise import single_line
from portal.web.downloads import csv_file, csv_stream
from portal.web.numbers import number_in

blueprint = Blueprint("organisers", __name__, url_prefix="/redaktion")

LATE = timedelta(minutes=10)
"""A mail that has been due for so long says that something is wrong."""

SECTIONS = (
    Section("organisers.start", _l("Zu tun"), order=0),
    Section("organisers.mails", _l("Mails"), (OWNER,), order=80),
    Section("organisers.log", _l("Protokoll"), (OWNER,), order=90),
    Section("organisers.ready", _l("Startklar?"), (OWNER,), order=95),
)


def _failed(session: Session, _now: datetime) -> int:
    return session.scalar(select(func.count()).where(OutboxMail.status == literal(FAILED, literal_execute=True))) or 0


def _late(session: Session, now: datetime) -> int:
    late = (OutboxMail.status.in_(WAITING), OutboxMail.next_attempt_at < now - LATE)
    return session.scalar(select(func.count()).where(*late)) or 0


WORK = (
    Work(
        lambda number: ngettext(
            "Mail, die nicht zugestellt werden konnte", "Mails, die nicht zugestellt werden konnten", number
        ),
        "organisers.mails",
        _failed,
        (OWNER,),
        order=80,
    ),
    Work(
        lambda number: ngettext(
            "Mail, die seit mehr als zehn Minuten wartet", "Mails, die seit mehr als zehn Minuten warten", number
        ),
        "organisers.mails",
        _late,
        (OWNER,),
        order=81,
    ),
)

ACTS: dict[str, Text] = {
    "audit.export": _l("Protokoll exportiert"),
    "mail.retry": _l("Mails noch einmal versucht"),
    "mail.test": _l("Testmail geschickt"),
}
"""What the acts of this module are called in the log."""


@blueprint.get("")
@organisers_only()
def start() -> str:
    """What there is to do, and the numbers."""
    me, office, session, moment = current_organiser(), current_office(), db.session(), now()
    work = [(item, item.count(session, moment)) for item in office.work_of(me)]
    charts = [(chart, chart.bars(session, moment)) for chart in office.charts_of(me)]
    return render_template(
        "organisers/start.html",
        waiting=[(item, count) for item, count in work if count],
        nothing=[item for item, count in work if not count],
        charts=charts,
    )


@blueprint.get("/zahlen/<name>.csv")
@organisers_only()
def numbers(name: str) -> Response:
    """The numbers of one chart. They count and name nobody, so that no export of persons has to be recorded."""
    chart = next((one for one in current_office().charts if one.name == name), None) or abort(404)
    if not may_open(current_organiser(), chart.roles):
        abort(403)
    bars = chart.bars(db.session(), now())
    return csv_file(
        f"{chart.name}.csv", (str(chart.heading), str(chart.unit)), [(one.label, one.value) for one in bars]
    )


@blueprint.get("/protokoll")
@organisers_only(OWNER)
def log() -> str:
    """What was done in the office, the latest first."""
    session, wanted = db.session(), _wanted(request.args)
    before = number_in(request.args, "vor")
    found, following = logbook.page(session, wanted, before=before)
    return render_template(
        "organisers/audit.html",
        entries=logbook.told(session, current_office(), found),
        following=following,
        later=before is not None,
        wanted=wanted,
        query=_query(wanted, request.args),
        acts=logbook.known_acts(session),
        organisers=logbook.known_organisers(session),
    )


@blueprint.post("/protokoll/export")
@organisers_only(OWNER)
@fresh_login
def export_log() -> Response:
    """The log, or the part that was looked for, as a file; this too is in the log."""
    wanted = _wanted(request.form)
    logbook.note_export(db.session(), wanted, by=current_organiser().id, now=now())
    db.session.commit()
    return csv_stream("protokoll.csv", logbook.HEADER, logbook.rows(db.session(), current_office(), wanted))


@blueprint.get("/mails")
@organisers_only(OWNER)
def mails() -> str:
    """How the mails are doing, without anybody's address."""
    return render_template(
        "organisers/mails.html",
        counts=outbox.counts(db.session()),
        waiting=outbox.oldest_due(db.session(), now()),
        late=LATE,
        troubled=outbox.troubled(db.session(), 50),
        retried=request.args.get("versucht", type=int),
    )


@blueprint.post("/mails/erneut")
@organisers_only(OWNER)
def retry() -> Response:
    """Have failed and waiting mails tried again at once."""
    number = outbox.retry(db.session(), now())
    audit.record(db.session(), current_organiser().id, "mail.retry", "mails", now(), number=number)
    db.session.commit()
    return redirect(url_for("organisers.mails", versucht=number), 303)


@blueprint.get("/startklar")
@organisers_only(OWNER)
def ready() -> str:
    """What keeps the site from going live, question by question."""
    answers = [(check, list(check.look())) for check in current_office().checks]
    return render_template("organisers/ready.html", answers=answers, tested="testmail" in request.args)


@blueprint.post("/startklar/testmail")
@organisers_only(OWNER)
def test_mail() -> Response:
    """A mail to whoever asks for it, on the same way as all others."""
    me, moment = current_organiser(), now()
    to = Address(cast(str, me.email), cast(str, me.address_key))
    outbox.post(db.session(), outbox.Mail("organisers/mail/test", to, me.language, {"name": me.name}), moment)
    audit.record(db.session(), me.id, "mail.test", f"organiser {me.id}", moment)
    db.session.commit()
    return redirect(url_for("organisers.ready", testmail=1), 303)


def _wanted(given: Any) -> logbook.Wanted:
    """What somebody looks for in the log; what cannot be understood is not asked for."""
    return logbook.Wanted(
        act=_asked(given, "was")[:48],
        by=number_in(given, "wer") or 0,
        subject=logbook.subjects_called(current_office(), _asked(given, "woran")),
        since=_day(given.get("von", "")),
        until=_day(given.get("bis", "")),
    )


def _query(wanted: logbook.Wanted, given: Any) -> dict[str, Any]:
    """The parameters of an address that ask for the same again."""
    about = _asked(given, "woran")
    asked = {"was": wanted.act, "wer": wanted.by, "woran": about, "von": wanted.since, "bis": wanted.until}
    return {name: value for name, value in asked.items() if value}


def _asked(given: Any, name: str) -> str:
    return single_line(given.get(name, ""))[:80]


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 2000 <= found.year < 3000 else None


def init_app(app: Flask) -> None:
    """Register the pages, and what the frame of every page of the office asks for."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(logged_in=logged_in, office_sections=_sections, may=_may)
    app.jinja_env.filters.update(act_called=act_called, subject_called=_subject_called)
    app.jinja_env.filters["role_name"] = lambda role: NAMES[role]


def _sections() -> list[Section]:
    """The navigation of whoever is logged in."""
    me = logged_in()
    return current_office().sections_of(me) if me else []


def _subject_called(subject: str) -> str:
    return logbook.subject_in_words(current_office(), subject)


def _may(*roles: str) -> bool:
    """Whether whoever is logged in may change what is there for `roles`: no page shows a button that is refused."""
    me = logged_in()
    return me is not None and me.has_role(OWNER, *roles)
