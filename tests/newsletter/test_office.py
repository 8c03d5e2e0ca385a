"""The office's pages, as editors use them without JavaScript."""

import csv
import io
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from portal.mail.models import OBJECTED, OutboxMail, Suppression
from portal.newsletter import preflight, recipients, releasing
from portal.newsletter.models import (
    BOUNCED,
    FINISHED,
    PAUSED,
    READY,
    RUNNING,
    SCHEDULED,
    SENT,
    UNCERTAIN,
    Campaign,
    Delivery,
    Issue,
    Trial,
)
from portal.organisers import sessions
from portal.organisers.models import AuditEntry
from portal.subscribers.segments import Segment
from tests.browser import Browser, Page
from tests.conftest import MakeApp
from tests.letters import letters, part
from tests.newsletter.conftest import subscribed
from tests.newsletter.writing import BOTH, GERMAN, asked, begun, written
from tests.office import Office, add_organiser, log_in
from tests.revisions import publish_revision

WRITING = "/redaktion/newsletter"
ASK = "#check [value=ask]"
"""The button that asks for release."""


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch, segments: dict[str, Segment]) -> None:
    """Nobody asks DNS, and there are people to write to."""
    monkeypatch.setattr(preflight, "txt_records", lambda _where: None)


@pytest.fixture
def declared(session: Session) -> None:
    """A declaration that links can lead to."""
    publish_revision(session)


def write(browser: Browser, **typed: str) -> int:
    """A new issue with what was typed; its number."""
    browser.open(WRITING)
    browser.submit("main form[method=post]", kind="newsletter")
    number = int(browser.page.path.rsplit("/", 1)[1])
    browser.submit("form.composer", button="Speichern und ansehen", **typed)
    return number


def try_out(browser: Browser) -> None:
    """A test mail."""
    browser.submit("#check", button="Testmail an mich schicken")


def ask(browser: Browser) -> None:
    """The request for release, by the button of the page that checks."""
    browser.submit("#check", button="Freigabe erbitten")


def both() -> dict[str, str]:
    """What is typed to write `BOTH`."""
    subjects = {f"subject_{language}": subject for language, (subject, _body) in BOTH.items()}
    return subjects | {f"body_{language}": body for language, (_subject, body) in BOTH.items()}


def test_from_an_empty_page_to_a_released_campaign(
    app: Flask, session: Session, office: Office, declared: None
) -> None:
    """Write, look, try out, ask, release by somebody else with the number typed."""
    subscribed(app, session, "ada@example.org", name="Ada Muster")
    subscribed(app, session, "bob@example.org", "en")
    browser = office("editor", name="Jana Schreibt")
    number = write(browser, **both())
    assert browser.page.has(".notice--success")
    frame = browser.page.attribute("iframe", "src") or ""
    assert "Guten Tag Jana Schreibt" in browser.client.get(frame).text

    browser.submit("form.composer", button="Weiter: prüfen und Freigabe erbitten")
    assert browser.page.path == f"{WRITING}/{number}/pruefen"
    assert browser.page.text(".audience") == "Die Mail ginge jetzt an 2 Menschen."
    assert not browser.page.has(ASK), "a test mail is missing"
    try_out(browser)
    subjects = [letter["Subject"] for letter in letters(app, session)]
    assert subjects == ["[Test] Wie es weitergeht", "[Test] How it goes on"]
    ask(browser)
    campaign = session.scalars(select(Campaign)).one()
    assert (campaign.status, {text.language for text in campaign.texts}) == (READY, {"de", "en"})
    assert not browser.page.has(f'a[href="{WRITING}/aussendungen/{campaign.id}/freigeben"]')
    browser.open(f"{WRITING}/aussendungen/{campaign.id}/freigeben")
    assert not browser.page.has("#release"), "nobody releases what she has asked for"

    second = office("editor")
    assert "1 Newsletter wartet auf Freigabe" in second.open("/redaktion").text(".work")
    page = second.open(f"{WRITING}/aussendungen/{campaign.id}/freigeben")
    assert page.text(".audience strong") == "2"
    second.submit("#release", count="2")
    session.refresh(campaign)
    assert campaign.status == SCHEDULED
    acts = session.scalars(select(AuditEntry.act).where(AuditEntry.subject == f"campaign {campaign.id}")).all()
    assert acts == ["campaign.ask", "campaign.release"]


def test_who_asked_cannot_release_by_posting(app: Flask, session: Session, office: Office, declared: None) -> None:
    subscribed(app, session, "ada@example.org")
    author = add_organiser(session, "editor")
    campaign = asked(session, author)
    browser = log_in(app, session, author)
    token = browser.open(f"{WRITING}/aussendungen/{campaign.id}").attribute("[name=csrf_token]", "value")
    answer = browser.client.post(
        f"{WRITING}/aussendungen/{campaign.id}/freigeben",
        data={"csrf_token": token, "seen": campaign.content_sha256, "count": "1", "when": "now"},
    )
    assert answer.status_code == 403
    session.refresh(campaign)
    assert campaign.status == READY


def test_where_two_pairs_of_eyes_are_switched_off_one_person_releases(
    make_app: MakeApp, session: Session, app: Flask, declared: None
) -> None:
    subscribed(app, session, "ada@example.org")
    author = add_organiser(session, "editor")
    campaign = asked(session, author)
    alone = make_app(newsletter_four_eyes=False)
    alone.extensions |= {"segments": app.extensions["segments"], "test_session": session}
    browser = log_in(alone, session, author)
    browser.open(f"{WRITING}/aussendungen/{campaign.id}/freigeben")
    browser.submit("#release", count="1")
    session.refresh(campaign)
    assert campaign.status == SCHEDULED


