"""The feeds, as a feed reader takes them."""

from datetime import datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy.orm import Session

from portal.declaration.models import Revision
from portal.discussion.models import WAITING
from portal.discussion.reading import FEED
from portal.web.caching import public_changed
from tests.browser import Client
from tests.discussion.conftest import publish_theses
from tests.discussion.written import NOON, edited, written

A = "{http://www.w3.org/2005/Atom}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def feed(client: Client, address: str = "/feed/diskussion.atom") -> ET.Element:
    """The feed at this address, after a look at what RFC 4287 asks of every feed."""
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, no-cache"
    assert "Set-Cookie" not in answer.headers
    root = ET.fromstring(answer.data)  # noqa: S314 - our own document
    assert root.tag == f"{A}feed"
    for element in (root, *root.findall(f"{A}entry")):
        for name in ("id", "title", "updated"):
            [one] = element.findall(f"{A}{name}")
            assert one.text
        moment = datetime.fromisoformat(text(element, "updated"))
        assert moment.tzinfo is not None
        assert element.find(f"{A}author/{A}name") is not None
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{A}link")}
    assert links["self"] == "http://portal.test" + address
    ids = [text(entry, "id") for entry in root.findall(f"{A}entry")]
    assert len(ids) == len(set(ids))
    return root


def text(element: ET.Element, name: str) -> str:
    return element.findtext(f"{A}{name}") or ""


def contents(root: ET.Element) -> list[str]:
    return [text(entry, "content") for entry in root.findall(f"{A}entry")]


def test_before_there_is_a_declaration_there_is_no_feed(client: Client) -> None:
    assert client.get("/feed/diskussion.atom").status_code == 404


def test_an_empty_feed_is_valid_and_stays_the_same(client: Client, revision: Revision) -> None:
    root = feed(client)
    assert contents(root) == []
    assert text(root, "updated") == "2026-01-03T12:00:00Z"


def test_an_entry_holds_one_comment(client: Client, session: Session, revision: Revision) -> None:
    comment = written(session, revision, name="Jörg & <Co>", text="Ein <b>Satz</b>.", thesis="ort")
    session.commit()
    [entry] = feed(client).findall(f"{A}entry")
    assert text(entry, "title") == "Jörg & <Co> zu These 1"
    assert entry.findtext(f"{A}author/{A}name") == "Jörg & <Co>"
    assert text(entry, "id") == f"http://portal.test/diskussion/{comment.id}"
    link = entry.find(f"{A}link")
    assert link is not None
    assert link.get("href") == f"http://portal.test/diskussion/{comment.id}"
    content = entry.find(f"{A}content")
    assert content is not None
    assert (content.get("type"), content.get(LANG)) == ("html", "de")
    assert content.text == "<p>Ein &lt;b&gt;Satz&lt;/b&gt;.</p>"
    assert text(entry, "published") == text(entry, "updated") == "2026-11-22T12:00:00Z"


def test_the_english_feed_is_english_and_its_entries_are_the_same(
    client: Client, session: Session, revision: Revision
) -> None:
    comment = written(session, revision, thesis=None)
    session.commit()
    root = feed(client, "/feed/diskussion.atom?sprache=en")
    assert root.get(LANG) == "en"
    [entry] = root.findall(f"{A}entry")
    link = entry.find(f"{A}link")
    assert link is not None
    assert link.get("href") == f"http://portal.test/en/discussion/{comment.id}"
    assert text(entry, "id") == f"http://portal.test/diskussion/{comment.id}"
    assert feed(client, "/feed/these-ort.atom?sprache=en").get(LANG) == "en"
    assert client.get("/feed/diskussion.atom?sprache=xx").text == client.get("/feed/diskussion.atom").text.replace(
        "diskussion.atom?sprache=xx", "diskussion.atom"
    )


def test_a_feed_of_one_thesis_holds_only_its_comments(client: Client, session: Session, revision: Revision) -> None:
    first = written(session, revision, text="Ort.", thesis="ort")
    written(session, revision, text="Antwort.", parent=first, at=NOON + timedelta(hours=1))
    written(session, revision, text="Technik.", thesis="technik")
    written(session, revision, text="Zeit.", thesis="zeit")
    publish_theses(session, 2, {"ort": "Ort der Arbeit"})
    assert contents(feed(client, "/feed/these-ort.atom")) == ["<p>Antwort.</p>", "<p>Ort.</p>"]
    assert contents(feed(client, "/feed/these-zeit.atom")) == ["<p>Zeit.</p>"], "the thesis is gone, its feed is not"
    assert client.get("/feed/these-.atom").status_code == 404


def test_what_was_published_last_comes_first_however_long_it_waited(
    client: Client, session: Session, revision: Revision
) -> None:
    late = written(session, revision, text="Hat gewartet.", thesis=None)
    for number in range(FEED):
        written(session, revision, text=f"{number}.", thesis=None, at=NOON + timedelta(hours=number))
    late.published_at = NOON + timedelta(days=9)
    session.commit()
    found = contents(feed(client))
    assert len(found) == FEED
    assert found[0] == "<p>Hat gewartet.</p>"
    assert "<p>0.</p>" not in found


def test_an_approved_edit_is_an_update_of_the_same_entry(client: Client, session: Session, revision: Revision) -> None:
    comment = written(session, revision, text="Erst so.", thesis=None)
    edited(session, comment, "Dann so.", at=NOON + timedelta(days=1))
    session.commit()
    [before] = feed(client).findall(f"{A}entry")
    assert text(before, "content") == "<p>Erst so.</p>"
    comment.status, comment.waiting_since, comment.published_number = "published", None, 2
    public_changed(session)
    session.commit()
    [after] = feed(client).findall(f"{A}entry")
    assert text(after, "content") == "<p>Dann so.</p>"
    assert text(after, "id") == text(before, "id")
    assert text(after, "updated") == "2026-11-23T12:00:00Z"
    assert text(after, "published") == text(before, "published")


def test_what_no_xml_may_hold_is_left_out(client: Client, session: Session, revision: Revision) -> None:
    written(session, revision, name="Ada\ufffe\uffff", text="Ein\ufffe Satz.", thesis=None)
    session.commit()
    assert contents(feed(client)) == ["<p>Ein Satz.</p>"]


@pytest.mark.parametrize("number", [1, 3])
def test_only_what_is_published_is_in_it(client: Client, session: Session, revision: Revision, number: int) -> None:
    for _ in range(number):
        written(session, revision, WAITING, thesis=None)
    assert contents(feed(client)) == []
