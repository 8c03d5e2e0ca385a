"""Edge case 21: what is not published stays with its author and the office, whichever way one looks."""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urldefrag, urlsplit

import pytest
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy.orm import Session

from portal.declaration.models import Revision
from portal.discussion.models import (
    DELETED,
    HELD,
    NOTED,
    PUBLISHED,
    REJECTED,
    RETURNED,
    UNCONFIRMED,
    WAITING,
    Appeal,
    BlockedAddress,
    Comment,
    CommentText,
    Outcome,
    Report,
)
from portal.web.caching import public_changed
from tests.browser import Client
from tests.discussion.conftest import publish_theses
from tests.discussion.written import NOON, decided, edited, organiser, written
from tests.office import Office

MARK = "Geheimnis"
HIDDEN = (UNCONFIRMED, WAITING, HELD, RETURNED, REJECTED)
ENTRANCES = ("/", "/en/", "/sitemap.xml", "/robots.txt", "/feed/diskussion.atom", "/feed/diskussion.atom?sprache=en")
MOST = 600
"""Pages that a crawl never comes to; it ends long before."""


def addresses_on(body: str) -> Iterator[str]:
    """The addresses of this site that a page leads to."""
    for element in LexborHTMLParser(body).css("[href], loc"):
        address = urldefrag(element.attributes.get("href") or element.text(strip=True)).url
        if address.startswith(("/", "http://portal.test/")) and "/static/" not in address:
            parts = urlsplit(address)
            yield f"{parts.path}?{parts.query}" if parts.query else parts.path


def crawl(client: Client) -> dict[str, str]:
    """Every page that one comes to by following links: address → body."""
    seen: dict[str, str] = {}
    ahead = list(ENTRANCES)
    while ahead:
        address = ahead.pop()
        if address in seen:
            continue
        answer = client.get(address)
        public = "public" in answer.headers.get("Cache-Control", "")
        said = answer.data.decode(errors="replace")  # there are pictures and PDFs too
        # A form's token is another one each time: of such a page only what leads on is looked at.
        seen[address] = said if public else ""
        assert MARK not in said, address
        assert all(MARK not in value for _name, value in answer.headers), address
        if answer.mimetype in {"text/html", "application/xml", "application/atom+xml"}:
            ahead += [one for one in addresses_on(said) if one not in seen]
        assert len(seen) < MOST
    return seen


@pytest.fixture
def public(session: Session) -> list[Comment]:
    """A discussion over two revisions, in which everything is published."""
    first = publish_theses(session)
    comments = [written(session, first, text="Alt.", thesis="ort"), written(session, first, text="Ganz.", thesis=None)]
    second = publish_theses(session, 2, {"ort": "Ort, an dem gearbeitet wird", "technik": "Technik am Arbeitsplatz"})
    comments.append(written(session, second, text="Neu.", parent=comments[0], at=NOON + timedelta(hours=1)))
    comments.append(written(session, second, text="Technik.", thesis="technik", at=NOON + timedelta(hours=2)))
    mara = organiser(session, "moderator")
    for comment in comments:
        decided(session, comment, "approve", mara)
    session.add(Outcome(comment_id=comments[1].id, outcome=NOTED, reason="Gelesen.", by_id=mara.id, at=NOON))
    session.commit()
    return comments


def hide(session: Session, public: list[Comment]) -> list[Comment]:
    """Add something in each state that is nobody's business, with a word in it that must not be seen."""
    revision, parent = public[3].revision, public[0]
    mara = organiser(session, "moderator", name="Zweite Person")
    hidden = [
        written(
            session,
            revision,
            status,
            text=f"{MARK} {status}.",
            name=f"{MARK} {status}",
            email=f"{MARK.lower()}.{status}.{below}@example.org",
            capacity="practice",
            at=NOON + timedelta(hours=5),
            **({"parent": parent} if below else {"thesis": "technik"}),
        )
        for status in HIDDEN
        for below in (False, True)
    ]
    alone = written(session, revision, DELETED, thesis="technik")
    hidden.append(alone)
    hidden.append(written(session, revision, WAITING, text=f"{MARK}.", name=MARK, parent=alone))
    edited(session, public[3], f"{MARK} in der Änderung.", at=NOON + timedelta(hours=6))
    rejected = next(one for one in hidden if one.status == REJECTED)
    session.add(Outcome(comment_id=rejected.id, outcome=NOTED, reason=f"{MARK} als Grund.", by_id=mara.id, at=NOON))
    session.add(
        Report(
            comment_id=parent.id,
            text_number=1,
            reason="insult",
            explanation=f"{MARK} in der Meldung.",
            name=MARK,
            email=None,
            language="de",
            reported_at=NOON,
            status="open",
        )
    )
    decision = decided(session, parent, "hold", mara, statement=f"{MARK} in der Begründung.")
    session.add(
        Appeal(
            comment_id=parent.id,
            decision_id=decision.id,
            first_by_id=mara.id,
            text=f"{MARK} im Widerspruch.",
            filed_at=NOON,
            status="open",
        )
    )
    session.add(
        BlockedAddress(address_key="key of nobody", reason=f"{MARK} als Grund der Sperre.", by_id=mara.id, at=NOON)
    )
    public_changed(session)
    session.commit()
    return hidden


