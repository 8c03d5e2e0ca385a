"""What organisers write into files below `content/`, checked and typed."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, TypeVar

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


def read_yaml(path: Path, model: type[M]) -> M:
    """The checked content of one YAML file. Raises ContentError."""
    return _checked(path, _read(path), model)


def read_page(path: Path, model: type[M]) -> tuple[M, str]:
    """The checked front matter of a Markdown file, YAML between two lines of `---`, and what follows it.

    Raises ContentError.
    """
    opening, _, rest = _read(path).partition("\n")
    front_matter, found, body = rest.partition("\n---\n")
    if opening.strip() != "---" or not found:
        fields = ", ".join(model.model_fields)
        raise ContentError(f"{path} must begin with its front matter ({fields}) between two lines of ---")
    return _checked(path, front_matter, model), body.strip()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ContentError(f"{path} is missing") from error
    except UnicodeDecodeError as error:
        raise ContentError(f"{path} is not a text file in UTF-8: {error}") from error


def _checked(path: Path, source: str, model: type[M]) -> M:
    try:
        return model.model_validate(yaml.safe_load(source) or {})
    except yaml.YAMLError as error:
        raise ContentError(f"{path} is not YAML: {error}") from error
    except ValidationError as error:
        lines = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()]
        raise ContentError(f"{path}:\n  " + "\n  ".join(lines)) from error


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
    "string_type": "Hier steht ein Text, am besten in Anführungszeichen. YAML liest 1, ja und no nicht als Text.",
    "string_too_short": "Der Text ist leer. Bitte ausfüllen, wo es zwei Sprachen gibt, in beiden.",
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


def remedy(mistake: ErrorDetails) -> str:
    """What is wrong with a value in a file, and what to do, in German. A `value_error` says it itself."""
    context = mistake.get("ctx") or {}
    match mistake["type"]:
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return f"Möglich ist: {context['expected'].replace(' or ', ' oder ')}."
        case "string_pattern_mismatch" if "https" in context["pattern"]:
            return "Ein Link beginnt mit https:// und hat keine Leerzeichen."
        case "string_pattern_mismatch":
            letter = " und beginnt mit einem Buchstaben" if context["pattern"].startswith("^[a-z][") else ""
            return f"Eine Kennung besteht aus a–z, Ziffern und Strichen{letter}."
        case "string_too_long":
            return f"Höchstens {context['max_length']} Zeichen."
        case "too_short":
            return f"Mindestens {context['min_length']} Einträge."
        case "too_long":
            return f"Höchstens {context['max_length']} Einträge."
        case "greater_than_equal":
            return f"Die Zahl muss mindestens {context['ge']} sein."
        case "less_than_equal":
            return f"Die Zahl darf höchstens {context['le']} sein."
    return _REMEDIES.get(mistake["type"], f"Das passt nicht ({mistake['msg']}). Bitte den Wert berichtigen.")
