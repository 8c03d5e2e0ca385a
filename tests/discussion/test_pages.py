"""What the public reads: threads, one comment, outcomes, rules, and the counts beside the theses."""

import re
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from portal.declaration.models import Revision
from portal.discussion import comments, moderation
from portal.discussion.models import (
    DELETED,
    NOTED,
    REJECTED,
    TAKEN_UP,
    WAITING,
    Comment,
    OfficialAnswer,
    Outcome,
)
from portal.discussion.reading import PAGE, standing
from portal.discussion.vocabulary import REASONS
from portal.web.caching import public_changed
from tests.browser import Browser, Client, Page
from tests.discussion.conftest import Write, publish_theses
from tests.discussion.written import NOON, decided, edited, organiser, written


def said(page: Page) -> list[str]:
    """The texts of all comments on a page, in reading order."""
    return page.texts(".comment__text")


def numbers(page: Page) -> list[int]:
    """The numbers of all comments on a page, in reading order."""
    found = [article.attributes.get("id") or "" for article in page.tree.css("article.comment")]
    return [int(name.removeprefix("kommentar-")) for name in found if name]


def several(session: Session, revision: Revision, number: int, **values: object) -> Sequence[Comment]:
    """Published comments, an hour apart."""
    return [
        written(
            session,
            revision,
            text=f"Kommentar {one}.",
            name=f"Person {one}",
            thesis=None,
            at=NOON + timedelta(hours=one),
            **values,  # type: ignore[arg-type]
        )
        for one in range(number)
    ]


@pytest.mark.parametrize("path", ["/diskussion", "/diskussion/ergebnisse", "/standpunkte", "/standpunkte/mitteilen"])
def test_before_there_is_a_declaration_the_pages_say_so(browser: Browser, path: str) -> None:
    page = browser.open(path)
    assert page.status == 200
    assert "noch nicht veröffentlicht" in page.text()


def test_an_empty_discussion_invites(browser: Browser, revision: Revision) -> None:
    page = browser.open("/diskussion")
    assert page.text("#kommentare") == "Noch keine Kommentare"
    assert "Sie können den Anfang machen" in page.text()
    assert page.attribute("main .button", "href") == "/diskussion/schreiben"
    assert not page.has("#zahlen")
    assert [text.split()[-1] for text in page.texts(".topics li")] == ["0"] * 5


def test_a_comment_says_who_in_which_capacity_when_and_on_what(
    browser: Browser, session: Session, revision: Revision
) -> None:
    name = "Jörg {{7*7}} <script>alert(1)</script>"
    comment = written(session, revision, name=name, thesis="technik", capacity="practice")
    page = browser.open("/diskussion")
    assert page.text(".comment__name") == name
    assert page.text(".comment__capacity") == "Fachkraft in der Sozialen Arbeit"
    assert page.attribute("time", "datetime") == "2026-11-22T12:00:00+00:00"
    assert "These 2: Technik am Arbeitsplatz" in page.text(".comment__meta")
    assert not page.has(".comment__standing")
    assert not page.has("main script")
    links = [link.attributes["href"] for link in page.tree.css(".comment a")]
    assert f"/diskussion/{comment.id}#kommentar-{comment.id}" in links
    assert f"/diskussion/schreiben?antwort={comment.id}" in links
    assert f"/diskussion/{comment.id}/melden" in links


def test_replies_stand_below_what_they_answer(browser: Browser, session: Session, revision: Revision) -> None:
    first = written(session, revision, text="Zuerst.", thesis="ort")
    reply = written(session, revision, text="Antwort.", parent=first)
    deepest = written(session, revision, text="Antwort auf die Antwort.", parent=reply)
    page = browser.open("/diskussion")
    assert said(page) == ["Zuerst.", "Antwort.", "Antwort auf die Antwort."]
    assert page.has(f"#kommentar-{first.id} .replies #kommentar-{reply.id} .replies #kommentar-{deepest.id}")
    assert not page.has(f'a[href="/diskussion/schreiben?antwort={deepest.id}"]'), "it goes no deeper"
    assert [page.text(f"{level}.comment__who") != "" for level in ("h3", "h4", "h5")] == [True] * 3


