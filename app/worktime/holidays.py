"""China's public holidays and make-up working days (调休), and counting in working days.

Source: the yearly notices of the General Office of the State Council, through the `holidays` package, which
cites each of them. A notice gives closed spans (10月1日至7日放假); the weekend days inside and at the edge
of a span belong to it. The package lists only weekdays and statutory days, so the others are added here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache

from holidays.countries.china import China, ChinaStaticHolidays

from app.clock import FIRST_YEAR, LAST_YEAR, has_calendar
from app.worktime.zone import DAY, SHANGHAI, local_date, midnight

__all__ = [
    "FIRST_YEAR",
    "LAST_OFFICIAL_YEAR",
    "LAST_YEAR",
    "SHANGHAI",
    "CalendarUnknown",
    "Day",
    "DayKind",
    "add_working_days",
    "after_working_days",
    "day",
    "is_working_day",
    "working_days_between",
]

# Last year whose State Council notice the package holds: 国务院办公厅关于2026年部分节假日安排的通知. For
# later years it computes the statutory days and knows no make-up days, without saying so.
LAST_OFFICIAL_YEAR = 2026

_SATURDAY = 5


class CalendarUnknown(ValueError):
    """A date before 2001 or after 2100: nothing sound can be said about working days."""


class DayKind(StrEnum):
    """What a date is for someone who works Monday to Friday."""

    WORKING = "working"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKE_UP = "make_up"


@dataclass(frozen=True, slots=True)
class Day:
    """One local date.

    name_zh, name_en: the holiday; for a make-up day the holiday it makes up for; None on other days.
    provisional: no official notice is known for its year; make-up days are missing and spans may change.
    """

    date: date
    kind: DayKind
    name_zh: str | None
    name_en: str | None
    provisional: bool


def day(on: date) -> Day:
    """What `on` is in mainland China. Raises CalendarUnknown before 2001 and after 2100."""
    if not has_calendar(on):
        raise CalendarUnknown(f"no working days are known for {on.year}")
    if special := _special_days(on.year).get(on):
        return special
    kind = DayKind.WEEKEND if on.weekday() >= _SATURDAY else DayKind.WORKING
    return Day(on, kind, None, None, _is_provisional(on))


def is_working_day(on: date) -> bool:
    """True from Monday to Friday but for holidays, and on make-up days. Raises CalendarUnknown."""
    return day(on).kind in (DayKind.WORKING, DayKind.MAKE_UP)


def add_working_days(on: date, n: int) -> date:
    """The n-th working day after `on`; `on` itself for n = 0.

    Raises ValueError for n < 0, CalendarUnknown when the count runs past 2100.
    """
    if n < 0:
        raise ValueError("working days are counted forwards")
    while n:
        on += DAY
        n -= is_working_day(on)
    return on


def working_days_between(a: date, b: date) -> int:
    """Working days after `a` up to and including `b`: undoes add_working_days. Raises ValueError if b < a."""
    if b < a:
        raise ValueError("the second date lies before the first")
    return sum(is_working_day(a + timedelta(days=i)) for i in range(1, (b - a).days + 1))


def after_working_days(instant: datetime, n: int) -> datetime:
    """UTC instant n working days later at the same local clock time.

    On a day that is not worked, counting starts at 00:00 of the next working day, so that n whole
    working days always lie between. instant: aware, any zone. Raises ValueError when it is naive or n < 0,
    and CalendarUnknown.
    """
    if n < 0:
        raise ValueError("working days are counted forwards")
    today = local_date(instant)
    if not is_working_day(today):
        return midnight(add_working_days(today, n + 1))
    clock = instant.astimezone(SHANGHAI).timetz()
    return datetime.combine(add_working_days(today, n), clock).astimezone(UTC)


def _is_provisional(on: date) -> bool:
    return on.year > LAST_OFFICIAL_YEAR


@cache
def _special_days(year: int) -> Mapping[date, Day]:
    """Holidays and make-up days of one year. At most a hundred years are ever asked for."""
    # Spans cross the year's end, and a notice may name make-up days in the December before.
    around = range(year - 1, year + 2)
    off = China(years=around, language="zh_CN")
    chinese = China(years=around, language="zh_CN", observed=False)
    english = China(years=around, language="en_US", observed=False)
    swaps = _swaps(around)
    found: dict[date, Day] = {}
    for span in _spans(set(off), off.weekend_workdays):
        named = [on for on in span if on in chinese and on not in swaps]
        if not named:
            continue  # cut off at the end of the three years, so not of this year
        for on in span:
            name_on = on if on in named else _namesake(named, chinese)
            found[on] = _special(on, DayKind.HOLIDAY, chinese[name_on], english[name_on])
    for day_off, worked in swaps.items():
        if worked.year == year and worked in off.weekend_workdays:
            holiday = found[day_off]
            found[worked] = _special(worked, DayKind.MAKE_UP, holiday.name_zh, holiday.name_en)
    return {on: special for on, special in found.items() if on.year == year}


def _special(on: date, kind: DayKind, name_zh: str | None, name_en: str | None) -> Day:
    return Day(on, kind, name_zh, name_en, _is_provisional(on))


def _namesake(named: list[date], names: Mapping[date, str]) -> date:
    """The date that names a day off without a name of its own: of the holiday with most days in the span."""
    name, _ = Counter(names[on] for on in named).most_common(1)[0]
    return next(on for on in named if names[on] == name)


def _spans(off: set[date], worked: set[date]) -> Iterator[list[date]]:
    """Unbroken runs of days off that hold at least one holiday, weekend days at their edges included."""

    def is_off(on: date) -> bool:
        return on in off or (on.weekday() >= _SATURDAY and on not in worked)

    seen: set[date] = set()
    for holiday in sorted(off):
        if holiday in seen:
            continue
        first = last = holiday
        while is_off(first - DAY):
            first -= DAY
        while is_off(last + DAY):
            last += DAY
        span = [first + timedelta(days=i) for i in range((last - first).days + 1)]
        seen.update(span)
        yield span


def _swaps(years: range) -> dict[date, date]:
    """Day off -> the weekend day worked for it, from the notices' table in the package."""
    swaps: dict[date, date] = {}
    for year in years:
        for entry in ChinaStaticHolidays.special_public_holidays.get(year, ()):
            match entry:
                case (int(month), int(of_month), int(from_month), int(from_day)):
                    swaps[date(year, month, of_month)] = date(year, from_month, from_day)
                case (int(month), int(of_month), int(from_month), int(from_day), int(from_year)):
                    swaps[date(year, month, of_month)] = date(from_year, from_month, from_day)
    return swaps
