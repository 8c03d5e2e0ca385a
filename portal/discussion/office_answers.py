"""The office's pages for editing the declaration: official answers, outcomes, the synopsis, and the import."""

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Flask, abort, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from portal import tokens
from portal.clock import now
from portal.config import current_settings
from portal.database import db
from portal.declaration import operations as declaration
from portal.declaration.models import Revision
from portal.discussion import answers, importing, word, wxr
from portal.discussion.answer_forms import AnswerForm, OutcomeForm, SeenForm, TakeOverForm, UploadForm
from portal.discussion.answers import Outdated
from portal.discussion.importing import SKIPPED, Understood
from portal.discussion.models import Comment, Outcome
from portal.discussion.reading import PublicComment
from portal.discussion.synopsis import Part, Synopsis, synopsis
from portal.discussion.vocabulary import CAPACITIES, OUTCOME_NAMES
from portal.discussion.wxr import NotReadable
from portal.organisers import audit
from portal.organisers.frame import Section, Work
from portal.organisers.gate import current_organiser, organisers_only
from portal.organisers.roles import EDITOR, MODERATOR, OWNER
from portal.personal_data import Text
from portal.text.blocks import plain_lines
from portal.text.markdown import organisers_html
from portal.web.downloads import csv_file
from portal.web.forms import ActionForm, checks_token_itself

blueprint = Blueprint("synopsis", __name__, url_prefix="/redaktion")

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_SLACK = 64 * 1024
"""Octets that a form needs besides its file."""
_LARGEST_FORM = 4 * wxr.LARGEST_FILE
"""What was understood of an export is sent along, compressed and signed, until somebody says yes."""
_PREVIEW_GOOD_FOR = timedelta(hours=1)
_SHOWN = 50
"""How many comments the preview shows."""


@blueprint.route("/kommentare/<int:number>/antwort", methods=["GET", "POST"])
@organisers_only(EDITOR, MODERATOR)
def answer(number: int) -> Any:
    """The official answer to a comment; with `step=preview` only how it would look."""
    session = db.session()
    comment = answers.to_answer(session, number) or abort(404)
    if request.method == "GET":
        return _answer_page(comment)
    form = AnswerForm()
    if not form.validate_on_submit():
        return _answer_page(comment, form, status=422)
    if request.form.get("step") == "preview":
        return _answer_page(comment, form, preview=form.answer.data or "")
    try:
        answers.answer(session, number, form.seen, form.answer.data or "", by=current_organiser().id, now=now())
    except Outdated:
        session.rollback()
        return _answer_outdated(number, form)
    session.commit()
    return _back_to(number, "antwort")


@blueprint.route("/kommentare/<int:number>/antwort/zurueckziehen", methods=["POST"])
@organisers_only(EDITOR, MODERATOR)
def withdraw_answer(number: int) -> Any:
    """Take the official answer back."""
    try:
        answers.withdraw_answer(db.session(), number, SeenForm().seen, by=current_organiser().id, now=now())
    except Outdated:
        db.session.rollback()
        return _answer_outdated(number)
    db.session.commit()
    return _back_to(number, "antwort-zurueck")


@blueprint.route("/kommentare/<int:number>/ergebnis", methods=["GET", "POST"])
@organisers_only(EDITOR, MODERATOR)
def outcome(number: int) -> Any:
    """What became of a comment, why, and where one can see it."""
    session = db.session()
    comment = answers.to_answer(session, number) or abort(404)
    if request.method == "GET":
        return _outcome_page(comment)
    later = _later_than(comment)
    form = OutcomeForm()
    form.offer(later)
    if not form.validate_on_submit():
        return _outcome_page(comment, form, status=422)
    shown_in = next((one for one in later if str(one.number) == form.revision.data), None)
    said = (form.outcome.data or "", form.reason.data or "", shown_in)
    try:
        answers.settle(session, number, form.seen, *said, by=current_organiser().id, now=now())
    except Outdated:
        session.rollback()
        return _outcome_outdated(number, form)
    session.commit()
    return _back_to(number, "ergebnis")


