"""Writing records down: constraints, versions, states, and the shipped ones."""

from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.bibliography.reading import read
from portal.bibliography.reference import Name
from portal.config import ROOT
from portal.content import ContentError
from portal.literature import importing, operations, reading
from portal.literature.importing import FAULTY, NEW, Candidate
from portal.literature.models import PUBLIC, Record, RecordName, Topic
from portal.literature.operations import DoiTaken, Entry, NotAllowed, Outdated, as_reference
from portal.literature.reading import Question
from portal.literature.seed import read_seeds
from portal.organisers.models import AuditEntry
from tests.bibliography.references import KNOWN
from tests.databases import engine_of
from tests.literature.conftest import NOON, entry, published
from tests.office import add_organiser


def test_the_article_is_there_as_it_is_known(session: Session, article: Record) -> None:
    assert as_reference(article) == KNOWN
    assert article.state == PUBLIC
    assert {one.language: one.wording for one in article.abstracts} == {"de": "portal", "en": "portal"}
    assert article.topics[0].name_en == "Data work"


def test_what_is_shipped_is_added_once_and_never_brought_back(session: Session, article: Record) -> None:
    seeds, by = read_seeds(ROOT / "content" / "literature"), add_organiser(session, "editor").id
    assert operations.load(session, seeds, NOON) == []
    operations.hide(session, article.id, 1, by, NOON)
    operations.erase(session, article.id, 2, by, NOON)
    assert operations.load(session, seeds, NOON) == []
    assert session.scalar(select(func.count()).select_from(Record)) == 0


IMPOSSIBLE: tuple[dict[str, object], ...] = (
    {"doi": "10.1000/X", "doi_key": "10.1000/X"},
    {"doi": "10.1000/x", "doi_key": None},
    {"state": "secret"},
    {"type": "poem"},
    {"title": ""},
    {"month": 5, "year": None},
    {"day": 40},
    {"open_access_url": "https://example.org"},
)


def test_the_database_refuses_what_cannot_be(session: Session) -> None:
    record = published(session).id
    session.commit()
    for wrong in IMPOSSIBLE:
        with pytest.raises(IntegrityError):
            session.execute(update(Record).where(Record.id == record).values(**wrong))
        session.rollback()


def test_the_database_refuses_a_name_that_is_neither_person_nor_institution(session: Session) -> None:
    record = published(session)
    session.add(RecordName(record_id=record.id, role="author", position=9, family="Allein"))
    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()


def test_a_doi_is_there_once_however_it_is_spelt(session: Session, article: Record) -> None:
    by = add_organiser(session, "editor").id
    session.commit()
    with pytest.raises(DoiTaken) as taken:
        operations.add(session, entry(doi=KNOWN.doi.lower()), by, NOON)
    assert taken.value.number == article.id


def test_a_change_keeps_what_was_said_and_counts_the_version(session: Session) -> None:
    by = add_organiser(session, "editor").id
    record = operations.add(session, entry(said="Zuerst."), by, NOON)
    people = (Name("Zweite", "Berta"), Name("Beispiel", "Ada"), Name(literal="Institut, Beispiel"))
    operations.change(session, record.id, 1, entry("Neu", authors=people, said="Danach."), by, NOON)
    session.expire_all()
    assert as_reference(record).authors == people
    assert [one.text for one in record.abstracts] == ["Danach."]
    assert record.version == 2
    with pytest.raises(Outdated):
        operations.change(session, record.id, 1, entry("Verloren"), by, NOON)
    acts = session.scalars(select(AuditEntry.act).where(AuditEntry.subject == f"record {record.id}")).all()
    assert acts == ["record.add", "record.change"]


def test_who_had_to_wait_looks_again(app: Flask, session: Session) -> None:
    """Its page has been read before the other one let go of the record, as two requests at once do on PostgreSQL."""
    by = add_organiser(session, "editor").id
    number = operations.add(session, entry(said="Zuerst."), by, NOON).id
    session.commit()
    with Session(engine_of(app), expire_on_commit=False) as other:
        read_before = other.get_one(Record, number)
        other.commit()
        operations.change(session, number, 1, entry("Neu", said="Danach."), by, NOON)
        session.commit()
        with pytest.raises(Outdated):
            operations.change(other, read_before.id, 1, entry("Verloren"), by, NOON)
        assert operations.change(other, number, 2, entry("Später"), by, NOON).version == 3


def test_what_is_public_is_hidden_before_it_is_deleted(session: Session) -> None:
    by = add_organiser(session, "editor").id
    record = published(session)
    with pytest.raises(NotAllowed):
        operations.erase(session, record.id, record.version, by, NOON)
    operations.hide(session, record.id, record.version, by, NOON)
    operations.erase(session, record.id, record.version, by, NOON)
    assert published(session).id > record.id, "the number of a deleted record is not given again"


def test_invisible_characters_are_removed(session: Session) -> None:
    record = published(session, "Ti\u202etel\u200b\n zwei", authors=(Name("Bei\u00adspiel", "A\u202eda"),))
    assert record.title == "Titel zwei"
    assert as_reference(record).authors == (Name("Beispiel", "Ada"),)


