"""Every mail, as its reader gets it, kept as a file to look at. `pytest tests/mail --force-regen` writes them anew."""

import email
import email.policy
from typing import Any

import pytest
from flask import Flask
from pytest_regressions.file_regression import FileRegressionFixture
from sqlalchemy.orm import Session

from portal.config import ROOT
from portal.mail.compose import Composer
from tests.mail.probe import outbox, posted

ORGANISER = {"name": "Zoë Müller-Özdemir", "at": "2026-11-22T12:00:00+00:00"}

PLACE = {"name": "Zoë Müller-Özdemir", "conference": "beispiel", "number": 7}

IN_THE_MORNING = {"begins": "2027-03-05T10:00:00+01:00", "ends": "2027-03-05T11:30:00+01:00", "room": "Saal"}

ON_TWO_DAYS = {"first": "2027-03-04", "last": "2027-03-05"}

LETTERS: dict[str, dict[str, Any]] = {
    "conference/mail/already": {**PLACE, "status": "waiting"},
    "conference/mail/cancelled": {**PLACE, "by_organisers": False},
    "conference/mail/changed": {
        **PLACE,
        "status": "registered",
        "cancelled": False,
        "news": [
            {"kind": "days", "before": ON_TWO_DAYS, "now": {"first": "2027-03-05", "last": "2027-03-05"}},
            {"kind": "moved", "title": "Vortrag", "before": IN_THE_MORNING, "now": IN_THE_MORNING | {"room": None}},
            {"kind": "gone", "title": "Rundgang"},
        ],
        "note": "Der Vortrag beginnt erst um 11 Uhr.\nAlles andere bleibt.",
    },
    "conference/mail/confirm": {
        "name": "Zoë Müller-Özdemir",
        "conference": "beispiel",
        "optin_id": 7,
        "nonce": "001122334455667788",
        "consents": ["Ich melde mich an und willige ein."],
        "expires_at": "2026-11-29T12:00:00+00:00",
        "reminder": False,
    },
    "conference/mail/registered": {**PLACE, "moved_up": True},
    "conference/mail/waiting": PLACE,
    "organisers/mail/invitation": {**ORGANISER, "link_id": 7, "nonce": "00112233445566778899aabbccddeeff"},
    "organisers/mail/many_failures": {**ORGANISER, "count": 20},
    "organisers/mail/password_changed": ORGANISER,
    "organisers/mail/reset": {
        **ORGANISER,
        "link_id": 7,
        "nonce": "00112233445566778899aabbccddeeff",
        "minutes": 60,
    },
    "organisers/mail/second_factor_changed": ORGANISER,
    "organisers/mail/second_factor_reset": ORGANISER,
    "organisers/mail/test": ORGANISER,
    "organisers/mail/wrong_codes": ORGANISER,
    "pages/mail/feedback": {"message": "Der Kontrast im Kopf\nist zu schwach.", "email": "zoe@example.org"},
    "privacy/mail/link": {},
    "signatures/mail/already": {"name": "Zoë Müller-Özdemir"},
    "signatures/mail/confirm": {
        "name": "Zoë Müller-Özdemir",
        "revision": 2,
        "shown": ["name", "place"],
        "newsletter": False,
        "optin_id": 7,
        "nonce": "001122334455667788",
        "consents": ["Ich willige ein, dass meine Unterschrift gespeichert wird."],
        "expires_at": "2026-11-29T12:00:00+00:00",
        "reminder": False,
    },
    "signatures/mail/confirmed": {"name": "Zoë Müller-Özdemir", "revision": 2},
    "signatures/mail/full": {"name": "Zoë Müller-Özdemir"},
    "signatures/mail/withdrawn": {},
    "subscribers/mail/barred": {},
    "survey/mail/invitation": {
        "invitation": "00112233445566778899aabbccddeeff",
        "title": "Eine Testumfrage",
        "minutes": 5,
        "opens": "2027-01-01",
        "closes": "2027-01-31",
        "reminder": False,
    },
}


ELSEWHERE = {
    *("signatures/mail/affirmed", "signatures/mail/held", "signatures/mail/released", "signatures/mail/removed"),
    *("subscribers/mail/already", "subscribers/mail/confirm", "subscribers/mail/welcome"),
    *("newsletter/mail/issue", "newsletter/mail/trial"),
}
"""Kept beside the operations that post them, as are those of the discussion."""


def test_every_mail_of_the_portal_is_kept() -> None:
    files = (ROOT / "templates").glob("*/mail/*.txt")
    names = {str(file.relative_to(ROOT / "templates").with_suffix("")) for file in files}
    assert {name for name in names if not name.startswith("discussion/")} == LETTERS.keys() | ELSEWHERE


@pytest.mark.one_database
@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("template", LETTERS)
def test_a_mail_reads_as_it_did(
    app: Flask, session: Session, file_regression: FileRegressionFixture, template: str, language: str
) -> None:
    posted(session, template=template, language=language, context=LETTERS[template])
    content = Composer(app).compose(outbox(session)[0]).content
    message = email.message_from_bytes(content, policy=email.policy.default)
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    seen = f"Subject: {message['Subject']}\n\n{text.get_content()}\n{'=' * 76}\n{html.get_content()}"
    file_regression.check(seen, basename=f"{template.replace('/mail/', '-')}.{language}", extension=".txt")
