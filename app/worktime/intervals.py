"""Half-open spans of time and the four operations the product needs on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, order=True, slots=True)
class Interval:
    """Half-open [start, end), aware and by convention UTC, as DTSTART and DTEND in RFC 5545.

    Raises ValueError for naive datetimes and unless start < end.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.utcoffset() is None or self.end.utcoffset() is None or not self.start < self.end:
            raise ValueError("an interval needs aware datetimes, start before end")

    @property
    def duration(self) -> timedelta:
        """Elapsed time, > 0."""
        return self.end - self.start

    def overlaps(self, other: Interval) -> bool:
        """True when both share an instant; intervals that only touch do not."""
        return self.start < other.end and other.start < self.end

    def contains(self, instant: datetime) -> bool:
        """True for start <= instant < end."""
        return self.start <= instant < self.end


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time as a sorted list of intervals that neither overlap nor touch."""
    merged: list[Interval] = []
    for interval in sorted(intervals):
        if merged and interval.start <= merged[-1].end:
            if interval.end > merged[-1].end:
                merged[-1] = Interval(merged[-1].start, interval.end)
        else:
            merged.append(interval)
    return merged


def subtract(windows: Iterable[Interval], busy: Iterable[Interval]) -> list[Interval]:
    """Time of `windows` that lies in none of `busy`, sorted and merged. Any order of input."""
    taken = merge(busy)
    free: list[Interval] = []
    first = 0
    for window in merge(windows):
        while first < len(taken) and taken[first].end <= window.start:
            first += 1
        begin, index = window.start, first
        while index < len(taken) and taken[index].start < window.end:
            if begin < taken[index].start:
                free.append(Interval(begin, taken[index].start))
            begin = taken[index].end
            index += 1
        if begin < window.end:
            free.append(Interval(begin, window.end))
    return free


def intersect(a: Iterable[Interval], b: Iterable[Interval]) -> list[Interval]:
    """Time that lies in both, sorted and merged. Any order of input."""
    left, right = merge(a), merge(b)
    common: list[Interval] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i].start, right[j].start), min(left[i].end, right[j].end)
        if start < end:
            common.append(Interval(start, end))
        if left[i].end <= right[j].end:
            i += 1
        else:
            j += 1
    return common


def clip(intervals: Iterable[Interval], window: Interval) -> list[Interval]:
    """The parts of `intervals` inside `window`, one for one and in the order given."""
    return [
        Interval(max(each.start, window.start), min(each.end, window.end))
        for each in intervals
        if each.overlaps(window)
    ]
