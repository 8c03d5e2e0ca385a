"""Reading what a reference manager has exported, whichever of the three formats it is."""

import re

from flask_babel import gettext as _

from portal.bibliography.bibtex import from_bibtex
from portal.bibliography.csl import from_csl
from portal.bibliography.found import LARGEST_FILE, Found, NotReadable
from portal.bibliography.ris import from_ris

_BIBTEX = re.compile(r"@\s*[A-Za-z]+\s*[{(]")
_RIS = re.compile(r"^TY {1,2}-", re.MULTILINE)


def read(content: bytes) -> list[Found]:
    """The records of a BibTeX, RIS or CSL-JSON file; which one it is, its content says. Raises NotReadable."""
    if len(content) > LARGEST_FILE:
        raise NotReadable(_("Die Datei ist größer als 4 MB. Bitte teilen Sie sie auf mehrere auf."))
    text = _text(content)
    if text.lstrip()[:1] in {"[", "{"}:
        found = from_csl(text)
    elif _RIS.search(text):
        found = from_ris(text)
    elif _BIBTEX.search(text):
        found = from_bibtex(text)
    else:
        raise NotReadable(
            _("Das ist weder BibTeX noch RIS noch CSL-JSON. Bitte exportieren Sie aus Ihrem Programm in eines davon.")
        )
    if not found:
        raise NotReadable(_("In der Datei steht kein Eintrag. Bitte exportieren Sie sie neu."))
    return found


def _text(content: bytes) -> str:
    """The text of a file in UTF-8, in UTF-16 with its mark, or else in Windows-1252. Lines end in LF."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = content.decode("utf-16", errors="replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252", errors="replace")
    if "\x00" in text:
        raise NotReadable(_("Die Datei enthält Zeichen, die kein Text sind. Bitte exportieren Sie sie neu, in UTF-8."))
    return text.replace("\r\n", "\n").replace("\r", "\n")