@pytest.mark.parametrize("typed", ["", "2", "eins", "1e0"])
def test_the_number_has_to_be_typed(app: Flask, session: Session, office: Office, declared: None, typed: str) -> None:
    subscribed(app, session, "ada@example.org")
    campaign = asked(session, add_organiser(session, "editor"))
    browser = office("editor")
    browser.open(f"{WRITING}/aussendungen/{campaign.id}/freigeben")
    page = browser.submit("#release", count=typed)
    assert page.status == 422
    assert page.has("#count-error")
    session.refresh(campaign)
    assert campaign.status == READY


def test_another_content_than_was_seen_is_not_released(
    app: Flask, session: Session, office: Office, declared: None
) -> None:
    subscribed(app, session, "ada@example.org")
    campaign = asked(session, add_organiser(session, "editor"))
    browser = office("editor")
    browser.open(f"{WRITING}/aussendungen/{campaign.id}/freigeben")
    page = browser.submit("#release", count="1", seen="0" * 64)
    assert page.status == 409
    session.refresh(campaign)
    assert campaign.status == READY


@pytest.mark.parametrize(
    ("day", "time", "at", "words"),
    [
        ("2027-10-31", "02:30", datetime(2027, 10, 31, 0, 30, tzinfo=UTC), "gemeint ist die erste"),
        ("2027-03-28", "02:30", datetime(2027, 3, 28, 1, 30, tzinfo=UTC), "eine Stunde später"),
        ("2027-06-01", "09:00", datetime(2027, 6, 1, 7, 0, tzinfo=UTC), "Freigegeben"),
    ],
)
def test_a_campaign_is_scheduled_by_the_clock_of_berlin(
    app: Flask, session: Session, office: Office, declared: None, day: str, time: str, at: datetime, words: str
) -> None:
    """Edge case 29: 02:30 on the night the clocks change is one moment, and the page says which."""
    subscribed(app, session, "ada@example.org")
    campaign = asked(session, add_organiser(session, "editor"))
    browser = office("editor")
    browser.open(f"{WRITING}/aussendungen/{campaign.id}/freigeben")
    page = browser.submit("#release", count="1", when="later", day=day, time=time)
    assert words in page.text()
    session.refresh(campaign)
    assert campaign.starts_at == at


@pytest.mark.parametrize(
    ("day", "time"),
    [("", ""), ("2020-01-01", "09:00"), ("morgen", "früh"), ("0001-01-01", "00:00"), ("9999-12-31", "23:59")],
)
def test_a_time_that_is_none_or_over_is_refused(
    app: Flask, session: Session, office: Office, declared: None, day: str, time: str
) -> None:
    subscribed(app, session, "ada@example.org")
    campaign = asked(session, add_organiser(session, "editor"))
    browser = office("editor")
    browser.open(f"{WRITING}/aussendungen/{campaign.id}/freigeben")
    page = browser.submit("#release", count="1", when="later", day=day, time=time)
    session.refresh(campaign)
    if day == "9999-12-31":
        assert campaign.status == SCHEDULED
    else:
        assert (page.status, campaign.status) == (422, READY)
        assert page.attribute("#day", "value") == day


def test_who_saves_an_older_version_learns_who_was_faster_and_keeps_the_text(
    app: Flask, session: Session, office: Office
) -> None:
    one, other = office("editor", name="Erste Person"), office("editor", name="Zweite Person")
    number = write(one, subject_de="Anfang", body_de="Text")
    other.open(f"{WRITING}/{number}")
    one.submit("form.composer", button="Speichern und ansehen", body_de="Text der Ersten")
    page = other.submit("form.composer", button="Speichern und ansehen", body_de="Text der Zweiten")
    assert page.status == 409
    assert "Erste Person hat diese Ausgabe um" in page.text(".notice--warning")
    assert page.fields("form.composer")["body_de"].strip() == "Text der Zweiten"
    assert "Text der Ersten" in page.text(".composer__stored")
    other.submit("form.composer", button="Speichern und ansehen")
    assert session.get_one(Issue, number).texts[0].body == "Text der Zweiten"


def test_autosave_says_the_version_or_who_was_faster(app: Flask, session: Session, office: Office) -> None:
    one, other = office("editor", name="Erste Person"), office("editor")
    number = write(one, subject_de="Anfang", body_de="Text")
    fields = other.open(f"{WRITING}/{number}").fields("form.composer")
    saved = other.client.post(f"{WRITING}/{number}/entwurf", data=fields | {"body_de": "Neu"})
    assert saved.status_code == 200
    assert int(saved.get_json()["version"]) == int(fields["version"]) + 1
    late = other.client.post(f"{WRITING}/{number}/entwurf", data=fields | {"body_de": "Zu spät"})
    assert late.status_code == 409
    assert "Sie haben diese Ausgabe um" in late.get_json()["message"]
    assert session.get_one(Issue, number).texts[0].body == "Neu"
    refused = other.client.post(f"{WRITING}/{number}/entwurf", data=fields | {"subject_de": "x" * 201})
    assert refused.status_code == 422
    assert "200 Zeichen" in refused.get_json()["message"]
    refused = other.client.post(f"{WRITING}/{number}/entwurf", data=fields | {"body_de": "x" * 60_001})
    assert refused.status_code == 422
    assert "60 000 Zeichen" in refused.get_json()["message"]


