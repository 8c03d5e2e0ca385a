"""What the log's entries about the newsletter are about, in words, and the pages of the office for it."""

from collections.abc import Mapping, Sequence

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.newsletter.models import Campaign, Issue
from portal.newsletter.office_bounces import REASONS, WHY
from portal.newsletter.office_forms import KINDS, RULES
from portal.newsletter.vocabulary import NOTES
from portal.organisers.frame import Detail, Subject, word_of
from portal.personal_data import Text
from portal.subscribers.segments import current_segments


def _issues(session: Session, numbers: Sequence[str]) -> Mapping[str, str]:
    found = session.scalars(select(Issue.id).where(Issue.id.in_([int(one) for one in numbers])))
    return {str(number): url_for("newsletter_office.write", number=number) for number in found}


def _campaigns(session: Session, numbers: Sequence[str]) -> Mapping[str, str]:
    found = session.scalars(select(Campaign.id).where(Campaign.id.in_([int(one) for one in numbers])))
    return {str(number): url_for("campaigns_office.campaign", number=number) for number in found}


def _bounces(_session: Session, signs: Sequence[str]) -> Mapping[str, str]:
    return dict.fromkeys(signs, url_for("bounces_office.listing"))


def _segment(name: str) -> Text:
    segment = current_segments().get(name)
    return segment.label if segment else name


SUBJECTS: dict[str, Subject] = {
    "issue": Subject(_l("Ausgabe"), _issues, {"kind": Detail(_l("Art"), word_of(KINDS))}),
    "campaign": Subject(
        _l("Aussendung"),
        _campaigns,
        {
            "segment": Detail(_l("an"), _segment),
            "content": Detail(_l("Prüfsumme")),
            "note": Detail(_l("warum"), word_of(NOTES)),
            "rule": Detail(_l("Regel"), word_of(RULES)),
            "letters": Detail(_l("noch einmal verschickt")),
            "rows": Detail(_l("Zeilen")),
        },
    ),
    "suppression": Subject(
        _l("Newsletter-Sperre"),
        _bounces,
        {"was": Detail(_l("gesperrt, weil"), word_of(REASONS)), "why": Detail(_l("aufgehoben, weil"), word_of(WHY))},
    ),
}