@pytest.mark.parametrize("order", ["neueste", "aelteste", "meist-beantwortet"])
def test_paging_shows_every_thread_once_in_order(
    browser: Browser, session: Session, revision: Revision, order: str
) -> None:
    many = several(session, revision, PAGE * 2 + 3)
    for parent in (many[1], many[1], many[5], many[40]):
        written(session, revision, text="Antwort.", parent=parent, at=NOON + timedelta(days=9))
    seen: list[int] = []
    address = f"/diskussion?folge={order}"
    for _ in range(3):
        page = browser.open(address)
        roots = page.tree.css(".threads > article.comment")
        seen += [int((root.attributes["id"] or "").removeprefix("kommentar-")) for root in roots]
        following = page.tree.css_first(".pagination [rel=next]")
        address = str(following.attributes["href"]) if following else ""
        if following:
            # What is published while somebody pages moves nothing.
            written(session, revision, text="Neu.", thesis=None, at=NOON + timedelta(days=8))
            public_changed(session)
    assert address == ""
    ids = [comment.id for comment in many]
    expected = {
        "neueste": ids[::-1],
        "aelteste": ids,
        "meist-beantwortet": [
            ids[1],
            ids[40],
            ids[5],
            *(one for one in ids[::-1] if one not in {ids[1], ids[5], ids[40]}),
        ],
    }[order]
    assert [one for one in seen if one in ids] == expected


def test_a_permalink_shows_the_whole_thread_and_marks_the_comment(
    browser: Browser, session: Session, revision: Revision
) -> None:
    first = written(session, revision, text="Zuerst.", thesis="ort")
    reply = written(session, revision, text="Antwort.", parent=first)
    several(session, revision, PAGE + 1)
    assert first.id not in numbers(browser.open("/diskussion")), "it is on the second page"
    page = browser.open(f"/diskussion/{reply.id}")
    assert said(page) == ["Zuerst.", "Antwort."]
    assert [one.attributes["id"] for one in page.tree.css("article[aria-current=true]")] == [f"kommentar-{reply.id}"]
    assert browser.open(f"/en/discussion/{reply.id}").status == 200


def test_filtering_by_thesis_and_by_outcome(browser: Browser, session: Session, revision: Revision) -> None:
    whole = written(session, revision, text="Zum Ganzen.", thesis=None)
    here = written(session, revision, text="Zum Ort.", thesis="ort")
    reply = written(session, revision, text="Antwort zum Ort.", parent=here)
    written(session, revision, text="Zur Technik.", thesis="technik")
    mara = organiser(session, "editor")
    for comment, outcome in ((reply, TAKEN_UP), (whole, NOTED)):
        session.add(Outcome(comment_id=comment.id, outcome=outcome, reason="Weil.", by_id=mara.id, at=NOON))
    assert said(browser.open("/diskussion?these=ort")) == ["Zum Ort.", "Antwort zum Ort."]
    assert said(browser.open("/diskussion?these=0")) == ["Zum Ganzen."]
    assert said(browser.open("/diskussion?ergebnis=taken_up")) == ["Zum Ort.", "Antwort zum Ort."]
    assert said(browser.open("/diskussion?these=ort&ergebnis=noted")) == []
    assert said(browser.open("/diskussion?these=technik&folge=aelteste")) == ["Zur Technik."]
    assert [text.split()[-1] for text in browser.open("/diskussion").texts(".topics li")] == ["4", "1", "2", "1", "0"]


