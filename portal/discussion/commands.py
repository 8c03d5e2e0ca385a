"""`comments render|import`."""

from pathlib import Path

import click
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.clock import now
from portal.database import DatabaseCommands, db
from portal.declaration import operations as declaration
from portal.discussion import importing, wxr
from portal.discussion.models import Comment, CommentText
from portal.text.markdown import RENDERER_VERSION, commenters_html
from portal.web.caching import public_changed


@click.group(cls=DatabaseCommands)
def comments() -> None:
    """Comments: render them anew, take over those of the old site."""


@comments.command()
@click.option("--batch", type=click.IntRange(1), default=200, show_default=True, help="Texts in one transaction.")
def render(batch: int) -> None:
    """Render anew what an older version of the renderer has written. Interrupted, it goes on where it was."""
    session = db.session()
    done = changed = 0
    while rendered := render_batch(session, batch):
        session.commit()
        done += len(rendered)
        changed += sum(rendered)
    click.echo(f"{done} texts rendered by version {RENDERER_VERSION}; the HTML of {changed} has changed")


def render_batch(session: Session, size: int) -> list[bool]:
    """Render up to `size` texts of another version anew: for each whether its HTML changed; none if all is done."""
    outdated = select(CommentText).where(CommentText.renderer_version != RENDERER_VERSION).order_by(CommentText.id)
    texts = session.scalars(outdated.limit(size).with_for_update()).all()
    changed = [_render(text) for text in texts]
    session.flush()
    ids = [text.id for text, differs in zip(texts, changed, strict=True) if differs]
    shown = (CommentText.comment_id == Comment.id) & (CommentText.number == Comment.published_number)
    if session.scalar(select(CommentText.id).join(Comment, shown).where(CommentText.id.in_(ids)).limit(1)):
        public_changed(session)
    return changed


def _render(text: CommentText) -> bool:
    before, text.html = text.html, commenters_html(text.source)
    text.renderer_version = RENDERER_VERSION
    return text.html != before


@comments.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--revision", "number", type=click.IntRange(1), default=1, show_default=True, help="Fassung, zu der sie gehören."
)
@click.option("--thesis", "key", help="Bleibender Name der These. Sonst: zur Erklärung als Ganzes.")
@click.option(
    "--page", "pages", type=int, multiple=True, help="Nur von dieser Seite (mehrfach möglich). Sonst: von allen."
)
@click.option("--yes", is_flag=True, help="Übernehmen, ohne zu fragen.")
def import_file(file: Path, number: int, key: str | None, pages: tuple[int, ...], yes: bool) -> None:
    """Kommentare aus FILE übernehmen, einem Export aus WordPress (WXR).

    Zeigt erst, was verstanden wurde, und veröffentlicht dann, unter den alten Daten. Mail- und IP-Adressen werden nicht
    gelesen. Noch einmal übernommen wird nichts.
    """
    session = db.session()
    revision = declaration.revision(session, number)
    if revision is None:
        raise click.ClickException(f"Eine Fassung {number} ist nicht veröffentlicht.")
    if key is not None and revision.thesis(key) is None:
        keys = ", ".join(thesis.key for thesis in revision.theses)
        raise click.ClickException(f"Fassung {number} hat keine These {key}. Es gibt: {keys}")
    try:
        understood = importing.understand(wxr.read_export(_beginning_of(file)), now())
    except wxr.NotReadable as error:
        raise click.ClickException(str(error)) from error
    understood = understood.only(pages) if pages else understood
    new = len(understood.candidates) - len(importing.already_here(session, understood))
    # Nobody shall wait for the database while a human thinks about the question.
    session.rollback()
    _show(understood, new)
    if not new:
        click.echo("Es gibt nichts zu übernehmen.")
        return
    if not yes and not click.confirm(f"{new} Kommentare übernehmen und veröffentlichen?", default=False):
        click.echo("Nichts übernommen.")
        return
    revision = declaration.revision(session, number)
    if revision is not None:
        done = 0
        for part in understood.parts():
            done += importing.import_comments(session, part, revision, key, by=None, now=now())
            session.commit()
        click.echo(f"{done} Kommentare übernommen.")


def _beginning_of(file: Path) -> bytes:
    """Enough of a file to read it, or to see that it is too large."""
    with file.open("rb") as opened:
        return opened.read(wxr.LARGEST_FILE + 1)


def _show(understood: importing.Understood, new: int) -> None:
    click.echo(f"Website:            {understood.site}")
    for page in understood.pages:
        click.echo(f"Seite {page.number}:".ljust(20) + f"{page.comments} Kommentare, {page.title or 'ohne Titel'}")
    if understood.span:
        first, last = understood.span
        click.echo(f"Zeitraum:           {first:%d.%m.%Y} bis {last:%d.%m.%Y}")
    click.echo(f"Namen:              {understood.authors}")
    click.echo(f"Gesprächsfäden:     {understood.threads}")
    click.echo(f"Davon anders gehängt: {understood.reattached}")
    click.echo(f"Schon übernommen:   {len(understood.candidates) - new}")
    for code, count in understood.skipped.items():
        click.echo(f"Ausgelassen:        {count} × {importing.SKIPPED[code]}")


def init_app(app: Flask) -> None:
    """Offer the commands."""
    app.cli.add_command(comments)
