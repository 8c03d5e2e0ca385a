"""The reading list ("Merkzettel"): numbers of records that travel in the address, and the way back to where one was.

There is no account and no cookie: whoever has the address has the list.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from portal.web.numbers import LARGEST

MOST = 200
"""So many records are on a list; further ones are left out."""
LONGEST_WAY = 1500
"""Characters of a way back."""

_WAY = re.compile(r"/(?![/\\])[!-\[\]-~]*")
"""A path on this site, of plain characters without a backslash: `//host` and `/\\host` lead elsewhere."""


@dataclass(frozen=True)
class ReadingList:
    """Numbers of records, in the reader's order, each once."""

    numbers: tuple[int, ...] = ()
    left_out: int = 0
    """So many were too many, or no numbers."""

    @classmethod
    def of(cls, text: str) -> "ReadingList":
        """The list in `1,5,9`."""
        parts = [part for part in text[:4000].split(",") if part.strip()]
        numbers = [int(part) for part in parts if re.fullmatch(r"\s*[0-9]{1,10}\s*", part)]
        known = list(dict.fromkeys(number for number in numbers if 0 < number <= LARGEST))
        return cls(tuple(known[:MOST]), len(parts) - len(numbers) + len(known[MOST:]))

    def __str__(self) -> str:
        return ",".join(map(str, self.numbers))

    def __len__(self) -> int:
        return len(self.numbers)

    def __contains__(self, number: object) -> bool:
        return number in self.numbers

    @property
    def full(self) -> bool:
        return len(self.numbers) >= MOST

    def with_(self, number: int) -> "ReadingList":
        """The list with a further record at its end."""
        return self if number in self.numbers or self.full else ReadingList((*self.numbers, number))

    def without(self, number: int) -> "ReadingList":
        """The list without a record."""
        return ReadingList(tuple(one for one in self.numbers if one != number))

    def earlier(self, number: int) -> "ReadingList":
        """The list with a record one place further up."""
        place = self.numbers.index(number)
        rest = [one for one in self.numbers if one != number]
        rest.insert(max(place - 1, 0), number)
        return ReadingList(tuple(rest))


def way_back(text: str) -> str:
    """The path in `von`, if it leads to a page of this site; else empty."""
    return text if len(text) <= LONGEST_WAY and _WAY.fullmatch(text) else ""


def with_list(path: str, reading_list: ReadingList, names: Mapping[str, str]) -> str:
    """The path with the present list in place of the one that was in it when it was written down.

    `names`: of the pages that carry a list, by path, the parameter that it stands in; `/literatur/` for all below it.
    """
    parts = urlsplit(path)
    name = next((name for start, name in names.items() if _leads_to(parts.path, start)), "")
    if not name:
        return path
    query = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key != name]
    if reading_list.numbers:
        query.append((name, str(reading_list)))
    return parts._replace(query=urlencode(query, safe="/,")).geturl()


def _leads_to(path: str, start: str) -> bool:
    return path == start.rstrip("/") or (start.endswith("/") and path.startswith(start))
