"""The declaration in the formats that it is published in: PDF for reading and printing, Markdown, text, and pictures.

They carry nobody's name and no number of signatures: what has been printed could not be withdrawn.
"""

import io
import re
import textwrap
from collections.abc import Iterator
from typing import Any

import segno
from flask import Blueprint, Flask, Response, abort, render_template
from flask_babel import format_date
from flask_babel import gettext as _

from portal.config import current_settings
from portal.content import current_content
from portal.database import db
from portal.declaration import operations, typesetting
from portal.declaration.citing import label_words, revision_address, revision_name
from portal.declaration.models import SUMMARY, Revision, RevisionText, Thesis
from portal.declaration.source import CLOSING, as_markdown
from portal.language import current_language, localized
from portal.text.blocks import plain_lines
from portal.text.markdown import organisers_html
from portal.text.trees import Node, tree_of
from portal.web.caching import public_page

bp = Blueprint("publication", __name__)

COLUMNS = 76
"""The width of the plain text."""

_MARKS = re.compile(r"([> ]*)((?:(?:•|[0-9]+\.) )?)")


@localized(bp, "/erklaerung/<int:number>.pdf", "/declaration/<int:number>.pdf")
@public_page
def pdf(number: int) -> Response:
    """A revision as a tagged PDF (PDF/UA-1)."""
    revision = _find(number)
    return file_of(typesetting.pdf("declaration", _printed(revision)), "application/pdf", f"{_stem(number)}.pdf")


@localized(bp, "/erklaerung/<int:number>.md", "/declaration/<int:number>.md")
@public_page
def markdown(number: int) -> Response:
    """A revision as it stands in its file: the text that the checksum is made of."""
    source = operations.as_source(_find(number))
    text = source.texts.get(current_language(), source.first)
    return file_of(as_markdown(text).encode(), "text/markdown; charset=utf-8", f"{_stem(number)}.md", text.language)


@localized(bp, "/erklaerung/<int:number>.txt", "/declaration/<int:number>.txt")
@public_page
def text(number: int) -> Response:
    """A revision as plain text."""
    revision = _find(number)
    language = revision.text(current_language()).language
    return file_of(_plain(revision).encode(), "text/plain; charset=utf-8", f"{_stem(number)}.txt", language)


@localized(bp, "/erklaerung/<int:number>/vorschau.png", "/declaration/<int:number>/preview.png")
@public_page
def preview(number: int) -> Response:
    """What other sites show of a link to a revision."""
    revision = _find(number)
    said = revision.text(current_language())
    return _picture(revision, None, said.title, said.language)


@localized(
    bp, "/erklaerung/<int:number>/these/<key>/vorschau.png", "/declaration/<int:number>/thesis/<key>/preview.png"
)
@public_page
def thesis_preview(number: int, key: str) -> Response:
    """What other sites show of a link to a thesis."""
    revision = _find(number)
    thesis = revision.thesis(key) or abort(404)
    said = thesis.text(revision.text(current_language()).language)
    return _picture(revision, thesis, said.heading or _thesis_name(thesis), said.language)


def qr_code(address: str) -> str:
    """An SVG that leads to this address, dark on light with the margin that readers need."""
    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False).save(drawn, kind="svg", light="#fff", border=4)
    return drawn.getvalue().decode()


def _find(number: int) -> Revision:
    return next((one for one in operations.revisions(db.session()) if one.number == number), None) or abort(404)


def _stem(number: int) -> str:
    return f"declaration-revision-{number}" if current_language() == "en" else f"erklaerung-fassung-{number}"


def _thesis_name(thesis: Thesis) -> str:
    return str(_("These %(number)s", number=thesis.position))


def notices(revision: Revision, said: RevisionText) -> list[tuple[str, str]]:
    """What a reader has to know first, as the page of the revision says it: the main point, and what follows."""
    found = []
    if revision.label == SUMMARY:
        found.append(
            (
                _("Zusammenfassung in eigenen Worten."),
                _(
                    "Das ist noch nicht der Wortlaut der Erklärung. Die Veranstalter:innen übernehmen ihn, sobald er"
                    " vorliegt."
                ),
            )
        )
    if said.language != current_language():
        only_german = said.language == "de"
        found.append(
            (
                _("Diese Fassung liegt nur auf Deutsch vor.")
                if only_german
                else _("Diese Fassung liegt nur auf Englisch vor."),
                "",
            )
        )
    return found


