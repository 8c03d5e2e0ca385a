"""Many at once, with real threads against the running application."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from portal.config import Settings
from portal.privacy.operations import link_token
from portal.signatures import operations
from portal.signatures.models import Signature
from portal.signatures.operations import Tally
from tests.browser import Browser, form_token
from tests.signatures.conftest import Sign, mails, newest_link, people

pytestmark = pytest.mark.usefixtures("revision")
MANY = 20


def at_once(act: Callable[[int], Any]) -> list[Any]:
    """What `act` returns for each of MANY numbers, all started at the same moment."""
    start = Barrier(MANY)

    def wait_and_act(number: int) -> Any:
        start.wait()
        return act(number)

    with ThreadPoolExecutor(MANY) as pool:
        return list(pool.map(wait_and_act, range(MANY)))


def test_twenty_clicks_on_one_link_count_once(app: Flask, session: Session, settings: Settings, sign: Sign) -> None:
    """Edge case 2: +1, and one mail that follows."""
    sign(show_name=True)
    link = f"/bestaetigen/{newest_link(session, settings)}"
    session.commit()
    statuses = at_once(lambda _: app.test_client().post(link).status_code)
    assert statuses == [303] * MANY
    assert operations.tally(session) == Tally(1, 1)
    assert mails(session) == ["signatures/mail/confirm", "signatures/mail/confirmed"]


@pytest.mark.parametrize(
    ("names", "sent"), [("a", 1), ("abcdefghijklmnopqrst", 3)], ids=["one person twenty times", "twenty names"]
)
def test_twenty_sign_ups_of_one_mailbox_are_one_row(make_app: Any, session: Session, names: str, sent: int) -> None:
    """Edge cases 4 and 5: spellings of one address, sent at the same moment; at most three mails a day."""
    app = make_app(mails_per_address_and_day=3)
    session.commit()
    visitors = [Browser(app.test_client()) for _ in range(MANY)]
    for number, visitor in enumerate(visitors):
        visitor.open("/unterzeichnen")
        email = "A.b+x@gmail.com" if number % 2 else "ab@googlemail.com"
        visitor.submit(name=f"Ada {names[number % len(names)]}", email=email, consent=True)
    pages = at_once(lambda number: visitors[number].submit(button="send"))
    assert {page.status for page in pages} == {200}
    assert len({page.text("main h1") for page in pages}) == 1
    assert [status for _, status in people(session)] == ["pending"]
    assert len(mails(session)) == sent


@pytest.mark.parametrize("act", ["withdraw", "hide", "erase"])
def test_many_clicks_on_one_own_signature_change_the_counter_once(
    app: Flask, session: Session, settings: Settings, sign: Sign, confirm: Any, book: AddressBook, act: str
) -> None:
    """Edge case 8: whatever somebody does twenty times at once, the others stay counted."""
    for letter in "abc":
        sign(f"Name {letter}", email=f"{letter}@example.org", show_name=True)
        confirm()
    own = session.scalars(select(Signature.id).where(Signature.name == "Name a")).one()
    mine = f"/meine-daten/{link_token(settings, book.identify('a@example.org').key)}"
    action = {
        "withdraw": f"{mine}/unterschrift/{own}/zurueckziehen",
        "hide": f"{mine}/unterschrift/{own}",
        "erase": f"{mine}/loeschen",
    }[act]
    session.commit()
    clients = [app.test_client() for _ in range(MANY)]
    tokens = [form_token(client.get(mine)) for client in clients]

    def click(number: int) -> int:
        fields = {"csrf_token": tokens[number], "name": "Name a"}
        return clients[number].post(action, data=fields).status_code

    statuses = set(at_once(click))
    assert statuses <= {303, 404}, "an answer, and never an error"
    assert operations.drift(session) is None
    assert operations.tally(session) == (Tally(3, 2) if act == "hide" else Tally(2, 2))
    assert mails(session).count("signatures/mail/withdrawn") == (act == "withdraw")


def test_confirming_while_withdrawing_leaves_the_counter_true(
    app: Flask, session: Session, settings: Settings, sign: Sign, book: AddressBook
) -> None:
    """Edge case 8: the link in the mail, and the link to one's data, at the same moment."""
    sign(show_name=True)
    own = session.scalars(select(Signature.id)).one()
    link = f"/bestaetigen/{newest_link(session, settings)}"
    mine = f"/meine-daten/{link_token(settings, book.identify('ada@example.org').key)}"
    session.commit()
    clients = [app.test_client() for _ in range(MANY)]
    tokens = [form_token(client.get(mine)) for client in clients]

    def click(number: int) -> int:
        if number % 2:
            return clients[number].post(link).status_code
        fields = {"csrf_token": tokens[number]}
        return clients[number].post(f"{mine}/unterschrift/{own}/zurueckziehen", data=fields).status_code

    assert set(at_once(click)) <= {303, 404, 410}
    assert operations.drift(session) is None
    assert operations.tally(session) == Tally(0, 0)


def test_signing_and_withdrawing_at_once_leave_the_counter_true(
    app: Flask, session: Session, settings: Settings, sign: Sign
) -> None:
    """Edge case 8."""
    links = []
    for number in range(MANY):
        sign(f"Name {'abcdefghijklmnopqrst'[number]}", email=f"{number}@example.org", show_name=bool(number % 2))
        links.append(f"/bestaetigen/{newest_link(session, settings)}")
    session.commit()
    at_once(lambda number: app.test_client().post(links[number]))
    session.commit()
    assert operations.tally(session) == Tally(MANY, MANY // 2)
    chosen = list(session.scalars(select(Signature.id).order_by(Signature.id)))[: MANY // 2]
    session.commit()

    def withdraw_or_read(number: int) -> None:
        with app.app_context():
            from portal.clock import now
            from portal.database import db

            if number < len(chosen):
                signature = db.session.get_one(Signature, chosen[number])
                operations.withdraw_signature(db.session(), signature, now())
                db.session.commit()
        assert app.test_client().get("/unterzeichnende").status_code == 200

    at_once(withdraw_or_read)
    session.commit()
    assert operations.drift(session) is None
    assert operations.tally(session).valid == MANY // 2
