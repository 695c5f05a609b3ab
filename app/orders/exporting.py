"""The list of orders as a spreadsheet, a row for each line."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask_babel import gettext

from app import workbooks
from app.accounts.policy import Viewer
from app.language import pick
from app.orders import queries
from app.orders.forecast import LineForecast
from app.orders.models import STATE_LABELS
from app.orders.parts import parts
from app.orders.queries import Group, LineRow, OrderRow
from app.workbooks import Page, text_of

# So many orders are written at most, the newest; read in portions.
MOST, PORTION = 5_000, 500


def workbook(viewer: Viewer, group: Group, now: datetime) -> bytes:
    """Orders of a group that the viewer may see, newest first, with bench time and report of each line."""
    heads = [
        gettext("委托单"),
        gettext("状态"),
        gettext("实验室"),
        gettext("委托方"),
        gettext("建立"),
        gettext("提交"),
        gettext("用途"),
        gettext("合同编号"),
        gettext("项目编号"),
        gettext("标准"),
        gettext("项目"),
        gettext("样品"),
        gettext("上台"),
        gettext("离台"),
        gettext("预计报告"),
        gettext("稳妥日期"),
        gettext("报告编号"),
        gettext("签发日期"),
    ]
    return workbooks.written([Page(gettext("委托单"), heads, _rows(viewer, group, now))])


def _rows(viewer: Viewer, group: Group, now: datetime) -> Iterator[list[str]]:
    after: tuple[datetime, str] | None = None
    for _portion in range(MOST // PORTION):
        found = queries.visible_orders(viewer, group, after=after, limit=PORTION)
        lines = [each.line for row in found for each in row.lines]
        bookings = parts("booking", viewer, lines, now)
        reports = parts("report", viewer, lines, now)
        forecasts = parts("forecast", viewer, lines, now)
        for row in found:
            for each in row.lines:
                yield _row(
                    row, each, bookings.get(each.line.id), reports.get(each.line.id), forecasts.get(each.line.id)
                )
        if len(found) < PORTION:
            return
        after = (found[-1].order.created_at, found[-1].order.id)


def _row(row: OrderRow, each: LineRow, booking: Any, report: Any, forecast: LineForecast | None) -> list[str]:
    """booking, report: as bookings and reports hand them over. Terms are for those who know the company."""
    order, known = row.order, row.company is not None
    seen = booking.seen if booking else None
    return [
        order.code,
        gettext(STATE_LABELS[order.seen_state]),
        pick(row.lab),
        pick(row.company) if row.company else "",
        text_of(order.created_at),
        text_of(order.submitted_at),
        gettext(order.purpose.label) if order.purpose and known else "",
        order.contract_number if known else "",
        each.test.id,
        each.test.method.code,
        pick(each.test),
        each.line.sample,
        text_of(seen.booking.starts_at) if seen else "",
        text_of(seen.booking.ends_at) if seen else "",
        text_of(forecast.expected_at) if forecast else "",
        text_of(forecast.safe_at) if forecast else "",
        report.number if report else "",
        text_of(report.issued_at) if report else "",
    ]
