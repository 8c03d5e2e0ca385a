"""Register, fill up, wait, move up, cancel."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import tokens
from portal.addresses import AddressBook
from portal.clock import now
from portal.conference import operations, programme
from portal.conference.models import Registration
from portal.conference.personal_data import registrations
from portal.conference.programme import conferences
from portal.conference.views import LINK
from portal.config import Settings
from portal.optin import operations as optin
from portal.optin.models import OptIn, ProofEntry, Wording
from portal.organisers import sessions
from portal.organisers.models import AuditEntry
from portal.privacy import holds
from portal.privacy.operations import link_token
from tests.browser import Browser
from tests.conference.conftest import KEY, Register, described, link_of, mails, number_of, people, words, write
from tests.conftest import MakeApp
from tests.databases import engine_of
from tests.letters import letters, part
from tests.office import Office, add_organiser

FORM = "/fachtagung/tagung/anmeldung"
MANY = 20


def fill_in(browser: Browser, email: str, **fields: Any) -> None:
    browser.open(FORM)
    page = browser.submit(name=email.partition("@")[0], email=email, consent=True, **fields)
    assert page.path == "/fachtagung/tagung/postfach"


def started_again(content: Path, **changes: Any) -> None:
    """The file says something else, and the portal has read it."""
    write(content, **changes)
    programme._load.cache_clear()


def cancel_link(settings: Settings, number: int) -> str:
    return f"/fachtagung/abmelden/{tokens.issue(settings, LINK, number)}"


def test_register_fill_up_wait_move_up_cancel(browser: Browser, session: Session, settings: Settings) -> None:
    """Edge cases 1 and 7: nothing counts before the link is confirmed, and looking at it confirms nothing."""
    for name in ("ada", "bea", "cem", "dia"):
        fill_in(browser, f"{name}@example.org", needs="Rampe" if name == "ada" else "")
        link = f"/bestaetigen/{link_of(session, settings, f'{name}@example.org')}"
        browser.open(link)
        assert people(session)[name] == ("pending", None)
        browser.submit()
    assert people(session) == {
        "ada": ("registered", 1),
        "bea": ("registered", 2),
        "cem": ("waiting", None),
        "dia": ("waiting", None),
    }
    assert "Warteliste" in browser.page.text(".lead")
    assert "Alle Plätze sind vergeben" in browser.open("/fachtagung/tagung").text()
    number = number_of(session, "ada")
    link = cancel_link(settings, number)
    assert "ada@example.org" in browser.open(link).text()
    assert people(session)["ada"] == ("registered", 1), "GET cancels nothing"
    assert browser.submit().text("h1") == "Sie sind abgemeldet"
    assert people(session) == {"bea": ("registered", 2), "cem": ("registered", 1), "dia": ("waiting", None)}
    assert mails(session)[-2:] == [("cancelled", "ada"), ("registered", "cem")]
    assert browser.client.post(link).status_code == 303
    assert browser.open(link).text("h1") == "Sie sind abgemeldet"
    assert len(people(session)) == 3, "the second click gives nobody's place away"
    fill_in(browser, "ada@example.org")
    assert number_of(session, "ada") != number, "the old link is nobody else's"


def test_the_page_looks_the_same_whoever_asks(browser: Browser, session: Session, register: Register) -> None:
    register("ada@example.org")
    fill_in(browser, "ada@example.org")
    known = browser.page.text()
    fill_in(browser, "neu@example.org")
    assert browser.page.text() == known
    assert mails(session)[-2:] == [("already", "ada"), ("confirm", "neu")]


def test_spellings_of_one_mailbox_have_one_place(browser: Browser, session: Session) -> None:
    """Edge cases 4 and 5."""
    for email in ("A.b+x@gmail.com", "ab@googlemail.com"):
        fill_in(browser, email)
    assert len(people(session)) == 1
    assert session.scalars(select(OptIn)).one() is not None


def test_mistakes_keep_what_was_typed(browser: Browser, session: Session) -> None:
    browser.open(FORM)
    page = browser.submit(name="www.beispiel.de", email="x", needs="a" * 501, organisation="b" * 161)
    assert page.status == 422
    assert len(page.texts(".error-summary li")) == 5
    assert page.attribute("[name=organisation]", "value") == "b" * 161
    page = browser.submit(
        name="Jörg\x00 O'Neill\u202e", email="joerg@example.org", needs="", organisation="", consent=True
    )
    assert list(people(session)) == ["Jörg O'Neill"]


def test_the_proof_keeps_the_words_on_the_page(browser: Browser, session: Session, settings: Settings) -> None:
    read = browser.open(FORM).text(".preview-card p:last-child")
    fill_in(browser, "ada@example.org")
    browser.open(f"/bestaetigen/{link_of(session, settings, 'ada@example.org')}")
    browser.submit()
    entries = session.scalars(select(ProofEntry).order_by(ProofEntry.id)).all()
    assert [one.event for one in entries] == ["requested", "consented", "confirmed"]
    assert session.get_one(Wording, entries[1].wording_sha256).text == read


def test_after_the_deadline_only_who_has_asked_confirms_and_after_the_beginning_nobody(
    session: Session, settings: Settings, register: Register
) -> None:
    """Edge case 12."""
    for name in ("ada", "bea"):
        register(f"{name}@example.org", confirmed=False)
    for request in session.scalars(select(OptIn)):
        request.expires_at = datetime(2031, 1, 1, tzinfo=UTC)
    conference = conferences(settings)[KEY]
    closed, begun = datetime(2030, 6, 30, 22, tzinfo=UTC), datetime(2030, 6, 30, 22, 0, 1, tzinfo=UTC)
    assert conference.takes_registrations(closed - timedelta(seconds=1))
    assert not conference.takes_registrations(closed)
    purposes = {operations.PURPOSE.name: operations.PURPOSE}
    early = closed - timedelta(seconds=1)
    optin.confirm(session, settings, purposes, link_of(session, settings, "ada@example.org"), early)
    optin.confirm(session, settings, purposes, link_of(session, settings, "bea@example.org"), begun)
    assert people(session) == {"ada": ("registered", 1)}


@pytest.mark.one_database
def test_the_page_to_confirm_says_that_it_is_too_late(
    make_app: MakeApp, content: Path, browser: Browser, session: Session, settings: Settings, register: Register
) -> None:
    register("ada@example.org", confirmed=False)
    link = f"/bestaetigen/{link_of(session, settings, 'ada@example.org')}"
    assert "hat schon begonnen oder ist abgesagt" not in browser.open(link).text()
    started_again(content, cancelled=True)
    later = Browser(make_app(content=content).test_client())
    assert "hat schon begonnen oder ist abgesagt" in later.open(link).text()
    assert later.submit().status == 410
    assert people(session) == {}


def at_once(act: Callable[[int], Any]) -> list[Any]:
    """What `act` returns for each of MANY numbers, all started at the same moment."""
    start = Barrier(MANY)

    def wait_and_act(number: int) -> Any:
        start.wait()
        return act(number)

    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(wait_and_act, range(MANY)))


def test_twenty_confirm_for_the_last_place_and_one_has_it(
    app: Flask, session: Session, settings: Settings, register: Register
) -> None:
    register("first@example.org")
    for number in range(MANY):
        register(f"p{number}@example.org", confirmed=False)
    links = [f"/bestaetigen/{link_of(session, settings, f'p{number}@example.org')}" for number in range(MANY)]
    session.commit()
    assert at_once(lambda number: app.test_client().post(links[number]).status_code) == [303] * MANY
    states = [status for status, _seat in people(session).values()]
    assert (states.count("registered"), states.count("waiting")) == (2, MANY - 1)
    assert [mail for mail, _ in mails(session)].count("registered") == 2


def test_many_cancel_and_confirm_at_once_and_no_place_is_lost_or_given_twice(
    app: Flask, session: Session, settings: Settings, register: Register
) -> None:
    """Edge case 2, too: two people's links are clicked many times each."""
    for name in ("ada", "bea", "cem", "dia", "eva"):
        register(f"{name}@example.org")
    register("fay@example.org", confirmed=False)
    links = [
        cancel_link(settings, number_of(session, "ada")),
        cancel_link(settings, number_of(session, "cem")),
        f"/bestaetigen/{link_of(session, settings, 'fay@example.org')}",
        cancel_link(settings, number_of(session, "bea")),
    ]
    session.commit()
    at_once(lambda number: app.test_client().post(links[number % 4]).status_code)
    found = people(session)
    assert {name: state for name, (state, _) in found.items()} == {
        "dia": "registered",
        "eva": "registered",
        "fay": "waiting",
    }
    assert sorted(seat for _, seat in found.values() if seat) == [1, 2]
    assert [mail for mail, _ in mails(session)].count("cancelled") == 3


