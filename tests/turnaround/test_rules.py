"""Who may be told what, and figures that add up."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Invalid
from app.turnaround import charts, rules
from app.turnaround.rules import Period
from tests.world import at


@given(st.lists(st.floats(0, 400), min_size=4, max_size=4))
def test_rounded_phases_add_up_to_the_rounded_mean(parts) -> None:
    phases = dict(zip(rules.PHASES, parts, strict=True))
    mean = sum(parts)
    found = rules.split(mean, phases)
    assert round(sum(found.values()), 1) == rules.tenths(mean)
    assert all(abs(found[name] - phases[name]) < 0.1001 for name in phases)


def test_periods() -> None:
    year = rules.last_months(12, at(15))
    assert (year.first, year.last) == (date(2025, 12, 1), date(2026, 11, 15))
    assert year.whole_months() == Period(date(2025, 12, 1), date(2026, 11, 30))
    assert len(year.months()) == 12 and year.months()[0] == "2025-12"
    assert year.before().last == date(2025, 11, 30)
    # Local midnights: the last day is included.
    assert year.span.end == at(16, 0, 0)
    assert rules.last_months(1, at(1, 0, 0)).months() == ["2026-11"]
    with pytest.raises(Invalid):
        Period(date(2026, 2, 1), date(2026, 1, 31))
    with pytest.raises(Invalid):
        Period(date(1990, 1, 1), date(2026, 1, 1))


@given(st.lists(st.one_of(st.none(), st.floats(0, 3000)), min_size=1, max_size=12))
def test_lines_stay_on_their_chart(values) -> None:
    high = charts.top([value for value in values if value is not None])
    for run in charts.points(values, high):
        for point in run.split():
            x, y = map(int, point.split(","))
            assert 0 <= x <= charts.WIDTH and 0 <= y <= charts.HEIGHT


def test_a_month_without_figures_is_a_gap() -> None:
    assert charts.points([10, None, 10], 10) == ["192,0 208,0", "992,0 1008,0"]
    assert charts.points([0, 5], 10) == ["300,400 900,200"]


@given(st.lists(st.floats(0, 12), min_size=4, max_size=4))
def test_every_phase_is_seen_and_none_covers_another(parts) -> None:
    bar = charts.phase_bar(dict(zip(rules.PHASES, parts, strict=True)), charts.top([sum(parts)]))
    assert [piece.c for piece in bar[1:]] == [piece.c + piece.s for piece in bar[:-1]]
    assert all(piece.s >= 1 for piece in bar) and bar[-1].c + bar[-1].s <= charts.BAR_COLUMNS + 4
