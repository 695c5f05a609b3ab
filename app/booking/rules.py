"""Pure rules of booking: states, refusals, and which time may be taken."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from app.errors import N_, YujianError
from app.worktime import (
    PATTERNS,
    Closed,
    ClosedReason,
    Interval,
    WorkingCalendar,
    add_working_days,
    after_working_days,
    clip,
    local_date,
    midnight,
)

# Free text of people, in characters; pages and API say the same.
SAMPLE_LENGTH, NOTE_LENGTH, REASON_LENGTH = 200, 2000, 500
# How long a lab takes to answer a request, working days (planning value, DOMAIN 3).
REVIEW_DAYS = 1
OFFICE = WorkingCalendar((PATTERNS["day"],))
OFFICE_DAY = timedelta(hours=9)


class State(enum.StrEnum):
    """States of a booking, ARCHITECTURE 2."""

    HELD = "held"
    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    RUNNING = "running"
    COMPLETED = "completed"
    NO_SHOW = "no_show"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return LABELS[self]


LABELS = {
    State.HELD: N_("暂留"),
    State.REQUESTED: N_("待确认"),
    State.CONFIRMED: N_("已确认"),
    State.DECLINED: N_("已婉拒"),
    State.CANCELLED: N_("已取消"),
    State.EXPIRED: N_("已失效"),
    State.RUNNING: N_("试验中"),
    State.COMPLETED: N_("试验完成"),
    State.NO_SHOW: N_("未到场"),
}

NEXT: dict[State, frozenset[State]] = {
    State.HELD: frozenset({State.REQUESTED, State.CANCELLED, State.EXPIRED}),
    State.REQUESTED: frozenset({State.CONFIRMED, State.DECLINED, State.CANCELLED, State.EXPIRED}),
    State.CONFIRMED: frozenset({State.RUNNING, State.CANCELLED, State.NO_SHOW, State.REQUESTED}),
    State.RUNNING: frozenset({State.COMPLETED}),
    State.DECLINED: frozenset(),
    State.CANCELLED: frozenset(),
    State.EXPIRED: frozenset(),
    State.COMPLETED: frozenset(),
    State.NO_SHOW: frozenset(),
}
# What a lab takes back within seconds of its decision.
BACK: dict[State, frozenset[State]] = {
    State.CONFIRMED: frozenset({State.REQUESTED}),
    State.DECLINED: frozenset({State.REQUESTED}),
    State.CANCELLED: frozenset({State.REQUESTED, State.CONFIRMED}),
}
# How long after a move, a closure or a decision its lab can undo it; and how long the click may travel.
UNDO, UNDO_TRAVEL = timedelta(seconds=10), timedelta(seconds=5)
OPEN = frozenset({State.HELD, State.REQUESTED, State.CONFIRMED, State.RUNNING})
MOVABLE = frozenset({State.HELD, State.REQUESTED, State.CONFIRMED})


class WrongState(YujianError):
    code, status = "wrong_state", 409
    message = N_("预约现在是“%(state)s”，不能这样改。")


class Stale(YujianError):
    code, status, field = "stale", 409, "version"
    message = N_("这条预约刚刚变过，请看过现在的内容再改。")


class SampleKnown(YujianError):
    field = "sample"
    message = N_("样品 %(sample)s 已经登记，名称不能再改；可以再写上别的样品。")


class AnsweredSince(YujianError):
    code, status = "stale", 409
    message = N_("这之后已有人答复或改动，没有撤销。请看现在的内容。")


class TooLateToUndo(YujianError):
    code, status = "wrong_state", 409
    message = N_("已过 %(seconds)d 秒，不能撤销了。")


class NothingFree(YujianError):
    field = "lines"
    message = N_("第 %(position)d 项在预约期限内没有空档，请换样品安排，或请实验室建议。")


class SlotTaken(YujianError):
    """Somebody holds this time. `offers` are the nearest free ones, added once the transaction is over."""

    code, status, field = "slot_taken", 409, "starts_at"
    message = N_("该时段已不可约。")
    offers: Sequence[Any] = ()


CLOSED_LABELS = {
    ClosedReason.WEEKEND: N_("休息日"),
    ClosedReason.NO_PATTERN: N_("没有排班"),
    ClosedReason.DARK: N_("天黑"),
    ClosedReason.OFF_SHIFT: N_("班次以外"),
    ClosedReason.EXCEPTION: N_("实验室停用"),
    ClosedReason.HOLIDAY: N_("法定节假日"),
}


@dataclass(frozen=True, slots=True)
class Why:
    """Why a bench is closed, as a fact of a refusal: the holiday's or exception's name, else the msgid `label`."""

    closed: Closed

    @property
    def name_zh(self) -> str | None:
        return self.closed.name_zh

    @property
    def name_en(self) -> str | None:
        return self.closed.name_en

    @property
    def label(self) -> str:
        return CLOSED_LABELS[self.closed.reason]


class OutsideWorkingTime(YujianError):
    """The bench is closed then: says why and when it opens."""

    code, field = "outside_working_time", "starts_at"
    message = N_("不开放：%(why)s。下次开放 %(at)s。")

    def __init__(self, closed: Closed) -> None:
        super().__init__(why=Why(closed), at=closed.opens_at)
        if closed.opens_at is None:
            self.message = N_("不开放：%(why)s。一年内不再开放。")


class OffGrain(YujianError):
    code, field = "outside_working_time", "starts_at"
    message = N_("上台时间要落在 %(grain)s 的刻度上，最近的是 %(nearest)s。")


class NeverFits(YujianError):
    code, field = "outside_working_time", "starts_at"
    message = N_("从这个时间开始，试验排不进这个台架的工作时间。")


class InThePast(YujianError):
    code, field = "in_the_past", "starts_at"
    message = N_("上台时间已经过去。")


class TooSoon(YujianError):
    code, field = "outside_working_time", "starts_at"
    counted = True
    message = N_("须提前 %(num)d 个工作日，最早 %(at)s。")


class TooFarAhead(YujianError):
    code, field = "too_far_ahead", "starts_at"
    message = N_("最多提前 %(days)d 天，最晚 %(latest)s。")


class NotReleased(TooFarAhead):
    message = N_("这个季度的时段 %(at)s 才开放预约。")


class NotCapable(YujianError):
    code, field = "not_capable", "resource"
    message = N_("这个台架不能做这个检测项目。")


class OutOfScope(YujianError):
    code, field = "not_capable", "starts_at"
    message = N_("实验室这项能力的有效期是 %(first)s 到 %(last)s，要从上台覆盖到出报告。")


class TooManyHolds(YujianError):
    code, status, field = "wrong_state", 409, None
    message = N_("贵公司已有 %(limit)d 个暂留。请先提交或放弃一个。")


class HeldBefore(YujianError):
    code, status, field = "wrong_state", 409, "starts_at"
    message = N_("贵公司刚暂留过这个时段，%(again_at)s 后才能再次暂留。现在可以直接提交申请。")


class TooLateToCancel(YujianError):
    code, status, field = "wrong_state", 409, None
    message = N_("离上台不足 %(hours)d 小时，改期或取消要先和实验室商量，由实验室处理。")


class IdempotencyMismatch(YujianError):
    code, status = "idempotency_mismatch", 409
    message = N_("同一个 Idempotency-Key 已用于另一个请求。")


class NotYet(YujianError):
    code, status, field = "wrong_state", 409, None
    message = N_("还没到 %(at)s，现在不能这样做。")


class ReasonMissing(YujianError):
    field = "reason"
    message = N_("请写明原因，对方会看到。")


class CalibrationOverdue(YujianError):
    code, status = "wrong_state", 409
    message = N_("%(bench)s 的校准 %(due)s 到期，早于上台时间，不能确认。请先登记新的校准，或改期。")


class ClosureHits(YujianError):
    """facts: codes of the bookings in the way."""

    code, status = "slot_taken", 409
    message = N_("停用时段内还有预约：%(codes)s。请先改期或取消。")


@dataclass(frozen=True, slots=True)
class NoShows:
    """So many no-shows within so long, and a company books nothing for so long after the last."""

    count: int
    within: timedelta
    blocked: timedelta


@dataclass(frozen=True, slots=True)
class Release:
    """A quarter's capacity is released so many days before it begins, `minute` minutes after local midnight."""

    days_before: int
    minute: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Notice, horizon and holds of a bench: the settings, and what its lab's rules say instead; None: no limit.

    longest: of one use. open_requests: waiting and coming, per company. weekly: of one company on the pool in a
    calendar week. at_once: companies that are confirmed at once, {"all"} for all.
    """

    hold: timedelta
    holds_per_company: int
    hold_again: timedelta
    notice_working_days: int
    horizon: timedelta
    cancel_deadline: timedelta
    proposal: timedelta
    longest: timedelta | None = None
    open_requests: int | None = None
    weekly: timedelta | None = None
    at_once: frozenset[str] = frozenset()
    no_shows: NoShows | None = None
    release: Release | None = None


def bookable_span(now: datetime, limits: Limits) -> Interval:
    """Instants at which a use may start: from the notice to the horizon or the end of what is released, UTC.

    At least one moment long, so that it can be asked about even where nothing is released yet.
    """
    start, end = after_working_days(now, limits.notice_working_days), now + limits.horizon
    if limits.release:
        end = min(end, released_until(now, limits.release) - timedelta.resolution)
    return Interval(start, max(end, start + timedelta.resolution))


def released_until(now: datetime, release: Release) -> datetime:
    """Start of the first quarter whose capacity is not released yet, UTC."""
    quarter = quarter_of(local_date(now))
    while released_at(quarter, release) <= now:
        quarter = date(quarter.year + quarter.month // 10, (quarter.month + 2) % 12 + 1, 1)
    return midnight(quarter)


def quarter_of(on: date) -> date:
    """First day of the calendar quarter of a local date."""
    return date(on.year, 3 * ((on.month - 1) // 3) + 1, 1)


def released_at(quarter: date, release: Release) -> datetime:
    """The minute at which the capacity of the quarter that begins on this date can be booked, UTC."""
    return midnight(quarter - timedelta(days=release.days_before)) + timedelta(minutes=release.minute)


def check_start(starts_at: datetime, now: datetime, limits: Limits, by_lab: bool = False) -> None:
    """Raises InThePast, TooSoon or TooFarAhead. by_lab: the lab proposes it, and needs no notice."""
    span = bookable_span(now, limits)
    if starts_at < now:
        raise InThePast()
    if starts_at < span.start and not by_lab:
        raise TooSoon(num=limits.notice_working_days, at=span.start)
    if starts_at > span.end:
        if limits.release and starts_at <= now + limits.horizon:
            on = local_date(starts_at)
            raise NotReleased(at=released_at(quarter_of(on), limits.release))
        raise TooFarAhead(days=limits.horizon.days, latest=span.end)


class NoOtherTime(YujianError):
    code, status = "wrong_state", 409
    message = N_("预约期限内没有别的空档，请与企业联系。")


class NotLater(YujianError):
    field = "until"
    message = N_("预计结束时间要晚于现在和预约的结束时间（%(until)s）。")


class SampleBusy(YujianError):
    field = "starts_at"
    message = N_("样品 %(sample)s 到 %(until)s 都在做%(test)s，请选之后的时段，或换样品。")


class DestroyedBefore(YujianError):
    field = "starts_at"
    message = N_("样品 %(sample)s 在 %(at)s 的%(test)s之后会损坏，请选之前的时段，或换样品。")


class DestroysOther(YujianError):
    field = "starts_at"
    message = N_("这项试验会损坏样品 %(sample)s，而它在 %(at)s 还要做%(test)s。请选之后的时段，或换样品。")


def check_scope(use: Interval, scope: tuple[date | None, date | None], report_days: int) -> None:
    """The lab's scope has to hold from bench taken to report issued (ILAC P8: only what is accredited on the day of
    the report). scope: first and last local date, None is open. Raises OutOfScope.
    """
    first, last = scope
    before = first is not None and local_date(use.start) < first
    after = last is not None and add_working_days(local_date(use.end - timedelta.resolution), report_days) > last
    if before or after:
        raise OutOfScope(first=first or "…", last=last or "…")


def check_version(given: int, current: int) -> None:
    """Optimistic lock. Raises Stale."""
    if given != current:
        raise Stale(version=current)


def check_undo(done_at: datetime, now: datetime) -> None:
    """Raises TooLateToUndo."""
    if now > done_at + UNDO + UNDO_TRAVEL:
        raise TooLateToUndo(seconds=int(UNDO.total_seconds()))


def may_cancel(state: State, starts_at: datetime, now: datetime, limits: Limits, delayed: bool = False) -> bool:
    """Whether the company may cancel by itself: a confirmed booking only until the lab's deadline.

    delayed: the lab has said that the bench is not free in time; then it may at any time.
    """
    return state is not State.CONFIRMED or delayed or now <= starts_at - limits.cancel_deadline


def seen_state(state: State, hold_expires_at: datetime | None, starts_at: datetime, now: datetime) -> State:
    """The state as a reader sees it: what has lapsed is expired, whether or not the job has come by."""
    lapsed_hold = state is State.HELD and hold_expires_at is not None and hold_expires_at <= now
    lapsed_request = state is State.REQUESTED and starts_at <= now
    return State.EXPIRED if lapsed_hold or lapsed_request else state


def office_time(since: datetime, until: datetime) -> timedelta:
    """Working time of an order desk (Monday to Friday 08:30 to 17:30, no holidays) between two instants."""
    if until <= since:
        return timedelta(0)
    span = Interval(since, until)
    return sum((window.duration for window in clip(OFFICE.windows(span), span)), timedelta(0))
