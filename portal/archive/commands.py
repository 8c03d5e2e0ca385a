"""`archive build|check`: the whole public site as files, and whether they are whole."""

from collections.abc import Sequence
from contextvars import Context
from datetime import UTC, datetime
from pathlib import Path

import click
from flask import Flask, current_app

from portal.clock import now
from portal.config import current_settings
from portal.database import DatabaseCommands


@click.group(cls=DatabaseCommands)
def archive() -> None:
    """The whole public site as static files that open from any web server or disk."""


@archive.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--base-url", help="Where the archive will live; in feeds and the sitemap. Without it, the portal's own.")
@click.option(
    "--with-names", is_flag=True, help="Name those who signed or commented. For a copy that is rebuilt often."
)
@click.option("--living", is_flag=True, help="The portal goes on: link there what the archive leaves out.")
@click.option("--allow-missing", is_flag=True, help="Finish even if pages link to addresses that are not there.")
@click.option("--variants", type=click.IntRange(0), default=1000, show_default=True, help="Queries read of each page.")
@click.option("--date", type=click.DateTime(), help="The moment (UTC) that the archive names. Without it, now.")
def build(
    directory: Path,
    base_url: str | None,
    with_names: bool,
    living: bool,
    allow_missing: bool,
    variants: int,
    date: datetime | None,
) -> None:
    """Write the archive to DIRECTORY, in place of the one that is there. Exit code 1, and nothing written, if a page
    fails or a link leads nowhere."""
    from portal.archive import build as building  # noqa: PLC0415 - only this command needs the HTML parser

    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined] # a proxy
    home = (base_url or current_settings().base_url).rstrip("/")
    wishes = building.Wishes(home, with_names, living, variants, allow_missing)
    at = date.replace(tzinfo=UTC) if date else now().replace(microsecond=0)
    try:
        # In a context of its own: the requests shall not share the session of the command.
        made = Context().run(building.build, app, directory, wishes, at, lambda line: click.echo(line, err=True))
    except building.Unfinished as error:
        _fail(error.findings, "The archive is not written. What was there before still stands.")
    except (building.Refused, OSError) as error:
        raise click.ClickException(str(error)) from error
    else:
        size = sum(file.size for file in made.files)
        click.echo(f"{len(made.files)} files, {size / 1e6:.1f} MB, in {directory}.")
        for reason, number in made.left_out.items():
            click.echo(f"Left out: {number} addresses ({reason}).")
        for line in made.missing:
            click.echo(f"Missing: {line}")


@archive.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False, exists=True))
def check(directory: Path) -> None:
    """Check the hashes and every link of the archive in DIRECTORY. Exit code 1 with a line for each finding."""
    from portal.archive import checking, manifest  # noqa: PLC0415 - only this command needs the HTML parser

    try:
        found = list(checking.findings(directory))
    except manifest.NoArchive as error:
        raise click.ClickException(str(error)) from error
    if found:
        _fail(found, "The archive is not whole.")
    click.echo("Every file is as it was built, and every link leads somewhere.")


def _fail(findings: Sequence[str], conclusion: str) -> None:
    for line in findings:
        click.echo(f"- {line}")
    raise click.ClickException(conclusion)


def init_app(app: Flask) -> None:
    """Offer the commands."""
    app.cli.add_command(archive)