def test_the_database_refuses_one_place_twice(session: Session, register: Register) -> None:
    register("ada@example.org")
    register("bea@example.org")
    rows = session.scalars(select(Registration)).all()
    rows[0].seat = rows[1].seat
    with pytest.raises(IntegrityError):
        session.flush()


def test_more_places_in_the_file_let_people_move_up(
    session: Session, settings: Settings, register: Register, content: Path
) -> None:
    for name in ("ada", "bea", "cem", "dia"):
        register(f"{name}@example.org")
    started_again(content, registration={"capacity": 3, "until": "2030-06-30"})
    operations.fill_places(session, settings, now())
    assert people(session)["cem"] == ("registered", 3)
    assert people(session)["dia"] == ("waiting", None)
    assert mails(session)[-1] == ("registered", "cem")
    started_again(content, registration={"capacity": 1, "until": "2030-06-30"})
    operations.cancel(session, settings, number_of(session, "ada"), now())
    assert people(session)["dia"] == ("waiting", None), "there are more than places already"


def test_one_sees_and_erases_ones_own_and_the_place_goes_on(
    browser: Browser, session: Session, settings: Settings, register: Register, book: AddressBook
) -> None:
    for name in ("ada", "bea", "cem"):
        register(f"{name}@example.org", needs="Rampe")
    mine = f"/meine-daten/{link_token(settings, book.identify('ada@example.org').key)}"
    page = browser.open(mine)
    assert "Rampe" in page.text()
    assert page.has('a[href*="/fachtagung/abmelden/"]')
    browser.submit('form[action$="/loeschen"]')
    assert people(session) == {"bea": ("registered", 2), "cem": ("registered", 1)}
    assert session.scalars(select(OptIn.email).where(OptIn.withdrawn_at.is_not(None))).all() == [None]
    assert not [one for one in mails(session) if one[1] == "ada"]


