"""The form of the accessibility feedback."""

from flask_babel import lazy_gettext as _l
from wtforms.validators import Email, InputRequired, Length, Optional

from portal.text.fields import LineField, LinesField
from portal.web.forms import PortalForm


class FeedbackForm(PortalForm):
    """What stands in somebody's way, and, if an answer is wanted, where to."""

    message = LinesField(
        _l("Was funktioniert nicht, und auf welcher Seite?"),
        validators=[
            InputRequired(_l("Bitte beschreiben Sie, was nicht funktioniert.")),
            Length(max=4000, message=_l("Bitte kürzen Sie Ihre Nachricht auf höchstens 4000 Zeichen.")),
        ],
    )
    email = LineField(
        _l("Ihre E-Mail-Adresse"),
        validators=[
            Optional(),
            Length(max=254, message=_l("Eine E-Mail-Adresse darf höchstens 254 Zeichen haben.")),
            Email(_l("Bitte prüfen Sie die E-Mail-Adresse. Sie sieht zum Beispiel so aus: name@example.org")),
        ],
    )
