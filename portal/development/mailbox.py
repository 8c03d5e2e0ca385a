"""`/postfach`: what the SMTP catcher of a development machine has caught. It speaks German only."""

import email
import email.policy
import mailbox
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage

from flask import Blueprint, Flask, Response, abort, redirect, render_template, url_for
from werkzeug.wrappers import Response as Redirect

from portal.config import Settings, current_settings
from portal.web.forms import ActionForm
from portal.web.headers import HEADERS

FOLDER = "postfach"
"""Where the catcher keeps mails, below the instance folder."""

# The page shows a mail in a frame; the frame shows that mail's own styles and loads nothing.
PAGE_POLICY = HEADERS["Content-Security-Policy"] + "; frame-src 'self'"
FRAME_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none';"
    " sandbox allow-popups allow-popups-to-escape-sandbox"
)

blueprint = Blueprint("postfach", __name__, url_prefix="/postfach")


@dataclass(frozen=True)
class Letter:
    """One caught mail."""

    key: str
    received: datetime
    message: EmailMessage
    source: str

    def part(self, kind: str) -> str:
        """The body as `plain` or `html`; empty if the mail has none."""
        body = self.message.get_body((kind,))
        return str(body.get_content()) if body else ""


def open_maildir(settings: Settings) -> mailbox.Maildir:
    """Where the caught mails of this installation are, made when it is first asked for."""
    settings.instance.mkdir(parents=True, exist_ok=True)
    return mailbox.Maildir(settings.instance / FOLDER)


def _read(maildir: mailbox.Maildir, key: str) -> Letter:
    source = maildir.get_bytes(key)
    received = datetime.fromtimestamp(maildir.get_message(key).get_date(), UTC)
    message = email.message_from_bytes(source, policy=email.policy.default)
    return Letter(key, received, message, source.decode("utf-8", "replace"))


def _letter(key: str) -> Letter:
    try:
        return _read(open_maildir(current_settings()), key)
    except KeyError:
        abort(404)


@blueprint.get("")
def listing() -> str:
    """Everything caught, the newest first."""
    maildir = open_maildir(current_settings())
    letters = [_read(maildir, key) for key in maildir.keys()]  # noqa: SIM118 - iterating yields mails
    letters.sort(key=lambda letter: letter.received, reverse=True)
    return render_template("development/mailbox.html", letters=letters, form=ActionForm())


@blueprint.post("")
def empty() -> Redirect:
    """Throw everything away."""
    open_maildir(current_settings()).clear()
    return redirect(url_for("postfach.listing"), 303)


@blueprint.get("/<key>")
def letter(key: str) -> Response:
    """One mail as text, HTML and source."""
    return _with_policy(render_template("development/letter.html", letter=_letter(key)), PAGE_POLICY)


@blueprint.get("/<key>/html")
def html(key: str) -> Response:
    """The HTML of one mail, for the frame on its page. Links open in a window of their own."""
    document = _letter(key).part("html").replace("<head>", '<head><base target="_blank">', 1)
    return _with_policy(document, FRAME_POLICY, **{"X-Frame-Options": "SAMEORIGIN"})


def _with_policy(document: str, policy: str, **headers: str) -> Response:
    return Response(document, headers={"Content-Security-Policy": policy, **headers}, mimetype="text/html")


def init_app(app: Flask) -> None:
    """Offer the pages where `make run` has started a catcher for a development machine, and nowhere else."""
    settings: Settings = app.extensions["settings"]
    if settings.env == "development" and settings.postfach:
        app.register_blueprint(blueprint)
