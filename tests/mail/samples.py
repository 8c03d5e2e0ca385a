"""Mails as systems return them, written after the documents of these systems; nobody in them is real."""

from portal import tokens
from portal.config import ROOT, Settings
from portal.mail import verp

FOLDER = ROOT / "tests" / "mail" / "returned_mails"
FORGED = "bounces+12-345-0123456789abcdef@portal.test"


def sample(settings: Settings, name: str, campaign_id: int = 12, recipient_id: int = 345) -> bytes:
    """The mail of this name, about a letter of ours."""
    text = (FOLDER / f"{name}.eml").read_text(encoding="utf-8")
    text = text.replace("{{BOUNCE}}", verp.sender(settings, campaign_id, recipient_id))
    text = text.replace("{{MESSAGE_ID}}", verp.message_id(settings, campaign_id, recipient_id, "portal.test"))
    text = text.replace("{{UNSUBSCRIBE}}", unsubscribe_link(settings, campaign_id, recipient_id))
    return text.replace("{{FORGED}}", FORGED).encode()


def unsubscribe_link(settings: Settings, campaign_id: int, recipient_id: int) -> str:
    """The link in a letter of ours by which its reader gets no more of them."""
    token = tokens.issue(settings, "unsubscribe", ["subscribers", recipient_id, campaign_id])
    return f"https://portal.test/abmelden/{token}"
