"""The sheet for signing on paper.

One sheet is for one person, and not for many as on a list that goes round: whoever signs a list reads who has signed
before, and that can reveal political opinions (GDPR Art. 9). On a sheet of her own each person gives, or does not give,
each consent for herself.
"""

from typing import Any

from flask import Blueprint, Flask, Response, abort, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from portal.clock import now
from portal.config import current_settings
from portal.content import Operator, current_content
from portal.database import db
from portal.declaration import citing, publication, typesetting
from portal.declaration.models import Revision
from portal.declaration.operations import revisions
from portal.language import current_language, localized
from portal.signatures import wording
from portal.signatures.operations import signing_refused
from portal.web.atom import absolute
from portal.web.caching import public_page

bp = Blueprint("paper", __name__)


@localized(bp, "/erklaerung/<int:number>/unterschriftenliste.pdf", "/declaration/<int:number>/signature-sheet.pdf")
@public_page
def sheet(number: int) -> Response | Answer:
    """The sheet (PDF/UA-1) for the latest revision. An older one leads to it, as only the latest can be signed."""
    if signing_refused(current_settings(), now()):
        return redirect(url_for("signatures.sign"))
    published = revisions(db.session())
    if number not in {one.number for one in published}:
        abort(404)
    latest = published[-1]
    if number != latest.number:
        return redirect(url_for("paper.sheet", number=latest.number))
    stem = f"signature-sheet-{number}" if current_language() == "en" else f"unterschrift-fassung-{number}"
    return publication.file_of(typesetting.pdf("sheet", _printed(latest)), "application/pdf", f"{stem}.pdf")


def _printed(revision: Revision) -> dict[str, Any]:
    """What `templates/typst/sheet.typ` sets."""
    said = revision.text(current_language())
    operator = current_content().operator
    address, privacy = citing.revision_address(revision), absolute("privacy.policy")
    name, label = citing.revision_name(revision), citing.label_words(revision.label)
    return {
        "language": current_language(),
        "text_language": said.language,
        "title": _("Unterzeichnen auf Papier"),
        "authors": [operator.name] if operator.name else [],
        "about": f"{said.title}, {name}. {address}",
        "date": [revision.dated.year, revision.dated.month, revision.dated.day],
        "signed": said.title,
        "line": f"{name} · {label}",
        "notices": publication.notices(revision, said),
        "address": address,
        "sha256": revision.sha256,
        "hash": _("Prüfsumme (SHA-256) des Textes in allen Sprachen:"),
        "read": _("Den Text lesen Sie hier:"),
        "one_each": _(
            "Ein Blatt ist für eine Person: So liest niemand mit, wer sonst noch unterzeichnet. Bitte schreiben Sie"
            " in Druckbuchstaben. Nötig sind Ihr Name, Ihre Einwilligung und Ihre Unterschrift; alles andere ist"
            " freiwillig."
        ),
        "fields": [
            *(_("Name"), _("E-Mail-Adresse"), _("Beruf"), _("Arbeitsfeld")),
            *(_("Organisation"), _("Ort und Bundesland")),
        ],
        "mail_hint": _(
            "An diese E-Mail-Adresse schicken wir einen Link. Mit Ihrem Klick darauf zählt die Unterschrift auch online"
            " mit. Die Adresse wird nie veröffentlicht. Ohne sie bleibt die Unterschrift auf dem Papier."
        ),
        "consent": {
            "heading": _("Ihre Einwilligung"),
            "wording": wording.sign(revision.number).wording,
            "date": _("Datum"),
            "signature": _("Unterschrift"),
        },
        "shown": {
            "heading": _("Was darf öffentlich zu sehen sein? (freiwillig)"),
            "hint": _(
                "Mit jedem Häkchen willigen Sie ein, dass diese Angabe öffentlich bei der Erklärung steht. Ohne"
                " Häkchen werden Sie nur mitgezählt. Sie können das jederzeit ändern."
            ),
            "choices": [str(name) for name in wording.SHOWN.values()],
        },
        "newsletter": {"heading": _("Newsletter (freiwillig)"), "wording": wording.newsletter().wording},
        "send": {
            "heading": _("Wohin mit dem Blatt?"),
            "words": _("Bitte schicken Sie es in einem verschlossenen Umschlag an:"),
            "to": _recipient(operator),
        },
        "withdraw": {
            "heading": _("Zurückziehen"),
            "words": _(
                "Das geht jederzeit, mit dem Link in jeder Mail oder mit ein paar Worten an die Anschrift hier. Dann"
                " löschen wir Ihre Angaben und vernichten das Blatt. Den Link bekommen Sie auch hier:"
            ),
            "address": absolute("privacy.ask"),
        },
        "privacy": {
            "heading": _("Datenschutz"),
            "words": _(
                "Verantwortlich ist, wer in der Anschrift hier steht. Wir brauchen Ihre Angaben, damit Ihre"
                " Unterschrift zählt und Sie, wenn Sie das wollen, öffentlich genannt werden. Grundlage ist Ihre"
                " ausdrückliche Einwilligung (Art. 6 Abs. 1 Buchst. a und Art. 9 Abs. 2 Buchst. a DSGVO). Wir behalten"
                " sie, bis Sie Ihre Unterschrift zurückziehen. Sie können Auskunft, Berichtigung, Löschung und eine"
                " Kopie verlangen und sich bei einer Aufsichtsbehörde beschweren. Alles Weitere:"
            ),
            "address": privacy,
        },
        "qr": [
            [publication.qr_code(address), _("QR-Code: die Erklärung lesen, %(address)s", address=address)],
            [publication.qr_code(privacy), _("QR-Code: Datenschutz, %(address)s", address=privacy)],
        ],
        "qr_names": [_("Die Erklärung"), _("Datenschutz")],
    }


def _recipient(operator: Operator) -> list[dict[str, str | bool]]:
    """The lines of the address; what the organisers have not filled in is a gap that everybody can see."""
    lines = [
        (operator.name, _("Name des Betreibers")),
        (operator.street, _("Straße")),
        (operator.city, _("Ort")),
    ]
    return [{"words": given or _("fehlt noch: %(what)s", what=what), "gap": not given} for given, what in lines]


def init_app(app: Flask) -> None:
    """Register the sheet."""
    app.register_blueprint(bp)
