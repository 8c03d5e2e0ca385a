"""Form fields that hand on what people typed in normal form."""

import re
import unicodedata
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, StringField, TextAreaField
from wtforms.validators import DataRequired, Email, Length, Optional

from portal.text.normalise import multi_line, single_line

EMAIL_LENGTH = 254
_NO_TITLE = r"(?<!\b[Dd]r)(?<!\b[Ss]t)(?<!\b[Pp]rof)(?<!\b[Dd]ipl)(?<!\b[Mm]ag)"
_WEB_ADDRESS = re.compile(
    r"://|www\.|xn--|\.[a-z]{2,}/|\b\d{1,3}(?:\.\d{1,3}){3}\b"
    rf"|[\w-]{{2,}}{_NO_TITLE}\.(?:com|net|org|info|biz|de|at|ch|eu|io|ly|me|ru|cn|co|cc|tv|app|dev|link|click|live|store"
    r"|club|shop|site|online|top|xyz|win|bet|casino|xxx)(?!\w|\.\w)",
    re.IGNORECASE,
)
_LIKE_ONE = re.compile(
    r"(?<![\w.-])[a-z0-9]\.(?:com|net|org|de|at|ch|eu|io|ly|me|co|cc)(?!\w|\.\w)"
    rf"|[\w-]{{2,}}{_NO_TITLE}\.[a-z]{{2,}}(?![\w.])"
)
"""A small letter after the dot, and no dot behind: not St.Pauli, A.B.Meier, e.V. and Dr.med."""
_OTHER_DOTS = str.maketrans("\u3002\uff61", "..")


def has_web_address(name: str) -> bool:
    """Whether a mail program would make a link of something in a name. It is mailed to whoever's address stands beside
    it, and shall advertise nothing. In doubt it is a name."""
    written = unicodedata.normalize("NFKC", name.translate(_OTHER_DOTS))
    return bool(_WEB_ADDRESS.search(written) or _LIKE_ONE.search(written))


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
