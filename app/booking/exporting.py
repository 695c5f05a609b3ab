"""The list of bookings as a spreadsheet."""

from collections.abc import Iterator
from datetime import datetime

from flask_babel import gettext

from app import workbooks
from app.accounts.policy import Viewer
from app.booking import reading
from app.booking.pages import seen_bookings
from app.booking.presenting import Seen
from app.booking.reading import Filter
from app.booking.rules import LABELS, Limits
from app.language import pick
from app.workbooks import Page, text_of

# So many bookings are written at most, in the order of the list; read in portions.
MOST, PORTION = 5_000, 500


def workbook(viewer: Viewer, wanted: Filter, now: datetime, limits: Limits) -> bytes:
    """Bookings that the viewer may see and the filter lets through."""
    heads = [
        gettext("预约"),
        gettext("状态"),
        gettext("实验室"),
        gettext("台架"),
        gettext("委托方"),
        gettext("标准"),
        gettext("项目"),
        gettext("样品"),
        gettext("上台"),
        gettext("离台"),
        gettext("预计报告"),
        gettext("报告编号"),
        gettext("签发日期"),
    ]
    return workbooks.written([Page(gettext("预约"), heads, _rows(viewer, wanted, now, limits))])


def _rows(viewer: Viewer, wanted: Filter, now: datetime, limits: Limits) -> Iterator[list[str]]:
    after: tuple[datetime, str] | None = None
    for _portion in range(MOST // PORTION):
        found = reading.listed(viewer, wanted, now, after, PORTION)
        companies = reading.companies(viewer, found)
        for seen in seen_bookings(viewer, found, now, limits):
            company = companies.get(seen.booking.company_id)
            yield _row(seen, pick(company) if company else "")
        if len(found) < PORTION:
            return
        after = (found[-1].starts_at, found[-1].id)


def _row(seen: Seen, company: str) -> list[str]:
    booking = seen.booking
    return [
        booking.code,
        gettext(LABELS[seen.state]),
        pick(booking.resource.lab),
        pick(booking.resource),
        company,
        booking.test.method.code,
        pick(booking.test),
        booking.sample,
        text_of(booking.starts_at),
        text_of(booking.ends_at),
        "" if seen.report_number else text_of(seen.dates.expected_at),
        seen.report_number or "",
        text_of(booking.order_line.issued_at),
    ]
