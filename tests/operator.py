"""An operator who has filled in everything, without whom some pages do not open."""

import json
import shutil
from pathlib import Path

from portal.config import ROOT
from portal.content import Operator


def filled_content(folder: Path) -> Path:
    """A copy of the shipped content below `folder`, in which no detail of the operator is missing."""
    content = folder / "content"
    shutil.copytree(ROOT / "content", content)
    operator = dict.fromkeys(Operator().gaps, "Portal e. V.")
    operator |= {"operator_type": "association", "email": "kontakt@portal.example"}
    (content / "operator.yaml").write_text(json.dumps(operator))
    return content
