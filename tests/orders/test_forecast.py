"""The date of an order: by when all of its reports have come, in half of all cases and in nine of ten."""

from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.orders.forecast import NINE_TENTHS, LineForecast, together
from app.worktime import SHANGHAI
from app.worktime.workclock import later

BEGIN = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)


def line(likely: float, wide: float, starts: float = 0.0) -> LineForecast:
    """A line whose test ends `starts` working days after BEGIN and whose report takes so many more."""
    ends_at = later(BEGIN, starts)
    return LineForecast(later(ends_at, likely), later(ends_at, likely * wide), "history", "test", True, ends_at)


LINES = st.lists(st.builds(line, st.floats(0.2, 40), st.floats(1.0, 4.0), st.floats(0, 60)), min_size=1, max_size=12)


@given(LINES)
@settings(deadline=None)
def test_an_order_is_never_there_before_one_of_its_lines(lines: list[LineForecast]) -> None:
    found = together({str(number): each for number, each in enumerate(lines)})
    assert found.expected_at >= max(each.expected_at for each in lines)
    assert found.safe_at >= max(each.safe_at for each in lines) and found.safe_at >= found.expected_at
    assert lines[int(found.ruling)].expected_at == max(each.expected_at for each in lines)


@given(LINES, st.floats(0.2, 40))
@settings(deadline=None)
def test_one_line_more_never_makes_an_order_sooner(lines: list[LineForecast], likely: float) -> None:
    few = together({str(number): each for number, each in enumerate(lines)})
    more = together({str(number): each for number, each in enumerate([*lines, line(likely, 2.0)])})
    hour = timedelta(hours=1)
    assert more.expected_at >= few.expected_at - hour and more.safe_at >= few.safe_at - hour


def test_an_order_of_one_line_has_its_dates_and_one_of_none_has_no_date() -> None:
    only = line(4, 2)
    found = together({"a": only})
    assert (found.expected_at, found.safe_at, found.ruling) == (only.expected_at, only.safe_at, "a")
    assert together({}) is None


def test_a_line_that_is_long_there_changes_nothing() -> None:
    slow, quick = line(20, 1.5, starts=40), line(1, 1.5)
    assert together({"slow": slow, "quick": quick}).expected_at == slow.expected_at


@pytest.mark.parametrize("count", [4, 8, 20])
def test_half_of_the_orders_are_done_by_the_likely_date_and_nine_in_ten_by_the_safe_one(count: int) -> None:
    """Reports are drawn as their own dates say, 2,000 orders of so many lines."""
    dice = Random(count)
    shapes = [(dice.uniform(5, 8), dice.uniform(1.3, 3.0), dice.uniform(0, 2)) for _ in range(count)]
    lines = {str(number): line(*shape) for number, shape in enumerate(shapes)}
    found = together(lines)
    largest = max(each.expected_at for each in lines.values()), max(each.safe_at for each in lines.values())
    last = [
        max(later(BEGIN, starts + likely * wide ** (dice.gauss(0, 1) / NINE_TENTHS)) for likely, wide, starts in shapes)
        for _ in range(2_000)
    ]

    def held(at: datetime) -> float:
        return sum(issued <= at for issued in last) / len(last)

    assert held(found.expected_at) == pytest.approx(0.5, abs=0.04)
    assert held(found.safe_at) == pytest.approx(0.9, abs=0.03)
    assert held(largest[0]) < 0.45 and held(largest[1]) < held(found.safe_at)
