"""Names that look like other names.

`mixes_scripts` finds a Latin word with one Cyrillic letter in it (Unicode Technical Standard 39, “highly restrictive”);
`skeleton` brings names that look alike into one form, to compare with those of the organisers.

It rests on the standard library and a small table. confusable-homoglyphs has had no release since January 2024, ICU's
spoof checker needs a compiled ICU, and neither finds what matters here besides: a name that differs from an
organiser's by an accent, a space or a 1 for an l. The first word of a letter's Unicode name says its script for every
script that is written today. The table has the letters of other scripts that look like Latin ones in the common
typefaces; it is not the whole of the standard's, so a moderator's eye stays the judge.
"""

import unicodedata

_TOGETHER = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)
"""The scripts that one writes together: Japanese, Chinese and Korean, each with Latin."""

_LOOKS_LIKE = {
    "a": "4аАαΑɑᴀ",
    "b": "ЬВΒвʙᏏ",
    "c": "сСϲϹᴄᏟ",
    "d": "ԁđðĐɗᴅᏧ",
    "e": "3еЕєЄεΕɛᴇᎬ",
    "f": "ϝƒғ",
    "g": "ɡԌցɢᏀ",
    "h": "һНнΗհʜᏂ",
    "j": "јЈϳᴊᎫ",
    "k": "кКκΚᴋᏦ",
    "l": "i1|!ӏӀІіιΙıɩłŁاɪʟᎥᏞ",
    "m": "мМΜᴍᎷ",
    "n": "Νηոռɴ",
    "o": "0оОοΟσօՕøØ०٥ᴏ",
    "p": "рРρΡᴘᏢ",
    "q": "ԛգ",
    "r": "гᴦʀᎡ",
    "s": "ѕЅ5$ꜱᏚ",
    "t": "тТτΤᴛᎢ",
    "u": "υսцᴜ",
    "v": "νѵѴᴠᏙ",
    "w": "ԝωшᴡᎳ",
    "x": "хХχΧ×",
    "y": "уУүγΥʏᎩ",
    "z": "ΖᴢᏃ",
}
_PROTOTYPES = str.maketrans({other: letter for letter, others in _LOOKS_LIKE.items() for other in others})


def mixes_scripts(name: str) -> bool:
    """Whether the letters of the name come from scripts that one does not write together."""
    scripts = {_script(character) for character in unicodedata.normalize("NFKC", name)} - {None}
    return len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER)


def skeleton(name: str) -> str:
    """What two names have in common that people take for the same: their letters and digits, without accents.

    Only good for comparing: `skeleton(one) == skeleton(other)`, or one within the other.
    """
    similar = unicodedata.normalize("NFKD", name).translate(_PROTOTYPES).casefold().translate(_PROTOTYPES)
    letters = "".join(character for character in unicodedata.normalize("NFKD", similar) if character.isalnum())
    return letters.replace("rn", "m").replace("vv", "w")


def _script(character: str) -> str | None:
    """The script of a letter; None for digits, marks, punctuation and modifiers, which any script may use."""
    if unicodedata.category(character) not in {"Lu", "Ll", "Lt", "Lo"}:
        return None
    return unicodedata.name(character, "UNKNOWN").split()[0].partition("-")[0]
