"""A discussion about two revisions, in which everything occurs that a synopsis has to show. All of it is made up."""

from datetime import date, timedelta

from sqlalchemy.orm import Session

from portal.declaration.models import Revision
from portal.declaration.operations import publish
from portal.declaration.source import RevisionSource, TextSource, ThesisSource
from portal.discussion.models import DELETED, REJECTED, WAITING, Comment, OfficialAnswer, Outcome
from portal.organisers.models import Organiser
from tests.discussion.written import NOON, edited, organiser, written

LONG = (
    "Bei uns ist das seit zwei Jahren so, und es hat gedauert, bis alle damit zurechtkamen. Am Anfang fehlten Geräte,"
    " dann fehlten Regeln, und zuletzt fehlte die Zeit, über beides zu reden.\n\nWas geholfen hat: feste Zeiten, in"
    " denen alle erreichbar sind, und feste Zeiten, in denen es niemand sein muss. Beides gehört meiner Meinung nach"
    " in diese These.\n\n- Erreichbarkeit regeln\n- Nichterreichbarkeit auch"
)

SECRET = "Das darf niemand lesen."
"""Stands in every text that is not published."""


def _revision(session: Session, number: int, theses: dict[str, tuple[str, str]]) -> Revision:
    texts = {
        language: TextSource(
            language=language,
            title=f"{title} {number}",
            dated=date(2026, 3 * number, 1),
            label="summary",
            note="",
            origin="",
            preamble=f"{title}.",
            theses=tuple(ThesisSource(key, heading, text) for key, (heading, text) in theses.items()),
            closing="",
        )
        for language, title in (("de", "Beispielerklärung, Fassung"), ("en", "Sample declaration, revision"))
    }
    return publish(session, RevisionSource(number, texts), NOON - timedelta(days=90 - 30 * number))


def seed(session: Session) -> list[Comment]:
    """Two revisions, an organiser, and comments of every kind. Returns those that are public."""
    first = _revision(
        session,
        1,
        {
            "ort": ("Arbeiten außerhalb des Büros", "Wo es geht, soll man **außerhalb des Büros** arbeiten können."),
            "technik": ("Technik, die hilft", "Technik soll den Menschen dienen.\n\nNicht umgekehrt."),
            "alt": ("Was entfällt", "Diese These steht nur in der ersten Fassung."),
        },
    )
    second = _revision(
        session,
        2,
        {
            "technik": ("Technik, die hilft", "Technik soll den Menschen dienen.\n\nNicht umgekehrt."),
            "ort": (
                "Arbeiten außerhalb des Büros",
                "Überall, wo eine Leistung es zulässt, soll man außerhalb arbeiten können.",
            ),
            "neu": ("Zeit für Menschen", "Was die Technik an Zeit spart, gehört den Menschen."),
        },
    )
    by = organiser(session, "editor", name="Edda Entwurf")
    day = timedelta(days=1)
    root = written(
        session, first, text=LONG, name="Ada Beispiel", thesis="ort", capacity="practice", at=NOON - 40 * day
    )
    reply = written(session, first, text="Das sehen wir auch so.", name="Bert Muster", parent=root, at=NOON - 39 * day)
    deep = written(session, first, text="Und wer zahlt das?\nWir jedenfalls nicht.", name="=HYPERLINK(1)", parent=reply)
    english = written(
        session,
        second,
        text="Same here, everywhere.",
        name="Charlotte Sample",
        thesis="ort",
        language="en",
        capacity="research",
    )
    orphan = written(
        session, first, text="Schade, dass das wegfällt.", name="Dora Demo", thesis="alt", at=NOON - 30 * day
    )
    whole = written(session, second, text="+ Insgesamt gelungen.", name="Emil Entwurf", thesis=None, capacity="council")
    gone = written(session, second, DELETED, thesis="technik")
    under = written(session, second, text="Darauf antworte ich noch.", name="Frida Frei", parent=gone)
    public = [root, reply, deep, english, orphan, whole, under]

    written(session, second, WAITING, text=SECRET, thesis="neu")
    written(session, second, REJECTED, text=SECRET, thesis="technik")
    edited(session, whole, SECRET)

    answer(session, root, by, "Danke! Den Satz zu **Erreichbarkeit** nehmen wir auf.\n\nDie Liste auch.")
    settle(session, root, by, "partly", "Die feste Zeit steht jetzt darin, die Liste nicht.", second)
    settle(session, orphan, by, "not_taken_up", "Die These ist entfallen, weil sie in der ersten aufgeht.")
    return public


def answer(session: Session, comment: Comment, by: Organiser, source: str) -> None:
    """The organisers' answer, in Markdown."""
    session.add(OfficialAnswer(comment_id=comment.id, source=source, by_id=by.id, at=NOON))
    session.flush()


def settle(
    session: Session, comment: Comment, by: Organiser, outcome: str, reason: str, revision: Revision | None = None
) -> None:
    """What became of a comment."""
    row = Outcome(comment_id=comment.id, outcome=outcome, reason=reason, by_id=by.id, at=NOON)
    row.revision = revision
    session.add(row)
    session.flush()
