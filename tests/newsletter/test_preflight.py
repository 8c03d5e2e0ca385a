"""What the list before sending finds, and what it says to do about it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.newsletter import preflight
from portal.newsletter.audiences import Audience
from portal.newsletter.issues import Content
from portal.organisers.frame import Finding
from portal.subscribers.segments import AFFIRMATION, NEWSLETTER
from tests.newsletter.conftest import NOON
from tests.revisions import publish_revision

FINE = {"de": ("Betreff", "{{anrede}}, [mehr](/erklaerung) und [außen](https://example.org/x)")}
RECORDS = {"portal.test": ["v=spf1 mx -all"], "_dmarc.portal.test": ["v=DMARC1; p=none"]}


def look(
    app: Flask,
    texts: Mapping[str, tuple[str, str]] = FINE,
    *,
    kind: str = NEWSLETTER,
    people: Mapping[str, int] | None = None,
    tried: Mapping[str, datetime] | None = None,
    records: Mapping[str, Sequence[str]] | None = RECORDS,
) -> list[Finding]:
    """Everything that is found."""
    settings: Settings = app.extensions["settings"]
    audience = Audience({"de": 3} if people is None else people, 0)
    seen = dict.fromkeys(texts, NOON) if tried is None else tried

    def lookup(where: str) -> Sequence[str] | None:
        return None if records is None else records.get(where, [])

    with app.app_context(), app.test_request_context():
        answers = preflight.answers(Content(kind, texts), audience, seen, settings, lookup)
    return [finding for answer in answers for finding in answer.findings]


@pytest.fixture(autouse=True)
def _declared(app: Flask, session: Session) -> None:
    publish_revision(session)
    session.commit()


def test_nothing_is_found_where_all_is_well(app: Flask) -> None:
    assert look(app) == []


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({}, "Es steht noch nichts da"),
        ({"de": ("", "Text")}, "fehlt der Betreff"),
        ({"de": ("Betreff", "")}, "fehlt der Text"),
        ({"de": ("Für {{anrede}}", "Text")}, "Im Betreff (Deutsch) steht {{anrede}}"),
        ({"de": ("Betreff", "Text {{anred}}")}, "{{anred}} (Deutsch) ist kein Platzhalter"),
        ({"de": ("Betreff", "{{unterschiede}}")}, "{{unterschiede}} geht hier nicht"),
        ({"de": ("Betreff", "{{bekraeftigen}}")}, "{{bekraeftigen}} (Deutsch) ist kein Platzhalter"),
        ({"de": ("Betreff", "[x](/gibt-es-nicht)")}, "http://portal.test/gibt-es-nicht gibt es nicht (Antwort 404)"),
        ({"de": ("Betreff", "[x](/erklaerung/99)")}, "(Antwort 404)"),
        ({"de": ("Betreff", "[x](http://portal.test/nirgends)")}, "gibt es nicht"),
        ({"de": ("Betreff", "[x](/redaktion/newsletter)")}, "gehört zur Redaktion"),
        ({"de": ("Betreff", "[x](example)")}, "kein Ziel"),
        ({"de": ("Betreff", "[x](javascript:alert(1))")}, "kein Ziel"),
        ({"de": ("Betreff", "[x](#unten)")}, "an eine Stelle der Mail"),
        ({"de": ("Betreff", "[x](https://e.example/{{abmelden}})")}, "steht ein Platzhalter neben anderem"),
        ({"de": ("Betreff", "Wort " * 21_000)}, "KB groß"),
    ],
)
def test_what_has_to_be_mended_first(app: Flask, texts: dict[str, tuple[str, str]], words: str) -> None:
    found = look(app, texts)
    assert any(words in finding.text and finding.blocks and finding.remedy for finding in found), found


def test_an_affirmation_needs_its_link(app: Flask) -> None:
    [found] = look(app, {"de": ("Betreff", "Text")}, kind=AFFIRMATION)
    assert "{{bekraeftigen}}" in found.text
    assert found.blocks
    assert look(app, {"de": ("Betreff", "[x]({{bekraeftigen}})")}, kind=AFFIRMATION) == []


def test_a_place_that_a_page_does_not_have_is_a_hint(app: Flask) -> None:
    [found] = look(app, {"de": ("Betreff", "[x](/erklaerung#these-nirgends)")})
    assert not found.blocks
    assert look(app, {"de": ("Betreff", "[x](/erklaerung#inhalt)")}) == []


def test_nobody_to_send_it_to_blocks_and_a_missing_language_is_told(app: Flask) -> None:
    [nobody] = look(app, people={})
    assert nobody.blocks
    assert [one.blocks for one in look(app, people={"en": 2})] == [True, False]
    [missing] = look(app, people={"de": 3, "en": 2})
    assert missing.text.startswith("2 Menschen lesen auf Englisch")
    assert not missing.blocks


def test_each_language_has_to_be_tried_out(app: Flask) -> None:
    [found] = look(app, FINE | {"en": ("Subject", "Text")}, tried={"de": NOON}, people={"de": 1})
    assert found.text.startswith("Auf Englisch haben Sie sich")
    assert found.blocks


def test_what_dns_lacks_is_a_hint_and_its_silence_is_said(app: Flask) -> None:
    found = look(app, records={})
    assert [(one.text.partition(" ")[0], one.blocks) for one in found] == [("SPF", False), ("DMARC", False)]
    [silent] = look(app, records=None)
    assert "nicht geantwortet" in silent.text
    assert not silent.blocks


def test_dkim_is_asked_for_where_the_selector_is_known(make_app: object) -> None:
    app = make_app(dkim_selector="mail", bounce_address="bounces@zurueck.test")  # type: ignore[operator]
    found = look(app, records=RECORDS)
    assert [one.text for one in found] == [
        "SPF fehlt: kein Eintrag unter zurueck.test.",
        "DKIM fehlt: kein Eintrag unter mail._domainkey.portal.test.",
    ]