@pytest.mark.parametrize(
    "address",
    [
        "/diskussion?these=gibt-es-nicht",
        "/diskussion?these=%00",
        "/diskussion?these=../../etc",
        "/diskussion?nach=x",
        "/diskussion?nach=99999999999999999999-1",
        "/diskussion?nach=9-9999999999",
        "/diskussion/ergebnisse?nach=-1",
        "/diskussion/0",
        "/diskussion/999",
        "/diskussion/2147483648",
        "/diskussion/99999999999999999999",
        "/diskussion/-1",
        "/diskussion/eins",
        "/diskussion/1.5",
        "/diskussion/999/melden",
        "/diskussion/99999999999999999999/melden",
        "/diskussion/schreiben?these=gibt-es-nicht",
        "/diskussion/schreiben?antwort=999",
        "/diskussion/schreiben?antwort=99999999999999999999",
        "/diskussion/schreiben?antwort=%C2%B2",
        "/diskussion/schreiben?antwort=x",
        "/feed/these-gibt-es-nicht.atom",
        "/feed/gibt-es-nicht.atom",
        "/en/discussion?these=no-such-thesis",
    ],
)
def test_what_does_not_exist_is_a_404_page(browser: Browser, revision: Revision, address: str) -> None:
    page = browser.open(address)
    assert page.status == 404
    assert page.has("main a"), "it leads on"


@pytest.mark.parametrize(
    "address",
    ["/diskussion?folge=x&ergebnis=y", "/diskussion?nach=9999999999999999-999999999", "/diskussion?nach=0-0"],
)
def test_what_cannot_be_chosen_is_ignored(browser: Browser, session: Session, revision: Revision, address: str) -> None:
    written(session, revision, thesis=None)
    assert browser.open(address).status == 200


def test_the_texts_stay_readable_when_their_thesis_is_moved_reworded_or_gone(
    browser: Browser, session: Session, revision: Revision
) -> None:
    """Edge case 22: never silently attached to other words."""
    for key in ("ort", "technik", "zeit"):
        written(session, revision, text=f"Zu {key}.", thesis=key)
    written(session, revision, text="Zum Ganzen.", thesis=None)
    publish_theses(session, 2, {"technik": "Technik am Arbeitsplatz", "ort": "Ort, an dem gearbeitet wird"})

    exact = browser.open("/diskussion?these=technik")
    assert said(exact) == ["Zu technik."]
    assert "These 1: Technik am Arbeitsplatz" in exact.text(".comment__meta"), "it has moved to the first place"
    assert not exact.has(".comment__standing")

    older = browser.open("/diskussion?these=ort")
    assert said(older) == ["Zu ort."]
    assert "geschrieben zu einer älteren Fassung (1)" in older.text(".comment__standing")
    link = older.attribute(".comment__standing a", "href")
    assert link == "/erklaerung/vergleich?von=1&bis=2#these-ort"
    assert browser.open(link.partition("#")[0]).has("#these-ort")

    orphaned = browser.open("/diskussion?these=zeit")
    assert said(orphaned) == ["Zu zeit."]
    assert "nicht mehr" in orphaned.text(".comment__standing")
    assert orphaned.attribute(".comment__meta a", "href") == "/erklaerung/1/these/zeit"
    assert not orphaned.has("main .button"), "nobody writes to a thesis that is gone"

    whole = browser.open("/diskussion?these=0")
    assert "älteren Fassung" in whole.text(".comment__standing")
    assert "Frühere These 3: Zeit für Menschen 1" in browser.open("/diskussion").texts(".topics li")


def test_a_thesis_that_says_the_same_in_one_language_only_is_reworded(
    browser: Browser, session: Session, revision: Revision
) -> None:
    new = publish_theses(session, 2)
    assert standing(revision, "ort", new) == "exact"
    english = next(text for text in revision.theses[0].texts if text.language == "en")
    with session.no_autoflush:
        english.text = "Other words."
        assert standing(revision, "ort", new) == "older"
        session.rollback()


