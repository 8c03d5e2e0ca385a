"""Reading the whole public site through the application itself, as a visitor without cookies would."""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, unquote, urljoin, urlsplit

from flask import Flask
from selectolax.lexbor import LexborHTMLParser
from werkzeug.exceptions import HTTPException
from werkzeug.test import Client, TestResponse

from portal.archive import references
from portal.archive.naming import HTML, file_name, told_apart
from portal.pages.machines import PRIVATE_PATHS
from portal.web.copies import NAMES_LEFT_OUT

CSS = "text/css"
NOT_PUBLIC = ("/redaktion", "/postfach", "/meine-daten", "/en/my-data", "/healthz", "/readyz")
"""What is not for everyone, or not to read, besides `PRIVATE_PATHS`: these addresses and all below them."""

PRIVATE = "not for the public"
FORM = "a form about one thing"
NOFOLLOW = "marked rel=nofollow"
TOO_MANY = "too many addresses that differ in their query"

_VERBATIM = "/%:@!$&'()*+,;=~"


@dataclass(frozen=True)
class Kept:
    """One file of the archive."""

    path: str
    media_type: str
    address: str
    """Where it was read: path and query below the portal's own address."""


@dataclass
class Harvest:
    """What was read, and what became of every other address that a page refers to."""

    kept: dict[str, Kept] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    """Redirects, to where they end."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Addresses that were not read on purpose, each with the reason."""
    missing: dict[str, str] = field(default_factory=dict)
    """Addresses that are not there, each with what was answered and who refers to it."""
    failed: dict[str, str] = field(default_factory=dict)
    """Addresses that the application could not answer for."""

    def path(self, address: str) -> str | None:
        """The file that a reference to this address leads to, or None if there is none."""
        address = self.moved.get(address, address)
        if self.left_out.get(address) in {FORM, NOFOLLOW}:
            # The page that the query would have changed.
            address = address.partition("?")[0]
        return self.kept[address].path if address in self.kept else None