def test_who_has_registered_corrects_what_she_said_and_keeps_her_place(
    browser: Browser, office: Office, session: Session, settings: Settings, register: Register, book: AddressBook
) -> None:
    register("ada@example.org", needs="Rampe")
    register("bea@example.org")
    mine = f"/meine-daten/{link_token(settings, book.identify('ada@example.org').key)}"
    browser.open(mine)
    browser.follow("Angaben ändern")
    assert browser.page.fields("form.form")["needs"] == "Rampe"
    page = browser.submit(name=" ", organisation="Amt")
    assert page.status == 422
    assert page.fields("form.form")["organisation"] == "Amt"
    page = browser.submit(name="Ada Neu", organisation="Amt", needs="")
    assert page.path == mine
    assert "Ada Neu" in page.text()
    assert "Rampe" not in page.text()
    assert people(session) == {"Ada Neu": ("registered", 1), "bea": ("registered", 2)}
    proof = select(ProofEntry.detail).where(ProofEntry.event == "corrected")
    assert session.scalars(proof).all() == ["name, organisation, needs"]
    other = f"{mine}/fachtagung/{number_of(session, 'bea')}"
    assert browser.open(other).status == 404
    assert browser.client.post(other, data={"name": "Mallory"}).status_code == 404
    assert "Ada Neu" in office("editor").open("/redaktion/fachtagung/tagung").text()


def test_who_has_not_confirmed_or_has_cancelled_corrects_nothing(
    browser: Browser, session: Session, settings: Settings, register: Register, book: AddressBook
) -> None:
    register("ada@example.org", confirmed=False)
    page = f"/meine-daten/{link_token(settings, book.identify('ada@example.org').key)}/fachtagung"
    assert browser.open(f"{page}/{number_of(session, 'ada')}").status == 404
    register("ada@example.org")
    number = number_of(session, "ada")
    assert browser.open(f"{page}/{number}").status == 200
    operations.cancel(session, settings, number, now())
    session.commit()
    assert browser.submit(name="Ada Neu").status == 404
    assert people(session) == {}


