"""The office's pages of the discussion, as moderators use them without a script."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from portal.clock import now
from portal.config import Settings
from portal.discussion import comments, moderation
from portal.discussion.models import Appeal, BlockedAddress, Comment, ModerationDecision, Report
from portal.organisers import audit
from portal.organisers.models import AuditEntry, Organiser
from tests.browser import Browser, Page
from tests.discussion.conftest import Confirm, Decide, Write, mails
from tests.office import Office, add_organiser

Waiting = Callable[..., Comment]
QUEUE = "/redaktion/kommentare"
APPROVE = 'form:has([name=act][value="approve"])'
RETURN = 'form:has([name=act][value="return"])'
REJECT = 'form:has([name=act][value="reject"])'
HOLD = 'form:has([name=act][value="hold"])'
UNDO = 'form[action$="/rueckgaengig"]'


@pytest.fixture
def waiting(session: Session, write: Write, confirm: Confirm) -> Waiting:
    """Hands in a comment that is confirmed and waits."""

    def hand_in(*arguments: Any, **details: Any) -> Comment:
        comment = write(*arguments, **details)
        confirm()
        session.refresh(comment)
        return comment

    return hand_in


def at(comment: Comment) -> str:
    return f"{QUEUE}/{comment.id}"


def decided(session: Session) -> list[str]:
    session.commit()
    return list(session.scalars(select(ModerationDecision.act).order_by(ModerationDecision.id)))


def decision_mails(session: Session) -> list[str]:
    return [mail for mail in mails(session) if mail not in {"confirm", "received"}]


# The queue


def test_an_empty_queue_says_so(office: Office) -> None:
    page = office("moderator").open(QUEUE)
    assert page.status == 200
    assert "Kein Kommentar wartet" in page.text()


def test_the_queue_lists_what_waits_and_links_to_the_first(office: Office, waiting: Waiting) -> None:
    first = waiting("Ein Gedanke zu Ort und Arbeit.", thesis="ort")
    waiting("Noch ein Gedanke.", email="bo@example.org", name="Bo Muster")
    browser = office("moderator")
    page = browser.open(QUEUE)
    assert page.texts(".moderation__list h2") == [f"Kommentar {first.id}", f"Kommentar {first.id + 1}"]
    assert "These 1 „Ort der Arbeit“, Fassung 1" in page.text(".moderation__list li")
    assert browser.follow("Der Reihe nach entscheiden").path == at(first)


def test_a_long_queue_is_paged(office: Office, session: Session, waiting: Waiting) -> None:
    written = [waiting(f"Gedanke {n}.", email=f"p{n}@example.org") for n in range(27)]
    browser = office("moderator")
    first = browser.open(QUEUE).texts(".moderation__list h2")
    second = browser.follow("Weitere Kommentare").texts(".moderation__list h2")
    assert first + second == [f"Kommentar {comment.id}" for comment in written]


@pytest.mark.parametrize("state", ["wartend", "zurueckgestellt", "zurueckgegeben", "abgelehnt", "veroeffentlicht"])
def test_each_state_has_a_list(office: Office, waiting: Waiting, decide: Decide, state: str) -> None:
    for number, act in enumerate(("", "hold", "return", "reject", "approve")):
        comment = waiting(f"Gedanke {number}.", email=f"p{number}@example.org")
        if act:
            decide(comment, act)
    page = office("moderator").open(f"{QUEUE}?zustand={state}")
    assert len(page.texts(".moderation__list > li")) == 1


@pytest.mark.parametrize("query", ["zustand=x", "seit=gestern&nach=1", "seit=2026-01-01&nach=x", "nach=99999999999"])
def test_a_wrong_address_of_the_queue_is_no_error(office: Office, query: str) -> None:
    assert office("moderator").open(f"{QUEUE}?{query}").status in {200, 404}


# One comment


def test_a_comment_is_shown_with_what_helps_to_decide(
    office: Office, session: Session, published: Write, waiting: Waiting, decide: Decide
) -> None:
    parent = published("Der erste Gedanke.", thesis="ort")
    decide(waiting("Etwas anderes.", email="bo@example.org"), "reject", reason="advertising")
    reply = waiting("Die Antwort von Bo.", email="bo@example.org", name="Bo Muster", to=parent, capacity="practice")
    page = office("moderator").open(at(reply))
    assert "Der erste Gedanke." in page.text(".moderation__parent")
    assert "Die Antwort von Bo." in page.text(".moderation__text")
    assert "Ort der Arbeit. Testfassung." in page.text(".moderation__thesis")
    assert "Fachkraft in der Sozialen Arbeit" in page.text(".moderation__line")
    assert "1 × abgelehnt: Werbung oder Spam" in page.text(".moderation__aside")
    assert "Klient:innen oder über andere Menschen" in page.text(".moderation__checklist")
    assert str(reply.email) not in page.response.text


def test_an_edit_is_shown_word_by_word(office: Office, session: Session, published: Write) -> None:
    comment = published("Das ist gut so.")
    comments.edit_comment(session, comment, "Das ist schlecht so.", now())
    page = office("moderator").open(at(comment))
    assert page.texts(".moderation__diff .diff del") == ["gestrichen: gut"]
    assert page.texts(".moderation__diff .diff ins") == ["neu: schlecht"]


def test_a_text_that_was_sent_back_is_compared_with_its_successor(
    office: Office, session: Session, waiting: Waiting, decide: Decide
) -> None:
    comment = waiting("Das ist gut so.")
    decide(comment, "return")
    session.refresh(comment)
    comments.edit_comment(session, comment, "Das ist schlecht so.", now())
    page = office("moderator").open(at(comment))
    assert page.texts(".moderation__diff .diff ins") == ["neu: schlecht"]
    assert "Bitte kürzen." in page.text(".moderation__history")


def test_markup_of_authors_and_moderators_stays_text(office: Office, session: Session, waiting: Waiting) -> None:
    comment = waiting("Ein <b>Gedanke</b>.", name="<i>Ada</i>")
    browser = office("moderator")
    browser.open(at(comment))
    page = browser.submit(RETURN, changes="Bitte <script>alert(1)</script> streichen.")
    page = browser.open(at(comment))
    assert not page.has("main script, main b, .moderation__line i")
    assert "<script>alert(1)</script>" in page.text(".moderation__history")


@pytest.mark.parametrize("number", [1, 2**31, 2**63])
def test_a_comment_that_is_not_there_is_not_found(office: Office, number: int) -> None:
    assert office("moderator").open(f"{QUEUE}/{number}").status == 404


def test_an_unconfirmed_comment_is_its_authors_alone(office: Office, write: Write) -> None:
    assert office("moderator").open(at(write())).status == 404


# Deciding


def test_approving_leads_to_the_next_and_offers_to_undo(office: Office, session: Session, waiting: Waiting) -> None:
    first, second = waiting(), waiting("Noch einer.", email="bo@example.org")
    browser = office("moderator")
    browser.open(at(first))
    page = browser.submit(APPROVE)
    assert page.path == at(second)
    assert f"Kommentar {first.id} freigegeben." in page.text(".moderation__notice")
    assert page.texts(f"{UNDO} button") == ["Rückgängig machen (10 s)"]
    page = browser.submit(UNDO)
    assert page.path == at(first)
    assert "Es ist keine Mail hinausgegangen" in page.text(".moderation__notice")
    assert decided(session) == ["approve", "undo"]
    assert decision_mails(session) == []


def test_after_the_last_comes_the_empty_queue_with_the_button_to_undo(
    office: Office, session: Session, waiting: Waiting
) -> None:
    browser = office("moderator")
    browser.open(at(waiting()))
    page = browser.submit(APPROVE)
    assert page.path == QUEUE
    assert page.has(UNDO)
    browser.submit(UNDO)
    assert decided(session) == ["approve", "undo"]


def test_the_button_to_undo_is_only_for_who_decided(office: Office, session: Session, waiting: Waiting) -> None:
    browser = office("moderator")
    browser.open(at(waiting()))
    address = browser.submit(APPROVE).response.request.full_path
    assert "entschieden=" in address
    page = office("moderator").open(address)
    assert not page.has(".moderation__notice")


def test_undoing_too_late_is_said_in_plain_words(office: Office, session: Session, waiting: Waiting) -> None:
    comment = waiting()
    browser = office("moderator")
    browser.open(at(comment))
    browser.submit(APPROVE)
    session.commit()
    session.refresh(comment)
    decision = session.scalars(select(ModerationDecision)).one()
    comments.edit_comment(session, comment, "Neu.", now())
    page = browser.submit(UNDO)
    assert page.status == 409
    assert "Dafür ist es zu spät" in page.text(".moderation__notice")
    assert decision.act == "approve"
    assert decided(session) == ["approve"]


def test_returning_needs_words_and_keeps_them(office: Office, session: Session, waiting: Waiting) -> None:
    browser = office("moderator")
    browser.open(at(waiting()))
    page = browser.submit(RETURN, changes="")
    assert page.status == 422
    assert page.title.startswith("Fehler: ")
    assert page.has("details[open] #changes-error")
    page = browser.submit(RETURN, changes="Bitte nennen Sie keine Orte.")
    assert decided(session) == ["return"]


def test_rejecting_needs_a_reason_and_facts(office: Office, session: Session, waiting: Waiting) -> None:
    browser = office("moderator")
    browser.open(at(waiting()))
    page = browser.submit(REJECT, facts="Der zweite Satz beleidigt.")
    assert page.status == 422
    assert "Bitte wählen Sie einen Grund." in page.text("[role=alert]")
    assert "Der zweite Satz beleidigt." in page.text("#facts")
    page = browser.submit(REJECT, reason="insult")
    decision = session.scalars(select(ModerationDecision)).one()
    assert decision.statement is not None
    assert (decision.reason, decision.statement.text) == ("insult", "Der zweite Satz beleidigt.")
    assert page.status == 200


def test_a_hint_at_data_of_others_asks_for_a_tick(office: Office, session: Session, waiting: Waiting) -> None:
    """L13."""
    browser = office("moderator")
    page = browser.open(at(waiting("Frau Beispiel aus dem dritten Stock sagt das auch immer wieder.")))
    assert "Frau Beispiel" in page.text(".moderation__alarm")
    page = browser.submit(APPROVE)
    assert page.status == 422
    assert decided(session) == []
    browser.submit(APPROVE, no_third_parties=True)
    assert decided(session) == ["approve"]


def test_without_such_a_hint_no_tick_is_asked_for(office: Office, waiting: Waiting) -> None:
    page = office("moderator").open(at(waiting("Das kostet Zeit, die im Gespräch mit den Menschen fehlt.")))
    assert not page.has("[name=no_third_parties]")


def test_edge_18_the_page_of_an_older_text_publishes_nothing(
    office: Office, session: Session, waiting: Waiting
) -> None:
    comment = waiting("Der erste Text.")
    browser = office("moderator")
    browser.open(at(comment))
    comments.edit_comment(session, comment, "Der zweite Text.", now())
    page = browser.submit(APPROVE)
    assert page.status == 409
    assert "wurde inzwischen geändert" in page.text(".moderation__notice")
    assert "Der zweite Text." in page.text(".moderation__text")
    assert decided(session) == []
    browser.submit(APPROVE)
    session.expire_all()
    assert comment.published_number == 2


def test_edge_18_the_second_moderator_gets_409_and_keeps_the_words(
    office: Office, session: Session, waiting: Waiting
) -> None:
    comment = waiting()
    first, second = office("moderator", name="Erste Person"), office("moderator", name="Zweite Person")
    first.open(at(comment))
    second.open(at(comment))
    first.submit(APPROVE)
    page = second.submit(REJECT, reason="insult", facts="Mit Mühe geschrieben.")
    assert page.status == 409
    assert "Inzwischen hat Erste Person diesen Kommentar freigegeben." in page.text(".moderation__notice")
    assert "Mit Mühe geschrieben." in page.text("#facts")
    assert decided(session) == ["approve"]
    assert decision_mails(session) == ["approved"]
    assert session.scalars(select(AuditEntry.act).where(AuditEntry.act.startswith("comment."))).all() == [
        "comment.approve"
    ]


def test_words_that_have_no_place_any_more_are_still_shown(office: Office, waiting: Waiting) -> None:
    comment = waiting()
    first, second = office("moderator"), office("moderator")
    for one in (first, second):
        one.open(at(comment))
    first.submit(REJECT, reason="insult", facts="Wegen des zweiten Satzes.")
    page = second.submit(RETURN, changes="Mit Mühe geschrieben.")
    assert page.status == 409
    assert not page.has(RETURN)
    assert "Mit Mühe geschrieben." in page.text(".moderation__decide")


def test_deciding_on_what_its_author_has_taken_back(office: Office, session: Session, waiting: Waiting) -> None:
    comment = waiting()
    browser = office("moderator")
    browser.open(at(comment))
    comments.delete_comment(session, comment, now())
    page = browser.submit(APPROVE)
    assert page.path == QUEUE
    assert "inzwischen zurückgezogen" in page.text(".moderation__notice")


def test_edge_18_two_moderators_press_at_once(app: Flask, office: Office, session: Session, waiting: Waiting) -> None:
    """Real threads, each with a client of its own."""
    comment = waiting()
    browsers = [office("moderator"), office("moderator")]
    address = at(comment)
    sent = [one.open(address).fields(APPROVE) for one in browsers]
    session.commit()
    del app.extensions["test_session"]
    start = Barrier(2, timeout=30)

    def press(number: int) -> int:
        start.wait()
        return int(browsers[number].client.post(address, data=sent[number]).status_code)

    with ThreadPoolExecutor(2) as pool:
        codes = sorted(pool.map(press, range(2)))
    app.extensions["test_session"] = session
    assert codes == [303, 409]
    assert decided(session) == ["approve"]
    assert decision_mails(session) == ["approved"]


def test_an_edit_can_be_rejected_alone_or_with_what_is_public(
    office: Office, session: Session, published: Write
) -> None:
    comment = published("Gut.")
    comments.edit_comment(session, comment, "Schlecht.", now())
    browser = office("moderator")
    page = browser.open(at(comment))
    assert page.attribute("[name=rejected][checked]", "value") == "latest"
    browser.submit(REJECT, reason="insult", facts="Wegen.", rejected="both")
    session.expire_all()
    assert (comment.status, comment.published_number) == ("rejected", None)


def test_own_comments_show_no_buttons_and_take_none(
    office: Office, session: Session, waiting: Waiting, settings: Settings
) -> None:
    comment = waiting(email="mo@example.org")
    organiser = add_organiser(session, "moderator", email="mo@example.org")
    browser = office(organiser=organiser)
    page = browser.open(at(comment))
    assert "haben Sie selbst geschrieben" in page.text(".moderation__decide")
    assert not page.has(APPROVE)
    token = page.attribute("input[name=csrf_token]", "value")
    answer = browser.client.post(
        at(comment), data={"csrf_token": token, "act": "approve", "version": str(comment.version)}
    )
    assert answer.status_code == 403
    assert decided(session) == []


def test_an_act_that_there_is_none_of_is_refused(office: Office, waiting: Waiting) -> None:
    browser = office("moderator")
    page = browser.open(at(waiting()))
    token = page.attribute("input[name=csrf_token]", "value")
    answer = browser.client.post(page.path, data={"csrf_token": token, "act": "delete", "version": "1"})
    assert answer.status_code == 400


# Roles


def test_an_auditor_reads_and_changes_nothing(
    office: Office, session: Session, waiting: Waiting, published: Write, decide: Decide, settings: Settings
) -> None:
    comment = waiting()
    decide(comment, "reject")
    filed = moderation.file_appeal(session, settings, comment, "Doch.", now())
    other = published("Der andere.", email="bo@example.org")
    moderation.file_report(session, settings, other, reason="insult", explanation="X.", language="de", now=now())
    session.commit()
    assert filed is not None
    browser = office("auditor")
    for address in (
        QUEUE,
        at(comment),
        "/redaktion/meldungen",
        f"/redaktion/meldungen/{other.id}",
        "/redaktion/widersprueche",
        f"/redaktion/widersprueche/{filed.id}",
        "/redaktion/sperren",
        "/redaktion/diskussion",
    ):
        page = browser.open(address)
        assert page.status == 200, address
        assert "Rolle Prüfung" in page.text(), address
        assert not page.has("main form[method=post]"), address
        token = page.attribute("input[name=csrf_token]", "value")
        assert browser.client.post(address, data={"csrf_token": token}).status_code in {403, 405}, address


@pytest.mark.parametrize("address", ["", "/kommentare", "/meldungen", "/widersprueche", "/sperren", "/diskussion"])
def test_an_editor_does_not_moderate(office: Office, address: str) -> None:
    page = office("editor").open(f"/redaktion{address}")
    assert page.status == (403 if address else 200)
    assert not {"Kommentar wartet", "Kommentare warten"} & set(page.texts(".work__label, .nothing li"))


def test_the_start_page_says_what_waits(
    office: Office, session: Session, waiting: Waiting, published: Write, settings: Settings, decide: Decide
) -> None:
    waiting()
    rejected = waiting("Weg damit.", email="bo@example.org")
    decide(rejected, "reject")
    moderation.file_appeal(session, settings, rejected, "Doch.", now())
    other = published("Öffentlich.", email="cem@example.org")
    moderation.file_report(session, settings, other, reason="insult", explanation="X.", language="de", now=now())
    session.commit()
    items = office("moderator").open("/redaktion").texts(".work__item")
    assert items[:3] == ["1 Kommentar wartet", "1 offene Meldung", "1 offener Widerspruch"]


def test_the_start_page_and_the_lists_that_it_leads_to_count_the_same(
    office: Office, session: Session, waiting: Waiting, published: Write, decide: Decide
) -> None:
    waiting("Eins.")
    waiting("Zwei.", email="bo@example.org")
    decide(waiting("Drei.", email="cem@example.org"), "hold")
    edited = published("Öffentlich.", email="dora@example.org")
    comments.edit_comment(session, edited, "Öffentlich und geändert.", now())
    browser = office("moderator")
    items = browser.open("/redaktion").texts(".work__item")
    assert items[:2] == ["3 Kommentare warten", "1 zurückgestellter Kommentar"]
    for item, listed in ((0, "Wartend (3)"), (1, "Zurückgestellt (1)")):
        browser.open("/redaktion")
        browser.open(browser.page.tree.css(".work__item")[item].attributes["href"] or "")
        assert browser.page.texts(".moderation__states [aria-current]") == [listed]
        assert len(browser.page.texts(".moderation__list > li")) == int(listed[-2])


def test_the_log_leads_to_comments_reports_and_objections_that_are_still_there(
    office: Office, session: Session, waiting: Waiting, published: Write, settings: Settings, decide: Decide
) -> None:
    rejected, reported = waiting("Weg damit."), published("Öffentlich.", email="bo@example.org")
    decide(rejected, "reject")
    appeal = moderation.file_appeal(session, settings, rejected, "Doch.", now())
    report = moderation.file_report(
        session, settings, reported, reason="insult", explanation="X.", language="de", now=now()
    )
    assert appeal is not None
    assert report is not None
    for subject in (f"report {report.id}", f"appeal {appeal.id}"):
        audit.record(session, None, "probe", subject, now())
    browser = office("auditor")
    pages = {
        f"Kommentar {reported.id}": f"/redaktion/kommentare/{reported.id}",
        f"Kommentar {rejected.id}": f"/redaktion/kommentare/{rejected.id}",
        f"Meldung {report.id}": f"/redaktion/meldungen/{reported.id}",
        f"Widerspruch {appeal.id}": f"/redaktion/widersprueche/{appeal.id}",
    }
    assert pages.items() <= links(browser.open("/redaktion/protokoll")).items()
    for address in pages.values():
        assert browser.open(address).status == 200, address
    published("Eine Antwort, wegen der ein Platzhalter bleibt.", email="cem@example.org", to=reported)
    for comment in (reported, rejected):
        comments.delete_comment(session, comment, now())
    assert not pages.keys() & links(browser.open("/redaktion/protokoll")).keys()


def links(page: Page) -> dict[str, str | None]:
    return {link.text(): link.attributes["href"] for link in page.tree.css("main tbody td a")}


def test_a_decision_says_which_text_it_was_about_and_when_that_was_written(
    office: Office, session: Session, published: Write
) -> None:
    comment = published("Öffentlich.")
    browser = office("moderator")
    address = f"/redaktion/kommentare/{comment.id}"
    assert not browser.open(address).has(".moderation__history .eyebrow"), "there is only one text"
    comments.edit_comment(session, comment, "Öffentlich und geändert.", now())
    page = browser.open(address)
    (about,) = page.texts(".moderation__history .eyebrow")
    assert re.fullmatch(r"galt dem 1\. Text, vom \d\d\.\d\d\.\d{4}, \d\d:\d\d", about)
    assert page.attribute(".moderation__history .eyebrow time", "datetime") == comment.texts[0].written_at.isoformat()
    assert re.search(r"Der neueste ist der 2\. Text, vom \d\d\.\d\d\.\d{4}, \d\d:\d\d\.", page.text())


# Reports


@pytest.fixture
def reported(session: Session, settings: Settings, published: Write, book: AddressBook) -> Comment:
    """A public comment that two readers have reported, one of them with name and address."""
    comment = published("Ein strittiger Satz.", thesis="ort")
    for name, address in (("Lea Leserin", book.identify("lea@example.org")), (None, None)):
        moderation.file_report(
            session,
            settings,
            comment,
            reason="insult",
            explanation="Das verletzt mich.",
            name=name,
            address=address,
            language="de",
            now=now(),
        )
    session.commit()
    return comment


def test_without_reports_the_page_says_so(office: Office) -> None:
    assert "Keine Meldung wartet" in office("moderator").open("/redaktion/meldungen").text()


def test_taking_a_reported_comment_down(office: Office, session: Session, reported: Comment) -> None:
    browser = office("moderator")
    page = browser.open("/redaktion/meldungen")
    assert "2 Meldungen" in page.text(".moderation__list")
    page = browser.follow(f"Kommentar {reported.id}")
    assert page.text(".moderation__history").count("Das verletzt mich.") == 2
    form = 'form:has([name=act][value="take_down"])'
    page = browser.submit(form, facts="Der Satz beleidigt.")
    assert page.status == 422
    page = browser.submit(form, reason="insult")
    assert page.path == "/redaktion/meldungen"
    assert "entschieden" in page.text(".moderation__notice")
    session.expire_all()
    assert reported.published_number is None
    assert decision_mails(session) == ["approved", "report_received", "rejected", "report_decided"]


def test_letting_a_reported_comment_stand(office: Office, session: Session, reported: Comment) -> None:
    browser = office("moderator")
    browser.open(f"/redaktion/meldungen/{reported.id}")
    form = 'form:has([name=act][value="dismiss"])'
    assert browser.submit(form).status == 422
    browser.submit(form, explanation="Das ist eine Meinung.")
    session.expire_all()
    assert reported.published_number == 1
    assert {one.status for one in session.scalars(select(Report))} == {"dismissed"}


def test_reports_that_came_meanwhile_are_not_decided_unseen(
    office: Office, session: Session, reported: Comment, settings: Settings
) -> None:
    browser = office("moderator")
    browser.open(f"/redaktion/meldungen/{reported.id}")
    moderation.file_report(
        session, settings, reported, reason="client_data", explanation="Neu.", language="de", now=now()
    )
    browser.submit('form:has([name=act][value="dismiss"])', explanation="Das ist eine Meinung.")
    assert [one.status for one in session.scalars(select(Report).order_by(Report.id))][-1] == "open"


def test_reports_on_what_is_gone_are_closed(
    office: Office, session: Session, reported: Comment, decide: Decide
) -> None:
    decide(reported, "reject")
    browser = office("moderator")
    page = browser.open(f"/redaktion/meldungen/{reported.id}")
    assert "nicht mehr öffentlich" in page.text()
    browser.submit("main .moderation__decide form")
    assert {one.status for one in session.scalars(select(Report))} == {"acted"}


def test_two_who_decide_on_reports(office: Office, session: Session, reported: Comment) -> None:
    first, second = office("moderator"), office("moderator")
    for one in (first, second):
        one.open(f"/redaktion/meldungen/{reported.id}")
    form = 'form:has([name=act][value="dismiss"])'
    first.submit(form, explanation="Das ist eine Meinung.")
    page = second.submit(form, explanation="Finde ich auch.")
    assert page.status == 409
    assert "Finde ich auch." in page.text()


# Appeals


@pytest.fixture
def appealed(session: Session, settings: Settings, waiting: Waiting) -> tuple[Organiser, Appeal]:
    """Who rejected a comment, and the objection to that."""
    first = add_organiser(session, "moderator", name="Erste Person")
    comment = waiting("Ein strittiger Satz.")
    moderation.decide(
        session,
        settings,
        comment.id,
        comment.version,
        "reject",
        by=first.id,
        now=now(),
        reason="insult",
        statement="Der Satz beleidigt.",
    )
    appeal = moderation.file_appeal(session, settings, comment, "Das war ein Zitat.", now())
    session.commit()
    assert appeal is not None
    return first, appeal


def test_a_second_moderator_decides_on_an_objection(
    office: Office, session: Session, appealed: tuple[Organiser, Appeal]
) -> None:
    browser = office("moderator", name="Zweite Person")
    page = browser.open("/redaktion/widersprueche")
    page = browser.follow(f"Widerspruch zu Kommentar {appealed[1].comment_id}")
    assert "Das war ein Zitat." in page.text(".moderation__paper")
    assert "Der Satz beleidigt." in page.text(".moderation__paper")
    page = browser.submit("main form", outcome="reversed")
    assert page.status == 422
    page = browser.submit("main form", answer="Sie haben recht: Es war ein Zitat.")
    assert "Widerspruch hatte Erfolg" in page.text()
    session.expire_all()
    assert appealed[1].comment.published_number == 1


def test_the_first_moderator_is_told_who_can_decide(
    office: Office, session: Session, appealed: tuple[Organiser, Appeal]
) -> None:
    first, appeal = appealed
    browser = office(organiser=first)
    page = browser.open(f"/redaktion/widersprueche/{appeal.id}")
    assert "Außer Ihnen moderiert gerade niemand" in page.text(".moderation__decide")
    assert not page.has("main form[method=post]")
    add_organiser(session, "moderator", name="Zweite Person")
    page = browser.open(f"/redaktion/widersprueche/{appeal.id}")
    assert "Das kann: Zweite Person" in page.text(".moderation__decide")
    token = page.attribute("input[name=csrf_token]", "value")
    fields = {"csrf_token": token, "version": str(appeal.comment.version), "outcome": "upheld", "answer": "Nein."}
    assert browser.client.post(page.path, data=fields).status_code == 403
    session.expire_all()
    assert appeal.status == "open"


def test_two_who_decide_on_an_objection(office: Office, session: Session, appealed: tuple[Organiser, Appeal]) -> None:
    browsers = [office("moderator"), office("moderator")]
    for one in browsers:
        one.open(f"/redaktion/widersprueche/{appealed[1].id}")
    browsers[0].submit("main form", outcome="upheld", answer="Es bleibt dabei.")
    page = browsers[1].submit("main form", outcome="reversed", answer="Mit Mühe geschrieben.")
    assert page.status == 409
    assert "Mit Mühe geschrieben." in page.text()
    session.expire_all()
    assert appealed[1].status == "upheld"


# Blocked addresses, closing


def test_blocking_and_lifting(office: Office, session: Session, waiting: Waiting) -> None:
    comment = waiting()
    browser = office("moderator")
    browser.open(at(comment))
    form = 'form[action$="/sperren"]'
    assert browser.submit(form, block_reason="").status == 422
    page = browser.submit(form, block_reason="Werbung in Serie")
    assert "Die Adresse ist gesperrt" in page.text(".moderation__notice")
    page = browser.open("/redaktion/sperren")
    assert "Werbung in Serie" in page.text()
    assert str(comment.email) not in page.response.text
    assert re.search(r"\b[0-9a-f]{10}…", page.text())
    page = browser.submit("main form")
    assert "Die Sperre ist aufgehoben" in page.text(".moderation__notice")
    assert session.scalars(select(BlockedAddress)).all() == []


def test_closing_one_thesis_and_everything(office: Office, session: Session, revision: object) -> None:
    browser = office("moderator")
    page = browser.open("/redaktion/diskussion")
    assert [text.split()[-1] for text in page.texts(".moderation__closing .eyebrow")] == ["offen"] * 4
    browser.submit('form:has([name=these][value="ort"])')
    browser.submit('form:has([name=these][value=""])')
    assert "Die ganze Diskussion ist geschlossen" in browser.page.text()
    assert sorted(moderation_closures(session)) == ["", "ort"]
    browser.submit('form:has([name=these][value=""])')
    assert moderation_closures(session) == ["ort"]


def test_closing_what_is_no_thesis_is_refused(office: Office, revision: object) -> None:
    browser = office("moderator")
    page = browser.open("/redaktion/diskussion")
    token = page.attribute("input[name=csrf_token]", "value")
    assert browser.client.post(page.path, data={"csrf_token": token, "these": "nichts"}).status_code == 404


def moderation_closures(session: Session) -> list[str]:
    """The keys of what is closed."""
    from portal.discussion import desk

    session.expire_all()
    return list(desk.closures(session))


def test_pages_have_no_inline_script_or_style(office: Office, waiting: Waiting) -> None:
    """The content security policy would refuse them."""
    browser = office("moderator")
    page: Page = browser.open(at(waiting()))
    assert not page.has("[style], [onclick], script:not([src])")
    assert isinstance(browser, Browser)
