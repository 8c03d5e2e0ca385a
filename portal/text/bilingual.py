"""Texts that organisers write in both languages, in files below `content/`."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from portal.text.normalise import multi_line, single_line


class Words(BaseModel):
    """A text in both languages; an empty line begins a new paragraph."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    de: Annotated[str, Field(min_length=1, max_length=4000)]
    en: Annotated[str, Field(min_length=1, max_length=4000)]

    @field_validator("de", "en", mode="before")
    @classmethod
    def _tidy(cls, value: Any) -> Any:
        return multi_line(value).strip() if isinstance(value, str) else value

    def of(self, language: str) -> str:
        return self.en if language == "en" else self.de

    def paragraphs(self, language: str) -> list[str]:
        return [single_line(part) for part in self.of(language).split("\n\n") if part.strip()]


class Name(Words):
    """What something is called in both languages, on one line."""

    @field_validator("de", "en", mode="before")
    @classmethod
    def _tidy(cls, value: Any) -> Any:
        return single_line(value) if isinstance(value, str) else value