def test_what_is_kept_goes_in_time(session: Session, settings: Settings, register: Register) -> None:
    for name in ("ada", "bea"):
        register(f"{name}@example.org", needs="Rampe")
    holds.place(session, "registrations", number_of(session, "bea"), "Streit", now())
    purge, end = registrations(settings).purge, conferences(settings)[KEY].ends_at
    assert purge(session, end + timedelta(days=6), settings) == 0
    assert purge(session, end + timedelta(days=7), settings) == 0
    needs = {row.name: row.needs for row in session.scalars(select(Registration))}
    assert needs == {"ada": None, "bea": "Rampe"}
    assert purge(session, end + timedelta(days=30), settings) == 2
    assert people(session) == {"bea": ("withdrawn", None)}
    holds.lift(session, "registrations", number_of(session, "bea"))
    purge(session, end + timedelta(days=30), settings)
    assert people(session) == {}


def test_a_request_for_another_conference_replaces_an_open_one(
    session: Session, settings: Settings, register: Register, content: Path, book: AddressBook
) -> None:
    write(content, "zweite")
    programme._load.cache_clear()
    register("ada@example.org", confirmed=False)
    entry = operations.Entry("ada", None, None)
    other, address = conferences(settings)["zweite"], book.identify("ada@example.org")
    operations.request_registration(session, settings, other, address, entry, "de", now())
    assert session.scalars(select(Registration.conference)).all() == ["zweite"]
    optin.confirm(
        session,
        settings,
        {operations.PURPOSE.name: operations.PURPOSE},
        link_of(session, settings, "ada@example.org"),
        now(),
    )
    register("ada@example.org")
    assert len(session.scalars(select(Registration.id)).all()) == 2


def test_the_office_sees_ticks_exports_and_cancels(office: Office, session: Session, register: Register) -> None:
    for name in ("ada", "bea", "cem"):
        register(f"{name}@example.org", name=f"={name}", needs="Rampe")
    editor = office("editor")
    editor.open("/redaktion/fachtagung")
    page = editor.follow("Tagung")
    assert page.texts("main tbody th") == ["=ada", "=bea", "=cem"]
    chosen = str(number_of(session, "=bea"))
    page = editor.submit('form[action$="/anwesenheit"]', present=[chosen, "999999999999", "x"])
    assert "gespeichert" in page.text()
    assert session.scalars(select(Registration.name).where(Registration.attended)).all() == ["=bea"]
    file = editor.submit('form[action$="/export"]').response.text
    assert "'=ada" in file
    assert "Rampe" in file
    editor.open(f"/redaktion/fachtagung/anmeldung/{number_of(session, '=ada')}/absagen")
    assert "Mail" in editor.submit().text(".notice")
    assert people(session)["=cem"] == ("registered", 1)
    assert mails(session)[-2:] == [("cancelled", "ada"), ("registered", "cem")]
    acts = session.scalars(select(AuditEntry).where(AuditEntry.act.startswith("registration.")).order_by(AuditEntry.id))
    found = [(one.act, one.detail) for one in acts]
    assert [act for act, _ in found] == ["registration.attendance", "registration.export", "registration.cancel"]
    assert "ada" not in str(found)
    auditor = office("auditor")
    assert auditor.open("/redaktion/fachtagung/tagung").status == 200
    owner = office("owner")
    assert "Anmeldung" in owner.open("/redaktion/protokoll").text()


@pytest.fixture
def moved(app: Flask, content: Path, session: Session, register: Register) -> Flask:
    """The portal after the conference was moved: Ada and Cem have its two places, and Gil waits.

    Dora has asked for a place and not confirmed, Eva has cancelled.
    """
    for name in ("ada", "eva", "cem", "gil"):
        register(f"{name}@example.org")
    register("dora@example.org", confirmed=False)
    operations.cancel(session, app.extensions["settings"], number_of(session, "eva"), now())
    session.execute(update(Registration).where(Registration.name == "cem").values(language="en"))
    session.commit()
    started_again(content, sequence=4, to="2030-07-03")
    return app


