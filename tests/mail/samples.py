"""Mails as systems return them, written after the documents of these systems; nobody in them is real."""

from portal.config import ROOT, Settings
from portal.mail import verp

FOLDER = ROOT / "tests" / "mail" / "returned_mails"
FORGED = "bounces+12-345-0123456789abcdef@portal.test"


def sample(settings: Settings, name: str, campaign_id: int = 12, recipient_id: int = 345) -> bytes:
    """The mail of this name, about a letter of ours."""
    text = (FOLDER / f"{name}.eml").read_text(encoding="utf-8")
    text = text.replace("{{BOUNCE}}", verp.sender(settings, campaign_id, recipient_id))
    text = text.replace("{{MESSAGE_ID}}", verp.message_id(settings, campaign_id, recipient_id, "portal.test"))
    return text.replace("{{FORGED}}", FORGED).encode()