def test_a_deleted_comment_with_replies_leaves_a_placeholder(
    browser: Browser, session: Session, revision: Revision
) -> None:
    """Edge case 20, as the public sees it."""
    gone = written(session, revision, DELETED, thesis="ort")
    reply = written(session, revision, text="Antwort.", parent=gone)
    alone = written(session, revision, DELETED, thesis="ort")
    waiting = written(session, revision, WAITING, text="Wartet.", parent=alone)
    page = browser.open("/diskussion")
    assert numbers(page) == [gone.id, reply.id]
    assert page.text(f"#kommentar-{gone.id} .comment__gone") == (
        "Dieser Kommentar wurde von seiner Verfasser:in gelöscht."
    )
    assert browser.open(f"/diskussion/{gone.id}").status == 200
    assert browser.open(f"/diskussion/{alone.id}").status == 404
    assert browser.open(f"/diskussion/{waiting.id}").status == 404
    assert browser.open(f"/diskussion/schreiben?antwort={gone.id}").status == 404
    assert browser.open(f"/diskussion/{gone.id}/melden").status == 404


def test_a_comment_taken_down_leaves_its_replies_readable(
    browser: Browser, session: Session, revision: Revision
) -> None:
    down = written(session, revision, text="Weg damit.", thesis="ort")
    reply = written(session, revision, text="Antwort.", parent=down)
    deepest = written(session, revision, text="Noch eine.", parent=reply)
    for comment in (down, reply):
        comment.status, comment.published_number = REJECTED, None
    page = browser.open("/diskussion")
    assert numbers(page) == [down.id, reply.id, deepest.id]
    assert said(page) == ["Noch eine."]
    assert "Jörg" not in page.text(f"#kommentar-{down.id} > .comment__own")
    assert page.texts(".comment__gone")[0].startswith("Die Redaktion hat diesen Kommentar entfernt.")


def test_the_badge_of_the_office_comes_with_an_official_answer_and_from_nowhere_else(
    browser: Browser, session: Session, revision: Revision
) -> None:
    """Edge case 17."""
    liar = written(session, revision, name="Redaktion", text="**Redaktion** Offizielle Antwort", thesis=None)
    asked = written(session, revision, thesis=None)
    mara = organiser(session, "editor")
    session.add(OfficialAnswer(comment_id=asked.id, source="Danke, *so* ist es.", by_id=mara.id, at=NOON))
    page = browser.open("/diskussion")
    assert page.texts(".badge") == ["Redaktion"]
    assert not page.has(f"#kommentar-{liar.id} .badge")
    assert page.text(f"#kommentar-{asked.id} .official__text") == "Danke, so ist es."
    assert "Mara" not in page.text()


def test_an_outcome_stands_beside_the_comment_and_on_the_page_of_outcomes(
    browser: Browser, session: Session, revision: Revision
) -> None:
    comment = written(session, revision, thesis="ort", text="Ein Satz fehlt.")
    hidden = written(session, revision, REJECTED, thesis="ort", text="Abgelehnt.")
    new = publish_theses(session, 2, {"ort": "Ort, an dem gearbeitet wird"})
    mara = organiser(session, "editor")
    session.add(
        Outcome(
            comment_id=comment.id, outcome=TAKEN_UP, reason="Steht <jetzt> da.", revision=new, by_id=mara.id, at=NOON
        )
    )
    session.add(Outcome(comment_id=hidden.id, outcome=NOTED, reason="Unsichtbar.", by_id=mara.id, at=NOON))
    for address in ("/diskussion", f"/diskussion/{comment.id}", "/diskussion/ergebnisse"):
        page = browser.open(address)
        assert page.texts(".outcome") == ["übernommen"], address
        assert "Steht <jetzt> da." in page.text(".comment__result")
        assert page.attribute(".comment__result a", "href") == "/erklaerung/vergleich?von=1&bis=2#these-ort"
    page = browser.open("/diskussion/ergebnisse")
    assert page.texts(".choices a") == [
        "alle (1)",
        "übernommen (1)",
        "teilweise übernommen (0)",
        "nicht übernommen (0)",
        "zur Kenntnis genommen (0)",
    ]
    assert not browser.open("/diskussion/ergebnisse?ergebnis=noted").has("article")


