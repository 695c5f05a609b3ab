"""The fast search finds what walking every minute finds: no start missed, none invented."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.worktime import (
    PATTERNS,
    SHANGHAI,
    DayException,
    Interval,
    Need,
    ShiftPattern,
    Starts,
    WeeklyShift,
    WorkingCalendar,
    lay,
    merge,
)
from tests.grain import on_grain

from .minutes import MINUTE, Minutes

DAYS = 30
# Around the year's beginning, Spring Festival, Labour Day, Mid-Autumn and National Day, with their make-up days.
BEGINNINGS = [date(2026, 1, 1), date(2026, 2, 10), date(2026, 4, 27), date(2026, 9, 17), date(2026, 9, 28)]


def midnight(on: date) -> datetime:
    return datetime(on.year, on.month, on.day, tzinfo=SHANGHAI).astimezone(UTC)


hours = st.tuples(st.integers(0, 1435), st.integers(1, 1440)).map(lambda pair: (pair[0], min(pair[0] + pair[1], 1440)))
shifts = st.builds(
    lambda weekdays, pair: WeeklyShift(frozenset(weekdays), *pair),
    st.sets(st.integers(0, 6), min_size=1),
    st.one_of(hours, st.sampled_from([(510, 1050), (480, 1440), (0, 1440), (0, 360), (1320, 1440)])),
)
amounts = st.one_of(st.sampled_from([0, 30, 60, 120, 240, 480]), st.integers(0, 900))


@st.composite
def patterns(draw, first: date):
    dates = st.none() | st.integers(0, 12).map(lambda day: first + timedelta(days=day))
    begins, ends = draw(dates), draw(dates)
    if begins and ends and ends < begins:
        begins, ends = ends, begins
    if draw(st.integers(0, 5)) == 0:
        return ShiftPattern("continuous", (), continuous=True, valid_from=begins, valid_until=ends)
    week = tuple(draw(st.lists(shifts, min_size=1, max_size=3)))
    return ShiftPattern("week", week, valid_from=begins, valid_until=ends)


@st.composite
def calendars(draw, first: date):
    if draw(st.booleans()):
        return WorkingCalendar((PATTERNS[draw(st.sampled_from(["day", "two", "continuous"]))],))
    exceptions = draw(
        st.dictionaries(
            st.integers(0, 10).map(lambda day: first + timedelta(days=day)),
            st.lists(hours, max_size=2).map(tuple),
            max_size=2,
        )
    )
    return WorkingCalendar(
        tuple(draw(st.lists(patterns(first), min_size=1, max_size=2))),
        exceptions=tuple(DayException(on, open_) for on, open_ in exceptions.items()),
    )


needs = st.builds(
    lambda setup, run, teardown, splits, unattended: Need(
        setup * MINUTE, run * MINUTE, teardown * MINUTE, splits, unattended
    ),
    amounts,
    st.one_of(st.sampled_from([60, 240, 540, 960]), st.integers(1, 3000)),
    amounts,
    st.booleans(),
    st.booleans(),
)


@st.composite
def questions(draw):
    first = draw(st.sampled_from(BEGINNINGS))
    zero = midnight(first)
    lengths = st.tuples(st.integers(0, 10 * 1440), st.integers(1, 1500))
    busy = merge(
        Interval(zero + start * MINUTE, zero + (start + length) * MINUTE)
        for start, length in draw(st.lists(lengths, max_size=8))
    )
    not_before = zero + draw(st.integers(0, 4 * 1440)) * MINUTE
    return (
        first,
        draw(needs),
        draw(calendars(first)),
        draw(st.sampled_from([15, 30, 60, 120, 240, 480]) | st.integers(15, 480)) * MINUTE,
        busy,
        not_before,
        not_before + draw(st.integers(0, 4 * 1440)) * MINUTE,
    )


@given(questions())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_search_equals_the_walk(question):
    first, need, calendar, grain, busy, not_before, not_after = question
    minutes = Minutes(calendar, first, DAYS, busy)
    expected = list(minutes.starts(need, grain, not_before, not_after))
    found = list(Starts(need, calendar, grain, [[busy]], not_before, not_after))

    # The walk knows thirty days; what ends later, it cannot see.
    assert [use for use in found if use.ends_at <= minutes.end] == expected
    assert Starts(need, calendar, grain, [[busy]], not_before, not_after).earliest() == (found[0] if found else None)
    offered = Starts(need, calendar, grain, [[busy]], not_before, not_after).windows()
    every = on_grain(calendar, Interval(not_before, not_after + MINUTE), grain)
    assert [start for start in every if any(span.contains(start) for span in offered)] == [
        use.starts_at for use in found
    ]


@given(questions())
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_use_found_keeps_the_rules(question):
    first, need, calendar, grain, busy, not_before, not_after = question
    minutes = Minutes(calendar, first, DAYS, busy)
    for use in Starts(need, calendar, grain, [[busy]], not_before, not_after):
        assert not_before <= use.starts_at <= not_after
        assert use.starts_at <= use.run_from < use.run_until <= use.ends_at
        assert not any(span.overlaps(use.interval) for span in busy)
        assert lay(use.starts_at, need, calendar) == use
        if use.ends_at > minutes.end:
            continue
        start, run_from, run_until, end = (
            minutes.number(instant) for instant in (use.starts_at, use.run_from, use.run_until, use.ends_at)
        )
        assert minutes.open[start]
        assert sum(minutes.open[run_until:end]) * MINUTE == need.teardown
        if need.unattended:
            assert use.run_until - use.run_from == need.run
            assert sum(minutes.open[start:run_from]) * MINUTE == need.setup
        elif need.splits:
            assert sum(minutes.open[run_from:run_until]) * MINUTE == need.run
            assert sum(minutes.open[start:run_from]) * MINUTE == need.setup
        else:
            assert use.run_until - use.run_from == need.run
            assert all(minutes.open[run_from:run_until])
            assert sum(minutes.open[start:run_from]) * MINUTE >= need.setup
