"""Taking over comments from a WordPress export: first what would happen, then the rows."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.database import take_turns
from portal.declaration.models import Revision
from portal.discussion.models import APPROVE, DEEPEST, PUBLISHED, WAITING, Comment, CommentText, ModerationDecision
from portal.discussion.wxr import Export, WordPressComment, WordPressPage, plain
from portal.organisers import audit
from portal.text.lookalikes import mixes_scripts
from portal.text.markdown import MAX_COMMENT, RENDERER_VERSION, commenters_html
from portal.text.normalise import multi_line, single_line
from portal.web.caching import public_changed

LONGEST_HTML = 5 * MAX_COMMENT
LONGEST_NAME = 80
NAMELESS = "Ohne Namen"
AT_ONCE = 500

SKIPPED: dict[str, LazyString] = {
    "page": _l("Die Seite, auf der er steht, war nicht öffentlich."),
    "kind": _l("Er ist ein Pingback oder Trackback, kein Kommentar."),
    "spam": _l("Er war als Spam gekennzeichnet."),
    "trash": _l("Er lag im Papierkorb."),
    "unapproved": _l("Er war nicht freigegeben."),
    "undated": _l("Er hat kein lesbares Datum."),
    "empty": _l("Er enthält keinen Text."),
    "long": _l("Er ist länger als 4.000 Zeichen."),
    "name": _l("Sein Name mischt Buchstaben mehrerer Schriften und könnte für einen anderen gehalten werden."),
    "twice": _l("Er steht zweimal in der Datei."),
}
"""Why a comment of an export is not taken over."""


@dataclass(frozen=True)
class Candidate:
    """A comment that can be taken over, as it would stand here."""

    key: str
    """Where it stood: blog and number. Imported twice, it is still one comment."""
    page: int
    name: str
    text: str
    at: datetime
    parent: str | None
    """The key of the comment it replies to, never deeper than replies go here."""
    reattached: bool
    """Whether it stood deeper in its thread, or under a comment that is not taken over."""


@dataclass(frozen=True)
class Page:
    """A page of the old site, and how many of its comments can be taken over."""

    number: int
    title: str
    comments: int


@dataclass(frozen=True)
class Understood:
    """What an export holds for us."""

    site: str
    pages: tuple[Page, ...]
    candidates: tuple[Candidate, ...]
    """Each after the one it replies to."""
    skipped: Mapping[str, int]
    """How many comments are not taken over, by code of `SKIPPED`."""

    @property
    def authors(self) -> int:
        return len({one.name.casefold() for one in self.candidates})

    @property
    def threads(self) -> int:
        return sum(one.parent is None for one in self.candidates)

    @property
    def reattached(self) -> int:
        return sum(one.reattached for one in self.candidates)

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """When the first and the last comment were written."""
        moments = [one.at for one in self.candidates]
        return (min(moments), max(moments)) if moments else None

    def only(self, pages: Iterable[int]) -> "Understood":
        """The same without the comments of other pages."""
        kept = set(pages)
        return Understood(
            self.site,
            tuple(page for page in self.pages if page.number in kept),
            tuple(one for one in self.candidates if one.page in kept),
            self.skipped,
        )

    def parts(self) -> Iterator["Understood"]:
        """The same, some comments at a time, so that nobody else waits for the database until all are written."""
        for start in range(0, len(self.candidates), AT_ONCE):
            yield replace(self, candidates=self.candidates[start : start + AT_ONCE])

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON values, for the page that asks whether to go on."""
        candidates = [{**vars(one), "at": one.at.isoformat()} for one in self.candidates]
        pages = [vars(page) for page in self.pages]
        return {"site": self.site, "pages": pages, "candidates": candidates, "skipped": dict(self.skipped)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Understood":
        """What `as_json` gave."""
        candidates = (Candidate(**{**one, "at": datetime.fromisoformat(one["at"])}) for one in values["candidates"])
        pages = (Page(**page) for page in values["pages"])
        return cls(values["site"], tuple(pages), tuple(candidates), values["skipped"])


def understand(export: Export, now: datetime) -> Understood:
    """What of an export can be taken over, and what not."""
    skipped: Counter[str] = Counter()
    seen: set[int] = set()
    candidates: list[Candidate] = []
    pages: list[Page] = []
    for page in export.pages:
        taken: dict[int, _Taken] = {}
        for comment in page.comments:
            found = "twice" if comment.id in seen else _taken(page, comment, now)
            seen.add(comment.id)
            if isinstance(found, str):
                skipped[found] += 1
            else:
                taken[comment.id] = found
        candidates += _in_threads(export.site, page, taken)
        pages.append(Page(page.id, single_line(page.title)[:120], len(taken)))
    return Understood(export.site, tuple(pages), tuple(candidates), dict(skipped))


def already_here(session: Session, understood: Understood) -> set[str]:
    """The keys of those that were imported before."""
    keys = [one.key for one in understood.candidates]
    found: set[str] = set()
    for start in range(0, len(keys), AT_ONCE):
        some = select(Comment.imported_from).where(Comment.imported_from.in_(keys[start : start + AT_ONCE]))
        found.update(key for key in session.scalars(some) if key)
    return found


def import_comments(
    session: Session,
    understood: Understood,
    revision: Revision,
    thesis_key: str | None,
    *,
    by: int | None,
    now: datetime,
) -> int:
    """Publish what was understood and is not here yet, under its old dates; the number of new comments.

    Who imports answers for it as for an approval: there is one decision for each, by that organiser, or automated
    where a command imports. Nobody can be asked or told: no address comes along. Of what has `parts`, each is to be
    committed before the next.
    """
    # Rendering takes most of the time. Whoever wants to write something else does not wait for it.
    texts = {one.key: _text(one) for one in understood.candidates}
    take_turns(session, "comments: import")
    here = already_here(session, understood)
    rows: dict[str, Comment] = {}
    for one in understood.candidates:
        if one.key not in here:
            parent = _parent(session, rows, one.parent)
            rows[one.key] = _row(one, texts[one.key], revision, thesis_key, parent)
            session.add(rows[one.key])
    session.flush()
    session.add_all(_decision(comment, by, now) for comment in rows.values())
    if rows:
        public_changed(session)
        audit.record(session, by, "comments.import", f"revision {revision.number}", now, comments=len(rows))
    session.flush()
    return len(rows)


def _text(one: Candidate) -> CommentText:
    return CommentText(
        number=1,
        source=one.text,
        html=str(commenters_html(one.text)),
        renderer_version=RENDERER_VERSION,
        written_at=one.at,
    )


def _row(
    one: Candidate, text: CommentText, revision: Revision, thesis_key: str | None, parent: Comment | None
) -> Comment:
    return Comment(
        revision=parent.revision if parent else revision,
        thesis_key=parent.thesis_key if parent else thesis_key,
        parent=parent,
        depth=parent.depth + 1 if parent else 0,
        status=PUBLISHED,
        latest_number=1,
        published_number=1,
        name=one.name,
        language="de",
        imported_from=one.key,
        requested_at=one.at,
        confirmed_at=one.at,
        published_at=one.at,
        texts=[text],
    )


def _decision(comment: Comment, by: int | None, now: datetime) -> ModerationDecision:
    return ModerationDecision(
        comment_id=comment.id,
        text_number=1,
        act=APPROVE,
        by_id=by,
        automated=by is None,
        status_before=WAITING,
        at=now,
    )


def _parent(session: Session, rows: Mapping[str, Comment], key: str | None) -> Comment | None:
    """The comment to reply to, new or imported before; None if it can no longer be read."""
    if key is None:
        return None
    parent = rows.get(key) or session.scalar(select(Comment).where(Comment.imported_from == key))
    if parent is None or parent.published_number is None or parent.depth >= DEEPEST:
        return None
    return parent


class _Taken(NamedTuple):
    name: str
    text: str
    at: datetime


def _taken(page: WordPressPage, comment: WordPressComment, now: datetime) -> "_Taken | str":
    """The comment as it would stand here, or the code of why it will not."""
    if reason := _refused(page, comment):
        return reason
    if comment.at is None or comment.at > now:
        return "undated"
    name = _name(comment.author)
    if mixes_scripts(name):
        return "name"
    if len(comment.html) > LONGEST_HTML:
        return "long"
    text = multi_line(plain(comment.html))
    if len(text) > MAX_COMMENT:
        return "long"
    return _Taken(name, text, comment.at) if text else "empty"


def _refused(page: WordPressPage, comment: WordPressComment) -> str | None:
    """Why this comment was not public, or is none."""
    if page.protected or page.status not in {"publish", ""}:
        return "page"
    if comment.kind not in {"", "comment"}:
        return "kind"
    if comment.approved in {"1", "approve", "approved"}:
        return None
    return {"spam": "spam", "trash": "trash", "post-trashed": "trash"}.get(comment.approved, "unapproved")


def _in_threads(site: str, page: WordPressPage, taken: Mapping[int, "_Taken"]) -> list[Candidate]:
    """The comments of one page, parents first, none deeper than replies go here."""
    parents = {comment.id: comment.parent for comment in page.comments}
    above = _kept_above(parents, taken)
    return [
        Candidate(
            key=_key(site, number),
            page=page.id,
            name=one.name,
            text=one.text,
            at=one.at,
            parent=_key(site, above[number][-1]) if above[number] else None,
            reattached=parents[number] != (above[number][-1] if above[number] else 0),
        )
        for number, one in sorted(taken.items(), key=lambda item: (len(above[item[0]]), item[0]))
    ]


def _kept_above(parents: Mapping[int, int], taken: Container[int]) -> dict[int, tuple[int, ...]]:
    """For each comment those that it stands under here, the topmost first, and no more than replies may go deep.

    Those that are not taken over are left out, and a circle is cut open. Each comment is looked at once.
    """
    found: dict[int, tuple[int, ...]] = {}

    def with_itself(number: int) -> tuple[int, ...]:
        return (*found[number], number)[:DEEPEST] if number in taken else found[number]

    for start in parents:
        chain: dict[int, None] = {}
        number = start
        while number in parents and number not in found and number not in chain:
            chain[number] = None
            number = parents[number]
        path = with_itself(number) if number in found else ()
        for one in reversed(chain):
            found[one] = path
            path = with_itself(one)
    return found


def _key(site: str, number: int) -> str:
    return f"{site}#comment-{number}"


def _name(author: str) -> str:
    return single_line(author)[:LONGEST_NAME].strip() or NAMELESS
