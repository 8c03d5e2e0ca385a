"""Comments from the old site: what of an export is understood, what is refused, and what becomes of it."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from portal.clock import now
from portal.declaration.models import Revision
from portal.discussion import importing, office_answers, wxr
from portal.discussion.importing import Understood, import_comments, understand
from portal.discussion.models import REJECTED, Comment, CommentText, ModerationDecision
from portal.discussion.wxr import NotReadable, plain, read_export
from portal.organisers.models import AuditEntry
from tests.browser import Browser
from tests.discussion.written import NOON, organiser
from tests.office import Office
from tests.revisions import publish_revision

WORDPRESS = 'xmlns:wp="http://wordpress.org/export/1.2/"'


def comment(number: int, html: str = "Ein Kommentar.", parent: int = 0, **changes: Any) -> str:
    """One comment as WordPress 6 exports it, with everything that we do not read."""
    said = {"author": "Ada Beispiel", "approved": "1", "kind": "comment", "at": "2023-03-01 10:00:00", **changes}
    return f"""<wp:comment>
      <wp:comment_id>{number}</wp:comment_id>
      <wp:comment_author><![CDATA[{said["author"]}]]></wp:comment_author>
      <wp:comment_author_email><![CDATA[ada@example.org]]></wp:comment_author_email>
      <wp:comment_author_url>https://ada.example</wp:comment_author_url>
      <wp:comment_author_IP><![CDATA[192.0.2.7]]></wp:comment_author_IP>
      <wp:comment_date><![CDATA[2023-03-01 11:00:00]]></wp:comment_date>
      <wp:comment_date_gmt><![CDATA[{said["at"]}]]></wp:comment_date_gmt>
      <wp:comment_content><![CDATA[{html}]]></wp:comment_content>
      <wp:comment_approved><![CDATA[{said["approved"]}]]></wp:comment_approved>
      <wp:comment_type><![CDATA[{said["kind"]}]]></wp:comment_type>
      <wp:comment_parent>{parent}</wp:comment_parent>
      <wp:comment_user_id>0</wp:comment_user_id>
      <wp:commentmeta><wp:comment_content>nicht ich</wp:comment_content></wp:commentmeta>
    </wp:comment>"""


def page(number: int, *comments: str, title: str = "Erklärung", status: str = "publish", password: str = "") -> str:
    return f"""<item>
      <title><![CDATA[{title}]]></title>
      <link>https://alt.example/{number}</link>
      <guid isPermaLink="false">https://alt.example/?p={number}</guid>
      <wp:post_id>{number}</wp:post_id>
      <wp:status><![CDATA[{status}]]></wp:status>
      <wp:post_password><![CDATA[{password}]]></wp:post_password>
      {"".join(comments)}
    </item>"""


def export(*pages: str, before: str = "", site: str = "https://alt.example/") -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8" ?>{before}
<rss version="2.0" {WORDPRESS}><channel>
  <title>Alte Seite</title>
  <wp:wxr_version>1.2</wp:wxr_version>
  <wp:base_site_url>{escape(site)}</wp:base_site_url>
  <wp:base_blog_url>{escape(site)}</wp:base_blog_url>
  {"".join(pages)}
</channel></rss>""".encode()


def understood(*pages: str) -> Understood:
    return understand(read_export(export(*pages)), NOON)


@pytest.fixture
def revision(session: Session) -> Revision:
    return publish_revision(session)


def test_names_dates_texts_and_threads_are_understood(session: Session) -> None:
    found = understood(
        page(7, comment(1, "Erster."), comment(2, "Antwort.", 1, author="Bert", at="2023-03-02 09:30:00")),
        page(9, title="Ohne Kommentare"),
    )
    assert found.site == "alt.example"
    assert [(one.number, one.title, one.comments) for one in found.pages] == [(7, "Erklärung", 2)]
    assert [(one.key, one.name, one.text, one.parent) for one in found.candidates] == [
        ("alt.example#comment-1", "Ada Beispiel", "Erster.", None),
        ("alt.example#comment-2", "Bert", "Antwort.", "alt.example#comment-1"),
    ]
    assert found.span == (datetime(2023, 3, 1, 10, tzinfo=UTC), datetime(2023, 3, 2, 9, 30, tzinfo=UTC))
    assert (found.authors, found.threads, found.reattached, found.skipped) == (2, 1, 0, {})


