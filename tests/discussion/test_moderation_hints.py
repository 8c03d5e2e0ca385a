"""What the simple rules find, what they leave alone, and that no text takes them long."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from portal.clock import now
from portal.discussion import hints
from portal.discussion.models import Comment
from tests.discussion.conftest import Confirm, Decide, Write

ENOUGH = " Und hier steht noch ein Satz, damit der Text lang genug ist."


def found(text: str, name: str = "Ada Beispiel") -> dict[str, tuple[str, ...]]:
    """The rules that find something in a text, by the name of their constant, with what they find."""
    names = {id(rule): name for name, rule in vars(hints).items() if isinstance(rule, hints.Rule)}
    return {names[id(hint.rule)]: hint.found for hint in hints.text_hints(text, name)}


@pytest.mark.parametrize(
    ("text", "rule", "finding"),
    [
        ("Fragen Sie anna.muster@jugendamt.example.org dazu.", "MAIL_ADDRESS", "anna.muster@jugendamt.example.org"),
        ("Ruf an: 0231 5550123, bitte.", "TELEPHONE", "0231 5550123"),
        ("Ruf an: +49 (231) 555-0123.", "TELEPHONE", "+49 (231) 555-0123"),
        ("Sie wohnt in der Musterstraße 12a im Hof.", "POSTAL_ADDRESS", "Musterstraße 12a"),
        ("Sie wohnt am Langen Weg 7 im Hof.", "POSTAL_ADDRESS", "Langen Weg 7"),
        ("Das war in 44135 Dortmund im Amt.", "POSTAL_ADDRESS", "44135 Dortmund"),
        ("Frau Beispiel sagte das auch.", "PERSON", "Frau Beispiel"),
        ("Mit Herrn Dr. Muster war das so.", "PERSON", "Herrn Dr. Muster"),
        ("Die Familie M. kennt das.", "PERSON", "Familie M"),
        ("Der Klient Max Muster wollte nicht.", "PERSON", "Klient Max Muster"),
        ("Im Fall Lena K. war das anders.", "PERSON", "Fall Lena K"),
        ("Unter Az. 12/345-X steht es.", "CASE", "Az. 12/345-X"),
        ("Aktenzeichen: 51.2/4711 sagt alles.", "CASE", "Aktenzeichen: 51.2/4711"),
        ("Sie ist geboren am 3.4.2012 und allein.", "CASE", "geboren am 3.4.2012"),
        ("Siehe https://example.org/x?y=1.", "LINKS", "https://example.org/x?y=1"),
        ("Siehe www.example.org, dort.", "LINKS", "www.example.org"),
        ("Die Rеdaktion hat gesprochen.", "MIXED_SCRIPTS", "Rеdaktion"),
    ],
)
def test_a_rule_says_what_it_has_found(text: str, rule: str, finding: str) -> None:
    assert found(text + ENOUGH)[rule] == (finding,)


@pytest.mark.parametrize(
    "text",
    [
        "Das steht in § 42 SGB VIII und in Art. 6 DSGVO, Absatz 1 Satz 2.",
        "Im Jahr 2023 haben 1.338 Kolleg:innen aus 12 Ländern geantwortet.",
        "Am 28.02.2022 endete die Umfrage; die Fachtagung war am 8. Februar 2023.",
        "In jedem Fall brauchen Klient:innen ein Gespräch, und jeder Fall ist anders.",
        "Der Klient steht im Mittelpunkt, nicht die Akte.",
        "Das kostet 20 000 Euro im Jahr und spart 35 % der Wege.",
        "Die DOI ist 10.5771/0342-300X-2023-5-346.",
        "IT und Soziale Arbeit: WSI-Mitteilungen, Heft 5/2023.",
        "Der Weg 2 von 3 führt zum Ziel.",
    ],
)
def test_what_people_write_about_their_work_is_left_alone(text: str) -> None:
    assert found(text + ENOUGH) == {}


def test_capitals_and_brevity() -> None:
    assert "CAPITALS" in found("DAS IST DOCH ALLES QUATSCH, WAS IHR DA SCHREIBT!")
    assert "CAPITALS" not in found("Die IT des ASD im JA ist ein Problem für die BSD-Teams.")
    assert "VERY_SHORT" in found("Genau.")
    assert "MIXED_SCRIPTS" in found("Ein ganz gewöhnlicher Satz, lang genug.", "Rеdaktion")


def test_no_more_than_a_few_findings_are_shown() -> None:
    many = " ".join(f"Frau Muster{chr(97 + number)}" for number in range(20))
    assert len(found(many)["PERSON"]) == hints.SHOWN


@given(st.text(max_size=4000))
def test_no_text_breaks_a_rule(text: str) -> None:
    list(hints.text_hints(text, text[:80]))


@pytest.mark.parametrize(
    "piece", ["a@", "0 ", "01", "A-", "Aa ", "Frau ", "www.", "Az. ", "geb.1.", "Ab-", "+1(", "12345 A", "Straße "]
)
def test_no_text_takes_a_rule_long(piece: str) -> None:
    """4,000 characters are the longest comment; a pattern that goes back and forth would not come to an end."""
    list(hints.text_hints(piece * (4000 // len(piece))))


# What is known of the address


@pytest.fixture
def waiting(session: Session, write: Write, confirm: Confirm) -> Callable[..., Comment]:
    """Hands in a comment that is confirmed and waits."""

    def hand_in(*arguments: Any, **details: Any) -> Comment:
        comment = write(*arguments, **details)
        confirm()
        session.refresh(comment)
        return comment

    return hand_in


def rules(session: Session, comment: Comment) -> list[hints.Rule]:
    return [hint.rule for hint in hints.hints(session, comment)]


def test_the_first_comment_of_an_address(session: Session, waiting: Callable[..., Comment], decide: Decide) -> None:
    first = waiting("Der erste Gedanke, lang genug.")
    assert hints.FIRST in rules(session, first)
    assert hints.FIRST not in rules(session, waiting("Der zweite Gedanke, lang genug."))
    decide(first)
    assert hints.FIRST not in rules(session, first)


def test_many_comments_in_an_hour(session: Session, waiting: Callable[..., Comment]) -> None:
    written = [waiting(f"Gedanke Nummer {number}, lang genug.") for number in range(hints.MANY)]
    assert hints.SEVERAL in rules(session, written[-1])
    for comment in written[:-1]:
        comment.requested_at = now() - timedelta(hours=2)
    session.flush()
    assert hints.SEVERAL not in rules(session, written[-1])


def test_data_of_others_come_first(session: Session, waiting: Callable[..., Comment]) -> None:
    comment = waiting("Siehe https://example.org und fragen Sie Frau Beispiel danach.")
    assert rules(session, comment)[0] is hints.PERSON
