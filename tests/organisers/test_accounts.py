"""Accounts: inviting, passwords, roles, closing, and that somebody is always left to manage them."""

import re
import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from portal.clock import now
from portal.config import Settings
from portal.organisers import operations, passwords
from portal.organisers.models import AuditEntry, Organiser, OrganiserLink, OrganiserSession, RecoveryCode
from portal.organisers.roles import AUDITOR, EDITOR, MODERATOR, OWNER
from tests.browser import Browser
from tests.databases import engine_of
from tests.letters import letters, part
from tests.office import PASSWORD, SECRET, Office, add_organiser, browser_of, code, give_password, log_in, new_organiser
from tests.organisers.conftest import Later

NEW = "ganz andere Wörter als vorher"


def link_in_last_mail(app: Flask, session: Session) -> str:
    """The path of the one-time link in the latest mail, which stands in both its parts."""
    letter = letters(app, session)[-1]
    found = {
        link
        for kind in ("plain", "html")
        for link in re.findall(r"http://portal\.test(/redaktion/einladung/[\w.-]+)", part(letter, kind))
    }
    assert len(found) == 1
    return str(found.pop())


def invited(office: Office, app: Flask, session: Session, *roles: str) -> str:
    """The link of somebody whom an owner has invited: Zoë."""
    owner = office(OWNER)
    owner.open("/redaktion/konten/einladen")
    owner.submit("#invite", name="Zoë Müller-Özdemir", email="zoe@example.org", roles=list(roles), language="de")
    assert owner.page.path == "/redaktion/konten"
    assert "Zoë Müller-Özdemir" in owner.page.text()
    return link_in_last_mail(app, session)


def accept(browser: Browser, link: str, password: str = NEW) -> None:
    """Follow an invitation to its end."""
    browser.open(link)
    browser.submit(password=password, password_again=password)


def zoe(session: Session, book: AddressBook) -> Organiser:
    found = operations.with_address(session, book.identify("zoe@example.org").key)
    assert found is not None
    return found


def test_an_invitation_leads_in_and_is_good_once(
    office: Office, app: Flask, session: Session, browser: Browser, book: AddressBook
) -> None:
    link = invited(office, app, session, MODERATOR, EDITOR)
    for _ in range(3):
        assert browser.open(link).status == 200, "a scanner that opens the link uses nothing up"
    accept(browser, link)
    assert browser.page.path == "/redaktion/konto/zweiter-faktor"
    assert zoe(session, book).roles == (MODERATOR, EDITOR)
    again = browser_of(app).open(link)
    assert again.status == 400
    assert "gilt nicht mehr" in again.text("h1")


@pytest.mark.parametrize("damage", ["", "x", "cut", "garbled"])
def test_a_damaged_link_has_a_way_on(
    office: Office, app: Flask, session: Session, browser: Browser, damage: str
) -> None:
    link = invited(office, app, session, MODERATOR)
    path = {"": f"{link}x", "x": "/redaktion/einladung/x", "cut": link[:-4], "garbled": link.replace(".", "..")}[damage]
    page = browser.open(path)
    assert page.status == 400
    assert page.has('a[href="/redaktion/passwort-vergessen"]')


def test_an_invitation_ends(office: Office, app: Flask, session: Session, browser: Browser, later: Later) -> None:
    link = invited(office, app, session, MODERATOR)
    later(timedelta(days=7))
    assert browser.open(link).status == 400


def test_a_second_invitation_replaces_the_first(
    office: Office, app: Flask, session: Session, book: AddressBook
) -> None:
    first = invited(office, app, session, MODERATOR)
    owner = office(OWNER)
    owner.open(f"/redaktion/konten/{zoe(session, book).id}")
    owner.submit("#again")
    second = link_in_last_mail(app, session)
    assert first != second
    assert browser_of(app).open(first).status == 400
    assert browser_of(app).open(second).status == 200


