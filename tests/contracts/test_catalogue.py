"""The English catalogue says everything that the German source texts say."""

import tomllib
from collections.abc import Iterator

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

from portal.config import ROOT

CATALOGUE = ROOT / "portal" / "translations" / "en" / "LC_MESSAGES" / "messages.po"


@pytest.fixture(scope="module")
def sources() -> dict[str | tuple[str, ...], str]:
    """Each source text, and a file that it stands in."""
    mappings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["babel"]["mappings"]
    methods = [(pattern, mapping["method"]) for mapping in mappings for pattern in mapping["pattern"]]
    keywords = {**DEFAULT_KEYWORDS, "_l": None}
    found = {}
    for folder in ("portal", "templates"):
        inside = [(pattern.removeprefix(f"{folder}/"), method) for pattern, method in methods if folder in pattern]
        for name, line, message, _comments, _context in extract_from_dir(ROOT / folder, inside, keywords=keywords):
            key = tuple(message[:2]) if isinstance(message, tuple) else message
            found[key] = f"{folder}/{name}:{line}"
    return found


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="en", abort_invalid=True)


def messages(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


def test_every_text_is_translated(sources: dict[str | tuple[str, ...], str], catalogue: Catalog) -> None:
    translated = {
        key
        for message in messages(catalogue)
        for key in [tuple(message.id) if isinstance(message.id, (list, tuple)) else message.id]
        if (all(message.string) if isinstance(message.string, (list, tuple)) else message.string)
    }
    missing = {where: text for text, where in sources.items() if text not in translated}
    assert missing == {}, "run `make catalogue` and translate"


def test_nothing_is_uncertain_or_left_over(sources: dict[str | tuple[str, ...], str], catalogue: Catalog) -> None:
    assert [message.id for message in messages(catalogue) if message.fuzzy] == []
    assert list(catalogue.obsolete) == []
    keys = {tuple(m.id) if isinstance(m.id, (list, tuple)) else m.id for m in messages(catalogue)}
    assert keys - set(sources) == set(), "no source text says this any more"


def test_placeholders_survive_translation(catalogue: Catalog) -> None:
    wrong = {str(message.id): errors for message in messages(catalogue) if (errors := list(message.check(catalogue)))}
    assert wrong == {}
