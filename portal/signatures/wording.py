"""Words for signatures: what people agree to, exactly as the proof keeps it, and what the public reads."""

from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.optin.operations import Consent
from portal.signatures.models import Signature
from portal.signatures.operations import Entry, shown_fields
from portal.signatures.vocabulary import FIELDS, STATES

SHOWN = {
    "name": _l("Name"),
    "occupation": _l("Beruf und Arbeitsfeld"),
    "organisation": _l("Organisation"),
    "place": _l("Ort und Bundesland"),
}
"""What each of the fields that can be shown is called."""


def sign(revision: int) -> Consent:
    """Explicit consent to keeping a signature, which can reveal political opinions (GDPR Art. 9(2)(a))."""
    return Consent(
        "sign",
        _(
            "Ich unterzeichne die Dortmund-Essener Erklärung (Fassung %(revision)s) und willige ausdrücklich ein, dass"
            " meine Angaben dafür gespeichert werden. Ich weiß: Eine Unterschrift kann etwas über meine politische"
            " Meinung oder meine Nähe zu einer Gewerkschaft verraten (Art. 9 DSGVO). Ich kann die"
            " Unterschrift jederzeit zurückziehen und damit die Einwilligung widerrufen, mit dem Link in jeder Mail.",
            revision=revision,
        ),
    )


def public(entry: Entry) -> Consent | None:
    """Consent to being named in public, with exactly these fields; None where nothing is shown."""
    shown = [str(SHOWN[name]) for name in shown_fields(entry)]
    if not shown:
        return None
    return Consent(
        "public",
        _(
            "Ich willige ein, dass auf dieser Website öffentlich bei der Erklärung diese Angaben stehen: %(fields)s.",
            fields=", ".join(shown),
        ),
    )


def newsletter() -> Consent:
    """Wish to be asked, in a mail of its own, about the newsletter."""
    return Consent(
        "newsletter",
        _("Ich möchte den Newsletter bekommen. Zum Bestätigen bekomme ich dafür eine eigene Mail."),
    )


@dataclass(frozen=True)
class PublicEntry:
    """What the public list shows of one signature."""

    name: str | None
    details: list[str]

    @property
    def lines(self) -> list[str]:
        return [self.name, *self.details] if self.name else self.details


def as_public(entry: Entry | Signature) -> PublicEntry:
    """The signature as everybody sees it: what is ticked, and nothing else."""
    shown = shown_fields(entry)
    parts = {
        "occupation": [entry.occupation, FIELDS.get(entry.field or "") if entry.show_occupation else None],
        "organisation": [entry.organisation],
        "place": [entry.place, STATES.get(entry.state or "") if entry.show_place else None],
    }
    details = [str(part) for name, texts in parts.items() if name in shown for part in texts if part]
    return PublicEntry(entry.name if "name" in shown else None, details)
