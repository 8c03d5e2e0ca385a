"""Those who have signed, as segments that campaigns can go to."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.orm import Session

from portal.declaration.models import Revision
from portal.personal_data import Text
from portal.signatures.models import CONFIRMED, WITHDRAWN, Signature
from portal.signatures.vocabulary import FIELDS, STATES
from portal.subscribers import audience as subscribers
from portal.subscribers.models import Subscription
from portal.subscribers.operations import object_to_campaigns, unsubscribe
from portal.subscribers.segments import AFFIRMATION, NEWSLETTER, Narrowing, Segment


def _valid() -> tuple[ColumnElement[bool], ...]:
    # Written out, not bound, and said twice: only so does SQLite see that a partial index holds all that is asked for.
    status = Signature.status
    return (
        status == literal(CONFIRMED, literal_execute=True),
        status != literal(WITHDRAWN, literal_execute=True),
        Signature.held_at.is_(None),
    )


def _has_signed(narrowed: Mapping[str, str]) -> ColumnElement[bool]:
    """That somebody of the mailbox of a subscription has signed, as the answers say."""
    signed = select(Signature.id).where(Signature.address_key == Subscription.address_key, *_valid())
    if "revision" in narrowed:
        number = select(Revision.id).where(Revision.number == int(narrowed["revision"]))
        signed = signed.where(Signature.revision_id == number.scalar_subquery())
    if "field" in narrowed:
        signed = signed.where(Signature.field == narrowed["field"])
    if "state" in narrowed:
        signed = signed.where(Signature.state == narrowed["state"])
    return signed.exists()


def _signatories(narrowed: Mapping[str, str]) -> Select[int, str, str]:
    people = select(Subscription.id, Subscription.language, Subscription.address_key)
    return people.where(subscribers.confirmed(), _has_signed(narrowed))


def _reachable_signatories() -> Select[int, str, str, str | None]:
    people = select(Subscription.id, Subscription.address_key, Subscription.email, Subscription.name)
    return people.where(subscribers.confirmed(), _has_signed({}))


def _revisions(session: Session) -> Sequence[tuple[str, Text]]:
    numbers = session.scalars(select(Revision.number).order_by(Revision.number))
    return [(str(number), _l("Fassung %(number)s", number=number)) for number in numbers]


def _fields(_session: Session) -> Sequence[tuple[str, Text]]:
    return list(FIELDS.items())


def _states(_session: Session) -> Sequence[tuple[str, Text]]:
    return list(STATES.items())


SIGNATORIES = Segment(
    name="signatories",
    kind=NEWSLETTER,
    label=_l("Alle, die unterzeichnet und den Newsletter bestellt haben"),
    why=_l(
        "Alle in dieser Auswahl haben den Newsletter bestellt und eingewilligt, dass einzelne Ausgaben danach"
        " verschickt werden, was sie beim Unterzeichnen angegeben haben. Jedes Postfach bekommt die Mail einmal."
    ),
    narrowings=(
        Narrowing("revision", _l("Unterzeichnete Fassung"), _revisions),
        Narrowing("field", _l("Arbeitsfeld"), _fields),
        Narrowing("state", _l("Bundesland"), _states),
    ),
    people=_signatories,
    reachable=_reachable_signatories,
    owner=subscribers.owner,
    end=unsubscribe,
)


def _under_an_older_revision() -> ColumnElement[bool]:
    current = select(func.max(Revision.number)).scalar_subquery()
    return Signature.revision_id.in_(select(Revision.id).where(Revision.number < current))


def _signed_before(_narrowed: Mapping[str, str]) -> Select[int, str, str]:
    signatures = select(Signature.id, Signature.language, Signature.address_key)
    return signatures.where(*_valid(), _under_an_older_revision())


def _reachable_before() -> Select[int, str, str, str | None]:
    # Nobody's name is missing here, but a segment's people may be without one.
    name: ColumnElement[str | None] = Signature.name.expression  # type: ignore[assignment]
    signatures = select(Signature.id, Signature.address_key, Signature.email, name)
    return signatures.where(*_valid(), _under_an_older_revision())


def _signed_by() -> Select[int, str]:
    return select(Signature.id, Signature.address_key)


def _object(session: Session, number: int, now: datetime) -> bool:
    """Whoever wants not to be asked is asked no more, whichever revision the signature is under by now."""
    key = session.scalar(select(Signature.address_key).where(Signature.id == number))
    return key is not None and object_to_campaigns(session, key, now)


OLDER_REVISION = Segment(
    name="older-revision",
    kind=AFFIRMATION,
    label=_l("Alle, die eine ältere Fassung unterzeichnet haben"),
    why=_l(
        "Alle in dieser Auswahl haben eine ältere Fassung unterzeichnet. Die Frage, ob ihre Unterschrift auch unter der"
        " neuen stehen soll, gehört zur Unterschrift selbst. Wer nicht mehr gefragt werden will, meldet sich mit einem"
        " Klick ab; die Unterschrift bleibt."
    ),
    narrowings=(),
    people=_signed_before,
    reachable=_reachable_before,
    owner=_signed_by,
    end=_object,
)
