"""What a mail that comes back is read as. Edge case 27: RFC 3464 and ARF are parsed, flufl.bounce is the fallback, a
forged token is ignored, and an out-of-office that says "user unknown" is no bounce."""

import time
import tracemalloc
from base64 import encodebytes
from email import message_from_bytes
from email.message import Message
from email.policy import Policy

import pytest

from portal.config import Settings, load_settings
from portal.mail import returned, verp
from portal.mail.models import COMPLAINT, HARD, SOFT
from portal.mail.returned import GUESSED_FROM, LARGEST, MOST_PARTS, Aside, Returned
from tests.mail.samples import FOLDER, sample, unsubscribe_link

READ_AS: dict[str, tuple[str, str] | Aside] = {
    "answer-by-a-human": Aside.UNCLEAR,
    "complaint-about-a-virus": Aside.UNCLEAR,
    "complaint-by-message-id": Aside.UNCLEAR,
    "complaint-by-original-sender": (COMPLAINT, "fraud"),
    "complaint-by-return-path": (COMPLAINT, "abuse"),
    "complaint-by-unsubscribe-link": (COMPLAINT, "abuse"),
    "complaint-opt-out": (COMPLAINT, "opt-out"),
    "complaint-taken-back": Aside.IDLE,
    "complaint-to-bounce-address": (COMPLAINT, "abuse"),
    "dovecot-quota": (SOFT, "5.2.2"),
    "exchange-access-denied": (HARD, "5.4.1"),
    "exchange-delayed": Aside.IDLE,
    "exchange-expired": (SOFT, "4.4.7"),
    "exchange-not-allowed": (SOFT, "5.7.133"),
    "exchange-on-site": (HARD, "5.1.1"),
    "exchange-quota": (SOFT, "5.2.2"),
    "exchange-unknown-user": (HARD, "5.1.10"),
    "exim-no-such-user": (HARD, "5.1.1"),
    "exim-old-quota": (SOFT, "5.2.2"),
    "exim-old-unknown-user": (HARD, "5.1.1"),
    "exim-old-unrouteable": (HARD, "5.0.0"),
    "exim-old-warning": Aside.IDLE,
    "exim-sender-verify": (SOFT, "5.7.1"),
    "exim-unknown-user": (HARD, "5.1.1"),
    "forged-token": Aside.UNCLEAR,
    "gmail-delay": Aside.IDLE,
    "gmail-disabled": (HARD, "5.2.1"),
    "gmail-out-of-storage": (SOFT, "5.2.2"),
    "gmail-over-quota-for-days": (SOFT, "4.2.2"),
    "gmail-unauthenticated": (SOFT, "5.7.26"),
    "gmail-unknown-user": (HARD, "5.1.1"),
    "gmx-autoresponder": Aside.IDLE,
    "gmx-policy": (SOFT, "5.7.1"),
    "gmx-unavailable": (HARD, "5.0.0"),
    "no-token": Aside.UNCLEAR,
    "opensmtpd-error": (HARD, "5.1.1"),
    "outlook-com-unavailable": (HARD, "5.5.0"),
    "outlook-out-of-office": Aside.IDLE,
    "outlook-read-receipt": Aside.IDLE,
    "postfix-550-without-status": (HARD, "5.1.1"),
    "postfix-delayed": Aside.IDLE,
    "postfix-delivered": Aside.IDLE,
    "postfix-disabled": (HARD, "5.2.1"),
    "postfix-forwarded-one-arrived": Aside.IDLE,
    "postfix-forwarded-to-two": (SOFT, "5.2.2"),
    "postfix-given-up": (SOFT, "4.4.1"),
    "postfix-header-only": (HARD, "5.1.1"),
    "postfix-mailbox-full": (SOFT, "5.2.2"),
    "postfix-no-such-domain": (HARD, "5.4.4"),
    "postfix-null-mx": (HARD, "5.1.10"),
    "postfix-policy": (SOFT, "5.7.1"),
    "postfix-sender-refused": (SOFT, "5.1.8"),
    "postfix-unknown-user": (HARD, "5.1.1"),
    "qmail-no-host": (HARD, "5.1.2"),
    "qmail-no-mailbox": (HARD, "5.1.1"),
    "qmail-quota": (SOFT, "5.2.2"),
    "qmail-remote-words": (HARD, "5.1.1"),
    "qmail-too-long-in-queue": (SOFT, "4.4.1"),
    "report-about-authentication": Aside.IDLE,
    "sendmail-unknown-user": (HARD, "5.1.1"),
    "sendmail-warning": Aside.IDLE,
    "spam": Aside.UNCLEAR,
    "t-online-reputation": (SOFT, "5.7.1"),
    "t-online-text": (HARD, "5.1.1"),
    "t-online-unknown-user": (HARD, "5.1.1"),
    "ticket-system": Aside.IDLE,
    "vacation-by-sieve": Aside.IDLE,
    "vacation-with-a-report-inside": Aside.IDLE,
    "web.de-quota": (SOFT, "5.2.2"),
}

