"""What is kept of those who comment, report, take a position, or are blocked, for the register."""

from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, delete, exists, func, or_, select
from sqlalchemy.orm import Session, selectinload

from portal.config import Settings
from portal.database import Base
from portal.declaration.models import Thesis
from portal.discussion import comments, positions
from portal.discussion.models import (
    PUBLISHED,
    REJECTED,
    RETURNED,
    Appeal,
    BlockedAddress,
    Comment,
    CommentText,
    DecisionStatement,
    ModerationDecision,
    PositionSheet,
    Report,
)
from portal.optin import operations as optin
from portal.personal_data import PersonalData
from portal.privacy import holds
from portal.privacy.models import LegalHold
from portal.web.caching import public_changed


def _moment(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


def _not_held(table: type[Base], row_id: Any) -> ColumnElement[bool]:
    held = select(LegalHold.row_id).where(LegalHold.table_name == table.__tablename__)
    return row_id.not_in(held)  # type: ignore[no-any-return]  # the column's type is the caller's


# Comments


def _export_comments(session: Session, address_key: str) -> list[dict[str, Any]]:
    return [
        {
            "id": comment.id,
            "status": comment.status,
            "name": comment.name,
            "email": comment.email,
            "capacity": comment.capacity,
            "language": comment.language,
            "notify_replies": comment.notify_replies,
            "revision": comment.revision.number,
            "thesis": comment.thesis_key,
            "in_reply_to": comment.parent_id,
            "public_text": comment.published_number,
            "texts": [
                {"number": text.number, "text": text.source, "written_at": text.written_at.isoformat()}
                for text in comment.texts
            ],
            "decisions": _decisions(session, comment),
            "appeals": _appeals(session, comment),
            "requested_at": comment.requested_at.isoformat(),
            "confirmed_at": _moment(comment.confirmed_at),
            "published_at": _moment(comment.published_at),
        }
        for comment in comments.comments_of(session, address_key)
    ]


def _decisions(session: Session, comment: Comment) -> list[dict[str, Any]]:
    found = select(ModerationDecision).where(ModerationDecision.comment_id == comment.id)
    return [
        {
            "text": decision.text_number,
            "decision": decision.act,
            "reason": decision.reason,
            "statement": decision.statement.text if decision.statement else None,
            "automated": decision.automated,
            "at": decision.at.isoformat(),
        }
        for decision in session.scalars(found.order_by(ModerationDecision.id))
    ]


def _appeals(session: Session, comment: Comment) -> list[dict[str, Any]]:
    return [
        {
            "text": appeal.text,
            "filed_at": appeal.filed_at.isoformat(),
            "status": appeal.status,
            "answer": appeal.answer,
            "decided_at": _moment(appeal.decided_at),
        }
        for appeal in session.scalars(select(Appeal).where(Appeal.comment_id == comment.id).order_by(Appeal.id))
    ]


def _erase_comments(session: Session, address_key: str, now: datetime) -> None:
    comments.delete_comments(session, comments.comments_of(session, address_key), now)


def _purge_comments(session: Session, now: datetime, settings: Settings) -> int:
    """Remove what was taken back under a hold that is lifted, and what came to nothing and nobody can object to now.

    Of a comment that is public only the refused, the replaced and what was said about them goes.
    """
    before = now - timedelta(days=settings.appeal_days)
    withdrawn = select(Comment).where(Comment.withdrawn_at.is_not(None), _free_of_holds())
    unwanted = list(session.scalars(withdrawn)) + list(session.scalars(_settled_before(before, RETURNED, REJECTED)))
    public = [comment for comment in unwanted if comment.published_number is not None]
    for comment in public:
        _back_to_public(session, comment)
    comments.delete_comments(session, [one for one in unwanted if one.published_number is None], now)
    return len(unwanted) + _purge_texts(session, before) + _purge_words(session, before)


def _free_of_holds() -> ColumnElement[bool]:
    held = (
        exists().where(table.comment_id == Comment.id, table.id == LegalHold.row_id, LegalHold.table_name == name)
        for table, name in ((Report, Report.__tablename__), (Appeal, Appeal.__tablename__))
    )
    return _not_held(Comment, Comment.id) & ~or_(*held)


def _settled_before(before: datetime, *states: str) -> Select[Comment]:
    """Comments in these states on which nothing has been decided or objected to since."""
    settled = (Comment.confirmed_at < before, ~_decided_since(before), ~_objected_since(before))
    return select(Comment).where(Comment.status.in_(states), *settled, _free_of_holds())


def _decided_since(moment: datetime) -> ColumnElement[bool]:
    return exists().where(ModerationDecision.comment_id == Comment.id, ModerationDecision.at >= moment)


def _objected_since(moment: datetime) -> ColumnElement[bool]:
    """Whether an objection is open, or was decided since."""
    return exists().where(
        Appeal.comment_id == Comment.id, or_(Appeal.decided_at.is_(None), Appeal.decided_at >= moment)
    )


def _back_to_public(session: Session, comment: Comment) -> None:
    """Forget the newer text that was refused; the public one is the latest again."""
    comment.texts[:] = [text for text in comment.texts if text.number <= (comment.published_number or 0)]
    comment.latest_number = comment.published_number or comment.latest_number
    comment.status = PUBLISHED
    session.flush()


def _purge_texts(session: Session, before: datetime) -> int:
    """Remove texts that were replaced, when nothing that was decided is open to objection any more."""
    decided, objected = _decided_since(before), _objected_since(before)
    replaced = (
        select(CommentText.id)
        .join(Comment, Comment.id == CommentText.comment_id)
        .where(
            CommentText.number < Comment.latest_number,
            CommentText.number != func.coalesce(Comment.published_number, 0),
            CommentText.written_at < before,
            ~decided,
            ~objected,
            _free_of_holds(),
        )
    )
    return _remove(session, CommentText, replaced)


def _purge_words(session: Session, before: datetime) -> int:
    """Remove what was said about decisions and objections that nobody can object to any more."""
    kept = select(Comment.id).where(~_free_of_holds())
    appealed = exists().where(Appeal.decision_id == ModerationDecision.id)
    statements = select(ModerationDecision.id).where(
        ModerationDecision.at < before, ~appealed, ModerationDecision.comment_id.not_in(kept)
    )
    appeals = select(Appeal.id).where(Appeal.decided_at < before, Appeal.comment_id.not_in(kept))
    return _remove(session, Appeal, appeals) + _remove(session, DecisionStatement, statements)


def _remove(session: Session, table: type[Base], which: Select[int]) -> int:
    key = table.__mapper__.primary_key[0]
    return len(session.execute(delete(table).where(key.in_(which)).returning(key)).all())


COMMENTS = PersonalData(
    table=Comment,
    title=_l("Kommentare"),
    purpose=_l(
        "Damit Ihr Kommentar nach der Freigabe öffentlich bei der Erklärung steht, damit die Redaktion ihn prüfen und"
        " ihre Entscheidungen begründen kann, und damit Sie widersprechen können."
    ),
    legal_basis=_l(
        "Ihre ausdrückliche Einwilligung, Art. 6 Abs. 1 Buchst. a und Art. 9 Abs. 2 Buchst. a DSGVO; für Begründungen"
        " und Widersprüche unsere Pflichten aus Art. 17 und 20 der Verordnung (EU) 2022/2065"
    ),
    retention=_l(
        "Bis Sie den Kommentar zurückziehen; dann löschen wir ihn sofort, und wenn andere darauf geantwortet haben,"
        " bleibt seine Stelle ohne Namen und Text. Unbestätigte Kommentare löschen wir nach der Frist, die in der Mail"
        " steht; abgelehnte und zurückgegebene, überholte Fassungen, Begründungen und Widersprüche, wenn die Frist für"
        " einen Widerspruch vorbei ist (wenigstens sechs Monate nach der letzten Entscheidung). Wie oft entschieden"
        " wurde und aus welchem Grund, bleibt als Zahl, ohne Namen und Text."
    ),
    fields=_l(
        "Name oder Pseudonym, E-Mail-Adresse, freiwillig die Rolle, der Text in allen Fassungen, Entscheidungen der"
        " Redaktion mit Begründung, Widersprüche, und ob Sie von Antworten hören wollen"
    ),
    export=_export_comments,
    erase=_erase_comments,
    purge=_purge_comments,
    card="discussion/_card_comment.html",
)


# Reports


def _reports_of(session: Session, address_key: str) -> list[Report]:
    return list(session.scalars(select(Report).where(Report.address_key == address_key).order_by(Report.id)))


def _export_reports(session: Session, address_key: str) -> list[dict[str, Any]]:
    return [
        {
            "id": report.id,
            "comment": report.comment_id,
            "reason": report.reason,
            "explanation": report.explanation,
            "name": report.name,
            "email": report.email,
            "language": report.language,
            "status": report.status,
            "answer": report.answer,
            "reported_at": report.reported_at.isoformat(),
            "decided_at": _moment(report.decided_at),
        }
        for report in _reports_of(session, address_key)
    ]


def _erase_reports(session: Session, address_key: str, _now: datetime) -> None:
    """A decided report goes; an open one stays to be decided, like one that never had a name."""
    for report in _reports_of(session, address_key):
        if holds.is_held(session, report):
            continue
        if report.decided_at is None:
            report.name = report.email = report.address_key = report.submission = None
        else:
            session.delete(report)
    session.flush()


def _purge_reports(session: Session, now: datetime, settings: Settings) -> int:
    before = now - timedelta(days=settings.appeal_days)
    old = select(Report.id).where(Report.decided_at < before, _not_held(Report, Report.id))
    return _remove(session, Report, old.join(Comment).where(_not_held(Comment, Comment.id)))


REPORTS = PersonalData(
    table=Report,
    title=_l("Meldungen von Kommentaren"),
    purpose=_l(
        "Damit die Redaktion prüfen kann, was Sie gemeldet haben, und Ihnen ihre Entscheidung mitteilt, wenn Sie eine"
        " Adresse angeben."
    ),
    legal_basis=_l(
        "Unsere Pflicht, Meldungen anzunehmen und zu beantworten, Art. 6 Abs. 1 Buchst. c DSGVO mit Art. 16 der"
        " Verordnung (EU) 2022/2065"
    ),
    retention=_l(
        "Bis wenigstens sechs Monate nach der Entscheidung, solange über sie gestritten werden kann. Löschen Sie alles,"
        " bleibt eine offene Meldung ohne Namen und Adresse, bis über sie entschieden ist. Wer den Kommentar"
        " geschrieben hat, erfährt nicht, wer ihn gemeldet hat."
    ),
    fields=_l("Grund und Begründung, freiwillig Name und E-Mail-Adresse, die Entscheidung"),
    export=_export_reports,
    erase=_erase_reports,
    purge=_purge_reports,
    card="discussion/_card_report.html",
)


# Positions


def _sheets_of(session: Session, address_key: str) -> list[PositionSheet]:
    mine = select(PositionSheet).where(PositionSheet.address_key == address_key).order_by(PositionSheet.id)
    return list(session.scalars(mine.options(selectinload(PositionSheet.positions))))


def _export_sheets(session: Session, address_key: str) -> list[dict[str, Any]]:
    return [
        {
            "id": sheet.id,
            "status": sheet.status,
            "email": sheet.email,
            "language": sheet.language,
            "revision": sheet.revision.number,
            "positions": [_position(thesis, stance) for thesis, stance in positions.stances_of(sheet)],
            "requested_at": sheet.requested_at.isoformat(),
            "confirmed_at": _moment(sheet.confirmed_at),
        }
        for sheet in _sheets_of(session, address_key)
    ]


def _position(thesis: Thesis, stance: str) -> dict[str, Any]:
    return {"thesis": thesis.key, "number": thesis.position, "stance": stance}


def _erase_sheets(session: Session, address_key: str, now: datetime) -> None:
    for sheet in _sheets_of(session, address_key):
        if holds.is_held(session, sheet):
            continue
        optin.withdraw(session, positions.PURPOSE, sheet.id, now)
        session.delete(sheet)
        session.flush()
        if sheet.status == positions.CONFIRMED:
            public_changed(session)


def _purge_nothing(_session: Session, _now: datetime, _settings: Settings) -> int:
    """What nobody confirms goes with its opt-in; what somebody has said counts until it is taken back."""
    return 0


SHEETS = PersonalData(
    table=PositionSheet,
    title=_l("Standpunkte zu den Thesen"),
    purpose=_l("Damit gezählt werden kann, wie viele einer These zustimmen oder nicht. Ihr Name gehört nicht dazu."),
    legal_basis=_l("Ihre ausdrückliche Einwilligung, Art. 6 Abs. 1 Buchst. a und Art. 9 Abs. 2 Buchst. a DSGVO"),
    retention=_l("Bis Sie Ihre Standpunkte löschen. Unbestätigte löschen wir nach der Frist, die in der Mail steht."),
    fields=_l("E-Mail-Adresse, Sprache, zu jeder These Zustimmung, Ablehnung oder Unsicherheit"),
    export=_export_sheets,
    erase=_erase_sheets,
    purge=_purge_nothing,
    card="discussion/_card_positions.html",
)


# Blocked addresses


def _export_blocks(session: Session, address_key: str) -> list[dict[str, Any]]:
    blocked = session.get(BlockedAddress, address_key)
    return [{"reason": blocked.reason, "at": blocked.at.isoformat()}] if blocked else []


def _keep_blocks(_session: Session, _address_key: str, _now: datetime) -> None:
    """A block that its owner could lift by asking for erasure would be none; the register says so (GDPR Art. 21(1))."""


def _purge_blocks(session: Session, now: datetime, settings: Settings) -> int:
    before = now - timedelta(days=365 * settings.block_years)
    old = delete(BlockedAddress).where(BlockedAddress.at < before).returning(BlockedAddress.address_key)
    return len(session.scalars(old).all())


BLOCKS = PersonalData(
    table=BlockedAddress,
    title=_l("Sperren"),
    purpose=_l(
        "Damit von einer Adresse, von der mehrfach gegen die Moderationsregeln verstoßen wurde, keine Kommentare mehr"
        " kommen."
    ),
    legal_basis=_l("Unser berechtigtes Interesse an einer Diskussion ohne Missbrauch, Art. 6 Abs. 1 Buchst. f DSGVO"),
    retention=_l(
        "Bis die Redaktion die Sperre aufhebt, höchstens zwei Jahre, wenn der Betreiber nichts anderes einstellt. Die"
        " Sperre bleibt auch, wenn Sie alles andere löschen; Sie können ihr bei der Redaktion widersprechen."
    ),
    fields=_l("Eine Prüfsumme der Adresse, aus der sich die Adresse nicht zurückrechnen lässt, Grund und Zeitpunkt"),
    export=_export_blocks,
    erase=_keep_blocks,
    purge=_purge_blocks,
    card="discussion/_card_block.html",
)

REGISTER = (COMMENTS, REPORTS, SHEETS, BLOCKS)
