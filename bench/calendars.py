"""A year of working calendars for 200 resources, compiled: ratio to looking the year's dates up once for each.

`python -m bench.calendars`. Wanted: under two seconds for all of them.
"""

import random
import time
from collections.abc import Callable
from datetime import date, timedelta

from app.worktime import PATTERNS, DayException, ShiftPattern, WeeklyShift, WorkingCalendar, day, layered

RESOURCES, YEAR, OWN_DAYS = 200, 2027, 30
FIRST = date(YEAR, 1, 1)
DATES = [FIRST + timedelta(days=n) for n in range(365)]


def calendar(draw: random.Random) -> WorkingCalendar:
    """A bench with its own shifts from a date on, and thirty days of its own."""
    opens = 480 + draw.randrange(60)
    shifts = tuple(WeeklyShift(frozenset({weekday}), opens, 1320) for weekday in range(6))
    own = ShiftPattern("own", shifts, valid_from=draw.choice(DATES))
    days = tuple(DayException(on, ((480, 720),), "加班", "Extra") for on in draw.sample(DATES, OWN_DAYS))
    return WorkingCalendar(layered([PATTERNS["two"]], [], [own]), None, None, days)


def seconds(what: Callable[[], object]) -> float:
    begun = time.perf_counter()
    what()
    return time.perf_counter() - begun


def main() -> None:
    draw = random.Random(7)
    calendars = [calendar(draw) for _ in range(RESOURCES)]
    floor = seconds(lambda: [day(on) for _ in range(RESOURCES) for on in DATES])
    compiled = seconds(lambda: [each.month(YEAR, month) for each in calendars for month in range(1, 13)])
    again = seconds(lambda: [each.month(YEAR, month) for each in calendars for month in range(1, 13)])
    print(f"| {RESOURCES} calendars of a year | {compiled:.2f} s | {floor:.3f} s | {compiled / floor:.1f} × floor |")
    print(f"| the same, kept | {again * 1000:.1f} ms | | {again / compiled:.4f} × the first time |")


if __name__ == "__main__":
    main()
