"""Working time in whole minutes: what `app.worktime` says of a calendar, laid out once for many questions.

The same rules as `app.worktime.uses` (a test holds the two together), on integers: a simulated year asks millions
of times when a use that begins now would end.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from app.worktime import Interval, Need, WorkingCalendar, midnight

# Behind all that is ever simulated.
NEVER = 1 << 40
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Task:
    """`worktime.Need` in minutes. least: wall-clock minutes that no use of it falls short of; attended: of them, those
    that take working time.
    """

    setup: int
    run: int
    teardown: int
    splits: bool
    unattended: bool
    least: int = field(init=False)
    attended: int = field(init=False)

    def __post_init__(self) -> None:
        attended = self.setup + self.teardown
        object.__setattr__(self, "least", attended + self.run)
        object.__setattr__(self, "attended", attended + (0 if self.unattended else self.run))

    @classmethod
    def of(cls, need: Need) -> "Task":
        setup, run, teardown = (int(each / MINUTE) for each in (need.setup, need.run, need.teardown))
        return cls(setup, run, teardown, need.splits, need.unattended)


class Openings:
    """The working windows of one calendar. windows: minutes, sorted, each cut at midnight, as uses start by the day.

    Answers beyond the last window are NEVER.
    """

    __slots__ = ("_day_ends", "_day_starts", "_done", "_ends", "_starts", "total")

    def __init__(self, windows: Iterable[tuple[int, int]]) -> None:
        days = list(windows)
        self._day_starts = [start for start, _end in days]
        self._day_ends = [end for _start, end in days]
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in days:
            if self._ends and self._ends[-1] == start:
                self._ends[-1] = end
            else:
                self._starts.append(start)
                self._ends.append(end)
        self._done: list[int] = []
        self.total = 0
        for start, end in zip(self._starts, self._ends, strict=True):
            self._done.append(self.total)
            self.total += end - start

    def before(self, at: int) -> int:
        """Open minutes before the instant."""
        index = bisect_right(self._starts, at) - 1
        if index < 0:
            return 0
        end = self._ends[index]
        return self._done[index] + (at if at < end else end) - self._starts[index]

    def open_minutes(self, start: int, end: int) -> int:
        """Open minutes of [start, end)."""
        return self.before(end) - self.before(start)

    def finish(self, at: int, work: int) -> int:
        """When `work` minutes of working time, begun at `at`, are done; at once for none."""
        if work <= 0:
            return at
        target = self.before(at) + work
        if target > self.total:
            return NEVER
        index = bisect_left(self._done, target) - 1
        return self._starts[index] + target - self._done[index]

    def fit(self, at: int, length: int) -> int:
        """First instant from `at` on from which `length` lies whole in one window."""
        for index in range(bisect_right(self._ends, at), len(self._ends)):
            begin = self._starts[index] if self._starts[index] > at else at
            if self._ends[index] - begin >= length:
                return begin
        return NEVER

    def next_start(self, at: int, grain: int) -> int:
        """First instant from `at` on that lies a multiple of `grain` after the start of its day's window."""
        index = bisect_right(self._day_ends, at)
        if index == len(self._day_ends):
            return NEVER
        begin = self._day_starts[index]
        if at <= begin:
            return begin
        start = begin - (begin - at) // grain * grain
        if start < self._day_ends[index]:
            return start
        return self._day_starts[index + 1] if index + 1 < len(self._day_starts) else NEVER

    def lay(self, start: int, task: Task) -> int:
        """End of a use that takes the bench at the working instant `start`."""
        index = bisect_right(self._ends, start)
        if index < len(self._ends) and self._ends[index] - start >= task.least:
            return start + task.least
        if task.splits and not task.unattended:
            return self.finish(start, task.least)
        ready = self.finish(start, task.setup)
        if ready == NEVER:
            return NEVER
        done = (ready if task.unattended else self.fit(ready, task.run)) + task.run
        return self.finish(done, task.teardown) if done < NEVER else NEVER


def openings_of(calendar: WorkingCalendar, first: date, days: int) -> Openings:
    """The calendar over `days` local dates from `first` on. Raises CalendarUnknown."""
    begin, end = midnight(first), midnight(first + timedelta(days=days))
    months: Sequence[Interval] = [window for month in _months(first, days) for window in calendar.month(*month)]
    return Openings(
        (minutes_since(begin, window.start), minutes_since(begin, window.end))
        for window in months
        if begin <= window.start and window.end <= end
    )


def minutes_since(begin: datetime, at: datetime) -> int:
    return (at - begin) // MINUTE


def _months(first: date, days: int) -> list[tuple[int, int]]:
    last = first + timedelta(days=days - 1)
    count = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [(number // 12, number % 12 + 1) for number in count]