def test_facets_count_with_the_other_restrictions(session: Session) -> None:
    topics = [Topic(name_de=name, name_en=name) for name in ("A", "B")]
    session.add_all(topics)
    session.flush()
    a, b = (topic.id for topic in topics)
    published(session, "Eins", a, issued=(2020,), free="https://example.org/1")
    published(session, "Zwei", a, b, issued=(2021,))
    published(session, "Drei", b, issued=(2021,), type="book")
    operations.new(session, entry("Entwurf", a), None, NOON)
    found = reading.facets(session, Question(topic=a))
    assert {topic.name_de: number for topic, number in found.topics} == {"A": 2, "B": 2}
    assert dict(found.years) == {2021: 1, 2020: 1}
    assert found.types == {"article-journal": 2}
    assert found.open_access == 1
    titles = [one.title for one in reading.search(session, Question(topic=b, year=2021, sort="titel")).records]
    assert titles == ["Drei", "Zwei"]


def test_words_are_found_as_they_stand(session: Session) -> None:
    published(session, "Über 100% der Straßen")
    published(session, "Anderes", authors=(Name("Muster", "Eva"),))
    for words, found in (("ÜBER stra", 1), ("beispiel, ada", 1), ("100%", 1), ("1_0", 0), ("%", 1)):
        assert reading.search(session, Question(words=words)).total == found, words


def test_related_records_share_authors_or_topics_and_say_which(session: Session, article: Record) -> None:
    topic = article.topics[0]
    by_topic = published(session, "Gleiches Thema", topic.id)
    by_name = published(session, "Gleiche Autorin", topic.id, authors=(Name("Gall", "Korbinian"),))
    published(session, "Anderes")
    found = reading.related(session, article)
    assert [one.record.id for one in found] == [by_name.id, by_topic.id]
    assert found[0].names == ("Korbinian Gall",)
    assert found[1].topics == (topic,)
    assert reading.related(session, published(session, "Ohne Namen", authors=())) == []


def test_the_search_gets_what_is_public(session: Session, article: Record) -> None:
    operations.new(session, entry("Entwurf"), None, NOON)
    entries = list(reading.SOURCE.entries(session, NOON))
    assert [(one.key, one.language) for one in entries] == [(str(article.id), "de"), (str(article.id), "en")]
    assert "Büchner, Stefanie" in entries[0].text
    assert reading.SOURCE.public(session, [str(article.id), "999999"], NOON) == {str(article.id)}
    assert [place.endpoint for place in reading.places(session, NOON)] == ["literature.listing", "literature.record"]


def test_a_topic_is_there_once_in_whatever_case(session: Session) -> None:
    by = add_organiser(session, "editor").id
    first = operations.add_topic(session, "Ämter", "Offices", by, NOON)
    assert first is not None
    other = operations.add_topic(session, "Schulen", "Schools", by, NOON)
    assert other is not None
    session.commit()
    for names in (("Ämter", "x"), ("ÄMTER", "x"), ("x", "offices")):
        assert operations.add_topic(session, *names, by, NOON) is None
        assert not operations.rename_topic(session, other.id, *names, by, NOON)
    assert operations.rename_topic(session, first.id, "ÄMTER", "Offices", by, NOON)


def test_who_imports_and_who_writes_take_turns(app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record with the same DOI cannot come in between what an import looks up and what it writes."""
    by = add_organiser(session, "editor").id
    session.commit()
    reference = entry(doi="10.1000/182").reference
    candidate = Candidate("", NEW, reference, ())
    look_up, threads = importing._numbers_by_doi, ThreadPoolExecutor(1)

    def add() -> None:
        with Session(engine_of(app)) as other:
            operations.add(other, Entry(reference), by, NOON)
            other.commit()

    def meanwhile(*args: Any) -> dict[str, int]:
        found, writing = look_up(*args), threads.submit(add)
        wait([writing], timeout=0.5)
        running.append(writing)
        return found

    running = list[Future[None]]()
    monkeypatch.setattr(importing, "_numbers_by_doi", meanwhile)
    with threads:
        assert importing.write(session, [candidate], "0" * 64, by, NOON, release=False).number == 1
        session.commit()
        with pytest.raises(DoiTaken):
            running[0].result()


def test_what_cannot_be_seen_is_not_imported(session: Session) -> None:
    by = add_organiser(session, "editor").id
    found = read("@misc{a, title={\u200b}}\n@misc{b, title={\u200bTitel}, author={\u200b, Ada and \u200b}}".encode())
    nothing, something = importing.look_at(session, found)
    assert nothing.kind == FAULTY
    importing.write(session, [something], "0" * 64, by, NOON, release=False)
    record = session.scalars(select(Record)).one()
    assert (record.title, as_reference(record).authors) == ("Titel", (Name(literal="Ada"),))


def test_what_an_import_brought_is_released_by_whoever_does_it(session: Session) -> None:
    first, second = add_organiser(session, "editor").id, add_organiser(session, "editor").id
    made = importing.write(session, [Candidate("", NEW, entry().reference, ())], "0" * 64, first, NOON, release=False)
    assert operations.release_import(session, made.id, second, NOON) == 1
    record = session.scalars(select(Record)).one()
    assert (record.state, record.version, record.changed_by_id) == (PUBLIC, 2, second)
    assert operations.release_import(session, made.id, second, NOON) == 0


@pytest.mark.parametrize(
    "name", [{}, {"family": "Beispiel"}, {"given": "Ada"}, {"literal": "Institut", "given": "Ada"}]
)
def test_a_shipped_name_is_a_persons_or_an_institutions(tmp_path: Path, name: dict[str, str]) -> None:
    (tmp_path / "eintrag.yaml").write_text(yaml.safe_dump({"type": "book", "title": "Titel", "authors": [name]}))
    with pytest.raises(ContentError, match="either family and given, or literal"):
        read_seeds(tmp_path)
