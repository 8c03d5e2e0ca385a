"""The public pages as slices name them: for the sitemap, and for the archive."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Place:
    """One public page, in every language that its route has."""

    endpoint: str
    values: Mapping[str, Any] = field(default_factory=dict)
    changed: date | None = None
    """The day on which its content last changed, where that is known."""


Places = Callable[[Session, datetime], Iterable[Place]]
"""What a slice names: its pages that are public at that moment and that search engines may know."""
