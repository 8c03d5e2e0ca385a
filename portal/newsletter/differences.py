"""What changed between the two latest revisions, as Markdown for a mail.

Additions and removals are marked as CriticMarkup does, `{++ new ++}` and `{-- old --}`: `letters` makes of them what
one recognises without colour. As Markdown they are part of the text, and frozen with it.
"""

import re
from collections.abc import Iterator, Sequence

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from portal.declaration import operations as declaration
from portal.declaration.comparison import Comparison, ThesisComparison, compare_revisions
from portal.language import LOCALES
from portal.text.difference import Passage

_MEANS_SOMETHING = re.compile(r"([\\`*_{}\[\]()#+\-.!>~])")
_MARKS = {"equal": ("", ""), "added": ("{++ ", " ++}"), "removed": ("{-- ", " --}")}


def latest_differences(session: Session, language: str) -> str | None:
    """The differences in this language, or in the one that both revisions have; None while there is one revision."""
    published = declaration.revisions(session)
    if len(published) < 2:
        return None
    with force_locale(LOCALES[language]):
        return as_markdown(compare_revisions(published[-2], published[-1], language))


def as_markdown(found: Comparison) -> str:
    """Only what changed, part by part, with headings below those of the text."""
    return "\n\n".join(_parts(found)) or str(_("Nur die Darstellung hat sich geändert, kein Wort."))


def _parts(found: Comparison) -> Iterator[str]:
    changed = found.changed_parts
    if changed["title"]:
        yield f"### {_('Titel')}\n\n{_marked(found.title)}"
    if changed["preamble"]:
        yield f"### {_('Präambel')}\n\n{_marked(found.preamble)}"
    for thesis in found.theses:
        if thesis.state != "unchanged" or thesis.moved:
            yield f"### {_name(thesis)}\n\n{_thesis(thesis)}".rstrip()
    if changed["closing"]:
        yield f"### {_('Schluss')}\n\n{_marked(found.closing)}"


def _name(thesis: ThesisComparison) -> str:
    if thesis.state == "added":
        return str(_("These %(number)s, neu", number=thesis.new_number))
    if thesis.state == "removed":
        return str(_("Frühere These %(number)s, gestrichen", number=thesis.old_number))
    if thesis.moved:
        return str(_("These %(new)s, bisher These %(old)s", new=thesis.new_number, old=thesis.old_number))
    return str(_("These %(number)s", number=thesis.new_number))


def _thesis(thesis: ThesisComparison) -> str:
    if thesis.state == "unchanged":
        return str(_("Im Wortlaut unverändert."))
    return "\n\n".join(filter(None, (_marked(thesis.heading), _marked(thesis.text))))


def _marked(passages: Sequence[Passage]) -> str:
    """The passages as Markdown in which every word is just a word; no mark reaches beyond its paragraph."""
    return re.sub(r"\n[^\S\n]+", "\n", "".join(_passage(*passage) for passage in passages)).strip()


def _passage(kind: str, words: str) -> str:
    before, after = _MARKS[kind]
    pieces = re.split(r"(\s*\n\s*)", words)
    return "".join(piece if piece.isspace() else _piece(piece, before, after) for piece in pieces if piece)


def _piece(words: str, before: str, after: str) -> str:
    bare = words.strip()
    if not bare:
        return words
    escaped = _MEANS_SOMETHING.sub(r"\\\1", bare.replace("&", "&amp;"))
    return words.replace(bare, f"{before}{escaped}{after}", 1)
