"""Logging in: password, second factor, what they refuse, and how a session ends."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.clock import now
from portal.config import Settings
from portal.organisers import attempts, operations, second_factor, sessions
from portal.organisers.models import AuditEntry, LoginAttempts, OrganiserSession, RecoveryCode
from portal.organisers.roles import AUDITOR, MODERATOR, OWNER
from tests.browser import Browser, Client
from tests.conftest import MakeApp
from tests.letters import letters
from tests.office import (
    PASSWORD,
    SECRET,
    Office,
    add_organiser,
    browser_of,
    code,
    give_password,
    log_in,
)
from tests.operator import filled_content
from tests.organisers.conftest import Later

WRONG = "E-Mail-Adresse oder Passwort stimmt nicht"
WAIT = "zu viele Fehlversuche"


def acts(session: Session) -> list[str]:
    """What the log says, oldest first."""
    return list(session.scalars(select(AuditEntry.act).order_by(AuditEntry.id)))


def test_password_and_code_open_the_office(app: Flask, session: Session) -> None:
    ada = add_organiser(session, MODERATOR, name="Ada Beispiel")
    browser = browser_of(app)
    page = browser.open("/redaktion/konto")
    assert page.path == "/redaktion/anmelden"
    browser.submit(email=ada.email, password=PASSWORD)
    assert browser.page.path == "/redaktion/anmelden/code"
    assert browser.open("/redaktion/konto").path == "/redaktion/anmelden/code", "a password alone opens nothing"
    page = browser.submit("#code-form", code=code())
    assert page.path == "/redaktion/konto"
    assert "Ada Beispiel" in page.text("body")
    assert acts(session) == ["login"]


def test_answers_of_the_office_are_kept_by_nobody(office: Office, client: Client) -> None:
    browser = office(OWNER)
    for answer in (
        browser.open("/redaktion/konto").response,
        client.get("/redaktion/anmelden"),
        client.get("/redaktion/konten"),
        client.get("/redaktion/einladung/x"),
    ):
        assert answer.headers["Cache-Control"] == "no-store", answer.request.path
        assert "noindex" in answer.headers["X-Robots-Tag"], answer.request.path


def test_the_cookie_is_out_of_reach(make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app(env="production", base_url="https://portal.test", content=filled_content(tmp_path))
    page = app.test_client().get("/redaktion/anmelden", base_url="https://portal.test")
    for attribute in ("__Host-portal=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert attribute in page.headers["Set-Cookie"]


def test_unknown_wrong_invited_and_closed_look_the_same(app: Flask, session: Session) -> None:
    known = add_organiser(session, MODERATOR)
    invited = add_organiser(session, MODERATOR, password_hash=None, password_set_at=None, totp_secret=None)
    closed = add_organiser(session, MODERATOR)
    operations.deactivate(session, closed, by=None, now=now())
    seen = set()
    for email in (known.email, invited.email, closed.email, "nobody@example.org"):
        browser = browser_of(app)
        browser.open("/redaktion/anmelden")
        page = browser.submit(email=email, password="something else entirely")
        seen.add((page.status, page.text().replace(str(email), "")))
    assert len(seen) == 1
    assert WRONG in seen.pop()[1]


def test_an_unknown_address_costs_a_hash_too(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    verify = PasswordHasher.verify

    def counted(hasher: PasswordHasher, kept: str, password: str) -> bool:
        compared.append(kept)
        return verify(hasher, kept, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    browser.open("/redaktion/anmelden")
    browser.submit(email="nobody@example.org", password=PASSWORD)
    assert [kept.startswith("$argon2id$") for kept in compared] == [True]


def test_failures_make_one_wait_but_only_in_that_network(app: Flask, session: Session, later: Later) -> None:
    ada = add_organiser(session, MODERATOR)
    stranger = browser_of(app)
    stranger.open("/redaktion/anmelden")
    for _ in range(attempts.FREE):
        assert WRONG in stranger.submit(email=ada.email, password="not hers").text()
    page = stranger.submit(email=ada.email, password=PASSWORD)
    assert page.status == 429
    assert WAIT in page.text()
    elsewhere = browser_of(app)
    elsewhere.client.environ_base["REMOTE_ADDR"] = "198.51.100.7"
    give_password(elsewhere, ada)
    assert elsewhere.page.path == "/redaktion/anmelden/code", "a stranger has locked her out"
    later(timedelta(minutes=2))
    stranger.submit(email=ada.email, password=PASSWORD)
    assert stranger.page.path == "/redaktion/anmelden/code", "the wait is over"


def test_each_further_failure_doubles_the_wait(session: Session, settings: Settings) -> None:
    moment, waits = now(), []
    key = attempts.key(settings, "a pair")
    for _ in range(attempts.FREE + 9):
        row = attempts.count(session, key, moment)
        assert row is not None
        if row.locked_until:
            assert attempts.count(session, key, moment) is None
            waits.append(row.locked_until - moment)
            moment = row.locked_until
    assert waits[:4] == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8)]
    assert waits[-1] == attempts.LONGEST_WAIT


def test_no_address_of_any_network_is_kept(app: Flask, session: Session) -> None:
    browser = browser_of(app)
    browser.client.environ_base["REMOTE_ADDR"] = "203.0.113.77"
    browser.open("/redaktion/anmelden")
    browser.submit(email="ada@example.org", password="something")
    rows = session.scalars(select(LoginAttempts)).all()
    assert [re.fullmatch("[0-9a-f]{64}", row.key) is not None for row in rows] == [True]


def test_many_failures_are_told_once_and_lock_nobody(app: Flask, session: Session) -> None:
    ada = add_organiser(session, MODERATOR)
    for network in range(6):
        browser = browser_of(app)
        browser.client.environ_base["REMOTE_ADDR"] = f"198.51.{network}.1"
        browser.open("/redaktion/anmelden")
        for _ in range(4):
            browser.submit(email=ada.email, password="not hers")
    assert [letter["Subject"] for letter in letters(app, session)] == ["Viele Fehlversuche an Ihrem Konto"]
    assert acts(session) == ["login.failed"] * 24


def test_wrong_codes_are_limited_and_told(app: Flask, session: Session) -> None:
    ada = add_organiser(session, MODERATOR)
    browser = browser_of(app)
    give_password(browser, ada)
    for _ in range(attempts.FREE):
        page = browser.submit("#code-form", code="000000")
        assert page.status == 422
    give_password(browser, ada)  # a new session does not help
    page = browser.submit("#code-form", code=code())
    assert page.status == 429
    assert WAIT in page.text()
    assert browser.open("/redaktion/konto").path == "/redaktion/anmelden/code"
    assert [letter["Subject"] for letter in letters(app, session)] == ["Jemand kennt Ihr Passwort"]


def test_a_code_is_good_once(app: Flask, session: Session) -> None:
    ada = add_organiser(session, MODERATOR)
    first = log_in(app, session, ada)
    used = second_factor.STEP_SECONDS
    session.expire_all()
    assert ada.totp_step is not None
    second = browser_of(app)
    give_password(second, ada)
    page = second.submit("#code-form", code=code(ada.totp_step * used))
    assert page.status == 422
    assert "schon benutzt" in page.text()
    page = second.submit("#code-form", code=code((ada.totp_step - 1) * used))
    assert page.status == 422, "an earlier code is no better"
    assert first.open("/redaktion/konto").path == "/redaktion/konto"


def test_a_code_of_another_time_is_wrong(settings: Settings) -> None:
    moment = now()
    for distance, good in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        step = int(moment.timestamp()) // 30 + distance
        assert (second_factor.step_of(SECRET, code(step * 30), moment) == step) is good
    for nonsense in ("", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "000000; --"):
        assert second_factor.step_of(SECRET, nonsense, moment) is None


def test_the_secret_is_kept_encrypted(session: Session) -> None:
    ada = add_organiser(session, MODERATOR)
    assert ada.totp_secret is not None
    assert SECRET.encode() not in ada.totp_secret


def test_a_recovery_code_is_good_once(app: Flask, session: Session, settings: Settings) -> None:
    ada = add_organiser(session, MODERATOR)
    codes = second_factor.new_recovery_codes(session, settings, ada)
    kept = session.scalars(select(RecoveryCode.code_hash)).all()
    assert len(set(codes)) == len(kept) == second_factor.RECOVERY_CODES
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in kept)
    for typed, comes_in in ((codes[0], True), (codes[0], False), (codes[1].upper().replace("-", " "), True)):
        browser = browser_of(app)
        give_password(browser, ada)
        browser.open("/redaktion/anmelden/wiederherstellung?next=/redaktion/konto")
        browser.submit(code=typed)
        assert (browser.open("/redaktion/konto").path == "/redaktion/konto") is comes_in
    assert second_factor.recovery_codes_left(session, ada) == second_factor.RECOVERY_CODES - 2


def test_a_recovery_code_of_somebody_else_is_wrong(session: Session, settings: Settings) -> None:
    ada, eve = add_organiser(session, MODERATOR), add_organiser(session, MODERATOR)
    codes = second_factor.new_recovery_codes(session, settings, ada)
    assert not second_factor.use_recovery_code(session, settings, eve, codes[0])


def test_logging_in_changes_the_secret_of_the_cookie(app: Flask, session: Session) -> None:
    """A cookie that somebody has planted, or seen before the second factor, opens nothing afterwards."""
    ada = add_organiser(session, MODERATOR)
    browser = browser_of(app)
    give_password(browser, ada)
    before = browser.client.get_cookie("portal")
    assert before is not None
    halfway = session.scalars(select(OrganiserSession.token_hash)).one()
    browser.submit("#code-form", code=code())
    assert session.scalars(select(OrganiserSession.token_hash)).one() != halfway
    planted = browser_of(app)
    planted.client.set_cookie("portal", before.value)
    assert planted.open("/redaktion/konto").path == "/redaktion/anmelden"


def test_a_copied_cookie_is_worth_nothing_after_logging_out(office: Office, app: Flask) -> None:
    browser = office(MODERATOR)
    cookie = browser.client.get_cookie("portal")
    assert cookie is not None
    browser.open("/redaktion/konto")
    page = browser.submit(".office-logout")
    assert page.path == "/redaktion/anmelden"
    assert "Sie sind abgemeldet" in page.text()
    copy = browser_of(app)
    copy.client.set_cookie("portal", cookie.value)
    assert copy.open("/redaktion/konto").path == "/redaktion/anmelden"


def test_logging_out_is_no_link(office: Office) -> None:
    browser = office(MODERATOR)
    assert browser.client.get("/redaktion/abmelden").status_code == 405
    assert browser.client.post("/redaktion/abmelden").status_code == 400, "without a token"
    assert browser.open("/redaktion/konto").path == "/redaktion/konto"


def test_a_session_idles_out_and_ends(office: Office, settings: Settings, later: Later) -> None:
    idle, busy = office(MODERATOR), office(MODERATOR)
    step = timedelta(minutes=settings.office_idle_minutes - 1)
    later(step)
    assert busy.open("/redaktion/konto").path == "/redaktion/konto"
    later(step)
    assert idle.open("/redaktion/konto").path == "/redaktion/anmelden"
    assert busy.open("/redaktion/konto").path == "/redaktion/konto"
    for _ in range(settings.office_session_hours):
        later(step)
        page = busy.open("/redaktion/konto")
    assert page.path == "/redaktion/anmelden", "no session lasts for ever, however busy"


def test_halfway_does_not_last(app: Flask, session: Session, later: Later) -> None:
    browser = browser_of(app)
    give_password(browser, add_organiser(session, MODERATOR))
    later(sessions.HALFWAY)
    assert browser.submit("#code-form", code=code()).path == "/redaktion/anmelden"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/redaktion",
        "//evil.example/redaktion",
        "/\\evil.example",
        "/redaktion\\@evil.example",
        "/redaktion/../../evil",
        "/redaktionell",
        "/erklaerung",
        "/redaktion/abmelden",
        "javascript:alert(1)",
        "/redaktion/konto\nSet-Cookie: a=b",
    ],
)
def test_nobody_is_sent_off_the_office(app: Flask, target: str) -> None:
    from portal.organisers import gate

    with app.test_request_context("/redaktion/anmelden"):
        assert gate.way_back(target) == "/redaktion"
        assert gate.way_back("/redaktion/konto?a=b") == "/redaktion/konto?a=b"


def test_next_is_kept_through_both_steps(app: Flask, session: Session) -> None:
    ada = add_organiser(session, OWNER)
    for asked, reached in (("/redaktion/konten/einladen", "/redaktion/konten/einladen"), ("//evil.example", None)):
        ada.totp_step = None
        browser = browser_of(app)
        browser.open("/redaktion/anmelden", query_string={"next": asked})
        browser.submit(email=ada.email, password=PASSWORD)
        answer = browser.client.post(
            "/redaktion/anmelden/code", data={**browser.page.fields("#code-form"), "code": code()}
        )
        assert answer.status_code == 303
        assert answer.headers["Location"] == (reached or "/redaktion")


def test_without_a_second_factor_one_is_led_to_set_it_up(app: Flask, session: Session) -> None:
    ada = add_organiser(session, OWNER, totp_secret=None)
    browser = browser_of(app)
    give_password(browser, ada)
    assert browser.page.path == "/redaktion/konto/zweiter-faktor"
    for address in ("/redaktion/konto", "/redaktion/konten"):
        assert browser.open(address).path == "/redaktion/konto/zweiter-faktor"
    key = browser.page.text(".totp-key").replace(" ", "")
    assert browser.page.has("main svg path"), "the QR code is drawn here"
    assert not browser.page.has("main [style]"), "the policy forbids inline styles"
    page = browser.submit("#totp-form", code="000000")
    assert page.status == 422
    assert page.text(".totp-key").replace(" ", "") == key, "the key on the page is still the one in the app"
    page = browser.submit("#totp-form", code=_code_for(key))
    codes = page.texts(".recovery-codes code")
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    assert browser.open("/redaktion/konten").path == "/redaktion/konten"
    assert codes[0] not in browser.open("/redaktion/konto").text("body"), "they are shown once"


def test_who_has_a_second_factor_cannot_set_up_another_by_password_alone(app: Flask, session: Session) -> None:
    ada = add_organiser(session, OWNER)
    browser = browser_of(app)
    give_password(browser, ada)
    assert browser.open("/redaktion/konto/zweiter-faktor").path == "/redaktion/anmelden/code"
    token = browser.page.fields("#code-form")["csrf_token"]
    answer = browser.client.post("/redaktion/konto/zweiter-faktor/passkey/aufgabe", headers={"X-CSRFToken": str(token)})
    assert answer.status_code != 200


def test_the_setup_takes_no_secret_of_somebody_else(app: Flask, session: Session, settings: Settings) -> None:
    from portal import tokens

    ada, eve = add_organiser(session, OWNER, totp_secret=None), add_organiser(session, OWNER)
    browser = browser_of(app)
    give_password(browser, ada)
    forged = tokens.issue(settings, "organisers.totp", [eve.id, SECRET])
    page = browser.submit("#totp-form", secret=forged, code=code())
    assert page.status == 422
    session.expire_all()
    assert ada.totp_secret is None


def _code_for(key: str) -> str:
    import pyotp

    return pyotp.TOTP(key).now()


def test_an_auditor_reads_everything_and_changes_only_her_own_account(office: Office) -> None:
    browser = office(AUDITOR)
    assert browser.open("/redaktion/konten").status == 200
    token = browser.open("/redaktion/konto").fields("#details")["csrf_token"]
    answer = browser.client.post("/redaktion/konten/1/schliessen", data={"csrf_token": token})
    assert answer.status_code == 403
    assert "nichts ändern" in answer.text or "Leitung" in answer.text
    assert "gespeichert" in browser.submit("#details", name="Ada Anders").text()


def test_the_wrong_role_is_told_which_one_is_needed(office: Office) -> None:
    page = office(MODERATOR).open("/redaktion/konten")
    assert page.status == 403
    assert "Leitung" in page.text()


def test_nobody_is_handed_somebody_elses_form(app: Flask, session: Session) -> None:
    """A form that an outsider sent from his own browser is not there for an owner to send after logging in."""
    owner = add_organiser(session, "owner", name="Olga Leitung")
    session.commit()
    outsider = browser_of(app)
    token = outsider.open("/redaktion/anmelden").fields()["csrf_token"]
    bait = {"name": "Eve", "email": "eve@evil.example", "language": "de", "roles": "owner"}
    answer = outsider.client.post("/redaktion/konten/einladen", data={**bait, "csrf_token": token})
    held = form_value(answer.get_data(as_text=True), "held")

    deceived = browser_of(app)
    deceived.open("/redaktion/anmelden")
    deceived.submit(email=owner.email, password=PASSWORD, held=held)
    page = deceived.submit("#code-form", code=code())
    assert "Jetzt absenden" not in page.text()
    assert page.has(".office-logout")


def test_a_form_from_elsewhere_is_not_kept(app: Flask) -> None:
    """Without a token of this browser there is nothing to send later."""
    answer = browser_of(app).client.post("/redaktion/kommentare/import", data={"revision": "1"})
    assert answer.status_code == 401
    assert form_value(answer.get_data(as_text=True), "held") == ""


def form_value(html: str, name: str) -> str:
    """The value of a hidden field on a page."""
    field = LexborHTMLParser(html).css_first(f"input[name={name}]")
    return (field.attributes.get("value") or "") if field else ""
