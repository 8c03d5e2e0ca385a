"""Many at once, with real threads on the running database: authors, moderators and readers of one comment."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from portal.clock import now
from portal.config import Settings
from portal.declaration.models import Revision
from portal.declaration.operations import current_revision
from portal.discussion import comments, moderation
from portal.discussion.comments import PURPOSE, Draft, Refused
from portal.discussion.models import Comment, ModerationDecision, Report
from portal.discussion.moderation import Outdated
from portal.optin import operations as optin
from portal.optin.models import OptIn
from portal.optin.operations import token
from portal.organisers.models import AuditEntry, Organiser
from portal.privacy import operations as privacy
from tests.databases import engine_of
from tests.discussion.conftest import CONSENT, MANY, Confirm, Write, at_once, mails, newest_link, states

Begin = Callable[[], Any]
FEW = 10


@pytest.fixture
def begin(app: Flask, session: Session) -> Begin:
    """Opens a session of a thread's own, which commits what was done in it."""

    @contextmanager
    def transaction() -> Iterator[Session]:
        with Session(engine_of(app)) as own, own.begin():
            yield own

    session.commit()
    return transaction


def test_edge_19_twenty_posts_of_one_form_are_one_comment(
    session: Session, settings: Settings, revision: Revision, book: AddressBook, begin: Begin
) -> None:
    """The others find the first, whichever that was; one mail."""
    session.commit()

    def post(_number: int) -> int:
        with begin() as own:
            current = current_revision(own)
            assert current is not None
            comment = comments.request_comment(
                own,
                settings,
                Draft("Ada Beispiel", "Zwanzigmal gesendet.", current),
                book.identify("ada@example.org"),
                consents=[CONSENT],
                language="de",
                now=now(),
                submission="one form",
            )
            assert comment is not None
            return comment.id

    assert len(set(at_once(post))) == 1
    assert states(session) == [("Ada Beispiel", "unconfirmed")]
    assert mails(session) == ["confirm"]


def test_edge_19_twenty_posts_of_one_report_are_one(
    session: Session, settings: Settings, book: AddressBook, published: Write, begin: Begin
) -> None:
    """With one receipt."""
    comment_id = published(email="bert@example.org").id
    session.commit()

    def post(_number: int) -> int:
        with begin() as own:
            report = moderation.file_report(
                own,
                settings,
                own.get_one(Comment, comment_id),
                reason="off_topic",
                explanation="Zwanzigmal gemeldet.",
                address=book.identify("mel@example.org"),
                language="de",
                now=now(),
                submission="one form",
            )
            assert report is not None
            return report.id

    assert len(set(at_once(post))) == 1
    assert session.scalar(select(func.count()).select_from(Report)) == 1
    assert mails(session).count("report_received") == 1


def test_twenty_comments_of_one_address_share_one_request(
    session: Session, settings: Settings, revision: Revision, book: AddressBook, begin: Begin, confirm: Confirm
) -> None:
    """Edge case 5, at the same moment: so many mails a day, and no comment lost."""
    session.commit()

    def post(number: int) -> None:
        with begin() as own:
            current = current_revision(own)
            assert current is not None
            comments.request_comment(
                own,
                settings,
                Draft("Ada Beispiel", f"Kommentar {number}", current),
                book.identify("A.da@gmail.com" if number % 2 else "ada@googlemail.com"),
                consents=[CONSENT],
                language="de",
                now=now(),
                submission=f"form {number}",
            )

    at_once(post)
    assert mails(session) == ["confirm"] * settings.mails_per_address_and_day
    confirm()
    assert [state for _, state in states(session)] == ["waiting"] * MANY


