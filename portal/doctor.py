"""What keeps the portal from working, or from going live, each with its remedy: `flask doctor` and «Startklar?»."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from flask_babel import format_datetime, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from limits.storage import storage_from_string
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.clock import now
from portal.config import Settings, current_settings
from portal.content import current_content
from portal.database import db
from portal.declaration import source
from portal.declaration.operations import current_revision
from portal.mail import outbox
from portal.mail.models import SENT, OutboxMail
from portal.mail.presence import anybody_works
from portal.mail.transport import Transport, Unreachable
from portal.organisers.frame import Check, Finding
from portal.organisers.models import Organiser
from portal.organisers.roles import MODERATOR, OWNER
from portal.pages import links
from portal.pages.content_pages import current_pages
from portal.pages.machines import database_lacks
from portal.signatures import operations as signatures
from portal.signatures import oversight
from portal.survey import commands as survey_commands

WAITING_TOO_LONG = timedelta(minutes=10)
PATIENCE = 5.0
"""Seconds that the mail server may take for an answer: whoever has opened the page is waiting."""
MODERATORS = 2
"""An appeal is decided by somebody else than who decided first."""
LEGAL_PAGES = ("/impressum", "/datenschutz", "/barrierefreiheit", "/moderation")


@click.command()
@with_appcontext
def doctor() -> None:
    """Say what keeps the portal from working or from going live. Exit code 1 if there is anything."""
    findings = [finding for check in CHECKS for finding in check.look()]
    for finding in findings:
        click.echo(f"- {finding.text} {finding.remedy}")
    if findings:
        raise click.exceptions.Exit(1)
    click.echo(_("Alles in Ordnung."))


def _server() -> Iterator[Finding]:
    settings = current_settings()
    if not settings.production:
        yield Finding(
            _("Das Portal läuft nicht als öffentlicher Server (PORTAL_ENV ist %(env)s).", env=settings.env),
            _("Auf dem Server PORTAL_ENV=production setzen und neu starten."),
        )
    elif settings.trusted_proxies == 0:
        yield Finding(
            _("PORTAL_TRUSTED_PROXIES ist 0: Alle Besucher:innen gelten als ein Netz."),
            _("Die Zahl der Proxys nennen, die vor dem Portal stehen."),
        )
    if settings.rate_limit_storage.startswith("memory"):
        yield Finding(
            _("Jeder Prozess zählt Anfragen für sich (PORTAL_RATE_LIMIT_STORAGE)."),
            _("Für strenge Grenzen einen Redis nennen."),
            blocks=False,
        )
    elif not storage_from_string(settings.rate_limit_storage).check():
        yield Finding(
            _("Der Redis in PORTAL_RATE_LIMIT_STORAGE antwortet nicht."),
            _("Den Dienst starten oder die Adresse ändern."),
        )


def _schema() -> Iterator[Finding]:
    for lack in database_lacks():
        if lack == "schema":
            yield Finding(_("Die Tabellen sind nicht auf dem neuesten Stand."), _("Den Befehl „db upgrade“ ausführen."))
        else:
            yield Finding(_("Die Datenbank antwortet nicht."), _("DATABASE_URL prüfen, und ob der Dienst läuft."))


def _legal() -> Iterator[Finding]:
    if gaps := current_content().operator.gaps:
        yield Finding(
            _("In content/operator.yaml fehlt noch: %(gaps)s.", gaps=", ".join(gaps)),
            _("Eintragen und das Portal neu starten; das Handbuch sagt, was wohin gehört."),
        )
    addresses = current_app.url_map.bind("")
    for path in LEGAL_PAGES:
        if not addresses.test(path, "GET"):
            yield Finding(_("Die Seite %(path)s fehlt.", path=path), _("Das Portal auf den neuesten Stand bringen."))


def _declaration(session: Session) -> Iterator[Finding]:
    revision = current_revision(session)
    if revision is None:
        yield Finding(
            _("Es ist noch keine Fassung der Erklärung veröffentlicht."),
            _("Den Befehl „declaration publish“ ausführen; das Handbuch sagt, wie."),
        )
    elif revision.label == "summary":
        yield Finding(
            _("Veröffentlicht ist eine Zusammenfassung in eigenen Worten, nicht der Wortlaut."),
            _("Den Wortlaut mit „declaration import“ übernehmen; das Handbuch sagt, wie."),
            blocks=False,
        )


def _organisers(session: Session) -> Iterator[Finding]:
    active = session.scalars(select(Organiser).where(Organiser.active)).all()
    ready = [one for one in active if one.password_hash and one.has_second_factor]
    if not any(one.has_role(OWNER) for one in ready):
        yield Finding(
            _("Niemand mit der Rolle Leitung hat Passwort und zweiten Faktor."),
            _("Mit „organisers add“ ein Konto anlegen und den Link daraus öffnen."),
        )
    deciding = sum(one.has_role(OWNER, MODERATOR) for one in ready)
    if deciding < MODERATORS:
        yield Finding(
            _(
                "Über einen Widerspruch entscheidet immer eine zweite Person; das können erst %(number)s.",
                number=deciding,
            ),
            _("Unter „Konten“ jemanden einladen, der moderiert, und den zweiten Faktor einrichten lassen."),
        )
    if waiting := len(active) - len(ready):
        yield Finding(
            ngettext(
                "%(num)s Konto ist noch ohne Passwort oder zweiten Faktor.",
                "%(num)s Konten sind noch ohne Passwort oder zweiten Faktor.",
                waiting,
            ),
            _("Die Person an ihre Einladung erinnern."),
            blocks=False,
        )


def _mail(session: Session, settings: Settings) -> Iterator[Finding]:
    if not settings.mail_server:
        yield Finding(_("MAIL_SERVER ist nicht gesetzt: Keine Mail geht hinaus."), _("Den Mailserver nennen."))
    else:
        transport = Transport(current_app._get_current_object(), PATIENCE)  # type: ignore[attr-defined] # a proxy
        try:
            transport.open()
        except Unreachable as error:
            server = f"{settings.mail_server}:{settings.mail_port}"
            yield Finding(
                _("Der Mailserver %(server)s ist nicht zu benutzen (%(error)s).", server=server, error=error),
                _("Adresse, Zugang und Verschlüsselung prüfen (MAIL_…)."),
            )
        finally:
            transport.close()
    if _last_sent(session) is None:
        yield Finding(
            _("Es ist noch keine Mail hinausgegangen."),
            _("Auf der Seite „Startklar?“ eine Testmail schicken und nachsehen, ob sie ankommt."),
        )
    if failed := outbox.counts(session)["failed"]:
        yield Finding(
            ngettext("%(num)s Mail ist nicht zustellbar.", "%(num)s Mails sind nicht zustellbar.", failed),
            _("Unter „Mails“ oder mit „outbox status“ nachsehen, warum."),
            blocks=False,
        )


def _worker(session: Session) -> Iterator[Finding]:
    if not anybody_works(db.engine):
        last = _last_sent(session)
        yield Finding(
            _("Der Worker läuft nicht; die letzte Mail ging am %(when)s hinaus.", when=format_datetime(last, "short"))
            if last
            else _("Der Worker läuft nicht: Mails bleiben liegen."),
            _("Den Dienst „portal-worker“ starten."),
        )
    elif outbox.oldest_due(session, now()) > WAITING_TOO_LONG:
        yield Finding(
            _("Mails warten seit mehr als zehn Minuten, obwohl der Worker läuft."),
            _("Unter „Mails“ oder mit „outbox status“ nachsehen, warum."),
        )


def _last_sent(session: Session) -> datetime | None:
    latest = select(OutboxMail.sent_at).where(OutboxMail.status == SENT).order_by(OutboxMail.id.desc())
    return session.scalar(latest.limit(1))


def _signatures(session: Session) -> Iterator[Finding]:
    if signatures.drift(session) is not None:
        yield Finding(
            _("Der öffentliche Zähler stimmt nicht mit den Unterschriften überein."),
            _("Den Befehl „signatures recount“ ausführen."),
        )
    if held := oversight.held_count(session):
        yield Finding(
            ngettext("%(num)s Unterschrift ist zurückgestellt.", "%(num)s Unterschriften sind zurückgestellt.", held),
            _("Unter „Unterzeichnende“ ansehen und freigeben oder entfernen."),
            blocks=False,
        )


def _where_there_is_a_database(look: Callable[[Session], Iterator[Finding]]) -> Iterator[Finding]:
    """What `look` finds; nothing while the database itself is what is amiss.

    The transaction ends with the question: the next one asks through a connection of its own first, and on SQLite a
    command's transactions wait for each other.
    """
    if not database_lacks():
        try:
            yield from look(db.session())
        finally:
            db.session.rollback()


CHECKS = (
    Check(_l("Läuft das Portal als öffentlicher Server?"), _server),
    Check(_l("Ist die Datenbank auf dem neuesten Stand?"), _schema),
    Check(_l("Ist klar, wer für die Seite einsteht, und gibt es die Seiten, die das Gesetz verlangt?"), _legal),
    Check(_l("Ist die Erklärung veröffentlicht?"), partial(_where_there_is_a_database, _declaration)),
    Check(_l("Gibt es genug Menschen in der Redaktion?"), partial(_where_there_is_a_database, _organisers)),
    Check(
        _l("Nimmt der Mailserver Mails an?"),
        partial(_where_there_is_a_database, lambda session: _mail(session, current_settings())),
    ),
    Check(_l("Arbeitet der Worker?"), partial(_where_there_is_a_database, _worker)),
    Check(_l("Stimmen Zähler und Unterschriften?"), partial(_where_there_is_a_database, _signatures)),
)
"""Every question, in the order in which an organiser should answer them."""


@click.group(name="content")
def content_group() -> None:
    """The files below content/."""


@content_group.command()
@with_appcontext
def check() -> None:
    """Check every file below content/. Exit code 1 with a line for each finding."""
    # The other files were checked when the application was made: `wsgi.py` says what is wrong with them.
    _revisions, findings = source.read_all(current_settings().content / "declaration")
    findings += survey_commands.wrong_files()
    findings += links.broken(current_app, current_pages())
    for finding in findings:
        click.echo(finding)
    if findings:
        raise click.exceptions.Exit(1)
    click.echo("Alles unter content/ ist in Ordnung.")


def init_app(app: Flask) -> None:
    """Offer the commands."""
    app.cli.add_command(doctor)
    app.cli.add_command(content_group)
