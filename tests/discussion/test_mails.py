"""The mails of the discussion. `pytest tests/discussion/test_mails.py --force-regen` writes the files anew."""

import re
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest
from flask import Flask
from pytest_regressions.file_regression import FileRegressionFixture
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import tokens
from portal.addresses import Address
from portal.config import ROOT, Settings
from portal.declaration.models import Revision
from portal.discussion import notices
from portal.discussion.models import (
    APPROVE,
    HELD,
    HOLD,
    PUBLISHED,
    REJECT,
    REJECTED,
    RETURN,
    RETURNED,
    UNCONFIRMED,
    WAITING,
    Appeal,
    Comment,
    OfficialAnswer,
    Outcome,
    Report,
)
from portal.mail import outbox
from portal.mail.compose import Composer
from portal.mail.models import OutboxMail
from tests.browser import Browser
from tests.discussion.written import NOON, WORDS, decided, edited, organiser, written
from tests.letters import letters, part, readable
from tests.revisions import publish_revision

LANGUAGES = pytest.mark.parametrize("language", ["de", "en"])
WAIT = timedelta(seconds=10)
TO = Address("joerg@example.org", "key of joerg@example.org")
CONFIRMATION = {
    "optin_id": 7,
    "nonce": "001122334455667788",
    "consents": ["Ich willige ein (Test)."],
    "expires_at": "2026-11-29T12:00:00+00:00",
    "reminder": False,
}
FACTS = "Im zweiten Absatz steht der volle Name einer Klientin."


@pytest.fixture
def revision(session: Session) -> Revision:
    """The current revision."""
    return publish_revision(session)


def only_letter(app: Flask, session: Session) -> EmailMessage:
    session.commit()
    (letter,) = letters(app, session)
    return letter


def both_parts(letter: EmailMessage) -> list[str]:
    """Text and HTML, with runs of white space as one space."""
    return [" ".join(part(letter, kind).split()) for kind in ("plain", "html")]


Post = Callable[[Session, Settings, Revision, str], object]


def _received(session: Session, _settings: Settings, revision: Revision, language: str) -> object:
    comment = written(session, revision, WAITING, language=language)
    return notices.author_confirmed(session, comment, NOON)


def _approved(session: Session, settings: Settings, revision: Revision, language: str) -> object:
    comment = written(session, revision, language=language)
    decision = decided(session, comment, APPROVE, organiser(session))
    return notices.author_decided(session, settings, comment, decision, NOON, WAIT)


def _approved_edit(session: Session, settings: Settings, revision: Revision, language: str) -> object:
    comment = written(session, revision, language=language)
    decision = decided(session, comment, APPROVE, organiser(session), published_before=1)
    return notices.author_decided(session, settings, comment, decision, NOON, WAIT)


def _returned(session: Session, settings: Settings, revision: Revision, language: str) -> object:
    comment = written(session, revision, RETURNED, language=language)
    asked = "Bitte lassen Sie den Namen der Einrichtung weg.\n\nDann veröffentlichen wir gern."
    decision = decided(session, comment, RETURN, organiser(session), statement=asked)
    return notices.author_decided(session, settings, comment, decision, NOON, WAIT)


def _rejected(session: Session, settings: Settings, revision: Revision, language: str) -> object:
    comment = written(session, revision, REJECTED, language=language)
    decision = decided(session, comment, REJECT, organiser(session), reason="client_data", statement=FACTS)
    return notices.author_decided(session, settings, comment, decision, NOON, WAIT)


def _taken_down(session: Session, settings: Settings, revision: Revision, language: str) -> object:
    """After a report, whose reporter the mail does not name."""
    comment = written(session, revision, REJECTED, language=language)
    reported(session, comment)
    by = organiser(session)
    decision = decided(session, comment, REJECT, by, reason="insult", statement=FACTS, published_before=1)
    return notices.author_decided(session, settings, comment, decision, NOON, WAIT)