def calendar_of(letter: EmailMessage) -> bytes:
    """The calendar file that comes with a mail, or nothing."""
    return b"".join(bytes(file.get_payload(decode=True)) for file in letter.iter_attachments())


def news_in(letter: EmailMessage) -> list[str]:
    """What a mail lists as new, each on one line."""
    said = part(letter, "plain").split("\n\n")
    return [" ".join(one.removeprefix("- ").split()) for one in said if one.startswith("- ")]


def test_everybody_hears_once_of_each_change(
    moved: Flask,
    office: Office,
    session: Session,
    settings: Settings,
    content: Path,
    register: Register,
    book: AddressBook,
) -> None:
    before = len(mails(session))
    editor = office("editor")
    editor.open("/redaktion")
    page = editor.follow("3 Personen, die eine Änderung der Fachtagung noch nicht kennen")
    page = editor.follow("Tagung")
    assert "3 Personen wissen noch nicht, was sich geändert hat" in page.text()
    editor.follow("Allen von der Änderung schreiben")
    page = editor.submit(note_de="  ", note_en="One more day.")
    assert page.status == 422
    assert page.fields("form.form")["note_en"] == "One more day."
    assert len(mails(session)) == before
    second = office("editor")
    second.open("/redaktion/fachtagung/tagung/schreiben")
    page = editor.submit(note_de="Ein Tag mehr.", note_en="One more day.")
    assert "Alle, die von der Änderung noch nichts wussten, bekommen jetzt eine Mail." in page.text()
    assert mails(session)[before:] == [("changed", "ada"), ("changed", "cem"), ("changed", "gil")]
    told = letters(moved, session)[before:]
    assert [news_in(one) for one in told[:2]] == [
        ["Neuer Zeitraum: 1. Juli 2030 bis 3. Juli 2030 (bisher 1. Juli 2030 bis 2. Juli 2030)."],
        ["New dates: 1 July 2030 to 3 July 2030 (previously 1 July 2030 to 2 July 2030)."],
    ]
    assert ["One more day." in part(one, "plain") for one in told] == [False, True, False]
    frees_a_place = [re.search("jemand\\s+anderes|somebody\\s+else", part(one, "plain")) for one in told]
    assert [bool(one) for one in frees_a_place] == [True, True, False], "who waits has no place to free"
    assert "Ihr Text wurde nicht verschickt" in second.submit(note_de="Noch einmal.", note_en="Again.").text()
    assert len(mails(session)) == before + 3
    assert [b"SEQUENCE:4" in calendar_of(one) for one in told] == [True, True, False], "who waits has none"
    assert b"DTEND;VALUE=DATE:20300704" in calendar_of(told[0])
    assert session.scalars(select(AuditEntry.detail).where(AuditEntry.act == "registration.tell")).all() == [
        {"rows": 3, "sequence": 4}
    ]
    page = editor.open("/redaktion/fachtagung/tagung/schreiben")
    assert "Niemand muss noch etwas erfahren" in page.text()
    register("fee@example.org")
    assert "wissen noch nicht" not in editor.open("/redaktion/fachtagung/tagung").text()
    assert "3 Personen, die eine Änderung der Fachtagung" not in editor.open("/redaktion").text()
    started_again(content, sequence=5, cancelled=True)
    assert "Diese Fachtagung ist abgesagt." in editor.open("/redaktion/fachtagung/tagung").text()
    mine = editor.open(f"/meine-daten/{link_token(settings, book.identify('ada@example.org').key)}").text()
    assert "Diese Fachtagung ist abgesagt." in mine
    assert "Sie haben einen Platz." not in mine
    editor.open("/redaktion/fachtagung/tagung/schreiben")
    editor.submit(note_de="Leider.", note_en="Alas.")
    cancelled = letters(moved, session)[-4]
    assert cancelled["Subject"] == "Die Fachtagung findet nicht statt"
    assert b"STATUS:CANCELLED" in calendar_of(cancelled)


