"""The words for campaigns and their letters, for the office, the log and the command line alike."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as pgettext  # the name that `make catalogue` looks for

from portal.newsletter import campaigns
from portal.newsletter.ledger import WORKER_LOST
from portal.newsletter.models import (
    BOUNCED,
    CLAIMED,
    DEFERRED,
    FINISHED,
    GONE,
    NO_LANGUAGE,
    PAUSED,
    PENDING,
    READY,
    RUNNING,
    SCHEDULED,
    SENDING,
    SENT,
    SKIPPED,
    STOPPED,
    STOPPED_BEFORE,
    SUPPRESSED,
    UNCERTAIN,
)
from portal.personal_data import Text

STATES: dict[str, Text] = {
    READY: pgettext("newsletter", "wartet auf Freigabe"),
    SCHEDULED: _l("geplant"),
    RUNNING: _l("wird verschickt"),
    PAUSED: _l("angehalten"),
    STOPPED: _l("abgebrochen"),
    FINISHED: _l("fertig"),
}
"""How a campaign stands."""
NOTES: dict[str, Text] = {
    campaigns.NOBODY: _l("Zu dieser Auswahl gehörte niemand, als es losging. Es ist keine Mail hinausgegangen."),
    campaigns.REFUSED: _l("Der Mailserver lehnt diese Mail bei allen ab. Bitte klären Sie das, bevor es weitergeht."),
}
"""Why the portal itself has ended or paused a campaign."""
OUTCOMES: dict[str, Text] = {
    SENT: _l("verschickt"),
    PENDING: _l("noch nicht begonnen"),
    CLAIMED: _l("als Nächstes dran"),
    SENDING: _l("gerade unterwegs"),
    DEFERRED: _l("wird noch einmal versucht"),
    BOUNCED: _l("zurückgekommen"),
    SKIPPED: _l("ausgelassen"),
    UNCERTAIN: _l("vielleicht angekommen"),
}
"""How a letter stands."""
CONNECTION_LOST = "connection lost"
"""What the connection to the mail server says of itself."""
REASONS: dict[str, Text] = {
    GONE: _l("hat sich inzwischen abgemeldet oder wurde gelöscht"),
    SUPPRESSED: _l("Adresse ist für Newsletter gesperrt"),
    NO_LANGUAGE: _l("kein Text in dieser Sprache"),
    STOPPED_BEFORE: _l("vorher abgebrochen"),
    WORKER_LOST: _l("der Versand wurde mittendrin unterbrochen"),
    CONNECTION_LOST: _l("die Verbindung riss ab"),
}
"""Why somebody did not get a letter, or perhaps not."""