def _edit_rejected(session: Session, settings: Settings, revision: Revision, language: str) -> object:
    """By the program, which had flagged it."""
    comment = written(session, revision, language=language)
    edited(session, comment, "Kaufen Sie bei mir.", REJECTED)
    decision = decided(session, comment, REJECT, None, reason="advertising", statement="Werbung.", published_before=1)
    return notices.author_decided(session, settings, comment, decision, NOON, WAIT)


def _reply(session: Session, settings: Settings, revision: Revision, language: str) -> object:
    comment = written(session, revision, language=language, notify_replies=True)
    reply = written(
        session,
        revision,
        text="Bei uns auch.\nSeit drei Jahren.",
        name="Ada Beispiel",
        email="ada@example.org",
        capacity="practice",
        parent=comment,
    )
    return notices.reply_published(session, settings, reply, NOON, WAIT)


def _answered(session: Session, _settings: Settings, revision: Revision, language: str) -> object:
    comment = written(session, revision, language=language, notify_replies=True)
    answer = OfficialAnswer(comment_id=comment.id, source="Das **nehmen** wir auf.", by_id=1, at=NOON)
    return notices.author_answered(session, comment, answer, NOON)


def _outcome(session: Session, _settings: Settings, revision: Revision, language: str) -> object:
    comment = written(session, revision, language=language, notify_replies=True)
    outcome = Outcome(comment_id=comment.id, outcome="partly", reason="Der ruhige Raum steht jetzt darin.")
    outcome.revision = publish_revision(session, 2)
    return notices.outcome_published(session, comment, outcome, NOON)


def reported(session: Session, comment: Comment, status: str = "open", **values: object) -> Report:
    """Rita has reported the comment."""
    by = organiser(session, name="Rike Richterin") if status != "open" else None
    report = Report(
        comment_id=comment.id,
        text_number=1,
        reason="client_data",
        explanation="Kaufen Sie bei evil.example!",
        name="Rita Reporterin",
        email="rita@example.org",
        address_key="key of rita@example.org",
        reported_at=NOON,
        status=status,
        decided_by_id=by.id if by else None,
        decided_at=NOON if by else None,
        **{"language": "de", **values},
    )
    session.add(report)
    session.flush()
    return report


def _report_received(session: Session, settings: Settings, revision: Revision, language: str) -> object:
    report = reported(session, written(session, revision), language=language)
    return notices.report_received(session, settings, report, NOON)


def _report_acted(session: Session, settings: Settings, revision: Revision, language: str) -> object:
    report = reported(session, written(session, revision, REJECTED), "acted", language=language)
    return notices.report_decided(session, settings, report, NOON, WAIT)


def _report_dismissed(session: Session, settings: Settings, revision: Revision, language: str) -> object:
    why = "Der Kommentar nennt niemanden, auch nicht so, dass man ihn erkennen könnte."
    report = reported(session, written(session, revision), "dismissed", language=language, answer=why)
    return notices.report_decided(session, settings, report, NOON, WAIT)


def _report_gone(session: Session, settings: Settings, revision: Revision, language: str) -> object:
    return notices.report_gone(session, reported(session, written(session, revision), language=language), NOON)


def appealed(session: Session, revision: Revision, status: str, language: str) -> Appeal:
    """The author has objected; if it is decided, by somebody else."""
    comment = written(session, revision, PUBLISHED if status == "reversed" else REJECTED, language=language)
    first, second = organiser(session, name="Eva Erste"), organiser(session, name="Zora Zweite")
    decision = decided(session, comment, REJECT, first, reason="client_data", statement=FACTS)
    appeal = Appeal(
        comment=comment,
        decision_id=decision.id,
        first_by_id=first.id,
        text="Der Name ist erfunden.",
        filed_at=NOON,
        status=status,
        answer=None if status == "open" else "Wir haben noch einmal gelesen.",
        decided_by_id=None if status == "open" else second.id,
        decided_at=None if status == "open" else NOON,
    )
    session.add(appeal)
    session.flush()
    return appeal


