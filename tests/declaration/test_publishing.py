"""Publishing is for good, and `check` tells when files, database and history no longer agree."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.content import ContentError
from portal.database import Base
from portal.declaration import operations
from portal.declaration.models import IMMUTABLE, IMMUTABLE_TABLES
from portal.declaration.source import RevisionSource, TextSource, ThesisSource, read_revision
from portal.web.caching import PublicVersion
from tests.declaration.conftest import NOW, REVISIONS

ONE, TWO, THREE = (read_revision(REVISIONS, number) for number in (1, 2, 3))
Change = Callable[[TextSource], TextSource]


def changed(source: RevisionSource, change: Change, *languages: str) -> RevisionSource:
    """The revision with `change` made in these languages, or in all."""
    chosen = languages or tuple(source.texts)
    texts = {name: change(said) if name in chosen else said for name, said in source.texts.items()}
    return RevisionSource(source.number, texts)


def reworded(said: TextSource) -> TextSource:
    return replace(said, preamble=f"{said.preamble}.")


def with_theses(*theses: ThesisSource) -> Change:
    return lambda said: replace(said, theses=theses)


def test_a_revision_is_kept_word_for_word(session: Session) -> None:
    revision = operations.publish(session, ONE, NOW)
    session.commit()
    session.expire_all()
    assert operations.as_source(revision) == ONE
    assert (revision.number, revision.label, revision.sha256, revision.published_at) == (1, "original", ONE.sha256, NOW)
    assert [(thesis.key, thesis.position) for thesis in revision.theses] == [
        ("wege", 1),
        ("pausen", 2),
        ("werkzeug", 3),
    ]
    assert revision.text("en").title == "Test declaration (for tests only)"


def test_the_current_revision_is_the_latest(published: Session) -> None:
    current = operations.current_revision(published)
    assert current is not None
    assert current.number == 3
    assert [one.number for one in operations.revisions(published)] == [1, 2, 3]
    assert operations.latest_number(published) == 3
    third = operations.revision(published, 3)
    assert third is not None
    assert third.text("en").language == "de"
    assert operations.revision(published, 4) is None


def test_without_a_revision_there_is_no_current_one(session: Session) -> None:
    assert operations.current_revision(session) is None
    assert operations.latest_number(session) == 0


def test_publishing_tells_the_kept_pages(session: Session) -> None:
    before = session.get_one(PublicVersion, 1).number
    operations.publish(session, ONE, NOW)
    session.expire_all()
    assert session.get_one(PublicVersion, 1).number == before + 1


def test_the_same_words_are_published_once(session: Session) -> None:
    first = operations.publish(session, ONE, NOW)
    version = session.get_one(PublicVersion, 1).number
    assert operations.publish(session, ONE, NOW) is first
    assert session.get_one(PublicVersion, 1).number == version


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (changed(ONE, reworded, "en"), "kann nicht mehr geändert werden"),
        (THREE, "Davor fehlt Fassung 2"),
        (changed(TWO, lambda said: replace(said, theses=said.theses[::-1]), "en"), "verschiedene Thesen"),
        (changed(TWO, lambda said: replace(said, theses=said.theses[:3]), "en"), "4 und 3 Thesen"),
        (changed(TWO, lambda said: replace(said, label="summary"), "en"), "verschiedene Kennzeichen"),
        (changed(TWO, lambda said: replace(said, dated=NOW.date()), "en"), "verschiedene Tage"),
        (RevisionSource(2, {"en": TWO.texts["en"]}), "fehlt die deutsche Fassung"),
    ],
)
def test_what_must_not_be_published_is_refused(session: Session, source: RevisionSource, words: str) -> None:
    operations.publish(session, ONE, NOW)
    with pytest.raises(ContentError, match=words):
        operations.publish(session, source, NOW)
    assert operations.latest_number(session) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE revisions SET label = 'revised'",
        "UPDATE revisions SET sha256 = sha256",
        "UPDATE revision_texts SET preamble = 'x'",
        "UPDATE theses SET key = 'x'",
        "UPDATE thesis_texts SET text = 'x'",
        "DELETE FROM thesis_texts",
        "DELETE FROM theses",
        "DELETE FROM revision_texts",
        "DELETE FROM revisions",
    ],
)
def test_the_database_refuses_to_change_what_is_published(published: Session, statement: str) -> None:
    with pytest.raises(IntegrityError, match="what has been published is never changed"):
        published.execute(text(statement))
    published.rollback()
    assert [operations.as_source(one) for one in operations.revisions(published)] == [ONE, TWO, THREE]


def test_the_unit_of_work_is_refused_too(published: Session) -> None:
    current = operations.current_revision(published)
    assert current is not None
    current.theses[0].texts[0].text = "Andere Worte."
    with pytest.raises(IntegrityError, match="never changed"):
        published.flush()


def test_a_number_is_published_once(published: Session) -> None:
    with pytest.raises(IntegrityError):
        published.execute(
            text(
                "INSERT INTO revisions (number, label, dated, published_at, sha256)"
                " SELECT number, label, dated, published_at, sha256 FROM revisions WHERE number = 1"
            )
        )


def test_nothing_is_found_where_all_is_well(published: Session) -> None:
    findings = operations.check(published, [ONE, TWO, THREE])
    assert findings == ["Fassung 3: Es fehlt die Datei en.md. Bitte vor dem Veröffentlichen ergänzen."]


def test_files_are_checked_before_anything_is_published(session: Session) -> None:
    assert operations.check(session, [ONE, TWO]) == []
    assert any("Davor fehlt Fassung 2" in finding for finding in operations.check(session, [ONE, THREE]))


def test_changed_files_of_a_published_revision_are_found(published: Session) -> None:
    findings = operations.check(published, [ONE, changed(TWO, reworded, "de"), THREE])
    assert [finding for finding in findings if "kann nicht mehr geändert werden" in finding and "Fassung 4" in finding]


def test_a_missing_folder_is_found(published: Session) -> None:
    assert any("ihr Ordner fehlt" in finding for finding in operations.check(published, [ONE, TWO]))


def test_rows_that_were_added_behind_our_back_are_found(published: Session) -> None:
    published.execute(
        text(
            "INSERT INTO revision_texts (revision_id, language, title, note, origin, preamble, closing)"
            " SELECT revision_id, 'en', title, note, origin, preamble, closing FROM revision_texts"
            " WHERE revision_id = (SELECT id FROM revisions WHERE number = 3)"
        )
    )
    findings = operations.check(published, [ONE, TWO, THREE])
    assert any("Die Datenbank enthält andere Worte" in finding for finding in findings)


PAUSES = ThesisSource("pausen", "", ONE.texts["de"].theses[1].text)
WAYS, LIGHT, TOOLS = (TWO.texts["de"].theses[place] for place in (0, 1, 3))
ELSEWHERE = ThesisSource("pausen", "Schöne Aussicht", "Vom Prüfstand aus soll man ins Grüne sehen können.")


@pytest.mark.parametrize(
    ("theses", "reused"),
    [
        ([TOOLS, WAYS, LIGHT, PAUSES], []),
        ([TOOLS, WAYS, LIGHT, ELSEWHERE], ["pausen"]),
        ([TOOLS, WAYS, replace(LIGHT, heading="Hell", text="Alles soll leuchten und strahlen, Tag und Nacht.")], []),
        ([TOOLS, replace(LIGHT, key="wege"), replace(WAYS, key="licht")], ["wege", "licht"]),
        ([TOOLS, replace(WAYS, key="neue-wege")], []),
    ],
    ids=["comes back", "comes back for another", "rewritten", "swapped", "renamed"],
)
def test_an_id_never_passes_to_another_thesis(session: Session, theses: list[ThesisSource], reused: list[str]) -> None:
    fourth = changed(RevisionSource(4, THREE.texts), with_theses(*theses))
    assert list(operations.reused_keys(fourth, [ONE, TWO, THREE])) == reused
    findings = operations.check(session, [ONE, TWO, THREE, fourth])
    assert [one for one in findings if "gehörte in einer früheren Fassung" in one] == [
        f"Fassung 4: Der Name {{#{key}}} gehörte in einer früheren Fassung zu einer anderen These. "
        "Bitte der neuen These einen eigenen Namen geben."
        for key in reused
    ]


def test_a_reused_id_is_not_published(published: Session) -> None:
    fourth = changed(RevisionSource(4, THREE.texts), with_theses(TOOLS, WAYS, LIGHT, ELSEWHERE))
    with pytest.raises(ContentError, match="pausen"):
        operations.publish(published, fourth, NOW)


def test_the_migrations_make_the_triggers_of_the_models(session: Session) -> None:
    dialect = session.get_bind().dialect.name
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    }[dialect]
    names = set(re.findall(r"CREATE TRIGGER (\w+)", "\n".join(IMMUTABLE[dialect])))
    assert len(names) == {"sqlite": 8, "postgresql": 4}[dialect]
    assert names <= set(session.scalars(text(query)))


def test_tables_made_without_migrations_have_the_triggers_too() -> None:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine, tables=[*IMMUTABLE_TABLES, Base.metadata.tables["public_version"]])
    with Session(engine) as session:
        operations.publish(session, ONE, NOW)
        with pytest.raises(IntegrityError, match="never changed"):
            session.execute(text("UPDATE theses SET position = position + 10"))
