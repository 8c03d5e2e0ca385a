"""The forms with which organisers decide on a signature."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField
from wtforms.validators import AnyOf, DataRequired, Length

from portal.signatures.vocabulary import HOLD_REASONS, REMOVAL_REASONS, SUSPICIOUS
from portal.text.fields import LinesField
from portal.web.forms import PortalForm, choices

_GIVEN = [key for key in HOLD_REASONS if key != SUSPICIOUS]


class SeenForm(PortalForm):
    """An organiser's button, with the fingerprint of what it was pressed for."""

    seen = HiddenField()


class HoldForm(SeenForm):
    """Why a signature shall not count for now."""

    reason = RadioField(
        _l("Grund"),
        [AnyOf(_GIVEN, _l("Bitte wählen Sie einen Grund."))],
        choices=choices({key: HOLD_REASONS[key] for key in _GIVEN}),
        validate_choice=False,
    )


class RemovalForm(SeenForm):
    """Why a signature is removed, in a code for the log and in words for its person."""

    reason = RadioField(
        _l("Grund"),
        [AnyOf(REMOVAL_REASONS, _l("Bitte wählen Sie einen Grund."))],
        choices=choices(REMOVAL_REASONS),
        validate_choice=False,
    )
    statement = LinesField(
        _l("Worauf stützt sich das?"),
        [
            DataRequired(_l("Bitte schreiben Sie in ein bis zwei Sätzen, worauf sich die Entscheidung stützt.")),
            Length(max=1000, message=_l("Die Begründung darf höchstens 1000 Zeichen haben. Bitte kürzen Sie sie.")),
        ],
    )