def _appeal_received(session: Session, settings: Settings, revision: Revision, language: str) -> object:
    return notices.appeal_received(session, settings, appealed(session, revision, "open", language), NOON)


def _appeal_upheld(session: Session, settings: Settings, revision: Revision, language: str) -> object:
    return notices.appeal_decided(session, settings, appealed(session, revision, "upheld", language), NOON, WAIT)


def _appeal_reversed(session: Session, settings: Settings, revision: Revision, language: str) -> object:
    return notices.appeal_decided(session, settings, appealed(session, revision, "reversed", language), NOON, WAIT)


def _digest(session: Session, settings: Settings, revision: Revision, language: str) -> object:
    organiser(session, "moderator", language=language)
    for status in (WAITING, WAITING, HELD, UNCONFIRMED):
        written(session, revision, status, language=language)
    reported(session, written(session, revision))
    appealed(session, revision, "open", language)
    return notices.digest(session, settings, NOON)


MAILS: dict[str, Post] = {
    "received": _received,
    "approved": _approved,
    "approved_edit": _approved_edit,
    "returned": _returned,
    "rejected": _rejected,
    "taken_down": _taken_down,
    "edit_rejected": _edit_rejected,
    "reply": _reply,
    "answered": _answered,
    "outcome": _outcome,
    "report_received": _report_received,
    "report_acted": _report_acted,
    "report_dismissed": _report_dismissed,
    "report_gone": _report_gone,
    "appeal_received": _appeal_received,
    "appeal_upheld": _appeal_upheld,
    "appeal_reversed": _appeal_reversed,
    "digest": _digest,
}


VARIANTS = {
    "approved_edit": "approved",
    "taken_down": "rejected",
    "edit_rejected": "rejected",
    "report_acted": "report_decided",
    "report_dismissed": "report_decided",
    "appeal_upheld": "appeal_decided",
    "appeal_reversed": "appeal_decided",
}


def test_every_mail_of_the_discussion_is_kept() -> None:
    files = {file.stem for file in (ROOT / "templates" / "discussion" / "mail").glob("*.txt")}
    assert files == {VARIANTS.get(name, name) for name in MAILS} | {"confirm", "confirm_positions"}


@pytest.mark.one_database
@LANGUAGES
@pytest.mark.parametrize("name", MAILS)
def test_a_mail_reads_as_it_did(
    app: Flask,
    session: Session,
    settings: Settings,
    revision: Revision,
    file_regression: FileRegressionFixture,
    name: str,
    language: str,
) -> None:
    MAILS[name](session, settings, revision, language)
    assert session.scalars(select(OutboxMail.template)).all() == [f"discussion/mail/{VARIANTS.get(name, name)}"]
    letter = only_letter(app, session)
    seen = f"{readable(letter)}\n{'=' * 76}\n{part(letter, 'html')}"
    file_regression.check(seen, basename=f"{name}.{language}", extension=".txt")


@pytest.mark.one_database
@pytest.mark.parametrize("name", MAILS)
def test_a_mail_loads_nothing_and_leads_nowhere_else(
    app: Flask, session: Session, settings: Settings, revision: Revision, name: str
) -> None:
    """Law L1, L5."""
    MAILS[name](session, settings, revision, "de")
    for said in both_parts(only_letter(app, session)):
        assert set(re.findall(r"https?://[^/\s\"<]+", said)) == {"http://portal.test"}
        assert "http://portal.test/impressum" in said
        assert "http://portal.test/meine-daten/" in said
        assert "src=" not in said


