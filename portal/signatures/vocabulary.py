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