def _printed(revision: Revision) -> dict[str, Any]:
    """What `templates/typst/declaration.typ` sets."""
    said = revision.text(current_language())
    name, label, address = revision_name(revision), label_words(revision.label), revision_address(revision)
    operator = current_content().operator.name
    return {
        "language": current_language(),
        "text_language": said.language,
        "title": said.title,
        "authors": [operator] if operator else [],
        "about": f"{name}, {label}. {address}",
        "date": [revision.dated.year, revision.dated.month, revision.dated.day],
        "running": f"{said.title} · {label}",
        "footer": name,
        "line": f"{name} · {label}",
        "note": said.note,
        "notices": notices(revision, said),
        "preamble": _trees(said.preamble, address, 2),
        "theses": [
            {
                "number": thesis.position,
                "heading": thesis.text(said.language).heading or _thesis_name(thesis),
                "text": _trees(thesis.text(said.language).text, address, 3),
            }
            for thesis in revision.theses
        ],
        "closing": _trees(said.closing, address, 3),
        "closing_heading": CLOSING[said.language],
        "origin": said.origin,
        "address": address,
        "sha256": revision.sha256,
        "qr": qr_code(address),
        "end": {
            "heading": _("Zu dieser Fassung"),
            "where": _("Bleibende Adresse, auch für alle anderen Fassungen und die Diskussion:"),
            "published": _published(revision),
            "hash": _("Prüfsumme (SHA-256) des Textes in allen Sprachen:"),
            "qr": _("QR-Code mit der bleibenden Adresse dieser Fassung: %(address)s", address=address),
        },
    }


def _published(revision: Revision) -> str:
    return str(_("Veröffentlicht am %(date)s.", date=format_date(revision.published_at, "long")))


def _html(source: str, address: str) -> str:
    """The safe HTML of a text that stands at `address`, to which `#these-2` belongs."""
    return str(organisers_html(source)).replace('href="#', f'href="{address}#')


def _trees(source: str, address: str, highest: int) -> list[Node | str]:
    """A Markdown text as trees; its headings begin at level `highest` and skip none, as PDF/UA wants it."""
    trees = tree_of(_html(source, address), current_settings().base_url)
    before = highest - 1
    for node in trees:
        if isinstance(node, dict) and node["tag"] in {"h3", "h4", "h5", "h6"}:
            before = max(highest, min(before + 1, int(node["tag"][1]) - 3 + highest))
            node.update(tag="heading", level=before)
    return trees


def _plain(revision: Revision) -> str:
    said = revision.text(current_language())
    address = revision_address(revision)
    paragraphs = [
        _underlined(said.title, "="),
        f"{revision_name(revision)}\n{label_words(revision.label)}",
        said.note,
        *(f"*** {' '.join(filter(None, words))} ***" for words in notices(revision, said)),
        _words(said.preamble, address),
        *_plain_theses(revision, said.language),
    ]
    if said.closing:
        paragraphs += [_underlined(CLOSING[said.language], "-"), _words(said.closing, address)]
    paragraphs += [
        "-" * COLUMNS,
        said.origin,
        f"{_published(revision)}\n{address}",
        f"SHA-256: {revision.sha256}",
    ]
    return "\n\n".join(_wrapped(paragraph) for paragraph in paragraphs if paragraph) + "\n"


def _plain_theses(revision: Revision, language: str) -> Iterator[str]:
    for thesis in revision.theses:
        said = thesis.text(language)
        yield _underlined(f"{thesis.position}. {said.heading or _thesis_name(thesis)}", "-")
        yield _words(said.text, revision_address(revision))


def _underlined(heading: str, line: str) -> str:
    return f"{heading}\n{line * min(len(heading), COLUMNS)}"


def _words(source: str, address: str) -> str:
    return plain_lines(_html(source, address), current_settings().base_url)


def _wrapped(paragraph: str) -> str:
    """Lines that fit; what goes on below the first one stands below its words, in lists and quotations too."""
    return "\n".join(
        textwrap.fill(line, COLUMNS, subsequent_indent=_below(line), break_long_words=False, break_on_hyphens=False)
        for line in paragraph.split("\n")
    )


def _below(line: str) -> str:
    """What stands under the marks that a line begins with: quotations go on, the entry of a list is indented."""
    marks = _MARKS.match(line)
    return marks[1] + " " * len(marks[2]) if marks else ""


def _picture(revision: Revision, thesis: Thesis | None, title: str, language: str) -> Response:
    values = {
        "language": current_language(),
        "text_language": language,
        "project": _("Dortmund-Essener Erklärung"),
        "number": str(thesis.position) if thesis and title != _thesis_name(thesis) else None,
        "title": title,
        "label": label_words(revision.label) if revision.label == SUMMARY else "",
        "line": revision_name(revision),
    }
    response = file_of(typesetting.picture("preview", values), "image/png")
    # Other sites are what this picture is for.
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def file_of(content: bytes, content_type: str, name: str = "", language: str = "") -> Response:
    """A file that a browser shows, and saves under this name. `language` says that the file is in another one."""
    response = Response(content, content_type=content_type)
    if name:
        response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    if language:
        response.headers["Content-Language"] = language
    return response


def _cannot_be_set(_error: typesetting.CannotBeSet) -> tuple[str, int]:
    page = render_template(
        "errors/error.html",
        code=500,
        title=_("Diese Datei lässt sich gerade nicht herstellen"),
        remedy=_("Der Fehler ist festgehalten. Denselben Text können Sie auf der Website lesen und von dort drucken."),
        again=None,
    )
    return page, 500


def init_app(app: Flask) -> None:
    """Register the files, and the page that says when one cannot be made."""
    app.register_blueprint(bp)
    app.register_error_handler(typesetting.CannotBeSet, _cannot_be_set)
