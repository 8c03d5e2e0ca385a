"""A person before a browser. The methods say what one does and sees, in the words that one would use."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, expect

from tests.journeys.site import Site, link_in

LOCALES = {"de": "de-DE", "en": "en-GB"}
ELSEWHERE = {"X-Forwarded-For": "203.0.113.7"}
"""What a proxy says of a visitor whose network is not trusted."""


class Visitor:
    """Reads, fills forms and follows links on a site, in one language.

    Whatever goes wrong unseen (an error in the console or in a script, a breach of the content security policy, a
    request to another host, a cookie where no form has been) is kept in `complaints`; `visiting` fails the journey if
    there is any at its end.
    """

    def __init__(self, context: BrowserContext, site: Site, language: str) -> None:
        self.site = site
        self.language = language
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.name = self.email = ""
        self._mails_read = 0
        self._has_met_a_form = False
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("request", self._watch)

    def _hear(self, message: ConsoleMessage) -> None:
        # A page that says 404 or 422 on purpose is reported as a failed resource; its own address tells it apart.
        of_page = message.text.startswith("Failed to load resource") and message.location["url"] == self.page.url
        if message.type in {"error", "warning"} and not of_page:
            self.complaints.append(f"console on {self.page.url}: {message.text}")

    def _watch(self, request: Request) -> None:
        if not request.url.startswith(self.site.url + "/"):
            self.complaints.append(f"request to another host: {request.url}")

    @contextmanager
    def _arriving(self) -> Iterator[None]:
        """What is done within leads to another page."""
        with self.page.expect_navigation():
            yield
        self._looks_around()

    def _looks_around(self) -> None:
        self._has_met_a_form = self._has_met_a_form or self.page.locator("input[name=csrf_token]").count() > 0
        if not self._has_met_a_form and self.page.context.cookies():
            self.complaints.append(f"a cookie on {self.page.url}, before any form")

    # Getting about

    def goes_to(self, address: str) -> None:
        """Open any address of the site, or a full link from a mail."""
        self.page.goto(address if address.startswith("http") else self.site.url + address)
        self._looks_around()

    def opens(self, german: str, english: str) -> None:
        """Open the address of the own language, without the /en."""
        self.goes_to(german if self.language == "de" else f"/en{english}")

    def follows(self, german: str, english: str) -> None:
        """Click the first link in the page's main part that leads to the address of the own language."""
        self.clicks(f'a[href="{german if self.language == "de" else f"/en{english}"}"]')

    def clicks(self, selector: str) -> None:
        """Click the first thing in the page's main part that matches; it leads to another page."""
        with self._arriving():
            self.main.locator(selector).first.click()

    def is_at(self, german: str, english: str) -> None:
        """The address is that of the own language, whatever the query."""
        path = german if self.language == "de" else f"/en{english}"
        assert self.page.url.removeprefix(self.site.url).partition("?")[0] == path, self.page.url

    def sees(self, *texts: str) -> None:
        """Each of the texts stands in the page's main part."""
        for text in texts:
            expect(self.main).to_contain_text(text)

    def does_not_see(self, *texts: str) -> None:
        """None of the texts stands in the page's main part."""
        for text in texts:
            expect(self.main).not_to_contain_text(text)

    def looks(self, picture: str) -> None:
        """Keep a picture of the whole page below `screenshots/`."""
        self.page.screenshot(path=f"screenshots/{picture}.png", full_page=True)

    @property
    def main(self) -> Locator:
        """The page without its header and footer."""
        return self.page.locator("main")

    # Signing

    def fills_in(self, **fields: str | bool) -> None:
        """Type into the fields of the page's form, choose and tick, by the names of the fields."""
        for name, value in fields.items():
            field = self.field(name)
            if isinstance(value, bool):
                field.set_checked(value)
            elif field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)
        self.name = str(fields.get("name", self.name))
        self.email = str(fields.get("email", self.email))

    def field(self, name: str) -> Locator:
        """A field of the page's form."""
        return self._form.locator(f"[name={name}]")

    def submits(self) -> None:
        """Press the first button of the page's form."""
        with self._arriving():
            self._form.locator("button[type=submit]").first.click()

    def signs(self, name: str, email: str, **details: str | bool) -> str:
        """Fill in the form, check the answers and send them; the entry as the check page has promised it."""
        self.opens("/unterzeichnen", "/sign")
        self.fills_in(name=name, email=email, consent=True, **details)
        self.submits()
        promised = self.promised_entry()
        self.sends()
        return promised

    def promised_entry(self) -> str:
        """How one will appear in public, as the page says; empty if not at all."""
        entry = self.main.locator(".preview-card .signatories li")
        return entry.inner_text() if entry.count() else ""

    def sends(self) -> None:
        """Send the answers from the page to check them, and come to the one that speaks of the mailbox."""
        with self._arriving():
            self._form.locator("[name=step][value=send]").click()
        self.is_at("/unterzeichnen/postfach", "/sign/mailbox")

    # Mails

    def reads_mail(self) -> EmailMessage:
        """The next mail to the own address."""
        self._mails_read += 1
        return self.site.mailbox.wait_for(self.email, self._mails_read)

    def opens_the_link_in_the_mail(self, german: str, english: str) -> None:
        """Open the link of the next mail that leads to the German or English address."""
        self.goes_to(link_in(self.reads_mail(), german if self.language == "de" else f"/en{english}"))

    def confirms_by_the_link_in_the_mail(self) -> None:
        """Open the link, and confirm on its page."""
        self.opens_the_link_in_the_mail("/bestaetigen/", "/confirm/")
        self.submits()

    def says_that_was_not_me(self) -> None:
        """Open the link of the mail that is made for it, and press the button there."""
        address = "/ablehnen" if self.language == "de" else "/decline"
        self.goes_to(link_in(self.reads_mail(), address))
        self.submits()

    # What the public sees

    def counter(self) -> int:
        """How many have signed, as the list says."""
        self.opens("/unterzeichnende", "/signatories")
        return int(re.sub(r"\D", "", self.main.locator(".count strong").inner_text()))

    def listed_entry(self) -> str:
        """The own entry in the public list, found by its name; empty if there is none."""
        self.opens("/unterzeichnende", "/signatories")
        entry = self.main.locator(".signatories li", has_text=self.name)
        return entry.inner_text() if entry.count() else ""

    # My data

    def opens_my_data_by_the_link_in_the_mail(self) -> str:
        """Open the page by the link of the next mail; its address."""
        self.opens_the_link_in_the_mail("/meine-daten/", "/my-data/")
        return self.page.url

    def corrects(self, **fields: str | bool) -> None:
        """Change something of the own signature, from the page with one's data."""
        self.clicks('a[href*="/unterschrift/"], a[href*="/signature/"]')
        self.fills_in(**fields)
        self.submits()

    def downloads(self) -> dict[str, Any]:
        """All one's data as JSON."""
        with self.page.expect_download() as download:
            self.main.locator('a[href$=".json"]').click()
        content: dict[str, Any] = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
        return content

    def withdraws(self) -> None:
        """Take the signature back, from the page with one's data."""
        self.clicks('form[action*="/zurueckziehen"] button, form[action*="/withdraw"] button')
        self.is_at("/unterzeichnen/zurueckgezogen", "/sign/withdrawn")

    # With the keyboard alone

    def presses(self, key: str) -> None:
        """Press a key, such as `Enter`."""
        self.page.keyboard.press(key)

    def goes_on_with(self, key: str) -> None:
        """Press a key that leads to another page."""
        with self._arriving():
            self.presses(key)

    def tabs_to(self, selector: str) -> Locator:
        """Press Tab until the focus is on what matches; it must be seen to be there."""
        for _ in range(80):
            self.presses("Tab")
            focused = self.focused
            if focused.count() and focused.evaluate("(element, selector) => element.matches(selector)", selector):
                assert focused.evaluate("element => getComputedStyle(element).outlineStyle") != "none", "unseen focus"
                return focused
        raise AssertionError(f"Tab does not lead to {selector} on {self.page.url}")

    @property
    def focused(self) -> Locator:
        """What has the focus."""
        return self.page.locator(":focus")

    # How it looks

    def scrolls_sideways(self) -> bool:
        """Whether the page is wider than the window."""
        wider = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
        return bool(self.page.evaluate(wider))

    @property
    def _form(self) -> Locator:
        return self.main.locator("form[method=post]").first


@contextmanager
def visiting(
    chrome: Browser, site: Site, language: str, *, javascript: bool = True, **options: Any
) -> Iterator[Visitor]:
    """A visitor with a browser that remembers nothing; `options` are those of a Playwright context."""
    options = {"viewport": {"width": 1280, "height": 900}} | options
    context = chrome.new_context(java_script_enabled=javascript, locale=LOCALES[language], **options)
    context.set_default_timeout(15_000)
    visitor = Visitor(context, site, language)
    try:
        yield visitor
        assert visitor.complaints == [], "\n".join(visitor.complaints)
    finally:
        context.close()
