"""Search finds what is public, in every form of its words, on both databases; and nothing else, ever."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask_babel import lazy_gettext
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from portal.clock import now
from portal.discussion import answers
from portal.discussion.answers import Seen
from portal.discussion.models import DELETED, HELD, REJECTED, RETURNED, UNCONFIRMED, WAITING, Comment
from portal.news import operations as news
from portal.search import operations, reading
from portal.search.models import SearchEntry
from portal.search.reading import Found
from portal.search.sources import Entry, Source
from tests.browser import Browser
from tests.conftest import MakeApp
from tests.discussion.written import organiser, written
from tests.news.test_news import published
from tests.news.test_news import written as drafted
from tests.revisions import publish_revision

FORMS = ("Jugendamt", "jugendämter", "JUGENDAMT", "Jugendämtern", "Jugendaemter", "Jugend")


@pytest.fixture
def refreshed(app: Flask, session: Session) -> Callable[[], None]:
    """Does what the worker does."""

    def refresh() -> None:
        session.flush()
        with app.app_context():
            assert operations.refresh(session, app.extensions["search_sources"], now(), operations.STEP)

    return refresh


@pytest.fixture
def find(app: Flask, session: Session) -> Callable[..., Found]:
    """Finds, in German unless told otherwise."""

    def find(question: str, language: str = "de", **options: Any) -> Found:
        with app.app_context():
            return reading.find(session, question, language, app.extensions["search_sources"], now(), **options)

    return find


def keys(session: Session, kind: str) -> set[str]:
    return set(session.scalars(select(SearchEntry.key).where(SearchEntry.kind == kind)))


@pytest.mark.parametrize("question", FORMS)
def test_stems_and_umlauts_find_each_other(
    session: Session, refreshed: Callable[[], None], find: Callable[..., Found], question: str
) -> None:
    revision = publish_revision(session)
    written(session, revision, text="In den Jugendämtern fehlt Personal.")
    written(session, revision, text="Ein Jugendamt braucht Räume.")
    written(session, revision, text="Schulen haben andere Sorgen.")
    refreshed()
    found = find(question, kind="comment")
    assert found.total == 2
    assert {"".join(part for part, wanted in hit.snippet if wanted) for hit in found.hits} == {
        "Jugendämtern", "Jugendamt",
    }  # fmt: skip


@pytest.mark.parametrize(("question", "total"), [("Jug", 0), ("Juge", 1), ("amt", 0)])
def test_a_short_word_finds_only_itself(
    session: Session, refreshed: Callable[[], None], find: Callable[..., Found], question: str, total: int
) -> None:
    written(session, publish_revision(session), text="Ein Jugendamt braucht Räume.")
    refreshed()
    assert find(question, kind="comment").total == total


def test_all_words_count_and_headings_count_most(
    session: Session, refreshed: Callable[[], None], find: Callable[..., Found]
) -> None:
    published(session, {"de": ("Nebensache", "Hier geht es um die Inklusion und sonst um vieles andere.")})
    published(session, {"de": ("Inklusion", "Hier geht es um vieles.")})
    refreshed()
    assert [hit.title for hit in find("Inklusion").hits] == [[("Inklusion", True)], [("Nebensache", False)]]
    assert find("Inklusion Nebensache").total == 1
    assert find("Inklusion Hauptsache").total == 0
    assert find("die Inklusion und der").total == 2, "words that are everywhere are not looked for"


def test_what_there_is_in_both_languages_comes_once_in_the_readers(
    session: Session, refreshed: Callable[[], None], find: Callable[..., Found]
) -> None:
    published(session, {"de": ("Zweisprachig: Kongress", "Text."), "en": ("Bilingual: Kongress", "Text.")})
    published(session, {"de": ("Einsprachig: Kongress", "Text.")})
    refreshed()
    for language, expected in (("de", {"Zweisprachig", "Einsprachig"}), ("en", {"Bilingual", "Einsprachig"})):
        hits = find("Kongress", language).hits
        assert {hit.title[0][0].partition(":")[0] for hit in hits} == expected
    assert [hit.language for hit in find("Kongress", "en").hits] == ["en", "de"], "the reader's language first"


def test_what_is_not_public_is_not_found(
    session: Session, refreshed: Callable[[], None], find: Callable[..., Found]
) -> None:
    """Edge case 21, and issue 5, “Done when” 5."""
    revision = publish_revision(session)
    for status in (UNCONFIRMED, WAITING, HELD, RETURNED, REJECTED, DELETED):
        written(session, revision, status, text=f"Geheimnis {status}")
    drafted(session, {"de": ("Geheimnis im Entwurf", "Text")})
    published(session, {"de": ("Geheimnis von morgen", "Text")}, -timedelta(days=1))
    gone = published(session, {"de": ("Geheimnis von gestern", "Text")})
    news.withdraw(session, gone.id, gone.version, gone.changed_by_id, now())
    refreshed()
    assert find("Geheimnis").total == 0
    assert session.scalars(select(SearchEntry).where(SearchEntry.text.contains("Geheimnis"))).all() == []


def test_names_are_not_found(session: Session, refreshed: Callable[[], None], find: Callable[..., Found]) -> None:
    written(session, publish_revision(session), name="Waltraud Unverwechselbar")
    refreshed()
    assert find("Unverwechselbar").total == 0


def test_what_was_taken_back_leaves_the_index_in_the_same_transaction(
    session: Session, refreshed: Callable[[], None], find: Callable[..., Found]
) -> None:
    """Edge case 10. No refresh comes between."""
    revision = publish_revision(session)
    hidden, erased, kept = (written(session, revision, text=f"Widerruf {number}") for number in range(3))
    entry = published(session, {"de": ("Widerruf", "Text")})
    refreshed()
    assert find("Widerruf").total == 4
    hidden.status, hidden.published_number = REJECTED, None
    session.flush()
    session.delete(erased)
    news.withdraw(session, entry.id, entry.version, entry.changed_by_id, now())
    assert keys(session, "comment") == {str(kept.id)}
    assert keys(session, "news") == set()
    assert session.scalar(text("SELECT count(*) FROM search_words")) == len(session.scalars(select(SearchEntry)).all())
    assert find("Widerruf").total == 1


def test_an_edited_text_is_not_found_by_its_old_words(
    session: Session, refreshed: Callable[[], None], find: Callable[..., Found]
) -> None:
    entry = published(session, {"de": ("Titel", "Altes Geheimnis")})
    refreshed()
    news.save(session, entry.id, entry.version, {"de": ("Titel", "Neues Wort")}, entry.changed_by_id, now())
    assert find("Geheimnis").total == 0
    refreshed()
    assert find("Geheimnis").total == 0
    assert find("Wort", kind="news").total == 1


def test_what_organisers_say_to_a_comment_is_found_with_it_until_they_take_it_back(
    session: Session, refreshed: Callable[[], None], find: Callable[..., Found]
) -> None:
    comment = written(session, publish_revision(session), text="Was wird daraus?")
    by, moment = organiser(session, "editor").id, now()
    answers.answer(session, comment.id, Seen(1, None), "Wir **erheben** das.", by=by, now=moment)
    answers.settle(session, comment.id, Seen(1, None), "noted", "Später entschieden.", None, by=by, now=moment)
    refreshed()
    assert [hit.values["number"] for hit in find("erheben entschieden").hits] == [comment.id]
    answers.withdraw_answer(session, comment.id, Seen(1, moment), by=by, now=moment)
    assert keys(session, "comment") == set()
    refreshed()
    assert (find("erheben").total, find("entschieden").total) == (0, 1)
    answers.settle(session, comment.id, Seen(1, moment), "noted", "Verworfen.", None, by=by, now=moment)
    assert keys(session, "comment") == set()


def test_a_stale_index_shows_nothing_that_is_not_public(
    session: Session, refreshed: Callable[[], None], find: Callable[..., Found]
) -> None:
    comment = written(session, publish_revision(session), text="Inzwischen verborgen")
    entry = published(session, {"de": ("Inzwischen zurückgezogen", "Text")})
    refreshed()
    rows = session.execute(select(SearchEntry.__table__).where(SearchEntry.kind.in_(["comment", "news"]))).all()
    words = _words(session)
    session.execute(update(Comment).where(Comment.id == comment.id).values(status=REJECTED, published_number=None))
    news.withdraw(session, entry.id, entry.version, entry.changed_by_id, now())
    _put_back(session, rows, words)
    assert keys(session, "comment") == {str(comment.id)}, "the index is wrong on purpose"
    found = find("Inzwischen")
    assert (found.total, found.hits, found.kinds) == (0, [], {})


def _words(session: Session) -> list[Any]:
    sqlite = session.get_bind().dialect.name == "sqlite"
    columns = "rowid, title, text" if sqlite else "entry_id, CAST(words AS text)"
    return list(session.execute(text(f"SELECT {columns} FROM search_words")))


def _put_back(session: Session, rows: Any, words: list[Any]) -> None:
    session.execute(SearchEntry.__table__.insert(), [dict(row._mapping) for row in rows])  # type: ignore[attr-defined] # a table
    for row in words:
        if row[0] in {one.id for one in rows}:
            if len(row) == 3:
                session.execute(
                    text("INSERT INTO search_words (rowid, title, text) VALUES (:a, :b, :c)"),
                    dict(zip("abc", row, strict=True)),
                )
            else:
                session.execute(
                    text("INSERT INTO search_words VALUES (:a, CAST(:b AS tsvector))"),
                    dict(zip("ab", row, strict=True)),
                )


def test_only_the_current_revision_is_found(
    session: Session, refreshed: Callable[[], None], find: Callable[..., Found]
) -> None:
    publish_revision(session)
    refreshed()
    assert keys(session, "declaration") == {"1", "1.1"}
    assert find("Testfassung", kind="declaration").total == 2
    publish_revision(session, 2)
    assert find("Testfassung", kind="declaration").total == 0, (
        "the old wording is no longer shown, even before the refresh"
    )
    refreshed()
    assert keys(session, "declaration") == {"2", "2.1"}


def test_time_alone_makes_news_public(app: Flask, session: Session) -> None:
    published(session, {"de": ("Von morgen", "Text")}, -timedelta(days=1))
    sources = app.extensions["search_sources"]
    keeper = operations.Keeper(sources)
    moment = now()
    with app.app_context():
        keeper(session, moment)
        assert keys(session, "news") == set()
        keeper(session, moment + timedelta(days=2))
        assert len(keys(session, "news")) == 1


def test_the_keeper_works_only_when_something_public_has_changed(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: list[int] = []

    def refresh(*_: object) -> bool:
        times.append(1)
        return len(times) != 2

    monkeypatch.setattr(operations, "refresh", refresh)
    keeper, moment = operations.Keeper(()), now()
    keeper(session, moment)
    keeper(session, moment + timedelta(seconds=30))
    assert len(times) == 1
    publish_revision(session)
    keeper(session, moment + timedelta(seconds=60))
    assert len(times) == 2
    keeper(session, moment + timedelta(seconds=61))
    keeper(session, moment + timedelta(seconds=62))
    assert len(times) == 3, "what is not complete is gone on with"


def test_the_keeper_rests_longer_than_it_works(app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """With thousands of things, comparing takes seconds, in which nobody can sign on SQLite."""
    times: list[int] = []
    clock = iter([0.0, 3.0, 100.0, 100.0])

    def refresh(*_: object) -> bool:
        times.append(1)
        return True

    monkeypatch.setattr(operations, "monotonic", lambda: next(clock))
    monkeypatch.setattr(operations, "refresh", refresh)
    keeper, moment = operations.Keeper(()), now()
    keeper(session, moment)
    publish_revision(session)
    keeper(session, moment + timedelta(seconds=29))
    assert len(times) == 1
    keeper(session, moment + timedelta(seconds=30))
    assert len(times) == 2


def test_much_that_is_new_comes_in_step_by_step(app: Flask, session: Session) -> None:
    revision = publish_revision(session)
    for number in range(5):
        written(session, revision, text=f"Kommentar {number}")
    session.flush()
    sources, steps = (app.extensions["search_sources"][2],), 1
    with app.app_context():
        while not operations.refresh(session, sources, now(), 2):
            steps += 1
    assert steps == 3
    assert len(keys(session, "comment")) == 5


@pytest.mark.one_database
def test_nothing_is_left_in_the_index_of_what_was_erased(session: Session, refreshed: Callable[[], None]) -> None:
    """Edge case 10: FTS5 keeps words of what was deleted until it has merged its parts."""
    comment = written(session, publish_revision(session), text="Qzxvwiderruf")
    refreshed()
    # The index keeps a word without the letters that the word before it begins with.
    inside = text("SELECT count(*) FROM search_words_data WHERE instr(block, CAST('zxvwiderruf' AS BLOB)) > 0")
    assert session.scalar(inside)
    session.delete(comment)
    session.flush()
    assert session.scalar(inside), "the refresh is what removes it"
    refreshed()
    assert not session.scalar(inside)


def test_refreshing_again_changes_nothing(session: Session, refreshed: Callable[[], None]) -> None:
    written(session, publish_revision(session))
    refreshed()
    before = session.execute(select(SearchEntry.id, SearchEntry.fingerprint)).all()
    refreshed()
    assert session.execute(select(SearchEntry.id, SearchEntry.fingerprint)).all() == before


ODD = [
    '"',
    "'",
    "*",
    "a AND",
    "NEAR(a b)",
    "title:x",
    "x^2",
    "(",
    "-- x",
    "\\",
    "%",
    "a:* & !b",
    "\x00",
    "🙂",
    "<b>",
    "die",
    "ß" * 5000,
    "²²²² ½½½½ Ⅷ",
    "اللغة",
    "____",
]


@pytest.mark.parametrize("question", ODD)
def test_no_question_is_an_error(browser: Browser, question: str) -> None:
    assert browser.open("/suche", query_string={"q": question}).status == 200


def test_the_page_shows_what_was_found_and_leads_on(
    app: Flask, session: Session, browser: Browser, refreshed: Callable[[], None]
) -> None:
    revision = publish_revision(session)
    for number in range(11):
        written(session, revision, text=f"<b>Jugendamt</b> & Büro {number}")
    published(session, {"de": ("Jugendämter tagen", "Text")})
    refreshed()
    page = browser.open("/suche?q=Jugendamt")
    assert page.attribute("meta[name=robots]", "content") == "noindex, follow"
    assert page.response.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in page.response.headers
    assert page.fields("main form")["q"] == "Jugendamt"
    assert "Jugendämter" in page.texts("mark")
    assert not page.has(".found b")
    assert page.attribute(".found h2 a", "href")
    assert {"Diskussion 11", "Aktuelles 1"} < set(page.texts(".found-kinds li"))
    assert "Seite 1 von 2" in page.text(".pagination")
    browser.follow("Nächste")
    assert browser.page.status == 200
    browser.open("/suche?q=Jugendamt&art=news")
    assert browser.page.text(".count") == "Ein Treffer"
    assert browser.follow("Jugendämter tagen").text("h1") == "Jugendämter tagen"
    assert "Dazu haben wir nichts gefunden" in browser.open("/suche?q=Quastenflosser").text()
    assert "We found nothing" in browser.open("/en/search?q=coelacanth").text()
    for wrong in ("q=Jugendamt&seite=9", "seite=0", "seite=x", "art=nix", "seite=99999999999999999"):
        assert browser.open(f"/suche?{wrong}").status == 404


@pytest.mark.one_database
def test_the_empty_page_names_what_it_searches(browser: Browser) -> None:
    said = browser.open("/suche").text()
    for kind in ("Erklärung", "Diskussion", "Umfragen", "Fachtagungen", "Literatur", "Aktuelles", "Newsletter"):
        assert kind in said


def test_every_kind_is_in_the_index_after_a_rebuild(app: Flask, session: Session) -> None:
    written(session, publish_revision(session))
    published(session)
    session.commit()
    ran = app.test_cli_runner().invoke(args=["search", "rebuild"])
    assert ran.exit_code == 0, ran.output
    kinds = set(session.scalars(select(SearchEntry.kind).distinct()))
    assert kinds == {"declaration", "page", "comment", "news", "survey", "conference"}
    assert str(len(session.scalars(select(SearchEntry)).all())) in ran.output


@pytest.mark.one_database
def test_floods_of_questions_are_refused(make_app: MakeApp) -> None:
    client = make_app(rate_limit_search="2 per minute", allowed_networks="").test_client()
    assert [client.get("/suche?q=x").status_code for _ in range(3)] == [200, 200, 429]
    assert client.get("/suche").status_code == 200, "the empty form costs nothing"


def test_what_was_found_has_pages(session: Session, refreshed: Callable[[], None], find: Callable[..., Found]) -> None:
    for number in range(reading.PAGE + 2):
        published(session, {"de": (f"Meldung {number}", "Zwetschgenmus")})
    refreshed()
    first, second = find("Zwetschgenmus"), find("Zwetschgenmus", page=2)
    assert (len(first.hits), len(second.hits)) == (reading.PAGE, 2)
    assert len({str(hit.values) for hit in (*first.hits, *second.hits)}) == first.total == reading.PAGE + 2


def test_what_a_file_says_now_takes_the_place_of_what_it_said(session: Session) -> None:
    """No trigger sees a file: comparing alone finds the change, and what is gone."""

    def say(*titles: str) -> list[str]:
        entries = [Entry(str(number), "de", title, "Text", "pages.home") for number, title in enumerate(titles)]
        source = Source("probe", lazy_gettext("Probe"), lambda *_: entries, lambda *_: set())
        assert operations.refresh(session, [source], now(), operations.STEP)
        return list(session.scalars(select(SearchEntry.title).order_by(SearchEntry.key)))

    assert say("Alt", "Bleibt") == ["Alt", "Bleibt"]
    assert say("Neu", "Bleibt") == ["Neu", "Bleibt"]
    assert say("Neu") == ["Neu"]


def test_rebuilding_trusts_nothing_that_is_there(app: Flask, session: Session, refreshed: Callable[[], None]) -> None:
    published(session)
    refreshed()
    session.execute(update(SearchEntry).values(title="Kaputt"))
    refreshed()
    assert "Kaputt" in session.scalars(select(SearchEntry.title)).all()
    session.commit()
    assert app.test_cli_runner().invoke(args=["search", "rebuild"]).exit_code == 0
    session.expire_all()
    assert "Kaputt" not in session.scalars(select(SearchEntry.title)).all()
