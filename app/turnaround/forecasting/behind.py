"""The lines behind how often the dates held: one's own, with the dates that they were told."""

import enum
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, case, select
from sqlalchemy.orm import InstrumentedAttribute

from app.accounts.policy import Action, Viewer, visible
from app.database import db
from app.errors import N_, Forbidden, Invalid
from app.labs.models import Lab, Test
from app.orders.models import Order, OrderLine
from app.turnaround import rules
from app.turnaround.forecasting.models import ForecastLine
from app.turnaround.queries import sees_all

# So many months the page shows, with this one.
MONTHS = 24


class Date(enum.StrEnum):
    """Which of the dates of a line."""

    SAFE = "safe"
    LIKELY = "likely"
    BASE_SAFE = "base_safe"
    BASE_LIKELY = "base_likely"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return LABELS[self]

    @property
    def of_baseline(self) -> bool:
        return self in (Date.BASE_SAFE, Date.BASE_LIKELY)


LABELS = {
    Date.SAFE: N_("稳妥日期"),
    Date.LIKELY: N_("预计日期"),
    Date.BASE_SAFE: N_("基准的稳妥日期"),
    Date.BASE_LIKELY: N_("基准的预计日期"),
}
COLUMNS: dict[Date, InstrumentedAttribute[datetime]] = {
    Date.SAFE: ForecastLine.safe_at,
    Date.LIKELY: ForecastLine.likely_at,
    Date.BASE_SAFE: ForecastLine.base_safe_at,
    Date.BASE_LIKELY: ForecastLine.base_likely_at,
}


class LineRow(NamedTuple):
    """A line and a date that it was told. issued_at: None while there is no report, which is too late too.

    measured: the dates rested on measured lines; of the baseline's this says nothing.
    """

    order_id: str
    order_code: str
    lab_zh: str
    lab_en: str
    test_zh: str
    test_en: str
    ended_at: datetime
    told_at: datetime
    issued_at: datetime | None
    measured: bool

    @property
    def held(self) -> bool:
        return self.issued_at is not None and self.issued_at <= self.told_at


def date_of(text: str) -> Date:
    """Raises Invalid."""
    if text not in set(Date):
        raise Invalid(N_("没有这一项。"), field="date")
    return Date(text)


def lines(viewer: Viewer, date: Date, month: str | None, now: datetime, limit: int, offset: int = 0) -> list[LineRow]:
    """Lines that count in a month, or in all that the page shows; those that came too late first. Raises Forbidden."""
    if sees_all(viewer):
        raise Forbidden()
    told_at = COLUMNS[date]
    held = case((OrderLine.issued_at <= told_at, 1), else_=0)
    query = (
        select(
            Order.id,
            Order.code,
            Lab.name_zh,
            Lab.name_en,
            Test.name_zh,
            Test.name_en,
            OrderLine.ended_at,
            told_at,
            OrderLine.issued_at,
            ForecastLine.measured,
        )
        .join(OrderLine, OrderLine.id == ForecastLine.order_line_id)
        .join(Order, Order.id == OrderLine.order_id)
        .join(Lab, Lab.id == OrderLine.lab_id)
        .join(Test, Test.id == OrderLine.test_id)
        .where(visible(viewer, Action.SEE_TURNAROUND, OrderLine), _of(month, now))
        .order_by(held, OrderLine.ended_at.desc(), OrderLine.id)
    )
    return [LineRow._make(row) for row in db.session.execute(query.limit(limit).offset(offset))]


def _of(month: str | None, now: datetime) -> ColumnElement[bool]:
    if month is not None:
        return ForecastLine.month == month
    return ForecastLine.month >= rules.last_months(MONTHS, now).months()[0]
