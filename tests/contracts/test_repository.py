"""What must not stand in any file of the project."""

import re
from collections.abc import Iterator
from pathlib import Path

from portal.config import ROOT

NOT_OURS = {".git", ".hypothesis", ".venv", "instance", "screenshots", "node_modules", "__pycache__"}
BINARY = {".png", ".ico", ".woff2", ".docx", ".pdf", ".mo", ".pyc"}
# Written with a class in the middle, so that the patterns do not find themselves.
ELSEWHERE = re.compile(
    r"(/[w]ork/|/[h]ome/|/[U]sers/|/[r]oot/|/[t]mp/|--(extra-)?[i]ndex-url\b|pythonh[o]sted|pypi\.[o]rg|npmjs\.[o]rg|"
    r"debian\.[o]rg|\"[r]esolved\":)"
)
LOADED = re.compile(
    r"""(<(?:script|img|iframe|source|video|audio|object|embed)\b[^>]*\b(?:src|srcset|data)=["']?(?:https?:)?//"""
    r"""|<link\b[^>]*\bhref=["']?(?:https?:)?//|<form\b[^>]*\baction=["']?(?:https?:)?//"""
    r"""|url\(["']?(?:https?:)?//|@import\s+["']?(?:https?:)?//)""",
    re.IGNORECASE,
)


def files(folder: Path = ROOT) -> Iterator[Path]:
    """The text files of the project, without what is installed, compiled or kept."""
    for path in sorted(folder.iterdir()):
        if path.name in NOT_OURS or path.name.endswith("_cache"):
            continue
        if path.is_dir():
            yield from files(path)
        elif path.suffix not in BINARY:
            yield path


def test_no_line_names_a_machine_or_a_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if ELSEWHERE.search(line)
    ]
    assert found == []


def test_templates_and_styles_load_nothing_from_another_host() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for folder in ("templates", "static")
        for path in files(ROOT / folder)
        if path.suffix in {".html", ".css", ".svg", ".js"}
        for match in LOADED.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_requirements_carry_hashes_and_no_address() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text, name
        for block in re.split(r"\n(?=[a-z])", re.sub(r"(?m)^ *#.*\n", "", text)):
            assert re.match(r"[a-z0-9.-]+==[^ ]+( ; .+)? \\\n", block), f"{name}: {block[:60]}"
            assert "--hash=sha256:" in block, f"{name}: {block[:60]}"


def test_every_required_package_says_why() -> None:
    for name in ("requirements.in", "requirements-dev.in"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            assert line.startswith(("#", "-")) or re.match(r"[a-z0-9.\[\]-]+ +# \w.+", line), f"{name}: {line}"


TYPED = re.compile(r'type="(url|email|date|time|number)"')


def test_no_browser_answers_in_our_place() -> None:
    """A browser that checks a field speaks its own language, and names no remedy."""
    forms = [
        (template.name, form[0])
        for template in sorted((ROOT / "templates").rglob("*.html"))
        for form in re.finditer(r'<form [^\n]*method="post".*?</form>', template.read_text(), re.DOTALL)
    ]
    typed = [(name, form.partition("\n")[0]) for name, form in forms if TYPED.search(form)]
    assert len(typed) > 10
    assert [(name, opening) for name, opening in typed if not opening.endswith("novalidate>")] == []
