"""When the report will be there: the value behind every offer.

Statistics live in a room below (`turnaround`); `create_app` hands its forecast in. Until there is enough
history a lab's planning value is used, and the offer says so.
"""

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from flask import current_app

from app.labs.queries import CapableBench
from app.worktime import after_working_days

# Upper end of review and approval after the draft, working days (planning value, DOMAIN 3).
APPROVAL_DAYS = 3
EXTENSION = "yujian_reporting_times"


class Basis(enum.StrEnum):
    HISTORY = "history"
    PLANNING = "planning"


class ReportingTime(Protocol):
    """Measured time from the end of the bench's use to the issued report: half and nine tenths of the lines.

    learnt_from: the narrowest group of lines behind it, `test`, `domain` or `lab`, all at the lab.
    """

    @property
    def learnt_from(self) -> str: ...

    def after(self, ends_at: datetime) -> tuple[datetime, datetime]:
        """Likely (P50) and safe (P90) date, UTC, of the report of a use that ends then."""
        ...

    def remaining(self, ended_at: datetime, now: datetime) -> tuple[datetime, datetime]:
        """The same for a test over since `ended_at` whose report has not come until now; never before now."""
        ...

    def awaiting_sample(self, ends_at: datetime, ahead: timedelta) -> tuple[datetime, datetime] | None:
        """The same as `after` for a use whose sample is not there so long before its booked start; None where nothing
        is known of such uses.

        ahead: below 0 once the start has passed; `ends_at` is then that of a use that begins now.
        """
        ...

    def without_slot(self, submitted_at: datetime, now: datetime) -> tuple[datetime, datetime]:
        """The same for a line that was submitted then and has no slot until now."""
        ...


@dataclass(frozen=True, slots=True)
class ReportDates:
    """When the report is likely (P50) and safely (P90) there, UTC, and on what that rests.

    first_expected_at: the likely date as it was when the test ended; the others move on while the report is awaited.
    awaiting_sample: the sample is not there, and what such tests begin late is in the dates.
    """

    expected_at: datetime
    safe_at: datetime
    basis: Basis
    first_expected_at: datetime
    awaiting_sample: bool = False


ReportingTimes = Callable[[Iterable[tuple[str, str]]], Mapping[tuple[str, str], ReportingTime]]


def reporting_times(pairs: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], ReportingTime]:
    """Measured reporting times by (test, lab); a pair without enough lines of enough companies is missing."""
    measured: ReportingTimes | None = current_app.extensions.get(EXTENSION)
    return measured(pairs) if measured else {}


def report_dates(capable: CapableBench, ends_at: datetime, measured: ReportingTime | None) -> ReportDates:
    """Dates for a use that ends at `ends_at`: history where there is some, else the test's `report_days`."""
    return reckoned(capable.report_days, ends_at, measured)


def reckoned(report_days: int, ends_at: datetime, measured: ReportingTime | None) -> ReportDates:
    """The same from plain figures. report_days: working days."""
    if measured is not None:
        likely, safe = measured.after(ends_at)
        return ReportDates(likely, safe, Basis.HISTORY, likely)
    likely = after_working_days(ends_at, report_days)
    return ReportDates(likely, after_working_days(ends_at, report_days + APPROVAL_DAYS), Basis.PLANNING, likely)


def awaited(dates: ReportDates, ended_at: datetime, measured: ReportingTime | None, now: datetime) -> ReportDates:
    """The dates of a test over since `ended_at`, given that its report has not come until now.

    Planning values know nothing of reports that are late: they stay as they are.
    """
    if measured is None:
        return dates
    likely, safe = measured.remaining(ended_at, now)
    return replace(dates, expected_at=likely, safe_at=safe)
