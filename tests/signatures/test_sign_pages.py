"""The form, its check page, the confirmation page and the list, as a visitor's browser sees them."""

import re
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.mail.models import OutboxMail
from portal.optin.models import OptIn
from portal.signatures import operations
from portal.signatures.models import Signature
from portal.signatures.operations import Tally
from tests.browser import Browser, Page
from tests.conftest import MakeApp
from tests.revisions import publish_revision
from tests.signatures.conftest import Sign, later, mails, newest_link, people

pytestmark = pytest.mark.usefixtures("revision")

ADA: dict[str, Any] = {
    "name": "Ada Beispiel",
    "email": "ada@example.org",
    "occupation": "Sozialarbeiterin",
    "field": "school",
    "organisation": "Beispiel e. V.",
    "place": "Essen",
    "state": "NW",
    "show_name": True,
    "show_place": True,
    "consent": True,
}


def sign_up(browser: Browser, language: str = "de", **changes: Any) -> None:
    """Fill in the form and send it from the check page."""
    browser.open("/en/sign" if language == "en" else "/unterzeichnen")
    browser.submit(**{**ADA, **changes})
    browser.submit(button="send")


def test_the_check_page_shows_the_answers_and_exactly_what_the_list_will_show(
    browser: Browser, session: Session, settings: Settings
) -> None:
    browser.open("/unterzeichnen")
    page = browser.submit(**ADA)
    assert page.status == 200
    preview = page.text(".preview-card .signatories li")
    assert "Sozialarbeiterin" not in preview
    assert people(session) == []
    browser.submit(button="send")
    assert people(session) == [("Ada Beispiel", "pending")]
    browser.open(f"/bestaetigen/{newest_link(session, settings)}")
    browser.submit()
    assert browser.open("/unterzeichnende").text(".signatories li") == preview


def test_nobody_signs_a_revision_that_appeared_after_the_answers_were_checked(
    browser: Browser, session: Session
) -> None:
    """Consent names the revision: who has checked her answers beside one is shown the next one first."""
    browser.open("/unterzeichnen")
    browser.submit(**ADA)
    newer = publish_revision(session, 2)
    page = browser.submit(button="send")
    assert page.status == 409
    assert people(session) == []
    assert "Fassung 2" in page.text(".notice--warning")
    browser.submit(button="send")
    assert people(session) == [("Ada Beispiel", "pending")]
    assert session.scalars(select(Signature.revision_id)).all() == [newer.id]


def test_what_is_optional_may_be_missing_altogether(browser: Browser, session: Session) -> None:
    token = browser.open("/unterzeichnen").fields()["csrf_token"]
    needed = {"name": "Ada Beispiel", "email": "ada@example.org", "consent": "y", "csrf_token": token, "step": "send"}
    assert browser.client.post("/unterzeichnen", data=needed).status_code == 303
    assert people(session) == [("Ada Beispiel", "pending")]


def test_changing_the_answers_keeps_them_all(browser: Browser) -> None:
    browser.open("/unterzeichnen")
    browser.submit(**ADA)
    page = browser.submit(button="change")
    kept = page.fields()
    for name, value in ADA.items():
        assert kept[name] == ("y" if value is True else value)
    assert "show_occupation" not in kept


@pytest.mark.parametrize(
    ("wrong", "field", "message"),
    [
        ({"name": ""}, "name", "Bitte geben Sie Ihren Namen ein."),
        ({"name": "x" * 256}, "name", "höchstens 120 Zeichen"),
        ({"name": "12345"}, "name", "in Buchstaben"),
        ({"name": "www.example.org kaufen"}, "name", "keine Internetadresse"),
        ({"name": "Sie haben gewonnen: bit.ly/abc"}, "name", "keine Internetadresse"),
        ({"email": ""}, "email", "Bitte geben Sie Ihre E-Mail-Adresse ein."),
        ({"email": "ada@"}, "email", "keine vollständige E-Mail-Adresse"),
        ({"email": f"{'a' * 250}@example.org"}, "email", "E-Mail-Adresse"),
        ({"email": "a@example.org\r\nBcc: b@example.org"}, "email", "keine vollständige E-Mail-Adresse"),
        ({"consent": False}, "consent", "Bitte setzen Sie das Häkchen."),
        ({"occupation": "x" * 256}, "occupation", "höchstens 120 Zeichen"),
        ({"field": "made_up"}, "field", "Bitte wählen Sie aus der Liste."),
        ({"website": "https://spam.example"}, "website", "lassen Sie es leer"),
    ],
)
def test_a_mistake_is_named_beside_its_field_and_everything_typed_is_kept(
    browser: Browser, session: Session, wrong: dict[str, Any], field: str, message: str
) -> None:
    """Edge case 11."""
    browser.open("/unterzeichnen")
    page = browser.submit(**{**ADA, **wrong})
    assert page.status == 422
    assert page.title.startswith("Fehler: ")
    assert message in page.text(".error-summary")
    assert page.has(f'.error-summary a[href="#{field}"]')
    assert page.attribute(f"#{field}", "aria-invalid") == "true"
    for name in ("organisation", "place"):
        assert page.fields()[name] == ADA[name]
    assert people(session) == []


