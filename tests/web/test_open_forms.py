"""Forms that anybody can post: what their stamp says, and who is in doubt."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from wtforms import HiddenField

from portal.web.open_forms import GuardedForm
from tests.conftest import MakeApp

pytestmark = pytest.mark.one_database
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)


class Letter(GuardedForm):
    """A form of one kind."""

    purpose = "letter"


class Card(GuardedForm):
    """Another, whose stamp has another name on the page."""

    purpose = "card"
    started = HiddenField(name="posted")


@pytest.fixture
def strange(make_app: MakeApp) -> Iterator[Flask]:
    """A request from a network that is not trusted, and of which three people may come."""
    app = make_app(allowed_networks="", rate_limit_suspicious="3 per hour")
    with app.test_request_context():
        yield app


def shown(kind: type[GuardedForm]) -> GuardedForm:
    """A form as it is on the page, at noon."""
    form = kind()
    form.stamp(NOON)
    return form


def test_no_two_forms_carry_the_same_stamp(strange: Flask) -> None:
    first, second = shown(Letter), shown(Letter)
    assert first.own_token() != second.own_token()
    assert first.own_token() == first.own_token(), "posted twice, it is still itself"


@pytest.mark.parametrize("stamp", [None, "", "x", "WzEsIngiXQ.forged"])
def test_a_form_without_its_stamp_is_like_no_other_and_suspicious(strange: Flask, stamp: str | None) -> None:
    form = Letter()
    form.started.data = stamp
    assert form.own_token() != form.own_token()
    assert form.suspicious(LATER, count=False)


def test_the_stamp_of_another_kind_is_none(strange: Flask) -> None:
    letter, card = shown(Letter), shown(Card)
    assert 'name="posted"' in card.started()
    assert not letter.suspicious(LATER, count=False)
    letter.started.data = card.started.data
    assert letter.suspicious(LATER, count=False)


def test_who_is_quicker_than_people_is_suspicious(strange: Flask) -> None:
    form = shown(Letter)
    assert form.suspicious(NOON + form.quickest - timedelta(milliseconds=1), count=False)
    assert not form.suspicious(NOON + form.quickest, count=False)


def test_looking_counts_nobody_and_too_many_are_suspicious(strange: Flask) -> None:
    form = shown(Letter)
    for _ in range(9):
        assert not form.suspicious(LATER, count=False)
    assert [form.suspicious(LATER, count=True) for _ in range(4)] == [False, False, False, True]
    assert form.suspicious(LATER, count=False)


def test_who_is_trusted_is_never_suspicious(make_app: MakeApp) -> None:
    with make_app(allowed_networks="127.0.0.0/8").test_request_context(environ_base={"REMOTE_ADDR": "127.0.0.1"}):
        assert not Letter().suspicious(NOON, count=True)
