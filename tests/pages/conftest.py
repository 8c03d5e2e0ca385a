"""An operator who has filled in everything, and the settings of a portal in production."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask

from portal.config import ROOT
from tests.conftest import MakeApp

OPERATOR = {
    "operator_type": "association",
    "name": "Verein zur Probe",
    "represented_by": "Søren Żółć",
    "street": "Probeweg 1",
    "city": "45127 Essen",
    "email": "probe@portal.test",
    "phone": "0201 0000",
    "responsible_for_content": "Søren Żółć, Probeweg 1, 45127 Essen",
    "data_protection_contact": "Datenschutz, Probeweg 1",
    "supervisory_authority": "Die zuständige Stelle",
    "hosting": "Ein Rechenzentrum",
}

PRODUCTION = {
    "env": "production",
    "base_url": "https://portal.test",
    "secret_key": "a secret key of more than 32 characters, for tests",
    "address_secret": "an address secret of more than 32 characters, for tests",
}


@pytest.fixture
def full_content(tmp_path: Path) -> Path:
    """The folder `content/` with every field of the operator filled."""
    folder = tmp_path / "content"
    shutil.copytree(ROOT / "content", folder)
    (folder / "operator.yaml").write_text(yaml.safe_dump(OPERATOR, allow_unicode=True), encoding="utf-8")
    return folder


@pytest.fixture
def app_with_operator(make_app: MakeApp, full_content: Path) -> Flask:
    """The application without a gap."""
    return make_app(content=full_content)


@pytest.fixture
def production() -> dict[str, Any]:
    """The settings that make it a portal in production."""
    return dict(PRODUCTION)