def test_a_stale_form_is_shown_again_with_everything_typed(browser: Browser, session: Session) -> None:
    browser.open("/unterzeichnen")
    browser.client.delete_cookie("portal", domain="portal.test")
    browser.client.delete_cookie("portal")
    page = browser.submit(**ADA)
    assert page.status == 422
    assert "Ihre Eingaben sind noch da" in page.text(".error-summary")
    assert page.fields()["name"] == "Ada Beispiel"
    browser.submit()
    browser.submit(button="send")
    assert people(session) == [("Ada Beispiel", "pending")]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Müller-Özdemir", "Müller-Özdemir"),
        ("O'Neill", "O'Neill"),
        ("Søren ẞ", "Søren ẞ"),
        ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        ("@ada", "@ada"),
        ("Dr.med. Ada M.A. St.Gall", "Dr.med. Ada M.A. St.Gall"),
        ("A\x00da", "Ada"),
        ("Ada \u202eleipsieB", "Ada leipsieB"),
        ("{{7*7}} <script>a", "{{7*7}} <script>a"),
    ],
)
def test_names_survive_as_they_are(browser: Browser, session: Session, typed: str, kept: str) -> None:
    """Edge case 11 and 28: nothing but invisible characters is taken away, and nothing is executed."""
    sign_up(browser, name=typed)
    assert people(session) == [(kept, "pending")]


def test_invalid_utf8_and_a_wrong_number_are_no_server_error(browser: Browser, session: Session) -> None:
    """Edge case 11."""
    page = browser.open("/unterzeichnen")
    fields = {name: str(value).encode() for name, value in page.fields().items()}
    answer = browser.client.post("/unterzeichnen", data={**fields, "name": b"\xff\xfe", "email": b"\xff@x"})
    assert answer.status_code == 422
    for address in ("/unterzeichnende?vor=x", "/unterzeichnende?vor=99999999999999999999", "/unterzeichnende?vor=-1"):
        assert browser.client.get(address).status_code == 200
    assert browser.client.get("/unterzeichnende?suche=%00%ff").status_code == 200


def test_a_mistyped_provider_is_hinted_at_and_not_refused(browser: Browser, session: Session) -> None:
    """Edge case 4."""
    browser.open("/unterzeichnen")
    page = browser.submit(**{**ADA, "email": "ada@gmial.com"})
    assert "ada@gmail.com" in page.text(".notice--warning")
    browser.submit(button="send")
    assert people(session) == [("Ada Beispiel", "pending")]


@pytest.mark.parametrize("state", ["new", "pending", "confirmed", "full", "over the limit"])
def test_every_address_gets_the_same_answer(
    browser: Browser, session: Session, settings: Settings, sign: Sign, confirm: Any, state: str
) -> None:
    """Edge case 5: neither status nor body nor redirect says whether an address is known."""
    if state != "new":
        sign("Ada Beispiel" if state != "full" else "Bo Muster")
    if state in {"confirmed", "full"}:
        confirm()
    if state == "full":
        sign("Cem Dritter")
        confirm()
    if state == "over the limit":
        for letter in "abcdef":
            sign(f"Name {letter}")
    browser.open("/unterzeichnen")
    fields = browser.submit(**ADA).fields(button="send")
    answer = browser.client.post("/unterzeichnen", data=fields)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/unterzeichnen/postfach"
    assert "Ada" not in answer.text
    shown = browser.open("/unterzeichnen/postfach").text()
    assert "Schauen Sie in Ihr Postfach" in shown


