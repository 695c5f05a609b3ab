"""A booking as one viewer sees it at one instant, and the steps that he can take."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext, ngettext

from app.accounts.policy import Action, Viewer, allowed
from app.booking.forecast import ReportDates
from app.booking.models import Booking
from app.booking.rules import OFFICE_DAY, Limits, State, may_cancel, seen_state
from app.booking.story import lab_name
from app.errors import N_
from app.labs.models import Resource
from app.language import clock, moment
from app.worktime import local_date

# From how long before the booked start a page offers to begin.
START_OFFERED = timedelta(hours=24)
MINUTE = timedelta(minutes=1)


def places_told(resource: Resource, places: Sequence[int]) -> str:
    """Places of a resource in words; empty where there are none, or it has only one."""
    if resource.places == 1 or not places:
        return ""
    if len(places) == resource.places:
        return gettext("全部 %(count)d 位", count=resource.places)
    return gettext("%(places)s 位", places=gettext("、").join(str(place) for place in sorted(places)))


@dataclass(frozen=True, slots=True)
class Offered:
    """A step that this viewer can take now: `label` is translated, `style` classes of its button."""

    step: str
    label: str
    style: str = ""
    needs_reason: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """How a booking ended without a test: which side did it, and what it wrote."""

    by_lab: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A booking as one viewer sees it at one instant."""

    viewer: Viewer
    booking: Booking
    now: datetime
    limits: Limits
    dates: ReportDates
    report_number: str | None = None
    ended: Ended | None = None
    # Of the newest version; the line's own instant of issue is that of the first.
    report_issued_at: datetime | None = None
    report_withdrawn: bool = False

    @property
    def state(self) -> State:
        b = self.booking
        return seen_state(b.state, b.hold_expires_at, b.starts_at, self.now)

    @property
    def lab(self) -> str:
        return lab_name(self.booking.resource.lab)

    @property
    def proposed(self) -> bool:
        """Whether a move that the lab proposed can still be answered."""
        proposal = self.booking.proposal
        return proposal is not None and proposal.expires_at > self.now

    @property
    def may_cancel(self) -> bool:
        delayed = self.delayed or self.booking.delayed_until is not None
        return may_cancel(self.booking.state, self.booking.starts_at, self.now, self.limits, delayed)

    @property
    def delayed(self) -> bool:
        """Whether the lab has said that the use before takes longer."""
        return self.proposed and self.booking.proposal is not None and self.booking.proposal.delay

    @property
    def with_order(self) -> bool:
        """Whether it is submitted with all of its order, and not by itself."""
        line = self.booking.order_line
        return line.submitted_at is None and not line.order.direct

    @property
    def start_due(self) -> bool:
        return self.booking.starts_at <= self.now


def by(at: datetime, now: datetime) -> str:
    """`今天 14:32`, or day and time."""
    return gettext("今天 %(clock)s", clock=clock(at)) if local_date(at) == local_date(now) else moment(at)


def elapsed(length: timedelta) -> str:
    """How long something has waited or is left, in its two largest units, whole minutes, without a second one of 0."""
    minutes = max(int(length.total_seconds() // 60), 0)
    days, rest = divmod(minutes, 1440)
    hour, minute = divmod(rest, 60)
    if days and hour:
        return gettext("%(days)d 天 %(hours)d 小时", days=days, hours=hour)
    if days:
        return gettext("%(days)d 天", days=days)
    if hour and minute:
        return gettext("%(hours)d 小时 %(minutes)d 分", hours=hour, minutes=minute)
    if hour:
        return gettext("%(hours)d 小时", hours=hour)
    return gettext("%(minutes)d 分钟", minutes=minute)


def office(length: timedelta) -> str:
    """Working time of an order desk in words; from a working day on in whole ones, which nobody takes for days."""
    if length < OFFICE_DAY:
        return gettext("工作时间 %(length)s", length=elapsed(length))
    return ngettext("%(num)d 个工作日", "%(num)d 个工作日", length // OFFICE_DAY)


def iso_day(at: datetime) -> str:
    """The local date of an instant for an address, `2026-05-06`."""
    return local_date(at).isoformat()


def offered(seen: Seen) -> list[Offered]:
    """The steps of this viewer, the main one first."""
    if seen.viewer.is_company:
        return _company_steps(seen) if allowed(seen.viewer, Action.CHANGE_OWN_BOOKING, seen.booking) else []
    steps = _run_steps(seen) if allowed(seen.viewer, Action.RUN_BOOKING, seen.booking) else []
    if allowed(seen.viewer, Action.DECIDE_BOOKING, seen.booking):
        steps += _desk_steps(seen)
    return steps


def may_issue(seen: Seen) -> bool:
    """Whether this viewer can record the report now."""
    done = seen.state is State.COMPLETED and seen.booking.order_line.issued_at is None
    return done and bool(allowed(seen.viewer, Action.ISSUE_REPORT, seen.booking))


# Steps

CANCEL_LABELS = {State.HELD: N_("放弃暂留"), State.REQUESTED: N_("撤回申请"), State.CONFIRMED: N_("取消预约")}


def _company_steps(seen: Seen) -> list[Offered]:
    steps: list[Offered] = []
    if seen.proposed and seen.state in (State.REQUESTED, State.CONFIRMED):
        steps += [
            Offered("accept-move", gettext("同意改期"), "pri"),
            Offered("refuse-move", gettext("保留原时段")),
        ]
    if seen.state is State.HELD:
        alone = Offered("request", gettext("提交申请"), "pri")
        steps.append(Offered("order", gettext("打开委托单"), "pri") if seen.with_order else alone)
    if seen.state in CANCEL_LABELS and seen.may_cancel:
        steps += [
            Offered("move", gettext("改期")),
            Offered("cancel", gettext(CANCEL_LABELS[seen.state]), "qt no"),
        ]
    elif seen.state is State.CONFIRMED:
        steps.append(Offered("message", gettext("给实验室留言")))
    if seen.state in (State.DECLINED, State.EXPIRED, State.CANCELLED):
        steps.append(Offered("again", gettext("另选时段")))
    return steps


def _run_steps(seen: Seen) -> list[Offered]:
    steps: list[Offered] = []
    if seen.state is State.CONFIRMED and seen.booking.starts_at - START_OFFERED <= seen.now:
        steps.append(Offered("start", gettext("开始试验"), "pri" if seen.start_due else ""))
        if seen.start_due:
            steps.append(Offered("no-show", gettext("记为未到场"), "qt no"))
    if seen.state is State.RUNNING:
        steps.append(Offered("complete", gettext("记为完成"), "pri"))
    return steps


def _desk_steps(seen: Seen) -> list[Offered]:
    steps: list[Offered] = []
    if seen.state is State.REQUESTED:
        steps += [
            Offered("confirm", gettext("确认预约"), "pri"),
            Offered("move", gettext("建议改期")),
            Offered("decline", gettext("婉拒"), "qt no", needs_reason=True),
        ]
    if seen.state is State.CONFIRMED:
        steps += [
            Offered("move", gettext("建议改期")),
            Offered("cancel", gettext("取消预约"), "qt no", needs_reason=True),
        ]
    return steps
