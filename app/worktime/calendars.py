"""A resource's working calendar: when it works, where a use may start, and why it is closed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from app.worktime.daylight import sun
from app.worktime.holidays import LAST_YEAR, DayKind, day
from app.worktime.intervals import Interval, clip, intersect, merge, subtract
from app.worktime.shifts import (
    PATTERNS,
    DayException,
    Hours,
    ShiftPattern,
    WeeklyShift,
)
from app.worktime.track import Track
from app.worktime.zone import DAY, local_date, local_day, midnight

__all__ = [
    "LONGEST_SEARCH",
    "PATTERNS",
    "Closed",
    "ClosedReason",
    "ClosedSpan",
    "DayException",
    "ShiftPattern",
    "WeeklyShift",
    "WorkingCalendar",
]

LONGEST_SEARCH = timedelta(days=400)


class ClosedReason(StrEnum):
    """Why a resource does not work at an instant."""

    HOLIDAY = "holiday"
    WEEKEND = "weekend"
    """The weekly day off of the pattern, whichever day that is."""
    OFF_SHIFT = "off_shift"
    DARK = "dark"
    EXCEPTION = "exception"
    """The laboratory closed this one day."""
    NO_PATTERN = "no_pattern"
    """No shift pattern is valid on this date."""


Why = tuple[ClosedReason, str | None, str | None]
"""A reason with the Chinese and the English name of the holiday or exception behind it."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Why it is closed and when it opens.

    name_zh, name_en: the holiday or the exception, else None. opens_at: UTC; None if not within 400 days.
    """

    reason: ClosedReason
    name_zh: str | None
    name_en: str | None
    opens_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClosedSpan(Closed):
    """An unbroken closed span with one reason."""

    interval: Interval


@dataclass(frozen=True)
class WorkingCalendar:
    """Weekly shifts + holidays + exceptions + daylight; a value, and so its own version as a cache key.

    patterns: those valid on a date add up. lat, lon: degrees; needed when a pattern asks for daylight.
    Raises ValueError when they are missing or a date has two exceptions.
    Questions about dates before 2001 or after 2100 raise CalendarUnknown.
    """

    patterns: tuple[ShiftPattern, ...]
    lat: float | None = None
    lon: float | None = None
    exceptions: tuple[DayException, ...] = ()
    # A year of a lab's own days takes long to hash, and every question looks calendars up.
    _hash: int = field(init=False, repr=False, compare=False)
    _by_date: Mapping[date, DayException] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.patterns, self.lat, self.lon, self.exceptions)))
        object.__setattr__(self, "_by_date", {exception.date: exception for exception in self.exceptions})
        if any(pattern.daylight for pattern in self.patterns) and (self.lat is None or self.lon is None):
            raise ValueError("daylight needs a latitude and a longitude")
        if len(self._by_date) < len(self.exceptions):
            raise ValueError("one exception a date")

    def __hash__(self) -> int:
        return self._hash

    def month(self, year: int, month: int) -> tuple[Interval, ...]:
        """Working windows of a local month, UTC, sorted; a window that runs through midnight is cut there."""
        return _compile(self, year, month)

    def day_windows(self, on: date) -> list[Interval]:
        """Working windows of one local date."""
        return clip(self.month(on.year, on.month), local_day(on))

    def windows(self, span: Interval) -> list[Interval]:
        """Working windows that meet `span`, merged over midnight, not clipped to `span`.

        The local dates that `span` touches are looked at whole, so a window is complete but where it runs on
        through the midnight before or after them: a continuous calendar gives one window over those dates.
        """
        found = (window for window in self.iterate(midnight(local_date(span.start))) if window.end > span.start)
        meeting: list[Interval] = []
        last_day_ends = local_day(local_date(span.end - timedelta.resolution)).end
        for window in found:
            if window.start >= last_day_ends:
                break
            meeting.append(window)
        return [window for window in merge(meeting) if window.overlaps(span)]

    def iterate(self, from_: datetime) -> Iterator[Interval]:
        """Windows ending after `from_`, one by one, compiled lazily, month after month to the end of 2100.

        One window a local day: where work goes on through midnight, the next begins as the last one ends.
        """
        first = local_date(from_)
        year, month = first.year, first.month
        while year <= LAST_YEAR:
            yield from (window for window in self.month(year, month) if window.end > from_)
            year, month = year + month // 12, month % 12 + 1

    def track(self, begin: datetime, limit: datetime) -> Track:
        """Working time from the month of `begin` to that of `limit`, for many questions in a row."""
        return Track(self.month, begin, limit)

    def next_start(self, not_before: datetime, grain: timedelta) -> datetime | None:
        """First working instant >= not_before on the grain; None if there is none within 400 days.

        The grain counts from the start of the window, or from local midnight where a window runs through it.
        """
        _check_grain(grain)
        limit = not_before + LONGEST_SEARCH
        start = self.track(not_before, limit).next_start(not_before, grain)
        return start if start is not None and start <= limit else None

    def is_open(self, instant: datetime) -> bool:
        """True when the resource works at `instant`."""
        return any(window.contains(instant) for window in self.day_windows(local_date(instant)))

    def is_on_grain(self, instant: datetime, grain: timedelta) -> bool:
        """True when `instant` is a working instant at which a use may start."""
        _check_grain(grain)
        return any(
            window.contains(instant) and not (instant - window.start) % grain
            for window in self.day_windows(local_date(instant))
        )

    def closed_reason(self, instant: datetime) -> Closed | None:
        """Why nothing can be worked at `instant` and when that ends; None while it is open."""
        moment = Interval(instant, instant + timedelta.resolution)
        for span in self.closed_spans(moment):
            return Closed(span.reason, span.name_zh, span.name_en, span.opens_at)
        return None

    def closed_spans(self, span: Interval) -> list[ClosedSpan]:
        """All time in `span` that is not worked, in order, joined while the reason stays the same."""
        track = self.track(span.start, span.end + LONGEST_SEARCH)
        spans: list[ClosedSpan] = []
        on, last = local_date(span.start), local_date(span.end - timedelta.resolution)
        while on <= last:
            for interval, why in self._closed_parts(on):
                for part in clip([interval], span):
                    opens_at = track.first_open(part.start)
                    _join(spans, ClosedSpan(*why, opens_at, part))
            on += DAY
        return spans

    def _closed_parts(self, on: date) -> list[tuple[Interval, Why]]:
        shifts, worked = self._shifts(on), self.day_windows(on)
        off = self._off_reason(on, bool(shifts))
        dark: Why = (ClosedReason.DARK, None, None)
        parts = [(part, off) for part in subtract([local_day(on)], shifts)]
        return sorted(parts + [(part, dark) for part in subtract(shifts, worked)], key=lambda part: part[0])

    def _off_reason(self, on: date, staffed: bool) -> Why:
        """Why the hours of `on` outside its shifts are closed."""
        if staffed:
            return ClosedReason.OFF_SHIFT, None, None
        if exception := self._exception(on):
            return ClosedReason.EXCEPTION, exception.name_zh, exception.name_en
        if not any(pattern.is_valid(on) for pattern in self.patterns):
            return ClosedReason.NO_PATTERN, None, None
        today = day(on)
        if today.kind is DayKind.HOLIDAY:
            return ClosedReason.HOLIDAY, today.name_zh, today.name_en
        return ClosedReason.WEEKEND, None, None

    def _exception(self, on: date) -> DayException | None:
        return self._by_date.get(on)

    def _shifts(self, on: date) -> list[Interval]:
        """Staffed hours of a date, before daylight."""
        if exception := self._exception(on):
            return _on_clock(on, list(exception.hours))
        today = day(on)
        return merge(
            staffed
            for pattern in self.patterns
            if pattern.is_valid(on)
            for staffed in _on_clock(on, pattern.hours(today))
        )

    def _worked(self, on: date) -> list[Interval]:
        """Staffed hours of a date with light enough to work."""
        if self._exception(on):
            return self._shifts(on)
        today = day(on)
        worked: list[Interval] = []
        for pattern in self.patterns:
            if pattern.is_valid(on):
                staffed = _on_clock(on, pattern.hours(today))
                worked += self._by_daylight(on, staffed) if pattern.daylight else staffed
        return merge(worked)

    def _by_daylight(self, on: date, staffed: list[Interval]) -> list[Interval]:
        assert self.lat is not None and self.lon is not None  # checked when the calendar was made
        return intersect(staffed, [sun(on, self.lat, self.lon)])


def _on_clock(on: date, hours: Hours) -> list[Interval]:
    begin = midnight(on)
    return merge(
        Interval(begin + timedelta(minutes=opens), begin + timedelta(minutes=closes)) for opens, closes in hours
    )


def _check_grain(grain: timedelta) -> None:
    if grain <= timedelta(0):
        raise ValueError("a grain is longer than nothing")


def _join(spans: list[ClosedSpan], new: ClosedSpan) -> None:
    """Append `new`, or lengthen the last span if it goes on for the same reason."""
    if spans:
        last = spans[-1]
        same = (last.reason, last.name_zh, last.opens_at) == (new.reason, new.name_zh, new.opens_at)
        if same and last.interval.end == new.interval.start:
            joined = Interval(last.interval.start, new.interval.end)
            spans[-1] = ClosedSpan(new.reason, new.name_zh, new.name_en, new.opens_at, joined)
            return
    spans.append(new)


# Some 200 resources share a few dozen calendars; a horizon with its longest use is 20 months.
@lru_cache(maxsize=4096)
def _compile(calendar: WorkingCalendar, year: int, month: int) -> tuple[Interval, ...]:
    on = date(year, month, 1)
    windows: list[Interval] = []
    while on.month == month:
        windows += calendar._worked(on)
        on += DAY
    return tuple(windows)
