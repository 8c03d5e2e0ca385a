"""Writing an issue, trying it out, asking for its release and releasing it."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.declaration.comparison import Comparison
from portal.newsletter import campaigns, differences, issues, letters, releasing
from portal.newsletter.campaigns import NotNow
from portal.newsletter.issues import Content, Outdated
from portal.newsletter.models import READY, Issue
from portal.newsletter.releasing import AskedAlready, NotTried, OwnRequest
from portal.organisers.models import AuditEntry
from portal.subscribers.segments import AFFIRMATION, NEWSLETTER
from portal.text.difference import difference
from tests.databases import engine_of
from tests.newsletter.conftest import NOON
from tests.newsletter.writing import BOTH, ENGLISH, GERMAN, asked, tried, written
from tests.office import add_organiser
from tests.revisions import publish_revision


def test_a_language_in_which_nothing_is_said_is_none(session: Session) -> None:
    author = add_organiser(session, "editor")
    issue = written(session, author)
    issues.save(session, issue.id, issue.version, {"de": GERMAN, "en": ("", "")}, author.id, NOON)
    session.expire(issue)
    assert [text.language for text in issue.texts] == ["de"]


def test_what_has_not_changed_makes_no_new_version(session: Session) -> None:
    author = add_organiser(session, "editor")
    issue = written(session, author)
    version = issue.version
    assert issues.save(session, issue.id, version, BOTH, author.id, NOON + timedelta(hours=1)).version == version
    assert issue.changed_at == NOON


def test_an_older_version_changes_nothing(session: Session) -> None:
    author = add_organiser(session, "editor")
    issue = written(session, author)
    seen = issue.version
    issues.save(session, issue.id, seen, {"de": ENGLISH}, author.id, NOON)
    with pytest.raises(Outdated):
        issues.save(session, issue.id, seen, {"de": GERMAN}, author.id, NOON)
    with pytest.raises(Outdated):
        issues.discard(session, issue.id, seen, author.id, NOON)


def test_who_had_to_wait_looks_again(app: Flask, session: Session) -> None:
    """Its page has been read before the other one let go of the issue, as two requests at once do on PostgreSQL."""
    author = add_organiser(session, "editor")
    number, by = written(session, author).id, author.id
    session.commit()
    with Session(engine_of(app), expire_on_commit=False) as other:
        read_before = other.get_one(Issue, number)
        seen = read_before.version
        other.commit()
        issues.save(session, number, seen, {"de": ENGLISH}, by, NOON)
        session.commit()
        with pytest.raises(Outdated):
            issues.discard(other, number, seen, by, NOON)


def test_the_hash_is_of_kind_subjects_and_bodies_and_of_nothing_else() -> None:
    content = Content(NEWSLETTER, BOTH)
    assert content.sha256 == Content(NEWSLETTER, {"en": ENGLISH, "de": GERMAN}).sha256
    others = [
        Content(AFFIRMATION, BOTH),
        Content(NEWSLETTER, {"de": GERMAN}),
        Content(NEWSLETTER, {"de": ENGLISH, "en": GERMAN}),
        Content(NEWSLETTER, {"de": (GERMAN[0] + GERMAN[1], ""), "en": ENGLISH}),
    ]
    assert len({content.sha256, *(one.sha256 for one in others)}) == 5


def test_asking_needs_a_test_mail_of_just_this_by_just_her(session: Session, segments: object) -> None:
    author, other = add_organiser(session, "editor"), add_organiser(session, "editor")
    issue = written(session, author)
    found = tried(session, issue, other)
    with pytest.raises(NotTried):
        releasing.ask(session, issue.id, found.sha256, "subscribers", {}, author.id, NOON)
    tried(session, issue, author)
    with pytest.raises(Outdated):
        releasing.ask(session, issue.id, "0" * 64, "subscribers", {}, author.id, NOON)
    campaign = releasing.ask(session, issue.id, found.sha256, "subscribers", {}, author.id, NOON)
    assert campaign.status == READY
    with pytest.raises(AskedAlready, match=str(campaign.id)):
        releasing.ask(session, issue.id, found.sha256, "subscribers", {}, author.id, NOON)
    other_people = releasing.ask(session, issue.id, found.sha256, "subscribers", {"language": "de"}, author.id, NOON)
    assert other_people.id != campaign.id


def test_what_was_stopped_can_be_asked_for_again_and_what_says_nothing_cannot(
    session: Session, segments: object
) -> None:
    author, other = add_organiser(session, "editor"), add_organiser(session, "editor")
    campaign = asked(session, author)
    number, sha256 = campaign.issue_id or 0, campaign.content_sha256
    releasing.release(session, campaign.id, sha256, None, other.id, NOON, four_eyes=True)
    campaigns.stop(session, campaign.id, author.id, NOON)
    assert releasing.ask(session, number, sha256, "subscribers", {}, author.id, NOON).id != campaign.id
    empty = issues.start(session, NEWSLETTER, author.id, NOON)
    with pytest.raises(NotTried):
        releasing.ask(session, empty.id, issues.content(session, empty).sha256, "subscribers", {}, author.id, NOON)
    issues.discard(session, empty.id, empty.version, author.id, NOON)
    with pytest.raises(Outdated):
        releasing.ask(session, empty.id, sha256, "subscribers", {}, author.id, NOON)


def test_each_step_is_logged_with_who_did_it(session: Session, segments: object) -> None:
    author = add_organiser(session, "editor")
    campaign = asked(session, author)
    issue = issues.find(session, campaign.issue_id or 0)
    assert issue is not None
    assert releasing.take_back(session, campaign.id, author.id, NOON)
    issues.discard(session, issue.id, issue.version, author.id, NOON)
    acts = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert {one.by_id for one in acts} == {author.id}
    assert [one.act for one in acts] == ["issue.start", "campaign.ask", "campaign.take_back", "issue.discard"]


def test_four_eyes_the_hash_and_the_state_guard_the_release(session: Session) -> None:
    author, other = add_organiser(session, "editor"), add_organiser(session, "editor")
    campaign = asked(session, author)
    sha256 = campaign.content_sha256
    with pytest.raises(OwnRequest):
        releasing.release(session, campaign.id, sha256, None, author.id, NOON, four_eyes=True)
    with pytest.raises(Outdated):
        releasing.release(session, campaign.id, "0" * 64, None, other.id, NOON, four_eyes=True)
    released = releasing.release(session, campaign.id, sha256, None, other.id, NOON, four_eyes=True)
    assert released.starts_at == NOON
    with pytest.raises(NotNow):
        releasing.release(session, campaign.id, sha256, None, other.id, NOON, four_eyes=True)
    assert not releasing.take_back(session, campaign.id, author.id, NOON)


def test_the_differences_are_put_in_for_good(app: Flask, session: Session) -> None:
    """A revision that is published later changes neither what was tried nor what waits for its release."""
    author = add_organiser(session, "editor")
    issue = issues.start(session, AFFIRMATION, author.id, NOON)
    with app.app_context(), app.test_request_context():
        publish_revision(session)
        assert "{{unterschiede}}" in issues.content(session, issue).texts["de"][1], "there is nothing to compare"
        publish_revision(session, 2)
        found = tried(session, issue, author)
        assert "{-- 1 --}{++ 2 ++}" in found.texts["de"][1]
        assert "### Title" in found.texts["en"][1] or "### Titel" in found.texts["en"][1]
        newsletter = written(session, author, {"de": ("Betreff", "{{unterschiede}}")})
        assert issues.content(session, newsletter).texts["de"][1] == "{{unterschiede}}", "it does not ask about them"
        campaign = releasing.ask(session, issue.id, found.sha256, "older-revision", {}, author.id, NOON)
        publish_revision(session, 3)
        assert "{++ 2 ++}" in campaign.texts[0].body
        assert issues.content(session, issue).sha256 != found.sha256
        assert "{-- 2 --}{++ 3 ++}" in issues.content(session, issue).texts["de"][1]


def test_the_words_of_a_declaration_are_no_markdown_among_its_differences(app: Flask, session: Session) -> None:
    """They stand in the mail as they were published, and no mark reaches beyond its paragraph."""
    old, new = publish_revision(session), publish_revision(session, 2)
    words = "Nur *Worte* & &lt;, [kein](/link) `Code`.\n\n# Kein Titel\n\n1. Kein_Punkt_"
    found = Comparison(old, new, "de", (), difference("", words), (), ())
    with app.app_context(), app.test_request_context():
        letter = letters.write(AFFIRMATION, "de", "Betreff", differences.as_markdown(found))
    one, two, three = words.split("\n\n")
    assert f"[neu: {one}]\n\n[neu: {two}]\n\n[neu: {three}]\n" in letter.text
    changed = letter.html.partition("Präambel")[2].partition("<footer")[0]
    assert not re.search(r"<(em|a|code|li|h1)\b", changed.partition("Kein_Punkt_")[0])
