"""Letters as bytes: what is personal stands where it should and can be nothing but text."""

import email
import email.policy
import re
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import dkim
import hypothesis
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from portal.clock import now
from portal.config import ConfigurationError, Settings, load_settings
from portal.mail import verp
from portal.mail.compose import ComposeError
from portal.mail.signing import make_signer
from portal.newsletter import letters
from portal.newsletter.ledger import Addressed
from portal.newsletter.letters import Letter
from portal.newsletter.mould import Mould
from portal.newsletter.personal import Writer
from portal.subscribers.segments import NEWSLETTER

TEXT = "{{anrede}},\n\nes geht weiter: {{abmelden}} und {{unbekannt}}.\n-- \n{{meine_daten}}\n"
HTML = '<p>{{anrede}},</p>\n<p><a href="{{abmelden}}">Abmelden</a> {{meine_daten}} {{7*7}}</p>\n'
VALUES = {"anrede": "Guten Tag", "abmelden": "https://x.test/a", "meine_daten": "https://x.test/d"}


def settings(**changes: Any) -> Settings:
    given: dict[str, Any] = {
        "env": "testing",
        "database_url": "sqlite://",
        "secret_key": "a secret key that is only good for tests",
        "address_secret": "an address secret only good for tests",
        "mail_default_sender": "Erklärung <erklaerung@portal.test>",
        "base_url": "https://portal.test",
    }
    return load_settings(**given | changes)


def made(values: dict[str, str], to: str = "ada@example.org", text: str = TEXT, html: str = HTML) -> bytes:
    mould = Mould(settings(), 3, NEWSLETTER, "de", Letter("Wie es weitergeht – für alle", text, html))
    return mould.fill(to, 17, "https://portal.test/abmelden/abc", VALUES | values, now())


def parsed(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)


def part(content: bytes, kind: str) -> str:
    body = parsed(content).get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_headers_are_those_of_a_list() -> None:
    content = made({})
    message = parsed(content)
    assert message["To"] == "ada@example.org"
    assert message["From"] == "Erklärung <erklaerung@portal.test>"
    assert message["Subject"] == "Wie es weitergeht – für alle"
    assert message["List-Id"] == "<newsletter.portal.test>"
    assert message["List-Unsubscribe"] == "<https://portal.test/abmelden/abc>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Content-Language"] == "de"
    assert re.fullmatch(r"<nl-3-17-[0-9a-f]{10}@portal\.test>", str(message["Message-ID"]))
    assert message["Auto-Submitted"] is None
    assert message["Precedence"] is None
    assert len(set(message.keys())) == len(message.keys())
    assert [one.get_content_type() for one in message.iter_parts()] == ["text/plain", "text/html"]
    assert not message.defects
    assert not any(one.defects for one in message.walk())


def test_the_message_id_is_the_same_at_every_attempt_and_for_nobody_else() -> None:
    mould = Mould(settings(), 3, NEWSLETTER, "de", Letter("x", "x\n", "x\n"))
    other = Mould(settings(), 4, NEWSLETTER, "de", Letter("x", "x\n", "x\n"))
    assert mould.message_id(1) == mould.message_id(1)
    assert len({mould.message_id(1), mould.message_id(2), other.message_id(1)}) == 3


def test_values_stand_where_their_fields_stood() -> None:
    content = made({"anrede": "Guten Tag Jörg Müller-Özdemir"})
    text = part(content, "plain")
    assert text == (
        "Guten Tag Jörg Müller-Özdemir,\n\nes geht weiter: https://x.test/a und {{unbekannt}}.\n-- \nhttps://x.test/d\n"
    )
    html = part(content, "html")
    assert '<a href="https://x.test/a">Abmelden</a> https://x.test/d {{7*7}}' in html