def test_everybody_reads_what_is_new_to_them(
    moved: Flask, office: Office, session: Session, settings: Settings, content: Path, register: Register
) -> None:
    register("fee@example.org")
    vortrag = {**described()["sessions"][0], "begins": "14:00", "ends": "15:00"}
    started_again(content, sequence=5, to="2030-07-03", sessions=[vortrag])
    page = office("editor").open("/redaktion/fachtagung/tagung/schreiben")
    assert [one.partition(":")[0] for one in page.texts("main ul li")] == [
        "Neuer Zeitraum",
        "„Vortrag; mit Komma, und ä“",
    ], "what the first to have registered do not know"
    before = len(mails(session))
    operations.tell_of_change(session, conferences(settings)[KEY], {"de": "x", "en": "x"}, 1, now())
    news = {one["To"].partition("@")[0]: news_in(one) for one in letters(moved, session)[before:]}
    moved_to = "jetzt Montag, 1. Juli 2030, 14:00–15:00 Uhr, Saal (bisher Montag, 1. Juli 2030, 10:00–11:30 Uhr, Saal)."
    assert [len(news[name]) for name in ("ada", "cem", "gil", "fee")] == [2, 2, 2, 1]
    assert news["fee"] == [f"„Vortrag; mit Komma, und ä“: {moved_to}"]


def test_who_moves_up_before_the_mail_still_hears_what_has_changed(
    app: Flask, session: Session, settings: Settings, content: Path, register: Register
) -> None:
    for name in ("ada", "bea", "cem"):
        register(f"{name}@example.org")
    started_again(content, sequence=4, sessions=[{**described()["sessions"][0], "room": "neben"}])
    operations.cancel(session, settings, number_of(session, "ada"), now())
    conference = conferences(settings)[KEY]
    assert people(session)["cem"] == ("registered", 1)
    assert {one.name for one in operations.not_told(session, conference, now())} == {"bea", "cem"}
    by = add_organiser(session, "editor").id
    operations.tell_of_change(session, conference, {"de": "x", "en": "x"}, by, now())
    told = letters(app, session)[-1]
    assert told["To"] == "cem@example.org"
    assert "Nebenraum" in news_in(told)[0]


def test_a_change_that_no_calendar_would_take_over_is_noticed(
    office: Office, session: Session, content: Path, register: Register
) -> None:
    other = {**described()["sessions"][0], "room": "neben"}
    started_again(content, sessions=[other])
    editor, said = office("editor"), "„sequence“ in der Datei der Fachtagung ist aber nicht gestiegen"
    assert said not in editor.open("/redaktion/fachtagung/tagung").text(), "nobody has been told anything"
    started_again(content)
    register("ada@example.org")
    assert said not in editor.open("/redaktion/fachtagung/tagung").text()
    started_again(content, sessions=[{**other, "title": {"de": "Neuer Titel", "en": "New title"}}])
    page = editor.open("/redaktion/fachtagung/tagung")
    assert said in page.text(".notice--warning")
    assert "„Neuer Titel“: jetzt Montag, 1. Juli 2030, 10:00–11:30 Uhr, Nebenraum" in page.text(".notice--warning")
    editor.open("/redaktion")
    page = editor.follow("1 Fachtagung, bei der „sequence“ nicht gestiegen ist, obwohl sich etwas geändert hat")
    assert page.texts("tbody tr:has(.tag) th a") == ["Tagung"], "which of them it is"
    started_again(content, sequence=4, sessions=[other])
    page = editor.open("/redaktion/fachtagung/tagung")
    assert said not in page.text()
    assert "eine Person weiß noch nicht" in page.text()


def test_what_stands_in_the_file_is_text_in_mails_and_in_the_office(
    app: Flask, office: Office, session: Session, settings: Settings, content: Path, register: Register
) -> None:
    said = words("Wort & <i>Tat</i>")
    talk = {**described()["sessions"][0], "title": said}
    register("ada@example.org")
    moved = {"title": said, "rooms": {"saal": said}, "venue": {"name": said, "city": "Ort"}, "sessions": [talk]}
    started_again(content, **moved)
    assert "Wort & <i>Tat</i>" in office("editor").open("/redaktion/fachtagung/tagung").text(".notice--warning")
    started_again(content, **moved, sequence=4)
    assert "Wort & <i>Tat</i>" in office("editor").open("/redaktion/fachtagung/tagung/schreiben").text("main ul")
    operations.tell_of_change(session, conferences(settings)[KEY], {"de": "x", "en": "x"}, 1, now())
    operations.cancel(session, settings, number_of(session, "ada"), now())
    for letter in letters(app, session)[-2:]:
        assert "Wort & <i>Tat</i>" in part(letter, "plain")
        assert "Wort &amp; &lt;i&gt;Tat&lt;/i&gt;" in part(letter, "html")
        assert "<i>" not in part(letter, "html")


