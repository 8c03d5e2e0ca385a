"""The log, what is kept of organisers, and the commands."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from portal.clock import now
from portal.config import Settings
from portal.organisers import audit, operations
from portal.organisers.acts import ACTS
from portal.organisers.models import AuditEntry, LoginAttempts, Organiser, OrganiserLink, OrganiserSession
from portal.organisers.personal_data import AUDIT_LOG, ORGANISERS
from portal.organisers.roles import MODERATOR, OWNER
from tests.browser import Browser
from tests.office import Office, add_organiser, browser_of, code, give_password


def test_the_log_cannot_be_changed(session: Session) -> None:
    ada = add_organiser(session, OWNER)
    audit.record(session, ada.id, "comment.approve", "comment 17", now(), reason="none")
    session.flush()
    for change in (update(AuditEntry).values(act="nothing"), delete(AuditEntry)):
        with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
            session.execute(change)
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.by_id, entry.act, entry.subject, entry.detail) == (
        ada.id,
        "comment.approve",
        "comment 17",
        {"reason": "none"},
    )


def test_retention_removes_what_is_old_enough_and_nothing_else(session: Session, settings: Settings) -> None:
    for days in (0, 100, 364, 366, 1000, 1097, 2000):
        audit.record(session, None, "login", f"organiser {days}", now() - timedelta(days=days))
    session.flush()
    assert AUDIT_LOG.purge(session, now(), settings) == 2
    hasty = settings.model_copy(update={"audit_years": 0})
    with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
        AUDIT_LOG.purge(session, now(), hasty)
    assert len(session.scalars(select(AuditEntry)).all()) == 5


def test_every_act_has_a_name(app: Flask, office: Office, session: Session, settings: Settings) -> None:
    browser = office(OWNER)
    browser.open("/redaktion/konto")
    browser.submit("#details", name="Ada Anders")
    browser.submit("#codes")
    other = add_organiser(session, MODERATOR)
    browser.open(f"/redaktion/konten/{other.id}")
    browser.submit("#second-factor")
    browser.submit("#close")
    seen = set(session.scalars(select(AuditEntry.act)))
    assert {"login", "organiser.details", "second_factor.recovery_codes", "organiser.deactivate"} <= seen
    assert seen <= ACTS.keys()


def test_the_log_names_nobody(app: Flask, office: Office, session: Session) -> None:
    owner = office(OWNER, name="Ada Beispiel")
    owner.open("/redaktion/konten/einladen")
    owner.submit("#invite", name="Zoë Müller", email="zoe@example.org", roles=[MODERATOR])
    for entry in session.scalars(select(AuditEntry)):
        text = f"{entry.subject} {entry.detail}"
        assert not re.search(r"@|Ada|Zoë", text), text


def test_my_data_shows_an_account_and_does_not_close_it(
    app: Flask, session: Session, browser: Browser, settings: Settings
) -> None:
    from portal.privacy import operations as privacy

    ada = add_organiser(session, OWNER, name="Ada Beispiel")
    add_organiser(session, OWNER)
    assert ada.address_key is not None
    token = privacy.link_token(settings, ada.address_key)
    give_password(browser_of(app), ada)
    page = browser.open(f"/meine-daten/{token}")
    assert "Ada Beispiel" in page.text()
    browser.submit("form[action$=loeschen]")
    session.expire_all()
    assert ada.active
    assert ada.name == "Ada Beispiel"
    operations.deactivate(session, ada, by=None, now=now())
    browser.open(f"/meine-daten/{token}")
    browser.submit("form[action$=loeschen]")
    session.expire_all()
    assert [ada.name, ada.email, ada.address_key] == [f"Konto {ada.id}", None, None]
    assert session.scalars(select(AuditEntry).where(AuditEntry.subject == f"organiser {ada.id}")).all()
    assert "nichts gespeichert" in browser.open(f"/meine-daten/{token}").text()


def test_names_go_when_their_time_is_over(session: Session, settings: Settings) -> None:
    closed = add_organiser(session, MODERATOR, name="Ada Beispiel")
    waiting = add_organiser(session, MODERATOR, password_hash=None, password_set_at=None, totp_secret=None)
    here = add_organiser(session, OWNER, name="Eva Beispiel")
    operations.deactivate(session, closed, by=here.id, now=now())
    ORGANISERS.purge(session, now() + timedelta(days=29), settings)
    assert (closed.name, waiting.active) == ("Ada Beispiel", True)
    ORGANISERS.purge(session, now() + timedelta(days=31), settings)
    assert (closed.name, waiting.name, waiting.active) == ("Ada Beispiel", f"Konto {waiting.id}", False)
    ORGANISERS.purge(session, now() + timedelta(days=3 * 366), settings)
    assert (closed.name, here.name) == (f"Konto {closed.id}", "Eva Beispiel")


def test_links_sessions_and_counts_go_when_they_are_over(
    app: Flask, session: Session, settings: Settings, book: AddressBook
) -> None:
    address = book.identify("zoe@example.org")
    operations.invite(session, settings, "Zoë", address, [OWNER], "de", by=None, now=now())
    stranger = browser_of(app)
    give_password(stranger, add_organiser(session, OWNER), "wrong")
    give_password(browser_of(app), add_organiser(session, OWNER))
    ORGANISERS.purge(session, now(), settings)
    assert [len(session.scalars(select(kind)).all()) for kind in (OrganiserLink, OrganiserSession)] == [1, 1]
    ORGANISERS.purge(session, now() + timedelta(days=8), settings)
    for kind in (OrganiserLink, OrganiserSession, LoginAttempts):
        assert session.scalars(select(kind)).all() == [], kind.__name__


def test_the_first_owner_comes_in_by_the_printed_link(app: Flask, session: Session, browser: Browser) -> None:
    run = app.test_cli_runner().invoke
    arguments = ["organisers", "add", "--name", "Ada Beispiel", "--email", "ada@example.org", "--role", "owner"]
    printed = run(args=arguments)
    assert printed.exit_code == 0, printed.output
    link = re.search(r"http://portal\.test(/redaktion/einladung/\S+)", printed.output)
    assert link is not None
    again = run(args=arguments)
    assert again.exit_code == 0, "as long as nobody has come in, the command gives a new link"
    assert browser.open(link[1]).status == 400, "and the old one is void"
    link = re.search(r"http://portal\.test(/redaktion/einladung/\S+)", again.output)
    assert link is not None
    browser.open(link[1])
    browser.submit(password="vier zufällige Wörter reichen", password_again="vier zufällige Wörter reichen")
    key = browser.page.text(".totp-key").replace(" ", "")
    import pyotp

    browser.submit("#totp-form", code=pyotp.TOTP(key).now())
    assert browser.open("/redaktion/konten").path == "/redaktion/konten"
    assert "has an account" in run(args=arguments).output
    listed = run(args=["organisers", "list"]).output
    assert "Ada Beispiel" in listed
    assert "owner" in listed
    assert "last owner" in run(args=["organisers", "deactivate", "ada@example.org"]).output
    assert run(args=["organisers", "reset-second-factor", "ada@example.org"]).exit_code == 0
    assert browser.open("/redaktion/konto").path == "/redaktion/anmelden"
    reset = run(args=["organisers", "link", "ada@example.org"]).output
    assert browser.open("/redaktion/einladung/" + reset.strip().rpartition("/")[2]).status == 200
    assert run(args=["organisers", "link", "nobody@example.org"]).exit_code == 1
    assert run(args=["organisers", "add", "--name", "x", "--email", "no", "--role", "owner"]).exit_code == 1
    session.expire_all()
    assert session.scalars(select(Organiser.name)).all() == ["Ada Beispiel"]


def test_a_login_is_in_the_log_with_its_second_factor(app: Flask, session: Session) -> None:
    ada = add_organiser(session, MODERATOR)
    browser = browser_of(app)
    give_password(browser, ada)
    browser.submit("#code-form", code=code())
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.by_id, entry.act, entry.detail) == (ada.id, "login", {"second_factor": "code"})
