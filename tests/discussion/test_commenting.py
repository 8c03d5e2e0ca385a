"""Who may comment on what, when a comment waits, and what its author can change."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from portal.clock import now
from portal.config import Settings
from portal.declaration.models import Revision, Thesis, ThesisText
from portal.discussion import comments, moderation, reading, wording
from portal.discussion.comments import PURPOSE, Blocked, Draft, NotEditable, Refused
from portal.discussion.models import BlockedAddress, Closure, Comment, CommentText, ModerationDecision
from portal.discussion.moderation import Outdated
from portal.mail.models import OutboxMail
from portal.optin import operations as optin
from portal.optin.models import OptIn, ProofEntry
from portal.organisers.models import Organiser
from portal.text.markdown import RENDERER_VERSION
from portal.tokens import TokenInvalid
from portal.web.caching import PublicVersion
from tests.discussion.conftest import (
    CONSENT,
    Confirm,
    Decide,
    Write,
    add_moderator,
    later,
    mails,
    newest_link,
    publish_theses,
    states,
)


def texts(session: Session, comment: Comment) -> dict[int, str]:
    """The texts of a comment that are kept, by their numbers."""
    rows = select(CommentText.number, CommentText.source).where(CommentText.comment_id == comment.id)
    return {number: source for number, source in session.execute(rows)}  # noqa: C416 - a row is not a pair to dict()


def version(session: Session) -> int:
    """The number of the public version."""
    session.commit()
    return session.scalars(select(PublicVersion.number)).one()


# The two gates


def test_two_gates_stand_before_the_public(session: Session, write: Write, confirm: Confirm, decide: Decide) -> None:
    """Edge case 7: nothing waits before it is confirmed, and nothing is public before it is approved."""
    comment = write(thesis="ort")
    assert states(session) == [("Ada Beispiel", "unconfirmed")]
    assert comment.waiting_since is None
    confirm()
    assert states(session) == [("Ada Beispiel", "waiting")]
    assert comment.published_number is None
    decide(comment)
    assert states(session) == [("Ada Beispiel", "published")]
    assert mails(session) == ["confirm", "received", "approved"]


def test_a_second_click_changes_nothing(session: Session, settings: Settings, write: Write, confirm: Confirm) -> None:
    """Edge cases 1 and 2, in sequence: one follow-up mail."""
    write()
    link = newest_link(session, settings)
    confirm(link)
    confirm(link, at=later(hours=1))
    assert mails(session) == ["confirm", "received"]


def test_what_is_written_before_confirming_is_confirmed_together(
    session: Session, settings: Settings, write: Write, confirm: Confirm
) -> None:
    """Nothing typed is lost, whichever of the mails is opened: the link in the first is good for both comments."""
    first = write("Erstens.", thesis="ort")
    link = newest_link(session, settings)
    second = write("Zweitens.", at=later(minutes=3))
    other = write("Von jemand anderem.", email="bo@example.org", name="Bo Muster", at=later(minutes=4))
    assert first.optin_id == second.optin_id != other.optin_id
    confirm(link, at=later(minutes=5))
    assert states(session) == [("Ada Beispiel", "waiting"), ("Ada Beispiel", "waiting"), ("Bo Muster", "unconfirmed")]
    assert mails(session) == ["confirm", "confirm", "confirm", "received", "received"]


def test_each_comment_is_confirmed_anew(session: Session, write: Write, confirm: Confirm) -> None:
    """Who knows an address that has commented before cannot speak in its name."""
    write()
    confirm()
    write("Noch einer.")
    assert [state for _, state in states(session)] == ["waiting", "unconfirmed"]


def test_beyond_the_daily_mails_the_open_link_is_good_for_more(
    session: Session, settings: Settings, write: Write, confirm: Confirm
) -> None:
    """Edge case 5, and nothing is lost silently."""
    for number in range(settings.mails_per_address_and_day + 3):
        write(f"Kommentar {number}")
    assert mails(session) == ["confirm"] * settings.mails_per_address_and_day
    confirm()
    assert {state for _, state in states(session)} == {"waiting"}
    proof = select(func.count()).where(ProofEntry.event == "consented")
    assert session.scalar(proof) == settings.mails_per_address_and_day + 3, "each consent is in the proof"


def test_beyond_the_daily_mails_a_new_link_follows_when_the_day_is_over(
    session: Session, settings: Settings, write: Write, confirm: Confirm
) -> None:
    """Edge case 5: no address gets more mails, and no comment is lost."""
    began = now()
    day = [began + timedelta(minutes=number) for number in range(10)]
    for moment in day:
        if len(mails(session)) < settings.mails_per_address_and_day:
            write(at=moment)
            confirm(at=moment)
    posted = session.scalars(select(OutboxMail.created_at).order_by(OutboxMail.id)).all()
    late = write("Zu viel für heute.", at=began + timedelta(hours=5))
    write("Noch einer zu viel.", at=began + timedelta(hours=6))
    waiting = session.scalars(select(OutboxMail).order_by(OutboxMail.id)).all()[len(posted) :]
    assert [mail.template for mail in waiting] == ["discussion/mail/confirm"]
    due = posted[-settings.mails_per_address_and_day] + timedelta(days=1)
    assert waiting[0].next_attempt_at == due, "as soon as no more than the others of that day are younger than a day"
    confirm(at=due + timedelta(minutes=1))
    session.refresh(late)
    assert late.status == "waiting"


def test_from_a_blocked_address_nothing_is_taken(
    session: Session, write: Write, book: AddressBook, moderator: Organiser
) -> None:
    """Edge case 5: no row and no mail."""
    key = book.identify("ada@example.org").key
    session.add(BlockedAddress(address_key=key, reason="Test", by_id=moderator.id, at=now()))
    assert write() is None
    assert states(session) == []
    assert mails(session) == []
    assert session.scalar(select(func.count()).select_from(OptIn)) == 0


def test_what_was_sent_before_a_block_is_confirmed_no_more(
    session: Session, settings: Settings, write: Write, confirm: Confirm, moderator: Organiser
) -> None:
    """It goes as if the link had expired; what waited already goes on waiting."""
    kept = write("Schon bestätigt.")
    confirm()
    write("Vor der Sperre.")
    write("Auch vor der Sperre.")
    link = newest_link(session, settings)
    moderation.block(session, kept.id, "Test", by=moderator.id, now=now())
    session.commit()
    confirm(link)
    assert [comment.id for comment in session.scalars(select(Comment))] == [kept.id]
    assert session.scalars(select(OptIn.status)).all() == ["confirmed"], "that of the first"
    assert mails(session).count("received") == 1
    with pytest.raises(optin.Unknown):
        optin.find(session, settings, link)


@pytest.mark.parametrize("confirmed", [True, False])
def test_from_a_blocked_address_nothing_is_changed(
    session: Session, write: Write, confirm: Confirm, moderator: Organiser, confirmed: bool
) -> None:
    comment = write("Vor der Sperre.")
    if confirmed:
        confirm()
    session.add(BlockedAddress(address_key=comment.address_key, reason="Test", by_id=moderator.id, at=now()))
    session.commit()
    with pytest.raises(Blocked):
        comments.edit_comment(session, comment, "Nach der Sperre.", now())
    assert texts(session, comment) == {1: "Vor der Sperre."}


def test_what_is_not_confirmed_in_time_goes_with_its_request(
    session: Session, settings: Settings, write: Write, confirm: Confirm
) -> None:
    """Law L10."""
    kept = write("Bestätigt.")
    confirm()
    write("Nie bestätigt.")
    write("Auch nicht.")
    optin.expire(session, {PURPOSE.name: PURPOSE}, later(days=settings.optin_days, minutes=1))
    assert [state for _, state in states(session)] == ["waiting"]
    assert texts(session, kept) == {1: "Bestätigt."}
    assert session.scalars(select(OptIn.status)).all() == ["confirmed"]


def test_a_new_comment_does_not_bring_an_expired_one_back(
    session: Session, settings: Settings, write: Write, confirm: Confirm
) -> None:
    """The mail said when it would be erased."""
    write("Zu lange gewartet.")
    write("Neu.", at=later(days=settings.optin_days, minutes=1))
    confirm(at=later(days=settings.optin_days, minutes=2))
    assert [comment.texts[0].source for comment in session.scalars(select(Comment))] == ["Neu."]


def test_that_was_not_me_removes_all_that_waits_for_the_click(
    session: Session, settings: Settings, write: Write, confirm: Confirm
) -> None:
    kept = write("Von mir.")
    confirm()
    write("Nicht von mir.")
    write("Auch nicht von mir.")
    optin.decline(session, settings, {PURPOSE.name: PURPOSE}, newest_link(session, settings), now())
    assert states(session) == [("Ada Beispiel", "waiting")]
    assert session.scalars(select(Comment.id)).all() == [kept.id]


def test_edge_19_a_form_sent_twice_is_one_comment(session: Session, write: Write, confirm: Confirm) -> None:
    first = write(submission="one form")
    assert write(submission="one form").id == first.id
    confirm()
    assert write("Anders, und zu spät.", submission="one form").id == first.id
    assert texts(session, first) == {1: "Das ist ein Kommentar."}
    assert mails(session) == ["confirm", "received"]


def test_edge_19_a_form_that_was_corrected_replaces_what_was_sent_first(
    session: Session, write: Write, confirm: Confirm
) -> None:
    """Back in the browser, a typing error in the address mended, sent again: one comment, from the right address."""
    write(email="ada@exmaple.org", submission="one form")
    write("Mit Ergänzung.", submission="one form")
    found = session.scalars(select(Comment)).one()
    assert (found.email, texts(session, found)) == ("ada@example.org", {1: "Mit Ergänzung."})
    assert [mail.recipient for mail in session.scalars(select(OutboxMail))] == ["ada@example.org"]


def test_edge_19_the_database_itself_refuses(session: Session, write: Write) -> None:
    first, second = write(), write("Ein anderer.")
    second.submission = first.submission
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()


# Where one may write


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        pytest.param({"thesis_key": "nirgends"}, "no_such_thesis", id="no such thesis"),
        pytest.param({"parent_id": 99}, "parent_not_public", id="no such parent"),
        pytest.param({"parent_id": 2**70}, "parent_not_public", id="a number beyond all"),
        pytest.param({"parent_id": -1}, "parent_not_public", id="a number below all"),
    ],
)
def test_edge_20_what_is_not_there_is_refused(
    session: Session, revision: Revision, details: dict[str, Any], reason: str
) -> None:
    assert comments.refusal(session, revision, **{"thesis_key": None, "parent_id": None, **details}) == reason


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("unconfirmed", "parent_not_public"),
        ("waiting", "parent_not_public"),
        ("held", "parent_not_public"),
        ("returned", "parent_not_public"),
        ("rejected", "parent_not_public"),
        ("taken down", "parent_rejected"),
        ("deleted", "parent_deleted"),
        ("published", None),
        ("changed", None),
    ],
)
def test_edge_20_only_to_what_is_public_one_may_reply(
    session: Session, write: Write, confirm: Confirm, decide: Decide, state: str, reason: str | None
) -> None:
    """A reply to a comment that was never public is refused in the same words as one to none."""
    parent = write(thesis="ort")
    acts = {
        "held": ["hold"],
        "returned": ["return"],
        "rejected": ["reject"],
        "taken down": ["approve", "reject"],
        "deleted": ["approve"],
        "published": ["approve"],
        "changed": ["approve"],
    }
    if state != "unconfirmed":
        confirm()
    for act in acts.get(state, []):
        decide(parent, act)
    if state == "deleted":
        write("Damit eine Stelle bleibt.", to=parent, email="bo@example.org")
        comments.delete_comment(session, parent, now())
    if state == "changed":
        comments.edit_comment(session, parent, "Geändert.", now())
    session.commit()
    assert comments.refusal(session, parent.revision, "ort", parent.id) == reason
    assert comments.may_reply(parent) is (reason is None)
    if reason is not None:
        before = states(session)
        with pytest.raises(Refused) as refused:
            write("Eine Antwort.", to=parent)
        session.rollback()
        assert refused.value.reason == reason
        assert states(session) == before


def test_edge_20_a_foreign_or_too_deep_parent_is_refused(
    session: Session, revision: Revision, published: Write
) -> None:
    on_a_thesis = published(thesis="ort")
    assert comments.refusal(session, revision, "zeit", on_a_thesis.id) == "foreign"
    assert comments.refusal(session, revision, None, on_a_thesis.id) == "foreign"
    reply = published("Antwort.", to=on_a_thesis, email="bo@example.org")
    deepest = published("Antwort darauf.", to=reply, email="cem@example.org")
    assert [one.depth for one in (on_a_thesis, reply, deepest)] == [0, 1, 2]
    assert comments.refusal(session, revision, "ort", deepest.id) == "too_deep"


@pytest.mark.parametrize(
    ("closed", "thesis", "reason"),
    [
        ("ort", "ort", "thesis_closed"),
        ("ort", "zeit", None),
        ("ort", None, None),
        ("", "zeit", "closed"),
        ("", None, "closed"),
    ],
)
def test_edge_20_where_the_discussion_is_closed_nothing_is_taken(
    session: Session, moderator: Organiser, published: Write, closed: str, thesis: str | None, reason: str | None
) -> None:
    parent = published(thesis=thesis)
    session.add(Closure(thesis_key=closed, by_id=moderator.id, at=now()))
    session.flush()
    assert comments.refusal(session, parent.revision, thesis, None) == reason
    assert comments.refusal(session, parent.revision, thesis, parent.id) == reason


def test_every_refusal_has_its_words() -> None:
    reasons = {value for name, value in vars(comments).items() if name.isupper() and isinstance(value, str)}
    assert set(wording.REFUSALS) == reasons - {comments.FORM, *_states()}


def _states() -> set[str]:
    states = {"unconfirmed", "waiting", "held", "rejected", "deleted", "hold", "pending", "sent"}
    return {*states, RENDERER_VERSION}


def test_edge_22_a_reply_stands_where_its_parent_stands(
    session: Session, settings: Settings, published: Write, write: Write
) -> None:
    """The thesis is gone from the current revision; the thread is not, and it stays on one wording."""
    parent = published(thesis="technik")
    publish_theses(session, 2, {"ort": "Ort der Arbeit"})
    reply = write("Das gehörte hinein.", to=parent, email="bo@example.org")
    assert (reply.revision_id, reply.thesis_key) == (parent.revision_id, "technik")
    current = publish_theses(session, 3, {"ort": "Ort der Arbeit"})
    assert reading.standing(reply.revision, reply.thesis_key, current) == "orphaned"


def test_edge_22_a_comment_stays_on_the_words_it_was_written_on(
    session: Session, revision: Revision, write: Write
) -> None:
    """A revision came while the form was open."""
    publish_theses(session, 2, {"ort": "Etwas ganz anderes als vorher"})
    comment = write(thesis="ort", revision=revision)
    assert comment.revision_id == revision.id


def test_edge_22_exact_older_or_orphaned(session: Session, revision: Revision, write: Write) -> None:
    on = {key: write(thesis=key) for key in ("ort", "technik", "zeit", None)}
    current = publish_theses(session, 2, {"zeit": "Zeit für Menschen", "ort": "Ort der Arbeit und der Ruhe"})
    found = {key: reading.standing(comment.revision, key, current) for key, comment in on.items()}
    assert found == {"ort": "older", "technik": "orphaned", "zeit": "exact", None: "older"}
    assert {reading.standing(comment.revision, key, revision) for key, comment in on.items()} == {"exact"}


def test_edge_22_a_translation_that_was_added_changes_no_words() -> None:
    def thesis(**texts: str) -> Thesis:
        rows = [ThesisText(language=language, heading="", text=text) for language, text in texts.items()]
        return Thesis(key="ort", position=1, texts=rows)

    before, after = Revision(id=1, theses=[thesis(de="Ja.")]), Revision(id=2, theses=[thesis(de="Ja.", en="Yes.")])
    assert reading.standing(before, "ort", after) == "exact"


# Names


@pytest.mark.parametrize(
    ("name", "state"),
    [
        pytest.param("Rеdaktion", "held", id="a Cyrillic e"),
        pytest.param("Adа Beispiel", "held", id="a Cyrillic a in anybody's name"),
        pytest.param("Redaktion", "held", id="the office"),
        pytest.param("Die Redakti0n", "held", id="the office, more or less"),
        pytest.param("Mo Derat", "held", id="an organiser"),
        pytest.param("MO DERAT", "held", id="an organiser, loudly"),
        pytest.param("Frau Se Cond (Team)", "held", id="an organiser within a name"),
        pytest.param("ѕе соnԁ", "held", id="an organiser in Cyrillic"),
        pytest.param("Sec0nd", "held", id="an organiser, more or less"),
        pytest.param("Eva", "held", id="an organiser of one word"),
        pytest.param("Evamaria Beispiel", "waiting", id="one word is part of many names"),
        pytest.param("Jana Beispiel (Moderation)", "held", id="the office within a name"),
        pytest.param("Moderator", "held", id="a role"),
        pytest.param("Die M0deratorin", "held", id="a role, more or less"),
        pytest.param("Мoderator", "held", id="a role with a Cyrillic M"),
        pytest.param("Veranstalter:in", "held", id="who invites"),
        pytest.param("Organisator:in", "held", id="who organises"),
        pytest.param("0RGANISATORIN", "held", id="who organises, more or less"),
        pytest.param("Redakteur:in", "held", id="who edits"),
        pytest.param("Editorial team", "held", id="who edits, in English"),
        pytest.param("Organizer", "held", id="who organises, in English"),
        pytest.param("Ada Beispiel", "waiting", id="anybody"),
        pytest.param("Leitung eines Jugendamts", "waiting", id="a leader elsewhere"),
        pytest.param("Мария Иванова", "waiting", id="all Cyrillic"),
    ],
)
def test_edge_17_a_name_that_could_be_taken_for_another_is_held(
    session: Session, moderator: Organiser, write: Write, confirm: Confirm, name: str, state: str
) -> None:
    """By an automated decision that says so and that a moderator looks at."""
    add_moderator(session, "Se Cond")
    add_moderator(session, "Eva")
    comment = write(name=name)
    confirm()
    assert states(session) == [(name, state)]
    assert comment.waiting_since is not None
    decisions = session.scalars(select(ModerationDecision)).all()
    expected = [("hold", "impersonation", True, None, 1)] if state == "held" else []
    assert [(one.act, one.reason, one.automated, one.by_id, one.text_number) for one in decisions] == expected


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("O'Neill <script>alert(1)</script>", "O'Neill <script>alert(1)</script>"),
        ("A\u200bd\u202ea  Beispiel\n", "Ada Beispiel"),
        ("Søren ẞ & Müller-Özdemir", "Søren ẞ & Müller-Özdemir"),
        ("Familie 👨‍👩‍👧", "Familie 👨‍👩‍👧"),
    ],
)
def test_edge_16_and_17_names_are_normalised_and_nothing_else(write: Write, typed: str, kept: str) -> None:
    assert write(name=typed).name == kept


# The private link, and changes


def test_the_private_link_opens_its_comment_only(session: Session, settings: Settings, write: Write) -> None:
    comment, other = write(), write("Ein anderer.")
    token = comments.status_token(settings, comment)
    assert comments.own_comment(session, settings, token) is comment
    assert comments.own_comment(session, settings, token, lock=True) is comment
    assert comments.status_token(settings, other) != token
    for wrong in (token[:-1], "x", newest_link(session, settings)):
        with pytest.raises(TokenInvalid):
            comments.own_comment(session, settings, wrong)
    comments.delete_comment(session, comment, now())
    assert comments.own_comment(session, settings, token) is None


def test_an_edit_before_anybody_decided_replaces_the_text(session: Session, write: Write, confirm: Confirm) -> None:
    """What nobody has decided on is not kept beside the new text: it may be a name that slipped in."""
    comment = write("Frau K. aus der Beratung")
    comments.edit_comment(session, comment, "Jemand aus der Beratung", now())
    assert (comment.status, texts(session, comment)) == ("unconfirmed", {2: "Jemand aus der Beratung"})
    confirm()
    since = comment.waiting_since
    comments.edit_comment(session, comment, "Jemand\r\naus der Beratung", later(hours=1))
    assert (comment.status, texts(session, comment)) == ("waiting", {3: "Jemand\naus der Beratung"})
    assert comment.waiting_since == since, "who mends a word does not lose the place in the queue"


def test_an_edit_after_it_was_returned_waits_again(
    session: Session, write: Write, confirm: Confirm, decide: Decide
) -> None:
    comment = write("Zu lang.")
    confirm()
    decide(comment, "return")
    moment = later(hours=1)
    comments.edit_comment(session, comment, "Kurz.", moment)
    assert (comment.status, comment.waiting_since) == ("waiting", moment)
    assert texts(session, comment) == {1: "Zu lang.", 2: "Kurz."}, "the returned text is what the decision is about"


def test_an_edit_after_approval_waits_while_the_approved_text_stays(
    session: Session, published: Write, decide: Decide
) -> None:
    comment = published("Freigegeben.")
    before = version(session)
    comments.edit_comment(session, comment, "Verbessert.", now())
    assert (comment.status, comment.published_number, comment.latest_number) == ("waiting", 1, 2)
    assert version(session) == before, "nothing public has changed"
    comments.edit_comment(session, comment, "Noch besser.", now())
    assert texts(session, comment) == {1: "Freigegeben.", 3: "Noch besser."}
    decide(comment)
    session.refresh(comment)
    assert (comment.status, comment.published_number) == ("published", 3)


def test_what_was_put_aside_stays_aside_when_it_is_changed(
    session: Session, write: Write, confirm: Confirm, decide: Decide
) -> None:
    comment = write()
    confirm()
    decide(comment, "hold")
    comments.edit_comment(session, comment, "Geändert.", now())
    assert comment.status == "held"


def test_no_change_in_the_text_is_no_change(session: Session, published: Write) -> None:
    comment = published("Gleich.")
    row_version = comment.version
    comments.edit_comment(session, comment, "Gleich.  \n", now())
    session.flush()
    assert (comment.status, comment.version, texts(session, comment)) == ("published", row_version, {1: "Gleich."})


def test_edge_18_who_edits_what_was_decided_on_in_the_meantime_is_told_so(
    session: Session, write: Write, confirm: Confirm
) -> None:
    """The row is no longer the one that the edit began with."""
    comment = write()
    confirm()
    assert comment.status == "waiting"
    row = update(Comment).where(Comment.id == comment.id).values(version=Comment.version + 1)
    session.execute(row, execution_options={"synchronize_session": False})
    with pytest.raises(Outdated):
        comments.edit_comment(session, comment, "Ungesehen.", now())
    session.rollback()


def test_a_rejected_comment_is_not_changed(session: Session, write: Write, confirm: Confirm, decide: Decide) -> None:
    comment = write()
    confirm()
    decide(comment, "reject")
    session.refresh(comment)
    with pytest.raises(NotEditable):
        comments.edit_comment(session, comment, "Anders.", now())


def test_what_is_public_is_changed_again_after_a_change_was_rejected(
    session: Session, settings: Settings, published: Write, decide: Decide
) -> None:
    comment = published("Freigegeben.")
    comments.edit_comment(session, comment, "Daneben.", now())
    session.commit()
    decide(comment, "reject")
    session.refresh(comment)
    assert (comment.status, comment.published_number) == ("rejected", 1)
    comments.edit_comment(session, comment, "Besser.", now())
    assert (comment.status, comment.published_number) == ("waiting", 1)
    assert texts(session, comment) == {1: "Freigegeben.", 2: "Daneben.", 3: "Besser."}
    session.commit()
    decide(comment)
    session.refresh(comment)
    assert (comment.status, comment.published_number) == ("published", 3)


def test_while_an_objection_is_open_nothing_is_changed(
    session: Session, settings: Settings, published: Write, decide: Decide
) -> None:
    comment = published("Freigegeben.")
    comments.edit_comment(session, comment, "Daneben.", now())
    session.commit()
    decide(comment, "reject")
    assert moderation.file_appeal(session, settings, comment, "Das ist ein Zitat.", now()) is not None
    session.commit()
    with pytest.raises(NotEditable):
        comments.edit_comment(session, comment, "Besser.", now())


def test_a_comment_is_kept_as_it_was_typed_and_as_safe_html(
    session: Session, settings: Settings, revision: Revision, book: AddressBook
) -> None:
    """Edge case 16."""
    draft = Draft("Ada", "**fett** und <Name der Einrichtung>", revision)
    comment = comments.request_comment(
        session,
        settings,
        draft,
        book.identify("ada@example.org"),
        consents=[CONSENT],
        language="de",
        now=now(),
        submission="form",
    )
    assert comment is not None
    kept = comment.texts[0]
    assert kept.source == "**fett** und <Name der Einrichtung>"
    assert kept.html == "<p><strong>fett</strong> und &lt;Name der Einrichtung&gt;</p>"