SKIPPED = {
    "spam": page(1, comment(1, approved="spam")),
    "trash": page(1, comment(1, approved="trash")),
    "unapproved": page(1, comment(1, approved="0")),
    "kind": page(1, comment(1, kind="pingback")),
    "page": page(1, comment(1), status="private"),
    "undated": page(1, comment(1, at="0000-00-00 00:00:00")),
    "empty": page(1, comment(1, "<img src=x onerror=alert(1)> ")),
    "long": page(1, comment(1, "x" * 4001)),
    "name": page(1, comment(1, author="R\u0435daktion")),
}


@pytest.mark.parametrize("reason", SKIPPED)
def test_what_was_not_public_or_cannot_be_is_left_out_and_counted(reason: str) -> None:
    found = understood(SKIPPED[reason])
    assert found.candidates == ()
    assert found.skipped == {reason: 1}


def test_every_reason_to_skip_is_tested_and_has_words() -> None:
    twice = understood(page(1, comment(1), comment(1)), page(2, comment(1)))
    assert (len(twice.candidates), twice.skipped) == (1, {"twice": 2})
    protected = understood(page(1, comment(1), password="geheim"))
    assert protected.skipped == {"page": 1}
    future = understood(page(1, comment(1, at="2031-01-01 00:00:00")))
    assert future.skipped == {"undated": 1}
    assert {*SKIPPED, "twice"} == importing.SKIPPED.keys()


def test_what_stands_too_deep_hangs_where_replies_may(session: Session) -> None:
    """WordPress goes ten levels deep; here it is two. What hung under something left out moves up."""
    chain = [comment(n, f"Tiefe {n}.", n - 1) for n in range(1, 6)]
    spam = comment(10, "Kauf!", 1, approved="spam")
    below = comment(11, "Bitte nicht.", 10)
    orphan = comment(12, "Antwort auf etwas, das fehlt.", 999)
    found = understood(page(1, *reversed(chain), spam, below, orphan))
    parents = {one.key.rpartition("-")[2]: (one.parent or "-").rpartition("-")[2] for one in found.candidates}
    assert parents == {"1": "", "2": "1", "3": "2", "4": "2", "5": "2", "11": "1", "12": ""}
    assert [one.key.rpartition("-")[2] for one in found.candidates if one.reattached] == ["12", "11", "4", "5"]


def test_a_circle_of_replies_is_cut_open() -> None:
    found = understood(page(1, comment(1, parent=2), comment(2, parent=1), comment(3, parent=3)))
    assert len(found.candidates) == 3
    assert sum(one.parent is None for one in found.candidates) == 2


def test_a_long_chain_takes_no_long_time() -> None:
    """In proportion to its length: each ancestor is looked at once, not once for each descendant."""
    many = 20_000
    parents = {number: number - 1 for number in range(1, many + 1)}
    above = importing._kept_above(parents, parents)
    assert above[many] == (1, 2)
    none_taken = importing._kept_above(parents, {many})
    assert none_taken[many] == ()


TEXTS = {
    "Zeile<br>Zeile<br />Zeile": "Zeile\nZeile\nZeile",
    "<p>Absatz</p><p>Absatz</p>": "Absatz\n\nAbsatz",
    "Absatz\n\nAbsatz": "Absatz\n\nAbsatz",
    "<strong>fett</strong> und <em>kursiv</em>": "fett und kursiv",
    'Siehe <a href="https://a.example/x">hier</a>.': "Siehe hier (https://a.example/x).",
    '<a href="https://a.example">https://a.example</a>': "https://a.example",
    '<a href="javascript:alert(1)">klick</a>': "klick",
    '<a href=" JaVaScRiPt:alert(1)">klick</a>': "klick",
    "<script>alert(1)</script>Text": "Text",
    "<style>p{}</style>Text<iframe src=//x>": "Text",
    "a &lt; b &amp;&amp; c &gt; d": "a < b && c > d",
    "&lt;script&gt;alert(1)&lt;/script&gt;": "<script>alert(1)</script>",
    "<Name der Einrichtung> fehlt": "<Name der Einrichtung> fehlt",
    "3 < 5": "3 < 5",
    "<ul><li>eins</li><li>zwei</li></ul>": "- eins\n- zwei",
    "<blockquote>Zitat</blockquote>Antwort": "Zitat\n\nAntwort",
    "ge\u00a0trennt": "ge trennt",
    "<img src=x onerror=alert(1)>Bild": "Bild",
    "<!-- wp:paragraph --><p>Block</p><!-- /wp:paragraph -->": "Block",
    "M\u00fcller-\u00d6zdemir, O'Neill": "M\u00fcller-\u00d6zdemir, O'Neill",
}


