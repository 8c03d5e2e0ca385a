"""An envelope sender of its own for each letter of a campaign: what comes back says whose letter it was.

    bounces+12-345-9f86d081884c7d65@erklaerung.example.org

It names a campaign and a recipient by number, under a key: nobody can make one up.
"""

import hashlib
import hmac
import re

from portal import tokens
from portal.config import Settings

_TOKEN = re.compile(r"([1-9][0-9]{0,9})-([1-9][0-9]{0,9})-([0-9a-f]{16})")


def sender(settings: Settings, campaign_id: int, recipient_id: int) -> str:
    """The address that a letter of a campaign comes back to. PORTAL_BOUNCE_ADDRESS must be set."""
    local, _, domain = settings.bounce_address.rpartition("@")
    return f"{local}+{campaign_id}-{recipient_id}-{_mac(settings, campaign_id, recipient_id)}@{domain}"


def read(settings: Settings, address: str) -> tuple[int, int] | None:
    """The campaign and the recipient that an address names; None if it is not one of ours."""
    local, _, domain = settings.bounce_address.lower().rpartition("@")
    found_local, _, found_domain = address.strip().strip("<>").lower().rpartition("@")
    base, plus, token = found_local.rpartition("+")
    found = _TOKEN.fullmatch(token)
    if not (local and plus and found and base == local and found_domain == domain):
        return None
    campaign_id, recipient_id = int(found[1]), int(found[2])
    if not hmac.compare_digest(found[3], _mac(settings, campaign_id, recipient_id)):
        return None
    return campaign_id, recipient_id


def message_id(settings: Settings, campaign_id: int, recipient_id: int, domain: str) -> str:
    """The Message-ID of a letter: the same at every attempt, nobody else's, and not to be guessed."""
    mac = keyed(settings, f"message-id {campaign_id}-{recipient_id}")[:10]
    return f"<nl-{campaign_id}-{recipient_id}-{mac}@{domain}>"


def read_unsubscribe_token(settings: Settings, token: str) -> tuple[int, int] | None:
    """The campaign and the recipient that a link to unsubscribe names; None if it is not from a letter of ours."""
    try:
        _segment, recipient_id, campaign_id = tokens.read(settings, "unsubscribe", token)
    except tokens.TokenInvalid:
        return None
    return (campaign_id, recipient_id) if campaign_id and recipient_id else None


def _mac(settings: Settings, campaign_id: int, recipient_id: int) -> str:
    return keyed(settings, f"verp {campaign_id}-{recipient_id}")[:16]


def keyed(settings: Settings, content: str) -> str:
    """A hexadecimal digest that only this installation can make."""
    key = settings.secret_key.get_secret_value().encode()
    return hmac.new(key, f"portal.{content}".encode(), hashlib.sha256).hexdigest()
