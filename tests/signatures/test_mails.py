"""The mails about a signature, as signing posts them. `pytest tests/signatures --force-regen` writes the files anew."""

import hashlib
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from flask import Flask, g
from pytest_regressions.file_regression import FileRegressionFixture
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from portal.config import Settings
from portal.declaration.models import Revision
from portal.optin import operations as optin
from portal.optin.models import OptIn, Wording
from portal.signatures import operations, wording
from portal.signatures.models import Signature
from portal.signatures.operations import PURPOSE, Entry
from tests.conftest import MakeApp
from tests.letters import letters, part, readable

pytestmark = pytest.mark.one_database

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NAME = "Jörg {{7*7}} <script>"
PURPOSES = {PURPOSE.name: PURPOSE}
LANGUAGES = pytest.mark.parametrize("language", ["de", "en"])

SignUp = Callable[..., None]


@pytest.fixture(autouse=True)
def _the_same_links_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = count(1)
    monkeypatch.setattr(secrets, "token_bytes", lambda size: hashlib.sha256(bytes([next(numbers)])).digest()[:size])


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """The application; it reminds once."""
    return make_app(optin_reminders=1, mails_per_address_and_day=9)


@pytest.fixture
def sign_up(app: Flask, session: Session, settings: Settings, revision: Revision, book: AddressBook) -> SignUp:
    """Signs with everything ticked, in the words of a language."""

    def sign(language: str, name: str = NAME) -> None:
        entry = Entry(name, occupation="Sozialarbeiter", place="Essen", show_name=True, show_place=True)
        number = revision.number
        with app.test_request_context():
            g.language = language
            ticked = [wording.sign(number), wording.public(entry), wording.newsletter()]
        operations.request_signature(
            session,
            settings,
            revision,
            book.identify("joerg@example.org"),
            entry,
            newsletter=True,
            consents=[consent for consent in ticked if consent],
            language=language,
            now=NOON,
        )
        session.commit()

    return sign


def confirm(session: Session, settings: Settings) -> None:
    """Confirms what was asked last."""
    request = session.scalars(select(OptIn).order_by(OptIn.id.desc())).first()
    assert request is not None
    optin.confirm(session, settings, PURPOSES, optin.token(settings, request), NOON)
    session.commit()


@LANGUAGES
def test_the_mail_that_asks_to_confirm(
    app: Flask, session: Session, sign_up: SignUp, file_regression: FileRegressionFixture, language: str
) -> None:
    sign_up(language)
    (letter,) = letters(app, session)
    file_regression.check(readable(letter), basename=f"confirm.{language}", extension=".txt")
    file_regression.check(part(letter, "html"), basename=f"confirm.{language}", extension=".html")


@LANGUAGES
def test_all_mails_about_signatures_from_one_mailbox(
    app: Flask,
    session: Session,
    settings: Settings,
    sign_up: SignUp,
    file_regression: FileRegressionFixture,
    language: str,
) -> None:
    """Jörg signs, confirms, and signs again; Ada signs and confirms; Bert comes third; Jörg takes it all back."""
    sign_up(language)
    confirm(session, settings)
    sign_up(language)
    sign_up(language, "Ada Beispiel")
    confirm(session, settings)
    sign_up(language, "Bert Dritter")
    found = letters(app, session)
    first = session.scalars(select(Signature).order_by(Signature.slot)).first()
    assert first is not None
    operations.withdraw_signature(session, first, NOON)
    session.commit()
    found.append(letters(app, session)[-1])
    seen = f"\n{'=' * 76}\n".join(map(readable, found))
    file_regression.check(seen, basename=f"correspondence.{language}", extension=".txt")


@LANGUAGES
def test_a_name_stays_what_was_typed(app: Flask, session: Session, sign_up: SignUp, language: str) -> None:
    """Edge case 28."""
    sign_up(language)
    (letter,) = letters(app, session)
    assert f"    {NAME}\n" in part(letter, "plain")
    assert "<strong>Jörg {{7*7}} &lt;script&gt;</strong>" in part(letter, "html")
    assert "<script" not in part(letter, "html")


@LANGUAGES
def test_the_mail_that_asks_to_confirm_says_what_the_law_asks_and_no_more(
    app: Flask, session: Session, settings: Settings, sign_up: SignUp, language: str
) -> None:
    """Law L5: purpose and wording, expiry, «that was not me», Impressum; nothing from afar, and no advertising."""
    sign_up(language)
    (letter,) = letters(app, session)
    request = session.scalars(select(OptIn)).one()
    agreed = [consent.text for consent in session.scalars(select(Wording))]
    deadline = {"de": "29. November 2026 um 13:00", "en": "29 November 2026, 13:00"}[language]
    decline = {"de": "ablehnen", "en": "decline"}[language]
    imprint = {"de": "/impressum", "en": "/en/imprint"}[language]
    assert len(agreed) == 3
    for kind in ("plain", "html"):
        said = " ".join(part(letter, kind).split())
        assert all(wording in said for wording in agreed)
        assert deadline in said
        assert f"{optin.token(settings, request)}/{decline}" in said
        assert f"http://portal.test{imprint}" in said
        assert set(re.findall(r"https?://[^/\s\"<]+", said)) == {"http://portal.test"}
        # Home, to confirm, to decline, own data, imprint, privacy: there is nothing else to go to.
        assert len(set(re.findall(r"http://portal\.test[^\s\"<]*", said))) == 6


@LANGUAGES
def test_a_reminder_says_so_and_names_the_same_day(
    app: Flask, session: Session, settings: Settings, sign_up: SignUp, language: str
) -> None:
    sign_up(language)
    optin.remind(session, settings, PURPOSES, NOON + timedelta(days=3))
    session.commit()
    first, reminder = letters(app, session)
    assert reminder["Subject"].startswith({"de": "Erinnerung: ", "en": "Reminder: "}[language])
    assert part(reminder, "plain") == part(first, "plain")
