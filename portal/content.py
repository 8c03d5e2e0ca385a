"""What organisers write into files below `content/`, checked and typed."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from flask import current_app
from pydantic import BaseModel, ConfigDict, Field, ValidationError

M = TypeVar("M", bound=BaseModel)


class ContentError(Exception):
    """A file below `content/` cannot be used. The message names the file, the field and the remedy."""


class _Content(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Operator(_Content):
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


class Provider(_Content):
    """Domains of one provider, under which one mailbox has several spellings."""

    domains: Annotated[list[Domain], Field(min_length=1)]
    same_mailbox: bool = False
    """Whether one local part reaches the same mailbox under each of the domains."""
    ignores_dots: bool = False
    tag_separator: Literal["+", "-", ""] = ""


class AddressRules(_Content):
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
    try:
        data: Any = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        return model.model_validate(data)
    except FileNotFoundError as error:
        raise ContentError(f"{path} is missing") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ContentError(f"{path} is not a YAML file in UTF-8: {error}") from error
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
