"""What organisers write into files below `content/`, checked and typed."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from flask import current_app
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

M = TypeVar("M", bound=BaseModel)


class ContentError(Exception):
    """A file below `content/` cannot be used. The message names the file, the field and the remedy."""


class Written(BaseModel):
    """What a file below `content/` says: these fields and no others."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Operator(Written):
    """Who is answerable for the site (§ 5 DDG, § 18(2) MStV, Art. 13 GDPR). None is a gap that the pages show."""

    operator_type: Literal["association", "union", "university", "public_body", "company"] | None = None
    name: str | None = None
    represented_by: str | None = None
    street: str | None = None
    city: str | None = None
    email: str | None = None
    phone: str | None = None
    responsible_for_content: str | None = None
    data_protection_contact: str | None = None
    supervisory_authority: str | None = None
    hosting: str | None = None
    register_entry: str = ""
    vat_id: str = ""

    @property
    def gaps(self) -> list[str]:
        """The names of the fields that must be filled before the site may go live."""
        return [name for name in type(self).model_fields if getattr(self, name) is None]


Domain = Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]


class Provider(Written):
    """Domains of one provider, under which one mailbox has several spellings."""

    domains: Annotated[list[Domain], Field(min_length=1)]
    same_mailbox: bool = False
    """Whether one local part reaches the same mailbox under each of the domains."""
    ignores_dots: bool = False
    tag_separator: Literal["+", "-", ""] = ""


class AddressRules(Written):
    """How addresses of known providers are written, and mistyped."""

    providers: list[Provider]
    typos: dict[Domain, Domain]
    """Mistyped domain → the domain that was probably meant."""


@dataclass(frozen=True)
class Content:
    """Everything below `content/` that is read when the application starts."""

    operator: Operator
    address_rules: AddressRules


def read_data(path: Path) -> Any:
    """What stands in one YAML file, not checked yet. Raises ContentError."""
    return _data(path, _read(path))


def read_yaml(path: Path, model: type[M]) -> M:
    """The checked content of one YAML file. Raises ContentError."""
    return _checked(path, read_data(path), model)


def read_page(path: Path, model: type[M]) -> tuple[M, str]:
    """The checked front matter of a Markdown file, YAML between two lines of `---`, and what follows it.

    Raises ContentError.
    """
    opening, _, rest = _read(path).partition("\n")
    front_matter, found, body = rest.partition("\n---\n")
    if opening.strip() != "---" or not found:
        fields = ", ".join(model.model_fields)
        raise ContentError(
            f"{path}: Die Datei beginnt mit ihren Angaben ({fields}) zwischen zwei Zeilen aus drei Strichen (---)."
        )
    return _checked(path, _data(path, front_matter, above=1), model), body.strip()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ContentError(f"{path}: Die Datei fehlt. Bitte anlegen.") from error
    except UnicodeDecodeError as error:
        raise ContentError(
            f"{path}: Die Datei ist nicht in UTF-8. Bitte im Editor beim Speichern UTF-8 wählen."
        ) from error


def _data(path: Path, source: str, above: int = 0) -> Any:
    """What YAML reads in `source`, which has so many lines of the file above it."""
    try:
        return yaml.safe_load(source)
    except ValueError as error:  # 2027-02-30
        raise ContentError(f"{path}: Einen der Tage darin gibt es nicht. Bitte alle prüfen.") from error
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", Zeile {mark.line + above + 1}" if mark else ""
        raise ContentError(
            f"{path}{line}: Das ist kein lesbares YAML. Meist stimmt eine Einrückung nicht, oder ein Text mit"
            " Doppelpunkt braucht Anführungszeichen."
        ) from error


def _checked(path: Path, data: Any, model: type[M]) -> M:
    try:
        return model.model_validate(data or {})
    except ValidationError as error:
        raise unusable(path, error) from error