class Crawl:
    """Follows every reference from the first addresses on, breadth first, and writes what it finds as it is."""

    def __init__(self, app: Flask, base: str, folder: Path, *, names: bool, variants: int) -> None:
        """`base` is the portal's own address; at most `variants` addresses that differ in their query are read of each
        page."""
        self.harvest = Harvest()
        self._app = app
        self._base = base
        self._folder = folder
        self._variants = variants
        self._environment = {} if names else {NAMES_LEFT_OUT: True}
        # Past the kept pages: they are those that visitors see, names and all.
        self._client = Client(app.extensions["page_cache"].application, use_cookies=False)
        self._rules = app.url_map.bind(urlsplit(base).netloc)
        self._queue: deque[str] = deque()
        self._referrers: dict[str, str] = {}
        self._taken: set[str] = set()
        self._asked_of: Counter[str] = Counter()
        self._forms: set[str] = set()

    def add(self, address: str, content: str) -> None:
        """Take in a page that is made for the archive and that the application does not have."""
        self._keep(address, HTML, content.encode())
        self._follow_page(address, LexborHTMLParser(content))

    def run(self, first: Iterable[str], progress: Callable[[int, int], None]) -> Harvest:
        """Read everything that can be reached from the first addresses; `progress` is told how many addresses were read
        and how many wait."""
        for address in first:
            self._enqueue(address, "")
        read = 0
        while self._queue:
            self._read(self._queue.popleft())
            read += 1
            progress(read, len(self._queue))
        return self.harvest

    def internal(self, current: str, url: str) -> tuple[str, str] | None:
        """The address of the site that a page refers to, and the fragment; None if it leads elsewhere."""
        split = urlsplit(urljoin(self._base + current, url))
        if f"{split.scheme}://{split.netloc}" != self._base:
            return None
        path = quote(split.path or "/", safe=_VERBATIM)
        if path.startswith(f"{self._app.static_url_path}/") or not split.query:
            return path, split.fragment  # the version of a static file makes no other file
        return f"{path}?{quote(split.query, safe=_VERBATIM + '?')}", split.fragment

    def _read(self, address: str) -> None:
        if address in self.harvest.left_out or self._leaves_out(address):
            return
        seen, response = [address], self._get(address)
        while 300 <= response.status_code < 400 and len(seen) < 5:
            target = self.internal(seen[-1], response.headers.get("Location", ""))
            if target is None or _is_private(target[0]):
                self.harvest.left_out[address] = PRIVATE
                return
            seen.append(target[0])
            response = self._get(target[0])
        for passed in seen[:-1]:
            self.harvest.moved[passed] = seen[-1]
        if seen[-1] not in self.harvest.kept:
            self._take(seen[-1], response, referrer=self._referrers[address])

    def _get(self, address: str) -> TestResponse:
        return self._client.get(address, base_url=self._base, environ_overrides=self._environment, buffered=True)

    def _take(self, address: str, response: TestResponse, *, referrer: str) -> None:
        said = f"{response.status} (linked on {referrer})" if referrer else response.status
        if response.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            self.harvest.missing[address] = said
        elif response.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            self.harvest.left_out[address] = PRIVATE
        elif response.status_code != HTTPStatus.OK:
            self.harvest.failed[address] = said
        else:
            self._take_in(address, response)

    def _take_in(self, address: str, response: TestResponse) -> None:
        media_type = response.mimetype or "application/octet-stream"
        if media_type == HTML:
            page = LexborHTMLParser(response.text)
            if self._is_form_about_something(address, page):
                self.harvest.left_out[address] = FORM
                return
            self._follow_page(address, page)
        elif media_type == CSS:
            for url in references.in_stylesheet(response.text):
                self._follow(address, url)
        self._keep(address, media_type, response.data)

    def _keep(self, address: str, media_type: str, content: bytes) -> None:
        path = file_name(address, media_type)
        if path in self._taken:
            path = told_apart(path, address)
        self._taken.add(path)
        file = self._folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        self.harvest.kept[address] = Kept(path, media_type, address)

    def _follow_page(self, address: str, page: LexborHTMLParser) -> None:
        for reference in references.in_page(page):
            if stays(reference):
                continue
            for url in reference.urls:
                self._follow(address, url, nofollow="nofollow" in reference.relations)
        for preview in page.css('meta[property="og:image"]'):
            self._follow(address, preview.attributes.get("content") or "")

    def _follow(self, current: str, url: str, *, nofollow: bool = False) -> None:
        target = self.internal(current, url)
        if target is None:
            return
        if not nofollow:
            self._enqueue(target[0], current)
        elif target[0] not in self._referrers:
            self.harvest.left_out[target[0]] = NOFOLLOW

    def _enqueue(self, address: str, referrer: str) -> None:
        if self.harvest.left_out.get(address) == NOFOLLOW:
            del self.harvest.left_out[address]  # another page lets us follow
        if address not in self._referrers:
            self._referrers[address] = referrer
            self._queue.append(address)

    def _leaves_out(self, address: str) -> bool:
        path, _, query = address.partition("?")
        if _is_private(path):
            self.harvest.left_out[address] = PRIVATE
        elif self._endpoint_with_arguments(address) in self._forms:
            self.harvest.left_out[address] = FORM
        elif query and self._asked_of[path] >= self._variants:
            self.harvest.left_out[address] = TOO_MANY
        else:
            self._asked_of[path] += bool(query)
            return False
        return True

    def _is_form_about_something(self, address: str, page: LexborHTMLParser) -> bool:
        """Whether it is a form about one comment, say: there are as many of them as comments, and they say nothing that
        is not said elsewhere. A form with an address of its own is a page of the archive."""
        endpoint = self._endpoint_with_arguments(address)
        if endpoint is None or page.css_first("main form[method=post]") is None:
            return False
        self._forms.add(endpoint)
        return True

    def _endpoint_with_arguments(self, address: str) -> str | None:
        """The endpoint, if the address says more than which page it is."""
        path, _, query = address.partition("?")
        try:
            endpoint, arguments = self._rules.match(unquote(path), "GET")
        except HTTPException:
            return None
        return str(endpoint) if query or set(arguments) - {"language"} else None


def stays(reference: references.Reference) -> bool:
    """Whether a reference names an address of the portal and shall go on doing so, or was written by a visitor."""
    if reference.node.tag == "link":
        return "canonical" in reference.relations or "hreflang" in reference.node.attributes
    return bool(reference.relations & {"original", "ugc"})


def _is_private(path: str) -> bool:
    return path.startswith(PRIVATE_PATHS) or any(path == one or path.startswith(f"{one}/") for one in NOT_PUBLIC)
