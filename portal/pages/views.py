"""Home, imprint, and the accessibility statement with its feedback form."""

from typing import Any

from flask import Blueprint, Flask, redirect, render_template, url_for

from portal.addresses import current_addresses
from portal.clock import now
from portal.config import Settings
from portal.content import Content, current_content
from portal.database import db
from portal.declaration.operations import current_revision
from portal.language import localized
from portal.pages import content_pages, machines, opening, operations, source
from portal.pages.forms import FeedbackForm
from portal.web.caching import public_page
from portal.web.forms import checks_token_itself
from portal.web.limits import refuse_floods

blueprint = Blueprint("pages", __name__)


@localized(blueprint, "/", "/")
@public_page
def home() -> Any:
    return render_template("pages/home.html", revision=current_revision(db.session()))


@localized(blueprint, "/impressum", "/imprint")
@public_page
def imprint() -> Any:
    return render_template("pages/imprint.html")


@localized(blueprint, "/barrierefreiheit", "/accessibility")
@public_page
def accessibility() -> Any:
    return render_template("pages/accessibility.html")


@localized(blueprint, "/barrierefreiheit/rueckmeldung", "/accessibility/feedback", methods=["GET", "POST"])
@checks_token_itself
@refuse_floods
def feedback() -> Any:
    operator = current_content().operator.email
    if operator is None:
        return render_template("pages/feedback.html", form=None)
    form = FeedbackForm()
    if form.validate_on_submit():
        to = current_addresses().identify(operator)
        operations.send_feedback(db.session(), to, form.message.data or "", form.email.data or "", now())
        db.session.commit()
        return redirect(url_for("pages.feedback_sent"), 303)
    return render_template("pages/feedback.html", form=form), 422 if form.errors else 200


@localized(blueprint, "/barrierefreiheit/rueckmeldung/danke", "/accessibility/feedback/thanks")
@public_page
def feedback_sent() -> Any:
    return render_template("pages/feedback_sent.html")


def init_app(app: Flask) -> None:
    """Register the pages, what the frame needs to know, and the door that stays shut while there are gaps."""
    settings: Settings = app.extensions["settings"]
    content: Content = app.extensions["content"]
    app.register_blueprint(blueprint)
    content_pages.init_app(app, source.read_all(settings.content / "pages"))
    app.register_blueprint(machines.blueprint)
    app.jinja_env.globals.update(
        operator=content.operator,
        base_url=settings.base_url,
        has_page=lambda endpoint: endpoint in app.view_functions,
    )
    if settings.production and content.operator.gaps:
        app.before_request(opening.still_closed)
