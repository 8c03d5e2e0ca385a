"""Writing an issue and trying it out.

An issue's content is its kind with subjects and bodies as they would go out; its hash is what a test mail was made of,
what somebody releases, and what a campaign keeps.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.addresses import Address
from portal.mail import outbox
from portal.newsletter.differences import latest_differences
from portal.newsletter.letters import DIFFERENCES, Letter
from portal.newsletter.models import Issue, IssueText, Trial
from portal.newsletter.wording import AFFIRMATION_TEXTS
from portal.organisers import audit
from portal.organisers.models import AuditEntry, Organiser
from portal.subscribers.segments import AFFIRMATION

Draft = tuple[str, str]
"""Subject and body in one language."""


class Outdated(Exception):
    """Somebody else has changed the issue meanwhile."""


@dataclass(frozen=True)
class Content:
    """What would go out."""

    kind: str
    texts: Mapping[str, Draft]
    """By language, with what is the same for everybody already put in."""

    @property
    def sha256(self) -> str:
        """The hash of subjects, bodies and kind: 64 hexadecimal digits."""
        said = [self.kind, sorted([language, *draft] for language, draft in self.texts.items())]
        return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()


def start(session: Session, kind: str, by: int, now: datetime, drafts: Mapping[str, Draft] | None = None) -> Issue:
    """A new issue with these texts. Without any, one that asks for affirmation begins with a ready text."""
    issue = Issue(kind=kind, changed_by_id=by, changed_at=now, created_at=now)
    ready = AFFIRMATION_TEXTS if kind == AFFIRMATION else {}
    first = ready if drafts is None else _said(drafts)
    issue.texts = [IssueText(language=one, subject=draft[0], body=draft[1]) for one, draft in first.items()]
    session.add(issue)
    session.flush()
    audit.record(session, by, "issue.start", f"issue {issue.id}", now, kind=kind)
    return issue


def find(session: Session, number: int, *, changing: bool = False) -> Issue | None:
    """The issue; while it is `changing`, it is as it is now, and nobody else changes it."""
    found = select(Issue).where(Issue.id == number)
    locked = found.with_for_update().execution_options(populate_existing=True)
    return session.scalar(locked if changing else found)


def save(session: Session, number: int, version: int, drafts: Mapping[str, Draft], by: int, now: datetime) -> Issue:
    """Write the texts down; a language in which nothing is said is none. What has not changed makes no new version.

    Raises Outdated if the issue is no longer what `version` was.
    """
    issue = _seen(session, number, version)
    said = _said(drafts)
    if said == {text.language: (text.subject, text.body) for text in issue.texts}:
        return issue
    known = {text.language: text for text in issue.texts}
    issue.texts = [known.get(language) or IssueText(language=language) for language in sorted(said)]
    for text in issue.texts:
        text.subject, text.body = said[text.language]
    issue.version += 1
    issue.changed_by_id, issue.changed_at = by, now
    session.flush()
    return issue


def discard(session: Session, number: int, version: int, by: int, now: datetime) -> None:
    """Throw an issue away. Campaigns that were made from it keep their text. Raises Outdated."""
    session.delete(_seen(session, number, version))
    audit.record(session, by, "issue.discard", f"issue {number}", now)
    session.flush()


def discarded(session: Session, number: int) -> bool:
    """Whether there was such an issue, and somebody has thrown it away."""
    logged = select(AuditEntry.id).where(AuditEntry.act == "issue.discard", AuditEntry.subject == f"issue {number}")
    return find(session, number) is None and session.scalar(logged.limit(1)) is not None


def content(session: Session, issue: Issue) -> Content:
    """What would go out if its release were asked for now."""
    texts = {text.language: (text.subject, _whole(session, issue.kind, text)) for text in issue.texts}
    return Content(issue.kind, texts)


def try_out(
    session: Session, issue: Issue, found: Content, letters: Mapping[str, Letter], me: Organiser, now: datetime
) -> None:
    """Mail the letters, as whoever tries them out would get them, to herself, and note what was tried."""
    address = Address(me.email or "", me.address_key or "")
    for language, letter in letters.items():
        context = {"subject": letter.subject, "text": letter.text, "html": letter.html}
        outbox.post(session, outbox.Mail("newsletter/mail/trial", address, language, context), now)
        session.merge(
            Trial(issue_id=issue.id, content_sha256=found.sha256, language=language, organiser_id=me.id, at=now)
        )
    session.flush()


def tried(session: Session, issue: Issue, found: Content, organiser_id: int) -> dict[str, datetime]:
    """In which languages an organiser has tried out just this content, and when."""
    trials = select(Trial).where(
        Trial.issue_id == issue.id, Trial.content_sha256 == found.sha256, Trial.organiser_id == organiser_id
    )
    return {trial.language: trial.at for trial in session.scalars(trials)}


def _said(drafts: Mapping[str, Draft]) -> dict[str, Draft]:
    return {language: draft for language, draft in drafts.items() if any(draft)}


def _seen(session: Session, number: int, version: int) -> Issue:
    issue = find(session, number, changing=True)
    if issue is None or issue.version != version:
        raise Outdated
    return issue


def _whole(session: Session, kind: str, text: IssueText) -> str:
    field = "{{" + DIFFERENCES + "}}"
    if kind != AFFIRMATION or field not in text.body:
        return text.body
    return text.body.replace(field, latest_differences(session, text.language) or field)
