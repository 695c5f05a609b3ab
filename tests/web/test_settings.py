"""`docs/settings.md` and `app/config.py` say the same."""

import json
import re

import pytest

from app import config, startup
from tests.test_start import ROOT

ROW = re.compile(r"^\| `YUJIAN_(\w+)` \| (.*?) \| (.*?) \| (.*?) \|$", re.MULTILINE)
ELSEWHERE = {"INSTANCE", "SECRET_KEY"}


def documented() -> dict[str, tuple[str, str, str]]:
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    return {name: (default, unit, meaning) for name, default, unit, meaning in ROW.findall(text)}


def test_every_setting_is_documented_with_unit_and_meaning():
    rows = documented()
    assert set(rows) - ELSEWHERE == set(config.DEFAULTS)
    assert all(unit and meaning for _, unit, meaning in rows.values())


@pytest.mark.parametrize("name", sorted(set(config.DEFAULTS) - {"DATABASE_URL"}))
def test_the_documented_default_is_the_real_one(name):
    default = config.DEFAULTS[name]
    written = default if isinstance(default, str) else json.dumps(default)
    assert documented()[name][0] == (f"`{written}`" if written else "（空 empty）")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("HOLD_MINUTES", "two hours", "a whole number"),
        ("HOLD_MINUTES", True, "a whole number"),
        ("HOLD_MINUTES", -1, "a whole number"),
        ("SCHEDULER", 1, "true or false"),
        ("API_RATE", 600, "text"),
        ("API_RATE", "often", "600 per minute"),
    ],
)
def test_a_value_of_the_wrong_kind_refuses_to_start(capsys, name, value, said):
    with pytest.raises(SystemExit) as refused:
        startup.check_settings(config.DEFAULTS | {name: value}, config.DEFAULTS)
    chinese, english = capsys.readouterr().err.splitlines()
    assert f"YUJIAN_{name}" in chinese and f"YUJIAN_{name}" in english and said in english
    assert refused.value.code == 3