def test_an_address_has_one_account(office: Office, app: Flask, session: Session, browser: Browser) -> None:
    accept(browser, invited(office, app, session, MODERATOR))
    owner = office(OWNER)
    owner.open("/redaktion/konten/einladen")
    page = owner.submit("#invite", name="Noch einmal", email="Zoe@Example.org", roles=[OWNER])
    assert page.status == 422
    assert "schon ein Konto" in page.text("[role=alert]")
    assert page.attribute("#name", "value") == "Noch einmal"


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("kurz und gut", None),
        ("elf Zeichen", "mindestens 12"),
        ("passwort1234", "leicht zu erraten"),
        ("Passwort123456", "leicht zu erraten"),
        ("aaaaaaaaaaaaaaaa", "leicht zu erraten"),
        ("qwertzuiopasdf", "leicht zu erraten"),
        ("123456789012345", "leicht zu erraten"),
        ("Dortmund2026!", "leicht zu erraten"),
        ("Sommer2026!!", "leicht zu erraten"),
        ("zoe@example.org", "leicht zu erraten"),
        ("x" * 201, "höchstens 200"),
        ("", "ein Passwort ein"),
    ],
)
def test_weak_passwords_are_refused(
    office: Office, app: Flask, session: Session, browser: Browser, password: str, why: str | None
) -> None:
    accept(browser, invited(office, app, session, MODERATOR), password)
    if why is None:
        assert browser.page.path == "/redaktion/konto/zweiter-faktor"
    else:
        assert browser.page.status == 422
        assert why in browser.page.text("[role=alert]")
        assert not browser.page.attribute("#password", "value"), "it is not sent back"


def test_each_thing_that_is_wrong_with_a_password_stands_on_a_line_of_its_own_with_a_remedy(
    office: Office, app: Flask, session: Session, browser: Browser
) -> None:
    accept(browser, invited(office, app, session, MODERATOR), "x" * 201)
    said = ["Das Passwort darf höchstens 200 Zeichen haben. Bitte kürzen Sie es."]
    said += ["Dieses Passwort ist leicht zu erraten. Gut sind vier oder mehr zufällige Wörter hintereinander."]
    assert browser.page.texts(".error-summary li") == said
    assert browser.page.texts("#password-error > p") == [f"Fehler: {words}" for words in said]


def test_passwords_are_kept_as_argon2id(settings: Settings) -> None:
    kept = passwords.hashed(settings, NEW)
    assert kept.startswith("$argon2id$")
    assert passwords.fits(settings, kept, NEW)
    assert not passwords.fits(settings, kept, NEW + " ")
    assert not passwords.fits(settings, None, "the password of nobody")
    assert not passwords.fits(settings, "no hash", NEW)


def test_in_production_a_hash_costs_what_it_should(settings: Settings) -> None:
    kept = passwords.hashed(settings.model_copy(update={"env": "production"}), NEW)
    cost = re.search(r"m=(\d+),t=(\d+),p=(\d+)", kept)
    assert cost is not None
    assert [int(one) for one in cost.groups()] == [65536, 3, 4]


def test_a_forgotten_password(app: Flask, session: Session, browser: Browser) -> None:
    ada = add_organiser(session, MODERATOR)
    elsewhere = log_in(app, session, ada)
    browser.open("/redaktion/anmelden")
    browser.follow("Passwort vergessen?")
    browser.submit(email=ada.email)
    assert browser.page.path == "/redaktion/passwort-vergessen/postfach"
    link = link_in_last_mail(app, session)
    accept(browser, link)
    assert browser.page.path == "/redaktion/anmelden/code", "the second factor is still asked for"
    assert browser_of(app).open(link).status == 400
    assert elsewhere.open("/redaktion/konto").path == "/redaktion/anmelden", "other browsers are logged out"
    old, new = browser_of(app), browser_of(app)
    give_password(old, ada)
    assert old.page.status == 422
    give_password(new, ada, NEW)
    assert new.page.path == "/redaktion/anmelden/code"
    assert [letter["Subject"] for letter in letters(app, session)][-1] == "Ihr Passwort wurde geändert"


def test_the_link_for_a_new_password_is_short_lived(
    app: Flask, session: Session, browser: Browser, later: Later
) -> None:
    ada = add_organiser(session, MODERATOR)
    browser.open("/redaktion/passwort-vergessen")
    browser.submit(email=ada.email)
    link = link_in_last_mail(app, session)
    later(timedelta(minutes=60))
    assert browser.open(link).status == 400


def test_forgetting_says_nothing_about_who_has_an_account(app: Flask, session: Session) -> None:
    known, closed = add_organiser(session, MODERATOR), add_organiser(session, MODERATOR)
    operations.deactivate(session, closed, by=None, now=now())
    answers = set()
    for email in (known.email, closed.email, "nobody@example.org"):
        browser = browser_of(app)
        browser.open("/redaktion/passwort-vergessen")
        page = browser.submit(email=email)
        answers.add((page.status, page.path, page.text()))
    assert len(answers) == 1
    assert [letter["To"] for letter in letters(app, session)] == [known.email]


