"""What goes over the wire."""

import email
import email.policy
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from portal.mail.compose import ComposeError, Composer
from portal.mail.models import OutboxMail
from tests.mail.probe import header, outbox, posted


@pytest.fixture
def composer(app: Flask) -> Composer:
    return Composer(app)


def only(session: Session, **changes: Any) -> OutboxMail:
    posted(session, **changes)
    return outbox(session)[-1]


def read(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_a_mail_carries_what_a_system_mail_should_and_no_more(composer: Composer, session: Session) -> None:
    mail = only(session)
    message = read(composer.compose(mail).content)
    assert message["From"] == "Erklärung <erklaerung@portal.test>"
    assert message["To"] == "anna@example.org"
    assert message["Subject"] == "Ihre Unterschrift: Anna Muster"
    assert message["Date"].datetime == mail.created_at.replace(microsecond=0)
    assert message["Message-ID"] == header(mail)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "de"
    assert {"Reply-To", "Cc", "Bcc", "Sender", "Precedence"}.isdisjoint(message.keys())
    assert not [name for name in message if name.lower().startswith("list-")]
    assert [one.get_content_type() for one in message.iter_parts()] == ["text/plain", "text/html"]


def test_the_same_row_gives_the_same_bytes(composer: Composer, session: Session) -> None:
    mail = only(session)
    assert composer.compose(mail) == composer.compose(mail)


def test_a_mail_links_to_imprint_privacy_and_my_data_and_loads_nothing(composer: Composer, session: Session) -> None:
    message = read(composer.compose(only(session)).content)
    for kind in ("plain", "html"):
        assert "http://portal.test/impressum" in part(message, kind)
        assert "http://portal.test/datenschutz" in part(message, kind)
        assert "http://portal.test/meine-daten/" in part(message, kind)
        assert part(message, kind).count("http://portal.test/bestaetigen/abc") >= 1
    for loading in ("<img", "<link", "<script", "url(", "src=", "@import"):
        assert loading not in part(message, "html")


def test_a_mail_speaks_the_language_of_its_reader(composer: Composer, session: Session) -> None:
    message = read(composer.compose(only(session, language="en")).content)
    assert message["Content-Language"] == "en"
    assert "http://portal.test/en/imprint" in part(message, "plain")
    assert '<html lang="en">' in part(message, "html")


@pytest.mark.parametrize(
    "name",
    ["Jörg\r\nBcc: x@example.org", "Jörg\nBcc: x@example.org", "Jörg\rBcc: x@example.org", "Jörg\u2028Bcc: x"],
)
def test_a_line_break_in_a_name_makes_no_header_and_no_recipient(
    composer: Composer, session: Session, name: str
) -> None:
    """Edge case 28."""
    composed = composer.compose(only(session, name=name))
    message = read(composed.content)
    assert composed.recipient == "anna@example.org"
    assert message["Bcc"] is None
    assert message["Subject"].startswith("Ihre Unterschrift: Jörg Bcc: x")
    assert message["To"] == "anna@example.org"


def test_what_looks_like_a_template_or_a_tag_stays_what_was_typed(composer: Composer, session: Session) -> None:
    """Edge case 28."""
    name = "{{7*7}} <script>alert(1)</script> O'Neill & Söhne"
    message = read(composer.compose(only(session, name=name)).content)
    assert message["Subject"] == f"Ihre Unterschrift: {name}"
    assert f"Guten Tag {name}," in part(message, "plain").replace("\n", " ")
    assert "{{7*7}} &lt;script&gt;alert(1)&lt;/script&gt; O&#39;Neill &amp; Söhne" in part(message, "html")
    assert "<script" not in part(message, "html")


@pytest.mark.parametrize("name", ["x" * 5000, "ä" * 5000, "\N{FAMILY}" * 2000, "a b " * 2000])
def test_no_line_is_longer_than_998_octets(composer: Composer, session: Session, name: str) -> None:
    """Edge case 28; RFC 5322, 2.1.1."""
    mail = only(session, name=name)
    composed = composer.compose(mail)
    assert max(map(len, composed.content.split(b"\r\n"))) <= 998
    assert b"\n" not in composed.content.replace(b"\r\n", b"")
    assert composed.content.isascii()
    assert name[:50] in part(read(composed.content), "html")


def test_a_list_item_goes_on_below_its_words(composer: Composer, session: Session) -> None:
    name = "Anna\n- " + "Wort " * 20 + "\n  - " + "Wort " * 20 + "\n" + "Wort " * 20
    text = part(read(composer.compose(only(session, name=name)).content), "plain")
    indents = [len(line) - len(line.lstrip(" ")) for line in text.splitlines() if line.lstrip(" -").startswith("Wort")]
    assert indents == [0, 2, 2, 4, 0, 0]


@pytest.mark.parametrize(
    "address",
    ["anna@example.org\r\nBcc: x@example.org", "anna@example.org, x@example.org", "anna", "jörg@example.org", "<>"],
)
def test_an_address_that_is_not_exactly_one_is_refused(composer: Composer, session: Session, address: str) -> None:
    """Edge case 28."""
    with pytest.raises(ComposeError) as caught:
        composer.compose(only(session, email=address))
    assert "example" not in str(caught.value)
    assert "anna" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "wire"),
    [("anna@bücher.example", "anna@xn--bcher-kva.example"), ("anna@straße.example", "anna@xn--strae-oqa.example")],
)
def test_a_domain_beyond_ascii_is_written_as_dns_has_it(
    composer: Composer, session: Session, address: str, wire: str
) -> None:
    assert composer.compose(only(session, email=address)).recipient == wire


def test_a_value_that_a_template_misses_is_an_error_and_its_message_names_nobody(
    composer: Composer, session: Session
) -> None:
    with pytest.raises(ComposeError) as caught:
        composer.compose(only(session, template="probe/broken"))
    assert "UndefinedError" in str(caught.value)
    assert "broken.txt:3" in str(caught.value)
    assert "Anna" not in str(caught.value)


def test_the_version_follows_the_sources(composer: Composer, session: Session) -> None:
    first = composer.compose(only(session)).template_version
    mail = only(session, email="bert@example.org")
    assert composer.compose(mail).template_version == first
    mail.template = "probe/other"
    with pytest.raises(ComposeError):
        composer.compose(mail)
