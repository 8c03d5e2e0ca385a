"""The literature's pages: the list, a record, the reading list, and their exports."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ParamSpec
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, abort, make_response, render_template, request, url_for
from flask_babel import gettext as _

from portal.bibliography.citing import DEFAULT, STYLES, citation, plain_citation
from portal.bibliography.exports import ENDING, FORMATS, export
from portal.bibliography.metadata import highwire, json_ld
from portal.bibliography.reference import TYPES
from portal.config import current_settings
from portal.database import db
from portal.language import current_language, localized
from portal.literature import commands, office, reading
from portal.literature.models import Record, Topic
from portal.literature.operations import as_reference
from portal.literature.reading import SORTINGS, Question
from portal.literature.reading_list import ReadingList, way_back, with_list
from portal.literature.vocabulary import LANGUAGE_NAMES, SORTING_NAMES, TYPE_NAMES, WORDING_NAMES
from portal.text.normalise import single_line
from portal.web.caching import public_page
from portal.web.limits import refuse_export_floods
from portal.web.numbers import number_in

blueprint = Blueprint("literature", __name__)

P = ParamSpec("P")

LISTS_IN = {
    "/literatur": "merk",
    "/literatur/": "merk",
    "/en/literature": "merk",
    "/en/literature/": "merk",
    "/merkzettel": "ids",
    "/en/reading-list": "ids",
}
"""The pages that carry a reading list, and the parameter that it stands in."""


def _public_without_list(view: Callable[P, Any]) -> Callable[P, Response]:
    """`public_page`, except for pages with somebody's list in the address: they would crowd the others out."""
    kept = public_page(view)

    @functools.wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> Response:
        if not request.args.keys() & {"merk", "ids", "von"}:
            return kept(*args, **kwargs)
        response = make_response(view(*args, **kwargs))
        response.headers["Cache-Control"] = "private, no-cache"
        return response

    return wrapper


@localized(blueprint, "/literatur", "/literature")
@_public_without_list
def listing() -> str:
    """All records, found by words and facets."""
    session, question = db.session(), _question()
    return render_template(
        "literature/list.html",
        question=question,
        found=reading.search(session, question),
        facets=reading.facets(session, question),
        topic=session.get(Topic, question.topic) if question.topic else None,
        sortings=SORTING_NAMES,
        narrowed=_narrowed(question),
        **_frame(),
    )


@localized(blueprint, f"/literatur.{ENDING}", f"/literature.{ENDING}")
@public_page
@refuse_export_floods
def listing_export(format: str) -> Response:  # noqa: A002 - as in the address
    """What the list shows, all pages of it, as a file."""
    records = reading.everything(db.session(), _question())
    return export(_("literatur"), format, (as_reference(one, current_language()) for one in records))


@localized(blueprint, "/literatur/<int:number>", "/literature/<int:number>")
@_public_without_list
def record(number: int) -> str:
    """One record."""
    session = db.session()
    found = reading.find(session, number) or abort(404)
    language = current_language()
    reference = as_reference(found, language)
    address = current_settings().base_url + url_for("literature.record", number=number)
    return render_template(
        "literature/record.html",
        record=found,
        reference=reference,
        abstracts=sorted(found.abstracts, key=lambda one: one.language != language),
        citations=[(STYLES[style], citation(reference, style, language)) for style in STYLES],
        related=reading.related(session, found),
        highwire=highwire(reference, address),
        json_ld=_json_ld(found, address),
        wording_names=WORDING_NAMES,
        **_frame(),
    )


@localized(blueprint, f"/literatur/<int:number>.{ENDING}", f"/literature/<int:number>.{ENDING}")
@public_page
def record_export(number: int, format: str) -> Response:  # noqa: A002 - as in the address
    """One record as a file."""
    found = reading.find(db.session(), number) or abort(404)
    return export(f"literatur-{number}", format, [as_reference(found, current_language())])


