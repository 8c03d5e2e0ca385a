"""Who gets the newsletter: who has asked for it and confirmed that, and nobody else."""

import time
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.clock import now
from portal.config import Settings
from portal.database import Base
from portal.mail.models import BLOCKED, BOUNCED, COMPLAINED, OBJECTED, OutboxMail
from portal.optin import operations as optin
from portal.optin.models import OptIn, ProofEntry, Wording
from portal.privacy import holds
from portal.privacy import operations as privacy
from portal.signatures.models import Signature
from portal.subscribers import operations, wording
from portal.subscribers.models import CONFIRMED, Subscription
from tests.browser import Browser
from tests.conftest import MakeApp
from tests.newsletter.subscribing import (
    ADA,
    MANY,
    a_day_later,
    address,
    at_once,
    confirm,
    expire_requests,
    mails,
    my_data,
    newest_link,
    order,
    subscriptions,
    suppress,
    suppressed,
    the_subscription,
)
from tests.newsletter.writing import ENGLISH, begun
from tests.revisions import publish_revision


def test_nobody_is_enrolled_before_confirming(browser: Browser, session: Session, settings: Settings) -> None:
    """Edge cases 1 and 7."""
    order(browser, name="Ada Beispiel", language="en")
    assert subscriptions(session) == [(ADA, "pending")]
    link = f"/en/confirm/{newest_link(session, settings)}"
    for _ in range(3):
        browser.open(link)
    assert subscriptions(session) == [(ADA, "pending")]
    assert "Ada Beispiel" in browser.page.text("main")
    browser.submit()
    found = the_subscription(session)
    assert (found.status, found.name, found.language, found.source) == (CONFIRMED, "Ada Beispiel", "en", "newsletter")
    assert mails(session) == ["confirm", "welcome"]
    assert browser.open(link).status == 200, "the link shows the same page ever after"
    assert mails(session) == ["confirm", "welcome"]


def test_the_proof_keeps_the_words_that_stood_beside_the_button(
    browser: Browser, session: Session, settings: Settings
) -> None:
    """Law L3."""
    page = browser.open("/newsletter")
    read = page.text("main .preview-card p:last-child")
    order(browser)
    confirm(browser, session, settings)
    entries = session.scalars(select(ProofEntry).order_by(ProofEntry.id)).all()
    assert [(one.event, one.detail) for one in entries] == [
        ("requested", "newsletter/1"),
        ("consented", "newsletter"),
        ("confirmed", None),
    ]
    assert session.get_one(Wording, entries[1].wording_sha256).text == read