@pytest.mark.one_database
@pytest.mark.parametrize("name", [name for name in MAILS if name not in {"digest", "received"}])
def test_what_was_typed_stays_what_was_typed(
    app: Flask, session: Session, settings: Settings, revision: Revision, name: str
) -> None:
    """Edge case 28."""
    MAILS[name](session, settings, revision, "de")
    letter = only_letter(app, session)
    assert letter.get_all("To") in (["joerg@example.org"], ["rita@example.org"])
    assert "<script" not in part(letter, "html")
    assert "49" not in part(letter, "plain").partition("\n-- ")[0].replace("meine-daten", "")


def test_a_decision_waits_before_it_is_told(session: Session, settings: Settings, revision: Revision) -> None:
    """Issue 3: undo for ten seconds before any mail leaves."""
    _rejected(session, settings, revision, "de")
    assert outbox.claim(session, "w", 5, NOON + timedelta(seconds=9)) == []
    (mail,) = outbox.claim(session, "w", 5, NOON + WAIT)
    assert mail.template == "discussion/mail/rejected"


def test_a_rejection_states_its_reasons_whole(
    app: Flask, session: Session, settings: Settings, revision: Revision
) -> None:
    """Law L12 (DSA Art. 17): what happened, to which words, why, by which rule, on which facts, who, how to object."""
    _rejected(session, settings, revision, "de")
    letter = only_letter(app, session)
    comment = session.scalars(select(Comment)).one()
    status = f"http://portal.test/diskussion/mein-kommentar/{tokens.issue(settings, 'comment', comment.id)}"
    assert letter["Subject"] == "Ihr Kommentar wird nicht veröffentlicht"
    for said in both_parts(letter):
        assert "Bei uns fehlt ein ruhiger Raum." in said
        assert "Das gilt auch für Hausbesuche." in said
        assert "Daten von Klient:innen oder Dritten" in said
        assert "Moderationsregel 1; § 203 StGB und Art. 6 DSGVO" in said
        assert FACTS in said
        assert "Entschieden hat ein Mensch, kein Programm." in said
        assert "Es lag keine Meldung vor." in said
        assert "bis zum 25. Mai 2027 widersprechen" in said
        assert "jemand anderes aus der Redaktion" in said
        assert status in said


REDRESS = (
    "Unabhängig davon können Sie sich an eine zugelassene außergerichtliche Streitbeilegungsstelle (Art. 21 der"
    " Verordnung (EU) 2022/2065) oder an ein Gericht wenden."
)


@pytest.mark.parametrize("name", ["rejected", "edit_rejected", "taken_down", "report_dismissed", "appeal_upheld"])
def test_who_does_not_get_her_way_reads_where_else_she_can_turn(
    app: Flask, session: Session, settings: Settings, revision: Revision, name: str
) -> None:
    """DSA Art. 16(5), 17(3)(f) and 20(5), in the words of the page about moderation."""
    MAILS[name](session, settings, revision, "de")
    for said in both_parts(only_letter(app, session)):
        assert REDRESS in " ".join(said.split())
    session.commit()
    assert REDRESS in Browser(app.test_client()).open("/moderation").text()


def test_six_months_are_never_less_than_six_months(settings: Settings) -> None:
    """DSA Art. 20(1). From 31 August to the end of February is the shortest, from March to September the longest."""
    assert settings.appeal_days == 184
    with pytest.raises(ValueError, match="184"):
        type(settings)(env="testing", appeal_days=183)


def test_the_author_learns_that_there_was_a_report_and_not_whose(
    app: Flask, session: Session, settings: Settings, revision: Revision
) -> None:
    """Law L12: the reporter is never revealed."""
    _taken_down(session, settings, revision, "de")
    letter = only_letter(app, session)
    assert letter["Subject"] == "Ihr Kommentar ist nicht mehr öffentlich"
    for said in [*both_parts(letter), letter.as_string()]:
        assert "Rita" not in said
        assert "rita" not in said
        assert "evil" not in said
    assert all("Jemand hat den Kommentar gemeldet." in said for said in both_parts(letter))


