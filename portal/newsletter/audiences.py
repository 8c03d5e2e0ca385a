"""Whom a campaign would reach, and how many they are."""

from collections.abc import Container, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.mail.models import Suppression
from portal.subscribers.segments import Segment


@dataclass(frozen=True)
class Audience:
    """How many letters would be written at this moment."""

    by_language: Mapping[str, int]
    """Letters to people who read this language; nobody whose address is suppressed is counted."""
    suppressed: int

    def in_languages(self, languages: Container[str]) -> int:
        """How many letters go out if the issue speaks these languages."""
        return sum(number for language, number in self.by_language.items() if language in languages)

    def without(self, languages: Container[str]) -> dict[str, int]:
        """Who would get nothing, because the issue does not speak their language."""
        return {one: number for one, number in self.by_language.items() if number and one not in languages}


def count(session: Session, segment: Segment, narrowed: Mapping[str, str]) -> Audience:
    """Count the people of a segment, narrowed by the answers."""
    people = segment.people(narrowed).subquery()
    language, address_key = people.c[1], people.c[2]
    suppressed = Suppression.id.is_not(None)
    rows = session.execute(
        select(language, suppressed, func.count())
        .select_from(people)
        .outerjoin(Suppression, Suppression.address_key == address_key)
        .group_by(language, suppressed)
        .order_by(language)
    ).all()
    return Audience(
        {one: number for one, is_suppressed, number in rows if not is_suppressed},
        sum(number for _one, is_suppressed, number in rows if is_suppressed),
    )


def narrowings(session: Session, segment: Segment, given: Mapping[str, str]) -> dict[str, str]:
    """The answers that are some of the segment's; what it does not offer is not asked."""
    found = {}
    for one in segment.narrowings:
        value = given.get(one.name, "")
        if value and value in {choice for choice, _label in one.choices(session)}:
            found[one.name] = value
    return found