def test_reading_a_mailed_link_a_hundred_times_changes_nothing(
    browser: Browser, session: Session, settings: Settings, sign: Sign
) -> None:
    """Edge case 1."""
    sign()
    link = f"/bestaetigen/{newest_link(session, settings)}"
    for _ in range(50):
        assert browser.client.get(link).status_code == 200
        assert browser.client.head(link).status_code == 200
    assert people(session) == [("Ada Beispiel", "pending")]
    session.commit()
    assert mails(session) == ["signatures/mail/confirm"]
    assert session.scalars(select(OptIn)).one().status == "pending"


def test_one_post_confirms_and_a_second_shows_the_same_page(
    browser: Browser, session: Session, settings: Settings, sign: Sign
) -> None:
    """Edge case 1. A mail program may post without cookie and token."""
    sign(show_name=True)
    link = f"/bestaetigen/{newest_link(session, settings)}"
    pages = [browser.client.post(link, follow_redirects=True).text for _ in range(2)]
    assert pages[0] == pages[1]
    assert "Danke, das ist bestätigt" in pages[0]
    assert operations.tally(session) == Tally(1, 1)


@pytest.mark.parametrize(
    "damage", [lambda link: link[:-5], lambda link: link.replace("a", "b") + "x", lambda _: "x", lambda _: "%00"]
)
@pytest.mark.parametrize("path", ["/bestaetigen/", "/en/confirm/", "/meine-daten/"])
def test_a_damaged_link_leads_on(
    browser: Browser, session: Session, settings: Settings, sign: Sign, damage: Any, path: str
) -> None:
    """Edge case 1: never 404 or 500."""
    sign()
    page = browser.open(path + damage(newest_link(session, settings)))
    assert page.status == 400
    assert page.has("main a.button")


def test_a_link_for_one_purpose_opens_no_other(
    browser: Browser, session: Session, settings: Settings, sign: Sign
) -> None:
    """Edge case 3."""
    sign()
    assert browser.open(f"/meine-daten/{newest_link(session, settings)}").status == 400


def test_a_link_that_is_too_old_says_so(browser: Browser, session: Session, settings: Settings, sign: Sign) -> None:
    """Edge case 3: an expired link is refused."""
    sign(at=later(days=-settings.optin_days, minutes=-1))
    page = browser.open(f"/bestaetigen/{newest_link(session, settings)}")
    assert page.status == 410
    assert "gilt nicht mehr" in page.title


def test_that_was_not_me(browser: Browser, session: Session, settings: Settings, sign: Sign) -> None:
    """Law L5."""
    sign()
    browser.open(f"/bestaetigen/{newest_link(session, settings)}")
    browser.follow("Das war ich nicht")
    browser.submit()
    assert "gelöscht" in browser.page.text("h1")
    assert people(session) == []
    assert session.scalars(select(OptIn.email)).all() == [None]


def test_after_closing_the_form_is_gone_and_the_confirmation_page_says_so(
    make_app: MakeApp, session: Session, sign: Sign
) -> None:
    """Edge case 12."""
    sign()
    closed = make_app(signing_closes_at=later(days=-30), signing_grace_days=7)
    browser = Browser(closed.test_client())
    assert "beendet" in browser.open("/unterzeichnen").text("h1")
    link = f"/bestaetigen/{newest_link(session, closed.extensions['settings'])}"
    assert "Frist" in browser.open(link).text("h1")
    assert not browser.page.has("main form")
    session.commit()
    assert "Frist" in Page(browser.client.post(link, follow_redirects=True)).text("h1")
    assert people(session) == [("Ada Beispiel", "pending")]


def test_the_mail_can_be_asked_for_again_after_five_minutes(browser: Browser, session: Session, sign: Sign) -> None:
    sign(at=later(minutes=-4))
    browser.open("/unterzeichnen/postfach")
    browser.submit(email="ada@example.org")
    assert mails(session) == ["signatures/mail/confirm"]
    session.execute(update(OptIn).values(mailed_at=later(minutes=-6)))
    browser.open("/unterzeichnen/postfach")
    browser.submit(email="ada@example.org")
    assert mails(session) == ["signatures/mail/confirm"] * 2
    first, second = (mail.context for mail in session.scalars(select(OutboxMail)))
    assert first == second, "the same link is mailed again"
    unknown = browser.submit(email="unknown@example.org")
    assert unknown.text() == browser.submit(email="ada@example.org").text()


