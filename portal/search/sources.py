"""What a slice says about its public things, so that the search can find them."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import LazyString
from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Entry:
    """One thing that can be found, in one language."""

    key: str
    """What it is called within its source, such as `12`; at most 64 characters, the same in every language."""
    language: str
    title: str
    text: str
    """Plain text, without markup and without anything about persons who have not made it public."""
    endpoint: str
    values: Mapping[str, Any] = field(default_factory=dict)
    """For `url_for`, with `endpoint`: where it is read. Values that JSON can say."""
    anchor: str = ""


@dataclass(frozen=True)
class Source:
    """One kind of things that can be found."""

    kind: str
    """At most 32 characters; never changed, the index keeps it."""
    name: LazyString
    """The kind in the visitor's words, plural."""
    entries: Callable[[Session, datetime], Iterable[Entry]]
    """Everything of this kind that is public at that moment, in all its languages. Each table that it reads, and whose
    rows can be changed or taken back, has the triggers of `models.forgetting`."""
    public: Callable[[Session, Collection[str], datetime], set[str]]
    """Which of these keys are public at that moment. Asked for each page of results: others are not shown."""
