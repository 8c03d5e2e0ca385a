"""What the tests of the discussion share: revisions, people who comment, moderators, and what is in the queue.

`write` hands in a comment, `confirm` confirms it by its mailed link, `decide` lets a moderator decide, and `published`
does all three. Each works in a transaction of its own.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from portal.clock import now
from portal.config import Settings
from portal.declaration.models import Revision
from portal.declaration.operations import current_revision, publish
from portal.declaration.source import RevisionSource, TextSource, ThesisSource
from portal.discussion import comments, moderation
from portal.discussion.comments import PURPOSE, Draft
from portal.discussion.models import Comment, ModerationDecision
from portal.mail.models import OutboxMail
from portal.optin import operations as optin
from portal.optin.models import OptIn
from portal.organisers.models import Organiser, OrganiserRole

CONSENT = optin.Consent("comment", "Ich kommentiere (Test).")
PUBLISHED = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
THESES = {"ort": "Ort der Arbeit", "technik": "Technik am Arbeitsplatz", "zeit": "Zeit für Menschen"}
"""The theses of the first revision: stable id and heading."""
MANY = 20

Write = Callable[..., Comment]
Confirm = Callable[..., OptIn]
Decide = Callable[..., ModerationDecision]


def publish_theses(session: Session, number: int = 1, theses: dict[str, str] | None = None) -> Revision:
    """Publish revision `number` with these theses (id → heading, which is also its text), in both languages."""
    chosen = THESES if theses is None else theses
    texts = {
        language: TextSource(
            language=language,
            title=f"{title} {number}",
            dated=date(2026, 1, 2),
            label="summary",
            note="",
            origin="",
            preamble=f"{title} {number}.",
            theses=tuple(ThesisSource(key, heading, f"{heading}. {title}.") for key, heading in chosen.items()),
            closing="",
        )
        for language, title in (("de", "Testfassung"), ("en", "Test revision"))
    }
    published = publish(session, RevisionSource(number, texts), PUBLISHED + timedelta(days=number))
    session.commit()
    return published


@pytest.fixture
def revision(session: Session) -> Revision:
    """The current revision, with the theses `THESES`."""
    return publish_theses(session)


@pytest.fixture
def book(app: Flask) -> AddressBook:
    addresses: AddressBook = app.extensions["addresses"]
    return addresses


def add_moderator(session: Session, name: str = "Mo Derat", *roles: str) -> Organiser:
    """Somebody with an account and roles (`moderator` if none is named), who has never logged in."""
    organiser = Organiser(
        name=name,
        email=f"{name.casefold().replace(' ', '.')}@office.example",
        address_key=f"key of {name}",
        language="de",
        active=True,
        invited_at=PUBLISHED,
        role_rows=[OrganiserRole(role=role) for role in roles or ("moderator",)],
    )
    session.add(organiser)
    session.commit()
    return organiser


@pytest.fixture
def moderator(session: Session) -> Organiser:
    return add_moderator(session)


@pytest.fixture
def second_moderator(session: Session) -> Organiser:
    return add_moderator(session, "Se Cond")


@pytest.fixture
def write(session: Session, settings: Settings, revision: Revision, book: AddressBook) -> Write:
    """Hands in a comment on the current revision; `thesis=` names a thesis, `to=` the comment that is replied to."""
    number = iter(range(1, 100_000))

    def hand_in(
        text: str = "Das ist ein Kommentar.",
        *,
        name: str = "Ada Beispiel",
        email: str = "ada@example.org",
        thesis: str | None = None,
        to: Comment | None = None,
        at: datetime | None = None,
        submission: str | None = None,
        language: str = "de",
        **details: Any,
    ) -> Comment:
        current = details.pop("revision", None) or current_revision(session)
        assert current is not None
        comment = comments.request_comment(
            session,
            settings,
            Draft(name, text, current, to.thesis_key if to else thesis, to.id if to else None, **details),
            book.identify(email),
            consents=[CONSENT],
            language=language,
            now=at or now(),
            submission=submission or f"form {next(number)}",
        )
        session.commit()
        return comment  # type: ignore[return-value]  # None from a blocked address only

    return hand_in


@pytest.fixture
def confirm(session: Session, settings: Settings) -> Confirm:
    """Confirms by a mailed link, by default that of the newest request."""

    def follow(link: str | None = None, at: datetime | None = None) -> OptIn:
        request = optin.confirm(
            session, settings, {PURPOSE.name: PURPOSE}, link or newest_link(session, settings), at or now()
        )
        session.commit()
        return request

    return follow


@pytest.fixture
def decide(session: Session, settings: Settings, moderator: Organiser) -> Decide:
    """Lets the moderator decide on the comment as it is now: "approve", "return", "reject", "hold"."""

    def decide_on(comment: Comment, act: str = "approve", **details: Any) -> ModerationDecision:
        session.refresh(comment)
        words = {
            "return": {"statement": "Bitte kürzen."},
            "reject": {"reason": "insult", "statement": "Im zweiten Satz."},
        }
        options: dict[str, Any] = {"by": moderator.id, "now": now(), **words.get(act, {}), **details}
        decision = moderation.decide(session, settings, comment.id, comment.version, act, **options)  # type: ignore[arg-type]
        session.commit()
        return decision

    return decide_on


@pytest.fixture
def published(write: Write, confirm: Confirm, decide: Decide) -> Write:
    """Like `write`, and the comment is confirmed and approved."""

    def hand_in_and_approve(*arguments: Any, **details: Any) -> Comment:
        comment = write(*arguments, **details)
        confirm()
        decide(comment)
        return comment

    return hand_in_and_approve


def newest_link(session: Session, settings: Settings) -> str:
    """The token of the request that was made last."""
    request = session.scalars(select(OptIn).order_by(OptIn.requested_at.desc(), OptIn.id.desc())).first()
    assert request is not None
    return optin.token(settings, request)


def mails(session: Session) -> list[str]:
    """The templates of all mails that are in the outbox, in order, without their folder."""
    session.commit()
    return [mail.template.rpartition("/")[2] for mail in session.scalars(select(OutboxMail).order_by(OutboxMail.id))]


def states(session: Session) -> list[tuple[str | None, str]]:
    """Names and states of all comments, in their order."""
    session.commit()
    return [(one.name, one.status) for one in session.scalars(select(Comment).order_by(Comment.id))]


def later(**span: float) -> datetime:
    """A moment in the future."""
    return now() + timedelta(**span)


def at_once(act: Callable[[int], Any], many: int = MANY) -> Sequence[Any]:
    """What `act` returns for each of `many` numbers, all started at the same moment, each in a thread of its own."""
    start = Barrier(many)

    def wait_and_act(number: int) -> Any:
        start.wait()
        return act(number)

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(wait_and_act, range(many)))