@pytest.mark.parametrize("state", ["unknown", "pending", "subscribed", *(BOUNCED, COMPLAINED, BLOCKED, OBJECTED)])
def test_the_answer_is_the_same_whoever_asks(
    app: Flask, browser: Browser, session: Session, settings: Settings, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Edge case 5: status, address and body; and the same time, for it is spent in `evenly`."""
    if state in {"pending", "subscribed"}:
        order(browser)
    if state == "subscribed":
        confirm(browser, session, settings)
    if state in {BOUNCED, COMPLAINED, BLOCKED, OBJECTED}:
        suppress(session, app, state)
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    browser.open("/newsletter")
    fields = browser.page.fields()
    answer = browser.client.post("/newsletter", data={**fields, "email": ADA})
    stranger = browser.client.post("/newsletter", data={**fields, "email": "stranger@example.org"})
    for one in (answer, stranger):
        assert (one.status_code, one.location) == (303, "/newsletter/postfach")
    assert answer.data == stranger.data
    assert len(waited) == 2


def test_who_has_it_already_is_told_by_mail_with_the_ways_on(
    app: Flask, browser: Browser, session: Session, settings: Settings
) -> None:
    order(browser, name="Ada")
    confirm(browser, session, settings)
    order(browser, email="ADA@example.org", name="Mallory", language="en")
    assert mails(session) == ["confirm", "welcome", "already"]
    found = the_subscription(session)
    assert (found.name, found.language) == ("Ada", "de"), "who only knows an address changes nothing"


def test_ordering_again_while_pending_mails_the_new_name_and_kills_the_old_link(
    browser: Browser, session: Session, settings: Settings
) -> None:
    """Edge case 6."""
    order(browser, name="Falscher Name")
    old = newest_link(session, settings)
    order(browser, name="Richtiger Name")
    contexts = session.scalars(select(OutboxMail.context).order_by(OutboxMail.id)).all()
    assert [context and context["name"] for context in contexts] == ["Falscher Name", "Richtiger Name"]
    assert browser.open(f"/bestaetigen/{old}").status == 410
    confirm(browser, session, settings)
    assert the_subscription(session).name == "Richtiger Name"


def test_the_same_once_more_within_minutes_sends_no_second_mail(browser: Browser, session: Session) -> None:
    order(browser)
    order(browser)
    assert mails(session) == ["confirm"]


def test_an_address_gets_only_so_many_mails_a_day(browser: Browser, session: Session, settings: Settings) -> None:
    for number in range(settings.mails_per_address_and_day + 3):
        order(browser, name="abcdefghij"[number])
    assert len(mails(session)) == settings.mails_per_address_and_day


def test_declining_and_expiry_leave_nothing(browser: Browser, session: Session, settings: Settings) -> None:
    order(browser)
    browser.open(f"/bestaetigen/{newest_link(session, settings)}/ablehnen")
    browser.submit()
    assert subscriptions(session) == []
    order(browser, email="bo@example.org")
    expire_requests(session)
    optin.expire(session, {operations.PURPOSE.name: operations.PURPOSE}, now() + timedelta(days=1))
    assert subscriptions(session) == []
    assert session.scalars(select(OptIn)).all() == []


def test_what_is_wrong_is_said_and_what_was_typed_stays(browser: Browser, session: Session) -> None:
    browser.open("/newsletter")
    page = browser.submit(email="keine Adresse", name="https://werbung.example", language="en")
    assert page.status == 422
    assert page.title.startswith("Fehler: ")
    assert len(page.texts("[role=alert] li")) == 2
    assert page.fields()["email"] == "keine Adresse"
    assert page.fields()["name"] == "https://werbung.example"
    assert page.fields()["language"] == "en"
    page = browser.submit(email=ADA, name="", language="tlh")
    assert page.status == 422
    browser.open("/newsletter")
    assert browser.submit(email=ADA, website="https://spam.example").status == 422
    assert subscriptions(session) == []


def test_a_mistyped_address_is_asked_about_once(browser: Browser, session: Session) -> None:
    browser.open("/newsletter")
    page = browser.submit(email="ada@gmial.com")
    assert page.status == 200
    assert "ada@gmail.com" in page.text(".notice--warning")
    assert subscriptions(session) == []
    browser.submit()
    assert subscriptions(session) == [("ada@gmial.com", "pending")]


def test_a_suspicious_order_is_given_work_and_passes_the_second_time(
    make_app: MakeApp, session: Session, settings: Settings
) -> None:
    browser = Browser(make_app(allowed_networks="").test_client())
    browser.open("/newsletter")
    page = browser.submit(email=ADA)
    assert page.has("altcha-widget"), "it came back within two seconds"
    assert subscriptions(session) == []
    session.commit()
    browser.submit()
    assert subscriptions(session) == [(ADA, "pending")]


@pytest.mark.parametrize(
    ("reason", "stays"), [(OBJECTED, False), (BOUNCED, False), (COMPLAINED, True), (BLOCKED, True)]
)
def test_confirming_lifts_an_own_objection_and_what_came_back_and_nothing_else(
    app: Flask, browser: Browser, session: Session, settings: Settings, reason: str, stays: bool
) -> None:
    suppress(session, app, reason)
    order(browser)
    assert suppressed(session) == [reason], "asking lifts nothing"
    if stays:
        assert mails(session) == ["barred"]
        assert subscriptions(session) == []
    else:
        confirm(browser, session, settings)
        assert suppressed(session) == []
        assert subscriptions(session) == [(ADA, "confirmed")]


def test_an_address_that_is_barred_before_it_is_confirmed_gets_nothing(
    app: Flask, browser: Browser, session: Session, settings: Settings
) -> None:
    order(browser)
    suppress(session, app, COMPLAINED)
    link = newest_link(session, settings)
    assert browser.client.post(f"/bestaetigen/{link}").status_code == 303
    assert browser.open(f"/bestaetigen/{link}").status == 410
    assert subscriptions(session) == []


def test_who_has_it_and_bounced_can_show_that_mail_arrives_again(
    app: Flask, browser: Browser, session: Session, settings: Settings
) -> None:
    order(browser, name="Ada")
    confirm(browser, session, settings)
    suppress(session, app, BOUNCED)
    order(browser, name="Mallory")
    assert subscriptions(session) == [(ADA, "confirmed")], "who only knows the address ends nothing"
    confirm(browser, session, settings)
    assert suppressed(session) == []
    assert the_subscription(session).name == "Ada"


def test_twenty_clicks_on_one_link_are_one_subscription_and_one_welcome(
    app: Flask, browser: Browser, session: Session, settings: Settings
) -> None:
    """Edge case 2."""
    order(browser)
    link = f"/bestaetigen/{newest_link(session, settings)}"
    assert at_once(lambda _: app.test_client().post(link).status_code) == [303] * MANY
    assert subscriptions(session) == [(ADA, "confirmed")]
    assert mails(session) == ["confirm", "welcome"]


def test_twenty_orders_of_one_mailbox_are_one_row(app: Flask, session: Session, settings: Settings) -> None:
    """Edge case 4."""
    visitors = [Browser(app.test_client()) for _ in range(MANY)]
    for visitor in visitors:
        visitor.open("/newsletter")
    emails = ("A.b+x@gmail.com", "ab@googlemail.com")
    pages = at_once(lambda number: visitors[number].submit(email=emails[number % 2], name="abcdefghij"[number % 10]))
    assert {page.status for page in pages} == {200}
    assert len(subscriptions(session)) == 1
    assert len(mails(session)) == settings.mails_per_address_and_day


def test_the_database_refuses_a_second_row_for_a_mailbox(session: Session) -> None:
    for _ in range(2):
        session.add(
            Subscription(address_key="k", email=ADA, language="de", status="pending", source="sign", requested_at=now())
        )
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()


# While signing


def sign(browser: Browser, session: Session, settings: Settings, email: str = ADA, name: str = "Ada Beispiel") -> str:
    """Sign with the tick for the newsletter, and confirm the signature; the token of its link."""
    browser.open("/unterzeichnen")
    browser.submit(name=name, email=email, consent=True, newsletter=True)
    browser.submit(button="send")
    link = newest_link(session, settings, "signature")
    browser.open(f"/bestaetigen/{link}")
    browser.submit()
    return link


def test_the_tick_while_signing_leads_to_a_question_of_its_own(
    browser: Browser, session: Session, settings: Settings
) -> None:
    """Edge case 7: confirming the signature enrols nobody in the newsletter."""
    publish_revision(session)
    sign(browser, session, settings)
    assert "Den Newsletter bestätigen Sie bitte gesondert" in browser.page.text("main")
    assert subscriptions(session) == [(ADA, "pending")]
    assert mails(session) == ["confirm", "confirmed", "confirm"]
    confirm(browser, session, settings)
    found = the_subscription(session)
    assert (found.status, found.name, found.source) == (CONFIRMED, "Ada Beispiel", "sign")
    proof = session.scalars(select(ProofEntry.detail).join(OptIn).where(OptIn.purpose == "newsletter"))
    assert "sign/1" in proof.all()
    assert session.scalars(select(Signature.status)).all() == ["confirmed"]


def test_the_question_is_not_lost_when_the_address_has_got_its_mails_for_today(
    make_app: MakeApp, session: Session
) -> None:
    app = make_app(mails_per_address_and_day=2)
    browser, settings = Browser(app.test_client()), app.extensions["settings"]
    publish_revision(session)
    session.commit()
    sign(browser, session, settings)
    waiting = session.scalars(select(OutboxMail).where(OutboxMail.template == "subscribers/mail/confirm")).one()
    assert timedelta(hours=23) < waiting.next_attempt_at - waiting.created_at <= timedelta(days=1)
    session.commit()
    confirm(browser, session, settings)
    assert subscriptions(session) == [(ADA, "confirmed")]


@pytest.mark.parametrize("state", ["subscribed", "pending", COMPLAINED])
def test_who_has_it_or_was_asked_or_complained_is_not_asked_after_signing(
    app: Flask, browser: Browser, session: Session, settings: Settings, state: str
) -> None:
    publish_revision(session)
    if state == COMPLAINED:
        suppress(session, app, state)
    else:
        order(browser)
    if state == "subscribed":
        confirm(browser, session, settings)
    before = mails(session)
    sign(browser, session, settings)
    assert mails(session) == [*before, "confirm", "confirmed"]


# After confirming something else


def test_the_offer_takes_one_click_and_keeps_its_own_proof(
    browser: Browser, session: Session, settings: Settings
) -> None:
    publish_revision(session)
    browser.open("/unterzeichnen")
    browser.submit(name="Ada Beispiel", email=ADA, consent=True)
    browser.submit(button="send")
    browser.open(f"/bestaetigen/{newest_link(session, settings, 'signature')}")
    browser.submit()
    page = browser.follow("Newsletter bestellen")
    assert subscriptions(session) == []
    read = page.text("main .preview-card p:last-child")
    assert "Sie bekommen den Newsletter" in browser.submit().text("h1")
    assert subscriptions(session) == [(ADA, "confirmed")]
    assert the_subscription(session).source == "offer"
    own = session.scalars(select(OptIn).where(OptIn.purpose == "newsletter")).one()
    signed = session.scalars(select(OptIn).where(OptIn.purpose == "signature")).one()
    assert [(one.event, one.detail) for one in own.proof] == [
        ("requested", "offer/1"),
        ("consented", "newsletter"),
        ("confirmed", f"optin {signed.id}"),
    ]
    assert session.get_one(Wording, own.proof[1].wording_sha256).text == read
    assert mails(session) == ["confirm", "confirmed", "welcome"]
    browser.open(f"/bestaetigen/{newest_link(session, settings, 'signature')}")
    assert "Newsletter bestellen" not in browser.page.text("main"), "who has it is offered nothing"


def test_the_offer_needs_a_link_that_is_confirmed_and_still_good(
    app: Flask, browser: Browser, session: Session, settings: Settings
) -> None:
    publish_revision(session)
    browser.open("/unterzeichnen")
    browser.submit(name="Ada Beispiel", email=ADA, consent=True)
    browser.submit(button="send")
    link = newest_link(session, settings, "signature")
    assert browser.open(f"/newsletter/angebot/{link}").status == 410, "it is not confirmed"
    browser.open(f"/bestaetigen/{link}")
    browser.submit()
    assert browser.open(f"/newsletter/angebot/{link[:-3]}").status == 400
    assert browser.client.post(f"/newsletter/angebot/{link}").status_code == 422, "it needs a form's token"
    browser.open(f"/newsletter/angebot/{link}")
    privacy.erase(session, app.extensions["personal_data"], address(app).key, now())
    session.commit()
    assert browser.submit().status == 410, "it was erased meanwhile"
    assert subscriptions(session) == []


def test_the_offer_settles_what_was_asked_for_and_not_confirmed(
    browser: Browser, session: Session, settings: Settings
) -> None:
    publish_revision(session)
    signed = sign(browser, session, settings)
    old = newest_link(session, settings)
    browser.open(f"/newsletter/angebot/{signed}")
    browser.submit()
    assert subscriptions(session) == [(ADA, "confirmed")]
    assert the_subscription(session).name == "Ada Beispiel"
    assert browser.open(f"/bestaetigen/{old}").status == 410
    assert mails(session) == ["confirm", "confirmed", "welcome"], "the question that waited is taken back"


def test_the_offer_goes_to_nobody_who_is_barred(
    app: Flask, browser: Browser, session: Session, settings: Settings
) -> None:
    publish_revision(session)
    suppress(session, app, BLOCKED)
    signed = sign(browser, session, settings)
    browser.open(f"/newsletter/angebot/{signed}")
    page = browser.submit()
    assert page.status == 409
    assert "kein Newsletter" in page.text("h1")
    assert subscriptions(session) == []


def test_twenty_clicks_on_the_offer_are_one_subscription(
    app: Flask, browser: Browser, session: Session, settings: Settings
) -> None:
    publish_revision(session)
    path = f"/newsletter/angebot/{sign(browser, session, settings)}"
    visitors = [Browser(app.test_client()) for _ in range(MANY)]
    for visitor in visitors:
        visitor.open(path)
    pages = at_once(lambda number: visitors[number].submit())
    assert {page.status for page in pages} == {200}
    assert subscriptions(session) == [(ADA, "confirmed")]
    assert mails(session).count("welcome") == 1


# One's data


@pytest.fixture
def ada(app: Flask, browser: Browser, session: Session, settings: Settings) -> str:
    """Ada has the newsletter; the address of the page with her data."""
    order(browser, name="Ada Beispiel")
    confirm(browser, session, settings)
    return my_data(app, settings)


def test_name_and_language_can_be_changed(browser: Browser, session: Session, ada: str) -> None:
    browser.open(ada)
    assert "Ada Beispiel" in browser.page.text("main")
    browser.follow("Namen oder Sprache ändern")
    page = browser.submit(name="www.werbung.example")
    assert page.status == 422
    page = browser.submit(name="", language="en")
    assert page.text("main .notice--success") == "Ihre Änderung ist gespeichert."
    assert not browser.open(ada).has(".notice--success")
    found = the_subscription(session)
    assert (found.name, found.language) == (None, "en")
    last = session.scalars(select(ProofEntry).order_by(ProofEntry.id.desc())).first()
    assert last is not None
    assert (last.event, last.detail) == ("corrected", "name, language")


def test_letters_are_called_what_they_are_and_reasons_have_words(
    app: Flask, browser: Browser, session: Session, ada: str
) -> None:
    first, second = begun(app, session), begun(app, session, {"en": ENGLISH}, at=now())
    session.commit()
    letters = browser.open(ada).texts("main details")
    assert any("„Wie es weitergeht“" in one and f"Newsletter Nummer {first.id}" in one for one in letters)
    (skipped,) = (one for one in letters if f"Newsletter Nummer {second.id}" in one)
    assert "Einen Text in Ihrer Sprache gab es nicht" in skipped
    assert "Grund: kein Text in dieser Sprache" in skipped


def test_unsubscribing_there_leaves_the_proof_without_the_address(browser: Browser, session: Session, ada: str) -> None:
    browser.open(ada)
    page = browser.submit(form='form[action$="/newsletter/abmelden"]')
    assert "Sie sind abgemeldet" in page.text("h1")
    assert subscriptions(session) == []
    kept = session.scalars(select(OptIn)).one()
    assert (kept.email, kept.withdrawn_at is not None) == (None, True)
    assert mails(session) == [], "what waited is taken back, and nothing follows"


def test_erasing_everything_leaves_the_address_nowhere(
    app: Flask, browser: Browser, session: Session, settings: Settings, ada: str
) -> None:
    """Edge case 10."""
    order(browser)
    browser.open(ada)
    browser.submit(form='form[action$="/loeschen"]')
    session.commit()
    everything = repr([session.execute(select(table)).all() for table in Base.metadata.sorted_tables])
    assert "ada@" not in everything.casefold()
    assert "Ada Beispiel" not in everything


def test_a_legal_hold_keeps_the_row_out_of_every_letter(
    app: Flask, browser: Browser, session: Session, settings: Settings, ada: str
) -> None:
    """Edge case 10: the row is kept, its person is gone, and can come back."""
    held = the_subscription(session).id
    holds.place(session, "subscriptions", held, "claim", now())
    browser.open(ada)
    browser.submit(form='form[action$="/newsletter/abmelden"]')
    assert subscriptions(session) == [(ADA, "withdrawn")]
    people = app.extensions["segments"]["subscribers"]
    assert session.execute(people.people({})).all() == []
    assert session.execute(people.reachable()).all() == []
    a_day_later(session)
    order(browser)
    confirm(browser, session, settings)
    assert subscriptions(session) == [(ADA, "confirmed"), (ADA, "withdrawn")]
    holds.lift(session, "subscriptions", held)
    privacy.retain(session, app.extensions["personal_data"], settings, now())
    assert subscriptions(session) == [(ADA, "confirmed")]


def test_the_export_says_what_is_kept(browser: Browser, ada: str) -> None:
    (kept,) = browser.client.get(f"{ada}/daten.json").get_json()["subscriptions"]
    assert (kept["email"], kept["name"], kept["language"], kept["status"]) == (ADA, "Ada Beispiel", "de", "confirmed")


def test_the_privacy_page_names_the_newsletter_once(browser: Browser) -> None:
    assert browser.open("/datenschutz").texts("main h3").count("Newsletter") == 1


def test_the_consent_is_in_the_language_that_is_asked_for(app: Flask) -> None:
    with app.test_request_context("/en/newsletter"):
        assert wording.newsletter("de").wording.startswith("Ich möchte den Newsletter")


def test_the_pages_lead_there(browser: Browser) -> None:
    for page in ("/", "/impressum"):
        browser.open(page)
        assert any("/newsletter" in str(link.attributes.get("href")) for link in browser.page.tree.css("a[href]"))
    assert "/newsletter</loc>" in browser.client.get("/sitemap.xml").text
