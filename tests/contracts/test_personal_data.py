"""A table says what it keeps of people, why and how long, or that it keeps nothing of them.

A table whose rows come and go with those of a registered one names it: `"info": {"personal": "optins"}`.
"""

from flask import Flask

from portal.database import Base
from portal.personal_data import Register


def test_every_table_is_registered_or_keeps_nothing_of_people(app: Flask) -> None:
    register: Register = app.extensions["personal_data"]
    impersonal = {name for name, table in Base.metadata.tables.items() if table.info.get("personal") is False}
    attached = {name for name, table in Base.metadata.tables.items() if table.info.get("personal") in register.tables}
    assert register.tables & impersonal == set(), "registered, and yet said to keep nothing of people"
    assert set(Base.metadata.tables) - impersonal - attached - register.tables == set(), "not in the register"


def test_every_entry_says_purpose_basis_and_retention(app: Flask) -> None:
    with app.test_request_context("/"):
        for entry in app.extensions["personal_data"]:
            for words in (entry.title, entry.purpose, entry.legal_basis, entry.retention, entry.fields):
                assert len(str(words)) > 3, entry.table.__tablename__
