"""Each gate alone, and both behind each other, hold against every hostile input."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.text import subset
from portal.text.gates import Allowlist, first_gate, is_page_or_address, is_web_page, second_gate
from portal.text.markdown import COMMENTERS, ORGANISERS, commenters_html, organisers_html, to_html
from tests.text.harmless import assert_harmless
from tests.text.hostile import FAMILIES, VECTORS

Gate = Callable[[str, Allowlist], str]
GATES = pytest.mark.parametrize("gate", [first_gate, second_gate], ids=["bleach", "nh3"])
ALLOWLISTS = pytest.mark.parametrize("allowed", [COMMENTERS, ORGANISERS], ids=["commenters", "organisers"])
EACH_FAMILY = pytest.mark.parametrize("family", FAMILIES)


def test_there_are_enough_of_them() -> None:
    assert len(VECTORS) == len(set(VECTORS)) >= 300


@GATES
@ALLOWLISTS
@EACH_FAMILY
def test_each_gate_alone_stops_hostile_html(gate: Gate, allowed: Allowlist, family: str) -> None:
    for vector in FAMILIES[family]:
        assert_harmless(gate(vector, allowed), allowed)


@GATES
@EACH_FAMILY
def test_each_gate_alone_stops_hostile_markdown(gate: Gate, family: str) -> None:
    for vector in FAMILIES[family]:
        assert_harmless(gate(subset.to_html(vector), COMMENTERS), COMMENTERS)
        assert_harmless(gate(to_html(vector), ORGANISERS), ORGANISERS)


@EACH_FAMILY
def test_the_whole_chain_stops_both(family: str) -> None:
    for vector in FAMILIES[family]:
        assert_harmless(commenters_html(vector), COMMENTERS)
        assert_harmless(organisers_html(vector), ORGANISERS)


@GATES
@ALLOWLISTS
@given(html=st.text(st.sampled_from("<>\"'&;:/\\aijshrcpt=# \n\t!-[]()*`_@\x00"), max_size=80))
def test_each_gate_alone_stops_what_nobody_thought_of(gate: Gate, allowed: Allowlist, html: str) -> None:
    assert_harmless(gate(html, allowed), allowed)


@pytest.mark.parametrize(
    "href",
    [
        "https://www.example.org",
        "HTTP://EXAMPLE.ORG/A",
        "https://example.org:8443/a?b=c&d=e#f",
        "https://social.example/@redaktion",
        "https://example.org/wiki/Amt_(Behörde)",
        "https://bücher.example/",
        "https://192.0.2.1/",
    ],
)
def test_web_pages_are_allowed(href: str) -> None:
    assert is_web_page(href)
    assert is_page_or_address(href)


@pytest.mark.parametrize(
    "href",
    [
        "//evil.example",
        "/\\evil.example",
        "https://bank.example@evil.example",
        "https://bank.example:443@evil.example",
        "https:///bank.example@evil.example",
        "https://bank.example\\@evil.example",
        "https://bank.example%40evil.example",
        "https://bank.example＠evil.example",
        "https:evil.example",
        "https://",
        "https://localhost",
        "javascript:alert(1)",
        " https://example.org",
        "https://exam\tple.org",
        "",
    ],
)
def test_what_leads_elsewhere_than_it_seems_to_is_not(href: str) -> None:
    assert not is_web_page(href)
    assert not is_page_or_address(href)


@pytest.mark.parametrize("href", ["/logout", "#these-1", "mailto:redaktion@example.org"])
def test_only_organisers_link_to_the_portal_and_to_mailboxes(href: str) -> None:
    assert is_page_or_address(href)
    assert not is_web_page(href)


@pytest.mark.parametrize("text", ["&amp;lt;", "&amp;amp;", "&amp;#x202e;", "&lt;b&gt;", "a &amp; b", "&nbsp;"])
def test_a_reference_is_read_once(text: str) -> None:
    for gate in (first_gate, second_gate):
        assert gate(f"<p>{text}</p>", COMMENTERS) == f"<p>{text}</p>"