@pytest.mark.parametrize("html", TEXTS)
def test_html_becomes_text(html: str) -> None:
    assert plain(html) == TEXTS[html]


PIECES = [*"<>/ab p\"'=&;!-[]\n", "script", "<a href=", "]]>", "&#", "<!--", "-->"]


@given(st.lists(st.sampled_from(PIECES), max_size=80).map("".join))
def test_whatever_the_html_there_is_text_and_no_error(html: str) -> None:
    plain(html)


@pytest.mark.parametrize(
    "piece", ["<", "<a", "<a ", "<!", "<!--", "<![CDATA[", "</", "&", "&#", "<a href='", "<script>", "<p", "<x y"]
)
def test_broken_html_takes_no_long_time(piece: str) -> None:
    """A million characters, fifty times what a comment may have: a quadratic parser would never come back."""
    plain(piece * (50 * importing.LONGEST_HTML // len(piece)))


def test_a_text_stays_text(session: Session, revision: Revision) -> None:
    """Issue 3: as text, never as HTML. What reads like a tag is escaped, and nothing of Markdown runs."""
    hostile = "&lt;script&gt;alert(1)&lt;/script&gt; [x](javascript:alert(1)) &lt;img src=x onerror=alert(1)&gt;"
    import_comments(session, understood(page(1, comment(1, hostile))), revision, None, by=None, now=NOON)
    text = session.scalars(select(CommentText)).one()
    assert text.source.startswith("<script>alert(1)</script> [x](javascript:alert(1))")
    assert "<script" not in text.html
    assert "<img" not in text.html
    assert "href" not in text.html


BOMB = (
    '<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(10))
    + "]>"
)
HOSTILE = {
    "a file as entity": export(
        page(1, comment(1).replace("<![CDATA[Ein Kommentar.]]>", "&x;")),
        before='<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    ),
    "an address as entity": export(
        page(1, comment(1).replace("<![CDATA[Ein Kommentar.]]>", "&x;")),
        before='<!DOCTYPE rss [<!ENTITY x SYSTEM "http://127.0.0.1:9/">]>',
    ),
    "a document type elsewhere": export(before='<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/rss.dtd">'),
    "a parameter entity": export(before='<!DOCTYPE rss [<!ENTITY % x SYSTEM "http://127.0.0.1:9/"> %x;]>'),
    "a billion laughs": export(page(1, comment(1).replace("<![CDATA[Ein Kommentar.]]>", "&k;")), before=BOMB),
    "a quadratic blow-up": export(
        page(1, comment(1).replace("<![CDATA[Ein Kommentar.]]>", "&x;" * 1000)),
        before=f'<!DOCTYPE rss [<!ENTITY x "{"x" * 10_000}">]>',
    ),
    "an undeclared entity": export(page(1, comment(1).replace("<![CDATA[Ein Kommentar.]]>", "&x;"))),
    "deep nesting": export("<a>" * 100_000 + "</a>" * 100_000),
    "cut off": export(page(1, comment(1)))[:-40],
    "no XML": b"<!doctype html><p>Nein",
    "nothing": b"",
    "NUL": b"\0" * 100,
    "binary": bytes(range(256)) * 10,
    "an unknown encoding": b'<?xml version="1.0" encoding="klingon"?><rss/>',
    "a strange encoding": b'<?xml version="1.0" encoding="idna"?><rss/>',
    "UTF-8 that is none": export(page(1, comment(1, "X"))).replace(b"X", b"\xff\xfe"),
    "another kind of XML": b'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><entry/></feed>',
    "a zip": b"PK\x03\x04" + b"\0" * 50,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_or_broken_file_is_refused_with_words(name: str) -> None:
    with pytest.raises(NotReadable, match=r"\w+ .*\."):
        read_export(HOSTILE[name])


def test_a_file_that_is_too_large_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wxr, "LARGEST_FILE", 1000)
    with pytest.raises(NotReadable, match="16 MB"):
        read_export(b"x" * 1001)


def test_more_comments_than_can_be_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wxr, "MOST_COMMENTS", 2)
    with pytest.raises(NotReadable, match=r"20\.000"):
        read_export(export(page(1, comment(1), comment(2), comment(3))))


def test_one_huge_value_is_too_long_and_costs_nothing_else() -> None:
    found = understood(page(1, comment(1, "x" * 1_000_000), comment(2)))
    assert (len(found.candidates), found.skipped) == (1, {"long": 1})


@pytest.mark.parametrize("number", ["", "x", "-1", "1e5", "9" * 30, "1; DROP TABLE comments"])
def test_a_comment_without_a_number_is_none(number: str) -> None:
    text = comment(4711).replace("<wp:comment_id>4711<", f"<wp:comment_id>{number}<")
    assert understood(page(1, text)).candidates == ()


def test_imported_comments_are_public_under_their_old_dates(session: Session, revision: Revision) -> None:
    by = organiser(session, "moderator").id
    found = understood(page(1, comment(1), comment(2, parent=1), comment(3, parent=2), comment(4, parent=3)))
    assert import_comments(session, found, revision, "test", by=by, now=NOON) == 4
    rows = session.scalars(select(Comment).order_by(Comment.imported_from)).all()
    assert [(one.depth, one.parent and one.parent.imported_from) for one in rows] == [
        (0, None),
        (1, "alt.example#comment-1"),
        (2, "alt.example#comment-2"),
        (2, "alt.example#comment-2"),
    ]
    for row in rows:
        assert row.status == "published"
        assert (row.revision_id, row.thesis_key, row.name) == (revision.id, "test", "Ada Beispiel")
        assert row.published_at == row.requested_at == datetime(2023, 3, 1, 10, tzinfo=UTC)
        assert (row.email, row.address_key) == (None, None)
    decisions = session.scalars(select(ModerationDecision)).all()
    assert {(one.act, one.by_id, one.automated, one.at) for one in decisions} == {("approve", by, False, NOON)}
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.act, entry.by_id, entry.detail) == ("comments.import", by, {"comments": 4})


def test_no_address_of_mail_or_network_comes_along(app: Flask, session: Session, revision: Revision) -> None:
    import_comments(session, understood(page(1, comment(1))), revision, None, by=None, now=NOON)
    session.commit()
    rows = [[str(value) for value in vars(row).values()] for row in session.scalars(select(Comment))]
    assert "ada@example.org" not in str(rows)
    assert "192.0.2.7" not in str(understood(page(1, comment(1))))
    assert "ada@example" not in str(understood(page(1, comment(1))))
    assert "ada.example" not in str(understood(page(1, comment(1))))


def test_twice_is_once_and_more_comes_later(session: Session, revision: Revision) -> None:
    first = understood(page(1, comment(1), comment(2, parent=1)))
    again = understand(
        read_export(
            export(page(1, comment(1), comment(2, parent=1), comment(3, "Neu.", 1)), site="http://alt.example")
        ),
        NOON,
    )
    assert import_comments(session, first, revision, None, by=None, now=NOON) == 2
    assert import_comments(session, again, revision, None, by=None, now=NOON) == 1, "http or https is the same site"
    assert import_comments(session, again, revision, None, by=None, now=NOON) == 0
    new = session.scalars(select(Comment).where(Comment.imported_from == "alt.example#comment-3")).one()
    assert new.parent is not None
    assert new.parent.imported_from == "alt.example#comment-1"


def test_a_reply_to_what_was_taken_down_stands_alone(session: Session, revision: Revision) -> None:
    import_comments(session, understood(page(1, comment(1))), revision, None, by=None, now=NOON)
    old = session.scalars(select(Comment)).one()
    old.status, old.published_number = REJECTED, None
    import_comments(session, understood(page(1, comment(1), comment(2, parent=1))), revision, None, by=None, now=NOON)
    new = session.scalars(select(Comment).where(Comment.id != old.id)).one()
    assert (new.parent_id, new.depth) == (None, 0)
    assert old.status == REJECTED, "and does not come back"


def test_what_was_understood_survives_being_written_down() -> None:
    found = understood(page(1, comment(1), comment(2, parent=1), comment(3, approved="spam")), page(2, comment(4)))
    assert Understood.from_json(found.as_json()) == found
    assert [one.key for one in found.only([2]).candidates] == ["alt.example#comment-4"]


@pytest.fixture
def flask(app: Flask) -> Callable[..., Any]:
    """Runs a command."""
    return lambda *args, **options: app.test_cli_runner().invoke(args=["comments", "import", *args], **options)


def test_the_command_shows_first_and_then_writes(
    session: Session, revision: Revision, flask: Callable[..., Any], tmp_path: Path
) -> None:
    assert revision.number == 1
    session.commit()
    file = tmp_path / "export.xml"
    file.write_bytes(export(page(7, comment(1), comment(2, approved="spam")), page(8, comment(3), title="Anderes")))
    refused = flask(str(file), input="n\n")
    assert "Seite 7:            1 Kommentare, Erklärung" in refused.output
    assert "1 × Er war als Spam gekennzeichnet." in refused.output
    assert "01.03.2023 bis 01.03.2023" in refused.output
    assert "Nichts übernommen." in refused.output
    assert session.scalars(select(Comment)).all() == []
    session.commit()
    done = flask(str(file), "--thesis", "test", "--page", "7", "--yes")
    assert done.exit_code == 0
    assert "1 Kommentare übernommen." in done.output
    assert session.scalars(select(Comment.thesis_key)).all() == ["test"]
    session.commit()
    assert "Es gibt nichts zu übernehmen." in flask(str(file), "--page", "7").output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--revision", "9"], "Eine Fassung 9 ist nicht veröffentlicht."),
        (["--thesis", "keine"], "hat keine These keine. Es gibt: test"),
        ([], "kein vollständiges XML"),
    ],
)
def test_the_command_says_what_is_wrong(
    session: Session, revision: Revision, flask: Callable[..., Any], tmp_path: Path, options: list[str], words: str
) -> None:
    assert revision.number == 1
    session.commit()
    file = tmp_path / "export.xml"
    file.write_bytes(b"<rss>")
    result = flask(str(file), *options)
    assert result.exit_code == 1
    assert words in result.output


