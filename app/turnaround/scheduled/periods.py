"""Which days a report covers: the last complete week, Monday to Sunday, or calendar month. Pure."""

import enum
from datetime import date, datetime, timedelta

from app.errors import N_
from app.turnaround.rules import Period, days_of_month
from app.worktime import local_date

WEEK = timedelta(days=7)
# The same days of the week a year ago.
YEAR_OF_WEEKS = 52 * WEEK


class Every(enum.StrEnum):
    WEEK = "week"
    MONTH = "month"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return LABELS[self]


LABELS = {Every.WEEK: N_("周报"), Every.MONTH: N_("月报")}


def last_complete(every: Every, now: datetime) -> Period:
    """The last one that was over when its local day began."""
    today = local_date(now)
    if every is Every.WEEK:
        monday = today - timedelta(days=today.weekday())
        return Period(monday - WEEK, monday - timedelta(days=1))
    return _month_of(today.replace(day=1) - timedelta(days=1))


def before(every: Every, period: Period) -> Period:
    """The week or month that came before."""
    if every is Every.WEEK:
        return Period(period.first - WEEK, period.last - WEEK)
    return _month_of(period.first - timedelta(days=1))


def year_ago(every: Every, period: Period) -> Period:
    """The same month of the year before; of a week the one 52 weeks ago, from Monday to Sunday too."""
    if every is Every.WEEK:
        return Period(period.first - YEAR_OF_WEEKS, period.last - YEAR_OF_WEEKS)
    return days_of_month(f"{period.first.year - 1}-{period.first.month:02d}")


def months_up_to(period: Period, count: int) -> Period:
    """From the first of the month, `count` months with the one in which the period ends, to its end."""
    months = period.last.year * 12 + period.last.month - count
    return Period(date(months // 12, months % 12 + 1, 1), period.last)


def _month_of(day: date) -> Period:
    return Period(day, day).whole_months()
