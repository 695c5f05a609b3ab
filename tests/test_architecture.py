"""The house keeps its shape: direction of imports, small modules, pages that the strict policy accepts."""

import re
import tomllib
from pathlib import Path

import pytest
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


LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_imports_point_in_one_direction(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    outcome = lint_imports(no_cache=True)
    assert outcome == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_a_module_fits_into_one_head():
    long = {name(path): size for path in MODULES if (size := len(path.read_text().splitlines())) > 400}
    assert not long


@pytest.mark.parametrize("readme", ["README.md", "README.en.md"])
def test_the_map_of_the_house_names_its_rooms_in_their_order(readme):
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(contract["layers"] for contract in contracts if contract["containers"] == ["app"])
    # Rooms of one layer may stand in either order; the lowest layer holds modules, not rooms.
    order = {room: number for number, layer in enumerate(layers[:-1]) for room in re.findall(r"\w+", layer)}
    named = re.findall(r"^app/(\w+)/ ", (ROOT / readme).read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(named) == sorted(order)
    assert [order[room] for room in named] == sorted((order[room] for room in named), reverse=True)


def test_decisions_bear_their_numbers_and_are_listed():
    decisions = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    listed = re.findall(r"\]\(([^)]+)\)", (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8"))
    assert listed == [path.name for path in decisions]
    assert all(path.read_text(encoding="utf-8").startswith(f"# {path.name[:4]} ") for path in decisions)


def test_links_of_our_own_documents_lead_somewhere():
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "bench" / "README.md"]
    links = {(path, link) for path in documents for link in LINK.findall(path.read_text(encoding="utf-8"))}
    assert len(links) > 20
    assert not [(name(path), link) for path, link in links if not (path.parent / link.partition("#")[0]).exists()]


def test_templates_have_nothing_that_the_content_policy_blocks():
    texts = {name(path): path.read_text(encoding="utf-8") for path in TEMPLATES}
    assert not {path: found for path, text in texts.items() if (found := BLOCKED.findall(text))}


def test_the_pins_name_no_address():
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert re.findall(r"^[a-z0-9-]+==\S+", pins, re.MULTILINE)
    assert not re.findall(r"://|--|@", pins)
