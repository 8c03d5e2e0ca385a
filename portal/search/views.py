"""The page that finds what is public, and the command that builds the index anew."""

from typing import Any

import click
from flask import Blueprint, Flask, abort, current_app, render_template, request
from sqlalchemy import func, select

from portal.clock import now
from portal.database import DatabaseCommands, db
from portal.language import current_language, localized
from portal.search import operations, reading
from portal.search.models import SearchEntry
from portal.search.sources import Source
from portal.text.normalise import single_line
from portal.web.limits import refuse_search_floods
from portal.web.numbers import number_in

blueprint = Blueprint("search", __name__)
search = DatabaseCommands("search", help="Der Suchindex.")

LONGEST_QUESTION = 200


@localized(blueprint, "/suche", "/search")
@refuse_search_floods
def results() -> Any:
    """The form, and what was found. It is not kept: nobody's question shall push out pages that all read."""
    question = single_line(request.args.get("q", ""))[:LONGEST_QUESTION]
    kinds = {source.kind: source.name for source in current_sources()}
    kind = request.args.get("art", "")
    page = number_in(request.args, "seite") if "seite" in request.args else 1
    if page is None or (kind and kind not in kinds):
        abort(404)
    found = reading.find(db.session(), question, current_language(), current_sources(), now(), kind=kind, page=page)
    if page > max(found.pages, 1):
        abort(404)
    return render_template("search/results.html", question=question, found=found, kind=kind, kinds=kinds)


@search.command()
def rebuild() -> None:
    """Den Index verwerfen und aus allem, was öffentlich ist, neu bauen."""
    session, complete = db.session(), False
    operations.clear(session)
    while not complete:
        complete = operations.refresh(session, current_sources(), now(), operations.STEP)
        session.commit()
    number = session.scalar(select(func.count()).select_from(SearchEntry))
    click.echo(f"{number} Einträge stehen im Suchindex.")


def current_sources() -> tuple[Source, ...]:
    """What can be found in the running application."""
    sources: tuple[Source, ...] = current_app.extensions["search_sources"]
    return sources


def init_app(app: Flask) -> None:
    """Register the page and the command."""
    app.register_blueprint(blueprint)
    app.cli.add_command(search)
