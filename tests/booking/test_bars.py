"""Time drawn: work thick, waiting thin, closed time behind it; every instant on its axis."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.booking.bars import COLUMNS, Course, actual_and_plan, bench_use, until_report
from app.timeline import Phase, Piece
from app.worktime import PATTERNS, Need, Use, WorkingCalendar, lay
from tests.world import NOW, at

DAY_SHIFT = WorkingCalendar((PATTERNS["day"],))
CONTINUOUS = WorkingCalendar((PATTERNS["continuous"],))


def need(setup: int, run: int, teardown: int, *, splits: bool = False, unattended: bool = False) -> Need:
    minutes = (timedelta(minutes=length) for length in (setup, run, teardown))
    return Need(*minutes, splits, unattended)


def laid(start: datetime, what: Need, calendar: WorkingCalendar = DAY_SHIFT) -> Use:
    use = lay(start, what, calendar)
    assert use is not None
    return use


def css(pieces: list[Piece]) -> list[str]:
    return [piece.css for piece in pieces]


def test_the_bench_is_kept_overnight_between_run_and_clean_down() -> None:
    use = laid(at(5), need(240, 300, 240))
    bar = bench_use(use, DAY_SHIFT, unattended=False)
    drawn = [name for name in css(bar.rows[0]) if name != "p-off"]
    assert drawn == ["p-keep", "p-att", "p-keep", "p-test", "p-keep", "p-att", "p-end"]
    assert not bar.by_day


def test_a_run_that_goes_on_by_itself_is_one_thick_piece() -> None:
    use = laid(at(5), need(0, 48 * 60, 0, unattended=True))
    bar = bench_use(use, DAY_SHIFT, unattended=True)
    assert [name for name in css(bar.rows[0]) if name != "p-off"] == ["p-test", "p-end"]


def test_a_run_over_several_shifts_rests_at_night() -> None:
    use = laid(at(5), need(0, 14 * 60, 0, splits=True))
    drawn = [name for name in css(bench_use(use, DAY_SHIFT, unattended=False).rows[0]) if name != "p-off"]
    assert drawn == ["p-keep", "p-test", "p-test", "p-end"]


def test_a_long_use_is_drawn_in_days() -> None:
    use = laid(at(5), need(0, 10 * 24 * 60, 0, unattended=True))
    assert bench_use(use, DAY_SHIFT, unattended=True).by_day
    assert not bench_use(laid(at(5), need(0, 60, 0), CONTINUOUS), CONTINUOUS, unattended=False).by_day


def test_the_way_to_the_report_has_its_phases() -> None:
    course = Course(NOW, at(3), at(5), at(5, 12), at(12), at(17))
    drawn = [name for name in css(until_report(course, NOW, Phase.SAMPLE).rows[0]) if name != "p-off"]
    assert drawn == ["p-smp", "p-rep", "p-rev", "p-test", "p-unk", "p-end"]


def test_the_phase_that_is_running_ends_now_and_the_rest_is_outlined() -> None:
    plan = Course(NOW, at(3), at(5), at(5, 12), at(12), at(17))
    actual = Course(submitted=NOW, accepted=at(2, 15))
    done, planned = (
        [name for name in css(row) if name != "p-off"] for row in actual_and_plan(actual, plan, at(3, 12)).rows
    )
    assert done == ["p-wait", "p-rev", "p-plan", "p-plan", "now"]
    assert planned == ["p-wait", "p-rep", "p-rev", "p-test", "p-unk", "p-end"]


def test_nothing_is_outlined_once_the_report_is_there() -> None:
    plan = Course(NOW, at(3), at(5), at(5, 12), at(12), at(17))
    actual = Course(NOW, at(2, 15), at(5), at(5, 13), at(10))
    done = css(actual_and_plan(actual, plan, at(20)).rows[0])
    assert "p-plan" not in done and "now" not in done and done[-1] == "p-end"


@given(
    lengths=st.lists(st.timedeltas(timedelta(0), timedelta(days=90)), min_size=6, max_size=6),
    now=st.timedeltas(timedelta(0), timedelta(days=300)),
)
def test_every_piece_lies_on_the_grid(lengths: list[timedelta], now: timedelta) -> None:
    instants = [NOW]
    for length in lengths[1:]:
        instants.append(instants[-1] + length)
    course = Course(*instants)
    bars = [until_report(course, NOW + now, Phase.WAITING), actual_and_plan(Course(*instants[:2]), course, NOW + now)]
    for bar in bars:
        assert len(bar.ticks) == 6 and bar.ticks[0] <= NOW
        for row in bar.rows:
            assert all(piece.c >= 1 and piece.c + piece.s - 1 <= COLUMNS for piece in row)
