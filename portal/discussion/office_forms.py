"""The forms of moderation. Each carries the version of what its moderator saw."""

from collections.abc import Mapping
from typing import Any

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, IntegerField, RadioField
from wtforms.validators import AnyOf, DataRequired, Length, NumberRange
from wtforms.widgets import HiddenInput

from portal.discussion.vocabulary import REASONS
from portal.text.fields import LineField, LinesField
from portal.web.forms import PortalForm, choices
from portal.web.numbers import LARGEST

LONGEST = 2000


def _words(label: LazyString, missing: LazyString | None, **options: Any) -> LinesField:
    """A field for several lines, which must be filled in if it is `missing` otherwise."""
    validators: list[Any] = [
        Length(max=LONGEST, message=_l("Das sind mehr als 2.000 Zeichen. Bitte kürzen Sie den Text."))
    ]
    if missing is not None:
        validators.insert(0, DataRequired(missing))
    return LinesField(label, validators, **options)


def _one_of(label: LazyString, missing: LazyString | None, names: Mapping[str, LazyString]) -> RadioField:
    """A choice of one, which must be made if it is `missing` otherwise; the first is made already if it is not."""
    known = AnyOf(list(names), _l("Diese Auswahl kennen wir nicht. Bitte wählen Sie aus der Liste."))
    validators = [DataRequired(missing), known] if missing is not None else [known]
    default = next(iter(names)) if missing is None else None
    return RadioField(label, validators, choices=choices(names), validate_choice=False, default=default)


def _reasons() -> RadioField:
    names = {code: reason.label for code, reason in REASONS.items()}
    return _one_of(_l("Grund"), _l("Bitte wählen Sie einen Grund."), names)


def _number() -> IntegerField:
    """The number of something that the page has shown."""
    return IntegerField(validators=[NumberRange(0, LARGEST)], widget=HiddenInput())


class SeenForm(PortalForm):
    """A form about something that may change while it is being filled in."""

    version = _number()


class ApproveForm(SeenForm):
    """Publish the text. The tick is asked for where a hint speaks of data of others."""

    no_third_parties = BooleanField(
        _l(
            "Ich habe nachgesehen: Der Text verrät nichts über Klient:innen oder andere, das nicht öffentlich sein"
            " darf."
        )
    )

    def require_tick(self) -> bool:
        """Whether the tick is there; if not, the form says what is missing."""
        if self.no_third_parties.data:
            return True
        self.no_third_parties.errors = [
            _l("Im Text könnten Daten anderer stehen. Bitte sehen Sie nach und setzen Sie dann das Häkchen.")
        ]
        return False


class HoldForm(SeenForm):
    """Put aside."""


class ReturnForm(SeenForm):
    """Ask the author to change something."""

    changes = _words(
        _l("Was soll geändert werden?"),
        _l("Bitte schreiben Sie, was geändert werden soll: Das steht in der Mail."),
        id="changes",
    )


class RejectForm(SeenForm):
    """Refuse a text, or take one down, with the statement of reasons."""

    reason = _reasons()
    facts = _words(
        _l("Worauf sich die Entscheidung stützt"),
        _l("Bitte nennen Sie die Tatsachen: Wer schreibt, hat ein Recht auf eine Begründung."),
    )
    rejected = _one_of(
        _l("Was wird abgelehnt?"),
        None,
        {
            "latest": _l("nur der neue Text; der freigegebene bleibt öffentlich"),
            "both": _l("der neue Text, und der freigegebene wird heruntergenommen"),
            "public": _l("der freigegebene Text; der neue wartet weiter"),
        },
    )


class BlockForm(PortalForm):
    """Take no more comments from an address."""

    block_reason = LineField(
        _l("Warum?"),
        [
            DataRequired(_l("Bitte nennen Sie den Grund: Andere müssen die Sperre verstehen und aufheben können.")),
            Length(max=160, message=_l("Der Grund darf höchstens 160 Zeichen haben. Bitte kürzen Sie ihn.")),
        ],
    )


class AppealForm(SeenForm):
    """Let a rejection stand, or publish after all; with reasons either way."""

    outcome = _one_of(
        _l("Entscheidung"),
        _l("Bitte wählen Sie: Hat der Widerspruch Erfolg, oder bleibt die Ablehnung bestehen?"),
        {
            "reversed": _l("Der Widerspruch hat Erfolg: Der Kommentar wird veröffentlicht."),
            "upheld": _l("Die Ablehnung bleibt bestehen."),
        },
    )
    answer = _words(_l("Begründung"), _l("Bitte begründen Sie Ihre Entscheidung: Das steht in der Mail."))


class TakeDownForm(SeenForm):
    """Act on reports: take the comment down."""

    seen = _number()
    reason = _reasons()
    facts = _words(
        _l("Begründung für die Person, die den Kommentar geschrieben hat"),
        _l("Bitte nennen Sie die Tatsachen: Wer schreibt, hat ein Recht auf eine Begründung."),
    )
    reply = _words(_l("Antwort an die Meldenden"), None)


class CloseReportsForm(SeenForm):
    """Act on reports about what is no longer public: there is nothing left to take down."""

    seen = _number()
    closing = _words(_l("Antwort an die Meldenden"), None)


class DismissForm(SeenForm):
    """Let the comment stand."""

    seen = _number()
    explanation = _words(
        _l("Warum der Kommentar stehen bleibt"),
        _l("Bitte erklären Sie, warum der Kommentar stehen bleibt: Das steht in der Mail an die Meldenden."),
    )


class LiftForm(PortalForm):
    """Take comments from an address again."""

    address_key = HiddenField(validators=[DataRequired()])