SECONDS = 2.0
"""What the slowest mail may take on a busy machine; it takes a small part of that."""


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(
        env="testing",
        database_url="sqlite://",
        secret_key="a secret key that is only good for tests",
        address_secret="an address secret only good for tests",
        bounce_address="bounces@portal.test",
    )


def read(settings: Settings, name: str) -> Returned | Aside:
    return returned.read(settings, sample(settings, name))


def test_every_sample_has_its_line() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(READ_AS)


@pytest.mark.parametrize("name", READ_AS)
def test_returned_mail_is_read_as_what_it_is(settings: Settings, name: str) -> None:
    expected = READ_AS[name]
    if not isinstance(expected, Aside):
        kind, code = expected
        assert read(settings, name) == Returned(kind, code, 12, 345)
    else:
        assert read(settings, name) is expected


def test_forged_token_is_ignored(settings: Settings) -> None:
    """Edge case 27. The same mail with a token of ours is a bounce."""
    assert read(settings, "postfix-unknown-user") == Returned(HARD, "5.1.1", 12, 345)
    assert read(settings, "forged-token") is Aside.UNCLEAR


def test_token_of_another_recipient_cannot_be_made_from_ones_own(settings: Settings) -> None:
    mine = verp.sender(settings, 12, 345)
    theirs = mine.replace("+12-345-", "+12-346-")
    mail = sample(settings, "postfix-unknown-user").replace(mine.encode(), theirs.encode())
    assert returned.read(settings, mail) is Aside.UNCLEAR


def test_complaint_is_believed_by_what_only_the_reader_of_the_letter_has(settings: Settings) -> None:
    """The Message-ID stands in every public answer to it; the link to unsubscribe could be used at once."""
    mail = sample(settings, "complaint-by-unsubscribe-link")
    link = unsubscribe_link(settings, 12, 345)
    folded = link.replace("/abmelden/", "/abmelden/\n ")
    assert returned.read(settings, mail.replace(link.encode(), folded.encode())) == Returned(
        COMPLAINT, "abuse", 12, 345
    )
    assert returned.read(settings, mail.replace(link.encode(), link[:-1].encode())) is Aside.UNCLEAR
    of_no_campaign = unsubscribe_link(settings, 0, 345)
    assert returned.read(settings, mail.replace(link.encode(), of_no_campaign.encode())) is Aside.UNCLEAR
    assert verp.message_id(settings, 12, 345, "portal.test").encode() in mail
    assert read(settings, "complaint-by-message-id") is Aside.UNCLEAR


@pytest.mark.parametrize("field", ["Delivered-To", "X-Original-To", "Envelope-To", "To"])
def test_token_is_found_where_the_mail_server_puts_it(settings: Settings, field: str) -> None:
    bounce = verp.sender(settings, 7, 8)
    mail = sample(settings, "no-token").replace(b"Return-Path:", f"{field}: {bounce.upper()}\nReturn-Path:".encode(), 1)
    assert returned.read(settings, mail) == Returned(HARD, "5.1.1", 7, 8)