def test_outcomes_are_paged(browser: Browser, session: Session, revision: Revision) -> None:
    mara = organiser(session, "editor")
    for one in several(session, revision, PAGE + 1):
        session.add(Outcome(comment_id=one.id, outcome=NOTED, reason=f"Grund {one.id}.", by_id=mara.id, at=NOON))
    page = browser.open("/diskussion/ergebnisse")
    assert len(page.tree.css("article")) == PAGE
    rest = browser.open(page.attribute("[rel=next]", "href") or "")
    assert len(rest.tree.css("article")) == 1
    assert browser.open("/diskussion/ergebnisse").texts("article") != rest.texts("article")


def test_a_closed_discussion_says_so_and_takes_no_replies(
    browser: Browser, session: Session, revision: Revision
) -> None:
    mara = organiser(session, "moderator")
    here = written(session, revision, text="Zum Ort.", thesis="ort")
    there = written(session, revision, text="Zur Technik.", thesis="technik")
    moderation.close(session, "ort", by=mara.id, now=NOON)
    page = browser.open("/diskussion?these=ort")
    assert "Zu dieser These nehmen wir keine neuen Kommentare mehr an." in page.text(".notice")
    assert said(page) == ["Zum Ort."]
    assert not page.has("main .button")
    everything = browser.open("/diskussion")
    assert everything.texts(".topics__closed") == ["geschlossen"]
    assert not everything.has(f'a[href="/diskussion/schreiben?antwort={here.id}"]')
    assert everything.has(f'a[href="/diskussion/schreiben?antwort={there.id}"]')
    moderation.close(session, "", by=mara.id, now=NOON)
    assert "Neue Kommentare nehmen wir nicht mehr an." in browser.open("/diskussion").text(".notice")
    assert not browser.open("/diskussion").has('a[href^="/diskussion/schreiben"]')


def test_counts_stand_beside_the_theses(browser: Browser, session: Session, revision: Revision) -> None:
    first = written(session, revision, thesis="ort")
    written(session, revision, parent=first)
    written(session, revision, thesis=None)
    written(session, revision, thesis="technik")
    written(session, revision, WAITING, thesis="zeit")
    page = browser.open("/erklaerung")
    assert [re.findall(r"\d+ Kommentar\w*|Noch kein Kommentar", text)[0] for text in page.texts(".thesis-aside")] == [
        "2 Kommentare",
        "1 Kommentar",
        "Noch kein Kommentar",
    ]
    assert page.attribute('.thesis-aside a[href*="diskussion"]', "href") == "/diskussion?these=ort"
    assert "Diskussion zum Ganzen (1)" in page.text(".revision-line")
    assert "2 Kommentare" in browser.open("/erklaerung/1/these/ort").text(".thesis-aside")
    assert browser.open("/en/declaration").attribute('.thesis-aside a[href*="discussion"]', "href") == (
        "/en/discussion?these=ort"
    )


def test_counters_tell_the_latest_standing_decision_on_each_comment(
    browser: Browser, session: Session, revision: Revision
) -> None:
    mara = organiser(session, "moderator")
    one, two, three, four, five = several(session, revision, 5)
    decided(session, one, "return", mara, NOON + timedelta(hours=1))
    decided(session, one, "approve", mara, NOON + timedelta(hours=2))
    wrong = decided(session, two, "reject", mara, two.requested_at + timedelta(hours=3), reason="insult")
    decided(session, two, "undo", mara, two.requested_at + timedelta(hours=3), undoes_id=wrong.id)
    decided(session, two, "approve", mara, two.requested_at + timedelta(hours=5))
    decided(session, three, "hold", None)
    decided(session, three, "reject", mara, three.requested_at + timedelta(hours=9), reason="off_topic")
    decided(session, four, "hold", mara)
    decided(session, five, "return", mara, five.requested_at + timedelta(hours=30))
    for address in ("/diskussion", "/moderation"):
        page = browser.open(address)
        shown = dict(zip(page.texts(".summary-list dt"), page.texts(".summary-list dd"), strict=True))
        assert shown == {
            "Geprüft": "4",
            "Veröffentlicht": "2",
            "Zur Änderung zurückgegeben": "1",
            "Abgelehnt": "1 Kein Bezug zur Erklärung: 1",
            "Dauer": "Die Hälfte war nach 7 Stunden entschieden.",
        }


