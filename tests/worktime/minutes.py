"""Uses of a bench worked out the slow, obvious way: one list of minutes, walked one by one.

Written apart from the code it checks. It takes only the values that describe a question (patterns, needs, spans) and
the notice of the State Council for 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, timezone

from app.worktime import Interval, Need, Use, WorkingCalendar

MINUTE = timedelta(minutes=1)
BEIJING = timezone(timedelta(hours=8))
MINUTES_A_DAY = 24 * 60


def _dates(month: int, first: int, last: int) -> set[date]:
    return {date(2026, month, each) for each in range(first, last + 1)}


CLOSED = (
    _dates(1, 1, 3)
    | _dates(2, 15, 23)
    | _dates(4, 4, 6)
    | _dates(5, 1, 5)
    | _dates(6, 19, 21)
    | _dates(9, 25, 27)
    | _dates(10, 1, 7)
)
MAKE_UP = {date(2026, month, each) for month, each in ((1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10))}


class Minutes:
    """Some days of 2026, minute by minute from local midnight of `first`."""

    def __init__(self, calendar: WorkingCalendar, first: date, days: int, busy: Sequence[Interval]) -> None:
        self.zero = datetime(first.year, first.month, first.day, tzinfo=BEIJING).astimezone(UTC)
        self.count = days * MINUTES_A_DAY
        self.end = self.zero + self.count * MINUTE
        self.open: list[bool] = []
        for each in range(days):
            self.open += _open_minutes(calendar, first + timedelta(days=each))
        self.busy = [False] * self.count
        for span in busy:
            for minute in range(max(self.number(span.start), 0), min(self.number(span.end), self.count)):
                self.busy[minute] = True
        self.stays_open = [0] * (self.count + 1)  # minutes from here to the end of the window
        for minute in reversed(range(self.count)):
            self.stays_open[minute] = self.stays_open[minute + 1] + 1 if self.open[minute] else 0

    def number(self, instant: datetime) -> int:
        return (instant - self.zero) // MINUTE

    def instant(self, minute: int) -> datetime:
        return self.zero + minute * MINUTE

    def starts(self, need: Need, grain: timedelta, not_before: datetime, not_after: datetime) -> Iterator[Use]:
        """Every feasible use that ends within these days."""
        for minute in range(self.count):
            if not_before <= self.instant(minute) <= not_after and self.is_on_grain(minute, grain // MINUTE):
                use = self.lay(minute, need)
                if use and not any(self.busy[self.number(use.starts_at) : self.number(use.ends_at)]):
                    yield use

    def is_on_grain(self, minute: int, grain: int) -> bool:
        if not self.open[minute]:
            return False
        opening = minute
        while opening % MINUTES_A_DAY and self.open[opening - 1]:
            opening -= 1
        return (minute - opening) % grain == 0

    def lay(self, start: int, need: Need) -> Use | None:
        ready = self.work(start, need.setup // MINUTE)
        run_from = ready
        run = need.run // MINUTE
        while ready is not None and not self.may_run_from(run_from, run, need):
            run_from += 1
            if run_from >= self.count:
                return None
        if ready is None:
            return None
        run_until = self.work(run_from, run) if need.splits and not need.unattended else run_from + run
        end = self.work(run_until, need.teardown // MINUTE)
        if end is None:
            return None
        return Use(*(self.instant(minute) for minute in (start, run_from, run_until, end)))

    def may_run_from(self, minute: int, run: int, need: Need) -> bool:
        if need.unattended:
            return True
        if minute >= self.count:
            return False
        return self.open[minute] if need.splits else self.stays_open[minute] >= run

    def work(self, minute: int | None, amount: int) -> int | None:
        """The minute after the last one worked; None when these days are too few."""
        while minute is not None and amount:
            if minute >= self.count:
                return None
            amount -= self.open[minute]
            minute += 1
        return None if minute is None or minute > self.count else minute


def _open_minutes(calendar: WorkingCalendar, on: date) -> list[bool]:
    minutes = [False] * MINUTES_A_DAY
    for opens, closes in _hours(calendar, on):
        for minute in range(opens, closes):
            minutes[minute] = True
    return minutes


def _hours(calendar: WorkingCalendar, on: date) -> Iterator[tuple[int, int]]:
    for exception in calendar.exceptions:
        if exception.date == on:
            yield from exception.hours
            return
    for pattern in calendar.patterns:
        if pattern.valid_from and on < pattern.valid_from:
            continue
        if pattern.valid_until and on > pattern.valid_until:
            continue
        if pattern.continuous:
            yield 0, MINUTES_A_DAY
        elif on not in CLOSED:
            weekday = on.weekday()
            if on in MAKE_UP:
                for monday_to_friday in range(5):
                    if any(monday_to_friday in shift.weekdays for shift in pattern.shifts):
                        weekday = monday_to_friday
                        break
            for shift in pattern.shifts:
                if weekday in shift.weekdays:
                    yield shift.opens, shift.closes