def upload(browser: Browser, content: bytes) -> Any:
    """Sends a file with the form that is open."""
    fields = {**browser.page.fields(), "file": FileStorage(io.BytesIO(content), "export.xml")}
    boundary, body = encode_multipart(fields)
    kind = f"multipart/form-data; boundary={boundary}"
    return browser._see(browser.client.post("/redaktion/kommentare/import", data=body, content_type=kind))


def test_a_moderator_takes_over_in_the_office(session: Session, revision: Revision, office: Office) -> None:
    assert revision.number == 1
    moderator = office("moderator")
    moderator.open("/redaktion/kommentare/import")
    shown = upload(moderator, export(page(7, comment(1, "<b>Alt</b>"), comment(2, parent=1)), page(8, comment(3))))
    assert shown.status == 200
    assert "3 neue Kommentare" in shown.text()
    assert "Alt" in shown.texts(".synopsis__typed")
    assert session.scalars(select(Comment)).all() == []
    done = moderator.submit(pages=["7"], thesis="test")
    assert done.path == "/redaktion/synopse"
    assert "2 Kommentare sind übernommen" in done.text("[role=status]")
    session.commit()
    assert {one.thesis_key for one in session.scalars(select(Comment))} == {"test"}
    by = session.scalars(select(ModerationDecision.by_id)).first()
    assert by is not None
    moderator.open("/redaktion/kommentare/import")
    again = upload(moderator, export(page(7, comment(1), comment(2, parent=1))))
    assert "0 neue Kommentare" in again.text()
    assert not again.has("form [name=understood]")


