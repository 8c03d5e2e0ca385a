"""The declaration as something to cite: a revision, or one thesis of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import url_for
from flask_babel import format_date
from flask_babel import gettext as _

from portal.bibliography.metadata import json_ld
from portal.bibliography.reference import CHAPTER, REPORT, Reference
from portal.config import current_settings
from portal.declaration.models import ORIGINAL, SUMMARY, Revision, Thesis

PUBLISHERS = (
    "Institut Arbeit und Technik (IAT)",
    "ver.di-Fachgruppe Erziehung, Bildung und soziale Arbeit, Bezirke Westfalen und Ruhr-West",
)
"""The bodies behind the declaration. It names no authors: organisers, speakers and participants agreed on it."""


def label_words(label: str) -> str:
    """What kind of text a revision is."""
    if label == SUMMARY:
        return str(_("Zusammenfassung in eigenen Worten"))
    return str(_("vereinbarter Wortlaut") if label == ORIGINAL else _("überarbeitete Fassung"))


def revision_name(revision: Revision) -> str:
    """«Fassung 1 vom 22. November 2026»."""
    return str(_("Fassung %(number)s vom %(date)s", number=revision.number, date=format_date(revision.dated, "long")))


def revision_address(revision: Revision) -> str:
    """The full address of a revision, in the language of the page."""
    return current_settings().base_url + url_for("declaration.revision", number=revision.number)


def thesis_address(revision: Revision, thesis: Thesis) -> str:
    """The full address of a thesis as one revision has it."""
    path = url_for("declaration.thesis", number=revision.number, key=thesis.key)
    return current_settings().base_url + path


def revision_reference(revision: Revision, language: str) -> Reference:
    """A revision as a report, with what kind of text it is."""
    text = revision.text(language)
    return Reference(
        type=REPORT,
        title=text.title,
        genre=_("Fassung %(number)s, %(label)s", number=revision.number, label=label_words(revision.label)),
        publisher="; ".join(PUBLISHERS),
        issued=(revision.dated.year, revision.dated.month, revision.dated.day),
        url=revision_address(revision),
        language=text.language,
        key=f"dortmund-essener-erklaerung-{revision.number}",
    )


def thesis_reference(revision: Revision, thesis: Thesis, language: str) -> Reference:
    """One thesis, as a part of its revision."""
    whole = revision_reference(revision, language)
    heading = thesis.text(language).heading
    name = _("These %(number)s", number=thesis.position)
    return replace(
        whole,
        type=CHAPTER,
        title=f"{name}: {heading}" if heading else name,
        container_title=_("%(title)s (%(kind)s)", title=whole.title, kind=whole.genre),
        genre="",
        url=thesis_address(revision, thesis),
        key=f"{whole.key}-{thesis.key}",
    )


def revision_json_ld(revision: Revision, language: str) -> Mapping[str, Any]:
    """A revision with its theses in the terms of schema.org. Its hash is an identifier."""
    parts = [
        {
            "@type": "CreativeWork",
            "@id": thesis_address(revision, thesis),
            "url": thesis_address(revision, thesis),
            "position": thesis.position,
            "name": thesis_reference(revision, thesis, language).title,
        }
        for thesis in revision.theses
    ]
    return json_ld(
        revision_reference(revision, language),
        revision_address(revision),
        version=str(revision.number),
        identifier=_hash(revision),
        publisher=[{"@type": "Organization", "name": name} for name in PUBLISHERS],
        hasPart=parts,
    )


def thesis_json_ld(revision: Revision, thesis: Thesis, language: str) -> Mapping[str, Any]:
    """One thesis in the terms of schema.org, as a part of its revision."""
    whole = revision_reference(revision, language)
    address = revision_address(revision)
    return {
        **json_ld(thesis_reference(revision, thesis, language), thesis_address(revision, thesis)),
        "@type": "CreativeWork",
        "publisher": [{"@type": "Organization", "name": name} for name in PUBLISHERS],
        "position": thesis.position,
        "isPartOf": {
            "@type": "Report",
            "@id": address,
            "url": address,
            "name": whole.title,
            "version": str(revision.number),
            "identifier": _hash(revision),
        },
    }


def _hash(revision: Revision) -> dict[str, str]:
    return {"@type": "PropertyValue", "propertyID": "sha256", "value": revision.sha256}
