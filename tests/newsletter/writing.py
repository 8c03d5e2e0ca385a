"""Issues and campaigns for the tests of writing."""

from collections.abc import Mapping
from datetime import datetime

from flask import Flask
from sqlalchemy.orm import Session

from portal.newsletter import campaigns, issues, releasing
from portal.newsletter.models import Campaign, Issue, Trial
from portal.organisers.models import Organiser
from portal.subscribers.segments import NEWSLETTER, current_segments
from tests.newsletter.conftest import NOON
from tests.office import add_organiser

GERMAN = ("Wie es weitergeht", "{{anrede}},\n\nes geht weiter. [Mehr](/erklaerung)\n")
ENGLISH = ("How it goes on", "{{anrede}},\n\nit goes on. [More](/en/declaration)\n")
BOTH = {"de": GERMAN, "en": ENGLISH}


def written(
    session: Session, by: Organiser, texts: Mapping[str, tuple[str, str]] = BOTH, kind: str = NEWSLETTER
) -> Issue:
    """An issue with these texts."""
    issue = issues.start(session, kind, by.id, NOON)
    return issues.save(session, issue.id, issue.version, texts, by.id, NOON)


def tried(session: Session, issue: Issue, by: Organiser) -> issues.Content:
    """What would go out, after its author has tried it out."""
    found = issues.content(session, issue)
    for language in found.texts:
        trial = Trial(issue_id=issue.id, content_sha256=found.sha256, language=language, organiser_id=by.id, at=NOON)
        session.add(trial)
    session.flush()
    return found


def asked(
    session: Session, by: Organiser, texts: Mapping[str, tuple[str, str]] = BOTH, narrowed: Mapping[str, str] = {}
) -> Campaign:
    """A campaign to all subscribers that waits for its release."""
    issue = written(session, by, texts)
    found = tried(session, issue, by)
    return releasing.ask(session, issue.id, found.sha256, "subscribers", narrowed, by.id, NOON)


def begun(app: Flask, session: Session, texts: Mapping[str, tuple[str, str]] = BOTH, at: datetime = NOON) -> Campaign:
    """A campaign whose text and audience are frozen."""
    author, second = add_organiser(session, "editor"), add_organiser(session, "editor")
    campaign = asked(session, author, texts)
    releasing.release(session, campaign.id, campaign.content_sha256, None, second.id, at, four_eyes=True)
    with app.app_context():
        segment = current_segments()["subscribers"]
    campaigns.begin(session, campaign, segment, at)
    return campaign
