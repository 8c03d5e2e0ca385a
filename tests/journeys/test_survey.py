"""A survey as people answer it, with and without scripts, and as an editor invites to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from portal.config import load_settings
from portal.survey import box, operations
from portal.survey.box import Sheet
from tests.journeys.organiser import joins_the_office
from tests.journeys.site import Site
from tests.journeys.visitor import Visitor, visiting

RESULTS = ("/umfrage/beispiel/ergebnisse", "/survey/beispiel/results")


@pytest.fixture
def visitor(one_site: Site, chrome: Browser, javascript: bool) -> Iterator[Visitor]:
    """Somebody who reads German with scripts, and English without."""
    with visiting(chrome, one_site, "de" if javascript else "en", javascript=javascript) as visitor:
        yield visitor


@pytest.fixture
def example(one_site: Site) -> Iterator[None]:
    """The shipped example, open, and answered by nobody."""
    one_site.command("survey", "open", "beispiel", "--yes")
    yield
    one_site.command("demo", "clear")


def answers(visitor: Visitor, place: str) -> None:
    """From the introduction to the thanks."""
    visitor.opens("/umfrage/beispiel", "/survey/beispiel")
    visitor.follows("/umfrage/beispiel/antworten", "/survey/beispiel/answer")
    visitor.main.locator(f"[name='a.ort'][value={place}]").check()
    visitor.clicks("[value=next]")
    if place != "buero":
        visitor.main.locator("[name='a.tage']").fill("8")
    visitor.main.locator("[name='a.geraete']").first.check()
    visitor.clicks("[value=next]")
    visitor.main.locator("[name='a.zufrieden'][value='4']").check()
    visitor.clicks("[value=next]")
    visitor.clicks("[value=send]")
    visitor.is_at("/umfrage/beispiel/danke", "/survey/beispiel/thanks")


def others_answer(site: Site, number: int) -> None:
    """So many more answers are in the box, as the pages put them there."""
    instance = Path(site.environment["PORTAL_INSTANCE"])
    settings = load_settings(env="development", instance=instance, base_url=site.url, database_url=site.database_url)
    engine = create_engine(site.database_url)
    with Session(engine) as session:
        survey = operations.find(session, "beispiel")
        assert survey is not None
        for _ in range(number):
            box.drop(session, settings, survey, Sheet({"ort": "zuhause"}, {}))
        session.commit()
    engine.dispose()


@pytest.mark.usefixtures("example")
def test_the_chart_changes_from_the_tenth_answer_on(visitor: Visitor) -> None:
    visitor.opens(*RESULTS)
    visitor.does_not_see("240")
    assert visitor.main.locator(".bars").count() == 0
    _goes_back_and_forth(visitor)
    others_answer(visitor.site, 8)
    visitor.site.command("survey", "tend")
    visitor.opens(*RESULTS)
    assert visitor.main.locator(".bars").count() == 0, "nine are too few"
    answers(visitor, "zuhause")
    visitor.site.command("survey", "tend")
    visitor.opens(*RESULTS)
    expect(visitor.main.locator(".bars__value").nth(1)).to_have_text(
        "10 (100 %)" if visitor.language == "de" else "10 (100%)"
    )
    expect(visitor.main.locator(".method")).to_contain_text("n = 10")
    visitor.main.locator("#gruppe").select_option("zuhause")
    visitor.clicks("#filter button")
    visitor.sees("n = 10")


def _goes_back_and_forth(visitor: Visitor) -> None:
    """A first answer, with a mistake, and with a change of mind on the way."""
    visitor.opens("/umfrage/beispiel/antworten", "/survey/beispiel/answer")
    visitor.clicks("[value=next]")
    expect(visitor.main.locator(".error-summary")).to_be_focused()
    visitor.clicks("[value=next]")
    visitor.main.locator("[name='a.ort'][value=zuhause]").check()
    visitor.clicks("[value=next]")
    visitor.main.locator("[name='a.tage']").fill("8")
    visitor.clicks("[value=back]")
    visitor.clicks("[value=next]")
    expect(visitor.main.locator("[name='a.tage']")).to_have_value("8")
    visitor.clicks("[value=next]")
    visitor.main.locator("[name='a.sonstiges']").fill("Zwei\nZeilen")
    visitor.clicks("[value=next]")
    visitor.sees("Zwei\nZeilen")
    visitor.clicks("[value=send]")


def test_an_editor_opens_a_survey_and_closes_it(one_site: Site, chrome: Browser) -> None:
    with visiting(chrome, one_site, "de") as editor:
        joins_the_office(editor, "editor")
        editor.goes_to("/redaktion/umfragen")
        editor.sees("Entwurf", "anderswo durchgeführt")
        editor.clicks("a[href$='/beispiel']")
        editor.clicks("form[action$='/oeffnen'] button")
        editor.sees("Die Umfrage ist geöffnet.", "offen")
        editor.main.locator("summary", has_text="schließen").click()
        editor.clicks("form[action$='/schliessen'] button")
        editor.sees("geschlossen")
    one_site.command("demo", "clear")
