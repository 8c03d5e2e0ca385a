"""What is amiss with an issue before it goes out: each finding says what to do, and whether it has to be done."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from email.utils import parseaddr
from html import unescape

import dns.exception
import dns.resolver
from flask_babel import gettext as _
from flask_babel import ngettext

from portal.config import Settings
from portal.language import LANGUAGES
from portal.newsletter import letters
from portal.newsletter.audiences import Audience
from portal.newsletter.issues import Content, Draft
from portal.newsletter.letters import DIFFERENCES, Letter
from portal.organisers.frame import Finding
from portal.organisers.links import unanswered, without_target
from portal.personal_data import Text
from portal.subscribers.segments import AFFIRMATION
from portal.text.gates import links_of
from portal.text.markdown import organisers_html
from portal.text.normalise import single_line

LARGEST = 100 * 1024
"""Octets that the HTML part may have: Gmail, for one, cuts what is longer, and with it the way to unsubscribe."""
VALUES_TAKE = 1024
"""Octets that names and links may add to a letter."""
PATIENCE = 2.0
"""Seconds in which DNS has to answer: whoever has opened the page is waiting."""

_FIELD = re.compile(r"\{\{[^{}\n]*\}\}")
_TAG = re.compile(r"<[^<>]*>")
_CODE = re.compile(r"<code>.*?</code>", re.DOTALL)

_HTML = re.compile(
    r"</?(?:a|b|i|u|p|br|hr|em|div|span|strong|small|font|center|h[1-6]|ul|ol|li|dl|table|t[rdh]|img|style|script|iframe)"
    r"(?=[\s/>])[^<>]*>",
    re.IGNORECASE,
)
_PICTURE = re.compile(r"!\[[^\[\]\n]*\]\([^()\n]*\)")
_TABLE = re.compile(r"^ *\|.+\| *$|--- *\| *---", re.MULTILINE)
_COLUMNS = re.compile(r"^.*\S\t+\S.*$", re.MULTILINE)
_POINT = re.compile(r"^ *(?:[-*+]|[0-9]{1,2}\.) +\S.*$", re.MULTILINE)

QUOTED = 40
"""So many characters of what is amiss are quoted."""

Lookup = Callable[[str], Sequence[str] | None]
"""The TXT records at a name, none if there are none; None if DNS does not answer."""


@dataclass(frozen=True)
class Answer:
    """One question of the list, and what is amiss; nothing, if nothing is."""

    question: Text
    findings: list[Finding]


def answers(
    found: Content, audience: Audience, tried: Mapping[str, datetime], settings: Settings, lookup: Lookup | None
) -> list[Answer]:
    """The whole list; within an app context.

    Without `lookup` DNS is not asked: nothing that stands there keeps a mail from going out.
    """
    written = {one: letters.write(found.kind, one, *draft) for one, draft in found.texts.items()}
    checks = (
        (_("Hat die Mail einen Betreff und einen Text?"), said(found.texts)),
        (_("Bekommt jemand die Mail, und in der eigenen Sprache?"), people(found.texts, audience)),
        (_("Stimmen die Platzhalter?"), placeholders(found)),
        (_("Wird aus allen Zeichen, was daraus werden soll?"), marks(found.texts)),
        (_("Führen die Links irgendwohin?"), links(written, settings)),
        (_("Ist die Mail klein genug?"), size(written)),
        (_("Weist sich der Absender aus?"), sender(settings, lookup) if lookup else ()),
        (_("Haben Sie sich genau diese Mail als Test geschickt?"), trials(found, tried)),
    )
    return [Answer(question, list(findings)) for question, findings in checks]


def blocking(found: Sequence[Answer]) -> list[Finding]:
    """What has to be mended first."""
    return [finding for answer in found for finding in answer.findings if finding.blocks]


def said(texts: Mapping[str, Draft]) -> Iterator[Finding]:
    """A subject and a body in each language that there is, and at least one of these."""
    if not texts:
        yield Finding(_("Es steht noch nichts da."), _("Die Mail schreiben."))
    for language, (subject, body) in texts.items():
        if not subject:
            yield Finding(
                _("Auf %(language)s fehlt der Betreff.", language=name(language)), _("Einen Betreff schreiben.")
            )
        if not body:
            yield Finding(
                _("Auf %(language)s fehlt der Text.", language=name(language)),
                _(
                    "Den Text schreiben, oder auch den Betreff löschen: Dann geht die Mail nicht in dieser Sprache"
                    " hinaus."
                ),
            )


def people(texts: Mapping[str, Draft], audience: Audience) -> Iterator[Finding]:
    """Somebody gets it, and nobody gets nothing for want of a language."""
    if not texts:
        yield Finding(_("Das zeigt sich, sobald ein Text da ist."), _("Die Mail schreiben."))
        return
    if not audience.in_languages(texts):
        yield Finding(
            _("Zu dieser Auswahl gehört niemand, der die Mail bekommen könnte."),
            _("Eine andere Auswahl treffen, oder warten, bis sich jemand angemeldet hat."),
        )
    for language, number in audience.without(texts).items():
        yield Finding(
            ngettext(
                "%(num)d Mensch liest auf %(language)s und bekommt nichts, weil der Text fehlt.",
                "%(num)d Menschen lesen auf %(language)s und bekommen nichts, weil der Text fehlt.",
                number,
                language=name(language),
            ),
            _("Die Mail auch in dieser Sprache schreiben, oder es dabei lassen."),
            blocks=False,
        )


def placeholders(found: Content) -> Iterator[Finding]:
    """Only fields that there are, none in a subject or within an address; and those that the kind needs."""
    known = {"{{" + one + "}}" for one in letters.fields(found.kind)}
    for language, (subject, body) in found.texts.items():
        for field in dict.fromkeys(_FIELD.findall(subject)):
            yield Finding(
                _(
                    "Im Betreff (%(language)s) steht %(field)s. Dort wird nichts eingesetzt.",
                    language=name(language),
                    field=field,
                ),
                _("Ihn aus dem Betreff nehmen."),
            )
        for field in dict.fromkeys(one for one in _FIELD.findall(body) if one not in known):
            yield _unknown(field, found.kind, language)
        if found.kind == AFFIRMATION and "{{bekraeftigen}}" not in body:
            yield Finding(
                _("Auf %(language)s fehlt der Link, um den es geht: {{bekraeftigen}}.", language=name(language)),
                _("Den Platzhalter {{bekraeftigen}} als Ziel eines Links einsetzen."),
            )


def marks(texts: Mapping[str, Draft]) -> Iterator[Finding]:
    """What looks as if something shall become of it, and stays as it is."""
    for language, (_subject, body) in texts.items():
        prose = unescape(_TAG.sub("", _CODE.sub("", organisers_html(body))))
        if found := _HTML.search(prose):
            yield _stays(
                _("Auf %(language)s steht HTML, und es bleibt so stehen: „%(bit)s“.", **_where(language, found[0])),
                _("Mit Markdown auszeichnen; wie das geht, steht über dem Text."),
            )
        if found := _PICTURE.search(prose):
            yield _stays(
                _("Auf %(language)s soll ein Bild stehen. Es bleibt Text: „%(bit)s“.", **_where(language, found[0])),
                _("Auf eine Seite mit dem Bild verlinken. In Mails gibt es keine Bilder."),
            )
        if found := _TABLE.search(prose) or _COLUMNS.search(body):
            yield _stays(
                _("Auf %(language)s soll eine Tabelle stehen. Es wird keine: „%(bit)s“.", **_where(language, found[0])),
                _("Eine Liste daraus machen, oder auf eine Seite mit der Tabelle verlinken."),
            )
        if found := _POINT.search(prose):
            yield _stays(
                _("Auf %(language)s soll eine Liste stehen. Es wird keine: „%(bit)s“.", **_where(language, found[0])),
                _("Vor dem ersten Punkt eine Zeile leer lassen."),
            )


def links(written: Mapping[str, Letter], settings: Settings) -> Iterator[Finding]:
    """Each link has a target. Pages of this site are asked whether they answer; others are not asked."""
    seen = set()
    for letter in written.values():
        for address, words in links_of(letter.html):
            if (address or words) in seen or address.startswith("{{"):
                continue
            seen.add(address or words)
            problem = _dead(address, words, settings)
            if problem:
                yield problem


def size(written: Mapping[str, Letter]) -> Iterator[Finding]:
    """The HTML part stays below what mail programs cut."""
    for language, letter in written.items():
        octets = len(letter.html.encode()) + VALUES_TAKE
        if octets > LARGEST:
            yield Finding(
                _(
                    "Auf %(language)s ist die Mail %(size)s KB groß. Manche Programme schneiden nach %(limit)s KB ab,"
                    " und mit dem Rest den Link zum Abmelden.",
                    language=name(language),
                    size=octets // 1024,
                    limit=LARGEST // 1024,
                ),
                _("Kürzen, und das Übrige auf der Website nachlesen lassen."),
            )


def sender(settings: Settings, lookup: Lookup) -> Iterator[Finding]:
    """SPF, DMARC and, where we know under which name, DKIM stand in DNS. None of it keeps a mail from going out."""
    author = _domain(settings.mail_default_sender)
    wanted = [
        ("SPF", _domain(settings.bounce_address or settings.mail_default_sender), "v=spf1"),
        ("DMARC", f"_dmarc.{author}", "v=dmarc1"),
    ]
    if settings.dkim_selector:
        wanted.append(("DKIM", f"{settings.dkim_selector}._domainkey.{settings.dkim_domain or author}", "p="))
    remedy = _("Wer die Domain verwaltet, trägt das ein. Ohne landen Mails leicht im Spam.")
    for what, where, beginning in wanted:
        records = lookup(where)
        if records is None:
            yield Finding(
                _("Das DNS hat nicht geantwortet. Ob sich der Absender ausweist, ist offen."),
                _("Später noch einmal nachsehen."),
                blocks=False,
            )
            return
        if not any(beginning in record.lower() for record in records):
            yield Finding(
                _("%(what)s fehlt: kein Eintrag unter %(where)s.", what=what, where=where), remedy, blocks=False
            )


def trials(found: Content, tried: Mapping[str, datetime]) -> Iterator[Finding]:
    """Whoever asks has got exactly this content, in each of its languages."""
    if not found.texts:
        yield Finding(_("Es gibt noch nichts zu testen."), _("Die Mail schreiben."))
    for language in found.texts:
        if language not in tried:
            yield Finding(
                _("Auf %(language)s haben Sie sich diese Mail noch nicht geschickt.", language=name(language)),
                _("Die Testmail schicken und ansehen. Nach jeder Änderung am Text braucht es eine neue."),
            )


def txt_records(where: str) -> Sequence[str] | None:
    """What DNS says."""
    try:
        found = dns.resolver.Resolver().resolve(where, "TXT", lifetime=PATIENCE)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError):
        return None
    return [b"".join(record.strings).decode("utf-8", "replace") for record in found]


def name(language: str) -> str:
    """What a language is called."""
    return str(_("Deutsch") if language == LANGUAGES[0] else _("Englisch"))


def _domain(address: str) -> str:
    return parseaddr(address)[1].rpartition("@")[2]


def _unknown(field: str, kind: str, language: str) -> Finding:
    written = field.strip("{} ").casefold()
    for_affirmation, offered = {DIFFERENCES, *letters.fields(AFFIRMATION)}, {*letters.fields(kind)}
    if kind == AFFIRMATION:
        offered = for_affirmation
    elif written in for_affirmation - offered:
        return Finding(
            _("%(field)s gibt es nur in einer Bekräftigung.", field=field),
            _("Den Platzhalter herausnehmen, oder eine Ausgabe der Art „Bekräftigung“ beginnen."),
        )
    if field == "{{" + DIFFERENCES + "}}":
        return Finding(
            _("%(field)s geht erst, wenn es zwei Fassungen gibt.", field=field),
            _("Den Platzhalter herausnehmen, oder erst die neue Fassung veröffentlichen."),
        )
    meant = get_close_matches(written, offered, 1, cutoff=0.75)
    return Finding(
        _("%(field)s (%(language)s) ist kein Platzhalter und bliebe so stehen.", field=field, language=name(language)),
        _("Meinten Sie %(field)s?", field="{{" + meant[0] + "}}")
        if meant
        else _(
            "So schreiben, wie er in der Liste über dem Text steht; anderes nicht in doppelte geschweifte Klammern"
            " setzen."
        ),
    )


def _stays(text: str, remedy: str) -> Finding:
    return Finding(text, remedy, blocks=False)


def _where(language: str, bit: str) -> dict[str, str]:
    """The language by its name, and the beginning of what is amiss, on one line."""
    bit = single_line(bit)
    return {"language": name(language), "bit": bit if len(bit) <= QUOTED else f"{bit[: QUOTED - 1]}…"}


def _dead(address: str, words: str, settings: Settings) -> Finding | None:
    if not address:
        return without_target(words)
    if "%7B%7B" in address:
        return Finding(
            _("Im Ziel %(address)s steht ein Platzhalter neben anderem. Er wird nicht eingesetzt.", address=address),
            _("Den Platzhalter allein als Ziel nehmen: [Wort]({{abmelden}})."),
        )
    if address.startswith("#"):
        return Finding(
            _(
                "Der Link %(address)s führt an eine Stelle der Mail; das geht in vielen Programmen nicht.",
                address=address,
            ),
            _("Die ganze Adresse der Seite nennen."),
        )
    return unanswered(address, settings)