@pytest.mark.parametrize(
    ("value", "text", "html"),
    [
        ("Jörg\r\nBcc: x@example.org", "Jörg Bcc: x@example.org", "Jörg Bcc: x@example.org"),
        ("{{7*7}}", "{{7*7}}", "{{7*7}}"),
        ("{{abmelden}}", "{{abmelden}}", "{{abmelden}}"),
        ("<script>x</script>", "<script>x</script>", "&lt;script&gt;x&lt;/script&gt;"),
        ('" onload="x', '" onload="x', "&quot; onload=&quot;x"),
        (".", ".", "."),
        ("=_nl-3-de", "=_nl-3-de", "=_nl-3-de"),
    ],
)
def test_a_value_is_text_whatever_it_says(value: str, text: str, html: str) -> None:
    """Edge case 28: literal, escaped, one recipient."""
    content = made({"anrede": value})
    assert part(content, "plain").startswith(text)
    assert part(content, "html").startswith(f"<p>{html},</p>")
    message = parsed(content)
    assert message["Bcc"] is None
    assert message["To"] == "ada@example.org"
    assert len(list(message.iter_parts())) == 2


@hypothesis.settings(deadline=None, max_examples=60)
@given(st.text(max_size=300), st.text(max_size=300), st.text(alphabet="x=. ä{}\n", max_size=200))
def test_no_line_is_too_long_and_nothing_is_lost(value: str, around: str, html: str) -> None:
    """Edge case 28: no wire line over 998 octets; ours have 76."""
    around = " ".join(around.replace("{{", "").split())
    value = value.encode(errors="ignore").decode()
    around = around.encode(errors="ignore").decode()
    content = made({"anrede": value}, text=around + "{{anrede}}" + around + "\n", html=html + "{{anrede}}\n")
    head, _, body = content.partition(b"\r\n\r\n")
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert content.count(b"\n") == content.count(b"\r\n") == content.count(b"\r")
    assert content.isascii()
    assert content.endswith(b"\r\n")
    plain = parsed(content).get_body(("plain",))
    assert plain is not None
    raw = plain.get_payload(decode=True)
    assert isinstance(raw, bytes)
    assert raw.decode().removesuffix("\r\n") == around + " ".join(value.split()) + around


def test_an_address_with_umlauts_is_written_as_dns_has_it() -> None:
    assert parsed(made({}, to="ada@müller.example"))["To"] == "ada@xn--mller-kva.example"


@pytest.mark.parametrize(
    "address", ["ada@example.org>\r\nBcc: <x@y.z", "a b@example.org", "ädä@example.org", "a<b@c.d"]
)
def test_an_address_that_no_header_can_hold_is_refused(address: str) -> None:
    with pytest.raises(ComposeError):
        made({}, to=address)


def test_an_address_as_long_as_they_come_makes_no_line_too_long() -> None:
    address = "a" * 64 + "@" + ".".join(["b" * 60] * 3) + ".de"
    assert max(map(len, made({}, to=address).split(b"\r\n"))) <= 998


def test_a_letter_as_it_goes_out_has_its_own_links(app: Flask) -> None:
    with app.app_context():
        letter = letters.write(NEWSLETTER, "en", "News", "{{anrede}},\n\nit goes on.\n")
    writer = Writer(app, 3, NEWSLETTER, "subscribers", "en", letter, None)
    sender, recipient, content = writer.write(Addressed(3, 5, "en", 1, "key", "ada@example.org", "Ada <b>"))
    assert (sender, recipient) == ("erklaerung@portal.test", "ada@example.org")
    text = part(content, "plain")
    assert text.startswith("Hello Ada <b>,\n")
    assert "http://portal.test/en/unsubscribe/" in text
    assert "http://portal.test/en/my-data\n" in text
    assert "/my-data/" not in text + part(content, "html"), "whoever gets it handed on opens nobody's data"
    assert "{{" not in text + part(content, "html")
    assert "Ada &lt;b&gt;" in part(content, "html")
    message = parsed(content)
    assert str(message["List-Unsubscribe"]).strip("<>") in text


