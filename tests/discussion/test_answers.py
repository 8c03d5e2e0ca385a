"""Official answers and outcomes: who sees them, who learns of them, and what happens when two write at once."""

import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.clock import now
from portal.declaration.models import Revision
from portal.discussion import answers
from portal.discussion.answers import NotLater, Outdated, Seen
from portal.discussion.models import REJECTED, WAITING, Comment, OfficialAnswer, Outcome
from portal.mail.models import OutboxMail
from portal.organisers.models import AuditEntry
from portal.web.caching import PublicVersion
from tests.browser import Browser
from tests.databases import engine_of
from tests.discussion.written import NOON, edited, organiser, written
from tests.office import Office
from tests.revisions import publish_revision


@pytest.fixture
def revision(session: Session) -> Revision:
    return publish_revision(session)


@pytest.fixture
def by(session: Session) -> int:
    """Who writes."""
    return organiser(session, "editor").id


def acts(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))


def public_version(session: Session) -> int:
    return session.scalars(select(PublicVersion.number)).one()


def test_an_answer_is_published_changed_and_withdrawn(session: Session, revision: Revision, by: int) -> None:
    comment = written(session, revision)
    before = public_version(session)
    first = answers.answer(session, comment.id, Seen(1, None), "Danke.", by=by, now=NOON)
    later = NOON + timedelta(minutes=1)
    answers.answer(session, comment.id, Seen(1, NOON), "Vielen Dank.", by=by, now=later)
    assert first.source == "Vielen Dank."
    answers.withdraw_answer(session, comment.id, Seen(1, later), by=by, now=later)
    assert answers.answer_of(session, comment) is None
    assert public_version(session) == before + 3
    assert acts(session) == ["answer.publish", "answer.change", "answer.withdraw"]


def test_an_outcome_names_the_revision_that_shows_it(session: Session, revision: Revision, by: int) -> None:
    comment = written(session, revision)
    second = publish_revision(session, 2)
    before = public_version(session)
    settled = answers.settle(session, comment.id, Seen(1, None), "partly", "Der zweite Satz.", second, by=by, now=NOON)
    assert settled.revision is second
    later = NOON + timedelta(minutes=1)
    answers.settle(session, comment.id, Seen(1, NOON), "noted", "Doch nicht.", second, by=by, now=later)
    assert settled.outcome == "noted"
    session.refresh(settled)
    assert settled.revision_id is None, "what is only noted stands nowhere"
    answers.withdraw_outcome(session, comment.id, Seen(1, later), by=by, now=later)
    assert answers.outcome_of(session, comment) is None
    assert public_version(session) == before + 3
    assert acts(session) == ["outcome.publish", "outcome.change", "outcome.withdraw"]


def test_a_revision_cannot_take_up_what_was_written_on_it(session: Session, revision: Revision, by: int) -> None:
    comment = written(session, revision)
    with pytest.raises(NotLater):
        answers.settle(session, comment.id, Seen(1, None), "taken_up", "Ja.", revision, by=by, now=NOON)


@pytest.mark.parametrize("status", [WAITING, REJECTED])
def test_what_is_not_public_is_not_answered(session: Session, revision: Revision, by: int, status: str) -> None:
    comment = written(session, revision, status)
    assert answers.to_answer(session, comment.id) is None
    with pytest.raises(Outdated):
        answers.answer(session, comment.id, Seen(None, None), "Danke.", by=by, now=NOON)
    with pytest.raises(Outdated):
        answers.settle(session, comment.id, Seen(None, None), "noted", "Ja.", None, by=by, now=NOON)


def test_who_has_not_seen_the_latest_is_told_so(session: Session, revision: Revision, by: int) -> None:
    """Neither another organiser's answer nor another text of the comment goes unseen."""
    comment = written(session, revision)
    answers.answer(session, comment.id, Seen(1, None), "Danke.", by=by, now=NOON)
    for unseen in (Seen(1, None), Seen(1, NOON - timedelta(1)), Seen(None, NOON), Seen(2, NOON)):
        with pytest.raises(Outdated):
            answers.answer(session, comment.id, unseen, "Nein.", by=by, now=NOON)
        with pytest.raises(Outdated):
            answers.withdraw_answer(session, comment.id, unseen, by=by, now=NOON)
    with pytest.raises(Outdated):
        answers.withdraw_outcome(session, comment.id, Seen(1, None), by=by, now=NOON)
    assert session.scalars(select(OfficialAnswer.source)).one() == "Danke."


def test_the_author_hears_of_the_first_answer_and_the_first_outcome_if_she_asked(
    session: Session, revision: Revision, by: int
) -> None:
    asking = written(session, revision, notify_replies=True)
    silent = written(session, revision)
    for comment in (asking, silent):
        answers.answer(session, comment.id, Seen(1, None), "Danke.", by=by, now=NOON)
        answers.answer(session, comment.id, Seen(1, NOON), "Danke!", by=by, now=NOON)
        answers.settle(session, comment.id, Seen(1, None), "noted", "Gelesen.", None, by=by, now=NOON)
        answers.settle(session, comment.id, Seen(1, NOON), "noted", "Gelesen!", None, by=by, now=NOON)
    templates = list(session.scalars(select(OutboxMail.template).order_by(OutboxMail.id)))
    assert templates == ["discussion/mail/answered", "discussion/mail/outcome"]


