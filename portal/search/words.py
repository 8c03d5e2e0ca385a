"""Words as the search compares them: in small letters, umlauts however they are written, and without their endings."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from threading import Lock
from typing import Any

MOST_WORDS = 10
LONGEST_WORD = 40
PREFIX_FROM = 4
"""From this length on, a word also finds what begins with it: „Jugend“ finds the „Jugendamt“."""

_WORD = re.compile(r"[^\W_]+")
_SPELT_OUT = re.compile(r"ae|oe|(?<![aeiouq])ue")
_UMLAUTS = {"ae": "ä", "oe": "ö", "ue": "ü"}
_NO_UMLAUT = re.compile("(?<![aou])\u0308|[\u0300-\u0307\u0309-\u036f]")
_MARK = re.compile("[\u0300-\u036f]")
_LOCK = Lock()

_GERMAN = """
ab aber alle allem allen aller alles als also am an auch auf aus bei beim bin bis bist da damit dann das dass dein
dem den denn der des dessen die dies diese diesem diesen dieser dieses doch dort du durch ein eine einem einen einer
eines er es etwas euch für gegen gibt hab habe haben hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre
ihrem ihren ihrer im in ins ist ja jede jedem jeden jeder jedes kann kein keine können man mein mich mir mit muss
nach nicht nichts noch nun nur ob oder ohne sehr sein seine seinem seinen seiner selbst sich sie sind so soll sollte
sondern sonst über um und uns unser unter viel vom von vor wann war waren was weil welche welcher wenn wer werde
werden wie wieder will wir wird wo wurde wurden zu zum zur zwar zwischen
"""
_ENGLISH = """
a about after all also am an and any are as at be because been before being but by can could did do does for from
had has have he her here him his how i if in into is it its just me more most my no not of on only or other our out
over own same she should so some such than that the their them then there these they this those through to too under
until up very was we were what when where which while who whom why will with you your
"""
STOP = {"de": frozenset(_GERMAN.split()), "en": frozenset(_ENGLISH.split())}
"""Words that are in every text, by language."""


def folded(word: str, language: str) -> str:
    """The word as it is compared: `JUGENDÄMTER` and `Jugendaemter` are both `jugendämter` in German."""
    word = unicodedata.normalize("NFD", word.casefold())
    if language == "de":
        word = unicodedata.normalize("NFC", _NO_UMLAUT.sub("", word))
        return _SPELT_OUT.sub(lambda found: _UMLAUTS[found[0]], word)
    return unicodedata.normalize("NFC", _MARK.sub("", word))


def words_in(text: str, language: str) -> Iterator[str]:
    """Each word of a text, folded."""
    return (folded(found[0], language) for found in _WORD.finditer(text))


@lru_cache(maxsize=1 << 15)
def stem(word: str, language: str) -> str:
    """A folded word without its ending, by the Snowball algorithm of its language."""
    with _LOCK:
        stemmed: str = _stemmer(language).stemWord(word)
    return stemmed


@cache
def _stemmer(language: str) -> Any:
    # The package itself imports the stemmers of all languages, and few processes ever search.
    if language == "de":
        from snowballstemmer.german_stemmer import GermanStemmer  # noqa: PLC0415

        return GermanStemmer()
    from snowballstemmer.english_stemmer import EnglishStemmer  # noqa: PLC0415

    return EnglishStemmer()


def asked_for(question: str, language: str) -> list[str]:
    """The words of a question that something can be found by, folded. What is beyond the limits is not looked at."""
    words = dict.fromkeys(words_in(question, language))
    return [word[:LONGEST_WORD] for word in words if word not in STOP[language]][:MOST_WORDS]


Part = tuple[str, bool]
"""Some text, and whether it is what was looked for."""


def marked(text: str, asked: Sequence[str], language: str) -> list[Part]:
    """The text in parts, with the words that were asked for told apart."""
    parts, end = list[Part](), 0
    for start, stop in _occurrences(text, asked, language):
        parts += [(text[end:start], False), (text[start:stop], True)]
        end = stop
    parts.append((text[end:], False))
    return [part for part in parts if part[0]]


def snippet(text: str, asked: Sequence[str], language: str, length: int = 240) -> list[Part]:
    """About so many characters around the first place where most of what was asked for stands.

    It neither begins nor ends with the dot that parts headings and items.
    """
    if len(text) <= length:
        return marked(text, asked, language)
    starts = [start for start, _stop in _occurrences(text, asked, language)]
    best = max(starts, key=lambda one: (sum(one <= other < one + length * 2 // 3 for other in starts), -one), default=0)
    begin = max(0, best - length // 4)
    if begin:
        begin = text.find(" ", begin, best) + 1 or best
    end = min(len(text), begin + length)
    if end < len(text):
        end = max(text.rfind(" ", begin, end), begin + length // 2)
    inner = marked(text[begin:end].strip(" ·"), asked, language)
    return [("… ", False)] * bool(begin) + inner + [(" …", False)] * (end < len(text))


def _occurrences(text: str, asked: Sequence[str], language: str) -> Iterator[tuple[int, int]]:
    stems = {stem(word, language): len(word) >= PREFIX_FROM for word in asked}
    for found in _WORD.finditer(text):
        word = folded(found[0], language)
        # Most words are told apart by their first letter, which no stemmer changes but for its umlaut.
        if any(_bare(one[:1]) == _bare(word[:1]) and _is(word, one, long, language) for one, long in stems.items()):
            yield found.span()


def _is(word: str, wanted: str, prefix: bool, language: str) -> bool:
    stemmed = stem(word, language)
    return stemmed == wanted or (prefix and stemmed.startswith(wanted))


def _bare(letter: str) -> str:
    return unicodedata.normalize("NFD", letter)[:1]
