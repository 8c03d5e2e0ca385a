"""Opening and closing surveys, inviting, answering."""

import hashlib
import hmac
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from portal.addresses import Address
from portal.clock import BERLIN
from portal.config import Settings
from portal.database import take_turns
from portal.mail import outbox
from portal.mail.suppression import insertion, is_suppressed
from portal.organisers import audit
from portal.survey import box
from portal.survey.box import Sheet
from portal.survey.models import Answer, FreeText, Invitation, OpenedSurvey, SealedAnswer, UsedForm
from portal.survey.questionnaire import Questionnaire
from portal.web.caching import public_changed

log = logging.getLogger(__name__)

DRAFT, PLANNED, OPEN, CLOSED = STATES = ("draft", "planned", "open", "closed")
"""Only a file; opened, before its first day; being answered; over."""

GRACE = timedelta(hours=1)
"""Who has begun before the end may still send so long after it."""
FORMS_KEPT = timedelta(days=2)
TEXTS_KEPT = timedelta(days=365)
"""After the end of the survey."""


class AlreadyOpened(Exception):
    """The survey has been opened, and its questionnaire is fixed."""


class AlreadyOver(Exception):
    """The last day of the survey has passed: it would be closed at once, with its questionnaire fixed for good."""


class NotOpen(Exception):
    """Nothing can be answered now."""


class AlreadyAnswered(Exception):
    """The invitation has been used, or this very form has been sent before."""


class NoSuchInvitation(Exception):
    """It was for another survey, or has been erased."""


@dataclass(frozen=True)
class Invited:
    """What became of a list of addresses."""

    new: int
    there_before: int
    suppressed: int


def find(session: Session, key: str) -> OpenedSurvey | None:
    """The survey with this key, if it has been opened."""
    return session.scalar(select(OpenedSurvey).where(OpenedSurvey.key == key))


def state(survey: OpenedSurvey, now: datetime) -> str:
    """PLANNED, OPEN or CLOSED."""
    if survey.closed_at is not None or is_over(survey.questionnaire, now):
        return CLOSED
    return PLANNED if now < begins_at(survey.questionnaire) else OPEN


def begins_at(questionnaire: Questionnaire) -> datetime:
    return datetime.combine(questionnaire.opens, time(), BERLIN)


def ends_at(questionnaire: Questionnaire) -> datetime | None:
    """The first moment after the last day, if there is one."""
    if questionnaire.closes is None:
        return None
    return datetime.combine(questionnaire.closes + timedelta(days=1), time(), BERLIN)


def is_over(questionnaire: Questionnaire, now: datetime) -> bool:
    """Whether its last day has passed."""
    ends = ends_at(questionnaire)
    return ends is not None and now >= ends


def takes_answers(survey: OpenedSurvey, now: datetime) -> bool:
    """Whether what is sent now counts."""
    ends = ends_at(survey.questionnaire)
    begun = survey.closed_at is None and now >= begins_at(survey.questionnaire)
    return begun and (ends is None or now < ends + GRACE)


def open_survey(
    session: Session, key: str, questionnaire: Questionnaire, now: datetime, *, by: int | None
) -> OpenedSurvey:
    """Freeze the questionnaire; it can be answered from its first day on. Raises AlreadyOpened, AlreadyOver."""
    if is_over(questionnaire, now):
        raise AlreadyOver(key)
    take_turns(session, f"survey {key}")
    if find(session, key) is not None:
        raise AlreadyOpened(key)
    survey = OpenedSurvey(
        key=key, frozen=questionnaire.canonical, sha256=questionnaire.sha256, opened_at=now, closed_at=None, invited=0
    )
    session.add(survey)
    session.flush()
    audit.record(session, by, "survey.open", f"survey {key}", now, sha256=questionnaire.sha256)
    public_changed(session)
    return survey


def close_survey(session: Session, survey: OpenedSurvey, now: datetime, *, by: int | None) -> None:
    """End it for good: nothing is answered any more, and the invitations are erased."""
    session.refresh(survey, ["closed_at"], with_for_update=True)
    if survey.closed_at is not None:
        return
    survey.closed_at = now
    session.execute(delete(Invitation).where(Invitation.survey_id == survey.id))
    audit.record(session, by, "survey.close", f"survey {survey.key}", now)
    public_changed(session)


