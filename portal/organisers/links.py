"""Whether links in what organisers write lead anywhere."""

from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import gettext as _
from werkzeug.test import Client
from werkzeug.wrappers import Response

from portal.config import Settings
from portal.organisers.frame import Finding
from portal.text.gates import links_of

OFFICE = "/redaktion"


def dead_links(html: str, settings: Settings) -> Iterator[Finding]:
    """The links of a text that is part of a page and lead nowhere, each once. Other sites are not asked."""
    for address, words in {target or words: (target, words) for target, words in links_of(html)}.values():
        if not address:
            yield without_target(words)
        elif address.startswith("#"):
            yield Finding(
                _("Der Link %(address)s führt an eine Stelle, die es hier nicht gibt.", address=address),
                _("Die Adresse der Seite nennen, auf der sie steht."),
            )
        elif found := unanswered(address, settings):
            yield found


def without_target(words: str) -> Finding:
    """A link whose target nobody may follow, or that is none."""
    return Finding(
        _("Der Link „%(words)s“ hat kein Ziel, das hier geht.", words=words),
        _("Mit https:// beginnen, bei einer Seite dieser Website mit einem Schrägstrich: /erklaerung."),
    )


def unanswered(address: str, settings: Settings) -> Finding | None:
    """What is wrong with a page of this site, as a visitor without a login finds it. Other sites are not asked."""
    site, there = urlsplit(settings.base_url), urlsplit(address)
    if (there.scheme or site.scheme, there.netloc or site.netloc) != (site.scheme, site.netloc):
        return None
    client = Client(current_app._get_current_object(), Response)  # type: ignore[attr-defined] # a proxy has it
    if there.path == OFFICE or there.path.startswith(f"{OFFICE}/"):
        return Finding(
            _("%(address)s gehört zur Redaktion. Wer das liest, kommt dort nicht hinein.", address=address),
            _("Eine öffentliche Seite nennen."),
        )
    answer = client.get(there.path or "/", query_string=there.query, base_url=settings.base_url)
    if answer.status_code >= 400 and answer.status_code != HTTPStatus.TOO_MANY_REQUESTS:
        return Finding(
            _("%(address)s gibt es nicht (Antwort %(status)s).", address=address, status=answer.status_code),
            _("Die Seite im Browser öffnen und ihre Adresse übernehmen."),
        )
    if there.fragment and answer.status_code == 200 and f'id="{there.fragment}"' not in answer.get_data(as_text=True):
        return Finding(
            _("Auf der Seite %(address)s gibt es diese Stelle nicht.", address=address),
            _("Was hinter dem # steht, prüfen oder weglassen."),
            blocks=False,
        )
    return None
