"""What can be wrong with the recorded times of a line."""

import enum
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, or_, select

from app.database import db
from app.errors import N_
from app.labs.models import Test
from app.orders.models import Order, OrderLine, OrderState
from app.turnaround.cells import COUNTABLE, WHOLE
from app.turnaround.facts import ISSUED_ON, SUBMITTED

LONGEST = timedelta(days=730)
LONGEST_ON_BENCH = timedelta(days=120)


class Fault(enum.StrEnum):
    """left_out: the line counts in no figure until it is put right."""

    MISSING = "missing"
    SHARES = "shares"
    NO_TIME = "no_time"
    VERY_LONG = "very_long"
    ON_BENCH = "on_bench"

    @property
    def label(self) -> str:
        """The msgid that people read."""
        return LABELS[self]

    @property
    def left_out(self) -> bool:
        return self in LEFT_OUT


LABELS = {
    Fault.MISSING: N_("已签发，但缺少提交、受理、上台或下台时间"),
    Fault.SHARES: N_("等企业与暂停的时间合起来比整个周期还长"),
    Fault.NO_TIME: N_("上台和下台是同一时刻"),
    Fault.VERY_LONG: N_("从提交到签发超过两年"),
    Fault.ON_BENCH: N_("上台超过 120 天还没有下台"),
}
LEFT_OUT = (Fault.MISSING, Fault.SHARES)
# What an issued line has once and for all.
OF_ISSUED = (*LEFT_OUT, Fault.NO_TIME, Fault.VERY_LONG)


def has(fault: Fault, now: datetime) -> ColumnElement[bool]:
    """The condition on order_line under which a line has this fault at `now`."""
    issued = OrderLine.issued_at.is_not(None)
    complete, plausible = COUNTABLE
    match fault:
        case Fault.MISSING:
            by_state = and_(OrderLine.state == OrderState.ISSUED, OrderLine.issued_at.is_(None))
            return or_(and_(issued, ~complete), by_state)
        case Fault.SHARES:
            return and_(issued, complete, ~plausible)
        case Fault.NO_TIME:
            return and_(issued, OrderLine.taken_at == OrderLine.ended_at)
        case Fault.VERY_LONG:
            return and_(issued, int(LONGEST.total_seconds()) < WHOLE)
        case Fault.ON_BENCH:
            return and_(OrderLine.ended_at.is_(None), OrderLine.taken_at < now - LONGEST_ON_BENCH)


class FaultyLine(NamedTuple):
    """An issued line with a fault, as the summary keeps it. day: local day of the month of the issue; submitted:
    seconds since 1970; whole: seconds from submission to issue; both None where that was not recorded.
    """

    code: str
    line_id: str
    lab_id: str
    test_id: str
    domain_id: str
    day: int
    submitted: int | None
    whole: int | None


def faulty(conditions: Sequence[ColumnElement[bool]], now: datetime) -> Iterator[tuple[Fault, str, FaultyLine]]:
    """The issued lines for which the conditions hold, with each of their faults and the company. A statement each."""
    query = (
        select(
            OrderLine.company_id,
            ISSUED_ON,
            Order.code,
            OrderLine.id,
            OrderLine.lab_id,
            OrderLine.test_id,
            Test.domain_id,
            SUBMITTED,
            WHOLE,
        )
        .join(Test, Test.id == OrderLine.test_id)
        .join(Order, Order.id == OrderLine.order_id)
        .where(*conditions)
    )
    for fault in OF_ISSUED:
        rows = db.session.execute(query.where(has(fault, now)))
        for company_id, day, code, line_id, lab, test, domain, submitted, whole in rows:
            yield fault, company_id, FaultyLine(code, line_id, lab, test, domain, int(day[8:]), submitted, whole)