@blueprint.route("/kommentare/<int:number>/ergebnis/zurueckziehen", methods=["POST"])
@organisers_only(EDITOR, MODERATOR)
def withdraw_outcome(number: int) -> Any:
    """Take an outcome back: what becomes of the comment is open again."""
    try:
        answers.withdraw_outcome(db.session(), number, SeenForm().seen, by=current_organiser().id, now=now())
    except Outdated:
        db.session.rollback()
        return _outcome_outdated(number)
    db.session.commit()
    return _back_to(number, "ergebnis-zurueck")


@blueprint.route("/synopse")
@organisers_only(EDITOR, MODERATOR)
def page() -> str:
    """Everything that was said, thesis by thesis; with `offen=1` only what has no outcome yet."""
    only_open = "offen" in request.args
    found = synopsis(db.session(), now())
    return render_template(
        "discussion/office/synopsis.html",
        synopsis=found and _without_settled(found) if only_open else found,
        only_open=only_open,
        number=found.number if found else 0,
        open_number=sum(part.open for part in found.parts) if found else 0,
        notice=_notice(),
        may_act=_may_act(),
        may_import=current_organiser().has_role(OWNER, MODERATOR),
        form=ActionForm(),
    )


@blueprint.route("/synopse.docx", methods=["POST"])
@organisers_only(EDITOR, MODERATOR)
def as_word() -> Response:
    """The synopsis as a Word document."""
    found = _exported("docx")
    content = io.BytesIO(word.word_document(found))
    db.session.commit()
    return send_file(content, mimetype=WORD, as_attachment=True, download_name=_file_name(found, "docx"))


@blueprint.route("/synopse.csv", methods=["POST"])
@organisers_only(EDITOR, MODERATOR)
def as_csv() -> Response:
    """The synopsis as a table, one row for each comment."""
    found = _exported("csv")
    header = [str(name) for name in COLUMNS]
    rows = (_row(part, comment) for part in found.parts for comment in part.comments if not comment.gone)
    file = csv_file(_file_name(found, "csv"), header, rows)
    db.session.commit()
    return file


@blueprint.route("/kommentare/import", methods=["GET", "POST"])
@checks_token_itself
@organisers_only(MODERATOR)
def take_over() -> Any:
    """Comments of the old site: the file, then what was understood of it, then the rows."""
    # An export is larger than any other form here. Nothing has read the form before the gate let its sender in.
    request.max_content_length = request.max_form_memory_size = _LARGEST_FORM
    revisions = declaration.revisions(db.session())
    if not revisions:
        return render_template("discussion/office/import.html", form=None, understood=None)
    if request.form.get("step") == "write":
        return _take_over(revisions)
    form = UploadForm()
    if not form.validate_on_submit():
        return _import_page(form), 422 if form.errors else 200
    # Reading takes seconds, and on SQLite whoever wants to write would wait for this transaction to end.
    db.session.commit()
    try:
        understood = importing.understand(wxr.read_export(form.file.data.read(wxr.LARGEST_FILE + 1)), now())
    except NotReadable as error:
        form.file.errors = [str(error)]
        return _import_page(form), 422
    choice = TakeOverForm(formdata=None, pages=[page.number for page in understood.pages])
    content = {"at": now().isoformat(), **understood.as_json()}
    choice.understood.data = tokens.issue(current_settings(), "import", content)
    return _preview(understood, choice, revisions)


def _take_over(revisions: Sequence[Revision]) -> Any:
    form = TakeOverForm()
    understood = _understood(form.understood.data or "")
    if understood is None:
        again = UploadForm(formdata=None)
        again.file.errors = [
            _(
                "Die Vorschau gilt nicht mehr, zum Beispiel weil sie länger als eine Stunde offen war. Bitte wählen Sie"
                " die Datei noch einmal aus."
            )
        ]
        return _import_page(again), 422
    form.offer(understood, revisions)
    valid = form.validate_on_submit()
    revision = next((one for one in revisions if one.number == form.revision.data), None)
    if revision is None or (form.thesis.data and revision.thesis(form.thesis.data) is None):
        form.thesis.errors = [_("Diese These gibt es in dieser Fassung nicht. Bitte wählen Sie neu.")]
        valid = False
    if not valid or revision is None:
        return _preview(understood, form, revisions, status=422)
    chosen = understood.only(form.pages.data or ())
    by = current_organiser().id
    number = 0
    for part in chosen.parts():
        number += importing.import_comments(db.session(), part, revision, form.thesis.data or None, by=by, now=now())
        db.session.commit()
    return redirect(url_for("synopsis.page", uebernommen=number), 303)