def test_who_it_is_about_is_never_taken_from_the_text(settings: Settings) -> None:
    """A report to another address that quotes a token of ours says nothing about it."""
    bounce = verp.sender(settings, 12, 345)
    mail = sample(settings, "no-token") + f"\nThe address was {bounce}\n".encode()
    assert returned.read(settings, mail) is Aside.UNCLEAR


@pytest.mark.parametrize("name", ["outlook-out-of-office", "vacation-by-sieve", "gmx-autoresponder"])
def test_out_of_office_that_says_user_unknown_is_no_bounce(settings: Settings, name: str) -> None:
    """Edge case 27. What it says would be enough, were it not an answer."""
    mail = sample(settings, name)
    assert b"user unknown" in mail
    assert returned.read(settings, mail) is Aside.IDLE
    plain = message_from_bytes(mail)
    for field in ("Auto-Submitted", "X-Autoresponder", "Precedence", "Subject", "From", "X-Auto-Response-Suppress"):
        del plain[field]
    plain["From"] = "MAILER-DAEMON@mx.example.org"
    found = returned.read(settings, bytes(plain))
    assert isinstance(found, Returned)
    assert found.code == "5.1.1"


def test_letter_that_talks_about_codes_does_not_lend_them_to_its_return(settings: Settings) -> None:
    """qmail returns the whole letter as text below its own words."""
    assert b"auch zu 5.1.1" in sample(settings, "qmail-quota")
    assert read(settings, "qmail-quota") == Returned(SOFT, "5.2.2", 12, 345)


def test_crlf_and_lf_are_the_same(settings: Settings) -> None:
    mail = sample(settings, "exchange-quota")
    assert returned.read(settings, mail.replace(b"\n", b"\r\n")) == Returned(SOFT, "5.2.2", 12, 345)


def test_report_that_was_cut_is_still_read(settings: Settings) -> None:
    """A letter of 20 MB that comes back whole stands behind the report about it."""
    mail = sample(settings, "postfix-unknown-user")
    assert returned.read(settings, mail + b"x" * 20_000_000) == Returned(HARD, "5.1.1", 12, 345)


def _nested(kind: bytes) -> bytes:
    return b"".join(b'Content-Type: %s; boundary="%d"\n\n--%d\n' % (kind, one, one) for one in range(3000))


