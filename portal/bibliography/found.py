"""What a file from a reference manager holds, record by record, and what is wrong with it."""

from dataclasses import dataclass

from flask_babel import gettext as _

from portal.bibliography.reference import Reference

LARGEST_FILE = 4 * 1024 * 1024
MOST_RECORDS = 2000
MOST_NAMES = 500
LONGEST_RECORD = 60_000
"""Characters."""


class NotReadable(Exception):
    """The file as a whole cannot be read. The message says why and what to do, for whoever chose it."""


@dataclass(frozen=True)
class Found:
    """One record of a file."""

    place: str
    """Where it stands: its line, and its key if it has one."""
    reference: Reference | None
    """None where it cannot be read."""
    remarks: tuple[str, ...] = ()
    """Why not, or else what is to be looked at; each with its remedy."""


def too_long() -> str:
    """What is said of a record that is longer than any."""
    return str(_("Der Eintrag ist länger als 60 000 Zeichen. Bitte kürzen Sie ihn, zum Beispiel die Zusammenfassung."))