def _understood(token: str) -> Understood | None:
    """What the preview has shown, if it was signed here and is not too old."""
    try:
        content = tokens.read(current_settings(), "import", token)
    except tokens.TokenInvalid:
        return None
    shown_at = datetime.fromisoformat(content["at"])
    return Understood.from_json(content) if now() - shown_at <= _PREVIEW_GOOD_FOR else None


def _preview(
    understood: Understood, form: TakeOverForm, revisions: Sequence[Revision], *, status: int = 200
) -> tuple[str, int]:
    form.offer(understood, revisions)
    here = importing.already_here(db.session(), understood)
    return render_template(
        "discussion/office/import.html",
        form=form,
        understood=understood,
        shown=understood.candidates[:_SHOWN],
        here=here,
        new=len(understood.candidates) - len(here),
        skipped=SKIPPED,
    ), status


def _import_page(form: UploadForm) -> str:
    return render_template("discussion/office/import.html", form=form, understood=None)


def _answer_page(
    comment: Comment,
    form: AnswerForm | None = None,
    *,
    status: int = 200,
    preview: str = "",
    outdated: bool = False,
) -> tuple[str, int]:
    """The page with what was typed into the form, or with what is published now."""
    known = answers.answer_of(db.session(), comment)
    if form is None or outdated:
        form = form or AnswerForm(formdata=None, data={"answer": known.source if known else ""})
        form.show(comment.published_number, known.at if known else None)
    return render_template(
        "discussion/office/answer.html",
        comment=comment,
        text=comment.text(comment.published_number),
        known=known,
        form=form,
        preview=preview,
        outdated=outdated,
        may_act=_may_act(),
    ), status


def _answer_outdated(number: int, form: AnswerForm | None = None) -> Any:
    comment = answers.to_answer(db.session(), number) or abort(404)
    return _answer_page(comment, form, status=409, outdated=True)


def _outcome_page(
    comment: Comment, form: OutcomeForm | None = None, *, status: int = 200, outdated: bool = False
) -> tuple[str, int]:
    """The page with what was typed into the form, or with what is published now."""
    known = answers.outcome_of(db.session(), comment)
    if form is None or outdated:
        form = form or OutcomeForm(formdata=None, data=_settled(known))
        form.offer(_later_than(comment))
        form.show(comment.published_number, known.at if known else None)
    return render_template(
        "discussion/office/outcome.html",
        comment=comment,
        text=comment.text(comment.published_number),
        known=known,
        form=form,
        outdated=outdated,
        may_act=_may_act(),
    ), status


def _outcome_outdated(number: int, form: OutcomeForm | None = None) -> Any:
    comment = answers.to_answer(db.session(), number) or abort(404)
    return _outcome_page(comment, form, status=409, outdated=True)


def _settled(known: Outcome | None) -> dict[str, str]:
    if known is None:
        return {"revision": ""}
    revision = str(known.revision.number) if known.revision else ""
    return {"outcome": known.outcome, "reason": known.reason, "revision": revision}


def _later_than(comment: Comment) -> list[Revision]:
    """The revisions that can have taken a comment up."""
    return [one for one in declaration.revisions(db.session()) if one.number > comment.revision.number]


def _may_act() -> bool:
    return current_organiser().has_role(OWNER, EDITOR, MODERATOR)


def _back_to(number: int, saved: str) -> Response:
    return redirect(url_for("synopsis.page", gespeichert=saved, nummer=number, _anchor=f"kommentar-{number}"), 303)