def answer_openly(
    session: Session, settings: Settings, survey: OpenedSurvey, form: str, sheet: Sheet, now: datetime
) -> None:
    """Count an answer that nobody was invited to. `form` is the token of the form that it came in.

    Raises NotOpen, AlreadyAnswered.
    """
    _keep_open(session, survey)
    if survey.questionnaire.access != "open" or not takes_answers(survey, now):
        raise NotOpen
    secret = settings.secret_key.get_secret_value().encode()
    key = hmac.new(secret, f"survey form {survey.id} {form}".encode(), hashlib.sha256).hexdigest()
    row = insertion(session, UsedForm).values(key=key, survey_id=survey.id, day=now.astimezone(BERLIN).date())
    if session.scalar(row.on_conflict_do_nothing().returning(UsedForm.key)) is None:
        raise AlreadyAnswered
    box.drop(session, settings, survey, sheet)


def answer_by_invitation(
    session: Session, settings: Settings, survey: OpenedSurvey, invitation: str, sheet: Sheet, now: datetime
) -> None:
    """Count the one answer of an invitation. Raises NotOpen, AlreadyAnswered, NoSuchInvitation."""
    _keep_open(session, survey)
    if not takes_answers(survey, now):
        raise NotOpen
    mine = (Invitation.id == invitation, Invitation.survey_id == survey.id)
    marked = update(Invitation).where(*mine, Invitation.used.is_(False)).values(used=True).returning(Invitation.id)
    if session.scalar(marked, execution_options={"synchronize_session": False}) is None:
        raise AlreadyAnswered if session.scalar(select(Invitation.id).where(*mine)) else NoSuchInvitation
    box.drop(session, settings, survey, sheet)


def _keep_open(session: Session, survey: OpenedSurvey) -> None:
    """Let nobody close it before the transaction ends: the last to leave the box are all who are in it by then."""
    session.refresh(survey, ["closed_at"], with_for_update={"read": True})


def invite(
    session: Session,
    survey: OpenedSurvey,
    addresses: Iterable[Address],
    language: str,
    now: datetime,
    *,
    by: int | None,
) -> Invited:
    """Mail one link each to addresses that have none yet. Raises NotOpen, also when it is over."""
    if survey.questionnaire.access != "invitation" or state(survey, now) == CLOSED:
        raise NotOpen
    new = before = suppressed = 0
    for address in addresses:
        if is_suppressed(session, address.key):
            suppressed += 1
            continue
        invitation = Invitation(
            id=box.new_id(), survey_id=survey.id, address_key=address.key, email=address.email, language=language
        )
        values = {name: getattr(invitation, name) for name in ("id", "survey_id", "address_key", "email", "language")}
        row = insertion(session, Invitation).values(**values, used=False, reminded=False)
        if session.scalar(row.on_conflict_do_nothing().returning(Invitation.id)) is None:
            before += 1
            continue
        outbox.queue(session, _mail(survey, invitation, now, reminder=False), now)
        new += 1
    # Added in the database: somebody else may be inviting, too, or closing it, and has erased the other invitations.
    still_open = (OpenedSurvey.id == survey.id, OpenedSurvey.closed_at.is_(None))
    added = update(OpenedSurvey).where(*still_open).values(invited=OpenedSurvey.invited + new)
    if session.scalar(added.returning(OpenedSurvey.id)) is None:
        raise NotOpen
    audit.record(session, by, "survey.invite", f"survey {survey.key}", now, number=new)
    return Invited(new, before, suppressed)


def remind(session: Session, survey: OpenedSurvey, now: datetime, *, by: int | None) -> int:
    """Mail everybody once more who was invited, has not answered and was not reminded yet; how many. Raises NotOpen."""
    if state(survey, now) != OPEN:
        raise NotOpen
    waiting = (Invitation.survey_id == survey.id, Invitation.used.is_(False), Invitation.reminded.is_(False))
    reminded = 0
    for invitation in session.scalars(select(Invitation).where(*waiting).order_by(Invitation.id)).all():
        if not is_suppressed(session, invitation.address_key):
            outbox.queue(session, _mail(survey, invitation, now, reminder=True), now)
            invitation.reminded = True
            reminded += 1
    audit.record(session, by, "survey.remind", f"survey {survey.key}", now, number=reminded)
    return reminded


