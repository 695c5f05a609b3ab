"""When the report will be there: the value behind every offer.

Statistics live in a room below (`turnaround`); `create_app` hands its forecast in. Until there is enough
history a lab's planning value is used, and the offer says so.
"""

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app

from app.labs.queries import CapableBench
from app.worktime import after_working_days

# Upper end of review and approval after the draft, working days (planning value, DOMAIN 3).
APPROVAL_DAYS = 3
EXTENSION = "yujian_reporting_times"


class Basis(enum.StrEnum):
    HISTORY = "history"
    PLANNING = "planning"


@dataclass(frozen=True, slots=True)
class ReportingTime:
    """Measured time from the end of the bench's use to the issued report: half and nine tenths of the lines."""

    likely: timedelta
    safe: timedelta


@dataclass(frozen=True, slots=True)
class ReportDates:
    """When the report is likely (P50) and safely (P90) there, UTC, and on what that rests."""

    expected_at: datetime
    safe_at: datetime
    basis: Basis


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
        return ReportDates(ends_at + measured.likely, ends_at + measured.safe, Basis.HISTORY)
    return ReportDates(
        after_working_days(ends_at, report_days),
        after_working_days(ends_at, report_days + APPROVAL_DAYS),
        Basis.PLANNING,
    )