_REPORT = b'Content-Type: multipart/report; boundary="x"\n\n--x\nContent-Type: message/'
HOSTILE = {
    "nothing": b"",
    "zeros": b"\0" * LARGEST,
    "random bytes": bytes(range(256)) * 1024,
    "one line of 20 MB": b"To: " + b"a" * 20_000_000,
    "20 MB of empty lines": b"\n" * 20_000_000,
    "parts within parts": _nested(b"multipart/mixed"),
    "reports within reports": _nested(b"multipart/report; report-type=delivery-status"),
    "messages within messages": b"Content-Type: message/rfc822\n\n" * 8000,
    "digests within digests": b'Content-Type: multipart/digest; boundary="x"\n\n--x\n\n' * 5000,
    "a million quotes": b'Content-Type: multipart/report; boundary="x"' + b';";"' * 60_000 + b"\n\n--x\n\n",
    "folded quotes": b'Content-Type: multipart/report; boundary="x"' + b'\n ;";"' * 40_000 + b"\n\n--x\n\n",
    "comments in the sender": b"From: " + b"\n ((((((((" * 20_000 + b"\n\n550 5.1.1 user unknown",
    "folded recipients": b"X-Failed-Recipients: " + b"\n <a@" * 40_000 + b"\n\n",
    "no end of addresses": b"To: " + b"\n a@b," * 40_000 + b"\n\n",
    "many fields": b"To: bounces+1-1-0123456789abcdef@portal.test\n" * 5000,
    "unknown charset": b"From: MAILER-DAEMON@x\nContent-Type: text/plain; charset=klingon\n\n550 5.1.1",
    "charset that is none": b"From: MAILER-DAEMON@x\nContent-Type: text/plain; charset=hex\n\n550 5.1.1",
    "bad base64": b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n=" + b"!" * 9999,
    "bad subject": b"Subject: =?klingon?b?!!!!?= =?utf-8?q?=ZZ?=\n\n",
    "report of nothing": _REPORT + b"delivery-status\n",
    "report in base64": _REPORT + b"delivery-status\nContent-Transfer-Encoding: base64\n\nQWN0aW9uOiBmYWlsZWQK\n--x--",
    "report of many blocks": _REPORT + b"delivery-status\n\n" + b"Action: failed\nStatus: 5.0.0\n\n" * 8500,
    "complaint of nothing": _REPORT + b"feedback-report\n",
    "text that never matches": b"From: MAILER-DAEMON@x\n\n" + b"unable to deliver to " * 10_000,
    "one long word": b"From: MAILER-DAEMON@x\n\nfailed addresses follow:\n" + b"a" * 250_000,
    "flat digest": b"From: MAILER-DAEMON@x\nContent-Type: multipart/digest; boundary=a\n\n" + b"--a\n\nx\n" * 36_000,
    "flat parts": b"From: MAILER-DAEMON@x\nContent-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\nx\n" * 36_000,
    "parts with one boundary": b"From: MAILER-DAEMON@x\n"
    + b"Content-Type: multipart/mixed; boundary=a\n\n--a\n" * 20
    + b"\nx\n--a\n" * 25_000,
    "punycode": b"From: MAILER-DAEMON@x\nContent-Type: text/plain; charset=punycode\n"
    + b"Content-Transfer-Encoding: base64\n\n"
    + encodebytes(b"A" * 60_000 + b"-" + b"b" * 120_000),
    "punycode in the subject": b"From: a@x\nSubject: " + b"\n ".join([b"=?punycode?q?" + b"a" * 900 + b"?="] * 270),
    "a million senders": b"From: " + b"\n ".join([b"a," * 450] * 280) + b"\n\n550 5.1.1 user unknown",
    "spaces": b"From: MAILER-DAEMON@x\n\n" + (b" " * 900 + b"@\n") * 250,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_is_unclear_and_costs_little(settings: Settings, name: str) -> None:
    began = time.process_time()
    assert returned.read(settings, HOSTILE[name]) is Aside.UNCLEAR
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize("name", ["flat digest", "flat parts", "report of many blocks"])
def test_parts_are_not_made_without_end(settings: Settings, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = 0

    class Counted(Message):
        def __init__(self, policy: Policy) -> None:
            nonlocal made
            made += 1
            super().__init__(policy)

    monkeypatch.setattr(returned, "Message", Counted)
    returned.read(settings, HOSTILE[name])
    assert 0 < made <= MOST_PARTS


def test_only_the_beginning_is_guessed_about(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def all_failures(message: Message) -> tuple[set[bytes], set[bytes]]:
        seen.append(len(bytes(message)))
        return set(), set()

    monkeypatch.setattr(returned, "all_failures", all_failures)
    returned.read(settings, b"From: MAILER-DAEMON@x\n\n" + b"unable to deliver\n" * 20_000)
    assert 0 < seen[0] <= GUESSED_FROM


@pytest.mark.parametrize("charset", ["punycode", "klingon", "windows-1252", "Latin1", "hex"])
def test_charset_is_one_of_the_usual_or_taken_for_latin_1(settings: Settings, charset: str) -> None:
    mail = sample(settings, "t-online-text").replace(b"iso-8859-1", charset.encode())
    assert charset.encode() in mail
    assert returned.read(settings, mail) == Returned(HARD, "5.1.1", 12, 345)


@pytest.mark.parametrize("name", ["parts within parts", "20 MB of empty lines", "zeros"])
def test_hostile_mail_takes_little_memory(settings: Settings, name: str) -> None:
    tracemalloc.start()
    try:
        returned.read(settings, HOSTILE[name])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 64 * 1024 * 1024
