"""The mails about a subscription, as subscribing posts them. `pytest --force-regen` writes the files anew."""

import hashlib
import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

import pytest
from flask import Flask
from pytest_regressions.file_regression import FileRegressionFixture
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.declaration.models import Revision
from portal.mail.models import COMPLAINED
from portal.optin import operations as optin
from portal.optin.models import OptIn, Wording
from portal.signatures import affirming
from portal.signatures import operations as signatures
from portal.signatures.models import Signature
from portal.subscribers import operations
from portal.subscribers.operations import PURPOSE
from tests.letters import letters, part, readable
from tests.newsletter.subscribing import address, suppress
from tests.revisions import publish_revision
from tests.signatures.conftest import CONSENT

pytestmark = pytest.mark.one_database

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
NAME = "Jörg {{7*7}} <script>"
LANGUAGES = pytest.mark.parametrize("language", ["de", "en"])
Order = Callable[..., None]


@pytest.fixture(autouse=True)
def _the_same_links_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = count(1)
    monkeypatch.setattr(secrets, "token_bytes", lambda size: hashlib.sha256(bytes([next(numbers)])).digest()[:size])


@pytest.fixture
def order(app: Flask, session: Session, settings: Settings) -> Order:
    """Orders the newsletter."""

    def act(language: str, name: str | None = NAME, email: str = "joerg@example.org") -> None:
        with app.test_request_context(method="POST"):
            operations.request_subscription(
                session, settings, address(app, email), name=name, language=language, now=NOON
            )
        session.commit()

    return act


def confirm(session: Session, settings: Settings) -> None:
    """Confirms what was asked last."""
    request = session.scalars(select(OptIn).order_by(OptIn.id.desc())).first()
    assert request is not None
    optin.confirm(session, settings, {PURPOSE.name: PURPOSE}, optin.token(settings, request), NOON)
    session.commit()


@LANGUAGES
def test_the_mail_that_asks_to_confirm(
    app: Flask, session: Session, order: Order, file_regression: FileRegressionFixture, language: str
) -> None:
    order(language)
    (letter,) = letters(app, session)
    file_regression.check(readable(letter), basename=f"confirm.{language}", extension=".txt")
    file_regression.check(part(letter, "html"), basename=f"confirm.{language}", extension=".html")


@LANGUAGES
def test_all_mails_about_a_subscription(
    app: Flask,
    session: Session,
    settings: Settings,
    order: Order,
    file_regression: FileRegressionFixture,
    language: str,
) -> None:
    """Jörg orders without a name, confirms, and orders again; somebody orders for an address that has complained."""
    order(language, None)
    confirm(session, settings)
    order(language)
    suppress(session, app, COMPLAINED, "laut@example.org")
    order(language, email="laut@example.org")
    seen = f"\n{'=' * 76}\n".join(map(readable, letters(app, session)))
    file_regression.check(seen, basename=f"correspondence.{language}", extension=".txt")


@LANGUAGES
def test_the_receipt_for_affirming(
    app: Flask, session: Session, settings: Settings, file_regression: FileRegressionFixture, language: str
) -> None:
    revision: Revision = publish_revision(session)
    signatures.request_signature(
        session,
        settings,
        revision,
        address(app),
        signatures.Entry("Ada Beispiel"),
        newsletter=False,
        consents=[CONSENT],
        language=language,
        now=NOON,
    )
    signatures.confirm_signature(
        session, settings, session.scalars(select(Signature)).one(), session.scalars(select(OptIn)).one(), NOON
    )
    publish_revision(session, 2)
    affirming.affirm(session, session.scalars(select(Signature)).one(), 2, CONSENT, NOON)
    session.commit()
    receipt = letters(app, session)[-1]
    file_regression.check(readable(receipt), basename=f"affirmed.{language}", extension=".txt")


@LANGUAGES
def test_a_name_stays_what_was_typed(app: Flask, session: Session, order: Order, language: str) -> None:
    """Edge case 28."""
    order(language)
    (letter,) = letters(app, session)
    assert f"    {NAME}\n" in part(letter, "plain")
    assert "<strong>Jörg {{7*7}} &lt;script&gt;</strong>" in part(letter, "html")


@LANGUAGES
def test_the_mail_that_asks_to_confirm_says_what_the_law_asks_and_no_more(
    app: Flask, session: Session, settings: Settings, order: Order, language: str
) -> None:
    """Law L5."""
    order(language)
    (letter,) = letters(app, session)
    agreed = session.scalars(select(Wording.text)).one()
    deadline = {"de": "29. November 2026 um 13:00", "en": "29 November 2026"}[language]
    decline = {"de": "ablehnen", "en": "decline"}[language]
    imprint = {"de": "/impressum", "en": "/en/imprint"}[language]
    token = optin.token(settings, session.scalars(select(OptIn)).one())
    for kind in ("plain", "html"):
        said = " ".join(part(letter, kind).split())
        assert agreed in said
        assert deadline in said
        assert f"{token}/{decline}" in said
        assert f"http://portal.test{imprint}" in said
        assert set(re.findall(r"https?://[^/\s\"<]+", said)) == {"http://portal.test"}
        # Home, to confirm, to decline, own data, imprint, privacy: there is nothing else to go to.
        assert len(set(re.findall(r"http://portal\.test[^\s\"<]*", said))) == 6
