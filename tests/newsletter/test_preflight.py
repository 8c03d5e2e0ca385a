"""What the list before sending finds, and what it says to do about it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import dns.resolver
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from portal.config import Settings
from portal.newsletter import issues, letters, preflight
from portal.newsletter.audiences import Audience
from portal.newsletter.issues import Content
from portal.organisers.frame import Finding
from portal.subscribers.segments import AFFIRMATION, NEWSLETTER
from tests.newsletter.conftest import NOON
from tests.office import add_organiser
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
        ({"de": ("Betreff", "{{unterschiede}}")}, "{{unterschiede}} gibt es nur in einer Bekräftigung."),
        ({"de": ("Betreff", "{{bekraeftigen}}")}, "{{bekraeftigen}} gibt es nur in einer Bekräftigung."),
        ({"de": ("Betreff", "{{ Bekraeftigen }}")}, "{{ Bekraeftigen }} gibt es nur in einer Bekräftigung."),
        ({"de": ("Betreff", "[x](/gibt-es-nicht)")}, "http://portal.test/gibt-es-nicht gibt es nicht (Antwort 404)"),
        ({"de": ("Betreff", "[x](/erklaerung/99)")}, "(Antwort 404)"),
        ({"de": ("Betreff", "[x](http://portal.test/nirgends)")}, "gibt es nicht"),
        ({"de": ("Betreff", "[x](/redaktion/newsletter)")}, "gehört zur Redaktion"),
        ({"de": ("Betreff", "[hier **entlang**](example)")}, "Der Link „hier entlang“ hat kein Ziel"),
        ({"de": ("Betreff", "[x](javascript:alert(1))")}, "kein Ziel"),
        ({"de": ("Betreff", "[x](#unten)")}, "an eine Stelle der Mail"),
        ({"de": ("Betreff", "[x](https://e.example/{{abmelden}})")}, "steht ein Platzhalter neben anderem"),
        ({"de": ("Betreff", "Wort " * 21_000)}, "KB groß"),
    ],
)
def test_what_has_to_be_mended_first(app: Flask, texts: dict[str, tuple[str, str]], words: str) -> None:
    found = look(app, texts)
    assert any(words in finding.text and finding.blocks and finding.remedy for finding in found), found


@pytest.mark.parametrize(("left", "too_large"), [(500, True), (1100, False)])
def test_there_is_room_left_for_names_and_links(app: Flask, left: int, too_large: bool) -> None:
    with app.app_context():
        frame = len(letters.write(NEWSLETTER, "de", "Betreff", "x").html.encode()) - 1
    found = look(app, {"de": ("Betreff", "x" * (preflight.LARGEST - frame - left))})
    assert bool(found) is too_large


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("{{Anrede}}", "{{anrede}}"),
        ("{{ anrede }}", "{{anrede}}"),
        ("{{anred}}", "{{anrede}}"),
        ("{{meine Daten}}", "{{meine_daten}}"),
        ("{{Wetter}}", None),
    ],
)
def test_a_mistyped_field_is_asked_about(app: Flask, typed: str, meant: str | None) -> None:
    [found] = look(app, {"de": ("Betreff", typed)})
    assert typed in found.text
    assert (found.remedy == f"Meinten Sie {meant}?") is (meant is not None)
    assert found.blocks


def test_differences_need_two_revisions_to_be_between(app: Flask) -> None:
    body = "[x]({{bekraeftigen}})\n\n"
    [found] = look(app, {"de": ("Betreff", body + "{{unterschiede}}")}, kind=AFFIRMATION)
    assert found.text == "{{unterschiede}} geht erst, wenn es zwei Fassungen gibt."
    [mistyped] = look(app, {"de": ("Betreff", body + "{{Unterschiede}}")}, kind=AFFIRMATION)
    assert mistyped.remedy == "Meinten Sie {{unterschiede}}?"


def test_the_ready_text_of_an_affirmation_is_fine_as_it_is(app: Flask, session: Session) -> None:
    publish_revision(session, 2)
    issue = issues.start(session, AFFIRMATION, add_organiser(session, "editor").id, NOON)
    found = issues.content(session, issue)
    session.commit()
    assert look(app, found.texts, kind=AFFIRMATION) == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("Das ist <b>wichtig</b>.", "Auf Deutsch steht HTML, und es bleibt so stehen: „<b>“."),
        ("Zeile<br/>Zeile", "„<br/>“"),
        ("![Ein Bild](https://example.org/bild.png)", "soll ein Bild stehen"),
        ("![" + "lang " * 20 + "](/bild.png)", "„![" + ("lang " * 20)[:37] + "…“"),
        ("| a | b |\n| --- | --- |\n| 1 | 2 |", "soll eine Tabelle stehen. Es wird keine: „| a | b |“."),
        ("Ort\tDatum\nEssen\t1. Mai", "soll eine Tabelle stehen. Es wird keine: „Ort Datum“."),
        ("Wir bitten um:\n- Kritik\n- Ideen", "soll eine Liste stehen. Es wird keine: „- Kritik“."),
        ("Der Ablauf:\n1. Lesen\n2. Schreiben", "„1. Lesen“"),
    ],
)
def test_what_looks_as_if_it_became_something_and_stays_is_a_hint(app: Flask, body: str, words: str) -> None:
    [found] = look(app, {"de": ("Betreff", body)})
    assert words in found.text
    assert not found.blocks


@pytest.mark.parametrize(
    "body",
    [
        "Wir bitten um:\n\n- Kritik\n- Ideen\n\n1. Lesen\n2. Schreiben",
        "So sieht es aus: `<b>` und `![x](y)`",
        "Mail an <name@example.org>, x < 3 > y, <Name der Einrichtung>, Essen | Dortmund",
        "**Fett** am Anfang\n*kursiv* auch",
    ],
)
def test_what_becomes_what_it_shall_is_no_hint(app: Flask, body: str) -> None:
    assert look(app, {"de": ("Betreff", body)}) == []


def test_an_affirmation_needs_its_link(app: Flask) -> None:
    [found] = look(app, {"de": ("Betreff", "Text")}, kind=AFFIRMATION)
    assert "{{bekraeftigen}}" in found.text
    assert found.blocks
    assert look(app, {"de": ("Betreff", "[x]({{bekraeftigen}})")}, kind=AFFIRMATION) == []


def test_an_address_is_looked_at_once(app: Flask) -> None:
    [found] = look(app, {"de": ("Betreff", "[x](/gibt-es-nicht), [y](/gibt-es-nicht)")})
    assert "gibt es nicht" in found.text


def test_a_place_that_a_page_does_not_have_is_a_hint(app: Flask) -> None:
    [found] = look(app, {"de": ("Betreff", "[x](/erklaerung#these-nirgends)")})
    assert not found.blocks
    assert look(app, {"de": ("Betreff", "[x](/erklaerung#inhalt)")}) == []


def test_an_empty_issue_is_neither_fine_for_people_nor_tried_out(app: Flask) -> None:
    """Nothing can be said of them yet, so the answer to both is no."""
    found = look(app, {}, people={})
    assert [one.text for one in found] == [
        "Es steht noch nichts da.",
        "Das zeigt sich, sobald ein Text da ist.",
        "Es gibt noch nichts zu testen.",
    ]
    assert all(one.blocks for one in found)


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


def test_a_machine_that_knows_no_dns_server_has_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def unconfigured() -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr("dns.resolver.Resolver", unconfigured)
    assert preflight.txt_records("portal.test") is None
