"""Who may be told what, and figures that add up."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Invalid
from app.turnaround import charts, rules
from app.turnaround.rules import Period
from tests.world import at

CELLS = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=2),
    st.dictionaries(st.sampled_from("甲乙丙丁戊"), st.integers(1, 9), min_size=1),
    max_size=8,
)


def together(cells: list[dict[str, int]]) -> tuple[int, int]:
    return sum(sum(cell.values()) for cell in cells), len({company for cell in cells for company in cell})


@given(CELLS)
def test_no_cell_below_the_rule_is_told_nor_left_to_be_computed(cells) -> None:
    hidden = rules.hidden(cells)
    for key, cell in cells.items():
        assert key in hidden or rules.enough(*together([cell]))
    # The total is known: what it leaves of the told cells is the hidden ones together.
    left = [cells[key] for key in hidden]
    assert not hidden or hidden == cells.keys() or rules.enough(*together(left))


LARGE = st.fixed_dictionaries({company: st.integers(2, 9) for company in "甲乙丙"})


@given(st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), LARGE, max_size=8))
def test_nothing_is_hidden_without_need(cells) -> None:
    assert rules.hidden(cells) == frozenset()


def test_one_small_cell_takes_the_next_smallest_with_it() -> None:
    large = {"甲": 9, "乙": 9, "丙": 9}
    cells = {"small": {"甲": 2}, "middle": {"甲": 3, "乙": 3, "丙": 3}, "large": large, "larger": large | {"丁": 9}}
    assert rules.hidden(cells) == {"small", "middle"}


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