def _notice() -> str:
    """What the address says has just been done."""
    number = request.args.get("nummer", type=int) or 0
    imported = request.args.get("uebernommen", type=int)
    if imported is not None:
        return str(_("%(number)s Kommentare sind übernommen und öffentlich.", number=imported))
    words = {
        "antwort": _("Die Antwort auf Kommentar %(number)s ist gespeichert.", number=number),
        "antwort-zurueck": _("Die Antwort auf Kommentar %(number)s ist zurückgezogen.", number=number),
        "ergebnis-zurueck": _("Das Ergebnis zu Kommentar %(number)s ist zurückgezogen.", number=number),
        "ergebnis": _("Das Ergebnis zu Kommentar %(number)s ist gespeichert.", number=number),
    }
    return str(words.get(request.args.get("gespeichert", ""), ""))


def _without_settled(found: Synopsis) -> Synopsis:
    """Only the comments without an outcome, and the parts that have some."""
    parts = (replace(part, comments=tuple(one for one in part.comments if not one.settled)) for part in found.parts)
    return replace(found, parts=tuple(part for part in parts if part.comments))


def _exported(kind: str) -> Synopsis:
    """The synopsis, recorded in the log as taken out of the office."""
    session, moment = db.session(), now()
    found = synopsis(session, moment) or abort(404)
    subject = f"revision {found.revision.number}"
    audit.record(
        session, current_organiser().id, "synopsis.export", subject, moment, format=kind, comments=found.number
    )
    return found


def _file_name(found: Synopsis, suffix: str) -> str:
    return f"synopse-fassung-{found.revision.number}-{found.made_at:%Y-%m-%d}.{suffix}"


COLUMNS = (
    _l("Teil"),
    _l("These"),
    _l("Nummer"),
    _l("Antwort auf"),
    _l("Name"),
    _l("In welcher Rolle"),
    _l("Geschrieben am"),
    _l("Sprache"),
    _l("Fassung"),
    _l("Bezug"),
    _l("Kommentar"),
    _l("Antwort der Redaktion"),
    _l("Ergebnis"),
    _l("Begründung"),
    _l("Übernommen in Fassung"),
    _l("Adresse"),
)


def _row(part: Part, comment: PublicComment) -> list[Any]:
    site, answer, result = current_settings().base_url, comment.answer, comment.result
    return [
        word.topic_title(part),
        comment.thesis_key,
        comment.id,
        comment.parent_id,
        comment.name,
        CAPACITIES[comment.capacity] if comment.capacity else None,
        comment.written_at.isoformat(timespec="minutes"),
        comment.language,
        comment.place.revision.number,
        word.standing_words(comment),
        plain_lines(comment.html, site),
        plain_lines(organisers_html(answer.source), site) if answer else None,
        OUTCOME_NAMES[result.outcome] if result else None,
        result.reason if result else None,
        result.revision.number if result and result.revision else None,
        site + url_for("discussion.comment", number=comment.id),
    ]


def _without_outcome(session: Session) -> int:
    settled = select(Outcome.comment_id)
    waiting = (Comment.published_number.is_not(None), Comment.id.not_in(settled))
    return session.scalar(select(func.count()).where(*waiting)) or 0


SECTIONS = (Section("synopsis.page", _l("Synopse"), (EDITOR, MODERATOR), 20),)
WORK = (
    Work(
        lambda number: ngettext("Kommentar ohne Ergebnis", "Kommentare ohne Ergebnis", number),
        "synopsis.page",
        lambda session, _now: _without_outcome(session),
        (EDITOR,),
        {"offen": "1"},
        order=30,
    ),
)
ACTS: dict[str, Text] = {
    "answer.publish": _l("Offizielle Antwort veröffentlicht"),
    "answer.change": _l("Offizielle Antwort geändert"),
    "answer.withdraw": _l("Offizielle Antwort zurückgezogen"),
    "outcome.publish": _l("Ergebnis veröffentlicht"),
    "outcome.change": _l("Ergebnis geändert"),
    "outcome.withdraw": _l("Ergebnis zurückgezogen"),
    "synopsis.export": _l("Synopse heruntergeladen"),
    "comments.import": _l("Kommentare von der alten Website übernommen"),
}
"""What the acts of this page are called in the log."""


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(
        topic_title=word.topic_title, standing_words=word.standing_words, gone_words=word.gone_words
    )
