"""The portal of the Dortmund-Essener Erklärung. `create_app` is the one place where everything is wired."""

from datetime import timedelta
from typing import Any

from flask import Flask
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

from portal import addresses, content, database, language, logs
from portal import doctor as doctor_command
from portal.archive import commands as archive_commands
from portal.conference import office as conference_office
from portal.conference import operations as conference_operations
from portal.conference import programme as conference_programme
from portal.conference import reading as conference_reading
from portal.conference import views as conference
from portal.conference.personal_data import registrations
from portal.config import ROOT, load_settings
from portal.declaration import publication
from portal.declaration import searchable as declaration_searchable
from portal.declaration import views as declaration
from portal.development import demo
from portal.development import mailbox as postfach
from portal.discussion import commands as discussion_commands
from portal.discussion import notices
from portal.discussion import office as moderation_office
from portal.discussion import office_answers as synopsis_office
from portal.discussion import searchable as discussion_searchable
from portal.discussion import views as discussion
from portal.discussion.comments import PURPOSE as COMMENT
from portal.discussion.personal_data import REGISTER as DISCUSSION
from portal.discussion.positions import PURPOSE as POSITION
from portal.discussion.subjects import SUBJECTS as DISCUSSION_SUBJECTS
from portal.literature import office as literature_office
from portal.literature import reading as literature_reading
from portal.literature import views as literature
from portal.literature.subjects import ACTS as LITERATURE_ACTS
from portal.literature.subjects import SUBJECTS as LITERATURE_SUBJECTS
from portal.mail import bounce_commands, mailbox
from portal.mail import commands as mail
from portal.mail.personal_data import PERSONAL_DATA as MAILS
from portal.mail.personal_data import RETURNED
from portal.mail.worker import Chore
from portal.news import office as news_office
from portal.news import searchable as news_searchable
from portal.news import views as news
from portal.newsletter import archive as newsletter_archive
from portal.newsletter import commands as newsletter_commands
from portal.newsletter import office as newsletter_office
from portal.newsletter import office_bounces, returns
from portal.newsletter import searchable as newsletter_searchable
from portal.newsletter import sender as newsletter_sender
from portal.newsletter import views as newsletter
from portal.newsletter.personal_data import deliveries
from portal.newsletter.subjects import SUBJECTS as NEWSLETTER_SUBJECTS
from portal.optin import operations as optin_operations
from portal.optin import views as optin
from portal.optin.personal_data import OPTINS
from portal.organisers import managing as accounts_office
from portal.organisers import office
from portal.organisers import views as accounts
from portal.organisers.acts import ACTS as ACCOUNT_ACTS
from portal.organisers.acts import SUBJECTS as ACCOUNT_SUBJECTS
from portal.organisers.frame import Office
from portal.organisers.personal_data import AUDIT_LOG, ORGANISERS
from portal.pages import content_pages
from portal.pages import searchable as pages_searchable
from portal.pages import views as pages
from portal.personal_data import Register
from portal.privacy import operations as privacy_operations
from portal.privacy import views as privacy
from portal.search import views as search
from portal.search.operations import Keeper
from portal.signatures import affirming, paper
from portal.signatures import office as signatures_office
from portal.signatures import operations as signature_operations
from portal.signatures import views as signatures
from portal.signatures.audience import OLDER_REVISION, SIGNATORIES
from portal.signatures.operations import PURPOSE as SIGNATURE
from portal.signatures.personal_data import SIGNATURES
from portal.subscribers.audience import SUBSCRIBERS
from portal.subscribers.operations import PURPOSE as SUBSCRIPTION
from portal.subscribers.personal_data import SUBSCRIPTIONS
from portal.survey import commands as survey_commands
from portal.survey import office as survey_office
from portal.survey import operations as survey_operations
from portal.survey import reading as survey_reading
from portal.survey import views as survey
from portal.survey.personal_data import SURVEYS
from portal.web import caching, errors, forms, headers, limits, numbers, static