def test_a_signed_letter_verifies_and_its_list_headers_are_covered(app: Flask, tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path = tmp_path / "dkim.pem"
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    path.write_bytes(key.private_bytes(*pem))
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    import base64

    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)
    signer = make_signer(settings(dkim_key=path, dkim_selector="eins", dkim_domain="portal.test"))
    assert signer is not None
    content = signer.signed(made({"anrede": ".Guten Tag Jörg"}))

    def look_up(name: bytes, **_options: object) -> bytes:
        assert name == b"eins._domainkey.portal.test."
        return record

    assert dkim.verify(content, dnsfunc=look_up)
    for before, after in (
        (b"List-Unsubscribe: <https", b"List-Unsubscribe: <http"),
        (b"List-Unsubscribe-Post: List", b"List-Unsubscribe-Post: Lust"),
        (b"Subject:", b"Subject: x"),
        (b"es geht weiter", b"es geht zurueck"),
    ):
        assert before in content
        assert not dkim.verify(content.replace(before, after), dnsfunc=look_up)
    assert parsed(content)["To"] == "ada@example.org"
    writer = Writer(app, 3, NEWSLETTER, "subscribers", "de", Letter("x", "x\n", "x\n"), signer)
    assert dkim.verify(writer.write(Addressed(3, 17, "de", 1, "key", "ada@example.org", None))[2], dnsfunc=look_up)


def test_a_key_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "dkim.pem"
    path.write_text("no key")
    for given_path in (path, tmp_path / "missing.pem"):
        with pytest.raises(ConfigurationError, match="PORTAL_DKIM_KEY"):
            make_signer(settings(dkim_key=given_path, dkim_selector="eins", dkim_domain="portal.test"))
    assert make_signer(settings()) is None


@pytest.mark.parametrize("wrong", [{"dkim_key": "/x"}, {"bounce_address": "nobody"}, {"bounce_address": "A <a@b.de>"}])
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        settings(**wrong)


def test_a_letter_has_an_envelope_sender_of_its_own(app: Flask) -> None:
    given_settings = settings(bounce_address="bounces@portal.test")
    address = verp.sender(given_settings, 3, 17)
    assert re.fullmatch(r"bounces\+3-17-[0-9a-f]{16}@portal\.test", address)
    assert verp.read(given_settings, address) == (3, 17)
    assert verp.read(given_settings, f"<{address.upper()}>") == (3, 17)
    app.extensions["settings"] = given_settings
    writer = Writer(app, 3, NEWSLETTER, "subscribers", "de", Letter("x", "x\n", "x\n"), None)
    assert writer.write(Addressed(3, 17, "de", 1, "key", "ada@example.org", None))[0] == address


@pytest.mark.parametrize(
    "forged",
    [
        "bounces@portal.test",
        "bounces+@portal.test",
        "bounces+3-18-{mac}@portal.test",
        "bounces+4-17-{mac}@portal.test",
        "bounces+03-17-{mac}@portal.test",
        "bounces+3-17-0000000000000000@portal.test",
        "bounces+3-17-{mac}x@portal.test",
        "bounces+3-17-{mac}@elsewhere.test",
        "others+3-17-{mac}@portal.test",
        "bounces+3-17-@portal.test",
        "",
        "@",
    ],
)
def test_a_forged_envelope_sender_cannot_be_read(forged: str) -> None:
    """Edge case 27."""
    mine = settings(bounce_address="bounces@portal.test")
    mac = verp.sender(mine, 3, 17).partition("@")[0].rpartition("-")[2]
    assert verp.read(mine, forged.format(mac=mac)) is None
    assert verp.read(settings(), forged.format(mac=mac)) is None
    other = settings(bounce_address="bounces@portal.test", secret_key="another secret key, also only for tests")
    assert verp.read(other, verp.sender(mine, 3, 17)) is None
