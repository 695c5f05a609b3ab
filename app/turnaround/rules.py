"""Pure rules of turnaround: the period, who may be told what, and figures that add up."""

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import floor

from app.clock import has_calendar
from app.errors import N_, Invalid
from app.worktime import Interval, local_date, midnight

# A cell that contains others' lines is told from this size on (ARCHITECTURE 6).
LEAST_LINES, LEAST_COMPANIES = 5, 3
PHASES = ("review", "waiting", "testing", "reporting")
# Shares that lie inside the phases (ARCHITECTURE 2).
INSIDE = ("customer", "paused")
SHARES = (0.5, 0.8, 0.95)
LONGEST_YEARS = 10


class GroupBy(enum.StrEnum):
    LAB = "lab"
    DOMAIN = "domain"
    TEST = "test"
    MONTH = "month"
    QUARTER = "quarter"
    LEVEL = "level"
    CITY = "city"
    ROUTE = "route"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return LABELS[self]


LABELS = {
    GroupBy.LAB: N_("实验室"),
    GroupBy.DOMAIN: N_("领域"),
    GroupBy.TEST: N_("检测项目"),
    GroupBy.MONTH: N_("月份"),
    GroupBy.QUARTER: N_("季度"),
    GroupBy.LEVEL: N_("实验室级别"),
    GroupBy.CITY: N_("企业所在城市"),
    GroupBy.ROUTE: N_("企业到实验室"),
}
GROUPS_OF_OWN = (GroupBy.LAB, GroupBy.DOMAIN, GroupBy.TEST, GroupBy.MONTH, GroupBy.QUARTER)
GROUPS_OF_ALL = (*GROUPS_OF_OWN, GroupBy.LEVEL, GroupBy.CITY, GroupBy.ROUTE)
OF_TIME = (GroupBy.MONTH, GroupBy.QUARTER)


@dataclass(frozen=True, slots=True)
class Period:
    """Local dates of issue, both included. Raises Invalid when they are out of order or out of the calendar."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if not (has_calendar(self.first) and has_calendar(self.last) and self.first <= self.last):
            raise Invalid(N_("结束日期要在开始日期之后，例如 2026-01-01 至 2026-12-31。"), field="to")
        if self.last.year - self.first.year > LONGEST_YEARS:
            raise Invalid(N_("一次最多统计 %(years)d 年。"), field="to", years=LONGEST_YEARS)

    @property
    def span(self) -> Interval:
        """[midnight of the first day, midnight after the last), UTC."""
        return Interval(midnight(self.first), midnight(self.last + timedelta(days=1)))

    def whole_months(self) -> "Period":
        """Widened to whole months: two periods that differ by a day would tell the lines of that day."""
        following = (self.last.replace(day=1) + timedelta(days=32)).replace(day=1)
        return Period(self.first.replace(day=1), following - timedelta(days=1))

    def before(self) -> "Period":
        """The period of the same length that ends the day before this one."""
        last = self.first - timedelta(days=1)
        return Period(last - (self.last - self.first), last)

    def year_ago(self) -> "Period":
        """The same days a year earlier; 29 February becomes the 28th."""
        return Period(_year_earlier(self.first), _year_earlier(self.last))

    def months(self) -> list[str]:
        """`YYYY-MM` of every month that it touches."""
        first, last = self.first.year * 12 + self.first.month - 1, self.last.year * 12 + self.last.month - 1
        return [f"{count // 12}-{count % 12 + 1:02d}" for count in range(first, last + 1)]

    def quarters(self) -> list[str]:
        """`YYYY-Qn` of every quarter that it touches."""
        return list(dict.fromkeys(quarter(month) for month in self.months()))


def _year_earlier(day: date) -> date:
    is_leap = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap else day.day)


def days_of_month(month: str) -> Period:
    """The days of a month `2026-12`."""
    first = date.fromisoformat(f"{month}-01")
    return Period(first, first).whole_months()


def days_of(key: str) -> Period:
    """The days of a month `2026-12` or a quarter `2026-Q4`."""
    if "Q" not in key:
        return days_of_month(key)
    last = int(key[6:]) * 3
    return Period(days_of_month(f"{key[:4]}-{last - 2:02d}").first, days_of_month(f"{key[:4]}-{last:02d}").last)


def year_before(key: str) -> str:
    """The same month or quarter a year earlier."""
    return f"{int(key[:4]) - 1:04d}{key[4:]}"


def last_months(count: int, now: datetime) -> Period:
    """From the first of the month, `count` months with this one, to today."""
    today = local_date(now)
    first = today.year * 12 + today.month - count
    return Period(date(first // 12, first % 12 + 1, 1), today)


def enough(lines: int, companies: int) -> bool:
    """Whether figures of others may be told."""
    return lines >= LEAST_LINES and companies >= LEAST_COMPANIES


def tenths(days: float) -> float:
    """Days with one decimal."""
    return round(days, 1)


def split(mean: float, parts: Mapping[str, float]) -> dict[str, float]:
    """The parts with one decimal so that they add up to the rounded mean (largest remainder).

    parts: add up to `mean`; they may lie below zero.
    """
    total = round(tenths(mean) * 10)
    units = {name: floor(part * 10) for name, part in parts.items()}
    by_remainder = sorted(parts, key=lambda name: units[name] - parts[name] * 10)
    for name in by_remainder[: total - sum(units.values())]:
        units[name] += 1
    return {name: units[name] / 10 for name in parts}


def day(text: str, field: str) -> date:
    """A date of an address or command, `2026-12-01`. Raises Invalid at the field."""
    try:
        return date.fromisoformat(text.strip()[:10] if "T" in text else text.strip())
    except ValueError:
        raise Invalid(N_("请填日期，例如 2026-12-01。"), field=field) from None


def quarter(month: str) -> str:
    """`2026-Q4` of `2026-12`."""
    return f"{month[:4]}-Q{(int(month[5:]) + 2) // 3}"


def month(text: str) -> str:
    """A month of an address, `2026-12`. Raises Invalid."""
    day(f"{text}-01", "month")
    return text


def quarter_named(text: str) -> str:
    """A quarter of an address, `2026-Q4`. Raises Invalid."""
    if not re.fullmatch(r"\d{4}-Q[1-4]", text, re.ASCII):
        raise Invalid(N_("请填季度，例如 2026-Q4。"), field="quarter")
    return text
