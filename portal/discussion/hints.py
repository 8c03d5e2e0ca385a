"""Hints at what a moderator should look at twice. Each says which simple rule found what, and why that matters.

They decide nothing and are wrong at times: a rule knows words and not what they mean.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from portal.discussion.models import UNCONFIRMED, Comment
from portal.text.lookalikes import mixes_scripts

SHOWN = 5
"""How many findings of one rule are shown."""
SHORT = 25
"""Fewer characters than this say little about a declaration."""
MANY = 5
"""So many comments from one address in one hour are many."""


@dataclass(frozen=True)
class Rule:
    """What a rule looks for, and why."""

    label: LazyString
    why: LazyString
    third_party: bool = False
    """Whether it may have found data of clients or of others."""


@dataclass(frozen=True)
class Hint:
    """One rule that has found something, and what it found."""

    rule: Rule
    found: tuple[str, ...] = ()


MAIL_ADDRESS = Rule(
    _l("Eine E-Mail-Adresse steht im Text"),
    _l("Sie wäre für alle zu lesen. Gehört sie jemand anderem, darf sie hier nicht stehen."),
    third_party=True,
)
TELEPHONE = Rule(
    _l("Vielleicht eine Telefonnummer"),
    _l("Sie wäre für alle zu lesen. Gehört sie jemand anderem, darf sie hier nicht stehen."),
    third_party=True,
)
POSTAL_ADDRESS = Rule(
    _l("Vielleicht eine Anschrift"),
    _l("Eine Anschrift kann verraten, wer gemeint ist, oder wo jemand wohnt."),
    third_party=True,
)
PERSON = Rule(
    _l("Vielleicht wird jemand beim Namen genannt"),
    _l("Wer hier über eine:n Klient:in oder sonst über andere schreibt, darf sie nicht erkennbar machen."),
    third_party=True,
)
CASE = Rule(
    _l("Vielleicht ein Aktenzeichen oder ein Geburtsdatum"),
    _l("Damit lässt sich ein Fall einer Person zuordnen, auch ohne Namen."),
    third_party=True,
)
LINKS = Rule(
    _l("Links führen aus dem Portal hinaus"),
    _l("Bitte öffnen Sie sie, bevor Sie freigeben: Werbung und Fremdes verstecken sich gern dahinter."),
)
CAPITALS = Rule(
    _l("Fast nur Großbuchstaben"),
    _l("Das liest sich wie Geschrei und ist für viele schwer zu lesen."),
)
MIXED_SCRIPTS = Rule(
    _l("Buchstaben aus mehreren Schriften in einem Wort"),
    _l("So lässt sich ein Name nachahmen, der genauso aussieht. Bitte vergleichen Sie genau."),
)
VERY_SHORT = Rule(
    _l("Sehr kurz"),
    _l("Vielleicht fehlt die Begründung, oder der Text ist nicht ganz angekommen."),
)
FIRST = Rule(
    _l("Der erste Kommentar von dieser Adresse"),
    _l("Über die Person ist hier noch nichts bekannt. Das ist kein Verdacht."),
)
SEVERAL = Rule(
    _l("Viele Kommentare in einer Stunde von dieser Adresse"),
    _l("Vielleicht schreibt ein Programm, oder jemand im Zorn."),
)

_MAIL_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63})+")
_NUMBER = re.compile(r"(?<![\w./-])(?:\+|00?)[1-9](?:[ ()/-]{0,2}\d){6,14}(?![\w/-]|\.\d)")
_STREET = re.compile(
    r"\b[A-ZÄÖÜ][\w-]{1,40}(?:straße|strasse|str\.|weg|platz|allee|gasse|ring|ufer) ?\d{1,4} ?[a-z]?\b"
    r"|\b(?!(?:Der|Die|Das|Dem|Den|Ein|Eine|Einem|Einen|Im|Am|Jeder|Dieser) )"
    r"[A-ZÄÖÜ][\w-]{1,40} (?:Straße|Strasse|Str\.|Weg|Platz|Allee) \d{1,4} ?[a-z]?\b"
)
_TOWN = re.compile(r"\b\d{5} [A-ZÄÖÜ][a-zäöüß]{2,40}\b")
_NAMED = re.compile(
    r"\b(?:Frau|Herrn?|Familie|Ms|Mrs|Mr)\.? (?:(?:Dr|Prof)\.? )?[A-ZÄÖÜ][\w-]*\.?"
    r"|\b(?:Fall|Klient(?:in|:in)?|Mündel|Pflegekind|Patient(?:in|:in)?|Bewohner(?:in|:in)?|client|patient)"
    r" [A-ZÄÖÜ][a-zäöüß-]+(?: [A-ZÄÖÜ](?:[a-zäöüß-]+|\.))"
    r"|\b(?:Fall|Klient(?:in|:in)?|client) [A-ZÄÖÜ]\.(?! ?[A-ZÄÖÜa-zäöü]\.)"
)
_CASE = re.compile(
    r"\b(?:Az\.?|Aktenzeichen|Geschäftszeichen|Fallnummer)[: ]{1,2}[\w./ -]{0,6}\d[\w./-]*"
    r"|\b(?:geb\.|geboren(?: am)?|born(?: on)?) ?\d{1,2}\.? ?(?:\d{1,2}\.|[A-Z][a-zä]{2,8}) ?\d{2,4}\b"
)
_LINK = re.compile(r"\b(?:https?://|www\.)[^\s<>()\"]+", re.IGNORECASE)
_WORD = re.compile(r"\w{2,}")

_PATTERNS: tuple[tuple[Rule, tuple[re.Pattern[str], ...]], ...] = (
    (MAIL_ADDRESS, (_MAIL_ADDRESS,)),
    (TELEPHONE, (_NUMBER,)),
    (POSTAL_ADDRESS, (_STREET, _TOWN)),
    (PERSON, (_NAMED,)),
    (CASE, (_CASE,)),
    (LINKS, (_LINK,)),
)


def hints(session: Session, comment: Comment) -> list[Hint]:
    """What strikes the eye about a comment's latest text, its name and its address; data of others first."""
    text = comment.text(comment.latest_number)
    found = [*text_hints(text.source if text else "", comment.name or ""), *_history(session, comment)]
    return sorted(found, key=lambda hint: not hint.rule.third_party)