def test_that_a_program_decided_or_flagged_is_said(
    app: Flask, session: Session, settings: Settings, revision: Revision
) -> None:
    _edit_rejected(session, settings, revision, "de")
    comment = written(session, revision, REJECTED)
    decided(session, comment, HOLD, None)
    decision = decided(session, comment, REJECT, organiser(session, name="Moritz"), reason="insult", statement=FACTS)
    notices.author_decided(session, settings, comment, decision, NOON)
    session.commit()
    by_program, flagged = letters(app, session)
    assert by_program["Subject"] == "Ihre Änderung wird nicht veröffentlicht"
    assert "Entschieden hat ein Programm, kein Mensch." in " ".join(part(by_program, "plain").split())
    assert "Ein Programm hatte den Kommentar zur Prüfung vorgemerkt." in " ".join(part(flagged, "plain").split())


def test_a_hold_is_not_told(session: Session, settings: Settings, revision: Revision) -> None:
    comment = written(session, revision, HELD)
    decision = decided(session, comment, HOLD, organiser(session))
    assert notices.author_decided(session, settings, comment, decision, NOON) is None


def test_an_imported_comment_has_nobody_to_write_to(session: Session, settings: Settings, revision: Revision) -> None:
    comment = written(session, revision, imported_from="https://alt.example/?p=1#comment-7")
    decision = decided(session, comment, APPROVE, organiser(session))
    assert notices.author_decided(session, settings, comment, decision, NOON) is None


def test_who_did_not_ask_for_replies_or_replies_to_herself_is_not_told(
    session: Session, settings: Settings, revision: Revision
) -> None:
    silent = written(session, revision)
    asking = written(session, revision, notify_replies=True)
    others = written(session, revision, parent=silent, email="ada@example.org")
    own = written(session, revision, parent=asking)
    gone = written(session, revision, "deleted")
    to_nobody = written(session, revision, parent=gone, email="ada@example.org")
    for reply in (others, own, to_nobody, silent):
        assert notices.reply_published(session, settings, reply, NOON) is None


def test_a_reply_mail_says_only_what_is_public(
    app: Flask, session: Session, settings: Settings, revision: Revision
) -> None:
    """Edge case 21: the reply's newer text waits."""
    comment = written(session, revision, notify_replies=True)
    reply = written(session, revision, text="Öffentlich.", email="ada@example.org", parent=comment)
    edited(session, reply, "Noch nicht gelesen.")
    notices.reply_published(session, settings, reply, NOON)
    for said in both_parts(only_letter(app, session)):
        assert "Öffentlich." in said
        assert "Noch nicht gelesen." not in said


@LANGUAGES
@pytest.mark.parametrize("name", ["reply", "answered", "outcome"])
def test_one_click_ends_the_mails_about_replies(
    app: Flask, session: Session, settings: Settings, revision: Revision, name: str, language: str
) -> None:
    """RFC 8058: the header carries the same link as the mail, whole and on one line."""
    MAILS[name](session, settings, revision, language)
    letter = only_letter(app, session)
    comment = session.scalars(select(Comment).where(Comment.notify_replies)).one()
    path = {"de": "/diskussion/antworten-aus", "en": "/en/discussion/replies-off"}[language]
    link = f"http://portal.test{path}/{tokens.issue(settings, 'replies', comment.id)}"
    content = Composer(app).compose(session.scalars(select(OutboxMail)).one()).content
    assert f"\r\nList-Unsubscribe: <{link}>\r\n".encode() in content, "no encoded words, which programs do not follow"
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in content
    assert all(link in said for said in both_parts(letter))


@pytest.mark.parametrize("name", [name for name in MAILS if name not in {"reply", "answered", "outcome"}])
def test_what_nobody_subscribed_to_has_no_such_header(
    app: Flask, session: Session, settings: Settings, revision: Revision, name: str
) -> None:
    MAILS[name](session, settings, revision, "de")
    assert not [header for header in only_letter(app, session) if header.lower().startswith("list-")]