def test_edge_18_nothing_is_published_unseen(
    session: Session, settings: Settings, moderator: Organiser, write: Write, confirm: Confirm, begin: Begin
) -> None:
    """The moderator approves revision 1 while the author saves revision 2: either is told to look again, or 1 is public
    and 2 waits."""
    waiting = [write(f"Kommentar {number}", email=f"{number}@example.org") for number in range(MANY // 2)]
    for comment in waiting:
        confirm(_link_of(session, settings, comment))
    ids, seen = [one.id for one in waiting], [one.version for one in waiting]
    tokens = [comments.status_token(settings, one) for one in waiting]
    by = moderator.id
    session.commit()

    def act(number: int) -> str:
        which = number // 2
        try:
            with begin() as own:
                if number % 2:
                    comment = comments.own_comment(own, settings, tokens[which], lock=True)
                    assert comment is not None
                    comments.edit_comment(own, comment, "Ungesehen.", now())
                else:
                    moderation.decide(own, settings, ids[which], seen[which], "approve", by=by, now=now())
        except Outdated:
            return "outdated"
        return "done"

    results = at_once(act)
    session.expire_all()
    for which, comment in enumerate(session.scalars(select(Comment).order_by(Comment.id)).all()):
        public = comment.text(comment.published_number)
        latest = comment.text(comment.latest_number)
        assert latest is not None
        assert latest.source == "Ungesehen."
        assert comment.status == "waiting"
        assert results[2 * which + 1] == "done"
        if results[2 * which] == "outdated":
            assert public is None
        else:
            assert public is not None
            assert public.source == f"Kommentar {which}"


def _link_of(session: Session, settings: Settings, comment: Comment) -> str:
    return token(settings, session.get_one(OptIn, comment.optin_id))


def test_edge_18_of_two_moderators_the_second_looks_again(
    session: Session,
    settings: Settings,
    moderator: Organiser,
    second_moderator: Organiser,
    write: Write,
    confirm: Confirm,
    begin: Begin,
) -> None:
    """One decision, one line in the log, one mail."""
    comment = write()
    confirm()
    session.refresh(comment)
    number, seen, by = comment.id, comment.version, [moderator.id, second_moderator.id]
    session.commit()

    def act(which: int) -> str:
        try:
            with begin() as own:
                if which % 2:
                    moderation.decide(own, settings, number, seen, "approve", by=by[1], now=now())
                else:
                    moderation.decide(own, settings, number, seen, "return", by=by[0], now=now(), statement="Kürzer.")
        except Outdated:
            return "outdated"
        return "done"

    results = at_once(act)
    assert sorted(results) == ["done"] + ["outdated"] * (MANY - 1)
    assert session.scalar(select(func.count()).select_from(ModerationDecision)) == 1
    assert session.scalar(select(func.count()).where(AuditEntry.act.startswith("comment."))) == 1
    assert len(mails(session)) == 3, "confirm, received, and what was decided"


def test_edge_20_replying_while_the_parent_is_taken_back(
    session: Session, settings: Settings, published: Write, book: AddressBook, begin: Begin
) -> None:
    """Either the reply is refused, or it stands under a placeholder; never an error, never under nothing."""
    parents = [published(f"Kommentar {number}", email=f"{number}@example.org").id for number in range(MANY // 2)]
    session.commit()

    def act(number: int) -> str:
        parent_id = parents[number // 2]
        if number % 2:
            with begin() as own:
                comments.delete_comment(own, own.get_one(Comment, parent_id), now())
            return "deleted"
        try:
            with begin() as own:
                current = current_revision(own)
                assert current is not None
                comments.request_comment(
                    own,
                    settings,
                    Draft("Bo Muster", "Antwort.", current, None, parent_id),
                    book.identify(f"bo{number}@example.org"),
                    consents=[CONSENT],
                    language="de",
                    now=now(),
                    submission=f"reply {number}",
                )
        except Refused as refused:
            return refused.reason
        return "replied"

    results = at_once(act)
    session.expire_all()
    for which, parent_id in enumerate(parents):
        parent = session.get(Comment, parent_id)
        replied = results[2 * which]
        assert replied in {"replied", "parent_not_public", "parent_deleted"}
        assert (parent is not None) == (replied == "replied")
        assert parent is None or (parent.status, parent.name, len(parent.replies)) == ("deleted", None, 1)


def test_edge_20_who_answered_each_other_may_erase_at_once(
    app: Flask, session: Session, published: Write, begin: Begin
) -> None:
    """Each takes back what the other's comment stands under: nobody waits for ever, and no placeholder is left over."""
    keys: list[str] = []
    for pair in range(FEW // 2):
        one, other = (published("Kommentar.", email=f"{who}{pair}@example.org") for who in ("ada", "bo"))
        published("Antwort.", to=other, email=f"ada{pair}@example.org")
        published("Antwort.", to=one, email=f"bo{pair}@example.org")
        keys += [str(one.address_key), str(other.address_key)]
    register = app.extensions["personal_data"]
    session.commit()

    def erase(number: int) -> None:
        with begin() as own:
            privacy.erase(own, register, keys[number], now())

    at_once(erase, FEW)
    assert states(session) == []


def test_edge_20_the_last_replies_taken_back_at_once_take_the_placeholder(
    session: Session, published: Write, begin: Begin
) -> None:
    root = published("Wurzel.")
    replies = [published("Antwort.", to=root, email=f"{number}@example.org").id for number in range(FEW)]
    comments.delete_comment(session, root, now())
    session.commit()

    def take_back(number: int) -> None:
        with begin() as own:
            comments.delete_comment(own, own.get_one(Comment, replies[number]), now())

    at_once(take_back, FEW)
    assert states(session) == []


def test_twenty_clicks_on_one_link_confirm_once(
    session: Session, settings: Settings, write: Write, begin: Begin
) -> None:
    """Edge case 2."""
    write()
    link = newest_link(session, settings)
    session.commit()

    def click(_number: int) -> str:
        with begin() as own:
            return optin.confirm(own, settings, {PURPOSE.name: PURPOSE}, link, now()).status

    assert set(at_once(click)) == {"confirmed"}
    assert states(session) == [("Ada Beispiel", "waiting")]
    assert mails(session) == ["confirm", "received"]