def _mail(survey: OpenedSurvey, invitation: Invitation, now: datetime, *, reminder: bool) -> outbox.Mail:
    questionnaire = survey.questionnaire
    context = {
        "invitation": invitation.id,
        "title": questionnaire.title.of(invitation.language),
        "minutes": questionnaire.minutes,
        "opens": questionnaire.opens.isoformat() if state(survey, now) == PLANNED else None,
        "closes": questionnaire.closes.isoformat() if questionnaire.closes else None,
        "reminder": reminder,
    }
    address = Address(invitation.email, invitation.address_key)
    return outbox.Mail("survey/mail/invitation", address, invitation.language, context)


def release_text(session: Session, text: FreeText, now: datetime, *, by: int | None) -> None:
    """Let what somebody has written into exports: an editor has read it."""
    text.released = True
    audit.record(session, by, "survey.release_text", _subject(session, text), now, question=text.question)


def delete_text(session: Session, text: FreeText, now: datetime, *, by: int | None) -> None:
    """Erase what somebody has written, because it names people for example."""
    audit.record(session, by, "survey.delete_text", _subject(session, text), now, question=text.question)
    session.delete(text)
    public_changed(session)


def _subject(session: Session, text: FreeText) -> str:
    return f"survey {session.scalar(select(OpenedSurvey.key).where(OpenedSurvey.id == text.survey_id))}"


def tend(session: Session, settings: Settings, now: datetime) -> int:
    """Close what is over, empty the boxes, and forget which forms were sent; how many answers were taken out."""
    session.execute(delete(UsedForm).where(UsedForm.day < (now - FORMS_KEPT).astimezone(BERLIN).date()))
    taken = 0
    for survey in session.scalars(select(OpenedSurvey).order_by(OpenedSurvey.id)).all():
        ends = ends_at(survey.questionnaire)
        if survey.closed_at is None and ends is not None and now >= ends + GRACE:
            close_survey(session, survey, now, by=None)
        taken += _emptied(session, settings, survey, now)
    if taken:
        public_changed(session)
    return taken


def _emptied(session: Session, settings: Settings, survey: OpenedSurvey, now: datetime) -> int:
    try:
        with session.begin_nested():
            return box.empty(session, settings, survey, now) if box.waiting(session, survey) else 0
    except box.BoxLocked as error:
        log.error("survey_box_locked", extra={"survey": survey.key, "error": str(error)})  # noqa: TRY400 - it says all
        return 0


def forget_texts(session: Session, now: datetime) -> int:
    """Erase what was written in surveys that ended long ago; how many."""
    over = select(OpenedSurvey.id).where(OpenedSurvey.closed_at < now - TEXTS_KEPT)
    gone = delete(FreeText).where(FreeText.survey_id.in_(over)).returning(FreeText.id)
    return len(session.scalars(gone, execution_options={"synchronize_session": False}).all())


def remove_survey(session: Session, survey: OpenedSurvey) -> None:
    """Erase a survey with all its answers, as if it had never been opened: for demonstrations."""
    for table in (Answer, FreeText, SealedAnswer, UsedForm, Invitation):
        session.execute(delete(table).where(table.survey_id == survey.id))
    session.delete(survey)
    public_changed(session)


def answers(session: Session, survey: OpenedSurvey) -> Sequence[dict[str, object]]:
    """What was chosen, one mapping for each respondent, in an order that means nothing."""
    return session.scalars(select(Answer.content).where(Answer.survey_id == survey.id).order_by(Answer.id)).all()


def number_of_answers(session: Session, survey: OpenedSurvey) -> int:
    """How many answers have been counted; those in the box are not among them."""
    return session.scalar(select(func.count()).where(Answer.survey_id == survey.id)) or 0


def days(session: Session, survey: OpenedSurvey) -> list[tuple[date, int]]:
    """On which days how many answers were counted."""
    counted = select(Answer.day, func.count()).where(Answer.survey_id == survey.id).group_by(Answer.day)
    return [(day, number) for day, number in session.execute(counted.order_by(Answer.day))]
