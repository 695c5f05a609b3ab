"""Lines whose recorded times can't be right: found, listed, and where a figure would be wrong left out of it."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select

from app.accounts.policy import Action, visible
from app.database import db
from app.errors import N_, Forbidden
from app.labs.models import Lab, Test
from app.orders.models import Order, OrderLine, OrderState
from app.turnaround.cells import COUNTABLE, WHOLE
from app.turnaround.queries import Question, filters, sees_all

LONGEST = timedelta(days=730)
LONGEST_ON_BENCH = timedelta(days=120)
LISTED = 50


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


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A line with what is wrong with it."""

    fault: Fault
    order_id: str
    order_code: str
    lab_zh: str
    lab_en: str
    test_zh: str
    test_en: str


def faults(question: Question, now: datetime) -> Mapping[Fault, int]:
    """How many of the viewer's lines have each fault, of all companies for who sees all. One statement each."""
    return {fault: _count(question, has(fault, now)) for fault in Fault}


def doubtful(question: Question, now: datetime) -> list[Doubtful]:
    """The viewer's own lines with their faults, at most LISTED of each. Raises Forbidden for who sees all."""
    if sees_all(question.viewer):
        raise Forbidden()
    names = (Order.id, Order.code, Lab.name_zh, Lab.name_en, Test.name_zh, Test.name_en)
    query = (
        select(*names)
        .select_from(OrderLine)
        .join(Test, Test.id == OrderLine.test_id)
        .join(Order, Order.id == OrderLine.order_id)
        .join(Lab, Lab.id == OrderLine.lab_id)
        .where(*_seen(question))
        .order_by(Order.code)
        .limit(LISTED)
    )
    return [Doubtful(fault, *row) for fault in Fault for row in db.session.execute(query.where(has(fault, now)))]


def left_out(question: Question, now: datetime) -> int:
    """Lines that would count in the question's period but for their times. One statement."""
    span = question.period.span
    issued = and_(OrderLine.issued_at >= span.start, OrderLine.issued_at < span.end)
    return _count(question, issued, or_(*(has(fault, now) for fault in LEFT_OUT)))


def _count(question: Question, *conditions: ColumnElement[bool]) -> int:
    query = select(func.count()).select_from(OrderLine)
    if question.domain_id:
        query = query.join(Test, Test.id == OrderLine.test_id)
    return db.session.scalar(query.where(*_seen(question), *conditions)) or 0


def _seen(question: Question) -> list[ColumnElement[bool]]:
    scope = Action.SEE_ALL_TURNAROUND if sees_all(question.viewer) else Action.SEE_TURNAROUND
    return [visible(question.viewer, scope, OrderLine), *filters(question)]


def has(fault: Fault, now: datetime) -> ColumnElement[bool]:
    """The condition on order_line for lines with this fault."""
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
