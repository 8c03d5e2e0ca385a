"""Everybody who has subscribed, as a segment that campaigns can go to."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, literal, select
from sqlalchemy.orm import Session

from portal.personal_data import Text
from portal.subscribers.models import CONFIRMED, Subscription
from portal.subscribers.operations import unsubscribe
from portal.subscribers.segments import NEWSLETTER, Narrowing, Segment

LANGUAGE_NAMES: tuple[tuple[str, Text], ...] = (("de", _l("Deutsch")), ("en", _l("Englisch")))
"""What each language that somebody can read the newsletter in is called."""


def confirmed() -> ColumnElement[bool]:
    """That a subscription counts."""
    # Written out, not bound: only so does SQLite see that the partial index holds all that is asked for.
    return Subscription.status == literal(CONFIRMED, literal_execute=True)


def _people(narrowed: Mapping[str, str]) -> Select[int, str, str]:
    people = select(Subscription.id, Subscription.language, Subscription.address_key).where(confirmed())
    return people.where(Subscription.language == narrowed["language"]) if "language" in narrowed else people


def _reachable() -> Select[int, str, str, str | None]:
    return select(Subscription.id, Subscription.address_key, Subscription.email, Subscription.name).where(confirmed())


def owner() -> Select[int, str]:
    """Whose each subscription is."""
    return select(Subscription.id, Subscription.address_key)


def _languages(_session: Session) -> tuple[tuple[str, Text], ...]:
    return LANGUAGE_NAMES


SUBSCRIBERS = Segment(
    name="subscribers",
    kind=NEWSLETTER,
    label=_l("Alle, die den Newsletter bestellt haben"),
    why=_l("Alle in dieser Auswahl haben den Newsletter bestellt und mit dem Link in einer Mail bestätigt."),
    narrowings=(Narrowing("language", _l("Sprache"), _languages),),
    people=_people,
    reachable=_reachable,
    owner=owner,
    end=unsubscribe,
)
