"""Forms that anybody can post, programs too: a trap, a signed stamp, and work to prove where we are in doubt."""

import secrets
from datetime import datetime, timedelta
from typing import ClassVar

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField
from wtforms.validators import ValidationError

from portal import tokens
from portal.config import current_settings
from portal.web import proof_of_work
from portal.web.forms import PortalForm
from portal.web.limits import suspiciously_many, trusted


class OpenForm(PortalForm):
    """One with a field that people do not see, and programs fill in."""

    website = StringField(_l("Website (bitte leer lassen)"))

    def validate_website(self, field: StringField) -> None:
        if field.data:
            raise ValidationError(_("Dieses Feld ist eine Falle für Programme. Bitte lassen Sie es leer."))


class StampedForm(OpenForm):
    """One that says, signed, when it was first shown, and is like no other."""

    purpose: ClassVar[str]
    """What kind of form it is: the stamp of another kind is none."""
    started = HiddenField()

    def stamp(self, now: datetime) -> None:
        """Note when it was first shown; no two forms carry the same note."""
        self.started.data = tokens.issue(current_settings(), self.purpose, [now.timestamp(), secrets.token_hex(8)])

    def own_token(self) -> str:
        """What tells it from all others, however often it is posted; without its stamp, each time is another."""
        return self.started.data or "" if self._shown_at() is not None else secrets.token_hex(32)

    def _shown_at(self) -> float | None:
        try:
            shown, _nonce = tokens.read(current_settings(), self.purpose, self.started.data or "")
        except tokens.TokenInvalid:
            return None
        return float(shown)


class GuardedForm(StampedForm):
    """One whose sender proves work where we are in doubt. The work is good for one address: who fills in many forms has
    it many times."""

    quickest: ClassVar[timedelta] = timedelta(seconds=3)
    """Nobody reads it and fills it in faster than this."""
    altcha = HiddenField()

    @property
    def sent_again(self) -> bool:
        """Whether it comes from a page that has asked to send it once more."""
        return request.form.get("step") == "again"

    def suspicious(self, now: datetime, *, count: bool) -> bool:
        """Whether too many come from where it comes from, or it came back faster than a person can type, or without its
        stamp. `count` adds it to those who have come."""
        return not trusted() and (suspiciously_many(count=count) or self._quick(now))

    def challenge(self, address_key: str, now: datetime) -> str:
        """The work, for the page that asks for it."""
        return proof_of_work.challenge(current_settings(), self._work(address_key), now)

    def solved(self, address_key: str) -> bool:
        """Whether the work is done."""
        return proof_of_work.solved(current_settings(), self._work(address_key), self.altcha.data)

    def unmet_challenge(self, address_key: str, now: datetime, *, count: bool) -> str | None:
        """The work for who is suspicious, unless it is done; whose browser cannot do it sends the form again."""
        if not self.suspicious(now, count=count) or self.sent_again or self.solved(address_key):
            return None
        return self.challenge(address_key, now)

    def _quick(self, now: datetime) -> bool:
        shown = self._shown_at()
        return shown is None or now.timestamp() - shown < self.quickest.total_seconds()

    def _work(self, address_key: str) -> str:
        return f"{self.started.data} {address_key}"
