"""The forms as a visitor fills them in: writing, one's own comment, objecting, reporting, no more mails."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from altcha import Challenge, Payload, solve_challenge
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import tokens
from portal.clock import now
from portal.config import Settings
from portal.discussion import comments, moderation
from portal.discussion.models import Appeal, Comment, Report
from portal.discussion.wording import REFUSALS
from portal.organisers.models import Organiser
from portal.web import proof_of_work
from tests.browser import Browser
from tests.conftest import MakeApp
from tests.discussion.conftest import (
    Confirm,
    Decide,
    Write,
    add_moderator,
    at_once,
    later,
    mails,
    newest_link,
    publish_theses,
)

pytestmark = pytest.mark.usefixtures("revision")

ADA: dict[str, Any] = {
    "name": "Ada Beispiel",
    "email": "ada@example.org",
    "text": "Das *stimmt* nicht:\n\n- erstens\n- zweitens",
    "capacity": "practice",
    "notify": True,
    "consent": True,
}


def all_comments(session: Session) -> Sequence[Comment]:
    session.commit()
    return session.scalars(select(Comment).order_by(Comment.id)).all()


def how_many(session: Session) -> int:
    """How many comments there are; the database is free for others afterwards."""
    number = len(all_comments(session))
    session.commit()
    return number


def comment_on(browser: Browser, address: str = "/diskussion/schreiben", **changes: Any) -> None:
    """Fill in the form at this address and send it."""
    browser.open(address)
    browser.submit(button="Absenden", **{**ADA, **changes})


def settled() -> datetime:
    """A moment at which a decision was made that nobody can undo any more."""
    return later(seconds=-moderation.UNDO_SECONDS - 1)


def status_page(settings: Settings, comment: Comment) -> str:
    return f"/diskussion/mein-kommentar/{comments.status_token(settings, comment)}"


# Writing


def test_from_the_form_to_the_public_page(
    browser: Browser, session: Session, settings: Settings, decide: Decide
) -> None:
    page = browser.open("/diskussion/schreiben?these=technik")
    assert "Technik am Arbeitsplatz" in page.text("blockquote")
    page = browser.submit(button="Absenden", **ADA)
    assert page.path == "/diskussion/postfach/kommentar"
    [comment] = all_comments(session)
    assert (comment.thesis_key, comment.capacity, comment.status) == ("technik", "practice", "unconfirmed")
    assert comment.notify_replies
    assert comment.language == "de"
    assert comment.revision.number == 1
    page = browser.open(f"/bestaetigen/{newest_link(session, settings)}")
    assert page.has(".comment__text li")
    browser.submit()
    decide(comment)
    assert browser.open("/diskussion").text(".comment__text li") == "erstens"


def test_the_preview_is_what_will_be_public_and_nothing_is_sent(
    browser: Browser, session: Session, settings: Settings, confirm: Confirm, decide: Decide
) -> None:
    browser.open("/diskussion/schreiben")
    page = browser.submit(button="Vorschau", **ADA)
    assert page.status == 200
    assert all_comments(session) == []
    assert mails(session) == []
    shown = page.tree.css_first(".preview-card .comment__text")
    assert shown is not None
    kept = page.fields(button="Absenden")
    for name, value in ADA.items():
        assert kept[name] == ("y" if value is True else value)
    page = browser.submit(button="Absenden")
    assert page.path == "/diskussion/postfach/kommentar"
    confirm()
    decide(all_comments(session)[0])
    public = browser.open("/diskussion").tree.css_first(".comment__text")
    assert public is not None
    assert public.inner_html == shown.inner_html


def test_without_a_button_the_form_is_sent(browser: Browser, session: Session) -> None:
    fields = browser.open("/diskussion/schreiben").fields()
    needed = {"name": "Ada", "email": "ada@example.org", "text": "Ja.", "consent": "y"}
    data = needed | {"csrf_token": fields["csrf_token"]}
    assert browser.client.post("/diskussion/schreiben", data=data).status_code == 303
    assert [comment.capacity for comment in all_comments(session)] == [None]


@pytest.mark.parametrize(
    ("wrong", "field", "message"),
    [
        ({"text": ""}, "text", "Bitte schreiben Sie einen Kommentar."),
        ({"text": " \n\u200b\n "}, "text", "Bitte schreiben Sie einen Kommentar."),
        ({"text": "x" * 4213}, "text", "Ihr Text hat 4.213 Zeichen, möglich sind höchstens 4.000."),
        ({"text": "x" * 4213}, "text", "Bitte kürzen Sie ihn um 213 Zeichen."),
        ({"name": ""}, "name", "einen Namen oder ein Pseudonym"),
        ({"name": "x" * 81}, "name", "höchstens 80 Zeichen"),
        ({"name": "…"}, "name", "mit Buchstaben oder Ziffern"),
        ({"name": "Gewinne: bit.ly/abc"}, "name", "keine Internetadresse"),
        ({"email": "ada@"}, "email", "keine vollständige E-Mail-Adresse"),
        ({"email": "a@example.org\r\nBcc: b@example.org"}, "email", "keine vollständige E-Mail-Adresse"),
        ({"capacity": "queen"}, "capacity", "Bitte wählen Sie aus der Liste."),
        ({"consent": False}, "consent", "Bitte setzen Sie das Häkchen."),
        ({"website": "https://spam.example"}, "website", "lassen Sie es leer"),
    ],
)
def test_a_mistake_is_named_and_everything_typed_is_kept(
    browser: Browser, session: Session, wrong: dict[str, Any], field: str, message: str
) -> None:
    """Edge case 11."""
    comment_on(browser, **wrong)
    page = browser.page
    assert page.status == 422
    assert page.title.startswith("Fehler: ")
    assert message in page.text(f"#{field}-error")
    assert message in page.text("[role=alert]")
    assert page.has(f'[role=alert] a[href="#{field}"]')
    kept = page.fields()
    for name, value in {**ADA, **wrong}.items():
        if name not in wrong:
            assert kept[name] == ("y" if value is True else value)
    assert all_comments(session) == []


def test_four_thousand_characters_are_not_too_many(browser: Browser, session: Session) -> None:
    comment_on(browser, text="ä" * 4000)
    assert len(all_comments(session)) == 1


def test_hostile_input_is_never_an_error_of_ours(browser: Browser) -> None:
    """Edge cases 11 and 13."""
    fields = browser.open("/diskussion/schreiben").fields()
    for text in ("\0", "\x00\x1b[0m=cmd", "* " * 500, "[" * 3999, "<script>alert(1)</script>", "\ud83d\ude00" * 5):
        for name in ("text", "name", "thesis", "parent", "revision", "submission", "altcha", "capacity"):
            data = {**fields, "name": "Ada", "email": "ada@example.org", "text": "Ja.", "consent": "y", name: text}
            data = {key: value.encode("utf-8", "replace") for key, value in data.items()}
            answer = browser.client.post("/diskussion/schreiben", data=data | {"step": b"preview"})
            assert answer.status_code in {200, 422}, (name, text)
            assert "<script>alert" not in answer.text


def test_the_form_without_its_token_keeps_the_text(browser: Browser, session: Session) -> None:
    browser.open("/diskussion/schreiben")
    page = browser.submit(button="Absenden", **ADA, csrf_token="")
    assert page.status == 422
    assert "Bitte senden Sie das Formular noch einmal ab" in page.text("[role=alert]")
    assert page.fields()["text"] == ADA["text"]


def test_the_same_form_twice_is_one_comment(browser: Browser, session: Session) -> None:
    """Edge case 19."""
    browser.open("/diskussion/schreiben")
    data = browser.page.fields(button="Absenden") | {
        name: "y" if value is True else value for name, value in ADA.items()
    }
    answers = [browser.client.post("/diskussion/schreiben", data=data) for _ in range(2)]
    assert [(one.status_code, one.headers["Location"]) for one in answers] == [
        (303, "/diskussion/postfach/kommentar")
    ] * 2
    assert len(all_comments(session)) == 1
    another = browser.open("/diskussion/schreiben").fields(button="Absenden")
    assert another["submission"] != data["submission"]
    browser.client.post("/diskussion/schreiben", data=data | {"submission": another["submission"]})
    assert len(all_comments(session)) == 2


def test_the_same_form_many_times_at_once_is_one_comment(app: Flask, session: Session) -> None:
    """Edge case 19, in parallel."""
    browser = Browser(app.test_client())
    browser.open("/diskussion/schreiben")
    data = browser.page.fields(button="Absenden") | {
        name: "y" if value is True else value for name, value in ADA.items()
    }
    cookie = browser.client.get_cookie("portal")
    assert cookie is not None

    def post(_number: int) -> tuple[int, str]:
        client = app.test_client()
        client.set_cookie("portal", cookie.value)
        answer = client.post("/diskussion/schreiben", data=data)
        return answer.status_code, answer.headers.get("Location", "")

    session.commit()
    del app.extensions["test_session"]  # the requests are many at once, and the session is one
    try:
        assert set(at_once(post, 8)) == {(303, "/diskussion/postfach/kommentar")}
    finally:
        app.extensions["test_session"] = session
    assert len(all_comments(session)) == 1


def test_everybody_gets_the_same_answer(
    browser: Browser, session: Session, published: Write, moderator: Organiser
) -> None:
    """New, known and blocked addresses are not told apart."""
    known = published(email="known@example.org")
    blocked = published(email="blocked@example.org")
    moderation.block(session, blocked.id, "Test", by=moderator.id, now=blocked.requested_at)
    session.commit()
    pages = []
    for address in ("new@example.org", "known@example.org", "blocked@example.org"):
        comment_on(browser, email=address)
        pages.append((browser.page.status, browser.page.path, browser.page.text()))
    assert len(set(pages)) == 1
    assert known.id
    assert [one.email for one in all_comments(session)].count("blocked@example.org") == 1


# Where nobody may write


def test_a_reply_is_refused_by_rule_and_the_text_is_kept(
    browser: Browser, session: Session, published: Write, decide: Decide, moderator: Organiser
) -> None:
    """Edge case 20: rejected, too deep, foreign, closed; whatever happened while somebody typed."""
    first = published(thesis="ort")
    browser.open(f"/diskussion/schreiben?antwort={first.id}")
    decide(first, "reject")
    page = browser.submit(button="Absenden", **ADA)
    assert page.status == 422
    assert str(REFUSALS[comments.PARENT_REJECTED]) in page.text("[role=alert]")
    assert page.fields()["text"] == ADA["text"]
    assert len(all_comments(session)) == 1

    second = published(thesis="ort")
    browser.open(f"/diskussion/schreiben?antwort={second.id}")
    moderation.close(session, "ort", by=moderator.id, now=second.requested_at)
    page = browser.submit(button="Absenden", **ADA)
    assert page.status == 422
    assert str(REFUSALS[comments.THESIS_CLOSED]) in page.text("[role=alert]")
    assert page.fields()["text"] == ADA["text"]
    page = browser.open(f"/diskussion/schreiben?antwort={second.id}")
    assert str(REFUSALS[comments.THESIS_CLOSED]) in page.text(".notice")
    assert not page.has("main form")


def test_a_reply_too_deep_or_to_nothing_is_refused(browser: Browser, session: Session, published: Write) -> None:
    first = published()
    second = published(to=first, email="b@example.org")
    third = published(to=second, email="c@example.org")
    page = browser.open(f"/diskussion/schreiben?antwort={third.id}")
    assert str(REFUSALS[comments.TOO_DEEP]) in page.text(".notice")
    for parent, reason in (
        (str(third.id), comments.TOO_DEEP),
        ("999", comments.PARENT_NOT_PUBLIC),
        ("x", comments.PARENT_NOT_PUBLIC),
    ):
        browser.open("/diskussion/schreiben")
        page = browser.submit(button="Absenden", **ADA, parent=parent)
        assert page.status == 422, parent
        assert str(REFUSALS[reason]) in page.text("[role=alert]")
        assert page.fields()["text"] == ADA["text"]
    browser.open("/diskussion/schreiben")
    page = browser.submit(button="Absenden", **ADA, thesis="gibt-es-nicht")
    assert page.status == 422
    assert str(REFUSALS[comments.NO_SUCH_THESIS]) in page.text("[role=alert]")
    assert len(all_comments(session)) == 3


def test_a_comment_belongs_to_the_words_that_its_author_saw(browser: Browser, session: Session) -> None:
    """Edge case 22: a revision that comes between form and sending does not take it over."""
    browser.open("/diskussion/schreiben?these=zeit")
    publish_theses(session, 2, {"ort": "Ort der Arbeit"})
    browser.submit(button="Absenden", **ADA)
    [comment] = all_comments(session)
    assert (comment.revision.number, comment.thesis_key) == (1, "zeit")


# Who is suspicious


@pytest.fixture
def hurried(make_app: MakeApp, session: Session, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """A visitor whose network is not trusted, and who is faster than people are."""
    monkeypatch.setattr(proof_of_work, "ATTEMPTS", range(3, 9))
    return Browser(make_app(allowed_networks="").test_client())


def test_who_is_suspicious_works_for_it_and_is_not_refused(hurried: Browser, session: Session) -> None:
    comment_on(hurried)
    page = hurried.page
    assert page.status == 200
    assert how_many(session) == 0
    challenge = Challenge.from_dict(json.loads(page.attribute("altcha-widget", "challenge") or ""))
    solution = solve_challenge(challenge)
    assert solution is not None
    data = page.fields(button="Absenden") | {"step": "send", "altcha": Payload(challenge, solution).to_base64()}
    assert hurried.client.post("/diskussion/schreiben", data=data).status_code == 303
    assert how_many(session) == 1


def test_a_browser_that_cannot_work_sends_twice(hurried: Browser, session: Session) -> None:
    comment_on(hurried)
    page = hurried.submit(button="Absenden")
    assert page.path == "/diskussion/postfach/kommentar"
    assert how_many(session) == 1


def test_floods_are_refused(make_app: MakeApp, session: Session) -> None:
    browser = Browser(make_app(allowed_networks="", rate_limit_refused="2 per hour").test_client())
    for status in (200, 200, 429):
        browser.open("/diskussion/schreiben")
        assert browser.submit(button="Vorschau", **ADA).status == status


# The mailbox page


def test_the_mail_comes_again_and_nobody_learns_whether(browser: Browser, write: Write) -> None:
    write(email="ada@example.org")
    pages = []
    for address in ("ada@example.org", "nobody@example.org"):
        browser.open("/diskussion/postfach/kommentar")
        page = browser.submit(email=address)
        pages.append((page.status, page.path, page.text()))
    assert len(set(pages)) == 1
    assert browser.open("/diskussion/postfach/anderes").status == 404


# One's own comment


def test_the_private_page_says_how_it_stands(
    browser: Browser, session: Session, settings: Settings, write: Write, confirm: Confirm, decide: Decide
) -> None:
    comment = write("Mein Text.", thesis="ort")
    address = status_page(settings, comment)
    page = browser.open(address)
    assert "Noch nicht bestätigt." in page.text(".lead")
    confirm()
    assert "wartet auf Freigabe" in browser.open(address).text(".lead")
    decide(comment, "hold")
    assert "wartet auf Freigabe" in browser.open(address).text(".lead"), "being put aside is the office's business"
    decide(comment, "return", statement="Bitte ohne den <b>Namen</b>.", now=settled())
    page = browser.open(address)
    assert "Bitte ohne den <b>Namen</b>." in page.text()
    page = browser.submit(form="#aendern form", button="Änderung speichern", text="Ohne Namen.")
    assert "Ihre Änderung ist gespeichert." in page.text(".notice")
    assert "wartet auf Freigabe" in page.text(".lead")
    decide(comment, now=settled())
    page = browser.open(address)
    assert "Ihr Kommentar ist veröffentlicht." in page.text(".lead")
    assert page.has(f'a[href="/diskussion/{comment.id}#kommentar-{comment.id}"]')
    browser.submit(form="#aendern form", button="Änderung speichern", text="Noch etwas anders.")
    page = browser.open(address)
    assert "Ihre Änderung wartet auf Freigabe." in page.text(".lead")
    assert page.texts(".preview-card .comment__text") == ["Ohne Namen.", "Noch etwas anders."]


def test_the_private_page_keeps_its_address_to_itself(browser: Browser, settings: Settings, write: Write) -> None:
    address = status_page(settings, write())
    for path in (address, f"{address}/loeschen", "/diskussion/antworten-aus/" + tokens.issue(settings, "replies", 1)):
        page = browser.open(path)
        assert page.response.headers["Cache-Control"] == "no-store"
        assert page.response.headers["Referrer-Policy"] == "no-referrer"
        assert page.attribute("meta[name=robots]", "content") == "noindex"


def test_a_link_that_is_not_ours_is_explained(browser: Browser, settings: Settings, write: Write) -> None:
    comment = write()
    token = comments.status_token(settings, comment)
    for wrong in ("x", token[:-2], tokens.issue(settings, "replies", comment.id)):
        for page in ("", "/loeschen", "/widerspruch"):
            assert browser.open(f"/diskussion/mein-kommentar/{wrong}{page}").status == 400
    assert browser.open(f"/diskussion/antworten-aus/{token}").status == 400
    assert browser.open(f"/diskussion/gemeldet/{token}").status == 400


def test_the_edit_has_a_preview_and_names_mistakes(
    browser: Browser, session: Session, settings: Settings, published: Write
) -> None:
    comment = published("Mein Text.")
    browser.open(status_page(settings, comment))
    page = browser.submit(form="#aendern form", button="Vorschau", text="Mein **neuer** Text.")
    assert page.text("#aendern .preview-card strong") == "neuer"
    assert page.fields("#aendern form")["text"] == "Mein **neuer** Text."
    page = browser.submit(form="#aendern form", button="Änderung speichern", text="x" * 4001)
    assert page.status == 422
    assert "um 1 Zeichen" in page.text("[role=alert]")
    session.refresh(comment)
    assert comment.latest_number == 1


def test_a_blocked_author_is_told_and_keeps_what_was_typed(
    browser: Browser, session: Session, settings: Settings, published: Write, moderator: Organiser
) -> None:
    comment = published("Mein Text.")
    browser.open(status_page(settings, comment))
    moderation.block(session, comment.id, "Test", by=moderator.id, now=now())
    session.commit()
    page = browser.submit(form="#aendern form", button="Änderung speichern", text="Mein neuer Text.")
    assert page.status == 403
    assert "Diese Änderung ist nicht möglich" in page.text("[role=alert]")
    assert page.fields("#aendern form")["text"] == "Mein neuer Text."
    session.refresh(comment)
    assert comment.latest_number == 1


def test_a_blocked_visitor_sees_the_page_of_an_expired_link(
    browser: Browser, session: Session, settings: Settings, write: Write, confirm: Confirm, moderator: Organiser
) -> None:
    first = write()
    confirm()
    write("Noch einer.")
    browser.open(f"/bestaetigen/{newest_link(session, settings)}")
    moderation.block(session, first.id, "Test", by=moderator.id, now=now())
    session.commit()
    page = browser.submit(button="Ja, ich bestätige")
    assert page.status == 410
    assert "Dieser Link gilt nicht mehr" in page.text("h1")
    assert [comment.id for comment in all_comments(session)] == [first.id]


def test_after_a_rejected_change_the_public_comment_can_be_changed_again(
    browser: Browser, session: Session, settings: Settings, published: Write, decide: Decide
) -> None:
    comment = published("Mein Text.")
    comments.edit_comment(session, comment, "Daneben.", now())
    session.commit()
    decide(comment, "reject", now=settled())
    browser.open(status_page(settings, comment))
    page = browser.submit(form="#aendern form", button="Änderung speichern", text="Besser.")
    assert "Ihre Änderung wartet auf Freigabe." in page.text()
    decide(comment, "reject")
    moderation.file_appeal(session, settings, comment, "Doch.", now())
    session.commit()
    assert not browser.open(status_page(settings, comment)).has("#aendern")


def test_a_rejection_is_explained_and_can_be_objected_to_once(
    browser: Browser, session: Session, settings: Settings, published: Write, decide: Decide
) -> None:
    """DSA Art. 17 and 20."""
    comment = published()
    address = status_page(settings, comment)
    assert browser.open(f"{address}/widerspruch").path == address, "there is nothing to object to"
    decide(comment, "reject", reason="insult", statement="Im zweiten Satz.", now=settled())
    page = browser.open(address)
    for words in (
        "Ihr Kommentar ist abgelehnt.",
        "Beleidigung oder Drohung",
        "Moderationsregel 2; §§ 185 bis 187 und 241 StGB",
        "Im zweiten Satz.",
        "Nein, ein Mensch hat entschieden.",
        "Art. 21 der Verordnung (EU) 2022/2065",
    ):
        assert words in page.text()
    assert "Mo Derat" not in page.text()
    assert not page.has("#aendern")
    browser.follow("Widersprechen")
    page = browser.submit(objection="")
    assert page.status == 422
    assert "Bitte begründen Sie Ihren Widerspruch." in page.text("[role=alert]")
    page = browser.submit(objection="Das war ein Zitat.")
    assert page.path == address
    assert "Ihr Widerspruch ist bei uns." in page.text(".notice")
    assert not page.has(f'a[href="{address}/widerspruch"]')
    [appeal] = session.scalars(select(Appeal)).all()
    assert appeal.text == "Das war ein Zitat."
    other = add_moderator(session, "Se Cond")
    session.refresh(comment)
    moderation.decide_appeal(
        session, settings, appeal.id, comment.version, "upheld", "Es bleibt dabei.", by=other.id, now=appeal.filed_at
    )
    page = browser.open(address)
    assert "Die Ablehnung bleibt bestehen." in page.text()
    assert "Es bleibt dabei." in page.text()


@pytest.mark.parametrize("act", ["approve", "return", "reject"])
def test_while_a_decision_can_be_undone_its_author_sees_nothing_of_it(
    browser: Browser,
    session: Session,
    settings: Settings,
    write: Write,
    confirm: Confirm,
    decide: Decide,
    moderator: Organiser,
    act: str,
) -> None:
    """The mail waits as long, and an undone decision was none."""
    comment = write("Mein Text.")
    confirm()
    address = status_page(settings, comment)
    before = browser.open(address).text("main")
    decision = decide(comment, act)
    assert browser.open(address).text("main") == before
    assert browser.open(f"{address}/widerspruch").path == address
    moderation.undo(session, decision.id, by=moderator.id, now=now())
    session.commit()
    assert browser.open(address).text("main") == before
    decide(comment, act, now=settled())
    assert browser.open(address).text("main") != before


def test_what_is_public_stays_so_on_the_private_page_while_its_removal_can_be_undone(
    browser: Browser, session: Session, settings: Settings, published: Write, decide: Decide
) -> None:
    comment = published("Mein Text.")
    decide(comment, "reject")
    page = browser.open(status_page(settings, comment))
    assert page.text(".lead") == "Ihr Kommentar ist veröffentlicht."
    assert "Im zweiten Satz." not in page.text()
    page = browser.submit(form="#aendern form", button="Änderung speichern", text="Mein neuer Text.")
    assert page.status == 409
    assert "Bitte senden Sie in zehn Sekunden noch einmal ab." in page.text("[role=alert]")
    assert page.fields("#aendern form")["text"] == "Mein neuer Text."


def test_what_cannot_be_undone_is_shown_at_once(
    browser: Browser, session: Session, settings: Settings, published: Write, moderator: Organiser
) -> None:
    """A decision on reports, whose mails leave at once."""
    comment = published("Mein Text.")
    report = moderation.file_report(
        session, settings, comment, reason="insult", explanation="Weil.", language="de", now=now()
    )
    assert report is not None
    why = {"reason": "insult", "statement": "Im zweiten Satz."}
    moderation.decide_reports(
        session, settings, comment.id, comment.version, seen=report.id, act=True, by=moderator.id, now=now(), **why
    )
    session.commit()
    page = browser.open(status_page(settings, comment))
    assert "Ihr Kommentar ist abgelehnt." in page.text(".lead")
    assert "Im zweiten Satz." in page.text()


def test_deleting_asks_once_more(browser: Browser, session: Session, settings: Settings, published: Write) -> None:
    comment = published("Weg damit.")
    address = status_page(settings, comment)
    browser.open(address)
    page = browser.follow("Diesen Kommentar löschen")
    assert [one.id for one in all_comments(session)] == [comment.id]
    assert "Weg damit." in browser.open("/diskussion").text()
    browser.open(page.path)
    page = browser.submit()
    assert "gelöscht" in page.text("h1")
    assert all_comments(session) == []
    assert "Weg damit." not in browser.open("/diskussion").text()
    assert browser.open(address).status == 410
    assert browser.open(f"{address}/loeschen").status == 200


def test_mails_about_replies_are_turned_off_and_on(
    browser: Browser, session: Session, settings: Settings, published: Write
) -> None:
    comment = published(notify_replies=True)
    browser.open(status_page(settings, comment))
    for expected in (False, True):
        browser.submit(form="#antworten form")
        session.refresh(comment)
        assert comment.notify_replies is expected


@pytest.mark.parametrize("content_type", ["multipart/form-data", "application/x-www-form-urlencoded"])
def test_a_mail_program_turns_them_off_with_one_click(
    app: Flask, session: Session, settings: Settings, published: Write, content_type: str
) -> None:
    """RFC 8058 and edge case 3: no cookie, no token, 200, no redirect, and as often as one likes."""
    comment = published(notify_replies=True)
    address = "/diskussion/antworten-aus/" + tokens.issue(settings, "replies", comment.id)
    assert app.test_client().get(address).status_code == 200
    session.refresh(comment)
    assert comment.notify_replies, "looking changes nothing"
    for _ in range(2):
        answer = app.test_client().post(address, data={"List-Unsubscribe": "One-Click"}, content_type=content_type)
        assert answer.status_code == 200
        assert "Location" not in answer.headers
        session.refresh(comment)
        assert not comment.notify_replies
    comments.delete_comment(session, comment, comment.requested_at)
    session.commit()
    assert app.test_client().post(address).status_code == 200


# Reporting


def test_a_report_without_a_name_gets_a_number(browser: Browser, session: Session, published: Write) -> None:
    """DSA Art. 16."""
    comment = published("Ein Satz.")
    page = browser.open(f"/diskussion/{comment.id}/melden")
    assert "Ein Satz." in page.text("blockquote")
    page = browser.submit(reason="insult", explanation="Das ist eine Beleidigung.", good_faith=True)
    [report] = session.scalars(select(Report)).all()
    assert (report.comment_id, report.reason, report.name, report.email) == (comment.id, "insult", None, None)
    assert page.text(".lead") == f"Sie hat die Nummer {report.id}."
    assert page.response.headers["Cache-Control"] == "no-store"


def test_a_report_with_an_address_gets_a_receipt(browser: Browser, session: Session, published: Write) -> None:
    comment = published()
    browser.open(f"/diskussion/{comment.id}/melden")
    browser.submit(reason="off_topic", explanation="Weil.", name="Mel Dung", email="mel@example.org", good_faith=True)
    assert mails(session)[-1] == "report_received"


def test_edge_19_a_report_posted_twice_is_one(browser: Browser, session: Session, published: Write) -> None:
    """The second is shown the receipt of the first; with something else in it, it is another report."""
    comment = published()
    page = browser.open(f"/diskussion/{comment.id}/melden")
    said = {"reason": "off_topic", "explanation": "Weil.", "email": "mel@example.org", "good_faith": "y"}
    fields = page.fields() | said
    answers = [browser.client.post(page.path, data=fields) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert len(session.scalars(select(Report)).all()) == 1
    assert mails(session).count("report_received") == 1
    browser.client.post(page.path, data=fields | {"explanation": "Weil es nicht zur Sache gehört."})
    assert len(session.scalars(select(Report)).all()) == 2
    browser.open(page.path)
    browser.submit(reason="off_topic", explanation="Weil.", email="mel@example.org", good_faith=True)
    assert len(session.scalars(select(Report)).all()) == 3, "the same words in another form are another report"


@pytest.mark.parametrize("note", ["", "x"])
def test_reports_from_forms_without_their_note_are_never_taken_for_one(
    browser: Browser, session: Session, published: Write, note: str
) -> None:
    comment = published()
    page = browser.open(f"/diskussion/{comment.id}/melden")
    said = {"reason": "off_topic", "explanation": "Weil.", "good_faith": "y", "submission": note}
    for _ in range(2):
        assert browser.client.post(page.path, data=page.fields() | said).status_code == 303
    assert len(session.scalars(select(Report)).all()) == 2


def test_mistakes_in_a_report_are_named_and_all_is_kept(browser: Browser, session: Session, published: Write) -> None:
    comment = published()
    browser.open(f"/diskussion/{comment.id}/melden")
    page = browser.submit(explanation="x" * 4001, name="Mel", email="mel@")
    assert page.status == 422
    alert = page.text("[role=alert]")
    for words in ("einen Grund", "um 1 Zeichen", "keine vollständige E-Mail-Adresse", "nach bestem Wissen richtig"):
        assert words in alert
    assert page.has('[role=alert] a[href="#reason-0"]')
    assert (page.fields()["name"], page.fields()["email"]) == ("Mel", "mel@")
    assert session.scalars(select(Report)).all() == []


def test_what_was_taken_down_meanwhile_is_not_reported(
    browser: Browser, session: Session, published: Write, decide: Decide
) -> None:
    comment = published()
    browser.open(f"/diskussion/{comment.id}/melden")
    decide(comment, "reject")
    page = browser.submit(reason="insult", explanation="Weil.", good_faith=True)
    assert page.status == 404
