"""Instants on a drawn axis."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.timeline import STEPS, Axis, Cells, Phase, Piece, Stretch, draw

MONDAY = datetime(2026, 11, 30, tzinfo=UTC)
WEEK = Axis(MONDAY, MONDAY + timedelta(days=7), 84)


def at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


def test_a_span_takes_the_columns_it_covers():
    assert WEEK.span(at(0), at(2)) == Cells(1, 1)
    assert WEEK.span(at(24), at(48)) == Cells(13, 12)


def test_edges_go_to_the_nearest_column():
    assert WEEK.span(at(8.5), at(17.5)) == Cells(5, 5)


def test_what_is_too_short_to_see_still_has_one_column():
    assert WEEK.span(at(3), at(3.1)) == Cells(3, 1)
    assert WEEK.span(at(167.9), at(168)) == Cells(84, 1)


def test_what_sticks_out_is_cut_and_what_lies_outside_is_not_drawn():
    assert WEEK.span(at(-48), at(24)) == Cells(1, 12)
    assert WEEK.span(at(156), at(500)) == Cells(79, 6)
    assert WEEK.span(at(-48), at(0)) is None
    assert WEEK.span(at(168), at(200)) is None
    assert WEEK.span(at(5), at(5)) is None


def test_an_instant_lies_in_one_column():
    assert [WEEK.column(at(hours)) for hours in (-5, 0, 1.9, 2, 167.9, 168, 900)] == [1, 1, 1, 2, 84, 84, 84]


def test_an_empty_axis_is_refused():
    with pytest.raises(ValueError, match="forward"):
        Axis(MONDAY, MONDAY, 84)
    with pytest.raises(ValueError, match="column"):
        Axis(MONDAY, at(1), 0)


minutes = st.integers(-20_000, 20_000).map(lambda n: MONDAY + timedelta(minutes=n))


@given(start=minutes, end=minutes, columns=st.sampled_from([1, 7, 48, 60, 70, 84, 96]))
def test_cells_never_leave_the_axis(start: datetime, end: datetime, columns: int):
    cells = Axis(MONDAY, at(168), columns).span(start, end)
    if cells:
        assert cells.c >= 1
        assert cells.s >= 1
        assert cells.c + cells.s - 1 <= columns


@given(first=minutes, second=minutes, third=minutes)
def test_neighbours_touch_unless_one_is_too_short_to_see(first: datetime, second: datetime, third: datetime):
    left, right = WEEK.span(first, second), WEEK.span(second, third)
    if left and right and left.s > 1:
        assert left.c + left.s in (right.c, right.c + 1)


@given(until=minutes.filter(lambda at: at > MONDAY), ticks=st.sampled_from([6, 7, 12]))
def test_a_fitting_axis_shows_the_end_in_whole_days(until: datetime, ticks: int):
    axis = Axis.fitting(MONDAY, until, ticks)
    step = (axis.end - axis.start) / ticks
    assert step.days in STEPS
    assert step % timedelta(days=1) == timedelta(0)
    assert until <= axis.end
    assert axis.ticks(ticks)[0] == MONDAY
    assert axis.ticks(ticks)[1] == MONDAY + step


def test_a_fitting_axis_is_not_longer_than_it_need_be():
    assert Axis.fitting(MONDAY, at(24 * 25)).end == at(24 * 30)
    assert Axis.fitting(MONDAY, at(24 * 42)).end == at(24 * 42)
    assert Axis.fitting(MONDAY, at(24 * 42 + 1)).end == at(24 * 60)


def test_a_bar_is_drawn_phase_by_phase():
    bar = draw(
        WEEK,
        [
            Stretch(Phase.REVIEW, at(0), at(24)),
            Stretch(Phase.WAITING, at(24), at(48)),
            Stretch(Phase.TESTING, at(48), at(52)),
            Stretch(Phase.ISSUED, at(52), at(52)),
            Stretch(Phase.MARGIN, at(52), at(52)),
            Stretch(Phase.REPORTING, at(200), at(300)),
        ],
    )
    assert bar == [
        Piece("p-rev", 1, 12),
        Piece("p-wait", 13, 12),
        Piece("p-test", 25, 2),
        Piece("p-end", 27, 1),
    ]