@pytest.mark.parametrize("name", ["report_received", "report_acted", "report_dismissed"])
def test_who_reports_under_a_strangers_address_cannot_write_to_the_stranger(
    app: Flask, session: Session, settings: Settings, revision: Revision, name: str
) -> None:
    """Nobody has confirmed a reporter's address."""
    MAILS[name](session, settings, revision, "de")
    for said in both_parts(only_letter(app, session)):
        assert "evil" not in said
        assert "Rita" not in said
        assert WORDS[:20] not in said


@LANGUAGES
def test_the_mail_that_asks_to_confirm_positions(
    app: Flask, session: Session, file_regression: FileRegressionFixture, language: str
) -> None:
    headings = {"de": "Arbeiten außerhalb", "en": "Working elsewhere"}
    context = {
        "revision": 2,
        "positions": [
            {"thesis": 1, "headings": headings, "stance": "agree"},
            {"thesis": 2, "headings": {"de": "", "en": ""}, "stance": "unsure"},
        ],
        **CONFIRMATION,
    }
    outbox.post(session, outbox.Mail("discussion/mail/confirm_positions", TO, language, context), NOON)
    letter = only_letter(app, session)
    seen = f"{readable(letter)}\n{'=' * 76}\n{part(letter, 'html')}"
    file_regression.check(seen, basename=f"confirm_positions.{language}", extension=".txt")


@LANGUAGES
def test_a_mail_to_confirm_carries_no_words_of_the_comment(
    app: Flask, session: Session, revision: Revision, file_regression: FileRegressionFixture, language: str
) -> None:
    """Whoever types a stranger's address cannot send the stranger a text; two comments are confirmed by one link."""
    comments = [written(session, revision, UNCONFIRMED), written(session, revision, UNCONFIRMED, thesis=None)]
    context = {**notices.confirm_context(comments), **CONFIRMATION}
    outbox.post(session, outbox.Mail("discussion/mail/confirm", TO, language, context), NOON)
    letter = only_letter(app, session)
    assert all(WORDS[:20] not in said for said in both_parts(letter))
    seen = f"{readable(letter)}\n{'=' * 76}\n{part(letter, 'html')}"
    file_regression.check(seen, basename=f"confirm.{language}", extension=".txt")


def test_moderators_are_told_once_a_day_and_only_if_something_waits(
    session: Session, settings: Settings, revision: Revision
) -> None:
    organiser(session, "moderator", name="Mara")
    organiser(session, "owner", "editor", name="Olga")
    organiser(session, "moderator", name="Ines", active=False, deactivated_at=NOON)
    written(session, revision, UNCONFIRMED)
    written(session, revision)
    assert notices.digest(session, settings, NOON) == 0
    written(session, revision, WAITING)
    assert notices.digest(session, settings, NOON) == 1
    assert notices.digest(session, settings, NOON + timedelta(hours=10)) == 0
    assert notices.digest(session, settings, NOON + timedelta(hours=15)) == 0, "three at night in Germany"
    assert notices.digest(session, settings, NOON + timedelta(hours=18)) == 1, "seven in the morning"
    recipients = [mail.recipient for mail in session.scalars(select(OutboxMail))]
    assert recipients == ["mara@example.org", "mara@example.org"]


def test_owners_are_told_where_nobody_moderates(session: Session, settings: Settings, revision: Revision) -> None:
    organiser(session, "owner", name="Olga")
    organiser(session, "editor", name="Edda")
    written(session, revision, HELD)
    assert notices.digest(session, settings, NOON) == 1
    assert [mail.recipient for mail in session.scalars(select(OutboxMail))] == ["olga@example.org"]


def test_the_digest_names_no_author(app: Flask, session: Session, settings: Settings, revision: Revision) -> None:
    _digest(session, settings, revision, "de")
    letter = only_letter(app, session)
    for said in [*both_parts(letter), letter.as_string()]:
        assert "rg {{" not in said
        assert "joerg@" not in said
        assert WORDS[:20] not in said