def test_two_organisers_settle_at_once_and_one_of_them_is_told(
    app: Flask, session: Session, revision: Revision
) -> None:
    """Real threads: one outcome, one entry in the log, and the other organiser is Outdated."""
    comment_id, by = written(session, revision).id, organiser(session, "editor").id
    session.commit()
    barrier, results = threading.Barrier(4), []

    def settle(outcome: str) -> None:
        with Session(engine_of(app)) as own:
            barrier.wait(10)
            try:
                answers.settle(own, comment_id, Seen(1, None), outcome, "Weil.", None, by=by, now=now())
                own.commit()
            except Outdated:
                own.rollback()
                results.append("outdated")
            else:
                results.append("settled")

    threads = [threading.Thread(target=settle, args=(one,)) for one in ("noted", "taken_up", "partly", "not_taken_up")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(results) == ["outdated"] * 3 + ["settled"]
    assert len(session.scalars(select(Outcome)).all()) == 1
    assert acts(session) == ["outcome.publish"]


@pytest.fixture
def editor(office: Office) -> Browser:
    return office("editor")


def test_an_editor_answers_in_the_office(session: Session, revision: Revision, editor: Browser) -> None:
    comment = written(session, revision, name="Ada Beispiel")
    page = editor.open(f"/redaktion/kommentare/{comment.id}/antwort")
    assert "Ada Beispiel" in page.text()
    page = editor.submit(answer="Das **nehmen** wir auf. <script>x</script>", button="Vorschau")
    assert page.texts("main strong")[-1] == "nehmen"
    assert not page.has("main script")
    assert session.scalars(select(OfficialAnswer)).first() is None
    page = editor.submit(button="Veröffentlichen")
    assert page.path == "/redaktion/synopse"
    assert "ist gespeichert" in page.text("[role=status]")
    session.commit()
    assert session.scalars(select(OfficialAnswer.source)).one().startswith("Das **nehmen** wir auf.")
    editor.open(f"/redaktion/kommentare/{comment.id}/antwort")
    editor.submit("#zurueckziehen")
    session.commit()
    assert session.scalars(select(OfficialAnswer)).first() is None


def test_an_editor_settles_an_outcome_in_the_office(session: Session, revision: Revision, editor: Browser) -> None:
    comment = written(session, revision)
    publish_revision(session, 2)
    page = editor.open(f"/redaktion/kommentare/{comment.id}/ergebnis")
    page = editor.submit(reason="")
    assert page.status == 422
    assert page.title.startswith("Fehler:")
    assert page.texts(".error-summary li") == [
        "Bitte wählen Sie ein Ergebnis.",
        "Bitte begründen Sie das Ergebnis: Die Begründung ist öffentlich.",
    ]
    page = editor.submit("main form.form", outcome="taken_up", reason="Steht jetzt darin.", revision="7")
    assert page.status == 422
    assert "Steht jetzt darin." in page.text("textarea")
    page = editor.submit("main form.form", revision="2")
    assert page.path == "/redaktion/synopse"
    session.commit()
    settled = session.scalars(select(Outcome)).one()
    assert settled.revision is not None
    assert (settled.outcome, settled.revision.number) == ("taken_up", 2)
    editor.open(f"/redaktion/kommentare/{comment.id}/ergebnis")
    editor.submit("#zurueckziehen")
    session.commit()
    assert session.scalars(select(Outcome)).first() is None


@pytest.mark.parametrize("kind", ["antwort", "ergebnis"])
def test_what_was_typed_is_kept_when_somebody_was_quicker(
    session: Session, revision: Revision, by: int, editor: Browser, kind: str
) -> None:
    comment = written(session, revision)
    editor.open(f"/redaktion/kommentare/{comment.id}/{kind}")
    answers.answer(session, comment.id, Seen(1, None), "War schneller.", by=by, now=NOON)
    answers.settle(session, comment.id, Seen(1, None), "noted", "War schneller.", None, by=by, now=NOON)
    typed = {"answer": "Mein Text."} if kind == "antwort" else {"outcome": "taken_up", "reason": "Mein Text."}
    page = editor.submit(**typed)
    assert page.status == 409
    assert "War schneller." in page.text()
    assert page.text("textarea") == "Mein Text."
    page = editor.submit("main form.form", button="Veröffentlichen")
    assert page.path == "/redaktion/synopse", "having seen it, one may go on"


def test_an_edit_that_is_approved_meanwhile_is_read_first(
    session: Session, revision: Revision, editor: Browser
) -> None:
    comment = written(session, revision)
    editor.open(f"/redaktion/kommentare/{comment.id}/antwort")
    edited(session, comment, "Ganz andere Worte.")
    comment.status, comment.waiting_since, comment.published_number = "published", None, 2
    page = editor.submit(answer="Danke.")
    assert page.status == 409
    assert "Ganz andere Worte." in page.text()


@pytest.mark.parametrize("kind", ["antwort", "ergebnis"])
def test_an_auditor_reads_and_does_nothing(session: Session, revision: Revision, office: Office, kind: str) -> None:
    comment = written(session, revision)
    auditor = office("auditor")
    page = auditor.open(f"/redaktion/kommentare/{comment.id}/{kind}")
    assert page.status == 200
    assert not page.has("main form")


@pytest.mark.parametrize(
    "seen", [{}, {"seen_text": "x", "seen_at": "gestern"}, {"seen_text": "1", "seen_at": "2026-01-01"}]
)
def test_a_tampered_form_changes_nothing(
    session: Session, revision: Revision, editor: Browser, seen: dict[str, str]
) -> None:
    comment = written(session, revision)
    page = editor.open(f"/redaktion/kommentare/{comment.id}/antwort")
    token = page.fields()["csrf_token"]
    data = {"csrf_token": token, "answer": "x", **seen}
    response = editor.client.post(f"/redaktion/kommentare/{comment.id}/antwort", data=data)
    assert response.status_code in {409, 422}
    assert session.scalars(select(OfficialAnswer)).first() is None
    assert session.scalars(select(Comment)).one().published_number == 1