def test_writing_to_all_asks_for_a_fresh_login(
    moved: Flask, office: Office, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = len(mails(session))
    editor = office("editor")
    editor.open("/redaktion/fachtagung/tagung/schreiben")
    monkeypatch.setattr(sessions, "is_fresh", lambda *_: False)
    page = editor.submit(note_de="Ein Tag mehr.", note_en="One more day.")
    assert page.status == 401
    assert len(mails(session)) == before


def test_of_a_conference_that_is_over_nobody_hears(moved: Flask, session: Session, settings: Settings) -> None:
    conference, over = conferences(settings)[KEY], datetime(2030, 7, 4, tzinfo=UTC)
    before = len(mails(session))
    assert len(operations.not_told(session, conference, now())) == 3
    assert operations.not_told(session, conference, over) == []
    assert operations.tell_of_change(session, conference, {"de": "x", "en": "x"}, 1, over) == 0
    assert len(mails(session)) == before


def test_two_who_write_at_once_write_once(moved: Flask, session: Session, settings: Settings) -> None:
    before, conference, together = len(mails(session)), conferences(settings)[KEY], Barrier(2)
    by = add_organiser(session, "editor").id
    session.commit()

    def write_to_all(_number: int) -> int:
        with Session(engine_of(moved)) as own, moved.app_context():
            together.wait()
            told = operations.tell_of_change(own, conference, {"de": "x", "en": "x"}, by, now())
            own.commit()
            return told

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(write_to_all, range(2))) == [0, 3]
    assert len(mails(session)) == before + 3


def test_the_database_knows_what_everybody_with_a_place_was_told(session: Session, register: Register) -> None:
    register("ada@example.org")
    with pytest.raises(IntegrityError, match="told"):
        session.execute(update(Registration).values(told_sequence=None))


def test_two_who_tick_at_the_door_do_not_untick_each_other(
    office: Office, session: Session, register: Register
) -> None:
    for name in ("ada", "bea"):
        register(f"{name}@example.org")
    ada, bea = str(number_of(session, "ada")), str(number_of(session, "bea"))
    left, right = office("editor"), office("owner")
    for door in (left, right):
        door.open("/redaktion/fachtagung/tagung")
    form = 'form[action$="/anwesenheit"]'
    left.submit(form, present=[ada])
    right.submit(form, present=[bea])
    here = select(Registration.name).where(Registration.attended).order_by(Registration.name)
    assert session.scalars(here).all() == ["ada", "bea"]
    right.submit(form, present=[bea])
    session.commit()
    assert session.scalars(here).all() == ["bea"]


def test_retention_asks_for_holds_only_of_what_would_go(
    app: Flask, session: Session, settings: Settings, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes through all registrations each hour, and a conference may have thousands."""
    register("ada@example.org", needs="Rampe")
    monkeypatch.setattr(holds, "is_held", lambda *_: pytest.fail("nothing is over yet"))
    assert registrations(settings).purge(session, conferences(settings)[KEY].ends_at, settings) == 0


def test_a_mailbox_gets_so_many_mails_a_day_and_no_more(
    session: Session, settings: Settings, register: Register
) -> None:
    for number in range(settings.mails_per_address_and_day + 3):
        register("ada@example.org", confirmed=False, name=f"Ada {number}")
    assert mails(session) == [("confirm", "ada")] * settings.mails_per_address_and_day


def test_the_same_again_mails_nothing_and_a_correction_replaces_the_link(
    session: Session, settings: Settings, register: Register
) -> None:
    for name in ("Ada", "Ada", "Ada B"):
        register("ada@example.org", confirmed=False, name=name)
    assert mails(session) == [("confirm", "ada")] * 2
    assert people(session) == {"Ada B": ("pending", None)}
