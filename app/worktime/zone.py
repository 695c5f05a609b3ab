"""The clock on the wall of the laboratories: one zone, no summer time since 1991."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.worktime.intervals import Interval

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)


def local_date(instant: datetime) -> date:
    """Date in Shanghai of an aware instant. Raises ValueError for a naive one."""
    if instant.utcoffset() is None:
        raise ValueError("an aware datetime is needed")
    return instant.astimezone(SHANGHAI).date()


def midnight(on: date) -> datetime:
    """UTC instant at which the local date `on` begins."""
    return datetime.combine(on, time.min, SHANGHAI).astimezone(UTC)


def local_day(on: date) -> Interval:
    """The local date `on` from midnight to midnight, in UTC."""
    return Interval(midnight(on), midnight(on + DAY))
