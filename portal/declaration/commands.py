"""`flask declaration import|publish|check`: from an organiser's document to a published revision.

These commands speak German, like the organisers who use them; a terminal has no language of its own to follow.
"""

from datetime import date
from pathlib import Path

import click
from sqlalchemy.exc import IntegrityError

from portal.clock import BERLIN, now
from portal.config import current_settings
from portal.content import ContentError
from portal.database import DatabaseCommands, db
from portal.declaration import importing, operations, source
from portal.declaration.models import LABELS, ORIGINAL
from portal.declaration.source import RevisionSource, TextSource
from portal.language import LANGUAGES

declaration = DatabaseCommands("declaration", help="Fassungen der Erklärung einlesen, veröffentlichen und prüfen.")

NOTE = {
    "de": "Der Wortlaut wurde aus einem Dokument der Veranstalter:innen übernommen.",
    "en": "The wording was taken from a document of the organisers.",
}
LANGUAGE_NAMES = {"de": "Deutsch", "en": "Englisch"}


def _root() -> Path:
    return current_settings().content / "declaration"


@declaration.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--number", type=click.IntRange(1), help="Nummer der Fassung. Sonst: die nächste.")
@click.option("--language", type=click.Choice(LANGUAGES), default="de", show_default=True)
@click.option("--title", help="Titel, wenn keiner im Dokument steht.")
@click.option("--label", type=click.Choice(LABELS), help="summary, original oder revised. Sonst: original.")
@click.option("--date", "dated", type=click.DateTime(["%Y-%m-%d", "%d.%m.%Y"]), help="Tag der Fassung. Sonst: heute.")
@click.option("--note", help="Ein Satz, der sagt, was sich geändert hat.")
@click.option("--origin", default="", help="Ein Satz, der sagt, woher der Wortlaut kommt.")
@click.option("--write", "--yes", "write", is_flag=True, help="Schreiben, ohne zu fragen.")
def import_file(
    file: Path,
    number: int | None,
    language: str,
    title: str | None,
    label: str | None,
    dated: date | None,
    note: str | None,
    origin: str,
    write: bool,
) -> None:
    """FILE (.docx, .txt oder .md mit nummerierten Thesen) als neue Fassung einlesen.

    Zeigt erst, was verstanden wurde, und schreibt dann content/declaration/<Nummer>/<Sprache>.md.
    """
    try:
        understood = importing.understand(importing.read_document(file))
        number = number or _next_number(language)
        earlier = [source.read_revision(_root(), one) for one in source.numbers(_root()) if one < number]
        other = _other_language(number, language)
    except ContentError as error:
        raise click.ClickException(str(error)) from error
    published = operations.latest_number(db.session())
    # Nobody shall wait for the database while a human thinks about the question.
    db.session.rollback()
    if number <= published:
        raise click.ClickException(
            f"Fassung {number} ist schon veröffentlicht und wird nicht mehr geändert. "
            f"Bitte als Fassung {published + 1} einlesen (--number)."
        )
    previous = earlier[-1].texts.get(language) if earlier else None
    text = TextSource(
        language=language,
        title=title or understood.title or (previous.title if previous else ""),
        dated=other.dated if other else _day(dated),
        label=other.label if other else label or ORIGINAL,
        note=note or NOTE[language],
        origin=origin,
        preamble=understood.preamble,
        theses=importing.with_keys(
            understood.theses,
            translated=other.theses if other else (),
            previous=previous.theses if previous else (),
            taken=importing.keys_ever(earlier),
        ),
        closing=understood.closing,
    )
    path = _root() / str(number) / f"{language}.md"
    content = source.as_markdown(text)
    _show(number, text, previous, other, understood.warnings)
    try:
        # What is written must be readable again; a title that is missing, for example, is said here.
        source.parse(content, language, str(path))
    except ContentError as error:
        raise click.ClickException(
            f"So kann ich es nicht schreiben. {error}\nMit --title lässt sich ein Titel angeben."
        ) from error
    exists = path.exists()
    if not write and not click.confirm(f"{path} {'überschreiben' if exists else 'schreiben'}?", default=False):
        click.echo("Nichts geschrieben.")
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8", newline="\n")
    click.echo(f"{'Überschrieben' if exists else 'Geschrieben'}: {path}")
    missing = [name for name in LANGUAGES if not (path.parent / f"{name}.md").exists()]
    for name in missing:
        click.echo(f"Es fehlt noch: {LANGUAGE_NAMES[name]} ({name}.md).")
    if not missing:
        click.echo(f"Danach: flask --app wsgi declaration publish {number}")


def _next_number(language: str) -> int:
    """The first unpublished folder without this language, or the number after the last folder."""
    numbers = source.numbers(_root())
    published = operations.latest_number(db.session())
    for number in numbers:
        if number > published and not (_root() / str(number) / f"{language}.md").exists():
            return number
    return max([*numbers, published], default=0) + 1


def _other_language(number: int, language: str) -> TextSource | None:
    texts = (source.read_text(_root(), number, name) for name in LANGUAGES if name != language)
    return next((text for text in texts if text is not None), None)


def _day(dated: date | None) -> date:
    moment = dated or now().astimezone(BERLIN)
    return date(moment.year, moment.month, moment.day)


