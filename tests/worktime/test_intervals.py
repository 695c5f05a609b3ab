"""Spans of time: half-open, sorted, merged. Checked against plain sets of minutes."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.worktime import Interval, clip, intersect, merge, subtract

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def span(start: int, end: int) -> Interval:
    return Interval(at(start), at(end))


def minutes_of(intervals) -> set[int]:
    return {
        minute
        for each in intervals
        for minute in range(
            int((each.start - NOON) / timedelta(minutes=1)), int((each.end - NOON) / timedelta(minutes=1))
        )
    }


def is_merged(intervals) -> bool:
    return all(a.end < b.start for a, b in pairwise(intervals))


intervals = st.builds(lambda start, length: span(start, start + length), st.integers(0, 60), st.integers(1, 20))
some = st.lists(intervals, max_size=8)


def test_an_interval_ends_before_its_end():
    morning, afternoon = span(0, 10), span(10, 20)
    assert not morning.overlaps(afternoon)
    assert morning.contains(at(0))
    assert not morning.contains(at(10))
    assert morning.duration == timedelta(minutes=10)


def test_adjacent_intervals_become_one():
    assert merge([span(10, 20), span(0, 10)]) == [span(0, 20)]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (NOON, NOON),
        (at(1), at(0)),
        (NOON.replace(tzinfo=None), at(1).replace(tzinfo=None)),
    ],
    ids=["empty", "reversed", "naive"],
)
def test_what_is_no_span_of_time_is_refused(start, end):
    with pytest.raises(ValueError, match="start before end"):
        Interval(start, end)


@given(some)
def test_merging_keeps_every_minute_once(spans):
    assert minutes_of(merge(spans)) == minutes_of(spans)
    assert is_merged(merge(spans))


@given(some, some)
def test_free_time_is_working_time_without_busy_time(windows, busy):
    free = subtract(windows, busy)
    assert minutes_of(free) == minutes_of(windows) - minutes_of(busy)
    assert is_merged(free)
    assert not any(gap.overlaps(taken) for gap in free for taken in busy)


@given(some, some)
def test_common_time_lies_in_both(a, b):
    assert minutes_of(intersect(a, b)) == minutes_of(a) & minutes_of(b)
    assert is_merged(intersect(a, b))


@given(some, intervals)
def test_clipping_keeps_what_lies_inside(spans, window):
    assert minutes_of(clip(spans, window)) == minutes_of(spans) & minutes_of([window])
    assert len(clip(spans, window)) == sum(each.overlaps(window) for each in spans)
