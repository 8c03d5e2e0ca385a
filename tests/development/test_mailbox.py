"""The mailbox of a development machine, filled by a real SMTP conversation."""

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from flask import Flask

from portal.config import Settings
from portal.development.catcher import HOST, Catcher
from portal.development.mailbox import open_maildir
from tests.browser import Browser
from tests.conftest import MakeApp

pytestmark = pytest.mark.one_database

HTML = "<!DOCTYPE html><html><head><title>x</title></head><body><p style='color:red'>Hallo</p></body></html>"


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """The application as `make run` starts it."""
    return make_app(env="development", postfach=True)


@pytest.fixture
def catcher(app: Flask) -> Iterator[Catcher]:
    settings: Settings = app.extensions["settings"]
    catcher = Catcher(open_maildir(settings))
    catcher.start()
    yield catcher
    catcher.stop()


def deliver(catcher: Catcher, subject: str) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "portal@portal.test", "anna@example.org", subject
    mail.set_content("Hallo Zoë: http://portal.test/bestaetigen/abc <script>")
    mail.add_alternative(HTML, subtype="html")
    with smtplib.SMTP(HOST, catcher.port) as connection:
        connection.send_message(mail)


def test_a_caught_mail_is_shown_as_text_html_and_source(catcher: Catcher, browser: Browser) -> None:
    deliver(catcher, "Ihre Unterschrift für die Erklärung")
    browser.open("/postfach")
    page = browser.follow("Ihre Unterschrift für die Erklärung")
    text, source = page.tree.css("pre")
    assert "Hallo Zoë" in text.text()
    assert page.attribute("pre a", "href") == "http://portal.test/bestaetigen/abc"
    assert "Content-Type: multipart/alternative" in source.text()
    assert not page.has("pre script")
    assert page.attribute("iframe", "src") == f"{page.path}/html"
    assert "frame-src 'self'" in page.response.headers["Content-Security-Policy"]


def test_the_frame_shows_the_mail_and_may_load_nothing(catcher: Catcher, browser: Browser) -> None:
    deliver(catcher, "Hallo")
    browser.open("/postfach")
    frame = browser.open(str(browser.follow("Hallo").attribute("iframe", "src")))
    assert frame.text("body") == "Hallo"
    assert frame.attribute("base", "target") == "_blank"
    policy = frame.response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox" in policy
    assert frame.response.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_the_newest_mail_comes_first_and_a_button_empties_the_mailbox(catcher: Catcher, browser: Browser) -> None:
    deliver(catcher, "die erste")
    deliver(catcher, "die zweite")
    page = browser.open("/postfach")
    assert page.texts("main li a") == ["die zweite", "die erste"]
    assert browser.submit().texts("main li a") == []


def test_emptying_needs_the_token(catcher: Catcher, browser: Browser) -> None:
    deliver(catcher, "Hallo")
    assert browser.client.post("/postfach").status_code == 400
    assert browser.open("/postfach").texts("main li a") == ["Hallo"]


def test_a_mail_that_is_not_there_is_not_found(browser: Browser) -> None:
    assert browser.open("/postfach/1234.M1P1Q1.nowhere").status == 404


@pytest.mark.parametrize(("env", "postfach"), [("development", False), ("testing", True)])
def test_without_a_catcher_or_outside_development_there_is_no_mailbox(
    make_app: MakeApp, env: str, postfach: bool
) -> None:
    app = make_app(env=env, postfach=postfach)
    assert [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/postfach")] == []


def test_in_production_there_is_no_mailbox(make_app: MakeApp) -> None:
    app = make_app(
        env="production",
        postfach=True,
        base_url="https://portal.test",
        secret_key="a secret key that is only good for tests",
        address_secret="an address secret only good for tests",
    )
    assert [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/postfach")] == []
