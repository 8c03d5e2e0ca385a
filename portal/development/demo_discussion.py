"""A discussion to look at, in which every comment says of itself that it is an example.

Everything goes through the doors that authors, readers and moderators use, so that it is as a real discussion would be:
each state, replies, reports, objections, official answers and outcomes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from portal.config import Settings
from portal.declaration.models import Revision
from portal.discussion import answers, comments, moderation, wording
from portal.discussion.answers import Seen
from portal.discussion.comments import PURPOSE, Draft
from portal.discussion.models import (
    NOTED,
    REFUSE_DELETE,
    STANCES,
    Comment,
    ModerationDecision,
    Position,
    PositionSheet,
)
from portal.discussion.moderation import Act
from portal.discussion.vocabulary import CAPACITIES
from portal.mail import outbox
from portal.optin import operations as optin
from portal.optin.models import OptIn
from portal.organisers.models import Organiser, OrganiserRole
from portal.web.caching import public_changed

DOMAIN = "demo.invalid"
"""No mail can ever reach it (RFC 2606)."""
LASTS = timedelta(days=30)
"""How long the discussion has gone on, if the revision was there so long."""
STEPS = 250
"""Each act takes this part of the time that is left."""
POSITIONS = 14
"""People who say what they think of each thesis: enough for the numbers to be shown."""

TEXTS = (
    "Beispielkommentar: Hier stünde, was jemand zu dieser Stelle meint.",
    "Beispielkommentar mit mehr Text. Er steht nur hier, damit man sieht, wie ein längerer Absatz umbricht, wie die"
    " Zeilen laufen und wo der nächste Kommentar beginnt.\n\nEin zweiter Absatz, mit **fetter** und *kursiver*"
    " Schrift.",
    "Beispielkommentar mit einer Liste:\n\n- ein erster Punkt\n- ein zweiter Punkt\n- ein dritter, etwas"
    " längerer Punkt",
    "> Beispielzitat aus der These\n\nBeispielkommentar: Das wäre der Widerspruch dazu, mit einem Link:"
    " https://example.org/beispiel",
    "Beispielkommentar mit `Code` und einer Nummerierung:\n\n1. zuerst dies\n2. dann jenes",
)
REPLIES = (
    "Beispielantwort: Hier stünde eine Zustimmung.",
    "Beispielantwort: Hier stünde ein Einwand, der etwas mehr Platz braucht als eine Zeile.",
)


@dataclass
class Discussion:
    """A discussion that grows, act by act, from when the revision was published, or some weeks ago, until now."""

    session: Session
    settings: Settings
    book: AddressBook
    revision: Revision
    now: datetime
    people: Iterator[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.moment = min(max(self.revision.published_at, self.now - LASTS), self.now)
        self.first, self.second = (_moderator(self, number).id for number in (1, 2))

    def later(self) -> datetime:
        """The moment of the next act: after all others and before now, however little time there has been."""
        self.moment += (self.now - self.moment) / STEPS
        return self.moment

    def write(self, text: str, thesis: str | None, parent: Comment | None = None, **details: str) -> Comment:
        """Hand in a comment."""
        number, moment = next(self.people), self.later()
        comment = comments.request_comment(
            self.session,
            self.settings,
            Draft(
                name=details.get("name", f"Demo-Person {number}"),
                text=text,
                revision=self.revision,
                thesis_key=thesis,
                parent_id=parent.id if parent else None,
                capacity=[*CAPACITIES, None][number % (len(CAPACITIES) + 1)],
            ),
            self.book.identify(f"comment{self.now:%Y%m%d%H%M%S%f}-{number}@{DOMAIN}"),
            consents=[wording.comment()],
            language=details.get("language", "de"),
            now=moment,
            submission=f"demo {self.now.isoformat()} {number}",
        )
        if comment is None:
            raise RuntimeError("a demo address is blocked")
        return comment

    def confirmed(self, text: str, thesis: str | None, parent: Comment | None = None, **details: str) -> Comment:
        """Hand in a comment and confirm it."""
        comment = self.write(text, thesis, parent, **details)
        link = optin.token(self.settings, self.session.get_one(OptIn, comment.optin_id))
        optin.confirm(self.session, self.settings, {PURPOSE.name: PURPOSE}, link, self.later())
        return comment

    def published(self, text: str, thesis: str | None, parent: Comment | None = None, **details: str) -> Comment:
        """Hand in a comment, confirm it and approve it."""
        comment = self.confirmed(text, thesis, parent, **details)
        self.decide(comment, "approve")
        return comment

    def decide(self, comment: Comment, act: Act, statement: str = "", reason: str | None = None) -> None:
        """Decide on a comment."""
        self.session.refresh(comment)
        moderation.decide(
            self.session,
            self.settings,
            comment.id,
            comment.version,
            act,
            by=self.first,
            now=self.later(),
            statement=statement,
            reason=reason,
        )

    def object_to(self, comment: Comment) -> int:
        """Object to the rejection of a comment; the number of the objection."""
        filed = moderation.file_appeal(
            self.session,
            self.settings,
            comment,
            "Beispielwiderspruch: Hier stünde, warum die Ablehnung falsch war.",
            self.later(),
        )
        if filed is None:
            raise RuntimeError("there is nothing to object to")
        return filed.id

    def report(self, comment: Comment, reason: str) -> int:
        """Report a public comment; the number of the report."""
        filed = moderation.file_report(
            self.session,
            self.settings,
            comment,
            reason=reason,
            explanation="Beispielmeldung: Hier stünde, was an dem Kommentar nicht in Ordnung ist.",
            language="de",
            now=self.later(),
        )
        if filed is None:
            raise RuntimeError("what is not public cannot be reported")
        return filed.id


def load(session: Session, settings: Settings, book: AddressBook, revision: Revision, now: datetime) -> int:
    """Add a discussion of the whole declaration and of each thesis. The number of its comments."""
    before = _number(session)
    discussion = Discussion(session, settings, book, revision, now)
    places = [None, *(thesis.key for thesis in revision.theses)]
    for place in places:
        _threads(discussion, place)
    _states(discussion, places[-1])
    _take_positions(discussion)
    for comment in _all(session):
        outbox.forget(session, str(comment.address_key))
    session.flush()
    return _number(session) - before


def clear(session: Session, now: datetime) -> int:
    """Remove all that `load` has added, but for the two accounts that decided, which cannot log in, and the log of what
    they did. The number of comments."""
    found = _all(session)
    # A placeholder has no address by which it could be found, but it has replies.
    ids = {comment.id for comment in found} | {comment.parent_id for comment in found if comment.parent_id}
    comments.delete_comments(session, found, now)
    _remove_decisions(session, ids)
    session.execute(delete(OptIn).where(OptIn.purpose == PURPOSE.name, OptIn.subject.in_(ids)))
    session.execute(delete(PositionSheet).where(PositionSheet.email.endswith(f"@{DOMAIN}")))
    public_changed(session)
    return len(ids)


def _threads(discussion: Discussion, place: str | None) -> None:
    """Public threads, with replies to the deepest, an official answer and an outcome."""
    for number, text in enumerate(TEXTS):
        comment = discussion.published(text, place)
        for reply in range(number % 3):
            answer = discussion.published(REPLIES[reply % len(REPLIES)], place, comment)
            if reply:
                discussion.published(REPLIES[0], place, answer)
        if number == 1:
            _answer(discussion, comment)
    discussion.published("Example comment in English: here somebody would say what they think.", place, language="en")


def _answer(discussion: Discussion, comment: Comment) -> None:
    session, by = discussion.session, discussion.first
    seen = Seen(comment.published_number, None)
    text = "Beispielantwort der Redaktion: Hier stünde, was die Redaktion dazu sagt."
    answers.answer(session, comment.id, seen, text, by=by, now=discussion.later())
    why = "Beispielbegründung: Hier stünde, was aus dem Kommentar wurde."
    answers.settle(session, comment.id, seen, NOTED, why, None, by=by, now=discussion.later())


def _states(discussion: Discussion, place: str | None) -> None:
    """One comment in each state that authors and moderators can see."""
    session = discussion.session
    discussion.write("Beispielkommentar, der noch nicht bestätigt ist.", place)
    for number in range(4):
        discussion.confirmed(f"Beispielkommentar {number + 1}, der auf Freigabe wartet.", place)
    discussion.confirmed("Beispielkommentar mit einem Namen in zwei Schriften.", place, name="Dеmo-Person")
    discussion.decide(discussion.confirmed("Beispielkommentar, der zurückgestellt ist.", place), "hold")
    changed = discussion.published("Beispielkommentar, der freigegeben ist.", place)
    reworded = "Beispielkommentar, der freigegeben ist und geändert wurde."
    comments.edit_comment(session, changed, reworded, discussion.later())
    returned = discussion.confirmed("Beispielkommentar, der zurückgegeben ist.", place)
    discussion.decide(returned, "return", "Beispielbitte: Hier stünde, was geändert werden soll.")
    _rejected(discussion, place)
    _reported(discussion, place)
    parent = discussion.published("Beispielkommentar, der zurückgezogen wird.", place)
    discussion.published(REPLIES[0], place, parent)
    comments.delete_comment(session, parent, discussion.later())


def _rejected(discussion: Discussion, place: str | None) -> None:
    """Rejections: one that stands, one that is objected to, and one that a second moderator has reversed."""
    facts = "Beispielbegründung: Hier stünden die Tatsachen, auf denen die Ablehnung beruht."
    rejected = []
    for reason in ("advertising", "off_topic", "client_data"):
        comment = discussion.confirmed(f"Beispielkommentar, der abgelehnt wird ({reason}).", place)
        discussion.decide(comment, "reject", facts, reason)
        rejected.append(comment)
    discussion.object_to(rejected[1])
    appeal = discussion.object_to(rejected[2])
    discussion.session.refresh(rejected[2])
    moderation.decide_appeal(
        discussion.session,
        discussion.settings,
        appeal,
        rejected[2].version,
        "reversed",
        "Beispielantwort: Hier stünde, warum der Kommentar doch veröffentlicht wird.",
        by=discussion.second,
        now=discussion.later(),
    )


def _reported(discussion: Discussion, place: str | None) -> None:
    """Reports: one that waits, one that changed nothing, and one that led to a comment being taken down."""
    for act in (None, False, True):
        comment = discussion.published("Beispielkommentar, der gemeldet wird.", place)
        seen = discussion.report(comment, "insult")
        if act is None:
            continue
        discussion.session.refresh(comment)
        moderation.decide_reports(
            discussion.session,
            discussion.settings,
            comment.id,
            comment.version,
            seen=seen,
            act=act,
            answer="Beispielantwort: Hier stünde, wie über die Meldung entschieden wurde.",
            reason="insult" if act else None,
            statement="Beispielbegründung: Hier stünden die Tatsachen." if act else "",
            by=discussion.second,
            now=discussion.later(),
        )


def _take_positions(discussion: Discussion) -> None:
    for number in range(POSITIONS):
        address = discussion.book.identify(f"position{discussion.now:%Y%m%d%H%M%S%f}-{number}@{DOMAIN}")
        discussion.session.add(
            PositionSheet(
                revision_id=discussion.revision.id,
                status="confirmed",
                address_key=address.key,
                email=address.email,
                language="de",
                requested_at=discussion.later(),
                confirmed_at=discussion.later(),
                positions=[
                    Position(thesis_id=thesis.id, stance=STANCES[(number * thesis.position) % 4 % 3])
                    for thesis in discussion.revision.theses
                ],
            )
        )


def _moderator(discussion: Discussion, number: int) -> Organiser:
    """An account that decides in the demo discussion, and that nobody can log in with."""
    address = discussion.book.identify(f"moderation{number}@{DOMAIN}")
    known = discussion.session.scalar(select(Organiser).where(Organiser.address_key == address.key))
    if known is not None:
        known.deactivated_at = discussion.now
        return known
    organiser = Organiser(
        name=f"Demo-Redaktion {number}",
        email=address.email,
        address_key=address.key,
        language="de",
        active=False,
        invited_at=discussion.moment,
        deactivated_at=discussion.now,
        role_rows=[OrganiserRole(role="moderator")],
    )
    discussion.session.add(organiser)
    discussion.session.flush()
    return organiser


def _remove_decisions(session: Session, ids: set[int]) -> None:
    """Remove what was decided on comments that never were anybody's: it would be counted in public.

    The database refuses that, whoever asks. So its refusal is gone for a moment, inside this transaction and for nobody
    else.
    """
    connection = session.connection()
    dialect = connection.dialect.name
    table = " ON moderation_decisions" if dialect == "postgresql" else ""
    connection.exec_driver_sql(f"DROP TRIGGER moderation_decisions_refuse_delete{table}")
    mine = ModerationDecision.comment_id.in_(ids)
    session.execute(delete(ModerationDecision).where(mine, ModerationDecision.undoes_id.is_not(None)))
    session.execute(delete(ModerationDecision).where(mine))
    connection.exec_driver_sql(REFUSE_DELETE[dialect])


def _all(session: Session) -> list[Comment]:
    demo = select(Comment).where(Comment.email.endswith(f"@{DOMAIN}"))
    return list(session.scalars(demo.order_by(Comment.depth.desc(), Comment.id)))


def _number(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Comment)) or 0
