"""The one sentence on top of an order: who does what next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext

from app.accounts.policy import Viewer
from app.language import moment
from app.orders.forecast import LineForecast, OrderForecast, together
from app.orders.models import ClockStop, ContractReview, OrderLine, OrderState
from app.orders.queries import OrderRow
from app.orders.rules import CLOSED


@dataclass(frozen=True, slots=True)
class OrderNext:
    """need: whether the reader must act. booking: the one that it is about, as its page hands it over.

    ready: every line has its time or leaves it to the lab, so that the order can be submitted. retest: id of the line
    whose retest is the step, on the same page.
    """

    text: str
    small: str = ""
    need: bool = False
    booking: Any = None
    ready: bool = False
    retest: str = ""


def next_of_order(
    viewer: Viewer,
    row: OrderRow,
    bookings: Mapping[str, Any],
    review: ContractReview | None,
    stopped: ClockStop | None = None,
    runs: Mapping[str, Any] | None = None,
) -> OrderNext | None:
    """Before the lab has accepted it is the order's own; then what it waits for of the customer, then a retest, then
    that of the line at which something waits. runs: by line, as the room of runs hands them over.
    """
    if stopped is not None and not row.order.returned:
        return _stopped(viewer, stopped)
    if not row.order.direct and (own := _own(viewer, row, bookings, review)):
        return own
    if again := _retest(viewer, row, bookings, runs or {}):
        return again
    live = _live(row) or [each.line for each in row.lines]
    found = [bookings[line.id] for line in live if line.id in bookings]
    first = next((each for each in found if each.next.need), found[0] if found else None)
    return OrderNext(first.next.text, first.next.small, first.next.need, first) if first else None


def _stopped(viewer: Viewer, stopped: ClockStop) -> OrderNext:
    what, since = gettext(stopped.cause.label), moment(stopped.started_at)
    if viewer.is_company:
        text = gettext("实验室在等贵公司：%(what)s。%(since)s 起停止计时。", what=what, since=since)
        return OrderNext(text, stopped.note, need=True)
    return OrderNext(gettext("等企业：%(what)s。%(since)s 起停止计时。", what=what, since=since), stopped.note)


def _own(viewer: Viewer, row: OrderRow, bookings: Mapping[str, Any], review: ContractReview | None) -> OrderNext | None:
    order, company = row.order, viewer.is_company
    if order.returned:
        asked = review.comment if review else ""
        if company:
            text = gettext("实验室有问题，请答复后再提交。")
            return OrderNext(text, asked, need=True, ready=_ready(row, bookings))
        return OrderNext(gettext("等企业答复。您现在不用做什么。"), asked)
    if order.state is OrderState.DRAFT:
        ready = _ready(row, bookings)
        return OrderNext(_draft(row, ready), _draft_until(row, bookings), need=True, ready=ready)
    if any(each.line.state is OrderState.SUBMITTED for each in row.lines):
        if company:
            return OrderNext(gettext("等实验室做合同评审。您现在不用做什么。"))
        return OrderNext(gettext("请做合同评审：受理、退回或不受理。"), need=True)
    waiting = [each for each in row.lines if each.line.state is OrderState.ACCEPTED and each.line.id not in bookings]
    if waiting:
        text = gettext("第 %(position)d 项还没有时段。", position=waiting[0].line.position)
        return OrderNext(text, need=company or waiting[0].line.wants_proposal)
    return None


def _retest(viewer: Viewer, row: OrderRow, bookings: Mapping[str, Any], runs: Mapping[str, Any]) -> OrderNext | None:
    """What was not valid is the lab's to repeat; whether what failed is tested again, the company decides, and until
    then the report is the lab's next step.
    """
    waiting = [
        each.line
        for each in row.lines
        if each.line.issued_at is None and each.line.id in runs and runs[each.line.id].to_repeat
    ]
    waiting.sort(key=lambda line: runs[line.id].to_repeat != "invalid")
    if not waiting:
        return None
    line, run = waiting[0], runs[waiting[0].id]
    link = line.id if run.may_retest else ""
    comment, position = run.result.comment, line.position
    if run.to_repeat == "invalid":
        if viewer.is_company:
            text = gettext("第 %(position)d 项试验无效，等实验室安排复测。您现在不用做什么。", position=position)
            return OrderNext(text, comment, retest=link)
        text = gettext("第 %(position)d 项试验无效，请安排复测。", position=position)
        return OrderNext(text, comment, need=bool(link), retest=link)
    if viewer.is_company:
        text = gettext("第 %(position)d 项不合格。要复测，请由贵公司安排；不复测就等报告。", position=position)
        return OrderNext(text, comment, need=True, retest=link)
    text = gettext("第 %(position)d 项不合格。复测由企业安排；不复测请出报告。", position=position)
    booking = bookings.get(line.id)
    return OrderNext(text, comment, need=bool(booking and booking.next.need), booking=booking)


def _ready(row: OrderRow, bookings: Mapping[str, Any]) -> bool:
    """Whether there are lines, and each has its time or leaves it to the lab."""
    live = _live(row)
    return bool(live) and all(line.id in bookings or line.wants_proposal for line in live)


def _draft(row: OrderRow, ready: bool) -> str:
    if ready:
        return gettext("可以提交了。")
    if not _live(row):
        return gettext("请加检测项目。")
    return gettext("请给每一项选时段，或请实验室建议，再提交。")


def _draft_until(row: OrderRow, bookings: Mapping[str, Any]) -> str:
    """Who sees a draft, and when the first of its held times is gone."""
    held = [bookings[line.id].seen.booking.hold_expires_at for line in _live(row) if line.id in bookings]
    until = min((at for at in held if at), default=None)
    if until:
        return gettext("时段暂留到 %(at)s，请在这之前提交。提交前只有贵公司看得到。", at=moment(until))
    return gettext("提交前只有贵公司看得到。")


def _live(row: OrderRow) -> list[OrderLine]:
    return [each.line for each in row.lines if each.line.state.value not in CLOSED]


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """A line of the list: its first booking, when its last report is there, what it waits for."""

    row: OrderRow
    next: OrderNext | None
    first: Any
    forecast: OrderForecast | None
    report: Any


def summary(
    viewer: Viewer,
    row: OrderRow,
    bookings: Mapping[str, Any],
    reports: Mapping[str, Any],
    forecasts: Mapping[str, LineForecast],
) -> OrderSummary:
    """What the list of orders says of one. bookings, reports, forecasts: by order line, of any orders."""
    own = {each.line.id: bookings[each.line.id] for each in row.lines if each.line.id in bookings}
    issued = [reports[each.line.id] for each in row.lines if each.line.id in reports]
    return OrderSummary(
        row,
        next_of_order(viewer, row, own, None),
        min(own.values(), key=lambda part: part.seen.booking.starts_at, default=None),
        of_order(row, forecasts),
        max(issued, key=lambda report: report.issued_at, default=None),
    )


def of_order(row: OrderRow, forecasts: Mapping[str, LineForecast]) -> OrderForecast | None:
    """The forecast of an order from those of lines of any orders; None where no report is awaited."""
    return together({each.line.id: forecasts[each.line.id] for each in row.lines if each.line.id in forecasts})
