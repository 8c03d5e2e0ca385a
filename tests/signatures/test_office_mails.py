"""The mails in which organisers tell a person what they have decided. `pytest --force-regen` writes the files anew."""

import pytest
from flask import Flask
from pytest_regressions.file_regression import FileRegressionFixture
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from portal.mail import outbox
from tests.letters import letters, readable
from tests.signatures.test_mails import LANGUAGES, NOON

pytestmark = pytest.mark.one_database

FACTS = "Wir haben bei Ihnen angerufen.\nSie sagten, dass Sie das nicht waren. {{7*7}} <script>"


@LANGUAGES
@pytest.mark.parametrize(
    ("kind", "context"),
    [
        ("held", {"reason": "claim"}),
        ("released", {}),
        ("removed", {"reason": "not_own", "statement": FACTS}),
        ("removed-on-demand", {"reason": "own_wish", "statement": FACTS}),
    ],
)
def test_the_mail(
    app: Flask,
    session: Session,
    book: AddressBook,
    file_regression: FileRegressionFixture,
    language: str,
    kind: str,
    context: dict[str, str],
) -> None:
    template = f"signatures/mail/{kind.partition('-')[0]}"
    about = {"name": "Jörg {{7*7}} <script>", "number": 17, **context}
    outbox.post(session, outbox.Mail(template, book.identify("joerg@example.org"), language, about), NOON)
    (letter,) = letters(app, session)
    file_regression.check(readable(letter), extension=".txt", basename=f"{kind}_{language}")
