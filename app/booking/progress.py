"""What a booking knows of its order line, handed to the pages of orders (`app.orders.parts`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Flask
from flask_babel import gettext

from app.accounts.policy import Viewer
from app.booking import reading
from app.booking.bars import Bar, Course, actual_and_plan
from app.booking.forecast import ReportDates, ReportingTime, report_dates, reporting_times
from app.booking.line_forecasts import forecasts_of_lines
from app.booking.models import Booking
from app.booking.pages import Fact, actual_course, phase_facts, planned_course, seen_bookings
from app.booking.presenting import Seen
from app.booking.preview import capable_bench
from app.booking.rules import REVIEW_DAYS
from app.booking.sentences import Next, next_step
from app.booking.settings import limits
from app.errors import N_
from app.language import day
from app.orders.models import OrderLine
from app.orders.parts import provide
from app.timeline import Phase
from app.worktime import after_working_days


@dataclass(frozen=True, slots=True)
class LineBooking:
    """The newest booking of a line as its reader sees it, and the sentence on top."""

    seen: Seen
    next: Next


@dataclass(frozen=True, slots=True)
class Progress:
    """Actual over plan: the bar, both rows in words, and the phases as facts."""

    bar: Bar
    actual: str
    planned: str
    facts: list[Fact]


def init_app(app: Flask) -> None:
    """Hand the providers in."""
    provide(app, "booking", bookings_of_lines)
    provide(app, "progress", progress_of_lines)
    provide(app, "forecast", forecasts_of_lines)


def bookings_of_lines(viewer: Viewer, lines: Sequence[OrderLine], now: datetime) -> Mapping[str, LineBooking]:
    """The newest booking of each line that the viewer may see."""
    found = reading.of_lines(viewer, [line.id for line in lines])
    seen = seen_bookings(viewer, list(found.values()), now, limits())
    return {each.booking.order_line_id: LineBooking(each, next_step(each)) for each in seen}


def progress_of_lines(viewer: Viewer, lines: Sequence[OrderLine], now: datetime) -> Mapping[str, Progress]:
    """What has happened on each line over what its booking planned."""
    found = list(reading.of_lines(viewer, [line.id for line in lines]).values())
    measured = reporting_times({(b.test_id, b.lab_id) for b in found})
    return {
        seen.booking.order_line_id: _progress(seen, measured.get((seen.booking.test_id, seen.booking.lab_id)))
        for seen in seen_bookings(viewer, found, now, limits())
    }


def _progress(seen: Seen, measured: ReportingTime | None) -> Progress:
    booking, now = seen.booking, seen.now
    actual = actual_course(booking.order_line)
    plan = _plan(booking, report_dates(capable_bench(booking), booking.ends_at, measured), now)
    assert plan.accepted and plan.taken and plan.ended and plan.issued
    planned = gettext(
        "计划：%(accepted)s 受理，%(taken)s 上台，%(ended)s 离台，%(issued)s 出报告",
        accepted=day(plan.accepted),
        taken=day(plan.taken),
        ended=day(plan.ended),
        issued=day(plan.issued),
    )
    expected = planned_course(booking, seen.dates, now)
    facts = phase_facts(booking, expected, seen.dates, seen.report_number, Phase.WAITING)
    return Progress(actual_and_plan(actual, plan, now), _told(actual), planned, facts)


def _plan(booking: Booking, dates: ReportDates, now: datetime) -> Course:
    """What the booking planned: a review of the usual length, the booked time, the report after it."""
    submitted = booking.order_line.submitted_at or now
    reviewed = min(after_working_days(submitted, REVIEW_DAYS), booking.starts_at)
    accepted = max(reviewed, submitted)
    return Course(submitted, accepted, booking.starts_at, booking.ends_at, dates.expected_at, dates.safe_at)


ACTUAL = (
    N_("实际：还没有提交"),
    N_("实际：%(submitted)s 提交"),
    N_("实际：%(submitted)s 提交，%(accepted)s 受理"),
    N_("实际：%(submitted)s 提交，%(accepted)s 受理，%(taken)s 上台"),
    N_("实际：%(submitted)s 提交，%(accepted)s 受理，%(taken)s 上台，%(ended)s 完成"),
    N_("实际：%(submitted)s 提交，%(accepted)s 受理，%(taken)s 上台，%(ended)s 完成，%(issued)s 签发"),
)


def _told(actual: Course) -> str:
    known = {
        name: day(at)
        for name in ("submitted", "accepted", "taken", "ended", "issued")
        if (at := getattr(actual, name)) is not None
    }
    return gettext(ACTUAL[len(known)], **known)
