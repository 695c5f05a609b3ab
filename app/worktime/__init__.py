"""Working time: intervals, working days, working calendars and uses of a bench. Pure: no Flask, no SQL."""

from app.worktime.calendars import (
    LONGEST_SEARCH,
    Closed,
    ClosedReason,
    ClosedSpan,
    WorkingCalendar,
)
from app.worktime.daylight import sun
from app.worktime.holidays import (
    LAST_OFFICIAL_YEAR,
    CalendarUnknown,
    Day,
    DayKind,
    add_working_days,
    after_working_days,
    day,
    is_working_day,
    working_days_between,
)
from app.worktime.intervals import Interval, clip, intersect, merge, subtract
from app.worktime.layers import layered
from app.worktime.shifts import PATTERNS, DayException, ShiftPattern, WeeklyShift
from app.worktime.uses import (
    LONGEST_USE,
    Busy,
    Choice,
    Limit,
    Need,
    Starts,
    Use,
    can_ever_run,
    lay,
)
from app.worktime.zone import SHANGHAI, local_date, local_day, midnight

__all__ = [
    "LAST_OFFICIAL_YEAR",
    "LONGEST_SEARCH",
    "LONGEST_USE",
    "PATTERNS",
    "SHANGHAI",
    "Busy",
    "CalendarUnknown",
    "Choice",
    "Closed",
    "ClosedReason",
    "ClosedSpan",
    "Day",
    "DayException",
    "DayKind",
    "Interval",
    "Limit",
    "Need",
    "ShiftPattern",
    "Starts",
    "Use",
    "WeeklyShift",
    "WorkingCalendar",
    "add_working_days",
    "after_working_days",
    "can_ever_run",
    "clip",
    "day",
    "intersect",
    "is_working_day",
    "lay",
    "layered",
    "local_date",
    "local_day",
    "merge",
    "midnight",
    "subtract",
    "sun",
    "working_days_between",
]
