"""A clock that stands still on weekends and holidays: instants as working days since 2001, and back. Pure."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache

from app.worktime.holidays import FIRST_YEAR, LAST_YEAR, is_working_day
from app.worktime.zone import SHANGHAI

DAY_SECONDS = 86_400
# No year has fewer working days.
FEWEST_A_YEAR = 240
_START = datetime(FIRST_YEAR, 1, 1, tzinfo=SHANGHAI).timestamp()


def position(at: datetime) -> float:
    """Working days from 2001-01-01, local, to an aware instant: a day worked counts 24 hours, one off none.

    Raises IndexError before 2001 and after 2100.
    """
    return position_of(at.timestamp())


def position_of(timestamp: float) -> float:
    """The same of seconds since 1970."""
    day, second = divmod(timestamp - _START, DAY_SECONDS)
    number = int(day)
    before, worked = _calendar(FIRST_YEAR + number // 365)
    return before[number] + (second / DAY_SECONDS if worked[number] else 0.0)


def instant(at: float) -> datetime:
    """UTC instant on a day worked at which the clock shows `at`, to the second."""
    whole = int(at)
    before, _ = _calendar(min(FIRST_YEAR + whole // FEWEST_A_YEAR + 1, LAST_YEAR))
    day = bisect_right(before, whole) - 1
    return datetime.fromtimestamp(_START + day * DAY_SECONDS + round((at - whole) * DAY_SECONDS), UTC)


def later(begin: datetime, working_days: float) -> datetime:
    """UTC instant after so many working days, parts of days included. working_days: at least 0."""
    return instant(position(begin) + working_days)


@cache
def _calendar(last_year: int) -> tuple[Sequence[int], Sequence[bool]]:
    """Of every day from 2001 to the end of the year: the working days before it, and whether it is one."""
    worked = [day for year in range(FIRST_YEAR, last_year + 1) for day in _year(year)]
    before = [0]
    for day in worked:
        before.append(before[-1] + day)
    return before, worked


@cache
def _year(year: int) -> list[bool]:
    days = date(year, 12, 31).timetuple().tm_yday
    return [is_working_day(date(year, 1, 1) + timedelta(days=number)) for number in range(days)]
