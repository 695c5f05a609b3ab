"""How long a test keeps a bench and where it fits, told with real dates of 2026."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.worktime import (
    PATTERNS,
    SHANGHAI,
    Interval,
    Need,
    ShiftPattern,
    Starts,
    Use,
    WeeklyShift,
    WorkingCalendar,
    can_ever_run,
    lay,
)
from tests.grain import on_grain

DAY_SHIFT = WorkingCalendar((PATTERNS["day"],))
TWO_SHIFTS = WorkingCalendar((PATTERNS["two"],))
CONTINUOUS = WorkingCalendar((PATTERNS["continuous"],))
DAYLIGHT = WorkingCalendar((PATTERNS["daylight"],), 29.72, 106.63)
HOUR = timedelta(hours=1)
MONDAY_MORNINGS = (WeeklyShift(frozenset({0}), 480, 540),)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def span(start: str, end: str) -> Interval:
    return Interval(local(start), local(end))


def need(setup: float, run: float, teardown: float, *, splits: bool = False, unattended: bool = False) -> Need:
    return Need(setup * HOUR, run * HOUR, teardown * HOUR, splits, unattended)


def use(*instants: str) -> Use:
    return Use(*(local(each) for each in instants))


def test_a_short_test_lies_within_one_shift():
    assert lay(local("2026-11-25T08:30"), need(1, 4, 0.5), DAY_SHIFT) == use(
        "2026-11-25T08:30", "2026-11-25T09:30", "2026-11-25T13:30", "2026-11-25T14:00"
    )


def test_setup_stretches_over_the_night_and_the_run_waits_for_a_whole_window():
    assert lay(local("2026-11-25T16:30"), need(2, 8.5, 1), DAY_SHIFT) == use(
        "2026-11-25T16:30", "2026-11-27T08:30", "2026-11-27T17:00", "2026-11-30T09:00"
    )


def test_setup_that_ends_with_the_shift_lets_the_run_begin_in_the_morning():
    attended = lay(local("2026-11-25T16:30"), need(1, 2, 0), DAY_SHIFT)
    assert attended == use("2026-11-25T16:30", "2026-11-26T08:30", "2026-11-26T10:30", "2026-11-26T10:30")
    assert lay(local("2026-11-25T16:30"), need(1, 2, 0, splits=True), DAY_SHIFT) == attended


def test_an_unattended_run_begins_as_soon_as_it_is_set_up():
    assert lay(local("2026-11-25T16:30"), need(1, 2, 1, unattended=True), DAY_SHIFT) == use(
        "2026-11-25T16:30", "2026-11-25T17:30", "2026-11-25T19:30", "2026-11-26T09:30"
    )


def test_an_unattended_run_of_120_hours_goes_on_through_national_day():
    # It ends within the holiday, so the bench is kept until somebody can clear it on the 8th.
    assert lay(local("2026-09-30T08:30"), need(2, 120, 2, unattended=True), DAY_SHIFT) == use(
        "2026-09-30T08:30", "2026-09-30T10:30", "2026-10-05T10:30", "2026-10-08T10:30"
    )


def test_a_split_run_uses_working_time_over_several_days_and_skips_the_holiday():
    assert lay(local("2026-09-30T12:30"), need(1, 20, 1, splits=True), DAY_SHIFT) == use(
        "2026-09-30T12:30", "2026-09-30T13:30", "2026-10-09T15:30", "2026-10-09T16:30"
    )


def test_a_use_may_end_at_24_00():
    found = lay(local("2026-11-25T08:00"), need(0, 16, 0), TWO_SHIFTS)
    assert found == use("2026-11-25T08:00", "2026-11-25T08:00", "2026-11-26T00:00", "2026-11-26T00:00")
    assert lay(local("2026-11-25T09:00"), need(0, 16, 0), TWO_SHIFTS).run_from == local("2026-11-26T08:00")


def test_a_continuous_bench_knows_no_midnight_and_no_holiday():
    assert lay(local("2026-09-30T20:00"), need(1, 60, 1), CONTINUOUS) == use(
        "2026-09-30T20:00", "2026-09-30T21:00", "2026-10-03T09:00", "2026-10-03T10:00"
    )


def test_a_make_up_sunday_is_worked():
    assert lay(local("2026-09-20T08:30"), need(0, 9, 0), DAY_SHIFT).ends_at == local("2026-09-20T17:30")


@pytest.mark.parametrize("start", ["2026-11-25T08:29", "2026-11-25T17:30", "2026-11-28T10:00", "2026-10-01T10:00"])
def test_nothing_starts_outside_working_time(start):
    assert lay(local(start), need(1, 1, 1), DAY_SHIFT) is None


def test_a_run_longer_than_every_window_never_ends():
    assert lay(local("2026-11-25T08:30"), need(0, 9.5, 0), DAY_SHIFT) is None
    assert not can_ever_run(need(0, 9.5, 0), DAY_SHIFT, date(2026, 11, 25))
    assert can_ever_run(need(0, 9.5, 0, splits=True), DAY_SHIFT, date(2026, 11, 25))
    assert can_ever_run(need(0, 9.5, 0, unattended=True), DAY_SHIFT, date(2026, 11, 25))


def test_a_run_of_thirteen_hours_of_daylight_has_to_wait_for_summer():
    assert can_ever_run(need(0, 13, 0), DAYLIGHT, date(2026, 11, 25))
    assert not can_ever_run(need(0, 15, 0), DAYLIGHT, date(2026, 11, 25))
    # The bench would be kept from the start on, so a start in winter ends in spring.
    assert lay(DAYLIGHT.next_start(local("2026-11-25T00:00"), HOUR), need(0, 13, 0), DAYLIGHT).run_from > local(
        "2027-04-15T00:00"
    )


def test_a_use_may_last_400_days_and_no_longer():
    start, longest = local("2026-03-02T08:00"), 400 * 24
    for calendar in (CONTINUOUS, DAY_SHIFT):
        start = calendar.next_start(start, HOUR)
        found = lay(start, need(0, longest, 0, unattended=True), calendar)
        assert found.ends_at - found.starts_at == timedelta(days=400)
        assert lay(start, need(0, longest + 1 / 60, 0, unattended=True), calendar) is None
    assert lay(start, need(1 / 60, longest, 0, unattended=True), DAY_SHIFT) is None
    assert lay(start, need(0, longest, 1 / 60, unattended=True), DAY_SHIFT) is None


def test_free_starts_stop_where_a_quarter_of_an_hour_more_would_last_over_400_days():
    # One hour each Monday; the one after 29 March 2027 is Tomb-Sweeping Day, so the next is a fortnight off.
    mornings = WorkingCalendar((ShiftPattern("mornings", MONDAY_MORNINGS),))
    first, last = local("2026-03-02T08:00"), local("2027-03-29T09:00")
    run = need(0, len(mornings.windows(Interval(first, last))), 0, splits=True)
    assert lay(first, run, mornings).ends_at == last
    spans = Starts(run, mornings, HOUR / 4, (), first, first + HOUR).windows()
    assert spans == [span("2026-03-02T08:00", "2026-03-02T08:15")]


def test_a_start_too_early_for_400_days_does_not_hide_a_later_one():
    # One hour a week until June 2027, full days from then on: whoever starts too early takes too long.
    calendar = WorkingCalendar(
        (
            ShiftPattern("mornings", MONDAY_MORNINGS, valid_until=date(2027, 6, 30)),
            ShiftPattern("day", PATTERNS["day"].shifts, valid_from=date(2027, 7, 1)),
        )
    )
    long, begin, end = need(0, 90, 0, splits=True), local("2026-03-01T00:00"), local("2026-08-31T00:00")
    every_start = on_grain(calendar, Interval(begin, end), HOUR)
    possible = [found for start in every_start if (found := lay(start, long, calendar))]
    assert 0 < len(possible) < len(every_start)
    assert list(Starts(long, calendar, HOUR, (), begin, end)) == possible
    assert Starts(long, calendar, HOUR, (), begin, end).earliest() == possible[0]
    offered = Starts(long, calendar, HOUR, (), begin, end).windows()
    assert [s for s in every_start if any(each.contains(s) for each in offered)] == [
        each.starts_at for each in possible
    ]


def test_the_earliest_start_follows_a_busy_morning():
    busy = [span("2026-11-25T08:30", "2026-11-25T11:10")]
    found = Starts(
        need(0.5, 2, 0.5), DAY_SHIFT, HOUR, [[busy]], local("2026-11-25T00:00"), local("2026-11-30T00:00")
    ).earliest()
    assert found.starts_at == local("2026-11-25T11:30")


def test_back_to_back_is_no_overlap():
    busy = [span("2026-11-25T08:30", "2026-11-25T10:30"), span("2026-11-25T13:30", "2026-11-25T17:30")]
    found = Starts(
        need(1, 1, 1), DAY_SHIFT, HOUR, [[busy]], local("2026-11-25T00:00"), local("2026-11-26T00:00")
    ).earliest()
    assert found.interval == span("2026-11-25T10:30", "2026-11-25T13:30")


def test_a_busy_span_inside_the_night_of_a_stretched_setup_is_in_the_way():
    night = [span("2026-11-25T22:00", "2026-11-25T23:00")]
    found = Starts(
        need(2, 1, 0), DAY_SHIFT, HOUR, [[night]], local("2026-11-25T16:00"), local("2026-11-27T00:00")
    ).earliest()
    assert found.starts_at == local("2026-11-26T08:30")


def test_seconds_in_the_question_do_not_move_the_grain():
    now = local("2026-11-25T09:30") + timedelta(seconds=12, microseconds=5)
    busy = [Interval(local("2026-11-25T10:00"), local("2026-11-25T11:30") + timedelta(seconds=30))]
    found = Starts(need(0, 1, 0), DAY_SHIFT, HOUR, [[busy]], now, now + timedelta(days=1)).earliest()
    assert found.starts_at == local("2026-11-25T12:30")


def test_both_ends_of_the_question_are_allowed_starts():
    eight, nine = local("2026-11-25T08:30"), local("2026-11-25T09:30")
    found = list(Starts(need(0, 1, 0), DAY_SHIFT, HOUR, (), eight, nine))
    assert [each.starts_at for each in found] == [eight, nine]
    assert list(Starts(need(0, 1, 0), DAY_SHIFT, HOUR, (), nine, eight)) == []


def test_free_starts_end_one_grain_after_the_last_or_with_the_window():
    busy = [span("2026-11-25T12:30", "2026-11-25T14:30")]
    spans = Starts(
        need(0, 2, 0), DAY_SHIFT, HOUR, [[busy]], local("2026-11-25T00:00"), local("2026-11-25T16:00")
    ).windows()
    # 8:30 to 10:30 before the busy span; 14:30 and 15:30 after it, the latter to the next morning's run.
    assert spans == [span("2026-11-25T08:30", "2026-11-25T11:30"), span("2026-11-25T14:30", "2026-11-25T16:30")]
    all_day = Starts(
        need(0, 2, 0), CONTINUOUS, 8 * HOUR, (), local("2026-11-25T00:00"), local("2026-11-26T23:00")
    ).windows()
    assert all_day == [span("2026-11-25T00:00", "2026-11-27T00:00")]


def test_unsorted_or_overlapping_busy_spans_are_refused():
    early, late = (
        span("2026-11-25T08:30", "2026-11-25T10:30"),
        span("2026-11-25T10:00", "2026-11-25T12:30"),
    )
    for busy in ([early, late], [late, early]):
        with pytest.raises(ValueError, match="sorted"):
            Starts(need(0, 1, 0), DAY_SHIFT, HOUR, [[busy]], early.start, late.end).earliest()


@pytest.mark.parametrize("hours", [(0, 0, 0), (-1, 1, 0), (0, 1, -1), (0, -1, 0)])
def test_a_need_without_a_run_is_none(hours):
    with pytest.raises(ValueError, match="run"):
        need(*hours)


def test_a_grain_of_nothing_is_refused():
    with pytest.raises(ValueError, match="grain"):
        Starts(need(0, 1, 0), DAY_SHIFT, 0 * HOUR, (), local("2026-11-25T00:00"), local("2026-11-26T00:00")).earliest()