@localized(blueprint, "/merkzettel", "/reading-list")
@_public_without_list
def reading_list() -> str:
    """The records whose numbers stand in the address."""
    listed = ReadingList.of(request.args.get("ids", ""))
    records = reading.several(db.session(), listed.numbers)
    found = ",".join(str(one.id) for one in records)
    return render_template(
        "literature/reading_list.html",
        records=records,
        unknown=len(listed) - len(records) + listed.left_out,
        address=current_settings().base_url + url_for("literature.reading_list", ids=found),
        **_frame(listed),
    )


@localized(blueprint, f"/merkzettel.{ENDING}", f"/reading-list.{ENDING}")
def reading_list_export(format: str) -> Response:  # noqa: A002 - as in the address
    """The records of a reading list as a file."""
    records = reading.several(db.session(), ReadingList.of(request.args.get("ids", "")).numbers)
    return export(_("merkzettel"), format, (as_reference(one, current_language()) for one in records))


@localized(blueprint, "/merkzettel.txt", "/reading-list.txt")
def bibliography() -> Response:
    """The records of a reading list as a list of works cited, in the style `stil`."""
    style = request.args.get("stil", DEFAULT)
    style = style if style in STYLES else DEFAULT
    records = reading.several(db.session(), ReadingList.of(request.args.get("ids", "")).numbers)
    language = current_language()
    lines = sorted((plain_citation(as_reference(one), style, language) for one in records), key=str.casefold)
    return Response("\n\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def _question() -> Question:
    given = request.args
    type_, sort = given.get("art", ""), given.get("sort", "")
    return Question(
        words=single_line(given.get("suche", "")[:120]),
        topic=number_in(given, "thema"),
        year=number_in(given, "jahr"),
        type=type_ if type_ in TYPES else "",
        open_access="frei" in given,
        sort=sort if sort in SORTINGS else SORTINGS[0],
        page=number_in(given, "seite") or 1,
    )


def _narrowed(question: Question) -> dict[str, Any]:
    """The question as parameters of an address, without its page."""
    said = {
        "suche": question.words,
        "thema": question.topic,
        "jahr": question.year,
        "art": question.type,
        "frei": "1" if question.open_access else "",
        "sort": question.sort if question.sort != SORTINGS[0] else "",
    }
    return {name: value for name, value in said.items() if value}


def _frame(listed: ReadingList | None = None) -> dict[str, Any]:
    """What every page of the literature needs: the reader's list, and where she is and came from."""
    listed = ReadingList.of(request.args.get("merk", "")) if listed is None else listed
    came_from = way_back(request.args.get("von", ""))
    return {
        "listed": listed,
        "merk": str(listed) or None,
        "here": _here(),
        "back": with_list(came_from, listed, LISTS_IN) if came_from else "",
        "back_to_list": came_from.partition("?")[0] in {"/merkzettel", "/en/reading-list"},
        "formats": FORMATS,
        "styles": STYLES,
        "type_names": TYPE_NAMES,
        "language_names": LANGUAGE_NAMES,
    }


def _here() -> str:
    """The address of this page, without the list; on the reading list's own with the way back from there."""
    args = [(name, value) for name, value in request.args.items(multi=True) if name not in {"merk", "ids"}]
    if request.endpoint != "literature.reading_list":
        args = [(name, value) for name, value in args if name != "von"]
    path = url_for(request.endpoint or "", **(request.view_args or {}))
    return way_back(f"{path}?{urlencode(args)}" if args else path)


def _json_ld(found: Record, address: str) -> Mapping[str, Any]:
    language = current_language()
    free = {"isAccessibleForFree": True} if found.open_access else {}
    topics = [topic.name(language) for topic in found.topics]
    return json_ld(replace(as_reference(found, language), url=""), address, **free, about=topics)


def init_app(app: Flask) -> None:
    """Register the pages, those of the office, and the command."""
    app.register_blueprint(blueprint)
    app.cli.add_command(commands.literature)
    office.init_app(app)
    app.jinja_env.globals["record_citation"] = lambda record: citation(
        as_reference(record), DEFAULT, current_language()
    )