def test_no_page_shows_or_counts_what_is_not_published(client: Client, session: Session, public: list[Comment]) -> None:
    """Threads, permalinks, feeds, counts, outcomes, theses: all are the same, to the letter, with it and without."""
    without = crawl(client)
    for part in (
        "/diskussion?these=technik",
        "/diskussion/ergebnisse",
        "/feed/these-ort.atom",
        "/erklaerung",
        "/moderation",
    ):
        assert without[part], f"{part} was not looked at"
    assert f"/diskussion/{public[0].id}" in without
    hide(session, public)
    assert crawl(client) == without


def test_nobody_reads_it_by_guessing_its_address(client: Client, session: Session, public: list[Comment]) -> None:
    answers = set()
    for number in [*(comment.id for comment in hide(session, public)), 99_999]:
        for address in (
            f"/diskussion/{number}",
            f"/en/discussion/{number}",
            f"/diskussion/{number}/melden",
            f"/diskussion/schreiben?antwort={number}",
        ):
            answer = client.get(address)
            assert answer.status_code == 404, address
            answers.add(re.sub(r"[0-9]+", "n", answer.text))
    assert len(answers) == 4, "what is hidden looks like what does not exist"


def test_the_preview_card_of_a_page_says_nothing_of_it(client: Client, session: Session, public: list[Comment]) -> None:
    hide(session, public)
    for comment in public:
        page = LexborHTMLParser(client.get(f"/diskussion/{comment.id}").text)
        for meta in page.css("meta[content]"):
            assert MARK not in (meta.attributes["content"] or "")


def test_the_synopsis_for_editors_holds_only_what_is_published(
    session: Session, office: Office, public: list[Comment]
) -> None:
    """The office's own lists show more; this one becomes a document that is handed on."""
    hide(session, public)
    editor = office("editor")
    page = editor.open("/redaktion/synopse")
    assert page.status == 200
    assert "Technik." in page.text()
    assert MARK not in page.response.text
    for name in ("synopse.csv", "synopse.docx"):
        answer = editor.client.post(f"/redaktion/{name}", data=page.fields(f'form[action*="{name}"]'))
        assert answer.status_code == 200, name
        content = answer.data
        if name.endswith(".docx"):
            with zipfile.ZipFile(io.BytesIO(content)) as document:
                content = b"".join(document.read(part) for part in document.namelist())
        assert b"Technik." in content, name
        assert MARK.encode() not in content, name


def test_a_removed_text_is_nowhere_any_more(client: Client, session: Session, public: list[Comment]) -> None:
    """Edge cases 20 and 21: taken down, a text leaves the kept pages at once."""
    before = client.get("/diskussion").text
    assert "Technik." in before
    public[3].status, public[3].published_number = REJECTED, None
    public_changed(session)
    for address, body in crawl(client).items():
        assert "<p>Technik.</p>" not in body, address
        assert "Technik.&lt;" not in body, address


def test_texts_are_read_by_their_number(session: Session, client: Client, revision: Revision) -> None:
    """Of three texts the one in the middle is public."""
    comment = written(session, revision, PUBLISHED, text=f"{MARK} eins", thesis=None)
    edited(session, comment, "Zwei.")
    edited(session, comment, f"{MARK} drei")
    comment.published_number = 2
    session.commit()
    assert len(session.query(CommentText).all()) == 3
    body = client.get("/diskussion").text
    assert "Zwei." in body
    assert MARK not in body
