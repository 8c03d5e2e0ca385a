"""A conference fills up: somebody has the last place, somebody waits, one cancels, the other moves up."""

from collections.abc import Iterator

import pytest
from icalendar import Calendar
from playwright.sync_api import Browser

from tests.journeys.organiser import joins_the_office
from tests.journeys.site import Site, link_in
from tests.journeys.test_looks import findings
from tests.journeys.visitor import Visitor, visiting


@pytest.fixture(scope="module", autouse=True)
def sample(one_site: Site) -> Iterator[None]:
    """The sample conference, of which one place is free."""
    one_site.command("demo", "load", "--people", "1")
    yield
    one_site.command("demo", "clear")


@pytest.mark.one_database
def test_register_fill_up_wait_move_up_cancel(one_site: Site, chrome: Browser, language: str) -> None:
    """With scripts in English, without in German."""
    scripts = language == "en"
    with (
        visiting(chrome, one_site, language, javascript=scripts) as first,
        visiting(chrome, one_site, language, javascript=scripts) as second,
    ):
        _registers(first)
        first.sees("Sie haben einen Platz." if language == "de" else "You have a place.")
        _has_a_calendar_file(first)
        _registers(second)
        second.sees("Sie stehen auf der Warteliste." if language == "de" else "you are on the waiting list.")
        second.reads_mail()
        link = link_in(one_site.mailbox.wait_for(first.email, 2), _part(language))
        first.goes_to(link)
        first.submits()
        assert first.page.url == link
        first.reads_mail()
        _has_a_calendar_file(second)
        second.opens("/fachtagung/beispiel", "/conference/beispiel")
        second.sees("Alle Plätze sind vergeben." if language == "de" else "All places are taken.")
        second.goes_to(link_in(one_site.mailbox.wait_for(second.email, 3), _part(language)))
        second.submits()


@pytest.mark.one_database
def test_organisers_tick_who_is_there(one_site: Site, chrome: Browser) -> None:
    with visiting(chrome, one_site, "de", viewport={"width": 360, "height": 740}) as editor:
        joins_the_office(editor, "editor")
        editor.goes_to("/redaktion/fachtagung")
        editor.clicks('a[href$="/beispiel"]')
        assert not editor.scrolls_sideways()
        assert findings(editor) == []
        editor.main.locator("input[name=present]").nth(2).check()
        editor.clicks('form[action$="/anwesenheit"] button')
        editor.sees("Ihre Änderung ist gespeichert.")
        assert editor.main.locator("input[name=present]:checked").count() == 1
        editor.clicks('a[href$="/absagen"]')
        assert not editor.scrolls_sideways()
        assert findings(editor) == []


def _part(language: str) -> str:
    return "/fachtagung/abmelden/" if language == "de" else "/en/conference/cancel/"


def _registers(visitor: Visitor) -> None:
    """Come from the overview to the form, fill it in, and confirm by the link in the mail."""
    visitor.opens("/fachtagung", "/conference")
    visitor.follows("/fachtagung/beispiel", "/conference/beispiel")
    visitor.follows("/fachtagung/beispiel/anmeldung", "/conference/beispiel/registration")
    number = visitor.site.number()
    visitor.fills_in(name=f"Tilda {number}", email=f"tilda{number}@example.org", needs="Beispiel", consent=True)
    visitor.submits()
    visitor.is_at("/fachtagung/beispiel/postfach", "/conference/beispiel/mailbox")
    visitor.confirms_by_the_link_in_the_mail()


def _has_a_calendar_file(visitor: Visitor) -> None:
    """The next mail carries one that calendars can read."""
    file = next(iter(visitor.reads_mail().iter_attachments()))
    content = file.get_payload(decode=True)
    assert isinstance(content, bytes)
    assert [str(event["STATUS"]) for event in Calendar.from_ical(content).walk("VEVENT")] == ["CONFIRMED"]
