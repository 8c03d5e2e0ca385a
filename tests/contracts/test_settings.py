"""The operator's guide lists every setting, and none that is not there."""

import re

from pydantic import AliasChoices

from portal.config import ROOT, Settings

GUIDE = ROOT / "docs" / "operations.md"
MADE_BY_OTHERS = {"TEST_DATABASE_URL", "PORTAL_TESTS_COMPLETE"}


def variables() -> set[str]:
    names = set()
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        names.add(str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"PORTAL_{name.upper()}")
    return names


def test_guide_lists_every_setting() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \|", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) == len(set(rows)), "a setting is listed twice"
    assert set(rows) == variables()


def test_documents_name_only_settings_that_exist() -> None:
    documents = [ROOT / "README.md", ROOT / "README.de.md", *(ROOT / "docs").rglob("*.md")]
    for document in documents:
        named = set(re.findall(r"\bPORTAL_[A-Z_]+\b", document.read_text(encoding="utf-8")))
        assert named - variables() - MADE_BY_OTHERS == set(), document.name
