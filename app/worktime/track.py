"""Working time laid out in a row, so that "when is this much work done" is a look-up and not a walk."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from app.worktime.intervals import Interval
from app.worktime.zone import local_date


class Track:
    """Working windows from the local month of `begin` on, fetched month by month when needed, up to `limit`.

    months(year, month) gives the windows of each local day, sorted, cut at midnight; windows that touch there
    are one here. An answer is None when it would lie after the month of `limit`. Ask only about instants from
    `begin` on. Grows as it is asked: build one per question, never share it between threads.
    """

    def __init__(self, months: Callable[[int, int], Sequence[Interval]], begin: datetime, limit: datetime) -> None:
        self._months = months
        first, last = local_date(begin), local_date(limit)
        self._next, self._last = (first.year, first.month), (last.year, last.month)
        self._day_starts: list[datetime] = []
        self._day_ends: list[datetime] = []
        self._starts: list[datetime] = []
        self._ends: list[datetime] = []
        self._done: list[timedelta] = []  # working time before each window
        self._total = timedelta(0)

    def first_open(self, at: datetime) -> datetime | None:
        """First working instant >= at."""
        index = self._window(at)
        return None if index is None else max(at, self._starts[index])

    def finish(self, at: datetime, work: timedelta) -> datetime | None:
        """Instant at which `work` > 0, begun at `at` and done in working time only, is over."""
        index = self._window(at)
        if index is None:
            return None
        target = self._done[index] + max(at - self._starts[index], timedelta(0)) + work
        while self._total < target:
            if not self._grow():
                return None
        index = bisect_left(self._done, target) - 1
        return self._starts[index] + (target - self._done[index])

    def fit(self, at: datetime, length: timedelta) -> datetime | None:
        """First instant >= at from which `length` lies whole in one window."""
        index = self._window(at)
        while index is not None:
            begin = max(at, self._starts[index])
            if self._ends[index] - begin >= length:
                return begin
            if index + 1 < len(self._ends):
                index += 1
            elif not self._grow():  # the next month may lengthen this window, so it is asked again
                return None
        return None

    def next_start(self, at: datetime, grain: timedelta) -> datetime | None:
        """First instant >= at that lies a multiple of `grain` after the start of its day's window."""
        index = self._day(at)
        if index is None:
            return None
        begin = self._day_starts[index]
        if at <= begin:
            return begin
        start = begin - (begin - at) // grain * grain  # rounds up: floor division of a negative span
        if start < self._day_ends[index]:
            return start
        index = self._day(self._day_ends[index])
        return None if index is None else self._day_starts[index]

    def day_end(self, at: datetime) -> datetime | None:
        """End of the day's window that holds or follows `at`."""
        index = self._day(at)
        return None if index is None else self._day_ends[index]

    def _window(self, at: datetime) -> int | None:
        return self._first_ending_after(at, self._ends)

    def _day(self, at: datetime) -> int | None:
        return self._first_ending_after(at, self._day_ends)

    def _first_ending_after(self, at: datetime, ends: list[datetime]) -> int | None:
        index = bisect_right(ends, at)
        while index == len(ends):
            if not self._grow():
                return None
            index = bisect_right(ends, at)
        return index

    def _grow(self) -> bool:
        """Append one month; False when the limit is reached."""
        if self._next > self._last:
            return False
        year, month = self._next
        for window in self._months(year, month):
            self._append(window)
        self._next = (year + month // 12, month % 12 + 1)
        return True

    def _append(self, window: Interval) -> None:
        self._day_starts.append(window.start)
        self._day_ends.append(window.end)
        if self._ends and self._ends[-1] == window.start:
            self._ends[-1] = window.end
        else:
            self._starts.append(window.start)
            self._ends.append(window.end)
            self._done.append(self._total)
        self._total += window.end - window.start
