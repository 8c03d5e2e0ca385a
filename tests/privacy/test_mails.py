"""The mail with the link to one's data. `pytest tests/privacy --force-regen` writes the files anew."""

import re

import pytest
from flask import Flask
from pytest_regressions.file_regression import FileRegressionFixture
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from tests.browser import Browser
from tests.letters import letters, part, readable
from tests.signatures.conftest import Sign

PAGES = {"de": ("/meine-daten", "Meine Daten"), "en": ("/en/my-data", "My data")}


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_mail_is_in_the_language_of_the_form_and_its_link_opens_that_page(
    app: Flask,
    session: Session,
    browser: Browser,
    book: AddressBook,
    sign: Sign,
    file_regression: FileRegressionFixture,
    language: str,
) -> None:
    address, title = PAGES[language]
    sign("Ada Beispiel")
    browser.open(address)
    browser.submit(email="ada@example.org")
    letter = letters(app, session)[-1]
    file_regression.check(readable(letter), basename=f"link.{language}", extension=".txt")
    for kind in ("plain", "html"):
        links = set(re.findall(rf"http://portal\.test({address}/[^\s\"<]+)", part(letter, kind)))
        assert len(links) == 1
        page = browser.open(links.pop())
        assert page.text("h1") == title
        assert "Ada Beispiel" in page.text()
