"""How long a test keeps a bench, and where it first fits.

A use has three parts. Set-up and clean-down are attended: they consume working time, may stretch over shifts
and keep the bench. The run is wall-clock time when it may run unattended; working time over several windows
when it splits; otherwise it lies whole in one window.

All searches rest on one fact: a use that starts later never ends earlier. So when a use meets a busy span, no
start before the end of that span can be free of it, and the search goes on from there. Where one of several will
do, it goes on from the first of them that could be free; where several are needed, from the last. What else limits
a use says itself from when on one could keep to it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Protocol

from app.worktime.calendars import LONGEST_SEARCH, WorkingCalendar
from app.worktime.intervals import Interval, merge
from app.worktime.track import Track
from app.worktime.zone import DAY, midnight

LONGEST_USE = LONGEST_SEARCH
_NOTHING = timedelta(0)

Busy = Sequence[Interval]
"""Taken time of one thing, sorted and not overlapping, as from merge()."""
Choice = Sequence[Busy]
"""Things of which any one will do."""
_YEAR = timedelta(days=366)
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Need:
    """What one test asks of a bench. run > 0, setup and teardown >= 0, else ValueError.

    unattended: the run goes on in wall-clock time whatever the shift; it outweighs `splits`.
    splits: the run may be spread over several working windows.
    """

    setup: timedelta
    run: timedelta
    teardown: timedelta
    splits: bool
    unattended: bool

    def __post_init__(self) -> None:
        if self.run <= _NOTHING or self.setup < _NOTHING or self.teardown < _NOTHING:
            raise ValueError("a run is longer than nothing; set-up and clean-down are not negative")


@dataclass(frozen=True, slots=True)
class Use:
    """A need laid on a calendar, UTC: the bench is taken over [starts_at, ends_at), the run inside."""

    starts_at: datetime
    run_from: datetime
    run_until: datetime
    ends_at: datetime

    @property
    def interval(self) -> Interval:
        """The time the bench is taken."""
        return Interval(self.starts_at, self.ends_at)


class Limit(Protocol):
    """What a use has to keep to beside free time."""

    def blocked_until(self, use: Use, least: timedelta) -> datetime | None:
        """None where the use keeps to it, else an instant behind its start before which no other start would.

        least: what any use takes.
        """


def lay(start: datetime, need: Need, calendar: WorkingCalendar) -> Use | None:
    """The use that begins at `start` (aware), whatever else is on the bench.

    None when `start` is no working instant or the end lies more than 400 days later. Raises CalendarUnknown.
    """
    track = calendar.track(start, start + LONGEST_USE)
    if track.first_open(start) != start:
        return None
    use = _lay(track, start, need)
    return use if use and use.ends_at - start <= LONGEST_USE else None


class Starts:
    """Every use that starts on the grain in [not_before, not_after], finds one free of each choice and keeps to the
    limit, in order of its start.

    needed: all that has to be free, a bench alone as ((its busy spans,),). Raises ValueError for busy spans that are
    not sorted or overlap, CalendarUnknown.
    """

    def __init__(
        self,
        need: Need,
        calendar: WorkingCalendar,
        grain: timedelta,
        needed: Sequence[Choice],
        not_before: datetime,
        not_after: datetime,
        limit: Limit | None = None,
    ) -> None:
        if grain <= _NOTHING:
            raise ValueError("a grain is longer than nothing")
        if any(second.start < first.end for each in needed for busy in each for first, second in pairwise(busy)):
            raise ValueError("busy spans must be sorted and must not overlap")
        self._need, self._grain, self._limit = need, grain, limit
        self._not_before, self._not_after = not_before, not_after
        self._least = need.setup + need.run + need.teardown
        self._needed = [[_Taken(busy) for busy in choice] for choice in needed]
        self._track = calendar.track(not_before, max(not_before, not_after) + LONGEST_USE)

    def __iter__(self) -> Iterator[Use]:
        use = self.earliest()
        while use is not None:
            yield use
            use = self._first(use.starts_at + timedelta.resolution)

    def earliest(self) -> Use | None:
        """The first of them; None when there is none."""
        return self._first(self._not_before)

    def windows(self) -> list[Interval]:
        """Their starts as half-open spans: a grain start in [not_before, not_after] is feasible exactly if it lies
        in one of them. Each goes from its first start to one grain after its last, at most to the end of that day's
        window.
        """
        spans: list[Interval] = []
        use = self.earliest()
        while use is not None:
            spans.append(self._starts_from(use))
            use = self._first(spans[-1].end)
        return merge(spans)

    def _first(self, at: datetime) -> Use | None:
        """The first use that starts at `at` or later."""
        start = self._track.next_start(at, self._grain)
        while start is not None and start <= self._not_after:
            use = _lay(self._track, start, self._need)
            if use is None:  # it ends 400 days after the last start allowed: so does every later one
                return None
            retry = self._blocked_until(use)
            if retry is None:
                return use
            if retry > self._not_after:
                return None
            start = self._track.next_start(retry, self._grain)
        return None

    def _starts_from(self, use: Use) -> Interval:
        """The feasible starts that follow `use` without a gap in the same day's window."""
        start, day_end = use.starts_at, self._track.day_end(use.starts_at)
        assert day_end is not None  # the use starts inside it
        if self._limit:  # the next start may or may not keep to it
            return Interval(start, min(start + self._grain, day_end))
        last = min(self._not_after, day_end - timedelta.resolution)
        free_until = min(self._free_until(use), start + LONGEST_USE)
        count = bisect_right(range((last - start) // self._grain + 1), free_until, key=self._end_after(start))
        return Interval(start, min(start + count * self._grain, day_end))

    def _end_after(self, start: datetime) -> Callable[[int], datetime]:
        def end(steps: int) -> datetime:
            use = _lay(self._track, start + steps * self._grain, self._need)
            return use.ends_at if use else _NEVER

        return end

    def _free_until(self, use: Use) -> datetime:
        """Until when later uses surely still find what this one finds free."""
        free = (max((each.free_from(use) for each in choice), default=use.ends_at) for choice in self._needed)
        return min(free, default=_NEVER)

    def _blocked_until(self, use: Use) -> datetime | None:
        """Instant before which no start can do better than `use`; None when `use` itself is feasible."""
        if use.ends_at - use.starts_at > LONGEST_USE:
            return use.ends_at - LONGEST_USE
        blocked = [min((each.blocked_until(use) for each in choice), default=_NEVER) for choice in self._needed]
        if self._limit and (allowed := self._limit.blocked_until(use, self._least)):
            blocked.append(allowed)
        until = max(blocked, default=use.starts_at)
        return until if until > use.starts_at else None


def can_ever_run(need: Need, calendar: WorkingCalendar, start: date) -> bool:
    """True when the need, on an empty bench, can start within a year (366 days) of the local date `start`."""
    begin = midnight(start)
    # A later start never ends earlier, so the start of each day's window is the only one to try.
    return Starts(need, calendar, DAY, (), begin, begin + _YEAR).earliest() is not None


def _lay(track: Track, start: datetime, need: Need) -> Use | None:
    """The use from the working instant `start`; None when the track ends before it does."""
    ready = track.finish(start, need.setup) if need.setup else start
    run = None if ready is None else _run(track, ready, need)
    if run is None:
        return None
    ends_at = track.finish(run[1], need.teardown) if need.teardown else run[1]
    return None if ends_at is None else Use(start, *run, ends_at)


def _run(track: Track, ready: datetime, need: Need) -> tuple[datetime, datetime] | None:
    if need.unattended:
        return ready, ready + need.run
    if need.splits:
        begin = track.first_open(ready)
        end = None if begin is None else track.finish(begin, need.run)
    else:
        begin = track.fit(ready, need.run)
        end = None if begin is None else begin + need.run
    return None if begin is None or end is None else (begin, end)


class _Taken:
    """The busy spans of one thing, for many questions."""

    def __init__(self, busy: Busy) -> None:
        self._busy = busy
        self._starts = [span.start for span in busy]

    def blocked_until(self, use: Use) -> datetime:
        """End of the last span that the use meets; its own start when it meets none."""
        index = bisect_left(self._starts, use.ends_at) - 1
        return max(self._busy[index].end, use.starts_at) if index >= 0 else use.starts_at

    def free_from(self, use: Use) -> datetime:
        """Start of the next span behind a use that meets none; the use's own end when it meets one."""
        if self.blocked_until(use) > use.starts_at:
            return use.ends_at
        index = bisect_left(self._starts, use.ends_at)
        return self._starts[index] if index < len(self._starts) else _NEVER
