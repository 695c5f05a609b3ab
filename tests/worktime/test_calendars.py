"""When a bench works, where a use may start, and what is said about closed time."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.worktime import (
    PATTERNS,
    SHANGHAI,
    CalendarUnknown,
    ClosedReason,
    DayException,
    Interval,
    ShiftPattern,
    WeeklyShift,
    WorkingCalendar,
    clip,
    local_day,
    merge,
    sun,
)
from tests.grain import on_grain

CHONGQING = 29.72, 106.63
DAY_SHIFT = WorkingCalendar((PATTERNS["day"],))
TWO_SHIFTS = WorkingCalendar((PATTERNS["two"],))
CONTINUOUS = WorkingCalendar((PATTERNS["continuous"],))
DAYLIGHT = WorkingCalendar((PATTERNS["daylight"],), *CHONGQING)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def span(start: str, end: str) -> Interval:
    return Interval(local(start), local(end))


def worked(calendar: WorkingCalendar, day: str) -> list[Interval]:
    return calendar.windows(local_day(date.fromisoformat(day)))


def test_a_day_bench_works_monday_to_friday():
    assert worked(DAY_SHIFT, "2026-11-25") == [span("2026-11-25T08:30", "2026-11-25T17:30")]
    assert worked(DAY_SHIFT, "2026-11-28") == []


def test_two_shifts_end_at_midnight_and_sunday_is_off():
    assert worked(TWO_SHIFTS, "2026-11-28") == [span("2026-11-28T08:00", "2026-11-29T00:00")]
    assert worked(TWO_SHIFTS, "2026-11-29") == []
    assert not TWO_SHIFTS.is_open(local("2026-11-29T00:00"))
    assert TWO_SHIFTS.is_open(local("2026-11-28T23:59"))


def test_evenings_of_two_shifts_do_not_touch_the_next_morning():
    assert len(TWO_SHIFTS.windows(span("2026-11-25T00:00", "2026-11-28T00:00"))) == 3


def test_windows_come_whole_and_not_clipped():
    assert DAY_SHIFT.windows(span("2026-11-25T10:00", "2026-11-25T11:00")) == [
        span("2026-11-25T08:30", "2026-11-25T17:30")
    ]
    assert DAY_SHIFT.windows(span("2026-11-25T18:00", "2026-11-26T08:30")) == []


def test_a_continuous_bench_is_one_window_over_the_dates_asked_for():
    assert CONTINUOUS.windows(span("2026-09-30T12:00", "2026-10-03T06:00")) == [
        span("2026-09-30T00:00", "2026-10-04T00:00")
    ]


@pytest.mark.parametrize("day", [f"2026-10-0{d}" for d in range(1, 8)])
def test_national_day_closes_all_but_continuous_benches(day):
    assert worked(DAY_SHIFT, day) == worked(TWO_SHIFTS, day) == worked(DAYLIGHT, day) == []
    assert worked(CONTINUOUS, day) == [local_day(date.fromisoformat(day))]


def test_a_saturday_inside_the_spring_festival_is_no_working_saturday():
    assert worked(TWO_SHIFTS, "2026-02-21") == []
    assert worked(TWO_SHIFTS, "2026-02-24") == [span("2026-02-24T08:00", "2026-02-25T00:00")]


def test_a_make_up_sunday_opens_a_day_bench():
    assert date(2026, 9, 20).weekday() == 6
    assert worked(DAY_SHIFT, "2026-09-20") == [span("2026-09-20T08:30", "2026-09-20T17:30")]
    assert worked(TWO_SHIFTS, "2026-09-20") == [span("2026-09-20T08:00", "2026-09-21T00:00")]
    assert len(worked(DAYLIGHT, "2026-09-20")) == 1


def test_a_make_up_saturday_is_worked_like_a_weekday_also_where_saturdays_are_short():
    short_saturday = WorkingCalendar(
        (
            ShiftPattern(
                "short saturday",
                (
                    WeeklyShift(frozenset(range(5)), 480, 1020),
                    WeeklyShift(frozenset({5}), 480, 720),
                ),
            ),
        )
    )
    assert worked(short_saturday, "2026-10-10") == [span("2026-10-10T08:00", "2026-10-10T17:00")]
    assert worked(short_saturday, "2026-10-17") == [span("2026-10-17T08:00", "2026-10-17T12:00")]


def test_daylight_in_december_is_about_ten_hours():
    (window,) = worked(DAYLIGHT, "2026-12-21")
    assert timedelta(hours=10) < window.duration < timedelta(hours=10, minutes=30)
    # Chongqing: sunrise about 07:45, sunset about 17:58 by the almanac.
    assert abs(window.start - local("2026-12-21T07:45")) < timedelta(minutes=5)
    assert abs(window.end - local("2026-12-21T17:58")) < timedelta(minutes=5)


@given(st.dates(date(2001, 1, 1), date(2100, 12, 31)))
@settings(max_examples=50)
def test_daylight_is_whole_minutes_of_its_own_date(on):
    light = sun(on, *CHONGQING)
    assert (light.start.second, light.start.microsecond, light.end.second, light.end.microsecond) == (0,) * 4
    assert light.start.astimezone(SHANGHAI).date() == light.end.astimezone(SHANGHAI).date() == on
    assert timedelta(hours=10) < light.duration < timedelta(hours=14, minutes=15)


def test_daylight_needs_a_place():
    with pytest.raises(ValueError, match="latitude"):
        WorkingCalendar((PATTERNS["daylight"],))


def test_patterns_hold_between_their_dates():
    day, two = PATTERNS["day"].shifts, PATTERNS["two"].shifts
    calendar = WorkingCalendar(
        (
            ShiftPattern("day", day, valid_until=date(2026, 11, 25)),
            ShiftPattern("two", two, valid_from=date(2026, 11, 26), valid_until=date(2026, 11, 27)),
        )
    )
    assert worked(calendar, "2026-11-25") == [span("2026-11-25T08:30", "2026-11-25T17:30")]
    assert worked(calendar, "2026-11-26") == [span("2026-11-26T08:00", "2026-11-27T00:00")]
    assert worked(calendar, "2026-11-28") == []
    reason = calendar.closed_reason(local("2026-11-30T10:00"))
    assert reason is not None
    assert (reason.reason, reason.opens_at) == (ClosedReason.NO_PATTERN, None)


def test_a_single_day_may_differ():
    calendar = WorkingCalendar(
        (PATTERNS["day"],),
        exceptions=(
            DayException(date(2026, 11, 25), (), "停电检修", "Power cut"),
            DayException(date(2026, 11, 28), ((540, 720),)),
        ),
    )
    assert worked(calendar, "2026-11-25") == []
    assert worked(calendar, "2026-11-28") == [span("2026-11-28T09:00", "2026-11-28T12:00")]
    reason = calendar.closed_reason(local("2026-11-25T10:00"))
    assert reason is not None
    assert (reason.reason, reason.name_zh) == (ClosedReason.EXCEPTION, "停电检修")
    assert reason.opens_at == local("2026-11-26T08:30")


def test_a_night_shift_is_one_window_over_midnight():
    nights = WorkingCalendar(
        (
            ShiftPattern(
                "nights",
                (
                    WeeklyShift(frozenset(range(5)), 1320, 1440),
                    WeeklyShift(frozenset(range(7)), 0, 360),
                ),
            ),
        )
    )
    assert span("2026-11-25T22:00", "2026-11-26T06:00") in nights.windows(span("2026-11-25T12:00", "2026-11-26T12:00"))


def test_starts_lie_on_the_grain_from_the_opening():
    window = span("2026-11-25T00:00", "2026-11-26T00:00")
    assert on_grain(DAY_SHIFT, window, 4 * HOUR) == [
        local(f"2026-11-25T{clock}") for clock in ("08:30", "12:30", "16:30")
    ]
    assert DAY_SHIFT.is_on_grain(local("2026-11-25T12:30"), 4 * HOUR)
    assert not DAY_SHIFT.is_on_grain(local("2026-11-25T12:00"), 4 * HOUR)
    assert not DAY_SHIFT.is_on_grain(local("2026-11-25T20:30"), 4 * HOUR)
    assert on_grain(DAY_SHIFT, Interval(local("2026-11-25T15:31"), window.end), HOUR) == [local("2026-11-25T16:30")]


def test_starts_of_a_continuous_bench_count_from_midnight():
    window = span("2026-10-01T00:00", "2026-10-03T00:00")
    assert on_grain(CONTINUOUS, window, 8 * HOUR) == [
        local(f"2026-10-0{day}T{clock}:00") for day in (1, 2) for clock in ("00", "08", "16")
    ]


def test_the_next_start_after_national_day():
    after = local("2026-09-30T16:31")
    assert DAY_SHIFT.next_start(after, HOUR) == local("2026-10-08T08:30")
    assert DAY_SHIFT.next_start(local("2026-10-08T08:30"), HOUR) == local("2026-10-08T08:30")
    assert DAY_SHIFT.next_start(local("2026-10-08T08:30") + timedelta.resolution, HOUR) == local("2026-10-08T09:30")


def test_the_search_for_a_start_ends_after_400_days():
    never = WorkingCalendar((ShiftPattern("past", PATTERNS["day"].shifts, valid_until=date(2026, 1, 31)),))
    late = WorkingCalendar((ShiftPattern("late", PATTERNS["day"].shifts, valid_from=date(2027, 3, 31)),))
    assert never.next_start(local("2026-02-01T00:00"), HOUR) is None
    assert late.next_start(local("2026-02-01T00:00"), HOUR) is None  # 423 days
    assert late.next_start(local("2026-03-01T00:00"), HOUR) == local("2027-03-31T08:30")


def test_windows_are_walked_lazily_across_the_year():
    walk = DAY_SHIFT.iterate(local("2026-12-31T09:00"))
    assert next(walk) == span("2026-12-31T08:30", "2026-12-31T17:30")
    assert next(walk) == span("2027-01-04T08:30", "2027-01-04T17:30")


def test_dates_out_of_reach_are_refused():
    with pytest.raises(CalendarUnknown):
        DAY_SHIFT.windows(Interval(datetime(1999, 5, 3, tzinfo=UTC), datetime(1999, 5, 4, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("calendar", "instant", "reason", "name", "opens"),
    [
        (DAY_SHIFT, "2026-10-02T10:00", ClosedReason.HOLIDAY, "国庆节", "2026-10-08T08:30"),
        (DAY_SHIFT, "2026-11-28T10:00", ClosedReason.WEEKEND, None, "2026-11-30T08:30"),
        (DAY_SHIFT, "2026-11-25T17:30", ClosedReason.OFF_SHIFT, None, "2026-11-26T08:30"),
        (DAY_SHIFT, "2026-11-25T03:00", ClosedReason.OFF_SHIFT, None, "2026-11-25T08:30"),
        (TWO_SHIFTS, "2026-11-29T10:00", ClosedReason.WEEKEND, None, "2026-11-30T08:00"),
        (TWO_SHIFTS, "2026-02-21T10:00", ClosedReason.HOLIDAY, "春节", "2026-02-24T08:00"),
    ],
)
def test_closed_time_says_why_and_when_it_opens(calendar, instant, reason, name, opens):
    closed = calendar.closed_reason(local(instant))
    assert (closed.reason, closed.name_zh, closed.opens_at) == (reason, name, local(opens))


def test_a_track_is_dark_at_night_and_says_when_the_sun_rises():
    closed = DAYLIGHT.closed_reason(local("2026-12-21T20:00"))
    assert closed is not None
    assert closed.reason is ClosedReason.DARK
    assert closed.opens_at == sun(date(2026, 12, 22), *CHONGQING).start


def test_open_time_has_no_reason_to_be_closed():
    assert DAY_SHIFT.closed_reason(local("2026-11-25T10:00")) is None
    assert CONTINUOUS.closed_reason(local("2026-10-01T03:00")) is None


def test_a_row_over_national_day_shows_one_closed_span_for_the_holiday():
    row = DAY_SHIFT.closed_spans(span("2026-09-30T12:00", "2026-10-08T12:00"))
    assert [(each.reason, each.interval) for each in row] == [
        (ClosedReason.OFF_SHIFT, span("2026-09-30T17:30", "2026-10-01T00:00")),
        (ClosedReason.HOLIDAY, span("2026-10-01T00:00", "2026-10-08T00:00")),
        (ClosedReason.OFF_SHIFT, span("2026-10-08T00:00", "2026-10-08T08:30")),
    ]
    assert {each.opens_at for each in row} == {local("2026-10-08T08:30")}


calendars = st.sampled_from([DAY_SHIFT, TWO_SHIFTS, CONTINUOUS, DAYLIGHT])
instants = st.integers(0, 300 * 24 * 60).map(lambda minutes: local("2026-01-03T00:00") + minutes * MINUTE)
spans = st.builds(lambda start, minutes: Interval(start, start + minutes * MINUTE), instants, st.integers(1, 14400))


@given(calendars, spans)
@settings(max_examples=60)
def test_a_row_is_either_open_or_closed(calendar, row):
    closed = [each.interval for each in calendar.closed_spans(row)]
    open_ = clip(calendar.windows(row), row)
    assert merge(closed + open_) == [row]
    assert not any(a.overlaps(b) for a in closed for b in open_)


@given(calendars, instants, st.sampled_from([15, 30, 60, 120, 240, 480]))
@settings(max_examples=60)
def test_the_next_start_is_the_first_minute_on_the_grain(calendar, instant, grain):
    found = calendar.next_start(instant, grain * MINUTE)
    walked = instant
    while not calendar.is_on_grain(walked, grain * MINUTE):
        walked += MINUTE
    assert found == walked


@pytest.mark.parametrize(
    "make",
    [
        lambda: WeeklyShift(frozenset(), 0, 60),
        lambda: WeeklyShift(frozenset({7}), 0, 60),
        lambda: WeeklyShift(frozenset({0}), 60, 60),
        lambda: WeeklyShift(frozenset({0}), 0, 1441),
        lambda: ShiftPattern("x", (), valid_from=date(2026, 2, 1), valid_until=date(2026, 1, 1)),
        lambda: ShiftPattern("x", (), continuous=True, daylight=True),
        lambda: DayException(date(2026, 1, 1), ((60, 30),)),
        lambda: WorkingCalendar((), exceptions=(DayException(date(2026, 1, 1), ()),) * 2),
        lambda: DAY_SHIFT.next_start(local("2026-11-25T10:00"), timedelta(0)),
    ],
)
def test_nonsense_is_refused(make):
    with pytest.raises(ValueError, match=r"\w"):
        make()
