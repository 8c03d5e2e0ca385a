"""`flask survey check|open|close|invite|import|tend`. They speak German, as the portal's commands do."""

import shutil
from pathlib import Path
from typing import TextIO

import click
from email_validator import EmailNotValidError, validate_email
from flask import Flask
from sqlalchemy import select

from portal.addresses import current_addresses
from portal.clock import now
from portal.config import current_settings
from portal.content import ContentError
from portal.database import DatabaseCommands, db
from portal.language import LANGUAGES
from portal.survey import operations, questionnaire, reading, tables
from portal.survey.models import OpenedSurvey
from portal.survey.operations import AlreadyOpened, AlreadyOver, NotOpen
from portal.survey.questionnaire import External, Questionnaire

group = DatabaseCommands("survey", help="Umfragen prüfen, öffnen, schließen; zu ihnen einladen; Ergebnisse einlesen.")


@group.command("check")
def check() -> None:
    """Prüft alle Dateien. Endet mit 1 und einer Zeile je Befund, wenn etwas nicht stimmt."""
    found = [*wrong_files(), *changed_files()]
    for finding in found:
        click.echo(finding)
    if found:
        raise click.exceptions.Exit(1)
    click.echo("Alle Umfragen sind in Ordnung.")


def wrong_files() -> list[str]:
    """What is wrong with the files."""
    wrong = []
    for key in questionnaire.keys(reading.folder()):
        try:
            questionnaire.read(reading.folder(), key)
            tables.read(reading.folder() / key)
        except ContentError as error:
            wrong += str(error).splitlines()
    return wrong


def changed_files() -> list[str]:
    """Which files are no longer what is being answered."""
    opened = db.session.scalars(select(OpenedSurvey).order_by(OpenedSurvey.key))
    return [changed(one.key) for one in opened if reading.differs(one)]


def changed(key: str) -> str:
    """What is said when the file of a survey is no longer what is being answered."""
    return (
        f"{reading.folder() / key / questionnaire.FILE}: Diese Umfrage ist geöffnet, und ihr Fragebogen steht fest. Die"
        " Änderung wirkt nicht. Bitte die Datei zurücksetzen, oder eine neue Umfrage mit eigener Kennung anlegen."
    )


@group.command("open")
@click.argument("key")
@click.option("--yes", is_flag=True, help="Öffnen, ohne zu fragen.")
def open_survey(key: str, yes: bool) -> None:
    """Öffnet die Umfrage KEY. Ab jetzt steht ihr Fragebogen fest."""
    about = _ours(key)
    if operations.find(db.session(), key) is not None:
        raise _already_opened(key)
    # Nobody shall wait for the database while a human thinks about the question.
    db.session.rollback()
    click.echo(f"{about.title.de}: {len(about.questions)} Fragen auf {len(about.pages)} Seiten, SHA-256 {about.sha256}")
    if not yes and not click.confirm("Öffnen? Danach lässt sich am Fragebogen nichts mehr ändern.", default=False):
        raise click.ClickException("Nicht geöffnet.")
    try:
        operations.open_survey(db.session(), key, about, now(), by=None)
    except AlreadyOpened as error:
        raise _already_opened(key) from error
    except AlreadyOver as error:
        raise click.ClickException(
            "Der letzte Tag (closes) ist schon vorbei. Bitte in der Datei einen späteren eintragen."
        ) from error
    db.session.commit()
    click.echo("Geöffnet.")


@group.command("close")
@click.argument("key")
@click.option("--yes", is_flag=True, help="Schließen, ohne zu fragen.")
def close(key: str, yes: bool) -> None:
    """Schließt die Umfrage KEY für immer und löscht ihre Einladungen."""
    _opened(key)
    # Nobody shall wait for the database while a human thinks about the question.
    db.session.rollback()
    if not yes and not click.confirm("Schließen? Das lässt sich nicht zurücknehmen.", default=False):
        raise click.ClickException("Nicht geschlossen.")
    operations.close_survey(db.session(), _opened(key), now(), by=None)
    db.session.commit()
    click.echo("Geschlossen. Der Worker zählt gleich die letzten Antworten.")