def test_counters_outlive_the_comments(browser: Browser, session: Session, published: Write) -> None:
    comment = published()
    comments.delete_comment(session, comment, NOON)
    assert browser.open("/moderation").texts(".summary-list dd")[:2] == ["1", "1"]


def test_an_edit_that_waits_leaves_what_was_approved(browser: Browser, session: Session, revision: Revision) -> None:
    comment = written(session, revision, text="Freigegeben.", thesis=None)
    edited(session, comment, "Noch ungelesen.", at=NOON + timedelta(days=1))
    page = browser.open("/diskussion")
    assert said(page) == ["Freigegeben."]
    assert "geändert" not in page.text(".comment__meta")
    comment.status, comment.waiting_since, comment.published_number = "published", None, 2
    public_changed(session)
    page = browser.open("/diskussion")
    assert said(page) == ["Noch ungelesen."]
    assert "geändert am 23. November 2026" in page.text(".comment__meta")


def test_a_foreign_language_is_marked(browser: Browser, session: Session, revision: Revision) -> None:
    written(session, revision, text="Good morning.", language="en", thesis=None)
    assert browser.open("/diskussion").attribute(".comment__text", "lang") == "en"
    assert not browser.open("/en/discussion").has(".comment__text[lang]")


@pytest.mark.parametrize(
    "address",
    ["/diskussion", "/diskussion/1", "/diskussion/ergebnisse", "/standpunkte", "/moderation", "/en/moderation"],
)
def test_the_pages_are_the_same_for_everyone_and_change_at_once(
    client: Client, session: Session, published: Write, address: str
) -> None:
    published()
    first = client.get(address)
    assert first.headers["Cache-Control"] == "public, no-cache"
    assert "Set-Cookie" not in first.headers
    etag = first.headers["ETag"]
    assert client.get(address, headers={"If-None-Match": etag}).status_code == 304


def test_what_is_approved_appears_at_once(browser: Browser, published: Write) -> None:
    assert not said(browser.open("/diskussion"))
    published("Jetzt da.")
    assert said(browser.open("/diskussion")) == ["Jetzt da."]


def test_the_rules_are_numbered_like_the_reasons(browser: Browser) -> None:
    page = browser.open("/moderation")
    rules = [item.attributes["id"] for item in page.tree.css(".rules > li")]
    assert rules == [f"regel-{code}" for code in REASONS]
    for number, (code, reason) in enumerate(REASONS.items(), 1):
        assert f"Moderationsregel {number}" in str(reason.rule), code
    assert page.has("#kontakt")
    assert page.has("#widersprechen")


def test_the_menu_and_the_sitemap_know_the_discussion(browser: Browser, client: Client, revision: Revision) -> None:
    page = browser.open("/diskussion")
    assert page.texts(".site-nav [aria-current]") == ["Diskussion"]
    assert browser.open("/moderation").texts(".site-footer [aria-current]") == ["Moderation"]
    sitemap = client.get("/sitemap.xml").text
    for path in ("/diskussion", "/en/discussion/outcomes", "/standpunkte", "/moderation"):
        assert f"<loc>http://portal.test{path}</loc>" in sitemap
    assert "Disallow: /diskussion/mein-kommentar/" in client.get("/robots.txt").text
