"""The records that are shipped: `content/literature/<name>.yaml`, one file each."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from portal.bibliography.reference import TYPES, Name, Reference, issued_on, plain_doi
from portal.content import ContentError, read_yaml
from portal.language import LANGUAGES


@dataclass(frozen=True)
class Seed:
    """One shipped record. Its abstracts are in our own words."""

    name: str
    reference: Reference
    abstracts: Mapping[str, str]
    topics: tuple[tuple[str, str], ...]
    """German and English names."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Name(_Model):
    family: str = ""
    given: str = ""
    literal: str = ""

    @model_validator(mode="after")
    def is_one(self) -> Self:
        if bool(self.literal) == bool(self.family or self.given) or bool(self.family) != bool(self.given):
            raise ValueError("has either family and given, or literal")
        return self


class _Topic(_Model):
    de: Annotated[str, Field(min_length=1, max_length=80)]
    en: Annotated[str, Field(min_length=1, max_length=80)]


class _File(_Model):
    type: str
    title: Annotated[str, Field(min_length=1)]
    authors: list[_Name] = []
    container_title: str = ""
    volume: str = ""
    issue: str = ""
    page: str = ""
    publisher: str = ""
    publisher_place: str = ""
    year: int | None = None
    doi: str = ""
    url: str = ""
    language: str = ""
    abstracts: dict[str, str] = {}
    topics: list[_Topic] = []

    @field_validator("type")
    @classmethod
    def known(cls, value: str) -> str:
        if value not in TYPES:
            raise ValueError(f"is one of {', '.join(TYPES)}")
        return value

    @field_validator("abstracts")
    @classmethod
    def in_our_languages(cls, value: dict[str, str]) -> dict[str, str]:
        if not value.keys() <= set(LANGUAGES):
            raise ValueError(f"is there in {' and '.join(LANGUAGES)}")
        return value

    @field_validator("doi")
    @classmethod
    def is_doi(cls, value: str) -> str:
        if value and plain_doi(value) != value:
            raise ValueError("is a DOI without https://doi.org/")
        return value


def read_seeds(folder: Path) -> list[Seed]:
    """The shipped records, in the order of their names; none without the folder. Raises ContentError."""
    return [_seed(path) for path in sorted(folder.glob("*.yaml"))]


def _seed(path: Path) -> Seed:
    if len(path.stem) > 60:
        raise ContentError(f"{path}: the name of the file has more than 60 characters")
    said = read_yaml(path, _File)
    reference = Reference(
        type=said.type,
        title=said.title,
        authors=tuple(Name(one.family, one.given, "", one.literal) for one in said.authors),
        container_title=said.container_title,
        volume=said.volume,
        issue=said.issue,
        page=said.page,
        publisher=said.publisher,
        publisher_place=said.publisher_place,
        issued=issued_on(said.year),
        doi=said.doi,
        url=said.url,
        language=said.language,
    )
    return Seed(path.stem, reference, dict(said.abstracts), tuple((topic.de, topic.en) for topic in said.topics))
