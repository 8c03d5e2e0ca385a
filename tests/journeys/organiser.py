"""Somebody who works in the office: comes in by the link that `organisers add` prints, and decides."""

import re

import pyotp

from portal.clock import now
from tests.journeys.visitor import Visitor

PASSWORD = "vier zufällige Wörter reichen"


def joins_the_office(visitor: Visitor, role: str) -> None:
    """Come in by the link that `organisers add` prints, with a password and a second factor."""
    number = visitor.site.number()
    words = ("--name", f"Testperson {number}", "--email", f"redaktion{number}@example.org", "--role", role)
    said = visitor.site.command("organisers", "add", *words)
    link = re.search(r"https?://\S+", said)
    assert link, said
    visitor.goes_to(link.group())
    visitor.fills_in(password=PASSWORD, password_again=PASSWORD)
    visitor.submits()
    key = visitor.main.locator(".totp-key").inner_text().replace(" ", "")
    visitor.main.locator("#totp-form [name=code]").fill(pyotp.TOTP(key).at(int(now().timestamp())))
    visitor.clicks("#totp-form button")
    visitor.clicks("a.button")
