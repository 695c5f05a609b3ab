"""Figures with units, as people type them, and what fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.labs.quantities import (
    QUANTITIES,
    BadFigure,
    Range,
    from_json,
    misfits,
    parse,
    reach_of,
    to_json,
    typed,
    unstated,
)


@pytest.mark.parametrize(
    ("text", "figures", "rest"),
    [
        ("≥ 8 m³, −40…85 °C, 350 kW", {"volume": (8, 8), "temperature": (-40, 85), "power": (350, 350)}, ""),
        ("环境舱 -40~85℃ 8立方", {"temperature": (-40, 85), "volume": (8, 8)}, "环境舱"),
        ("500kg 以内", {"mass": (500, 500)}, ""),
        ("GB 38031 振动 不小于 8 m3", {"volume": (8, 8)}, "GB 38031 振动"),
        ("1.2 t，2500 mm", {"mass": (1200, 1200), "length": (2500, 2500)}, ""),
        ("GB 38031-2025", {}, "GB 38031-2025"),
        ("0到85度", {"temperature": (0, 85)}, ""),
        ("350,5 kW", {"power": (350.5, 350.5)}, ""),
    ],
)
def test_what_people_type(text: str, figures: dict, rest: str) -> None:
    found, left = parse(text)
    assert {key: (each.minimum, each.maximum) for key, each in found.items()} == figures
    assert left == rest


def test_a_range_that_ends_before_it_begins_is_told() -> None:
    with pytest.raises(BadFigure, match="85…-40"):
        parse("85…-40 °C")


def test_what_does_not_fit_and_what_is_not_stated() -> None:
    bench, rest = reach_of("−40…85 °C, 350 kW")
    assert rest == ""
    assert bench["power"] == Range(None, 350)
    asked, _ = parse("-30…60 °C 400 kW 8 m³")
    assert [misfit.key for misfit in misfits(bench, asked)] == ["power"]
    assert unstated(bench, asked) == ["volume"]


numbers = st.integers(-200, 400).map(float)


@given(st.dictionaries(st.sampled_from(sorted(QUANTITIES)), st.tuples(numbers, numbers), max_size=5))
def test_what_is_written_is_read_again(ranges: dict) -> None:
    statement = {key: Range(min(pair), max(pair)) for key, pair in ranges.items() if min(pair) != max(pair)}
    assert from_json(to_json(statement)) == statement
    again, rest = reach_of(typed(statement))
    assert (again, rest) == (statement, "")