def test_a_preview_shows_nothing_but_itself(app: Flask, session: Session, office: Office) -> None:
    browser = office("editor")
    number = write(browser, subject_de="Hallo <script>alert(1)</script>", body_de="<script>alert(1)</script> {{7*7}}")
    page = browser.open(f"{WRITING}/{number}")
    assert "frame-src 'self'" in page.response.headers["Content-Security-Policy"]
    light, dark, text = (
        browser.client.get(f"{WRITING}/{number}/ansicht/de-{look}") for look in ("hell", "dunkel", "text")
    )
    for answer in (light, dark, text):
        assert answer.headers["Content-Security-Policy"].endswith("frame-ancestors 'self'; sandbox allow-same-origin")
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert answer.headers["Cache-Control"] == "no-store"
    assert "<script" not in light.text
    assert "{{7*7}}" in light.text
    assert "{{7*7}}" in text.text
    assert "(prefers-color-scheme" not in light.text + dark.text
    assert text.content_type == "text/plain; charset=utf-8"
    assert browser.client.get(f"{WRITING}/{number}/ansicht/en-hell").status_code == 404
    assert browser.client.get(f"{WRITING}/{number}/ansicht/de-bunt").status_code == 404


def test_after_a_change_the_test_mail_counts_no_more(
    app: Flask, session: Session, office: Office, declared: None
) -> None:
    subscribed(app, session, "ada@example.org")
    browser = office("editor")
    number = write(browser, **both())
    browser.open(f"{WRITING}/{number}/pruefen")
    try_out(browser)
    seen = browser.page.fields("#check", "Freigabe erbitten")
    browser.open(f"{WRITING}/{number}")
    browser.submit(
        "form.composer", button="Weiter: prüfen und Freigabe erbitten", body_de="Anders. [Mehr](/erklaerung)"
    )
    assert not browser.page.has(ASK)
    answer = browser.client.post(f"{WRITING}/{number}/pruefen", data=seen)
    assert answer.status_code == 422
    assert session.scalar(select(func.count()).select_from(Campaign)) == 0


def test_to_ask_twice_leads_to_the_campaign_that_there_is(
    app: Flask, session: Session, office: Office, declared: None
) -> None:
    subscribed(app, session, "ada@example.org")
    browser = office("editor")
    number = write(browser, **both())
    browser.open(f"{WRITING}/{number}/pruefen")
    try_out(browser)
    seen = browser.page.fields("#check", "Freigabe erbitten")
    ask(browser)
    answer = browser.client.post(f"{WRITING}/{number}/pruefen", data=seen)
    campaign = session.scalars(select(Campaign)).one()
    assert (answer.status_code, answer.location) == (303, f"{WRITING}/aussendungen/{campaign.id}?getan=schon")


@pytest.mark.parametrize(
    ("step", "changed", "status"),
    [
        ("ask", {"seen": "0" * 64}, 409),
        ("ask", {"segment": "older-revision"}, 422),
        ("ask", {"segment": "older-revision", "counted": "segment=older-revision"}, 422),
        ("ask", {"segment": "anybody"}, 422),
        ("try", {"seen": "0" * 64}, 409),
    ],
)
def test_only_what_was_seen_is_tried_out_and_asked_for_and_only_to_people_of_its_kind(
    app: Flask, session: Session, office: Office, declared: None, step: str, changed: dict[str, str], status: int
) -> None:
    subscribed(app, session, "ada@example.org")
    browser = office("editor")
    number = write(browser, **both())
    browser.open(f"{WRITING}/{number}/pruefen")
    try_out(browser)
    fields = browser.page.fields("#check") | {"step": step} | changed
    assert browser.client.post(f"{WRITING}/{number}/pruefen", data=fields).status_code == status
    assert session.scalar(select(func.count()).select_from(Campaign)) == 0
    assert session.scalar(select(func.count()).select_from(OutboxMail)) == 2, "the first test mails, and no others"


def test_a_choice_that_was_not_counted_is_asked_for_only_after_it_was_seen(
    app: Flask, session: Session, office: Office, declared: None
) -> None:
    """What stands in the lists counts, whether or not somebody has pressed the button that counts."""
    subscribed(app, session, "ada@example.org")
    subscribed(app, session, "bob@example.org", "en")
    browser = office("editor")
    number = write(browser, **both())
    browser.open(f"{WRITING}/{number}/pruefen")
    try_out(browser)
    page = browser.submit("#check", button="Freigabe erbitten", language="de")
    assert page.status == 422
    assert "Sie haben die Auswahl geändert. Jetzt wäre es 1 Mensch." in page.text(".notice--error")
    assert page.text(".audience strong") == "1"
    assert page.fields("#check")["language"] == "de", "the choice is kept"
    assert session.scalar(select(func.count()).select_from(Campaign)) == 0
    ask(browser)
    assert session.scalars(select(Campaign)).one().narrowed == {"language": "de"}


def test_the_choice_stays_with_the_test_mail_and_with_counting(
    app: Flask, session: Session, office: Office, declared: None
) -> None:
    subscribed(app, session, "ada@example.org")
    subscribed(app, session, "bob@example.org", "en")
    browser = office("editor")
    number = write(browser, **both())
    browser.open(f"{WRITING}/{number}/pruefen")
    page = browser.submit("#check", button="Testmail an mich schicken", language="en")
    assert "Die Testmails (Deutsch, Englisch) an" in page.text(".notice--success")
    assert (page.fields("#check")["language"], page.text(".audience strong")) == ("en", "1")
    assert browser.submit("#check", button="Auswahl zählen", language="").text(".audience strong") == "2"
    auditor = office("auditor")
    auditor.open(f"{WRITING}/{number}/pruefen")
    assert auditor.page.attribute("#check", "method") == "get", "an auditor may count"
    assert not auditor.page.has(ASK)