def test_an_export_may_be_larger_than_other_forms(session: Session, revision: Revision, office: Office) -> None:
    assert revision.number == 1
    moderator = office("moderator")
    moderator.open("/redaktion/kommentare/import")
    many = [comment(number, f"Nummer {number}. " + "x" * 1000) for number in range(1, 401)]
    shown = upload(moderator, export(page(7, *many)))
    assert shown.status == 200
    done = moderator.submit()
    assert "400 Kommentare sind übernommen" in done.text("[role=status]")


def test_a_forged_list_of_comments_is_not_taken(session: Session, revision: Revision, office: Office) -> None:
    assert revision.number == 1
    moderator = office("moderator")
    moderator.open("/redaktion/kommentare/import")
    upload(moderator, export(page(7, comment(1))))
    fields = moderator.page.fields()
    forged = {**fields, "understood": str(fields["understood"])[:-3] + "xyz", "step": "write"}
    response = moderator.client.post("/redaktion/kommentare/import", data=forged)
    assert response.status_code == 422
    assert "Bitte wählen Sie die Datei noch einmal aus." in response.text
    assert session.scalars(select(Comment)).all() == []


def test_a_preview_is_good_for_an_hour(
    session: Session, revision: Revision, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert revision.number == 1
    moderator = office("moderator")
    moderator.open("/redaktion/kommentare/import")
    upload(moderator, export(page(7, comment(1))))
    shown_at = now()
    monkeypatch.setattr(office_answers, "now", lambda: shown_at + timedelta(minutes=61))
    late = moderator.submit()
    assert late.status == 422
    assert "länger als eine Stunde offen" in late.text(".error-summary")
    assert session.scalars(select(Comment)).all() == []
    session.commit()
    upload(moderator, export(page(7, comment(1))))
    assert moderator.submit().path == "/redaktion/synopse"


def test_the_preview_shows_the_first_and_takes_over_all(
    session: Session, revision: Revision, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In parts, each committed before the next is rendered; replies find their comments in earlier parts."""
    assert revision.number == 1
    monkeypatch.setattr(importing, "AT_ONCE", 20)
    moderator = office("moderator")
    moderator.open("/redaktion/kommentare/import")
    many = [comment(number, f"Nummer {number}.", parent=max(0, number - 55)) for number in range(1, 61)]
    shown = upload(moderator, export(page(7, *many)))
    assert len(shown.texts(".synopsis__typed")) == 50
    assert "Das sind die ersten 50." in shown.text("main")
    assert "60 Kommentare sind übernommen" in moderator.submit().text("[role=status]")
    session.commit()
    assert (
        session.scalars(select(AuditEntry.detail).where(AuditEntry.act == "comments.import")).all()
        == [{"comments": 20}] * 3
    )
    replies = session.scalars(select(Comment).where(Comment.depth > 0)).all()
    assert {one.parent and one.parent.imported_from for one in replies} == {
        f"alt.example#comment-{number}" for number in range(1, 6)
    }
    moderator.open("/redaktion/kommentare/import")
    few = upload(moderator, export(page(7, *many[:50])))
    assert "Das sind die ersten" not in few.text()


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"pages": False}, "Bitte wählen Sie mindestens eine Seite aus."),
        ({"thesis": "keine"}, "Diese These gibt es in dieser Fassung nicht."),
        ({"revision": "99"}, "Diese These gibt es in dieser Fassung nicht."),
        ({"revision": "x"}, "Diese These gibt es in dieser Fassung nicht."),
        ({"csrf_token": "x"}, "Das Formular war zu lange offen"),
    ],
)
def test_a_wrong_choice_keeps_what_was_understood(
    session: Session, revision: Revision, office: Office, choice: dict[str, Any], words: str
) -> None:
    assert revision.number == 1
    moderator = office("moderator")
    moderator.open("/redaktion/kommentare/import")
    upload(moderator, export(page(7, comment(1))))
    shown = moderator.submit(**choice)
    assert shown.status == 422
    assert words in shown.text(".error-summary")
    assert session.scalars(select(Comment)).all() == []
    assert moderator.submit(pages=True, thesis="", revision="1").path == "/redaktion/synopse"


@pytest.mark.parametrize("content", [b"", b"<rss>", HOSTILE["a billion laughs"]])
def test_an_unreadable_file_is_a_field_error(
    session: Session, revision: Revision, office: Office, content: bytes
) -> None:
    assert revision.number == 1
    moderator = office("moderator")
    moderator.open("/redaktion/kommentare/import")
    shown = upload(moderator, content)
    assert shown.status == 422
    assert shown.has(".error-summary a[href='#file']")


def test_a_file_without_a_token_is_not_read(session: Session, revision: Revision, office: Office) -> None:
    assert revision.number == 1
    moderator = office("moderator")
    moderator.open("/redaktion/kommentare/import")
    fields = {"file": FileStorage(io.BytesIO(export(page(7, comment(1)))), "export.xml")}
    boundary, body = encode_multipart(fields)
    kind = f"multipart/form-data; boundary={boundary}"
    response = moderator.client.post("/redaktion/kommentare/import", data=body, content_type=kind)
    assert response.status_code == 422
    assert "zu lange offen" in response.text
    assert "understood" not in response.text


def test_a_text_in_the_place_of_the_file_is_a_field_error(session: Session, revision: Revision, office: Office) -> None:
    assert revision.number == 1
    moderator = office("moderator")
    moderator.open("/redaktion/kommentare/import")
    assert moderator.submit(file="<rss>").status == 422
    assert moderator.submit().status == 422


@pytest.mark.parametrize("role", ["editor", "auditor"])
def test_others_take_nothing_over(session: Session, revision: Revision, office: Office, role: str) -> None:
    assert revision.number == 1
    other = office(role)
    response = other.client.post("/redaktion/kommentare/import", data={"step": "write"})
    assert response.status_code == 403
