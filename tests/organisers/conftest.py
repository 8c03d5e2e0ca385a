"""What the tests of accounts share."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask

from portal import clock
from portal.addresses import AddressBook
from portal.organisers import gate, managing, own_account, views

Later = Callable[[timedelta], datetime]


@pytest.fixture
def book(app: Flask) -> AddressBook:
    """The address book of `app`."""
    book: AddressBook = app.extensions["addresses"]
    return book


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Lets time pass for the doors of accounts: `later(timedelta(minutes=11))`; the moment that it is then."""
    passed = timedelta()

    def let_pass(more: timedelta) -> datetime:
        nonlocal passed
        passed += more
        for door in (gate, managing, own_account, views):
            monkeypatch.setattr(door, "now", lambda: clock.now() + passed)
        return clock.now() + passed

    return let_pass
