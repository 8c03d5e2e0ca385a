"""The words that the discussion chooses from: capacities, and the reasons for which a comment is not published."""

from dataclasses import dataclass

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

CAPACITIES: dict[str, LazyString] = {
    "practice": _l("Fachkraft in der Sozialen Arbeit"),
    "leadership": _l("Leitung oder Träger"),
    "council": _l("Personalrat, Betriebsrat oder Gewerkschaft"),
    "technology": _l("IT oder Verwaltung"),
    "research": _l("Forschung und Lehre"),
    "study": _l("Studium oder Ausbildung"),
    "users": _l("Adressat:in Sozialer Arbeit oder Angehörige:r"),
    "other": _l("anderes"),
}
"""In which capacity somebody comments."""


@dataclass(frozen=True)
class Reason:
    """Why a comment is rejected or reported, and the rule or law that says so (DSA Art. 17(3))."""

    label: LazyString
    rule: LazyString


REASONS: dict[str, Reason] = {
    "client_data": Reason(
        _l("Daten von Klient:innen oder Dritten"),
        _l(
            "Moderationsregel 1; § 203 StGB und Art. 6 DSGVO: Angaben über andere dürfen nicht ohne Erlaubnis"
            " öffentlich werden"
        ),
    ),
    "insult": Reason(
        _l("Beleidigung oder Drohung"),
        _l("Moderationsregel 2; §§ 185 bis 187 und 241 StGB"),
    ),
    "discrimination": Reason(
        _l("Herabsetzung von Menschen oder Gruppen"),
        _l("Moderationsregel 3; § 130 StGB, soweit zur Volksverhetzung"),
    ),
    "unlawful": Reason(
        _l("Sonst rechtswidriger Inhalt"),
        _l("Moderationsregel 4; Art. 3 Buchst. h der Verordnung (EU) 2022/2065"),
    ),
    "copyright": Reason(
        _l("Fremder Text oder fremdes Bild ohne Erlaubnis"),
        _l("Moderationsregel 5; §§ 15 und 51 UrhG"),
    ),
    "advertising": Reason(_l("Werbung oder Spam"), _l("Moderationsregel 6")),
    "off_topic": Reason(_l("Kein Bezug zur Erklärung"), _l("Moderationsregel 7")),
    "impersonation": Reason(_l("Auftreten unter falschem Namen"), _l("Moderationsregel 8; § 12 BGB")),
}
"""Codes of the rules on `/moderation`, in their order there: rule n is the n-th reason."""

OUTCOME_NAMES: dict[str, LazyString] = {
    "taken_up": _l("übernommen"),
    "partly": _l("teilweise übernommen"),
    "not_taken_up": _l("nicht übernommen"),
    "noted": _l("zur Kenntnis genommen"),
}
"""What became of a comment in the declaration."""

STANCE_NAMES: dict[str, LazyString] = {
    "agree": _l("Ich stimme zu"),
    "disagree": _l("Ich stimme nicht zu"),
    "unsure": _l("Ich bin unentschieden"),
}
"""What somebody thinks of a thesis."""
