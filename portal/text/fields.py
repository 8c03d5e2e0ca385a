"""Form fields that hand on what people typed in normal form."""

import re
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, StringField, TextAreaField
from wtforms.validators import DataRequired, Email, Length, Optional

from portal.text.normalise import multi_line, single_line

EMAIL_LENGTH = 254
WEB_ADDRESS = re.compile(
    r"://|www\.|[\w-]{2,}\.(?:com|net|org|info|biz|de|at|ch|eu|io|ly|me|ru|cn|shop|site|online|top|xyz)(?![\w.])",
    re.IGNORECASE,
)
"""What a name is not: it would be mailed to whoever's address stands beside it."""


class LineField(StringField):
    """One line of text."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = single_line(valuelist[0]) if valuelist else None


class LinesField(TextAreaField):
    """Several lines of text."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = multi_line(valuelist[0]) if valuelist else None


class AddressField(EmailField):
    """A mail address of correct syntax, required unless said otherwise; nobody asks the network about it."""

    def __init__(self, *, required: bool = True, **options: Any) -> None:
        super().__init__(
            _l("E-Mail-Adresse"),
            [
                DataRequired(_l("Bitte geben Sie Ihre E-Mail-Adresse ein.")) if required else Optional(),
                Length(max=EMAIL_LENGTH, message=_l("Eine E-Mail-Adresse darf höchstens 254 Zeichen haben.")),
                Email(
                    _l(
                        "Das ist keine vollständige E-Mail-Adresse. Richtig sieht sie zum Beispiel so aus:"
                        " name@example.org"
                    ),
                    allow_smtputf8=False,
                ),
            ],
            **options,
        )

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = single_line(valuelist[0]) if valuelist else None