def test_the_language_of_the_form_is_the_language_of_the_mail(browser: Browser, session: Session) -> None:
    sign_up(browser, "en")
    assert session.scalars(select(OutboxMail.language)).one() == "en"
    assert session.scalars(select(Signature.language)).one() == "en"


def test_the_proof_keeps_the_exact_words_of_each_consent(browser: Browser, session: Session) -> None:
    """Law L3 and L6."""
    browser.open("/unterzeichnen")
    wording = browser.page.text('label[for="consent"]')
    sign_up(browser, newsletter=True)
    proof = session.scalars(select(OptIn)).one().proof
    from portal.optin.models import Wording

    given = {
        entry.detail: session.get_one(Wording, entry.wording_sha256).text for entry in proof if entry.wording_sha256
    }
    assert given["sign"] == wording
    assert given["newsletter"].startswith("Ich möchte den Newsletter bekommen."), "one name for one thing"
    assert re.search(r"Name, Ort und Bundesland\.$", given["public"])
    assert set(given) == {"sign", "public", "newsletter"}
    assert next(entry for entry in proof if entry.event == "requested").detail == "sign/1"


def test_nothing_is_ticked_beforehand(browser: Browser) -> None:
    """Law L6 and L7."""
    page = browser.open("/unterzeichnen")
    assert not page.has("main input[type=checkbox][checked]")


def test_a_suspicious_sign_up_takes_the_same_way_and_is_held(make_app: MakeApp, session: Session) -> None:
    """Edge case 9: over the limit everything looks the same, and nothing counts before somebody has looked."""
    browser = Browser(make_app(rate_limit_suspicious="1 per hour", allowed_networks="").test_client())
    for number in range(3):
        sign_up(browser, name=f"Name {'abc'[number]}", email=f"{number}@example.org")
        assert "Schauen Sie in Ihr Postfach" in browser.page.text("h1")
    held = [(one.name, one.held_reason) for one in session.scalars(select(Signature).order_by(Signature.id))]
    assert [reason for _, reason in held][1:] == ["suspicious"] * 2


def test_an_allow_listed_network_passes(make_app: MakeApp, session: Session) -> None:
    """Edge case 9."""
    app = make_app(rate_limit_suspicious="1 per hour", rate_limit_refused="2 per hour", allowed_networks="127.0.0.0/8")
    browser = Browser(app.test_client())
    for number in range(4):
        sign_up(browser, name=f"Name {'abcd'[number]}", email=f"{number}@example.org")
    assert len(people(session)) == 4


def test_a_flood_is_refused_with_a_page_whatever_form_it_comes_by(make_app: MakeApp) -> None:
    browser = Browser(make_app(rate_limit_refused="1 per hour", allowed_networks="").test_client())
    browser.open("/unterzeichnen")
    browser.submit(**ADA)
    for form in ("/unterzeichnen", "/unterzeichnen/postfach", "/meine-daten"):
        assert browser.client.post(form, data={}).status_code == 429
        assert browser.client.get(form).status_code == 200


@pytest.mark.parametrize("form", ["/unterzeichnen", "/unterzeichnen/postfach", "/meine-daten"])
def test_a_file_in_place_of_text_is_no_server_error(browser: Browser, form: str) -> None:
    """Edge case 11."""
    for name in ("name", "email", "started", "field", "website"):
        answer = browser.client.post(form, data={name: (BytesIO(b"x"), "x.txt")})
        assert answer.status_code == 422, name


def test_a_host_that_cannot_be_one_is_no_server_error(browser: Browser) -> None:
    assert browser.client.get("/nirgendwo", headers={"Host": "a..b"}).status_code == 400


def test_a_second_click_on_send_leaves_the_first_link_good(
    browser: Browser, session: Session, settings: Settings, sign: Sign, confirm: Any
) -> None:
    sign()
    link = newest_link(session, settings)
    sign()
    assert mails(session) == ["signatures/mail/confirm"]
    confirm(link)
    assert people(session) == [("Ada Beispiel", "confirmed")]