@group.command("invite")
@click.argument("key")
@click.argument("file", type=click.File(encoding="utf-8-sig"))
@click.option("--language", type=click.Choice(LANGUAGES), default="de", show_default=True)
def invite(key: str, file: TextIO, language: str) -> None:
    """Lädt die Adressen in FILE, eine je Zeile, zur Umfrage KEY ein. Wer schon eingeladen ist, bekommt nichts."""
    survey = _opened(key)
    addresses = []
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            validate_email(line.strip(), check_deliverability=False)
        except EmailNotValidError as error:
            raise click.ClickException(f"Zeile {number} ist keine E-Mail-Adresse. Niemand wurde eingeladen.") from error
        addresses.append(current_addresses().identify(line.strip()))
    try:
        done = operations.invite(db.session(), survey, addresses, language, now(), by=None)
    except NotOpen as error:
        raise click.ClickException(
            "Zu dieser Umfrage wird nicht eingeladen: Sie ist geschlossen, oder alle dürfen antworten."
        ) from error
    db.session.commit()
    click.echo(f"Neu eingeladen: {done.new}. Schon eingeladen: {done.there_before}. Gesperrt: {done.suppressed}.")


@group.command("import")
@click.argument("key")
@click.argument("table_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("codebook_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Übernehmen, ohne zu fragen.")
def import_tables(key: str, table_file: Path, codebook_file: Path, yes: bool) -> None:
    """Übernimmt Ergebnistabellen (CSV und Codebuch) einer anderswo durchgeführten Umfrage. Zeigt sie vorher."""
    folder = reading.folder() / key
    if reading.elsewhere(key) is None:
        raise click.ClickException(f"{folder}: Tabellen lassen sich nur zu Umfragen mit kind: external einlesen.")
    try:
        found = tables.understood(table_file, codebook_file)
    except ContentError as error:
        raise click.ClickException(str(error)) from error
    for one in found:
        several = ", mehrere Antworten möglich" if one.multiple else ""
        click.echo(f"\n{one.words['de']} (n = {one.base}{several})")
        for answer in one.answers:
            click.echo(f"  {answer.count:>7}  {answer.words['de']}")
    exists = (folder / tables.TABLES).exists()
    tables_named = "1 Tabelle" if len(found) == 1 else f"{len(found)} Tabellen"
    question = f"{tables_named} {'an die Stelle der jetzigen setzen' if exists else 'veröffentlichen'}?"
    if not yes and not click.confirm(question, default=False):
        raise click.ClickException("Nichts übernommen.")
    # The codebook first: tables without it would be an error for whoever looks in between.
    shutil.copyfile(codebook_file, folder / tables.CODEBOOK)
    shutil.copyfile(table_file, folder / tables.TABLES)
    click.echo("Übernommen. Auf der Seite der Umfrage stehen sie spätestens in einer Minute.")


@group.command("tend")
def tend() -> None:
    """Schließt, was zu Ende ist, und zählt, was in den Antwortkästen liegt; der Worker tut es jede Minute."""
    taken = operations.tend(db.session(), current_settings(), now())
    db.session.commit()
    click.echo(f"Neu gezählte Antworten: {taken}")


def _opened(key: str) -> OpenedSurvey:
    survey = operations.find(db.session(), key)
    if survey is None:
        _ours(key)
        raise click.ClickException(f"Die Umfrage „{key}“ ist noch nicht geöffnet. Erst öffnen: survey open {key}")
    return survey


def _ours(key: str) -> Questionnaire:
    """The questionnaire in the file; the error says what is wrong with it, or that there is none."""
    try:
        about = questionnaire.read(reading.folder(), key)
    except ContentError as error:
        raise click.ClickException(str(error)) from error
    if isinstance(about, External):
        raise click.ClickException("Diese Umfrage wurde anderswo durchgeführt; zu öffnen gibt es nichts.")
    return about


def _already_opened(key: str) -> click.ClickException:
    differs = reading.differs(_opened(key))
    return click.ClickException(changed(key) if differs else "Diese Umfrage ist schon geöffnet.")


def init_app(app: Flask) -> None:
    """Offer the commands."""
    app.cli.add_command(group)