def test_one_question_with_two_findings_is_one_thing_to_do(
    app: Flask, session: Session, office: Office, declared: None
) -> None:
    subscribed(app, session, "ada@example.org")
    browser = office("editor")
    number = write(browser, **both())
    page = browser.open(f"{WRITING}/{number}/pruefen")
    assert len(page.texts(".check--open li")) == 2, "no test mail in either language"
    assert "Vorher ist noch 1 Punkt der Liste zu erledigen." in page.text("#check")


def test_a_test_mail_of_one_is_none_of_another(app: Flask, session: Session, office: Office, declared: None) -> None:
    subscribed(app, session, "ada@example.org")
    one, other = office("editor"), office("editor")
    number = write(one, **both())
    one.open(f"{WRITING}/{number}/pruefen")
    try_out(one)
    assert one.page.has(ASK)
    assert not other.open(f"{WRITING}/{number}/pruefen").has(ASK)


def test_the_test_mail_is_what_would_go_out_and_unsubscribes_nobody(
    app: Flask, session: Session, office: Office, declared: None
) -> None:
    browser = office("editor", name="Jörg <b>Müller</b>")
    number = write(browser, subject_de=GERMAN[0], body_de=GERMAN[1])
    browser.open(f"{WRITING}/{number}/pruefen")
    try_out(browser)
    [letter] = letters(app, session)
    assert part(letter, "plain") == browser.client.get(f"{WRITING}/{number}/ansicht/de-text").text
    assert "Guten Tag Jörg &lt;b&gt;Müller&lt;/b&gt;" in part(letter, "html")
    assert "{{" not in part(letter, "plain") + part(letter, "html")
    assert session.scalars(select(Trial)).one().language == "de"


def test_the_count_follows_the_choice_and_suppression_wins(
    app: Flask, session: Session, office: Office, declared: None
) -> None:
    for number in range(3):
        subscribed(app, session, f"de{number}@example.org")
    subscribed(app, session, "en@example.org", "en")
    blocked = subscribed(app, session, "nie@example.org")
    session.add(Suppression(address_key=blocked.address_key, reason=OBJECTED, created_at=datetime.now(UTC)))
    browser = office("editor")
    issue = write(browser, **both())
    assert browser.open(f"{WRITING}/{issue}/pruefen").text(".audience strong") == "4"
    narrowed = browser.open(f"{WRITING}/{issue}/pruefen?{urlencode({'segment': 'subscribers', 'language': 'de'})}")
    assert narrowed.text(".audience strong") == "3"
    assert "gesperrte Adressen, schon abgezogen1" in narrowed.text(".summary-list")
    try_out(browser)
    ask(browser)
    assert session.scalars(select(Campaign)).one().narrowed == {"language": "de"}


def test_an_audience_of_nobody_says_so_before_anything_is_asked(
    app: Flask, session: Session, office: Office, declared: None
) -> None:
    """Edge case 26."""
    browser = office("editor")
    number = write(browser, **both())
    page = browser.open(f"{WRITING}/{number}/pruefen")
    assert "gehört niemand" in page.text(".checks")
    try_out(browser)
    assert not browser.page.has(ASK)


def test_editing_after_asking_does_not_change_what_goes_out(
    app: Flask, session: Session, office: Office, declared: None
) -> None:
    """Edge case 26."""
    subscribed(app, session, "ada@example.org")
    campaign = begun(app, session)
    browser = office("editor")
    browser.open(f"{WRITING}/{campaign.issue_id}")
    browser.submit("form.composer", button="Speichern und ansehen", body_de="Ganz anders", body_en="")
    session.refresh(campaign)
    assert {text.language: (text.subject, text.body.rstrip()) for text in campaign.texts} == {
        language: (subject, body.rstrip()) for language, (subject, body) in BOTH.items()
    }


def test_pause_resume_and_stop_are_steered_by_what_was_seen(
    app: Flask, session: Session, office: Office, declared: None
) -> None:
    for number in range(3):
        subscribed(app, session, f"de{number}@example.org")
    campaign = begun(app, session)
    address = f"{WRITING}/aussendungen/{campaign.id}"
    one, late = office("editor"), office("editor")
    page = one.open(address)
    assert "0 von 3 erledigt" in page.text()
    late.open(address)
    one.submit(f'form[action="{address}/anhalten"]')
    session.refresh(campaign)
    assert campaign.status == PAUSED
    assert late.submit(f'form[action="{address}/anhalten"]').status == 409
    assert "1 angehaltener Newsletter" in late.open("/redaktion").text(".work")
    late.open(address)
    one.submit(f'form[action="{address}/fortsetzen"]')
    session.refresh(campaign)
    assert campaign.status == RUNNING
    assert late.submit(f'form[action="{address}/abbrechen"]').status == 409, "she has seen it paused"
    session.refresh(campaign)
    assert campaign.status == RUNNING
    one.submit(f'form[action="{address}/abbrechen"]')
    assert "vorher abgebrochen3" in one.page.text('[aria-label="Warum jemand die Mail nicht bekam"]')