def unusable(path: Path, error: ValidationError) -> ContentError:
    """What is said of a file with these mistakes: in each line a field, what is wrong with it, and what to do."""
    lines = (": ".join(filter(None, (".".join(map(str, one["loc"])), remedy(one)))) for one in mistakes(error))
    return ContentError(f"{path}:\n  " + "\n  ".join(lines))


@cache
def load(root: Path) -> Content:
    """Read and check the content below `root`. Raises ContentError."""
    return Content(
        operator=read_yaml(root / "operator.yaml", Operator),
        address_rules=read_yaml(root / "addresses.yaml", AddressRules),
    )


def current_content() -> Content:
    """The content of the running application."""
    content: Content = current_app.extensions["content"]
    return content


_REMEDIES = {
    "missing": "Die Angabe fehlt.",
    "extra_forbidden": "Diese Angabe gibt es hier nicht. Vielleicht ist sie verschrieben oder falsch eingerückt.",
    "union_tag_not_found": "Es fehlt type (single, multiple, scale, matrix, number oder text) oder ganz oben kind.",
    "union_tag_invalid": "Das gibt es nicht. type ist single, multiple, scale, matrix, number oder text; kind ist"
    " survey oder external.",
    "string_type": "Hier steht ein Text, am besten in Anführungszeichen. YAML liest 1, yes und no nicht als Text.",
    "string_too_short": "Der Text ist leer. Bitte ausfüllen, wo es zwei Sprachen gibt, in beiden.",
    "string_too_long": "Höchstens {max_length} Zeichen.",
    "too_short": "Mindestens {min_length} Einträge.",
    "too_long": "Höchstens {max_length} Einträge.",
    "greater_than_equal": "Die Zahl muss mindestens {ge} sein.",
    "less_than_equal": "Die Zahl darf höchstens {le} sein.",
    "int_type": "Hier steht eine ganze Zahl.",
    "int_parsing": "Hier steht eine ganze Zahl.",
    "bool_type": "Hier steht true oder false.",
    "bool_parsing": "Hier steht true oder false.",
    "model_type": "Hier stehen Angaben mit Namen, bei einem Text zum Beispiel de und en.",
    "tuple_type": "Hier steht eine Liste; jeder Eintrag beginnt mit einem Strich.",
    "date_type": "Hier steht ein Tag in der Form 2027-01-31.",
    "date_from_datetime_parsing": "Hier steht ein Tag in der Form 2027-01-31.",
    "time_type": "Hier steht eine Uhrzeit in Anführungszeichen, zum Beispiel '10:30'.",
    "time_parsing": "Hier steht eine Uhrzeit in Anführungszeichen, zum Beispiel '10:30'.",
}


def mistakes(error: ValidationError) -> list[ErrorDetails]:
    """What is wrong with the values in a file, without what only follows from it: pydantic counts what it could not
    read as missing, and then calls the list that it stands in too short."""
    found = error.errors(include_url=False)
    places = [one["loc"] for one in found]
    return [
        one
        for one in found
        if one["type"] != "too_short"
        or not any(len(place) > len(one["loc"]) and place[: len(one["loc"])] == one["loc"] for place in places)
    ]


def remedy(mistake: ErrorDetails) -> str:
    """What is wrong with a value in a file, and what to do, in German. A `value_error` says it itself."""
    context = mistake.get("ctx") or {}
    match mistake["type"]:
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return f"Möglich ist: {context['expected'].replace(' or ', ' oder ')}."
        case "string_pattern_mismatch":
            return _allowed(context["pattern"])
    words = _REMEDIES.get(mistake["type"])
    return words.format_map(context) if words else f"Das passt nicht ({mistake['msg']}). Bitte den Wert berichtigen."


def _allowed(pattern: str) -> str:
    if "https" in pattern:
        return "Ein Link beginnt mit https:// und hat keine Leerzeichen."
    if r"\." in pattern:
        return "Hier steht eine Domain, zum Beispiel example.org."
    letter = " und beginnt mit einem Buchstaben" if pattern.startswith("^[a-z][") else ""
    return f"Eine Kennung besteht aus a–z, Ziffern und Strichen{letter}."
