"""The lab's desk: what waits and how long, what speaks against confirming, many confirmed at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext, ngettext

from app.accounts.models import Organisation, Role
from app.accounts.policy import Viewer
from app.booking import approvals, reading, service
from app.booking.calibration import due_before, overdue
from app.booking.models import Booking
from app.booking.reading import Waiting
from app.booking.rules import REVIEW_DAYS, Limits, State, office_time, seen_state
from app.booking.steps import Change
from app.database import db
from app.errors import YujianError
from app.language import day, pick, refusal
from app.worktime import add_working_days, after_working_days, local_date

# A start within so many working days is near.
NEAR_DAYS = 2


@dataclass(frozen=True, slots=True)
class Row:
    """A booking that waits.

    since: from when; late: longer than a review takes; overdue: the bench was to be free by now; blocked: why it
    can't be confirmed.
    """

    booking: Booking
    company: Organisation | None
    since: datetime
    waited: timedelta
    office: timedelta
    late: bool
    overdue: bool
    warnings: list[str]
    blocked: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one of many: its code, and the refusal where there was one."""

    code: str
    refused: str = ""


def list_asked(viewer: Viewer, text: str) -> Waiting:
    """The list of an address; what this role has to do first for anything else."""
    known = {what.value: what for what in lists(viewer)}
    return known.get(text, next(iter(known.values())))


def lists(viewer: Viewer) -> list[Waiting]:
    """The lists of this lab role: the bench crew decide nothing and issue nothing."""
    return list(Waiting) if viewer.role is Role.LAB_ADMIN else [Waiting.START, Waiting.RUNNING]


def rows(viewer: Viewer, what: Waiting, now: datetime, limits: Limits) -> list[Row]:
    """What waits of one kind, oldest first."""
    found = reading.waiting(viewer, what, now)
    companies = reading.companies(viewer, found)
    steps = approvals.first_open([booking.id for booking in found]) if what is Waiting.DECIDE else {}
    return [
        _row(booking, what, companies.get(booking.company_id), steps.get(booking.id, ""), now, limits)
        for booking in found
    ]


def _row(
    booking: Booking, what: Waiting, company: Organisation | None, step: str, now: datetime, limits: Limits
) -> Row:
    since = _since(booking, what)
    return Row(
        booking=booking,
        company=company,
        since=since,
        waited=max(now - since, timedelta(0)),
        office=office_time(since, now),
        late=after_working_days(since, REVIEW_DAYS) < now,
        overdue=booking.ends_at <= now,
        warnings=_warnings(booking, now, limits) if what is Waiting.DECIDE else [],
        blocked=_blocked(booking, step, now),
    )


def _since(booking: Booking, what: Waiting) -> datetime:
    line = booking.order_line
    moments = {
        Waiting.DECIDE: booking.requested_at,
        Waiting.START: booking.starts_at,
        Waiting.RUNNING: line.taken_at,
        Waiting.REPORT: line.ended_at,
    }
    return moments[what] or booking.created_at


def _warnings(booking: Booking, now: datetime, limits: Limits) -> list[str]:
    """What the desk should know before it confirms."""
    told: list[str] = []
    if booking.starts_at <= now:
        return told
    if booking.starts_at < after_working_days(now, limits.notice_working_days):
        told.append(_less_than(limits.notice_working_days))
    elif booking.starts_at < after_working_days(now, NEAR_DAYS):
        told.append(_less_than(NEAR_DAYS))
    if booking.proposal is not None and booking.proposal.expires_at > now:
        told.append(gettext("已建议改到 %(day)s，等委托方答复", day=day(booking.proposal.starts_at)))
    if not booking.sample:
        told.append(gettext("样品未写明"))
    return told + _calibration_due(booking)


def _calibration_due(booking: Booking) -> list[str]:
    """Calibrations that end before the report is likely to be issued; overdue ones stand in the way instead."""
    reported = add_working_days(local_date(booking.ends_at), booking.test.report_days)
    first = local_date(booking.starts_at)
    return [
        gettext("%(bench)s 的校准 %(due)s 到期，在出报告之前", bench=pick(resource), due=day(resource.calibration_due))
        for resource in due_before(db.session(), booking, reported)
        if resource.calibration_due and resource.calibration_due >= first
    ]


def _less_than(days: int) -> str:
    return ngettext("离上台不足 %(num)d 个工作日", "离上台不足 %(num)d 个工作日", days)


def _blocked(booking: Booking, step: str, now: datetime) -> str:
    if seen_state(booking.state, booking.hold_expires_at, booking.starts_at, now) is State.EXPIRED:
        return gettext("上台时间已过，申请已失效，不能确认")
    if step:
        return gettext("等“%(step)s”审批，还不能确认", step=step)
    late = overdue(db.session(), booking)
    if late and late[0].calibration_due:
        due = day(late[0].calibration_due)
        return gettext("%(bench)s 的校准 %(due)s 到期，不能确认", bench=pick(late[0]), due=due)
    return ""


def confirm_many(viewer: Viewer, changes: Iterable[Change], now: datetime) -> list[Outcome]:
    """Confirm each in its own transaction: what one refuses doesn't stop the others."""
    return [_confirm(viewer, change, now) for change in changes]


def _confirm(viewer: Viewer, change: Change, now: datetime) -> Outcome:
    code = reading.code_of(viewer, change.booking_id) or gettext("没有这条预约")
    try:
        service.confirm(viewer, change, now)
    except YujianError as error:
        return Outcome(code, refusal(error))
    return Outcome(code)