def _show(
    number: int, text: TextSource, previous: TextSource | None, other: TextSource | None, warnings: tuple[str, ...]
) -> None:
    click.echo(
        f"Fassung {number}, {LANGUAGE_NAMES[text.language]}, vom {text.dated:%d.%m.%Y}, Kennzeichen: {text.label}"
    )
    click.echo(f"Titel:     {text.title or '(keiner gefunden)'}")
    click.echo(f"Änderung:  {text.note}")
    click.echo(f"Präambel:  {importing.shortened(text.preamble) or '(keine)'}")
    known = set(previous.keys) if previous else set()
    for place, thesis in enumerate(text.theses, 1):
        origin = ""
        if other is None and previous:
            origin = " (wie in der vorigen Fassung)" if thesis.key in known else " (neu)"
        click.echo(f"These {place}:".ljust(11) + (thesis.heading or "(ohne Überschrift)"))
        click.echo(f"           {importing.shortened(thesis.text)}")
        click.echo(f"           bleibender Name: {thesis.key}{origin}")
    click.echo(f"Schluss:   {importing.shortened(text.closing) or '(keiner)'}")
    if other and len(other.theses) != len(text.theses):
        click.echo(
            f"Achtung: {other.language}.md hat {len(other.theses)} Thesen, dieses Dokument {len(text.theses)}. "
            "Die bleibenden Namen müssen vor dem Veröffentlichen angeglichen werden."
        )
    for gone in (key for key in (previous.keys if previous else ()) if key not in text.keys):
        click.echo(f"Entfallen: {gone}")
    for warning in warnings:
        click.echo(f"Achtung: {warning}")


@declaration.command()
@click.argument("number", type=click.IntRange(1), required=False)
@click.option("--all", "everything", is_flag=True, help="Jede noch nicht veröffentlichte Fassung, der Reihe nach.")
@click.option("--incomplete", is_flag=True, help="Auch ohne englischen Text. Er lässt sich nicht nachtragen.")
@click.option("--yes", is_flag=True, help="Veröffentlichen, ohne zu fragen.")
def publish(number: int | None, everything: bool, incomplete: bool, yes: bool) -> None:
    """Fassung NUMBER veröffentlichen; ohne Angabe die nächste. Das lässt sich nicht zurücknehmen."""
    published = operations.latest_number(db.session())
    waiting = [one for one in source.numbers(_root()) if one > published]
    numbers = waiting if everything else [number] if number else waiting[:1]
    if not numbers:
        click.echo("Es gibt nichts zu veröffentlichen.")
    for one in numbers:
        _publish(one, incomplete=incomplete, yes=yes)


def _publish(number: int, *, incomplete: bool, yes: bool) -> None:
    try:
        found = source.read_revision(_root(), number)
    except ContentError as error:
        raise click.ClickException(str(error)) from error
    objections = operations.objections(db.session(), found)
    known = operations.revision(db.session(), number)
    # Nobody shall wait for the database while a human thinks about the question.
    db.session.rollback()
    if objections:
        raise click.ClickException("\n".join(objections))
    if known is not None:
        click.echo(f"Fassung {number} ist schon veröffentlicht.")
        return
    _describe(found)
    missing = [name for name in LANGUAGES if name not in found.texts]
    if missing and not incomplete:
        raise click.ClickException(
            f"Es fehlt {missing[0]}.md, und nachtragen lässt es sich nicht. Bitte erst ergänzen, oder ausdrücklich "
            "ohne veröffentlichen: --incomplete"
        )
    if not yes and not click.confirm("Veröffentlichen? Danach lässt sich nichts mehr ändern.", default=False):
        click.echo("Nicht veröffentlicht.")
        raise click.exceptions.Exit(1)
    try:
        operations.publish(db.session(), found, now())
        db.session.commit()
    except (ContentError, IntegrityError) as error:
        # Somebody else was quicker.
        db.session.rollback()
        raise click.ClickException(f"Fassung {number} wurde nicht veröffentlicht: {error}") from error
    click.echo(f"Fassung {number} ist veröffentlicht.")


def _describe(found: RevisionSource) -> None:
    text = found.first
    languages = ", ".join(LANGUAGE_NAMES[name] for name in found.texts)
    click.echo(f"Fassung {found.number} vom {text.dated:%d.%m.%Y}: {text.title}")
    click.echo(f"Kennzeichen {text.label}, {languages}, SHA-256 {found.sha256}")
    click.echo(f"Änderung: {text.note}")
    for place, thesis in enumerate(text.theses, 1):
        words = importing.shortened(thesis.heading or thesis.text)
        click.echo(f"  {place}. {words} [{thesis.key}]")


@declaration.command()
def check() -> None:
    """Dateien und veröffentlichte Fassungen prüfen. Endet mit 1 und einer Zeile je Befund, wenn etwas nicht stimmt."""
    sources, findings = source.read_all(_root())
    findings += operations.check(db.session(), sources)
    for finding in findings:
        click.echo(finding)
    if findings:
        raise click.exceptions.Exit(1)
    click.echo(f"Alles in Ordnung: {len(sources)} Fassungen geprüft.")
