"""Every hostile input in a real browser, without a content security policy: nothing runs, and nothing is fetched."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Dialog, Page, Route

from portal.text import subset
from portal.text.gates import first_gate, second_gate
from portal.text.markdown import COMMENTERS, commenters_html
from tests.text.hostile import FAMILIES

HERE = "https://portal.test/"

TRIPWIRE = """
window.tripped = [];
window.trip = (...words) => { window.tripped.push("trip(" + words + ")"); };
"""

# What a reader could do to set something off, and what the browser itself says about the elements and links.
PROVOKE = """
async ({tags, html}) => {
  const complaints = [];
  const box = document.querySelector("main");
  if (html !== null) box.innerHTML = html;
  for (let round = 0; round < 2; round++) {
    for (const element of box.querySelectorAll("*")) {
      if (element.namespaceURI !== "http://www.w3.org/1999/xhtml" || !tags.includes(element.localName))
        complaints.push("element " + element.outerHTML.slice(0, 200));
      for (const {name} of element.attributes)
        if (!["href", "rel", "start"].includes(name)) complaints.push("attribute " + element.outerHTML.slice(0, 200));
      if (element.href !== undefined && element.hasAttribute("href")) {
        const honest = ["http:", "https:"].includes(element.protocol) && !element.username && !element.password;
        const looks = element.getAttribute("href").toLowerCase().startsWith(element.protocol + "//");
        const leaves = element.host !== location.host;
        if (!honest || !looks || !leaves) complaints.push("link " + element.outerHTML.slice(0, 200));
      }
      for (const kind of ["click", "mouseover", "mouseenter", "pointerenter", "pointermove", "mousemove", "focus",
                          "wheel", "scroll", "dragstart", "beforeinput", "toggle", "animationstart", "load"]) {
        const event = new Event(kind, {bubbles: true, cancelable: true});
        if (kind === "click") event.preventDefault();
        element.dispatchEvent(event);
      }
      element.focus && element.focus();
    }
    // Read and written once more, some markup means something else.
    box.innerHTML = box.innerHTML;
    await new Promise(resolve => setTimeout(resolve));
  }
  for (const name of ["trip", "tripped", "body", "cookie", "forms", "getElementById"])
    if (document[name] instanceof Element && name !== "body") complaints.push("clobbered document." + name);
  if (typeof window.trip !== "function") complaints.push("clobbered trip");
  return complaints.concat(window.tripped);
}
"""


@dataclass
class Tripwire:
    """A page that notices when something on it runs, asks, opens or fetches."""

    page: Page
    content: str = ""
    noticed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.add_init_script(TRIPWIRE)
        self.page.on("dialog", self._dialog)
        self.page.on("popup", lambda popup: self.noticed.append(f"popup {popup.url}"))
        self.page.on("download", lambda download: self.noticed.append(f"download {download.url}"))
        self.page.on("websocket", lambda socket: self.noticed.append(f"socket {socket.url}"))
        self.page.context.route("**/*", self._answer)

    def _dialog(self, dialog: Dialog) -> None:
        self.noticed.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _answer(self, route: Route) -> None:
        request = route.request
        if request.url == HERE and request.is_navigation_request() and request.frame == self.page.main_frame:
            route.fulfill(content_type="text/html; charset=utf-8", body=self.content.encode(errors="replace"))
            return
        self.noticed.append(f"request {request.url}")
        route.abort()

    def shows(self, parts: list[str]) -> list[str]:
        """What is noticed when the parts stand in a page, come by a script, and are touched."""
        self.noticed.clear()
        inside = "\n".join(f"<div>{part}</div>" for part in parts)
        self.content = f"<!doctype html><html lang=de><title>x</title><main>{inside}</main></html>"
        self.page.goto(HERE, wait_until="load")
        tags = [*COMMENTERS.tags, "div"]
        for html in (None, inside):
            self.noticed += self.page.evaluate(PROVOKE, {"tags": tags, "html": html})
        assert self.page.url == HERE
        return self.noticed


@pytest.fixture
def tripwire(chrome: Browser) -> Iterator[Tripwire]:
    context = chrome.new_context(bypass_csp=True, service_workers="block")
    yield Tripwire(context.new_page())
    context.close()


def bleach_alone(vector: str) -> list[str]:
    return [first_gate(vector, COMMENTERS), first_gate(subset.to_html(vector), COMMENTERS)]


def nh3_alone(vector: str) -> list[str]:
    return [second_gate(vector, COMMENTERS), second_gate(subset.to_html(vector), COMMENTERS)]


def whole_chain(vector: str) -> list[str]:
    return [commenters_html(vector)]


@pytest.mark.parametrize("render", [bleach_alone, nh3_alone, whole_chain])
def test_nothing_runs_and_nothing_is_fetched(tripwire: Tripwire, render: Callable[[str], list[str]]) -> None:
    """Edge cases 13 to 17."""
    for family, vectors in FAMILIES.items():
        parts = [part for vector in vectors for part in render(vector)]
        noticed = tripwire.shows(parts)
        assert noticed == [], f"{family}: {json.dumps(noticed[:10], indent=1)}"


@pytest.mark.parametrize(
    ("vector", "expected"),
    [
        ("<script>trip()</script>", "trip()"),
        ("<img src=https://trip.test/a.png>", "request https://trip.test/a.png"),
        ("<img src=x onerror=trip()>", "trip()"),
        ("<svg onload=trip()>", "trip()"),
        ("<p onmouseover=trip()>x</p>", "trip()"),
        ("<script>alert(1)</script>", "dialog 1"),
        ("<iframe src=https://trip.test/b></iframe>", "request https://trip.test/b"),
        ("<p style='background:url(https://trip.test/c.png)'>x</p>", "request https://trip.test/c.png"),
        ("<link rel=stylesheet href=https://trip.test/d.css>", "request https://trip.test/d.css"),
        ("<svg></p><style><a id='</style><img src=x onerror=trip()>'></svg>", "trip()"),
        ("<a href=javascript:trip()>x</a>", "link <a href="),
        ("<a href=//evil.example>x</a>", "link <a href="),
        ("<a href=/logout>x</a>", "link <a href="),
        ("<a href=https://bank.de@evil.example>x</a>", "link <a href="),
        ("<a id=trip>x</a>", "attribute <a id="),
    ],
)
def test_the_tripwire_works(tripwire: Tripwire, vector: str, expected: str) -> None:
    """What no gate has seen does run, and is noticed."""
    noticed = tripwire.shows([vector])
    assert any(one.startswith(expected) for one in noticed), noticed


def test_the_hostile_inputs_are_hostile(tripwire: Tripwire) -> None:
    """Raw, each family that is about running or fetching sets the tripwire off."""
    for family in ("scripts", "event_handlers", "svg_and_mathml", "mutation", "css", "control_characters"):
        noticed = [found for vector in FAMILIES[family][:8] for found in tripwire.shows([vector])]
        assert any(found.startswith(("trip(", "request ")) for found in noticed), family