def test_no_mailbox_is_flooded(app: Flask, session: Session, settings: Settings) -> None:
    ada = add_organiser(session, MODERATOR)
    for _ in range(settings.mails_per_address_and_day + 3):
        browser = browser_of(app)
        browser.open("/redaktion/passwort-vergessen")
        browser.submit(email=ada.email)
    assert len(letters(app, session)) == settings.mails_per_address_and_day


def test_changing_the_password_logs_out_everywhere_else(app: Flask, session: Session) -> None:
    ada = add_organiser(session, MODERATOR)
    here, there = log_in(app, session, ada), log_in(app, session, ada)
    here.open("/redaktion/konto/passwort")
    page = here.submit("#password-form", password=NEW, password_again=NEW + "?")
    assert "verschieden" in page.text("[role=alert]")
    page = here.submit("#password-form", password=NEW, password_again=NEW)
    assert "geändert" in page.text()
    assert here.open("/redaktion/konto").path == "/redaktion/konto"
    assert there.open("/redaktion/konto").path == "/redaktion/anmelden"
    assert letters(app, session)[-1]["Subject"] == "Ihr Passwort wurde geändert"


def test_closing_an_account_ends_it_at_once(office: Office, app: Flask, session: Session, settings: Settings) -> None:
    ada = add_organiser(session, MODERATOR, name="Ada Beispiel")
    browser, owner = log_in(app, session, ada), office(OWNER)
    assert browser.open("/redaktion/konto").status == 200
    owner.open(f"/redaktion/konten/{ada.id}")
    page = owner.submit("#close")
    assert "geschlossen" in page.text()
    assert browser.open("/redaktion/konto").path == "/redaktion/anmelden"
    assert session.scalars(select(OrganiserSession).where(OrganiserSession.organiser_id == ada.id)).all() == []
    give_password(browser, ada)
    assert browser.page.status == 422
    owner.open(f"/redaktion/konten/{ada.id}")
    owner.submit("#again")
    session.expire_all()
    assert ada.active, "an invitation opens the account again"
    assert not passwords.fits(settings, ada.password_hash, PASSWORD), "with a password that has to be set anew"


def test_resetting_a_second_factor(office: Office, app: Flask, session: Session, settings: Settings) -> None:
    from portal.organisers import second_factor

    ada = add_organiser(session, MODERATOR)
    second_factor.new_recovery_codes(session, settings, ada)
    browser, owner = log_in(app, session, ada), office(OWNER)
    owner.open(f"/redaktion/konten/{ada.id}")
    owner.submit("#second-factor")
    assert browser.open("/redaktion/konto").path == "/redaktion/anmelden"
    assert session.scalars(select(RecoveryCode)).all() == []
    give_password(browser, ada)
    assert browser.page.path == "/redaktion/konto/zweiter-faktor"
    assert letters(app, session)[-1]["Subject"] == "Ihr zweiter Faktor wurde zurückgesetzt"


def test_roles_take_effect_at_once(office: Office, app: Flask, session: Session) -> None:
    ada = add_organiser(session, OWNER)
    browser, owner = log_in(app, session, ada), office(OWNER)
    owner.open(f"/redaktion/konten/{ada.id}")
    owner.submit("#roles-form", roles=[MODERATOR, AUDITOR])
    assert browser.open("/redaktion/konten").status == 200, "an auditor reads"
    owner.open(f"/redaktion/konten/{ada.id}")
    owner.submit("#roles-form", roles=[MODERATOR])
    assert browser.open("/redaktion/konten").status == 403
    owner.open(f"/redaktion/konten/{ada.id}")
    token = owner.page.fields("#roles-form")["csrf_token"]
    answer = owner.client.post(f"/redaktion/konten/{ada.id}/rollen", data={"csrf_token": token})
    assert answer.status_code == 422, "nobody is without a role"
    changes = session.scalars(select(AuditEntry).where(AuditEntry.act == "organiser.roles")).all()
    assert [(one.subject, one.detail["after"]) for one in changes] == [
        (f"organiser {ada.id}", "moderator auditor"),
        (f"organiser {ada.id}", "moderator"),
    ]


def test_the_last_owner_stays(office: Office, session: Session) -> None:
    add_organiser(session, OWNER, password_hash=None, password_set_at=None, totp_secret=None)  # not in yet
    owner = office(OWNER)
    number = session.scalars(select(Organiser.id).order_by(Organiser.id.desc())).first()
    for form in ("#close", "#roles-form"):
        owner.open(f"/redaktion/konten/{number}")
        page = owner.submit(form) if form == "#close" else owner.submit(form, roles=[MODERATOR])
        assert page.status == 409
        assert "Leitung" in page.text("[role=alert]")
    assert owner.open("/redaktion/konten").status == 200


