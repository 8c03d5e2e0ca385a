"""The fixed choices of the sign form: fields of social work and the German states."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

FIELDS: dict[str, LazyString] = {
    "youth_welfare_office": _l("Jugendamt, Allgemeiner Sozialer Dienst"),
    "family_support": _l("Hilfen zur Erziehung"),
    "childcare": _l("Kindertagesbetreuung"),
    "youth_work": _l("Kinder- und Jugendarbeit, Jugendsozialarbeit"),
    "school": _l("Schulsozialarbeit"),
    "social_welfare_office": _l("Sozialamt, Jobcenter, Grundsicherung"),
    "housing": _l("Wohnungslosenhilfe"),
    "addiction": _l("Suchthilfe"),
    "health": _l("Gesundheit, Sozialpsychiatrie"),
    "disability": _l("Eingliederungshilfe, Behindertenhilfe"),
    "elderly": _l("Altenhilfe, Pflege"),
    "migration": _l("Migration und Flucht"),
    "justice": _l("Justiz, Bewährungs- und Straffälligenhilfe"),
    "counselling": _l("Beratung"),
    "community": _l("Gemeinwesen, Quartier"),
    "administration": _l("Verwaltung, IT"),
    "representation": _l("Personal- oder Betriebsrat, Verband"),
    "science": _l("Hochschule, Forschung, Ausbildung"),
    "study": _l("Studium"),
    "other": _l("Anderes Arbeitsfeld"),
}

STATES: dict[str, LazyString] = {
    "BW": _l("Baden-Württemberg"),
    "BY": _l("Bayern"),
    "BE": _l("Berlin"),
    "BB": _l("Brandenburg"),
    "HB": _l("Bremen"),
    "HH": _l("Hamburg"),
    "HE": _l("Hessen"),
    "MV": _l("Mecklenburg-Vorpommern"),
    "NI": _l("Niedersachsen"),
    "NW": _l("Nordrhein-Westfalen"),
    "RP": _l("Rheinland-Pfalz"),
    "SL": _l("Saarland"),
    "SN": _l("Sachsen"),
    "ST": _l("Sachsen-Anhalt"),
    "SH": _l("Schleswig-Holstein"),
    "TH": _l("Thüringen"),
    "AT": _l("Österreich"),
    "CH": _l("Schweiz"),
    "XX": _l("Anderswo"),
}

SUSPICIOUS = "suspicious"
"""Why the portal itself holds a sign-up."""

HOLD_REASONS: dict[str, LazyString] = {
    SUSPICIOUS: _l("auffällig viele oder auffällig schnelle Unterschriften aus einem Netz"),
    "doubt": _l("Es ist zweifelhaft, ob die Person selbst unterzeichnet hat."),
    "entry": _l("Die Angaben sind vermutlich falsch oder verletzend."),
    "claim": _l("Jemand macht geltend, dass die Unterschrift fremde Rechte verletzt."),
}
"""Why a signature does not count for now. The portal gives the first reason, organisers the others."""

REMOVAL_REASONS: dict[str, LazyString] = {
    "not_own": _l("Jemand hat im Namen einer anderen Person unterzeichnet."),
    "invented": _l("Die Angaben gehören zu keinem wirklichen Menschen."),
    "twice": _l("Dieselbe Person hat mehr als einmal unterzeichnet."),
    "unlawful": _l("Die Angaben verletzen ein Gesetz oder die Rechte anderer."),
    "own_wish": _l("Die Person selbst hat darum gebeten."),
}
"""Why an organiser removes a signature."""
