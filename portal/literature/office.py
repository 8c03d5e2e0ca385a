"""The office's pages for the literature: the records, one record, topics, and the import."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Flask, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from portal import tokens
from portal.bibliography.found import LARGEST_FILE, NotReadable
from portal.bibliography.reading import read
from portal.clock import now
from portal.config import current_settings
from portal.database import db
from portal.literature import importing, operations
from portal.literature.forms import RecordForm, SeenForm, TakeOverForm, TopicForm, UploadForm
from portal.literature.importing import KINDS, NEW, Candidate
from portal.literature.models import DRAFT, PUBLIC, Record, RecordImport, RecordTopic, Topic
from portal.literature.operations import DoiTaken, NotAllowed, Outdated, searchable
from portal.literature.vocabulary import STATE_NAMES, TYPE_NAMES
from portal.organisers.frame import Section
from portal.organisers.gate import current_organiser, organisers_only
from portal.organisers.models import Organiser
from portal.organisers.roles import EDITOR
from portal.text.normalise import single_line
from portal.web.forms import ActionForm, checks_token_itself
from portal.web.numbers import number_in

blueprint = Blueprint("literature_office", __name__, url_prefix="/redaktion/literatur")

ON_A_PAGE = 50
_LARGEST_FORM = 4 * LARGEST_FILE
"""What was read of a file is sent along, compressed and signed, until somebody says yes."""
_LARGEST_RECORD = 1_000_000
_PREVIEW_GOOD_FOR = timedelta(hours=1)


@blueprint.get("")
@organisers_only(EDITOR)
def listing() -> str:
    """All records, drafts first."""
    session, page = db.session(), number_in(request.args, "seite") or 1
    words, state = single_line(request.args.get("suche", "")[:120]), request.args.get("stand", "")
    import_number = number_in(request.args, "aus")
    wanted = _wanted(words, state, import_number)
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    pages = max(1, -(-total // ON_A_PAGE))
    offset = (min(page, pages) - 1) * ON_A_PAGE
    ordered = wanted.order_by(Record.state, Record.changed_at.desc(), Record.id.desc())
    query = {"suche": words, "stand": state, "aus": import_number}
    return render_template(
        "literature/office/list.html",
        records=session.scalars(ordered.limit(ON_A_PAGE).offset(offset)).all(),
        total=total,
        page=min(page, pages),
        pages=pages,
        words=words,
        state=state,
        query={name: value for name, value in query.items() if value},
        states=STATE_NAMES,
        type_names=TYPE_NAMES,
        import_=session.get(RecordImport, import_number) if import_number else None,
        drafts=_drafts(session, import_number) if import_number else 0,
        notice=_notice(),
        form=ActionForm(),
    )


@blueprint.route("/neu", methods=["GET", "POST"])
@checks_token_itself
@organisers_only(EDITOR)
def start() -> Any:
    """A new record."""
    request.max_content_length = request.max_form_memory_size = _LARGEST_RECORD
    form = _form(RecordForm() if request.method == "POST" else RecordForm(formdata=None))
    if request.method == "GET" or not form.validate_on_submit():
        return _editor(None, form), 422 if form.errors else 200
    try:
        made = operations.add(db.session(), form.entry, current_organiser().id, now())
    except DoiTaken as error:
        return _editor(None, _with_doi_taken(form, error)), 422
    db.session.commit()
    return redirect(url_for("literature_office.edit", number=made.id, gespeichert=1), 303)


@blueprint.route("/<int:number>", methods=["GET", "POST"])
@checks_token_itself
@organisers_only(EDITOR)
def edit(number: int) -> Any:
    """One record."""
    request.max_content_length = request.max_form_memory_size = _LARGEST_RECORD
    record = operations.find(db.session(), number) or abort(404)
    if request.method == "GET":
        return _editor(record, _form(RecordForm.of(record)))
    form = _form(RecordForm())
    if not form.validate_on_submit():
        return _editor(record, form), 422
    try:
        operations.change(db.session(), number, form.seen, form.entry, current_organiser().id, now())
    except Outdated:
        return _conflict(number, form)
    except DoiTaken as error:
        again = operations.find(db.session(), number) or abort(404)
        return _editor(again, _with_doi_taken(form, error)), 422
    db.session.commit()
    return redirect(url_for("literature_office.edit", number=number, gespeichert=1), 303)


@blueprint.post("/<int:number>/freigeben")
@organisers_only(EDITOR)
def release(number: int) -> Any:
    """Let everyone read a record."""
    return _set_state(operations.release, number)


@blueprint.post("/<int:number>/verbergen")
@organisers_only(EDITOR)
def hide(number: int) -> Any:
    """Make a record a draft again."""
    return _set_state(operations.hide, number)


@blueprint.post("/<int:number>/loeschen")
@organisers_only(EDITOR)
def erase(number: int) -> Any:
    """Delete a draft."""
    try:
        operations.erase(db.session(), number, SeenForm().number, current_organiser().id, now())
    except (Outdated, NotAllowed):
        return _conflict(number)
    db.session.commit()
    return redirect(url_for("literature_office.listing", geloescht=number), 303)


@blueprint.post("/importe/<int:number>/freigeben")
@organisers_only(EDITOR)
def release_import(number: int) -> Any:
    """Let everyone read what came with an import."""
    released = operations.release_import(db.session(), number, current_organiser().id, now())
    db.session.commit()
    return redirect(url_for("literature_office.listing", aus=number, freigegeben=released), 303)


@blueprint.route("/themen", methods=["GET", "POST"])
@checks_token_itself
@organisers_only(EDITOR)
def topics() -> Any:
    """All topics, and a new one."""
    form = TopicForm()
    if form.validate_on_submit():
        names = (form.name_de.data or "", form.name_en.data or "")
        if operations.add_topic(db.session(), *names, current_organiser().id, now()):
            db.session.commit()
            return redirect(url_for("literature_office.topics", gespeichert=1), 303)
        form.name_de.errors = [_there_already()]
    return _topics_page(form), 422 if form.errors else 200


@blueprint.route("/themen/<int:number>", methods=["GET", "POST"])
@checks_token_itself
@organisers_only(EDITOR)
def topic(number: int) -> Any:
    """Rename a topic."""
    session = db.session()
    found = session.get(Topic, number) or abort(404)
    form = TopicForm(data={"name_de": found.name_de, "name_en": found.name_en})
    if form.validate_on_submit():
        names = (form.name_de.data or "", form.name_en.data or "")
        if operations.rename_topic(session, number, *names, current_organiser().id, now()):
            session.commit()
            return redirect(url_for("literature_office.topics", gespeichert=1), 303)
        form.name_de.errors = [_there_already()]
    page = render_template("literature/office/topic.html", form=form, topic=found, remove=ActionForm())
    return page, 422 if form.errors else 200


@blueprint.post("/themen/<int:number>/loeschen")
@organisers_only(EDITOR)
def delete_topic(number: int) -> Any:
    """Delete a topic."""
    if db.session.get(Topic, number) is None:
        abort(404)
    operations.delete_topic(db.session(), number, current_organiser().id, now())
    db.session.commit()
    return redirect(url_for("literature_office.topics", gespeichert=1), 303)


@blueprint.route("/import", methods=["GET", "POST"])
@checks_token_itself
@organisers_only(EDITOR)
def take_over() -> Any:
    """Records from a reference manager: the file, then what would become of each, then the rows."""
    # A file is larger than any other form here. Nothing has read the form before the gate let its sender in.
    request.max_content_length = request.max_form_memory_size = _LARGEST_FORM
    if request.form.get("step") == "write":
        return _take_over()
    form = UploadForm()
    if not form.validate_on_submit():
        return _import_page(form), 422 if form.errors else 200
    # Reading takes seconds, and on SQLite whoever wants to write would wait for this transaction to end.
    db.session.commit()
    try:
        found = read(form.content)
    except NotReadable as error:
        form.file.errors = [str(error)]
        return _import_page(form), 422
    candidates = importing.look_at(db.session(), found)
    content = {"at": now().isoformat(), "candidates": [one.as_json() for one in candidates]}
    choice = TakeOverForm(formdata=None, taken=[place for place, one in enumerate(candidates) if one.kind == NEW])
    choice.preview.data = tokens.issue(current_settings(), "literature", content)
    return _preview(candidates, choice)


def _take_over() -> Any:
    form = TakeOverForm()
    candidates = _previewed(form.preview.data or "")
    if candidates is None:
        again = UploadForm(formdata=None)
        again.file.errors = [
            _(
                "Die Vorschau gilt nicht mehr, zum Beispiel weil sie länger als eine Stunde offen war. Bitte wählen Sie"
                " die Datei noch einmal aus."
            )
        ]
        return _import_page(again), 422
    if not form.validate_on_submit():
        return _preview(candidates, form), 422
    ticked = set(form.taken.data or ())
    chosen = [one for place, one in enumerate(candidates) if place in ticked]
    sha256 = hashlib.sha256((form.preview.data or "").encode()).hexdigest()
    by, released = current_organiser().id, form.state.data == PUBLIC
    made = importing.write(db.session(), chosen, sha256, by, now(), release=released)
    db.session.commit()
    return redirect(url_for("literature_office.listing", aus=made.id), 303)


def _previewed(token: str) -> list[Candidate] | None:
    """What the preview has shown, if it was signed here and is not too old."""
    try:
        content = tokens.read(current_settings(), "literature", token)
    except tokens.TokenInvalid:
        return None
    if now() - datetime.fromisoformat(content["at"]) > _PREVIEW_GOOD_FOR:
        return None
    return [Candidate.from_json(one) for one in content["candidates"]]


def _preview(candidates: list[Candidate], form: TakeOverForm) -> str:
    kinds = [one.kind for one in candidates]
    return render_template(
        "literature/office/import.html",
        form=form,
        candidates=candidates,
        ticked=set(form.taken.data or ()),
        kinds=KINDS,
        counts=[(KINDS[kind], kinds.count(kind)) for kind in KINDS if kind in kinds],
        type_names=TYPE_NAMES,
    )


def _import_page(form: UploadForm) -> str:
    return render_template("literature/office/import.html", form=form, candidates=None)


def _form(form: RecordForm) -> RecordForm:
    form.offer(db.session().scalars(select(Topic).order_by(Topic.name_de)).all())
    return form


def _editor(record: Record | None, form: RecordForm, *, conflict: str = "") -> str:
    changed_by = db.session.get(Organiser, record.changed_by_id) if record and record.changed_by_id else None
    return render_template(
        "literature/office/edit.html",
        record=record,
        form=form,
        conflict=conflict,
        states=STATE_NAMES,
        saved="gespeichert" in request.args and request.method == "GET",
        changed_by=changed_by.name if changed_by else "",
        button=SeenForm(formdata=None, data={"seen": record.version}) if record else None,
    )


def _conflict(number: int, form: RecordForm | None = None) -> Any:
    """The record as somebody else has changed it meanwhile, with what was typed."""
    db.session.rollback()
    record = operations.find(db.session(), number) or abort(404)
    words = _(
        "Jemand hat diesen Eintrag geändert, nachdem Sie ihn geöffnet hatten. Bitte vergleichen Sie, und speichern Sie"
        " dann noch einmal."
    )
    if form is None:
        return _editor(record, _form(RecordForm.of(record)), conflict=words), 409
    form.version.data = str(record.version)
    return _editor(record, _form(form), conflict=words), 409


def _with_doi_taken(form: RecordForm, error: DoiTaken) -> RecordForm:
    """The form, which says whose DOI it is. Its topics have to be looked up again after the rollback."""
    form.doi.errors = [
        _("Diese DOI hat schon der Eintrag Nr. %(number)s. Bitte ändern Sie jenen.", number=error.number)
    ]
    return _form(form)


def _set_state(change: Any, number: int) -> Any:
    try:
        change(db.session(), number, SeenForm().number, current_organiser().id, now())
    except Outdated:
        return _conflict(number)
    db.session.commit()
    return redirect(url_for("literature_office.edit", number=number, gespeichert=1), 303)


def _topics_page(form: TopicForm) -> str:
    counted = (
        select(Topic, func.count(RecordTopic.record_id))
        .outerjoin(RecordTopic, RecordTopic.topic_id == Topic.id)
        .group_by(Topic.id)
        .order_by(Topic.name_de)
    )
    return render_template(
        "literature/office/topics.html",
        form=form,
        topics=db.session().execute(counted).all(),
        saved="gespeichert" in request.args,
    )


def _there_already() -> str:
    return str(
        _("Ein Thema mit diesem Namen gibt es schon, auf Deutsch oder auf Englisch. Bitte wählen Sie einen anderen.")
    )


def _wanted(words: str, state: str, import_number: int | None) -> Select[Any]:
    wanted = select(Record)
    for word in searchable(words).split()[:10]:
        wanted = wanted.where(Record.words.contains(word, autoescape=True))
    if state in STATE_NAMES:
        wanted = wanted.where(Record.state == state)
    return wanted.where(Record.import_id == import_number) if import_number else wanted


def _drafts(session: Session, import_number: int) -> int:
    drafts = (Record.import_id == import_number, Record.state == DRAFT)
    return session.scalar(select(func.count()).select_from(Record).where(*drafts)) or 0


def _notice() -> str:
    """What the address says has just been done."""
    if number := number_in(request.args, "geloescht"):
        return str(_("Eintrag Nr. %(number)s ist gelöscht.", number=number))
    released = number_in(request.args, "freigegeben")
    if released:
        return str(ngettext("Ein Eintrag ist jetzt öffentlich.", "%(num)s Einträge sind jetzt öffentlich.", released))
    return ""


SECTIONS = (Section("literature_office.listing", _l("Literatur"), (EDITOR,), 36),)


def init_app(app: Flask) -> None:
    """Register the pages."""
    app.register_blueprint(blueprint)