@pytest.mark.parametrize("act", ["fortsetzen", "ungewisse"])
def test_what_does_not_suit_the_state_changes_nothing(
    app: Flask, session: Session, office: Office, declared: None, act: str
) -> None:
    subscribed(app, session, "ada@example.org")
    running = begun(app, session)
    browser = office("editor")
    token = browser.open(f"{WRITING}/aussendungen/{running.id}").attribute("[name=csrf_token]", "value")
    data = {"csrf_token": token, "seen": RUNNING, "rule": "perhaps"}
    answer = browser.client.post(f"{WRITING}/aussendungen/{running.id}/{act}", data=data)
    assert answer.status_code == {"fortsetzen": 409, "ungewisse": 422}[act]
    session.refresh(running)
    assert (running.status, running.uncertain) == (RUNNING, "hold")


def test_what_is_released_shows_how_it_stands_and_not_how_to_release_it(
    app: Flask, session: Session, office: Office, declared: None
) -> None:
    subscribed(app, session, "ada@example.org")
    number = begun(app, session).id
    browser = office("editor")
    assert browser.open(f"{WRITING}/aussendungen/{number}/freigeben").path == f"{WRITING}/aussendungen/{number}"


def test_uncertain_letters_are_held_or_sent_once_more(
    app: Flask, session: Session, office: Office, declared: None
) -> None:
    subscribed(app, session, "ada@example.org")
    campaign = begun(app, session)
    delivery = session.scalars(select(Delivery)).one()
    delivery.status, delivery.reason = UNCERTAIN, "worker lost"
    campaign.status, campaign.ended_at = FINISHED, datetime.now(UTC)
    browser = office("editor")
    page = browser.open(f"{WRITING}/aussendungen/{campaign.id}")
    assert "Bei 1 Mail riss die Verbindung ab" in page.text(".acts")
    browser.submit("#uncertain", rule="resend")
    session.refresh(campaign)
    session.refresh(delivery)
    assert (campaign.status, delivery.status) == (RUNNING, "pending")


def test_the_file_of_those_not_reached_names_them_with_the_reason_and_is_logged(
    app: Flask, session: Session, office: Office, declared: None
) -> None:
    gone, bounced, _sent = (
        subscribed(app, session, f"{name}@example.org", name=name) for name in ("=weg", "hin", "da")
    )
    campaign = begun(app, session)
    rows = {row.recipient_id: row for row in session.scalars(select(Delivery))}
    rows[gone.id].status, rows[gone.id].reason = "skipped", "gone"
    rows[bounced.id].status, rows[bounced.id].reason = BOUNCED, "550 5.1.1"
    rows[_sent.id].status = SENT
    session.delete(gone)
    browser = office("editor")
    browser.open(f"{WRITING}/aussendungen/{campaign.id}")
    fields = browser.page.fields("#export")
    answer = browser.client.post(f"{WRITING}/aussendungen/{campaign.id}/nicht-verschickt", data=fields)
    found = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert [(row["address"], row["state"], row["reason"]) for row in found] == [
        ("", "skipped", "gone"),
        ("hin@example.org", "bounced", "550 5.1.1"),
    ]
    entry = session.scalars(select(AuditEntry).where(AuditEntry.act == "campaign.export")).one()
    assert entry.detail == {"rows": 2}


@pytest.mark.one_database  # PostgreSQL has statistics, and needs no hint
def test_a_state_is_looked_for_in_its_index(app: Flask, session: Session) -> None:
    campaign, asked_for = begun(app, session), []

    def note(_connection: Any, _cursor: Any, sql: str, values: Any, *_: Any) -> None:
        asked_for.append((sql, values))

    event.listen(session.get_bind(), "before_cursor_execute", note)
    recipients.page(session, campaign, UNCERTAIN)
    sql, values = asked_for[-1]
    plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all()
    assert "USING INDEX ix_deliveries_not_sent (campaign_id=? AND status=? AND recipient_id>?)" in str(plan)