def create_app(**overrides: Any) -> Flask:
    """The application for the settings in the environment, with `overrides` on top (tests use them).

    Raises ConfigurationError or ContentError, naming what to mend.
    """
    settings = load_settings(**overrides)
    if settings.env != "testing":
        logs.init(json=settings.production)
    app = Flask(
        __name__,
        instance_path=str(settings.instance),
        static_folder=ROOT / "static",
        template_folder=ROOT / "templates",
    )
    app.config.from_mapping(settings.flask_config())
    app.extensions["settings"] = settings
    app.extensions["content"] = content.load(settings.content)
    conference_programme.conferences(settings)
    app.extensions["addresses"] = addresses.make_address_book(app.extensions["content"].address_rules, settings)

    numbers.init_app(app)
    database.init_app(app)
    Migrate(app, database.db, directory=str(ROOT / "portal" / "migrations"), render_as_batch=True)
    language.init_app(app)
    forms.csrf.init_app(app)
    limits.init_app(app, settings)
    headers.init_app(app, strict_transport=settings.production)
    errors.init_app(app)
    static.init_app(app)

    app.extensions["segments"] = segments = {one.name: one for one in (SUBSCRIBERS, SIGNATORIES, OLDER_REVISION)}
    app.extensions["personal_data"] = register = Register(
        [
            SIGNATURES,
            *DISCUSSION,
            SUBSCRIPTIONS,
            registrations(settings),
            OPTINS,
            MAILS,
            ORGANISERS,
            AUDIT_LOG,
            deliveries(segments),
            *RETURNED,
            *SURVEYS,
        ]
    )
    app.extensions["optin_purposes"] = purposes = {
        one.name: one for one in (SIGNATURE, COMMENT, POSITION, SUBSCRIPTION, conference_operations.PURPOSE)
    }
    app.extensions["chores"] = (
        Chore("reminders", timedelta(minutes=10), lambda s, now: optin_operations.remind(s, settings, purposes, now)),
        Chore("expired opt-ins", timedelta(minutes=10), lambda s, now: optin_operations.expire(s, purposes, now)),
        Chore("retention", timedelta(hours=1), lambda s, now: privacy_operations.retain(s, register, settings, now)),
        Chore("rests in the file", timedelta(days=1), lambda s, _now: database.rewrite_file(s)),
        Chore("write-ahead log", timedelta(minutes=1), lambda s, _now: database.empty_write_ahead_log(s)),
        Chore("counter", timedelta(minutes=5), lambda s, _now: signature_operations.reconcile(s)),
        Chore("surveys", timedelta(minutes=1), lambda s, now: survey_operations.tend(s, settings, now)),
        Chore("places", timedelta(minutes=10), lambda s, now: conference_operations.fill_places(s, settings, now)),
        Chore("digest", timedelta(minutes=10), lambda s, now: notices.digest(s, settings, now)),
    )

    app.extensions["letter_links"] = {
        OLDER_REVISION.name: lambda number, language: {"bekraeftigen": affirming.link(settings, language, number)}
    }
    app.extensions["companions"] = (newsletter_sender.run, mailbox.run)
    app.extensions["returned"] = returns.take

    app.extensions["search_sources"] = sources = (
        declaration_searchable.DECLARATION,
        pages_searchable.PAGES,
        discussion_searchable.COMMENTS,
        news_searchable.NEWS,
        newsletter_searchable.NEWSLETTERS,
        survey_reading.SEARCHED,
        conference_reading.SOURCE,
        literature_reading.SOURCE,
    )
    app.extensions["chores"] += (Chore("search", timedelta(seconds=10), Keeper(sources)),)
    app.extensions["places"] = (
        content_pages.places,
        declaration_searchable.places,
        newsletter_searchable.places,
        survey_reading.places,
        conference_reading.places,
        literature_reading.places,
        news_searchable.places,
    )
    app.extensions["attachments"] = conference.ATTACHMENTS

    app.extensions["office"] = Office(
        sections=[
            *office.SECTIONS,
            *moderation_office.SECTIONS,
            *synopsis_office.SECTIONS,
            *accounts_office.SECTIONS,
            *signatures_office.SECTIONS,
            *newsletter_office.SECTIONS,
            *news_office.SECTIONS,
            *office_bounces.SECTIONS,
            *literature_office.SECTIONS,
            *survey_office.SECTIONS,
            *conference_office.SECTIONS,
        ],
        work=[
            *office.WORK,
            *moderation_office.WORK,
            *synopsis_office.WORK,
            *signatures_office.WORK,
            *newsletter_office.WORK,
            *office_bounces.WORK,
            *conference_office.WORK,
        ],
        charts=[*moderation_office.CHARTS, *signatures_office.CHARTS],
        checks=doctor_command.CHECKS,
        acts={
            **office.ACTS,
            **moderation_office.ACTS,
            **synopsis_office.ACTS,
            **ACCOUNT_ACTS,
            **signatures_office.ACTS,
            **newsletter_office.ACTS,
            **news_office.ACTS,
            **office_bounces.ACTS,
            **LITERATURE_ACTS,
            **survey_office.ACTS,
            **conference_office.ACTS,
        },
        subjects={
            **ACCOUNT_SUBJECTS,
            **DISCUSSION_SUBJECTS,
            **signatures_office.SUBJECTS,
            **NEWSLETTER_SUBJECTS,
            **news_office.SUBJECTS,
            **LITERATURE_SUBJECTS,
            **survey_office.SUBJECTS,
            **conference_office.SUBJECTS,
        },
    )

    for part in (
        mail,
        bounce_commands,
        optin,
        privacy,
        declaration,
        publication,
        signatures,
        paper,
        accounts,
        office,
        moderation_office,
        synopsis_office,
        signatures_office,
        discussion,
        notices,
        discussion_commands,
        newsletter,
        newsletter_commands,
        newsletter_office,
        office_bounces,
        newsletter_archive,
        literature,
        survey,
        survey_commands,
        survey_office,
        news,
        news_office,
        search,
        conference,
        conference_office,
        pages,
        doctor_command,
        archive_commands,
        postfach,
        demo,
    ):
        part.init_app(app)

    caching.init_app(app)
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    return app
