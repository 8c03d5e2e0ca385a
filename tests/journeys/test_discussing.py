"""A comment from its writing to the second opinion: author, reader, and two moderators."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from tests.journeys.organiser import joins_the_office
from tests.journeys.site import Site
from tests.journeys.visitor import Visitor, visiting

QUEUE = "/redaktion/kommentare"
FEED = "/feed/diskussion.atom"


@dataclass
class People:
    """Those who take part, each before a browser of her own."""

    author: Visitor
    reader: Visitor
    first: Visitor
    second: Visitor


@pytest.fixture
def people(site: Site, chrome: Browser, javascript: bool) -> Iterator[People]:
    with ExitStack() as stack:
        someone = [stack.enter_context(visiting(chrome, site, "de", javascript=javascript)) for _ in range(4)]
        people = People(*someone)
        joins_the_office(people.first, "moderator")
        joins_the_office(people.second, "moderator")
        yield people


def writes(visitor: Visitor, text: str, name: str) -> None:
    """Fill in the open form, look at the preview, send it, and confirm by the link in the mail."""
    visitor.fills_in(text=text, name=name, email=f"wer{visitor.site.number()}@example.org", consent=True, notify=True)
    visitor.clicks("button[value=preview]")
    visitor.sees("Vorschau", "Beispiel")
    visitor.clicks("button[value=send]")
    visitor.is_at("/diskussion/postfach/kommentar", "/discussion/mailbox/comment")
    visitor.confirms_by_the_link_in_the_mail()


def opens_the_own_page(visitor: Visitor) -> None:
    """Follow the private link in the next mail."""
    visitor.opens_the_link_in_the_mail("/diskussion/mein-kommentar/", "/discussion/my-comment/")


def finds(moderator: Visitor, text: str) -> None:
    """Open, from the queue, the comment that says this."""
    moderator.goes_to(QUEUE)
    moderator.clicks(".moderation a.button")
    for _ in range(20):
        if moderator.main.get_by_text(text).count():
            return
        moderator.clicks("a[rel=next]")
    raise AssertionError(f"no comment in the queue says {text}")


def comments_in_the_margin(visitor: Visitor) -> int:
    """How many comments the declaration shows beside its first thesis."""
    visitor.goes_to("/erklaerung")
    beside = visitor.main.locator(".thesis-aside a[href*='/diskussion']").first.inner_text()
    return int(re.sub(r"\D", "", beside.partition("Kommentar")[0]) or 0)


def feed(visitor: Visitor) -> str:
    """The feed of the discussion as a program reads it."""
    return str(visitor.page.request.get(visitor.site.url + FEED).text())


@pytest.mark.one_database
def test_a_comment_from_its_writing_to_the_second_opinion(people: People) -> None:
    """Returned, changed, approved, answered, reported, rejected, and published after all."""
    author, first = people.author, people.first
    words = f"Beispiel {author.site.number()}"
    before = comments_in_the_margin(author)

    author.clicks(".thesis-aside a[href*='/diskussion']")
    author.clicks("a[href*='/diskussion/schreiben']")
    writes(author, f"{words}: zu lang.", "Ada Beispiel")
    opens_the_own_page(author)
    own_page = author.page.url
    author.sees("wartet auf Freigabe")
    assert words not in feed(author)
    assert comments_in_the_margin(author) == before

    is_returned_and_changed(author, first, words)
    finds(first, words)
    first.sees("kurz.")
    first.clicks('form:has([value="approve"]) button')
    assert f"{words}: kurz." in feed(author)
    assert comments_in_the_margin(author) == before + 1
    opens_the_own_page(author)
    author.clicks("a[href*='#kommentar-']")
    author.sees(f"{words}: kurz.")
    permalink = author.page.url

    answer = is_answered(people, permalink)
    is_reported_and_taken_down(people, permalink)
    assert f"{words}: kurz." not in feed(author)
    people.reader.goes_to(permalink)
    people.reader.does_not_see(f"{words}: kurz.")
    people.reader.sees(answer)

    objects_with_success(people, own_page)
    assert f"{words}: kurz." in feed(author)
    assert comments_in_the_margin(author) == before + 2


def is_returned_and_changed(author: Visitor, moderator: Visitor, words: str) -> None:
    """The moderator asks for a change, and the author makes it."""
    finds(moderator, words)
    moderator.main.get_by_text("Zurückgeben und um eine Änderung bitten").click()
    moderator.main.locator("#changes").fill("Bitte schreiben Sie es kürzer.")
    moderator.clicks('form:has([value="return"]) button')
    opens_the_own_page(author)
    author.sees("Bitte schreiben Sie es kürzer.")
    author.fills_in(text=f"{words}: kurz.")
    author.clicks("button[value=save]")
    author.sees("wartet auf Freigabe")


def is_answered(people: People, permalink: str) -> str:
    """A reader answers, is approved, and the author hears of it; what was answered."""
    people.reader.goes_to(permalink)
    people.reader.clicks("a[href*='antwort=']")
    answer = f"Beispielantwort {people.reader.site.number()}"
    writes(people.reader, answer, "Bo Beispiel")
    finds(people.first, answer)
    people.first.clicks('form:has([value="approve"]) button')
    people.author.opens_the_link_in_the_mail("/diskussion/", "/discussion/")
    people.author.sees(answer)
    return answer


def is_reported_and_taken_down(people: People, permalink: str) -> None:
    """A reader reports without giving a name, and the first moderator takes the comment down."""
    reader, moderator = people.reader, people.first
    reader.goes_to(permalink)
    reader.clicks("a[href*='/melden']")
    reader.main.locator("[name=reason][value=off_topic]").check()
    reader.fills_in(explanation="Das hat mit der These nichts zu tun.", good_faith=True)
    reader.submits()
    reader.sees("Meldung")

    number = re.search(r"/diskussion/(\d+)", permalink)
    assert number
    moderator.goes_to("/redaktion/meldungen")
    moderator.clicks(f"a[href$='/meldungen/{number[1]}']")
    moderator.main.get_by_text("Herunternehmen, mit Begründung").click()
    form = moderator.main.locator("form:has([value=take_down])")
    form.locator("[name=reason][value=off_topic]").check()
    form.locator("[name=facts]").fill("Der Satz handelt von etwas anderem.")
    moderator.clicks("form:has([value=take_down]) button")


def objects_with_success(people: People, own_page: str) -> None:
    """The author reads the reasons and objects; the first moderator may not decide, the second does."""
    author, first, second = people.author, people.first, people.second
    author.goes_to(own_page)
    author.sees("Kein Bezug zur Erklärung", "Der Satz handelt von etwas anderem.")
    author.does_not_see("Das hat mit der These nichts zu tun.")
    author.clicks("a[href$='/widerspruch']")
    author.fills_in(objection="Der Satz handelt von nichts anderem.")
    author.submits()

    first.goes_to("/redaktion/widersprueche")
    first.clicks("a[href*='/widersprueche/']")
    first.sees("Über den Widerspruch muss jemand anderes entscheiden")
    second.goes_to(first.page.url)
    second.sees("Der Satz handelt von nichts anderem.")
    second.main.locator("[name=outcome][value=reversed]").check()
    second.fills_in(answer="Sie haben recht.")
    second.clicks("form:has([name=outcome]) button")

    author.goes_to(own_page)
    author.sees("Sie haben recht bekommen", "Sie haben recht.")