def test_the_file_is_read_batch_by_batch_and_holds_up_nobody(
    app: Flask, session: Session, segments: dict[str, Segment], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        subscribed(app, session, f"person{number}@example.org")
    campaign = begun(app, session)
    session.commit()
    monkeypatch.setattr(recipients, "BATCH", 2)
    sizes = []
    for batch in recipients.not_sent(session, campaign, segments["subscribers"]):
        assert not session.in_transaction()
        sizes.append(len(batch))
    assert sizes == [2, 2, 1]


def test_releasing_and_exporting_ask_for_a_fresh_login(
    app: Flask, session: Session, office: Office, declared: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribed(app, session, "ada@example.org")
    waiting, running = asked(session, add_organiser(session, "editor")), begun(app, session)
    browser = office("editor")
    browser.open(f"{WRITING}/aussendungen/{waiting.id}/freigeben")
    release = browser.page.fields("#release") | {"count": "1"}
    export = browser.open(f"{WRITING}/aussendungen/{running.id}").fields("#export")
    monkeypatch.setattr(sessions, "is_fresh", lambda *_: False)
    browser.client.post(f"{WRITING}/aussendungen/{waiting.id}/freigeben", data=release)
    answer = browser.client.post(f"{WRITING}/aussendungen/{running.id}/nicht-verschickt", data=export)
    assert "ada@example.org" not in answer.text
    session.refresh(waiting)
    assert waiting.status == READY
    assert session.scalar(select(func.count()).where(AuditEntry.act == "campaign.export")) == 0


def test_nothing_is_released_to_nobody(app: Flask, session: Session, office: Office, declared: None) -> None:
    campaign = asked(session, add_organiser(session, "editor"))
    browser = office("editor")
    browser.open(f"{WRITING}/aussendungen/{campaign.id}/freigeben")
    token = browser.page.attribute("[name=csrf_token]", "value")
    data = {"csrf_token": token, "seen": campaign.content_sha256, "count": "0", "when": "now"}
    browser.client.post(f"{WRITING}/aussendungen/{campaign.id}/freigeben", data=data)
    session.refresh(campaign)
    assert campaign.status == READY


def test_recipients_are_listed_by_state_page_after_page(
    app: Flask, session: Session, office: Office, declared: None
) -> None:
    for number in range(205):
        subscribed(app, session, f"person{number}@example.org")
    campaign = begun(app, session)
    browser = office("editor")
    page = browser.open(f"{WRITING}/aussendungen/{campaign.id}/empfaenger")
    seen = page.texts("tbody tr")
    while page.has("a[rel=next]"):
        page = browser.open(page.attribute("a[rel=next]", "href") or "")
        seen += page.texts("tbody tr")
    assert len(seen) == len(set(seen)) == 205
    assert "@" not in " ".join(seen)
    assert browser.open(f"{WRITING}/aussendungen/{campaign.id}/empfaenger?stand=sent").texts("tbody tr") == []
    for row in session.scalars(select(Delivery).where(Delivery.recipient_id.in_([1, 150, 205]))):
        row.status = SENT
    found: list[int] = []
    after: int | None = 0
    while after is not None:
        rows, after = recipients.page(session, campaign, SENT, after=after, window=60)
        found += [row.recipient_id for row in rows]
    assert found == [1, 150, 205], "what was sent is looked for in windows"
    rows, after = recipients.page(session, campaign, SENT, window=60)
    assert ([row.recipient_id for row in rows], after) == ([1], 60), "and in one of them at a time"
    page = browser.open(f"{WRITING}/aussendungen/{campaign.id}/empfaenger?stand=x&nach=-1")
    assert len(page.texts("tbody tr")) == recipients.PAGE, "what is no state is not looked for"


def test_a_running_campaign_refreshes_itself_without_scripts(
    app: Flask, session: Session, office: Office, declared: None
) -> None:
    subscribed(app, session, "ada@example.org")
    campaign = begun(app, session)
    browser = office("auditor")
    page = browser.open(f"{WRITING}/aussendungen/{campaign.id}")
    assert re.search('<noscript><meta http-equiv="refresh" content="10"></noscript>', page.response.text)
    assert not page.has('form[action$="/anhalten"]'), "an auditor sees no button"
    part_of_it = browser.open(page.attribute("[data-watch]", "data-watch") or "")
    assert "0 von 1 erledigt" in part_of_it.response.text


def test_a_request_can_be_taken_back_until_it_is_released(
    app: Flask, session: Session, office: Office, declared: None
) -> None:
    subscribed(app, session, "ada@example.org")
    campaign = asked(session, add_organiser(session, "editor"), narrowed={"language": "de"})
    campaign_issue = campaign.issue_id
    browser, late = office("editor"), office("editor")
    address = f"{WRITING}/aussendungen/{campaign.id}"
    browser.open(address)
    late.open(f"{address}/freigeben")
    page = browser.submit(f'form[action="{address}/zuruecknehmen"]')
    words = "Die Bitte um Freigabe wurde zurückgenommen. Es ist keine Mail hinausgegangen."
    assert (page.path, page.text("[role=status]")) == (f"{WRITING}/{campaign_issue}/pruefen", words)
    assert page.fields("#check")["language"] == "de", "the choice of people is kept"
    assert session.scalar(select(func.count()).select_from(Campaign)) == 0
    for late_page in (late.submit("#release", count="1"), late.open(address), late.open(f"{address}/freigeben")):
        assert (late_page.status, late_page.path) == (200, WRITING)
        assert late_page.text("[role=status]") == words
    assert late.open(f"{WRITING}/aussendungen/999").status == 404
    assert not late.open(f"{WRITING}?zurueckgenommen=999").has("[role=status]"), "a notice is true, or it is not there"


def test_a_request_that_is_taken_back_in_the_same_moment_is_released_by_nobody(
    app: Flask, session: Session, office: Office, declared: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribed(app, session, "ada@example.org")
    author = add_organiser(session, "editor")
    campaign, by = asked(session, author), author.id
    browser = office("editor")
    browser.open(f"{WRITING}/aussendungen/{campaign.id}/freigeben")
    release = releasing.release

    def taken_back_before(session: Session, number: int, *given: Any, **more: Any) -> Campaign:
        releasing.take_back(session, number, by, datetime.now(UTC))
        session.commit()
        return release(session, number, *given, **more)

    monkeypatch.setattr(releasing, "release", taken_back_before)
    assert "wurde zurückgenommen" in browser.submit("#release", count="1").text("[role=status]")


def test_who_releases_what_has_been_released_learns_by_whom_and_that_her_words_do_not_count(
    app: Flask, session: Session, office: Office, declared: None
) -> None:
    subscribed(app, session, "ada@example.org")
    campaign = asked(session, add_organiser(session, "editor"))
    address = f"{WRITING}/aussendungen/{campaign.id}"
    one, late = office("editor", name="Erste Person"), office("editor")
    for browser in (one, late):
        browser.open(f"{address}/freigeben")
    again = one.page.fields("#release") | {"count": "1"}
    one.submit("#release", count="1", when="later", day="2027-06-01", time="09:00")
    page = late.submit("#release", count="1")
    assert page.status == 409
    assert page.text(".notice--error") == (
        "Erste Person hat diese Mail inzwischen freigegeben. Beginn: 01.06.27, 09:00. Ihre Eingabe zählt nicht."
    )
    assert "Sie haben diese Mail schon freigegeben." in one.client.post(f"{address}/freigeben", data=again).text
    assert late.open(f"{address}/freigeben").path == address
    session.refresh(campaign)
    assert campaign.starts_at == datetime(2027, 6, 1, 7, tzinfo=UTC)


def test_a_notice_is_there_only_while_it_is_true(app: Flask, session: Session, office: Office, declared: None) -> None:
    subscribed(app, session, "ada@example.org")
    campaign = asked(session, add_organiser(session, "editor"))
    address = f"{WRITING}/aussendungen/{campaign.id}"
    browser = office("editor")
    assert "wartet auf Freigabe" in browser.open(f"{address}?getan=gebeten").text(".notice--success")
    assert not browser.open(f"{address}?getan=freigegeben").has(".notice--success")
    browser.open(f"{address}/freigeben")
    page = browser.submit("#release", count="1")
    assert page.text(".notice--success") == "Freigegeben. Sofort heißt: in der nächsten Minute."
    assert not browser.open(f"{address}?getan=gebeten").has(".notice--success")
    page = browser.submit(f'form[action="{address}/abbrechen"]')
    for done in ("gebeten", "freigegeben", "vorgestellt", "schon"):
        assert not browser.open(f"{address}?getan={done}").has(".notice--success")
    number = write(browser, subject_de="Eins", body_de="Zwei")
    saved = browser.page.response.request.full_path
    assert browser.page.has(".notice--success")
    browser.submit("form.composer", button="Speichern und ansehen", body_de="Drei")
    assert not browser.open(saved).has(".notice--success")
    assert not browser.open(f"{WRITING}?verworfen={number}").has("[role=status]")


def test_a_stopped_campaign_says_how_many_got_it_and_who_stopped_it(
    app: Flask, session: Session, office: Office, declared: None
) -> None:
    for number in range(3):
        subscribed(app, session, f"person{number}@example.org")
    campaign = begun(app, session)
    session.scalars(select(Delivery)).first().status = SENT  # type: ignore[union-attr]
    address = f"{WRITING}/aussendungen/{campaign.id}"
    browser = office("editor", name="Eva Bricht")
    browser.open(address)
    page = browser.submit(f'form[action="{address}/abbrechen"]')
    assert "1 von 3 verschickt, dann abgebrochen" in page.text("[data-progress]")
    assert not page.has("progress"), "nothing is complete"
    assert any(words.startswith("AbgebrochenEva Bricht, ") for words in page.texts(".summary-list > div"))
    page = browser.open(f"{address}/empfaenger")
    assert page.texts(".moderation__states a") == ["alle (3)", "verschickt (1)", "ausgelassen (2)"]


def test_what_was_stopped_before_it_began_never_began(
    app: Flask, session: Session, office: Office, declared: None
) -> None:
    subscribed(app, session, "ada@example.org")
    campaign = asked(session, add_organiser(session, "editor"))
    address = f"{WRITING}/aussendungen/{campaign.id}"
    browser = office("editor")
    browser.open(f"{address}/freigeben")
    browser.submit("#release", count="1", when="later", day="2027-06-01", time="09:00")
    page = browser.submit(f'form[action="{address}/abbrechen"]')
    assert "Es ist keine Mail hinausgegangen." in page.text("[data-progress]")
    assert "Geplanter Beginn 01.06.27, 09:00" in page.texts(".summary-list > div")


@pytest.mark.parametrize("ending", ["", "/entwurf"])
def test_a_text_that_is_too_long_is_kept_and_told_its_limit(
    app: Flask, session: Session, office: Office, ending: str
) -> None:
    """Longer than other forms may be: the issue's own limit speaks, and nobody loses a text."""
    browser = office("editor")
    number = write(browser, subject_de="Anfang", body_de="Text")
    fields = browser.open(f"{WRITING}/{number}").fields("form.composer") | {"body_de": "ü" * 60_001}
    fields["body_en"] = "ö" * 60_000
    answer = browser.client.post(f"{WRITING}/{number}{ending}", data=fields)
    assert answer.status_code == 422
    assert "60 000 Zeichen" in (answer.get_json()["message"] if ending else answer.text)
    if not ending:
        page = Page(answer)
        assert page.fields("form.composer")["body_de"].strip() == fields["body_de"]
        assert page.fields("form.composer")["body_en"].strip() == fields["body_en"]
    fits = fields | {"body_de": "😀" * 60_000, "body_en": "😀" * 60_000}
    assert browser.client.post(f"{WRITING}/{number}{ending}", data=fits).status_code in {200, 303}
    assert len(session.get_one(Issue, number).texts[0].body) == 60_000


def test_a_discarded_issue_leaves_what_was_typed_to_who_still_writes(
    app: Flask, session: Session, office: Office
) -> None:
    one, other = office("editor"), office("editor")
    number = write(one, subject_de="Anfang", body_de="Text")
    other.open(f"{WRITING}/{number}")
    one.submit(f'form[action="{WRITING}/{number}/verwerfen"]')
    fields = other.page.fields("form.composer") | {"body_de": "Lange geschrieben"}
    answer = other.client.post(f"{WRITING}/{number}/entwurf", data=fields)
    assert answer.status_code == 409
    assert answer.get_json()["message"].startswith("Diese Ausgabe wurde inzwischen verworfen.")
    page = other.submit("form.composer", button="Speichern und ansehen", body_de="Lange geschrieben")
    assert page.status == 410
    assert page.fields("#start-with")["body_de"].strip() == "Lange geschrieben"
    assert other.submit("#start-with", subject_de="x" * 201).status == 422
    other.submit("#start-with", subject_de="Neuanfang", body_en="ü" * 60_000)
    text = session.scalars(select(Issue)).one().text("de")
    assert text
    assert (text.subject, text.body) == ("Neuanfang", "Lange geschrieben")
    for ending in ("", "/entwurf"):
        assert other.client.post(f"{WRITING}/999{ending}", data=fields).status_code == 404


def test_who_has_two_windows_open_is_told_so(app: Flask, session: Session, office: Office) -> None:
    browser = office("editor", name="Eine Person")
    number = write(browser, subject_de="Anfang", body_de="Text")
    fields = browser.open(f"{WRITING}/{number}").fields("form.composer")
    browser.submit("form.composer", button="Speichern und ansehen", body_de="Aus dem anderen Fenster")
    message = browser.client.post(f"{WRITING}/{number}/entwurf", data=fields).get_json()["message"]
    assert re.match(r"Sie haben diese Ausgabe um \d\d:\d\d in einem anderen Fenster geändert\.", message)
    session.get_one(Issue, number).changed_at = datetime(2026, 3, 1, 8, tzinfo=UTC)
    message = browser.client.post(f"{WRITING}/{number}/entwurf", data=fields).get_json()["message"]
    assert "am 01.03.2026 um 09:00" in message
    answer = browser.client.post(f"{WRITING}/{number}", data=fields)
    assert not Page(answer).has("[data-autosave]"), "after a conflict nothing saves by itself"
    discarding = {"csrf_token": fields["csrf_token"], "seen": fields["version"]}
    page = Page(browser.client.post(f"{WRITING}/{number}/verwerfen", data=discarding))
    assert (page.status, page.has("[data-autosave]")) == (409, True)
    assert "Deshalb ist sie nicht verworfen." in page.text(".notice--warning")


def test_an_issue_can_be_discarded_and_its_campaigns_stay(
    app: Flask, session: Session, office: Office, declared: None
) -> None:
    subscribed(app, session, "ada@example.org")
    campaign = begun(app, session)
    number = campaign.issue_id
    browser = office("editor")
    browser.open(f"{WRITING}/{number}")
    browser.submit(f'form[action="{WRITING}/{number}/verwerfen"]')
    session.expire_all()
    assert session.get(Issue, number) is None
    assert session.get_one(Campaign, campaign.id).issue_id is None
    assert browser.open(f"{WRITING}/aussendungen/{campaign.id}").status == 200


def test_what_somebody_else_has_changed_is_not_discarded(app: Flask, session: Session, office: Office) -> None:
    one, late = office("editor", name="Erste Person"), office("editor")
    number = write(one, subject_de="Anfang", body_de="Text")
    late.open(f"{WRITING}/{number}")
    one.submit("form.composer", button="Speichern und ansehen", body_de="Neu")
    page = late.submit(f'form[action="{WRITING}/{number}/verwerfen"]')
    assert page.status == 409
    assert "Erste Person hat diese Ausgabe um" in page.text(".notice--warning")
    assert session.get_one(Issue, number).texts[0].body == "Neu"


def test_an_affirmation_begins_with_a_ready_text(app: Flask, session: Session, office: Office) -> None:
    publish_revision(session)
    publish_revision(session, 2)
    subscribed(app, session, "ada@example.org")
    browser = office("editor")
    browser.open(WRITING)
    browser.submit("main form[method=post]", kind="affirmation")
    number = int(browser.page.path.rsplit("/", 1)[1])
    text = browser.client.get(f"{WRITING}/{number}/ansicht/de-text").text
    assert "Testfassung [gestrichen: 1] [neu: 2]" in text
    html = browser.client.get(f"{WRITING}/{number}/ansicht/de-hell").text
    assert "Testfassung <del>1</del> <ins>2</ins>" in html
    page = browser.open(f"{WRITING}/{number}/pruefen")
    assert page.texts(".check--open .check__question") == [
        "✗ Haben Sie sich genau diese Mail als Test geschickt? noch nicht"
    ]
    try_out(browser)
    ask(browser)
    campaign = session.scalars(select(Campaign)).one()
    assert (campaign.kind, campaign.segment) == ("affirmation", "older-revision")
    assert "{++ 2 ++}" in campaign.texts[0].body, "the differences are frozen with the text"


def test_the_log_calls_every_act_by_name(app: Flask, session: Session, office: Office, declared: None) -> None:
    subscribed(app, session, "ada@example.org")
    begun(app, session)
    page = office("owner").open("/redaktion/protokoll")
    assert "Newsletter freigegeben" in page.text()
    assert "campaign." not in page.text("table")


def test_the_outbox_forgets_the_test_mail_with_its_address(app: Flask, session: Session, office: Office) -> None:
    author = add_organiser(session, "editor")
    issue = written(session, author, {"de": ("Betreff", "Text")})
    browser = log_in(app, session, author)
    browser.open(f"{WRITING}/{issue.id}/pruefen")
    try_out(browser)
    assert session.scalars(select(OutboxMail)).one().address_key == author.address_key
