"""When a kind of bench is staffed: weekly shifts, the catalogue's four patterns, single days that differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from app.worktime.holidays import Day, DayKind

MINUTES_A_DAY = 1440

Hours = list[tuple[int, int]]
"""Local minutes after midnight, [opens, closes) each; 1440 is 24:00."""


@dataclass(frozen=True, slots=True)
class WeeklyShift:
    """Hours on some days of the week.

    weekdays: 0 = Monday to 6 = Sunday. opens, closes: local minutes after midnight, opens < closes <= 1440.
    A night shift is two of these, up to 24:00 and from 00:00. Raises ValueError.
    """

    weekdays: frozenset[int]
    opens: int
    closes: int

    def __post_init__(self) -> None:
        if not self.weekdays or not self.weekdays <= frozenset(range(7)):
            raise ValueError("weekdays are numbers from 0 (Monday) to 6 (Sunday), at least one")
        _check_hours(self.opens, self.closes)


@dataclass(frozen=True, slots=True)
class ShiftPattern:
    """A named week.

    continuous: works always, through weekends and holidays; shifts are then not looked at.
    daylight: the shifts hold only between sunrise and sunset.
    valid_from, valid_until: first and last local date, both inclusive; None is open. Raises ValueError.
    """

    name: str
    shifts: tuple[WeeklyShift, ...]
    continuous: bool = False
    daylight: bool = False
    valid_from: date | None = None
    valid_until: date | None = None

    def __post_init__(self) -> None:
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise ValueError("a pattern must not end before it begins")
        if self.continuous and self.daylight:
            raise ValueError("a continuous pattern knows no night")

    def is_valid(self, on: date) -> bool:
        """True on the local dates for which the pattern holds."""
        return (self.valid_from is None or self.valid_from <= on) and (
            self.valid_until is None or on <= self.valid_until
        )

    def hours(self, on: Day) -> Hours:
        """Staffed local hours of a day, before daylight is looked at; holidays close, make-up days open."""
        if self.continuous:
            return [(0, MINUTES_A_DAY)]
        if on.kind is DayKind.HOLIDAY:
            return []
        weekday = self._make_up_weekday(on) if on.kind is DayKind.MAKE_UP else on.date.weekday()
        return [(shift.opens, shift.closes) for shift in self.shifts if weekday in shift.weekdays]

    def _make_up_weekday(self, on: Day) -> int:
        """A make-up day stands for a lost weekday, so it has the hours of the pattern's first one."""
        worked = {weekday for shift in self.shifts for weekday in shift.weekdays if weekday < 5}
        return min(worked, default=on.date.weekday())


@dataclass(frozen=True, slots=True)
class DayException:
    """One local date on which other hours hold than the patterns say, whatever the holidays and the sun.

    hours: local minutes as in WeeklyShift; empty closes the day. Names say why. Raises ValueError.
    """

    date: date
    hours: tuple[tuple[int, int], ...]
    name_zh: str | None = None
    name_en: str | None = None

    def __post_init__(self) -> None:
        for opens, closes in self.hours:
            _check_hours(opens, closes)


def _check_hours(opens: int, closes: int) -> None:
    if not 0 <= opens < closes <= MINUTES_A_DAY:
        raise ValueError("hours are minutes with 0 <= opens < closes <= 1440")


_MONDAY_TO_FRIDAY = frozenset(range(5))
_MONDAY_TO_SATURDAY = frozenset(range(6))

PATTERNS: Mapping[str, ShiftPattern] = {
    pattern.name: pattern
    for pattern in (
        ShiftPattern("day", (WeeklyShift(_MONDAY_TO_FRIDAY, 8 * 60 + 30, 17 * 60 + 30),)),
        ShiftPattern("two", (WeeklyShift(_MONDAY_TO_SATURDAY, 8 * 60, MINUTES_A_DAY),)),
        ShiftPattern("continuous", (), continuous=True),
        ShiftPattern("daylight", (WeeklyShift(_MONDAY_TO_SATURDAY, 0, MINUTES_A_DAY),), daylight=True),
    )
}
"""The catalogue's shifts; planning values, no laboratory published its own hours."""
