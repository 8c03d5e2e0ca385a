"""Processes are killed in the middle of whatever they do, and every sign-up still gets its mail."""

import random
import re
import string
import time
from collections import defaultdict
from pathlib import Path

from playwright.sync_api import Browser
from selectolax.lexbor import LexborHTMLParser

from tests.journeys.site import Site, running_site, wait_until

ROUNDS = 3
SIGN_UPS = 5
"""In each round; the worker is at them when it is killed."""


def sign_up(chrome: Browser, site: Site, number: int) -> str:
    """Sign without looking at a page; the address. It comes back with the site's answer, sooner than any mail."""
    name, address = f"Person {string.ascii_uppercase[number]}", f"person{number}@example.org"
    context = chrome.new_context(base_url=site.url)
    page = LexborHTMLParser(context.request.get("/unterzeichnen").text())
    hidden = {
        str(field.attributes["name"]): field.attributes["value"] or "" for field in page.css("main [type=hidden]")
    }
    fields = hidden | {"name": name, "email": address, "consent": "y", "step": "send"}
    answer = context.request.post("/unterzeichnen", form={**fields}, max_redirects=0)
    assert answer.status == 303
    context.close()
    return address


def test_every_sign_up_gets_its_mail_whatever_is_killed(database_url: str, tmp_path: Path, chrome: Browser) -> None:
    """Edge case 23, for transactional mail: at least once, always under one Message-ID."""
    chance = random.Random(23)
    addresses: list[str] = []
    with running_site(database_url, tmp_path) as site:
        site.mailbox.hesitation = 0.15
        for _ in range(ROUNDS):
            taken = len(site.mailbox.mails)
            addresses += [sign_up(chrome, site, len(addresses) + number) for number in range(SIGN_UPS)]
            site.web.kill()
            site.web.start()
            site.mailbox.wait_for_more_than(taken)
            time.sleep(chance.uniform(0, 0.6))
            site.worker.kill()
            site.worker.start()
            site.wait_until_it_answers()
        for address in addresses:
            site.mailbox.wait_for(address)
        sent = re.compile(rf"^sent +{len(addresses)}$", re.MULTILINE)
        wait_until(lambda: sent.search(site.command("outbox", "status")), "all mails are noted as sent")
        ids = defaultdict(set)
        for mail in site.mailbox.mails:
            ids[str(mail["To"])].add(str(mail["Message-ID"]))
    assert {to: len(several) for to, several in ids.items()} == dict.fromkeys(addresses, 1)