@pytest.mark.parametrize("how", ["deactivate", "demote"])
def test_two_owners_who_remove_each_other_leave_one(app: Flask, session: Session, how: str) -> None:
    first, second = add_organiser(session, OWNER), add_organiser(session, OWNER)
    pair = (first.id, second.id)
    session.commit()
    engine, together, refused = engine_of(app), threading.Barrier(2, timeout=10), []

    def remove(number: int, by: int) -> None:
        with Session(engine) as mine:
            if mine.get_bind().dialect.name == "postgresql":  # both have looked before either has changed anything
                mine.get_one(Organiser, number)
            together.wait()
            other = mine.get_one(Organiser, number)
            try:
                if how == "deactivate":
                    operations.deactivate(mine, other, by=by, now=now())
                else:
                    operations.change_roles(mine, other, [MODERATOR], by=by, now=now())
                mine.commit()
            except operations.LastOwner:
                refused.append(number)

    threads = [threading.Thread(target=remove, args=args) for args in (pair, pair[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    session.expire_all()
    left = [one for one in session.scalars(select(Organiser)) if one.active and one.has_role(OWNER)]
    assert len(left) == len(refused) == 1


def test_sensitive_acts_ask_for_the_password_again(
    app: Flask, session: Session, later: Later, settings: Settings
) -> None:
    ada, eve = add_organiser(session, OWNER), add_organiser(session, MODERATOR, name="Eva Beispiel")
    browser = log_in(app, session, ada)
    browser.open(f"/redaktion/konten/{eve.id}")
    later(timedelta(minutes=settings.office_fresh_minutes))
    page = browser.submit("#roles-form", roles=[EDITOR, AUDITOR])
    assert page.status == 401
    assert "noch nichts geschehen" in page.text()
    session.expire_all()
    assert eve.roles == (MODERATOR,)
    page = browser.submit(password="not hers at all")
    assert page.status == 422
    page = browser.submit(password=PASSWORD)
    assert "wieder angemeldet" in page.text("h1")
    page = browser.submit()
    assert page.path == f"/redaktion/konten/{eve.id}"
    session.expire_all()
    assert " ".join(eve.roles) == "editor auditor", "what was ticked before the password is what counts"


def test_what_was_typed_stands_under_the_words_of_its_form(
    app: Flask, session: Session, later: Later, settings: Settings
) -> None:
    browser = log_in(app, session, add_organiser(session, OWNER))
    browser.open("/redaktion/konten/einladen")
    later(timedelta(minutes=settings.office_fresh_minutes))
    browser.submit(name="Eva Beispiel", email="eva@example.org", language="de", roles=[EDITOR])
    page = browser.submit(password=PASSWORD)
    assert page.texts("main dt") == ["Seite", "Name", "E-Mail-Adresse", "Rollen"]
    assert page.fields()["language"] == "de", "what nobody typed is sent all the same"


def test_a_file_is_ready_after_the_password(app: Flask, session: Session, later: Later, settings: Settings) -> None:
    browser = log_in(app, session, add_organiser(session, OWNER))
    browser.open("/redaktion/protokoll")
    later(timedelta(minutes=settings.office_fresh_minutes))
    assert browser.submit("form.export").status == 401
    page = browser.submit(password=PASSWORD)
    assert page.text("h1") == "Die Datei steht bereit"
    assert "absenden" not in page.text("main")
    file = browser.submit(button="Herunterladen").response
    assert file.headers["Content-Disposition"].startswith("attachment")


def test_a_sensitive_page_comes_after_the_password(
    app: Flask, session: Session, later: Later, settings: Settings
) -> None:
    browser = log_in(app, session, add_organiser(session, OWNER))
    later(timedelta(minutes=settings.office_fresh_minutes))
    browser.open("/redaktion/konten/einladen?von=hier")
    assert browser.page.path == "/redaktion/anmelden/erneut"
    page = browser.submit(password=PASSWORD)
    assert page.path == "/redaktion/konten/einladen"
    assert page.response.request.query_string == b"von=hier"


def test_guessing_the_password_at_an_open_desk_is_limited(
    app: Flask, session: Session, later: Later, settings: Settings
) -> None:
    browser = log_in(app, session, add_organiser(session, OWNER))
    later(timedelta(minutes=settings.office_fresh_minutes))
    browser.open("/redaktion/konten/einladen")
    for _ in range(5):
        browser.submit(password="not hers")
    assert browser.submit(password=PASSWORD).status == 429


def test_what_was_typed_before_the_session_ended_is_kept(
    app: Flask, session: Session, later: Later, settings: Settings
) -> None:
    ada = add_organiser(session, OWNER)
    browser = log_in(app, session, ada)
    browser.open("/redaktion/konten/einladen")
    moment = later(timedelta(minutes=settings.office_idle_minutes))
    page = browser.submit("#invite", name="Zoë Müller", email="zoe@example.org", roles=[MODERATOR, EDITOR])
    assert page.status == 401
    assert "es ist noch da" in page.text()
    browser.submit(email=ada.email, password=PASSWORD)
    page = browser.submit("#code-form", code=code(moment.timestamp()))
    assert "noch nicht gespeichert" in page.text()
    page = browser.submit()
    assert page.path == "/redaktion/konten"
    assert "Zoë Müller" in page.text()


def test_passwords_are_never_held(app: Flask, session: Session, later: Later, settings: Settings) -> None:
    browser = log_in(app, session, add_organiser(session, OWNER))
    browser.open("/redaktion/konto/passwort")
    later(timedelta(minutes=settings.office_fresh_minutes))
    browser.submit("#password-form", password=NEW, password_again=NEW)
    held = browser.page.fields()["held"]
    from portal import tokens

    assert NEW not in str(tokens.read(settings, "organisers.held", str(held)))
    assert held


def test_the_office_speaks_the_organisers_language(office: Office) -> None:
    browser = office(MODERATOR)
    browser.open("/redaktion/konto")
    page = browser.submit("#details", name="Ada Beispiel", language="en")
    assert page.attribute("html", "lang") == "en"


def test_new_recovery_codes_void_the_old_ones(app: Flask, session: Session, settings: Settings) -> None:
    from portal.organisers import second_factor

    ada = add_organiser(session, MODERATOR)
    old = second_factor.new_recovery_codes(session, settings, ada)
    browser = log_in(app, session, ada)
    new = browser.submit("#codes").texts(".recovery-codes code")
    assert len(new) == 10
    assert "Wiederherstellungs\N{SOFT HYPHEN}codes" in browser.page.text("h1"), "too long for a narrow screen"
    assert not second_factor.use_recovery_code(session, settings, ada, old[0])
    assert second_factor.use_recovery_code(session, settings, ada, new[0])


def test_renewing_the_codes_of_the_app(app: Flask, session: Session) -> None:
    import pyotp

    ada = add_organiser(session, MODERATOR)
    browser = log_in(app, session, ada)
    browser.open("/redaktion/konto/zweiter-faktor")
    key = browser.page.text(".totp-key").replace(" ", "")
    assert key != SECRET
    link = browser.page.attribute('main a[href^="otpauth:"]', "href")
    assert pyotp.parse_uri(link or "").secret == key, "for an app on the same device"
    browser.submit("#totp-form", code=pyotp.TOTP(key).now())
    assert letters(app, session)[-1]["Subject"] == "Ihr zweiter Faktor wurde geändert"
    session.expire_all()
    other = browser_of(app)
    give_password(other, ada)
    assert other.submit("#code-form", code=code()).status == 422, "the old key makes no code any more"


def test_the_database_keeps_accounts_whole(session: Session) -> None:
    for broken in (
        {"name": ""},
        {"email": None},
        {"address_key": None},
        {"active": False},
        {"active": False, "deactivated_at": now()},
        {"password_set_at": None},
        {"totp_secret": None, "totp_step": 1},
        {"erased_at": now()},
    ):
        ada = new_organiser(OWNER, email="ada@example.org")
        for name, value in broken.items():
            setattr(ada, name, value)
        with pytest.raises(IntegrityError), session.begin_nested():
            session.add(ada)
    with pytest.raises(IntegrityError), session.begin_nested():
        add_organiser(session, "emperor")
    add_organiser(session, OWNER, email="ada@example.org")
    with pytest.raises(IntegrityError), session.begin_nested():
        add_organiser(session, OWNER, email="ADA@example.org")


def test_a_link_alone_in_the_database_makes_no_token(session: Session, settings: Settings, book: AddressBook) -> None:
    address = book.identify("zoe@example.org")
    _, token = operations.invite(session, settings, "Zoë", address, [OWNER], "de", by=None, now=now())
    link = session.scalars(select(OrganiserLink)).one()
    other = settings.model_copy(update={"secret_key": settings.address_secret})
    forged = operations.link_token(other, link.id, link.nonce.hex())
    assert operations.find_link(session, settings, token, now())[0] is link
    with pytest.raises(operations.LinkInvalid):
        operations.find_link(session, settings, forged, now())
