"""Words for the discussion: what people agree to, exactly as the proof keeps it, why a comment is not taken, and where
one can turn to besides."""

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.discussion.comments import (
    CLOSED,
    FOREIGN,
    NO_SUCH_THESIS,
    PARENT_DELETED,
    PARENT_NOT_PUBLIC,
    PARENT_REJECTED,
    THESIS_CLOSED,
    TOO_DEEP,
)
from portal.optin.operations import Consent

REFUSALS: dict[str, LazyString] = {
    PARENT_NOT_PUBLIC: _l("Auf diesen Kommentar kann man nicht antworten: Er ist nicht öffentlich."),
    PARENT_REJECTED: _l("Auf diesen Kommentar kann man nicht mehr antworten: Er steht nicht mehr öffentlich hier."),
    PARENT_DELETED: _l("Auf diesen Kommentar kann man nicht mehr antworten: Er ist zurückgezogen."),
    FOREIGN: _l(
        "Dieser Kommentar gehört nicht zu der These, zu der Sie schreiben. Bitte wählen Sie ihn dort noch einmal."
    ),
    TOO_DEEP: _l("Hier geht es nicht tiefer. Bitte antworten Sie auf den Kommentar darüber."),
    NO_SUCH_THESIS: _l("Diese These gibt es in dieser Fassung der Erklärung nicht. Bitte wählen Sie eine andere."),
    THESIS_CLOSED: _l("Die Diskussion zu dieser These ist geschlossen. Was dort steht, bleibt lesbar."),
    CLOSED: _l("Die Diskussion ist geschlossen. Was hier steht, bleibt lesbar."),
}
"""Why a comment or reply is not taken."""

OTHER_REDRESS = _l(
    "Unabhängig davon können Sie sich an eine zugelassene außergerichtliche Streitbeilegungsstelle (Art. 21 der"
    " Verordnung (EU) 2022/2065) oder an ein Gericht wenden."
)
"""What anybody who is concerned by a decision can do besides asking us; stands wherever a decision is told (DSA Art.
16(5), 17(3)(f) and 20(5))."""


def comment() -> Consent:
    """Explicit consent to keeping and publishing a comment, which can reveal political opinions (GDPR Art. 9(2)(a))."""
    return Consent(
        "comment",
        _(
            "Ich willige ausdrücklich ein, dass mein Kommentar mit dem Namen und der Rolle, die ich angebe, gespeichert"
            " wird und nach der Freigabe durch die Redaktion öffentlich auf dieser Website steht. Meine E-Mail-Adresse"
            " wird nicht veröffentlicht. Ich weiß: Ein Kommentar kann etwas über meine politische Meinung oder meine"
            " Nähe zu einer Gewerkschaft verraten (Art. 9 DSGVO). Ich kann den Kommentar jederzeit zurückziehen und"
            " damit die Einwilligung widerrufen, mit dem Link in jeder Mail."
        ),
    )


def replies() -> Consent:
    """Consent to mails about what is said to a comment."""
    return Consent(
        "replies",
        _(
            "Ich möchte eine E-Mail bekommen, wenn auf meinen Kommentar geantwortet wird oder feststeht, was aus ihm"
            " geworden ist. In jeder dieser Mails ist ein Link, mit dem ich sie abbestellen kann."
        ),
    )


def positions(revision: int) -> Consent:
    """Explicit consent to keeping what somebody thinks of the theses (GDPR Art. 9(2)(a))."""
    return Consent(
        "positions",
        _(
            "Ich willige ausdrücklich ein, dass meine Standpunkte zu den Thesen der Erklärung (Fassung %(revision)s)"
            " gespeichert und ohne meinen Namen mitgezählt werden. Ich weiß: Sie können etwas über meine politische"
            " Meinung verraten (Art. 9 DSGVO). Ich kann sie jederzeit löschen und damit die Einwilligung widerrufen,"
            " mit dem Link in jeder Mail.",
            revision=revision,
        ),
    )
