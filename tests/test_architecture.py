"""The house keeps its shape: direction of imports, small modules, pages that the strict policy accepts."""

import re
from pathlib import Path

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "app").rglob("*.py"))
TEMPLATES = sorted((ROOT / "app" / "templates").rglob("*.html"))
# Own scripts and styles come from /static; the content policy blocks all else.
BLOCKED = re.compile(
    r"""\sstyle\s*= | <style | <script(?![^>]*\ssrc=) | \son[a-z]+\s*=\s*["']
    | (?:src|href)\s*=\s*["'](?:https?:)?//[^"']*\.(?:js|css|woff2?|png|svg)""",
    re.IGNORECASE | re.VERBOSE,
)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_imports_point_in_one_direction(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    outcome = lint_imports(no_cache=True)
    assert outcome == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_a_module_fits_into_one_head():
    long = {name(path): size for path in MODULES if (size := len(path.read_text().splitlines())) > 400}
    assert not long


def test_templates_have_nothing_that_the_content_policy_blocks():
    texts = {name(path): path.read_text(encoding="utf-8") for path in TEMPLATES}
    assert not {path: found for path, text in texts.items() if (found := BLOCKED.findall(text))}


def test_the_pins_name_no_address():
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert re.findall(r"^[a-z0-9-]+==\S+", pins, re.MULTILINE)
    assert not re.findall(r"://|--|@", pins)
