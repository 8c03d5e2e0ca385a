"""A portal with a conference of two places, and people who register for it."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.addresses import AddressBook
from portal.clock import now
from portal.conference import operations
from portal.conference.models import Registration
from portal.conference.operations import PURPOSE, Entry
from portal.conference.programme import conferences
from portal.config import ROOT, Settings
from portal.mail.models import OutboxMail
from portal.optin import operations as optin
from portal.optin.models import OptIn
from tests.conftest import MakeApp

KEY = "tagung"
Register = Callable[..., None]


def words(german: str) -> dict[str, str]:
    return {"de": german, "en": f"{german} (en)"}


def described(**changes: Any) -> dict[str, Any]:
    """A conference as its file says it, with changes."""
    session = {"title": words("Vortrag; mit Komma, und ä"), "day": "2030-07-01", "begins": "10:00", "ends": "11:30"}
    return {
        "title": words("Tagung"),
        "from": "2030-07-01",
        "to": "2030-07-02",
        "venue": {"name": words("Haus"), "city": "Ort"},
        "summary": words("Worum es geht. " * 10),
        "organisers": [words("Verein")],
        "updated": "2026-11-22",
        "sequence": 3,
        "registration": {"capacity": 2, "until": "2030-06-30"},
        "rooms": {"saal": words("Saal"), "neben": words("Nebenraum")},
        "speakers": {"ada": {"name": "Ada Beispiel"}},
        "sessions": [
            {**session, "id": "vortrag", "room": "saal", "speakers": ["ada"]},
            {**session, "id": "entfaellt", "room": "saal", "cancelled": True},
        ],
        **changes,
    }


def write(content: Path, key: str = KEY, **changes: Any) -> Path:
    """Write the file of a conference below `content`."""
    folder = content / "conferences" / key
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "conference.yaml"
    file.write_text(yaml.safe_dump(described(**changes), allow_unicode=True), encoding="utf-8")
    return file


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """The shipped content, and the conference beside it."""
    folder = tmp_path / "content"
    shutil.copytree(ROOT / "content", folder)
    write(folder)
    return folder


@pytest.fixture
def app(make_app: MakeApp, content: Path) -> Flask:
    return make_app(content=content)


@pytest.fixture
def book(app: Flask) -> AddressBook:
    addresses: AddressBook = app.extensions["addresses"]
    return addresses


@pytest.fixture
def register(session: Session, settings: Settings, book: AddressBook) -> Register:
    """Registers somebody and confirms, in transactions of their own."""

    def come(email: str, *, confirmed: bool = True, name: str = "", needs: str | None = None) -> None:
        conference = conferences(settings)[KEY]
        entry = Entry(name or email.partition("@")[0], None, needs)
        operations.request_registration(session, settings, conference, book.identify(email), entry, "de", now())
        session.commit()
        if confirmed:
            optin.confirm(session, settings, {PURPOSE.name: PURPOSE}, link_of(session, settings, email), now())
            session.commit()

    return come


def link_of(session: Session, settings: Settings, email: str) -> str:
    """The token of somebody's request."""
    session.commit()
    newest = select(OptIn).where(OptIn.email == email, OptIn.purpose == PURPOSE.name).order_by(OptIn.id.desc())
    found = session.scalars(newest).first()
    assert found is not None
    link = optin.token(settings, found)
    session.commit()
    return link


def people(session: Session) -> dict[str, tuple[str, int | None]]:
    """Name → state and place of all registrations."""
    session.commit()
    rows = session.scalars(select(Registration).order_by(Registration.id)).all()
    return {row.name: (row.status, row.seat) for row in rows}


def mails(session: Session) -> list[tuple[str, str]]:
    """Template and recipient of all mails, in order, without folder and domain."""
    session.commit()
    rows = session.scalars(select(OutboxMail).order_by(OutboxMail.id))
    return [(row.template.rpartition("/")[2], (row.recipient or "").partition("@")[0]) for row in rows]


def number_of(session: Session, name: str) -> int:
    session.commit()
    return session.scalars(select(Registration.id).where(Registration.name == name)).one()
