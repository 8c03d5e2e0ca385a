"""What is personal in a letter: the greeting, and the links that are one recipient's own."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from flask import Flask

from portal import tokens
from portal.clock import now
from portal.config import Settings
from portal.mail import verp
from portal.mail.signing import Signer
from portal.newsletter import letters
from portal.newsletter.ledger import Addressed
from portal.newsletter.letters import Letter
from portal.newsletter.mould import Mould, address_in_header

Links: TypeAlias = Callable[[int, str], Mapping[str, str]]
"""(recipient id, language) → the links that letters to one segment have besides: field → address."""

UNSUBSCRIBE = {"de": "/abmelden/", "en": "/en/unsubscribe/"}
MY_DATA = {"de": "/meine-daten", "en": "/en/my-data"}
"""Where everybody gets a link of her own: newsletters are forwarded, and such a link opens all that is kept."""


def unsubscribe_link(settings: Settings, language: str, segment: str, recipient_id: int, campaign_id: int) -> str:
    """The address by which a recipient gets no more of these. It stays good whatever is removed."""
    token = tokens.issue(settings, "unsubscribe", [segment, recipient_id, campaign_id])
    return f"{settings.base_url}{UNSUBSCRIBE[language]}{token}"


def _no_links(_recipient_id: int, _language: str) -> Mapping[str, str]:
    return {}


class Writer:
    """Writes the letters of one campaign in one language."""

    def __init__(
        self,
        app: Flask,
        campaign_id: int,
        kind: str,
        segment: str,
        language: str,
        letter: Letter,
        signer: Signer | None,
    ) -> None:
        self._settings: Settings = app.extensions["settings"]
        links: Mapping[str, Links] = app.extensions.get("letter_links", {})
        self._links = links.get(segment, _no_links)
        self._campaign_id = campaign_id
        self._segment = segment
        self._language = language
        self._mould = Mould(self._settings, campaign_id, kind, language, letter)
        self._signer = signer

    def write(self, letter: Addressed) -> tuple[str, str, bytes]:
        """Envelope sender, recipient and message. Raises ComposeError for an address that mail cannot go to."""
        settings, language, recipient_id = self._settings, self._language, letter.recipient_id
        unsubscribe = unsubscribe_link(settings, language, self._segment, recipient_id, self._campaign_id)
        values = {
            "anrede": letters.greeting(language, letter.name),
            "abmelden": unsubscribe,
            "meine_daten": settings.base_url + MY_DATA[language],
            **self._links(recipient_id, language),
        }
        content = self._mould.fill(letter.email, recipient_id, unsubscribe, values, now())
        if self._signer is not None:
            content = self._signer.signed(content)
        return self._sender(recipient_id), address_in_header(letter.email), content

    def _sender(self, recipient_id: int) -> str:
        if self._settings.bounce_address:
            return verp.sender(self._settings, self._campaign_id, recipient_id)
        return self._mould.sender
