"""The office's frame: navigation, work to do, numbers, the log, the mails, and «Startklar?»."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import doctor
from portal.clock import now
from portal.config import ROOT
from portal.database import db
from portal.mail import outbox, presence
from portal.mail.models import FAILED, OutboxMail
from portal.organisers import audit, logbook
from portal.organisers.frame import Chart, Check, Finding, Section, Work
from portal.organisers.frame import Office as Frame
from portal.organisers.models import AuditEntry
from portal.web import charts
from portal.web.charts import Bar
from tests.browser import Browser, Client
from tests.conftest import MakeApp
from tests.databases import engine_of
from tests.letters import letters, part
from tests.office import Office, add_organiser
from tests.operator import filled_content
from tests.revisions import publish_revision

LOG = "/redaktion/protokoll"


@pytest.fixture
def owner(office: Office) -> Browser:
    return office("owner", name="Leni Probe")


def nav(browser: Browser) -> list[str]:
    return browser.page.texts(".office-nav a")


# The frame


def test_the_navigation_shows_what_the_role_may_open(office: Office) -> None:
    shown = {role: set(nav_of(office(role))) for role in ("owner", "moderator", "editor", "auditor")}
    assert {"Zu tun", "Unterzeichnende", "Mails", "Protokoll", "Startklar?"} <= shown["owner"]
    assert shown["auditor"] == shown["owner"], "an auditor reads everything"
    assert "Unterzeichnende" in shown["moderator"]
    assert not {"Protokoll", "Startklar?", "Mails"} & shown["moderator"]
    assert not {"Protokoll", "Startklar?", "Mails", "Unterzeichnende"} & shown["editor"]


def nav_of(browser: Browser) -> list[str]:
    browser.open("/redaktion")
    return nav(browser)


def test_every_entry_of_the_navigation_opens_and_says_that_one_is_there(office: Office) -> None:
    for role in ("owner", "moderator", "editor", "auditor"):
        browser = office(role)
        browser.open("/redaktion")
        for link in browser.page.tree.css(".office-nav a"):
            page = browser.open(link.attributes["href"] or "")
            assert page.status == 200, page.path
            assert page.texts(".office-nav [aria-current=page]") == [" ".join(link.text().split())]


def test_the_frame_has_landmarks_name_role_and_a_way_out(owner: Browser) -> None:
    page = owner.open("/redaktion")
    assert page.attribute("a.skip-link", "href") == "#inhalt"
    assert len(page.texts("main#inhalt")) == len(page.texts("h1")) == len(page.texts("header")) == 1
    assert page.attribute("nav.office-nav", "aria-label")
    assert page.text(".office-who") == "Leni Probe Leitung"
    assert page.has('.office-header a[href="/"]'), "the way to the public pages"
    assert "Impressum" in page.texts("footer a")
    assert not page.has(".site-nav"), "the public frame is not repeated"
    assert page.attribute("meta[name=robots]", "content") == "noindex, nofollow"
    owner.submit(".office-logout")
    assert owner.client.get("/redaktion").status_code == 302


def test_on_a_narrow_screen_the_menu_says_where_one_is(owner: Browser) -> None:
    menu = ".office-menu > summary"
    assert owner.open("/redaktion").text(menu).endswith("Zu tun")
    assert owner.open("/redaktion/konten/einladen").text(menu).endswith("Konten"), "below one of its entries"
    assert owner.page.has(".office-menu + nav.office-nav"), "the stylesheet shows the list when the menu is open"
    assert owner.open("/redaktion/gibt-es-nicht").text(menu) in {"", "Menü"}


@pytest.mark.parametrize("address", ["/redaktion", LOG, "/redaktion/konten"])
def test_a_table_is_scrolled_on_its_own_with_the_keyboard_too(owner: Browser, address: str) -> None:
    tables = owner.open(address).tree.css("main table")
    assert tables
    for table in tables:
        around = table.parent
        assert around is not None
        assert (around.attributes["class"], around.attributes["role"], around.attributes["tabindex"]) == (
            "table-scroll",
            "region",
            "0",
        )
        assert around.attributes["aria-label"]


def test_every_table_of_a_page_is_made_by_the_macro() -> None:
    templates = ROOT / "templates"
    by_hand = {str(file.relative_to(templates)) for file in templates.rglob("*.html") if "<table" in file.read_text()}
    assert {name for name in by_hand if not name.startswith("mail/")} == {"macros/tables.html"}


def test_nothing_is_inline(owner: Browser) -> None:
    for address in ("/redaktion", LOG, "/redaktion/startklar", "/redaktion/mails"):
        tree = owner.open(address).tree
        assert not tree.css("style, [style], script:not([src])"), address


def test_the_public_pages_do_not_load_the_offices_stylesheet(client: Client) -> None:
    assert "office.css" not in client.get("/").text


# Work and numbers


def one_of(frame: Frame, app: Flask) -> None:
    app.extensions["office"] = frame


def test_work_has_its_number_and_what_has_none_says_so(app: Flask, owner: Browser) -> None:
    one_of(
        Frame(
            sections=[Section("organisers.start", "Zu tun")],
            work=[
                Work(lambda n: f"Kommentare ({n})", "organisers.log", lambda *_: 1234, values={"was": "x"}, order=2),
                Work(lambda n: f"Meldungen ({n})", "organisers.mails", lambda *_: 0, order=1),
            ],
        ),
        app,
    )
    page = owner.open("/redaktion")
    assert page.texts(".work__item") == ["1.234 Kommentare (1234)"]
    assert page.attribute(".work__item", "href") == f"{LOG}?was=x"
    assert page.texts(".nothing li") == ["Meldungen (0)"]


def test_without_any_work_the_page_says_that_there_is_nothing_to_do(app: Flask, owner: Browser) -> None:
    one_of(Frame(work=[Work(lambda _: "Meldungen", "organisers.mails", lambda *_: 0)]), app)
    assert "Nichts zu tun." in owner.open("/redaktion").text()


def test_work_and_charts_of_other_roles_are_not_even_counted(app: Flask, office: Office) -> None:
    def refuse(*_: Any) -> Any:
        raise AssertionError("asked for somebody who may not see it")

    chart = Chart("geheim", "Geheim", "", "", "", refuse, roles=("moderator",))
    one_of(Frame(work=[Work(lambda _: "Geheim", "organisers.mails", refuse, ("moderator",))], charts=[chart]), app)
    editor = office("editor")
    assert editor.open("/redaktion").status == 200
    assert editor.open("/redaktion/zahlen/geheim.csv").status == 403


def test_a_chart_is_a_picture_with_words_a_table_and_a_file(app: Flask, owner: Browser) -> None:
    bars = [Bar("ab 9.11.", 1200), Bar("ab 16.11.", 0)]
    chart = Chart("probe", "Proben je Woche", "Wie viele Proben.", "Woche", "Proben", lambda *_: bars)
    one_of(Frame(charts=[chart]), app)
    page = owner.open("/redaktion")
    assert page.attribute("figure .bars", "aria-labelledby") == page.attribute("figure figcaption", "id")
    assert page.text("figure figcaption") == "Proben je Woche"
    assert page.text("figure .chart__description") == "Wie viele Proben."
    assert page.texts("figure .bars__value") == ["1.200", "0"], "each bar says its number"
    assert [bar.attributes["width"] for bar in page.tree.css("figure rect")] == ["100.0%", "0.0%"]
    assert page.texts("figure details td") == ["1.200", "0"]
    link = page.attribute(".chart__file a", "href") or ""
    answer = owner.client.get(link)
    assert answer.mimetype == "text/csv"
    assert answer.text.removeprefix("\ufeff").splitlines() == ["Woche,Proben", "ab 9.11.,1200", "ab 16.11.,0"]
    assert owner.open("/redaktion/zahlen/gibt-es-nicht.csv").status == 404


def test_a_week_begins_on_monday_in_berlin_and_knows_when_the_clocks_change() -> None:
    weeks = charts.latest_weeks(datetime(2026, 10, 25, 23, 30, tzinfo=UTC), 2)
    assert [str(week.monday) for week in weeks] == ["2026-10-19", "2026-10-26"], "in Berlin it is Monday already"
    assert weeks[0].begins.astimezone(UTC) == datetime(2026, 10, 18, 22, tzinfo=UTC)
    assert weeks[0].ends.astimezone(UTC) == datetime(2026, 10, 25, 23, tzinfo=UTC) == weeks[1].begins.astimezone(UTC)


def test_rows_are_counted_in_their_week(app: Flask, session: Session) -> None:
    organiser = add_organiser(session, "owner")
    moment = datetime(2026, 11, 18, 12, tzinfo=UTC)
    for at in (moment, moment - timedelta(days=7), moment - timedelta(days=8), moment - timedelta(days=300)):
        audit.record(session, organiser.id, "probe", "probe", at)
    session.flush()
    with app.test_request_context():
        bars = charts.per_week(session, AuditEntry.at, moment, number=3)
    assert [(bar.label, bar.value) for bar in bars] == [("ab 2.11.", 0), ("ab 9.11.", 2), ("ab 16.11.", 1)]


# The log


@pytest.fixture
def entries(session: Session) -> tuple[int, int]:
    """Two organisers, and some things that they did on three days."""
    first, second = (add_organiser(session, "moderator", name=name).id for name in ("Anna Probe", "Bo Probe"))
    for day, by, act, subject in (
        (1, first, "comment.approve", "comment 1"),
        (2, first, "comment.reject", "comment 17"),
        (3, second, "comment.approve", "comment 170"),
        (3, None, "signature.release", "signature 17"),
    ):
        audit.record(session, by, act, subject, datetime(2026, 3, day, 12, tzinfo=UTC), reason="probe")
    session.commit()
    return first, second


def subjects(browser: Browser, query: str) -> list[str]:
    browser.open(f"{LOG}?{query}")
    rows = browser.page.tree.css("main tbody tr")
    found = [" ".join(row.css("td")[3].text().split()) for row in rows]
    return [subject for subject in found if subject.startswith(("Kommentar", "Unterschrift"))]


def test_the_log_is_searched_by_act_person_subject_and_period(owner: Browser, entries: tuple[int, int]) -> None:
    newest_first = ["Unterschrift 17", "Kommentar 170", "Kommentar 17", "Kommentar 1"]
    assert subjects(owner, "") == newest_first
    assert subjects(owner, "was=comment.approve") == ["Kommentar 170", "Kommentar 1"]
    assert subjects(owner, f"wer={entries[0]}") == ["Kommentar 17", "Kommentar 1"]
    for words in ("Kommentar", "kommentar", "Kom", "comment"):
        assert subjects(owner, f"woran={words}") == ["Kommentar 170", "Kommentar 17", "Kommentar 1"], words
    for words in ("Kommentar 17", "KOMMENTAR 17", "comment 17"):
        assert subjects(owner, f"woran={words}") == ["Kommentar 17"], words
    assert subjects(owner, "woran=Unterschrift 17") == ["Unterschrift 17"]
    assert subjects(owner, "woran=%25") == subjects(owner, "woran=Unterschrift 1") == []
    assert owner.page.attribute("#woran", "value") == "Unterschrift 1", "what was typed stays"
    assert subjects(owner, "von=2026-03-02&bis=2026-03-02") == ["Kommentar 17"]
    assert subjects(owner, "bis=2026-03-01&woran=Kommentar") == ["Kommentar 1"]
    assert "Dazu steht nichts im Protokoll." in owner.open(f"{LOG}?was=nix").text()


@pytest.mark.parametrize(
    "query", ["von=morgen", "von=0001-01-01&bis=9999-12-31", "wer=x", "wer=99999999999999999999", "vor=-1", "vor=x"]
)
def test_what_cannot_be_understood_is_not_asked_for(owner: Browser, entries: tuple[int, int], query: str) -> None:
    assert len(subjects(owner, query)) == 4


def test_the_log_goes_on_page_by_page(
    owner: Browser, entries: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logbook, "PAGE", 3)
    assert subjects(owner, "woran=comment&was=comment.approve") == ["Kommentar 170", "Kommentar 1"]
    seen = subjects(owner, "bis=2026-03-31")
    owner.follow("Ältere Einträge")
    assert [*seen, *owner.page.texts("main tbody td.nowrap:nth-of-type(4)")] == [
        "Unterschrift 17",
        "Kommentar 170",
        "Kommentar 17",
        "Kommentar 1",
    ]
    assert owner.page.texts(".pagination a") == ["Zum neuesten Eintrag"]
    assert owner.page.attribute(".pagination a", "href") == f"{LOG}?bis=2026-03-31", "with what was asked for"


def test_exporting_the_log_is_in_the_log(
    owner: Browser, session: Session, entries: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logbook, "BATCH", 1)
    owner.open(f"{LOG}?woran=Kommentar&von=2026-03-02")
    answer = owner.client.post(f"{LOG}/export", data=owner.page.fields("form.export"))
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [(row["by"], row["act"], row["subject"]) for row in rows] == [
        ("Anna Probe", "comment.reject", "comment 17"),
        ("Bo Probe", "comment.approve", "comment 170"),
    ]
    assert rows[0]["detail"] == '{"reason": "probe"}'
    in_words = [(row["act_in_words"], row["subject_in_words"], row["detail_in_words"]) for row in rows]
    assert in_words[0] == ("Kommentar abgelehnt oder heruntergenommen", "Kommentar 17", "Grund: probe")
    session.commit()
    latest = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert latest is not None
    assert (latest.act, latest.detail) == ("audit.export", {"only_subject": "comment", "only_since": "2026-03-02"})


def test_the_log_says_everything_in_words(owner: Browser, session: Session, entries: tuple[int, int]) -> None:
    """Also of old entries, and also what no room knows any more."""
    written: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("comment.reject", "comment 4", {"text": 2, "reason": "advertising"}),
        ("comment.undo", "comment 4", {"undone": "comment.approve"}),
        ("outcome.publish", "comment 4", {"text": 1, "outcome": "partly"}),
        ("address.block", "comment 4", {"address": "0123456789"}),
        ("address.unblock", "address 0123456789", {}),
        ("appeal.upheld", "appeal 3", {"comment": 4}),
        ("report.acted", "report 2", {"comment": 4}),
        ("discussion.close", "thesis test", {}),
        ("discussion.close", "discussion", {}),
        ("comments.import", "revision 1", {"comments": 12}),
        ("synopsis.export", "revision 1", {"format": "docx", "comments": 12}),
        ("signature.remove", "signature 5", {"reason": "unlawful", "told": 1}),
        ("signature.export", "signatures", {"standing": "held", "revision": 2, "searched": 0}),
        ("organiser.roles", f"organiser {entries[0]}", {"before": "moderator", "after": "owner moderator"}),
        ("login", f"organiser {entries[0]}", {"second_factor": "recovery code"}),
        ("mail.retry", "mails", {"number": 3}),
        ("audit.export", "audit log", {"only_act": "login", "only_since": "2026-03-02"}),
        ("gone.by", "thing 1", {"how": "much"}),
    )
    for number, (act, subject, detail) in enumerate(written):
        audit.record(session, None, act, subject, datetime(2026, 4, 1, 12, number, tzinfo=UTC), **detail)
    session.commit()
    rows = owner.open(f"{LOG}?von=2026-04-01&bis=2026-04-01").tree.css("main tbody tr")
    told = [tuple(" ".join(cell.text().split()) for cell in row.css("td")[3:]) for row in reversed(rows)]
    assert told == [
        ("Kommentar 4", "Grund: Werbung oder Spam Text Nr.: 2"),
        ("Kommentar 4", "zurückgenommen: Kommentar freigegeben"),
        ("Kommentar 4", "Ergebnis: teilweise übernommen Text Nr.: 1"),
        ("Kommentar 4", "Adresse: 0123456789"),
        ("Adresse 0123456789", ""),
        ("Widerspruch 3", "Kommentar: 4"),
        ("Meldung 2", "Kommentar: 4"),
        ("These test", ""),
        ("Diskussion", ""),
        ("Fassung 1", "Kommentare: 12"),
        ("Fassung 1", "Kommentare: 12 als: Word-Datei"),
        ("Unterschrift 5", "Grund: Die Angaben verletzen ein Gesetz oder die Rechte anderer. Mail an die Person: ja"),
        ("Unterschriften", "nur zu Fassung: 2 mit Suchwort: nein nur mit Stand: zurückgestellt"),
        (f"Konto {entries[0]}", "Rollen nachher: Leitung, Moderation Rollen vorher: Moderation"),
        (f"Konto {entries[0]}", "Zweiter Faktor: Wiederherstellungscode"),
        ("Mails", "Anzahl: 3"),
        ("Protokoll", "nur was: Angemeldet nur vom: 02.03.2026"),
        ("thing 1", "how: much"),
    ]


def test_the_log_leads_to_what_has_a_page(owner: Browser, session: Session, entries: tuple[int, int]) -> None:
    publish_revision(session)
    for subject in (f"organiser {entries[0]}", "organiser 999999", "mails", "revision 1", "thesis test", "audit log"):
        audit.record(session, None, "probe", subject, datetime(2026, 4, 1, 12, tzinfo=UTC))
    session.commit()
    links = {link.text(): link.attributes["href"] or "" for link in owner.open(LOG).tree.css("main tbody td a")}
    assert {f"Konto {entries[0]}", "Mails", "Fassung 1", "These test", "Unterschrift 17"} <= links.keys()
    assert not {"Konto 999999", "Protokoll", "Kommentar 17"} & links.keys(), "there is none of them"
    for words, address in links.items():
        assert owner.open(address).status == 200, words


def test_exporting_the_log_asks_for_a_fresh_login(owner: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    from portal.organisers import sessions

    fields = owner.open(LOG).fields("form.export")
    monkeypatch.setattr(sessions, "is_fresh", lambda *_: False)
    assert owner.client.post(f"{LOG}/export", data=fields).status_code == 401


# Mails


def failed_mail(session: Session) -> OutboxMail:
    organiser = add_organiser(session, "editor")
    from portal.addresses import Address

    to = Address("jemand@example.org", organiser.address_key or "")
    row = outbox.post(session, outbox.Mail("organisers/mail/test", to, "de", {"name": "Probe"}), now())
    row.status, row.error = FAILED, "550 5.1.1"
    session.commit()
    return row


def test_failed_mails_are_work_and_are_tried_again(owner: Browser, session: Session) -> None:
    assert "Alle Mails sind verschickt oder stehen an." in owner.open("/redaktion/mails").text()
    row = failed_mail(session)
    assert "1 Mail, die nicht zugestellt werden konnte" in owner.open("/redaktion").texts(".work__item")
    page = owner.open("/redaktion/mails")
    assert "550 5.1.1" in page.text()
    assert "jemand@example.org" not in page.response.text
    page = owner.submit()
    assert "1 Mail wird jetzt noch einmal versucht." in page.text()
    session.refresh(row)
    assert row.status == "pending"
    assert session.scalars(select(AuditEntry.act).order_by(AuditEntry.id.desc())).first() == "mail.retry"


def test_mails_that_wait_too_long_are_work(owner: Browser, session: Session) -> None:
    row = failed_mail(session)
    row.status, row.error, row.next_attempt_at = "pending", None, now() - timedelta(minutes=11)
    session.commit()
    assert "1 Mail, die seit mehr als zehn Minuten wartet" in owner.open("/redaktion").texts(".work__item")


# «Startklar?»


def test_what_keeps_the_site_from_going_live_stands_there_with_its_remedy(app: Flask, owner: Browser) -> None:
    one_of(
        Frame(
            checks=[
                Check("Frage eins?", lambda: [Finding("Es fehlt.", "Besorgen.")]),
                Check("Frage zwei?", lambda: [Finding("Es wackelt.", "Festhalten.", blocks=False)]),
                Check("Frage drei?", list),
            ]
        ),
        app,
    )
    page = owner.open("/redaktion/startklar")
    assert "Noch nicht: 1 Punkt hält die Seite auf." in page.text()
    assert page.texts(".check__answer") == ["noch nicht", "ja, mit Hinweis", "ja"]
    assert page.text(".check--open li") == "Es fehlt. Besorgen."


def test_doctor_and_the_page_say_the_same(app: Flask, owner: Browser) -> None:
    said = app.test_cli_runner().invoke(args=["doctor"])
    assert said.exit_code == 1
    page = owner.open("/redaktion/startklar").texts(".check li")
    assert [f"- {finding}" for finding in page] == said.output.splitlines()


def findings(app: Flask, question: str) -> list[str]:
    """What a check of the doctor finds now."""
    (check,) = (one for one in doctor.CHECKS if question in str(one.question))
    with app.app_context():
        return [finding.text for finding in check.look()]


def test_an_owner_and_a_second_person_who_decides_are_needed(app: Flask, session: Session) -> None:
    def lacks() -> list[str]:
        session.commit()
        return findings(app, "genug Menschen")

    assert len(lacks()) == 2
    add_organiser(session, "moderator")
    add_organiser(session, "moderator")
    assert lacks() == ["Niemand mit der Rolle Leitung hat Passwort und zweiten Faktor."]
    add_organiser(session, "owner", totp_secret=None)
    assert len(lacks()) == 2, "no second factor, no owner"
    add_organiser(session, "owner")
    assert lacks() == ["1 Konto ist noch ohne Passwort oder zweiten Faktor."]


def test_the_legal_gaps_are_named(make_app: MakeApp, app: Flask, tmp_path: Any) -> None:
    assert "supervisory_authority" in findings(app, "einsteht")[0]
    assert findings(make_app(content=filled_content(tmp_path)), "einsteht") == []


def test_the_declaration_has_to_be_published(app: Flask, session: Session) -> None:
    assert findings(app, "Erklärung") == ["Es ist noch keine Fassung der Erklärung veröffentlicht."]
    publish_revision(session)
    session.commit()
    assert findings(app, "Erklärung") == [
        "Veröffentlicht ist eine Zusammenfassung in eigenen Worten, nicht der Wortlaut."
    ]


def test_a_mail_server_that_is_not_there_is_noticed(make_app: MakeApp) -> None:
    app = make_app(mail_port=1)
    assert "127.0.0.1:1" in findings(app, "Mailserver")[0]


def test_a_living_worker_is_seen_and_a_dead_one_missed(app: Flask) -> None:
    from threading import Event

    assert findings(app, "Worker") == ["Der Worker läuft nicht: Mails bleiben liegen."]
    with presence.present(engine_of(app), Event()):
        assert findings(app, "Worker") == []
    assert len(findings(app, "Worker")) == 1


def test_without_a_database_the_other_questions_are_still_answered(make_app: MakeApp, tmp_path: Any) -> None:
    app = make_app(database_url=f"sqlite:///{tmp_path}/gone/nowhere.db")
    assert findings(app, "Datenbank") == ["Die Datenbank antwortet nicht."]
    assert findings(app, "genug Menschen") == []
    with app.app_context():
        db.engine.dispose()


def test_a_test_mail_goes_to_whoever_asks_for_it(app: Flask, owner: Browser, session: Session) -> None:
    owner.open("/redaktion/startklar")
    page = owner.submit()
    assert "auf dem Weg" in page.text("[role=status]")
    (letter,) = letters(app, session)
    assert letter["Subject"] == "Testmail der Redaktion"
    assert letter["To"] in page.text("[role=status]")
    assert "Leni Probe" in part(letter, "plain")
    assert session.scalars(select(AuditEntry.act).order_by(AuditEntry.id.desc())).first() == "mail.test"


def test_an_auditor_sees_all_of_it_and_no_button(office: Office) -> None:
    auditor = office("auditor")
    for address in ("/redaktion", LOG, "/redaktion/mails", "/redaktion/startklar"):
        assert auditor.open(address).status == 200
        assert not auditor.page.has("main form[method=post]"), address
