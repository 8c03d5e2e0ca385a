"""A person before a browser. The methods say what one does and sees, in the words that one would use."""

from email.message import EmailMessage

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Request, expect

from tests.journeys.site import Site, link_in


class Visitor:
    """Reads, fills forms and follows links on a site, in one language.

    Whatever goes wrong unseen (an error in the console or in a script, a request to another host) is kept in
    `complaints`; the fixture fails the journey if there is any at its end.
    """

    def __init__(self, context: BrowserContext, site: Site, language: str) -> None:
        self.site = site
        self.language = language
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("request", self._watch)

    def _hear(self, message: ConsoleMessage) -> None:
        # A page that says 404 or 422 on purpose is reported as a failed resource; its own address tells it apart.
        of_page = message.text.startswith("Failed to load resource") and message.location["url"] == self.page.url
        if message.type in {"error", "warning"} and not of_page:
            self.complaints.append(f"console on {self.page.url}: {message.text}")

    def _watch(self, request: Request) -> None:
        if not request.url.startswith((self.site.url, "data:", "blob:")):
            self.complaints.append(f"request to another host: {request.url}")

    def opens(self, german: str, english: str) -> None:
        """Open the address of the own language, without the /en."""
        self.goes_to(german if self.language == "de" else f"/en{english}")

    def goes_to(self, address: str) -> None:
        """Open any address of the site, or a full link from a mail."""
        self.page.goto(address if address.startswith("http") else self.site.url + address)

    def follows(self, text: str) -> None:
        """Click the link that says `text`."""
        self.page.get_by_role("link", name=text, exact=True).first.click()

    def fills_in(self, **fields: str | bool) -> None:
        """Type into the fields of the page's form, choose and tick, by the names of the fields."""
        for name, value in fields.items():
            field = self._form.locator(f"[name={name}]")
            if isinstance(value, bool):
                field.set_checked(value)
            elif field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)

    def submits(self) -> None:
        """Press the first button of the page's form."""
        self._form.locator("button[type=submit], button:not([type]), input[type=submit]").first.click()

    def presses(self, text: str) -> None:
        """Press the button that says `text`."""
        self.page.get_by_role("button", name=text, exact=True).click()

    def sees(self, *texts: str) -> None:
        """Each of the texts stands in the page's main part."""
        for text in texts:
            expect(self._main).to_contain_text(text)

    def does_not_see(self, *texts: str) -> None:
        """None of the texts stands in the page's main part."""
        for text in texts:
            expect(self._main).not_to_contain_text(text)

    def is_at(self, german: str, english: str) -> None:
        """The address is that of the own language, whatever the query."""
        path = german if self.language == "de" else f"/en{english}"
        assert self.page.url.removeprefix(self.site.url).partition("?")[0] == path

    def has_mail(self, address: str, number: int = 1) -> EmailMessage:
        """Wait for the `number`th mail to an address."""
        return self.site.mailbox.wait_for(address, number)

    def opens_link_of(self, mail: EmailMessage, german: str, english: str) -> None:
        """Open the link of the mail that leads to the German or English address."""
        self.goes_to(link_in(mail, german if self.language == "de" else f"/en{english}"))

    def looks(self, picture: str) -> None:
        """Keep a picture of the whole page below `screenshots/`."""
        self.page.screenshot(path=f"screenshots/{picture}.png", full_page=True)

    @property
    def _main(self) -> Locator:
        return self.page.locator("main")

    @property
    def _form(self) -> Locator:
        return self._main.locator("form[method=post]").first