def text_hints(source: str, name: str = "") -> Iterator[Hint]:
    """What strikes the eye about the words alone."""
    for rule, patterns in _PATTERNS:
        found = dict.fromkeys(
            match.group().strip(" .,;:!?") for pattern in patterns for match in pattern.finditer(source)
        )
        if found:
            yield Hint(rule, tuple(found)[:SHOWN])
    letters = [char for char in source if char.isalpha()]
    if len(letters) >= SHORT and sum(char.isupper() for char in letters) > 0.6 * len(letters):
        yield Hint(CAPITALS)
    mixed = dict.fromkeys(word for word in _WORD.findall(f"{name} {source}") if mixes_scripts(word))
    if mixed:
        yield Hint(MIXED_SCRIPTS, tuple(mixed)[:SHOWN])
    if len(source.strip()) < SHORT:
        yield Hint(VERY_SHORT)


def _history(session: Session, comment: Comment) -> Iterator[Hint]:
    if comment.address_key is None:
        return
    others = (
        Comment.address_key == comment.address_key,
        Comment.id != comment.id,
        Comment.status != UNCONFIRMED,
    )
    if comment.published_at is None and not _count(session, *others, Comment.requested_at <= comment.requested_at):
        yield Hint(FIRST)
    hour = timedelta(hours=1)
    around = Comment.requested_at.between(comment.requested_at - hour, comment.requested_at + hour)
    number = 1 + _count(session, *others, around)
    if number >= MANY:
        yield Hint(SEVERAL, (str(number),))


def _count(session: Session, *where: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Comment).where(*where)) or 0
